"""Who is whose neighbour: sparse weights by grid cell, by shared border, by number or by distance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from ...errors import InputError
from ...messages import say
from .regular_grid import regular_grid
from .sphere import chord, on_the_sphere

NEIGHBOURS = ("queen", "rook", "knn", "distance")

MOST_PAIRS = 200_000_000

_STEPS = {"rook": ((0, 1), (1, 0)), "queen": ((0, 1), (1, 0), (1, 1), (1, -1))}


TOUCHING = say("neighbours that touch")


@dataclass(frozen=True)
class Weights:
    """Spatial weights of n places.

    Attributes:
        matrix: sparse (n, n), zero diagonal, rows standardised to sum to one; the row of an island is empty.
        islands: places without a neighbour.
        kind: how neighbours were found, in words.
    """

    matrix: sparse.csr_matrix
    islands: int
    kind: str

    @property
    def n(self) -> int:
        return int(self.matrix.shape[0])


def row_standardised(links: sparse.spmatrix, kind: str) -> Weights:
    """Weights from links: any entry that is stored makes two places neighbours."""
    links = sparse.csr_matrix(links, dtype=np.float64)
    counts = np.diff(links.indptr)
    links.data = 1 / np.repeat(counts, counts)
    return Weights(links, int(np.sum(counts == 0)), kind)


def grid_weights(coordinates: np.ndarray, kind: str = "queen") -> Weights:
    """Cells of a regular grid that share a side (`rook`), or a side or a corner (`queen`).

    Args:
        coordinates: centres of the cells, shape (n, 2); the grid may have holes.
        kind: `queen` or `rook`.

    Raises:
        InputError: the centres lie on no regular grid, or two are the same.
    """
    grid = regular_grid(coordinates)
    if grid is None:
        raise InputError(
            say(
                "NEIGHBOURS {kind} needs cells of a regular grid, or polygons that touch; these {count} "
                "points are neither. Choose knn or distance.",
                kind=kind,
                count=len(coordinates),
            )
        )
    columns = grid.shape[1]
    raster = np.full((grid.shape[0] + 1) * (columns + 2), -1, dtype=np.int64)
    cell = grid.row * (columns + 2) + grid.column + 1  # a blank column on each side stops wrapping
    raster[cell] = np.arange(len(cell))
    if np.count_nonzero(raster >= 0) < len(cell):
        raise InputError(
            say("Two rows are at the same place. Spatial neighbours need one row a place: choose one year.")
        )
    pairs = []
    for down, along in _STEPS[kind]:
        other = raster[cell + down * (columns + 2) + along]
        here = np.flatnonzero(other >= 0)
        pairs.append(np.column_stack([here, other[here]]))
    return pair_weights(np.concatenate(pairs), len(coordinates), say("{kind} neighbours on the grid", kind=kind))


def pair_weights(pairs: np.ndarray, n: int, kind: str = TOUCHING) -> Weights:
    """Neighbours given as pairs of positions (m, 2), each taken both ways."""
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    links = sparse.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(n, n))
    return row_standardised(links, kind)


def knn_weights(coordinates: np.ndarray, k: int = 8, geographic: bool = False) -> Weights:
    """The k nearest places; not symmetric. Coordinates that are `geographic` are longitude and latitude in degrees.

    Raises:
        InputError: k is not from 1 to n - 1.
    """
    n = len(coordinates)
    if not 1 <= k < n:
        raise InputError(say("The number of neighbours must lie between 1 and {n}; it is {k}.", n=n - 1, k=k))
    points = on_the_sphere(coordinates) if geographic else coordinates
    _, near = cKDTree(points).query(points, k=k + 1)
    others = near != np.arange(n)[:, None]
    others[others.all(axis=1), -1] = False  # itself hidden behind places at the same point
    links = sparse.csr_matrix((np.ones(n * k), (np.repeat(np.arange(n), k), near[others])), shape=(n, n))
    return row_standardised(links, say("{k} nearest neighbours", k=k))


def distance_weights(coordinates: np.ndarray, distance: float, geographic: bool = False) -> Weights:
    """All places within a distance, in units of the coordinates (metres on great circles if geographic), alike.

    Raises:
        InputError: the distance is not positive, or joins more pairs than memory should hold.
    """
    if not np.isfinite(distance) or distance <= 0:
        raise InputError(
            say("The distance of neighbours must be a positive number; it is {distance}.", distance=distance)
        )
    tree = cKDTree(on_the_sphere(coordinates) if geographic else coordinates)
    reach = distance * (1 + 1e-9)
    reach = chord(reach) if geographic else reach
    count = int(tree.count_neighbors(tree, reach)) - len(coordinates)
    if count > MOST_PAIRS:
        raise InputError(
            say(
                "Within {distance:g} there are {count} pairs of neighbours, more than {most_pairs}. Choose a "
                "smaller distance, or knn.",
                distance=distance,
                count=count,
                most_pairs=MOST_PAIRS,
            )
        )
    return pair_weights(tree.query_pairs(reach, output_type="ndarray"), len(coordinates), f"within {distance:g}")


def neighbour_weights(
    coordinates: np.ndarray, kind: str, k: int = 8, distance: float = 0.0, geographic: bool = False
) -> Weights:
    """The weights of one of `NEIGHBOURS` from places alone."""
    if kind in _STEPS:
        return grid_weights(coordinates, kind)
    if kind == "knn":
        return knn_weights(coordinates, k, geographic)
    if kind == "distance":
        return distance_weights(coordinates, distance, geographic)
    raise InputError(
        say(
            "NEIGHBOURS {kind!r} is not known: choose one of {neighbours}.", kind=kind, neighbours=", ".join(NEIGHBOURS)
        )
    )


def block_codes(coordinates: np.ndarray, side: float, origin: Sequence[float] = (0.0, 0.0)) -> np.ndarray:
    """Square blocks of a given side, as clusters for standard errors that allow for spatial dependence.

    Args:
        coordinates: shape (n, 2).
        side: at least the range of the residuals' variogram, in units of the coordinates.
        origin: a corner of the blocks.

    Returns:
        Codes 0 to G-1, shape (n,).

    Raises:
        InputError: the side is not positive.
    """
    if not np.isfinite(side) or side <= 0:
        raise InputError(say("The side of a block must be a positive number; it is {side}.", side=side))
    places = np.floor((coordinates - np.asarray(origin)) / side).astype(np.int64)
    places -= places.min(axis=0)
    _, codes = np.unique(places[:, 1] * (int(places[:, 0].max()) + 1) + places[:, 0], return_inverse=True)
    return codes.reshape(-1)
