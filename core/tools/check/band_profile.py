"""What the pixels of one band look like: range, ends, codes, fractions, and tiles that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Callable

import numpy as np

from ...errors import InputError
from ...land_cover import HIGHEST_CODE
from ...progress import Progress
from ...raster.grid import Grid
from ...raster.reading.source import Source, open_source
from ...raster.windows import cut_windows

# More different whole numbers than this are a measure, not classes.
MAX_CODES = 256
MOST_CLASSES = 64
_SAMPLE_PIXELS = 200_000
# Files without a position have rows and columns all the same.
_NOWHERE = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


@dataclass
class End:
    """The outermost value of a band, how many pixels hold it, and the next value inwards (None: there is none)."""

    value: float
    pixels: int
    next: float | None


@dataclass
class BandProfile:
    """What one reading of a band tells. Values are scaled, nodata is left out.

    Attributes:
        pixels: all pixels that could be read.
        valid: pixels that hold a value.
        nans: pixels left out though the file declares no nodata: they hold NaN or infinity.
        fractions: valid pixels that hold no whole number.
        codes: pixels of each whole number; None where there are more than `MAX_CODES` of them.
        low, high: the ends of the range; None without a valid pixel.
        sample: valid values, evenly spread over the band.
        unreadable: messages of the windows that could not be read.
    """

    pixels: int = 0
    valid: int = 0
    nans: int = 0
    fractions: int = 0
    codes: dict[int, int] | None = field(default_factory=dict)
    low: End | None = None
    high: End | None = None
    sample: np.ndarray = field(default_factory=lambda: np.empty(0))
    unreadable: list[str] = field(default_factory=list)

    @property
    def valid_pct(self) -> float:
        return 100 * self.valid / self.pixels if self.pixels else 0.0

    def percentile(self, percent: float, without: frozenset[float] = frozenset()) -> float:
        """A percentile of the sample, NaN without values; `without` leaves fill values out."""
        values = self.sample[~np.isin(self.sample, list(without))] if without else self.sample
        return float(np.percentile(values, percent)) if values.size else float("nan")

    @cached_property
    def looks_like_classes(self) -> bool:
        """Few different whole numbers from 0 to 999, nearly everywhere; a share from 0 to 1 holds no classes."""
        if not self.codes or len(self.codes) > MOST_CLASSES or min(self.codes) < 0 or max(self.codes) > HIGHEST_CODE:
            return False
        return self.fractions == 0 or (self.fractions < 0.1 * self.valid and max(self.codes) > 1)


def profile_band(path: str, band: int, width: int, height: int, progress: Progress) -> BandProfile:
    """Reads a band once, window by window, whatever is wrong with its position or some of its tiles.

    Raises:
        InputError: the raster or the band cannot be opened.
        Cancelled: the user stopped.
    """
    grid = Grid(width, height, _NOWHERE, "")
    reader = open_source(Source("band", path, band), grid, threads=1)
    windows = cut_windows(grid, bytes_per_pixel=16)
    step = max(1, int((width * height / _SAMPLE_PIXELS) ** 0.5))
    profile, sample = BandProfile(), []
    for done, window in enumerate(windows):
        progress.check()
        try:
            values, valid = reader.read(window.column, window.row, window.width, window.height)
        except InputError as reason:
            profile.unreadable.append(str(reason))
            continue
        reader.release()
        profile.pixels += values.size
        profile.nans += int(values.size - valid.sum()) if reader.nodata is None and not reader.uses_mask else 0
        sample.append(values[::step, ::step][valid[::step, ::step]])
        _add(profile, values[valid])
        progress.set(100 * (done + 1) / len(windows))
    profile.sample = np.concatenate(sample) if sample else profile.sample
    return profile


def _add(profile: BandProfile, values: np.ndarray) -> None:
    if values.size == 0:
        return
    profile.valid += values.size
    whole = values == np.floor(values)
    profile.fractions += int(values.size - np.count_nonzero(whole))
    profile.low = _outer(profile.low, _end(values, np.min, np.less), -1)
    profile.high = _outer(profile.high, _end(values, np.max, np.greater), 1)
    if profile.codes is not None:
        profile.codes = _add_codes(profile.codes, values[whole])


def _end(values: np.ndarray, outermost: Callable[..., Any], beyond: np.ufunc) -> End:
    value = outermost(values)
    inner = values[beyond(value, values)]
    return End(float(value), int(values.size - inner.size), float(outermost(inner)) if inner.size else None)


def _outer(known: End | None, found: End, sign: int) -> End:
    """The end of two sets of pixels; `sign` is 1 for the upper end, -1 for the lower."""
    if known is None:
        return found
    if known.value == found.value:
        inner = [end.next for end in (known, found) if end.next is not None]
        return End(known.value, known.pixels + found.pixels, max(inner, key=lambda v: sign * v) if inner else None)
    outer, other = (known, found) if sign * known.value > sign * found.value else (found, known)
    inner = [value for value in (outer.next, other.value) if value is not None]
    return End(outer.value, outer.pixels, max(inner, key=lambda v: sign * v))


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
