"""Local statistics beside local Moran: bivariate Moran, Getis-Ord Gi*, Geary; and the global ones that go with them.

Sources: Anselin 1995, Geographical Analysis 27:93; Anselin 2019, Geographical Analysis 51:133 (local Geary); Getis &
Ord 1992, Geographical Analysis 24:189 (general G); Ord & Getis 1995, Geographical Analysis 27:286 (Gi*); Lee 2001,
Journal of Geographical Systems 3:369 (L); Cliff & Ord 1981, Spatial Processes (moments).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from .draws import Draws, conditional_draws
from .neighbours import Weights
from .spatial import CLUSTERS, EACH_PLACE, FALSE_DISCOVERY, about_mean, discovery_threshold, sums_of_weights

HOT_SPOTS = ("not_significant", "hot_90", "hot_95", "hot_99", "cold_90", "cold_95", "cold_99")
GEARY_CLUSTERS = ("not_significant", "high_high", "low_low", "other_positive", "negative", "island")
SIGNIFICANCE = ("permutation", "fdr", "normal")
_LEVELS = (0.10, 0.05, 0.01)


@dataclass(frozen=True)
class Global:
    """A global statistic and its test, two-sided; None where it has none.

    Attributes:
        test: its name.
        expected, variance: under randomisation.
        z, p: normal approximation.
        p_permutation: share of permutations at least as far from their mean.
    """

    test: str
    statistic: float
    expected: float | None
    variance: float | None
    z: float | None
    p: float | None
    p_permutation: float | None
    n: int
    note: str


@dataclass(frozen=True)
class Local:
    """A statistic of every place.

    Attributes:
        statistic: shape (n,).
        z: how far it is from what permutations, or the normal law, lead one to expect, in standard deviations.
        p: two-sided; NaN where a place has none.
        cluster: position in `names`.
        names: of the clusters.
        number: of the cluster as a number: its position, and -3 to 3 from cold to hot for Gi*.
    """

    statistic: np.ndarray
    z: np.ndarray
    p: np.ndarray
    cluster: np.ndarray
    names: tuple[str, ...]
    number: np.ndarray
    note: str

    @property
    def labels(self) -> np.ndarray:
        return np.array(self.names)[self.cluster]


def standardised(values: np.ndarray, weights: Weights) -> np.ndarray:
    """Values about their mean in standard deviations (with n)."""
    z = about_mean(values, weights)
    return np.asarray(z / np.sqrt(z @ z / len(z)))


def bivariate(
    first: np.ndarray,
    second: np.ndarray,
    weights: Weights,
    permutations: int = 999,
    seed: int = 0,
    alpha: float = 0.05,
    significance: str = "fdr",
    progress: Progress = QUIET,
) -> tuple[Local, tuple[Global, ...]]:
    """Whether the second variable around a place goes with the first at the place: ``z_i sum_j w_ij v_j``.

    The mean of the local ones is the global I. It is not symmetric: which one is looked at around the place matters.
    The test takes the two at one place as they are; that they go together there is told by Pearson's r, and Lee's L
    takes both around.

    Args:
        first: at the place, shape (n,).
        second: around it.
        weights: of the same n places.
        permutations, seed, alpha, significance: see `local_moran`; ``normal`` uses the z of the permutations.
    """
    z, v = standardised(first, weights), standardised(second, weights)
    n, w = len(z), weights.matrix
    lag = w @ v
    local = z * lag
    draws = conditional_draws(v, w, lambda lags: z * lags[:, 0], permutations, seed, progress)
    islands = np.diff(w.indptr) == 0
    p, deviation = _p_of(draws, local, islands, significance)
    significant = p <= _threshold(p, alpha, significance)
    cluster = _quadrants(z, lag, significant, islands)
    overall = float(local.mean())
    shuffled = np.array([z @ (w @ other) / n for other in _shuffles(v, permutations, seed)])
    reverse = float((v * (w @ z)).mean())
    correlation = float(stats.pearsonr(first, second)[0])
    both = float(np.sum((w @ z) * lag) / np.sum(np.asarray(w.sum(axis=1)).ravel() ** 2))
    p_overall = _pseudo_p(overall, shuffled)
    tests = (
        Global("bivariate_moran", overall, None, None, None, None, p_overall, n, say("the second around the first")),
        Global(
            "bivariate_moran_reversed", reverse, None, None, None, None, None, n, say("the first around the second")
        ),
        Global("lee_l", both, None, None, None, None, None, n, say("both around; Lee 2001")),
        Global("pearson_r", correlation, None, None, None, None, None, n, say("both at one place")),
    )
    note = _told(permutations, significance, alpha, weights)
    return Local(local, deviation, p, cluster, CLUSTERS, cluster, note), tests


def getis_ord(
    values: np.ndarray,
    weights: Weights,
    permutations: int = 999,
    seed: int = 0,
    significance: str = "fdr",
    progress: Progress = QUIET,
) -> tuple[Local, tuple[Global, ...]]:
    """Hot and cold spots: Gi* as a z-score, weights 1 for neighbours and the place itself.

    ``(sum_j w_ij x_j - W_i mean) / (s sqrt((n S1_i - W_i²)/(n - 1)))``, s with n. The class is that of the smallest of
    10, 5 and 1 % at which it is significant.

    Args:
        values: shape (n,).
        weights: of the same n places; who is a neighbour is used alone.
        permutations, seed: of ``permutation``.
        significance: ``normal`` p of the z-score; ``fdr`` the same with the false discovery rate at each level, as
            usual; ``permutation`` conditional on the place itself.
    """
    about_mean(values, weights)
    n = len(values)
    links = weights.matrix.copy()
    links.data = np.ones_like(links.data)
    count = np.diff(links.indptr) + 1.0
    around = links @ values + values
    spread = values.std() * np.sqrt((n * count - count**2) / (n - 1))
    z = np.divide(around - count * values.mean(), spread, out=np.zeros(n), where=spread > 0)
    p = 2 * stats.norm.sf(np.abs(z))
    if significance == "permutation":
        p = conditional_draws(values, links, lambda lags: lags[:, 0] + values, permutations, seed, progress).p
    level = np.zeros(n, dtype=np.int64)
    for alpha in _LEVELS:
        level += p <= _threshold(p, alpha, significance)
    number = np.where(z > 0, level, -level)
    cluster = np.where(number >= 0, level, level + len(_LEVELS))
    if significance == "permutation":
        note = _told(permutations, significance, None, weights)
    else:
        rule = FALSE_DISCOVERY if significance == "fdr" else EACH_PLACE
        note = say(
            "z of Gi*, normal law, two-sided, {rule} 10, 5 and 1 %; {kind} and the place itself, weights 1",
            rule=rule,
            kind=weights.kind,
        )
    return Local(z, z, p, cluster, HOT_SPOTS, number, note), (_general_g(values, links),)


def geary(
    values: np.ndarray,
    weights: Weights,
    permutations: int = 999,
    seed: int = 0,
    alpha: float = 0.05,
    significance: str = "fdr",
    progress: Progress = QUIET,
) -> tuple[Local, tuple[Global, ...]]:
    """How much a place differs from its neighbours: ``sum_j w_ij (z_i - z_j)²``, small where they are alike.

    Args:
        values: shape (n,).
        weights: of the same n places.
        permutations, seed, alpha, significance: see `local_moran`; ``normal`` uses the z of the permutations.
    """
    z = standardised(values, weights)
    w = weights.matrix
    sums = np.asarray(w.sum(axis=1)).ravel()

    def of_lags(lags: np.ndarray) -> np.ndarray:
        return np.asarray(z**2 * sums - 2 * z * lags[:, 0] + lags[:, 1])

    both = np.column_stack([z, z**2])
    local = of_lags(w @ both)
    draws = conditional_draws(both, w, of_lags, permutations, seed, progress)
    islands = np.diff(w.indptr) == 0
    p, deviation = _p_of(draws, local, islands, significance)
    significant = p <= _threshold(p, alpha, significance)
    alike, lag = local < draws.mean, w @ z
    cluster = np.select(
        [islands, ~significant, ~alike, (z > 0) & (lag > 0), (z <= 0) & (lag <= 0)], [5, 0, 4, 1, 2], default=3
    )
    note = _told(permutations, significance, alpha, weights)
    return Local(local, deviation, p, cluster, GEARY_CLUSTERS, cluster, note), (geary_c(values, weights),)


def geary_c(values: np.ndarray, weights: Weights) -> Global:
    """Geary's C with the moments under randomisation (Cliff and Ord 1981, section 2.3); 1 without autocorrelation."""
    z = about_mean(values, weights)
    n, w = len(z), weights.matrix
    s0, s1, s2 = sums_of_weights(w)
    squares = float(z @ z)
    pairs = sparse.coo_matrix(w)
    c = (n - 1) / (2 * s0) * float(pairs.data @ (z[pairs.row] - z[pairs.col]) ** 2) / squares
    kurtosis = n * float(np.sum(z**4)) / squares**2
    terms = (n - 1) * s1 * (n**2 - 3 * n + 3 - (n - 1) * kurtosis)
    terms -= (n - 1) * s2 * (n**2 + 3 * n - 6 - (n**2 - n + 2) * kurtosis) / 4
    terms += s0**2 * (n**2 - 3 - (n - 1) ** 2 * kurtosis)
    variance = terms / (n * (n - 2) * (n - 3) * s0**2)
    deviation = (1 - c) / np.sqrt(variance) if variance > 0 else float("nan")
    p = float(2 * stats.norm.sf(abs(deviation)))
    note = say(
        "moments under randomisation, z above 0 where neighbours are alike; {kind}, rows standardised",
        kind=weights.kind,
    )
    return Global("geary_c", c, 1.0, float(variance), float(deviation), p, None, n, note)


def _general_g(values: np.ndarray, links: sparse.csr_matrix) -> Global:
    """Whether high values lie together (z above 0) or low ones; for values of one sign, moments of Getis and Ord "
    "1992.
    """
    n = len(values)
    s0, s1, s2 = sums_of_weights(links)
    total, squares = values.sum(), float(values @ values)
    g = float(values @ (links @ values)) / (total**2 - squares)
    expected = s0 / (n * (n - 1))
    if values.min() < 0:
        note = say("no moments: values are of both signs")
        return Global("general_g", g, expected, None, None, None, None, n, note)
    m1, m2, m3, m4 = (float(np.sum(values**power)) for power in (1, 2, 3, 4))
    b0 = (n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2
    b1 = -((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    b2 = -(2 * n * s1 - (n + 3) * s2 + 6 * s0**2)
    b3 = 4 * (n - 1) * s1 - 2 * (n + 1) * s2 + 8 * s0**2
    b4 = s1 - s2 + s0**2
    square = b0 * m2**2 + b1 * m4 + b2 * m1**2 * m2 + b3 * m1 * m3 + b4 * m1**4
    square /= (m1**2 - m2) ** 2 * n * (n - 1) * (n - 2) * (n - 3)
    variance = square - expected**2
    z = (g - expected) / np.sqrt(variance) if variance > 0 else float("nan")
    p = float(2 * stats.norm.sf(abs(z)))
    return Global(
        "general_g", g, expected, float(variance), float(z), p, None, n, say("moments under randomisation, weights 1")
    )


def _p_of(draws: Draws, local: np.ndarray, islands: np.ndarray, significance: str) -> tuple[np.ndarray, np.ndarray]:
    """P and z of a local statistic, NaN for islands."""
    z = np.divide(local - draws.mean, draws.sd, out=np.full(len(local), np.nan), where=draws.sd > 0)
    p = 2 * stats.norm.sf(np.abs(z)) if significance == "normal" else draws.p
    return np.where(islands, np.nan, p), np.where(islands, np.nan, z)


def _threshold(p: np.ndarray, alpha: float, significance: str) -> float:
    known = p[np.isfinite(p)]
    return discovery_threshold(known, alpha) if significance == "fdr" else alpha


def _quadrants(z: np.ndarray, lag: np.ndarray, significant: np.ndarray, islands: np.ndarray) -> np.ndarray:
    """Positions in `CLUSTERS`."""
    return np.select(
        [islands, ~significant, (z > 0) & (lag > 0), (z <= 0) & (lag > 0), (z <= 0) & (lag <= 0)],
        [5, 0, 1, 2, 3],
        default=4,
    )


def _shuffles(values: np.ndarray, permutations: int, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.permutation(values) for _ in range(permutations)]


def _pseudo_p(observed: float, draws: np.ndarray) -> float:
    centre = draws.mean()
    return float((np.sum(np.abs(draws - centre) >= abs(observed - centre)) + 1) / (len(draws) + 1))


def _told(permutations: int, significance: str, alpha: float | None, weights: Weights) -> str:
    return say(
        "{permutations} conditional permutations, {law}, {rule}{level}; {kind}",
        permutations=permutations,
        law=say("normal law with their mean and spread") if significance == "normal" else say("two-sided"),
        rule=FALSE_DISCOVERY if significance == "fdr" else EACH_PLACE,
        level="" if alpha is None else f" {alpha:g}",
        kind=weights.kind,
    )


def require_significance(word: str) -> None:
    if word not in SIGNIFICANCE:
        raise InputError(
            say(
                "SIGNIFICANCE {word!r} is not known: choose one of {significance}.",
                word=word,
                significance=", ".join(SIGNIFICANCE),
            )
        )
