"""Terrain classes and summaries by zone."""
