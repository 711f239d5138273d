"""Geographically weighted regression: by hand, against mgwr 2.2.1 and GWmodel 2.3-3, and at its limits."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.feature_table import FeatureTable
from ecoassets.core.drivers.local.choice import LocalChoice
from ecoassets.core.drivers.local.kernels import SHAPES, Kernel, places_seen, seen
from ecoassets.core.drivers.local.run import run_local_regression
from ecoassets.core.drivers.local.search import find_bandwidth, search_range
from ecoassets.core.drivers.local.weighted import critical_t, fit, make_sample, scores
from ecoassets.core.errors import InputError
from ecoassets.tests.core.drivers.cases import case

ADAPTIVE, FIXED = Kernel("bisquare", True), Kernel("bisquare", False)
GAUSSIAN, EXPONENTIAL = Kernel("gaussian", False), Kernel("exponential", False)


@pytest.fixture(scope="module")
def sample():
    points = case("gwr_points")
    drivers = np.column_stack([points[name] for name in ("x1", "x2", "x3")])
    return make_sample(np.column_stack([points["x"], points["y"]]), points["value"], drivers)


def searched(sample, kernel, criterion="aicc"):
    low, high = search_range(sample.points, kernel, sample.k)
    return find_bandwidth(lambda trial: scores(sample, kernel, trial, criterion), kernel, low, high)


def weights_of(points, kernel, bandwidth):
    """The whole matrix of weights, put together from its blocks."""
    whole = np.zeros((len(points), len(points)))
    for block in seen(points, kernel, [bandwidth]):
        whole[np.ix_(block.rows, block.others)] = next(block.weights)
    return whole


def test_three_places_on_a_line_by_hand():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    assert weights_of(points, FIXED, 2.0)[0] == pytest.approx([1, 0.75**2, 0])
    assert weights_of(points, Kernel("gaussian", False), 1.0)[0] == pytest.approx(np.exp([0, -0.5, -2]))
    assert weights_of(points, Kernel("exponential", False), 2.0)[0] == pytest.approx(np.exp([0, -0.5, -1]))
    # Of the nearest two, the place itself among them, the second lies at the bandwidth and weighs next to nothing.
    assert weights_of(points, ADAPTIVE, 2)[0] == pytest.approx([1, 0, 0], abs=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("adaptive", "bandwidth"), [(True, 40), (False, 9_000.0)])
def test_blocks_see_what_a_whole_matrix_sees(shape, adaptive, bandwidth):
    rng = np.random.default_rng(1)
    points = rng.uniform(0, [100_000, 20_000], (300, 2))  # wide and low, so that blocks are not round
    distance = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    reach = np.sort(distance, axis=1)[:, 39:40] * 1.0000001 if adaptive else bandwidth
    z = distance / reach
    plain = {
        "bisquare": np.where(z < 1, (1 - z**2) ** 2, 0),
        "gaussian": np.exp(-(z**2) / 2),
        "exponential": np.exp(-z),
    }
    assert weights_of(points, Kernel(shape, adaptive), bandwidth) == pytest.approx(plain[shape], abs=2e-14)


def test_bandwidths_agree_with_mgwr(sample):
    assert searched(sample, ADAPTIVE).bandwidth == 53
    assert searched(sample, ADAPTIVE, "cv").bandwidth == 53
    fixed = searched(sample, FIXED)
    assert fixed.bandwidth == pytest.approx(19_855.92, rel=1e-4)
    assert fixed.score == pytest.approx(443.567456704, abs=1e-6)
    assert searched(sample, Kernel("gaussian", False), "cv").score == pytest.approx(0.538751492195, rel=1e-7)


def test_no_bandwidth_of_the_whole_range_is_better(sample):
    """GWmodel's search of whole numbers stops at 59, which is not the best."""
    every = np.arange(49, sample.n)
    assert every[np.argmin(scores(sample, ADAPTIVE, every))] == 53
    assert scores(sample, ADAPTIVE, [53, 59]) == pytest.approx([467.409190026, 467.491567545], abs=1e-5)


def test_an_optimum_at_the_edge_is_named(sample):
    found = searched(sample, Kernel("gaussian", True))
    assert (found.bandwidth, found.edge) == (49, "low")
    assert found.score == pytest.approx(599.796516309, abs=1e-6)
    assert searched(sample, ADAPTIVE).edge == ""


# AICc, AIC, BIC, RSS, tr S, tr S'S
EXPECTED = {
    (ADAPTIVE, 53): (467.409190026, 449.105641158, 574.113437357, 75.7140505821, 36.9004753961, 25.6251057624),
    (GAUSSIAN, 7382.28): (443.66298426, 426.486916518, 547.941857094, 68.350019626, 35.8233032417, 22.4557270743),
    (EXPONENTIAL, 5760.47): (467.742668912, 427.55671758, 604.216879635, 58.1262264321, 52.5606924446, 26.3846565556),
}


@pytest.mark.parametrize(("kernel", "bandwidth"), EXPECTED)
def test_scores_agree_with_mgwr(sample, kernel, bandwidth):
    found = fit(sample, kernel, bandwidth)
    numbers = found.diagnostics
    got = (numbers.aicc, numbers.aic, numbers.bic, numbers.rss, numbers.enp, found.trace_squares)
    assert got == pytest.approx(EXPECTED[kernel, bandwidth], rel=1e-8)


def test_coefficients_agree_with_mgwr(sample):
    found = fit(sample, ADAPTIVE, 53)
    assert found.coefficients.mean(axis=0) == pytest.approx([3.14301417, 2.28257499, 1.03282077, -1.03928255], rel=1e-7)
    assert found.coefficients[0] == pytest.approx([4.49839553, 2.35090019, 1.02327561, -1.01906889], rel=1e-7)
    assert found.std_errors[0] == pytest.approx([0.11594927, 0.124405497, 0.14419875, 0.109351358], rel=1e-7)
    assert found.local_r2[:3] == pytest.approx([0.983180569, 0.923842024, 0.977478165], rel=1e-8)
    assert found.diagnostics.sigma2 == pytest.approx(0.464219934, rel=1e-8)
    assert found.diagnostics.cv == pytest.approx(0.591939281297, rel=1e-9)
    alpha, critical = critical_t(0.05, found.diagnostics.enp, 4, 200)
    assert (alpha, critical) == pytest.approx((0.00541998437, 2.81177787), rel=1e-8)
    assert np.sum(np.abs(found.t) > critical, axis=0).tolist() == [200, 200, 198, 200]


def test_condition_numbers_are_those_of_the_regression(sample):
    """By the root of the weights, as the regression sees the columns; mgwr and GWmodel give 2.0416, 1.6822, 2.5332."""
    found = fit(sample, ADAPTIVE, 53)
    assert found.condition[:3] == pytest.approx([1.9177486, 1.55311474, 2.10299899], rel=1e-7)


def test_local_collinearity_equals_that_of_weighted_columns(sample):
    found = fit(sample, ADAPTIVE, 53)
    w = weights_of(sample.points, ADAPTIVE, 53)[7]
    x = sample.raw_x()[:, 1:]
    centred = (x - np.average(x, axis=0, weights=w)) * np.sqrt(w)[:, None]
    correlation = centred.T @ centred
    scale = np.sqrt(np.diag(correlation))
    assert found.vif[7] == pytest.approx(np.diag(np.linalg.inv(correlation / np.outer(scale, scale))).max(), rel=1e-9)


def test_units_do_not_matter():
    """Explained in yuan, a driver at three thousand metres: the numbers keep their digits."""
    points = case("gwr_points")
    drivers = np.column_stack([points[name] for name in ("x1", "x2", "x3")])
    plain = fit(make_sample(np.column_stack([points["x"], points["y"]]), points["value"], drivers), ADAPTIVE, 53)
    shifted = np.column_stack([points["x"] + 5e5, points["y"] + 4e6])
    large = fit(make_sample(shifted, 1e9 * points["value"], 1e-3 * drivers + 3_000), ADAPTIVE, 53)
    assert large.coefficients[:, 1:] / 1e12 == pytest.approx(plain.coefficients[:, 1:], rel=1e-7)
    assert large.t[:, 1:] == pytest.approx(plain.t[:, 1:], rel=1e-6)


def test_what_cannot_be_fitted_is_said():
    line = np.column_stack([np.arange(60.0), np.zeros(60)])
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(60, 1)), rng.normal(size=60)
    with pytest.raises(InputError, match="rain has the same value everywhere"):
        make_sample(line, y, np.ones((60, 1)), ["rain"])
    with pytest.raises(InputError, match="all lie at that point"):
        fit(make_sample(np.zeros((60, 2)) + (np.arange(60) // 10)[:, None], y, x), ADAPTIVE, 10)
    with pytest.raises(InputError, match="use up"):
        fit(make_sample(line, y, x), FIXED, 1.05)
    with pytest.raises(InputError, match="whole number from 2 to 60"):
        fit(make_sample(line, y, x), ADAPTIVE, 61)
    with pytest.raises(InputError, match="needs more than 46 places"):
        search_range(line[:45], ADAPTIVE, 2)


def test_a_lonely_place_is_left_without_a_fit():
    """A fixed bandwidth that reaches nobody from one place leaves that place empty, and counts it."""
    rng = np.random.default_rng(3)
    points = np.vstack([rng.uniform(0, 100, (80, 2)), [[1_000.0, 1_000.0]]])
    sample = make_sample(points, rng.normal(size=81), rng.normal(size=(81, 2)))
    found = fit(sample, FIXED, 60.0)
    assert found.unfit == 1 and np.isnan(found.coefficients[80]).all() and np.isfinite(found.coefficients[:80]).all()
    assert scores(sample, FIXED, [60.0]) == np.inf, "a search never ends where a place has no fit"
    assert places_seen(points, FIXED, 60.0)[80] == 1


@pytest.mark.parametrize(("kernel", "advised"), [("bisquare", False), ("gaussian", True)])
def test_the_kernel_in_use_is_not_advised(kernel, advised):
    rng = np.random.default_rng(5)
    u, v, x = rng.uniform(size=(3, 200))
    columns = {"value": np.sin(9 * u) + np.cos(9 * v) + x, "x": x, "gx": 1000 * u, "gy": 1000 * v}
    run = run_local_regression(FeatureTable(columns, ("gx", "gy")), LocalChoice("value", ("x",), kernel=kernel))
    told = next(text for text in run.warnings if "the least that is tried" in text)
    assert ("KERNEL bisquare" in told) == advised
