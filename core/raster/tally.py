"""Sums over a raster that are gathered block by block and merged in block order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np

from .validity import pixels_per_row


class Sums:
    """Named arrays of counts and sums that add up over the blocks.

    Integers add exactly. Floats add with a running compensation (Neumaier 1974), so that the window size does not show
    in the totals.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray] | None = None) -> None:
        self._totals = {name: np.array(array, order="C") for name, array in (arrays or {}).items()}
        self._lost: dict[str, np.ndarray] = {}

    def merge(self, other: Sums) -> None:
        """Adds the sums of another block."""
        for name, addend in other._totals.items():
            if name not in self._totals:
                self._totals[name] = addend.copy()
            elif addend.dtype.kind == "f":
                self._add_compensated(name, addend)
            else:
                self._totals[name] = self._totals[name] + addend
        for name, lost in other._lost.items():
            self._lost[name] = self._lost.get(name, 0.0) + lost

    def _add_compensated(self, name: str, addend: np.ndarray) -> None:
        if name not in self._lost:
            self._lost[name] = np.zeros_like(addend)
        total, lost = self._totals[name], self._lost[name]
        if addend.size < MANY:
            self._totals[name], error = _two_sum(total, addend)
            self._lost[name] = lost + error
            return
        # most of many bins get nothing from one block
        some = np.flatnonzero(addend)
        flat = total.reshape(-1)
        flat[some], error = _two_sum(flat.take(some), addend.take(some))
        lost.reshape(-1)[some] += error

    def __getitem__(self, name: str) -> np.ndarray:
        return self._totals[name] + self._lost[name] if name in self._lost else self._totals[name]

    def __contains__(self, name: str) -> bool:
        return name in self._totals

    def __iter__(self) -> Iterator[str]:
        return iter(self._totals)


def _two_sum(total: np.ndarray, addend: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rounded sums, and what the rounding lost."""
    added = total + addend
    lost = np.where(np.abs(total) >= np.abs(addend), (total - added) + addend, (addend - added) + total)
    return added, lost


MANY = 1 << 12
CHUNK_PIXELS = 1 << 16
LANES = 4
MOST_BINS_IN_LANES = 1 << 12


def histogram(index: np.ndarray, bins: int, weights: np.ndarray | None = None) -> np.ndarray:
    """`np.bincount` in interleaved lanes.

    Neighbours are often alike, and adding to one bin again and again is slow.

    Args:
        index: bin of each value, shape (n,), integers 0 to bins - 1.
        bins: number of bins.
        weights: what is summed, shape (n,); None counts.

    Returns:
        Shape (bins,); int64 counts or float64 sums.
    """
    return _of_lanes(*_in_lanes(index, bins), bins, weights)


def sums_by_class(index: np.ndarray, classes: int, weights: Sequence[np.ndarray | None]) -> list[np.ndarray]:
    """Counts, or sums of several weights, of the pixels of each class.

    Args:
        index: class index of each pixel, any shape, integers 0 to classes - 1.
        classes: number of classes.
        weights: what is summed, broadcast to the shape of `index`; None counts pixels.

    Returns:
        Shape (classes,) each; int64 counts or float64 sums, added in chunks that stay in the processor's cache.
    """
    flat = np.ascontiguousarray(index).reshape(-1)
    of_pixels = [None if each is None else np.broadcast_to(each, index.shape).reshape(-1) for each in weights]
    totals: list[np.ndarray] = [np.zeros(classes, dtype=np.int64 if each is None else np.float64) for each in weights]
    chunk = max(CHUNK_PIXELS, 4 * classes)  # clearing the bins must not cost more than counting
    for start in range(0, flat.size, chunk):
        part = slice(start, start + chunk)
        in_lanes = _in_lanes(flat[part], classes)
        for total, each in zip(totals, of_pixels):
            total += _of_lanes(*in_lanes, classes, None if each is None else each[part])
    return totals


def sum_by_class(index: np.ndarray, classes: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Counts, or sums of one weight, as `sums_by_class`."""
    return sums_by_class(index, classes, [weights])[0]


def _in_lanes(index: np.ndarray, bins: int) -> tuple[np.ndarray, int]:
    """Bins by lane, and the number of lanes: one where there are many bins."""
    if bins > MOST_BINS_IN_LANES or index.size > CHUNK_PIXELS:
        return index, 1
    return index + _lanes(bins, index.dtype == np.uint8)[: index.size], LANES


def _of_lanes(index: np.ndarray, lanes: int, bins: int, weights: np.ndarray | None) -> np.ndarray:
    found = np.bincount(index, weights, lanes * bins)
    return found if lanes == 1 else found.reshape(lanes, bins).sum(axis=0)


@lru_cache(maxsize=8)
def _lanes(bins: int, of_bytes: bool) -> np.ndarray:
    """First bin of the lane of each value of a chunk; bytes for indices in bytes where all bins fit."""
    lanes = np.arange(CHUNK_PIXELS) % LANES * bins
    return lanes.astype(np.uint8 if of_bytes and LANES * bins <= 256 else np.intp)


def sums_over_area(
    index: np.ndarray, classes: int, areas_ha: np.ndarray, amounts: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Pixels, hectares, and amounts per hectare times area, of the pixels of each class.

    Args:
        index: class index of each pixel, shape (height, width), integers 0 to classes - 1.
        classes: number of classes.
        areas_ha: area of a pixel per row, shape (height, 1).
        amounts: per hectare, shape (height, width) each.

    Returns:
        Arrays of shape (classes,).
    """
    if (areas_ha == areas_ha[0]).all():
        pixels, *sums = sums_by_class(index, classes, [None, *amounts])
        area = areas_ha[0, 0]
        return pixels, pixels * area, [each * area for each in sums]
    pixels, hectares, *sums = sums_by_class(index, classes, [None, areas_ha, *(each * areas_ha for each in amounts)])
    return pixels, hectares, sums


def area_of(mask: np.ndarray, areas_ha: np.ndarray) -> float:
    """Area in hectares of the pixels of a mask; `areas_ha` of a pixel per row, shape (height, 1)."""
    if (areas_ha == areas_ha[0]).all():
        return float(np.count_nonzero(mask) * areas_ha[0, 0])
    return float(pixels_per_row(mask) @ areas_ha[:, 0])
