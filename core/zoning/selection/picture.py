"""A small raster of the planning units and which of them were selected, for the map of a report."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from osgeo import gdal, ogr, osr

from ...errors import OutputError
from ...raster.dataset import call_gdal, memory_polygons
from .planning_units import LOCK_IN, LOCK_OUT, units_layer
from .run import SelectionResult

NOT_SELECTED, SELECTED, LOCKED_IN, LOCKED_OUT = range(4)
NOTHING = 255
DRAWN = 700  # pixels along the longer side, as reports show maps
MARGIN = 0.02
# Units whose side has fewer pixels are drawn without borders, which would hide them.
SIDE_WITH_BORDER = 7


def unit_states(result: SelectionResult) -> np.ndarray:
    """What became of each unit, a code of the legend `selection`, shape (units,)."""
    states = np.where(result.chosen, SELECTED, NOT_SELECTED)
    states[result.units.locks == LOCK_IN] = LOCKED_IN
    states[result.units.locks == LOCK_OUT] = LOCKED_OUT
    return states


def selection_picture(units: str, result: SelectionResult, folder: str) -> str:
    """Draws the units by what became of them.

    Args:
        units: path of the polygon layer that was chosen from, with `|layername=x` where the file has several.
        result: the selection.
        folder: where the picture goes.

    Returns:
        Its path.
    """
    states = dict(zip(result.units.ids, unit_states(result).tolist()))
    memory = memory_polygons()
    areas, outlines = (memory.CreateLayer(name) for name in ("areas", "outlines"))
    areas.CreateField(ogr.FieldDefn("state", ogr.OFTInteger))
    covered = 0.0
    path = os.path.join(folder, "selection.tif")
    with units_layer(units) as (layer, label):
        for unit in layer:
            if unit.GetFID() in states:
                geometry = unit.GetGeometryRef().GetLinearGeometry()
                covered += geometry.GetArea()
                _add(areas, geometry, states[unit.GetFID()])
                _add(outlines, geometry.Boundary())
        picture, side = _blank(path, areas.GetExtent(), layer.GetSpatialRef())
    _burn(picture, areas, label, options=["ATTRIBUTE=state"])
    if np.sqrt(covered / len(states)) >= SIDE_WITH_BORDER * side:
        _burn(picture, outlines, label, burn_values=[NOTHING])
    picture.FlushCache()
    return path


def _add(layer: ogr.Layer, geometry: ogr.Geometry, state: int | None = None) -> None:
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(geometry)
    if state is not None:
        feature["state"] = state
    layer.CreateFeature(feature)


def _blank(
    path: str, extent: tuple[float, float, float, float], reference: osr.SpatialReference | None
) -> tuple[gdal.Dataset, float]:
    """A raster of nothing around an extent, and the side of its pixels in units of the CRS."""
    west, east, south, north = extent
    side = max(east - west, north - south) * (1 + 2 * MARGIN) / DRAWN
    columns, rows = (max(1, math.ceil(length * (1 + 2 * MARGIN) / side)) for length in (east - west, north - south))
    create = gdal.GetDriverByName("GTiff").Create
    raster = call_gdal(f"Cannot write {path}", OutputError, create, path, columns, rows, 1, gdal.GDT_Byte)
    raster.SetGeoTransform(((west + east - columns * side) / 2, side, 0, (south + north + rows * side) / 2, 0, -side))
    if reference is not None:
        raster.SetSpatialRef(reference)
    raster.GetRasterBand(1).SetNoDataValue(NOTHING)
    raster.GetRasterBand(1).Fill(NOTHING)
    return raster, side


def _burn(raster: gdal.Dataset, layer: ogr.Layer, label: str, **how: Any) -> None:
    call_gdal(f"Cannot draw {label}", OutputError, gdal.RasterizeLayer, raster, [1], layer, **how)
