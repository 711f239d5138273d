"""A quick search for a good selection, with a bound that tells how good it is. It needs numpy alone and never blocks.

The relaxed problem, where a unit may be chosen in part, is solved by a primal-dual method whose every step is a few
sums over units: prices of services and flows across borders rise and fall until they balance. Any prices give a bound,
and units taken in the order of the relaxed choice until all targets are met give a selection.

Sources: Chambolle & Pock 2011, J. Math. Imaging Vis. 40:120 (primal-dual steps); Pock & Chambolle 2011, ICCV:1762 (step
lengths); Applegate et al. 2021, NeurIPS 34:20243 (restarts and the weight of primal against dual steps).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from ...progress import QUIET, Progress
from .problem import ROUND_OFF, Problem

ROUNDED_EVERY, RESTARTED_EVERY = 40, 200
MOST_STEPS = 20_000
STALLED_AFTER, STALLED_GAIN = 1_000, 1e-6
MOST_SETTLED = 500
"""Units tried one by one at the end of a rounding; each takes microseconds."""


@dataclass
class Found:
    """The best selection and the best bound so far.

    Attributes:
        chosen: boolean, shape (units,).
        value: what it costs.
        bound: what every selection costs at least.
        reduced: the reduced costs behind the bound, shape (units,).
    """

    chosen: np.ndarray
    value: float
    bound: float
    reduced: np.ndarray


def quick_selection(problem: Problem, gap: float, seconds: float, progress: Progress = QUIET) -> Found:
    """Searches until a selection is within the gap of the bound, nothing gets better, or the time is over.

    Args:
        problem: of which all free and locked-in units together meet the targets.
        gap: relative gap that is good enough.
        seconds: of search; a first selection is always made.
        progress: polled for a cancel at every step.

    Raises:
        Cancelled: on request.
    """
    deadline = time.monotonic() + seconds
    everything = problem.high > 0
    found = Found(everything, problem.value(everything), -np.inf, problem.costs)
    steps = _Steps(problem)
    _judge(problem, found, steps.x, steps.prices, steps.flows)
    last_better, before = 0, (found.value, found.bound)
    for number in range(1, MOST_STEPS + 1):
        progress.check()
        steps.step()
        if number % ROUNDED_EVERY:
            continue
        _judge(problem, found, *steps.mean())
        _judge(problem, found, steps.x, steps.prices, steps.flows)
        if problem.gap(found.value, found.bound) <= gap or time.monotonic() > deadline:
            break
        least = STALLED_GAIN * problem.scale + STALLED_GAIN * abs(found.value)
        if found.value < before[0] - least or found.bound > before[1] + least:
            last_better, before = number, (found.value, found.bound)
        if number - last_better >= STALLED_AFTER:
            break
        if steps.count >= RESTARTED_EVERY:
            steps.restart()
    return found


class _Steps:
    """The iterates of the primal-dual method.

    Attributes:
        x: relaxed choice, shape (units,).
        prices: of services, shape (services,), in units of the mean cost.
        flows: across borders, shape (pairs,), likewise.
        count: steps since the last restart.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        units = len(problem.costs)
        borders = np.bincount(problem.first, minlength=units) + np.bincount(problem.second, minlength=units)
        self._x_step = 1 / np.maximum(problem.amounts.sum(axis=0) + borders, 1e-12)
        self._price_step, self._flow_step = 1 / units, 0.5
        self._weight = 1.0  # of dual against primal steps
        share = float(np.max(problem.least, initial=0.0)) / units
        self.x = np.clip(np.full(units, share), problem.low, problem.high)
        self.prices, self.flows = np.zeros(len(problem.least)), np.zeros(len(problem.first))
        self._begin()

    def step(self) -> None:
        problem, scale = self._problem, self._problem.scale
        slope = problem.reduced_costs(self.prices * scale, self.flows * scale) / scale
        moved = np.clip(self.x - self._x_step / self._weight * slope, problem.low, problem.high)
        ahead = 2 * moved - self.x
        self.x = moved
        short = problem.least - problem.amounts @ ahead
        self.prices = np.maximum(self.prices + self._weight * self._price_step * short, 0)
        if len(self.flows):
            apart = ahead[problem.first] - ahead[problem.second]
            most = problem.weights / scale
            self.flows = np.clip(self.flows + self._weight * self._flow_step * apart, -most, most)
        for total, iterate in zip(self._sums, (self.x, self.prices, self.flows)):
            total += iterate
        self.count += 1

    def mean(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean of x, prices and flows since the last restart; it settles where the iterates still swing."""
        x, prices, flows = (total / self.count for total in self._sums)
        return x, prices, flows

    def restart(self) -> None:
        """Goes on from the mean, with steps weighted by how far either side has moved."""
        x, prices, flows = self._from
        of_x = np.sqrt((((self.x - x) ** 2) / self._x_step).sum())
        of_prices = ((self.prices - prices) ** 2).sum() / self._price_step
        of_others = np.sqrt(of_prices + ((self.flows - flows) ** 2).sum() / self._flow_step)
        if min(of_x, of_others) > 1e-10:
            self._weight = float(np.sqrt(of_others / of_x * self._weight))
        self.x, self.prices, self.flows = self.mean()
        self._begin()

    def _begin(self) -> None:
        self.count = 0
        self._from = (self.x, self.prices, self.flows)
        self._sums = [np.zeros_like(part) for part in self._from]


def _judge(problem: Problem, found: Found, x: np.ndarray, prices: np.ndarray, flows: np.ndarray) -> None:
    """Keeps a better bound, and the selections that the relaxed choice and the reduced costs round to."""
    reduced = problem.reduced_costs(prices * problem.scale, flows * problem.scale)
    bound = problem.bound(prices * problem.scale, reduced)
    if bound > found.bound:
        found.bound, found.reduced = bound, reduced
    for order in (np.lexsort((reduced, -np.round(x, 6))), np.argsort(reduced, kind="stable")):
        chosen = _settled(problem, _first_enough(problem, order))
        value = problem.value(chosen)
        if value < found.value:
            found.chosen, found.value = chosen, value


def _first_enough(problem: Problem, order: np.ndarray) -> np.ndarray:
    """Units in an order until all targets are met, with those locked in and without those locked out."""
    inside, free = problem.low > 0, problem.free[order]
    order = order[free]
    chosen = inside.copy()
    missing = -problem.slack(inside)
    taken = 0
    for amounts, least in zip(problem.amounts, missing):
        if least > 0:
            held = np.cumsum(amounts[order])
            taken = max(taken, min(int(np.searchsorted(held, least)) + 1, len(order)))
    chosen[order[:taken]] = True
    return chosen if (problem.slack(chosen) >= 0).all() else problem.high > 0


def _settled(problem: Problem, chosen: np.ndarray) -> np.ndarray:
    """Leaves out units that no target needs, and takes units that spare more border than they cost.

    Those that spare most go first; what a unit changes is told anew before it goes, for its neighbours may have gone.
    """
    chosen, slack = chosen.copy(), problem.slack(chosen)
    needed = (problem.amounts > slack[:, np.newaxis]).any(axis=0)
    change = problem.changes(chosen)
    better = np.flatnonzero(problem.free & ~(chosen & needed) & (change < -ROUND_OFF * problem.scale))
    for unit in better[np.argsort(change[better], kind="stable")][:MOST_SETTLED]:
        after = slack + problem.amounts[:, unit] * (-1 if chosen[unit] else 1)
        if (after >= 0).all() and problem.change(chosen, unit) < 0:
            chosen[unit] = not chosen[unit]
            slack = after
    return chosen
