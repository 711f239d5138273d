"""Target selection, compared with trying every selection."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.progress import Progress
from ecoassets.core.zoning.selection.planning_units import Borders, PlanningUnits, UnitFields, read_planning_units
from ecoassets.core.zoning.selection.run import select_units, selection_table


def units_of(amounts, costs=None, locks=None, borders=None):
    amounts = np.array(amounts, dtype=float)
    count, services = amounts.shape
    return PlanningUnits(
        tuple(range(count)),
        tuple(f"s{j}" for j in range(services)),
        amounts,
        np.ones(count) if costs is None else np.array(costs, dtype=float),
        np.zeros(count, dtype=int) if locks is None else np.array(locks),
        borders,
    )


def exhaustive(units, targets, penalty=0.0):
    """The least objective over all selections that meet the targets."""
    totals = units.amounts.sum(axis=0)
    best = np.inf
    for bits in product((False, True), repeat=len(units)):
        chosen = np.array(bits)
        if (chosen & (units.locks == -1)).any() or (~chosen & (units.locks == 1)).any():
            continue
        if (units.amounts[chosen].sum(axis=0) / totals * 100 >= np.array(targets) - 1e-7).all():
            border = units.borders.of_selection(chosen) if penalty else 0.0
            best = min(best, units.costs[chosen].sum() + penalty * border)
    return best


def test_union_of_tops_is_not_efficient():
    """Six units of which the best for each of two services are others, while two in the middle hold half of both."""
    units = units_of([[6, 0], [0, 6], [5, 5], [5, 5], [4, 4], [0, 0]])
    result = select_units(units, [50])
    assert result.cost == 2 and result.ids == (2, 3) and result.gap == 0
    rows = [dict(zip(("service", "target", "held"), row)) for row in selection_table(result).rows]
    assert rows == [{"service": s, "target": 50, "held": 50} for s in ("s0", "s1")]


def test_it_equals_exhaustive_search():
    random = np.random.default_rng(6)
    for case in range(8):
        units = units_of(
            random.gamma(1.0, 1.0, (11, 3)),
            costs=random.uniform(1, 5, 11),
            locks=random.choice([0, 0, 0, 0, 1, -1], 11) if case % 2 else None,
        )
        targets = random.uniform(5, 45, 3)
        result = select_units(units, targets)
        assert result.cost == pytest.approx(exhaustive(units, targets), rel=1e-9)
        assert (result.held / units.amounts.sum(axis=0) * 100 >= targets - 1e-6).all()


def grid_borders(width, height, side=10.0):
    number = np.arange(width * height).reshape(height, width)
    first = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    second = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    return Borders(np.full(width * height, 4 * side), first, second, np.full(len(first), side))


@pytest.mark.parametrize("penalty", [0.01, 0.1, 1.0])
def test_it_equals_exhaustive_search_with_a_boundary_penalty(penalty):
    random = np.random.default_rng(9)
    units = units_of(random.gamma(1.0, 1.0, (12, 2)), random.uniform(1, 3, 12), borders=grid_borders(4, 3))
    result = select_units(units, [40], boundary_penalty=penalty)
    assert result.cost + penalty * result.boundary_m == pytest.approx(exhaustive(units, [40, 40], penalty), rel=1e-9)


def test_a_boundary_penalty_draws_units_together():
    # a row of five; the two ends hold most, but the middle three share borders
    borders = Borders(np.full(5, 40.0), np.arange(4), np.arange(1, 5), np.full(4, 10.0))
    units = units_of([[10], [9], [9], [9], [10]], borders=borders)
    assert select_units(units, [42]).ids == (0, 4)
    together = select_units(units, [40], boundary_penalty=0.05)
    assert np.diff(together.ids).tolist() == [1] and together.boundary_m == 60


def test_all_or_nothing():
    units = units_of([[1, 2], [3, 4], [0.1, 0.7]])
    assert select_units(units, [100]).chosen.all()
    assert not select_units(units, [0]).chosen.any()


def test_one_planning_unit():
    with pytest.raises(InputError, match="holds one polygon, so that there is nothing to choose between. Divide"):
        select_units(units_of([[5.0]], costs=[7]), [1])


def test_targets_that_cannot_be_met_are_named():
    units = units_of([[6, 1], [4, 9]], locks=[-1, 0])
    with pytest.raises(InputError, match=r"s0: target 50 %, at most 40 %\. Lower"):
        select_units(units, [50])


def test_what_cannot_be_used_is_named():
    units = units_of([[1, 2], [3, 4]])
    with pytest.raises(InputError, match="target of s1 is 120 %"):
        select_units(units, [50, 120])
    with pytest.raises(InputError, match="3 targets are given for 2"):
        select_units(units, [1, 2, 3])
    with pytest.raises(InputError, match="TIME_LIMIT is 0"):
        select_units(units, [10], time_limit=0)
    with pytest.raises(InputError, match="needs the borders"):
        select_units(units, [10], boundary_penalty=1)


class TestReading:
    def test_fields_areas_and_borders(self, polygons):
        path = polygons(
            [
                (0, 0, 1, 1, {"water": 3.0, "price": 2.0, "fixed": 0.0}),
                (1, 0, 2, 1, {"water": -1.0, "price": 5.0, "fixed": 1.0}),
                (0, 1, 3, 1, {"water": 4.0, "price": 1.0, "fixed": -1.0}),
            ]
        )
        warnings = []
        listener = Progress()
        listener.warn = warnings.append
        units = read_planning_units(path, UnitFields(("water",), lock="fixed"), with_borders=True, progress=listener)
        assert units.amounts.ravel().tolist() == [3, 0, 4] and "1 negative" in warnings[0]
        assert units.costs.tolist() == [1, 2, 3]  # hectares
        assert units.locks.tolist() == [0, 1, -1]
        shared = {
            tuple(sorted((int(a), int(b)))): length
            for a, b, length in zip(units.borders.first, units.borders.second, units.borders.lengths)
        }
        assert shared == {(0, 1): 100, (0, 2): 100, (1, 2): 200}
        assert units.borders.perimeters.tolist() == [400, 600, 800]
        # around all three runs the outline of 300 by 200 m
        assert units.borders.of_selection(np.ones(3, dtype=bool)) == 1000
        assert read_planning_units(path, UnitFields(("water",), "price")).costs.tolist() == [2, 5, 1]

    def test_what_cannot_be_used_is_named(self, polygons):
        path = polygons([(0, 0, 1, 1, {"water": 0.0, "soil": 1.0, "name": "a"})])
        with pytest.raises(InputError, match="has no field flood. It has water, soil, name"):
            read_planning_units(path, UnitFields(("flood",)))
        with pytest.raises(InputError, match="field water has no value above 0"):
            read_planning_units(path, UnitFields(("water",)))
        with pytest.raises(InputError, match="holds 'a' in the field name"):
            read_planning_units(path, UnitFields(("name",)))
