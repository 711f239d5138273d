"""Trends of a yearly raster series: Sen's slope, the Mann-Kendall test, and classes of both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...raster.dataset import short_name
from ...raster.engine import run_job
from ...raster.files import workspace
from ...raster.output import Band, Output
from ...raster.reading.series import tell_pairing, yearly_sources
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...raster.study import open_study_area
from ...raster.tally import Sums, area_of, sum_by_class
from ...raster.work import COMMON, Block, JobResult, Result
from ...results import Cell, Column, ResultTable
from ..legends import legend
from .statistics import FEWEST_DATES, TrendStatistics, smallest_p, trend_statistics

STATISTICS = "statistics"
CLASSES = "classes"
NOT_TESTED = 0
ROUNDING = 1e-9  # sums of the same pixels in another order
WORSENS, STABLE, IMPROVES = 1, 3, 5

TREND_COLUMNS = (
    Column("class", "text"), Column("code", "integer"), Column("area_ha", unit="ha"), Column("share_pct", unit="%"),
)  # fmt: skip


@dataclass(frozen=True)
class TrendInputs:
    """The series, and what counts as a trend.

    Attributes:
        rasters: one per year, or one with a band per year.
        years: strictly rising, equally spaced or not.
        alpha: largest p of a significant trend.
        stable_slope: slopes smaller than this, in the unit of the values per year, are stable.
        fewest_years: a pixel needs so many valid years (4 at least); matters with the mask `yearly`.
        prewhiten: whether serial correlation is taken out before the test (trend-free prewhitening).
        variance: of the test: `independent` takes dates for independent of each other; `hamed_rao` corrects it for
            serial correlation that is significant at `alpha`, at all lags.
        minimum, maximum: valid range of the values.
    """

    rasters: tuple[str, ...]
    years: tuple[int, ...]
    alpha: float = 0.05
    stable_slope: float = 0.0
    fewest_years: int = FEWEST_DATES
    prewhiten: bool = False
    variance: Literal["independent", "hamed_rao"] = "independent"
    minimum: float | None = None
    maximum: float | None = None

    @property
    def whole_series(self) -> bool:
        """Whether a pixel needs all years, because the correlation between dates counts."""
        return self.prewhiten or self.variance == "hamed_rao"


@dataclass(frozen=True)
class TrendOutputs:
    """Paths of the maps; None for a map that is not wanted."""

    statistics: str | None = None
    classes: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TrendResult:
    """Trends of the study area.

    Attributes:
        area_ha: per class code.
        mean_slope: area-weighted mean of Sen's slope, unit of the values per year.
        not_tested_ha: area with some valid years, but too few; where all years must be valid (the mask `common`), all
            area that lacks one.
        gaps_ha: the rasters that have no value on a part of the area on which another one has, and how much.
        smallest_p: the smallest p that a series of this length can reach.
        inputs: what was asked for.
    """

    area_ha: Mapping[int, float]
    mean_slope: float
    not_tested_ha: float
    smallest_p: float
    inputs: TrendInputs
    gaps_ha: Mapping[str, float] = field(default_factory=dict)


def run_trend(
    inputs: TrendInputs,
    outputs: TrendOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> TrendResult:
    """Maps slope, z, p, tau and the trend class of every pixel, and adds up the area of each class.

    Raises:
        InputError: fewer than four dates, dates and rasters that do not fit, serial correlation treated in both ways at
            once, or unequal steps with either.
        GridError: a raster does not fit the grid of the first one.
        OutputError: a map cannot be written.
        Cancelled: the user stopped.
    """
    settings = settings or RasterSettings()
    _check(inputs)
    least = smallest_p(len(inputs.years) - inputs.prewhiten)
    if least > inputs.alpha:
        progress.warn(
            say(
                "With {count} dates no trend can be significant at {alpha:g}: even a series that always "
                "rises has p = {least:.3f}. Fewer than five dates cannot be significant at 0.05.",
                count=len(inputs.years),
                alpha=inputs.alpha,
                least=least,
            )
        )
    with workspace() as folder:
        sources = yearly_sources(
            "series", inputs.rasters, inputs.years, "Series", minimum=inputs.minimum, maximum=inputs.maximum
        )
        area = open_study_area(sources[0], settings, folder, progress)
        sources = area.fit_all(sources, progress)
        tell_pairing("Series", sources, inputs.years, progress)
        names = tuple(source.name for source in sources)
        wanted = {STATISTICS: outputs.statistics, CLASSES: outputs.classes}
        kernel = TrendKernel(names, inputs, area.common, tuple(name for name, path in wanted.items() if path))
        # all land with a value in any year is looked at, so that what lacks one is counted
        job = area.job(kernel, sources, _outputs(outputs), gate_any=True)
        found = run_job(replace(job, accept=lambda job: area.require_pixels(job, _tested_pixels(job))), progress)
    areas = found.sums["area"]
    tested = math.fsum(areas[1:])
    result = TrendResult(
        {item.code: float(areas[item.code]) for item in legend("trend")},
        float(found.sums["slope"]) / tested if tested else math.nan,
        float(areas[NOT_TESTED]),
        least,
        inputs,
        _gaps(sources, found),
    )
    _tell_left_out(result, found.coverage[COMMON].area_ha, progress, area.common)
    return result


def trend_table(result: TrendResult) -> ResultTable:
    """Area of each class and its share of the area that was tested."""
    total = math.fsum(result.area_ha.values())
    rows: list[tuple[Cell, ...]] = [
        (item.name, item.code, result.area_ha[item.code], result.area_ha[item.code] / total * 100 if total else None)
        for item in legend("trend")
    ]
    return ResultTable(TREND_COLUMNS, tuple(rows))


def trend_classes(found: TrendStatistics, alpha: float, stable_slope: float) -> np.ndarray:
    """Classes 1 (significant degradation) to 5 (significant improvement), uint8, 0 where nothing was tested.

    Slopes of at least `stable_slope`, other than 0, have a direction, and p decides whether it is significant; all
    others are stable whatever their p.

    Source: Sun et al. 2020, ChinaXiv 202006.00017 (five classes; 0.0005 per year for NDVI).
    """
    direction = np.where(np.abs(found.slope) >= stable_slope, np.sign(found.slope), 0)
    steps = np.where(found.p <= alpha, 2, 1)
    return np.where(np.isnan(found.p), NOT_TESTED, STABLE + direction * steps).astype(np.uint8)


@dataclass(frozen=True)
class TrendKernel:
    """Trends of the pixels of a block."""

    names: tuple[str, ...]
    inputs: TrendInputs
    common: bool
    maps: tuple[str, ...]

    def __call__(self, block: Block) -> Result:
        gate = block.all_valid(self.names) if self.common else block.gate
        values = np.stack([block.values[name][gate] for name in self.names], axis=1)
        valid = None if self.common else np.stack([block.valid[name][gate] for name in self.names], axis=1)
        inputs = self.inputs
        level = inputs.alpha if inputs.variance == "hamed_rao" else None
        found = trend_statistics(values, np.array(inputs.years), valid, inputs.fewest_years, inputs.prewhiten, level)
        classes = trend_classes(found, inputs.alpha, inputs.stable_slope)
        areas = np.broadcast_to(block.areas_ha, gate.shape)[gate]
        by_class = sum_by_class(classes, len(legend("trend")) + 1, areas)
        by_class[NOT_TESTED] += area_of(block.gate & ~gate, block.areas_ha)
        sums = Sums(
            {
                "pixels": np.array(np.count_nonzero(classes)),
                "area": by_class,
                "slope": np.array((np.where(classes == NOT_TESTED, 0, found.slope) * areas).sum()),
            }
        )
        rasters: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        tested = gate.copy()
        tested[gate] = classes != NOT_TESTED
        if STATISTICS in self.maps:
            stack = np.zeros((4, *gate.shape), dtype=np.float32)
            stack[:, gate] = [found.slope, found.z, found.p, found.tau]
            rasters[STATISTICS] = (stack, tested)
        if CLASSES in self.maps:
            layer = np.zeros(gate.shape, dtype=np.uint8)
            layer[gate] = classes
            rasters[CLASSES] = (layer, tested)
        return Result(rasters, sums)


def _check(inputs: TrendInputs) -> None:
    dates = len(inputs.years)
    if dates < FEWEST_DATES:
        raise InputError(
            say(
                "A trend needs at least {fewest_dates} dates, {dates} given ({value}). Fewer than five dates "
                "cannot be significant. Compare two dates with ecoassets:degradation.",
                fewest_dates=FEWEST_DATES,
                dates=dates,
                value=", ".join(map(str, inputs.years)),
            )
        )
    if not FEWEST_DATES <= inputs.fewest_years <= dates:
        raise InputError(
            say(
                "The fewest valid years of a pixel are {fewest_years}. Give {fewest_dates} to {dates}, the "
                "number of dates.",
                fewest_years=inputs.fewest_years,
                fewest_dates=FEWEST_DATES,
                dates=dates,
            )
        )
    if not 0 < inputs.alpha < 1:
        raise InputError(
            say("ALPHA is {alpha:g}. Give a probability between 0 and 1, such as 0.05.", alpha=inputs.alpha)
        )
    if not inputs.stable_slope >= 0:
        raise InputError(
            say(
                "STABLE_SLOPE is {stable_slope:g}. Give 0 or a positive slope per year.",
                stable_slope=inputs.stable_slope,
            )
        )
    steps = sorted({later - earlier for earlier, later in zip(inputs.years, inputs.years[1:])})
    if inputs.prewhiten and inputs.variance == "hamed_rao":
        raise InputError(
            say(
                "Prewhitening and the variance hamed_rao both treat serial correlation, which must not be "
                "done twice. Switch PREWHITEN off, or set VARIANCE to independent."
            )
        )
    if inputs.whole_series and len(steps) > 1:
        method = say("Prewhitening") if inputs.prewhiten else say("The variance hamed_rao")
        raise InputError(
            say(
                "{method} needs equally spaced years, because it uses the correlation from one date to the "
                "next; the steps are {value} years. Switch it off, or leave years out.",
                method=method,
                value=", ".join(map(str, steps)),
            )
        )


def _tested_pixels(found: JobResult) -> int:
    return int(found.sums["pixels"]) if "pixels" in found.sums else 0


def _gaps(sources: Sequence[Source], found: JobResult) -> dict[str, float]:
    """Hectares that a raster lacks of the land on which any has a value, by file and year."""
    whole = found.coverage[COMMON].area_ha
    lacking = {
        f"{short_name(source.path)} ({source.year})": whole - found.coverage[source.name].area_ha for source in sources
    }
    return {name: area for name, area in lacking.items() if area > ROUNDING * whole}


def _outputs(outputs: TrendOutputs) -> tuple[Output, ...]:
    made = []
    if outputs.statistics:
        bands = (Band("sen_slope", "1/a"), Band("z"), Band("p"), Band("tau"))
        made.append(Output(STATISTICS, outputs.statistics, bands, metadata=outputs.metadata))
    if outputs.classes:
        classes = legend("trend")
        band = (Band("trend class"),)
        made.append(Output(CLASSES, outputs.classes, band, "uint8", NOT_TESTED, classes, outputs.metadata))
    return tuple(made)


def _tell_left_out(result: TrendResult, area_ha: float, progress: Progress, common: bool) -> None:
    if result.not_tested_ha > 0:
        inputs = result.inputs
        reason = (
            say("with a gap")
            if inputs.whole_series or common
            else say("with fewer than {fewest_years} years", fewest_years=inputs.fewest_years)
        )
        if inputs.variance == "hamed_rao":
            reason = say("{reason}, or with a corrected variance below zero,", reason=reason)
        progress.warn(
            say(
                "{not_tested_ha:,.2f} ha ({not_tested_ha2:.1f} %) {reason} are left out.",
                not_tested_ha=result.not_tested_ha,
                not_tested_ha2=result.not_tested_ha / area_ha * 100,
                reason=reason,
            )
        )
    for name, hectares in result.gaps_ha.items() if result.not_tested_ha > 0 else ():
        progress.warn(
            say("{name} has no value on {area} ha where another year has one.", name=name, area=f"{hectares:,.2f}")
        )
