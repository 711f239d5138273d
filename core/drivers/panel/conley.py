"""Spatial standard errors after Conley (1999, Journal of Econometrics 92:1, 10.1016/S0304-4076(98)00084-0).

The meat is the sum over pairs of rows of the same time of K(d_ij) s_i s_j', with K falling from one
at distance zero to zero beyond a cutoff. On a regular grid the inner sum over neighbours is a
convolution of the score rasters; anywhere else pairs come from a search tree, chunk by chunk. Rows of the same
entity in different times are added, because they are not independent either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, sparse
from scipy.spatial import cKDTree

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ..place.regular_grid import RegularGrid, regular_grid
from ..place.sphere import chord, great_circle, on_the_sphere
from .covariance import Covariance, Sandwich, bartlett_over_time, calendar, cluster_meat, positive

KERNELS = ("bartlett", "uniform")

_PAIRS_AT_ONCE = 4_000_000
_ON_THE_EDGE = 1 + 1e-9  # a pair as far apart as the cutoff counts, whatever the rounding


@dataclass(frozen=True)
class SpatialKernel:
    """How the weight of a pair falls with distance.

    Attributes:
        cutoff: distance beyond which the weight is zero; units of the coordinates, metres if geographic.
        shape: `bartlett`, 1 - d/cutoff, or `uniform`, 1 up to the cutoff.
        geographic: coordinates are longitude and latitude in degrees and distances great circles.
    """

    cutoff: float
    shape: str = "bartlett"
    geographic: bool = False

    def __post_init__(self) -> None:
        if self.shape not in KERNELS:
            raise InputError(
                say(
                    "Kernel {shape!r} is not known: choose one of {kernels}.",
                    shape=self.shape,
                    kernels=", ".join(KERNELS),
                )
            )
        if not np.isfinite(self.cutoff) or self.cutoff <= 0:
            raise InputError(say("The cutoff distance must be a positive number; it is {cutoff}.", cutoff=self.cutoff))

    def weights(self, distance: np.ndarray) -> np.ndarray:
        if self.shape == "uniform":
            return (distance <= self.cutoff * _ON_THE_EDGE).astype(np.float64)
        return np.maximum(1 - distance / self.cutoff, 0)


def conley(
    sandwich: Sandwich,
    coordinates: np.ndarray,
    kernel: SpatialKernel,
    time: np.ndarray | None = None,
    entity: np.ndarray | None = None,
    times: np.ndarray | None = None,
    lags: int | None = None,
    progress: Progress = QUIET,
) -> Covariance:
    """Conley's covariance of a panel: neighbours in the same time, and the same entity in other times.

    Args:
        coordinates: x and y of each row, shape (n, 2).
        time: codes of the times, or None when all rows are of one time.
        entity: codes of the entities, or None for no link across times.
        times: the years, for lags.
        lags: None weighs all times of an entity fully, as clusters do; L takes Bartlett weights up to L steps
            of the calendar; 0 adds no link across times.
    """
    meat, neighbours = spatial_meat(sandwich.scores, coordinates, kernel, time, progress)
    serial = "none"
    if entity is not None and time is not None and lags != 0:
        own = sandwich.scores.T @ sandwich.scores
        if lags is None:
            meat = meat + cluster_meat(sandwich.scores, entity) - own
            serial = say("all times of an entity, weight 1")
        else:
            if times is None:
                raise TypeError("times is not as expected")
            meat = meat + _serial_meat(sandwich.scores, entity, time, times, lags) - own
            serial = say("Bartlett weights up to {lags} steps of the calendar", lags=lags)
    factor = sandwich.n / sandwich.df
    matrix, warnings = positive(factor * sandwich.around(meat), sandwich.fit, "Conley")
    if neighbours < 1:
        warnings += (
            say(
                "The cutoff distance {cutoff:g} reaches fewer than one neighbour a row: nearly no spatial "
                "dependence is allowed for. Take the range of the residuals' variogram.",
                cutoff=kernel.cutoff,
            ),
        )
    unit = say("m on great circles") if kernel.geographic else say("in units of the coordinates")
    note = say(
        "conley: {shape} kernel, cutoff {cutoff:g} {unit}, {neighbours:.3g} neighbours a row; links across times: "
        "{serial}; factor n / (n - k - p) = {factor:.6g}, t with n - k - p degrees of freedom.",
        shape=kernel.shape,
        cutoff=kernel.cutoff,
        unit=unit,
        neighbours=neighbours,
        serial=serial,
        factor=factor,
    )
    return Covariance(matrix, sandwich.df, (note,), warnings)


def spatial_meat(
    scores: np.ndarray,
    coordinates: np.ndarray,
    kernel: SpatialKernel,
    time: np.ndarray | None = None,
    progress: Progress = QUIET,
) -> tuple[np.ndarray, float]:
    """Sum over pairs of the same time of K(d_ij) s_i s_j', and the mean number of neighbours of a row.

    Args:
        scores: shape (n, k).
        coordinates: shape (n, 2).
        time: codes of the times, shape (n,).
    """
    grid = None if kernel.geographic else regular_grid(coordinates)
    order = [np.arange(len(scores))] if time is None else _rows_of_each(time)
    smoother = None if grid is None else _RasterSmoother(grid, kernel)
    meat, neighbours = np.zeros((scores.shape[1],) * 2), 0.0
    for done, rows in enumerate(order):
        progress.check()
        if smoother is not None:
            part, links = smoother.meat(scores, rows)
        else:
            part, links = _pair_meat(scores[rows], coordinates[rows], kernel, progress)
        meat += part
        neighbours += links
        progress.set(100 * (done + 1) / len(order))
    return (meat + meat.T) / 2, neighbours / len(scores)


def _rows_of_each(codes: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)


class _RasterSmoother:
    """Sums over neighbours by convolution: O(cells log cells), whatever the cutoff."""

    def __init__(self, grid: RegularGrid, kernel: SpatialKernel) -> None:
        self.grid = grid
        reach = [int(kernel.cutoff * _ON_THE_EDGE / step) for step in grid.step]
        # Wrapping round the far edge must not bring a cell back within reach.
        self.padded = tuple(
            fft.next_fast_len(size + min(steps, size), real=True) for size, steps in zip(grid.shape, reach[::-1])
        )
        down = np.minimum(np.arange(self.padded[0]), self.padded[0] - np.arange(self.padded[0]))
        along = np.minimum(np.arange(self.padded[1]), self.padded[1] - np.arange(self.padded[1]))
        weights = kernel.weights(np.hypot(down[:, None] * grid.step[1], along[None, :] * grid.step[0]))
        self.transform = fft.rfft2(weights)
        self.reached = fft.rfft2((weights > 0).astype(np.float64))

    def meat(self, scores: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, float]:
        cells = self.grid.cell[rows]
        values = scores[rows]
        meat = np.empty((scores.shape[1],) * 2)
        for j in range(scores.shape[1]):
            meat[:, j] = values.T @ self._smooth(cells, values[:, j], self.transform)
        links = self._smooth(cells, np.ones(len(rows)), self.reached).sum() - len(rows)
        return meat, float(links)

    def _smooth(self, cells: np.ndarray, values: np.ndarray, transform: np.ndarray) -> np.ndarray:
        rows, columns = self.grid.shape
        raster = np.bincount(cells, weights=values, minlength=rows * columns).reshape(rows, columns)
        smooth = fft.irfft2(fft.rfft2(raster, self.padded) * transform, self.padded)
        return smooth[:rows, :columns].reshape(-1)[cells]


def _pair_meat(
    scores: np.ndarray, coordinates: np.ndarray, kernel: SpatialKernel, progress: Progress
) -> tuple[np.ndarray, float]:
    points = on_the_sphere(coordinates) if kernel.geographic else coordinates
    reach = kernel.cutoff * _ON_THE_EDGE
    if kernel.geographic:
        reach = chord(reach)
    tree = cKDTree(points)
    pairs = tree.count_neighbors(tree, reach)
    chunk = max(1, int(_PAIRS_AT_ONCE * len(points) / pairs))
    meat = np.zeros((scores.shape[1],) * 2)
    for start in range(0, len(points), chunk):
        progress.check()
        part = slice(start, start + chunk)
        found = cKDTree(points[part]).sparse_distance_matrix(tree, reach, output_type="ndarray")
        distance = found["v"]
        if kernel.geographic:
            distance = great_circle(distance)
        shape = (len(points[part]), len(points))
        weights = sparse.csr_matrix((kernel.weights(distance), (found["i"], found["j"])), shape=shape)
        meat += scores[part].T @ (weights @ scores)
    return meat, float(pairs - len(points))


def _serial_meat(scores: np.ndarray, entity: np.ndarray, time: np.ndarray, times: np.ndarray, lags: int) -> np.ndarray:
    positions, _ = calendar(times)
    # Entities are laid end to end on one axis, farther apart than any lag.
    along = entity.astype(np.int64) * (int(positions[-1]) + lags + 1) + positions[time]
    order = np.argsort(along, kind="stable")
    return bartlett_over_time(scores[order], along[order], lags)
