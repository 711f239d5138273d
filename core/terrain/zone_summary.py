"""Values by zone and year: totals and means of densities, quantities and indices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..assets.valuation.change import growth
from ..errors import GridError, InputError
from ..messages import say
from ..progress import QUIET, Progress
from ..raster.area import M3_PER_MM_HA
from ..raster.engine import run_job
from ..raster.files import workspace
from ..raster.reading.series import tell_pairing, yearly_sources
from ..raster.reading.source import Source
from ..raster.settings import RasterSettings
from ..raster.study import open_study_area
from ..raster.tally import Sums, sum_by_class
from ..raster.work import COMMON, Block, Result
from ..raster.zones.zoning import ZoneLayer, Zoning, open_zoning
from ..results import Cell, Column, LeftOut, ResultTable, numbers, tell_left_out, texts

Kind = Literal["density", "quantity", "index", "depth"]
KINDS = ("density", "quantity", "index", "depth")

ZONE_COLUMNS = (
    Column("year", "integer"), *texts("zone", "name"), Column("area_ha", unit="ha"), *numbers("total", "mean"),
    *numbers("share_pct", "change_pct", unit="%"),
)  # fmt: skip


@dataclass(frozen=True)
class ZoneSummaryInputs:
    """What is summed.

    Attributes:
        values: one raster per year, or one with a band per year.
        years: strictly rising.
        zones: polygons or a class raster; None for the study area alone.
        kind: `density` is per hectare, `quantity` per pixel, `index` has a mean but no total, `depth` is in mm and its
            total in m3.
        names: names of the zones; others are called as their number or field says.
        label: what the user calls the values.
        minimum, maximum: valid range.
    """

    values: tuple[str, ...]
    years: tuple[int, ...]
    zones: ZoneLayer | None = None
    kind: Kind = "density"
    names: Mapping[str, str] = field(default_factory=dict)
    label: str = "Values"
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, eq=False)
class ZoneSummary:
    """Values by zone.

    Attributes:
        zones: the zones, then `outside`; `all` alone without zones.
        area_ha: land with a value, shape (years, zones).
        totals: (years, zones): sum of value times area for densities and indices, of the values for quantities, m3 for
            depths.
        whole_totals: (years,), of all zones and what lies outside them, land in several of them once.
        left_out: land with a value that another year lacks.
        inputs: what was asked for.
    """

    zones: tuple[str, ...]
    area_ha: np.ndarray
    totals: np.ndarray
    whole_totals: tuple[float, ...]
    left_out: tuple[LeftOut, ...]
    inputs: ZoneSummaryInputs


@dataclass(frozen=True, eq=False)
class _ZoneKernel:
    values: tuple[str, ...]
    zoning: Zoning
    quantity: bool
    common: bool

    def __call__(self, block: Block) -> Result:
        zones = self.zoning.numbers(block)
        count = self.zoning.count
        sums: dict[str, np.ndarray] = {}
        for year, name in enumerate(self.values):
            mask = block.gate if self.common else block.valid[name]
            zone = np.where(mask, 0 if zones is None else zones, count)
            numbers = block.values[name].astype(np.float64)
            weighted = np.where(mask, numbers if self.quantity else numbers * block.areas_ha, 0.0)
            sums[f"zone_area:{year}"] = sum_by_class(zone, count + 1, block.areas_ha)[:-1]
            sums[f"zone_total:{year}"] = sum_by_class(zone, count + 1, weighted)[:-1]
        return Result(sums=Sums(sums))


def run_zone_summary(
    inputs: ZoneSummaryInputs, settings: RasterSettings | None = None, progress: Progress = QUIET
) -> ZoneSummary:
    """Sums values by zone in one pass; zones and what lies outside them add up to the study area.

    Raises:
        InputError: rasters and years do not fit, the kind is unknown, zones cannot be read, or no pixel has a value.
        GridError: a raster or the zones do not fit the grid of the first raster.
        Cancelled: the user stopped.
    """
    settings = settings or RasterSettings()
    if inputs.kind not in KINDS:
        raise InputError(
            say("There is no kind {kind} of values. Choose one of {kinds}.", kind=inputs.kind, kinds=", ".join(KINDS))
        )
    with workspace() as folder:
        sources = yearly_sources(
            "values", inputs.values, inputs.years, inputs.label, minimum=inputs.minimum, maximum=inputs.maximum
        )
        area = open_study_area(sources[0], settings, folder, progress)
        sources = area.fit_all(sources, progress)
        if inputs.kind == "quantity":
            _refuse_resampling(sources)
        tell_pairing(inputs.label, sources, inputs.years, progress)
        zoning = open_zoning(inputs.zones, area, progress, overlapping=True)
        names = tuple(source.name for source in sources)
        kernel = _ZoneKernel(names, zoning, inputs.kind == "quantity", area.common)
        found = run_job(area.job(kernel, [*sources, *zoning.sources], gate=names), progress)
        area.require_pixels(found)
    years = range(len(inputs.years))
    left_out = []
    for name, year in zip(names, inputs.years):
        whole, common = found.coverage[name], found.coverage[COMMON]
        if area.common and whole.pixels > common.pixels:
            lost, lost_ha = whole.pixels - common.pixels, whole.area_ha - common.area_ha
            left_out.append(LeftOut(year, say("another year has no value there"), lost, lost_ha))
    tell_left_out(left_out, progress)
    factor = M3_PER_MM_HA if inputs.kind == "depth" else 1.0
    return ZoneSummary(
        zoning.names,
        np.stack([zoning.fold(found.sums[f"zone_area:{year}"]) for year in years]),
        factor * np.stack([zoning.fold(found.sums[f"zone_total:{year}"]) for year in years]),
        tuple(math.fsum(factor * found.sums[f"zone_total:{year}"]) for year in years),
        tuple(left_out),
        inputs,
    )


def _refuse_resampling(sources: Sequence[Source]) -> None:
    """A quantity per pixel means nothing on pixels of another size."""
    for source in sources:
        if source.resampling is not None:
            raise GridError(
                say(
                    "{named} lies on another grid than the first raster, and a quantity per pixel cannot be "
                    "brought on other pixels. Divide it by the area of its pixels and choose the kind density.",
                    named=source.named,
                )
            )


def zone_table(result: ZoneSummary) -> ResultTable:
    """A row per year and zone, what lies outside them included; `all` alone without zones.

    `mean` is per hectare (of an index weighted by area, of a depth in mm), `share_pct` the share in the study area's
    total, and `change_pct` the change since the year before, in percent of its size: of the total, of an index of the
    mean. An index has neither total nor share.
    """
    index = result.inputs.kind == "index"
    areas, totals = result.area_ha.tolist(), result.totals.tolist()
    rows: list[tuple[Cell, ...]] = []
    for y, year in enumerate(result.inputs.years):
        whole = result.whole_totals[y]
        for z, zone in enumerate(result.zones):
            area, total = areas[y][z], totals[y][z]
            share = None if index or whole == 0 else total / whole * 100
            change = None
            if y > 0:
                change = _change_pct(index, (areas[y - 1][z], area), (totals[y - 1][z], total))
            name = result.inputs.names.get(zone, zone)
            mean = _mean(result.inputs.kind, area, total)
            rows.append((year, zone, name, area, None if index else total, mean, share, change))
    return ResultTable(ZONE_COLUMNS, tuple(rows))


def _mean(kind: Kind, area: float, total: float) -> float | None:
    if not area:
        return None
    return total / area / M3_PER_MM_HA if kind == "depth" else total / area


def _change_pct(index: bool, areas: tuple[float, float], totals: tuple[float, float]) -> float | None:
    before, after = totals
    if index:
        if not all(areas):
            return None
        before, after = before / areas[0], after / areas[1]
    return growth(before, after, 1).pct
