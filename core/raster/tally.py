"""Sums over a raster that are gathered block by block and merged in block order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np


class Sums:
    """Named arrays of counts and sums that add up over the blocks.

    Integers add exactly. Floats add with a running compensation (Neumaier 1974), so that the window size does not show
    in the totals.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray] | None = None) -> None:
        self._totals = {name: np.array(array) for name, array in (arrays or {}).items()}
        self._lost: dict[str, np.ndarray] = {}

    def merge(self, other: Sums) -> None:
        """Adds the sums of another block."""
        for name, addend in other._totals.items():
            if name not in self._totals:
                self._totals[name] = addend
            elif addend.dtype.kind == "f":
                self._add_compensated(name, addend)
            else:
                self._totals[name] = self._totals[name] + addend
        for name, lost in other._lost.items():
            self._lost[name] = self._lost.get(name, 0.0) + lost

    def _add_compensated(self, name: str, addend: np.ndarray) -> None:
        total = self._totals[name]
        added = total + addend
        lost = np.where(np.abs(total) >= np.abs(addend), (total - added) + addend, (addend - added) + total)
        self._lost[name] = self._lost.get(name, 0.0) + lost
        self._totals[name] = added

    def __getitem__(self, name: str) -> np.ndarray:
        return self._totals[name] + self._lost[name] if name in self._lost else self._totals[name]

    def __contains__(self, name: str) -> bool:
        return name in self._totals

    def __iter__(self) -> Iterator[str]:
        return iter(self._totals)


CHUNK_PIXELS = 1 << 16


def sum_by_class(index: np.ndarray, classes: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Counts, or sums of weights, of the pixels of each class.

    Args:
        index: class index of each pixel, any shape, integers 0 to classes - 1.
        classes: number of classes.
        weights: what is summed, broadcast to the shape of `index`; None counts pixels.

    Returns:
        Shape (classes,); int64 counts or float64 sums, added in chunks that stay in the processor's cache.
    """
    flat = np.ascontiguousarray(index).reshape(-1)
    if weights is None:
        total = np.zeros(classes, dtype=np.int64)
        chunk = max(CHUNK_PIXELS, 4 * classes)  # clearing the bins must not cost more than counting
        for start in range(0, flat.size, chunk):
            total += np.bincount(flat[start : start + chunk], minlength=classes)
        return total
    flat_weights = np.broadcast_to(weights, index.shape).reshape(-1)
    sums = np.zeros(classes, dtype=np.float64)
    for start in range(0, flat.size, CHUNK_PIXELS):
        part = slice(start, start + CHUNK_PIXELS)
        sums += np.bincount(flat[part], weights=flat_weights[part], minlength=classes)
    return sums
