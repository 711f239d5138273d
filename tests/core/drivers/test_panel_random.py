"""Hausman's test in its forms against dense matrices, and the other specification tests."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import linalg, stats

from ecoassets.core.drivers.observations import read_observations
from ecoassets.core.drivers.panel.effects import Groups
from ecoassets.core.drivers.panel.regression import panel_regression
from ecoassets.core.drivers.panel.specification import breusch_pagan, pesaran_cd, wald


def panel(seed=0, entities=25, times=5, share=0.75, link=0.0, elevation=False):
    """Cell effects that go along with the driver by `link`; zero is what random effects assume."""
    rng = np.random.default_rng(seed)
    cell, year = [v.ravel() for v in np.meshgrid(range(entities), range(2000, 2000 + times), indexing="ij")]
    kept = (rng.random(cell.size) < share) | (year < 2002)  # no singletons
    cell, year = cell[kept], year[kept]
    effect = rng.normal(size=entities)[cell]
    x = rng.normal(size=(cell.size, 2))
    x[:, 0] += link * effect + 0.4 * rng.normal(size=entities)[cell]
    table = {"cell": cell, "year": year, "x0": x[:, 0], "x1": x[:, 1], "height": rng.normal(size=entities)[cell]}
    table["y"] = x @ [1.0, -2.0] + effect + 0.2 * (year - 2000) + rng.normal(size=cell.size) + table["height"]
    drivers = ["x0", "x1", "height"] if elevation else ["x0", "x1"]
    return read_observations(table, "y", drivers, "cell", "year")


def find(result, name):
    return next(test for test in result.tests if test.test == name)


def dense(data, effects):
    """Fixed and random effects with n x n matrices: slopes of x0, x1, their inverses and s2, and the robust test."""
    single = data.entity[:, None] == np.arange(len(data.entities))
    groups, counts = single.astype(float), single.sum(axis=0)
    level = np.ones((data.n, 1))
    if effects == "twoway":
        level = (data.time[:, None] == np.arange(len(data.times))).astype(float)
    everything = np.column_stack([groups, level])
    within = data.x[:, :2] - everything @ np.linalg.lstsq(everything, data.x[:, :2], rcond=None)[0]
    fixed_inverse = np.linalg.inv(within.T @ within)
    fixed = fixed_inverse @ within.T @ data.y
    residual = data.y - everything @ np.linalg.lstsq(everything, data.y, rcond=None)[0] - within @ fixed
    s2_error = residual @ residual / (data.n - 2 - np.linalg.matrix_rank(everything))

    out = level @ np.linalg.lstsq(level, np.column_stack([data.x, data.y]), rcond=None)[0]
    left = np.column_stack([data.x, data.y]) - out
    means = (groups.T @ left) / counts[:, None]
    z = np.column_stack([np.ones(len(counts)), means[:, :-1]])
    weight = np.diag(counts)
    b = np.linalg.solve(z.T @ weight @ z, z.T @ weight @ means[:, -1])
    rss = (means[:, -1] - z @ b) @ weight @ (means[:, -1] - z @ b)
    trace = np.trace(np.linalg.inv(z.T @ weight @ z) @ z.T @ weight @ weight @ z)
    s2_entity = max(0, (rss - (len(counts) - z.shape[1]) * s2_error) / (data.n - trace))

    root = linalg.sqrtm(np.linalg.inv(np.eye(data.n) + s2_entity / s2_error * groups @ groups.T)).real
    design, y = root @ np.column_stack([data.x, level]), root @ data.y
    inverse = np.linalg.inv(design.T @ design)
    random = inverse @ design.T @ y
    s2 = np.sum((y - design @ random) ** 2) / (data.n - design.shape[1])

    both = np.column_stack([design, within])
    inverse_both = np.linalg.pinv(both.T @ both, rcond=1e-12)
    slopes = inverse_both @ both.T @ y
    sums = groups.T @ (both * (y - both @ slopes)[:, None])
    size, k = len(counts), 2 + data.x.shape[1]
    factor = size / (size - 1) * (data.n - 1) / (data.n - k)
    covariance = factor * inverse_both @ sums.T @ sums @ inverse_both
    robust = slopes[-2:] @ np.linalg.inv(covariance[-2:, -2:]) @ slopes[-2:] / 2
    return fixed - random[:2], fixed_inverse, inverse[:2, :2], s2_error, s2, robust


@pytest.mark.parametrize("effects", ["entity", "twoway"])
@pytest.mark.parametrize("elevation", [False, True])
def test_hausman_with_n_by_n_matrices(effects, elevation):
    # The driver that never changes has no fixed-effects slope, but random effects keep it.
    data = panel(elevation=elevation)
    result = panel_regression(data, effects)
    gap, fixed, random, s2_error, s2, robust = dense(data, effects)
    common = gap @ np.linalg.inv(s2 * fixed - s2 * random) @ gap
    assert find(result, "hausman_common_variance").statistic == pytest.approx(common, rel=1e-7)
    assert find(result, "hausman_robust").statistic == pytest.approx(robust, rel=1e-7)
    own = s2_error * fixed - s2 * random
    if np.linalg.eigvalsh(own).min() > 0:
        assert find(result, "hausman").statistic == pytest.approx(gap @ np.linalg.inv(own) @ gap, rel=1e-7)


def test_driver_that_only_follows_the_year_does_not_touch_the_two_way_test():
    # It vanishes in fixed and in random effects, which take out the years too.
    data = panel()
    price = np.exp(data.time / 3.0)
    with_price = replace(data, x=np.asfortranarray(np.column_stack([data.x, price])), x_names=(*data.x_names, "price"))
    plain, priced = panel_regression(data, "twoway"), panel_regression(with_price, "twoway")
    assert [item.what for item in priced.dropped] == ["driver price"]
    for name in ("hausman_common_variance", "hausman_robust"):
        assert find(priced, name).statistic == pytest.approx(find(plain, name).statistic, rel=1e-7)


def test_hausman_forms_tell_apart_linked_and_unlinked_effects():
    linked = panel_regression(panel(link=1.5, entities=80), "entity")
    free = panel_regression(panel(link=0.0, entities=80), "entity")
    for name in ("hausman", "hausman_common_variance", "hausman_robust"):
        assert find(linked, name).p < 1e-4
        assert find(free, name).p > 0.05


def test_hausman_that_is_not_positive_says_so_and_never_turns_negative():
    found = 0
    for seed in range(60):
        test = find(panel_regression(panel(seed, entities=10, times=3, share=1.0), "entity"), "hausman")
        if "not positive definite" in test.note:
            found += 1
            assert test.df < 2
            assert "rank" in test.note
            assert np.isnan(test.statistic) or test.statistic >= 0
    assert found > 0


def test_hausman_with_too_few_entities_is_left_out_with_a_note():
    data = panel(entities=3, times=8, share=1.0)
    assert "too few entities" in find(panel_regression(data, "entity"), "hausman").note


def test_breusch_pagan_by_hand():
    # Two cells of two: sums 2 and -2, squares 4, n = 4: 16/2 (8/4 - 1)^2 / (8 - 4) = 2.
    test = breusch_pagan(np.array([1.0, 1, -1, -1]), Groups(np.array([0, 0, 1, 1]), 2))
    assert test.statistic == pytest.approx(2)
    assert test.p == pytest.approx(stats.chi2.sf(2, 1))


def test_pesaran_cd_is_the_sum_of_all_pairwise_correlations():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(6, 9)) + rng.normal(size=9)
    r = np.corrcoef(table)
    expected = np.sqrt(2 * 9 / (6 * 5)) * r[np.triu_indices(6, 1)].sum()
    shuffled = rng.permutation(54)
    cell, year = np.divmod(np.arange(54), 9)
    test = pesaran_cd(table.ravel()[shuffled], Groups(cell[shuffled], 6), Groups(year[shuffled], 9))
    assert test.statistic == pytest.approx(expected)


def test_pesaran_cd_is_left_out_where_times_are_missing():
    assert "pesaran_cd" not in [test.test for test in panel_regression(panel(), "entity").tests]
    assert find(panel_regression(panel(share=1.0), "entity"), "pesaran_cd").p is not None


def test_wald_of_one_slope_is_t_squared_and_leaves_out_what_the_covariance_does_not_span():
    assert wald(np.array([3.0]), np.array([[4.0]])) == (pytest.approx(9 / 4), 1)
    statistic, rank = wald(np.array([1.0, 1.0]), np.array([[1.0, 1.0], [1.0, 1.0]]))
    assert (statistic, rank) == (pytest.approx(1), 1)


def test_wald_of_slopes_with_iid_errors_is_the_f_of_slopes():
    result = panel_regression(panel(), "twoway", "iid")
    assert find(result, "wald_slopes").statistic == pytest.approx(find(result, "f_slopes").statistic)
    assert find(result, "wald_slopes").p == pytest.approx(find(result, "f_slopes").p)
