"""Standard errors and Wald tests against R quantreg, formulas by hand and the theory of the sample quantile."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from ecoassets.core.drivers.quantile.errors import (
    bootstrap_covariance,
    hall_sheather,
    iid_covariance,
    nid_covariance,
    wald,
)
from ecoassets.core.drivers.quantile.panel import fit_quantiles
from ecoassets.core.drivers.quantile.rank import rank_tests
from ecoassets.core.drivers.quantile.solver import make_basis
from ecoassets.core.errors import Cancelled, InputError
from ecoassets.core.progress import QUIET, Progress


def engel(quantiles):
    datasets = pytest.importorskip("statsmodels.datasets", reason="the Engel data come with statsmodels")
    table = datasets.engel.load_pandas().data
    y = table.foodexp.to_numpy()
    basis = make_basis(np.column_stack([np.ones(len(y)), table.income]), ("const", "income"))
    return basis, y, fit_quantiles(basis, y, quantiles, QUIET)


def errors(covariance):
    return np.sqrt(np.diag(covariance.matrix))


def test_hall_sheather_by_hand():
    # median: z = 0, phi(0)^2 = 1 / (2 pi): 235^(-1/3) 1.95996^(2/3) (1.5 / (2 pi))^(1/3)
    assert hall_sheather(235, 0.5) == pytest.approx(235 ** (-1 / 3) * 1.959964 ** (2 / 3) * (1.5 / 6.283185) ** (1 / 3))


def test_the_bandwidth_stays_between_0_and_1():
    h = hall_sheather(20, 0.02)
    assert 0 < h < 0.02


def test_engel_iid_errors_are_those_of_quantreg():
    basis, _, fits = engel([0.5])
    assert errors(iid_covariance(basis, [0.5], fits)) == pytest.approx([13.239, 0.01192], rel=1e-4)


def test_engel_nid_errors_are_those_of_quantreg():
    basis, y, fits = engel([0.5])
    assert errors(nid_covariance(basis, y, [0.5], fits, QUIET)) == pytest.approx([19.25, 0.02828], rel=2e-4)


@pytest.mark.parametrize(
    ("quantile", "constant", "slope"),
    [
        (0.25, (73.78608, 120.09847), (0.42033, 0.49433)),
        (0.5, (53.25915, 114.01156), (0.48702, 0.60199)),
        (0.75, (32.74488, 107.31362), (0.58016, 0.69041)),
        (0.95, (46.26495, 83.57896), (0.67390, 0.73444)),
    ],
)
def test_engel_rank_intervals_are_those_of_the_vignette_of_quantreg(quantile, constant, slope):
    """summary.rq inverts the rank test with errors of one law, at the level .9."""
    basis, y, (fit,) = engel([quantile])
    x = basis.rows @ basis.triangle
    tests = rank_tests(x, ("const", "income"), y, quantile, fit, np.ones(len(y)), 0.9, QUIET)
    assert [(test.low, test.high) for test in tests] == [
        pytest.approx(constant, abs=6e-6), pytest.approx(slope, abs=6e-6)
    ]  # fmt: skip


def test_a_rank_interval_ends_where_the_test_of_its_end_has_p_of_one_less_the_level():
    random = np.random.default_rng(3)
    x = np.column_stack([np.ones(60), random.normal(size=(60, 2))])
    y = x @ [1.0, 0.4, 0.0] + random.normal(size=60)
    names = ("const", "a", "b")

    def test_of(response):
        basis = make_basis(x, names)
        (fit,) = fit_quantiles(basis, response, [0.5], QUIET)
        return rank_tests(x, names, response, 0.5, fit, np.ones(60), 0.9, QUIET)[1]

    high = test_of(y).high
    assert test_of(y - (high - 0.05) * x[:, 1]).p > 0.1 > test_of(y - (high + 0.05) * x[:, 1]).p


def test_a_rank_interval_without_an_end():
    """Two rows beyond the quantile cannot reject any value on one side."""
    random = np.random.default_rng(1)
    x = np.column_stack([np.ones(20), random.normal(size=20)])
    basis = make_basis(x, ("const", "a"))
    y = random.normal(size=20)
    (fit,) = fit_quantiles(basis, y, [0.95], QUIET)
    tests = rank_tests(x, ("const", "a"), y, 0.95, fit, np.ones(20), 0.95, QUIET)
    assert any(test.low is None or test.high is None for test in tests)


def test_rank_intervals_of_rows_that_come_twice():
    random = np.random.default_rng(2)
    x = np.repeat(np.column_stack([np.ones(40), random.integers(5, size=40)]), 2, axis=0)
    y = np.repeat(random.integers(9, size=40).astype(float), 2)
    basis = make_basis(x, ("const", "a"))
    (fit,) = fit_quantiles(basis, y, [0.5], QUIET)
    for test, estimate in zip(rank_tests(x, ("const", "a"), y, 0.5, fit, np.ones(80), 0.95, QUIET), fit.coefficients):
        assert test.low <= estimate + 1e-6 and estimate - 1e-6 <= test.high


def test_rank_intervals_are_for_small_samples():
    x = np.ones((6_000, 1))
    basis = make_basis(x, ("const",))
    (fit,) = fit_quantiles(basis, np.arange(6_000.0), [0.5], QUIET)
    with pytest.raises(InputError, match="up to 5000 rows"):
        rank_tests(x, ("const",), np.arange(6_000.0), 0.5, fit, x[:, 0], 0.95, QUIET)


def test_engel_slopes_differ_as_in_the_vignette_of_quantreg():
    """anova of the fits at .25, .5, .75: F = 15.557 on 2 degrees of freedom, which is the Wald statistic over 2."""
    basis, y, fits = engel([0.25, 0.5, 0.75])
    covariance = nid_covariance(basis, y, [0.25, 0.5, 0.75], fits, QUIET).matrix
    contrast = np.array([[0, -1, 0, 1, 0, 0], [0, 0, 0, -1, 0, 1]])
    slopes = np.concatenate([fit.coefficients for fit in fits])
    statistic, rank, _ = wald(contrast @ slopes, contrast @ covariance @ contrast.T)
    assert rank == 2
    assert statistic / 2 == pytest.approx(15.557, abs=5e-4)


@pytest.mark.parametrize("kind", ["nid", "iid"])
def test_the_error_of_a_sample_quantile_is_that_of_theory(kind):
    """sqrt(t (1 - t) / n) / f(q) for normal data; 4000 rows leave a few percent for the density estimate."""
    rows, quantiles = 4_000, [0.25, 0.5]
    y = norm.ppf((np.arange(rows) + 0.5) / rows)
    basis = make_basis(np.ones((rows, 1)), ("const",))
    fits = fit_quantiles(basis, y, quantiles, QUIET)
    if kind == "nid":
        covariance = nid_covariance(basis, y, quantiles, fits, QUIET)
    else:
        covariance = iid_covariance(basis, quantiles, fits)
    theory = [np.sqrt(t * (1 - t) / rows) / norm.pdf(norm.ppf(t)) for t in quantiles]
    assert errors(covariance) == pytest.approx(theory, rel=0.02)
    # two sample quantiles t < u correlate as sqrt(t (1 - u) / (u (1 - t))) = sqrt(1/3)
    correlation = covariance.matrix[0, 1] / np.prod(errors(covariance))
    assert correlation == pytest.approx(np.sqrt(1 / 3), rel=1e-9)


@pytest.mark.parametrize("kind", ["nid", "iid"])
def test_tied_rows_have_no_density_and_no_such_errors(kind):
    y = np.repeat([0.0, 1.0], [90, 10])
    basis = make_basis(np.column_stack([np.ones(100), np.arange(100.0) % 7]), ("const", "x"))
    fits = fit_quantiles(basis, y, [0.3], QUIET)
    covariance = nid_covariance(basis, y, [0.3], fits, QUIET) if kind == "nid" else iid_covariance(basis, [0.3], fits)
    if kind == "nid":
        assert np.isnan(covariance.matrix).all()
        assert "y is tied there" in covariance.warnings[-1]
    else:
        # the ten ones are all equally far from the fit: the sparsity of residuals that do not rise is 0
        assert errors(covariance) == pytest.approx(0, abs=1e-6)


def mean_estimate(y):
    return lambda weights: np.array([[np.average(y, weights=weights)]])


def test_bootstrap_of_a_mean_knows_its_error():
    """sd / sqrt(n); 2000 samples leave about 1/sqrt(4000) = 1.6 %, three times that is allowed."""
    y = norm.ppf((np.arange(100) + 0.5) / 100)
    covariance = bootstrap_covariance(mean_estimate(y), np.arange(100), "rows", 99, 2_000, 0, QUIET)
    assert errors(covariance)[0] == pytest.approx(y.std() / 10, rel=0.05)
    assert covariance.degrees == 99


def test_bootstrap_draws_whole_clusters():
    """Four equal rows in each of 50 clusters carry the information of 50 rows, not of 200."""
    y = np.repeat(norm.ppf((np.arange(50) + 0.5) / 50), 4)
    clusters = np.repeat(np.arange(50), 4)
    covariance = bootstrap_covariance(mean_estimate(y), clusters, "clusters", 199, 1_000, 0, QUIET)
    assert errors(covariance)[0] == pytest.approx(y.std() / np.sqrt(50), rel=0.07)
    assert covariance.degrees == 49


def test_bootstrap_is_repeatable():
    y = np.arange(30.0)
    runs = [
        bootstrap_covariance(mean_estimate(y), np.arange(30), "rows", 29, 20, seed, QUIET).matrix for seed in (7, 7, 8)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_bootstrap_draws_again_and_gives_up_in_the_end():
    def fragile(weights):
        if weights[0] == 0:
            raise InputError("row 0 is needed")
        return np.array([[weights @ np.arange(40.0)]])

    covariance = bootstrap_covariance(fragile, np.arange(40), "rows", 39, 50, 0, QUIET)
    assert "drawn again" in covariance.warnings[0]

    def broken(weights):
        raise InputError("never")

    with pytest.raises(InputError, match="More than half of the bootstrap samples of rows"):
        bootstrap_covariance(broken, np.arange(40), "rows", 39, 50, 0, QUIET)


def test_one_cluster_cannot_be_drawn():
    with pytest.raises(InputError, match="there is only one"):
        bootstrap_covariance(mean_estimate(np.ones(3)), np.zeros(3, dtype=int), "clusters", 2, 10, 0, QUIET)


def test_bootstrap_can_be_cancelled():
    class Stop(Progress):
        def cancelled(self):
            return True

    with pytest.raises(Cancelled):
        bootstrap_covariance(mean_estimate(np.arange(9.0)), np.arange(9), "rows", 8, 10, 0, Stop())


def test_wald_by_hand():
    # 3^2 / 4 + 1^2 / 1 = 3.25
    statistic, rank, p = wald(np.array([3.0, 1.0]), np.diag([4.0, 1.0]))
    assert (statistic, rank) == (pytest.approx(3.25), 2)
    assert p == pytest.approx(np.exp(-3.25 / 2))


def test_wald_of_a_repeated_contrast_counts_it_once():
    statistic, rank, _ = wald(np.array([3.0, 3.0]), np.full((2, 2), 4.0))
    assert (statistic, rank) == (pytest.approx(2.25), 1)


def test_wald_without_a_covariance_is_nothing():
    assert wald(np.array([1.0]), np.array([[np.nan]])) is None
    assert wald(np.array([1.0]), np.array([[0.0]])) is None
