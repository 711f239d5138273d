"""Which stored numbers are values: valid range, fill codes, nodata, quality; before any scale, before any warp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...quantities import Range
from ..catalogue.product import Layer, QualityTest


@dataclass(frozen=True)
class StoredMask:
    """What stored numbers are values.

    Attributes:
        low, high: ends of what is valid; infinite where it is open.
        codes: ranges within that are fill codes all the same.
    """

    low: float
    high: float
    codes: tuple[Range, ...]

    @classmethod
    def of(cls, layer: Layer, nodata: float | None, more: Sequence[float] = ()) -> StoredMask:
        """By the product, what the file declares, and codes that the user adds."""
        valid = layer.valid or Range(-np.inf, np.inf)
        codes = [fill.codes for fill in layer.fills] + [Range(code, code) for code in more]
        if nodata is not None and not np.isnan(nodata):
            codes.append(Range(nodata, nodata))
        inside = {code for code in codes if code.high >= valid.low and code.low <= valid.high}
        return cls(valid.low, valid.high, tuple(sorted(inside)))

    def valid(self, stored: np.ndarray) -> np.ndarray:
        """Where the stored numbers are values; in their shape."""
        return self._of_floats(stored) if stored.dtype.kind == "f" else self._of_integers(stored)

    def _of_integers(self, stored: np.ndarray) -> np.ndarray:
        limits = np.iinfo(stored.dtype)
        good: np.ndarray | None = None
        if self.low > limits.min:
            good = stored >= stored.dtype.type(min(np.ceil(self.low), limits.max))
        if self.high < limits.max:
            below = stored <= stored.dtype.type(max(np.floor(self.high), limits.min))
            good = below if good is None else np.logical_and(good, below, out=good)
        if good is None:
            good = np.ones(stored.shape, dtype=bool)
        for low, high in self.codes:
            if high < limits.min or low > limits.max:
                continue
            first, last = (int(max(np.ceil(low), limits.min)), int(min(np.floor(high), limits.max)))
            if first == last:
                good &= stored != stored.dtype.type(first)
            elif first < last:
                good &= (stored < stored.dtype.type(first)) | (stored > stored.dtype.type(last))
        return good

    def _of_floats(self, stored: np.ndarray) -> np.ndarray:
        """Codes are compared in the type of the numbers: -99.9 is -99.90000153 as float32."""
        good = np.isfinite(stored)
        kind = stored.dtype.type
        with np.errstate(invalid="ignore", over="ignore"):
            if np.isfinite(self.low):
                good &= stored >= kind(self.low)
            if np.isfinite(self.high):
                good &= stored <= kind(self.high)
            for low, high in self.codes:
                good &= (stored < kind(low)) | (stored > kind(high))
        return good


def passes(tests: Sequence[QualityTest], stored: np.ndarray) -> np.ndarray:
    """Where stored numbers of quality pass all tests, in their shape."""
    good = tests[0].passes(stored)
    for test in tests[1:]:
        good &= test.passes(stored)
    return good
