"""Least squares by orthogonal factors: coefficients, dependent drivers, inflation of variances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

Array = np.ndarray

DEPENDENT = 1e-9  # of its own norm is what a driver must keep beside the others
_CHUNK = 65536


@dataclass(frozen=True)
class Fit:
    """A least-squares fit of y on k columns.

    Attributes:
        coefficients: shape (k,).
        residuals: shape (n,).
        inverse: inverse of the cross products X'X, shape (k, k).
        rss: residual sum of squares.
    """

    coefficients: Array
    residuals: Array
    inverse: Array
    rss: float


def triangle(columns: Array) -> Array:
    """The factor R of columns = QR, shape (k, k), chunk by chunk so that Q never exists."""
    k = columns.shape[1]
    upper: Array = np.zeros((0, k))
    for start in range(0, len(columns), _CHUNK):
        upper = np.asarray(np.linalg.qr(np.vstack([upper, columns[start : start + _CHUNK]]), mode="r"))
    return np.vstack([upper, np.zeros((k - len(upper), k))]) if len(upper) < k else upper


def least_squares(columns: Array, y: Array) -> Fit:
    """Fits y (n,) on independent columns (n, k); columns are scaled to unit length for the arithmetic."""
    k = columns.shape[1]
    length = norms(columns)
    upper = triangle(np.column_stack([columns / length, y]))
    coefficients = linalg.solve_triangular(upper[:k, :k], upper[:k, k]) / length
    inverse_root = linalg.solve_triangular(upper[:k, :k], np.eye(k)) / length[:, None]
    residuals = y - columns @ coefficients
    return Fit(coefficients, residuals, inverse_root @ inverse_root.T, float(residuals @ residuals))


def norms(columns: Array) -> Array:
    return np.sqrt(np.einsum("ij,ij->j", columns, columns))


@dataclass(frozen=True)
class Dependence:
    """Which columns of a matrix stand on their own, and for each other one those that make it up."""

    kept: tuple[int, ...]
    made_of: dict[int, tuple[int, ...]]


def independent(columns: Array, original: Array) -> Dependence:
    """Finds the columns that the others, or the effects taken out before, make up.

    A pivoted QR gives the rank. When columns depend on each other the earlier ones are kept.

    Args:
        columns: drivers after the effects were taken out, shape (n, k).
        original: lengths of the centred drivers before that, shape (k,).
    """
    length = norms(columns)
    varies = [j for j in range(columns.shape[1]) if length[j] > DEPENDENT * original[j]]
    made_of: dict[int, tuple[int, ...]] = {j: () for j in range(columns.shape[1]) if j not in varies}
    if not varies:
        return Dependence((), made_of)
    upper = triangle(columns[:, varies] / length[varies])
    pivots = np.abs(np.diag(linalg.qr(upper, mode="r", pivoting=True)[0]))
    if np.all(pivots > DEPENDENT):
        return Dependence(tuple(varies), made_of)
    kept: list[int] = []
    for j in range(len(varies)):
        weights, *_ = np.linalg.lstsq(upper[:, kept], upper[:, j], rcond=None)
        if np.linalg.norm(upper[:, j] - upper[:, kept] @ weights) > DEPENDENT:
            kept.append(j)
        else:
            made_of[varies[j]] = tuple(varies[i] for i, weight in zip(kept, weights) if abs(weight) > 1e-6)
    return Dependence(tuple(varies[j] for j in kept), made_of)


def inflation(columns: Array) -> Array:
    """Variance inflation factors of centred columns (n, k): 1 / (1 - R2 of each on the others and a constant)."""
    length = norms(columns)
    upper = triangle(columns / length)
    root = linalg.solve_triangular(upper, np.eye(len(upper)))
    return np.sum(root**2, axis=1)


def condition_number(columns: Array) -> float:
    """Largest over smallest singular value of the columns scaled to unit length (Belsley, Kuh and Welsch 1980)."""
    values = linalg.svdvals(triangle(columns / norms(columns)))
    return float(values[0] / values[-1])
