"""What an optimal plan would save: the conservation zones against a ranking and an exact selection of equal service."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..land_cover import LandCoverScheme
from ..progress import QUIET, Progress
from ..raster.engine import COMMON, Block, Job, JobResult, Result, run_job
from ..raster.files import workspace
from ..raster.output import Band, Output, WriteOptions
from ..raster.settings import RasterSettings
from ..raster.source import Source
from ..raster.study import StudyArea, open_study_area
from ..raster.tally import Sums, sum_by_class
from ..results import Cell, Column, ResultTable
from .conservation_zones import NATURAL
from .layers import LAND_COVER, Ecosystems, band_source, open_ecosystems, run_checked
from .legends import legend
from .plan_kernel import BOTH, CONSERVE, PLAN
from .planning_units import PlanningUnits
from .priority_ranking import RankingInputs, RankingOutputs, RankingResult, rank_area
from .ranking_kernels import RANK
from .ranking_losses import Rule
from .services import Service, ServiceLayer, open_services, service_sources
from .target_selection import SelectionResult, select_units

STATUS, DIFFERENCE = "status", "difference"
CANDIDATE, PLANNED = 1, 2
IN_PLAN, IN_RANKING, IN_SELECTION = 1, 2, 4
NO_DIFFERENCE = 255
# The cut through the ranking is found to this share of the cells.
RANK_BINS = 10_000
# Square planning units as fine as the solver can manage.
MAX_UNITS = 20_000
GAP = 1e-4

COMPARISON_COLUMNS = (
    Column("method", "text"),
    Column("area_ha", unit="ha"),
    Column("area_pct", unit="%"),
    Column("of_plan_pct", unit="%"),
    Column("service", "text"),
    Column("target_pct", unit="%"),
    Column("kept_pct", unit="%"),
)


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
        plans: the plan, the ranking and the selection.
        region_ha: area of the region.
        totals: of each service in the region.
        unit_pixels: edge of the planning units in pixels.
        gap: of the exact selection.
        curves: of the ranking.
        inputs: what was asked for.
    """

    plans: tuple[Plan, Plan, Plan]
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
        area = open_study_area(plan, settings, folder, progress)
        cover = band_source(LAND_COVER, inputs.land_cover, "Land cover", progress) if inputs.land_cover else None
        ecosystems = open_ecosystems(area.fit(cover, progress) if cover else None, inputs.scheme)
        layers = open_services(inputs.services, service_sources(inputs.services, progress), area, progress)
        candidates, found = _candidates(inputs, area, plan, ecosystems, layers, progress.part(0, 10))
        rank = os.path.join(folder, "rank.tif")
        ranking = RankingInputs(inputs.services, rule=inputs.rule)
        curves = rank_area(ranking, RankingOutputs(rank), candidates, progress.part(10, 70))
        tally = _TallyKernel(layers, _unit_edge(area, inputs.max_units), area.grid.width)
        status = Source(STATUS, os.path.join(folder, "status.tif"), 1, "classes", "Candidates")
        read = (status, Source(RANK, rank, 1, "continuous", "Rank"), *(layer.source for layer in layers))
        job = candidates.job(tally, read, gate=[STATUS])
        held = run_job(job, progress.part(70, 80)).sums
        kept = found.sums["kept"]
        limit, ranked = _cut(held["bins"], kept)
        selection, selected = _select(held["units"], kept, inputs, progress.part(80, 90))
        if outputs.difference:
            _write_difference(outputs, job, tally, limit, selection, progress.part(90, 100))
        factors = np.array([service.factor for service in inputs.services])
        plans = [
            Plan(method, float(of_plan[0]), tuple((of_plan[1:] * factors).tolist()))
            for method, of_plan in (
                ("plan", np.append(found.sums["planned"], kept)),
                ("ranking", ranked),
                ("selection", selected),
            )
        ]
        return ComparisonResult(
            (plans[0], plans[1], plans[2]),
            found.coverage[COMMON].area_ha,
            tuple((found.sums["totals"] * factors).tolist()),
            tally.edge,
            selection.gap,
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
        amounts = [np.where(layer.valid(block), np.maximum(layer.amounts(block), 0), 0) for layer in self.layers]
        sums = {
            "totals": np.array([a[block.gate].sum(dtype=np.float64) for a in amounts]),
            "kept": np.array([a[planned].sum(dtype=np.float64) for a in amounts]),
            "planned": np.array(np.where(planned, block.areas_ha, 0.0).sum()),
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
    job = area.job(kernel, read, (Output(STATUS, path, (Band(STATUS),), "uint8", 0),), gate=[PLAN])
    found = run_checked(replace(job, write=WriteOptions(overviews=False)), ecosystems, area, progress)
    return replace(area, boundary=Source(STATUS, path, 1, "classes", "Candidates")), found


def _unit_edge(area: StudyArea, max_units: int) -> int:
    return max(1, math.ceil(math.sqrt(area.grid.width * area.grid.height / max_units)))


@dataclass(frozen=True, eq=False)
class _TallyKernel:
    """Area and amounts by bin of the rank and by planning unit; both of shape (classes, 1 + services).

    Attributes:
        layers: the services.
        edge: of the units, pixels.
        width: of the grid, pixels.
    """

    layers: tuple[ServiceLayer, ...]
    edge: int
    width: int

    def units(self, block: Block) -> np.ndarray:
        """Number of the planning unit of each pixel."""
        window = block.window
        rows = np.arange(window.row, window.row + window.height) // self.edge
        columns = np.arange(window.column, window.column + window.width) // self.edge
        return rows[:, np.newaxis] * math.ceil(self.width / self.edge) + columns

    def __call__(self, block: Block) -> Result:
        amounts = [np.where(layer.valid(block), np.maximum(layer.amounts(block), 0), 0) for layer in self.layers]
        weights = [np.where(block.gate, w, 0.0) for w in (np.broadcast_to(block.areas_ha, block.gate.shape), *amounts)]
        bins = rank_bins(block.values[RANK])
        units = self.units(block)
        first, count = int(units.min()), int(units.max() - units.min()) + 1
        by_unit = np.stack([sum_by_class(units - first, count, w) for w in weights], axis=1)
        ranked = block.valid[RANK]
        by_bin = np.stack([sum_by_class(bins, RANK_BINS, np.where(ranked, w, 0.0)) for w in weights], axis=1)
        # Units are keyed by the row of windows in which they lie, so that their sums stay short.
        return Result(sums=Sums({"bins": by_bin, "units": by_unit}))


def rank_bins(ranks: np.ndarray) -> np.ndarray:
    """Bin of each rank, 0 for the lowest; rank 1 lies in the last."""
    return np.clip(np.ceil(ranks * RANK_BINS).astype(np.intp) - 1, 0, RANK_BINS - 1)
