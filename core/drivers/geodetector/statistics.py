"""Formulas of the geographical detector: q and its tests, interaction types, Welch's comparison, the ecological test.

Sources: Wang et al. 2010, International Journal of Geographical Information Science 24:107, 10.1080/13658810802443457;
Wang, Zhang & Fu 2016, Ecological Indicators 67:250, 10.1016/j.ecolind.2016.02.052.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TOLERANCE = 1e-10
"""Two q values closer than this are equal; sums of floats never are exactly."""
ROUND_OFF = 1e-12
"""A stratum whose standard deviation is below this share of y's largest deviation holds equal values."""
MOST_NONCENTRAL = 1e9
"""The noncentrality up to which scipy is asked; of more than 4.3e9 it ends the whole program (scipy 1.10, Boost)."""


@dataclass(frozen=True)
class StratumSums:
    """y by stratum. Strata that hold no sample are left out.

    Attributes:
        strata: (L,) code of each.
        count: (L,) samples.
        mean: (L,) mean of y.
        within: (L,) sum of squares about the mean.
        total: sum of squares about the mean of all samples counted here.
        singletons: strata of one sample found, whether kept or dropped.
    """

    strata: Integers
    count: Integers
    mean: Floats
    within: Floats
    total: float
    singletons: int

    @property
    def n(self) -> int:
        return int(self.count.sum())

    @property
    def ssw(self) -> float:
        return float(self.within.sum())

    @property
    def q(self) -> float | None:
        """``1 - SSW / SST``; None where y does not vary, 0 for one stratum."""
        if not self.total > 0:
            return None
        if len(self.count) == 1:
            return 0.0
        return min(max(1 - self.ssw / self.total, 0.0), 1.0)

    @property
    def q_adjusted(self) -> float | None:
        """``1 - (1 - q)(N - 1)/(N - L)``: q that does not rise with the number of strata alone. None where N = L."""
        free = self.n - len(self.count)
        return None if self.q is None or free == 0 else 1 - (1 - self.q) * (self.n - 1) / free


def stratum_sums(y: Floats, codes: Integers, drop_singletons: bool = False) -> StratumSums:
    """Counts, means and sums of squares by stratum, in two passes so that no digits are lost.

    Args:
        y: (n,) explained variable.
        codes: (n,) stratum of each sample, small whole numbers from 0.
        drop_singletons: leave out samples that are alone in their stratum.
    """
    everything = np.bincount(codes)
    alone = everything == 1
    if drop_singletons and alone.any():
        kept = ~alone[codes]
        y, codes = y[kept], codes[kept]
    level = y.mean() if len(y) else 0.0
    centred: Floats = y - level
    if len(y):  # once more, for the mean of values far from 0 is itself rounded
        rest = centred.mean()
        level, centred = level + rest, centred - rest
    count = np.bincount(codes, minlength=len(everything))
    strata = np.flatnonzero(count)
    mean = np.bincount(codes, weights=centred, minlength=len(everything)) / np.maximum(count, 1)
    within = np.asarray(
        np.bincount(codes, weights=(centred - mean[codes]) ** 2, minlength=len(everything)), dtype=np.float64
    )
    total = float(centred @ centred) if len(y) and y.min() < y.max() else 0.0
    within[within <= count * (ROUND_OFF * np.abs(centred).max(initial=0)) ** 2] = 0
    return StratumSums(strata, count[strata], mean[strata] + level, within[strata], total, int(alone.sum()))


def pair_codes(a: Integers, b: Integers) -> Integers:
    """Strata of two factors laid over each other: (n,) ``a * L_b + b``, renumbered from 0 without gaps."""
    pairs = a.astype(np.int64) * (int(b.max()) + 1) + b  # 32 bits, the default of numpy 1 on Windows, would overflow
    span = int(pairs.max()) + 1
    if span > 4 * len(pairs) + 1_000_000:
        return np.unique(pairs, return_inverse=True)[1].ravel()
    occurs = np.bincount(pairs, minlength=span) > 0
    return (np.cumsum(occurs) - 1)[pairs]


def f_statistic(sums: StratumSums) -> float | None:
    """``(N - L)/(L - 1) * q/(1 - q)``; infinite for q = 1, None for one stratum or as many strata as samples."""
    strata, n, q = len(sums.count), sums.n, sums.q
    if q is None or strata < 2 or strata >= n:
        return None
    return float("inf") if q == 1 else (n - strata) / (strata - 1) * q / (1 - q)


def noncentral_f_sf(f: float, free_between: float, free_within: float, noncentrality: float) -> float:
    """Upper tail of the noncentral F distribution.

    scipy's ``ncf.sf`` is NaN or negative where the noncentrality is 0, so the central law takes over there. Beyond
    `MOST_NONCENTRAL` the sum of squares between hardly varies: F is its mean over a chi-squared share of what is
    within, of so many degrees of freedom that the little it does vary is counted too (Patnaik 1949, Biometrika 36:202).
    """
    if noncentrality < 1e-9:
        return float(stats.f.sf(f, free_between, free_within))
    if noncentrality > MOST_NONCENTRAL:
        between = free_between + noncentrality
        free = 1 / (1 / free_within + (1 + noncentrality / between) / between)
        return float(stats.chi2.cdf(free * between / (free_between * f), free))
    return min(max(float(stats.ncf.sf(f, free_between, free_within, noncentrality)), 0.0), 1.0)


def wang_noncentrality(sums: StratumSums, variance: str = "sample") -> float:
    """``[sum of mean² - (sum of sqrt(N_h) mean)²/N] / variance`` (Wang, Zhang & Fu 2016).

    It changes when a constant is added to y, unless all strata are of one size.

    Args:
        sums: y by stratum.
        variance: ``sample`` divides by N - 1 (R geodetector), ``population`` by N (GD, gdverse).
    """
    spread = sums.total / (sums.n - (variance == "sample"))
    balance = np.sum(np.sqrt(sums.count) * sums.mean) ** 2 / sums.n
    return max(float((np.sum(sums.mean**2) - balance) / spread), 0.0)


def p_values(sums: StratumSums, variance: str = "sample") -> tuple[float | None, float | None]:
    """Wang's noncentral p and the central F p (hypothesis: q = 0); None where there is no F."""
    f = f_statistic(sums)
    if f is None:
        return None, None
    free = len(sums.count) - 1, sums.n - len(sums.count)
    return noncentral_f_sf(f, *free, wang_noncentrality(sums, variance)), float(stats.f.sf(f, *free))


def q_interval(sums: StratumSums, confidence: float) -> tuple[float | None, float | None]:
    """Confidence interval of the share in the population: noncentralities that put F at either tail, ``nc / (nc + N)``.

    Takes y as normal, independent and of one variance within strata.
    """
    f = f_statistic(sums)
    if f is None or not np.isfinite(f):
        return None, None
    free = len(sums.count) - 1, sums.n - len(sums.count)

    def bound(tail: float) -> float:
        def gap(noncentrality: float) -> float:
            return noncentral_f_sf(f, *free, noncentrality) - tail

        if gap(0.0) >= 0:
            return 0.0
        high = 2 * free[0] * f + 100
        while gap(high) < 0:
            high *= 2
        noncentrality = optimize.brentq(gap, 0.0, high, xtol=1e-9 * high)
        return float(noncentrality / (noncentrality + sums.n))

    return bound((1 - confidence) / 2), bound((1 + confidence) / 2)


def interval_about_q(sums: StratumSums, confidence: float) -> tuple[float | None, float | None]:
    """The interval of `q_interval` on the scale of q, so that it holds the estimate beside which it stands.

    q lies above a share w in the population by ``(1 - w)(L - 1)/(N - 1)`` on average, and so do these ends; adjusted as
    q is, they are those of the population. A q so small that no share would lead one to expect it is an end itself.
    """
    low, high = q_interval(sums, confidence)
    if low is None or high is None or sums.q is None:
        return None, None
    bias = (len(sums.count) - 1) / (sums.n - 1)
    return min(low + (1 - low) * bias, sums.q), max(high + (1 - high) * bias, sums.q)


def interaction_type(q_a: float, q_b: float, q_ab: float) -> str:
    """How two factors act together, in the words of Wang et al. 2010; equal means within `TOLERANCE`."""
    low, high, both = min(q_a, q_b), max(q_a, q_b), q_a + q_b
    if q_ab < low - TOLERANCE:
        return "nonlinear_weaken"
    if q_ab < high - TOLERANCE:
        return "uni_weaken"
    if abs(q_ab - both) <= TOLERANCE:
        return "independent"
    if abs(q_ab - high) <= TOLERANCE:
        return "no_enhancement"
    return "bi_enhance" if q_ab < both else "nonlinear_enhance"


@dataclass(frozen=True)
class Comparisons:
    """Welch's t test of every pair of strata that both hold two or more samples, not both without variance.

    Attributes:
        first: (pairs,) position of one stratum.
        second: (pairs,) position of the other.
        t: (pairs,) statistic.
        p: (pairs,) two-sided.
        p_holm: (pairs,) after Holm, over these pairs.
    """

    first: Integers
    second: Integers
    t: Floats
    p: Floats
    p_holm: Floats


def welch_comparisons(sums: StratumSums) -> Comparisons:
    """Compares the mean of y between all pairs of strata (risk detector).

    Sources: Welch 1947, Biometrika 34:28; Holm 1979, Scandinavian Journal of Statistics 6:65.
    """
    variance = sums.within / np.maximum(sums.count - 1, 1) / sums.count
    first, second = np.triu_indices(len(sums.count), 1)
    squared = variance[first] + variance[second]
    testable = (sums.count[first] > 1) & (sums.count[second] > 1) & (squared > 0)
    first, second, squared = first[testable], second[testable], squared[testable]
    share = variance**2 / np.maximum(sums.count - 1, 1)
    df = squared**2 / (share[first] + share[second])
    difference = sums.mean[first] - sums.mean[second]
    t = difference / np.sqrt(squared)
    p = 2 * stats.t.sf(np.abs(t), df)
    return Comparisons(first, second, t, p, holm(p))


def holm(p: Floats) -> Floats:
    """P values after Holm's step-down correction, in the order given."""
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def ecological_test(a: StratumSums, b: StratumSums) -> tuple[float | None, float | None]:
    """Whether two factors leave different sums of squares: ``F = N_a (N_b - 1) SSW_a / [N_b (N_a - 1) SSW_b]``.

    Two-sided p on N_a - 1 and N_b - 1 degrees of freedom. Both sums come from the same y, so the F law is formal.

    Returns:
        F and p; None where neither factor leaves anything, or a sample is too small.
    """
    if min(a.n, b.n) < 2 or max(a.ssw, b.ssw) == 0:
        return None, None
    if b.ssw == 0:
        return float("inf"), 0.0
    f = a.n * (b.n - 1) * a.ssw / (b.n * (a.n - 1) * b.ssw)
    tails = stats.f.sf(f, a.n - 1, b.n - 1), stats.f.cdf(f, a.n - 1, b.n - 1)
    return f, min(2 * float(min(tails)), 1.0)


class BlockShuffle:
    """Random orders of y that move whole blocks, so that neighbours stay neighbours.

    Blocks are laid one after another in random order over the rows sorted by block. Every sample is a block of its own
    where no blocks are given; that is the free permutation.
    """

    def __init__(self, y: Floats, blocks: Integers | None, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._y = y
        self._rows: Integers | None = None
        if blocks is not None:
            self._rows = np.argsort(blocks, kind="stable")
            self._sizes = np.bincount(blocks)
            self._starts = np.cumsum(self._sizes) - self._sizes

    def draw(self) -> Floats:
        """(n,) y in a new order."""
        if self._rows is None:
            return self._random.permutation(self._y)
        turn = self._random.permutation(len(self._sizes))
        sizes = self._sizes[turn]
        source = np.arange(len(self._y)) + np.repeat(self._starts[turn] - (np.cumsum(sizes) - sizes), sizes)
        drawn = np.empty_like(self._y)
        drawn[self._rows] = self._y[self._rows[source]]
        return drawn


def q_of_shuffled(y: Floats, codes: Integers, count: Integers) -> float:
    """Q of y in strata whose counts are known, in one pass.

    Args:
        y: (n,) values near mean 0.
        codes: (n,) strata without gaps.
        count: (L,) samples of each stratum.
    """
    sums = np.bincount(codes, weights=y)
    offset = sums.sum() ** 2 / len(y)
    total = float(y @ y) - offset
    return float((np.sum(sums**2 / count) - offset) / total) if total > 0 else 0.0
