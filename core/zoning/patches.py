"""Minimum patch clean-up: patches that are too small to manage join their largest neighbour."""

from __future__ import annotations

import math
import os

from osgeo import gdal

from ..errors import InputError, OutputError
from ..messages import say
from ..progress import Progress
from ..raster.area import pixel_areas_ha
from ..raster.dataset import call_gdal, open_raster
from ..raster.grid import Grid
from ..raster.reading.source import Source
from ..raster.study import StudyArea
from ..raster.windows import TILE

UNLIKE = 1.05  # areas of pixels whose ratio is larger are told


def minimum_pixels(minimum_ha: float, grid: Grid) -> int:
    """Pixels of the smallest patch that stays: its area over that of a pixel, rounded up.

    On geographic grids the mean pixel area of the grid counts.

    Raises:
        InputError: the area is negative or not a number.
    """
    if not (math.isfinite(minimum_ha) and minimum_ha >= 0):
        raise InputError(
            say("The minimum patch area is {minimum_ha:g} ha. Give 0 or more hectares.", minimum_ha=minimum_ha)
        )
    pixels = minimum_ha / float(pixel_areas_ha(grid).mean())
    # An area of exactly n pixels must not become n + 1 by rounding of the division.
    return math.ceil(pixels * (1 - 1e-12))


def without_small_patches(
    zones: str, minimum: int, area: StudyArea, progress: Progress, connectedness: int = 4
) -> Source:
    """Sieves a class raster: patches of fewer than `minimum` pixels, and holes likewise, join the largest neighbour.

    Pixels without value belong to no patch. A small patch without neighbour stays.

    Args:
        zones: path of a one-band class raster on the grid of `area`.
        minimum: pixels.
        area: for its temporary folder.
        progress: for cancelling; warned where pixels differ in size.
        connectedness: 4, or 8 to join patches over corners.

    Returns:
        The cleaned raster; what it holds where `zones` has no value is not defined.
    """
    _tell_sizes(minimum, area.grid, progress)
    path = os.path.join(area.folder, "cleaned.tif")
    dataset = open_raster(zones)
    band = dataset.GetRasterBand(1)
    options = ["TILED=YES", f"BLOCKXSIZE={TILE}", f"BLOCKYSIZE={TILE}", "COMPRESS=DEFLATE", "BIGTIFF=IF_SAFER"]
    what = "Cannot clean up small patches"
    cleaned = call_gdal(
        what,
        OutputError,
        gdal.GetDriverByName("GTiff").Create,
        path,
        dataset.RasterXSize,
        dataset.RasterYSize,
        1,
        band.DataType,
        options,
    )
    cleaned.SetGeoTransform(dataset.GetGeoTransform())
    cleaned.SetProjection(dataset.GetProjection())

    def sieve() -> bool | None:
        stopping = lambda done, message, data: 0 if progress.cancelled() else 1  # noqa: E731
        target = cleaned.GetRasterBand(1)
        status = gdal.SieveFilter(band, band.GetMaskBand(), target, minimum, connectedness, callback=stopping)
        return status == gdal.CE_None or None

    try:
        call_gdal(what, OutputError, sieve)
    except OutputError:
        progress.check()
        raise
    cleaned.FlushCache()
    return Source("cleaned", path, 1, "classes", "Cleaned zones")


def _tell_sizes(minimum: int, grid: Grid, progress: Progress) -> None:
    areas = pixel_areas_ha(grid)
    least, most = float(areas.min()), float(areas.max())
    if most > UNLIKE * least:
        progress.warn(
            say(
                "Patches are counted in pixels, which differ in size here: the smallest patch that stays has "
                "{minimum} of them, {minimum2:.4g} to {minimum3:.4g} ha. Reproject the rasters to an "
                "equal-area CRS for one area everywhere.",
                minimum=minimum,
                minimum2=minimum * least,
                minimum3=minimum * most,
            )
        )
