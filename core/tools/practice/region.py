"""A synthetic mountain-to-plain region with every raster, shape and table that the other algorithms need.

The same size, seed and years give the same rasters, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ...errors import InputError
from ...land_cover import load_scheme
from ...messages import say
from . import land as land
from . import layers as make
from .accounts import District, account_tables
from .files import RasterFile, RegionFiles, ShapesFile, TableFile, write_region
from .image import BANDS, landsat_image
from .model import Feature, Layer, Region, Shapes, Table
from .shapes import district_seats, districts, hexagons, inside_outline, outline
from .tables import tables_of
from .terrain import Array, Mask, Terrain, build_terrain, random_stream

__all__ = ["Feature", "Layer", "RasterFile", "Region", "RegionFiles", "Shapes", "ShapesFile", "Table", "TableFile",
           "build_region", "write_region"]  # fmt: skip

SMALLEST, LARGEST = 48, 2000
EPSG = 32650
ORIGIN = (420_000.0, 4_440_000.0)
MISSING = -9999.0
REGION_NAMES = {"en": "Practice region", "zh": "示例区"}
DISTRICT_NAMES = {
    "en": ("Ashford", "Birchwell", "Cedarton", "Daleside", "Elmridge", "Fernbrook"),
    "zh": ("白蜡镇", "桦泉乡", "雪松镇", "谷边乡", "榆岭乡", "蕨溪乡"),
}


def build_region(
    size: int = 400,
    seed: int = 1,
    years: Sequence[int] = (2000, 2005, 2010, 2015),
    pixel_m: float = 30.0,
    language: str = "en",
) -> Region:
    """Builds the region in memory, about 2 kB per pixel for four years.

    Args:
        size: rows and columns, 48 to 2000.
        seed: a whole number from 0; every seed is another region.
        years: at least two, strictly increasing.
        pixel_m: width of a pixel, m.
        language: of the names of the region and its districts.

    Raises:
        InputError: a size, seed or list of years that cannot be used.
    """
    _check(size, seed, years)
    ring = outline(size, seed)
    world = _grow(size, seed, years, pixel_m, inside_outline(ring, size))
    layers = _lasting_layers(world)
    for number, year in enumerate(years):
        layers += _layers_of_year(world, number, year)
        if number in (0, len(years) - 1):
            layers.append(_landsat(world, number, year))

    names = DISTRICT_NAMES[language]
    district, rings = districts(district_seats(world.places.towns, size), size)
    sums = [
        [_sums_by(district, values * pixel_m**2 / 1e6, world.inside, len(rings)) for values in (of.population, of.gdp)]
        for of in world.people
    ]
    shapes = (
        Shapes("boundary", "study boundary", ("name",), (Feature(_to_map(ring, pixel_m), (REGION_NAMES[language],)),)),
        _district_shapes(rings, names, sums, years, pixel_m),
        _planning_units(world, layers),
        _water_shapes(world.places, pixel_m),
    )
    gdp_rows = [(zone + 1, year, round(float(gdp[zone]), 1))
                for zone in range(len(rings)) for year, (_, gdp) in zip(years, sums)]  # fmt: skip
    return Region(
        size, seed, tuple(years), pixel_m, ORIGIN, EPSG, tuple(layers), shapes,
        (*tables_of(seed, years, gdp_rows), *account_tables(seed, years, _statistics_of(world, names, district, sums))),
        dict(make.KNOWN_COEFFICIENTS),
    )  # fmt: skip


@dataclass(frozen=True)
class _World:
    """All that is known of the region before it is cut into layers; lists hold one item per year."""

    seed: int
    terrain: Terrain
    inside: Mask
    places: land.Places
    fields: Array
    covers: list[land.Cover]
    climates: list[make.Climate]
    soil: make.Soil
    vegetation: list[make.Vegetation]
    people: list[make.People]


def _grow(size: int, seed: int, years: Sequence[int], pixel_m: float, inside: Mask) -> _World:
    terrain = build_terrain(size, seed, pixel_m)
    places = land.settle(terrain, inside, seed, len(years))
    fields = land.field_pattern(size, seed)
    covers = land.cover_by_year(terrain, places, inside, seed, years)
    climates = [make.climate_of(terrain, seed, years[0], year) for year in years]
    vegetation = make.vegetation_by_year(covers, climates, fields, seed, years)
    people = [make.people_of(cover, fields, seed, years[0], year) for cover, year in zip(covers, years)]
    return _World(
        seed, terrain, inside, places, fields, covers, climates, make.soil_of(terrain, seed), vegetation, people
    )


def _lasting_layers(world: _World) -> list[Layer]:
    soil, towns = world.soil, np.isin(world.covers[-1], (land.URBAN, land.INDUSTRY))
    return [
        _continuous("dem", "elevation", world.places.elevation, "m"),
        _continuous("sand", "sand in the topsoil", soil.sand, "%"),
        _continuous("silt", "silt in the topsoil", soil.silt, "%"),
        _continuous("clay", "clay in the topsoil", soil.clay, "%"),
        _continuous("organic_carbon", "organic carbon in the topsoil", soil.organic_carbon, "%"),
        _classes("soil_group", "hydrologic soil group, 1-4 = A-D", soil.group, 0),
        _classes("road_threat", "main roads, 1 = road", world.places.roads.astype(np.uint8), land.NO_COVER),
        _classes("town_threat", "towns of the last year, 1 = town", towns.astype(np.uint8), land.NO_COVER),
    ]


def _layers_of_year(world: _World, number: int, year: int) -> list[Layer]:
    climate, plants, folk = world.climates[number], world.vegetation[number], world.people[number]
    cover = world.covers[number]
    still = np.isin(cover, (land.LAKE, land.RESERVOIR))
    sealed = np.isin(cover, (*land.WATER, land.URBAN))
    kept = make.soil_retention(world.terrain, climate.rain, world.soil, plants.cover, cover)
    # What a place is worth by itself: its first land cover and the lie of the land.
    place = 2500 + 9 * world.vegetation[0].npp + 3 * world.terrain.elevation
    response = make.response_of(climate, folk, place, world.seed, year)
    months = tuple(f"{year}-{month:02d}" for month in range(1, 13))
    return [
        _land_cover(cover, world.inside, world.seed, number, year),
        _continuous("npp", "net primary productivity, missing on lake and reservoir", plants.npp, "gC/(m2 a)", year,
                    missing=still),
        _continuous("gpp", "gross primary productivity, missing on lake and reservoir", plants.gpp, "gC/(m2 a)", year,
                    missing=still),
        _continuous("precipitation", "annual precipitation", climate.rain, "mm", year),
        _continuous("precipitation_monthly", "monthly precipitation, a band per month", climate.monthly, "mm", year,
                    bands=months),
        _continuous("evapotranspiration", "annual actual evapotranspiration, missing on water and in cities",
                    plants.evapotranspiration, "mm", year, missing=sealed),
        _continuous("temperature", "annual mean air temperature", climate.temperature, "deg C", year),
        _continuous("soil_retention", "soil retention R K LS (1 - C P)", kept, "t/(ha a)", year),
        _ndvi(plants.ndvi, year),
        _continuous("fvc", "fractional vegetation cover", plants.cover, "1", year),
        _continuous("lai", "leaf area index", plants.lai, "m2/m2", year),
        _continuous("biomass", "above-ground biomass", plants.biomass, "t/ha", year),
        _continuous("population", "population density", folk.population, "persons/km2", year),
        _continuous("log_population", "ln(1 + population density)", folk.log_population, "ln(persons/km2)", year),
        _continuous("gdp", "gross domestic product", folk.gdp, "1e4 CNY/km2", year),
        _continuous("night_light", "night-time light", folk.night_light, "nW/(cm2 sr)", year),
        _continuous("response", "asset value made of known effects of its drivers (known_coefficients.csv)",
                    response, "CNY/(ha a)", year, missing=~world.inside),
    ]  # fmt: skip


def _landsat(world: _World, number: int, year: int) -> Layer:
    image = landsat_image(
        world.terrain, world.places.elevation, world.covers[number], world.vegetation[number].cover,
        world.climates[number].temperature, world.fields, world.seed, year,
    )  # fmt: skip
    title = "Landsat 5 TM summer image, Collection 2 Level 2 digital numbers; band 8 is QA_PIXEL"
    return Layer(f"landsat_{year}", title, image, "continuous", "", BANDS, 0, year)


def _check(size: int, seed: int, years: Sequence[int]) -> None:
    if not SMALLEST <= size <= LARGEST:
        raise InputError(
            say(
                "Size {size} of the practice region: give {smallest} to {largest} rows and columns.",
                size=size,
                smallest=SMALLEST,
                largest=LARGEST,
            )
        )
    if seed < 0:
        raise InputError(say("Seed {seed} of the practice region: give a whole number from 0.", seed=seed))
    if len(years) < 2 or any(a >= b for a, b in zip(years, years[1:])):
        raise InputError(
            say("Years {years} of the practice region: give at least two, from early to late.", years=list(years))
        )


def _continuous(
    name: str, title: str, values: Array, unit: str, year: int | None = None,
    bands: tuple[str, ...] | None = None, missing: Mask | None = None,
) -> Layer:  # fmt: skip
    stored = values.astype(np.float32)
    if missing is not None:
        stored[missing] = MISSING
    full_name = name if year is None else f"{name}_{year}"
    return Layer(full_name, title, stored, "continuous", unit, bands or (str(year or title),), MISSING, year)


def _classes(name: str, title: str, codes: NDArray[Any], nodata: int) -> Layer:
    return Layer(name, title, codes, "classes", "", (title,), nodata)


def _ndvi(values: Array, year: int) -> Layer:
    """As MODIS stores it: 16 bits, scale 0.0001."""
    stored = np.round(values * 10_000).astype(np.int16)
    title = "NDVI of the growing season, stored with scale 0.0001"
    return Layer(f"ndvi_{year}", title, stored, "continuous", "1", (str(year),), -3000, year, scale=0.0001)


def _land_cover(cover: land.Cover, inside: Mask, seed: int, number: int, year: int) -> Layer:
    """Nothing outside the boundary; the second map lost a few small patches, the last one a smaller one."""
    stored = np.where(inside, cover, land.NO_COVER).astype(np.uint8)
    size = cover.shape[0]
    holes = {1: 4}.get(number, 0)
    rng = random_stream(seed, f"holes {number}")
    row, column = np.mgrid[0:size, 0:size]
    for place in 0.25 + 0.5 * rng.random((holes, 2)):
        stored[np.hypot(row - place[0] * size, column - place[1] * size) < max(1.5, size / 130)] = land.NO_COVER
    return Layer(
        f"land_cover_{year}", "land cover, CNLUCC level 2", stored, "classes", "", (str(year),), land.NO_COVER, year
    )


def _to_map(ring: Array, pixel_m: float) -> Array:
    """Map coordinates (x, y) of rows and columns counted from the upper left corner."""
    return np.column_stack([ORIGIN[0] + ring[:, 1] * pixel_m, ORIGIN[1] - ring[:, 0] * pixel_m])


def _district_shapes(
    rings: list[Array], names: Sequence[str], sums: list[list[Array]], years: Sequence[int], pixel_m: float
) -> Shapes:
    fields = ["district_id", "name"]
    fields += [f"{what}_{year}" for year in years for what in ("population", "gdp")]
    features = []
    for zone, ring in enumerate(rings):
        by_year = [round(float(of[zone]), 1) for year_sums in sums for of in year_sums]
        features.append(Feature(_to_map(ring, pixel_m), (zone + 1, names[zone], *by_year)))
    title = "districts with population (persons) and GDP (1e4 CNY) by year"
    return Shapes("districts", title, tuple(fields), tuple(features))


def _statistics_of(
    world: _World, names: Sequence[str], district: NDArray[Any], sums: list[list[Array]]
) -> list[District]:
    """What statistics know of the districts: people, GDP and areas of ecosystems."""
    scheme, hectares = load_scheme("cnlucc"), world.terrain.pixel_m**2 / 1e4
    counts = [
        {code: _sums_by(district, (cover == code) * hectares, world.inside, len(names)) for code in scheme.codes}
        for cover in world.covers
    ]
    found = []
    for zone, name in enumerate(names[: len(sums[0][0])]):
        areas: list[dict[str, float]] = []
        for of_year in counts:
            areas.append({})
            for code, by_zone in of_year.items():
                ecosystem = scheme.ecosystem_of(code)
                areas[-1][ecosystem] = areas[-1].get(ecosystem, 0.0) + float(by_zone[zone])
        people, gdp = ([float(of[kind][zone]) for of in sums] for kind in (0, 1))
        found.append(District(name, people, gdp, areas))
    return found


def _sums_by(zone: NDArray[Any], amount: Array, inside: Mask, zones: int) -> Array:
    return np.asarray(np.bincount(zone[inside], amount[inside], minlength=zones), dtype=np.float64)


def _planning_units(world: _World, layers: list[Layer]) -> Shapes:
    """Hexagons of the last year with what they would keep and cost: land prices follow the economy around them."""
    unit, rings = hexagons(world.inside)
    pixel_m, cover = world.terrain.pixel_m, world.covers[-1]
    hectares = pixel_m**2 / 1e4
    last = {layer.name.rsplit("_", 1)[0]: layer for layer in layers if layer.year is not None}
    natural = np.isin(cover // 10, (2, 3, 4)) | (cover == land.MARSH)
    water_mm = np.nan_to_num(np.maximum(last["precipitation"].values() - last["evapotranspiration"].values(), 0))
    price = 2.0 + 3.0 * np.isin(cover, (land.PADDY, land.DRYLAND)) + 0.004 * world.people[-1].gdp
    amounts = (
        price * hectares,
        natural * hectares,
        last["soil_retention"].values() * hectares,
        water_mm * natural * hectares * 10,
        np.nan_to_num(last["npp"].values()) * hectares / 100,
    )
    sums = [_sums_by(unit, amount, world.inside, len(rings)) for amount in amounts]
    features = tuple(
        Feature(_to_map(ring, pixel_m), (number + 1, *(round(float(of[number]), 2) for of in sums)))
        for number, ring in enumerate(rings)
    )
    title = "planning units: cost (1e4 CNY), natural habitat (ha), soil (t/a), water (m3/a) and carbon (tC/a) kept"
    return Shapes(
        "planning_units", title, ("unit_id", "cost", "habitat_ha", "soil_t", "water_m3", "carbon_t"), features
    )


def _water_shapes(places: land.Places, pixel_m: float) -> Shapes:
    """Lake and reservoir of the last year as rings around their pixels."""
    features = []
    for kind, name, mask, capacity in (
        ("lake", "Heron Lake", places.lake, float(places.lake.sum() * pixel_m**2 * 4)),
        ("reservoir", "Stone Gate Reservoir", places.reservoir[-1], places.capacity_m3),
    ):
        if mask.any():
            features.append(Feature(_to_map(_ring_around(mask), pixel_m), (kind, name, capacity, "Eastern plain")))
    title = "lake and reservoir of the last year; lake_zone as in the table of lake regressions"
    return Shapes("water_bodies", title, ("kind", "name", "capacity_m3", "lake_zone"), tuple(features))


def _ring_around(mask: Mask) -> Array:
    """The outer edge of the largest patch of the mask, along pixel edges, as a closed ring of rows and columns."""
    patches, count = ndimage.label(mask)
    largest = 1 + int(np.argmax(np.bincount(patches.ravel())[1:])) if count else 0
    solid = np.pad(ndimage.binary_fill_holes(patches == largest), 1)
    row, column = (int(at[0]) for at in np.nonzero(solid))
    # Along the edge with the patch on the right: turn right where possible, else straight on, else left.
    headings = ((0, 1), (1, 0), (0, -1), (-1, 0))
    start, heading = (row, column), 0
    at, ring = start, [start]
    while True:
        at = (at[0] + headings[heading][0], at[1] + headings[heading][1])
        ring.append(at)
        if at == start:
            return np.array(ring, dtype=np.float64) - 1.0
        ahead = {(0, 1): ((-1, 0), (0, 0)), (1, 0): ((0, 0), (0, -1)), (0, -1): ((0, -1), (-1, -1)),
                 (-1, 0): ((-1, -1), (-1, 0))}[headings[heading]]  # fmt: skip
        left, right = (bool(solid[at[0] + r, at[1] + c]) for r, c in ahead)
        heading = (heading + (1 if not right else -1 if left else 0)) % 4
