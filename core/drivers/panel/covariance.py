"""Covariances of panel slopes: iid, robust, clustered, Driscoll-Kraay, and the spatial one of Conley.

Each is a sandwich A S A. A is the inverse of X'X of the demeaned drivers, S the "meat" made of
the scores s_it = x_it u_it. The factor for small samples and the degrees of freedom of t are part
of the result, since programs differ in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...messages import say
from .effects import group_sums
from .fit import Fit

COVARIANCES = ("cluster", "robust", "iid", "driscoll_kraay", "conley")

ROUND_OFF = 1e-20  # of a variance that takes errors as independent
FEW_CLUSTERS = 20
FEW_TIMES = 20  # below which Driscoll-Kraay, whose theory lets T grow, should not be trusted


@dataclass(frozen=True)
class Covariance:
    """Covariance matrix of the coefficients (k, k), degrees of freedom of t, and what was assumed."""

    matrix: np.ndarray
    df: int
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sandwich:
    """What every covariance starts from.

    Attributes:
        fit: least squares of demeaned y on demeaned drivers.
        scores: x_it u_it, shape (n, k), of the drivers turned to be orthonormal: those of drivers that nearly make each
            other up would cancel in the sandwich, and with them every digit.
        root: what turns them, shape (k, k); see `Fit`.
        df: n - k - p, p the parameters that the effects took.
    """

    fit: Fit
    scores: np.ndarray
    root: np.ndarray
    df: int

    @classmethod
    def of(cls, fit: Fit, columns: np.ndarray, df: int) -> Sandwich:
        """The sandwich of a fit on columns of shape (n, k)."""
        if fit.root is None:
            raise TypeError("a fit without the root of its inverse has no sandwich")
        return cls(fit, (columns @ fit.root) * fit.residuals[:, None], fit.root, df)

    @property
    def n(self) -> int:
        return len(self.scores)

    def lost(self, matrix: np.ndarray) -> np.ndarray:
        """Which variances of a covariance are round-off, shape (k,): their scores cancel.

        So do those of two clusters, which sum to zero, beside effects of times.
        """
        return np.diag(matrix) < ROUND_OFF * self.fit.rss / self.df * np.diag(self.fit.inverse)

    def around(self, meat: np.ndarray) -> np.ndarray:
        return np.asarray(self.root @ meat @ self.root.T)


def iid(sandwich: Sandwich) -> Covariance:
    """s2 A with s2 = RSS / (n - k - p)."""
    matrix = sandwich.fit.rss / sandwich.df * sandwich.fit.inverse
    return Covariance(matrix, sandwich.df, (say("iid: s2 = RSS / (n - k - p), t with n - k - p degrees of freedom."),))


def robust(sandwich: Sandwich) -> Covariance:
    """Heteroscedasticity-consistent, HC1: n / (n - k - p) A (sum x x' u2) A."""
    factor = sandwich.n / sandwich.df
    note = say(
        "robust: HC1, factor n / (n - k - p) = {factor:.6g}, t with n - k - p degrees of freedom.", factor=factor
    )
    return Covariance(factor * sandwich.around(sandwich.scores.T @ sandwich.scores), sandwich.df, (note,))


def cluster_meat(scores: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Sum over clusters of s_g s_g' with s_g the sum of the scores of a cluster (Arellano 1987)."""
    sums = group_sums(scores, codes, int(codes.max()) + 1)
    return sums.T @ sums


def clustered(sandwich: Sandwich, clusters: Mapping[str, np.ndarray], parameters: int) -> Covariance:
    """One- or two-way clusters (Cameron, Gelbach and Miller 2011): V_a + V_b - V_ab.

    The factor is G/(G-1) (n-1)/(n-K), G the clusters of the smaller side.

    Args:
        clusters: one or two columns of codes 0 to G-1, by name.
        parameters: K, the slopes and the effects that are not nested in the clusters.

    Raises:
        InputError: there is one cluster only.
    """
    sizes = {name: int(codes.max()) + 1 for name, codes in clusters.items()}
    smallest = min(sizes, key=lambda name: sizes[name])
    groups = sizes[smallest]
    if groups < 2:
        raise InputError(
            say(
                "CLUSTER {smallest} has one value only, so nothing can be learnt from how clusters differ. "
                "Choose a column with many values, or COVARIANCE robust.",
                smallest=smallest,
            )
        )
    factor = groups / (groups - 1) * (sandwich.n - 1) / max(sandwich.n - parameters, 1)
    codes = list(clusters.values())
    meat = sum(cluster_meat(sandwich.scores, code) for code in codes)
    if len(codes) == 2:
        _, both = np.unique(codes[0].astype(np.int64) * (int(codes[1].max()) + 1) + codes[1], return_inverse=True)
        meat = meat - cluster_meat(sandwich.scores, both.reshape(-1))
    matrix, warnings = positive(factor * sandwich.around(np.asarray(meat)), sandwich.fit, "two-way clustered")
    if groups < FEW_CLUSTERS:
        warnings += (
            say(
                "Only {groups} clusters by {smallest}: clustered standard errors are too small with so few. "
                "Cluster by cell or by spatial blocks instead; never by a handful of years.",
                groups=groups,
                smallest=smallest,
            ),
        )
    described = " and ".join(f"{name} ({size})" for name, size in sizes.items())
    note = say(
        "cluster: by {described}; factor G/(G-1) (n-1)/(n-K) = {factor:.6g} with G = {groups} and K = {parameters} "
        "(slopes, and effects not nested in the clusters); t with G - 1 = {value} degrees of freedom.",
        described=described,
        factor=factor,
        groups=groups,
        parameters=parameters,
        value=groups - 1,
    )
    return Covariance(matrix, groups - 1, (note,), warnings)


def driscoll_kraay(sandwich: Sandwich, time: np.ndarray, times: np.ndarray, lags: int | None = None) -> Covariance:
    """Driscoll and Kraay (1998): Newey-West with Bartlett weights on the yearly sums of the scores.

    Lags are counted in the calendar, in steps of the greatest common divisor of the gaps between the
    years, so a missing year is not skipped over. The default is floor(4 (T/100)^(2/9)) steps.

    Args:
        time: codes 0 to T-1 of the rows, shape (n,).
        times: the years, ascending whole numbers, shape (T,).
        lags: the longest lag in steps.

    Raises:
        InputError: fewer than two years, or times that are not whole numbers.
    """
    size = len(times)
    if size < 2:
        raise InputError(say("COVARIANCE driscoll_kraay needs at least two times, better 20 or more. Choose cluster."))
    positions, step = calendar(times)
    longest = int(4 * (size / 100) ** (2 / 9)) if lags is None else lags
    longest = min(longest, int(positions[-1]))
    sums = group_sums(sandwich.scores, time, size)
    meat = bartlett_over_time(sums, positions, longest)
    factor = size / (size - 1) * (sandwich.n - 1) / sandwich.df
    matrix, warnings = positive(factor * sandwich.around(meat), sandwich.fit, "Driscoll-Kraay")
    if size < FEW_TIMES:
        warnings += (
            say(
                "Driscoll-Kraay standard errors need many times (about {few_times}); here are {size}. They "
                "are likely too small: choose cluster by cell or block, or conley.",
                few_times=FEW_TIMES,
                size=size,
            ),
        )
    note = say(
        "driscoll_kraay: {longest} lags of {step} by the calendar, Bartlett weights; factor T/(T-1) (n-1)/(n-k-p) = "
        "{factor:.6g} with T = {size}; t with T - 1 = {value} degrees of freedom.",
        longest=longest,
        step=step,
        factor=factor,
        size=size,
        value=size - 1,
    )
    return Covariance(matrix, size - 1, (note,), warnings)


def calendar(times: np.ndarray) -> tuple[np.ndarray, int]:
    """Positions of ascending whole times on a calendar whose step is the common divisor of their gaps.

    2000, 2005, 2015 are at 0, 1, 3 (step 5); 2013, 2015, 2016 at 0, 2, 3 (step 1).

    Raises:
        InputError: times that are not whole numbers.
    """
    if times.dtype.kind not in "iu":
        raise InputError(
            say(
                "Lags in time need TIME as whole numbers such as years; it holds {times!r}. Choose a numeric "
                "column, or another COVARIANCE.",
                times=str(times[0]),
            )
        )
    since = times.astype(np.int64) - int(times[0])
    step = max(int(np.gcd.reduce(since)), 1)
    return since // step, step


def bartlett_over_time(sums: np.ndarray, positions: np.ndarray, longest: int) -> np.ndarray:
    """G_0 + sum over lags l of (1 - l/(L+1)) (G_l + G_l'), G_l the products of rows l positions apart.

    Args:
        sums: rows in ascending order of position, shape (T, k).
        positions: whole numbers, shape (T,); several series can be laid out far apart on one axis.
    """
    meat = sums.T @ sums
    for lag in range(1, longest + 1):
        earlier = np.searchsorted(positions, positions - lag)
        found = positions[np.minimum(earlier, len(positions) - 1)] == positions - lag
        product = sums[found].T @ sums[earlier[found]]
        meat += (1 - lag / (longest + 1)) * (product + product.T)
    return meat


def positive(matrix: np.ndarray, fit: Fit, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """The matrix with negative eigenvalues set to zero, and a warning where that was needed."""
    scale = np.sqrt(np.diag(fit.inverse))
    scaled = matrix / np.outer(scale, scale)
    values, vectors = np.linalg.eigh((scaled + scaled.T) / 2)
    if values[0] >= -1e-10 * max(values[-1], 0.0):
        return matrix, ()
    clipped = (vectors * np.maximum(values, 0)) @ vectors.T * np.outer(scale, scale)
    count = int(np.sum(values < 0))
    return clipped, (
        say(
            "The {name} covariance was not positive: {count} of {count2} eigenvalues were negative and are set to "
            "zero. Standard errors along them are not to be trusted.",
            name=name,
            count=count,
            count2=len(values),
        ),
    )


def nested(inner: np.ndarray, outer: np.ndarray) -> bool:
    """Whether each inner group lies within one outer group."""
    home = np.zeros(int(inner.max()) + 1, dtype=outer.dtype)
    home[inner] = outer
    return bool(np.array_equal(home[inner], outer))


def parameters_beside(
    slopes: int, effects: Sequence[np.ndarray], components: int, clusters: Sequence[np.ndarray]
) -> int:
    """K of the small-sample factor: slopes, and the effects that are not nested in a cluster.

    Args:
        slopes: coefficients estimated, a constant among them.
        effects: codes of the effects taken out, none, one or two.
        components: connected parts of a two-way panel.
        clusters: codes of the clusters.
    """
    loose = [int(codes.max()) + 1 for codes in effects if not any(nested(codes, cluster) for cluster in clusters)]
    shared = components if len(effects) == 2 and loose else 0
    return slopes + sum(loose) - shared
