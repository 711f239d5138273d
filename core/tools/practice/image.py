"""A summer image of the practice region as Landsat 5 Collection 2 Level 2 would deliver it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from . import land as land
from .land import Cover
from .terrain import Array, Mask, Terrain, fractal_noise, random_stream, strips

BANDS = (
    "SR_B1 blue", "SR_B2 green", "SR_B3 red", "SR_B4 near infrared",
    "SR_B5 shortwave infrared 1", "SR_B7 shortwave infrared 2", "ST_B6 surface temperature", "QA_PIXEL",
)  # fmt: skip
CLEAR, WATER, CLOUD, SHADOW = 5440, 5504, 5896, 7440

# Surface reflectance in the order of the bands.
_CANOPY = (0.022, 0.045, 0.030, 0.370, 0.155, 0.065)
_SOIL = (0.080, 0.115, 0.150, 0.235, 0.300, 0.250)
_TOWN = (0.125, 0.140, 0.150, 0.195, 0.235, 0.225)
_ROCK = (0.140, 0.160, 0.175, 0.215, 0.260, 0.235)
_OPEN_WATER = (0.050, 0.062, 0.045, 0.022, 0.011, 0.008)
_CLOUD = (0.52, 0.53, 0.54, 0.56, 0.45, 0.36)


def landsat_image(
    terrain: Terrain,
    elevation: Array,
    cover: Cover,
    vegetation: Array,
    temperature: Array,
    fields: Array,
    seed: int,
    year: int,
) -> NDArray[np.uint16]:
    """Digital numbers (8, h, w) in the order of `BANDS`.

    Reflectance is ``2.75e-5 DN - 0.2`` and temperature ``0.00341802 DN + 149`` K (USGS Landsat 4-7 Collection 2
    Level 2 Science Product Guide). Vegetation over soil, towns or rock mixes by its cover; slopes are lit from the
    south-east; a cloud and its shadow hide a small patch.
    """
    size = cover.shape[0]
    rng = random_stream(seed, f"image {year}")
    texture, of_kelvin = 1 + 0.03 * rng.standard_normal((size, size)), rng.standard_normal((size, size))
    cloud, shadow = _cloud_and_shadow(size, rng)
    haze = 0.02 * rng.standard_normal((size, size))
    water, town = np.isin(cover, land.WATER), np.isin(cover, land.BUILT)
    rock = np.isin(cover, (land.ROCK, land.BARE_SOIL))
    under = np.where(town, 1, np.where(rock, 2, 0)).astype(np.uint8)
    crops = np.isin(cover, (land.PADDY, land.DRYLAND))
    seen = np.where(crops, np.clip(vegetation + 0.35 * (fields - 0.5), 0, 1), vegetation)
    wet = np.isin(cover, (land.PADDY, land.MARSH))
    light = _illumination(elevation, terrain.pixel_m)
    kelvin = 273.15 + temperature + 12.5 + 11.0 * (1 - seen) * (~town & ~water) + 13.5 * town - 3.0 * water
    kelvin = ndimage.gaussian_filter(kelvin + 1.2 * (light - 1), 1.0) + 0.25 * of_kelvin
    kelvin = np.where(cloud, 272 + 100 * haze, np.where(shadow, kelvin - 3, kelvin))
    image = np.empty((len(BANDS), size, size), np.uint16)
    image[-2] = np.round((kelvin - 149.0) / 0.00341802)
    image[-1] = np.select([cloud, shadow, water], [CLOUD, SHADOW, WATER], CLEAR)
    del kelvin
    for number, (canopy, *ground, lake, bright) in enumerate(zip(_CANOPY, _SOIL, _TOWN, _ROCK, _OPEN_WATER, _CLOUD)):
        for rows in strips(size):
            bare = np.array(ground)[under[rows]] * np.where(wet[rows], 0.7, 1.0)
            land_surface = seen[rows] * canopy + (1 - seen[rows]) * bare
            band = np.where(water[rows], lake, land_surface * light[rows] * texture[rows])
            band = np.where(cloud[rows], bright + haze[rows], np.where(shadow[rows], 0.45 * band, band))
            image[number, rows] = np.round((np.clip(band, 0.001, 0.99) + 0.2) / 2.75e-5)
    return image


def _illumination(elevation: Array, pixel_m: float) -> Array:
    """Brightness of the ground under a high sun in the south-east, 1 on flat land."""
    down_south, down_east = np.gradient(-elevation, pixel_m)
    towards_sun = (down_south + down_east) / np.sqrt(2)
    high, low = np.sin(np.radians(60)), np.cos(np.radians(60))
    cosine = (high + low * towards_sun) / np.sqrt(1 + down_south**2 + down_east**2)
    return np.round(np.clip(cosine / high, 0.35, 1.4), 6)


def _cloud_and_shadow(size: int, rng: np.random.Generator) -> tuple[Mask, Mask]:
    row, column = np.mgrid[0:size, 0:size] / size
    puffs = fractal_noise(size, rng, 1.8, 0.15)
    middle = 0.25 + 0.5 * rng.random(2)
    away = np.hypot(row - middle[0], (column - middle[1]) / 1.5) / 0.045
    cloud = np.round(away - 0.45 * puffs, 6) < 1
    reach = max(1, size // 28)
    shadow = np.zeros_like(cloud)
    shadow[:-reach, :-reach] = cloud[reach:, reach:]
    return cloud, shadow & ~cloud
