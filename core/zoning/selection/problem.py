"""The problem of a selection as numbers: costs, borders, targets, locks; its value, its bound, its smaller kin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .planning_units import LOCK_IN, LOCK_OUT, PlanningUnits

TARGET_TOLERANCE = 1e-9
"""What rounding may lack of a target, as a share of the total."""
ROUND_OFF = 1e-8
"""Values closer than this share of their size are equal."""


@dataclass(frozen=True, eq=False)
class Problem:
    """``min costs x + sum_p weights_p |x_first - x_second|`` subject to ``amounts x >= least``, x 0 or 1, locks kept.

    The border around a selection is that of each unit less what is shared, and a shared piece counts where one side
    alone is chosen; so the costs hold what each unit has of outer border.

    Attributes:
        costs: of the units with the penalty of their outer borders, shape (units,).
        amounts: shape (services, units), each service in units of its mean.
        least: of each service, shape (services,).
        low, high: 0 and 1 where free, 1 and 1 locked in, 0 and 0 locked out; shape (units,).
        first, second, weights: units that share a border and the penalty of it, shape (pairs,).
    """

    costs: np.ndarray
    amounts: np.ndarray
    least: np.ndarray
    low: np.ndarray
    high: np.ndarray
    first: np.ndarray
    second: np.ndarray
    weights: np.ndarray

    @classmethod
    def of_units(cls, units: PlanningUnits, targets: np.ndarray, penalty: float) -> Problem:
        """The problem of planning units.

        Args:
            units: with borders where there is a penalty.
            targets: share of each service's total.
            penalty: cost per metre of border.
        """
        count = len(units)
        nobody, nothing = np.empty(0, dtype=np.intp), np.empty(0)
        first, second, weights, costs = nobody, nobody, nothing, np.asarray(units.costs, dtype=np.float64)
        if penalty > 0 and units.borders is not None:
            borders = units.borders
            first, second, weights = borders.first, borders.second, penalty * borders.lengths
            shared = np.bincount(first, borders.lengths, count) + np.bincount(second, borders.lengths, count)
            costs = costs + penalty * (borders.perimeters - shared)
        return cls(
            costs,
            np.ascontiguousarray((units.amounts / units.amounts.mean(axis=0)).T),
            (targets - TARGET_TOLERANCE) * count,
            (units.locks == LOCK_IN).astype(np.float64),
            (units.locks != LOCK_OUT).astype(np.float64),
            first,
            second,
            weights,
        )

    @cached_property
    def scale(self) -> float:
        """Mean cost of a unit and its borders, by which multipliers are measured; 1 where nothing costs."""
        return float(np.abs(self.costs).mean() + self.weights.sum() / len(self.costs)) or 1.0

    @cached_property
    def free(self) -> np.ndarray:
        """Which units are not locked, shape (units,)."""
        return self.low < self.high

    def value(self, chosen: np.ndarray) -> float:
        """What a choice (boolean) costs."""
        apart = chosen[self.first] != chosen[self.second]
        return float(self.costs[chosen].sum() + self.weights[apart].sum())

    def changes(self, chosen: np.ndarray) -> np.ndarray:
        """By how much the value changes where one unit changes its mind, shape (units,)."""
        count = len(chosen)
        borders = np.where(chosen[self.first] != chosen[self.second], -self.weights, self.weights)
        around = np.bincount(self.first, borders, count) + np.bincount(self.second, borders, count)
        return np.where(chosen, -self.costs, self.costs) + around

    def change(self, chosen: np.ndarray, unit: int) -> float:
        """The same for one unit."""
        starts, neighbours, weights = self._adjacent
        around = slice(starts[unit], starts[unit + 1])
        borders = np.where(chosen[neighbours[around]] != chosen[unit], -weights[around], weights[around]).sum()
        return float(borders - self.costs[unit] if chosen[unit] else borders + self.costs[unit])

    @cached_property
    def _adjacent(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Neighbours of each unit, one unit after another: where each starts, who they are, weights of the borders."""
        ends = np.concatenate([self.first, self.second])
        others = np.concatenate([self.second, self.first])
        order = np.argsort(ends, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=len(self.costs)))])
        return starts, others[order], np.concatenate([self.weights, self.weights])[order]

    def slack(self, chosen: np.ndarray) -> np.ndarray:
        """What a choice holds of each service beyond its target; negative where it fails."""
        return np.asarray(self.amounts[:, chosen].sum(axis=1) - self.least, dtype=np.float64)

    def reduced_costs(self, prices: np.ndarray, flows: np.ndarray) -> np.ndarray:
        """Costs less what units are worth at the prices of services, with the borders told by flows.

        Args:
            prices: of each service, 0 or more.
            flows: of each pair, between minus and plus its weight.
        """
        costs = self.costs - prices @ self.amounts
        if len(flows):
            count = len(costs)
            costs = costs + np.bincount(self.first, flows, count) - np.bincount(self.second, flows, count)
        return costs

    def bound(self, prices: np.ndarray, reduced: np.ndarray) -> float:
        """What every choice costs at least: ``prices least + sum min(reduced x)``, by Lagrangian duality."""
        return float(prices @ self.least + np.minimum(reduced * self.low, reduced * self.high).sum())

    def narrowed(self, reduced: np.ndarray, bound: float, value: float) -> Problem:
        """The same problem with units locked that no choice cheaper than `value` can have otherwise.

        A choice that goes against the sign of a reduced cost costs at least the bound and that reduced cost.
        """
        excess = bound + np.abs(reduced) > value + ROUND_OFF * max(abs(value), self.scale)
        out, inside = self.free & excess & (reduced > 0), self.free & excess & (reduced < 0)
        low, high = np.where(inside, 1.0, self.low), np.where(out, 0.0, self.high)
        return replace(self, low=low, high=high)

    def focused(self, chosen: np.ndarray, reduced: np.ndarray, count: int) -> Problem:
        """The problem of the `count` units that are most in doubt; the others stay as they are chosen."""
        doubtful = np.zeros(len(chosen), dtype=bool)
        doubtful[np.argsort(np.where(self.free, np.abs(reduced), np.inf), kind="stable")[:count]] = True
        held = self.free & ~doubtful
        return replace(self, low=np.where(held, chosen, self.low), high=np.where(held, chosen, self.high))

    def gap(self, value: float, bound: float) -> float:
        """How far below `value` a choice may still be, relative to it; 0 where the two are equal but for round-off."""
        short = value - bound
        if short <= ROUND_OFF * max(abs(value), ROUND_OFF * self.scale):
            return 0.0
        return float(short / abs(value)) if value else float("inf")
