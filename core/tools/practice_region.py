"""A synthetic mountain-to-plain region with every raster, shape and table that the other algorithms need.

The same size, seed and years give the same rasters, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..errors import InputError
from . import practice_land as land
from . import practice_layers as make
from .practice_files import RasterFile, RegionFiles, ShapesFile, TableFile, write_region
from .practice_image import BANDS, landsat_image
from .practice_model import Feature, Layer, Region, Shapes, Table
from .practice_shapes import district_seats, districts, hexagons, inside_outline, outline
from .practice_tables import tables_of
from .practice_terrain import Array, Mask, build_terrain, fractal_noise, random_stream

__all__ = ["Feature", "Layer", "RasterFile", "Region", "RegionFiles", "Shapes", "ShapesFile", "Table", "TableFile",
           "build_region", "write_region"]  # fmt: skip

SMALLEST, LARGEST = 48, 2000
EPSG = 32650
ORIGIN = (420_000.0, 4_440_000.0)
MISSING = -9999.0
DISTRICT_NAMES = ("Ashford", "Birchwell", "Cedarton", "Daleside", "Elmridge", "Fernbrook")


def build_region(
    size: int = 400, seed: int = 1, years: Sequence[int] = (2000, 2005, 2010, 2015), pixel_m: float = 30.0
) -> Region:
    """Builds the region in memory, about 2 kB per pixel for four years.

    Args:
        size: rows and columns, 48 to 2000.
        seed: a whole number from 0; every seed is another region.
        years: at least two, strictly increasing.
        pixel_m: width of a pixel, m.

    Raises:
        InputError: a size, seed or list of years that cannot be used.
    """
    _check(size, seed, years)
    terrain = build_terrain(size, seed, pixel_m)
    places = land.settle(terrain, seed, len(years))
    ring = outline(size, seed)
    inside = inside_outline(ring, size)
    fields = land.field_pattern(size, seed)
    covers = land.cover_by_year(terrain, places, inside, seed, years)
    climates = [make.climate_of(terrain, seed, years[0], year) for year in years]
    soil = make.soil_of(terrain, seed)
    vegetation = make.vegetation_by_year(covers, climates, fields, seed, years)
    people = [make.people_of(cover, fields, seed, years[0], year) for cover, year in zip(covers, years)]
    # What a place is worth by itself: its first land cover and the lie of the land.
    place = 2500 + 9 * vegetation[0].npp + 3 * terrain.elevation
    place = place + 500 * fractal_noise(size, random_stream(seed, "place"), 2.0, 0.3)

    layers = [
        _continuous("dem", "elevation", places.elevation, "m"),
        _continuous("sand", "sand in the topsoil", soil.sand, "%"),
        _continuous("silt", "silt in the topsoil", soil.silt, "%"),
        _continuous("clay", "clay in the topsoil", soil.clay, "%"),
        _continuous("organic_carbon", "organic carbon in the topsoil", soil.organic_carbon, "%"),
        _classes("soil_group", "hydrologic soil group, 1-4 = A-D", soil.group, 0),
        _classes("road_threat", "main roads, 1 = road", places.roads.astype(np.uint8), land.NO_COVER),
        _classes("town_threat", "towns of the last year, 1 = town",
                 np.isin(covers[-1], (land.URBAN, land.INDUSTRY)).astype(np.uint8), land.NO_COVER),
    ]  # fmt: skip
    for number, year in enumerate(years):
        climate, plants, folk, cover = climates[number], vegetation[number], people[number], covers[number]
        still_water = np.isin(cover, (land.LAKE, land.RESERVOIR))
        kept = make.soil_retention(terrain, climate.rain, soil, plants.cover, cover)
        no_evapotranspiration = np.isin(cover, (*land.WATER, land.URBAN))
        response = make.response_of(climate, folk, place, seed, year)
        layers += [
            _land_cover(cover, inside, seed, number, year),
            _continuous("npp", "net primary productivity, missing on lake and reservoir", plants.npp, "gC/(m2 a)", year,
                        missing=still_water),
            _continuous("gpp", "gross primary productivity, missing on lake and reservoir", plants.gpp, "gC/(m2 a)",
                        year, missing=still_water),
            _continuous("precipitation", "annual precipitation", climate.rain, "mm", year),
            _continuous("precipitation_monthly", "monthly precipitation, a band per month", climate.monthly, "mm", year,
                        bands=tuple(f"{year}-{month:02d}" for month in range(1, 13))),
            _continuous("evapotranspiration", "annual actual evapotranspiration, missing on water and in cities",
                        plants.evapotranspiration, "mm", year, missing=no_evapotranspiration),
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
                        response, "CNY/(ha a)", year, missing=~inside),
        ]  # fmt: skip
        if number in (0, len(years) - 1):
            image = landsat_image(
                terrain, places.elevation, cover, plants.cover, climate.temperature, fields, seed, year
            )
            title = "Landsat 5 TM summer image, Collection 2 Level 2 digital numbers; band 8 is QA_PIXEL"
            layers.append(Layer(f"landsat_{year}", title, image, "continuous", "", BANDS, 0, year))

    pixel_km2 = pixel_m**2 / 1e6
    district, rings = districts(district_seats(places.towns, size), size)
    sums = [
        [np.bincount(district[inside], (values * pixel_km2)[inside], minlength=len(rings))
         for values in (folk.population, folk.gdp)]
        for folk in people
    ]  # fmt: skip
    shapes = (
        Shapes("boundary", "study boundary", ("name",), (Feature(_to_map(ring, pixel_m), ("Practice region",)),)),
        _district_shapes(rings, sums, years, pixel_m),
        _planning_units(inside, covers[-1], vegetation[-1], layers, people[-1], pixel_m),
    )
    gdp_rows = [(zone + 1, year, round(float(by_zone[1][zone]), 1))
                for zone in range(len(rings)) for year, by_zone in zip(years, sums)]  # fmt: skip
    water = _water_shapes(places, pixel_m)
    return Region(
        size, seed, tuple(years), pixel_m, ORIGIN, EPSG, tuple(layers), (*shapes, water),
        tables_of(seed, years, gdp_rows), dict(make.KNOWN_COEFFICIENTS),
    )  # fmt: skip


def _check(size: int, seed: int, years: Sequence[int]) -> None:
    if not SMALLEST <= size <= LARGEST:
        raise InputError(f"Size {size} of the practice region: give {SMALLEST} to {LARGEST} rows and columns.")
    if seed < 0:
        raise InputError(f"Seed {seed} of the practice region: give a whole number from 0.")
    if len(years) < 2 or any(a >= b for a, b in zip(years, years[1:])):
        raise InputError(f"Years {list(years)} of the practice region: give at least two, from early to late.")


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
    rings: list[Array], sums: list[list[NDArray[Any]]], years: Sequence[int], pixel_m: float
) -> Shapes:
    fields = ["district_id", "name"]
    fields += [f"{what}_{year}" for year in years for what in ("population", "gdp")]
    features = []
    for zone, ring in enumerate(rings):
        by_year = [round(float(of[zone]), 1) for year_sums in sums for of in year_sums]
        features.append(Feature(_to_map(ring, pixel_m), (zone + 1, DISTRICT_NAMES[zone], *by_year)))
    title = "districts with population (persons) and GDP (1e4 CNY) by year"
    return Shapes("districts", title, tuple(fields), tuple(features))


def _planning_units(
    inside: Mask, cover: land.Cover, plants: make.Vegetation, layers: list[Layer], folk: make.People, pixel_m: float
) -> Shapes:
    """Hexagons with what they would keep and what they would cost: land prices follow the economy around them."""
    unit, rings = hexagons(inside)
    hectares = pixel_m**2 / 1e4
    stored = {layer.name.rsplit("_", 1)[0]: layer for layer in layers if layer.year is not None}
    natural = np.isin(cover // 10, (2, 3, 4)) | (cover == land.MARSH)
    rain, lost = stored["precipitation"].values(), stored["evapotranspiration"].values()
    price = 2.0 + 3.0 * np.isin(cover // 10, (1,)) + 0.004 * folk.gdp
    amounts = (
        price * hectares,
        natural * hectares,
        stored["soil_retention"].values() * hectares,
        np.nan_to_num(np.maximum(rain - lost, 0)) * natural * hectares * 10,
        plants.npp * hectares / 100,
    )
    sums = [np.bincount(unit[inside], amount[inside], minlength=len(rings)) for amount in amounts]
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
