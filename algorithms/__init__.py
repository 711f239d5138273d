"""What QGIS sees: parameters, checks, one call into the core, publication."""
