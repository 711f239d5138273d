"""Rasters: grids, alignment, the block engine and its writers. The only place that talks to GDAL."""
