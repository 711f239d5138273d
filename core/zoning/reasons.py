"""Reasons to restore, as bits of a mask, and what follows from a mask."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

REASONS: Mapping[str, int] = {
    "degraded_water": 1,
    "degraded_soil": 2,
    "degraded_flood": 4,
    "degraded_quality": 8,
    "low_quality": 16,
    "severe_erosion": 32,
}
# Not a reason: a hole in a zone that the patch clean-up filled.
FILLED = 64
MASKS = 128
DEGRADED = 1 | 2 | 4 | 8
# The three parts of the restoration area; they overlap.
PARTS: Mapping[str, int] = {
    "degraded": DEGRADED,
    "low_quality": REASONS["low_quality"],
    "severe_erosion": REASONS["severe_erosion"],
}
UNION = "union"
EVERYTHING = MASKS - 1

HIGH, MEDIUM, LOW, NONE = 3, 2, 1, 0


def masks_with(bits: int) -> np.ndarray:
    """Which of the `MASKS` masks have any of the bits, boolean, shape (128,)."""
    return (np.arange(MASKS) & bits) != 0


def reasons_of(mask: int) -> tuple[str, ...]:
    """The reasons of a mask, in the order of the bits; `filled` for the clean-up's bit."""
    named = tuple(name for name, bit in REASONS.items() if bit & mask)
    return (*named, "filled") if mask & FILLED else named


def priorities_of_masks(weights: Mapping[str, float]) -> np.ndarray:
    """Priority class of each mask: 3 for a score of 3 or more, 2 from 2, 1 for any other mask but 0.

    The score is the sum of the weights of the mask's reasons; with weights of 1 the number of reasons.
    """
    score = np.array([sum(weights.get(reason, 1.0) for reason in reasons_of(m & ~FILLED)) for m in range(MASKS)])
    classes = np.where(score >= 3, HIGH, np.where(score >= 2, MEDIUM, LOW)).astype(np.uint8)
    classes[0] = NONE
    return classes
