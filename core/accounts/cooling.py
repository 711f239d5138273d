"""Climate regulation: electricity that air conditioners would take to do what plants and open water do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..errors import InputError, TableError
from ..land_cover import ECOSYSTEMS, LandCoverScheme
from ..messages import say
from ..progress import QUIET, Progress
from ..quantities import Measure
from ..raster.files import workspace
from ..raster.settings import RasterSettings
from ..raster.zones.zoning import ZoneLayer
from ..results import Cell, Column, ResultTable
from ..services.survey import Cover, Rasters, Survey, map_output
from ..services.yearly_kernel import LAND_COVER, Layers, Pixels
from ..tables import Table, resource_table
from .quantity_table import QUANTITY_COLUMNS
from .zoned import ZonedFormula, ZonedSums, add_zones, zoned_sums

METHODS = ("heat_table", "evapotranspiration")
TRANSPIRATION, EVAPORATION, COOLING = "transpiration", "evaporation", "cooling"
SERVICES = {TRANSPIRATION: "climate_transpiration", EVAPORATION: "climate_evaporation"}
KJ_PER_KWH = 3600.0
M2_PER_HA = 1e4
M3_PER_MM_HA = 10.0
KG_PER_M3 = 1000.0
TABLE_COLUMNS = (*QUANTITY_COLUMNS, Column("area_ha", unit="ha"))


def cooling_of_heat(heat_kj_m2_d: np.ndarray | float, days: np.ndarray | float, cop: float) -> np.ndarray | float:
    """Electricity that an air conditioner takes for the heat that plants take up, ``G S d / (3600 R)``, kWh/ha.

    Args:
        heat_kj_m2_d: G, heat that transpiration takes up on a day, kJ/(m2 d).
        days: d, of air conditioning in the year.
        cop: R, heat that an air conditioner moves per electricity.

    Source: Baima Zhuoga et al. 2017, Acta Ecol. Sin. 37(19):6302; Bo et al. 2017, 37(12):4182.
    """
    return heat_kj_m2_d * M2_PER_HA * days / (KJ_PER_KWH * cop)


def cooling_of_water(depth_mm: np.ndarray | float, latent_heat: float, cop: float) -> np.ndarray | float:
    """The same for water that becomes vapour, ``E rho q / (3600 R)``, kWh/ha.

    Args:
        depth_mm: evapotranspiration, mm.
        latent_heat: q, kJ/kg: 2450 at 20 degrees C.
        cop: R; 1 gives the heat itself.
    """
    return depth_mm * M3_PER_MM_HA * KG_PER_M3 * latent_heat / (KJ_PER_KWH * cop)


def cooling_of_open_water(
    depth_mm: np.ndarray | float, latent_heat: float, humidifier: float, cop: float = 1.0
) -> np.ndarray | float:
    """Electricity for cooling and moistening as open water does, ``E (rho q / (3600 R) + gamma)``, kWh/ha.

    Args:
        depth_mm: evaporation on the days that count, mm.
        latent_heat: q, kJ/kg.
        humidifier: gamma, kWh per m3 of water; 125 of a humidifier of 32 W.
        cop: R; 1 as the Garze account prints it, which takes heat for electricity.

    Source: Baima Zhuoga et al. 2017; gamma of Jiaozhou Bay, Acta Ecol. Sin. 2018, doi:10.5846/stxb201608301763.
    """
    return cooling_of_water(depth_mm, latent_heat, cop) + depth_mm * M3_PER_MM_HA * humidifier


@dataclass(frozen=True)
class CoolingInputs:
    """What cools, where and when.

    Attributes:
        cover: land cover of the years.
        years: rising.
        method: `heat_table` takes heat by ecosystem, `evapotranspiration` a raster.
        zones: None for the study area alone.
        heat: columns `ecosystem` (or `code`) and `heat_kj_m2_d`; None takes the table of the plugin.
        evapotranspiration: on the days of air conditioning, mm, for its method.
        ecosystems: that transpire, for `evapotranspiration`.
        days: of air conditioning in the year, for `heat_table`; or
        days_raster: the same as a map.
        water_evaporation: of open water on these days, mm; None counts no open water; or
        water_raster: the same as a map.
        people: only where it is above `people_min` is anybody cooled; None counts all land.
        people_min: see `people`.
        cop: heat moved per electricity.
        latent_heat: kJ/kg.
        humidifier: kWh/m3.
        divide_evaporation: whether the heat of open water is divided by `cop` as well.
    """

    cover: Cover
    years: tuple[int, ...]
    method: Literal["heat_table", "evapotranspiration"] = "heat_table"
    zones: ZoneLayer | None = None
    heat: Table | None = None
    evapotranspiration: Rasters | None = None
    ecosystems: tuple[str, ...] = ("forest", "shrub", "grassland")
    days: float | None = None
    days_raster: Rasters | None = None
    water_evaporation: float | None = None
    water_raster: Rasters | None = None
    people: Rasters | None = None
    people_min: float = 0.0
    cop: float = 3.0
    latent_heat: float = 2450.0
    humidifier: float = 125.0
    divide_evaporation: bool = False


@dataclass(frozen=True)
class CoolingOutputs:
    """Paths of the maps; None for a map that is not wanted."""

    cooling: str | None = None
    transpiration: str | None = None
    evaporation: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class CoolingFormula:
    """Electricity of the pixels, kWh/ha.

    Attributes:
        inputs: constants.
        heat: kJ/(m2 d) per class, NaN for classes that do not transpire; only which of them do, for a raster.
        water: which classes are open water.
    """

    inputs: CoolingInputs
    heat: np.ndarray
    water: np.ndarray

    def __call__(self, pixels: Pixels) -> Layers:
        cover = pixels.valid[LAND_COVER]
        transpiration, lacks = self._transpiration(pixels)
        evaporation, dry = self._evaporation(pixels)
        peopled = cover
        if "people" in pixels.values:
            peopled = cover & pixels.valid["people"] & (pixels.values["people"] > self.inputs.people_min)
        transpiration, evaporation = (np.where(peopled, kwh, 0.0) for kwh in (transpiration, evaporation))
        maps = {TRANSPIRATION: transpiration, EVAPORATION: evaporation, COOLING: transpiration + evaporation}
        amounts = {TRANSPIRATION: transpiration, EVAPORATION: evaporation}
        counts = {"lacking": cover & (lacks | dry), "empty": cover & ~peopled}
        return Layers(maps, cover, amounts, counts, pixels.classes)

    def _transpiration(self, pixels: Pixels) -> tuple[np.ndarray, np.ndarray]:
        """Electricity, and where plants have no value of what it is computed from."""
        inputs, heat = self.inputs, self.heat[pixels.classes]
        counts = ~np.isnan(heat)
        if inputs.method == "evapotranspiration":
            known = pixels.valid["evapotranspiration"]
            depth = np.maximum(pixels.values["evapotranspiration"].astype(np.float64), 0)
            kwh = cooling_of_water(depth, inputs.latent_heat, inputs.cop)
        else:
            known, days = self._number(pixels, "days", inputs.days)
            kwh = cooling_of_heat(np.nan_to_num(heat), days, inputs.cop)
        return np.where(counts & known, kwh, 0.0), counts & ~known

    def _evaporation(self, pixels: Pixels) -> tuple[np.ndarray, np.ndarray]:
        inputs, water = self.inputs, self.water[pixels.classes]
        if inputs.water_evaporation is None and inputs.water_raster is None:
            return np.zeros(water.shape), np.zeros(water.shape, dtype=bool)
        known, depth = self._number(pixels, "evaporation", inputs.water_evaporation)
        cop = inputs.cop if inputs.divide_evaporation else 1.0
        kwh = cooling_of_open_water(depth, inputs.latent_heat, inputs.humidifier, cop)
        return np.where(water & known, kwh, 0.0), water & ~known

    @staticmethod
    def _number(pixels: Pixels, name: str, number: float | None) -> tuple[np.ndarray, np.ndarray | float]:
        """Where it is known, and how much; of a raster where there is one."""
        if name in pixels.values:
            return pixels.valid[name], pixels.values[name].astype(np.float64)
        return np.ones(pixels.classes.shape, dtype=bool), 0.0 if number is None else number


@dataclass(frozen=True, eq=False)
class CoolingResult:
    """What was found: sums by year, zone and ecosystem, and what it was made from."""

    sums: ZonedSums
    inputs: CoolingInputs

    @property
    def years(self) -> tuple[int, ...]:
        return self.sums.years

    def total(self, name: str, year: int) -> float:
        """Of transpiration or evaporation, kWh in the year with this place."""
        return math.fsum(self.sums.amounts[name][year].ravel())

    def table(self) -> ResultTable:
        """Quantities for an account, a row per year, zone, ecosystem and service that is not 0."""
        rows: list[tuple[Cell, ...]] = []
        for y, year in enumerate(self.years):
            for z, zone in enumerate(self.sums.zones):
                for e, ecosystem in enumerate(self.sums.ecosystems):
                    for name, service in SERVICES.items():
                        kwh = float(self.sums.amounts[name][y, z, e])
                        area = float(self.sums.area_ha[y, z, e])
                        if kwh:
                            source = (
                                f"climateregulation, {self.inputs.method if name == TRANSPIRATION else 'open water'}"
                            )
                            rows.append((year, zone, ecosystem, service, "", kwh, "kWh/a", None, source, 0, area))
        return ResultTable(TABLE_COLUMNS, tuple(rows))


def run_climate_regulation(
    inputs: CoolingInputs,
    outputs: CoolingOutputs | None = None,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> CoolingResult:
    """Maps the electricity saved and sums it by zone and ecosystem.

    Raises:
        InputError: something that the method needs is missing, a constant is out of range, or zones overlap.
        TableError: the table of heat cannot be used, or a land-cover code is not in the scheme.
        GridError, OutputError, Cancelled: see `run_job`.
    """
    outputs = outputs or CoolingOutputs()
    _check(inputs)
    scheme = inputs.cover.scheme
    heat = _heat(inputs)
    water = np.array([land_class.water for land_class in scheme])
    with workspace() as folder:
        survey = Survey(inputs.years, settings or RasterSettings(), folder, progress)
        survey.add_land_cover(inputs.cover)
        if inputs.method == "evapotranspiration":
            survey.add("evapotranspiration", inputs.evapotranspiration, Measure("evapotranspiration"))
        survey.add("days", inputs.days_raster, Measure("cooling_days"))
        survey.add("evaporation", inputs.water_raster, Measure("evaporation"))
        survey.add("people", inputs.people, Measure("population"))
        zoning = add_zones(survey, inputs.zones, progress)
        made = [
            output
            for name, path in (
                (COOLING, outputs.cooling), (TRANSPIRATION, outputs.transpiration), (EVAPORATION, outputs.evaporation)
            )
            for output in map_output(survey, name, path, "cooling", outputs.metadata)
        ]  # fmt: skip
        formula = ZonedFormula(CoolingFormula(inputs, heat, water), zoning.index, len(scheme.codes))
        found = survey.run(formula, made, len(scheme.codes) * zoning.count, progress)
        result = CoolingResult(zoned_sums(survey, zoning, found), inputs)
    _tell(result, progress)
    return result


def _check(inputs: CoolingInputs) -> None:
    if inputs.method not in METHODS:
        raise InputError(
            say(
                "There is no method {method} of climate regulation. Choose {methods}.",
                method=inputs.method,
                methods=" or ".join(METHODS),
            )
        )
    if inputs.method == "evapotranspiration" and inputs.evapotranspiration is None:
        raise InputError(
            say("The method evapotranspiration needs EVAPOTRANSPIRATION: mm on the days of air conditioning.")
        )
    both = [
        name for name, number, raster in (
            ("DAYS", inputs.days, inputs.days_raster),
            ("WATER_EVAPORATION", inputs.water_evaporation, inputs.water_raster),
        ) if number is not None and raster is not None
    ]  # fmt: skip
    if both:
        raise InputError(say("{both} and {both}_RASTER are both given. Keep one.", both=both[0]))
    if inputs.method == "heat_table" and inputs.days is None and inputs.days_raster is None:
        raise InputError(
            say(
                "The method heat_table needs the days of air conditioning in the year: give DAYS or "
                "DAYS_RASTER. The Garze account comes out with 15; usual is the number of days with more "
                "than 26 degrees C."
            )
        )
    if inputs.days is not None and not 0 <= inputs.days <= 366:
        raise InputError(
            say("DAYS is {days:g}. Give the days of air conditioning in a year, 0 to 366.", days=inputs.days)
        )
    if not inputs.cop >= 1 or not inputs.latent_heat > 0 or not inputs.humidifier >= 0:
        raise InputError(say("COP must be 1 or more, LATENT_HEAT above 0 and HUMIDIFIER 0 or more."))
    unknown = [name for name in inputs.ecosystems if name not in ECOSYSTEMS]
    if unknown:
        raise InputError(
            say(
                "There is no ecosystem {unknown}. Write of {ecosystems}.",
                unknown=unknown[0],
                ecosystems=", ".join(ECOSYSTEMS),
            )
        )


def _heat(inputs: CoolingInputs) -> np.ndarray:
    """Heat per class, NaN for classes that do not transpire."""
    scheme = inputs.cover.scheme
    if inputs.method == "evapotranspiration":
        return np.array([0.0 if c.ecosystem in inputs.ecosystems else np.nan for c in scheme])
    return heat_of_classes(scheme, inputs.heat or resource_table("cooling_heat"))


def heat_of_classes(scheme: LandCoverScheme, table: Table) -> np.ndarray:
    """Heat that the classes take up, kJ/(m2 d): by code where the table has codes, else by ecosystem; NaN for others.

    Raises:
        TableError: a column is missing or a cell cannot be used.
    """
    table.require("heat_kj_m2_d")
    heat = table.numbers("heat_kj_m2_d")
    if (heat < 0).any():
        raise TableError(
            say("Table {name}: heat_kj_m2_d is negative. Write the heat that is taken up, kJ/(m2 d).", name=table.name)
        )
    if table.has("code"):
        of_code = dict(zip(table.codes("code"), heat.tolist()))
        return np.array([of_code.get(code, np.nan) for code in scheme.codes])
    table.require("ecosystem")
    of_ecosystem = dict(zip((name.casefold() for name in table.texts("ecosystem")), heat.tolist()))
    unknown = [name for name in of_ecosystem if name not in ECOSYSTEMS]
    if unknown:
        raise TableError(
            say(
                "Table {name} has no such ecosystem as {unknown!r}: {ecosystems}.",
                name=table.name,
                unknown=unknown[0],
                ecosystems=", ".join(ECOSYSTEMS),
            )
        )
    return np.array([of_ecosystem.get(land_class.ecosystem, np.nan) for land_class in scheme])


def _tell(result: CoolingResult, progress: Progress) -> None:
    inputs = result.inputs
    for y, year in enumerate(result.years):
        first, second = (result.total(name, y) for name in (TRANSPIRATION, EVAPORATION))
        progress.info(
            say(
                "{year}: {first:,.0f} kWh by transpiration, {second:,.0f} kWh by evaporation of water.",
                year=year,
                first=first,
                second=second,
            )
        )
        lacking = int(result.sums.counts["lacking"][y].sum())
        if lacking:
            progress.warn(
                say(
                    "{year}: {lacking} pixels of plants or water have no value to compute from and count as 0.",
                    year=year,
                    lacking=lacking,
                )
            )
    evaporates = inputs.water_evaporation is not None or inputs.water_raster is not None
    if evaporates and not inputs.divide_evaporation:
        progress.warn(
            say(
                "The heat of evaporation is counted as electricity, as the Garze account prints it: an air "
                "conditioner moves {cop:g} times its electricity. DIVIDE_EVAPORATION divides it.",
                cop=inputs.cop,
            )
        )
