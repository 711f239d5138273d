"""The order of removal, compared with finding every loss anew at every step."""

from __future__ import annotations

import time

import numpy as np
import pytest

from ecoassets.core.zoning.ranking import order as ranking_order
from ecoassets.core.zoning.ranking.losses import LossRule
from ecoassets.core.zoning.ranking.order import Cells, removal_order


def cells_of(amounts, costs=None, tiers=None):
    amounts = np.asarray(amounts, dtype=float)
    count = amounts.shape[1]
    totals = amounts.sum(axis=1, keepdims=True)
    return Cells(
        amounts / np.where(totals > 0, totals, 1),
        np.ones(count) if costs is None else np.asarray(costs, dtype=float),
        np.ones(count, dtype=int) if tiers is None else np.asarray(tiers),
    )


def brute_force(cells, rule, weights, z=0.25):
    """Zonation as its papers write it, cell by cell, in plain Python; no part of it is shared with the module."""
    shares, remaining, order = cells.shares.T.tolist(), list(range(len(cells))), []
    while remaining:
        left = [sum(shares[i][j] for i in remaining) for j in range(len(weights))]
        tier = min(cells.tiers[i] for i in remaining)
        found = []
        for i in (i for i in remaining if cells.tiers[i] == tier):
            parts = [w * q / q_left if q_left > 0 else 0.0 for w, q, q_left in zip(weights, shares[i], left)]
            if rule == "core_area":
                loss, summed = max(parts), sum(parts)
            else:
                loss = sum(
                    w * (q_left**z - max(q_left - q, 0.0) ** z) for w, q, q_left in zip(weights, shares[i], left)
                )
                summed = 0.0
            found.append((loss / cells.costs[i], summed / cells.costs[i], i))
        least = min(found)[0]
        tied = [(summed, i) for loss, summed, i in found if loss <= least + 1e-12]
        least = min(tied)[0]
        first = min(i for summed, i in tied if summed <= least + 1e-12)
        order.append(first)
        remaining.remove(first)
    return order


@pytest.mark.parametrize("rule", ["additive", "core_area"])
@pytest.mark.parametrize("shortlist", [4, 256])
def test_order_is_that_of_brute_force(rule, shortlist, monkeypatch):
    monkeypatch.setattr(ranking_order, "SHORTLIST", shortlist)  # so that small grids use nested lists as well
    monkeypatch.setattr(ranking_order, "NARROWING", 3)
    random = np.random.default_rng(11)
    for case in range(12):
        services, count = 1 + case % 4, 60
        amounts = random.gamma(0.7, 1.0, (services, count))
        if case % 3 == 0:
            amounts = np.round(amounts)  # ties, zeros and cells that are alike
        if case % 3 == 1:
            amounts[0] = random.random(count) < 0.5  # a binary service decides for many cells at once
        weights = random.choice([0.5, 1.0, 2.0], services)
        cells = cells_of(
            amounts,
            costs=random.choice([1.0, 1.0, 2.0, 3.5], count) if case % 2 else None,
            tiers=random.choice([0, 1, 1, 1, 2], count),
        )
        found = removal_order(cells, LossRule(rule, weights))
        assert found.tolist() == brute_force(cells, rule, weights.tolist())


def test_additive_by_hand():
    # one service, z = 0.25, shares 0.5 0.3 0.2: the smallest goes first whatever is left
    assert removal_order(cells_of([[5, 3, 2]]), LossRule("additive", np.ones(1))).tolist() == [2, 1, 0]
    # of 1 the share 0.19 is lost at 1 - 0.81^0.25
    loss, _ = LossRule("additive", np.ones(1)).losses(np.array([[0.19]]), np.ones(1), np.ones(1))
    assert loss[0] == pytest.approx(1 - 0.81**0.25, rel=1e-12)


def test_core_area_keeps_the_best_cell_of_each_service():
    # the third cell is best for the rare second service, though it holds least in sum
    cells = cells_of([[50, 40, 10, 0], [0, 0, 0, 7]])
    order = removal_order(cells, LossRule("core_area", np.ones(2)))
    assert order.tolist()[:2] == [2, 1] and set(order.tolist()[2:]) == {0, 3}


@pytest.mark.parametrize("warp", [1, 7])
def test_with_exponent_one_the_order_is_that_of_summed_shares(warp):
    random = np.random.default_rng(2)
    cells = cells_of(random.gamma(1.0, 1.0, (3, 2000)))
    weights = np.array([1.0, 2.0, 0.5])
    expected = np.argsort(weights @ cells.shares, kind="stable")
    assert removal_order(cells, LossRule("additive", weights, 1.0), warp).tolist() == expected.tolist()


def test_costs_divide_the_loss():
    # equal amounts: the dearest goes first
    order = removal_order(cells_of([[1, 1, 1]], costs=[1, 3, 2]), LossRule("additive", np.ones(1)))
    assert order.tolist() == [1, 2, 0]


def test_tiers_go_one_after_the_other():
    order = removal_order(cells_of([[1, 2, 3, 4]], tiers=[2, 1, 1, 0]), LossRule("additive", np.ones(1)))
    assert order.tolist() == [3, 1, 2, 0]


def test_batches_remove_the_smallest_of_each_step():
    # the two smallest by the first losses, then the two smallest by those found anew
    cells = cells_of([[1, 2, 3, 4], [4, 3, 1, 2]])
    rule = LossRule("core_area", np.ones(2))
    # losses .4 .3 .3 .4 of 10; then of the cells 0 and 3: max(1/5, 4/6) and max(4/5, 2/6)
    assert removal_order(cells, rule, warp=2).tolist() == [2, 1, 0, 3]


def test_many_cells_alike_do_not_take_long():
    random = np.random.default_rng(4)
    amounts = np.vstack([random.integers(0, 3, 20_000), np.ones(20_000)])
    start = time.process_time()
    order = removal_order(cells_of(amounts), LossRule("core_area", np.ones(2)))
    assert sorted(order.tolist()) == list(range(20_000))
    assert time.process_time() - start < 60
