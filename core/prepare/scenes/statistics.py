"""How the clear pixels of several scenes become one: median, medoid, mean, or the one with the highest NDVI."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from .network import CHUNK, select_middle

STATISTICS = ("median", "medoid", "mean", "best_ndvi")


MASKED = np.uint16(0xFFFF)


@dataclass(frozen=True)
class Seen:
    """A scene's band over a window.

    Attributes:
        number: of the scene, by date.
        stored: numbers as they are stored, shape (height, width).
        masked: uint16, `MASKED` where they are no clear measurement, else 0.
        scale, offset: to reflectance or Kelvin.
    """

    number: int
    stored: np.ndarray
    masked: np.ndarray
    scale: float
    offset: float

    @property
    def valid(self) -> np.ndarray:
        return self.masked == 0

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
        counted: observations by the masks that they were counted from: bands often share their masks.
    """

    count: int
    shape: tuple[int, int]
    look: Callable[[str, np.ndarray | None], Iterator[Seen]]
    alike: Callable[[str], np.dtype | None]
    counted: dict[tuple[int, ...], np.ndarray] = field(default_factory=dict)

    def counts_of(self, masks: Sequence[np.ndarray]) -> np.ndarray:
        """How many of the masks are open at each pixel, uint16."""
        key = tuple(map(id, masks))
        if key not in self.counted:
            counts = np.full(self.shape, len(masks), dtype=np.uint16)
            for masked in masks:
                counts += masked  # 0xFFFF takes one away
            self.counted[key] = counts
        return self.counted[key]


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
    masks, scale, offset = [], 1.0, 0.0
    for row, seen in enumerate(stacked.look(role, numbers if dtype else None)):
        masks.append(seen.masked)
        if dtype is None:
            numbers[row] = seen.values()
        else:
            scale, offset = seen.scale, seen.offset
    counts = stacked.counts_of(masks)
    flat = numbers.reshape(stacked.count, -1)[: len(masks)]
    found = middles(flat, [masked.reshape(-1) for masked in masks], counts.reshape(-1))
    found *= np.float32(0.5 * scale)
    found += np.float32(offset)
    return found.reshape(stacked.shape), counts


def middles(numbers: np.ndarray, masks: Sequence[np.ndarray], counts: np.ndarray) -> np.ndarray:
    """Twice the median of each pixel.

    What is masked is filled with the lowest and the highest number by turns, which moves the middle nowhere: the same
    two places hold it at every pixel, whatever is missing.

    Args:
        numbers: shape (scenes, pixels), of a type of 2 or 4 bytes; it is worked in.
        masks: a mask per scene, as in `Seen`.
        counts: of what is not masked.

    Returns:
        float32, shape (pixels,); undefined where nothing is left.
    """
    scenes, pixels = numbers.shape
    found = np.zeros(pixels, dtype=np.float32)
    if not scenes:
        return found
    bits = np.dtype(f"u{numbers.dtype.itemsize}")
    lowest, turn = _ends(numbers.dtype)
    filler, spare = np.empty(CHUNK, dtype=bits), np.empty(CHUNK, dtype=bits)
    for start in range(0, pixels, CHUNK):
        part = slice(start, min(start + CHUNK, pixels))
        chunk = numbers[:, part]
        fill, mixed = filler[: chunk.shape[1]], spare[: chunk.shape[1]]
        fill[:] = lowest
        for row, masked in zip(chunk.view(bits), masks):
            mask = masked[part] if bits.itemsize == 2 else masked[part].view(np.int16).astype(np.int32).view(bits)
            np.bitwise_xor(row, fill, out=mixed)
            np.bitwise_and(mixed, mask, out=mixed)
            np.bitwise_xor(row, mixed, out=row)
            np.bitwise_and(mask, turn, out=mixed)
            np.bitwise_xor(fill, mixed, out=fill)
        found[part] = _sum_of_middle(chunk, counts[part])
    return found


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
    masks: list[np.ndarray] = []
    scenes: list[int] = []
    for place, role in enumerate(roles):
        for row, seen in enumerate(stacked.look(role, None)):
            values[place, row] = seen.stored if as_stored else seen.values()
            if place == 0:
                scenes.append(seen.number)
                masks.append(seen.masked.copy())
            else:
                masks[row] |= seen.masked
    counts = stacked.counts_of(masks)
    flat = [masked.reshape(-1) for masked in masks]
    distances = np.zeros((len(scenes), *stacked.shape), dtype=np.float32)
    for bands in values[:, : len(scenes)]:
        middle = 0.5 * middles(bands.copy().reshape(len(scenes), -1), flat, counts.reshape(-1)).reshape(stacked.shape)
        for distance, band in zip(distances, bands):
            distance += (band - middle) ** 2
    best, smallest = np.full(stacked.shape, -1, dtype=np.int32), np.full(stacked.shape, np.inf, dtype=np.float32)
    for number, distance, masked in zip(scenes, distances, masks):
        closer = (masked == 0) & (distance < smallest)
        best[closer], smallest[closer] = number, distance[closer]
    return best, counts


def bytes_per_pixel(statistic: str, scenes: int, roles: int, itemsize: int) -> int:
    """Memory that a pixel of a window takes while it is composed."""
    held = {"median": scenes * itemsize, "medoid": scenes * (4 * roles + 4 + 4 + 2)}.get(statistic, 0)
    return 2 * scenes + held + 8 * roles + 64
