"""The grid on which a product is brought: that of a reference raster, or one over a boundary."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable

from osgeo import gdal, osr

from ...errors import GridError, InputError
from ...messages import say
from ...raster.dataset import call_gdal
from ...raster.grid import Grid, transformation_between
from ...raster.zones.polygon_layer import open_polygons
from .native import aligned

_MOST_PIXELS = 2**40
_HALF_TURN = 180.0
_SLIGHTLY = 1e-6  # of a pixel: what rounding takes


def reference_over(
    boundary: str, crs: str, cell: float, folder: str, margin: float = 0.0, corner: tuple[float, float] = (0.0, 0.0)
) -> str:
    """An empty raster over the bounds of polygons, its corners at multiples of the cell.

    Args:
        boundary: path of polygons.
        crs: of the grid, such as EPSG:32650.
        cell: size of a pixel in units of the CRS.
        folder: where the raster goes.
        margin: beyond the polygons, in units of the CRS.
        corner: of any pixel, from which the multiples count.

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
    left, bottom, right, top = bounds_in(boundary, target)
    x, y = corner
    first_column, last_column = math.floor((left - margin - x) / cell), math.ceil((right + margin - x) / cell)
    first_row, last_row = math.floor((bottom - margin - y) / cell), math.ceil((top + margin - y) / cell)
    width, height = last_column - first_column, last_row - first_row
    if not 0 < width * height < _MOST_PIXELS or max(width, height) > 2**31 - 1:
        raise GridError(
            say("CELL_SIZE {cell} makes a grid of {width} x {height} pixels.", cell=cell, width=width, height=height)
        )
    transform = (x + first_column * cell, cell, 0, y + last_row * cell, 0, -cell)
    return empty_raster(Grid(width, height, transform, target.ExportToWkt()), folder)


def own_grid_of(grids: Iterable[Grid], folder: str) -> str:
    """An empty raster over all grids of a product, which share their pixels; longitudes from -180 to 180.

    Args:
        grids: of its files.
        folder: where the raster goes.

    Raises:
        GridError: the files lie on several grids, such as zones of UTM.
    """
    each = list(dict.fromkeys(grids))
    first = each[0]
    others = [grid for grid in each if not aligned(first, grid)]
    if others:
        raise GridError(
            say(
                "The files lie on several grids ({first}, {other}). Bring them on the grid of the study with "
                "importproduct first.",
                first=first.crs_name,
                other=others[0].crs_name,
            )
        )
    bounds = [grid.bounds for grid in each]
    left, bottom = min(b[0] for b in bounds), min(b[1] for b in bounds)
    right, top = max(b[2] for b in bounds), max(b[3] for b in bounds)
    across, down = first.pixel_width, abs(first.transform[5])
    if first.spatial_reference().IsGeographic() and right > _HALF_TURN + across:
        left, right = _turned(left, right, across)
    transform = (left, across, 0.0, top, 0.0, -down)
    width, height = round((right - left) / across), round((top - bottom) / down)
    return empty_raster(Grid(width, height, transform, first.crs), folder)


def _turned(left: float, right: float, across: float) -> tuple[float, float]:
    """Longitudes of 0 to 360 as those from -180; what crosses 180 without going round the Earth stays in one piece."""
    if left >= _HALF_TURN - across:
        return left - 2 * _HALF_TURN, right - 2 * _HALF_TURN
    if right - left < 2 * _HALF_TURN - across:
        return left, right
    left -= math.floor((left + _HALF_TURN) / across + _SLIGHTLY) * across
    return left, left + round(2 * _HALF_TURN / across) * across


def empty_raster(grid: Grid, folder: str) -> str:
    """An empty raster on a grid, which takes no room on the disk."""
    path = os.path.join(folder, "study_grid.tif")
    size = grid.width, grid.height, 1, gdal.GDT_Byte, ["SPARSE_OK=TRUE", "TILED=YES"]
    dataset = call_gdal("Cannot make the grid", InputError, gdal.GetDriverByName("GTiff").Create, path, *size)
    dataset.SetGeoTransform(grid.transform)
    dataset.SetProjection(grid.crs)
    dataset.GetRasterBand(1).SetNoDataValue(255)
    dataset.GetRasterBand(1).SetStatistics(0, 1, 0.5, 0.5)  # QGIS would look for some in vain
    dataset.FlushCache()
    return path


def bounds_in(boundary: str, target: osr.SpatialReference) -> tuple[float, float, float, float]:
    """Smallest x and y, largest x and y of polygons in a CRS. Raises InputError, GridError as `reference_over`."""
    layer = open_polygons(boundary, "Study boundary")
    own = layer.layer.GetSpatialRef()
    if own is None:
        raise GridError(
            say("{named} has no coordinate reference system. Assign the right one and run again.", named=layer.named)
        )
    own.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    to_target = transformation_between(own, target)
    boxes = []
    for _, area in layer.polygons():
        area.geometry.Transform(to_target)
        boxes.append(area.geometry.GetEnvelope())
    if not boxes:
        raise InputError(say("{named} holds no polygon. Choose a polygon layer.", named=layer.named))
    left, right, bottom, top = (pick(values) for pick, values in zip((min, max, min, max), zip(*boxes)))
    return left, bottom, right, top
