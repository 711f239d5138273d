"""Files of downloads: listed, archives in place, and opened layer by layer."""
