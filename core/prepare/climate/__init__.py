"""Climate rasters that no product of the catalogue describes, as yearly totals and means."""
