"""How classes of two rasters meet: pixels and areas by zone, first class and second class."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...errors import InputError
from ...messages import say
from ..classes import ClassIndex
from ..tally import CHUNK_PIXELS, Sums, sum_by_class
from ..validity import is_everywhere

_BYTE, _NIBBLE = 256, 16


def count_pairs(first: np.ndarray, second: np.ndarray, size: int) -> np.ndarray:
    """Counts the pairs of values of two arrays.

    Args:
        first: integers 0 to size - 1, any shape.
        second: the same, of the same shape.
        size: how many values there are.

    Returns:
        int64, shape (size, size): rows are values of `first`, columns values of `second`.
    """
    flat_first, flat_second = np.ravel(first), np.ravel(second)
    bytes_only = flat_first.dtype == np.uint8 and flat_second.dtype == np.uint8
    if bytes_only and size <= _NIBBLE:
        return _count_nibbles(flat_first, flat_second)[:size, :size]
    counts = np.zeros(size * size, dtype=np.int64)
    chunk = max(CHUNK_PIXELS, 8 * size * size)  # clearing the bins must not cost more than counting
    key = np.empty(min(chunk, flat_first.size), dtype=np.uint16 if size <= _BYTE else np.intp)
    for start in range(0, flat_first.size, chunk):
        part = slice(start, start + chunk)
        filled = key[: flat_first[part].size]
        np.multiply(flat_first[part], size, out=filled, dtype=key.dtype, casting="unsafe")
        np.add(filled, flat_second[part], out=filled, casting="unsafe")
        counts += np.bincount(filled, minlength=size * size)
    return counts.reshape(size, size)


def _count_nibbles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Counts pairs of values below 16, shape (16, 16): a pair fills a byte, and two neighbours are counted at once."""
    key = np.left_shift(first, 4)
    key |= second
    even = key[: key.size - key.size % 2].view(np.uint16)
    neighbours = sum_by_class(even, _BYTE * _BYTE).reshape(_BYTE, _BYTE)
    counts = neighbours.sum(axis=0) + neighbours.sum(axis=1)
    if key.size % 2:
        counts[key[-1]] += 1
    return counts.reshape(_NIBBLE, _NIBBLE)


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pixels of a block that take part, with their pair of classes and their zone.

    Attributes:
        first: class codes, shape (height, width).
        second: the same, later.
        mask: which pixels take part.
        index: class codes to indices; codes that it does not know fall in one more class, the last.
        areas_ha: area of a pixel per row, shape (height, 1).
        zones: zone number per pixel; None for one zone, number 0.
    """

    first: np.ndarray
    second: np.ndarray
    mask: np.ndarray
    index: ClassIndex
    areas_ha: np.ndarray
    zones: np.ndarray | None = None

    def pixels(self) -> dict[int, np.ndarray]:
        """Pixels by first and second class, int64 (classes + 1, classes + 1), of each zone that occurs."""
        bytes_only = self.first.dtype == np.uint8 and self.second.dtype == np.uint8
        if self.zones is None and bytes_only:
            return {0: self._of_bytes(self._taking_part(self.first), self._taking_part(self.second))}
        return self._by_zone(sum_by_class(self._keys, self._bins))

    def sums(self, weights: np.ndarray) -> dict[int, np.ndarray]:
        """Sums of weights, shape (height, width), as float64 matrices of each zone that occurs."""
        return self._by_zone(sum_by_class(self._keys, self._bins, self._taking_part(weights)))

    def areas(self, pixels: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        """Areas in hectares that belong to the counts of `pixels`."""
        area = self.areas_ha[0, 0]
        if (self.areas_ha == area).all():
            return {zone: counts * area for zone, counts in pixels.items()}
        return self.sums(np.broadcast_to(self.areas_ha, self.mask.shape))

    @property
    def _size(self) -> int:
        return self.index.unknown + 1

    @cached_property
    def _all(self) -> bool:
        return is_everywhere(self.mask) or bool(self.mask.all())

    def _taking_part(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(-1) if self._all else values[self.mask]

    @cached_property
    def _present(self) -> np.ndarray:
        """The zone numbers that occur, rising; few of all zones lie in one block."""
        if self.zones is None:
            return np.zeros(1, dtype=np.intp)
        return np.flatnonzero(np.bincount(self._taking_part(self.zones)))

    @property
    def _bins(self) -> int:
        return len(self._present) * self._size**2

    @cached_property
    def _keys(self) -> np.ndarray:
        keys = self.index(self._taking_part(self.first)) * self._size + self.index(self._taking_part(self.second))
        if len(self._present) > 1:
            position = np.zeros(self._present[-1] + 1, dtype=np.intp)
            position[self._present] = np.arange(len(self._present))
            if self.zones is None:
                raise TypeError("self.zones is not as expected")
            keys += position[self._taking_part(self.zones)] * self._size**2
        return keys

    def _by_zone(self, flat: np.ndarray) -> dict[int, np.ndarray]:
        return dict(zip(self._present.tolist(), flat.reshape(-1, self._size, self._size)))

    def _of_bytes(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Counts of bytes by class index."""
        small = first.size == 0 or max(first.max(), second.max()) < _NIBBLE
        counts = count_pairs(first, second, _NIBBLE if small else _BYTE)
        earlier, later = np.nonzero(counts)
        keys = self.index.table[earlier] * self._size + self.index.table[later]
        # weights are float64, in which counts are exact
        folded = np.bincount(keys, weights=counts[earlier, later], minlength=self._size**2)
        return folded.astype(np.int64).reshape(self._size, self._size)


def classes_that_occur(sums: Sums, name: str) -> np.ndarray:
    """Which classes any of the matrices `name:pair:zone` counts, boolean (classes,).

    Raises:
        InputError: not one pixel was counted.
    """
    matrices = [sums[key] for key in sums if key.startswith(f"{name}:")]
    if not any(matrix.any() for matrix in matrices):
        raise InputError(
            say(
                "No pixel has a class in both years of any pair within the study area. Check nodata values, "
                "the study boundary and whether the maps overlap."
            )
        )
    return np.logical_or.reduce([matrix.any(axis=0) | matrix.any(axis=1) for matrix in matrices])


def gather(sums: Sums, name: str, pairs: int, zones: int, classes: np.ndarray) -> np.ndarray:
    """The matrices `name:pair:zone` as one array; zeros where a zone has no pixel.

    Args:
        sums: of a run.
        name: of the matrices.
        pairs: how many pairs of years.
        zones: how many zones.
        classes: which classes are kept, boolean.

    Returns:
        Shape (pairs, zones, classes kept, classes kept), the type of the sums.
    """
    kept = np.ix_(classes, classes)
    found = {key: sums[key][kept] for key in sums if key.startswith(f"{name}:")}
    count = int(classes.sum())
    result = np.zeros((pairs, zones, count, count), dtype=next(iter(found.values())).dtype)
    for key, matrix in found.items():
        pair, zone = map(int, key.split(":")[1:])
        result[pair, zone] = matrix
    return result
