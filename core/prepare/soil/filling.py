"""Holes of soil maps - water, towns, rock - filled by the nearest cell with a value, by its true distance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from osgeo import gdal

from ...errors import InputError
from ...messages import say
from ...progress import Progress
from ...raster.dataset import call_gdal, open_raster
from ...raster.grid import Grid
from ...raster.windows import TILE

FILLS = ("none", "nearest")
MOST_EDGES = 4_000_000  # cells beside holes: about 300 MB
_AT_ONCE = 1 << 18  # cells that are looked up between two looks at a cancel


@dataclass(frozen=True)
class Filled:
    """What was filled: cells within the study area, and the farthest way to a value, metres."""

    cells: int = 0
    farthest: float = 0.0


def fill_nearest(path: str, masks: Sequence[str], grid: Grid, progress: Progress) -> Filled:
    """Fills the holes of a raster in place.

    Only cells beside holes are kept: the nearest cell with a value always is one, because the next cell from it towards
    the hole is nearer and so has none. Distances are straight lines: on the plane of a projection, through the
    ellipsoid of degrees, where they rank as those along its surface do.

    Args:
        path: of a raster of one band on the grid, with nodata; it is changed.
        masks: rasters on the grid; only cells are filled where each has a value other than 0 and its nodata.
        grid: of all of them.
        progress: polled for a cancel.

    Raises:
        InputError: more cells lie beside holes than can be kept.
        Cancelled: the user stopped.
    """
    from scipy.spatial import cKDTree  # QGIS may lack it; only filling needs it

    what = "Cannot fill the soil map"
    dataset = call_gdal(what, InputError, gdal.OpenEx, path, gdal.OF_RASTER | gdal.OF_UPDATE)
    band = dataset.GetRasterBand(1)
    nodata = band.GetNoDataValue()
    at, values = _edges(band, nodata, grid, progress)
    if not len(values):
        return Filled()
    tree, filled = cKDTree(at), Filled()
    inside = [open_raster(mask) for mask in masks]
    for top, height in _strips(grid):
        strip = _read(band, grid, top, height)
        wanted = strip == nodata
        for mask in inside:
            wanted &= _holds(mask, grid, top, height)
        rows, columns = np.nonzero(wanted)
        for start in range(0, len(rows), _AT_ONCE):
            progress.check()
            here = slice(start, start + _AT_ONCE)
            ways, nearest = tree.query(_positions(grid, top + rows[here], columns[here]))
            strip[rows[here], columns[here]] = values[nearest]
            filled = Filled(filled.cells + len(ways), max(filled.farthest, float(ways.max())))
        if len(rows):
            call_gdal(what, InputError, lambda s=strip, t=top: band.WriteArray(s, 0, t) or True)
    call_gdal(what, InputError, lambda: dataset.FlushCache() or True)
    return filled


def _edges(band: gdal.Band, nodata: float, grid: Grid, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """Positions and values of the cells with a value that have a hole beside them."""
    positions, values, count = [], [], 0
    for top, height in _strips(grid):
        progress.check()
        above, below = min(1, top), min(1, grid.height - top - height)
        strip = _read(band, grid, top - above, height + above + below)
        valid = strip != nodata
        beside = np.zeros_like(valid)
        beside[1:] |= ~valid[:-1]
        beside[:-1] |= ~valid[1:]
        beside[:, 1:] |= ~valid[:, :-1]
        beside[:, :-1] |= ~valid[:, 1:]
        rows, columns = np.nonzero((beside & valid)[above : above + height])
        count += len(rows)
        if count > MOST_EDGES:
            raise InputError(
                say(
                    "More than {most} cells lie beside holes of the soil map, too many to keep. Choose none as FILL, "
                    "or a coarser REFERENCE.",
                    most=MOST_EDGES,
                )
            )
        positions.append(_positions(grid, top + rows, columns))
        values.append(strip[above : above + height][rows, columns])
    return np.concatenate(positions), np.concatenate(values)


def _strips(grid: Grid) -> Iterator[tuple[int, int]]:
    for top in range(0, grid.height, TILE):
        yield top, min(TILE, grid.height - top)


def _read(band: gdal.Band, grid: Grid, top: int, height: int) -> np.ndarray:
    read: np.ndarray = call_gdal("Cannot read back", InputError, band.ReadAsArray, 0, top, grid.width, height)
    return read


def _holds(mask: gdal.Dataset, grid: Grid, top: int, height: int) -> np.ndarray:
    band = mask.GetRasterBand(1)
    stored, nodata = _read(band, grid, top, height), band.GetNoDataValue()
    holds = stored != 0
    return holds if nodata is None else holds & (stored != nodata)


def _positions(grid: Grid, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Where cells lie, metres: (n, 2) on the plane, or (n, 3) from the middle of the Earth."""
    x = grid.transform[0] + grid.transform[1] * (columns + 0.5)
    y = grid.transform[3] + grid.transform[5] * (rows + 0.5)
    reference = grid.spatial_reference()
    if not reference.IsGeographic():
        return np.column_stack((x, y)) * float(reference.GetLinearUnits())
    longitude, latitude = (angle * reference.GetAngularUnits() for angle in (x, y))
    axis, inverse = reference.GetSemiMajor(), reference.GetInvFlattening()
    flattening = 1 / inverse if inverse else 0.0
    squared = flattening * (2 - flattening)  # of the eccentricity
    radius = axis / np.sqrt(1 - squared * np.sin(latitude) ** 2)
    around = radius * np.cos(latitude)
    return np.column_stack(
        (around * np.cos(longitude), around * np.sin(longitude), radius * (1 - squared) * np.sin(latitude))
    )
