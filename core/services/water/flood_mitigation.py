"""Flood mitigation: storm rain that land holds back (curve numbers), and storage of water bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Literal

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import Measure, quantity
from ...raster.files import workspace
from ...raster.settings import RasterSettings
from ...raster.validity import is_everywhere
from ...results import Column, ResultTable, numbers, texts
from ...tables import Table
from ..by_ecosystem import ByEcosystem, ecosystem_members, per_year
from ..soil.slope import Terrain, add_slope, slope_degrees
from ..soil.storms import STORM, add_storms
from ..survey import Climate, Cover, Rasters, Survey, map_output
from ..yearly_kernel import LAND_COVER, Layers, Pixels
from .bodies import BurnedBodies, WaterBody, burn_water_bodies
from .curve_number import (
    LARGEST,
    SMALLEST,
    SOIL_GROUPS,
    Antecedent,
    CurveNumbers,
    curve_numbers,
    direct_runoff,
    effective_storage,
    for_moisture,
    for_slope,
)
from .swamp_soil import UNKNOWN_SOIL, WATER_DENSITY_T_M3, SwampSoil, require_water_density

HELD, HELD_BY_LAND, HELD_IN_WATER = "held", "held_by_land", "held_in_water"
BODIES = "water_bodies"
BODY_AREA = "body_area"
UNDESCRIBED_BODY_AREA = "undescribed_body_area"
COLUMNS_OF_SOIL = 1 + len(SOIL_GROUPS)  # the first is for pixels without a soil group
MM_HA_TO_M3 = 10.0
COLUMNS = (Column("held_mm", unit="mm"), *numbers("volume_m3", "water_bodies_m3", unit="m3"))
BODY_COLUMNS = (
    *texts("body", "kind"), Column("area_ha", unit="ha"), *numbers("capacity_m3", "soil_m3", unit="m3"),
    Column("whole_ha", unit="ha"), Column("inside_pct", unit="%"), Column("year", "integer"),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class FloodFormula:
    """Storm water that the pixels hold, summed by row of its tables: class times `COLUMNS_OF_SOIL` plus soil group.

    Attributes:
        inputs: see `FloodInputs`.
        curve: curve number of average moisture of each row; 100, which holds nothing, for classes without.
        bare: of bare soil, of each row; 100 for classes without a curve number.
        described: rows with a curve number.
        body_depth_mm: by number of the water body; empty without.
    """

    inputs: FloodInputs
    curve: np.ndarray
    bare: np.ndarray
    described: np.ndarray
    body_depth_mm: np.ndarray

    @classmethod
    def of_curves(cls, inputs: FloodInputs, curves: CurveNumbers, body_depth_mm: np.ndarray) -> FloodFormula:
        # where the soil group is unknown (0) a class without curve numbers still has to be told from others
        by_soil = np.concatenate([curves.values[:, :1], curves.values], axis=1)
        described = ~np.isnan(by_soil)
        curve = np.where(described, np.clip(by_soil, SMALLEST, LARGEST), LARGEST)
        bare = np.where(described, np.concatenate([curves.bare[:1], curves.bare]), LARGEST)
        return cls(inputs, curve.reshape(-1), bare.reshape(-1), described.reshape(-1), body_depth_mm)

    def __call__(self, pixels: Pixels) -> Layers:
        row = pixels.classes * COLUMNS_OF_SOIL + self._soil_group(pixels)
        held = self._held(pixels, row)
        covered = pixels.valid[LAND_COVER]
        valid = pixels.all_valid(*(pixels.valid.keys() - {BODIES}))
        if not is_everywhere(valid):
            valid = valid | (covered & ~self.described.take(row))
        if not self.body_depth_mm.size:
            return Layers({HELD: held, HELD_BY_LAND: held}, valid, {HELD: held}, group=row)
        depth = self.body_depth_mm[pixels.values[BODIES].astype(np.intp)]
        in_body = pixels.valid[BODIES] & ~np.isnan(depth)
        held = np.where(in_body, depth, held)
        in_water = np.where(in_body, held, 0)
        amounts = {
            HELD: held,
            BODIES: in_water,
            BODY_AREA: in_body,
            UNDESCRIBED_BODY_AREA: in_body & ~self.described.take(row),
        }
        maps = {HELD: held, HELD_BY_LAND: held - in_water, HELD_IN_WATER: in_water}
        return Layers(maps, valid | (covered & in_body), amounts, group=row)

    def _soil_group(self, pixels: Pixels) -> np.ndarray | int:
        """Number of the soil group, 1 to 4; 0 where it is not known."""
        if self.inputs.soil_group is None:
            return SOIL_GROUPS.index(self.inputs.soil_group_code) + 1
        codes, valid = pixels.values["soil_group"], pixels.valid["soil_group"]
        if codes.min() < 0 or codes.max() > len(SOIL_GROUPS) or (valid & (codes == 0)).any():
            unknown = codes[valid & ((codes < 1) | (codes > len(SOIL_GROUPS)))]
            raise InputError(
                say(
                    "Soil group holds the code {unknown}. The hydrologic soil groups are 1 = A, 2 = B, 3 = C, 4 "
                    "= D: reclassify the raster.",
                    unknown=int(unknown[0]),
                )
            )
        return codes

    def _held(self, pixels: Pixels, row: np.ndarray) -> np.ndarray:
        """Over the storms: rain less runoff, or runoff of bare soil less runoff; mm.

        Whatever does not depend on the place is computed once per class and soil group, then looked up.
        """
        against_bare = self.inputs.form == "against_bare"
        if self.inputs.terrain:
            slope = np.tan(np.radians(slope_degrees(pixels, self.inputs.terrain)))
            storage = self._storage(for_slope(self.curve[row], slope))
            reference = self._storage(for_slope(self.bare[row], slope)) if against_bare else None
            return self._over_storms(self._storms(pixels), storage, reference)
        storage = self._storage(self.curve)
        reference = self._storage(self.bare) if against_bare else None
        storms = self._storms(pixels)
        if self.inputs.storm_rainfall is None:
            return self._over_storms(storms, storage, reference).take(row)
        return self._over_storms(storms, storage.take(row), None if reference is None else reference.take(row))

    def _storage(self, curve: np.ndarray) -> np.ndarray:
        moist = for_moisture(curve, self.inputs.antecedent, self.inputs.antecedent_by)
        return effective_storage(moist, self.inputs.abstraction)

    def _over_storms(
        self, storms: Sequence[np.ndarray], storage: np.ndarray, reference: np.ndarray | None
    ) -> np.ndarray:
        held = np.zeros(storage.shape)
        for rain in storms:
            held += rain if reference is None else direct_runoff(rain, reference, self.inputs.abstraction)
            held -= direct_runoff(rain, storage, self.inputs.abstraction)
        return held

    def _storms(self, pixels: Pixels) -> list[np.ndarray]:
        if self.inputs.storm_rainfall is None:
            return [np.asarray(depth, dtype=np.float64) for depth in self.inputs.storm_depth_mm]
        return [self._storm(pixels, name) for name in pixels.values if name.startswith(STORM)]

    @staticmethod
    def _storm(pixels: Pixels, name: str) -> np.ndarray:
        return pixels.values[name].astype(np.float64)


@dataclass(frozen=True)
class FloodInputs:
    """Storms, land and water.

    Attributes:
        cover: land cover of the years.
        years: strictly rising; empty for one result without a year.
        storm_rainfall: rain of storms, mm: as for every series one raster per year, one with a band per year, or one
            for all years. Several storms are the bands of the raster of a year, or all rasters where there is one
            result; or
        storm_depth_mm: rain of one or several storms, the same everywhere. Runoff is computed storm by storm and
            added, because it grows faster than rain.
        soil_group: raster of 1 to 4 for A to D; or
        soil_group_code: one group everywhere.
        antecedent: moisture before the storm.
        antecedent_by: whether dry and wet curve numbers come from the handbook's table or from formulas.
        form: `held` is rain less runoff; `against_bare` is the runoff that bare soil would have less the runoff.
        abstraction: initial abstraction over storage, 0.2 or 0.05.
        terrain: DEM or slope, for curve numbers by slope; None leaves them as they are.
        curve_numbers: columns `code`, `a`, `b`, `c`, `d`.
        water_bodies: polygons, see `burn_water_bodies`. Their pixels hold what the object holds as a
            whole, spread over its area.
        lakes: the power law of lakes by object, or for the total area of a zone.
        lake_zone: of lakes without one.
        guideline_exchanges: whether the water exchanges of the GEP guide are taken.
        climate: `mean` takes the mean storm of all years, which needs one storm per year.
        swamp_soil: of swamps whose polygons tell nothing of it; by default they hold surface water alone.
        water_density_t_m3: of the water in swamp soil.
    """

    cover: Cover
    years: tuple[int, ...] = ()
    storm_rainfall: Rasters | None = None
    storm_depth_mm: tuple[float, ...] = ()
    soil_group: Rasters | None = None
    soil_group_code: str = ""
    antecedent: Antecedent = "average"
    antecedent_by: Literal["table", "formula"] = "table"
    form: Literal["held", "against_bare"] = "held"
    abstraction: float = 0.2
    terrain: Terrain | None = None
    curve_numbers: Table | None = None
    water_bodies: str | None = None
    lakes: Literal["object", "total"] = "object"
    lake_zone: str = "Eastern plain"
    guideline_exchanges: bool = False
    climate: Climate = "actual"
    swamp_soil: SwampSoil = UNKNOWN_SOIL
    water_density_t_m3: float = WATER_DENSITY_T_M3


@dataclass(frozen=True)
class FloodOutputs:
    """Paths of the maps of all that is held, of the part of land and of that of water bodies; None for none."""

    held: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    land: str | None = None
    water: str | None = None


@dataclass(frozen=True, eq=False)
class FloodResult(ByEcosystem):
    """Storm water held by land with a curve number and in water bodies; groups are those of `FloodFormula`.

    Attributes:
        volume_m3: held, water bodies included.
        water_bodies_m3: of it in water bodies.
        water_bodies_ha: area of water bodies.
        bodies: the water bodies, with the part of each that counts.
    """

    volume_m3: np.ndarray
    water_bodies_m3: np.ndarray
    water_bodies_ha: np.ndarray
    bodies: tuple[WaterBody, ...]

    @property
    def totals(self) -> tuple[float, ...]:
        """Storm water held per year, m³."""
        return per_year(self.volume_m3)

    @property
    def land_range_mm(self) -> tuple[float, float]:
        """Limits of a legend that tells land apart: water bodies hold far more and take the end colour."""
        area = self.area_ha - self.water_bodies_ha
        land = area > 1e-9 * self.area_ha.max(initial=1.0)
        depth = (self.volume_m3 - self.water_bodies_m3)[land] / area[land] / MM_HA_TO_M3
        low, high = min(0.0, float(depth.min(initial=0))), float(depth.max(initial=0))
        # soils spread about the mean of their ecosystem
        low, high = (float(f"{1.25 * limit:.2g}") for limit in (low, high))
        return (low, high) if high > low else (0.0, 1.0)

    def table(self) -> ResultTable:
        """A row per year and ecosystem that counts."""
        depth = self.per_ha(self.volume_m3) / MM_HA_TO_M3
        return self.rows(COLUMNS, depth, self.volume_m3, self.water_bodies_m3)

    def bodies_table(self) -> ResultTable:
        """A row per water body; per year where its part differs between years."""
        return ResultTable(BODY_COLUMNS, tuple(astuple(body) for body in self.bodies))


def run_flood_mitigation(
    inputs: FloodInputs,
    outputs: FloodOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> FloodResult:
    """Maps storm water held by land and water bodies, and sums it by ecosystem.

    Raises:
        InputError: storms or soil groups are missing, given twice, or cannot be used.
        TableError: a land-cover code is not in the scheme, or a curve number or water body cannot be used.
        GridError, OutputError, Cancelled: see `run_job`.
    """
    _check(inputs)
    scheme = inputs.cover.scheme
    curves = curve_numbers(scheme, inputs.curve_numbers)
    with workspace() as folder:
        survey = Survey(inputs.years, settings or RasterSettings(), folder, progress)
        survey.add_land_cover(inputs.cover)
        add_storms(survey, inputs.storm_rainfall, inputs.climate)
        if inputs.soil_group:
            survey.add_classes("soil_group", inputs.soil_group, Measure("soil_group"))
        if inputs.terrain:
            add_slope(survey, inputs.terrain)
        bodies = _bodies(inputs, survey, progress)
        paths = {HELD: outputs.held, HELD_BY_LAND: outputs.land, HELD_IN_WATER: outputs.water}
        made = tuple(
            output
            for name, path in paths.items()
            for output in map_output(survey, name, path, "storm_water_held", outputs.metadata)
        )
        depth = bodies.depth_mm if bodies else np.empty(0)
        formula = FloodFormula.of_curves(inputs, curves, depth)
        sums = survey.run(formula, made, len(formula.described), progress)
    names, member = ecosystem_members(scheme)
    member = member.repeat(COLUMNS_OF_SOIL, axis=0)
    no_bodies = np.zeros_like(sums.amounts[HELD])
    result = FloodResult(
        years=sums.years,
        ecosystems=names,
        area_ha=(sums.area_ha * formula.described + sums.amounts.get(UNDESCRIBED_BODY_AREA, no_bodies)) @ member,
        volume_m3=sums.amounts[HELD] @ member * MM_HA_TO_M3,
        water_bodies_m3=sums.amounts.get(BODIES, no_bodies) @ member * MM_HA_TO_M3,
        water_bodies_ha=sums.amounts.get(BODY_AREA, no_bodies) @ member,
        bodies=bodies.bodies if bodies else (),
        sums=sums,
    )
    for year, total in zip(result.years, result.totals):
        progress.info(say("{year}{total:,.0f} m3 of storm water held.", year=f"{year}: " if year else "", total=total))
    return result


def _check(inputs: FloodInputs) -> None:
    depths = inputs.storm_depth_mm
    if (inputs.storm_rainfall is None) == (not depths):
        raise InputError(say("Give the storm either as a raster (STORM_RAINFALL) or as depths in mm (STORM_DEPTH)."))
    for depth in depths:
        if depth <= 0 or not quantity("storm_rainfall").possible.holds(depth):
            raise InputError(
                say("The storm depth is {depth:g} mm. Give the rain of a storm in mm, such as 80.", depth=depth)
            )
    if inputs.soil_group is None and inputs.soil_group_code not in SOIL_GROUPS:
        raise InputError(
            say(
                "The soil group is {soil_group_code!r}. Give a raster of 1 to 4, or one of {soil_groups}.",
                soil_group_code=inputs.soil_group_code,
                soil_groups=", ".join(SOIL_GROUPS),
            )
        )
    if inputs.abstraction not in (0.2, 0.05):
        raise InputError(
            say(
                "The initial abstraction is {abstraction:g} of the storage. Choose 0.2 or 0.05.",
                abstraction=inputs.abstraction,
            )
        )
    require_water_density(inputs.water_density_t_m3)


def _bodies(inputs: FloodInputs, survey: Survey, progress: Progress) -> BurnedBodies | None:
    if inputs.water_bodies is None:
        return None
    bodies = burn_water_bodies(
        inputs.water_bodies,
        survey.area,
        dict(zip(survey.dated, survey.land_cover)),
        progress,
        inputs.lakes,
        inputs.lake_zone,
        inputs.guideline_exchanges,
        inputs.swamp_soil,
        inputs.water_density_t_m3,
    )
    survey.add_sources(BODIES, [bodies.source] * len(survey.dated), on_grid=True)
    return bodies
