"""Spatial autocorrelation: Moran's I of values and of residuals, and local Moran."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from .draws import conditional_draws
from .neighbours import Weights

CLUSTERS = ("not_significant", "high_high", "low_high", "low_low", "high_low", "island")


FALSE_DISCOVERY, EACH_PLACE = say("false discovery rate"), say("level at each place")


@dataclass(frozen=True)
class Moran:
    """Moran's I and its test against no spatial autocorrelation, two-sided.

    Attributes:
        i: n/S0 e'We / e'e.
        expected, variance: moments under the null, by `note`.
        z, p: normal approximation.
        p_permutation: share of permutations at least as far from their mean, None without permutations.
        note: which null the moments belong to.
    """

    i: float
    expected: float
    variance: float
    z: float
    p: float
    p_permutation: float | None
    n: int
    note: str


@dataclass(frozen=True)
class LocalMoran:
    """Local Moran of every place.

    Attributes:
        i: z_i sum_j w_ij z_j / (sum z^2 / n) with z the centred values, shape (n,) (Anselin 1995). With rows of
            W that sum to one, the mean over all places is the global I.
        z: how far it is from what permutations lead one to expect, in standard deviations; NaN for islands.
        p: two-sided pseudo p of conditional permutation, shape (n,); NaN for islands.
        cluster: position in `CLUSTERS`, shape (n,).
    """

    i: np.ndarray
    z: np.ndarray
    p: np.ndarray
    cluster: np.ndarray
    note: str

    @property
    def labels(self) -> np.ndarray:
        return np.array(CLUSTERS)[self.cluster]


def moran(
    values: np.ndarray, weights: Weights, permutations: int = 0, seed: int = 0, progress: Progress = QUIET
) -> Moran:
    """Moran's I of values, with the moments under randomisation (Cliff and Ord 1981, section 2.3).

    E = -1/(n-1). For residuals use `residual_moran`, whose moments differ.

    Args:
        values: shape (n,).
        weights: of the same n places.
        permutations: how often values are shuffled over places, 0 for none.
        seed: of the shuffling.
    """
    z = about_mean(values, weights)
    n, w = len(z), weights.matrix
    s0, s1, s2 = sums_of_weights(w)
    squares = float(z @ z)
    i = n / s0 * float(z @ (w @ z)) / squares
    expected = -1 / (n - 1)
    kurtosis = n * float(np.sum(z**4)) / squares**2
    moment = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
    moment -= kurtosis * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    variance = moment / ((n - 1) * (n - 2) * (n - 3) * s0**2) - expected**2
    p_permutation = None
    if permutations:
        draws = _permuted(z, w, permutations, seed, progress) * n / s0 / squares
        p_permutation = _pseudo_p(i, draws)
    note = say("moments under randomisation; {kind}, rows standardised", kind=weights.kind)
    return _tested(i, expected, variance, p_permutation, n, note)


def residual_moran(residuals: np.ndarray, drivers: np.ndarray, weights: Weights) -> Moran:
    """Moran's I of least-squares residuals e = My, with the moments that fit them.

    M = I - X (X'X)^-1 X', k columns of X with the constant,
    E = n/S0 tr(MW) / (n-k),
    Var = (n/S0)^2 [tr(MWMW') + tr(MWMW) + tr(MW)^2] / ((n-k)(n-k+2)) - E^2, errors normal.
    All traces come from (k, k) products, so no n x n matrix is formed.

    Args:
        residuals: of a regression with a constant on the drivers, shape (n,).
        drivers: without the constant, shape (n, k-1).
        weights: of the same n places.

    Source: Cliff and Ord 1981, Spatial Processes, section 8.3.
    """
    about_mean(residuals, weights)
    n, w = len(residuals), weights.matrix
    s0, _, _ = sums_of_weights(w)
    centred = drivers - drivers.mean(axis=0)
    q, singular, _ = np.linalg.svd(np.column_stack([np.full(n, n**-0.5), _unit(centred)]), full_matrices=False)
    q = q[:, singular > 1e-10 * singular[0]]
    k = q.shape[1]
    if n <= k + 1:
        raise InputError(
            say("Moran's I of residuals needs more places than coefficients: {n} places, {k} coefficients.", n=n, k=k)
        )
    wq, tq = w @ q, w.T @ q
    inner = q.T @ wq
    trace = -float(np.trace(inner))
    square = float(w.multiply(w.T).sum()) - 2 * float(np.sum(tq * wq)) + float(np.sum(inner * inner.T))
    cross = float((w.data**2).sum()) - float(np.sum(tq**2)) - float(np.sum(wq**2)) + float(np.sum(inner**2))
    i = n / s0 * float(residuals @ (w @ residuals)) / float(residuals @ residuals)
    expected = n / s0 * trace / (n - k)
    variance = (n / s0) ** 2 * (cross + square + trace**2) / ((n - k) * (n - k + 2)) - expected**2
    note = say(
        "moments of least-squares residuals, {k} coefficients; {kind}, rows standardised", k=k, kind=weights.kind
    )
    return _tested(i, expected, variance, None, n, note)


def moran_by_time(
    values: np.ndarray, coordinates: np.ndarray, time: np.ndarray, weigh: Callable[[np.ndarray], Weights]
) -> tuple[Moran, ...]:
    """Moran's I of the places of each time in ascending order of its code, as for the residuals of a panel.

    Fixed effects bind residuals across times, so moments of one cross-section of them are not exact;
    those under randomisation are used, which is close when each time has many more places than drivers.

    Args:
        values: residuals, shape (n,).
        coordinates: shape (n, 2).
        time: codes, shape (n,).
        weigh: makes weights from the coordinates of one time.
    """
    found = []
    for code in np.unique(time):
        rows = np.flatnonzero(time == code)
        found.append(moran(values[rows], weigh(coordinates[rows])))
    return tuple(found)


def local_moran(
    values: np.ndarray,
    weights: Weights,
    permutations: int = 999,
    seed: int = 0,
    alpha: float = 0.05,
    false_discovery: bool = True,
    progress: Progress = QUIET,
    normal: bool = False,
) -> LocalMoran:
    """Where values are like those around them (Anselin 1995, Geographical Analysis 27:93).

    Conditional permutation: the value of a place stays, the others are shuffled. The p is two-sided,
    2 (min(above, below) + 1) / (permutations + 1), twice the one-sided p of GeoDa and esda. With few permutations
    the smallest possible p can be too large for the false discovery rate to find anything.

    Args:
        values: shape (n,).
        weights: of the same n places.
        permutations: how often the other values are shuffled.
        seed: of the shuffling.
        alpha: level of significance.
        false_discovery: whether alpha is the share of false among all clusters (Benjamini and Hochberg 1995)
            rather than the risk at each place.
        normal: whether p is of the normal law with the mean and spread of the draws.
        progress: told after every permutation, and asked whether to stop.
    """
    z = about_mean(values, weights)
    if permutations < 19:
        raise InputError(
            say(
                "Local Moran needs at least 19 permutations for a p of 0.05 and less; given are {permutations}.",
                permutations=permutations,
            )
        )
    n, w = len(z), weights.matrix
    counts = np.diff(w.indptr)
    lag = w @ z
    local = z * lag / (float(z @ z) / n)
    draws = conditional_draws(z, w, lambda lags: lags[:, 0], permutations, seed, progress)
    deviation = np.divide(lag - draws.mean, draws.sd, out=np.full(n, np.nan), where=draws.sd > 0) * np.sign(z)
    p = 2 * stats.norm.sf(np.abs(deviation)) if normal else draws.p
    p[counts == 0] = deviation[counts == 0] = np.nan
    threshold = discovery_threshold(p[counts > 0], alpha) if false_discovery else alpha
    significant = p <= threshold
    cluster = np.select(
        [counts == 0, ~significant, (z > 0) & (lag > 0), (z <= 0) & (lag > 0), (z <= 0) & (lag <= 0)],
        [5, 0, 1, 2, 3],
        default=4,
    )
    note = say(
        "{permutations} conditional permutations, two-sided, {rule} {alpha:g}, {law}; {kind}, rows standardised",
        permutations=permutations,
        rule=FALSE_DISCOVERY if false_discovery else EACH_PLACE,
        alpha=alpha,
        law=say("normal law with their mean and spread")
        if normal
        else say("smallest possible p {p:g}", p=2 / (permutations + 1)),
        kind=weights.kind,
    )
    return LocalMoran(local, deviation, p, cluster, note)


def about_mean(values: np.ndarray, weights: Weights) -> np.ndarray:
    n = len(values)
    if n != weights.n:
        raise InputError(say("There are {n} values but weights of {n2} places.", n=n, n2=weights.n))
    if n < 4:
        raise InputError(say("Spatial autocorrelation needs at least 4 places; there are {n}.", n=n))
    if not np.all(np.isfinite(values)):
        raise InputError(
            say("Spatial autocorrelation needs a number at every place; leave out places without a value.")
        )
    if weights.matrix.nnz == 0:
        raise InputError(say("No place has a neighbour ({kind}). Choose knn or a larger distance.", kind=weights.kind))
    z = values - values.mean()
    if float(np.abs(z).max()) <= 1e-12 * float(np.abs(values).max()):
        raise InputError(say("All values are the same: there is no pattern to test."))
    return z


def _unit(columns: np.ndarray) -> np.ndarray:
    length = np.sqrt(np.einsum("ij,ij->j", columns, columns))
    return columns / np.where(length > 0, length, 1)


def sums_of_weights(w: sparse.csr_matrix) -> tuple[float, float, float]:
    """S0, S1, S2 of Cliff and Ord."""
    both = w + w.T
    ends = np.asarray(w.sum(axis=1)).ravel() + np.asarray(w.sum(axis=0)).ravel()
    return float(w.sum()), float((both.data**2).sum()) / 2, float((ends**2).sum())


def _permuted(z: np.ndarray, w: sparse.csr_matrix, permutations: int, seed: int, progress: Progress) -> np.ndarray:
    rng = np.random.default_rng(seed)
    draws = np.empty(permutations)
    for done in range(permutations):
        progress.check()
        shuffled = rng.permutation(z)
        draws[done] = shuffled @ (w @ shuffled)
        progress.set(100 * (done + 1) / permutations)
    return draws


def _pseudo_p(observed: float, draws: np.ndarray) -> float:
    centre = draws.mean()
    return float((np.sum(np.abs(draws - centre) >= abs(observed - centre)) + 1) / (len(draws) + 1))


def _tested(i: float, expected: float, variance: float, p_permutation: float | None, n: int, note: str) -> Moran:
    z = (i - expected) / np.sqrt(variance) if variance > 0 else float("nan")
    p = float(2 * stats.norm.sf(abs(z)))
    return Moran(i, expected, variance, float(z), p, p_permutation, n, note)


def discovery_threshold(p: np.ndarray, alpha: float) -> float:
    """Largest p with p_(i) <= i/n alpha; zero when none is."""
    ranked = np.sort(p)
    passed = np.flatnonzero(ranked <= alpha * np.arange(1, len(p) + 1) / len(p))
    return float(ranked[passed[-1]]) if passed.size else 0.0
