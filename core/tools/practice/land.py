"""Where the practice region keeps its water, towns and roads, and how its land cover changes from year to year.

Codes are level 2 of CNLUCC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .terrain import Array, Flow, Mask, Terrain, fractal_noise, random_stream

Cover = NDArray[np.uint8]

PADDY, DRYLAND, FOREST, SHRUB, SPARSE_WOOD, ORCHARD = 11, 12, 21, 22, 23, 24
MEADOW, GRASS, LOW_GRASS, RIVER, LAKE, RESERVOIR, FLOODPLAIN = 31, 32, 33, 41, 42, 43, 46
URBAN, RURAL, INDUSTRY, MARSH, BARE_SOIL, ROCK = 51, 52, 53, 64, 65, 66
WATER = (RIVER, LAKE, RESERVOIR)
BUILT = (URBAN, RURAL, INDUSTRY)
NO_COVER = 255


@dataclass(frozen=True)
class Places:
    """What people and water have settled before the first year, every mask (size, size).

    Attributes:
        towns: (3, 2) rows and columns of the centres, largest first.
        town_radius: pixels, one per town.
        roads: main roads.
        rivers: streams wide enough to see.
        lake: the lake in the plain.
        reservoir: one mask per year, each holding the one before.
        capacity_m3: volume of the reservoir in the last year.
        elevation: m, level on lake and on the first year's reservoir.
    """

    towns: NDArray[np.intp]
    town_radius: tuple[float, ...]
    roads: Mask
    rivers: Mask
    lake: Mask
    reservoir: tuple[Mask, ...]
    capacity_m3: float
    elevation: Array


def settle(terrain: Terrain, flow: Flow, inside: Mask, seed: int, years: int) -> Places:
    """Finds the rivers, dams one of them, and places a lake, three towns and the roads between them."""
    size = terrain.elevation.shape[0]
    rivers = flow.upstream > 0.012 * size**2
    rivers |= ndimage.binary_dilation(flow.upstream > 0.06 * size**2)
    reservoir, level, capacity = _dam_a_river(terrain, flow, inside, years)
    lake = _find_lake(terrain, rivers, seed)
    elevation = terrain.elevation.copy()
    if lake.any():
        elevation[lake] = np.round(elevation[lake].min(), 1)
    elevation[reservoir[0]] = np.maximum(elevation[reservoir[0]], np.round(level, 1))
    towns = _find_towns(terrain, rivers, lake, seed)
    radius = tuple(max(2.0, share * size) for share in (0.058, 0.034, 0.024))
    roads = _lay_roads(towns, size, seed)
    return Places(towns, radius, roads, rivers, lake, reservoir, capacity, elevation)


def _dam_a_river(terrain: Terrain, flow: Flow, inside: Mask, years: int) -> tuple[tuple[Mask, ...], float, float]:
    """Reservoirs by year behind the dam that floods the largest fitting area; first water level; last volume."""
    size = terrain.elevation.shape[0]
    ground = terrain.elevation
    row, column = np.mgrid[0:size, 0:size] / size
    central = (np.abs(row - 0.5) < 0.32) & (np.abs(column - 0.5) < 0.32)
    share = flow.upstream / size**2
    sites = np.flatnonzero(central & (terrain.mountain > 0.5) & (share > 0.01) & (share < 0.2))
    if not sites.size:
        sites = np.array([np.argmax(np.where(central & (terrain.mountain > 0.3), flow.upstream, 0))])
    relief = float(ground.max() - ground.min())
    heights = [float(height) for height in np.linspace(0.065, 0.1, years) * relief]
    best_area, site = -1.0, int(sites[0])
    for candidate in sites[np.linspace(0, sites.size - 1, min(sites.size, 32)).astype(int)].tolist():
        pool = _flooded(ground, _basin(flow.receiver, candidate), candidate, heights[-1])
        area = pool.sum() / size**2
        if best_area < area < 0.014 and not (pool & ~inside).any():
            best_area, site = area, candidate
    basin = _basin(flow.receiver, site) & inside
    masks = tuple(_flooded(ground, basin, site, height) for height in heights)
    depth = ground.flat[site] + heights[-1] - ground[masks[-1]]
    return masks, float(ground.flat[site] + heights[0]), float(np.round(depth.sum() * terrain.pixel_m**2, -3))


def _basin(receiver: NDArray[np.intp], outlet: int) -> Mask:
    """Pixels whose water passes the outlet, by doubling the length of the path in every round."""
    target = receiver.ravel().copy()
    target[outlet] = outlet
    while True:
        further = target[target]
        if np.array_equal(further, target):
            return (target == outlet).reshape(receiver.shape)
        target = further


def _flooded(ground: Array, basin: Mask, site: int, height: float) -> Mask:
    wet = basin & (ground < ground.flat[site] + height)
    pools, _ = ndimage.label(wet, np.ones((3, 3)))
    return (pools == pools.flat[site]) & wet


def _find_lake(terrain: Terrain, rivers: Mask, seed: int) -> Mask:
    """A roundish lake in the widest gap between the rivers of the plain."""
    size = rivers.shape[0]
    row, column = np.mgrid[0:size, 0:size]
    free = (terrain.mountain < 0.02) & ~rivers
    margin = size // 7
    frame = np.zeros_like(free)
    frame[margin:-margin, margin:-margin] = True
    room = np.round(ndimage.distance_transform_edt(free & frame), 6)
    at_row, at_column = np.unravel_index(int(np.argmax(room)), room.shape)
    radius = min(0.05 * size, 0.7 * room.max())
    shore = fractal_noise(size, random_stream(seed, "shore"), 2.0, 0.15)
    away = np.hypot(row - at_row, (column - at_column) / 1.3)
    return away < radius * (1 + 0.16 * np.clip(shore, -2, 2))


def _find_towns(terrain: Terrain, rivers: Mask, lake: Mask, seed: int) -> NDArray[np.intp]:
    size = rivers.shape[0]
    row, column = np.mgrid[0:size, 0:size]
    by_river = np.abs(ndimage.distance_transform_edt(~rivers) / size - 0.045)
    score = -8 * by_river + 0.25 * fractal_noise(size, random_stream(seed, "towns"), 2.0, 0.2)
    inner = (np.minimum(row, column) > 0.17 * size) & (np.maximum(row, column) < 0.83 * size)
    near_lake = ndimage.distance_transform_edt(~lake) < 0.1 * size if lake.any() else np.zeros_like(lake)
    score = np.round(score - 3.0 * terrain.mountain, 6)
    score[~inner | near_lake] = -np.inf
    towns = []
    for _ in range(3):
        centre = np.unravel_index(int(np.argmax(score)), score.shape)
        towns.append(centre)
        # Finite, so that a region too small for three distant towns still gets three.
        score[np.hypot(row - centre[0], column - centre[1]) < 0.25 * size] -= 100
    return np.array(towns)


def _lay_roads(towns: NDArray[np.intp], size: int, seed: int) -> Mask:
    """Winding roads from town to town and from the largest one out of the region to the east and into the hills."""
    ends = [(towns[0], towns[1]), (towns[0], towns[2]), (towns[1], towns[2])]
    ends += [(towns[0], np.array([size * 0.55, size - 1])), (towns[0], np.array([size * 0.3, size * 0.25]))]
    roads = np.zeros((size, size), dtype=bool)
    rng = random_stream(seed, "roads")
    along = np.linspace(0, 1, 4 * size)
    for start, end in ends:
        across = np.array([start[1] - end[1], end[0] - start[0]])
        wave, bend = rng.random(2)
        swing = 0.10 * (bend - 0.5) * np.sin(np.pi * along) + 0.02 * np.sin(4 * np.pi * (along + wave)) * np.sin(
            np.pi * along
        )
        path = start + along[:, None] * (end - start) + swing[:, None] * across
        inside = np.clip(np.round(path, 6), 0, size - 1).astype(int)
        roads[inside[:, 0], inside[:, 1]] = True
    return roads


def cover_by_year(terrain: Terrain, places: Places, inside: Mask, seed: int, years: Sequence[int]) -> list[Cover]:
    """Land cover of every year, complete (no nodata), each grown from the one before."""
    covers = [_first_cover(terrain, places, seed)]
    for number, year in enumerate(years[1:], start=1):
        span = (year - years[number - 1]) / 5
        covers.append(_next_cover(covers[-1], terrain, places.reservoir[number], inside, seed, number, span))
    return covers


def _first_cover(terrain: Terrain, places: Places, seed: int) -> Cover:
    size = terrain.elevation.shape[0]
    row, column = np.mgrid[0:size, 0:size]
    slope, mountain = terrain.slope, terrain.mountain
    patches = fractal_noise(size, random_stream(seed, "patches"), 1.7, 0.10)
    speckle = fractal_noise(size, random_stream(seed, "speckle"), 1.4, 0.05)
    height = (terrain.elevation - terrain.elevation.min()) / np.ptp(terrain.elevation)
    to_river = ndimage.distance_transform_edt(~(places.rivers | places.lake))

    moisture = 0.75 * terrain.northness * np.clip(slope / 18, 0, 1) + 0.5 * patches + 0.9 * height + 0.12 * speckle
    hills = np.select(
        [
            (slope > 42) & (speckle > 0.6),
            (moisture < -0.6) & (speckle < -1.9),
            (height > 0.62) & (patches < -0.3) & (slope < 25),
            moisture > 0.30,
            moisture > 0.12,
            moisture > -0.45,
            moisture > -0.80,
        ],
        [ROCK, BARE_SOIL, MEADOW, FOREST, SPARSE_WOOD, SHRUB, GRASS],
        LOW_GRASS,
    )
    plain = np.select(
        [
            (to_river < 0.05 * size) & (patches > 0.35),
            (patches > 1.75),
            (patches < -1.9),
            (patches < -1.6) & (speckle > 0),
        ],
        [PADDY, FOREST, LOW_GRASS, ORCHARD],
        DRYLAND,
    )
    cover = np.where((slope > 7) | (mountain > 0.6), hills, plain)
    # Terraces and orchards climb the gentle foot of the hills and follow the valleys.
    foot = (slope > 3) & (slope < 21) & (height < 0.42) & (mountain > 0.02)
    cover = np.where(foot & (patches - slope / 14 + 1.1 * (1 - height) > 0.12), DRYLAND, cover)
    cover = np.where(foot & (speckle > 1.0) & (slope > 4), ORCHARD, cover)
    cover = _majority(cover.astype(np.uint8))

    shore = fractal_noise(size, random_stream(seed, "marsh"), 1.6, 0.08)
    to_lake = ndimage.distance_transform_edt(~places.lake)
    cover[(to_lake < 0.011 * size + 1) & (shore > -0.2)] = MARSH
    cover[(to_river < 2.5) & (shore > 0.7) & (mountain < 0.5) & (cover // 10 == 1)] = FLOODPLAIN

    flat = (slope < 9) & ~places.rivers
    cover[_villages(terrain, seed) & flat & (speckle > -1.5)] = RURAL
    cover[places.roads] = INDUSTRY
    wobble = 1 + 0.22 * np.clip(patches, -2, 2) + 0.12 * speckle
    for number, (town, radius) in enumerate(zip(places.towns, places.town_radius)):
        away = np.hypot(row - town[0], column - town[1]) / radius
        cover[flat & (away < wobble)] = URBAN
        if number == 0:
            works = np.hypot(row - town[0] - 1.1 * radius, column - town[1] - 1.1 * radius) / (0.35 * radius)
            cover[flat & (works < wobble) & (cover != URBAN)] = INDUSTRY
    cover[places.rivers] = RIVER
    cover[places.lake] = LAKE
    cover[places.reservoir[0]] = RESERVOIR
    return cover


def _villages(terrain: Terrain, seed: int) -> Mask:
    """Villages on a jittered grid, in the plain and the wider valleys."""
    size = terrain.elevation.shape[0]
    rng = random_stream(seed, "villages")
    spacing = 21
    count = size // spacing + 1
    at = (np.mgrid[0:count, 0:count].reshape(2, -1).T + 0.15 + 0.7 * rng.random((count**2, 2))) * spacing
    radius = 1.2 + 1.7 * rng.random(count**2)
    at, radius = at[(at < size).all(axis=1)], radius[(at < size).all(axis=1)]
    pixel = at.astype(int)
    settled = (terrain.mountain[pixel[:, 0], pixel[:, 1]] < 0.8) & (terrain.slope[pixel[:, 0], pixel[:, 1]] < 9)
    villages = np.zeros((size, size), dtype=bool)
    row, column = np.mgrid[-3:4, -3:4]
    for (r, c), reach in zip(pixel[settled], radius[settled]):
        rows, columns = np.clip(row + r, 0, size - 1), np.clip(column + c, 0, size - 1)
        villages[rows, columns] |= np.hypot(row, 0.8 * column) < reach
    return villages


def _majority(cover: Cover) -> Cover:
    """The commonest code of 3 x 3 pixels; on ties the lowest."""
    codes = np.unique(cover)
    votes = [
        ndimage.convolve((cover == code).astype(np.uint8), np.ones((3, 3), np.uint8), mode="nearest") for code in codes
    ]
    return codes[np.argmax(votes, axis=0)].astype(np.uint8)


def _next_cover(
    before: Cover, terrain: Terrain, reservoir: Mask, inside: Mask, seed: int, number: int, span: float
) -> Cover:
    """One period of change; `span` is its length in units of five years.

    Towns and villages grow on the flat cropland around them, steep cropland is planted, shrub grows up to forest and
    grass to shrub, paddies run dry, and the reservoir rises.
    """
    size = before.shape[0]
    cover, slope = before.copy(), terrain.slope
    noise = fractal_noise(size, random_stream(seed, f"change {number}"), 1.6, 0.06)
    whole = int(inside.sum())

    def convert(to: int, share: float, allowed: Mask, wish: Array) -> None:
        """Turns the most wished-for of the allowed pixels, at most `share` of the region."""
        # Only what has not changed in this period, so that the shares add up.
        candidates = np.flatnonzero(allowed & (cover == before) & inside)
        order = np.argsort(-np.round(wish.flat[candidates], 6), kind="stable")
        cover.flat[candidates[order[: int(share * span * whole)]]] = to

    def near(code: int) -> Array:
        return -ndimage.distance_transform_edt(before != code)

    cropland = np.isin(before, (PADDY, DRYLAND, ORCHARD, LOW_GRASS))
    flat = cropland & (slope < 8)
    convert(URBAN, 0.0095, flat & (near(URBAN) > -0.1 * size), near(URBAN) + 2.0 * noise)
    convert(URBAN, 0.0008, (before == RURAL) & (near(URBAN) > -0.05 * size), near(URBAN))
    convert(INDUSTRY, 0.0022, flat, near(INDUSTRY) + 0.15 * near(URBAN) + 2.0 * noise)
    convert(RURAL, 0.0025, flat, near(RURAL) + 1.2 * noise)
    steep = (before == DRYLAND) & (slope > 6)
    convert(FOREST, 0.007, steep & (terrain.northness > -0.2), slope + 3 * noise)
    convert(SHRUB, 0.004, steep, slope + 3 * noise)
    convert(FOREST, 0.010, before == SHRUB, 2 * terrain.northness + near(FOREST) + noise)
    convert(FOREST, 0.0015, before == SPARSE_WOOD, near(FOREST) + noise)
    convert(SHRUB, 0.004, np.isin(before, (GRASS, LOW_GRASS)) & (slope > 7), near(SHRUB) + noise)
    convert(GRASS, 0.0002, before == BARE_SOIL, noise)
    convert(DRYLAND, 0.005, before == PADDY, near(DRYLAND) + 1.5 * noise)
    convert(DRYLAND, 0.0006, np.isin(before, (MARSH, FLOODPLAIN)), near(DRYLAND) + noise)
    cover[reservoir & ~np.isin(cover, (LAKE,))] = RESERVOIR
    return cover


def field_pattern(size: int, seed: int) -> Array:
    """A patchwork of fields on a turned grid, 0 to 1, one value per field."""
    rng = random_stream(seed, "fields")
    row, column = np.mgrid[0:size, 0:size]
    turned_row, turned_column = 0.94 * row - 0.34 * column, 0.34 * row + 0.94 * column
    strip = np.floor(np.round(turned_row / 6, 6)).astype(int)
    # Every strip is shifted by its own amount: field edges do not line up across a track.
    plot = np.floor(np.round(turned_column / 9 + 0.37 * strip, 6)).astype(int)
    shades = rng.random((97, 101))
    return np.round(shades[strip % 97, plot % 101], 6)
