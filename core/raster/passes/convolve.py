"""Convolution of a raster of any size with a compact kernel: overlapping blocks, each by FFT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Callable

import numpy as np

from ...progress import Progress
from ..files import intermediate_path
from ..grid import Grid
from ..output import Band, Output, RasterWriter, WriteOptions
from ..reading.source import BandReader, Source, open_source
from ..windows import TILE, Window

# A block is at least twice as wide as the kernel reaches, so that at most three quarters of each FFT are overlap.
BLOCK_PER_REACH = 2


def convolve_source(
    source: Source,
    kernel: np.ndarray,
    grid: Grid,
    folder: str,
    progress: Progress,
    check: Callable[[np.ndarray, np.ndarray], None] | None = None,
) -> Source:
    """Convolves one band; what is not valid and what lies beyond the raster counts as 0.

    Every block is read with a margin as wide as the kernel reaches and convolved by FFT (overlap-save), so the result
    does not depend on the blocks, and memory grows with the kernel, not with the raster.

    Args:
        source: fitted to the grid; not negative.
        kernel: weights, shape (2 rows + 1, 2 columns + 1), symmetric, not negative.
        grid: the reference grid.
        folder: for the result.
        progress: of the blocks.
        check: gets the values and validity of each block and may refuse them.

    Returns:
        A float32 source, `<name>:convolved`, valid everywhere and never negative.
    """
    from scipy import fft

    reach_rows, reach_columns = (size // 2 for size in kernel.shape)
    path = intermediate_path(folder, f"{source.name} convolved")
    output = Output("convolved", path, (Band("convolved"),), "float32")
    windows = list(_windows(grid, max(reach_rows, reach_columns)))
    reader = open_source(source, grid, 1)
    transforms: dict[tuple[int, ...], np.ndarray] = {}
    with RasterWriter(output, grid, WriteOptions(overviews=False), threads=1) as writer:
        for done, window in enumerate(windows):
            progress.check()
            halo = _read_with_margin(reader, window, grid, reach_rows, reach_columns, check)
            shape = tuple(fft.next_fast_len(size, real=True) for size in halo.shape)
            if shape not in transforms:
                transforms[shape] = fft.rfft2(kernel, shape)
            cyclic = fft.irfft2(fft.rfft2(halo, shape) * transforms[shape], shape)
            # the first 2 * reach rows and columns are wrapped around, the rest is the linear convolution
            rows, columns = 2 * reach_rows, 2 * reach_columns
            block = cyclic[rows : rows + window.height, columns : columns + window.width]
            # rounding of the FFT leaves traces around zero where nothing is near
            writer.write(window, np.maximum(block, 0)[np.newaxis].astype(np.float32))
            progress.set(100 * (done + 1) / len(windows))
        writer.finish(progress)
        writer.commit()
    made = replace(source, name=f"{source.name}:convolved", path=path, band=1)
    return replace(made, minimum=None, maximum=None, resampling=None, admission=None)


def _windows(grid: Grid, reach: int) -> Iterator[Window]:
    step = TILE * max(1, -(-BLOCK_PER_REACH * reach // TILE))
    for row in range(0, grid.height, step):
        for column in range(0, grid.width, step):
            yield Window(column, row, min(step, grid.width - column), min(step, grid.height - row))


def _read_with_margin(
    reader: BandReader,
    window: Window,
    grid: Grid,
    rows: int,
    columns: int,
    check: Callable[[np.ndarray, np.ndarray], None] | None,
) -> np.ndarray:
    """The window and its margin, zero beyond the raster, float64."""
    left, top = max(0, window.column - columns), max(0, window.row - rows)
    right = min(grid.width, window.column + window.width + columns)
    bottom = min(grid.height, window.row + window.height + rows)
    values, valid = reader.read(left, top, right - left, bottom - top)
    if check is not None:
        check(values, valid)
    padded = np.zeros((window.height + 2 * rows, window.width + 2 * columns))
    into_row, into_column = top - window.row + rows, left - window.column + columns
    padded[into_row : into_row + bottom - top, into_column : into_column + right - left] = np.where(valid, values, 0)
    return padded
