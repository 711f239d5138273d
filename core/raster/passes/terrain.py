"""Slope and aspect of an elevation model, from its gradient on the ground, on the model's own grid."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

import numpy as np

from ...errors import GridError
from ...messages import say
from ...progress import QUIET, Progress
from ..files import intermediate_path
from ..grid import Grid
from ..lengths import LENGTH_TOLERANCE_PCT, length_error_pct, pixel_metres
from ..output import Band, Output, RasterWriter, WriteOptions, stack_for
from ..reading.fill_values import holds_fills, without_fill_values
from ..reading.source import BandReader, Source, describe_source, open_source
from ..reading.stored import linear_of
from ..windows import Window, cut_windows

SLOPE, ASPECT = "slope", "aspect"
LABELS = {SLOPE: say("Slope"), ASPECT: say("Aspect")}
UNITS = {SLOPE: "degrees", ASPECT: "degrees clockwise from north"}
BYTES_PER_PIXEL = 128  # of a window: nine neighbours and what comes of them, in double precision
WEIGHTS = (1, 2, 1)

Gradient = tuple[np.ndarray, np.ndarray, np.ndarray]


def require_metres(grid: Grid, named: str) -> float:
    """Metres per unit of a projected grid.

    Raises:
        GridError: the CRS is not projected, or it stretches lengths: its units are no lengths on the ground.
    """
    reference = grid.spatial_reference()
    mend = say("Reproject it to a projected CRS such as the UTM zone of the region (Raster > Projections > Warp).")
    if not reference.IsProjected():
        raise GridError(
            say(
                "{named} lies in {crs_name}, whose unit is the degree: slopes and lengths need metres. {mend}",
                named=named,
                crs_name=grid.crs_name,
                mend=mend,
            )
        )
    error = length_error_pct(grid)
    if error > LENGTH_TOLERANCE_PCT:
        raise GridError(
            say(
                "{named} lies in {crs_name}, whose metres differ from those on the ground by up to "
                "{error:.3g} % here: slopes and lengths would be wrong. {mend}",
                named=named,
                crs_name=grid.crs_name,
                error=error,
                mend=mend,
            )
        )
    return float(reference.GetLinearUnits())


def plain_elevation(dem: Source, folder: str) -> Source:
    """The elevation model as programs read it that take stored values as they are.

    Args:
        dem: elevation on its own grid.
        folder: for a copy without what lies outside the valid range, and with scale and offset applied.

    Raises:
        InputError: it cannot be read.
    """
    dataset, _ = describe_source(dem)
    band = dataset.GetRasterBand(dem.band)
    if not holds_fills(dem) and not linear_of(band).changes:
        return dem
    limited = dem if dem.limited else replace(dem, minimum=float("-inf"))
    return replace(without_fill_values(replace(limited, resampling="near"), folder), resampling=None)


def gradient(
    heights: np.ndarray, valid: np.ndarray, across: np.ndarray, down: np.ndarray, diagonals: bool = False
) -> Gradient:
    """How much the land rises per metre to the right and downwards, over 3 x 3 pixels.

    Each direction is the mean of the differences along three lines of pixels, the middle one counting twice (Horn 1981,
    Proceedings of the IEEE 69(1):14-47). Where a neighbour is missing, the difference is that of the two pixels of the
    line that are left, and counts half; so a plane has its own gradient beside holes and edges too.

    Args:
        heights: metres, with one pixel more on each side, shape (rows + 2, columns + 2).
        valid: the same shape.
        across, down: width and height of a pixel in metres, shape (rows, 1).
        diagonals: whether an outer line of which a corner alone is left is compared with the middle pixel, times the
            root of two, as pygeoprocessing does it; else it does not count.

    Returns:
        Rise to the right, rise downwards, and where both are known, shape (rows, columns) each.
    """
    rows, columns = heights.shape[0] - 2, heights.shape[1] - 2
    parts = [np.s_[i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
    nine = [heights[part].astype(np.float64) for part in parts]
    has = [valid[part] for part in parts]
    a, b, c, d, _, f, g, h, i = nine
    right, low = (c - a + 2 * (f - d) + i - g) / 8, (g - a + 2 * (h - b) + i - c) / 8
    known = has[4].copy()
    broken = np.nonzero(known & ~np.logical_and.reduce(has))
    if broken[0].size:
        few, there = [each[broken] for each in nine], [each[broken] for each in has]
        right[broken] = _uneven(few, there, ((0, 1, 2), (3, 4, 5), (6, 7, 8)), diagonals)
        low[broken] = _uneven(few, there, ((0, 3, 6), (1, 4, 7), (2, 5, 8)), diagonals)
        known[broken] = np.isfinite(right[broken]) & np.isfinite(low[broken])
    return right / across, low / down, known


def _uneven(
    heights: Sequence[np.ndarray], has: Sequence[np.ndarray], lines: Sequence[tuple[int, int, int]], diagonals: bool
) -> np.ndarray:
    """Rise per pixel along three lines of three pixels of which some are missing; NaN where none has two."""
    rise, steps = np.zeros(heights[0].shape), np.zeros(heights[0].shape)
    for weight, (first, middle, last) in zip(WEIGHTS, lines):
        pair = has[middle] | (has[first] & has[last])
        start = np.where(has[first], heights[first], heights[middle])
        end = np.where(has[last], heights[last], heights[middle])
        count = has[first].astype(float) + has[last]
        rise += weight * np.where(pair, end - start, 0)
        steps += weight * np.where(pair, count, 0)
        if diagonals:
            corner = ~pair & (count > 0)
            start, end = (np.where(has[k], heights[k], heights[4]) for k in (first, last))
            rise += np.where(corner, (end - start) * 2**0.5, 0)
            steps += corner
    return np.divide(rise, steps, out=np.full(rise.shape, np.nan), where=steps > 0)


def slope_degrees(right: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Angle of the steepest descent."""
    return np.degrees(np.arctan(np.hypot(right, low)))


def aspect_degrees(right: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Direction in which the land falls, clockwise from north, of rises to the east and to the south; 0 where flat."""
    aspect = np.mod(np.degrees(np.arctan2(-right, low)), 360).astype(np.float32)
    aspect[(aspect >= 360) | ((right == 0) & (low == 0))] = 0  # rounding reaches 360
    return aspect


def derive_terrain(
    dem: Source,
    folder: str,
    progress: Progress = QUIET,
    what: Sequence[str] = (SLOPE, ASPECT),
    diagonals: bool = False,
) -> tuple[Source, ...]:
    """Slope and aspect in degrees; aspect is clockwise from the north of the grid, 0 where flat.

    Nothing is resampled, and pixels may be of any shape: lengths are those on the ground (`pixel_metres`), row by row.

    Args:
        dem: elevation in metres, on its own grid.
        folder: for the results.
        progress: told of the pixels that are done, asked whether to stop.
        what: of `SLOPE` and `ASPECT`.
        diagonals: see `gradient`.

    Raises:
        GridError: it has no CRS, no position, or is rotated.
        InputError: it cannot be read.
        OutputError, Cancelled: as the writer.
    """
    _, grid = describe_source(dem)
    across, down = (lengths[:, np.newaxis] for lengths in pixel_metres(grid))
    east, south = np.sign(grid.transform[1]), -np.sign(grid.transform[5])
    reader, windows = open_source(replace(dem, resampling=None), grid, threads=1), cut_windows(grid, BYTES_PER_PIXEL)
    outputs = [
        Output(name, intermediate_path(folder, f"{dem.name} {name}"), (Band(name, UNITS[name]),)) for name in what
    ]
    with ExitStack() as opened:
        writers = [
            opened.enter_context(RasterWriter(output, grid, WriteOptions(overviews=False), threads=1))
            for output in outputs
        ]
        for done, window in enumerate(windows):
            progress.check()
            rows = slice(window.row, window.row + window.height)
            right, low, known = gradient(*_with_frame(reader, window, grid), across[rows], down[rows], diagonals)
            maps = {SLOPE: slope_degrees, ASPECT: aspect_degrees}
            for output, writer in zip(outputs, writers):
                stack, _ = stack_for(output, maps[output.name](right * east, low * south), known)
                writer.write(window, stack)
            progress.set(100 * (done + 1) / len(windows))
        for writer in writers:
            writer.finish(QUIET)
            writer.commit()
    return tuple(
        Source(
            f"{dem.name}:{output.name}",
            output.path,
            1,
            "continuous",
            say("{what} of {raster}", what=LABELS[output.name], raster=dem.named),
        )
        for output in outputs
    )


def _with_frame(reader: BandReader, window: Window, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Values and validity of a window with a pixel more on each side; beyond the raster nothing is valid."""
    left, top = max(0, window.column - 1), max(0, window.row - 1)
    right = min(grid.width, window.column + window.width + 1)
    bottom = min(grid.height, window.row + window.height + 1)
    values, valid = reader.read(left, top, right - left, bottom - top)
    beyond = (
        (top - window.row + 1, window.row + window.height + 1 - bottom),
        (left - window.column + 1, window.column + window.width + 1 - right),
    )
    return np.pad(values, beyond), np.pad(valid, beyond)
