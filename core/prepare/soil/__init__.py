"""Soil properties in percent from maps by depth, or from a map of soil units and its table."""
