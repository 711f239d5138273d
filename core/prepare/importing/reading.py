"""Reads steps of a period ahead, piece by piece of a tile, with the quality that belongs to them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Union

import numpy as np

from ...errors import InputError
from ...messages import say
from ...raster.dataset import call_gdal, open_raster
from ...raster.grid import Grid
from ...raster.windows import Window
from ..catalogue.product import Layer
from ..files.containers import OpenedLayer
from .steps import Step

_PIECE_EDGE = 4096  # pixels
_MOST_READERS = 4


def pieces_of(window: Window, grid: Grid, block: tuple[int, int], pixels: int, random_access: bool) -> Iterator[Window]:
    """Parts of a window, of so many pixels or less, that end where blocks of the file end: each is decoded once.

    Full rows where the blocks are rows, and of files that are unpacked from their start for each part.
    """
    across, down = block
    width = window.width if across >= grid.width or not random_access else max(across, _PIECE_EDGE // across * across)
    height = max(1, pixels // min(width, window.width))
    height = max(1, height // down) * down if height >= down else height
    for top, bottom in _cuts(window.row, window.height, height):
        for left, right in _cuts(window.column, window.width, width):
            yield Window(left, top, right - left, bottom - top)


def _cuts(start: int, length: int, step: int) -> Iterator[tuple[int, int]]:
    """A span, cut at multiples of a step."""
    end = start + length
    while start < end:
        upto = min((start // step + 1) * step, end)
        yield start, upto
        start = upto


_ReadStep = tuple[Step, np.ndarray, "_Band", Union[np.ndarray, None]]


def read_ahead(steps: Sequence[Step], window: Window, with_quality: bool) -> Iterator[_ReadStep]:
    """Steps in their order, with values and quality; the next ones are read meanwhile.

    HDF and netCDF are read by the thread that asks: their libraries let only one in, and in others HDF5 writes to
    standard error what it only tries.
    """
    readers = readers_of(steps)
    if readers == 1:
        yield from (_read_step(step, window, with_quality) for step in steps)
        return
    with ThreadPoolExecutor(readers) as pool:
        coming: deque[Future[_ReadStep]] = deque()
        for step in steps:
            coming.append(pool.submit(_read_step, step, window, with_quality))
            if len(coming) > readers:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def _read_step(step: Step, window: Window, with_quality: bool) -> _ReadStep:
    stored, band = _read(step.layer.path, step.band, window, step.file.name)
    quality = _quality_of(step, step.quality, window) if with_quality and step.quality is not None else None
    return step, stored, band, quality


def is_random_access(steps: Sequence[Step]) -> bool:
    """Whether windows of files are read without unpacking what lies before them."""
    return all(step.file.edition is not None and step.file.edition.container == "raster" for step in steps)


def readers_of(steps: Sequence[Step]) -> int:
    """Threads that read: one of HDF and netCDF."""
    return min(_MOST_READERS, os.cpu_count() or 1, len(steps)) if is_random_access(steps) else 1


@dataclass(frozen=True)
class _Band:
    """What a band declares."""

    nodata: float | None
    scale: float
    offset: float

    def unpacked(self, stored: np.ndarray) -> np.ndarray:
        return stored.astype(np.float64) * self.scale + self.offset


def _read(path: str, band: int, window: Window, named: str) -> tuple[np.ndarray, _Band]:
    dataset = open_raster(path)
    raster = dataset.GetRasterBand(band)
    where = f"Cannot read {named}, band {band}"
    place = (window.column, window.row, window.width, window.height)
    stored: np.ndarray = call_gdal(where, InputError, raster.ReadAsArray, *place)
    if raster.GetMetadataItem("PIXELTYPE", "IMAGE_STRUCTURE") == "SIGNEDBYTE":
        stored = stored.view(np.int8)
    scale, offset = raster.GetScale(), raster.GetOffset()
    declared = _Band(raster.GetNoDataValue(), 1.0 if scale is None else scale, 0.0 if offset is None else offset)
    return stored, declared


def stored_in(step: Step, layer: Layer) -> tuple[np.dtype, tuple[int, int]]:
    """The type in which numbers are reduced, as they are stored or unpacked; and the size of the blocks of the file."""
    stored, _ = _read(step.layer.path, step.band, Window(0, 0, 1, 1), step.file.name)
    dataset = open_raster(step.layer.path)
    across, down = dataset.GetRasterBand(step.band).GetBlockSize()
    return np.dtype(np.float64) if layer.scale is None else stored.dtype, (across, down)


def _quality_of(step: Step, quality: OpenedLayer, window: Window) -> np.ndarray:
    """Quality of each pixel of a window; its grid may be coarser by a whole number.

    Raises:
        InputError: its pixels are no whole number of pixels of the values.
    """
    values, own = step.layer.grid, quality.grid
    across, down = values.width // own.width, values.height // own.height
    if (own.width * across, own.height * down) != (values.width, values.height):
        raise InputError(
            say(
                "{file}: the quality has {width} x {height} pixels, and the values {columns} x {rows}. Is it complete?",
                file=step.file.name,
                width=own.width,
                height=own.height,
                columns=values.width,
                rows=values.height,
            )
        )
    columns = (window.column + np.arange(window.width)) // across
    rows = (window.row + np.arange(window.height)) // down
    left, top = int(columns[0]), int(rows[0])
    over = Window(left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1)
    read, _ = _read(quality.path, quality.bands[0], over, step.file.name)
    return read if (across, down) == (1, 1) else read[np.ix_(rows - top, columns - left)]
