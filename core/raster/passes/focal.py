"""Moving windows over a raster: means and ranges, strip by strip, in a bounded memory.

Means are running sums: a row enters the window and a row leaves it, so that the cost of a pixel does not depend on the
size of the window. Pixels without a value, beyond the edge and outside the study area are no part of a window.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Callable

import numpy as np

from ...errors import InputError
from ...messages import Message, say
from ...progress import QUIET, Progress
from ..area import pixel_areas_ha
from ..grid import Grid
from ..lengths import pixel_metres
from ..output import FLOAT_NODATA, Band, Output, RasterWriter, WriteOptions, stack_for
from ..reading.source import BandReader, Source, open_source
from ..windows import TILE, Window, cut_windows

Strip = tuple[np.ndarray, np.ndarray]  # values and validity of some rows, shape (rows, width) each
Blocks = Iterator[tuple[Window, np.ndarray, np.ndarray]]  # values and validity of a window
ROWS_AT_ONCE = 64
BYTES_PER_PIXEL = 64  # of a range: copies in double precision


@dataclass(frozen=True, eq=False)
class FocalWindow:
    """A window of an odd number of rows and columns about each pixel.

    Attributes:
        half_rows: rows above and below.
        half_columns: columns to the left and right, per row of the raster (on geographic grids pixels narrow towards
            the poles), shape (height,).
        weights: area of a pixel per row of the raster, relative to the largest.
    """

    half_rows: int
    half_columns: np.ndarray
    weights: np.ndarray

    @classmethod
    def of_size(cls, grid: Grid, metres: float) -> FocalWindow:
        """The window of an odd number of pixels whose edge is nearest to a length in metres.

        Raises:
            InputError: the length is not positive.
        """
        if not (math.isfinite(metres) and metres > 0):
            raise InputError(say("The window is {metres:g} m wide. Give a positive number of metres.", metres=metres))
        across, down = pixel_metres(grid)
        half_columns = np.maximum(0, np.rint((metres / across - 1) / 2)).astype(np.intp)
        half_rows = max(0, round((metres / float(down[grid.height // 2]) - 1) / 2))
        areas = pixel_areas_ha(grid)
        return cls(half_rows, half_columns, areas / areas.max())

    def told(self, grid: Grid) -> Message:
        """The size that is used, for the log."""
        across, down = pixel_metres(grid)
        middle = len(self.half_columns) // 2
        rows, columns = 2 * self.half_rows + 1, 2 * int(self.half_columns[middle]) + 1
        return say(
            "{rows} x {columns} pixels ({height:.6g} x {width:.6g} m)",
            rows=rows,
            columns=columns,
            height=rows * down[middle],
            width=columns * across[middle],
        )


def focal_means(strips: Iterable[Strip], window: FocalWindow) -> Iterator[Strip]:
    """Area-weighted mean about each pixel.

    Args:
        strips: all rows of a raster from the top, a few at a time; values are 0 where not valid.
        window: of the same number of rows.

    Yields:
        Rows from the top, a few at a time: the mean (float64) of the valid pixels of the window, and the validity of
        the pixel itself. Only the rows of one window and one strip are held.
    """
    row = 0
    for sums, weights, valid in _column_sums(strips, window):
        means = np.zeros(valid.shape)
        for part, half in _rows_alike(window.half_columns[row : row + len(valid)]):
            total, weight = _across(sums[part], half), _across(weights[part], half)
            np.divide(total, weight, out=means[part], where=valid[part])
        yield means, valid
        row += len(valid)


def _column_sums(strips: Iterable[Strip], window: FocalWindow) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Weighted sums and weights of the window's rows in each column, and validity, a few rows at a time."""
    entering = _weighted_rows(strips, window.weights)
    height, half = len(window.half_columns), window.half_rows
    held: deque[tuple[np.ndarray, np.ndarray]] = deque()
    validity: deque[np.ndarray] = deque()
    running_sum = running_weight = np.zeros(0)
    entered = 0
    for top in range(0, height, ROWS_AT_ONCE):
        count = min(ROWS_AT_ONCE, height - top)
        sums = weights = valid = np.zeros((0, 0))
        for i, centre in enumerate(range(top, top + count)):
            while entered <= min(centre + half, height - 1):
                value, weight, mask = next(entering)
                if entered == 0:
                    running_sum, running_weight = np.zeros(len(mask)), np.zeros(len(mask))
                running_sum += value
                running_weight += weight
                held.append((value, weight))
                validity.append(mask)
                entered += 1
            if centre > half:
                value, weight = held.popleft()
                running_sum -= value
                running_weight -= weight
            if i == 0:
                shape = (count, len(running_sum))
                sums, weights, valid = np.empty(shape), np.empty(shape), np.empty(shape, dtype=bool)
            sums[i], weights[i], valid[i] = running_sum, running_weight, validity.popleft()
        yield sums, weights, valid


def _weighted_rows(
    strips: Iterable[Strip], row_weights: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    row = 0
    for values, valid in strips:
        for start in range(0, len(valid), ROWS_AT_ONCE):
            part = valid[start : start + ROWS_AT_ONCE]
            weights = part * row_weights[row : row + len(part), np.newaxis]
            yield from zip(values[start : start + ROWS_AT_ONCE] * weights, weights, part.copy())
            row += len(part)


def _across(rows: np.ndarray, half: int) -> np.ndarray:
    """Sums of `2 half + 1` neighbours along rows, fewer at their ends."""
    height, width = rows.shape
    running = np.zeros((height, width + 2 * half + 1))
    np.cumsum(rows, axis=1, out=running[:, half + 1 : half + 1 + width])
    running[:, half + 1 + width :] = running[:, half + width, np.newaxis]
    return running[:, 2 * half + 1 :] - running[:, :width]


def _rows_alike(halves: np.ndarray) -> Iterator[tuple[slice, int]]:
    """Rows whose windows are equally wide, and half their width: they are looked at together."""
    bounds = [0, *(np.flatnonzero(np.diff(halves)) + 1).tolist(), len(halves)]
    return ((slice(start, end), int(halves[start])) for start, end in zip(bounds, bounds[1:]))


def focal_ranges(values: np.ndarray, valid: np.ndarray, half_rows: int, half_columns: np.ndarray) -> np.ndarray:
    """Largest minus smallest valid value about each pixel; the cost does not depend on the window (van Herk 1992).

    Args:
        values: shape (height, width).
        valid: the same shape.
        half_rows: rows above and below.
        half_columns: columns to the left and right, per row, shape (height,).

    Returns:
        float64 of the same shape; meaningless where no pixel of the window is valid.
    """
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    highest = np.where(valid, values, -np.inf).astype(np.float64)
    lowest = np.where(valid, values, np.inf).astype(np.float64)
    highest = maximum_filter1d(highest, 2 * half_rows + 1, axis=0, mode="constant", cval=-np.inf)
    lowest = minimum_filter1d(lowest, 2 * half_rows + 1, axis=0, mode="constant", cval=np.inf)
    for rows, half in _rows_alike(half_columns):
        highest[rows] = maximum_filter1d(highest[rows], 2 * half + 1, axis=1, mode="constant", cval=-np.inf)
        lowest[rows] = minimum_filter1d(lowest[rows], 2 * half + 1, axis=1, mode="constant", cval=np.inf)
    return np.subtract(highest, lowest, out=np.zeros_like(highest), where=np.isfinite(highest) & np.isfinite(lowest))


def write_focal_means(source: Source, grid: Grid, path: str, window: FocalWindow, progress: Progress = QUIET) -> Source:
    """Writes the focal mean of a source as an intermediate raster and returns it as a source of the same name.

    Raises:
        InputError: the raster cannot be read.
        OutputError: the file cannot be written.
        Cancelled: the user stopped.
    """

    def blocks(reader: BandReader) -> Blocks:
        top = 0
        for means, valid in focal_means(_strips(reader, grid), window):
            yield Window(0, top, *valid.shape[::-1]), means, valid
            top += len(valid)

    return _write(source, grid, path, blocks, progress)


def write_focal_ranges(
    source: Source, grid: Grid, path: str, window: FocalWindow, progress: Progress = QUIET
) -> Source:
    """Writes the focal range of a source as an intermediate raster. Raises as `write_focal_means`."""

    def blocks(reader: BandReader) -> Blocks:
        for inner in cut_windows(grid, BYTES_PER_PIXEL):
            columns = window.half_columns[inner.row : inner.row + inner.height]
            outer = _with_halo(inner, grid, window.half_rows, int(columns.max()))
            values, valid = reader.read(outer.column, outer.row, outer.width, outer.height)
            down, right = inner.row - outer.row, inner.column - outer.column
            part = np.s_[down : down + inner.height, right : right + inner.width]
            halves = window.half_columns[outer.row : outer.row + outer.height]
            yield inner, focal_ranges(values, valid, window.half_rows, halves)[part], valid[part]

    return _write(source, grid, path, blocks, progress)


def _with_halo(inner: Window, grid: Grid, rows: int, columns: int) -> Window:
    """A window with so many rows and columns more on each side, cut at the edges of the raster."""
    left, top = max(0, inner.column - columns), max(0, inner.row - rows)
    right = min(grid.width, inner.column + inner.width + columns)
    bottom = min(grid.height, inner.row + inner.height + rows)
    return Window(left, top, right - left, bottom - top)


def _strips(reader: BandReader, grid: Grid) -> Iterator[Strip]:
    for top in range(0, grid.height, TILE):
        yield reader.read(0, top, grid.width, min(TILE, grid.height - top))
        reader.release()


def _write(source: Source, grid: Grid, path: str, blocks: Callable[[BandReader], Blocks], progress: Progress) -> Source:
    output = Output(source.name, path, (Band(source.name),), "float32", FLOAT_NODATA)
    done = 0
    with RasterWriter(output, grid, WriteOptions(overviews=False), threads=1) as writer:
        for window, values, valid in blocks(open_source(source, grid, threads=1)):
            progress.check()
            stack, _ = stack_for(output, values, valid)
            writer.write(window, stack)
            done += window.width * window.height
            progress.set(100 * done / (grid.width * grid.height))
        writer.finish(QUIET)
        writer.commit()
    return replace(source, path=path, band=1, kind="continuous", minimum=None, maximum=None, resampling=None)
