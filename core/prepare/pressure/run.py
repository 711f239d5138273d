"""Pressure grids: counts or densities by year per km2, distance to roads, roads per km2; totals before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...errors import GridError, InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import ANY
from ...raster.dataset import open_raster
from ...raster.engine import run_job
from ...raster.files import workspace
from ...raster.output import Band, Output
from ...raster.reading.source import Kind, Source
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...raster.tally import Sums
from ...raster.work import Block, Result
from ...results import ResultTable, row_table
from .extent import write_footprint
from .roads import Roads, write_road_density, write_road_distance

KINDS = ("count", "density")
MOST_DIFFERENCE_PCT = 0.1
_HA_PER_KM2 = 100.0


@dataclass(frozen=True)
class PressureInputs:
    """What presses.

    Attributes:
        counts: a raster per year, or one with a band per year.
        kind: `count` per pixel, or `density` per km2.
        years: of the rasters; empty where there are none.
        roads: lines, None for none.
        reference: a raster on the grid of the study.
    """

    counts: Sequence[str]
    kind: str
    years: Sequence[int]
    reference: str
    roads: Roads | None = None


@dataclass(frozen=True)
class PressureOutputs:
    """Paths of rasters; an empty one is not made."""

    raster: str = ""
    distance: str = ""
    roads: str = ""


@dataclass(frozen=True)
class TotalRow:
    """The total within the study area: on the grid of the input, on that of the study, and the difference in percent.

    ``difference_pct = (after - before) / before * 100``. The total before is None where the study area holds no centre
    of a pixel of the input.
    """

    year: int | None
    total_before: float | None
    total_after: float
    difference_pct: float | None


@dataclass(frozen=True)
class PressureResult:
    """Attributes: table: a row per year. road_km: length of roads within the study area, None without roads."""

    totals: tuple[TotalRow, ...]
    road_km: float | None

    def table(self) -> ResultTable:
        return row_table(TotalRow, self.totals)


def run_pressure_grids(
    inputs: PressureInputs,
    outputs: PressureOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> PressureResult:
    """Brings counts on the grid of the study by their sum, densities by their mean, and measures roads.

    A pixel of the result holds ``count / km2`` by its true area. Neighbours and interpolation lose people: 45 % were
    lost in a published case by the nearest neighbour.

    Args:
        inputs: rasters and roads.
        outputs: where results go.
        settings: boundary and storage.
        progress: told of totals that differ by more than 0.1 %, and of those that are not known.

    Raises:
        InputError, GridError: an input cannot be used, or nothing lies within the study area.
        OutputError: a raster cannot be written.
        Cancelled: the user stopped; nothing is left behind.
    """
    settings = settings or RasterSettings()
    if inputs.kind not in KINDS:
        known = ", ".join(KINDS)
        raise InputError(say("KIND {kind!r} is not known: choose one of {known}.", kind=inputs.kind, known=known))
    if not inputs.counts and inputs.roads is None:
        raise InputError(say("Give COUNTS, ROADS or both: there is nothing to make grids of."))
    with workspace() as scratch:
        reference = Source("reference", inputs.reference, kind="classes", label="Reference")
        area = open_study_area(reference, settings, scratch, progress)
        totals: tuple[TotalRow, ...] = ()
        if inputs.counts:
            totals = _lay(inputs, outputs.raster, area, scratch, progress.part(0, 60))
        road_km = None
        if inputs.roads is not None:
            if outputs.distance:
                write_road_distance(inputs.roads, outputs.distance, area, scratch, progress.part(60, 80))
            road_km = write_road_density(inputs.roads, outputs.roads, area, scratch, progress.part(80, 100))
    return PressureResult(totals, road_km)


def _lay(inputs: PressureInputs, path: str, area: StudyArea, scratch: str, progress: Progress) -> tuple[TotalRow, ...]:
    sources = _sources(inputs)
    fitted = area.fit_all(sources, progress)
    kernel = _PerArea(tuple(source.name for source in fitted), inputs.kind == "count")
    unit = "km-2" if inputs.kind == "count" else ""
    bands = tuple(Band(str(year) if year else "", unit) for year in _years(inputs, sources))
    made = [Output("raster", path, bands)] if path else []
    boundary = area.settings.boundary or write_footprint(area.grid, scratch)
    before = _before(sources, inputs.kind == "count", boundary, area.settings, progress.part(0, 40))
    found = run_job(area.job(kernel, fitted, made, gate_any=True), progress.part(40, 100))
    rows = []
    for source, name, year in zip(sources, kernel.names, _years(inputs, sources)):
        after = float(found.sums[name][0])
        first = before[name]
        if first is None:
            progress.warn(
                say(
                    "{named}: the study area holds no centre of a pixel with a value, so its total before is not "
                    "known. The pixels are large for the study; they are split by their overlap, as if what they count "
                    "were spread evenly. Take a finer raster where one exists.",
                    named=source.named,
                )
            )
        difference = (after - first) / first * 100 if first else None
        rows.append(TotalRow(year, first, after, difference))
        if difference is not None and abs(difference) > MOST_DIFFERENCE_PCT:
            progress.warn(
                say(
                    "{year}: the total within the study area is {before:.6g} on the grid of the input, and "
                    "{after:.6g} on that of the study, {difference:+.2f} %. Large pixels that the boundary cuts "
                    "count by their centre; a raster that ends within the study area loses what lies outside of it.",
                    year=year or "-",
                    before=first,
                    after=after,
                    difference=difference,
                )
            )
    return tuple(rows)


def _sources(inputs: PressureInputs) -> list[Source]:
    kind: Kind = "amount" if inputs.kind == "count" else "continuous"
    paths = [(path, band) for path in inputs.counts for band in range(1, open_raster(path).RasterCount + 1)]
    if inputs.years and len(paths) != len(inputs.years):
        raise InputError(
            say(
                "COUNTS holds {bands} rasters or bands, and YEARS {years}. Give one for each year, in their order.",
                bands=len(paths),
                years=len(inputs.years),
            )
        )
    return [
        Source(f"counts {number}", path, band, kind, "COUNTS", minimum=0.0, measure=ANY, year=year, series="COUNTS")
        for number, ((path, band), year) in enumerate(zip(paths, _years(inputs, paths)))
    ]


def _years(inputs: PressureInputs, sources: Sequence[object]) -> list[int | None]:
    return list(inputs.years) if inputs.years else [None] * len(sources)


@dataclass(frozen=True)
class _PerArea:
    """Per km2, and the totals within the study area.

    Attributes:
        names: of the sources, a band each.
        counts: whether they are numbers per pixel; else per km2.
    """

    names: tuple[str, ...]
    counts: bool

    def __call__(self, block: Block) -> Result:
        km2 = block.areas_ha / _HA_PER_KM2
        density, valid, sums = [], [], {}
        for name in self.names:
            values, good = block.values[name], block.valid[name]
            total = values if self.counts else values * km2
            density.append(values / km2 if self.counts else values)
            valid.append(good)
            sums[name] = np.array([total[good].sum(dtype=np.float64)])
        return Result({"raster": (np.stack(density), np.stack(valid))}, Sums(sums))


def _before(
    sources: Sequence[Source], counts: bool, boundary: str, settings: RasterSettings, progress: Progress
) -> dict[str, float | None]:
    """Totals on the inputs' own grids, of the pixels whose centre lies within the study area; None without any."""
    found: dict[str, float | None] = {}
    for number, path in enumerate(dict.fromkeys(source.path for source in sources)):
        own = [source for source in sources if source.path == path]
        part = progress.part(100 * number / len(sources), 100 * (number + 1) / len(sources))
        kernel = _PerArea(tuple(source.name for source in own), counts)
        within = replace(settings, boundary=boundary)
        # Boundaries of one name lie in folders of their own: that of the study is still to be read.
        with workspace() as apart:
            try:
                area = open_study_area(replace(own[0], kind="classes"), within, apart, QUIET)
            except GridError:  # the raster is known to be sound: the study holds no centre of its pixels
                found.update(dict.fromkeys(kernel.names))
                continue
            result = run_job(area.job(kernel, area.fit_all(own, QUIET), gate_any=True), part)
        for name in kernel.names:
            found[name] = float(result.sums[name][0]) if result.coverage[name].pixels else None
    return found
