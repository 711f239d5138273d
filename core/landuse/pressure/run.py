"""Human pressure over an area: the mean of class coefficients in a moving window, in zones, or in a fishnet."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...errors import InputError, TableError
from ...inputs.record import keep_coefficients
from ...inputs.used import class_columns
from ...land_cover import LandCoverScheme
from ...land_cover_maps import class_indices, run_over_classes
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import Measure
from ...raster.classes import ClassIndex, count_codes
from ...raster.engine import run_job
from ...raster.files import workspace
from ...raster.output import Band, Output, WriteOptions
from ...raster.passes.focal import FocalWindow, write_focal_means
from ...raster.reading.series import tell_pairing, yearly_sources
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...raster.tally import Sums, sum_by_class
from ...raster.work import Block, JobResult, Result
from ...raster.zones.zoning import ALL
from ...results import Cell, Column, ResultTable
from .coefficients import Coefficients
from .units import Unit, Units, open_units

PRESSURE = "pressure"
ROUNDING = 1e-9  # areas of levels and of the whole are sums of the same pixels in another order
PRESSURE_COLUMNS = (
    Column("year", "integer"), Column("zone", "text"), Column("value"), Column("level", "integer"),
    Column("area_ha", unit="ha"), Column("level_name", "text"),
)  # fmt: skip


@dataclass(frozen=True)
class Factor:
    """A raster series that counts beside land cover (night light, population).

    Attributes:
        label: what the user calls it.
        paths: one raster per year, one with a band per year, or one for all years.
        weight: relative to that of land cover and the other factors.
    """

    label: str
    paths: tuple[str, ...]
    weight: float = 1.0


@dataclass(frozen=True)
class PressureInputs:
    """What is averaged.

    Attributes:
        land_cover: one raster per year, or one with a band per year.
        years: strictly rising.
        scheme: meaning of the codes.
        coefficients: pressure of the classes.
        unit: over which area.
        scale: factor of the values that are given out (100/n for normalised hemeroby).
        factors: none for land cover alone.
        land_cover_weight: its weight beside the factors.
    """

    land_cover: tuple[str, ...]
    years: tuple[int, ...]
    scheme: LandCoverScheme
    coefficients: Coefficients
    unit: Unit = field(default_factory=Unit)
    scale: float = 1.0
    factors: tuple[Factor, ...] = ()
    land_cover_weight: float = 1.0


@dataclass(frozen=True)
class Mean:
    """A row of the result: mean pressure in a zone, or in the pixels of one level of a moving window."""

    year: int
    zone: str
    value: float
    level: int
    area_ha: float


@dataclass(frozen=True, eq=False)
class PressureResult:
    """Human pressure.

    Attributes:
        rows: by year: a row per zone or cell of the fishnet; with a moving window a row per level.
        means: area-weighted mean of the study area per year.
        ranges: smallest and largest value of each factor, between which it is normalised.
        left_out_ha: per year, land cover without a result (no value in another year, or of a factor).
        inputs: what was asked for.
    """

    rows: tuple[Mean, ...]
    means: tuple[float, ...]
    ranges: Mapping[str, tuple[float, float]]
    left_out_ha: tuple[float, ...]
    inputs: PressureInputs

    def whole(self, year: int) -> Mean:
        """The study area in one of the years: its mean, and the level of that mean."""
        inputs = self.inputs
        value = self.means[inputs.years.index(year)]
        level = int(inputs.coefficients.level_of(np.array(value / inputs.scale)))
        return Mean(year, ALL, value, level, math.fsum(row.area_ha for row in self.rows if row.year == year))


@dataclass(frozen=True)
class _NormalisedFactor:
    sources: tuple[Source, ...]
    weight: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class _IndexKernel:
    """Pressure of each pixel, ``(w_0 C_k + sum w_i (v_i - min_i) / (max_i - min_i)) / sum w``, and its sums by unit."""

    cover: tuple[str, ...]
    index: ClassIndex
    coefficients: np.ndarray
    weight: float
    factors: tuple[_NormalisedFactor, ...]
    common: bool
    units: Units | None

    def __call__(self, block: Block) -> Result:
        masks = [block.gate if self.common else block.valid[name] for name in self.cover]
        masks = [
            np.logical_and.reduce([mask, *(block.valid[factor.sources[year].name] for factor in self.factors)])
            for year, mask in enumerate(masks)
        ]
        if self.common:
            masks = [np.logical_and.reduce(masks)] * len(masks)
        layers = [self._pressure(block, year) for year in range(len(masks))]
        if self.units is None:
            return Result({PRESSURE: (np.stack(layers), np.stack(masks))})
        sums = {}
        numbers = self.units.numbers(block)
        for year, (values, mask) in enumerate(zip(layers, masks)):
            unit = np.where(mask, numbers, self.units.count)
            for name, weights in (("area", block.areas_ha), ("sum", values * block.areas_ha)):
                sums[f"{name}:{year}"] = sum_by_class(unit, self.units.count + 1, weights)[:-1]
        return Result(sums=Sums(sums))

    def _pressure(self, block: Block, year: int) -> np.ndarray:
        classes = class_indices(block, self.cover[year], self.index)
        total = self.weight * np.append(self.coefficients, 0.0).take(classes)
        for factor in self.factors:
            values = block.values[factor.sources[year].name]
            total += factor.weight * (values - factor.low) / (factor.high - factor.low)
        return total / (self.weight + sum(factor.weight for factor in self.factors))


@dataclass(frozen=True, eq=False)
class _PaintKernel:
    """Means as a map, and their sums by level: from focal means, or from the mean of each unit."""

    sources: tuple[str, ...]
    coefficients: Coefficients
    scale: float
    common: bool
    units: Units | None = None
    means: np.ndarray | None = None  # (years, units), NaN where a unit has no pixel

    def __call__(self, block: Block) -> Result:
        layers, masks, sums = [], [], {}
        levels = max(c.id for c in self.coefficients.levels.classes) + 1
        for year, name in enumerate(self.sources):
            values, mask = block.values[name], block.gate if self.common else block.valid[name]
            if self.units is not None and self.means is not None:
                values = self.means[year].take(self.units.numbers(block))
                mask = mask & ~np.isnan(values)
            # running sums may end a rounding error outside of the scale
            values = np.clip(values.astype(np.float64), self.coefficients.lowest, self.coefficients.highest)
            level = np.where(mask, self.coefficients.level_of(values), levels)
            for key, weights in (("area", block.areas_ha), ("sum", values * block.areas_ha)):
                sums[f"{key}:{year}"] = sum_by_class(level, levels + 1, weights)[:-1]
            layers.append(values * self.scale)
            masks.append(mask)
        return Result({PRESSURE: (np.stack(layers), np.stack(masks))}, Sums(sums))


@dataclass(frozen=True)
class _CopyKernel:
    """Copies factors where there is land cover, so that nothing else shapes their range."""

    names: tuple[str, ...]

    def __call__(self, block: Block) -> Result:
        valid = np.stack([block.valid[name] & block.gate for name in self.names])
        return Result({PRESSURE: (np.stack([block.values[name] for name in self.names]), valid)})


def run_pressure(
    inputs: PressureInputs,
    output: Output | None,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> PressureResult:
    """Averages pressure over windows, zones or cells.

    Raises:
        InputError: rasters and years do not fit, a weight is negative, a factor does not vary, or no window size.
        GridError: a raster does not fit the grid of the first one.
        TableError: a code that occurs is not in the scheme, or has no coefficient.
        OutputError, Cancelled: as the engine.
    """
    settings = settings or RasterSettings()
    _check_weights(inputs)
    with workspace() as folder:
        cover = yearly_sources("land_cover", inputs.land_cover, inputs.years, say("Land cover"), kind="classes")
        area = open_study_area(cover[0], settings, folder, progress, inputs.scheme)
        cover = area.fit_all(cover, progress)
        tell_pairing(say("Land cover"), cover, inputs.years, progress)
        coefficients = inputs.coefficients.of_codes(inputs.scheme.codes)
        title = say("Pressure ({preset})", preset=inputs.coefficients.name)
        keep_coefficients(title, class_columns(inputs.scheme.codes, {title: coefficients}))
        _require_coefficients(inputs, coefficients, cover, area)
        factors = tuple(_normalise(f, i, inputs.years, cover, area, progress) for i, f in enumerate(inputs.factors))
        units = None if inputs.unit.kind == "window" else open_units(inputs.unit, area, progress)
        kernel = _IndexKernel(
            cover=tuple(source.name for source in cover),
            index=ClassIndex.of_codes(inputs.scheme.codes),
            coefficients=np.nan_to_num(coefficients),
            weight=inputs.land_cover_weight,
            factors=factors,
            common=area.common,
            units=units,
        )
        sources = [*cover, *(source for factor in factors for source in factor.sources)]
        if units is None:
            rows, covered = _by_window(inputs, kernel, sources, cover, area, output, progress)
        else:
            rows, covered = _by_unit(inputs, kernel, units, sources, cover, area, output, progress)
    return _result(inputs, rows, covered, factors)


def _check_weights(inputs: PressureInputs) -> None:
    for label, weight in [("land cover", inputs.land_cover_weight), *((f.label, f.weight) for f in inputs.factors)]:
        if not (np.isfinite(weight) and weight >= 0):
            raise InputError(say("The weight of {label} is {weight:g}. Give 0 or more.", label=label, weight=weight))
    if inputs.land_cover_weight + sum(f.weight for f in inputs.factors) == 0:
        raise InputError(say("All weights are 0. Give land cover or a factor a weight above 0."))


def _require_coefficients(
    inputs: PressureInputs, coefficients: np.ndarray, cover: Sequence[Source], area: StudyArea
) -> None:
    """Raises TableError when a class that occurs has no coefficient."""
    without = {code for code, value in zip(inputs.scheme.codes, coefficients) if np.isnan(value)}
    if not without:
        return
    for source, counts in zip(cover, count_codes(cover, area.grid, area.boundary).values()):
        missing = {code: pixels for code, pixels in counts.items() if code in without}
        if missing:
            listed = ", ".join(f"{code} ({pixels} px)" for code, pixels in missing.items())
            raise TableError(
                say(
                    "{named} holds classes without a coefficient of {name}: {listed}. Add a row with code and "
                    "coefficient for each to the table of coefficients.",
                    named=source.named,
                    name=inputs.coefficients.name,
                    listed=listed,
                )
            )


def _normalise(
    factor: Factor,
    number: int,
    years: tuple[int, ...],
    cover: Sequence[Source],
    area: StudyArea,
    progress: Progress,
) -> _NormalisedFactor:
    """Brings a factor on the grid and finds its range over the study area and all years."""
    measure = Measure("pressure_factor", ratio=True)
    sources = yearly_sources(f"factor{number}", factor.paths, years, factor.label, static=True, measure=measure)
    sources = area.fit_all(sources, progress)
    tell_pairing(factor.label, sources, years, progress)
    once = tuple({source.name: source for source in sources}.values())
    path = os.path.join(area.folder, f"factor{number}.tif")
    copy = Output(PRESSURE, path, tuple(Band(source.name) for source in once), "float64")
    names = tuple(source.name for source in once)
    job = area.job(_CopyKernel(names), [*once, *cover], [copy], gate=[source.name for source in cover])
    found = run_job(replace(job, write=WriteOptions(overviews=False)), progress.part(0, 5)).statistics[PRESSURE]
    seen = [band for band in found if band.count]
    low, high = min((b.minimum for b in seen), default=0.0), max((b.maximum for b in seen), default=0.0)
    if not low < high:
        raise InputError(
            say(
                "{label} is {low:g} everywhere in the study area, so it tells no place from another. Leave "
                "it out, or check its nodata value and overlap with the land cover.",
                label=factor.label,
                low=low,
            )
        )
    progress.info(
        say(
            "{label} is normalised between {low:.6g} (0) and {high:.6g} (1), all years together.",
            label=factor.label,
            low=low,
            high=high,
        )
    )
    copied = {
        name: replace(source, path=path, band=band, resampling=None, minimum=None, maximum=None)
        for band, (name, source) in enumerate(zip(names, once), start=1)
    }
    return _NormalisedFactor(tuple(copied[source.name] for source in sources), factor.weight, low, high)


Rows = list[Mean]


def _by_window(
    inputs: PressureInputs,
    kernel: _IndexKernel,
    sources: Sequence[Source],
    cover: Sequence[Source],
    area: StudyArea,
    output: Output | None,
    progress: Progress,
) -> tuple[Rows, JobResult]:
    window = FocalWindow.of_size(area.grid, inputs.unit.metres)
    progress.info(say("The moving window is {grid}.", grid=window.told(area.grid)))
    path = os.path.join(area.folder, "pressure.tif")
    raw = Output(PRESSURE, path, tuple(Band(str(year)) for year in inputs.years))
    job = replace(area.job(kernel, sources, [raw], gate=kernel.cover), write=WriteOptions(overviews=False))
    covered = run_over_classes(job, cover, inputs.scheme, area, progress.part(5, 30))
    focal = []
    for i, year in enumerate(inputs.years):
        source = Source(f"pressure:{year}", path, i + 1, label=f"Pressure {year}")
        target = os.path.join(area.folder, f"pressure_{year}.tif")
        part = progress.part(30 + 50 * i / len(inputs.years), 30 + 50 * (i + 1) / len(inputs.years))
        focal.append(write_focal_means(source, area.grid, target, window, part))
    paint = _PaintKernel(tuple(s.name for s in focal), inputs.coefficients, inputs.scale, area.common)
    found = _paint(paint, focal, area, output, progress.part(80, 100))
    rows = []
    for i, year in enumerate(inputs.years):
        areas, sums = found.sums[f"area:{i}"], found.sums[f"sum:{i}"]
        for level in np.flatnonzero(areas).tolist():
            value = float(sums[level] / areas[level]) * inputs.scale
            rows.append(Mean(year, ALL, value, level, float(areas[level])))
    return rows, covered


def _by_unit(
    inputs: PressureInputs,
    kernel: _IndexKernel,
    units: Units,
    sources: Sequence[Source],
    cover: Sequence[Source],
    area: StudyArea,
    output: Output | None,
    progress: Progress,
) -> tuple[Rows, JobResult]:
    job = area.job(kernel, [*sources, *units.sources], gate=kernel.cover)
    covered = run_over_classes(job, cover, inputs.scheme, area, progress.part(5, 60))
    areas = np.stack([covered.sums[f"area:{year}"] for year in range(len(inputs.years))])
    sums = np.stack([covered.sums[f"sum:{year}"] for year in range(len(inputs.years))])
    with np.errstate(invalid="ignore"):
        means = np.where(areas > 0, sums / areas, np.nan)
    if output is not None:
        paint = _PaintKernel(kernel.cover, inputs.coefficients, inputs.scale, area.common, units, means)
        _paint(paint, [*cover, *units.sources], area, output, progress.part(60, 100))
    rows = []
    for i, year in enumerate(inputs.years):
        levels = inputs.coefficients.level_of(means[i])
        for unit in np.flatnonzero(areas[i]).tolist():
            value = float(means[i, unit]) * inputs.scale
            rows.append(Mean(year, units.name(unit), value, int(levels[unit]), float(areas[i, unit])))
    return rows, covered


def _paint(
    kernel: _PaintKernel, sources: Sequence[Source], area: StudyArea, output: Output | None, progress: Progress
) -> JobResult:
    outputs = [] if output is None else [output]
    return run_job(area.job(kernel, sources, outputs, gate=kernel.sources), progress)


def _result(
    inputs: PressureInputs, rows: Rows, covered: JobResult, factors: Sequence[_NormalisedFactor]
) -> PressureResult:
    means, left_out = [], []
    for year in inputs.years:
        of_year = [row for row in rows if row.year == year]
        area = sum(row.area_ha for row in of_year)
        means.append(sum(row.value * row.area_ha for row in of_year) / area if area else float("nan"))
        of_cover = covered.coverage[f"land_cover:{year}"].area_ha
        left_out.append(of_cover - area if of_cover - area > ROUNDING * of_cover else 0.0)
    ranges = {factor.label: (n.low, n.high) for factor, n in zip(inputs.factors, factors)}
    return PressureResult(tuple(rows), tuple(means), ranges, tuple(left_out), inputs)


def pressure_output(
    path: str | None, years: Sequence[int], unit: str, metadata: Mapping[str, str] | None = None
) -> Output | None:
    """The map of a pressure, a band per year; None where no path is given."""
    if path is None:
        return None
    return Output(PRESSURE, path, tuple(Band(str(year), unit) for year in years), metadata=metadata or {})


def pressure_table(result: PressureResult) -> ResultTable:
    """A row per year for `all` and for each zone or cell of the fishnet; with a moving window one per level."""
    names = {number: c.name for number, c in result.inputs.coefficients.levels.by_id.items()}
    rows: list[tuple[Cell, ...]] = []
    for year in result.inputs.years:
        of_year = [row for row in result.rows if row.year == year]
        whole = [] if result.inputs.unit.kind == "window" or not of_year else [result.whole(year)]
        rows += [(r.year, r.zone, r.value, r.level, r.area_ha, names.get(r.level, "")) for r in (*whole, *of_year)]
    return ResultTable(PRESSURE_COLUMNS, tuple(rows))
