"""Do errors last from year to year? Tests that hold with few years and many cells.

Sources: Wooldridge 2010, Econometric Analysis of Cross Section and Panel Data, section 10.6.3; Drukker 2003, Stata
Journal 3:168 (the test of first differences, without constants and clustered by cell); Bhargava, Franzini &
Narendranathan 1982, Review of Economic Studies 49:533 (Durbin-Watson within cells).
"""

from __future__ import annotations

import numpy as np

from ...messages import say
from ..observations import Observations
from .effects import Groups, Projection
from .specification import Test, f_test
from .terms import previous_rows

EXACT = 1e-20
"""Share of the sum of squares below which what a regression leaves is round-off."""


def serial_tests(observations: Observations, within_residuals: np.ndarray, year_effects: bool) -> tuple[Test, ...]:
    """Tests of errors that last, where there are three years of some cells at least; none else.

    Args:
        observations: with entities and times.
        within_residuals: of the regression with effects of entities, shape (n,).
        year_effects: whether the model has effects of years, which are then taken out of the differences too.
    """
    if observations.entity is None or observations.times is None or len(observations.times) < 3:
        return ()
    tests = (wooldridge(observations, year_effects), bhargava(observations, within_residuals))
    return tuple(test for test in tests if test is not None)


def wooldridge(observations: Observations, year_effects: bool = False) -> Test | None:
    """Residuals of the regression of first differences on their lag: -0.5 where errors do not last.

    No constants, as in Stata's xtserial; the covariance is clustered by entity with the factor G/(G-1) (n-1)/(n-k).
    None where no entity has three times in a row, or nothing is left of y.
    """
    if observations.entity is None or observations.time is None or observations.times is None:
        raise TypeError("observations.entity, observations.time, observations.times is not as expected")
    previous = previous_rows(observations)
    rows = np.flatnonzero(previous >= 0)
    before = previous[rows]
    dy = observations.y[rows] - observations.y[before]
    dx = observations.x[rows] - observations.x[before]
    if year_effects and len(rows):
        times, codes = np.unique(observations.time[rows], return_inverse=True)
        without = Projection(Groups(codes.reshape(-1), len(times)))
        dy, dx = without(dy[:, None])[:, 0], without(dx)
    varies = np.sqrt((dx**2).sum(axis=0)) > 1e-9 * np.sqrt((observations.x**2).sum(axis=0))
    dx = dx[:, varies]
    if len(rows) <= dx.shape[1]:
        return None
    dx = dx / np.sqrt((dx**2).sum(axis=0))  # or small columns would be taken for dependent ones beside large ones
    residuals = dy - dx @ np.linalg.lstsq(dx, dy, rcond=None)[0]
    of_row = np.full(observations.n, -1)
    of_row[rows] = np.arange(len(rows))
    lag = of_row[before]
    both = np.flatnonzero(lag >= 0)
    if len(both) < 3:
        return None
    e, e1 = residuals[both], residuals[lag[both]]
    squares = float(e1 @ e1)
    if squares <= EXACT * float(dy @ dy):
        return None
    slope = float(e1 @ e) / squares
    _, cell = np.unique(observations.entity[rows[both]], return_inverse=True)
    scores = np.bincount(cell.reshape(-1), weights=e1 * (e - slope * e1))
    groups, n = len(scores), len(both)
    if groups < 2 or n < 2:
        return None
    variance = groups / (groups - 1) * float(scores @ scores) / squares**2
    if variance <= 0:
        return None
    note = say(
        "H0: errors do not last; {slope:.4g} of differenced residuals on their lag against -0.5, {groups} clusters",
        slope=slope,
        groups=groups,
    )
    return f_test("wooldridge_ar", (slope + 0.5) ** 2 / variance, 1, groups - 1, note)


def bhargava(observations: Observations, residuals: np.ndarray) -> Test | None:
    """``sum (u_t - u_(t-1))² / sum u²`` within entities: near 2 where errors do not last, near 0 where they do."""
    previous = previous_rows(observations)
    rows = np.flatnonzero(previous >= 0)
    squares = float(residuals @ residuals)
    if not len(rows) or squares == 0:
        return None
    statistic = float(np.sum((residuals[rows] - residuals[previous[rows]]) ** 2)) / squares
    note = say("Durbin-Watson within entities; near 2 where errors do not last, towards 0 where they do")
    return Test("bhargava_dw", statistic, None, None, note)
