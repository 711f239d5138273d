"""The relief of the practice region: mountains that rivers have carved, and the plain that they flow out to.

Everything is an array function of a size and a seed. Fields are rounded where they are made, so that the last bits
of another numpy or scipy cannot tip a later decision.
"""

from __future__ import annotations

import heapq
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

HIGHEST_M = 680.0
FULL_WIDTH_M = 12_000.0
PLAIN_FALL = 0.0022
"""Fall of the plain towards its outlets, metres per metre."""
STRIP = 64  # rows


@dataclass(frozen=True)
class Terrain:
    """The relief of the region, every field (size, size).

    Attributes:
        elevation: m.
        slope: degrees.
        northness: cosine of the aspect, 1 on north slopes, -1 on south slopes, 0 on flat land.
        mountain: 0 in the plain to 1 in the mountains.
        pixel_m: width of a pixel, m.
    """

    elevation: Array
    slope: Array
    northness: Array
    mountain: Array
    pixel_m: float


@dataclass(frozen=True)
class Flow:
    """Where water runs, every field (size, size).

    Attributes:
        upstream: upstream area in pixels, the pixel itself included.
        receiver: flat index of the pixel that each pixel drains to; an outlet drains to itself.
    """

    upstream: Array
    receiver: NDArray[np.intp]


def random_stream(seed: int, purpose: str) -> np.random.Generator:
    """An independent stream of random numbers for one purpose, so that a new layer changes no older one."""
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(purpose.encode("ascii"))]))


def fractal_noise(size: int, rng: np.random.Generator, roughness: float = 2.0, longest: float = 0.5) -> Array:
    """Spatial noise of mean 0 and standard deviation 1 with a power spectrum that falls with frequency.

    Args:
        size: rows and columns.
        rng: the stream to draw from.
        roughness: exponent of the fall of the amplitude; 1 is grainy, 3 is smooth.
        longest: longest wave, as a share of the side.

    Returns:
        (size, size), rounded to 1e-6.
    """
    # Drawn on a torus half as wide again and cut, so that opposite edges do not resemble each other.
    wide = size + size // 2
    frequency = np.hypot(np.fft.fftfreq(wide, 1.0)[:, None], np.fft.rfftfreq(wide, 1.0)[None, :]) * size
    frequency[0, 0] = np.inf
    amplitude = np.maximum(frequency, 1 / longest, out=frequency)
    amplitude **= -roughness
    amplitude[0, 0] = 0
    spectrum = np.fft.rfft2(rng.standard_normal((wide, wide)))
    spectrum *= amplitude
    del frequency, amplitude
    noise = np.fft.irfft2(spectrum, s=(wide, wide))[:size, :size]
    del spectrum
    return np.asarray(np.round((noise - noise.mean()) / noise.std(), 6))


def strips(size: int) -> Iterator[slice]:
    """Rows from top to bottom, few at a time: what looks at each pixel alone needs no whole arrays in between."""
    return (slice(start, start + STRIP) for start in range(0, size, STRIP))


def smooth_step(low: float, high: float, x: Array) -> Array:
    """0 below `low`, 1 above `high`, and a smooth S between them (`low` may be above `high`: then falling)."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def build_terrain(size: int, seed: int, pixel_m: float) -> tuple[Terrain, Flow]:
    """Mountains in the north-west, a plain in the south-east and the valleys of a river network.

    The relief is a steady state of uplift and stream-power incision, ``dz/dt = U - K A^0.5 S`` (Whipple and Tucker
    1999, Journal of Geophysical Research 104), computed from coarse to fine by the implicit scheme of Braun and
    Willett (2013, Geomorphology 180-181). Rivers leave through the south and east edges.
    """
    mountain = _mountain_share(size, seed)
    carved, flow = _carve(mountain, seed)
    # The height falls less than the width, or a small region would be a molehill.
    highest = HIGHEST_M * min(1.0, size * pixel_m / FULL_WIDTH_M) ** 0.7
    row, column = np.mgrid[0:size, 0:size] * pixel_m
    plain = 25 + PLAIN_FALL * (2 * size * pixel_m - row - column) / 2
    texture = fractal_noise(size, random_stream(seed, "texture"), 1.8, 0.15)
    # Slopes creep: a little smoothing in the mountains, much of it in the plain, where rivers build up fans.
    relief = carved / carved.max() * highest
    fans = ndimage.gaussian_filter(relief, max(1.5, size / 60))
    relief = mountain * ndimage.gaussian_filter(relief, 1.5) + (1 - mountain) * (0.7 * fans + 0.3 * relief)
    elevation = np.round(plain + relief + texture * (0.25 + 5 * mountain * highest / HIGHEST_M), 1)
    slope, northness = slope_and_northness(elevation, pixel_m)
    return Terrain(elevation, slope, northness, np.round(mountain, 6), pixel_m), flow


def slope_and_northness(elevation: Array, pixel_m: float) -> tuple[Array, Array]:
    """Slope in degrees and cosine of the aspect, by central differences."""
    down_south, down_east = np.gradient(-elevation, pixel_m)
    steepness = np.hypot(down_south, down_east)
    northness = np.divide(-down_south, steepness, out=np.zeros_like(steepness), where=steepness > 0)
    return np.round(np.degrees(np.arctan(steepness)), 4), np.round(northness, 4)


def _carve(mountain: Array, seed: int) -> tuple[Array, Flow]:
    """Relief in arbitrary units, and the water that carved it."""
    size = mountain.shape[0]
    levels = [(max(16, size // 4), 45), (max(16, size // 2), 12), (size, 4)]
    plane = _ramp(size, seed)
    lifted = mountain * (1 + 0.25 * np.clip(fractal_noise(size, random_stream(seed, "uplift"), 2.2), -2, 2))
    erodible = 0.003 + mountain
    height = resample(plane, levels[0][0])
    upstream, receiver = np.ones_like(height), np.zeros(height.shape, dtype=np.intp)
    for number, (width, steps) in enumerate(levels):
        rng = random_stream(seed, f"carve {number}")
        height = resample(height, width) + 0.1 / width * rng.random((width, width))
        lift, soft = resample(lifted, width), resample(erodible, width)
        wander = rng.random((8, width, width))
        wander *= 0.35
        wander += 1
        for step in range(steps):
            # Valleys without a way out would rise to a plateau. Filling is slow: the finest grid is filled once, for
            # its final routing.
            if step % 6 == 0 if width < size else step == steps - 1:
                height = fill_pits(height)
            height, upstream, receiver = _uplift_and_incise(height, lift, soft, wander, 0.25)
    return np.maximum(height - plane, 0), Flow(upstream, receiver)


def _ramp(size: int, seed: int) -> Array:
    """The plain: a gently uneven ramp that rivers cross but hardly cut; its unevenness must not make pits."""
    uneven = fractal_noise(size, random_stream(seed, "plain"), 2.4)
    row, column = (np.mgrid[0:size, 0:size] + 0.5) / size
    return np.asarray((2 - row - column) / 2 + uneven * 0.3 / np.abs(np.gradient(uneven, 1 / size)).mean())


def _mountain_share(size: int, seed: int) -> Array:
    """1 in the north-west and 0 in the south-east with a winding front between them."""
    row, column = (np.mgrid[0:size, 0:size] + 0.5) / size
    across = (row + column) / 2 + 0.055 * np.clip(fractal_noise(size, random_stream(seed, "front"), 2.2), -2.5, 2.5)
    return smooth_step(0.57, 0.41, across)


def resample(field: Array, width: int) -> Array:
    """The field on a square grid of another width, bilinear between pixel centres."""
    if field.shape[0] == width:
        return field
    at = (np.arange(width) + 0.5) * field.shape[0] / width - 0.5
    return np.asarray(ndimage.map_coordinates(field, np.meshgrid(at, at, indexing="ij"), order=1, mode="nearest"))


_NEIGHBOURS = tuple((r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0))


def fill_pits(height: Array, rise: float = 1e-6) -> Array:
    """Raises pits until every pixel drains to the south or east edge.

    Priority flood with a small rise towards the pit (Barnes, Lehman and Mulla 2014, Computers and Geosciences 62).
    """
    rows, columns = height.shape
    wide = columns + 2
    waiting = np.zeros((rows + 2, wide), dtype=bool)
    waiting[1:-1, 1:-1] = True
    waiting[-2, :] = waiting[:, -2] = False
    # Compact, but as quick to reach into as lists.
    level = array("d", np.pad(height, 1).tobytes())
    outlets = [(rows, c + 1) for c in range(columns)] + [(r + 1, columns) for r in range(rows - 1)]
    open_pixels = [(level[r * wide + c], r * wide + c) for r, c in outlets]
    heapq.heapify(open_pixels)
    left = bytearray(waiting.tobytes())
    steps = [r * wide + c for r, c in _NEIGHBOURS]
    while open_pixels:
        lowest, pixel = heapq.heappop(open_pixels)
        for step in steps:
            neighbour = pixel + step
            if left[neighbour]:
                left[neighbour] = 0
                if level[neighbour] <= lowest:
                    level[neighbour] = lowest + rise
                heapq.heappush(open_pixels, (level[neighbour], neighbour))
    return np.frombuffer(level).reshape(rows + 2, wide)[1:-1, 1:-1].copy()


def _receivers(height: Array, wander: Array) -> tuple[NDArray[np.intp], Array]:
    """Flat index of the neighbour that each pixel drains to (itself in a pit or an outlet), and the distance to it.

    `wander` (8, h, w) weighs the eight directions a little at random, so that rivers do not run like rulers.
    """
    rows, columns = height.shape
    padded = np.pad(height, 1, constant_values=np.inf)
    best = np.zeros_like(height)
    receiver = np.arange(height.size).reshape(height.shape)
    own = receiver.copy()
    distance = np.ones_like(height)
    for (r, c), weight in zip(_NEIGHBOURS, wander):
        length = float(np.hypot(r, c))
        fall = (height - padded[1 + r : 1 + r + rows, 1 + c : 1 + c + columns]) / length * weight
        steeper = fall > best
        best = np.where(steeper, fall, best)
        receiver = np.where(steeper, own + r * columns + c, receiver)
        distance = np.where(steeper, length, distance)
    receiver[-1, :], receiver[:, -1] = own[-1, :], own[:, -1]
    return receiver.ravel(), distance.ravel()


def _uplift_and_incise(
    height: Array, lift: Array, soft: Array, wander: Array, step: float
) -> tuple[Array, Array, NDArray[np.intp]]:
    """One implicit step; also the upstream area in pixels and the receivers.

    Both sums along the flow paths double the length of the path in every round, so the number of rounds is the
    logarithm of the longest path, not its length.
    """
    receiver, distance = _receivers(height, wander)
    outside = receiver.size
    target = np.append(np.where(receiver == np.arange(outside), outside, receiver), outside)
    area = np.append(np.ones(outside), 0.0)
    while (target < outside).any():
        area += np.bincount(target, area, minlength=outside + 1)
        area[outside] = 0
        target = target[target]
    area = area[:outside]

    drains = receiver != np.arange(outside)
    cut = np.where(drains, step * soft.ravel() * np.sqrt(area) / distance, 0.0)
    edge = np.zeros(height.shape, dtype=bool)
    edge[-1, :] = edge[:, -1] = True
    risen = height.ravel() + np.where(edge.ravel(), 0.0, step * lift.ravel())
    own, share, target = risen / (1 + cut), cut / (1 + cut), receiver
    while share.any():
        own = own + share * own[target]
        share = share * share[target]
        target = target[target]
    return own.reshape(height.shape), area.reshape(height.shape), receiver.reshape(height.shape)
