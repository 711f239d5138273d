"""Flood water that lakes, reservoirs and swamps hold, by object."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import Literal

import numpy as np

from ...errors import TableError
from ...messages import say
from ...progress import Progress
from ...raster.area import M3_PER_MM_HA
from ...raster.reading.source import Source
from ...raster.study import StudyArea
from ...raster.zones.polygon_layer import open_polygons
from ...raster.zones.polygons import burn_zones
from ...tables import resource_table
from .parts import WHOLE, Parts, parts_of_objects
from .swamp_soil import UNKNOWN_SOIL, WATER_DENSITY_T_M3, SwampSoil

Kind = Literal["lake", "reservoir", "swamp"]
KINDS = ("lake", "reservoir", "swamp")
LAKE_UNIT_M3 = 1e4
RESERVOIR_SHARE = 0.35
SWAMP_PONDING_M = 0.3
SMALLEST_LAKE_KM2 = 1.0
NAMED_BODIES = 10  # in a message
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
    """One object, or the part of it that takes part.

    Attributes:
        feature: number of its polygon.
        kind: of the object.
        area_ha: of the part.
        capacity_m3: what the part holds.
        soil_m3: of it in swamp soil.
        whole_ha: area of the whole object.
        inside_pct: area of the part in that of the whole.
        year: None where the part is that of every year.
    """

    feature: str
    kind: Kind
    area_ha: float
    capacity_m3: float
    soil_m3: float
    whole_ha: float
    inside_pct: float
    year: int | None = None


@dataclass(frozen=True, eq=False)
class BurnedBodies:
    """Water bodies on the grid.

    Attributes:
        source: number of the object, or of the objects that lie over one another; 0 outside.
        bodies: parts of objects that have a pixel; for every year where these differ.
        depth_mm: what lies above a pixel by its number, shape (numbers + 1,); NaN at 0.
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
    land_cover: Mapping[int | None, Source],
    progress: Progress,
    lakes: Literal["object", "total"] = "object",
    default_zone: str = "Eastern plain",
    guideline: bool = False,
    swamp_soil: SwampSoil = UNKNOWN_SOIL,
    water_density_t_m3: float = WATER_DENSITY_T_M3,
) -> BurnedBodies:
    """Burns water bodies and spreads what each holds as a whole evenly over its area; the part that takes part counts.

    Where objects overlap, each holds its own.

    Args:
        path: polygons with the fields `kind` (lake, reservoir, swamp), `capacity_m3` (total capacity; needed for
            reservoirs, and wins over the formulas elsewhere), `lake_zone`, and those of `SwampSoil`.
        area: the study area.
        land_cover: by year; without a value an object does not count.
        progress: hears what is left out, and which objects are cut.
        lakes: whether the power law is applied to each lake or to the summed area of a zone.
        default_zone: of lakes whose `lake_zone` is blank.
        guideline: see `lake_zones`.
        swamp_soil: of swamps, where their polygons do not tell. Without any soil they hold surface water alone.
        water_density_t_m3: of the water in their soil.

    Raises:
        InputError: the polygons cannot be read.
        TableError: a kind or lake zone is unknown, a reservoir has no capacity, or the soil of a swamp cannot be used.
    """
    zones = burn_zones(path, None, area.grid, area.folder, "water_bodies", "Water bodies", progress, overlapping=True)
    attributes = _read(path)
    parts = parts_of_objects(path, zones, area, tuple(land_cover.values()), progress.part(0, 0))
    given = [attributes[name] for name in zones.names]
    there = parts.counted_ha.any(axis=0)
    regions = lake_zones(guideline)
    of_lake = [_zone(body, regions, default_zone) if body.kind == "lake" else None for body in given]
    total = {
        zone: math.fsum(a for a, z, seen in zip(parts.whole_ha, of_lake, there) if seen and z == zone)
        for zone in of_lake
        if zone
    }
    whole, soil = np.zeros(len(given)), np.zeros(len(given))
    for i in np.flatnonzero(there):
        hectares, zone = float(parts.whole_ha[i]), of_lake[i]
        soil[i] = _in_soil(given[i], hectares, swamp_soil, water_density_t_m3)
        whole[i] = soil[i] + _capacity(given[i], hectares, zone, total[zone] if zone and lakes == "total" else hectares)
    bodies = _parts(given, whole, soil, parts, tuple(land_cover))
    _tell(bodies, [body.feature for body, seen in zip(given, there) if not seen], progress)
    if swamp_soil.known and not any(body.kind == "swamp" for body in bodies):
        progress.warn(say("The soil of swamps is given, but none of the water bodies is a swamp."))
    depth = whole * parts.share_per_ha / M3_PER_MM_HA
    sets = zones.sets or tuple((i,) for i in range(len(given)))
    by_number = [np.nan, *(math.fsum(depth[list(objects)]) for objects in sets)]
    return BurnedBodies(zones.source, bodies, np.array(by_number))


def _parts(
    given: Sequence[_Attributes], whole: np.ndarray, soil: np.ndarray, parts: Parts, years: Sequence[int | None]
) -> tuple[WaterBody, ...]:
    """Parts of the objects; once where they are the same in all years, else for each year."""
    share = parts.share
    alike = bool((parts.counted_ha == parts.counted_ha[0]).all())
    return tuple(
        WaterBody(
            body.feature,
            body.kind,
            area_ha=float(parts.counted_ha[y, i]),
            capacity_m3=float(whole[i] * share[y, i]),
            soil_m3=float(soil[i] * share[y, i]),
            whole_ha=float(parts.whole_ha[i]),
            inside_pct=float(100 * share[y, i]),
            year=None if alike else year,
        )
        for y, year in enumerate([None] if alike else years)
        for i, body in enumerate(given)
        if parts.counted_ha[y, i] > 0
    )


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
        raise TableError(
            say("The water bodies have no field kind. Add it, with {kinds} for each polygon.", kinds=", ".join(KINDS))
        )

    def text(feature: object, field: str) -> str:
        value = feature.GetField(fields[field]) if field in fields else None  # type: ignore[attr-defined]
        return "" if value is None else str(value).strip()

    found = {}
    for feature, _ in opened.polygons():
        number = str(feature.GetFID())
        kind = text(feature, "kind").casefold()
        if kind not in KINDS:
            raise TableError(
                say(
                    "Water body {number} has the kind {kind!r}. Write one of {kinds}.",
                    number=number,
                    kind=kind,
                    kinds=", ".join(KINDS),
                )
            )
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
        raise TableError(
            say(
                "Water body {number} has the {what} {text!r}. Write {wanted}.",
                number=number,
                what=what,
                text=text,
                wanted=wanted,
            )
        )
    return value


def _zone(body: _Attributes, regions: dict[str, LakeZone], default: str) -> LakeZone:
    name = body.lake_zone or default
    zone = regions.get(name.casefold())
    if zone is None:
        known = dict.fromkeys(region.name for region in regions.values())
        raise TableError(
            say(
                "Water body {feature} has the lake zone {name!r}. Write one of {known}.",
                feature=body.feature,
                name=name,
                known=", ".join(known),
            )
        )
    return zone


def _in_soil(body: _Attributes, hectares: float, usual: SwampSoil, density_t_m3: float) -> float:
    """What the soil of a swamp takes up; nothing where its capacity is told as a whole."""
    if body.kind != "swamp" or body.capacity_m3 is not None:
        return 0.0
    return body.soil.completed(usual).storage_m3(hectares, f"Water body {body.feature} (swamp)", density_t_m3)


def _capacity(body: _Attributes, hectares: float, zone: LakeZone | None, summed_ha: float) -> float:
    if body.kind == "reservoir":
        if body.capacity_m3 is None:
            raise TableError(
                say(
                    "Water body {feature} is a reservoir without capacity_m3. Its area does not tell its "
                    "capacity: write the total capacity in m3.",
                    feature=body.feature,
                )
            )
        return reservoir_capacity_m3(body.capacity_m3)
    if body.capacity_m3 is not None:
        return body.capacity_m3
    if body.kind == "swamp":
        return swamp_capacity_m3(hectares)
    if zone is None:
        raise TypeError("zone is not as expected")
    whole = lake_capacity_m3(summed_ha / _HA_PER_KM2, zone.intercept, zone.slope, zone.exchanges)
    return whole * hectares / summed_ha


def _tell(bodies: Sequence[WaterBody], without: Sequence[str], progress: Progress) -> None:
    for year in dict.fromkeys(body.year for body in bodies):
        of_year = [body for body in bodies if body.year == year]
        for kind in KINDS:
            of_kind = [body.capacity_m3 for body in of_year if body.kind == kind]
            if of_kind:
                when = f"{year}: " if year else ""
                progress.info(
                    say(
                        "{when}{count} {kind}(s) hold {of_kind:,.0f} m3.",
                        when=when,
                        count=len(of_kind),
                        kind=kind,
                        of_kind=math.fsum(of_kind),
                    )
                )
        in_soil = math.fsum(body.soil_m3 for body in of_year)
        if in_soil:
            progress.info(say("Of it {in_soil:,.0f} m3 in the soil of swamps.", in_soil=in_soil))
    cut = {b.feature: b.inside_pct for b in bodies if b.inside_pct < 100 * WHOLE}
    if cut:
        named = [f"{feature} ({share:.4g} %)" for feature, share in cut.items()]
        progress.warn(
            say(
                "{count} water bodies are cut by the boundary, the edge of the rasters or land cover without data. "
                "What each holds as a whole counts with the share of its area inside: {named}.",
                count=len(cut),
                named=_some(named),
            )
        )
    if without:
        progress.warn(
            say(
                "{count} water bodies cover no pixel centre inside and are left out, with what they hold: {named}.",
                count=len(without),
                named=_some(without),
            )
        )
    lakes = {body.feature for body in bodies if body.kind == "lake" and body.whole_ha < SMALLEST_LAKE_KM2 * _HA_PER_KM2}
    if lakes:
        progress.warn(
            say(
                "{count} lakes are smaller than 1 km2, below the lakes that the power law was fitted to.",
                count=len(lakes),
            )
        )


def _some(named: Sequence[str]) -> str:
    return ", ".join(named[:NAMED_BODIES]) + (" ..." if len(named) > NAMED_BODIES else "")
