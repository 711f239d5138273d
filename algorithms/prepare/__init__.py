"""Prepare data."""
