"""Random effects, only to ask whether they would do: Hausman's test and its robust form.

Variance components after Swamy and Arora (1972, Econometrica 40:261), for unequal T_i as in
Baltagi and Chang (1994, Journal of Econometrics 62:67).

Quasi-demeaned drivers X* are the demeaned ones X~ plus a part B that lies in the effects and so is at
right angles to X~. Random effects weigh the slopes on both; fixed effects are the slopes on X~ alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, stats

from ...messages import say
from .covariance import cluster_meat, nested
from .effects import Groups, Projection
from .fit import Fit, norms
from .specification import Test, f_test, wald

_RANK = 1e-10


@dataclass(frozen=True)
class WithinModel:
    """The fixed-effects fit that random effects are held against.

    Attributes:
        raw: the k centred drivers with a slope, shape (n, k).
        others: centred drivers that only random effects can hold, shape (n, m).
        y: centred, shape (n,).
        within: `raw` after the effects were taken out, shape (n, k).
        fit: least squares of y on `within`.
        df: its degrees of freedom.
        entity: groups of the entities.
        time: groups of the times when the effects are two-way, else None.
    """

    raw: np.ndarray
    others: np.ndarray
    y: np.ndarray
    within: np.ndarray
    fit: Fit
    df: int
    entity: Groups
    time: Groups | None

    @property
    def s2(self) -> float:
        return self.fit.rss / self.df


def hausman_tests(model: WithinModel, cluster: np.ndarray) -> tuple[Test, ...]:
    """Hausman's test with own and with common variances, and its robust regression form.

    Args:
        model: fixed effects and the data.
        cluster: codes of clusters in which entities are nested, for the robust form; else entities are used.
    """
    columns = np.column_stack([model.raw, model.others, model.y])
    projection = random_effects(model, columns)
    if projection is None:
        note = say("not possible: too few entities for the regression on entity means, or no error")
        return (Test("hausman", float("nan"), None, None, note),)
    k = model.within.shape[1]
    quasi = projection(columns)
    del columns  # as large as the table
    y = quasi[:, -1].copy()
    beside = quasi[:, :-1].copy(order="F")
    beside[:, :k] -= model.within
    clusters = cluster if nested(model.entity.codes, cluster) else model.entity.codes

    within = model.within.T @ model.within
    product = beside.T @ beside
    product[:k, :k] += within
    inverse, rank = _pseudo_inverse(product)
    target = beside.T @ y
    target[:k] += within @ model.fit.coefficients
    coefficients = inverse @ target
    residuals = y - quasi[:, :-1] @ coefficients
    del quasi
    levels = 1 if model.time is None else model.time.size
    s2 = float(residuals @ residuals) / (len(y) - rank - levels)
    random = Fit(coefficients[:k], residuals, inverse[:k, :k], s2)
    own = _hausman("hausman", model.fit, random, model.s2, s2, say("each model's own s2"))
    common = _hausman("hausman_common_variance", model.fit, random, s2, s2, say("s2 of random effects in both"))
    robust = _robust(model, beside, y, clusters)
    return (own, common) + ((robust,) if robust else ())


def random_effects(model: WithinModel, columns: np.ndarray) -> Projection | None:
    """Quasi-demeaning by 1 - sqrt(s2_e / (s2_e + T_i s2_a)), the years taken out when effects are two-way.

    s2_a comes from the regression on entity means. In a two-way panel the means are of what is left
    after the year means are taken out. None when that regression has no degrees of freedom.

    Args:
        model: fixed effects and the data.
        columns: all drivers and y, shape (n, k + m + 1).
    """
    entity = model.entity
    scale = np.r_[np.sqrt(len(model.y)), norms(columns[:, :-1])]
    if model.time is not None:
        columns = Projection(model.time)(columns)
    means = entity.means(columns)
    root = np.sqrt(entity.counts)
    design = np.column_stack([np.ones(entity.size), means[:, :-1]]) * root[:, None]
    target = means[:, -1] * root
    product = design.T @ design
    inverse, rank = _pseudo_inverse(product / np.outer(scale, scale))
    inverse = inverse / np.outer(scale, scale)
    if entity.size <= rank or model.s2 <= 0:
        return None
    rss = float(np.sum((target - design @ (inverse @ (design.T @ target))) ** 2))
    spread = len(model.y) - float(np.sum(inverse * ((design * entity.counts[:, None]).T @ design)))
    s2_entity = max(0.0, (rss - (entity.size - rank) * model.s2) / spread)
    share = 1 - np.sqrt(model.s2 / (model.s2 + entity.counts * s2_entity))
    level = model.time or Groups(np.zeros(len(model.y), dtype=np.int64), 1)
    return Projection(entity, level, share=share)


def _pseudo_inverse(product: np.ndarray) -> tuple[np.ndarray, int]:
    """Inverse on the space that the columns span, and its rank; the columns had length one or more at first."""
    values, vectors = np.linalg.eigh(product)
    held = values > _RANK * max(values[-1], 1.0)
    return (vectors[:, held] / values[held]) @ vectors[:, held].T, int(held.sum())


def _hausman(name: str, fixed: Fit, random: Fit, s2_fixed: float, s2_random: float, variances: str) -> Test:
    """H = d' (V_FE - V_RE)^-1 d, chi2(k)."""
    scale = np.sqrt(s2_fixed * np.diag(fixed.inverse))
    gap = (s2_fixed * fixed.inverse - s2_random * random.inverse) / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(gap)
    held = values > _RANK
    rank = int(held.sum())
    note = say("H0: random effects are consistent; iid errors, {variances}", variances=variances)
    if rank < len(values):
        note = say(
            "{note}; V_FE - V_RE is not positive definite, a generalised inverse of rank {rank} is used: read "
            "hausman_robust instead",
            note=note,
            rank=rank,
        )
    if rank == 0:
        return Test(name, float("nan"), 0, None, note)
    along = vectors[:, held].T @ ((fixed.coefficients - random.coefficients) / scale)
    statistic = float(np.sum(along**2 / values[held]))
    return Test(name, statistic, rank, float(stats.chi2.sf(statistic, rank)), note)


def _robust(model: WithinModel, beside: np.ndarray, y: np.ndarray, clusters: np.ndarray) -> Test | None:
    """Are the slopes on X~ and on B the same? A Wald test with clustered covariance.

    The same statistic as that of Mundlak (1978, Econometrica 46:69), who adds entity means to the drivers,
    and of Wooldridge (2010, section 10.7.3), who adds X~; right for unbalanced two-way panels too.
    """
    k = model.within.shape[1]
    size = int(clusters.max()) + 1
    if size < 2:
        return None
    known, others = beside[:, :k], beside[:, k:]
    held_by_others = 0
    if others.shape[1]:
        # What only random effects can hold stays in the model: it is taken out of B (Frisch, Waugh and Lovell).
        against, held_by_others = _pseudo_inverse(others.T @ others)
        known = known - others @ (against @ (others.T @ known))
        y = y - others @ (against @ (others.T @ y))
    values, vectors = linalg.eigh(known.T @ known)
    held = values > _RANK * max(values[-1], 1.0)
    if not held.any():
        return None
    vectors, inverse = vectors[:, held], 1 / values[held]
    to_between = vectors * inverse
    slopes = to_between.T @ (known.T @ y)
    difference = slopes - vectors.T @ model.fit.coefficients
    residuals = y - model.within @ model.fit.coefficients - known @ (vectors @ slopes)
    influence = known @ to_between
    influence -= model.within @ (model.fit.inverse @ vectors)
    influence *= residuals[:, None]
    parameters = k + int(held.sum()) + held_by_others
    factor = size / (size - 1) * (len(y) - 1) / (len(y) - parameters)
    statistic, rank = wald(difference, factor * cluster_meat(influence, clusters))
    note = say(
        "H0: random effects are consistent; Mundlak and Wooldridge's regression form, {size} clusters", size=size
    )
    return f_test("hausman_robust", statistic / rank, rank, size - 1, note)
