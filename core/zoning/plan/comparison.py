"""What an optimal plan would save: the conservation zones against a ranking and an exact selection of equal service."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ...errors import InputError
from ...land_cover import LandCoverScheme
from ...messages import say
from ...progress import QUIET, Progress
from ...raster.engine import run_job
from ...raster.files import workspace
from ...raster.grid import Grid
from ...raster.output import Band, Output, WriteOptions
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...raster.tally import Sums, sum_by_class
from ...raster.work import COMMON, Block, Job, JobResult, Result
from ...results import Cell, Column, ResultTable, numbers
from ..conservation.zones import NATURAL
from ..layers import LAND_COVER, Ecosystems, band_source, open_ecosystems, run_checked
from ..legends import legend
from ..ranking.kernels import RANK
from ..ranking.losses import Rule
from ..ranking.run import RankingInputs, RankingOutputs, RankingResult, rank_area
from ..selection.planning_units import PlanningUnits
from ..selection.run import TARGET_TOLERANCE, select_units
from ..services import Service, ServiceLayer, open_services, service_sources
from .kernel import BOTH, CONSERVE, PLAN

STATUS, DIFFERENCE = "status", "difference"
CANDIDATE, PLANNED = 1, 2
IN_PLAN, IN_RANKING, IN_SELECTION = 1, 2, 4
NO_DIFFERENCE = 255
# The cut through the ranking is found to this share of the cells.
RANK_BINS = 10_000
# Up to this many cells are ranked one by one, more of them in this many steps; that moves the cut by a few in 100,000.
EXACT_CELLS = 20_000
RANKING_STEPS = 200
# Square planning units as fine as the solver can manage.
MAX_UNITS = 200_000
GAP = 1e-4

COMPARISON_COLUMNS = (
    Column("method", "text"), Column("area_ha", unit="ha"), *numbers("area_pct", "of_plan_pct", unit="%"),
    Column("service", "text"), *numbers("target_pct", "kept_pct", unit="%"),
)  # fmt: skip


@dataclass(frozen=True)
class ComparisonInputs:
    """What is compared.

    Attributes:
        plan: codes of `zoningplan` (1 and 3 conserve) or zones of `conservationzones`. Its grid is the reference.
        services: whose shares kept by the plan are the targets.
        land_cover: tells natural pixels, which the others may choose; without it every pixel.
        scheme: meaning of the land-cover codes.
        natural: ecosystems that may be chosen.
        rule: of the ranking.
        max_units: planning units of the exact selection, at most.
        time_limit: of the exact selection, seconds.
    """

    plan: str
    services: tuple[Service, ...]
    land_cover: str | None = None
    scheme: LandCoverScheme | None = None
    natural: tuple[str, ...] = NATURAL
    rule: Rule = "additive"
    max_units: int = MAX_UNITS
    time_limit: float = 60.0


@dataclass(frozen=True)
class ComparisonOutputs:
    """Path of the map of differences; None where it is not wanted."""

    difference: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Land that one method needs, and what it keeps.

    Attributes:
        method: `plan`, `ranking` or `selection`.
        area_ha: the land.
        kept: amount of each service.
    """

    method: str
    area_ha: float
    kept: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class ComparisonResult:
    """The three plans.

    Attributes:
        plans: the plan, the ranking and, where it could be found, the selection.
        region_ha: area of the region: all land cover; without land cover where the plan has a value.
        totals: of each service in the region.
        unit_pixels: edge of the planning units in pixels.
        gap: of the exact selection.
        curves: of the ranking.
        inputs: what was asked for.
    """

    plans: tuple[Plan, ...]
    region_ha: float
    totals: tuple[float, ...]
    unit_pixels: int
    gap: float
    curves: RankingResult
    inputs: ComparisonInputs

    def share_pct(self, plan: Plan) -> float:
        """Percent of the region that a plan takes."""
        return plan.area_ha / self.region_ha * 100


def run_plan_comparison(
    inputs: ComparisonInputs,
    outputs: ComparisonOutputs | None = None,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> ComparisonResult:
    """Finds how much land a ranking and an exact selection need to keep as much of every service as the plan does.

    All choose among the natural pixels and those of the plan. The ranking is cut where its best part meets all targets;
    the selection takes whole square planning units at the least area, proven to within its gap.

    Raises:
        InputError: files or codes that cannot be used, or no service with an amount.
        GridError: a raster does not fit the grid of the plan.
        OutputError: the map cannot be written.
        Cancelled: the user stopped.
    """
    outputs, settings = outputs or ComparisonOutputs(), settings or RasterSettings()
    with workspace() as folder:
        plan = band_source(PLAN, inputs.plan, "Plan", progress)
        area = open_study_area(plan, settings, folder, progress, inputs.scheme)
        cover = band_source(LAND_COVER, inputs.land_cover, say("Land cover"), progress) if inputs.land_cover else None
        ecosystems = open_ecosystems(area.fit(cover, progress) if cover else None, inputs.scheme)
        layers = open_services(inputs.services, service_sources(inputs.services, progress), area, progress)
        candidates, found = _candidates(inputs, area, plan, ecosystems, layers, progress.part(0, 10))
        rank = os.path.join(folder, "rank.tif")
        cells = int(found.sums["cells"])
        warp = 1 if cells <= EXACT_CELLS else math.ceil(cells / RANKING_STEPS)
        ranking = RankingInputs(inputs.services, rule=inputs.rule, warp=warp)
        curves = rank_area(ranking, RankingOutputs(rank), candidates, progress.part(10, 70))
        tally = _TallyKernel.of_grid(layers, area.grid, inputs.max_units)
        status = Source(STATUS, os.path.join(folder, "status.tif"), 1, "classes", "Candidates")
        read = (status, Source(RANK, rank, 1, "continuous", "Rank"), *(layer.source for layer in layers))
        job = candidates.job(tally, read, gate=[STATUS])
        held = run_job(job, progress.part(70, 80)).sums
        kept = found.sums["kept"]
        lowest_bin, ranked = _cut(held["bins"], kept)
        chosen, gap, selected = _select(held["units"], kept, inputs, progress.part(80, 90))
        _write_difference(outputs, job, tally, lowest_bin, chosen, progress.part(90, 100))
        factors = np.array([service.factor for service in inputs.services])
        plans = [
            Plan(method, float(of_plan[0]), tuple((of_plan[1:] * factors).tolist()))
            for method, of_plan in (
                ("plan", np.append(found.sums["planned"], kept)),
                ("ranking", ranked),
                ("selection", selected),
            )
            if of_plan is not None
        ]
        return ComparisonResult(
            tuple(plans),
            found.coverage[COMMON].area_ha,
            tuple((found.sums["totals"] * factors).tolist()),
            tally.edge,
            gap,
            curves,
            inputs,
        )


@dataclass(frozen=True, eq=False)
class _CandidateKernel:
    """Writes which pixels may be chosen and which the plan has chosen, and sums the region and the plan."""

    ecosystems: Ecosystems
    natural: np.ndarray
    layers: tuple[ServiceLayer, ...]

    def __call__(self, block: Block) -> Result:
        codes = block.values[PLAN]
        planned = block.gate & ((codes == CONSERVE) | (codes == BOTH))
        natural = self.natural.take(self.ecosystems.numbers(block)) & self.ecosystems.valid(block)
        status = np.where(planned, PLANNED, np.where(natural & block.gate, CANDIDATE, 0)).astype(np.uint8)
        amounts = [positive_amounts(layer, block) for layer in self.layers]
        sums = {
            "totals": np.array([a[block.gate].sum() for a in amounts]),
            "kept": np.array([a[planned].sum() for a in amounts]),
            "planned": np.array(np.where(planned, block.areas_ha, 0.0).sum()),
            "cells": np.array(np.count_nonzero(status)),
        }
        return Result({STATUS: (status, status > 0)}, Sums(sums))


def _candidates(
    inputs: ComparisonInputs,
    area: StudyArea,
    plan: Source,
    ecosystems: Ecosystems,
    layers: tuple[ServiceLayer, ...],
    progress: Progress,
) -> tuple[StudyArea, JobResult]:
    """The study area of the pixels that may be chosen, and the sums of region and plan."""
    path = os.path.join(area.folder, "status.tif")
    natural = ecosystems.members(inputs.natural) if ecosystems.source else np.array([True])
    kernel = _CandidateKernel(ecosystems, natural, layers)
    read = [plan, *ecosystems.sources, *(layer.source for layer in layers)]
    # With land cover the region is all of it, as the shares of the zones have it.
    gate = [PLAN, *(source.name for source in ecosystems.sources)]
    job = area.job(kernel, read, (Output(STATUS, path, (Band(STATUS),), "uint8", 0),), gate=gate, gate_any=True)
    found = run_checked(replace(job, write=WriteOptions(overviews=False)), ecosystems, area, progress)
    return replace(area, boundary=Source(STATUS, path, 1, "classes", "Candidates")), found


@dataclass(frozen=True, eq=False)
class _TallyKernel:
    """Area and amounts by bin of the rank and by planning unit; both of shape (classes, 1 + services).

    Attributes:
        layers: the services.
        edge: of the units, pixels.
        columns: units side by side.
        count: number of units.
    """

    layers: tuple[ServiceLayer, ...]
    edge: int
    columns: int
    count: int

    @classmethod
    def of_grid(cls, layers: tuple[ServiceLayer, ...], grid: Grid, max_units: int) -> _TallyKernel:
        """The finest square units of which there are at most `max_units`."""
        edge = 1
        while math.ceil(grid.width / edge) * math.ceil(grid.height / edge) > max_units:
            edge += 1
        columns = math.ceil(grid.width / edge)
        return cls(layers, edge, columns, columns * math.ceil(grid.height / edge))

    def units(self, block: Block) -> np.ndarray:
        """Number of the planning unit of each pixel."""
        window = block.window
        rows = np.arange(window.row, window.row + window.height) // self.edge
        columns = np.arange(window.column, window.column + window.width) // self.edge
        return rows[:, np.newaxis] * self.columns + columns

    def __call__(self, block: Block) -> Result:
        amounts = [positive_amounts(layer, block) for layer in self.layers]
        weights = [np.where(block.gate, weight, 0.0) for weight in (block.areas_ha, *amounts)]
        bins, units = rank_bins(block.values[RANK]), self.units(block)
        ranked = [np.where(block.valid[RANK], weight, 0.0) for weight in weights]
        sums = {
            "bins": np.stack([sum_by_class(bins, RANK_BINS, weight) for weight in ranked], axis=1),
            "units": np.stack([sum_by_class(units, self.count, weight) for weight in weights], axis=1),
        }
        return Result(sums=Sums(sums))


def positive_amounts(layer: ServiceLayer, block: Block) -> np.ndarray:
    """What each pixel holds of a service, float64; 0 where it holds less than nothing or has no value."""
    return np.where(layer.valid(block), np.maximum(layer.amounts(block), 0), 0).astype(np.float64)


def rank_bins(ranks: np.ndarray) -> np.ndarray:
    """Bin of each rank, 0 for the lowest; rank 1 lies in the last."""
    return np.clip(np.ceil(ranks * RANK_BINS).astype(np.intp) - 1, 0, RANK_BINS - 1)


def _cut(bins: np.ndarray, targets: np.ndarray) -> tuple[int, np.ndarray]:
    """The highest bin down to which the ranking meets all targets, and what the bins down to it hold."""
    if not targets.any():
        return RANK_BINS, np.zeros(bins.shape[1])
    held = np.cumsum(bins[::-1], axis=0)
    enough = (held[:, 1:] >= targets * (1 - TARGET_TOLERANCE)).all(axis=1)
    taken = int(np.argmax(enough))
    return RANK_BINS - 1 - taken, held[taken]


def _select(
    units: np.ndarray, targets: np.ndarray, inputs: ComparisonInputs, progress: Progress
) -> tuple[np.ndarray, float, np.ndarray | None]:
    """The chosen units (boolean, all units of the grid), the gap, and what they hold; None where none was found."""
    occupied = np.flatnonzero(units[:, 0] > 0)
    present = [number for number in range(len(targets)) if targets[number] > 0]
    chosen = np.zeros(len(units), dtype=bool)
    if not present:
        return chosen, 0.0, np.zeros(units.shape[1])
    amounts = units[occupied][:, [1 + number for number in present]]
    offered = PlanningUnits(
        tuple(occupied.tolist()),
        tuple(inputs.services[number].name for number in present),
        amounts,
        units[occupied, 0],
        np.zeros(len(occupied), dtype=int),
    )
    # The targets are amounts of the region; units hold what may be chosen, a part of it.
    wanted = np.minimum(targets[present] / amounts.sum(axis=0), 1) * 100
    try:
        found = select_units(offered, wanted.tolist(), time_limit=inputs.time_limit, gap=GAP, progress=progress)
    except InputError as error:
        progress.warn(say("The comparison goes without the exact selection: {error}", error=error))
        return chosen, math.nan, None
    chosen[list(found.ids)] = True
    return chosen, found.gap, units[chosen].sum(axis=0)


@dataclass(frozen=True, eq=False)
class _DifferenceKernel:
    """Writes which of the three chose each pixel, as bits: 1 plan, 2 ranking, 4 selection.

    Attributes:
        tally: numbers the units.
        lowest_bin: of the ranks that the ranking takes.
        chosen: per unit.
    """

    tally: _TallyKernel
    lowest_bin: int
    chosen: np.ndarray

    def __call__(self, block: Block) -> Result:
        ranked = block.valid[RANK] & (rank_bins(block.values[RANK]) >= self.lowest_bin)
        codes = (
            (block.values[STATUS] == PLANNED) * np.uint8(IN_PLAN)
            + ranked * np.uint8(IN_RANKING)
            + self.chosen.take(self.tally.units(block)) * np.uint8(IN_SELECTION)
        )
        return Result({DIFFERENCE: (codes, block.gate)})


def _write_difference(
    outputs: ComparisonOutputs, job: Job, tally: _TallyKernel, lowest_bin: int, chosen: np.ndarray, progress: Progress
) -> None:
    if outputs.difference:
        legend_of = legend("comparison")
        output = Output(
            DIFFERENCE, outputs.difference, (Band(DIFFERENCE),), "uint8", NO_DIFFERENCE, legend_of, outputs.metadata
        )
        kernel = _DifferenceKernel(tally, lowest_bin, chosen)
        run_job(replace(job, kernel=kernel, outputs=(output,)), progress)


def comparison_table(result: ComparisonResult) -> ResultTable:
    """Per method and service: the land it takes, against the plan's, and the share of the service that it keeps."""
    plan = result.plans[0]
    rows: list[tuple[Cell, ...]] = []
    for other in result.plans:
        of_plan = other.area_ha / plan.area_ha * 100 if plan.area_ha else None
        for service, target, kept, total in zip(result.inputs.services, plan.kept, other.kept, result.totals):
            shares = (target / total * 100, kept / total * 100) if total > 0 else (None, None)
            rows.append((other.method, other.area_ha, result.share_pct(other), of_plan, service.name, *shares))
    return ResultTable(COMPARISON_COLUMNS, tuple(rows))
