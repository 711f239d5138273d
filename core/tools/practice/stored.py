"""How fields of the practice region are stored as layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import land as land
from .model import Layer
from .terrain import Mask, random_stream

MISSING = -9999.0


def layer(
    name: str, title: str, values: NDArray[Any], unit: str, year: int | None = None,
    bands: tuple[str, ...] | None = None, missing: Mask | None = None,
) -> Layer:  # fmt: skip
    """Where pixels are missing, an array of float32 is changed in place."""
    stored = values.astype(np.float32, copy=False)
    if missing is not None:
        stored[missing] = MISSING
    full_name = name if year is None else f"{name}_{year}"
    return Layer(full_name, title, stored, "continuous", unit, bands or (str(year or title),), MISSING, year)


def class_layer(name: str, title: str, codes: NDArray[Any], nodata: int) -> Layer:
    return Layer(name, title, codes, "classes", "", (title,), nodata)


def ndvi_layer(values: NDArray[Any], year: int) -> Layer:
    """As MODIS stores it: 16 bits, scale 0.0001."""
    stored = np.round(values * 10_000).astype(np.int16)
    title = "NDVI of the growing season, stored with scale 0.0001"
    return Layer(f"ndvi_{year}", title, stored, "continuous", "1", (str(year),), -3000, year, scale=0.0001)


def cover_layer(cover: land.Cover, inside: Mask, seed: int, number: int, year: int) -> Layer:
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
