"""A synthetic mountain-to-plain region with every raster, shape and table that the other algorithms need.

The same size, seed and years give the same rasters, bit for bit. The region is made piece by piece: terrain, places and
land covers stay in memory, everything else lives until its year is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...land_cover import load_scheme
from ...messages import say
from ...progress import QUIET, Progress
from . import land as land
from . import layers as make
from .accounts import District, account_tables
from .files import write_pieces, write_region
from .image import BANDS, landsat_image
from .model import (
    Feature,
    Frame,
    Layer,
    Piece,
    RasterFile,
    Region,
    RegionFiles,
    Shapes,
    ShapesFile,
    Table,
    TableFile,
)
from .outlines import ORIGIN, district_shapes, planning_units, sums_by, to_map, water_shapes
from .shapes import district_seats, districts, inside_outline, outline
from .stored import class_layer, cover_layer, layer, ndvi_layer
from .tables import tables_of
from .terrain import Array, Mask, Terrain, build_terrain

__all__ = ["Feature", "Layer", "RasterFile", "Region", "RegionFiles", "Shapes", "ShapesFile", "Table", "TableFile",
           "build_region", "make_region", "write_region"]  # fmt: skip

SMALLEST, LARGEST = 48, 2000
EPSG = 32650
YEARS = (2000, 2005, 2010, 2015)
REGION_NAMES = {"en": "Practice region", "zh": "示例区"}
DISTRICT_NAMES = {
    "en": ("Ashford", "Birchwell", "Cedarton", "Daleside", "Elmridge", "Fernbrook"),
    "zh": ("白蜡镇", "桦泉乡", "雪松镇", "谷边乡", "榆岭乡", "蕨溪乡"),
}


def build_region(
    size: int = 400, seed: int = 1, years: Sequence[int] = YEARS, pixel_m: float = 30.0, language: str = "en"
) -> Region:
    """Builds the region in memory, about 0.7 kB per pixel for four years.

    Args:
        size: rows and columns, 48 to 2000.
        seed: a whole number from 0; every seed is another region.
        years: at least two, strictly increasing.
        pixel_m: width of a pixel, m.
        language: of the names of the region and its districts.

    Raises:
        InputError: a size, seed or list of years that cannot be used.
    """
    frame = _frame(size, seed, years, pixel_m)
    pieces = list(_pieces(frame, language, QUIET))
    return Region(
        frame.size, frame.seed, frame.years, frame.pixel_m, frame.origin, frame.epsg,
        tuple(piece for piece in pieces if isinstance(piece, Layer)),
        tuple(piece for piece in pieces if isinstance(piece, Shapes)),
        tuple(piece for piece in pieces if isinstance(piece, Table)),
        dict(make.KNOWN_COEFFICIENTS),
    )  # fmt: skip


def make_region(
    folder: str | os.PathLike[str], size: int = 400, seed: int = 1, language: str = "en", progress: Progress = QUIET
) -> RegionFiles:
    """Writes the region of `build_region` while it is made, with about 0.3 kB of memory per pixel.

    Raises:
        InputError: a size or seed that cannot be used.
        OutputError: the folder or a file in it cannot be written.
        Cancelled: the user asked to stop.
    """
    frame = _frame(size, seed, YEARS, 30.0)
    return write_pieces(frame, _pieces(frame, language, progress), folder, progress, language)


def _frame(size: int, seed: int, years: Sequence[int], pixel_m: float) -> Frame:
    _check(size, seed, years)
    return Frame(size, seed, tuple(years), pixel_m, ORIGIN, EPSG)


def _pieces(frame: Frame, language: str, progress: Progress) -> Iterator[Piece]:
    """Layers, then shapes, then tables, each when it is asked for."""
    years, pixel_m = frame.years, frame.pixel_m
    ring = outline(frame.size, frame.seed)
    world = _grow(frame, inside_outline(ring, frame.size), progress)
    yield from _lasting_layers(world)
    for number in range(len(years)):
        progress.set(40 + 50 * number / len(years))
        yield from _layers_of_year(world, number)

    progress.set(90)
    names = DISTRICT_NAMES[language]
    gdp_rows = [(zone + 1, year, round(float(gdp[zone]), 1))
                for zone in range(len(world.rings)) for year, (_, gdp) in zip(years, world.sums)]  # fmt: skip
    yield Shapes("boundary", "study boundary", ("name",), (Feature(to_map(ring, pixel_m), (REGION_NAMES[language],)),))
    yield district_shapes(world.rings, names, world.sums, years, pixel_m)
    yield planning_units(world.inside, world.covers[-1], world.last_gdp, world.last, pixel_m)
    yield water_shapes(world.places, pixel_m)
    yield from tables_of(frame.seed, years, gdp_rows)
    yield from account_tables(frame.seed, years, _statistics_of(world, names))


@dataclass
class _World:
    """What lasts while the region is told year by year; the last four fields fill up with the years.

    Attributes:
        district: number of the district of every pixel, and in `rings` a ring per district.
        normal_rain: mm in a year without an anomaly.
        place: what a place is worth by itself: its first land cover and the lie of the land.
        sums: people and GDP of every district, by year.
        last: layers of the last year that planning units ask for, by series.
    """

    frame: Frame
    terrain: Terrain
    inside: Mask
    places: land.Places
    district: NDArray[np.uint8]
    rings: list[Array]
    fields: Array
    covers: list[land.Cover]
    normal_rain: Array
    soil: make.Soil
    standing: make.Standing
    place: Array = field(default_factory=lambda: np.empty(0))
    sums: list[list[Array]] = field(default_factory=list)
    last: dict[str, Layer] = field(default_factory=dict)
    last_gdp: Array = field(default_factory=lambda: np.empty(0))

    def climate(self, year: int) -> make.Climate:
        return make.climate_of(self.terrain, self.normal_rain, self.frame.seed, self.frame.years[0], year)


def _grow(frame: Frame, inside: Mask, progress: Progress) -> _World:
    size, seed, years = frame.size, frame.seed, frame.years
    terrain, flow = build_terrain(size, seed, frame.pixel_m)
    progress.set(20)
    places = land.settle(terrain, flow, inside, seed, len(years))
    del flow
    fields = land.field_pattern(size, seed)
    progress.set(25)
    covers = land.cover_by_year(terrain, places, inside, seed, years)
    progress.set(35)
    normal = make.normal_rain(terrain, seed)
    usual = np.zeros_like(normal)
    for year in years:
        progress.check()
        usual += make.climate_of(terrain, normal, seed, years[0], year).rain
    usual /= len(years)
    standing = make.Standing.at_first(covers[0], fields, usual, seed)
    district, rings = districts(district_seats(places.towns, size), size)
    return _World(
        frame, terrain, inside, places, district, rings, fields, covers, normal, make.soil_of(terrain, seed), standing
    )


def _lasting_layers(world: _World) -> Iterator[Layer]:
    soil, towns = world.soil, np.isin(world.covers[-1], (land.URBAN, land.INDUSTRY))
    yield layer("dem", "elevation", world.places.elevation, "m")
    yield layer("sand", "sand in the topsoil", soil.sand, "%")
    yield layer("silt", "silt in the topsoil", soil.silt, "%")
    yield layer("clay", "clay in the topsoil", soil.clay, "%")
    yield layer("organic_carbon", "organic carbon in the topsoil", soil.organic_carbon, "%")
    yield class_layer("soil_group", "hydrologic soil group, 1-4 = A-D", soil.group, 0)
    yield class_layer("road_threat", "main roads, 1 = road", world.places.roads.astype(np.uint8), land.NO_COVER)
    yield class_layer("town_threat", "towns of the last year, 1 = town", towns.astype(np.uint8), land.NO_COVER)


def _layers_of_year(world: _World, number: int) -> Iterator[Layer]:
    frame, cover, year = world.frame, world.covers[number], world.frame.years[number]
    is_last = number == len(frame.years) - 1
    yield cover_layer(cover, world.inside, frame.seed, number, year)
    climate = world.climate(year)
    plants = make.vegetation_of(world.standing, cover, climate, frame.seed, frame.years[0], year)
    if number == 0:
        world.place = 2500 + 9 * plants.npp + 3 * world.terrain.elevation
    for one in _layers_of_nature(world, cover, climate, plants, year):
        if is_last and one.name.rsplit("_", 1)[0] in ("npp", "precipitation", "evapotranspiration", "soil_retention"):
            world.last[one.name.rsplit("_", 1)[0]] = one
        yield one
    green = plants.cover
    del plants
    folk = make.people_of(cover, world.fields, frame.seed, frame.years[0], year)
    world.sums.append([
        sums_by(world.district, values * frame.pixel_m**2 / 1e6, world.inside, len(world.rings))
        for values in (folk.population, folk.gdp)
    ])  # fmt: skip
    if is_last:
        world.last_gdp = folk.gdp
    yield layer("population", "population density", folk.population, "persons/km2", year)
    yield layer("log_population", "ln(1 + population density)", folk.log_population, "ln(persons/km2)", year)
    yield layer("gdp", "gross domestic product", folk.gdp, "1e4 CNY/km2", year)
    yield layer("night_light", "night-time light", folk.night_light, "nW/(cm2 sr)", year)
    response = make.response_of(climate, folk, world.place, frame.seed, year)
    yield layer("response", "asset value made of known effects of its drivers (known_coefficients.csv)", response,
                "CNY/(ha a)", year, missing=~world.inside)  # fmt: skip
    del folk, response
    if number == 0 or is_last:
        yield _landsat(world, number, green, climate.temperature)


def _layers_of_nature(
    world: _World, cover: land.Cover, climate: make.Climate, plants: make.Vegetation, year: int
) -> Iterator[Layer]:
    still = np.isin(cover, (land.LAKE, land.RESERVOIR))
    sealed = np.isin(cover, (*land.WATER, land.URBAN))
    months = tuple(f"{year}-{month:02d}" for month in range(1, 13))
    yield layer("npp", "net primary productivity, missing on lake and reservoir", plants.npp, "gC/(m2 a)", year,
                missing=still)  # fmt: skip
    yield layer("gpp", "gross primary productivity, missing on lake and reservoir", plants.gpp, "gC/(m2 a)", year,
                missing=still)  # fmt: skip
    yield layer("precipitation", "annual precipitation", climate.rain, "mm", year)
    yield layer("precipitation_monthly", "monthly precipitation, a band per month", climate.monthly(), "mm", year,
                bands=months)  # fmt: skip
    yield layer("evapotranspiration", "annual actual evapotranspiration, missing on water and in cities",
                plants.evapotranspiration, "mm", year, missing=sealed)  # fmt: skip
    yield layer("temperature", "annual mean air temperature", climate.temperature, "deg C", year)
    kept = make.soil_retention(world.terrain, climate.rain, world.soil, plants.cover, cover)
    yield layer("soil_retention", "soil retention R K LS (1 - C P)", kept, "t/(ha a)", year)
    yield ndvi_layer(plants.ndvi, year)
    yield layer("fvc", "fractional vegetation cover", plants.cover, "1", year)
    yield layer("lai", "leaf area index", plants.lai, "m2/m2", year)
    yield layer("biomass", "above-ground biomass", plants.biomass, "t/ha", year)


def _landsat(world: _World, number: int, green: Array, temperature: Array) -> Layer:
    year = world.frame.years[number]
    image = landsat_image(
        world.terrain, world.places.elevation, world.covers[number], green, temperature, world.fields,
        world.frame.seed, year,
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


def _statistics_of(world: _World, names: Sequence[str]) -> list[District]:
    """What statistics know of the districts: people, GDP and areas of ecosystems."""
    scheme, hectares = load_scheme("cnlucc"), world.terrain.pixel_m**2 / 1e4
    counts = [
        {code: sums_by(world.district, (cover == code) * hectares, world.inside, len(names)) for code in scheme.codes}
        for cover in world.covers
    ]
    found = []
    for zone, name in enumerate(names[: len(world.sums[0][0])]):
        areas: list[dict[str, float]] = []
        for of_year in counts:
            areas.append({})
            for code, by_zone in of_year.items():
                ecosystem = scheme.ecosystem_of(code)
                areas[-1][ecosystem] = areas[-1].get(ecosystem, 0.0) + float(by_zone[zone])
        people, gdp = ([float(of[kind][zone]) for of in world.sums] for kind in (0, 1))
        found.append(District(name, people, gdp, areas))
    return found
