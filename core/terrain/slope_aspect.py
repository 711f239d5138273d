"""Slope and aspect of a DEM by GDAL (Horn 1981), in metres whatever its CRS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from osgeo import gdal

from ..errors import GridError, InputError
from ..progress import QUIET, Progress
from ..raster.dataset import call_gdal
from ..raster.grid import Grid
from ..raster.output import FLOAT_NODATA, Band, Output, RasterWriter, WriteOptions, stack_for
from ..raster.passes.focal import pixel_metres
from ..raster.reading.source import Source, open_source
from ..raster.windows import Window

SLOPE, ASPECT = "slope", "aspect"
ROWS_AT_ONCE = 512
# Pixels of a geographic DEM narrow towards the poles: within a strip by no more than this share.
WIDTH_TOLERANCE = 1e-3
NO_HEIGHT = -99999.0


def write_slope_and_aspect(dem: Source, grid: Grid, folder: str, progress: Progress = QUIET) -> tuple[Source, Source]:
    """Writes slope (degrees) and aspect (degrees clockwise from north) as intermediate rasters on the DEM's grid.

    The DEM is taken strip by strip with a row above and below. Each strip gets a plane geotransform in metres: the
    pixel size of a projected DEM by its linear unit, of a geographic DEM the lengths of parallel and meridian on the
    ellipsoid at the strip's latitude. Nothing is resampled. Aspect has no value where the slope is 0.

    Args:
        dem: heights in metres, on the grid.
        grid: of the DEM.
        folder: a temporary folder.
        progress: asked for cancellation.

    Raises:
        InputError: the DEM cannot be read.
        GridError: it runs from south to north.
        OutputError, Cancelled: as the writer.
    """
    if not grid.north_up:
        raise GridError(
            f"{dem.named} runs from south to north. Flip it with Raster > Projections > Warp and run again."
        )
    units = {SLOPE: "degrees", ASPECT: "degrees clockwise from north"}
    outputs = {
        name: Output(name, os.path.join(folder, f"{name}.tif"), (Band(name, unit),)) for name, unit in units.items()
    }
    writers: dict[str, RasterWriter] = {}
    try:
        for name, output in outputs.items():
            writers[name] = RasterWriter(output, grid, WriteOptions(overviews=False), threads=1)
        reader = open_source(dem, grid, threads=1)
        for top, height, across, down in _strips(grid):
            progress.check()
            progress.set(100 * top / grid.height)
            start, end = max(0, top - 1), min(grid.height, top + height + 1)
            plane = _plane_strip(*reader.read(0, start, grid.width, end - start), across, down)
            inner = slice(top - start, top - start + height)
            for name, writer in writers.items():
                values = _processed(plane, name, dem)[inner]
                stack, _ = stack_for(outputs[name], values, values != FLOAT_NODATA)
                writer.write(Window(0, top, grid.width, height), stack)
        for writer in writers.values():
            writer.finish(QUIET)
            writer.commit()
    except BaseException:
        for writer in writers.values():
            writer.discard()
        raise
    made = [
        replace(dem, name=name, path=outputs[name].path, band=1, label=name.capitalize(), minimum=None, maximum=None)
        for name in (SLOPE, ASPECT)
    ]
    return made[0], made[1]


def _strips(grid: Grid) -> Iterator[tuple[int, int, float, float]]:
    """Top row, height, and width and height of a pixel in metres, of strips in which pixels are alike."""
    across, down = pixel_metres(grid)
    top = 0
    while top < grid.height:
        alike = np.abs(across[top:] / across[top] - 1) <= WIDTH_TOLERANCE
        length = len(alike) if alike.all() else int(np.argmin(alike))
        height = max(1, min(ROWS_AT_ONCE, length))
        yield top, height, float(across[top + height // 2]), down
        top += height


def _plane_strip(values: np.ndarray, valid: np.ndarray, across: float, down: float) -> gdal.Dataset:
    """Heights on a plane in metres, without a CRS (GDAL 3.11 would scale a geographic one by itself)."""
    height, width = values.shape
    strip = gdal.GetDriverByName("MEM").Create("", width, height, 1, gdal.GDT_Float32)
    strip.SetGeoTransform((0.0, across, 0.0, 0.0, 0.0, -down))
    band = strip.GetRasterBand(1)
    band.SetNoDataValue(NO_HEIGHT)
    band.WriteArray(np.where(valid, values, NO_HEIGHT).astype(np.float32))
    return strip


def _processed(strip: gdal.Dataset, name: str, dem: Source) -> np.ndarray:
    what = f"Cannot compute the {name} of {dem.named}"
    made = call_gdal(what, InputError, gdal.DEMProcessing, "", strip, name, format="MEM", computeEdges=True)
    return made.ReadAsArray()
