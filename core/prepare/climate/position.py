"""A CRS for netCDF files that have latitudes and longitudes, and no grid mapping."""

from __future__ import annotations

import os

from osgeo import gdal

from ...errors import InputError
from ...messages import say
from ...progress import Progress
from ...raster.dataset import call_gdal, open_raster, short_name

_WGS84 = "EPSG:4326"
_AXES = {"degrees_north", "degrees_east"}


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
