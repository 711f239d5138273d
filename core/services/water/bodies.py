"""Flood water that lakes, reservoirs and swamps hold, by object."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import Literal

import numpy as np

from ...errors import TableError
from ...progress import Progress
from ...raster.classes import ClassIndex
from ...raster.engine import run_job
from ...raster.reading.source import Source
from ...raster.study import StudyArea
from ...raster.tally import Sums, sum_by_class
from ...raster.work import Block, Result
from ...raster.zones.polygon_layer import open_polygons
from ...raster.zones.polygons import burn_zones
from ...tables import resource_table
from .swamp_soil import UNKNOWN_SOIL, SwampSoil

Kind = Literal["lake", "reservoir", "swamp"]
KINDS = ("lake", "reservoir", "swamp")
LAKE_UNIT_M3 = 1e4
RESERVOIR_SHARE = 0.35
SWAMP_PONDING_M = 0.3
SMALLEST_LAKE_KM2 = 1.0
_HA_PER_KM2 = 100.0


def lake_capacity_m3(area_km2: float, intercept: float, slope: float, exchanges: float = 1.0) -> float:
    """Flood storage of one lake, ``C = exp(a) A^b T`` in 1e4 m³, turned into m³.

    The power law holds for each lake: the sum over lakes is not the law of the summed area.

    Source: Rao et al. 2014, Acta Ecologica Sinica 34(21):6225-6231, fitted to lakes above 1 km².
    """
    return LAKE_UNIT_M3 * math.exp(intercept) * area_km2**slope * exchanges


def reservoir_capacity_m3(total_m3: float) -> float:
    """Flood storage of a reservoir, 0.35 of its total capacity.

    Source: Bai Ma et al. 2017, Acta Ecologica Sinica 37(19):6302-6312, doi:10.5846/stxb201607011362.
    """
    return RESERVOIR_SHARE * total_m3


def swamp_capacity_m3(area_ha: float) -> float:
    """Flood storage of a swamp, 0.3 m of surface water.

    Source: Bai Ma et al. 2017, Acta Ecologica Sinica 37(19):6302-6312, doi:10.5846/stxb201607011362.
    """
    return SWAMP_PONDING_M * area_ha * 1e4


@dataclass(frozen=True)
class LakeZone:
    """Coefficients of a lake zone: ``C = exp(intercept) A^slope T``."""

    name: str
    intercept: float
    slope: float
    exchanges: float


@dataclass(frozen=True)
class WaterBody:
    """One object: its polygon's number, its area on the grid, what it holds, and what of that is in swamp soil."""

    feature: str
    kind: Kind
    area_ha: float
    capacity_m3: float
    soil_m3: float = 0.0


@dataclass(frozen=True, eq=False)
class BurnedBodies:
    """Water bodies on the grid.

    Attributes:
        source: number of the object, 0 outside.
        bodies: objects that have a pixel.
        depth_mm: by object number, shape (objects + 1,); NaN at 0 and for objects without a pixel.
    """

    source: Source
    bodies: tuple[WaterBody, ...]
    depth_mm: np.ndarray


def lake_zones(guideline: bool = False) -> dict[str, LakeZone]:
    """The lake zones by their English and Chinese names, in small letters.

    Args:
        guideline: whether water exchanges of the GEP guide are taken where it gives them (3.19 in the eastern plain).
    """
    table = resource_table("lake_regression")
    zones = {}
    for row in table.rows:
        exchanges = row["T_gep"] if guideline and row["T_gep"] else row["T_default"]
        intercept, slope = float(str(row["intercept_a"])), float(str(row["slope_b"]))
        zone = LakeZone(str(row["lake_zone_en"]), intercept, slope, float(str(exchanges)))
        zones[zone.name.casefold()] = zones[str(row["lake_zone_cn"])] = zone
    return zones


def burn_water_bodies(
    path: str,
    area: StudyArea,
    progress: Progress,
    lakes: Literal["object", "total"] = "object",
    default_zone: str = "Eastern plain",
    guideline: bool = False,
    swamp_soil: SwampSoil = UNKNOWN_SOIL,
) -> BurnedBodies:
    """Burns water bodies and spreads what each holds evenly over its pixels.

    Args:
        path: polygons with the fields `kind` (lake, reservoir, swamp), `capacity_m3` (total capacity; needed for
            reservoirs, and wins over the formulas elsewhere), `lake_zone`, and those of `SwampSoil`.
        area: the study area.
        progress: hears what is left out.
        lakes: whether the power law is applied to each lake or to the summed area of a zone.
        default_zone: of lakes whose `lake_zone` is blank.
        guideline: see `lake_zones`.
        swamp_soil: of swamps, where their polygons do not tell. Without any soil they hold surface water alone.

    Raises:
        InputError: the polygons cannot be read.
        TableError: a kind or lake zone is unknown, a reservoir has no capacity, or the soil of a swamp cannot be used.
    """
    zones = burn_zones(path, None, area.grid, area.folder, "water_bodies", "Water bodies", progress)
    attributes = _read(path)
    areas = _areas(zones.source, len(zones.names), area, progress)
    regions = lake_zones(guideline)
    given = [attributes[name] for name in zones.names]
    of_lake = [_zone(given[i], regions, default_zone) if given[i].kind == "lake" else None for i in range(len(given))]
    total = {zone: math.fsum(a for a, z in zip(areas, of_lake) if z == zone) for zone in of_lake if zone}
    bodies, depth = [], np.full(len(given) + 1, np.nan)
    for number, (name, body, hectares, zone) in enumerate(zip(zones.names, given, areas, of_lake), start=1):
        if hectares == 0:
            continue
        summed = total[zone] if zone and lakes == "total" else hectares
        soil = _in_soil(body, hectares, swamp_soil)
        capacity = _capacity(body, hectares, zone, summed) + soil
        bodies.append(WaterBody(name, body.kind, hectares, capacity, soil))
        depth[number] = capacity / (hectares * 10)
    _tell(bodies, len(given), progress)
    if swamp_soil.known and not any(body.kind == "swamp" for body in bodies):
        progress.warn("The soil of swamps is given, but none of the water bodies is a swamp.")
    return BurnedBodies(zones.source, tuple(bodies), depth)


@dataclass(frozen=True)
class _Attributes:
    feature: str
    kind: Kind
    capacity_m3: float | None
    lake_zone: str
    soil: SwampSoil


def _read(path: str) -> dict[str, _Attributes]:
    """The attributes by feature id."""
    opened = open_polygons(path, "Water bodies")
    fields = {name.casefold(): i for i, name in enumerate(opened.fields)}
    if "kind" not in fields:
        raise TableError(f"The water bodies have no field kind. Add it, with {', '.join(KINDS)} for each polygon.")

    def text(feature: object, field: str) -> str:
        value = feature.GetField(fields[field]) if field in fields else None  # type: ignore[attr-defined]
        return "" if value is None else str(value).strip()

    found = {}
    for feature, _ in opened.polygons():
        number = str(feature.GetFID())
        kind = text(feature, "kind").casefold()
        if kind not in KINDS:
            raise TableError(f"Water body {number} has the kind {kind!r}. Write one of {', '.join(KINDS)}.")
        capacity = _number(text(feature, "capacity_m3"), number, "capacity", "its total capacity in m3")
        soil = SwampSoil(
            *(
                _number(text(feature, f.name), number, f.name, "a number, 0 or more")
                for f in dataclass_fields(SwampSoil)
            )
        )
        found[number] = _Attributes(number, kind, capacity, text(feature, "lake_zone"), soil)  # type: ignore[arg-type]
    return found


def _number(text: str, number: str, what: str, wanted: str) -> float | None:
    """A number that is not negative; None where nothing is written."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (math.isfinite(value) and value >= 0):
        raise TableError(f"Water body {number} has the {what} {text!r}. Write {wanted}.")
    return value


def _zone(body: _Attributes, regions: dict[str, LakeZone], default: str) -> LakeZone:
    name = body.lake_zone or default
    zone = regions.get(name.casefold())
    if zone is None:
        known = dict.fromkeys(region.name for region in regions.values())
        raise TableError(f"Water body {body.feature} has the lake zone {name!r}. Write one of {', '.join(known)}.")
    return zone


def _in_soil(body: _Attributes, hectares: float, usual: SwampSoil) -> float:
    """What the soil of a swamp takes up; nothing where its capacity is told as a whole."""
    if body.kind != "swamp" or body.capacity_m3 is not None:
        return 0.0
    return body.soil.completed(usual).storage_m3(hectares, f"Water body {body.feature} (swamp)")


def _capacity(body: _Attributes, hectares: float, zone: LakeZone | None, summed_ha: float) -> float:
    if body.kind == "reservoir":
        if body.capacity_m3 is None:
            raise TableError(
                f"Water body {body.feature} is a reservoir without capacity_m3. Its area does not tell its capacity: "
                "write the total capacity in m3."
            )
        return reservoir_capacity_m3(body.capacity_m3)
    if body.capacity_m3 is not None:
        return body.capacity_m3
    if body.kind == "swamp":
        return swamp_capacity_m3(hectares)
    assert zone is not None
    whole = lake_capacity_m3(summed_ha / _HA_PER_KM2, zone.intercept, zone.slope, zone.exchanges)
    return whole * hectares / summed_ha


@dataclass(frozen=True, eq=False)
class _AreaKernel:
    index: ClassIndex

    def __call__(self, block: Block) -> Result:
        numbers = np.where(block.valid["water_bodies"], self.index(block.values["water_bodies"]), self.index.unknown)
        return Result(sums=Sums({"area": sum_by_class(numbers, self.index.unknown + 1, block.areas_ha)}))


def _areas(source: Source, count: int, area: StudyArea, progress: Progress) -> np.ndarray:
    """Hectares of each object on the grid, within the boundary."""
    index = ClassIndex.of_codes(range(1, count + 1))
    found = run_job(area.job(_AreaKernel(index), [source]), progress.part(0, 0))
    return found.sums["area"][:count]


def _tell(bodies: Sequence[WaterBody], given: int, progress: Progress) -> None:
    for kind in KINDS:
        of_kind = [body.capacity_m3 for body in bodies if body.kind == kind]
        if of_kind:
            progress.info(f"{len(of_kind)} {kind}(s) hold {math.fsum(of_kind):,.0f} m3.")
    in_soil = math.fsum(body.soil_m3 for body in bodies)
    if in_soil:
        progress.info(f"Of it {in_soil:,.0f} m3 in the soil of swamps.")
    if len(bodies) < given:
        progress.warn(f"{given - len(bodies)} water bodies cover no pixel centre and are left out.")
    small = sum(body.kind == "lake" and body.area_ha < SMALLEST_LAKE_KM2 * _HA_PER_KM2 for body in bodies)
    if small:
        progress.warn(f"{small} lakes are smaller than 1 km2, below the lakes that the power law was fitted to.")
