"""Levels of human pressure as a legend shows them, on the scale of the map."""

from __future__ import annotations

from dataclasses import dataclass

from .coefficients import DECIMALS
from .run import PressureResult

NEAR = 0.5 * 10**-DECIMALS


@dataclass(frozen=True)
class MapLevel:
    """A level: the highest value of the map that belongs to it, its names and its bounds."""

    highest: float
    name: str
    name_zh: str
    lower: float
    upper: float


def map_levels(result: PressureResult) -> tuple[MapLevel, ...]:
    """The levels of a map, rising. A bound belongs to the level above where that says so."""
    scale = result.inputs.scale
    classes = sorted(result.inputs.coefficients.levels.classes, key=lambda c: c.lower)
    levels = []
    for level, above in zip(classes, (*classes[1:], None)):
        closed = above is not None and above.lower_closed
        highest = (level.upper - NEAR if closed else level.upper + NEAR) * scale
        levels.append(MapLevel(highest, level.name, level.name_zh, level.lower * scale, level.upper * scale))
    return tuple(levels)
