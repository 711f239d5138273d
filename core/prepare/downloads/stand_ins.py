"""Empty rasters that stand for inputs which are still to be imported, so that everything can be asked before work."""

from __future__ import annotations

import os
from collections.abc import Sequence

from osgeo import gdal

from ...errors import OutputError
from ...messages import say
from ...raster.dataset import call_gdal
from ...raster.grid import Grid


def stand_in(path: str, grid: Grid, bands: Sequence[str], classes: bool = False) -> str:
    """A raster without a value on a grid, a band per description; takes no room on the disk.

    Args:
        path: of the file.
        grid: where it lies.
        bands: descriptions, such as years; ("",) for what does not change.
        classes: whether it stands for codes.

    Raises:
        OutputError: it cannot be written.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    kind = gdal.GDT_Byte if classes else gdal.GDT_Float32
    make = gdal.GetDriverByName("GTiff").Create
    what = say("Cannot write {path}", path=path)
    dataset = call_gdal(what, OutputError, make, path, grid.width, grid.height, len(bands), kind, ["SPARSE_OK=TRUE"])
    dataset.SetGeoTransform(grid.transform)
    dataset.SetProjection(grid.crs)
    for number, description in enumerate(bands, start=1):
        band = dataset.GetRasterBand(number)
        band.SetNoDataValue(0 if classes else -9999)
        band.SetDescription(description)
        band.SetStatistics(0, 1, 0.5, 0.5)  # QGIS would look for some and complain that there is no value
    dataset.FlushCache()
    return path
