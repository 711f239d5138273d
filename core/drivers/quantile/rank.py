"""Intervals of quantile coefficients that invert the rank score test: no density, and right in small samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr
from scipy.stats import t as student

from ...errors import InputError
from ...messages import say
from ...progress import Progress
from .solver import Array, Solution, fit_quantile, make_basis

LARGEST = 5_000
"""Rows up to which the test is inverted: each end takes about ten exact fits, and larger samples gain nothing."""
TOUCH = 1e-8
"""Ends closer than this share of themselves are one."""


NOTE = say(
    "Intervals rank: the values that the rank score test does not reject, with the density of each row as in nid "
    "(Koenker and Machado 1999); t and p are of that test. Standard errors and tests of equal slopes are those of nid."
)


@dataclass(frozen=True)
class RankTest:
    """The rank score test of one coefficient.

    Attributes:
        statistic: of "the coefficient is 0"; t distribution with n - k degrees of freedom.
        p: its two-sided p.
        low: lower end of the interval of values that the test does not reject; None where it has none.
        high: its upper end.
    """

    statistic: float
    p: float
    low: float | None
    high: float | None


def rank_tests(
    x: Array,
    names: tuple[str, ...],
    y: Array,
    quantile: float,
    fit: Solution,
    density: Array,
    level: float,
    progress: Progress,
) -> list[RankTest]:
    """The rank score test of every coefficient at one quantile.

    For a value b of coefficient j, the quantile regression of ``y - x_j b`` on the other columns has dual weights
    ``a(b)``; the statistic is ``x_j'(a - (1 - t)) / sqrt(t (1 - t) q)`` with q the sum of squares of what a regression
    with the densities as weights leaves of ``x_j``. It falls in steps as b grows; the ends lie on the line between the
    starts of the two steps around the critical value, as in R quantreg.

    Args:
        x: (n, k) regressors with the constant.
        names: k names.
        y: (n,) response.
        quantile: 0 to 1, exclusive.
        fit: the fit of all columns.
        density: (n,) of each row at its quantile, up to a factor; all 1 is errors of one law, R's default.
        level: of the intervals, 0 to 1.
        progress: asked for cancellation before every fit.

    Raises:
        InputError: more than `LARGEST` rows.

    Source: Koenker 1994, Asymptotic Statistics (Prague); Koenker & Machado 1999, JASA 94, 1296-1310.
    """
    rows, columns = x.shape
    if rows > LARGEST:
        raise InputError(
            say(
                "Rank intervals are for small samples, up to {largest} rows; there are {rows}. Choose nid, "
                "which costs little and is as good in large samples.",
                largest=LARGEST,
                rows=rows,
            )
        )
    degrees = rows - columns
    critical = float(student.ppf((1 + level) / 2, degrees))
    tests = []
    for column in range(columns):
        steps = _Steps(x, names, y, quantile, column, density, progress)
        at_zero = steps.at(0.0).statistic
        low, high = (steps.end(fit, sign, critical) for sign in (-1, 1))
        tests.append(RankTest(at_zero, float(2 * student.sf(abs(at_zero), degrees)), low, high))
    return tests


@dataclass(frozen=True)
class _Step:
    """Values of the coefficient, from first to last, over which the statistic stays the same."""

    first: float
    last: float
    statistic: float

    def edge(self, sign: int) -> float:
        return self.last if sign > 0 else self.first


class _Steps:
    """The rank score statistic of one coefficient as a function of its value."""

    def __init__(
        self,
        x: Array,
        names: tuple[str, ...],
        y: Array,
        quantile: float,
        column: int,
        density: Array,
        progress: Progress,
    ) -> None:
        self.place, self.column, self.others = column, x[:, column], np.delete(x, column, axis=1)
        self.names = tuple(name for place, name in enumerate(names) if place != column)
        self.basis = make_basis(self.others, self.names)
        self.y, self.quantile, self.progress = y, quantile, progress
        root = np.sqrt(density)
        share = np.linalg.lstsq(self.others * root[:, None], self.column * root, rcond=None)[0]
        left = self.column - self.others @ share
        self.scale = math.sqrt(quantile * (1 - quantile) * float(left @ left))

    def at(self, value: float) -> _Step:
        """The step that holds a value."""
        self.progress.check()
        fit = fit_quantile(self.basis, self.y - value * self.column, self.quantile)
        reach = self._reach(fit)
        return _Step(value + reach[0], value + reach[1], self._statistic(fit))

    def _statistic(self, fit: Solution) -> float:
        return float(self.column @ (fit.dual - (1 - self.quantile))) / self.scale

    def _reach(self, fit: Solution) -> tuple[float, float]:
        """How far the value can move before a row changes its side of the fit; 0 where that is not known."""
        residuals = fit.residuals
        carrying = np.flatnonzero(residuals == 0)
        count = self.others.shape[1]
        if len(carrying) > count:
            order = qr(self.others[carrying].T, mode="r", pivoting=True)[1]
            carrying = carrying[order[:count]]
        if len(carrying) < count:
            return 0.0, 0.0
        try:
            turn = np.linalg.solve(self.others[carrying], self.column[carrying])
        except np.linalg.LinAlgError:
            return 0.0, 0.0
        moved = self.column - self.others @ turn
        moved[np.abs(moved) <= 1e-10 * np.abs(self.column).max()] = 0.0
        if np.any(moved[residuals == 0][~np.isin(np.flatnonzero(residuals == 0), carrying)]):
            return 0.0, 0.0
        moving = (moved != 0) & (residuals != 0)
        change = residuals[moving] / moved[moving]
        return float(np.max(change[change < 0], initial=-np.inf)), float(np.min(change[change > 0], initial=np.inf))

    def end(self, full: Solution, sign: int, critical: float) -> float | None:
        """Where the statistic leaves the critical value, below (-1) or above (1) the estimate; None: nowhere."""
        limit = fit_quantile(self.basis, -sign * self.column, self.quantile)
        if abs(self._statistic(limit)) <= critical:
            return None
        inner, outer = self._bracket(full, sign, critical)
        inside, outside = inner.edge(sign), outer.edge(-sign)
        while sign * (outside - inside) > TOUCH * max(abs(inside), abs(outside)):
            step = self.at((inside + outside) / 2)
            if abs(step.statistic) > critical:
                outer, outside = step, step.edge(-sign)
            else:
                inner, inside = step, step.edge(sign)
        start = inner.edge(-sign)
        if not math.isfinite(start):
            return inside
        share = (critical - abs(inner.statistic)) / (abs(outer.statistic) - abs(inner.statistic))
        return start + (inside - start) * share

    def _bracket(self, full: Solution, sign: int, critical: float) -> tuple[_Step, _Step]:
        """A step inside the critical value and one outside, from the fit of all columns outwards."""
        estimate = float(full.coefficients[self.place])
        error = float(np.std(full.residuals)) * self.quantile * (1 - self.quantile) / self.scale
        inner, distance = _Step(estimate, estimate, 0.0), max(critical * error, 1e-9 * abs(estimate))
        while True:
            outer = self.at(inner.edge(sign) + sign * distance)
            if abs(outer.statistic) > critical:
                return inner, outer
            inner, distance = outer, 2 * distance
