"""What depends on the distance to the nearest pixel that counts: exact, strip by strip, in a bounded memory.

A first pass notes for each strip of rows where the nearest such pixels above and below it lie in each column. With them
a strip knows the distances within its columns, and from these come the distances along its rows (`envelope`).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Callable

import numpy as np

from ...progress import Progress
from ...quantities import ANY
from ..files import intermediate_path
from ..grid import Grid
from ..lengths import pixel_metres
from ..output import Band, Output, RasterWriter, WriteOptions
from ..reading.source import BandReader, Source, open_source
from ..windows import TILE, Window
from .envelope import nearest_in_rows

# Pixels of the rows whose distances are found at once: some 6 MB.
PIXELS_AT_ONCE = 1 << 16
POLL_SECONDS = 0.1
NOWHERE = 1 << 29  # a row so far away that no reach comes to it

OfDistance = Callable[[np.ndarray], np.ndarray]
Check = Callable[[np.ndarray, np.ndarray], None]


def write_by_distance(
    source: Source,
    of_distance: OfDistance,
    reach_m: float,
    grid: Grid,
    folder: str,
    progress: Progress,
    check: Check | None = None,
    threads: int = 1,
) -> Source:
    """Writes a function of the Euclidean distance to the nearest pixel above 0, in metres between centres of pixels.

    Pixels may be of any shape. On geographic grids, and where the projection stretches lengths, distances are measured
    by the width and height of a pixel in the row that they start from (`pixel_metres`). Pixels without a value count as
    0.

    Args:
        source: fitted to the grid.
        of_distance: of metres, infinite beyond the reach; gives 0 there.
        reach_m: the largest distance that matters. What it costs does not grow with it.
        grid: the reference grid.
        folder: for the result.
        progress: of the two passes.
        check: gets values and validity of each strip once and may refuse them.
        threads: that find distances.

    Returns:
        A continuous float32 source of any measure, `<name>:nearest`, valid everywhere; the source may hold classes.

    Raises:
        InputError: the raster cannot be read.
        OutputError: the file cannot be written.
        Cancelled: the user stopped.
    """
    path = intermediate_path(folder, f"{source.name} nearest")
    output = Output("nearest", path, (Band("nearest"),), "float32")
    rows = _Rows(open_source(source, grid, threads), grid)
    first = _first_below(rows, progress.part(0, 30), check)
    finder = _Finder(rows, first, of_distance, reach_m * (1 + 1e-9), threads)
    with RasterWriter(output, grid, WriteOptions(overviews=False), threads) as writer:
        for window, values in finder.strips(progress.part(30, 100)):
            writer.write(window, values[np.newaxis])
        writer.finish(progress)
        writer.commit()
    made = replace(source, name=f"{source.name}:nearest", path=path, band=1, kind="continuous", measure=ANY)
    return replace(made, minimum=None, maximum=None, resampling=None, admission=None)


@dataclass(frozen=True)
class _Rows:
    """Where pixels count, in strips that are as high as the tiles of the files."""

    reader: BandReader
    grid: Grid

    @property
    def tops(self) -> range:
        return range(0, self.grid.height, TILE)

    def read(self, top: int, check: Check | None = None) -> np.ndarray:
        """Which pixels of a strip count, shape (rows, width)."""
        values, valid = self.reader.read(0, top, self.grid.width, min(TILE, self.grid.height - top))
        self.reader.release()
        if check is not None:
            check(values, valid)
        return valid & (values > 0)


def _first_below(rows: _Rows, progress: Progress, check: Check | None) -> np.ndarray:
    """The first row at or below the top of each strip that holds a pixel that counts, in each column.

    Returns:
        Int32, shape (strips + 1, width); `NOWHERE` where there is none.
    """
    first = np.full((len(rows.tops) + 1, rows.grid.width), NOWHERE, dtype=np.int32)
    for number, top in enumerate(rows.tops):
        progress.check()
        counts = rows.read(top, check)
        np.copyto(first[number], top + counts.argmax(axis=0), where=counts.any(axis=0))
        progress.set(100 * (number + 1) / len(rows.tops))
    return np.minimum.accumulate(first[::-1], axis=0)[::-1]


@dataclass(frozen=True, eq=False)
class _Finder:
    """Finds distances strip by strip, a few rows at a time.

    Attributes:
        rows: what is read.
        first: of `_first_below`.
        of_distance: what is made of the distances.
        reach: the largest distance that matters.
        threads: that find distances.
    """

    rows: _Rows
    first: np.ndarray
    of_distance: OfDistance
    reach: float
    threads: int

    def strips(self, progress: Progress) -> Iterator[tuple[Window, np.ndarray]]:
        """The strips from the top, and what is made of their distances, float32."""
        grid = self.rows.grid
        above = np.full(grid.width, -NOWHERE, dtype=np.int32)
        with ThreadPoolExecutor(self.threads) as pool:
            for number, top in enumerate(self.rows.tops):
                progress.check()
                counts = self.rows.read(top)
                row = np.arange(top, top + len(counts), dtype=np.int32)[:, np.newaxis]
                before, behind = np.where(counts, row, above), np.where(counts, row, self.first[number + 1])
                np.maximum.accumulate(before, axis=0, out=before)
                np.minimum.accumulate(behind[::-1], axis=0, out=behind[::-1])
                above = before[-1].copy()
                steps = np.minimum(np.subtract(row, before, out=before), np.subtract(behind, row, out=behind))
                yield Window(0, top, grid.width, len(counts)), self._filled(steps, top, pool, progress)
                progress.set(100 * (number + 1) / len(self.rows.tops))

    def _filled(self, steps: np.ndarray, top: int, pool: ThreadPoolExecutor, progress: Progress) -> np.ndarray:
        """What is made of a strip, given how many rows away the nearest pixel that counts lies in each column."""
        made = np.empty(steps.shape, dtype=np.float32)
        height = max(1, PIXELS_AT_ONCE // made.shape[1])
        parts = (slice(start, start + height) for start in range(0, len(made), height))
        todo = [pool.submit(self._fill, made[part], steps[part], top + part.start) for part in parts]
        try:
            for part in todo:
                while not wait([part], POLL_SECONDS).done:
                    progress.check()
                part.result()
        except BaseException:
            for part in todo:
                part.cancel()
            raise
        return made

    def _fill(self, made: np.ndarray, steps: np.ndarray, top: int) -> None:
        across, down = (lengths[top : top + len(made), np.newaxis] for lengths in self._metres)
        made[:] = self.of_distance(nearest_in_rows(steps * down, across, self.reach))

    @cached_property
    def _metres(self) -> tuple[np.ndarray, np.ndarray]:
        return pixel_metres(self.rows.grid)
