"""Correlations of fields, alone and with others held constant.

Sources: Kendall & Stuart 1973, The Advanced Theory of Statistics, vol. 2 (partial correlation); Kendall 1938,
Biometrika 30:81.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from ...errors import InputError
from ...messages import say

METHODS = ("pearson", "spearman", "kendall")
FEWEST_ROWS = 4
_DEPENDENT = 1e-10  # smallest eigenvalue of a correlation matrix that can be inverted
_INVOLVED = 1e-4  # weight of a field in a dependence, of which the squares sum to 1


@dataclass(frozen=True)
class Correlations:
    """Correlations of k fields on n rows.

    Attributes:
        r: shape (k, k).
        p: two-sided, rows taken as independent, shape (k, k).
        partial, partial_p: with the others, or the fields held constant, taken out; NaN where they cannot be told.
        vif: variance inflation of each field by all others, shape (k,); infinite where the others make it up.
        n: rows.
        dependent: where partial correlations are missing, positions of fields that make each other up, and the pairs
            that lack theirs for it. Fields held constant are counted after the others.
        fewest: rows that partial correlations take.
    """

    r: np.ndarray
    p: np.ndarray
    partial: np.ndarray
    partial_p: np.ndarray
    vif: np.ndarray
    n: int
    dependent: Mapping[tuple[int, ...], tuple[tuple[int, int], ...]] = field(default_factory=dict)
    fewest: int = 0


def correlations(
    values: np.ndarray, method: str = "pearson", held: np.ndarray | None = None, means: int = 1
) -> Correlations:
    """Correlates fields.

    Args:
        values: shape (n, k) of `FEWEST_ROWS` or more, none of them level.
        method: `pearson`; `spearman`, that of the ranks; `kendall`, tau-b.
        held: fields held constant in the partial correlations, shape (n, m); all other fields where None.
        means: that were taken out of each field, one a year of rows of several years; tests know of them.

    Raises:
        InputError: an unknown method.
    """
    if method not in METHODS:
        raise InputError(
            say("METHOD {method!r} is not known: choose one of {known}.", method=method, known=", ".join(METHODS))
        )
    n, k = values.shape
    everything = values if held is None else np.column_stack([values, held])
    if method != "pearson":
        everything = np.column_stack([stats.rankdata(column) for column in everything.T])
    whole, p = _kendall(everything) if method == "kendall" else _product_moment(everything, n - 1 - means)
    given = (k if held is None else whole.shape[0] - k + 2) - 2
    partial, dependent = _partial(whole, k, held is not None)
    df = n - 1 - means - given
    partial_p = np.full((k, k), np.nan)  # that of Kendall has no known law
    if method != "kendall" and df > 0:
        partial_p = p_of_t(np.clip(partial, -1, 1), df)
    inflation = _inflation(np.corrcoef(values, rowvar=False))
    fewest = given + means + 2
    return Correlations(whole[:k, :k], p[:k, :k], partial, partial_p, inflation, n, dependent, fewest)


def p_of_t(r: np.ndarray, df: float) -> np.ndarray:
    """Two-sided p of correlations with so many degrees of freedom, ``t = r sqrt(df/(1 - r²))``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = r * np.sqrt(df / (1 - r**2))
    return np.where(np.abs(r) >= 1, 0.0, 2 * stats.t.sf(np.abs(t), df))


def _product_moment(values: np.ndarray, df: int) -> tuple[np.ndarray, np.ndarray]:
    r = np.clip(np.corrcoef(values, rowvar=False), -1, 1)
    p = p_of_t(r, df) if df > 0 else np.full(r.shape, np.nan)
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


def _partial(
    r: np.ndarray, fields: int, held: bool
) -> tuple[np.ndarray, dict[tuple[int, ...], tuple[tuple[int, int], ...]]]:
    """Of each pair with the fields held, or with all others, constant; and what the missing ones are missing for."""
    k = len(r)
    partial = np.full((fields, fields), np.nan)
    dependent: dict[tuple[int, ...], tuple[tuple[int, int], ...]] = {}
    pairs = [(a, b) for a in range(fields) for b in range(a + 1, fields)]
    if not held:
        inverse = _inverse(r)
        if inverse is not None:
            scale = np.sqrt(np.diag(inverse))
            partial = -inverse / np.outer(scale, scale)
        else:
            dependent[_dependence(r, list(range(k)))] = tuple(pairs)
    else:
        for a, b in pairs:
            chosen = [a, b, *range(fields, k)]
            inverse = _inverse(r[np.ix_(chosen, chosen)])
            if inverse is not None:
                partial[a, b] = partial[b, a] = -inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1])
            else:
                found = _dependence(r, chosen)
                dependent[found] = (*dependent.get(found, ()), (a, b))
    np.fill_diagonal(partial, 1.0)
    return partial, dependent


def _dependence(r: np.ndarray, chosen: list[int]) -> tuple[int, ...]:
    """Those of the chosen fields that the strongest dependence among them is made of."""
    weights = np.linalg.eigh(r[np.ix_(chosen, chosen)])[1][:, 0]
    return tuple(sorted(chosen[place] for place in np.flatnonzero(np.abs(weights) > _INVOLVED)))


def _inverse(r: np.ndarray) -> np.ndarray | None:
    """None where fields make each other up."""
    if np.linalg.eigvalsh(r)[0] < _DEPENDENT:
        return None
    return np.asarray(np.linalg.inv(r))


def _inflation(r: np.ndarray) -> np.ndarray:
    inverse = _inverse(r)
    return np.full(len(r), np.inf) if inverse is None else np.diag(inverse).copy()
