"""Correlations of fields, alone and with others held constant.

Sources: Kendall & Stuart 1973, The Advanced Theory of Statistics, vol. 2 (partial correlation); Kendall 1938,
Biometrika 30:81.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ...errors import InputError
from ...messages import say

METHODS = ("pearson", "spearman", "kendall")
_DEPENDENT = 1e-10  # smallest eigenvalue of a correlation matrix that can be inverted


@dataclass(frozen=True)
class Correlations:
    """Correlations of k fields on n rows.

    Attributes:
        r: shape (k, k).
        p: two-sided, rows taken as independent, shape (k, k).
        partial, partial_p: with the others, or the fields held constant, taken out; NaN where they cannot be told.
        vif: variance inflation of each field by all others, shape (k,); infinite where the others make it up.
        n: rows.
    """

    r: np.ndarray
    p: np.ndarray
    partial: np.ndarray
    partial_p: np.ndarray
    vif: np.ndarray
    n: int


def correlations(values: np.ndarray, method: str = "pearson", held: np.ndarray | None = None) -> Correlations:
    """Correlates fields.

    Args:
        values: shape (n, k), none of them level.
        method: `pearson`; `spearman`, that of the ranks; `kendall`, tau-b.
        held: fields held constant in the partial correlations, shape (n, m); all other fields where None.

    Raises:
        InputError: an unknown method, or fewer than four rows.
    """
    if method not in METHODS:
        raise InputError(
            say("METHOD {method!r} is not known: choose one of {known}.", method=method, known=", ".join(METHODS))
        )
    n, k = values.shape
    if n < 4:
        raise InputError(say("Correlations need at least 4 rows; there are {rows}.", rows=n))
    everything = values if held is None else np.column_stack([values, held])
    if method != "pearson":
        everything = np.column_stack([stats.rankdata(column) for column in everything.T])
    whole, p = _kendall(everything) if method == "kendall" else _product_moment(everything)
    partial, partial_p = _partial(whole, k, n, held is not None, method)
    return Correlations(whole[:k, :k], p[:k, :k], partial, partial_p, _inflation(np.corrcoef(values, rowvar=False)), n)


def p_of_t(r: np.ndarray, df: float) -> np.ndarray:
    """Two-sided p of correlations with so many degrees of freedom, ``t = r sqrt(df/(1 - r²))``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = r * np.sqrt(df / (1 - r**2))
    return np.where(np.abs(r) >= 1, 0.0, 2 * stats.t.sf(np.abs(t), df))


def _product_moment(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r = np.clip(np.corrcoef(values, rowvar=False), -1, 1)
    p = p_of_t(r, len(values) - 2)
    np.fill_diagonal(p, 0.0)
    return r, p


def _kendall(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    k = values.shape[1]
    r, p = np.eye(k), np.zeros((k, k))
    for a in range(k):
        for b in range(a):
            found = stats.kendalltau(values[:, a], values[:, b])
            r[a, b] = r[b, a] = found[0]
            p[a, b] = p[b, a] = found[1]
    return r, p


def _partial(r: np.ndarray, fields: int, n: int, held: bool, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Of each pair with the fields held, or with all others, constant; Kendall's has no law, so no p."""
    k = len(r)
    partial, p = np.full((fields, fields), np.nan), np.full((fields, fields), np.nan)
    if not held:
        inverse = _inverse(r)
        if inverse is not None:
            scale = np.sqrt(np.diag(inverse))
            partial = -inverse / np.outer(scale, scale)
        given = k - 2
    else:
        for a in range(fields):
            for b in range(a):
                chosen = [a, b, *range(fields, k)]
                inverse = _inverse(r[np.ix_(chosen, chosen)])
                if inverse is not None:
                    partial[a, b] = partial[b, a] = -inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1])
        given = k - fields
    np.fill_diagonal(partial, 1.0)
    df = n - 2 - given
    if method != "kendall" and df > 0:
        p = p_of_t(np.clip(partial, -1, 1), df)
    return partial, p


def _inverse(r: np.ndarray) -> np.ndarray | None:
    """None where fields make each other up."""
    if np.linalg.eigvalsh(r)[0] < _DEPENDENT:
        return None
    return np.asarray(np.linalg.inv(r))


def _inflation(r: np.ndarray) -> np.ndarray:
    inverse = _inverse(r)
    return np.full(len(r), np.inf) if inverse is None else np.diag(inverse).copy()
