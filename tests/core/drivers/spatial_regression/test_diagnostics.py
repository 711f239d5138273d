"""Score tests, effects, moments and the choice of a model."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.spatial_regression.choose import choose
from ecoassets.core.drivers.spatial_regression.diagnostics import (
    lagrange_tests,
    likelihood_ratio,
    spatial_hausman,
    wald_tests,
)
from ecoassets.core.drivers.spatial_regression.effects import effects_of
from ecoassets.core.drivers.spatial_regression.likelihood import fit_both, fit_error, fit_lag, ordinary
from ecoassets.core.drivers.spatial_regression.moments import fit_by_moments
from ecoassets.core.errors import InputError
from ecoassets.tests.core.drivers.spatial_regression.examples import columbus, grid, panel

# lag, error, robust lag, robust error, both, W X, lag and W X, robust W X, lag given W X
TESTS = {
    columbus: [
        7.85567541,
        4.61112584,
        3.27806367,
        0.0335141071,
        7.88918951,
        6.13760415,
        10.74873,
        2.89305458,
        4.61112584,
    ],
    grid: [170.796962, 92.3335206, 88.9587208, 10.4952794, 181.292241, 88.9790068, 181.312527, 10.5155654, 92.3335206],
}


@pytest.mark.parametrize("example", [columbus, grid])
def test_score_tests(example):
    found = lagrange_tests(ordinary(example()))
    assert [row.statistic for row in found.rows()] == pytest.approx(TESTS[example], rel=1e-8)


def test_p_of_score_tests():
    p = {row.test: row.p for row in lagrange_tests(ordinary(columbus())).rows()}
    assert p["lm_wx"] == pytest.approx(0.0464767973, rel=1e-8)
    assert p["lm_lag_wx"] == pytest.approx(0.0131651545, rel=1e-8)
    assert p["lm_robust_wx"] == pytest.approx(0.235386298, rel=1e-8)


def test_score_tests_of_demeaned_panels():
    """The robust lag test is .10 within cells and 12.0 pooled: which data it sees must be said."""
    within = lagrange_tests(ordinary(panel("entity", "none")))
    got = (within.lag, within.error, within.robust_lag, within.robust_error)
    assert got == pytest.approx((201.526955, 265.371991, 0.0979344434, 63.9429697), rel=1e-8)
    both = lagrange_tests(ordinary(panel("twoway", "lee_yu")))
    assert (both.lag, both.robust_error) == pytest.approx((36.9736177, 1.31552042), rel=1e-8)
    pooled = lagrange_tests(ordinary(panel("none", "none")))
    assert (pooled.lag, pooled.error, pooled.robust_lag) == pytest.approx((63.9824909, 61.1224683, 12.026653), rel=1e-8)


def test_likelihood_ratios_of_columbus():
    design = columbus()
    durbin = fit_lag(design.with_lags(), "sdm")
    lag, error = fit_lag(design), fit_error(design)
    assert likelihood_ratio("", lag, ordinary(design), "").statistic == pytest.approx(8.41791755, rel=1e-7)
    assert likelihood_ratio("", durbin, lag, "").statistic == pytest.approx(2.30432719, rel=1e-7)
    common = likelihood_ratio("", durbin, error, "")
    assert (common.statistic, common.df) == (pytest.approx(4.27817646, rel=1e-6), 2)


def test_wald_tests_of_the_durbin_model_by_hand():
    found = fit_lag(columbus().with_lags(), "sdm")
    theta = found.coefficients[3:]
    expected = theta @ np.linalg.solve(found.covariance[4:, 4:], theta)
    assert wald_tests(found)[0].statistic == pytest.approx(expected)
    # At theta = -rho b the Durbin model is an error model; both tests have a degree a driver.
    assert [row.df for row in wald_tests(found)] == [2, 2]


def test_hausman_takes_the_variance_of_least_squares_under_the_error_model():
    """spatialreg 1.2-6 gives 6.4729, for it takes A A where A A' is the variance of u = A e."""
    design = columbus()
    error, plain = fit_error(design), ordinary(design)
    inverse = np.linalg.inv(np.eye(49) - error.lam * design.lag.matrix.toarray())
    bread = np.linalg.inv(design.x.T @ design.x) @ design.x.T
    difference = plain.coefficients - error.coefficients

    def statistic(middle):
        spread = error.sigma2 * bread @ middle @ bread.T - error.covariance[1:, 1:]
        return float(difference @ np.linalg.solve(spread, difference))

    assert statistic(inverse @ inverse) == pytest.approx(6.47290966, rel=1e-6)
    assert spatial_hausman(error, plain).statistic == pytest.approx(statistic(inverse @ inverse.T))


def effects_table(found, draws=5_000):
    return {(row.term, row.effect): row for row in effects_of(found, draws).rows}


def test_effects_are_exact():
    found = effects_table(fit_lag(columbus()), 200)
    exact = {
        ("INC", "direct"): -1.12251557,
        ("INC", "indirect"): -0.678381753,
        ("INC", "total"): -1.80089732,
        ("HOVAL", "direct"): -0.28231628,
        ("HOVAL", "total"): -0.452931475,
    }
    assert {key: found[key].estimate for key in exact} == pytest.approx(exact, rel=1e-6)
    durbin = effects_table(fit_lag(columbus().with_lags(), "sdm"), 200)
    got = [durbin["INC", kind].estimate for kind in ("direct", "indirect", "total")]
    assert got == pytest.approx([-1.04180798, -1.48042458, -2.52223256], rel=1e-6)


def test_effects_equal_the_inverse_written_out():
    design = grid("rook")
    found = fit_lag(design.with_lags(), "sdm")
    inverse = np.linalg.inv(np.eye(300) - found.rho * design.lag.matrix.toarray())
    spread = inverse @ (np.eye(300) * found.coefficients[1] + design.lag.matrix.toarray() * found.coefficients[3])
    table = effects_table(found, 100)
    assert table["x1", "direct"].estimate == pytest.approx(np.trace(spread) / 300, rel=1e-9)
    assert table["x1", "total"].estimate == pytest.approx(spread.sum() / 300, rel=1e-9)


def test_simulated_errors_agree_with_spatialreg():
    """5,000 draws each; their deviations within 6 %, limits within 10 %."""
    lag = effects_table(fit_lag(columbus()))
    deviations = [lag["INC", kind].std_error for kind in ("direct", "indirect", "total")]
    assert deviations == pytest.approx([0.31785, 0.3747, 0.56779], rel=0.06)
    assert (lag["INC", "total"].low, lag["INC", "total"].high) == pytest.approx((-3.043, -0.86897), rel=0.1)
    durbin = effects_table(fit_lag(grid().with_lags(), "sdm"))
    deviations = [durbin["x2", kind].std_error for kind in ("direct", "indirect", "total")]
    assert deviations == pytest.approx([0.061308, 0.22884, 0.23758], rel=0.06)


def test_effects_without_a_lag_are_sums():
    found = fit_error(columbus().with_lags(), "sdem")
    table = effects_table(found)
    assert table["INC", "total"].estimate == pytest.approx(found.coefficients[1] + found.coefficients[3])
    v = found.covariance
    assert table["INC", "total"].std_error == pytest.approx(np.sqrt(v[2, 2] + v[4, 4] + 2 * v[2, 4]))
    alone = effects_table(fit_error(columbus()))
    assert alone["INC", "indirect"].estimate == 0 and alone["INC", "indirect"].std_error is None


def test_two_stage_least_squares_agrees_with_spatialreg():
    found = fit_by_moments(columbus(), "sar")
    assert (found.rho, *found.coefficients) == pytest.approx(
        (0.454637591, 44.1163859, -1.00772192, -0.26950278), rel=1e-8
    )
    assert found.std_errors == pytest.approx([0.191446452, 11.1717895, 0.391139154, 0.0933680427], rel=1e-8)
    white = fit_by_moments(columbus(), "sar", "gmm_het")  # spreg 1.9.0, robust = white
    assert white.std_errors == pytest.approx([0.14133033, 7.63196108, 0.45763636, 0.17432752], rel=1e-4)


@pytest.mark.parametrize(
    ("example", "lam", "coefficients", "errors"),
    [
        (columbus, 0.364296572, [63.4871497, -1.18041426, -0.30036468], [4.99922762, 0.336114886, 0.0951926516]),
        (grid, 0.555496012, [2.71427639, 1.30333875, -0.905207135], [0.139450916, 0.0509192357, 0.0689642295]),
    ],
)
def test_moments_of_the_error(example, lam, coefficients, errors):
    found = fit_by_moments(example(), "sem")
    assert found.lam == pytest.approx(lam, rel=1e-7)
    assert found.coefficients == pytest.approx(coefficients, rel=1e-6)
    assert found.std_errors[1:] == pytest.approx(errors, rel=1e-5)


# lambda and its error, coefficients, their errors: spreg 1.9.0 with the weighted first step
UNEQUAL = {
    columbus: (0.512391721, 0.145870227, 63.1160172, -1.15173453, -0.301696601, 4.74141483, 0.453366442, 0.165272247),
    grid: (0.719639095, 0.0479651595, 2.70415939, 1.2956405, -0.899285382, 0.193092741, 0.0523847499, 0.0660756162),
}


@pytest.mark.parametrize("example", [columbus, grid])
def test_moments_under_unequal_variances(example):
    found = fit_by_moments(example(), "sem", "gmm_het")
    got = (found.lam, found.std_errors[0], *found.coefficients, *found.std_errors[1:])
    assert got == pytest.approx(UNEQUAL[example], rel=3e-6)


def test_moments_of_both():
    found = fit_by_moments(columbus(), "sac")
    assert (found.rho, found.lam) == pytest.approx((0.45551863, -0.0391950876), rel=1e-5)
    with pytest.raises(InputError, match="not offered"):
        fit_by_moments(columbus(), "sac", "gmm_het")
    assert fit_both(columbus()).log_likelihood > fit_lag(columbus()).log_likelihood


def test_the_choice_is_told_step_by_step():
    design = grid()
    fits = {"sar": fit_lag(design), "sem": fit_error(design), "sdm": fit_lag(design.with_lags(), "sdm")}
    chosen = choose(lagrange_tests(ordinary(design)), fits.__getitem__)
    assert chosen.model == "sar"  # which made these data
    assert [step.key for step in chosen.steps] == ["spatial_choice_robust_sar", "spatial_choice_simple"]
    assert chosen.steps[0].numbers == {"lag": "88.96", "error": "10.50"}
