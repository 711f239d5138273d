"""Spatial models by likelihood: against dense formulas, and spatialreg, spreg and splm where they are right."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.place.neighbours import grid_weights
from ecoassets.core.drivers.spatial_regression import lag as lag_module
from ecoassets.core.drivers.spatial_regression.design import make_design
from ecoassets.core.drivers.spatial_regression.lag import SpatialLag, trace_of_cross, trace_of_product, trace_with_lag
from ecoassets.core.drivers.spatial_regression.likelihood import fit_both, fit_error, fit_lag, ordinary
from ecoassets.core.errors import Cancelled, InputError
from ecoassets.core.progress import Progress
from ecoassets.tests.core.drivers.spatial_regression.examples import columbus, grid, panel


def test_two_places_by_hand():
    """Two neighbours: W swaps them, so |I - rho W| = 1 - rho^2 and G = [rho, 1; 1, rho]/(1 - rho^2)."""
    lag = SpatialLag(grid_weights(np.array([[0.0, 0], [1, 0]])))
    assert lag.log_determinant(0.5) == pytest.approx(np.log(0.75))
    assert lag.curve(-0.9, 0.9).trace(0.5) == pytest.approx(2 * 0.5 / 0.75)
    assert lag.solver(0.5).solve(np.array([1.0, 0])) == pytest.approx([1 / 0.75, 0.5 / 0.75])


def test_determinant_and_interval_of_columbus():
    lag = columbus().lag
    expected = {-0.5: -1.28423183, 0.1: -0.0559069321, 0.5: -1.64318107, 0.9: -8.04718926, 0.95: -10.1868673}
    assert {rho: lag.log_determinant(rho) for rho in expected} == pytest.approx(expected, rel=1e-8)
    assert (lag.low, lag.high) == pytest.approx((-1.53384914, 1), abs=2e-6)


def test_sparse_determinant_and_traces_equal_those_of_eigenvalues(monkeypatch):
    exact = grid().lag
    monkeypatch.setattr(lag_module, "DENSE", 10)
    sparse = grid().lag
    for rho in (-0.5, 0.3, 0.9, 0.95):
        assert sparse.log_determinant(rho) == pytest.approx(exact.log_determinant(rho), rel=1e-10)
    mine, theirs = sparse.curve(0.4, 0.55), exact.curve(0.4, 0.55)
    for rho in (0.41, 0.5, 0.54):
        assert mine.trace(rho) == pytest.approx(theirs.trace(rho), rel=1e-7)
        assert mine.trace_of_square(rho) == pytest.approx(theirs.trace_of_square(rho), rel=1e-5)
    solver = sparse.solver(0.5)
    monkeypatch.setattr(lag_module, "DENSE", 1_000)
    whole = exact.solver(0.5)
    for trace in (lambda s: trace_of_cross(s, s), lambda s: trace_of_product(s, s), trace_with_lag):
        probed, known = trace(solver), trace(whole)
        assert known.error == 0 < probed.error
        assert abs(probed.value - known.value) < 4 * probed.error


def test_rook_cells_reach_minus_one():
    """A chessboard has two colours, so that the least eigenvalue of its rook neighbours is -1."""
    assert grid("rook").lag.low == pytest.approx(-1, abs=2e-6)


def test_least_squares_of_columbus():
    found = ordinary(columbus())
    assert found.coefficients == pytest.approx([68.6189611, -1.59731083, -0.273931478], rel=1e-8)
    assert found.std_errors == pytest.approx([4.73548613, 0.334130762, 0.103198684], rel=1e-8)
    assert found.log_likelihood == pytest.approx(-187.377239, abs=1e-6)


# rho or lambda, its error, first and last coefficient, log-likelihood
LAG = {
    columbus: (0.403889687, 0.120713134, 46.8514311, -0.269997124, -183.16828),
    grid: (0.500261893, 0.0365708927, 2.03516197, -0.861840642, -369.286279),
}
ERROR = {
    columbus: (0.520887681, 0.141286198, 61.0536182, -0.307979373, -184.155205),
    grid: (0.744589466, 0.0508188506, 2.62269527, -0.853738799, -395.228199),
}
DURBIN = {
    columbus: (0.382506226, 0.162374823, 45.5928938, 0.266614599, -182.016116),
    grid: (0.493459094, 0.0721920924, 2.07455733, -0.0282223883, -369.26907),
}


def numbers(found):
    return (
        found.spatial[0][1],
        found.std_errors[0],
        found.coefficients[0],
        found.coefficients[-1],
        found.log_likelihood,
    )


@pytest.mark.parametrize("example", [columbus, grid])
def test_lag_error_and_durbin_models(example):
    design = example()
    assert numbers(fit_lag(design)) == pytest.approx(LAG[example], rel=1e-6)
    assert numbers(fit_error(design)) == pytest.approx(ERROR[example], rel=1e-6)
    # The coefficient of a neighbours' driver is nearly zero in the second, so it is compared by its size.
    assert numbers(fit_lag(design.with_lags(), "sdm")) == pytest.approx(DURBIN[example], rel=1e-6, abs=1e-7)


def test_the_other_models_of_columbus():
    design = columbus()
    both = fit_both(design)
    assert (both.rho, both.lam, both.log_likelihood) == pytest.approx((0.35326182, 0.131993589, -183.073125), rel=1e-4)
    assert both.std_errors[:2] == pytest.approx([0.196693564, 0.299048977], rel=1e-4)
    error = fit_error(design.with_lags(), "sdem")
    assert (error.lam, error.log_likelihood) == pytest.approx((0.376129115, -182.23289), rel=1e-6)
    lagged = ordinary(design.with_lags(), "slx")
    expected = [74.0289955, -1.10812732, -0.294909522, -1.38344678, 0.226153779]
    assert lagged.coefficients == pytest.approx(expected, rel=1e-8)


def test_error_that_a_lag_model_leaves():
    assert fit_lag(columbus()).lag_error_test == pytest.approx(0.191838449, rel=1e-5)
    assert fit_lag(grid()).lag_error_test == pytest.approx(0.726434482, rel=1e-5)


# rho, its error, first coefficient and its error, s2, log-likelihood
PANEL_LAG = {
    ("entity", "none"): (0.698838008, 0.0397795713, 0.774521642, 0.0490439518, 0.43923964, -297.368269),
    ("entity", "lee_yu"): (0.698838008, 0.0444749127, 0.774521642, 0.054832805, 0.54904955, -262.886693),
    ("twoway", "none"): (0.382393705, 0.0627989816, 0.796358739, 0.0448816056, 0.365479642, -260.097961),
    ("twoway", "lee_yu"): (0.415774622, 0.0722180005, 0.795875471, 0.0505187265, 0.463128047, -228.912434),
}
PANEL_ERROR = {
    ("entity", "none"): (0.734026319, 0.04789427, 0.715035607, 0.0446540187, 0.416785181, -292.165189),
    ("entity", "lee_yu"): (0.734026308, 0.0535474233, 0.715035607, 0.0499247108, 0.520981479, -258.724229),
    ("twoway", "none"): (0.337890505, 0.085353961, 0.758778564, 0.0453330052, 0.39241733, -269.181344),
    ("twoway", "lee_yu"): (0.39679613, 0.0993866123, 0.752199017, 0.0506788675, 0.496055696, -236.246581),
}


@pytest.mark.parametrize(("effects", "correction"), PANEL_LAG)
def test_panels(effects, correction):
    """splm divides otherwise with both effects; its likelihood of the error model is off, as is spreg's of the lag."""
    design = panel(effects, correction)
    for fit, expected in ((fit_lag, PANEL_LAG), (fit_error, PANEL_ERROR)):
        found = fit(design)
        got = (found.spatial[0][1], found.std_errors[0], found.coefficients[0], found.std_errors[1], found.sigma2)
        assert (*got, found.log_likelihood) == pytest.approx(expected[effects, correction], rel=1e-6)


def test_without_dependence_nothing_is_found():
    rng = np.random.default_rng(3)
    design = grid()
    noise = make_design(rng.normal(size=300), design.drivers, design.driver_names, design.lag)
    found = fit_lag(noise)
    assert abs(found.rho / found.std_errors[0]) < 3


def test_what_cannot_be_fitted_is_said():
    design = grid()
    with pytest.raises(InputError, match="x1 does not vary"):
        make_design(design.y, np.ones((300, 1)), ("x1",), design.lag)
    with pytest.raises(InputError, match="not independent"):
        make_design(
            design.y, np.column_stack([design.drivers, design.drivers.sum(axis=1)]), ("a", "b", "c"), design.lag
        )
    with pytest.raises(InputError, match="needs several years"):
        make_design(design.y, design.drivers, ("a", "b"), design.lag, "entity")
    steady = panel("entity", "none")
    with pytest.raises(InputError, match=r"height does not vary once effects \(entity\)"):
        make_design(steady.y, np.tile(np.arange(56.0), 5)[:, None], ("height",), steady.lag, "entity")
    exact = make_design(design.drivers @ [1.0, 2.0], design.drivers, ("a", "b"), design.lag)
    with pytest.raises(InputError, match="explain the variable exactly"):
        fit_lag(exact)


def test_a_cancel_is_heard():
    class Impatient(Progress):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(Cancelled):
        fit_lag(grid(), progress=Impatient())
