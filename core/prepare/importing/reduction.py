"""From the steps of a period to one value: sum, mean, maximum, median, mode or last of what is valid.

Steps come one after the other; each pixel keeps a running result, so that memory does not grow with their number (but
for the median and the mode, which look at all of them). Stored integers stay integers until the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from ..catalogue.product import Layer

HOURS = 24
_MOST_IN_A_BYTE = 255


class Reduction(Protocol):
    """A running result of one strip of pixels."""

    def add(self, stored: np.ndarray, valid: np.ndarray, days: int) -> None:
        """Adds a step: stored numbers, where they are values, and the days that it stands for."""

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """Values in the stored numbers' line (sums: see `Sum`), float64, and valid days, int32."""


class Days:
    """Valid days of each pixel. Steps of one length are counted in bytes, and summed up before these overflow."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        self._steps: dict[int, np.ndarray] = {}
        self._added: dict[int, int] = {}
        self._total: Any = 0
        self._count: Any = 0

    def add(self, valid: np.ndarray, days: int) -> None:
        counted = self._steps.setdefault(days, np.zeros(self._shape, dtype=np.uint8))
        np.add(counted, valid.view(np.uint8), out=counted)
        self._added[days] = self._added.get(days, 0) + 1
        if self._added[days] == _MOST_IN_A_BYTE:
            self._settle()

    def _settle(self) -> None:
        for days, counted in self._steps.items():
            self._total = self._total + counted.astype(np.int32) * days
            self._count = self._count + counted.astype(np.int32)
        self._steps.clear()
        self._added.clear()

    @property
    def total(self) -> np.ndarray:
        self._settle()
        return np.broadcast_to(np.asarray(self._total, dtype=np.int32), self._shape)

    @property
    def count(self) -> np.ndarray:
        """Valid steps."""
        self._settle()
        return np.broadcast_to(np.asarray(self._count, dtype=np.int32), self._shape)


class Sum:
    """Sum of the steps, or of step times days for rates.

    `weight` is how often the offset of the stored numbers entered: number of steps, or days.
    """

    def __init__(self, shape: tuple[int, int], dtype: np.dtype, by_days: bool) -> None:
        integer = dtype.kind in "iu" and dtype.itemsize <= 2
        self._total: Any = np.zeros(shape, dtype=np.int32 if integer else np.float64)
        self._days = Days(shape)
        self._by_days = by_days

    def add(self, stored: np.ndarray, valid: np.ndarray, days: int) -> None:
        kind = self._total.dtype
        kept = np.where(valid, stored, 0) if kind.kind == "f" else stored * valid  # numbers and bools: the type stays
        part = kept.astype(kind)
        self._total += part * days if self._by_days else part
        self._days.add(valid, days)

    @property
    def weight(self) -> np.ndarray:
        return self._days.total if self._by_days else self._days.count

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        return self._total.astype(np.float64), self._days.total


class Mean:
    """Mean of the steps, weighted by their days."""

    def __init__(self, shape: tuple[int, int], dtype: np.dtype) -> None:
        self._sum = Sum(shape, dtype, by_days=True)

    def add(self, stored: np.ndarray, valid: np.ndarray, days: int) -> None:
        self._sum.add(stored, valid, days)

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        total, days = self._sum.result()
        return np.divide(total, days, out=np.zeros(total.shape), where=days > 0), days


class Maximum:
    """The highest of the steps."""

    def __init__(self, shape: tuple[int, int], dtype: np.dtype) -> None:
        self._lowest = -np.inf if dtype.kind == "f" else np.iinfo(dtype).min
        self._best = np.full(shape, self._lowest, dtype=dtype)
        self._days = Days(shape)

    def add(self, stored: np.ndarray, valid: np.ndarray, days: int) -> None:
        np.maximum(self._best, np.where(valid, stored, self._best.dtype.type(self._lowest)), out=self._best)
        self._days.add(valid, days)

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        days = self._days.total
        return np.where(days > 0, self._best, 0).astype(np.float64), days


class Last:
    """The last valid step; what `as_is` takes, where there is one step."""

    def __init__(self, shape: tuple[int, int], dtype: np.dtype) -> None:
        self._value = np.zeros(shape, dtype=dtype)
        self._days = np.zeros(shape, dtype=np.int32)

    def add(self, stored: np.ndarray, valid: np.ndarray, days: int) -> None:
        np.copyto(self._value, stored, where=valid)
        self._days += valid * np.int32(days)

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        return self._value.astype(np.float64), self._days


class Median:
    """The middle of the valid steps, the mean of the middle two where their number is even."""

    def __init__(self, shape: tuple[int, int], dtype: np.dtype) -> None:
        self._kind = np.dtype(np.float64 if dtype.itemsize > 2 and dtype != np.float32 else np.float32)
        self._steps: list[np.ndarray] = []
        self._days = np.zeros(shape, dtype=np.int32)

    def add(self, stored: np.ndarray, valid: np.ndarray, days: int) -> None:
        self._steps.append(np.where(valid, stored, np.inf).astype(self._kind))
        self._days += valid * np.int32(days)

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        stack = np.stack(self._steps)
        stack.sort(axis=0)
        count = np.isfinite(stack).sum(axis=0)
        low, high = (np.maximum(count - 1, 0) // 2, count // 2)
        high = np.minimum(high, np.maximum(count - 1, 0))
        ends = [np.take_along_axis(stack, place[np.newaxis], axis=0)[0].astype(np.float64) for place in (low, high)]
        return np.where(count > 0, (ends[0] + ends[1]) / 2, 0), self._days


class Mode:
    """The most frequent class; the lowest code of several that are as frequent."""

    def __init__(self, shape: tuple[int, int], dtype: np.dtype) -> None:
        self._shape = shape
        self._counts: dict[int, np.ndarray] = {}
        self._days = np.zeros(shape, dtype=np.int32)

    def add(self, stored: np.ndarray, valid: np.ndarray, days: int) -> None:
        for code in np.unique(stored[valid]):
            count = self._counts.setdefault(int(code), np.zeros(self._shape, dtype=np.int16))
            count += (stored == code) & valid
        self._days += valid * np.int32(days)

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        best, most = np.zeros(self._shape), np.zeros(self._shape, dtype=np.int16)
        for code in sorted(self._counts):
            more = self._counts[code] > most
            best[more], most[more] = code, self._counts[code][more]
        return best, self._days


def reduction_of(rule: str, shape: tuple[int, int], dtype: np.dtype, rate: str) -> Reduction:
    """The running result of a rule of `product.ANNUAL`."""
    if rule == "sum":
        return Sum(shape, dtype, by_days=bool(rate))
    kinds: dict[str, Callable[[tuple[int, int], np.dtype], Reduction]]
    kinds = {"mean": Mean, "maximum": Maximum, "median": Median, "mode": Mode}
    return kinds.get(rule, Last)(shape, dtype)


def bytes_per_pixel(rule: str, steps: int, dtype: np.dtype) -> int:
    """Memory of a running result, for the height of strips."""
    results = 28  # values and days as they are computed, put together and written
    if rule == "median":
        return results + steps * (4 if dtype.itemsize <= 2 or dtype == np.float32 else 8) * 2
    return results + dtype.itemsize


def converted(
    reduction: Reduction, rule: str, layer: Layer, scale: float, offset: float, period_days: int
) -> tuple[np.ndarray, np.ndarray]:
    """The result in the unit of the quantity, and valid days.

    A sum with missing days is scaled to the days of its period: `total x days of the period / valid days`.

    Args:
        reduction: after all steps.
        rule: of `product.ANNUAL`.
        layer: its rate and its conversion to the unit of the quantity.
        scale, offset: stored x scale + offset is in the unit of the product.
        period_days: days of the year, the season or the month.
    """
    total, days = reduction.result()
    if rule != "sum":
        values = total * scale + offset
    else:
        if not isinstance(reduction, Sum):
            raise TypeError("reduction is not as expected")
        values = total * scale + offset * reduction.weight
        if layer.rate == "hour":
            values *= HOURS
        if (days != period_days).any():
            values *= np.divide(period_days, days, out=np.ones(days.shape), where=days > 0)
    return values * layer.times + layer.plus, days
