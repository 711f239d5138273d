"""Flood mitigation: storm rain that land holds back (curve numbers), and storage of water bodies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..errors import InputError
from ..progress import QUIET, Progress
from ..raster.files import workspace
from ..raster.settings import RasterSettings
from ..raster.tally import CHUNK_PIXELS
from ..results import Cell, Column, ResultTable
from ..tables import Table
from .curve_number import (
    LARGEST,
    SMALLEST,
    SOIL_GROUPS,
    Antecedent,
    curve_numbers,
    direct_runoff,
    effective_storage,
    for_moisture,
    for_slope,
)
from .plausible import refuse_negative, refuse_slip
from .slope import Terrain, add_slope, slope_degrees
from .storms import STORM, add_storms
from .survey import Climate, Cover, Layers, Pixels, Series, Survey, YearlySums, ecosystem_members, map_output
from .water_bodies import BurnedBodies, WaterBody, burn_water_bodies

HELD = "held"
BODIES = "water_bodies"
BODY_AREA = "body_area"
MM_HA_TO_M3 = 10.0
RECORD_STORM_MM = 2_000.0  # the most rain ever measured in a day is 1825 mm
COLUMNS = (
    Column("year", "integer"),
    Column("ecosystem", "text"),
    Column("area_ha", unit="ha"),
    Column("held_mm", unit="mm"),
    Column("volume_m3", unit="m3"),
    Column("water_bodies_m3", unit="m3"),
)
BODY_COLUMNS = (
    Column("body", "text"),
    Column("kind", "text"),
    Column("area_ha", unit="ha"),
    Column("capacity_m3", unit="m3"),
)


@dataclass(frozen=True, eq=False)
class FloodFormula:
    """Storm water that the pixels hold.

    Attributes:
        inputs: see `FloodInputs`.
        curves: curve numbers of average moisture, shape (classes, 4); NaN for classes without.
        bare: of bare soil, shape (4,).
        body_depth_mm: by number of the water body; empty without.
    """

    inputs: FloodInputs
    curves: np.ndarray
    bare: np.ndarray
    body_depth_mm: np.ndarray

    def __call__(self, pixels: Pixels) -> Layers:
        covered = pixels.valid["land_cover"]
        group, valid = self._soil_group(pixels)
        row = pixels.classes * len(SOIL_GROUPS) + group
        described = ~np.isnan(self.curves).reshape(-1)[row]
        held = self._held(pixels, row)
        held *= described
        for name in pixels.valid.keys() - {"soil_group", BODIES}:
            valid = valid & pixels.valid[name]
        valid = valid | (covered & ~described)
        amounts = {HELD: held, "described": described}
        if self.body_depth_mm.size:
            depth = self.body_depth_mm[pixels.values[BODIES].astype(np.intp)]
            in_body = pixels.valid[BODIES] & ~np.isnan(depth)
            held = np.where(in_body, depth, held)
            valid = valid | (covered & in_body)
            in_bodies = {BODIES: np.where(in_body, held, 0), BODY_AREA: in_body}
            amounts = {HELD: held, "described": described | in_body, **in_bodies}
        return Layers({HELD: held}, valid, amounts, group=pixels.classes)

    def _soil_group(self, pixels: Pixels) -> tuple[np.ndarray, np.ndarray]:
        """Index of the soil group, 0 to 3, and where it is known."""
        if self.inputs.soil_group is None:
            code = SOIL_GROUPS.index(self.inputs.soil_group_code)
            return np.broadcast_to(np.intp(code), pixels.classes.shape), np.ones(pixels.classes.shape, dtype=bool)
        codes, valid = pixels.values["soil_group"], pixels.valid["soil_group"]
        unknown = valid & ((codes < 1) | (codes > len(SOIL_GROUPS)))
        if unknown.any():
            raise InputError(
                f"Soil group holds the code {int(codes[unknown][0])}. The hydrologic soil groups are 1 = A, 2 = B, "
                "3 = C, 4 = D: reclassify the raster."
            )
        return np.maximum(codes.astype(np.intp) - 1, 0), valid

    def _held(self, pixels: Pixels, row: np.ndarray) -> np.ndarray:
        """Over the storms: rain less runoff, or runoff of bare soil less runoff; mm.

        Whatever does not depend on the place is computed once per class and soil group, then looked up.

        Args:
            pixels: the inputs.
            row: class and soil group of each pixel, in the order of `curves`.
        """
        curve = np.where(np.isnan(self.curves), LARGEST, np.clip(self.curves, SMALLEST, LARGEST)).reshape(-1)
        bare = np.tile(self.bare, len(self.curves))
        if self.inputs.terrain:
            slope = np.tan(np.radians(slope_degrees(pixels, self.inputs.terrain)))
            storage, reference = self._storage(for_slope(curve[row], slope)), None
            if self.inputs.form == "against_bare":
                reference = self._storage(for_slope(bare[row], slope))
            return self._over_storms(self._storms(pixels), storage, reference)
        storage, reference = self._storage(curve), None
        if self.inputs.form == "against_bare":
            reference = self._storage(bare)
        if self.inputs.storm_rainfall is None:
            return self._over_storms(self._storms(pixels), storage, reference)[row]
        return self._looked_up(self._storms(pixels), storage, reference, row)

    def _looked_up(
        self, storms: Sequence[np.ndarray], storage: np.ndarray, reference: np.ndarray | None, row: np.ndarray
    ) -> np.ndarray:
        """Storms by place on looked-up storages, in chunks that stay in the processor's cache."""
        rows, rains = row.reshape(-1), [rain.reshape(-1) for rain in storms]
        held = np.empty(rows.size)
        for start in range(0, rows.size, CHUNK_PIXELS):
            part = slice(start, start + CHUNK_PIXELS)
            bare = None if reference is None else reference[rows[part]]
            held[part] = self._over_storms([rain[part] for rain in rains], storage[rows[part]], bare)
        return held.reshape(row.shape)

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
        rain, valid = pixels.values[name], pixels.valid[name]
        refuse_negative("Storm rainfall", rain, valid)
        refuse_slip(
            "Storm rainfall in mm",
            rain,
            rain > RECORD_STORM_MM,
            valid,
            "No storm brings that much. It looks like tenths of a millimetre or annual rain: give the rain of a storm.",
        )
        return rain


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
        water_bodies: polygons, see `burn_water_bodies`. Their pixels hold what the object holds.
        lakes: the power law of lakes by object, or for the total area of a zone.
        lake_zone: of lakes without one.
        guideline_exchanges: whether the water exchanges of the GEP guide are taken.
        climate: `mean` takes the mean storm of all years, which needs one storm per year.
    """

    cover: Cover
    years: tuple[int, ...] = ()
    storm_rainfall: Series | None = None
    storm_depth_mm: tuple[float, ...] = ()
    soil_group: Series | None = None
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


@dataclass(frozen=True)
class FloodOutputs:
    """Path of the map; None for none."""

    held: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class FloodResult:
    """Storm water held; arrays have shape (years, ecosystems).

    Attributes:
        years: as given.
        ecosystems: names.
        area_ha: with a curve number or in a water body.
        volume_m3: held, water bodies included.
        water_bodies_m3: of it in water bodies.
        water_bodies_ha: area of water bodies.
        bodies: the water bodies.
        sums: of the run; groups are land-cover classes.
    """

    years: tuple[int | None, ...]
    ecosystems: tuple[str, ...]
    area_ha: np.ndarray
    volume_m3: np.ndarray
    water_bodies_m3: np.ndarray
    water_bodies_ha: np.ndarray
    bodies: tuple[WaterBody, ...]
    sums: YearlySums

    @property
    def totals(self) -> tuple[float, ...]:
        """Storm water held per year, m³."""
        return tuple(math.fsum(year) for year in self.volume_m3)

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
        rows: list[tuple[Cell, ...]] = []
        for y, year in enumerate(self.years):
            for e, ecosystem in enumerate(self.ecosystems):
                area, volume = float(self.area_ha[y, e]), float(self.volume_m3[y, e])
                if area > 0:
                    in_bodies = float(self.water_bodies_m3[y, e])
                    rows.append((year, ecosystem, area, volume / area / MM_HA_TO_M3, volume, in_bodies))
        return ResultTable(COLUMNS, tuple(rows))

    def bodies_table(self) -> ResultTable:
        """A row per water body."""
        return ResultTable(BODY_COLUMNS, tuple((b.feature, b.kind, b.area_ha, b.capacity_m3) for b in self.bodies))


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
            survey.add_classes("soil_group", "Soil group", inputs.soil_group)
        if inputs.terrain:
            add_slope(survey, inputs.terrain)
        bodies = _bodies(inputs, survey, progress)
        made = map_output(survey, HELD, outputs.held, "mm", outputs.metadata)
        depth = bodies.depth_mm if bodies else np.empty(0)
        sums = survey.run(FloodFormula(inputs, curves.values, curves.bare, depth), made, len(scheme.codes), progress)
    names, member = ecosystem_members(scheme)
    no_bodies = np.zeros_like(sums.amounts[HELD])
    result = FloodResult(
        years=sums.years,
        ecosystems=names,
        area_ha=sums.amounts["described"] @ member,
        volume_m3=sums.amounts[HELD] @ member * MM_HA_TO_M3,
        water_bodies_m3=sums.amounts.get(BODIES, no_bodies) @ member * MM_HA_TO_M3,
        water_bodies_ha=sums.amounts.get(BODY_AREA, no_bodies) @ member,
        bodies=bodies.bodies if bodies else (),
        sums=sums,
    )
    for year, total in zip(result.years, result.totals):
        progress.info(f"{f'{year}: ' if year else ''}{total:,.0f} m3 of storm water held.")
    return result


def _check(inputs: FloodInputs) -> None:
    depths = inputs.storm_depth_mm
    if (inputs.storm_rainfall is None) == (not depths):
        raise InputError("Give the storm either as a raster (STORM_RAINFALL) or as depths in mm (STORM_DEPTH).")
    for depth in depths:
        if not 0 < depth <= RECORD_STORM_MM:
            raise InputError(f"The storm depth is {depth:g} mm. Give the rain of a storm in mm, such as 80.")
    if inputs.soil_group is None and inputs.soil_group_code not in SOIL_GROUPS:
        raise InputError(
            f"The soil group is {inputs.soil_group_code!r}. Give a raster of 1 to 4, or one of "
            f"{', '.join(SOIL_GROUPS)}."
        )
    if inputs.abstraction not in (0.2, 0.05):
        raise InputError(f"The initial abstraction is {inputs.abstraction:g} of the storage. Choose 0.2 or 0.05.")


def _bodies(inputs: FloodInputs, survey: Survey, progress: Progress) -> BurnedBodies | None:
    if inputs.water_bodies is None:
        return None
    bodies = burn_water_bodies(
        inputs.water_bodies, survey.area, progress, inputs.lakes, inputs.lake_zone, inputs.guideline_exchanges
    )
    survey.add_sources(BODIES, [bodies.source] * len(survey.dated), on_grid=True)
    return bodies
