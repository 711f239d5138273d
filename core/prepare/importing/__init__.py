"""Import a product: from its files to one raster on the grid of a study, a band per year or month."""
