"""The physical account: quantities of services by year, zone and ecosystem in one pass, with statistics joined in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError
from ...land_cover import LandCoverScheme
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import Measure
from ...raster.files import workspace
from ...raster.settings import RasterSettings
from ...raster.zones.zoning import ZoneLayer
from ...results import ResultTable
from ...services.survey import Cover, Rasters, Survey
from ...services.yearly_kernel import LAND_COVER, Layers, Pixels
from ...tables import Table
from ..quantity_table import Quantity, quantity_table
from ..services import AREA, catalogue
from ..zoned import ZonedFormula, ZonedSums, add_zones, zoned_sums
from .soil import NITROGEN, PHOSPHORUS, SILT, SoilFactors, nutrient, silt_volume
from .statistics import ALLOCATIONS, Allocate, Areas, allocate, read_statistics

M3_PER_MM_HA = 10.0
DENSITY, N_PCT, P_PCT = "bulk_density", "nitrogen", "phosphorus"


@dataclass(frozen=True)
class Slot:
    """A raster of a service.

    Attributes:
        name: of the parameter, in small letters.
        service, item: that it becomes; the soil becomes three services.
        quantity: what it holds.
        per_ha: its values times this are the account's units per hectare and year.
    """

    name: str
    service: str
    item: str
    quantity: str
    per_ha: float = 1.0


SOIL_SLOT = "soil"
SLOTS = (
    Slot("water", "water_retention", "", "water_retention", M3_PER_MM_HA),
    Slot("flood_land", "flood_mitigation", "land", "storm_water_held", M3_PER_MM_HA),
    Slot("flood_bodies", "flood_mitigation", "water bodies", "storm_water_held", M3_PER_MM_HA),
    Slot(SOIL_SLOT, "", "", "soil_retention"),
    Slot("sand", "sand_fixation", "", "sand_held"),
    Slot("carbon", "carbon", "", "co2_flux"),
    Slot("oxygen", "oxygen", "", "oxygen_flux"),
    Slot("transpiration", "climate_transpiration", "", "cooling"),
    Slot("evaporation", "climate_evaporation", "", "cooling"),
)


@dataclass(frozen=True)
class QuantityInputs:
    """What an account counts.

    Attributes:
        cover: land cover of the years.
        years: rising.
        rasters: by the names of `SLOTS`.
        more: rasters of further services by their id, in the unit of the service per hectare and year.
        zones: None for the study area alone.
        soil: how soil becomes silt, nitrogen and phosphorus.
        natural: codes of natural forest and grassland, whose area keeps pests down; None counts none.
        statistics: tables of quantities without a map.
        allocation: of statistics without an ecosystem.
        currency: of values in the statistics.
    """

    cover: Cover
    years: tuple[int, ...]
    rasters: dict[str, Rasters] = field(default_factory=dict)
    more: dict[str, Rasters] = field(default_factory=dict)
    zones: ZoneLayer | None = None
    soil: SoilFactors = field(default_factory=SoilFactors)
    natural: tuple[int, ...] = ()
    statistics: tuple[Table, ...] = ()
    allocation: Allocate = "none"
    currency: str = "CNY"


@dataclass(frozen=True, eq=False)
class QuantityFormula:
    """Amounts per hectare of the pixels; a service without a value somewhere gives nothing there, and it is counted."""

    slots: tuple[Slot, ...]
    soil: SoilFactors

    def __call__(self, pixels: Pixels) -> Layers:
        cover = pixels.valid[LAND_COVER]
        amounts: dict[str, np.ndarray] = {}
        counts: dict[str, np.ndarray] = {}
        for slot in self.slots:
            known = cover & pixels.valid[slot.name]
            values = np.where(known, pixels.values[slot.name].astype(np.float64), 0.0) * slot.per_ha
            counts[slot.name] = cover & ~known
            if slot.name == SOIL_SLOT:
                amounts |= self._soil(pixels, values, counts)
            else:
                amounts[slot.name] = values
        return Layers({}, cover, amounts, counts, pixels.classes)

    def _soil(self, pixels: Pixels, held: np.ndarray, counts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Silt, nitrogen and phosphorus of soil that is held, t/(ha a)."""
        made: dict[str, np.ndarray] = {}
        of = {
            SILT: (DENSITY, self.soil.density, self.soil.density_factor),
            NITROGEN: (N_PCT, self.soil.nitrogen, 1.0),
            PHOSPHORUS: (P_PCT, self.soil.phosphorus, 1.0),
        }
        for service, (name, number, factor) in of.items():
            if number is None and name not in pixels.values:
                continue  # not counted
            known = pixels.valid[name] if name in pixels.values else np.ones(held.shape, dtype=bool)
            stored = (
                pixels.values[name].astype(np.float64) * factor
                if name in pixels.values
                else np.float64(1.0 if number is None else number)
            )
            content = np.where(known, stored, 1.0)
            amount = silt_volume(held, self.soil.silt_share, content) if service == SILT else nutrient(held, content)
            made[service] = np.where(known, amount, 0.0)
            counts[SOIL_SLOT] = counts[SOIL_SLOT] | ((held > 0) & ~known)
        return made


@dataclass(frozen=True, eq=False)
class QuantityResult:
    """The physical account.

    Attributes:
        quantities: rows, areas first.
        sums: of the pass.
        lacking: pixels without a value, by name of the raster and year.
        inputs: what was asked for.
    """

    quantities: tuple[Quantity, ...]
    sums: ZonedSums
    lacking: dict[str, tuple[int, ...]]
    inputs: QuantityInputs

    def table(self) -> ResultTable:
        """The table that the account reads."""
        return quantity_table(self.quantities)

    def total(self, service: str, year: int) -> float:
        """Quantity of a service in a year."""
        return math.fsum(
            q.amount or 0.0 for q in self.quantities if (q.service, q.year) == (service, year) and q.amount is not None
        )


def run_gep_quantities(
    inputs: QuantityInputs, settings: RasterSettings | None = None, progress: Progress = QUIET
) -> QuantityResult:
    """Sums every service by year, zone and ecosystem in one pass, and joins the statistics.

    Raises:
        InputError: there is no service, soil cannot be turned into what is counted, zones overlap,
        or statistics tell of
            zones that are not on the map.
        TableError: a table cannot be used, or a land-cover code is not in the scheme.
        GridError, Cancelled: see `run_job`.
    """
    slots = _slots(inputs)
    scheme = inputs.cover.scheme
    with workspace() as folder:
        survey = Survey(inputs.years, settings or RasterSettings(), folder, progress)
        survey.add_land_cover(inputs.cover)
        for slot in slots:
            survey.add(slot.name, inputs.rasters.get(slot.name) or inputs.more[slot.name], Measure(slot.quantity))
        _add_soil(survey, inputs.soil)
        zoning = add_zones(survey, inputs.zones, progress)
        formula = ZonedFormula(QuantityFormula(slots, inputs.soil), zoning.index, len(scheme.codes))
        found = survey.run(formula, (), len(scheme.codes) * zoning.count, progress)
        sums = zoned_sums(survey, zoning, found)
    for warning in inputs.soil.check() if SOIL_SLOT in inputs.rasters else []:
        progress.warn(warning)
    statistics = read_statistics(inputs.statistics, inputs.years, sums.zones, inputs.soil, inputs.currency)
    rows = [*_areas(sums), *_of_maps(sums, slots), *_natural(sums, inputs.natural, scheme)]
    rows += allocate(statistics, inputs.allocation, _by_zone(sums))
    _refuse_twice(rows)
    lacking = {slot.name: tuple(int(of.sum()) for of in sums.counts[slot.name]) for slot in slots}
    _tell(lacking, inputs.years, progress)
    return QuantityResult(tuple(rows), sums, lacking, inputs)


def _slots(inputs: QuantityInputs) -> tuple[Slot, ...]:
    if inputs.allocation not in ALLOCATIONS:
        raise InputError(
            say(
                "There is no allocation {allocation}. Choose one of {allocations}.",
                allocation=inputs.allocation,
                allocations=", ".join(ALLOCATIONS),
            )
        )
    slots = [slot for slot in SLOTS if slot.name in inputs.rasters]
    for name in inputs.more:
        known = catalogue().get(name)
        if known is None:
            raise InputError(
                say(
                    "There is no service {name}. MORE_SERVICES names of {catalogue}.",
                    name=name,
                    catalogue=", ".join(catalogue()),
                )
            )
        if any(slot.service == name for slot in slots):
            raise InputError(say("{name} is given twice: as a raster of its own and in MORE.", name=name))
        slots.append(Slot(name, name, "", "service"))
    if not slots and not inputs.statistics and not inputs.natural:
        raise InputError(say("There is nothing to account: give a raster of a service, or statistics."))
    soil = inputs.soil
    counted = (
        soil.density,
        soil.nitrogen,
        soil.phosphorus,
        soil.density_raster,
        soil.nitrogen_raster,
        soil.phosphorus_raster,
    )
    if SOIL_SLOT in inputs.rasters and all(of is None for of in counted):
        raise InputError(
            say(
                "SOIL needs what it is counted by: BULK_DENSITY for silt, SOIL_N and SOIL_P for nutrients "
                "(0.93 t/m3, 0.37 and 0.108 % in the Garze account; take those of your soils)."
            )
        )
    return tuple(slots)


def _add_soil(survey: Survey, soil: SoilFactors) -> None:
    survey.add(DENSITY, soil.density_raster, Measure("bulk_density", soil.density_factor))
    survey.add(N_PCT, soil.nitrogen_raster, Measure("soil_nutrient"))
    survey.add(P_PCT, soil.phosphorus_raster, Measure("soil_nutrient"))


def _cells(sums: ZonedSums, values: np.ndarray) -> list[tuple[int, str, str, float]]:
    """Year, zone, ecosystem and number of every cell that is not 0."""
    return [
        (year, zone, ecosystem, float(values[y, z, e]))
        for y, year in enumerate(sums.years)
        for z, zone in enumerate(sums.zones)
        for e, ecosystem in enumerate(sums.ecosystems)
        if values[y, z, e]
    ]


def _areas(sums: ZonedSums) -> list[Quantity]:
    return [
        Quantity(year, zone, ecosystem, AREA, "", area, "ha", source="land cover")
        for year, zone, ecosystem, area in _cells(sums, sums.area_ha)
    ]


def _by_zone(sums: ZonedSums) -> Areas:
    found: dict[tuple[int, str], dict[str, float]] = {}
    for year, zone, ecosystem, area in _cells(sums, sums.area_ha):
        found.setdefault((year, zone), {})[ecosystem] = area
    return found


def _of_maps(sums: ZonedSums, slots: Sequence[Slot]) -> list[Quantity]:
    """Rows of the services of the rasters, in the units of the account."""
    rows = []
    for slot in slots:
        services = (SILT, NITROGEN, PHOSPHORUS) if slot.name == SOIL_SLOT else (slot.service,)
        for service in services:
            key = service if slot.name == SOIL_SLOT else slot.name
            known = catalogue()[service]
            for year, zone, ecosystem, amount in _cells(sums, sums.amounts[key]) if key in sums.amounts else []:
                rows.append(
                    Quantity(
                        year, zone, ecosystem, service, slot.item, amount, known.unit, None, known.category,
                        f"map {slot.name}",
                    )
                )  # fmt: skip
    return rows


def _natural(sums: ZonedSums, natural: Sequence[int], scheme: LandCoverScheme) -> list[Quantity]:
    """Natural forest and grassland, whose area stands for pest control."""
    unknown = [code for code in natural if not scheme.known(code)]
    if unknown:
        raise InputError(
            say(
                "NATURAL_CLASSES names the code {unknown}, which scheme {title} does not know.",
                unknown=unknown[0],
                title=scheme.title,
            )
        )
    rows: dict[tuple[int, str, str], float] = {}
    for number, code in enumerate(sums.classes):
        ecosystem = scheme.ecosystem_of(code)
        if code not in natural:
            continue
        if ecosystem not in ("forest", "grassland"):
            raise InputError(
                say(
                    "NATURAL_CLASSES names the code {code}, which is {ecosystem}. Name forest and grassland.",
                    code=code,
                    ecosystem=ecosystem,
                )
            )
        for y, year in enumerate(sums.years):
            for z, zone in enumerate(sums.zones):
                area = float(sums.class_area_ha[y, z, number])
                if area:
                    rows[year, zone, ecosystem] = rows.get((year, zone, ecosystem), 0.0) + area
    known = catalogue()["pest_control"]
    return [
        Quantity(year, zone, ecosystem, known.id, ecosystem, area, known.unit, None, known.category, "land cover")
        for (year, zone, ecosystem), area in rows.items()
    ]


def _refuse_twice(rows: Sequence[Quantity]) -> None:
    """The same service from a map and from statistics would be counted twice."""
    seen: dict[tuple[object, ...], str] = {}
    for row in rows:
        key = (row.year, *row.key)
        if key in seen:
            raise InputError(
                say(
                    "{service} of {zone}, {ecosystem}, {year} comes from {seen} and from {source}. Keep one, or "
                    "tell them apart in the column item.",
                    service=row.service,
                    zone=row.zone or say("no zone"),
                    ecosystem=row.ecosystem or say("no ecosystem"),
                    year=row.year,
                    seen=seen[key],
                    source=row.source,
                )
            )
        seen[key] = row.source


def _tell(lacking: dict[str, tuple[int, ...]], years: Sequence[int], progress: Progress) -> None:
    for name, pixels in lacking.items():
        for year, count in zip(years, pixels):
            if count:
                progress.info(
                    say(
                        "{year}: {count} pixels have no value of {name} and count as 0 there.",
                        year=year,
                        count=count,
                        name=name,
                    )
                )
