"""Ecosystem service value and ecological assets: from land cover to maps, tables and totals, all years in one pass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from ...errors import InputError
from ...inputs.classes import check_water
from ...inputs.gate import place_of
from ...inputs.record import keep_coefficients, tell
from ...land_cover import LandCoverScheme
from ...land_cover_maps import run_over_classes
from ...messages import listed, say
from ...progress import QUIET, Progress
from ...quantities import Measure, quantity
from ...raster.classes import ClassIndex
from ...raster.files import workspace
from ...raster.output import Band, BandStatistics, Output
from ...raster.reading.series import tell_pairing, yearly_sources
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...raster.work import COMMON, JobResult
from ...results import LeftOut, tell_left_out
from ..equivalents import Equivalents, class_factors, equivalents_by_class
from .kernel import PLAIN, SERVICES, TOTAL, AdjustedFactor, ValuationKernel
from .price_level import require_levels
from .references import MeanReference, ReferenceMode, mean_references, require_reference

WATER = "open_water"  # the part of wetland that is split off
FACTOR_QUANTITIES = {"NPP": "npp", "PREC": "precipitation", "SOIL": "soil_retention"}
FACTOR_LABELS = {factor: listed([quantity(identifier).name], "") for factor, identifier in FACTOR_QUANTITIES.items()}


@dataclass(frozen=True)
class Adjustment:
    """A raster series that adjusts the services of one factor.

    Attributes:
        paths: one raster per year, one with a band per year, or one for all years.
        reference: what a value is divided by, in the unit of the rasters; None takes the mean that
            `Adjustments.mode` names.
        minimum, maximum: valid range.
    """

    paths: tuple[str, ...]
    reference: float | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Adjustments:
    """How values vary in space and time.

    Attributes:
        series: by factor: `NPP`, `PREC`, `SOIL`.
        mode: how references come about where none is given.
        water: what happens where open water lacks a value: it counts as `one`, or the pixel is left out.
        cap: the largest adjustment; None for no limit.
    """

    series: Mapping[str, Adjustment] = field(default_factory=dict)
    mode: ReferenceMode = "all_years"
    water: Literal["one", "leave_out"] = "one"
    cap: float | None = None


@dataclass(frozen=True)
class ValuationInputs:
    """What is valued, and with which coefficients.

    Attributes:
        land_cover: one raster per year, or one with a band per year.
        years: strictly rising.
        scheme: meaning of the codes.
        equivalents: factors by ecosystem and service.
        standard_value: value of one equivalent, currency per hectare and year.
        currency: names the unit.
        adjustments: none for the static model.
        price_level: per year, percent of the price level of `standard_value`; empty for constant prices.
        split_wetland: whether tables tell open water apart from other wetland.
    """

    land_cover: tuple[str, ...]
    years: tuple[int, ...]
    scheme: LandCoverScheme
    equivalents: Equivalents
    standard_value: float
    currency: str = "CNY"
    adjustments: Adjustments = field(default_factory=Adjustments)
    price_level: Mapping[int, float] = field(default_factory=dict)
    split_wetland: bool = False

    def ecosystem_of(self, code: int) -> str:
        """What tables call the ecosystem of a class: its own, or `open_water` for water where wetland is split."""
        land_class = self.scheme.classes[code]
        return WATER if self.split_wetland and land_class.water else land_class.ecosystem


@dataclass(frozen=True)
class ValuationOutputs:
    """Paths of the maps; None for a map that is not wanted."""

    total: str | None = None
    services: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ValuationResult:
    """Values of the study area.

    Attributes:
        years: as given.
        codes: the land-cover codes, in the order of the arrays.
        area_ha: shape (years, classes).
        values: shape (years, services, classes), currency per year.
        references: per factor, the reference of each year.
        left_out: what has no value.
        inputs: what was asked for.
        map_statistics: statistics per band of each map.
    """

    years: tuple[int, ...]
    codes: tuple[int, ...]
    area_ha: np.ndarray
    values: np.ndarray
    references: Mapping[str, tuple[float, ...]]
    left_out: tuple[LeftOut, ...]
    inputs: ValuationInputs
    map_statistics: Mapping[str, list[BandStatistics]]

    @property
    def totals(self) -> tuple[float, ...]:
        """Value of the study area per year."""
        return tuple(math.fsum(year.ravel()) for year in self.values)


def run_valuation(
    inputs: ValuationInputs,
    outputs: ValuationOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> ValuationResult:
    """Values land in one pass: maps per hectare, and sums by year, service and class.

    Raises:
        InputError: rasters and years do not fit, or a reference is not positive.
        GridError: a raster does not fit the grid of the first land-cover raster.
        TableError: a land-cover code is not in the scheme; the message lists codes and pixel counts.
        OutputError: a map cannot be written.
        Cancelled: the user stopped.
    """
    settings = settings or RasterSettings()
    wanted = {TOTAL: outputs.total, SERVICES: outputs.services}
    with workspace() as folder:
        ready = prepare_valuation(inputs, settings, folder, progress.part(0, 30))
        kernel = replace(ready.kernel, maps=tuple(name for name, path in wanted.items() if path))
        job = ready.area.job(kernel, ready.sources, _outputs(inputs, outputs), gate=kernel.land_cover)
        start = 30 if _means_wanted(inputs) else 0
        found = run_over_classes(job, ready.cover, inputs.scheme, ready.area, progress.part(start, 100))
    result = _collect(inputs, ready.kernel.coefficients, ready.references, found)
    tell_left_out(result.left_out, progress)
    water = np.array([land_class.water for land_class in inputs.scheme])
    shares = list(result.area_ha)
    most = max(shares, key=lambda of_year: of_year[water].sum() / (of_year.sum() or 1))
    tell(check_water(place_of(ready.cover[0]), float(most[water].sum()), float(most.sum())), progress)
    return result


@dataclass(frozen=True)
class PreparedValuation:
    """What a pass that values land needs.

    Attributes:
        area: the study area.
        cover: land cover of each year, on the grid.
        sources: land cover and adjusting rasters.
        kernel: values a block; without maps.
        references: per factor, the reference of each year.
    """

    area: StudyArea
    cover: tuple[Source, ...]
    sources: tuple[Source, ...]
    kernel: ValuationKernel
    references: Mapping[str, tuple[float, ...]]


def prepare_valuation(
    inputs: ValuationInputs, settings: RasterSettings, folder: str, progress: Progress
) -> PreparedValuation:
    """Brings the rasters on the grid, finds the references and sets up the kernel. Raises as `run_valuation`."""
    if not (math.isfinite(inputs.standard_value) and inputs.standard_value > 0):
        raise InputError(
            say(
                "The value of one equivalent is {standard_value:g}. Give a positive number of {currency} per "
                "hectare and year.",
                standard_value=inputs.standard_value,
                currency=inputs.currency,
            )
        )
    low, high = quantity("standard_value").usual
    if inputs.currency == "CNY" and low and high and not low <= inputs.standard_value <= high:
        progress.warn(
            say(
                "The value of one equivalent is {value:g} CNY/(ha a), and usual is {low:g} to {high:g}. Write CNY per "
                "hectare, neither thousands nor per mu (STANDARD_VALUE).",
                value=inputs.standard_value,
                low=low,
                high=high,
            )
        )
    coefficients = _coefficients(inputs)
    cover = yearly_sources("land_cover", inputs.land_cover, inputs.years, say("Land cover"), kind="classes")
    area = open_study_area(cover[0], settings, folder, progress, inputs.scheme)
    cover = area.fit_all(cover, progress)
    tell_pairing(say("Land cover"), cover, inputs.years, progress)
    series = _fit_series(inputs, area, progress)
    sources = (*cover, *(source for of_factor in series.values() for source in of_factor))
    kernel = _kernel(inputs, coefficients, cover, series, settings)
    references = _references(inputs, kernel, cover, sources, area, progress)
    factors = {name: replace(factor, references=references[name]) for name, factor in kernel.factors.items()}
    return PreparedValuation(area, cover, sources, replace(kernel, factors=factors), references)


def _coefficients(inputs: ValuationInputs) -> np.ndarray:
    """Value per hectare and year, shape (years, services, classes)."""
    factors = class_factors(inputs.scheme, inputs.equivalents, inputs.scheme.codes).T
    keep_coefficients(say("Equivalents per hectare and year"), equivalents_by_class(inputs.scheme, inputs.equivalents))
    require_levels(inputs.price_level, inputs.years)
    prices = np.array([inputs.price_level.get(year, 100.0) / 100 for year in inputs.years])
    return prices[:, np.newaxis, np.newaxis] * inputs.standard_value * factors


def _fit_series(inputs: ValuationInputs, area: StudyArea, progress: Progress) -> dict[str, tuple[Source, ...]]:
    series = {}
    for factor, given in inputs.adjustments.series.items():
        label = FACTOR_LABELS[factor]
        sources = yearly_sources(
            factor,
            given.paths,
            inputs.years,
            label,
            static=True,
            minimum=given.minimum,
            maximum=given.maximum,
            # a reference that is given as a number has the unit of the literature
            measure=Measure(FACTOR_QUANTITIES[factor], ratio=given.reference is None),
        )
        series[factor] = area.fit_all(sources, progress)
        tell_pairing(label, series[factor], inputs.years, progress)
    return series


def _means_wanted(inputs: ValuationInputs) -> bool:
    return any(given.reference is None for given in inputs.adjustments.series.values())


def _references(
    inputs: ValuationInputs,
    kernel: ValuationKernel,
    cover: Sequence[Source],
    sources: Sequence[Source],
    area: StudyArea,
    progress: Progress,
) -> dict[str, tuple[float, ...]]:
    """Per factor the reference of each year: the number given, else the mean that the mode names."""
    adjustments = inputs.adjustments
    references = {}
    for factor, given in adjustments.series.items():
        if given.reference is not None:
            require_reference(FACTOR_LABELS[factor], given.reference)
            references[factor] = (given.reference,) * len(inputs.years)
            progress.info(
                say(
                    "Reference of {factor_labels}: {reference:.6g}, as given.",
                    factor_labels=FACTOR_LABELS[factor],
                    reference=given.reference,
                )
            )
    wanted = {factor: FACTOR_LABELS[factor] for factor in adjustments.series if factor not in references}
    if wanted:
        if adjustments.mode == "per_year" and len(inputs.years) > 1:
            progress.warn(
                say(
                    "References are taken per year: what NPP, rain and soil retention change over time does not "
                    "show in the values. Use one reference for all years to compare years."
                )
            )
        found = mean_references(kernel, wanted, cover, sources, inputs.scheme, area, adjustments.mode, progress)
        for factor, mean in found.items():
            references[factor] = mean.of_years
            progress.info(_told(FACTOR_LABELS[factor], mean, area.common))
    return references


def _told(label: str, mean: MeanReference, common: bool) -> str:
    numbers = ", ".join(f"{number:.6g}" for number in dict.fromkeys(mean.of_years))
    areas = ", ".join(f"{area:,.2f}" for area in dict.fromkeys(mean.area_ha))
    when = "" if len(mean.area_ha) == 1 else say(" in every year") if common else say(", year by year")
    return say(
        "Reference of {label}: {numbers}, the mean of {areas} ha that have a value of it and are valued{when}.",
        label=label,
        numbers=numbers,
        areas=areas,
        when=when,
    )


def _kernel(
    inputs: ValuationInputs,
    coefficients: np.ndarray,
    cover: Sequence[Source],
    series: Mapping[str, tuple[Source, ...]],
    settings: RasterSettings,
) -> ValuationKernel:
    """The kernel, with references of 1 until they are found: what is valued does not depend on them."""
    services = inputs.equivalents.services
    water = np.array([land_class.water for land_class in inputs.scheme])
    factors = {}
    for factor, sources in series.items():
        adjusted = [service.factor == factor for service in services]
        factors[factor] = AdjustedFactor(
            sources=tuple(source.name for source in sources),
            references=(1.0,) * len(inputs.years),
            needed=(coefficients[:, adjusted] != 0).any(axis=(0, 1)),
            ones=water if inputs.adjustments.water == "one" else np.zeros_like(water),
            cap=inputs.adjustments.cap,
        )
    return ValuationKernel(
        land_cover=tuple(source.name for source in cover),
        index=ClassIndex.of_codes(inputs.scheme.codes),
        coefficients=coefficients,
        factor_of=tuple(service.factor if service.factor in series else PLAIN for service in services),
        factors=factors,
        common=settings.mask == "common",
        maps=(),
    )


def _outputs(inputs: ValuationInputs, outputs: ValuationOutputs) -> tuple[Output, ...]:
    unit = quantity("asset_value").unit_in(inputs.currency)
    made = []
    if outputs.total:
        bands = tuple(Band(str(year), unit) for year in inputs.years)
        made.append(Output(TOTAL, outputs.total, bands, metadata=outputs.metadata))
    if outputs.services:
        bands = tuple(
            Band(f"{year}|{service.id}", unit) for year in inputs.years for service in inputs.equivalents.services
        )
        made.append(Output(SERVICES, outputs.services, bands, metadata=outputs.metadata))
    return tuple(made)


def _collect(
    inputs: ValuationInputs,
    coefficients: np.ndarray,
    references: Mapping[str, tuple[float, ...]],
    found: JobResult,
) -> ValuationResult:
    years, classes = range(len(inputs.years)), len(inputs.scheme.codes)
    area = np.stack([found.sums[f"area:{year}"][:classes] for year in years])
    values = np.empty(coefficients.shape)
    for number, service in enumerate(inputs.equivalents.services):
        for year in years:
            adjusted = (
                found.sums[f"{service.factor}:{year}"][:classes] / references[service.factor][year]
                if service.factor in references
                else area[year]
            )
            values[year, number] = coefficients[year, number] * adjusted
    return ValuationResult(
        inputs.years, inputs.scheme.codes, area, values, references, _left_out(inputs, found), inputs, found.statistics
    )


def _left_out(inputs: ValuationInputs, found: JobResult) -> tuple[LeftOut, ...]:
    """First what lacks land cover in another year, then what lacks an adjustment."""
    left_out = []
    common = found.coverage[COMMON]
    for position, year in enumerate(inputs.years):
        covered = found.coverage[f"land_cover:{year}"]
        pixels = int(found.sums[f"pixels:{position}"][:-1].sum())
        area = math.fsum(found.sums[f"area:{position}"][:-1])
        shared = min(common.pixels, covered.pixels)
        shared_area = min(common.area_ha, covered.area_ha)
        reasons = {
            say("no land cover in another year"): (covered.pixels - shared, covered.area_ha - shared_area),
            say("no adjustment value"): (shared - pixels, shared_area - area),
        }
        left_out += [LeftOut(year, reason, px, ha) for reason, (px, ha) in reasons.items() if px > 0]
    return tuple(left_out)
