"""Which pixels of a scene are clear, by its quality band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...quality.rsei.sensors import BitField, load_sensor
from ..catalogue.loader import products
from ..catalogue.product import QualityTest
from ..importing.masks import passes
from .modis import HEAT
from .scene import HEAT_ALONE

MASKS = ("dilated", "cloud", "shadow", "cirrus", "snow")
DEFAULT_MASKS = MASKS[:-1]
_ALWAYS = "always"


def tests_of(sensor: str, words: Sequence[str]) -> tuple[ClearTest, ClearTest]:
    """What a pixel must pass to be a measurement at all, and to be clear of what `words` name."""
    if sensor == HEAT_ALONE:
        quality = next(iter(products()[HEAT].layers.values())).quality
        return ClearTest.of(quality.tests("standard") if quality else ()), ClearTest.of(())
    masks = load_sensor(sensor).masks
    clear = [field for word in MASKS if word in words for field in masks.get(word, ())]
    return _tests(masks.get(_ALWAYS, ())), _tests(clear)


def _tests(fields: Sequence[BitField]) -> ClearTest:
    """One test per place of bits; values of one place are dropped together."""
    values: dict[tuple[int, int], tuple[int, ...]] = {}
    for one in fields:
        values[one.first_bit, one.bits] = (*values.get((one.first_bit, one.bits), ()), *one.values)
    return ClearTest.of([QualityTest(first, bits, drop=dropped) for (first, bits), dropped in values.items()])


@dataclass(frozen=True)
class ClearTest:
    """What stored numbers of quality must pass.

    Attributes:
        bits: none of which may be set.
        tests: of other kinds.
    """

    bits: int
    tests: tuple[QualityTest, ...]

    @classmethod
    def of(cls, tests: Sequence[QualityTest]) -> ClearTest:
        """Tests of single bits at once."""
        single = [test for test in tests if test.count == 1 and test.drop == (1,) and test.keep is None]
        return cls(sum(1 << test.first for test in single), tuple(test for test in tests if test not in single))

    def passes(self, stored: np.ndarray) -> np.ndarray:
        """Where they do, in their shape."""
        good: np.ndarray = (stored & stored.dtype.type(self.bits)) == 0
        return good & passes(self.tests, stored) if self.tests else good


def grown(masked: np.ndarray, reach: int) -> np.ndarray:
    """What is masked and everything within `reach` rows and columns of it; the margin of `reach` pixels is cut off.

    Args:
        masked: boolean, shape (height + 2 reach, width + 2 reach).
        reach: pixels.

    Returns:
        Boolean, shape (height, width).
    """
    height, width = (size - 2 * reach for size in masked.shape)
    rows = masked[:height].copy()
    for shift in range(1, 2 * reach + 1):
        rows |= masked[shift : shift + height]
    found = rows[:, :width].copy()
    for shift in range(1, 2 * reach + 1):
        found |= rows[:, shift : shift + width]
    return found
