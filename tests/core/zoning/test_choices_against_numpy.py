"""Tables of the priority ranking and of the target selection on random land, against the plainest way to find them."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.zoning.ranking.run import RankingInputs, curve_table, run_priority_ranking
from ecoassets.core.zoning.selection.planning_units import PlanningUnits
from ecoassets.core.zoning.selection.run import select_units, selection_table

from ...random_land import SEEDS, assert_rows
from .test_against_numpy import Region, Services, unequal

with_seeds = pytest.mark.parametrize("seed", SEEDS)


def removed(shares, costs, tiers, weights, rule, exponent) -> list[int]:
    """Cells in the order in which they go, the one of the least loss each time.

    Of equal ones the one whose losses add up to the least, then the first.
    """
    left, here, order = np.ones(len(shares)), np.arange(shares.shape[1]), []
    for tier in (0, 1, 2):
        of_tier = here[tiers[here] == tier]
        while of_tier.size:
            q, rest = shares[:, of_tier], left[:, np.newaxis]
            ratio = np.divide(q, rest, out=np.zeros(q.shape), where=rest > 0).clip(0, 1)
            summed = (weights @ ratio) / costs[of_tier]
            if rule == "core_area":
                loss = (weights[:, np.newaxis] * ratio).max(axis=0) / costs[of_tier]
            else:
                with np.errstate(divide="ignore"):
                    loss = (weights * left**exponent) @ -np.expm1(exponent * np.log1p(-ratio)) / costs[of_tier]
            equal = np.flatnonzero(loss <= loss.min() * (1 + 1e-12))
            least = equal[int(np.argmin(summed[equal]))] if rule == "core_area" else equal[0]
            order.append(int(of_tier[least]))
            left = np.maximum(left - shares[:, of_tier[least]], 0)
            of_tier = np.delete(of_tier, least)
    return order


@with_seeds
def test_priority_ranking(tmp_path, seed):
    region, window = Region(tmp_path, seed), (8, 4, 53, 49)  # so many cells that the plainest way takes a second
    land = region.land
    top, left, bottom, right = window
    land.inside, land.boundary = np.zeros(land.shape, dtype=bool), land.polygons("window", {"": window})
    land.inside[top:bottom, left:right] = True
    services = Services(region, 1 + seed % 3)
    boxes = {"in": (10, 12, 25, 30), "out": (40, 8, 55, 45)} if seed % 3 == 1 else {}
    prices, has_price = land.numbers(0.5, 4), land.holes(0.02)
    priced, rule = seed % 4 == 2, ("additive", "core_area")[seed % 2]
    weights = tuple(1.0 + n for n in range(len(services.names))) if seed % 5 == 0 else ()
    inputs = RankingInputs(
        services.given(), weights, rule, exponent=(0.25, 0.6)[seed // 2 % 2],
        cost=land.write("cost", prices, has_price) if priced else None,
        **{f"locked_{name}": land.polygons(name, {name: box}) for name, box in boxes.items()},
    )  # fmt: skip
    found = run_priority_ranking(inputs, settings=land.settings)
    cells = land.inside & np.logical_or.reduce(services.valid) & (has_price | (not priced))
    tiers = np.ones(land.shape, dtype=int)
    for name, (top, left, bottom, right) in boxes.items():
        tiers[top:bottom, left:right] = 2 if name == "in" else 0
    areas = land.areas[cells]
    amounts = np.stack([held[cells] for held in services.held])
    totals = amounts.sum(axis=1)
    costs = prices[cells] if priced else areas / areas.mean() if unequal(land) else np.ones(len(areas))
    shares = amounts / totals[:, np.newaxis]
    order = removed(shares, costs, tiers[cells], np.array(weights or (1.0,) * len(totals)), rule, inputs.exponent)
    best = order[::-1]
    area = np.append(0, np.cumsum(areas[best])) / areas.sum() * 100
    rows = []
    for name, of_service in zip(services.names, shares):
        kept = np.append(0, np.cumsum(of_service[best])) * 100
        rows += [
            {"area_pct": float(p), "service": name, "kept_pct": float(np.interp(p, area, kept))} for p in range(101)
        ]
    # amounts are of single precision: where losses are equal within it, either cell may go first
    assert_rows(curve_table(found), ("area_pct", "service"), rows, within={"kept_pct": 0.05})
    assert found.cells == len(areas) and found.area_ha == pytest.approx(areas.sum(), rel=1e-9)


@with_seeds
def test_target_selection(seed):
    random, count = np.random.default_rng(seed), 10
    services = tuple(f"service{n}" for n in range(1 + seed % 3))
    locks = random.choice([0, 0, 0, 0, 1, -1], count) if seed % 2 else np.zeros(count, dtype=int)
    amounts, costs = random.gamma(1.0, 1.0, (count, len(services))), random.uniform(1, 5, count)
    targets = random.uniform(5, 45, len(services))
    units = PlanningUnits(tuple(range(count)), services, amounts, costs, locks)
    every = np.array([[number >> unit & 1 for unit in range(count)] for number in range(2**count)], dtype=bool)
    totals = amounts.sum(axis=0)
    allowed = (every | (locks != 1)).all(axis=1) & (~every | (locks != -1)).all(axis=1)
    enough = (every @ amounts >= totals * targets / 100 - 1e-12).all(axis=1)
    price = np.where(allowed & enough, every @ costs, np.inf)
    best = every[int(np.argmin(price))]
    if not np.isfinite(price).any():
        pytest.skip("what is locked out leaves too little")
    found = select_units(units, targets)
    held = amounts[best].sum(axis=0)
    assert found.cost == pytest.approx(price.min(), rel=1e-9) and np.array_equal(found.chosen, best)
    rows = [
        {
            "service": name,
            "target_pct": float(targets[n]),
            "held_pct": float(held[n] / totals[n] * 100),
            "target": float(totals[n] * targets[n] / 100),
            "held": float(held[n]),
            "total": float(totals[n]),
        }
        for n, name in enumerate(services)
    ]
    assert_rows(selection_table(found), ("service",), rows)
