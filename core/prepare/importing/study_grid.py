"""The grid on which a product is brought: that of a reference raster, or one over a boundary."""

from __future__ import annotations

import math
import os

from osgeo import gdal, osr

from ...errors import GridError, InputError
from ...messages import say
from ...raster.dataset import call_gdal
from ...raster.zones.polygon_layer import open_polygons

_MOST_PIXELS = 2**40


def reference_over(boundary: str, crs: str, cell: float, folder: str) -> str:
    """An empty raster over the bounds of polygons, its corners at multiples of the cell.

    Args:
        boundary: path of polygons.
        crs: of the grid, such as EPSG:32650.
        cell: size of a pixel in units of the CRS.
        folder: where the raster goes.

    Raises:
        InputError: the CRS is unknown, the cell is no size, or the polygons cannot be read.
        GridError: the polygons have no CRS, or the grid would have more pixels than can be.
    """
    if not (math.isfinite(cell) and cell > 0):
        raise InputError(say("CELL_SIZE is {cell}. Give the size of a pixel in units of the CRS.", cell=cell))
    target = osr.SpatialReference()
    what = say("The CRS {crs!r} is not known", crs=crs)
    call_gdal(what, InputError, lambda: target.SetFromUserInput(crs) == 0 or None)
    target.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    left, bottom, right, top = _bounds(boundary, target)
    first_column, last_column = math.floor(left / cell), math.ceil(right / cell)
    first_row, last_row = math.floor(bottom / cell), math.ceil(top / cell)
    width, height = last_column - first_column, last_row - first_row
    if not 0 < width * height < _MOST_PIXELS or max(width, height) > 2**31 - 1:
        raise GridError(
            say("CELL_SIZE {cell} makes a grid of {width} x {height} pixels.", cell=cell, width=width, height=height)
        )
    path = os.path.join(folder, "study_grid.tif")
    options = ["SPARSE_OK=TRUE", "TILED=YES"]
    driver = gdal.GetDriverByName("GTiff")
    dataset = call_gdal(
        "Cannot make the grid", InputError, driver.Create, path, width, height, 1, gdal.GDT_Byte, options
    )
    dataset.SetGeoTransform((first_column * cell, cell, 0, last_row * cell, 0, -cell))
    dataset.SetProjection(target.ExportToWkt())
    dataset.GetRasterBand(1).SetNoDataValue(255)
    dataset.FlushCache()
    return path


def _bounds(boundary: str, target: osr.SpatialReference) -> tuple[float, float, float, float]:
    layer = open_polygons(boundary, "Study boundary")
    own = layer.layer.GetSpatialRef()
    if own is None:
        raise GridError(
            say("{named} has no coordinate reference system. Assign the right one and run again.", named=layer.named)
        )
    own.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    to_target = osr.CoordinateTransformation(own, target)
    boxes = []
    for _, area in layer.polygons():
        area.geometry.Transform(to_target)
        boxes.append(area.geometry.GetEnvelope())
    if not boxes:
        raise InputError(say("{named} holds no polygon. Choose a polygon layer.", named=layer.named))
    left, right, bottom, top = (pick(values) for pick, values in zip((min, max, min, max), zip(*boxes)))
    return left, bottom, right, top
