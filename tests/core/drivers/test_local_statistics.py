"""Bivariate Moran, Gi*, Geary, general G: values of spdep and esda, formulas pair by pair, the level of the tests."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from ecoassets.core.drivers.autocorrelation.run import SpatialChoice, run_spatial_autocorrelation
from ecoassets.core.drivers.feature_table import FeatureTable
from ecoassets.core.drivers.place.draws import conditional_draws
from ecoassets.core.drivers.place.local_statistics import bivariate, geary, geary_c, getis_ord
from ecoassets.core.drivers.place.neighbours import grid_weights, pair_weights
from ecoassets.core.errors import InputError
from ecoassets.core.progress import QUIET
from ecoassets.tests.core.drivers.cases import case


@pytest.fixture(scope="module")
def columbus():
    pairs = case("columbus_neighbours")
    weights = pair_weights(np.column_stack([pairs["i"], pairs["j"]]).astype(int) - 1, 49)
    return case("columbus"), weights


@pytest.fixture(scope="module")
def grid():
    table = case("grid_sar")
    return table, grid_weights(np.column_stack([table["x"], table["y"]]))


def by_test(tests):
    return {test.test: test for test in tests}


def test_bivariate_moran_of_esda(columbus):
    table, weights = columbus
    local, tests = bivariate(table["CRIME"], table["INC"], weights, 999)
    found = by_test(tests)
    assert found["bivariate_moran"].statistic == pytest.approx(-0.4232697400174361, rel=1e-12)
    assert found["bivariate_moran"].p_permutation == pytest.approx(0.001)
    assert found["bivariate_moran_reversed"].statistic == pytest.approx(-0.44741840993142074, rel=1e-12)
    assert found["lee_l"].statistic == pytest.approx(-0.46553740482670775, rel=1e-12)
    assert found["pearson_r"].statistic == pytest.approx(-0.695589773458462, rel=1e-12)
    # esda takes (n - 1)/n of these
    expected = [-0.875696579735572, 0.18401731214421518, 0.012133247090796096, -0.01669326761264571]
    assert local.statistic[:4] == pytest.approx(expected, rel=1e-10)
    assert local.statistic.mean() == pytest.approx(found["bivariate_moran"].statistic)


def test_bivariate_moran_of_the_grid(grid):
    table, weights = grid
    _, tests = bivariate(table["value"], table["x1"], weights, 19)
    found = by_test(tests)
    assert found["bivariate_moran"].statistic == pytest.approx(0.3164240167509441, rel=1e-12)
    assert found["lee_l"].statistic == pytest.approx(0.2958900513413039, rel=1e-12)


def test_hot_spots_of_spdep(columbus, grid):
    table, weights = columbus
    local, (general,) = getis_ord(table["CRIME"], weights, significance="normal")
    expected = [-1.4327796539664275, -1.3400080974641628, -0.7719986809531132, -0.131733364490507, 0.8913072486996086]
    assert local.z[:5] == pytest.approx(expected, rel=1e-10)
    assert local.z.sum() == pytest.approx(8.225730566527117, rel=1e-10)
    assert (np.sum(local.number >= 2), np.sum(local.number <= -2)) == (11, 6)
    assert set(local.labels[local.number == 2]) == {"hot_95"}
    assert set(local.labels[local.number == 0]) == {"not_significant"}
    controlled, _ = getis_ord(table["CRIME"], weights)
    assert np.sum(np.abs(controlled.number) >= 2) == 5
    # spdep shifts values so that the least is 1
    shifted = table["CRIME"] - table["CRIME"].min() + 1
    _, (general,) = getis_ord(shifted, weights)
    assert (general.statistic, general.expected, general.variance) == pytest.approx(
        (0.1219038891074, 0.09778911564626, 3.213950122462e-05), rel=1e-10
    )
    table, weights = grid
    local, _ = getis_ord(table["value"], weights, significance="normal")
    assert (np.sum(local.number >= 2), np.sum(local.number <= -2)) == (53, 51)
    assert np.sum(np.abs(getis_ord(table["value"], weights)[0].number) >= 2) == 57


def test_geary_of_spdep_and_its_local_parts(columbus, grid):
    for (table, weights), name, expected in (
        (columbus, "CRIME", (0.5478033771673, 0.009804107870386)),
        (grid, "value", (0.5210194392462, 0.0009513065262582)),
    ):
        local, (c,) = geary(table[name], weights, 19)
        assert (c.statistic, c.variance) == pytest.approx(expected, rel=1e-10)
        n = len(table[name])
        # every row of W sums to one, so that S0 = n
        assert local.statistic.sum() / (2 * n) * (n - 1) / n == pytest.approx(c.statistic)


def test_geary_pair_by_pair():
    values = np.array([1.0, 4, 2, 8])
    weights = pair_weights([[0, 1], [1, 2], [2, 3]], 4)
    dense = weights.matrix.toarray()
    z = values - values.mean()
    pairs = sum(dense[i, j] * (values[i] - values[j]) ** 2 for i in range(4) for j in range(4))
    assert geary_c(values, weights).statistic == pytest.approx(3 * pairs / (2 * dense.sum() * (z @ z)))


def test_draws_against_all_orders_of_the_others():
    """Five places in a row: what the middle one can meet around it, over all orders of the other four."""
    values = np.array([3.0, -1, 2, 5, -4])
    weights = pair_weights([[0, 1], [1, 2], [2, 3], [3, 4]], 5)
    draws = conditional_draws(values, weights.matrix, lambda lags: lags[:, 0], 4000, 1, QUIET)
    every = [(order[1] + order[2]) / 2 for order in permutations([3.0, -1, 5, -4])]
    assert draws.mean[2] == pytest.approx(np.mean(every), abs=4 * np.std(every) / 4000**0.5)
    assert draws.sd[2] == pytest.approx(np.std(every), rel=0.05)
    exact = np.mean(np.array(every) >= 2.0)  # -1 and 5 are around it
    assert draws.above[2] / 4000 == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 4000))


@pytest.mark.parametrize("statistic", ["bivariate", "getis_ord", "geary", "moran"])
@pytest.mark.parametrize("significance", ["permutation", "normal"])
def test_on_noise_five_percent_of_places_are_significant(statistic, significance):
    """40 fields of noise on 10 x 10 cells, 4000 places: 5 % with a binomial error of 0.4 % were they independent."""
    random = np.random.default_rng(8)
    place = np.column_stack([axis.ravel() for axis in np.meshgrid(np.arange(10.0), np.arange(10.0))])
    low = []
    for number in range(40):
        first, second = random.normal(size=(2, 100))
        table = FeatureTable({"v": first, "w": second, "gx": place[:, 0], "gy": place[:, 1]}, ("gx", "gy"))
        choice = SpatialChoice("v", statistic=statistic, second="w" if statistic == "bivariate" else None,
                               permutations=99, seed=number, significance=significance)  # fmt: skip
        low.append(np.mean(run_spatial_autocorrelation(table, choice).local.p <= 0.05))
    assert 0.025 <= np.mean(low) <= 0.08


def test_islands_have_no_local_moran_and_no_geary_but_a_gi():
    weights = pair_weights([[0, 1], [1, 2], [2, 3]], 5)
    values = np.array([1.0, 2, 3, 4, 9])
    for local in (bivariate(values, values[::-1], weights, 19)[0], geary(values, weights, 19)[0]):
        assert np.isnan(local.p[4]) and local.labels[4] == "island"
    gi, _ = getis_ord(values, weights, significance="normal")
    # alone: (9 - 3.8)/(s sqrt((5 - 1)/4)), s the deviation of all
    assert gi.z[4] == pytest.approx((9 - 3.8) / values.std())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"statistic": "bivariate"}, "needs FIELD_2"),
        ({"second": "INC"}, "FIELD_2 belongs to STATISTIC bivariate"),
        ({"statistic": "geary", "x": ("INC",)}, "geary tests values, not residuals"),
        ({"statistic": "join_count"}, "STATISTIC 'join_count' is not known"),
        ({"significance": "none"}, "SIGNIFICANCE 'none' is not known"),
    ],
)
def test_parts_that_do_not_go_together(columbus, changes, words):
    table, _ = columbus
    with pytest.raises(InputError, match=words):
        run_spatial_autocorrelation(FeatureTable(table, ("x", "y")), SpatialChoice("CRIME", **changes))


def test_global_statistics_beside_moran(columbus):
    table, weights = columbus
    run = run_spatial_autocorrelation(
        FeatureTable(table, ("x", "y")), SpatialChoice("CRIME", permutations=99), lambda rows, place: weights
    )
    found = by_test(run.tests)
    assert (found["moran"].statistic, found["moran"].variance) == pytest.approx((0.4857709136618, 0.008991121321779))
    assert found["geary_c"].statistic == pytest.approx(0.5478033771673)
    assert run.test_table().columns[0].name == "test"
