"""What a place sees of the others: weights that fall with distance, in blocks of places that lie together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ...errors import InputError
from ...messages import say

SHAPES = ("bisquare", "gaussian", "exponential")
KINDS = ("adaptive", "fixed")

# The N-th place gets a little weight, as in mgwr.
_STRETCH = 1.0000001
# Beyond so many bandwidths a weight is below 2e-14 and left out.
_SUPPORT = {"bisquare": 1.0, "gaussian": 8.0, "exponential": 32.0}
_BLOCK = 40  # places that are looked at together
_FEW_DIGITS = 1e-3  # distances within this share of a block's radius


def _bisquare(z2: np.ndarray) -> np.ndarray:
    np.subtract(1, z2, out=z2)
    np.maximum(z2, 0, out=z2)
    return np.multiply(z2, z2, out=z2)


def _gaussian(z2: np.ndarray) -> np.ndarray:
    np.multiply(z2, -0.5, out=z2)
    return np.exp(z2, out=z2)


def _exponential(z2: np.ndarray) -> np.ndarray:
    np.sqrt(z2, out=z2)
    np.negative(z2, out=z2)
    return np.exp(z2, out=z2)


_WEIGHTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "bisquare": _bisquare,
    "gaussian": _gaussian,
    "exponential": _exponential,
}


@dataclass(frozen=True)
class Kernel:
    """How weights fall with z = distance / bandwidth.

    bisquare (1 - z^2)^2 below z = 1, gaussian exp(-z^2/2), exponential exp(-z).

    Attributes:
        shape: one of `SHAPES`.
        adaptive: whether a bandwidth is a number of places, the place itself counted as the first, rather than a
            distance.

    Source: Fotheringham, Brunsdon and Charlton 2002, Geographically Weighted Regression, chapter 2.
    """

    shape: str = "bisquare"
    adaptive: bool = True


@dataclass(frozen=True)
class Seen:
    """What some places see.

    Attributes:
        rows: the places, shape (b,).
        others: places that at least one of them may see, from the middle of the rows outwards, shape (c,).
        weights: one array (b, m) for each bandwidth, of the first m of `others`; the widest sees them all.
    """

    rows: np.ndarray
    others: np.ndarray
    weights: Iterator[np.ndarray]


def seen(points: np.ndarray, kernel: Kernel, bandwidths: Sequence[float]) -> Iterator[Seen]:
    """The weights of all places for some bandwidths, block by block of places that lie together.

    A block measures only distances to places that it can see, so that time and memory go with the bandwidth and never
    with the square of the number of places.

    Args:
        points: shape (n, d); a scaled time may be one of the dimensions.
        kernel: shape and kind.
        bandwidths: numbers of places, or distances.

    Raises:
        InputError: a bandwidth is no positive number or more places than there are, or the places nearest to one all
            lie where it lies.
    """
    _require_bandwidths(bandwidths, kernel, len(points))
    widest, support = max(bandwidths), _SUPPORT[kernel.shape]
    for rows in _blocks(points):
        about_middle = points - points[rows].mean(axis=0)
        from_middle = np.einsum("ij,ij->i", about_middle, about_middle)
        radius = float(np.sqrt(from_middle[rows].max()))
        near = widest
        if kernel.adaptive:
            near = np.sqrt(np.partition(from_middle, int(widest) - 1)[int(widest) - 1]) * _STRETCH + radius
        others = np.flatnonzero(from_middle <= ((support * near + radius) * _STRETCH) ** 2)
        others = others[np.argsort(from_middle[others], kind="stable")]
        outwards = np.sqrt(from_middle[others])
        d2 = _distance2(about_middle[others], about_middle[rows])
        reach = _reach(d2, outwards, radius, kernel, bandwidths, points, rows)
        limits = [(support * distance.max() + radius) * _STRETCH for distance in reach]
        counts = np.searchsorted(outwards, limits, side="right").tolist()
        yield Seen(rows, others[: max(counts)], _weights(d2, counts, kernel, reach))


def places_seen(points: np.ndarray, kernel: Kernel, bandwidth: float) -> np.ndarray:
    """How many places get a weight at each place, itself among them; shape (n,)."""
    found = np.empty(len(points), dtype=np.int64)
    for block in seen(points, kernel, [bandwidth]):
        found[block.rows] = np.count_nonzero(next(block.weights) > 1e-8, axis=1)
    return found


def _weights(
    d2: np.ndarray, counts: Sequence[int], kernel: Kernel, reach: Sequence[np.ndarray]
) -> Iterator[np.ndarray]:
    for count, distance in zip(counts, reach):
        yield _WEIGHTS[kernel.shape](d2[:, :count] * (1 / distance**2)[:, None])


def _reach(
    d2: np.ndarray,
    outwards: np.ndarray,
    radius: float,
    kernel: Kernel,
    bandwidths: Sequence[float],
    points: np.ndarray,
    rows: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """How far each row sees with each bandwidth.

    Seen from a row the distance of the N-th place differs from that seen from the middle by no more than the radius of
    the rows, so places nearer to the middle than that less two radii are among the N for certain, and need no sorting.
    """
    if not kernel.adaptive:
        return tuple(np.full(len(rows), float(bandwidth)) for bandwidth in bandwidths)
    ranks = [int(bandwidth) - 1 for bandwidth in bandwidths]
    sure = outwards[min(ranks)] / _STRETCH - 2 * radius * _STRETCH
    doubtful = (outwards[max(ranks)] + 2 * radius) * _STRETCH
    low, high = int(np.searchsorted(outwards, sure)), int(np.searchsorted(outwards, doubtful, side="right"))
    ordered = np.partition(d2[:, low:high], sorted({rank - low for rank in ranks}), axis=1)
    found = tuple(np.sqrt(ordered[:, rank - low]) * _STRETCH for rank in ranks)
    for distance, bandwidth in zip(found, bandwidths):
        if not distance.all():
            where = ", ".join(f"{value:g}" for value in points[rows[int(np.argmin(distance))]])
            raise InputError(
                say(
                    "The {bandwidth:g} places nearest to ({where}) all lie at that point, so nothing can be "
                    "fitted there. Average the rows of one place, or choose a larger BANDWIDTH or BANDWIDTH_KIND "
                    "fixed.",
                    bandwidth=bandwidth,
                    where=where,
                )
            )
    return found


def _distance2(to: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Squared distances (of, to) between points (to, d), from the origin outwards, and (of, d) about the origin.

    |a - b|^2 = |a|^2 + |b|^2 - 2 a.b is one product of matrices; where it leaves few digits it is worked out anew.
    """
    to2, of2 = np.einsum("ij,ij->i", to, to), np.einsum("ij,ij->i", of, of)
    ones_to, ones_of = np.ones(len(to)), np.ones(len(of))
    d2: np.ndarray = np.column_stack([ones_of, of2, -2 * of]) @ np.column_stack([to2, ones_to, to]).T
    close = int(np.searchsorted(to2, (1 + _FEW_DIGITS) ** 2 * of2.max(), side="right"))
    row, column = np.nonzero(d2[:, :close] <= _FEW_DIGITS**2 * of2.max())
    d2[row, column] = np.sum((of[row] - to[column]) ** 2, axis=1)
    return d2


def _blocks(points: np.ndarray) -> Iterator[np.ndarray]:
    order = cKDTree(points, leafsize=8).indices
    for start in range(0, len(order), _BLOCK):
        yield np.sort(order[start : start + _BLOCK])


def _require_bandwidths(bandwidths: Sequence[float], kernel: Kernel, n: int) -> None:
    if kernel.shape not in SHAPES:
        raise InputError(
            say("KERNEL {shape!r} is not known: choose one of {shapes}.", shape=kernel.shape, shapes=", ".join(SHAPES))
        )
    for bandwidth in bandwidths:
        if not np.isfinite(bandwidth) or bandwidth <= 0:
            raise InputError(say("A bandwidth must be a positive number; it is {bandwidth:g}.", bandwidth=bandwidth))
        if kernel.adaptive and not (1 < bandwidth <= n and bandwidth == int(bandwidth)):
            raise InputError(
                say(
                    "BANDWIDTH {bandwidth:g} is no number of places: give a whole number from 2 to {n}, or "
                    "choose BANDWIDTH_KIND fixed for a distance.",
                    bandwidth=bandwidth,
                    n=n,
                )
            )
