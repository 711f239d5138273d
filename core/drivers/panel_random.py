"""Random effects, only to ask whether they would do: Hausman's test and its robust form.

Variance components after Swamy and Arora (1972, Econometrica 40:261), for unequal T_i as in
Baltagi and Chang (1994, Journal of Econometrics 62:67).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
from scipy import stats

from .panel_covariance import cluster_meat, nested
from .panel_effects import Groups, Projection
from .panel_fit import Fit, independent, least_squares, norms
from .panel_specification import Test, f_test, wald

Array = np.ndarray


@dataclass(frozen=True)
class WithinModel:
    """The fixed-effects fit that random effects are held against.

    Attributes:
        columns: centred drivers, the k with a slope first, then those that only random effects can hold.
        y: centred, shape (n,).
        within: the k drivers with a slope after the effects were taken out, shape (n, k).
        fit: least squares on `within`.
        df: its degrees of freedom.
        entity: groups of the entities.
        time: groups of the times when the effects are two-way, else None.
    """

    columns: Array
    y: Array
    within: Array
    fit: Fit
    df: int
    entity: Groups
    time: Optional[Groups]


@dataclass(frozen=True)
class RandomEffects:
    """Slopes of the drivers that fixed effects have too, and the two variances."""

    coefficients: Array
    inverse: Array
    s2: float
    s2_error: float
    s2_entity: float


def hausman_tests(model: WithinModel, cluster: Array) -> tuple[Test, ...]:
    """Hausman's test with own and with common variances, and Wooldridge's robust regression form.

    Args:
        cluster: codes of clusters in which entities are nested, for the robust form; else entities are used.
    """
    found = _quasi_demeaned(model)
    if found is None:
        note = "not possible: too few entities for the regression on entity means"
        return (Test("hausman", float("nan"), None, None, note),)
    projection, s2_entity = found
    quasi = projection(np.column_stack([model.columns, model.y]))
    columns, y = quasi[:, :-1], quasi[:, -1]
    k = model.within.shape[1]
    kept = independent(columns, norms(model.columns)).kept
    if kept[:k] != tuple(range(k)):
        return ()
    fit = least_squares(columns[:, list(kept)], y)
    level = 1 if model.time is None else model.time.size
    random = RandomEffects(
        coefficients=fit.coefficients[:k],
        inverse=fit.inverse[:k, :k],
        s2=fit.rss / (len(y) - len(kept) - level),
        s2_error=model.fit.rss / model.df,
        s2_entity=s2_entity,
    )
    own = _hausman("hausman", model, random, random.s2_error, "each model's own s2")
    common = _hausman("hausman_common_variance", model, random, random.s2, "s2 of random effects in both")
    clusters = cluster if nested(model.entity.codes, cluster) else model.entity.codes
    robust = _auxiliary(model, columns[:, list(kept)], y, clusters)
    return (own, common) + ((robust,) if robust else ())


def _quasi_demeaned(model: WithinModel) -> Optional[tuple[Projection, float]]:
    """The projection of random effects, its share 1 - sqrt(s2_e / (s2_e + T_i s2_a)), and s2_a."""
    entity = model.entity
    s2_error = model.fit.rss / model.df
    between = np.column_stack([model.columns, model.y])
    if model.time is not None:
        between = Projection(model.time)(between)
    means = entity.means(between)
    design = np.column_stack([np.ones(entity.size), means[:, :-1]])
    weighted = design * np.sqrt(entity.counts)[:, None]
    target = means[:, -1] * np.sqrt(entity.counts)
    slopes, _, rank, _ = np.linalg.lstsq(weighted, target, rcond=1e-9)
    if entity.size <= rank or s2_error <= 0:
        return None
    rss = float(np.sum((target - weighted @ slopes) ** 2))
    inverse = np.linalg.pinv(weighted.T @ weighted, rcond=1e-12, hermitian=True)
    spread = len(model.y) - float(np.sum(inverse * ((weighted * entity.counts[:, None]).T @ weighted)))
    s2_entity = max(0.0, (rss - (entity.size - int(rank)) * s2_error) / spread)
    share = 1 - np.sqrt(s2_error / (s2_error + entity.counts * s2_entity))
    level = model.time or Groups(np.zeros(len(model.y), dtype=np.int64), 1)
    return Projection(entity, level, share=share), s2_entity


def _hausman(name: str, model: WithinModel, random: RandomEffects, s2: float, variances: str) -> Test:
    """H = d' (V_FE - V_RE)^-1 d, chi2(k)."""
    difference = model.fit.coefficients - random.coefficients
    gap = s2 * model.fit.inverse - random.s2 * random.inverse
    scale = np.sqrt(np.diag(model.fit.inverse) * s2)
    values, vectors = np.linalg.eigh(gap / np.outer(scale, scale))
    held = values > 1e-10
    note = f"H0: random effects are consistent; iid errors, {variances}"
    if not held.all():
        note += (
            f"; V_FE - V_RE is not positive, a generalised inverse of rank {int(held.sum())} is used: "
            "read hausman_robust instead"
        )
    if not held.any():
        return Test(name, float("nan"), 0, None, note)
    along = vectors[:, held].T @ (difference / scale)
    statistic = float(np.sum(along**2 / values[held]))
    return Test(name, statistic, int(held.sum()), float(stats.chi2.sf(statistic, int(held.sum()))), note)


def _auxiliary(model: WithinModel, columns: Array, y: Array, clusters: Array) -> Optional[Test]:
    """Random effects with the demeaned drivers added; their slopes are zero if random effects are consistent.

    The same test as Mundlak's (1978, Econometrica 46:69) with entity means added, and right for
    unbalanced two-way panels too; the Wald statistic is clustered (Wooldridge 2010, section 10.7.3).
    """
    both = np.column_stack([columns, model.within])
    kept = independent(both, np.concatenate([norms(columns), norms(model.within)])).kept
    added = [place for place, j in enumerate(kept) if j >= columns.shape[1]]
    size = int(clusters.max()) + 1
    if not added or size < 2:
        return None
    fit = least_squares(both[:, list(kept)], y)
    scores = both[:, list(kept)] * fit.residuals[:, None]
    factor = size / (size - 1) * (len(y) - 1) / (len(y) - len(kept))
    covariance = factor * fit.inverse @ cluster_meat(scores, clusters) @ fit.inverse
    statistic, rank = wald(fit.coefficients[added], covariance[np.ix_(added, added)])
    note = f"H0: random effects are consistent; Mundlak and Wooldridge's regression form, {size} clusters"
    return f_test("hausman_robust", statistic / rank, rank, size - 1, note)
