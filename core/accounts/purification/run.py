"""Purification of air and water: the least of what is emitted and what vegetation or wetlands can take."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ...errors import InputError, TableError
from ...inputs.record import keep_coefficients
from ...inputs.used import class_columns
from ...land_cover import LandCoverScheme
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import quantity
from ...raster.classes import ClassIndex
from ...raster.engine import run_job
from ...raster.files import workspace
from ...raster.output import Band, Output
from ...raster.settings import RasterSettings
from ...raster.work import Block, Result
from ...raster.zones.zoning import OUTSIDE, ZoneLayer, Zoning
from ...results import Cell, Column, ResultTable, numbers, texts
from ...services.survey import Cover, Survey
from ...services.yearly_kernel import LAND_COVER, Layers, Pixels
from ...tables import Table
from ..zoned import ZonedFormula, add_zones, zoned_sums
from .tables import SERVICES, Medium, class_capacity, read_emissions

METHODS = ("least", "emissions", "capacity")
REMOVED = "removed"
COLUMNS = (
    Column("year", "integer"), *texts("zone", "ecosystem", "service", "item"), Column("quantity"),
    *texts("unit", "source"), Column("allocated", "integer"), Column("pollutant", "text"),
    *numbers("emission_t", "capacity_t", unit="t/a"), Column("limit", "text"),
)  # fmt: skip


@dataclass(frozen=True)
class PurificationInputs:
    """What is emitted, and what takes it up.

    Attributes:
        cover: land cover of the years.
        years: rising.
        emissions: see `read_emissions`; None only for the method `capacity`.
        capacity: see `class_capacity`; None takes nothing.
        medium: air or water.
        zones: None for the study area alone.
        method: `least` takes the least of emission and capacity of each zone, `emissions` all that is emitted,
            `capacity` what could be taken up.
    """

    cover: Cover
    years: tuple[int, ...]
    emissions: Table | None
    capacity: Table | None
    medium: Medium = "air"
    zones: ZoneLayer | None = None
    method: Literal["least", "emissions", "capacity"] = "least"


@dataclass(frozen=True)
class PurificationOutputs:
    """Path of the map of what is taken up, a band per year and pollutant; None for none."""

    removed: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class PurificationResult:
    """What is taken up; arrays have shape (years, zones, ecosystems) or (years, zones), tonnes.

    Attributes:
        years, zones, ecosystems: names of the axes.
        pollutants: in the order of the dicts.
        capacity: what could be taken up, by ecosystem; NaN where no capacity is known.
        emission: what is emitted; NaN where it is not told.
        removed: what is taken up.
        inputs: what was asked for.
    """

    years: tuple[int, ...]
    zones: tuple[str, ...]
    ecosystems: tuple[str, ...]
    pollutants: tuple[str, ...]
    capacity: Mapping[str, np.ndarray]
    emission: Mapping[str, np.ndarray]
    removed: Mapping[str, np.ndarray]
    inputs: PurificationInputs

    def total(self, pollutant: str, year: int) -> float:
        """Taken up in the year with this place, t."""
        return math.fsum(self.removed[pollutant][year])

    def table(self) -> ResultTable:
        """Quantities for an account: a row per year, zone, pollutant and ecosystem that takes part.

        Emission and capacity are those of the whole zone. What is taken up is told apart by capacity; without one it
        belongs to no ecosystem.
        """
        rows: list[tuple[Cell, ...]] = []
        services = SERVICES[self.inputs.medium]
        source = f"{self.inputs.medium}purification, {self.inputs.method}"
        for y, year in enumerate(self.years):
            for z, zone in enumerate(self.zones):
                for pollutant in self.pollutants:
                    removed = float(self.removed[pollutant][y, z])
                    by_ecosystem = self.capacity[pollutant][y, z]
                    whole, emission = float(by_ecosystem.sum()), float(self.emission[pollutant][y, z])
                    service, item = services[pollutant], "TN" if pollutant == "TN" else ""
                    told = pollutant, _none(emission), _none(whole), limit_of(emission, whole, self.inputs.method)
                    if whole > 0:
                        rows += [
                            (year, zone, name, service, item, removed * part / whole, "t/a", source, 0, *told)
                            for name, part in zip(self.ecosystems, map(float, by_ecosystem))
                            if part > 0
                        ]
                    elif removed > 0 or emission > 0:
                        rows.append((year, zone, "", service, item, removed, "t/a", source, 0, *told))
        return ResultTable(COLUMNS, tuple(rows))


def least(emission: float, capacity: float) -> float:
    """What is taken up: all of the emission where the capacity is larger, else the capacity.

    Capacity that meets no emission is no service.
    """
    return min(emission, capacity)


def _require_years(inputs: PurificationInputs, told: set[int]) -> None:
    """Refuses emissions of other years alone, which would make every result 0. Raises TableError."""
    if inputs.emissions is not None and not told.intersection(inputs.years):
        raise TableError(
            say(
                "Table {name} tells emissions of {told}, and the years are {years}. Add rows of these years, or "
                "correct YEARS.",
                name=inputs.emissions.name,
                told=", ".join(map(str, sorted(told))),
                years=", ".join(map(str, inputs.years)),
            )
        )


def limit_of(emission: float, capacity: float, method: str) -> str:
    """What sets the limit, `emissions` or `capacity`."""
    if method != "least":
        return method
    return "emissions" if emission <= capacity else "capacity"


@dataclass(frozen=True, eq=False)
class _AreaFormula:
    """Land cover alone: areas by class and zone."""

    def __call__(self, pixels: Pixels) -> Layers:
        return Layers({}, pixels.valid[LAND_COVER], {}, {}, pixels.classes)


@dataclass(frozen=True, eq=False)
class _RemovedKernel:
    """What a hectare takes up: capacity of its class, times the part of the capacity of its zone that is used.

    Attributes:
        cover: source of each year.
        index: land-cover codes to class numbers.
        zoning: zones on the grid.
        per_ha: shape (years, pollutants, zones, classes + 1), t/(ha a); the last class is none.
        common: whether a pixel must be valid in every year.
    """

    cover: tuple[str, ...]
    index: ClassIndex
    zoning: Zoning
    per_ha: np.ndarray
    common: bool

    def __call__(self, block: Block) -> Result:
        zones = self.zoning.numbers(block)
        layers, masks = [], []
        for year, name in enumerate(self.cover):
            classes = self.index(block.values[name])
            for pollutant in range(self.per_ha.shape[1]):
                layers.append(self.per_ha[year, pollutant][zones, classes].astype(np.float32))
                masks.append(block.gate if self.common else block.valid[name])
        return Result({REMOVED: (np.stack(layers), np.stack(masks))})


def run_purification(
    inputs: PurificationInputs,
    outputs: PurificationOutputs | None = None,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> PurificationResult:
    """Tells what is taken up by zone and ecosystem, and maps it so that the map adds up to the table.

    Raises:
        InputError: emissions or capacities are missing, a zone of the emissions is not on the map, or zones overlap.
        TableError: a table cannot be used, or a land-cover code is not in the scheme.
        GridError, OutputError, Cancelled: see `run_job`.
    """
    outputs, scheme = outputs or PurificationOutputs(), inputs.cover.scheme
    if inputs.method not in METHODS:
        raise InputError(
            say(
                "There is no method {method} of purification. Choose one of {methods}.",
                method=inputs.method,
                methods=", ".join(METHODS),
            )
        )
    emitted = read_emissions(inputs.emissions, inputs.medium) if inputs.emissions else {}
    if emitted and inputs.method != "capacity":
        _require_years(inputs, {year for _, year, _ in emitted})
    capacity = class_capacity(inputs.capacity, scheme, inputs.medium)
    title = say("Capacity ({medium})", medium=inputs.medium)
    keep_coefficients(title, class_columns(scheme.codes, capacity, "t/(ha a)"))
    pollutants = _pollutants(inputs, emitted, capacity)
    with workspace() as folder:
        survey = Survey(inputs.years, settings or RasterSettings(), folder, progress)
        survey.add_land_cover(inputs.cover)
        zoning = add_zones(survey, inputs.zones, progress)
        formula = ZonedFormula(_AreaFormula(), zoning.index, len(scheme.codes))
        first = progress.part(0, 50 if outputs.removed else 100)
        found = survey.run(formula, (), len(scheme.codes) * zoning.count, first)
        sums = zoned_sums(survey, zoning, found)
        member = _members(scheme, sums.ecosystems)
        by_class = {name: sums.class_area_ha * capacity.get(name, np.zeros(len(scheme.codes))) for name in pollutants}
        emission = {name: _emission(name, emitted, sums.years, sums.zones) for name in pollutants}
        removed = {name: _removed(inputs.method, emission[name], by_class[name].sum(axis=2)) for name in pollutants}
        result = PurificationResult(
            sums.years, sums.zones, sums.ecosystems, pollutants,
            {name: of_class @ member for name, of_class in by_class.items()}, emission, removed, inputs,
        )  # fmt: skip
        if outputs.removed:
            per_ha = _per_ha(result, capacity, by_class)
            _map(survey, zoning, result, per_ha, outputs, progress.part(50, 100))
    _tell(result, progress)
    return result


def _pollutants(
    inputs: PurificationInputs, emitted: Mapping[tuple[str, int, str], float], capacity: Mapping[str, np.ndarray]
) -> tuple[str, ...]:
    """What is accounted: what is emitted, or what can be taken up."""
    names = list(dict.fromkeys(pollutant for _, _, pollutant in emitted))
    if inputs.method == "capacity":
        names = list(capacity)
    if not names:
        what = "CAPACITY" if inputs.method == "capacity" else "EMISSIONS"
        raise InputError(
            say(
                "The method {method} needs a table of {what} with at least one pollutant.",
                method=inputs.method,
                what=what,
            )
        )
    lacking = [name for name in names if name not in capacity]
    if inputs.method == "least" and lacking:
        raise InputError(
            say(
                "There is no capacity for {lacking}: what could be taken up is not known. Give a table "
                "CAPACITY with values of your standard or region, or take the method emissions, which counts "
                "all that is emitted.",
                lacking=", ".join(lacking),
            )
        )
    return tuple(names)


def _emission(
    name: str, emitted: Mapping[tuple[str, int, str], float], years: Sequence[int], zones: Sequence[str]
) -> np.ndarray:
    """Emission by year and zone, NaN where none is told."""
    told = {zone for zone, _, _ in emitted}
    unknown = sorted(told - set(zones))
    if unknown:
        raise InputError(
            say(
                "EMISSIONS tell of {unknown}, which the zones do not have: {zones}. Give ZONES and the field "
                "that names them, or write the names as the map has them.",
                unknown=", ".join(unknown),
                zones=", ".join(zones),
            )
        )
    return np.array([[emitted.get((zone, year, name), np.nan) for zone in zones] for year in years])


def _removed(method: str, emission: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """Taken up by year and zone; without emission there is nothing to take up."""
    if method == "capacity":
        return capacity
    known = np.nan_to_num(emission)
    return known if method == "emissions" else np.minimum(known, capacity)


def _members(scheme: LandCoverScheme, ecosystems: Sequence[str]) -> np.ndarray:
    return np.array([[land_class.ecosystem == name for name in ecosystems] for land_class in scheme], dtype=float)


def _per_ha(
    result: PurificationResult, capacity: Mapping[str, np.ndarray], by_class: Mapping[str, np.ndarray]
) -> np.ndarray:
    """t/(ha a), shape (years, pollutants, zones, classes + 1)."""
    layers = []
    for name in result.pollutants:
        whole = by_class[name].sum(axis=2)
        used = np.divide(result.removed[name], whole, out=np.zeros(whole.shape), where=whole > 0)
        classes = np.append(capacity.get(name, np.zeros(by_class[name].shape[2])), 0.0)
        layers.append(used[:, :, np.newaxis] * classes)
    return np.stack(layers, axis=1)


def _map(
    survey: Survey, zoning: Zoning, result: PurificationResult, per_ha: np.ndarray, outputs: PurificationOutputs,
    progress: Progress,
) -> None:  # fmt: skip
    cover = survey.land_cover
    names = tuple(source.name for source in cover)
    unit = quantity("pollutant_removed").unit
    bands = tuple(Band(f"{year}|{pollutant}", unit) for year in result.years for pollutant in result.pollutants)
    if outputs.removed is None:
        raise TypeError("outputs.removed is not as expected")
    output = Output(REMOVED, outputs.removed, bands, metadata=outputs.metadata)
    index = ClassIndex.of_codes(result.inputs.cover.scheme.codes)
    kernel = _RemovedKernel(names, index, zoning, per_ha, survey.area.common)
    run_job(survey.area.job(kernel, [*cover, *zoning.sources], [output], gate=names), progress)


def _tell(result: PurificationResult, progress: Progress) -> None:
    for y, year in enumerate(result.years):
        for pollutant in result.pollutants:
            emission, capacity = np.nansum(result.emission[pollutant][y]), result.capacity[pollutant][y].sum()
            progress.info(
                say(
                    "{year}, {pollutant}: {emission:,.2f} t emitted, {capacity:,.2f} t of capacity, "
                    "{pollutant2:,.2f} t taken up.",
                    year=year,
                    pollutant=pollutant,
                    emission=emission,
                    capacity=capacity,
                    pollutant2=result.total(pollutant, y),
                )
            )
            silent = [
                zone
                for zone, of in zip(result.zones, result.emission[pollutant][y])
                if np.isnan(of) and zone != OUTSIDE
            ]
            if silent and result.inputs.method != "capacity":
                progress.warn(
                    say(
                        "{year}, {pollutant}: no emission is told for {silent}; it counts as 0.",
                        year=year,
                        pollutant=pollutant,
                        silent=", ".join(silent),
                    )
                )
    if result.inputs.method == "capacity":
        progress.warn(
            say(
                "Capacity is what could be taken up, not what is: an account counts it only where it meets an emission."
            )
        )
    if result.inputs.method == "emissions":
        progress.warn(say("All that is emitted counts as taken up, as in the Garze account, whatever the capacity."))


def _none(number: float) -> float | None:
    return None if math.isnan(number) else number
