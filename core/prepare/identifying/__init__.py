"""Identify products: what lies in a folder of downloads, what is missing, and what it feeds."""
