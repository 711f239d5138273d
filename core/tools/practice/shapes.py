"""Outline, districts and planning units of the practice region."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .terrain import Array, Mask, random_stream, strips

CORNERS = 240


def outline(size: int, seed: int) -> Array:
    """The study boundary as a star-shaped ring around the centre, (CORNERS + 1, 2) as row and column, closed.

    It keeps within the grid and leaves its corners out.
    """
    rng = random_stream(seed, "outline")
    angle = 2 * np.pi * np.arange(CORNERS) / CORNERS
    waves = np.arange(2, 22)
    phase = 2 * np.pi * rng.random(waves.size)
    height = (rng.random(waves.size) - 0.5) * 2 / waves**0.8
    wobble = (height[:, None] * np.cos(waves[:, None] * angle + phase[:, None])).sum(axis=0)
    square = np.maximum(np.abs(np.cos(angle)), np.abs(np.sin(angle))) ** -0.75
    reach = size / 2 * np.clip(0.90 * square + 0.07 * wobble, 0.55, 0.985 * square ** (1 / 0.75))
    ring = np.round(size / 2 + reach[:, None] * np.column_stack([np.sin(angle), np.cos(angle)]), 3)
    return np.vstack([ring, ring[:1]])


def inside_outline(ring: Array, size: int) -> Mask:
    """Pixels whose centre lies inside a ring made by `outline`."""
    row, column = np.mgrid[0:size, 0:size] + 0.5 - size / 2
    angle = np.arctan2(row, column) % (2 * np.pi)
    sector = np.minimum((angle / (2 * np.pi) * CORNERS).astype(int), CORNERS - 1)
    centred = ring - size / 2
    start, end = centred[sector], centred[sector + 1]
    side = (end[..., 1] - start[..., 1]) * (row - start[..., 0]) - (end[..., 0] - start[..., 0]) * (
        column - start[..., 1]
    )
    return side > 0


def district_seats(towns: NDArray[np.intp], size: int) -> Array:
    """(6, 2) rows and columns: the three towns and three seats in the mountains and the far plain."""
    far = np.array([[0.28, 0.22], [0.30, 0.50], [0.72, 0.30]]) * size
    return np.vstack([towns, far])


def districts(seats: Array, size: int) -> tuple[NDArray[np.uint8], list[Array]]:
    """Number of the nearest seat for every pixel, from 0, and a ring per seat (row, column) that covers its pixels.

    Distances are measured on winding lines, so that borders wind too. Rings overrun the grid; cut them to the outline.
    """
    nearest = np.empty((size, size), np.uint8)
    for rows in strips(size):
        row, column = np.mgrid[rows.start : min(rows.stop, size), 0:size] + 0.5
        at = _wind(np.column_stack([row.ravel(), column.ravel()]), size)
        distance = ((at[:, None, :] - _wind(seats, size)) ** 2).sum(axis=2)
        nearest[rows] = np.argmin(np.round(distance, 6), axis=1).reshape(row.shape)
    return nearest, [_unwind(_nearest_cell(_wind(seats, size), number, size), size) for number in range(len(seats))]


def _wind(points: Array, size: int) -> Array:
    turns = 2 * np.pi * points / size
    swing = 0.012 * size * np.sin(3 * turns[:, ::-1]) + 0.005 * size * np.sin(9 * turns[:, ::-1] + 1)
    return points + swing


def _unwind(points: Array, size: int) -> Array:
    """The points that `_wind` takes to these, by fixed-point iteration (its swing is a contraction)."""
    guess = points
    for _ in range(60):
        guess = guess - (_wind(guess, size) - points)
    return np.round(guess, 4)


def _nearest_cell(seats: Array, number: int, size: int) -> Array:
    """The Voronoi cell of a seat within a frame around the grid, its edges cut into short pieces, closed."""
    low, high = -0.2 * size, 1.2 * size
    corners = [np.array(corner) for corner in ((low, low), (low, high), (high, high), (high, low))]
    seat = seats[number]
    for other in np.delete(seats, number, axis=0):
        normal, middle = other - seat, (other + seat) / 2
        beyond = [float((corner - middle) @ normal) for corner in corners]
        kept: list[Array] = []
        for here, there, a, b in zip(corners, corners[1:] + corners[:1], beyond, beyond[1:] + beyond[:1]):
            if a <= 0:
                kept.append(here)
            if (a <= 0) != (b <= 0):
                kept.append(here + (there - here) * a / (a - b))
        corners = kept
    pieces = []
    for here, there in zip(corners, corners[1:] + corners[:1]):
        share = np.linspace(0, 1, 25)[:-1, None]
        pieces.append(here + share * (there - here))
    ring = np.vstack(pieces)
    return np.vstack([ring, ring[:1]])


def _nearest_hexagon(first: int, shape: tuple[int, ...], wide: float, tall: float) -> NDArray[np.int64]:
    """Line of centres times 100,000, and 1 + place in the line, of the nearest centre, for rows from a first one on."""
    row, column = np.mgrid[first : first + shape[0], 0 : shape[1]] + 0.5
    best = np.full(shape, np.inf)
    line, place = np.zeros(shape, int), np.zeros(shape, int)
    below = np.floor(row / tall).astype(int)
    # The nearest centre is in the line of centres above the pixel or in the one below it.
    for candidate in (below, below + 1):
        shift = np.where(candidate % 2 == 1, 0.5, 0.0)
        across = np.floor(column / wide - shift + 0.5).astype(int)
        distance = np.round((row - candidate * tall) ** 2 + (column - (across + shift) * wide) ** 2, 6)
        nearer = distance < best
        best = np.where(nearer, distance, best)
        line, place = np.where(nearer, candidate, line), np.where(nearer, across, place)
    return np.asarray(line * 100_000 + place + 1)


def hexagons(inside: Mask, target: int = 300) -> tuple[NDArray[np.int32], list[Array]]:
    """Planning units: about `target` hexagons that cover the region.

    Returns:
        (h, w) number of the unit of every pixel, from 0, and -1 outside; a closed ring (row, column) per unit.
        A unit at the edge keeps its whole hexagon, its pixels are those inside.
    """
    size = inside.shape[0]
    side = float(np.sqrt(inside.sum() / target / (1.5 * np.sqrt(3))))
    wide, tall = np.sqrt(3) * side, 1.5 * side
    key = np.empty(inside.shape, np.int64)
    for rows in strips(size):
        key[rows] = np.where(inside[rows], _nearest_hexagon(rows.start, inside[rows].shape, wide, tall), -1)
    names, units = np.unique(key, return_inverse=True)
    first = int(names[0] == -1)
    rings = []
    for name in names[first:]:
        at_line, at_place = divmod(int(name) - 1, 100_000)
        centre = np.array([at_line * tall, (at_place + 0.5 * (at_line % 2)) * wide])
        angle = np.pi / 3 * np.arange(7)
        ring = np.round(centre + side * np.column_stack([np.cos(angle), np.sin(angle)]), 3)
        ring[-1] = ring[0]
        rings.append(ring)
    return (units.reshape(inside.shape) - first).astype(np.int32), rings
