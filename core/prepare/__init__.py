"""Prepare data: from the files that providers ship to rasters that the methods take."""
