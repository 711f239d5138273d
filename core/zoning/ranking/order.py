"""The order in which cells go: exactly one by one, or in batches.

One by one, the cell of the least loss has to be found a million times. Losses never fall, so a cell whose loss was
found once needs no second look as long as another one is certainly smaller. Cells are therefore drained in nested
shortlists: the few hundred smallest of the few thousand smallest of all. Only the innermost list is evaluated at every
removal; a list is drained until its smallest loss is no longer certain to be smaller than what lies outside, which is
bounded from below by the losses found there earlier and by how much losses have grown since. The result is that of
evaluating every cell at every step.

Cells with the same shares and cost are one entry that goes member by member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...progress import QUIET, Progress
from .losses import LossRule

# Losses closer than this, relative to the smaller, are equal: the summed loss decides, then the order of the cells.
TIE = 1e-12
SHORTLIST = 256
NARROWING = 64


@dataclass(frozen=True, eq=False)
class Cells:
    """What is ranked, in row-major order.

    Attributes:
        shares: of each service's total, shape (services, cells), not negative; rows add up to 1 (or 0).
        costs: positive, shape (cells,).
        tiers: all cells of a tier go before the first of the next: locked out, free, locked in; shape (cells,).
    """

    shares: np.ndarray
    costs: np.ndarray
    tiers: np.ndarray

    def __len__(self) -> int:
        return len(self.costs)


def removal_order(cells: Cells, rule: LossRule, warp: int = 1, progress: Progress = QUIET) -> np.ndarray:
    """Indices of the cells in the order in which they go, the least valuable first.

    Args:
        cells: what is ranked.
        rule: how losses are found.
        warp: cells that go per step before losses are found anew; 1 is exact.
        progress: gets the share of cells gone.

    Raises:
        Cancelled: the user stopped.
    """
    if warp == 1:
        return _Drain(cells, rule, progress).run()
    return _in_batches(cells, rule, warp, progress)


def smallest(losses: np.ndarray, sums: np.ndarray, places: np.ndarray) -> int:
    """Position of the smallest loss; among equal ones of the smallest sum, then of the first place."""
    tied = np.flatnonzero(losses <= losses.min() * (1 + TIE))
    if len(tied) > 1:
        tied = tied[sums[tied] <= sums[tied].min() * (1 + TIE)]
    return int(tied[places[tied].argmin()])


def _among_smallest(values: np.ndarray, count: int) -> np.ndarray:
    """Which values are among the `count` smallest, or equal to the last of them."""
    if len(values) <= count:
        return np.ones(len(values), dtype=bool)
    return values <= np.partition(values, count - 1)[count - 1] * (1 + TIE)


def _in_batches(cells: Cells, rule: LossRule, warp: int, progress: Progress) -> np.ndarray:
    order = []
    left = cells.shares.sum(axis=1)
    gone = 0
    for tier in np.unique(cells.tiers):
        remaining = np.flatnonzero(cells.tiers == tier)
        while len(remaining):
            losses, sums = rule.losses(cells.shares[:, remaining], left, cells.costs[remaining])
            batch = _smallest_of(losses, sums, warp)
            order.append(remaining[batch])
            left = np.maximum(left - cells.shares[:, order[-1]].sum(axis=1), 0)
            keep = np.ones(len(remaining), dtype=bool)
            keep[batch] = False
            remaining = remaining[keep]
            gone += len(batch)
            progress.set(100 * gone / len(cells))
            progress.check()
    return np.concatenate(order)


def _smallest_of(losses: np.ndarray, sums: np.ndarray, count: int) -> np.ndarray:
    """Positions of the `count` smallest losses, in order, ties as in `smallest`."""
    candidates = np.arange(len(losses))
    if count < len(losses):
        limit = np.partition(losses, count - 1)[count - 1]
        candidates = np.flatnonzero(losses <= limit * (1 + TIE))
    by_loss = candidates[np.argsort(losses[candidates], kind="stable")]
    sorted_losses = losses[by_loss]
    level = np.cumsum(np.append(False, sorted_losses[1:] > sorted_losses[:-1] * (1 + TIE)))
    return by_loss[np.lexsort((by_loss, sums[by_loss], level))][:count]


@dataclass(frozen=True, eq=False)
class _Bound:
    """What entries outside a shortlist can at least lose.

    Attributes:
        loss: their smallest loss when it was found.
        sums: the smallest summed loss among them, if all of them are tied; else 0.
        keys: core area only: per service the smallest ``w q / c`` among the entries that this service decides.
        left: what was left then.
    """

    loss: float
    sums: float
    keys: np.ndarray | None
    left: np.ndarray

    def allows(self, loss: float, summed: float, rule: LossRule, left: np.ndarray) -> bool:
        """Whether an entry inside with this loss now certainly goes before those outside."""
        growth = rule.growth(self.left, left)
        lowest = self.loss * growth
        if self.keys is not None:
            # A cell's core-area loss is at least that of the service that decided it, whose growth is known exactly.
            of_services = np.divide(self.keys, left, out=np.full_like(left, np.inf), where=left > 0)
            lowest = max(lowest, float(of_services.min()))
        if loss * (1 + TIE) < lowest:
            return True
        return loss <= lowest * (1 + TIE) and summed * (1 + TIE) < self.sums * growth


class _Drain:
    """Removes cells one by one; see the module."""

    def __init__(self, cells: Cells, rule: LossRule, progress: Progress) -> None:
        self._rule, self._progress = rule, progress
        # What holds nothing loses nothing, whatever it costs: without this, such cells would not be alike.
        costs = np.where(cells.shares.any(axis=0), cells.costs, 1.0)
        key = np.ascontiguousarray(np.vstack([cells.shares, costs, cells.tiers]).T)
        _, first, entry, count = np.unique(key, axis=0, return_index=True, return_inverse=True, return_counts=True)
        self._members = np.argsort(entry.reshape(-1), kind="stable")
        self._next = np.concatenate([[0], np.cumsum(count)[:-1]])
        self._count = count
        self._head = first
        self._shares, self._costs = cells.shares[:, first], costs[first]
        self._tiers = cells.tiers[first]
        self._left = cells.shares.sum(axis=1)
        self._order = np.empty(len(cells), dtype=np.intp)
        self._gone = 0

    def run(self) -> np.ndarray:
        for tier in np.unique(self._tiers):
            self._drain(np.flatnonzero(self._tiers == tier), ())
        return self._order

    def _drain(self, entries: np.ndarray, bounds: Sequence[_Bound]) -> None:
        """Removes from the entries as long as they certainly hold the smallest loss of all."""
        while len(entries) > SHORTLIST:
            if not bounds:
                self._left = self._shares @ self._count
            self._progress.set(100 * self._gone / len(self._order))
            self._progress.check()
            losses, sums = self._rule.losses(self._shares[:, entries], self._left, self._costs[entries])
            best = smallest(losses, sums, self._head[entries])
            if not self._certain(losses[best], sums[best], bounds):
                return
            inside, outside = self._shortlist(entries, losses, sums)
            if not outside:
                break  # all are tied: no shorter list can be certain
            gone = self._gone
            self._drain(entries[inside], (*bounds, *outside))
            if self._gone == gone:
                self._remove(int(entries[best]))
            entries = entries[self._count[entries] > 0]
        self._drain_shortlist(entries, bounds)

    def _shortlist(
        self, entries: np.ndarray, losses: np.ndarray, sums: np.ndarray
    ) -> tuple[np.ndarray, tuple[_Bound, ...]]:
        """The entries of the smallest losses, and what bounds the others: those tied with the last, and the rest."""
        size = max(SHORTLIST, len(entries) // NARROWING)
        limit = np.partition(losses, size - 1)[size - 1]
        near = losses <= limit * (1 + TIE)
        inside = near.copy()
        if np.count_nonzero(near) > 2 * size:
            tied = np.flatnonzero(near & (losses >= limit * (1 - TIE)))
            inside[tied] = _among_smallest(sums[tied], size)
            # The loss of tied cells soon rises above that of others, which must then be at hand.
            above = np.flatnonzero(~near)
            inside[above] = _among_smallest(losses[above], size)
        parts = ((near & ~inside, sums), (~near & ~inside, np.zeros_like(sums)))
        bounds = tuple(self._bound(entries, losses, lowest, part) for part, lowest in parts if part.any())
        return inside, bounds

    def _bound(self, entries: np.ndarray, losses: np.ndarray, sums: np.ndarray, part: np.ndarray) -> _Bound:
        keys = None
        if self._rule.rule == "core_area":
            shares, costs = self._shares[:, entries[part]], self._costs[entries[part]]
            weighted = shares * self._rule.weights[:, np.newaxis] / costs
            inverse = np.divide(1.0, self._left, out=np.zeros_like(self._left), where=self._left > 0)
            deciding = (weighted * inverse[:, np.newaxis]).argmax(axis=0)
            keys = np.full(len(self._left), np.inf)
            np.minimum.at(keys, deciding, weighted[deciding, np.arange(len(deciding))])
        return _Bound(float(losses[part].min()), float(sums[part].min()), keys, self._left.copy())

    def _drain_shortlist(self, entries: np.ndarray, bounds: Sequence[_Bound]) -> None:
        """Finds all losses anew at every removal."""
        while len(entries):
            losses, sums = self._rule.losses(self._shares[:, entries], self._left, self._costs[entries])
            best = smallest(losses, sums, self._head[entries])
            if not self._certain(losses[best], sums[best], bounds):
                return
            entry = int(entries[best])
            self._remove(entry)
            if self._count[entry] == 0:
                entries = np.delete(entries, best)

    def _certain(self, loss: float, summed: float, bounds: Sequence[_Bound]) -> bool:
        return all(bound.allows(loss, summed, self._rule, self._left) for bound in bounds)

    def _remove(self, entry: int) -> None:
        self._order[self._gone] = self._members[self._next[entry]]
        self._gone += 1
        self._next[entry] += 1
        self._count[entry] -= 1
        if self._count[entry]:
            self._head[entry] = self._members[self._next[entry]]
        self._left = np.maximum(self._left - self._shares[:, entry], 0)
