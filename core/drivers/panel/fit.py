"""Least squares by orthogonal factors: coefficients, dependent drivers, inflation of variances.

Everything here starts from the triangle R of [X y] = QR. It holds all that X and y have to say,
it is small, and its columns are as long as those of [X y].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

DEPENDENT = 1e-9  # of its own length is what a driver must keep beside the others
_CHUNK = 8192
_LOST = 1e-4  # of its length is what a column must keep beside the others for cross products to hold it


@dataclass(frozen=True)
class Fit:
    """A least-squares fit of y on k columns.

    Attributes:
        coefficients: shape (k,).
        residuals: shape (n,).
        inverse: inverse of the cross products X'X, shape (k, k).
        rss: residual sum of squares.
        root: T with `inverse` = T T', so that X T has orthonormal columns, shape (k, k); None where nobody needs it.
    """

    coefficients: np.ndarray
    residuals: np.ndarray
    inverse: np.ndarray
    rss: float
    root: np.ndarray | None = None


def triangle(columns: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The factor R of [columns y], shape (k + 1, k + 1), chunk by chunk so that Q never exists."""
    upper = _by_cross_products(columns, y)
    return _by_reflections(columns, y) if upper is None else upper


def _by_cross_products(columns: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    """R by Cholesky, twice, which is as exact as reflections and quicker (Yamamoto et al. 2015, ETNA 44:306).

    None where columns are so nearly dependent that their cross products have lost it.
    """
    size = columns.shape[1] + 1
    upper = np.eye(size)
    for _ in range(2):
        inverse = linalg.solve_triangular(upper, np.eye(size))
        product = np.zeros((size, size))
        for start in range(0, len(y), _CHUNK):
            rows = slice(start, start + _CHUNK)
            part = columns[rows] @ inverse[:-1] + np.multiply.outer(y[rows], inverse[-1])
            product += part.T @ part
        length = np.sqrt(np.diag(product))
        if not np.all(length > 0):
            return None
        try:
            factor = np.linalg.cholesky(product / np.outer(length, length)).T
        except np.linalg.LinAlgError:
            return None
        if np.diag(factor).min() < _LOST:
            return None
        upper = factor * length @ upper
    return upper


def _by_reflections(columns: np.ndarray, y: np.ndarray) -> np.ndarray:
    size = columns.shape[1] + 1
    upper: np.ndarray = np.zeros((size, size))
    for start in range(0, len(y), _CHUNK):
        part = columns[start : start + _CHUNK]
        block = np.vstack([upper, np.column_stack([part, y[start : start + _CHUNK]])])
        upper = np.asarray(np.linalg.qr(block, mode="r"))
    return upper


def narrowed(upper: np.ndarray, kept: list[int]) -> np.ndarray:
    """The triangle of the kept columns and y."""
    return np.asarray(np.linalg.qr(upper[:, [*kept, len(upper) - 1]], mode="r"))


def least_squares(columns: np.ndarray, y: np.ndarray, upper: np.ndarray) -> Fit:
    """Fits y (n,) on independent columns (n, k) whose triangle with y is `upper`."""
    k = columns.shape[1]
    root = _inverse_root(upper)
    coefficients = root @ upper[:k, k]
    residuals = y - columns @ coefficients
    return Fit(coefficients, residuals, root @ root.T, float(residuals @ residuals), root)


def norms(columns: np.ndarray) -> np.ndarray:
    """Lengths of the columns of (n, k)."""
    return np.sqrt(np.einsum("ij,ij->j", columns, columns))


def _inverse_root(upper: np.ndarray) -> np.ndarray:
    """Inverse of the triangle of the k columns, scaled for the arithmetic."""
    k = len(upper) - 1
    length = norms(upper[:k, :k])
    return linalg.solve_triangular(upper[:k, :k] / length, np.eye(k)) / length[:, None]


@dataclass(frozen=True)
class Dependence:
    """Which columns of a matrix stand on their own, and for each other one those that make it up."""

    kept: list[int]
    made_of: dict[int, tuple[int, ...]]


def independent(upper: np.ndarray, original: np.ndarray) -> Dependence:
    """Finds the columns that the others, or the effects taken out before, make up.

    A pivoted QR gives the rank. When columns depend on each other the earlier ones are kept.

    Args:
        upper: triangle of the drivers and y after the effects were taken out.
        original: lengths of the centred drivers before that, shape (k,).
    """
    k = len(original)
    length = norms(upper[:, :k])
    varies = [j for j in range(k) if length[j] > DEPENDENT * original[j]]
    made_of: dict[int, tuple[int, ...]] = {j: () for j in range(k) if j not in varies}
    if not varies:
        return Dependence([], made_of)
    unit = upper[:, varies] / length[varies]
    pivots = np.abs(np.diag(linalg.qr(unit, mode="r", pivoting=True)[0]))
    if len(pivots) == len(varies) and np.all(pivots > DEPENDENT):
        return Dependence(varies, made_of)
    kept: list[int] = []
    for j in range(len(varies)):
        weights, *_ = np.linalg.lstsq(unit[:, kept], unit[:, j], rcond=None)
        if np.linalg.norm(unit[:, j] - unit[:, kept] @ weights) > DEPENDENT:
            kept.append(j)
        else:
            made_of[varies[j]] = tuple(varies[i] for i, weight in zip(kept, weights) if abs(weight) > 1e-6)
    return Dependence([varies[j] for j in kept], made_of)


def inflation(upper: np.ndarray) -> np.ndarray:
    """Variance inflation factors, 1 / (1 - R2 of each driver on the others and a constant), shape (k,).

    Args:
        upper: triangle of centred drivers and y.
    """
    return np.sum(_inverse_root(upper) ** 2, axis=1) * np.sum(upper[:, :-1] ** 2, axis=0)


def condition_number(upper: np.ndarray) -> float:
    """Largest over smallest singular value of the drivers scaled to unit length (Belsley, Kuh and Welsch 1980)."""
    values = linalg.svdvals(upper[:, :-1] / norms(upper[:, :-1]))
    return float(values[0] / values[-1])
