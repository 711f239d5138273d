"""Polygon layers of the practice region with what the region holds within them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from . import land as land
from .model import Feature, Layer, Shapes
from .shapes import hexagons
from .terrain import Array, Mask

ORIGIN = (420_000.0, 4_440_000.0)


def to_map(ring: Array, pixel_m: float) -> Array:
    """Map coordinates (x, y) of rows and columns counted from the upper left corner."""
    return np.column_stack([ORIGIN[0] + ring[:, 1] * pixel_m, ORIGIN[1] - ring[:, 0] * pixel_m])


def district_shapes(
    rings: list[Array], names: Sequence[str], sums: list[list[Array]], years: Sequence[int], pixel_m: float
) -> Shapes:
    fields = ["district_id", "name"]
    fields += [f"{what}_{year}" for year in years for what in ("population", "gdp")]
    features = []
    for zone, ring in enumerate(rings):
        by_year = [round(float(of[zone]), 1) for year_sums in sums for of in year_sums]
        features.append(Feature(to_map(ring, pixel_m), (zone + 1, names[zone], *by_year)))
    title = "districts with population (persons) and GDP (1e4 CNY) by year"
    return Shapes("districts", title, tuple(fields), tuple(features))


def sums_by(zone: NDArray[Any], amount: Array, inside: Mask, zones: int) -> Array:
    return np.asarray(np.bincount(zone[inside], amount[inside], minlength=zones), dtype=np.float64)


def planning_units(inside: Mask, cover: land.Cover, gdp: Array, last: Mapping[str, Layer], pixel_m: float) -> Shapes:
    """Hexagons of the last year with what they would keep and cost: land prices follow the economy around them.

    `last` are layers of that year by the name of their series: precipitation, evapotranspiration, soil_retention, npp.
    """
    unit, rings = hexagons(inside)
    hectares = pixel_m**2 / 1e4
    natural = np.isin(cover // 10, (2, 3, 4)) | (cover == land.MARSH)
    water_mm = np.nan_to_num(np.maximum(last["precipitation"].values() - last["evapotranspiration"].values(), 0))
    price = 2.0 + 3.0 * np.isin(cover, (land.PADDY, land.DRYLAND)) + 0.004 * gdp
    amounts = (
        price * hectares,
        natural * hectares,
        last["soil_retention"].values() * hectares,
        water_mm * natural * hectares * 10,
        np.nan_to_num(last["npp"].values()) * hectares / 100,
    )
    sums = [sums_by(unit, amount, inside, len(rings)) for amount in amounts]
    features = tuple(
        Feature(to_map(ring, pixel_m), (number + 1, *(round(float(of[number]), 2) for of in sums)))
        for number, ring in enumerate(rings)
    )
    title = "planning units: cost (1e4 CNY), natural habitat (ha), soil (t/a), water (m3/a) and carbon (tC/a) kept"
    return Shapes(
        "planning_units", title, ("unit_id", "cost", "habitat_ha", "soil_t", "water_m3", "carbon_t"), features
    )


def water_shapes(places: land.Places, pixel_m: float) -> Shapes:
    """Lake and reservoir of the last year as rings around their pixels."""
    features = []
    for kind, name, mask, capacity in (
        ("lake", "Heron Lake", places.lake, float(places.lake.sum() * pixel_m**2 * 4)),
        ("reservoir", "Stone Gate Reservoir", places.reservoir[-1], places.capacity_m3),
    ):
        if mask.any():
            features.append(Feature(to_map(_ring_around(mask), pixel_m), (kind, name, capacity, "Eastern plain")))
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
