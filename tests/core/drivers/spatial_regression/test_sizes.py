"""Tests reject as often as they say, and intervals hold what they should, on simulated cells (binomial bounds)."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.place.neighbours import grid_weights
from ecoassets.core.drivers.spatial_regression.design import make_design
from ecoassets.core.drivers.spatial_regression.diagnostics import lagrange_tests, spatial_hausman
from ecoassets.core.drivers.spatial_regression.lag import SpatialLag
from ecoassets.core.drivers.spatial_regression.likelihood import fit_error, fit_lag, ordinary

SIDE, RHO = 10, 0.5
PLACES = np.array([(i, j) for i in range(SIDE) for j in range(SIDE)], dtype=float)


@pytest.fixture(scope="module")
def lag():
    return SpatialLag(grid_weights(PLACES))


def simulated(draw, lag, *, lagged=False, wrong=False):
    """y = 1 + a - b + e; through neighbours where `lagged`, its error alone where `wrong`."""
    rng = np.random.default_rng(draw)
    x, e = rng.normal(size=(SIDE**2, 2)), rng.normal(size=SIDE**2)
    solve = lag.solver(RHO).solve
    mean = 1 + x @ [1, -1]
    y = solve(mean + e) if lagged else mean + (solve(e) if wrong else e)
    return make_design(y, x, ("a", "b"), lag)


def within(share, expected, draws):
    """Within four binomial standard errors."""
    return abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / draws)


def test_score_tests_keep_their_level(lag):
    draws = 1_000
    found = [lagrange_tests(ordinary(simulated(draw, lag))).rows() for draw in range(draws)]
    shares = np.mean([[row.p < 0.05 for row in rows] for rows in found], axis=0)
    assert all(within(share, 0.05, draws) for share in shares), shares


def test_intervals_of_rho_hold_it(lag):
    draws = 300
    held = []
    for draw in range(draws):
        found = fit_lag(simulated(draw, lag, lagged=True))
        held.append(abs(found.rho - RHO) < 1.96 * found.std_errors[0])
    assert within(np.mean(held), 0.95, draws), np.mean(held)


def test_hausman_keeps_its_level_where_the_error_model_is_right(lag):
    draws = 200
    p = []
    for draw in range(draws):
        design = simulated(draw, lag, wrong=True)
        p.append(spatial_hausman(fit_error(design), ordinary(design)).p)
    known = [each for each in p if each is not None]
    assert within(np.mean(np.array(known) < 0.05), 0.05, draws)
