"""The science of EcoAssets: pure Python on numpy and GDAL, never QGIS."""
