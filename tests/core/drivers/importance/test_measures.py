"""Curves, thresholds, folds and losses that need no package: by hand, by formula and on noise."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.importance.curves import (
    accumulated_effects,
    best_break,
    is_sure,
    local_linear,
    partial_dependence,
    quantile_edges,
    zero_crossing,
)
from ecoassets.core.drivers.importance.engines import has_engine, require_engine
from ecoassets.core.drivers.importance.folds import block_folds, correlogram, random_folds
from ecoassets.core.drivers.importance.measures import groups_together, interaction_strengths, permuted_losses, r2
from ecoassets.core.drivers.importance.validate import best_rounds
from ecoassets.core.errors import InputError
from ecoassets.tests.core.drivers.cases import case


@pytest.fixture(scope="module")
def trees():
    rows = case("trees")
    names = ("elevation", "temperature", "population", "landform")
    return np.column_stack([rows[name] for name in names]), rows


def known(x):
    """Elevation squared, and temperature times landform."""
    return x[:, 0] ** 2 / 1e5 + x[:, 1] * x[:, 3] / 10


def test_accumulated_effects_of_a_known_function(trees):
    x, _ = trees
    edges = quantile_edges(x[:, 0], 10)
    assert edges[:3] == pytest.approx([2.55, 130.058, 358.2861])
    found = accumulated_effects(known, x, 0, edges)
    assert found.count.tolist() == [40, 40, 41, 39, 40, 41, 39, 40, 40, 40]
    assert found.values[[0, 1, 5, 10]] == pytest.approx([-7.81021002, -7.64112422, -1.78897909, 14.6656414], rel=1e-8)
    second = accumulated_effects(known, x, 1, quantile_edges(x[:, 1], 10))
    assert second.values[[0, 4, 10]] == pytest.approx([-3.1475006, -0.128842697, 2.26844816], rel=1e-8)


def test_partial_dependence_by_hand():
    x = np.array([[1.0, 10.0], [2.0, 20.0]])
    assert partial_dependence(lambda rows: rows[:, 0] * rows[:, 1], x, 0, np.array([3.0])) == pytest.approx([45.0])


def test_a_straight_line_stays_straight():
    x = np.sort(np.random.default_rng(1).uniform(0, 10, 80))
    at = np.linspace(0, 10, 9)
    assert local_linear(x, 2 * x - 3, at) == pytest.approx(2 * at - 3)


def test_a_hinge_is_found_where_it_is():
    at = np.linspace(0, 10, 21)
    curve = np.where(at < 4, at, 4.0) - 2
    below = np.linspace(1 / 21, 1, 21)
    turn = best_break(at, curve, below)
    assert (turn.x, turn.before, turn.after) == pytest.approx((4.0, 1.0, 0.0), abs=1e-9)
    zero = zero_crossing(at, curve, below)
    assert zero.x == pytest.approx(2.0) and zero.before < 0 < zero.after
    assert best_break(at, at - 5, below) is None, "a straight line does not break"


def test_a_threshold_at_the_end_is_none():
    """The only crossing lies beyond 97 % of the rows."""
    at = np.linspace(0, 10, 11)
    below = np.array([0.5, 0.9, 0.97, 0.98, 0.99, 0.99, 0.99, 0.99, 0.99, 0.99, 1])
    assert zero_crossing(at, at - 2.5, below) is None
    assert not is_sure(1.0, 7.0, at) and is_sure(1.0, 5.0, at)


def test_blocks_leave_whole_squares_out():
    places = np.array([(i, j) for i in range(12) for j in range(12)], dtype=float)
    fold = block_folds(places, 3.0, 4)
    for i in range(0, 12, 3):
        for j in range(0, 12, 3):
            inside = (places[:, 0] // 3 == i // 3) & (places[:, 1] // 3 == j // 3)
            assert len(set(fold[inside].tolist())) == 1
    assert np.bincount(fold).tolist() == [36, 36, 36, 36]
    with pytest.raises(InputError, match="There are 4 blocks of 6, fewer than 5 folds"):
        block_folds(places, 6.0, 5)
    assert np.bincount(random_folds(100, 5)).tolist() == [20] * 5


def test_the_correlogram_ends_where_patches_end():
    """Patches 8 wide: errors are alike within a patch and not beyond."""
    rng = np.random.default_rng(3)
    places = np.array([(i, j) for i in range(40) for j in range(40)], dtype=float)
    patch = (places[:, 0] // 8 * 5 + places[:, 1] // 8).astype(int)
    found = correlogram(rng.normal(size=25)[patch] + 0.3 * rng.normal(size=1600), places)
    assert found.ends and 4 <= found.reach <= 14
    assert found.i[0] > 0.5
    noise = correlogram(rng.normal(size=1600), places)
    assert noise.reach == noise.distance[0]


def test_shuffling_costs_what_a_driver_explains():
    """y = 3 a + b: without a an R2 of 2 x 0.9 is lost, for shuffled values are wrong twice."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(4_000, 3))
    y = 3 * x[:, 0] + x[:, 1]
    rows = np.arange(4_000)
    losses = permuted_losses([(lambda part: 3 * part[:, 0] + part[:, 1], rows)], x, y, [(0,), (1,), (2,)], 5)
    losses = losses.sum(axis=1)
    assert losses.mean(axis=0) == pytest.approx([1.8, 0.2, 0.0], abs=0.06)
    assert r2(y, y) == 1 and r2(y, np.full(4_000, y.mean())) == 0


def test_a_product_interacts_and_a_sum_does_not():
    x = np.random.default_rng(5).normal(size=(60, 3))
    found = interaction_strengths(lambda rows: rows[:, 0] * rows[:, 1] + rows[:, 2], x, [(0, 1), (0, 2)])
    assert found[0, 0] > 0.5 and found[1, 0] == pytest.approx(0, abs=1e-9)


def test_drivers_that_run_together_are_a_group():
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=(2, 500))
    x = np.column_stack([a, b, a + 0.3 * rng.normal(size=500)])
    assert groups_together(x, [(0,), (1,), (2,)]) == [[0, 2], [1]]


def test_rounds_have_the_least_loss_over_all_folds():
    """Fold one stops after four rounds and keeps its last loss; together round six is best."""
    curves = [np.array([5, 3, 2, 2.0]), np.array([9, 8, 7, 6, 5, 4, 4.5])]
    assert best_rounds(curves, [10, 10]) == 6
    assert best_rounds([np.array([1.0, 2, 3])], [10]) == 5, "a handful of trees at least"


def test_a_missing_package_is_told_before_work(monkeypatch):
    from ecoassets.core.drivers.importance import engines

    monkeypatch.setattr(engines, "is_installed", lambda name: False)
    with pytest.raises(InputError) as told:
        require_engine("xgboost")
    text = str(told.value)
    assert "needs the Python package xgboost" in text and "install" in text
    assert "panelregression" in text, "and what works without it"
    assert not has_engine("lightgbm")
    monkeypatch.setattr(engines, "is_installed", lambda name: name == "lightgbm")
    with pytest.raises(InputError, match="Or choose ENGINE lightgbm"):
        require_engine("xgboost")
