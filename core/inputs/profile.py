"""What the pixels of one band look like: range, fill codes, class codes, fractions, tiles that cannot be read.

A look reads a few blocks that are spread over the band, the same ones for the same file, so that it takes a fraction of
a second however large the raster is. A small band is read in full. Check inputs reads every band in full.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np
from osgeo import gdal

from ..errors import InputError
from ..messages import say
from ..progress import QUIET, Progress
from ..quantities import Fill, Quantity, Range, quantities
from ..raster.dataset import is_made, open_raster
from ..raster.grid import Grid
from ..raster.reading.source import Kind, Source, open_source
from ..raster.reading.stored import Linear, linear_of
from ..raster.reading.whole import is_cut
from ..raster.windows import Window, cut_windows

# More different whole numbers than this are a measure, not classes.
MAX_CODES = 256
MOST_CLASSES = 64
WHOLE_PIXELS = 2**20  # a band up to this size is read in full
_LOOK_PIXELS, _LOOK_SHARE = 2**21, 0.03  # what a look reads at the most, so that the pass stays what takes time
_FEWEST_BLOCKS, _MOST_BLOCKS = 4, 64
_LARGEST_BLOCK = 2**25  # what has to be decoded at once; beyond it only the pass itself looks
_SAMPLE_PIXELS = 2**16
# Steps of an evenly spread sequence in two dimensions (M. Roberts 2018, after the plastic number).
_STEP_X, _STEP_Y = 0.7548776662466927, 0.5698402909980532
# Files without a position have rows and columns all the same.
_NOWHERE = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
_LARGEST_CODE = 2.0**53  # beyond it floats hold no whole numbers one by one, and nothing is a code


@dataclass(frozen=True)
class End:
    """The outermost value of a band, how many pixels hold it, and the next value inwards (None: there is none)."""

    value: float
    pixels: int
    next: float | None


@dataclass
class RasterProfile:
    """What was seen of a band. Values are scaled, nodata is left out.

    Attributes:
        path, band: which.
        width, height: of the raster, in pixels.
        dtype: GDAL's name of the type of the stored numbers.
        nodata: as declared, a stored number; None where none is.
        masked: whether a mask band or an alpha band says what is valid.
        scale, offset: value = stored number x scale + offset.
        unit, description: as the band has them.
        made: whether this plugin has computed it, and so says what has no value.
        whole: whether every pixel was read.
        pixels: that were read.
        valid: pixels that hold a value, fill codes among them.
        gaps: pixels that hold NaN or infinity, or that nodata and mask leave out.
        fractions: valid pixels that hold no whole number.
        codes: pixels of each whole number, fill codes among them; None where there are more than `MAX_CODES` of them.
        fills: pixels of each usual fill code that occurs, by value (not by stored number).
        lowest, highest: the ends of what is no fill code; None where nothing else is valid.
        sample: valid values that are no fill code, ascending, at most some ten thousands, evenly spread over the band.
        unreadable: messages of the windows that could not be read.
        checksum: of the pixels that were read.
        cut: whether the file ends before its last pixels.
    """

    path: str
    band: int
    width: int
    height: int
    dtype: str
    nodata: float | None
    masked: bool
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    description: str = ""
    made: bool = False
    whole: bool = True
    pixels: int = 0
    valid: int = 0
    fractions: int = 0
    codes: dict[int, int] | None = field(default_factory=dict)
    fills: dict[float, int] = field(default_factory=dict)
    lowest: End | None = None
    highest: End | None = None
    sample: np.ndarray = field(default_factory=lambda: np.empty(0))
    unreadable: list[str] = field(default_factory=list)
    checksum: int = 0
    cut: bool = False

    @property
    def low(self) -> float | None:
        """The lowest value that is no fill code."""
        return self.lowest.value if self.lowest else None

    @property
    def high(self) -> float | None:
        """The highest value that is no fill code."""
        return self.highest.value if self.highest else None

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self.width, self.height

    @property
    def gaps(self) -> int:
        return self.pixels - self.valid

    def within(self, minimum: float | None, maximum: float | None) -> RasterProfile:
        """What is left of the profile in a valid range that the user gave."""
        if minimum is None and maximum is None:
            return self
        low = -np.inf if minimum is None else minimum
        high = np.inf if maximum is None else maximum
        sample = self.sample[(self.sample >= low) & (self.sample <= high)]
        fills = {value: pixels for value, pixels in self.fills.items() if low <= value <= high}
        ends = [End(float(value), 1, None) for value in sample[[0, -1]]] if sample.size else [None, None]
        return replace(self, sample=sample, fills=fills, lowest=ends[0], highest=ends[1])

    @property
    def valid_pct(self) -> float:
        return 100 * self.valid / self.pixels if self.pixels else 0.0

    @property
    def declares_nodata(self) -> bool:
        return self.nodata is not None or self.masked

    def stored(self, value: float) -> float:
        """The number that the file holds for a value."""
        number = (value - self.offset) / self.scale
        return round(number) if abs(number - round(number)) < 1e-6 * max(1.0, abs(number)) else number

    def percentile(self, percent: float) -> float:
        """A percentile of what is no fill code; NaN where there is nothing."""
        return float(np.percentile(self.sample, percent)) if self.sample.size else float("nan")

    @cached_property
    def looks_like_classes(self) -> bool:
        """Few different whole numbers from 0 on, nearly everywhere; a share from 0 to 1 holds no classes."""
        if not self.codes or len(self.codes) > MOST_CLASSES or min(self.codes) < 0:
            return False
        return self.fractions == 0 or (self.fractions < 0.1 * self.valid and max(self.codes) > 1)


def look(path: str, band: int, kind: Kind = "continuous") -> RasterProfile:
    """A look at a band, from memory where the file has not changed since the last one.

    Raises:
        InputError: the raster or the band cannot be opened.
    """
    return _remembered(path, band, kind, _state(path))


@lru_cache(maxsize=512)
def _remembered(path: str, band: int, kind: Kind, state: tuple[int, ...]) -> RasterProfile:
    return profile_band(path, band, kind, sampled=True)


def _state(path: str) -> tuple[int, ...]:
    """What changes when a file is written again; nothing is known of names that are no files."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size


def profile_band(
    path: str, band: int, kind: Kind = "continuous", *, sampled: bool = False, progress: Progress = QUIET
) -> RasterProfile:
    """Reads a band once, window by window, whatever is wrong with its position or some of its tiles.

    Args:
        path, band: which.
        kind: `classes` are not scaled.
        sampled: reads a few blocks only where the band is large.
        progress: told how far it is.

    Raises:
        InputError: the raster or the band cannot be opened.
        Cancelled: the user stopped.
    """
    dataset = open_raster(path)
    profile = _described(dataset, path, band, kind)
    grid = Grid(profile.width, profile.height, _NOWHERE, "")
    reader = open_source(Source("band", path, band, "continuous"), grid, threads=1)
    if kind == "classes":
        reader.scale, reader.offset = 1.0, 0.0
    profile.whole = not sampled or profile.width * profile.height <= WHOLE_PIXELS
    windows = cut_windows(grid, bytes_per_pixel=16) if profile.whole else _spread_blocks(dataset, band)
    read = sum(window.width * window.height for window in windows)
    step = max(1, int((read / _SAMPLE_PIXELS) ** 0.5))
    sample = []
    for done, window in enumerate(windows):
        progress.check()
        try:
            values, valid = reader.read(window.column, window.row, window.width, window.height)
        except InputError as reason:
            profile.unreadable.append(str(reason))
            continue
        profile.pixels += values.size
        profile.checksum = zlib.crc32(np.ascontiguousarray(values).data, profile.checksum)
        kept = _add(profile, values, valid)
        sample.append(values[::step, ::step][kept[::step, ::step]])
        progress.set(100 * (done + 1) / len(windows))
    reader.release()
    profile.sample = np.sort(np.concatenate(sample)) if sample else profile.sample
    return profile


def _described(dataset: gdal.Dataset, path: str, number: int, kind: Kind) -> RasterProfile:
    if not 1 <= number <= dataset.RasterCount:
        raise InputError(
            say(
                "{path} has {bands} band(s), band {band} was asked for.",
                path=path,
                bands=dataset.RasterCount,
                band=number,
            )
        )
    band = dataset.GetRasterBand(number)
    linear = linear_of(band) if kind != "classes" else Linear(1.0, 0.0)
    return RasterProfile(
        path=path,
        band=number,
        width=dataset.RasterXSize,
        height=dataset.RasterYSize,
        dtype=gdal.GetDataTypeName(band.DataType),
        nodata=band.GetNoDataValue(),
        masked=not band.GetMaskFlags() & (gdal.GMF_ALL_VALID | gdal.GMF_NODATA),
        scale=linear.scale or 1.0,
        offset=linear.offset,
        unit=band.GetUnitType(),
        description=band.GetDescription(),
        made=is_made(dataset),
        cut=is_cut(dataset),
    )


def _spread_blocks(dataset: gdal.Dataset, number: int) -> list[Window]:
    """Blocks of the file that are spread evenly over the band; none where a single one is too large to be decoded."""
    width, height = dataset.RasterXSize, dataset.RasterYSize
    across, down = dataset.GetRasterBand(number).GetBlockSize()
    together = dataset.RasterCount if dataset.GetMetadataItem("INTERLEAVE", "IMAGE_STRUCTURE") == "PIXEL" else 1
    size = across * down * together
    if size > _LARGEST_BLOCK:
        return []
    pixels = min(_LOOK_PIXELS, int(_LOOK_SHARE * width * height))
    count = min(_MOST_BLOCKS, max(_FEWEST_BLOCKS, pixels // size))
    columns, rows = -(-width // across), -(-height // down)
    chosen = {
        (int((0.5 + step * _STEP_Y) % 1 * rows), int((0.5 + step * _STEP_X) % 1 * columns)) for step in range(count)
    }
    return [
        Window(column * across, row * down, min(across, width - column * across), min(down, height - row * down))
        for row, column in sorted(chosen)
    ]


def _add(profile: RasterProfile, values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Counts the values of a window; returns where they are valid and no fill code."""
    held = values.reshape(-1) if valid.all() else values[valid]
    profile.valid += held.size
    if held.size == 0:
        return valid
    whole = held[held == np.floor(held)] if held.dtype.kind == "f" else held
    profile.fractions += int(held.size - whole.size)
    if profile.codes is not None:
        profile.codes = _add_codes(profile.codes, whole[np.abs(whole) < _LARGEST_CODE])
    low, high = held.min(), held.max()
    fills = _fills_among(profile, held, low, high)
    if fills:
        valid = valid & ~np.isin(values, fills)
        held = values[valid]
    if held.size:
        low, high = (held.min(), held.max()) if fills else (low, high)
        profile.lowest = _outer(profile.lowest, held, low, high, -1)
        profile.highest = _outer(profile.highest, held, high, low, 1)
    return valid


def _end(values: np.ndarray, value: Any, other: Any) -> End:
    """An end of the range of values, and the next value towards the other end."""
    if value == other:
        return End(float(value), int(values.size), None)
    inner = values[values != value]
    return End(float(value), int(values.size - inner.size), float(inner.max() if value > other else inner.min()))


def _outer(known: End | None, values: np.ndarray, value: Any, other: Any, sign: int) -> End:
    """The end of the pixels before and of more values, from `value` to `other`; `sign` is 1 for the upper end."""
    if known is None:
        return _end(values, value, other)
    if sign * known.value > sign * float(value):
        further = [float(value), *([] if known.next is None else [known.next])]
        return replace(known, next=max(further, key=lambda one: sign * one))
    found = _end(values, value, other)
    inner = [one for one in (found.next, known.next, known.value) if one is not None and one != found.value]
    pixels = found.pixels + (known.pixels if known.value == found.value else 0)
    return End(found.value, pixels, max(inner, key=lambda one: sign * one) if inner else None)


def _fills_among(profile: RasterProfile, held: np.ndarray, lowest: Any, highest: Any) -> list[Any]:
    """The values of usual fill codes among the values, whose pixels are counted."""
    found: dict[Any, int] = {}
    for codes in (fill.codes for fill in usual_fills()):
        with np.errstate(over="ignore"):
            low, high = (held.dtype.type(code * profile.scale + profile.offset) for code in codes)
        if lowest <= high and low <= highest:
            inside = held[(held >= low) & (held <= high)]
            if codes.high - codes.low >= 1:  # a range of codes, which are whole numbers as the file holds them
                stored = (inside - profile.offset) / profile.scale
                inside = inside[np.abs(stored - np.rint(stored)) < 1e-6 * np.maximum(1, np.abs(stored))]
            found.update(zip(*np.unique(inside, return_counts=True)))
    for value, pixels in found.items():
        profile.fills[float(value)] = profile.fills.get(float(value), 0) + int(pixels)
    return list(found)


@cache
def usual_fills() -> tuple[Fill, ...]:
    """What a provider of any quantity uses for no data; 0 apart, which is mostly a value."""
    found = {fill.id: fill for quantity in quantities().values() for fill in quantity.fills}
    return tuple(fill for fill in found.values() if not fill.codes.holds(0))


def fill_of(stored: float, meaning: Quantity) -> Fill | None:
    """The fill code that a stored number is: one of its quantity, else any that providers use."""
    return meaning.fill(stored) or next((fill for fill in usual_fills() if fill.codes.holds(stored)), None)


def fill_ranges(meaning: Quantity) -> tuple[Range, ...]:
    """Stored numbers that stand for no data where they are no possible value of a quantity."""
    return tuple(dict.fromkeys(fill.codes for fill in (*meaning.fills, *usual_fills())))


def _add_codes(codes: dict[int, int], values: np.ndarray) -> dict[int, int] | None:
    """Adds the pixels of whole numbers; None when there are too many different ones."""
    if values.size and values.max() - values.min() < 65536:
        first = int(values.min())
        counted = np.bincount((values - first).astype(np.intp))
        found = np.flatnonzero(counted)
        found, pixels = found + first, counted[found]
    else:
        found, pixels = np.unique(values, return_counts=True)
    if len(found) > MAX_CODES:
        return None
    total = dict(codes)
    for code, count in zip(found, pixels):
        total[int(code)] = total.get(int(code), 0) + int(count)
    return total if len(total) <= MAX_CODES else None
