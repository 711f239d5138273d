"""Tests of what prepares data."""
