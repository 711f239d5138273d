"""How the clear pixels of several scenes become one: median, medoid, mean, or the one with the highest NDVI."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from .network import CHUNK, select_middle

STATISTICS = ("median", "medoid", "mean", "best_ndvi")


CLEAR = np.uint16(0xFFFF)


@dataclass(frozen=True)
class Seen:
    """A scene's band over a window.

    Attributes:
        number: of the scene, by date.
        stored: numbers as they are stored, shape (height, width).
        kept: uint16, `CLEAR` where they are a clear measurement, else 0.
        scale, offset: to reflectance or Kelvin.
    """

    number: int
    stored: np.ndarray
    kept: np.ndarray
    scale: float
    offset: float

    @property
    def valid(self) -> np.ndarray:
        return self.kept != 0

    def values(self) -> np.ndarray:
        return self.stored * np.float64(self.scale) + self.offset


@dataclass(frozen=True)
class Stacked:
    """What the scenes of a window are asked by: a role's observations one by one, by date.

    Attributes:
        count: of scenes, at most.
        shape: of the window.
        look: the observations of a role; its stored numbers are read into the rows of an array where one is given.
        alike: the type of a role's stored numbers where all scenes store it alike; None where they do not.
        known: masks that were looked at before: bands often share them.
    """

    count: int
    shape: tuple[int, int]
    look: Callable[[str, np.ndarray | None], Iterator[Seen]]
    alike: Callable[[str], np.dtype | None]
    known: dict[tuple, Masks] = field(default_factory=dict)

    def masks_of(self, kept: Sequence[np.ndarray], dtype: np.dtype) -> Masks:
        """What the masks of scenes, as in `Seen`, mean for numbers of a type."""
        key = (dtype, *map(id, kept))
        if key not in self.known:
            self.known.clear()
            self.known[key] = Masks.of(kept, dtype)
        return self.known[key]


@dataclass(frozen=True)
class Masks:
    """What fills numbers that are masked, so that their middle stays where it is.

    The lowest and the highest number go in by turns: whatever is missing, the same two places hold the middle.

    Attributes:
        kept: masks by scene.
        fills: bits of the number that goes in, by scene; 0 where none does.
        counts: of what is not masked, uint16.
    """

    kept: Sequence[np.ndarray]
    fills: Sequence[np.ndarray]
    counts: np.ndarray

    @classmethod
    def of(cls, kept: Sequence[np.ndarray], dtype: np.dtype) -> Masks:
        """Masks of one shape; `dtype` has 2 or 4 bytes."""
        bits = np.dtype(f"u{dtype.itemsize}")
        lowest, turn = _ends(dtype)
        counts, filler = np.zeros(kept[0].shape, dtype=np.uint16), np.full(kept[0].shape, lowest, dtype=bits)
        fills = []
        for mask in kept:
            counts -= mask  # 0xFFFF is one less than nought
            missing = ~_widened(mask, bits)
            fills.append(filler & missing)
            missing &= bits.type(turn)
            filler ^= missing
        return cls(kept, fills, counts)


def _widened(mask: np.ndarray, bits: np.dtype) -> np.ndarray:
    """A mask of 16 bits in more."""
    return mask if bits.itemsize == 2 else mask.view(np.int16).astype(np.int32).view(bits)


@dataclass(frozen=True)
class Composed:
    """The composite of a window.

    Attributes:
        bands: float32 values and number of observations by role, both of the window's shape; where there is no
            observation the value is undefined.
        counts: of clear scenes.
        best: number of the scene that was chosen at each pixel, -1 for none; None where none was chosen.
    """

    bands: dict[str, tuple[np.ndarray, np.ndarray]]
    counts: np.ndarray
    best: np.ndarray | None = None


def compose(statistic: str, stacked: Stacked, roles: Sequence[str]) -> Composed:
    """The composite of a window.

    Args:
        statistic: one of `STATISTICS`.
        stacked: the scenes.
        roles: the bands of reflectance; `red` and `nir` among them.
    """
    if statistic in ("median", "mean"):
        of_role = median_of if statistic == "median" else mean_of
        bands = {role: of_role(stacked, role) for role in roles}
        return Composed(bands, np.minimum.reduce([counts for _, counts in bands.values()]))
    best, counts = _medoid(stacked, roles) if statistic == "medoid" else _greenest(stacked)
    return Composed({role: picked(stacked, role, best) for role in roles}, counts, best)


def median_of(stacked: Stacked, role: str) -> tuple[np.ndarray, np.ndarray]:
    """The median; of even numbers of observations the mean of the middle two."""
    dtype = stacked.alike(role)
    numbers = np.empty((stacked.count, *stacked.shape), dtype=dtype or np.float32)
    kept, scale, offset = [], 1.0, 0.0
    for row, seen in enumerate(stacked.look(role, numbers if dtype else None)):
        kept.append(seen.kept)
        if dtype is None:
            numbers[row] = seen.values()
        else:
            scale, offset = seen.scale, seen.offset
    if not kept:
        return np.zeros(stacked.shape, dtype=np.float32), np.zeros(stacked.shape, dtype=np.uint16)
    masks = stacked.masks_of(kept, numbers.dtype)
    found = twice_the_median(numbers[: len(kept)], masks)
    found *= np.float32(0.5 * scale)
    found += np.float32(offset)
    return found, masks.counts


def twice_the_median(numbers: np.ndarray, masks: Masks) -> np.ndarray:
    """Twice the median of each pixel.

    Args:
        numbers: shape (scenes, height, width), of a type of 2 or 4 bytes; it is worked in.
        masks: of the scenes.

    Returns:
        float32, shape (height, width); undefined where nothing is left.
    """
    scenes, height, width = numbers.shape
    flat, bits = numbers.reshape(scenes, -1), np.dtype(f"u{numbers.dtype.itemsize}")
    kept = [mask.reshape(-1) for mask in masks.kept]
    fills, counts = [fill.reshape(-1) for fill in masks.fills], masks.counts.reshape(-1)
    found = np.empty(height * width, dtype=np.float32)
    for start in range(0, flat.shape[1], CHUNK):
        part = slice(start, start + CHUNK)
        chunk = flat[:, part]
        for row, mask, fill in zip(chunk.view(bits), kept, fills):
            np.bitwise_and(row, _widened(mask[part], bits), out=row)
            np.bitwise_or(row, fill[part], out=row)
        found[part] = _sum_of_middle(chunk, counts[part])
    return found.reshape(height, width)


def _ends(dtype: np.dtype) -> tuple[int, int]:
    """The bits of a type's lowest number, and those that turn it into the highest and back."""
    if dtype.kind == "f":
        return 0xFF7FFFFF, 0x80000000  # -3.4e38 and its sign
    everything = (1 << (8 * dtype.itemsize)) - 1
    return (0 if dtype.kind == "u" else 1 << (8 * dtype.itemsize - 1)), everything


def _sum_of_middle(chunk: np.ndarray, counts: np.ndarray) -> np.ndarray:
    first, second = select_middle(chunk)
    odd = (counts & 1).astype(bool)
    # the single middle of odd counts: the first place where the number of scenes is odd, else the second
    if len(chunk) & 1:
        second = np.where(odd, first, second)
    else:
        first = np.where(odd, second, first)
    with np.errstate(over="ignore"):  # pixels without an observation
        return np.add(first, second, dtype=np.float32)


def mean_of(stacked: Stacked, role: str) -> tuple[np.ndarray, np.ndarray]:
    """The mean."""
    total, counts = np.zeros(stacked.shape), np.zeros(stacked.shape, dtype=np.uint16)
    for seen in stacked.look(role, None):
        np.add(total, seen.values(), out=total, where=seen.valid)
        counts += seen.valid
    return (total / np.maximum(counts, 1)).astype(np.float32), counts


def picked(stacked: Stacked, role: str, best: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values of the scene that was chosen at each pixel, and 1 where it has one. `best` is -1 where there is none."""
    found, counts = np.zeros(stacked.shape, dtype=np.float32), np.zeros(stacked.shape, dtype=np.uint16)
    for seen in stacked.look(role, None):
        chosen = (best == seen.number) & seen.valid
        found[chosen] = seen.stored[chosen] * np.float64(seen.scale) + seen.offset
        counts += chosen
    return found, counts


def _greenest(stacked: Stacked) -> tuple[np.ndarray, np.ndarray]:
    """The scene with the highest NDVI at each pixel, of equal ones the first; and the number of observations."""
    best, counts = np.full(stacked.shape, -1, dtype=np.int32), np.zeros(stacked.shape, dtype=np.uint16)
    highest = np.full(stacked.shape, -np.inf)
    for red, nir in zip(stacked.look("red", None), stacked.look("nir", None)):
        valid = red.valid & nir.valid
        r, n = red.values(), nir.values()
        with np.errstate(divide="ignore", invalid="ignore"):
            ndvi = (n - r) / (n + r)
        valid &= np.isfinite(ndvi)
        better = valid & (ndvi > highest)
        best[better], highest[better] = red.number, ndvi[better]
        counts += valid
    return best, counts


def _medoid(stacked: Stacked, roles: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The scene whose bands lie closest to the medians of all: the smallest sum of squared distances, first by date.

    Scenes count where all their bands are valid. Source: Flood 2013, Remote Sensing 5(12), 6481-6500,
    doi 10.3390/rs5126481, in the form with the per-band medians.
    """
    alike = {stacked.alike(role) for role in roles}
    as_stored = len(alike) == 1 and None not in alike  # whole numbers: equal distances are equal to the last bit
    values = np.empty((len(roles), stacked.count, *stacked.shape), dtype=np.float32)
    kept: list[np.ndarray] = []
    scenes: list[int] = []
    for place, role in enumerate(roles):
        for row, seen in enumerate(stacked.look(role, None)):
            values[place, row] = seen.stored if as_stored else seen.values()
            if place == 0:
                scenes.append(seen.number)
                kept.append(seen.kept.copy())
            else:
                kept[row] &= seen.kept
    masks = Masks.of(kept, values.dtype)
    distances = np.zeros((len(scenes), *stacked.shape), dtype=np.float32)
    for bands in values[:, : len(scenes)]:
        middle = 0.5 * twice_the_median(bands.copy(), masks)
        for distance, band in zip(distances, bands):
            distance += (band - middle) ** 2
    best, smallest = np.full(stacked.shape, -1, dtype=np.int32), np.full(stacked.shape, np.inf, dtype=np.float32)
    for number, distance, mask in zip(scenes, distances, kept):
        closer = (mask != 0) & (distance < smallest)
        best[closer], smallest[closer] = number, distance[closer]
    return best, masks.counts


def bytes_per_pixel(statistic: str, scenes: int, roles: int, itemsize: int) -> int:
    """Memory that a pixel of a window takes while it is composed."""
    held = {"median": scenes * 2 * itemsize, "medoid": scenes * (4 * roles + 16)}.get(statistic, 0)
    return 2 * scenes + held + 8 * roles + 64
