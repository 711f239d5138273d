"""What the ranking reads of a block, and the passes of a ranking that streams over the rasters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...errors import InputError
from ...messages import say
from ...raster.passes.radix_search import Sample
from ...raster.reading.source import Source
from ...raster.tally import Sums
from ...raster.work import Block, Result
from ..layers import Locked
from ..services import ServiceLayer
from .losses import LossRule

RANK, STEP, COST = "rank", "step", "cost"
LOCKED_OUT, FREE, LOCKED_IN = 0, 1, 2
TIERS = 3


@dataclass(frozen=True, eq=False)
class CellReader:
    """Cells of a block: where any service has a value, and a cost where costs are given.

    Attributes:
        layers: the services.
        cost: per cell; None for the area of a cell relative to the mean one.
        locked_in, locked_out: what goes last and first.
        mean_ha: area of the mean cell where cells differ in size; None where all have one area.
    """

    layers: tuple[ServiceLayer, ...]
    cost: Source | None = None
    locked_in: Locked | None = None
    locked_out: Locked | None = None
    mean_ha: float | None = None

    @property
    def sources(self) -> tuple[Source, ...]:
        more = [self.cost, *(locked and locked.source for locked in (self.locked_in, self.locked_out))]
        return (*(layer.source for layer in self.layers), *(source for source in more if source))

    def valid(self, block: Block) -> np.ndarray:
        """Shape (height, width).

        Raises:
            InputError: a cost is not positive.
        """
        cells = block.gate & np.logical_or.reduce([layer.valid(block) for layer in self.layers])
        if self.cost is None:
            return cells
        cells = cells & block.valid[self.cost.name]
        costs = block.values[self.cost.name][cells]
        if costs.size and costs.min() <= 0:
            raise InputError(
                say(
                    "{named} holds the cost {value:g}. Losses are divided by costs, so each must be above 0: "
                    "raise them, or set such pixels as nodata to leave them out.",
                    named=self.cost.named,
                    value=costs.min(),
                )
            )
        return cells

    def amounts(self, block: Block, cells: np.ndarray) -> np.ndarray:
        """What each cell holds of each service, negative amounts as 0, shape (services, cells), float64."""
        return np.stack([np.maximum(layer.amounts(block)[cells], 0).astype(np.float64) for layer in self.layers])

    def costs(self, block: Block, cells: np.ndarray) -> np.ndarray:
        if self.cost is None:
            return np.ones(np.count_nonzero(cells)) if self.mean_ha is None else block.areas_of(cells) / self.mean_ha
        return block.values[self.cost.name][cells].astype(np.float64)

    def tiers(self, block: Block, cells: np.ndarray) -> np.ndarray:
        """0 locked out, 1 free, 2 locked in, per cell.

        Raises:
            InputError: a cell is both.
        """
        tiers = np.full(np.count_nonzero(cells), FREE)
        kept = self.locked_in.inside(block)[cells] if self.locked_in else np.zeros(len(tiers), dtype=bool)
        dropped = self.locked_out.inside(block)[cells] if self.locked_out else np.zeros(len(tiers), dtype=bool)
        if (kept & dropped).any():
            raise InputError(
                say(
                    "Locked-in and locked-out areas overlap. A place cannot be both: cut one layer by the other "
                    "(Vector > Geoprocessing > Difference)."
                )
            )
        tiers[kept] = LOCKED_IN
        tiers[dropped] = LOCKED_OUT
        return tiers


@dataclass(frozen=True, eq=False)
class TotalsKernel:
    """Sums amounts, cells by tier and area."""

    reader: CellReader

    def __call__(self, block: Block) -> Result:
        cells = self.reader.valid(block)
        counts = np.bincount(self.reader.tiers(block, cells), minlength=TIERS)
        totals = self.reader.amounts(block, cells).sum(axis=1)
        area = np.array(np.where(cells, block.areas_ha, 0.0).sum())
        return Result(sums=Sums({"cells": counts, "totals": totals, "area": area}))


@dataclass(frozen=True, eq=False)
class LossSampler:
    """Losses of the cells of one tier that are left, for percentiles.

    Attributes:
        reader: of the cells.
        totals: of each service, 1 where there is none.
        rule: how losses are found.
        left: shares left.
        tier: the tier that goes.
        state: the steps in which cells went, 0 for those left; None before the first step.
    """

    reader: CellReader
    totals: np.ndarray
    rule: LossRule
    left: np.ndarray
    tier: int
    state: Source | None

    def __call__(self, block: Block) -> Iterator[Sample]:
        cells = self.remaining(block)
        yield Sample(self.losses(block, cells), weights=partial(block.areas_of, cells))

    def remaining(self, block: Block) -> np.ndarray:
        """Cells of the tier that are left, boolean, shape (height, width)."""
        cells = self.reader.valid(block)
        if self.state is not None:
            cells = cells & (block.values[self.state.name] == 0)
        cells[cells] = self.reader.tiers(block, cells) == self.tier
        return cells

    def losses(self, block: Block, cells: np.ndarray) -> np.ndarray:
        """Float32, the precision in which percentiles are found."""
        shares = self.reader.amounts(block, cells) / self.totals[:, np.newaxis]
        return self.rule.losses(shares, self.left, self.reader.costs(block, cells))[0].astype(np.float32)


@dataclass(frozen=True, eq=False)
class StepKernel:
    """Lets the cells go whose loss is not above a limit, and sums what goes with them.

    Attributes:
        sampler: finds losses.
        limit: the largest loss that goes; infinite for all of the tier.
        step: number of the step, from 1.
    """

    sampler: LossSampler
    limit: float
    step: int

    def __call__(self, block: Block) -> Result:
        sampler = self.sampler
        going = sampler.remaining(block)
        going[going] = sampler.losses(block, going) <= self.limit
        before = 0 if sampler.state is None else block.values[sampler.state.name]
        steps = np.where(going, self.step, before).astype(np.int32)
        gone = sampler.reader.amounts(block, going).sum(axis=1)
        sums = {
            "gone": gone,
            "cells": np.array(np.count_nonzero(going), dtype=np.int64),
            "area": np.array(np.where(going, block.areas_ha, 0.0).sum()),
        }
        return Result({STEP: (steps, np.ones(going.shape, dtype=bool))}, Sums(sums))


@dataclass(frozen=True, eq=False)
class StepRankKernel:
    """Writes the rank of the step in which each cell went.

    Attributes:
        reader: of the cells.
        state: the steps.
        ranks: by step, from 0.
    """

    reader: CellReader
    state: Source
    ranks: np.ndarray

    def __call__(self, block: Block) -> Result:
        return Result({RANK: (self.ranks.take(block.values[self.state.name]), self.reader.valid(block))})


@dataclass(frozen=True, eq=False)
class RankKernel:
    """Writes ranks that are in memory.

    Attributes:
        ranks: of the whole grid, float32; 0 where there is no cell.
        reader: names the sources that open the gate.
    """

    ranks: np.ndarray
    reader: CellReader

    def __call__(self, block: Block) -> Result:
        window = block.window
        ranks = self.ranks[window.row : window.row + window.height, window.column : window.column + window.width]
        return Result({RANK: (ranks, ranks > 0)})
