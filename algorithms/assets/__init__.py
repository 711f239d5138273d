"""Ecological assets and ecosystem service value."""
