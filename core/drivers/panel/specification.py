"""Tests beside a panel regression: are the slopes zero, are there effects, do entities move together?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ...messages import say
from .effects import Groups


@dataclass(frozen=True)
class Test:
    """One test. `df2` is the second degree of freedom of an F; `p` is None for a bare number."""

    __test__ = False  # not a test for pytest to collect

    test: str
    statistic: float
    df: float | None
    p: float | None
    note: str
    df2: float | None = None


def f_test(name: str, statistic: float, df: float, df2: float, note: str) -> Test:
    return Test(name, statistic, df, float(stats.f.sf(statistic, df, df2)), note, df2)


def wald(coefficients: np.ndarray, covariance: np.ndarray) -> tuple[float, int]:
    """The form b' V^-1 b and its rank; directions that V does not span, as with few clusters, are left out."""
    scale = np.sqrt(np.diag(covariance))
    if not np.all(scale > 0):
        return np.inf, len(coefficients)
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    held = values > 1e-10 * values[-1]
    along = vectors[:, held].T @ (coefficients / scale)
    return float(np.sum(along**2 / values[held])), int(held.sum())


def f_slopes(total: float, rss: float, slopes: int, df: int) -> Test:
    """All slopes are zero: ((TSS - RSS)/k) / (RSS/df), both after the effects; assumes iid errors."""
    statistic = (total - rss) / slopes / (rss / df) if rss > 0 else np.inf
    return f_test("f_slopes", statistic, slopes, df, say("H0: all slopes are zero; iid errors"))


def wald_slopes(coefficients: np.ndarray, covariance: np.ndarray, df: int, name: str) -> Test:
    """All slopes are zero, with the covariance that was chosen."""
    statistic, rank = wald(coefficients, covariance)
    note = say("H0: all slopes are zero; {name} covariance", name=name)
    if rank < len(coefficients):
        note = say(
            "{note}; the covariance has rank {rank} for {count} slopes", note=note, rank=rank, count=len(coefficients)
        )
    return f_test("wald_slopes", statistic / rank, rank, df, note)


def f_effects(rss_pooled: float, rss: float, effects: int, df: int) -> Test:
    """There are no effects: ((RSS_pooled - RSS)/(p - 1)) / (RSS/df)."""
    statistic = (rss_pooled - rss) / (effects - 1) / (rss / df) if rss > 0 else np.inf
    return f_test(
        "f_effects", statistic, effects - 1, df, say("H0: no effects, pooled regression suffices; iid errors")
    )


def breusch_pagan(pooled: np.ndarray, entity: Groups) -> Test | None:
    """Lagrange multiplier of entity effects on pooled residuals, for unequal T_i (Baltagi and Li 1990).

    LM = n^2/2 [sum_i (sum_t e_it)^2 / sum e^2 - 1]^2 / (sum_i T_i^2 - n), chi2(1).
    """
    n, squares = len(pooled), float(pooled @ pooled)
    pairs = float(np.sum(entity.counts**2)) - n
    if pairs == 0 or squares == 0:
        return None
    sums = np.bincount(entity.codes, weights=pooled, minlength=entity.size)
    statistic = n**2 / 2 * (float(sums @ sums) / squares - 1) ** 2 / pairs
    note = say("H0: no entity effects; Lagrange multiplier on residuals of the pooled regression")
    return Test("breusch_pagan_lm", statistic, 1, float(stats.chi2.sf(statistic, 1)), note)


def pesaran_cd(residuals: np.ndarray, entity: Groups, time: Groups) -> Test | None:
    """Do entities move together (Pesaran 2004, 2015)? CD = sqrt(2T/(N(N-1))) sum_{i<j} r_ij, standard normal.

    On a balanced panel the sum of all pairwise correlations is half of sum_t (sum_i z_it)^2 - N with
    z the residuals of an entity scaled to unit length, so no pair is formed.

    Args:
        residuals: shape (n,).
        entity, time: groups of the rows.

    Returns:
        None when entities lack times, where the short cut does not hold, or have no variation.
    """
    count, times = entity.size, time.size
    if count < 2 or times < 3 or np.any(entity.counts != times):
        return None
    by_entity = residuals[np.lexsort((time.codes, entity.codes))].reshape(count, times)
    by_entity = by_entity - by_entity.mean(axis=1, keepdims=True)
    length = np.linalg.norm(by_entity, axis=1, keepdims=True)
    if np.any(length == 0):
        return None
    together = np.sum((by_entity / length).sum(axis=0) ** 2)
    statistic = float(np.sqrt(2 * times / (count * (count - 1))) * (together - count) / 2)
    note = say("H0: residuals of different entities are independent; if not, cluster by blocks or use conley")
    return Test("pesaran_cd", statistic, None, float(2 * stats.norm.sf(abs(statistic))), note)
