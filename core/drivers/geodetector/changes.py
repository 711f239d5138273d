"""Whether q has changed since the first year: an interval by drawing cells with all their years.

The same cells come back every year, so that the q of two years share most of their chance, and intervals of each of
them say little about their difference. A draw takes whole cells, or whole blocks of neighbours, with all their years;
what the years share then falls out.

Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapters 8 and 13 (percentiles).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...progress import QUIET, Progress
from .statistics import Floats, Integers

FEWEST_DRAWS = 99


@dataclass(frozen=True)
class YearSample:
    """The rows of a year.

    Attributes:
        y: (n,) explained variable.
        unit: (n,) cell or block of each row.
        strata: (n,) stratum of each row, by factor.
    """

    y: Floats
    unit: Integers
    strata: Mapping[str, Integers]


@dataclass(frozen=True)
class Change:
    """q of a year less that of the first one, and its interval; None where a q is."""

    change: float | None
    low: float | None
    high: float | None


def q_changes(
    years: Sequence[YearSample],
    units: int,
    draws: int,
    confidence: float,
    seed: int,
    drop: bool = False,
    progress: Progress = QUIET,
) -> list[dict[str, Change]]:
    """The change of each factor's q since the first year, by year from the second on.

    The strata stay as they are. Doubled cells raise q in every draw, and in both years alike: the interval is shifted
    by what the draws are off on average, so that it lies about the change that was found.

    Args:
        years: of the same factors.
        units: number of cells or blocks, whose codes run from 0.
        draws: of whole units, with replacement.
        confidence: of the percentile interval.
        seed: of the draws.
        drop: whether rows that are alone in their stratum are left out.
        progress: polled for a cancel at every draw.
    """
    prepared = [_Year.of(year, drop) for year in years]
    names = list(years[0].strata)
    found = np.array([year.q(np.ones(units)) for year in prepared])  # (years, factors)
    drawn = np.empty((draws, len(prepared) - 1, len(names)))
    random = np.random.default_rng(seed)
    for draw in range(draws):
        progress.check()
        weight = np.bincount(random.integers(units, size=units), minlength=units).astype(np.float64)
        q = np.array([year.q(weight) for year in prepared])
        drawn[draw] = q[1:] - q[0]
        progress.set(100 * (draw + 1) / draws)
    change = found[1:] - found[0]
    ends = np.full((2, *change.shape), np.nan)
    known = np.isfinite(change) & np.isfinite(drawn).any(axis=0)
    tails = 50 * (1 - confidence), 50 * (1 + confidence)
    ends[:, known] = np.nanpercentile(drawn[:, known], tails, axis=0) + (
        change[known] - np.nanmean(drawn[:, known], axis=0)
    )
    return [
        {
            name: Change(*(float(value) if known[year, j] else None for value in (change[year, j], *ends[:, year, j])))
            for j, name in enumerate(names)
        }
        for year in range(len(prepared) - 1)
    ]


@dataclass(frozen=True)
class _Year:
    """A year, its y about the mean, and of each factor the rows that count with their strata."""

    y: Floats
    unit: Integers
    factors: tuple[tuple[Integers | slice, Integers], ...]

    @classmethod
    def of(cls, year: YearSample, drop: bool) -> _Year:
        factors: list[tuple[Integers | slice, Integers]] = []
        for codes in year.strata.values():
            kept = np.flatnonzero(np.bincount(codes)[codes] > 1) if drop else slice(None)
            factors.append((kept, codes[kept]))
        return cls(year.y - year.y.mean(), year.unit, tuple(factors))

    def q(self, weight: Floats) -> list[float]:
        """Q of each factor where each unit counts so many times; NaN where y does not vary."""
        of_row = weight[self.unit]
        return [_weighted_q(self.y[kept], of_row[kept], codes) for kept, codes in self.factors]


def _weighted_q(y: Floats, weight: Floats, codes: Integers) -> float:
    count = np.bincount(codes, weights=weight)
    sums = np.bincount(codes, weights=weight * y)
    rows, squares = count.sum(), float(weight @ y**2)
    if rows == 0:
        return float("nan")
    offset = sums.sum() ** 2 / rows
    total = squares - offset
    if not total > 1e-12 * squares:
        return float("nan")
    between = np.sum(np.divide(sums**2, count, out=np.zeros_like(sums), where=count > 0)) - offset
    return float(min(max(between / total, 0.0), 1.0))
