"""Priority ranking: which place would be missed least, and how much of each service the rest keeps."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import Measure
from ...raster.area import equal_pixel_area_ha
from ...raster.blocks import BlockReader
from ...raster.engine import run_job
from ...raster.files import workspace
from ...raster.output import Band, Output, WriteOptions
from ...raster.passes.percentiles import percentiles_by_stratum
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...raster.work import Job
from ...results import Cell, Column, ResultTable
from ..layers import band_source, open_locked
from ..services import Service, open_services, service_sources
from .kernels import (
    COST,
    RANK,
    STEP,
    TIERS,
    CellReader,
    LossSampler,
    RankKernel,
    StepKernel,
    StepRankKernel,
    TotalsKernel,
)
from .losses import LossRule, Rule
from .order import Cells, removal_order

# Above this many cells times services, the cells are not held in memory: the ranking streams over the rasters.
MEMORY_VALUES = 20_000_000
# Share of the cells that go in a step of a ranking that streams.
STREAMED_STEP = 0.01
CURVE_STEP_PCT = 1.0

CURVE_COLUMNS = (Column("area_pct", unit="%"), Column("service", "text"), Column("kept_pct", unit="%"))


@dataclass(frozen=True)
class RankingInputs:
    """What is ranked, and how.

    Attributes:
        services: their last bands; the first one's grid is the reference.
        weights: per service; empty for equal weights.
        rule: `additive` benefit function or `core_area`.
        warp: cells that go per step; 1 is exact.
        exponent: z of the additive rule.
        cost: a raster of costs per cell; None for the area of a cell relative to the mean one.
        locked_in: polygons that go last.
        locked_out: polygons that go first.
        memory_values: cells times services up to which the ranking runs in memory.
    """

    services: tuple[Service, ...]
    weights: tuple[float, ...] = ()
    rule: Rule = "additive"
    warp: int = 1
    exponent: float = 0.25
    cost: str | None = None
    locked_in: str | None = None
    locked_out: str | None = None
    memory_values: int = MEMORY_VALUES


@dataclass(frozen=True)
class RankingOutputs:
    """Path of the rank raster; None where it is not wanted."""

    rank: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RankingResult:
    """Performance curves of a ranking.

    Attributes:
        area_pct: share of the area that is kept, rising, shape (points,).
        kept_pct: share of each service on the best part of that area, shape (services, points); NaN for a service
            without any amount.
        cells: how many were ranked.
        area_ha: their area.
        streamed: whether the ranking ran over the rasters, in steps.
        inputs: what was asked for.
    """

    area_pct: np.ndarray
    kept_pct: np.ndarray
    cells: int
    area_ha: float
    streamed: bool
    inputs: RankingInputs


def run_priority_ranking(
    inputs: RankingInputs,
    outputs: RankingOutputs | None = None,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> RankingResult:
    """Ranks cells by removing the one of the least marginal loss, until none is left; the last one has rank 1.

    Where cells differ in size, on geographic grids, losses are divided by their area, and the rank is the share of the
    area that has gone.

    Up to `memory_values` the cells are held in memory; `warp` 1 is then exact. Beyond, the ranking streams over the
    rasters: each step finds by a histogram of the losses (two passes) the one up to which a hundredth of the cells (or
    `warp` cells, if more) lie, and lets these go in a third pass; cells of a step share a rank, and memory does not
    grow with the raster.

    Raises:
        InputError: a number cannot be used, no service has an amount, a cost is not positive, locked areas contradict.
        GridError: a raster does not fit the grid of the first service.
        OutputError: the rank raster cannot be written.
        Cancelled: the user stopped.
    """
    loss_rule(inputs)
    with workspace() as folder:
        first = service_sources(inputs.services[:1], progress)[0]
        area = open_study_area(first, settings or RasterSettings(), folder, progress)
        return rank_area(inputs, outputs or RankingOutputs(), area, progress)


def rank_area(
    inputs: RankingInputs, outputs: RankingOutputs, area: StudyArea, progress: Progress = QUIET
) -> RankingResult:
    """Ranks the cells of a study area; see `run_priority_ranking`."""
    rule = loss_rule(inputs)
    sources = service_sources(inputs.services, progress)
    layers = open_services(inputs.services, sources, area, progress)
    price = Measure("conservation_cost", ratio=True)
    cost = band_source(COST, inputs.cost, "Cost", progress, "continuous", measure=price) if inputs.cost else None
    reader = CellReader(
        layers,
        area.fit(cost, progress) if cost else None,
        open_locked(inputs.locked_in, "locked_in", "Locked-in areas", area),
        open_locked(inputs.locked_out, "locked_out", "Locked-out areas", area),
    )
    job = area.job(TotalsKernel(reader), reader.sources, gate=[s.name for s in sources], gate_any=True)
    found = run_job(job, progress.part(0, 5))
    area.require_pixels(found)
    counts, totals, area_ha = found.sums["cells"], found.sums["totals"], float(found.sums["area"])
    _require_amounts(inputs, totals, progress)
    if equal_pixel_area_ha(area.grid) is None:
        reader = replace(reader, mean_ha=area_ha / int(counts.sum()))
    ranking = _Ranking(inputs, outputs, rule, area, reader, job, counts, totals, area_ha)
    streamed = int(counts.sum()) * len(layers) > inputs.memory_values
    return (ranking.streamed if streamed else ranking.in_memory)(progress.part(5, 100))


def loss_rule(inputs: RankingInputs) -> LossRule:
    """The removal rule that is asked for. Raises InputError for numbers that cannot be used."""
    count = len(inputs.services)
    weights = inputs.weights or (1.0,) * count
    if inputs.rule not in get_args(Rule):
        raise InputError(
            say("There is no rule {rule}. Choose one of {rule2}.", rule=inputs.rule, rule2=", ".join(get_args(Rule)))
        )
    if len(weights) != count:
        raise InputError(
            say(
                "{count} weights are given for {count2} services. Give one each, or none.",
                count=len(weights),
                count2=count,
            )
        )
    if any(not (math.isfinite(weight) and weight >= 0) for weight in weights) or not any(weights):
        raise InputError(say("Weights must be 0 or more, and one of them above 0."))
    if not 0 < inputs.exponent <= 1:
        raise InputError(
            say("The exponent z is {exponent:g}. Give a number above 0 up to 1.", exponent=inputs.exponent)
        )
    if inputs.warp < 1:
        raise InputError(say("WARP is {warp}. Give the number of cells per step, 1 or more.", warp=inputs.warp))
    return LossRule(inputs.rule, np.array(weights, dtype=np.float64), inputs.exponent)


def _require_amounts(inputs: RankingInputs, totals: np.ndarray, progress: Progress) -> None:
    if not totals.any():
        raise InputError(say("No service has an amount above 0 within the study area: there is nothing to rank by."))
    for service, total in zip(inputs.services, totals):
        if total <= 0:
            progress.warn(
                say("{name} is zero or negative everywhere: it does not take part in the ranking.", name=service.name)
            )


@dataclass(frozen=True, eq=False)
class _Ranking:
    """A ranking that is prepared: what is read, what it adds up to, and what is wanted."""

    inputs: RankingInputs
    outputs: RankingOutputs
    rule: LossRule
    area: StudyArea
    reader: CellReader
    job: Job
    counts: np.ndarray
    totals: np.ndarray
    area_ha: float

    @property
    def cells(self) -> int:
        return int(self.counts.sum())

    @property
    def divisors(self) -> np.ndarray:
        return np.where(self.totals > 0, self.totals, 1.0)

    def in_memory(self, progress: Progress) -> RankingResult:
        cells, places, areas = self._read()
        order = removal_order(cells, self.rule, self.inputs.warp, progress.part(0, 95))
        if self.outputs.rank:
            grid = self.area.grid
            ranks = np.zeros(grid.height * grid.width, dtype=np.float32)
            ranks[places[order]] = self._ranks(areas[order])
            kernel = RankKernel(ranks.reshape(grid.height, grid.width), self.reader)
            run_job(replace(self.job, kernel=kernel, outputs=self._maps()), progress.part(95, 100))
        # From the last cell that went, which is the best, to the first.
        best_first = order[::-1]
        area = np.append(0.0, np.cumsum(areas[best_first]))
        kept = np.insert(np.cumsum(cells.shares[:, best_first], axis=1), 0, 0.0, axis=1)
        return self._result(area, kept, streamed=False)

    def _read(self) -> tuple[Cells, np.ndarray, np.ndarray]:
        """The cells in row-major order, their places in the grid, and their areas."""
        reader, grid = BlockReader(self.job), self.area.grid
        parts: list[tuple[np.ndarray, ...]] = []
        for window in self.job.windows():
            block = reader.read(window)
            if not block.gate.any():
                continue
            cells = self.reader.valid(block)
            rows, columns = np.nonzero(cells)
            parts.append(
                (
                    (rows + window.row) * grid.width + columns + window.column,
                    self.reader.amounts(block, cells),
                    self.reader.costs(block, cells),
                    self.reader.tiers(block, cells),
                    np.broadcast_to(block.areas_ha, cells.shape)[cells],
                )
            )
        places, amounts, costs, tiers, areas = (np.concatenate(column, axis=-1) for column in zip(*parts))
        order = np.argsort(places)
        shares = amounts[:, order] / self.divisors[:, np.newaxis]
        return Cells(shares, costs[order], tiers[order]), places[order], areas[order]

    def streamed(self, progress: Progress) -> RankingResult:
        width = max(self.inputs.warp, math.ceil(self.cells * STREAMED_STEP))
        progress.info(
            say(
                "{cells:,} cells are more than are held in memory: {width:,} of them go per step and share a rank.",
                cells=self.cells,
                width=width,
            )
        )
        left = np.where(self.totals > 0, 1.0, 0.0)
        state: Source | None = None
        gone, gone_area = 0, 0.0
        ranks, area, kept = [0.0], [self.area_ha], [left]
        for tier in range(TIERS):
            remaining = int(self.counts[tier])
            while remaining:
                part = progress.part(99 * gone / self.cells, 99 * min(gone + width, self.cells) / self.cells)
                sampler = LossSampler(self.reader, self.divisors, self.rule, left, tier, state)
                limit = self._limit(sampler, width / remaining, part.part(0, 60))
                state, sums = self._step(StepKernel(sampler, limit, len(ranks)), part.part(60, 100))
                left = np.maximum(left - sums["gone"] / self.divisors, 0)
                remaining -= int(sums["cells"])
                gone += int(sums["cells"])
                gone_area += float(sums["area"])
                ranks.append(gone / self.cells if self.reader.mean_ha is None else gone_area / self.area_ha)
                area.append(self.area_ha - gone_area)
                kept.append(left)
        if self.outputs.rank and state is not None:
            kernel = StepRankKernel(self.reader, state, np.array(ranks, dtype=np.float32))
            job = replace(self.job, kernel=kernel, sources=(*self.job.sources, state), outputs=self._maps())
            run_job(job, progress.part(99, 100))
        return self._result(np.array(area[::-1]), np.stack(kept[::-1], axis=1), streamed=True)

    def _ranks(self, areas: np.ndarray) -> np.ndarray:
        """The share of the area that has gone with each cell, given their areas in the order in which they go."""
        if self.reader.mean_ha is None:
            return np.arange(1, len(areas) + 1) / len(areas)
        gone = np.cumsum(areas)
        return gone / gone[-1]

    def _limit(self, sampler: LossSampler, fraction: float, progress: Progress) -> float:
        """The loss up to which a fraction of the remaining cells lie."""
        if fraction >= 1:
            return math.inf
        job = self._with_state(sampler.state)
        return float(percentiles_by_stratum(job, sampler, 1, (fraction,), progress).values[0, 0])

    def _step(self, kernel: StepKernel, progress: Progress) -> tuple[Source, Mapping[str, np.ndarray]]:
        path = os.path.join(self.area.folder, f"step_{kernel.step % 2}.tif")
        output = Output(STEP, path, (Band(STEP),), "int32", -1)
        job = replace(
            self._with_state(kernel.sampler.state),
            kernel=kernel,
            outputs=(output,),
            write=WriteOptions(overviews=False),
        )
        found = run_job(job, progress)
        names = ("gone", "cells", "area")
        return Source(STEP, path, 1, "classes", "Steps"), {name: found.sums[name] for name in names}

    def _with_state(self, state: Source | None) -> Job:
        return replace(self.job, sources=(*self.job.sources, *([state] if state else [])))

    def _maps(self) -> tuple[Output, ...]:
        path = self.outputs.rank
        return (Output(RANK, path, (Band(RANK),), metadata=self.outputs.metadata),) if path else ()

    def _result(self, area: np.ndarray, kept: np.ndarray, streamed: bool) -> RankingResult:
        """Reads the curves at whole percents of the area; `area` rises from 0, `kept` (services, points) with it."""
        points = np.arange(0, 100 + CURVE_STEP_PCT / 2, CURVE_STEP_PCT)
        curves = [
            np.interp(points, area / area[-1] * 100, of_service * 100) if total > 0 else np.full(len(points), np.nan)
            for of_service, total in zip(kept, self.totals)
        ]
        return RankingResult(points, np.array(curves), self.cells, self.area_ha, streamed, self.inputs)


def curve_table(result: RankingResult) -> ResultTable:
    """Per whole percent of the area and service, how much of the service the best part of that area keeps."""
    rows: list[tuple[Cell, ...]] = [
        (float(area), service.name, None if math.isnan(kept[number]) else float(kept[number]))
        for number, area in enumerate(result.area_pct)
        for service, kept in zip(result.inputs.services, result.kept_pct)
    ]
    return ResultTable(CURVE_COLUMNS, tuple(rows))
