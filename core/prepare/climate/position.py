"""Where climate files lie: a CRS for latitudes and longitudes without a grid mapping, and longitudes of 0 to 360."""

from __future__ import annotations

import math
import os

from osgeo import gdal

from ...errors import InputError
from ...messages import say
from ...progress import Progress
from ...raster.dataset import call_gdal, open_raster, short_name
from ...raster.grid import Grid

_WGS84 = "EPSG:4326"
_AXES = {"degrees_north", "degrees_east"}
_HALF_TURN = 180.0


def with_position(path: str, folder: str, progress: Progress) -> str:
    """The path itself, or that of a view of it on WGS 84 where its axes are degrees and nothing tells the CRS.

    CF (chapter 5) takes coordinates in degrees_north and degrees_east as latitude and longitude without a grid mapping.

    Args:
        path: of a raster.
        folder: for the view.
        progress: told what is assumed.

    Raises:
        InputError: it cannot be read.
    """
    dataset = open_raster(path)
    units = {value for key, value in dataset.GetMetadata().items() if key.endswith("#units")}
    if dataset.GetProjection() or not units >= _AXES:
        return path
    view = os.path.join(folder, f"placed {len(os.listdir(folder))}.vrt")
    options = gdal.TranslateOptions(format="VRT", outputSRS=_WGS84)
    call_gdal(f"Cannot read {path}", InputError, gdal.Translate, view, dataset, options=options).FlushCache()
    progress.warn(
        say(
            "{file} has latitudes and longitudes and tells no coordinate reference system: {assumed} is assumed.",
            file=short_name(path),
            assumed=_WGS84,
        )
    )
    return view


def with_longitudes_from_180(path: str, folder: str) -> str:
    """The path itself, or that of a view from -180 to 180 degrees of a raster with longitudes of 0 to 360.

    What goes round the Earth is cut at 180 and joined at 0; what lies beyond 180 as a whole is moved; what crosses 180
    without going round stays in one piece.

    Args:
        path: of a raster.
        folder: for the view.

    Raises:
        InputError: it cannot be read.
    """
    dataset = open_raster(path)
    grid = Grid.of_dataset(dataset)
    left, _, right, _ = grid.bounds
    across = grid.pixel_width
    if not grid.crs or not grid.spatial_reference().IsGeographic() or right <= _HALF_TURN + across:
        return path
    if left >= _HALF_TURN - across:
        return _window(dataset, 0, grid.width, left - 2 * _HALF_TURN, folder)
    if right - left < 2 * _HALF_TURN - across / 2:
        return path
    east = math.ceil((_HALF_TURN - left) / across - 1e-6)  # columns up to 180
    west = _window(dataset, east, grid.width - east, left + east * across - 2 * _HALF_TURN, folder)
    parts = [west, _window(dataset, 0, east, left, folder)]
    view = os.path.join(folder, f"turned {len(os.listdir(folder))}.vrt")
    call_gdal(f"Cannot read {path}", InputError, gdal.BuildVRT, view, parts).FlushCache()
    return view


def _window(dataset: gdal.Dataset, column: int, columns: int, left: float, folder: str) -> str:
    """A view of columns that begins at a longitude."""
    view = os.path.join(folder, f"window {len(os.listdir(folder))}.vrt")
    options = gdal.TranslateOptions(format="VRT", srcWin=[column, 0, columns, dataset.RasterYSize])
    what = f"Cannot read {dataset.GetDescription()}"
    moved = call_gdal(what, InputError, gdal.Translate, view, dataset, options=options)
    transform = moved.GetGeoTransform()
    moved.SetGeoTransform((left, *transform[1:]))
    moved.FlushCache()
    return view
