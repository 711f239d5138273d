"""A small raster of the plan per district, for the pages of a report."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
from osgeo import gdal

from ...errors import OutputError
from ...raster.dataset import call_gdal, open_raster
from .kernel import NO_PLAN

# Districts are looked for in a reduced copy of this edge, and drawn with so many pixels.
SEARCHED, DRAWN = 2000, 700
MARGIN = 0.04
# Width over height of all pictures, so that a page has room for the tables below.
ASPECT = 2.8


def district_pictures(plan: str, districts: str, folder: str) -> Mapping[int, str]:
    """Writes the plan within each district, what lies around it as nodata.

    Args:
        plan: path of the plan codes.
        districts: path of district numbers + 1 on the same grid, 0 where there is none.
        folder: where the pictures go.

    Returns:
        Paths by district number; districts too small for the reduced copy have none.
    """
    codes, numbers = open_raster(plan), open_raster(districts)
    width, height = numbers.RasterXSize, numbers.RasterYSize
    step = max(1.0, max(width, height) / SEARCHED)
    searched = numbers.GetRasterBand(1).ReadAsArray(
        buf_xsize=max(1, round(width / step)), buf_ysize=max(1, round(height / step))
    )
    found: dict[int, str] = {}
    for number in np.unique(searched[searched > 0]).tolist():
        rows, columns = np.nonzero(searched == number)
        window = _window(rows, columns, (height / searched.shape[0], width / searched.shape[1]), (width, height))
        path = os.path.join(folder, f"{os.path.splitext(os.path.basename(plan))[0]}_district_{number}.tif")
        _draw(codes, numbers, int(number), window, path)
        found[int(number) - 1] = path
    return found


def _window(
    rows: np.ndarray, columns: np.ndarray, step: tuple[float, float], size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Column, row, width and height of a window around pixels of the reduced copy, with a margin."""
    bounds = []
    for places, scale, limit in ((columns, step[1], size[0]), (rows, step[0], size[1])):
        first, last = places.min() * scale, (places.max() + 1) * scale
        margin = (last - first) * MARGIN + 1
        start, end = max(0, int(first - margin)), min(limit, int(np.ceil(last + margin)))
        bounds.append((start, end - start))
    (column, width), (row, height) = bounds
    return column, row, width, height


def _draw(
    codes: gdal.Dataset, numbers: gdal.Dataset, number: int, window: tuple[int, int, int, int], path: str
) -> None:
    column, row, width, height = window
    scale = max(1.0, max(width, height) / DRAWN)
    size = {"buf_xsize": max(1, round(width / scale)), "buf_ysize": max(1, round(height / scale))}
    inside = numbers.GetRasterBand(1).ReadAsArray(*window, **size) == number
    part = np.where(inside, codes.GetRasterBand(1).ReadAsArray(*window, **size), NO_PLAN).astype(np.uint8)
    left, across, _, top, _, down = codes.GetGeoTransform()
    step = (across * width / part.shape[1], down * height / part.shape[0])
    shown, (above, before) = _framed(part)
    picture = call_gdal(
        f"Cannot write {path}",
        OutputError,
        gdal.GetDriverByName("GTiff").Create,
        path, shown.shape[1], shown.shape[0], 1, gdal.GDT_Byte, ["COMPRESS=DEFLATE"],
    )  # fmt: skip
    origin = (left + column * across - before * step[0], top + row * down - above * step[1])
    picture.SetGeoTransform((origin[0], step[0], 0, origin[1], 0, step[1]))
    picture.SetProjection(codes.GetProjection())
    picture.GetRasterBand(1).SetNoDataValue(NO_PLAN)
    picture.GetRasterBand(1).WriteArray(shown)
    picture.FlushCache()


def _framed(part: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """The part in the middle of a frame of the shape that all pictures have; rows above it and columns before it."""
    height, width = part.shape
    height, width = max(height, round(width / ASPECT)), max(width, round(height * ASPECT))
    above, before = (height - part.shape[0]) // 2, (width - part.shape[1]) // 2
    shown = np.full((height, width), NO_PLAN, dtype=np.uint8)
    shown[above : above + part.shape[0], before : before + part.shape[1]] = part
    return shown, (above, before)
