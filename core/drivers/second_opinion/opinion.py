"""What the second opinion says of one number, and when it can be had."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

import numpy as np

from ...messages import say

MOST_ROWS = 20_000  # beyond which the other program would take longer than the run
ROUNDINGS = 100  # of a value on its way through means, effects and a factorisation


@dataclass(frozen=True)
class Opinion:
    """How far one kind of number agrees with statsmodels.

    Attributes:
        test: such as `second_opinion_slopes`.
        difference: the largest one, relative; None where nothing was compared.
        limit: beyond it the two disagree.
        note: the call, its version and the factor that was applied; or why nothing was compared.
        ours, theirs: the two numbers that differ most.
        name: of the coefficient, factor or quantile that they belong to.
    """

    test: str
    difference: float | None
    limit: float
    note: str
    ours: float = float("nan")
    theirs: float = float("nan")
    name: str = ""

    @property
    def statistic(self) -> float:
        """The difference, NaN where nothing was compared."""
        return float("nan") if self.difference is None else self.difference

    @property
    def agrees(self) -> bool:
        return self.difference is None or self.difference <= self.limit


def compared(
    test: str,
    names: Iterable[str],
    ours: np.ndarray,
    theirs: np.ndarray,
    limit: float,
    note: str,
    round_off: np.ndarray | float = 0.0,
) -> Opinion:
    """The opinion on numbers that should be the same; the difference is relative to the larger of each two.

    Args:
        test, limit, note: see `Opinion`.
        names: of the numbers.
        ours, theirs: shape (k,).
        round_off: what rounding can make of each number; a difference as small as that is no disagreement.
    """
    size = np.maximum(np.maximum(np.abs(ours), np.abs(theirs)), np.maximum(round_off / limit, np.finfo(float).tiny))
    apart = np.abs(ours - theirs) / size
    worst = int(np.argmax(np.where(np.isfinite(apart), apart, np.inf)))
    found = float(apart[worst]) if np.isfinite(apart[worst]) else float("inf")
    return Opinion(test, found, limit, note, float(ours[worst]), float(theirs[worst]), list(names)[worst])


def unit_of_rounding(values: np.ndarray) -> float:
    """What rounding can make of the length of a column in which every value is rounded many times."""
    return float(ROUNDINGS * np.finfo(float).eps * np.sqrt(len(values)) * np.abs(values).max(initial=0.0))


def absent(rows: int) -> str | None:
    """Why there is no second opinion on a run of so many rows; None where there is one."""
    if rows > MOST_ROWS:
        return say("not computed a second time beyond {most} rows", most=MOST_ROWS)
    try:
        linear_model()
    except ImportError:  # not there, or made for another numpy
        return say("statsmodels is not installed, so nothing was computed a second time")
    return None


def linear_model() -> ModuleType:
    """The least squares of statsmodels, without the rest of the package, which takes half a second to import."""
    return import_module("statsmodels.regression.linear_model")


def program() -> str:
    """Its name and version."""
    return f"statsmodels {import_module('statsmodels').__version__}"


def disagreements(opinions: Iterable[Opinion]) -> tuple[str, ...]:
    """A warning for each opinion that differs beyond its limit, with both numbers."""
    return tuple(
        say(
            "A second opinion disagrees on {name} ({test}): {ours} here, {theirs} by {note}. Difference {difference}, "
            "expected at most {limit}. Treat this number as unsettled, and report it with the data.",
            name=opinion.name,
            test=opinion.test,
            ours=f"{opinion.ours:.10g}",
            theirs=f"{opinion.theirs:.10g}",
            note=opinion.note,
            difference=f"{opinion.difference:.2g}",
            limit=f"{opinion.limit:g}",
        )
        for opinion in opinions
        if not opinion.agrees
    )
