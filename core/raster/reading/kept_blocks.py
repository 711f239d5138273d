"""Rasters that several runs read: their decoded blocks stay in GDAL's cache from run to run, as far as they fit."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from osgeo import gdal

from ..grid import Grid
from .source import BandReader, Source, open_source

# Of GDAL's cache (a twentieth of the memory, or GDAL_CACHEMAX); the rest is for what comes and goes.
MOST_OF_CACHE = 0.5

_Key = tuple[Source, Grid]


class _OfThread(threading.local):
    """The readers that the thread keeps: a file opened by GDAL belongs to one thread at a time."""

    def __init__(self) -> None:
        self.readers: dict[_Key, BandReader] = {}


_of_thread = _OfThread()


@contextmanager
def kept_blocks(sources: Sequence[Source], grid: Grid, threads: int) -> Iterator[None]:
    """Within it, runs that this thread starts read each block of these sources from its file only once.

    Sources that do not fit any more are read anew by each run.

    Args:
        sources: fitted to the grid.
        grid: the reference grid.
        threads: codec threads of GDAL.

    Raises:
        InputError, GridError: a source cannot be opened, see `open_source`.
    """
    kept: list[_Key] = []
    free = MOST_OF_CACHE * gdal.GetCacheMax() - sum(_bytes(reader, grid) for reader in _of_thread.readers.values())
    opened: dict[str, gdal.Dataset] = {}
    try:
        for key in dict.fromkeys((source, grid) for source in sources):
            reader = open_source(key[0], grid, threads, opened)
            if key not in _of_thread.readers and _bytes(reader, grid) <= free:
                free -= _bytes(reader, grid)
                _of_thread.readers[key] = reader
                kept.append(key)
        yield
    finally:
        for key in kept:
            del _of_thread.readers[key]


def kept_reader(source: Source, grid: Grid) -> BandReader | None:
    """The reader of a source whose blocks this thread keeps; None where it keeps none."""
    return _of_thread.readers.get((source, grid))


def _bytes(reader: BandReader, grid: Grid) -> int:
    return grid.width * grid.height * gdal.GetDataTypeSize(reader.band.DataType) // 8
