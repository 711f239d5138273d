"""Drivers: what explains the change, by panel, quantile and spatial statistics."""
