"""People, lights and roads as pressure grids: totals kept, distances and densities of roads."""
