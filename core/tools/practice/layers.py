"""Climate, soil, vegetation and people of the practice region, each consistent with its terrain and land cover."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from . import land as land
from .land import Cover
from .terrain import Array, Terrain, fractal_noise, random_stream, strips

MONTH_SHARE = np.array([0.5, 0.8, 1.6, 4.0, 6.0, 12.5, 31.0, 27.0, 9.0, 4.5, 2.2, 0.9]) / 100

Stored = NDArray[np.float32]

# Typical values by land cover: vegetation cover 0-1, NPP gC/(m2 a), evapotranspiration mm/a, biomass t/ha, people/km2.
PROFILE: dict[int, tuple[float, float, float, float, float]] = {
    land.PADDY: (0.68, 520, 520, 8, 260),
    land.DRYLAND: (0.60, 480, 470, 7, 240),
    land.FOREST: (0.80, 620, 490, 110, 6),
    land.SHRUB: (0.72, 460, 430, 28, 8),
    land.SPARSE_WOOD: (0.62, 470, 440, 45, 8),
    land.ORCHARD: (0.70, 540, 470, 38, 120),
    land.MEADOW: (0.75, 400, 400, 6, 5),
    land.GRASS: (0.55, 320, 370, 4, 6),
    land.LOW_GRASS: (0.34, 220, 330, 2.5, 8),
    land.RIVER: (0.04, 120, 700, 0, 0),
    land.LAKE: (0.02, 100, 760, 0, 0),
    land.RESERVOIR: (0.02, 100, 760, 0, 0),
    land.FLOODPLAIN: (0.35, 260, 560, 3, 20),
    land.URBAN: (0.18, 150, 260, 3, 8200),
    land.RURAL: (0.32, 240, 330, 5, 2300),
    land.INDUSTRY: (0.12, 120, 240, 2, 900),
    land.MARSH: (0.70, 560, 640, 9, 10),
    land.BARE_SOIL: (0.08, 110, 210, 0.5, 2),
    land.ROCK: (0.10, 110, 200, 0.5, 0),
}


@dataclass(frozen=True)
class Climate:
    """Climate of one year: annual rain (h, w) in mm, mean temperature in deg C, and what months are made of.

    Attributes:
        rain: mm, the sum of the months.
        temperature: deg C.
        total: mm, what is shared out among the months.
        shares: of the months, 12, sum 1.
    """

    rain: Array
    temperature: Array
    total: Array
    shares: Array

    def monthly(self) -> Stored:
        """(12, h, w), mm."""
        months = np.empty((len(self.shares), *self.total.shape), np.float32)
        for number, share in enumerate(self.shares):
            months[number] = month_of(self.total, share)
        return months


def month_of(total: Array, share: float) -> Array:
    """Rain of a month with that share of the year, mm."""
    return np.asarray(np.round(total * share, 1))


@dataclass(frozen=True)
class Soil:
    """Topsoil: sand, silt, clay (percent, sum 100), organic carbon (percent), hydrologic group 1-4 = A-D."""

    sand: Array
    silt: Array
    clay: Array
    organic_carbon: Array
    group: Cover


@dataclass(frozen=True)
class Vegetation:
    """Vegetation of one year: cover 0-1, NPP, GPP gC/(m2 a), NDVI, LAI m2/m2, biomass t/ha, evapotranspiration mm."""

    cover: Array
    npp: Array
    gpp: Stored
    ndvi: Stored
    lai: Stored
    biomass: Stored
    evapotranspiration: Stored


@dataclass(frozen=True)
class People:
    """People of one year: persons/km2 and its ln(1 + x), GDP in 1e4 CNY/km2, night light in nW/(cm2 sr)."""

    population: Array
    log_population: Array
    gdp: Array
    night_light: Array


def by_cover(cover: Cover, column: int) -> Array:
    """A column of `PROFILE` for every pixel."""
    lookup = np.zeros(256)
    for code, row in PROFILE.items():
        lookup[code] = row[column]
    return lookup[cover]


def normal_rain(terrain: Terrain, seed: int) -> Array:
    """Rain of a year without an anomaly, mm: richest along the mountain front."""
    size = terrain.elevation.shape[0]
    front = 4 * terrain.mountain * (1 - terrain.mountain)
    normal = 505 + 110 * terrain.mountain + 60 * ndimage.gaussian_filter(front, size / 25)
    return np.asarray(normal + 18 * fractal_noise(size, random_stream(seed, "rain"), 2.4))


def climate_of(terrain: Terrain, normal: Array, seed: int, first_year: int, year: int) -> Climate:
    """Wetter and warmer by trend; every year has its anomaly from the `normal_rain`."""
    size = terrain.elevation.shape[0]
    rng = random_stream(seed, f"climate {year}")
    wetness, warmth, *_ = np.clip(rng.standard_normal(2), -1.6, 1.6)
    age = year - first_year
    local = np.clip(fractal_noise(size, rng, 2.4, 0.6), -2.5, 2.5)
    total = np.clip(normal * (1 + 0.003 * age + 0.06 * wetness) + 16 * local, 400, 800)
    del local
    share = MONTH_SHARE * np.exp(0.3 * np.clip(rng.standard_normal(12), -2, 2))
    shares = share / share.sum()
    rain = np.zeros_like(total)
    for of_month in shares:
        rain += month_of(total, of_month)
    drift = np.clip(fractal_noise(size, rng, 2.4, 0.6), -2.5, 2.5)
    lapse = 0.006 * (terrain.elevation - terrain.elevation.min())
    temperature = 12.8 - lapse + 0.04 * age + 0.35 * warmth + 0.25 * drift
    return Climate(np.round(rain, 1), np.round(temperature, 2), total, shares)


def soil_of(terrain: Terrain, seed: int) -> Soil:
    """Coarse and poor on steep slopes, loam in the plain, clay in the lowest part of it."""
    size = terrain.elevation.shape[0]
    grain = np.clip(fractal_noise(size, random_stream(seed, "grain"), 1.9, 0.2), -2.5, 2.5)
    humus = np.clip(fractal_noise(size, random_stream(seed, "humus"), 1.8, 0.15), -2.5, 2.5)
    steep = np.clip(terrain.slope / 30, 0, 1)
    low = np.clip((60 - terrain.elevation) / 40, 0, 1)
    sand = np.round(np.clip(36 + 18 * steep + 6 * terrain.mountain + 7 * grain - 8 * low, 8, 85), 1)
    clay = np.round(np.clip(24 - 9 * steep - 5 * grain + 10 * low, 4, 45), 1)
    silt = np.round(100 - sand - clay, 1)
    height = terrain.elevation / terrain.elevation.max()
    carbon = np.round(np.clip(0.95 + 1.5 * terrain.mountain * height + 0.25 * humus, 0.2, 4), 2)
    # Group by texture as in TR-55, appendix A: sandy loam and coarser, loam, sandy clay loam, finer.
    group = np.select([sand > 52, clay < 25, clay < 31], [1, 2, 3], 4).astype(np.uint8)
    return Soil(sand, silt, clay, carbon, group)


@dataclass(frozen=True)
class Standing:
    """What vegetation keeps from one year to the next, every field (h, w).

    Attributes:
        patches: lasting differences of vigour.
        fields: see `land.field_pattern`.
        usual_rain: mean annual rain of all years, mm.
        carried: vegetation cover that the land cover carries by now, 0-1; changes in place.
        wood: above-ground biomass by now, t/ha; changes in place.
    """

    patches: Array
    fields: Array
    usual_rain: Array
    carried: Array
    wood: Array

    @classmethod
    def at_first(cls, cover: Cover, fields: Array, usual_rain: Array, seed: int) -> Standing:
        """Before the first year, whose land cover is given."""
        patches = np.clip(fractal_noise(fields.shape[0], random_stream(seed, "vigour"), 1.6, 0.12), -2.5, 2.5)
        return cls(patches, fields, usual_rain, by_cover(cover, 0), by_cover(cover, 3))


def vegetation_of(
    standing: Standing, cover: Cover, climate: Climate, seed: int, first_year: int, year: int
) -> Vegetation:
    """New woods need time: vegetation closes half of the gap to what its land cover can carry in every period."""
    shape = cover.shape
    rng, age = random_stream(seed, f"vegetation {year}"), year - first_year
    of_vigour, of_npp = rng.standard_normal(shape), rng.standard_normal(shape)
    grown = Vegetation(np.empty(shape), np.empty(shape), *(np.empty(shape, np.float32) for _ in range(5)))
    for rows in strips(shape[0]):
        _grow(grown, rows, standing, cover[rows], climate.rain[rows], (of_vigour[rows], of_npp[rows]), age)
    return grown


def _grow(
    grown: Vegetation, rows: slice, standing: Standing, cover: Cover, rain: Array, noise: tuple[Array, Array], age: int
) -> None:
    target, stock = by_cover(cover, 0), by_cover(cover, 3)
    carried, wood = standing.carried[rows], standing.wood[rows]
    carried[:] = np.where(target > carried, carried + 0.5 * (target - carried), target)
    wood[:] = np.where(stock > wood, wood + 0.35 * (stock - wood), stock)
    wet = rain / standing.usual_rain[rows]
    crops = np.isin(cover, (land.PADDY, land.DRYLAND))
    vigour = 1 + 0.06 * standing.patches[rows] + np.where(crops, 0.22 * (standing.fields[rows] - 0.5), 0) + 0.004 * age
    vigour = vigour * (rain / 600) ** 0.35 + 0.02 * noise[0]
    share = np.round(np.clip(carried * vigour, 0.01, 0.97), 3)
    potential = by_cover(cover, 1) * carried / np.maximum(target, 0.01)
    npp = np.clip(potential * (1 + 1.2 * (vigour - 1)) * wet**0.3 * (1 + 0.004 * age), 60, 950)
    npp = np.round(npp * (1 + 0.02 * noise[1]), 1)
    respired = np.where(crops, 0.44, 0.50)
    ndvi = np.where(np.isin(cover, land.WATER), -0.15 + 0.1 * share, 0.05 + 0.81 * share)
    water_use = by_cover(cover, 2) * wet**0.4 * (0.9 + 0.1 * vigour)
    grown.cover[rows], grown.npp[rows] = share, npp
    grown.gpp[rows] = np.round(npp / (1 - respired), 1)
    grown.ndvi[rows] = np.round(ndvi, 4)
    grown.lai[rows] = np.round(-np.log(1 - share) / 0.5, 2)
    grown.biomass[rows] = np.round(wood * np.clip(vigour, 0.3, None) * (1 + 0.006 * age), 1)
    grown.evapotranspiration[rows] = np.round(water_use, 1)


def people_of(cover: Cover, fields: Array, seed: int, first_year: int, year: int) -> People:
    """Density follows land cover and blurs at its edges; towns thicken, the countryside empties, income rises."""
    size = fields.shape[0]
    age = year - first_year
    rng = random_stream(seed, f"people {year}")
    town = np.isin(cover, (land.URBAN, land.INDUSTRY))
    density = by_cover(cover, 4) * np.where(town, 1.012**age, 0.992**age) * (0.85 + 0.3 * fields)
    population = np.round(ndimage.gaussian_filter(density, 1.6) * (1 + 0.03 * rng.standard_normal((size, size))))
    industry = np.where(cover == land.INDUSTRY, 9000.0, 0.0)
    wealth = 1 + 0.2 * np.clip(fractal_noise(size, rng, 2.2, 0.4), -2.5, 2.5)
    income = (population * 1.4 + ndimage.gaussian_filter(industry, 1.6) + 60) * wealth
    gdp = np.round(np.maximum(income * 1.085**age, 0), 1)
    light = ndimage.gaussian_filter(np.where(town, 26.0, np.where(cover == land.RURAL, 5.0, 0.0)), 2.2) * 1.03**age
    light = np.round(np.maximum(light + 0.3 + 0.1 * rng.standard_normal((size, size)), 0), 2)
    population = np.maximum(population, 0)
    return People(population, np.round(np.log1p(population), 4), gdp, light)


def soil_retention(terrain: Terrain, rain: Array, soil: Soil, vegetation: Array, cover: Cover) -> Stored:
    """Soil kept in place, t/(ha a): ``R K LS (1 - C P)`` of RUSLE, on slopes of one pixel length.

    R by Zhang and Fu 2003 from annual rain, K by EPIC, L and S as in HJ 1173-2021, C by Cai 2000 from vegetation
    cover, P 0.35 on cropland. Nothing counts on water, built-up and bare land.
    """
    kept = np.empty(rain.shape, np.float32)
    for rows in strips(rain.shape[0]):
        part = Soil(*(getattr(soil, field.name)[rows] for field in dataclasses.fields(soil)))
        kept[rows] = _kept(terrain.slope[rows], terrain.pixel_m, rain[rows], part, vegetation[rows], cover[rows])
    return kept


def _kept(slope: Array, pixel_m: float, rain: Array, soil: Soil, vegetation: Array, cover: Cover) -> Array:
    erosivity = 0.0534 * rain**1.6548
    fines = 1 - soil.sand / 100
    texture = 0.2 + 0.3 * np.exp(-0.0256 * soil.sand * (1 - soil.silt / 100))
    texture = texture * (soil.silt / (soil.clay + soil.silt)) ** 0.3
    texture = texture * (
        1 - 0.25 * soil.organic_carbon / (soil.organic_carbon + np.exp(3.72 - 2.95 * soil.organic_carbon))
    )
    erodibility = 0.1317 * texture * (1 - 0.7 * fines / (fines + np.exp(-5.51 + 22.9 * fines)))
    sine = np.sin(np.radians(slope))
    rill = (sine / 0.089) / (3 * sine**0.8 + 0.56)
    length = (pixel_m / 22.13) ** (rill / (1 + rill))
    steepness = np.select(
        [slope < 5.14, slope < 10.20, slope < 28.81],
        [10.8 * sine + 0.03, 16.8 * sine - 0.5, 21.9 * sine - 0.96],
        9.5988,
    )
    percent = 100 * vegetation
    management = np.where(percent > 78.3, 0, 0.6508 - 0.3436 * np.log10(np.maximum(percent, 0.1)))
    practice = np.where(np.isin(cover, (land.PADDY, land.DRYLAND)), 0.35, 1)
    kept = erosivity * erodibility * length * steepness * (1 - np.clip(management, 0, 1) * practice)
    counts = ~np.isin(cover, land.WATER + land.BUILT + (land.BARE_SOIL, land.ROCK))
    return np.asarray(np.round(np.where(counts, kept, 0), 2))


KNOWN_COEFFICIENTS = {"precipitation": 12.0, "temperature": 300.0, "log_population": -180.0, "gdp": -0.01}
NOISE_SD = 120.0


def response_of(climate: Climate, people: People, place: Array, seed: int, year: int) -> Array:
    """Asset value, CNY/ha, that is linear in its drivers: an effect of the place, `KNOWN_COEFFICIENTS`, and noise."""
    drivers = {
        "precipitation": climate.rain,
        "temperature": climate.temperature,
        "log_population": people.log_population,
        "gdp": people.gdp,
    }
    noise = random_stream(seed, f"response {year}").standard_normal(place.shape)
    explained = sum(effect * drivers[name] for name, effect in KNOWN_COEFFICIENTS.items())
    return np.round(place + explained + NOISE_SD * noise, 1)
