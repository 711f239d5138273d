"""Sen's slope and the Mann-Kendall test for many short series at once.

All differences between two dates of a series are laid out side by side, a thousand series at a time, so that they stay
in the processor's cache; the median comes from a partial sort in place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

CHUNK_SERIES = 1024
FEWEST_DATES = 4
# Residuals of a line differ by some roundings of the values even where there is no noise at all.
ROUNDINGS = 8


@dataclass(frozen=True, eq=False)
class TrendStatistics:
    """Results of n series; NaN where a series has too few dates.

    Attributes:
        slope: Sen's slope, unit of the values per year, shape (n,).
        z: standard normal statistic of the Mann-Kendall test.
        p: two-sided probability of such a trend without any trend.
        tau: Kendall's tau (a), S over the number of pairs.
    """

    slope: np.ndarray
    z: np.ndarray
    p: np.ndarray
    tau: np.ndarray


def trend_statistics(
    values: np.ndarray,
    years: np.ndarray,
    valid: np.ndarray | None = None,
    fewest: int = FEWEST_DATES,
    prewhiten: bool = False,
    hamed_rao: float | None = None,
) -> TrendStatistics:
    """Sen's slope with real years and the Mann-Kendall test, with ties and gaps.

    ``slope = median((x_j - x_i) / (t_j - t_i))``, ``S = sum sgn(x_j - x_i)`` over i < j,
    ``Var(S) = (n(n-1)(2n+5) - sum_g t_g(t_g-1)(2t_g+5)) / 18`` with t_g equal values in tie g,
    ``z = (S - sgn S) / sqrt(Var)``, 0 where S = 0. Differences are taken in the type of `values`.

    Args:
        values: shape (n, dates), float32 or float64.
        years: rising, shape (dates,).
        valid: shape (n, dates); None where there is no gap.
        fewest: series with fewer valid dates get no result.
        prewhiten: takes lag-1 correlation out before the test, around the slope (trend-free prewhitening); only for
            equally spaced years, and series with gaps get no result.
        hamed_rao: multiplies Var(S) by `variance_factor`, with autocorrelations that are significant at this level;
            like prewhitening only for equally spaced years without gaps, and not together with it. Series that come out
            with a negative variance have a slope and tau, but neither z nor p, unless S = 0.

    Source: Sen 1968, J. Am. Stat. Assoc. 63:1379-1389; Mann 1945, Econometrica 13:245-259; Kendall 1975; Yue et al.
    2002, Hydrol. Process. 16:1807-1829 (prewhitening); Hamed & Rao 1998, J. Hydrol. 204:182-196 (variance).
    """
    series, dates = values.shape
    found = [np.full(series, np.nan) for _ in range(4)]
    counts = np.full(series, dates) if valid is None else np.count_nonzero(valid, axis=1)
    times = years.astype(values.dtype)
    whole = prewhiten or hamed_rao is not None
    for count in np.unique(counts):
        if count < fewest or (whole and count < dates):
            continue
        rows = slice(None) if count == dates and (counts == dates).all() else np.flatnonzero(counts == count)
        of_rows, times_of_rows = values[rows], times
        if count < dates and valid is not None:
            kept = np.argsort(~valid[rows], axis=1, kind="stable")[:, :count]
            of_rows, times_of_rows = np.take_along_axis(of_rows, kept, axis=1), times[kept]
        slope, score, variance = _scores(of_rows, times_of_rows)
        step = float(years[1] - years[0])
        if hamed_rao is not None:
            variance *= variance_factor(of_rows, slope * step, hamed_rao)
        if prewhiten:
            blended = prewhitened(of_rows, slope * step)
            _, score, variance = _scores(blended, np.arange(count - 1.0))
        for array, result in zip(found, (slope, *_test(score, variance, count - prewhiten))):
            array[rows] = result
    return TrendStatistics(*found)


def smallest_p(dates: int) -> float:
    """The smallest p that a series of so many dates can reach: all of its differences have one sign."""
    pairs = dates * (dates - 1) / 2
    z = (pairs - 1) / math.sqrt(pairs * (2 * dates + 5) / 9)
    return math.erfc(z / math.sqrt(2))


def prewhitened(values: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Series without their lag-1 correlation: ``e_i = x_i - b i``, ``y_i = e_i - r e_(i-1) + b i``.

    Args:
        values: shape (n, dates).
        slope: b per step, shape (n,).

    Returns:
        Shape (n, dates - 1), float64.

    Source: Yue et al. 2002, Hydrol. Process. 16:1807-1829.
    """
    steps = np.arange(1, values.shape[1] + 1)
    rise = slope[:, np.newaxis].astype(np.float64)
    rest = values - rise * steps
    centred = rest - rest.mean(axis=1, keepdims=True)
    power = np.einsum("ij,ij->i", centred, centred)
    lagged = np.einsum("ij,ij->i", centred[:, 1:], centred[:, :-1])
    correlation = np.divide(lagged, power, out=np.zeros_like(power), where=power > 0)
    return rest[:, 1:] - correlation[:, np.newaxis] * rest[:, :-1] + rise * steps[:-1]


def variance_factor(values: np.ndarray, slope: np.ndarray, level: float) -> np.ndarray:
    """By how much serial correlation raises Var(S): ``1 + 2 / (n(n-1)(n-2)) sum_k (n-k)(n-k-1)(n-k-2) r_k``.

    r_k is the autocorrelation at lag k of the ranks of the detrended series ``x_i - b i``; only those count for which
    ``|r_k| > z(1 - level/2) / sqrt(n)``. All lags are looked at, as in pymannkendall 1.4.3. Two things differ from it.
    Residuals that differ by no more than the rounding of the values share their rank: where the number of pairs is odd,
    b is the slope of one pair, whose residuals are equal, and pymannkendall ranks them by their rounding errors (as it
    does with a line without noise). And gaps are not closed up: the caller leaves such series out.

    Args:
        values: shape (n, dates).
        slope: b per step, shape (n,).
        level: of significance, such as 0.05.

    Returns:
        Shape (n,); negative where negative correlations outweigh the variance.

    Source: Hamed & Rao 1998, J. Hydrol. 204:182-196, doi:10.1016/S0022-1694(97)00125-X.
    """
    from scipy.special import ndtri

    dates = values.shape[1]
    rest = values - values[:, :1].astype(np.float64) - slope[:, np.newaxis].astype(np.float64) * np.arange(dates)
    rounding = ROUNDINGS * np.finfo(values.dtype).eps * np.abs(values).max(axis=1, keepdims=True).astype(np.float64)
    # twice the rank less its mean: how many of the others are smaller, less how many are larger
    ranks = np.zeros_like(rest)
    for date in range(dates):
        above = rest - rest[:, date : date + 1]
        ranks += np.sign(above) * (np.abs(above) > rounding)
    power = np.einsum("ij,ij->i", ranks, ranks)
    limit = ndtri(1 - level / 2) / math.sqrt(dates)
    weighted = np.zeros_like(power)
    for lag in range(1, dates - 2):
        lagged = np.einsum("ij,ij->i", ranks[:, lag:], ranks[:, :-lag])
        correlation = np.divide(lagged, power, out=np.zeros_like(power), where=power > 0)
        correlation[np.abs(correlation) <= limit] = 0
        weighted += (dates - lag) * (dates - lag - 1) * (dates - lag - 2) * correlation
    return 1 + 2 / (dates * (dates - 1) * (dates - 2)) * weighted


def _test(score: np.ndarray, variance: np.ndarray, dates: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """z, p and tau of Kendall's S; neither z nor p where the variance is negative, unless S = 0."""
    from scipy.special import erfc

    z = np.where((variance < 0) & (score != 0), np.nan, 0.0)
    np.divide(score - np.sign(score), np.sqrt(np.maximum(variance, 0)), out=z, where=variance > 0)
    return z, erfc(np.abs(z) / math.sqrt(2)), score / (dates * (dates - 1) / 2)


def _scores(values: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sen's slope, Kendall's S and its variance; `times` are shared, shape (dates,), or one per value."""
    series, dates = values.shape
    pairs = dates * (dates - 1) // 2
    slope, score, variance = (np.empty(series) for _ in range(3))
    size = min(CHUNK_SERIES, series)
    rises, signs = (np.empty((size, pairs), dtype=values.dtype) for _ in range(2))
    spans = _spans(times, np.empty((size, pairs), dtype=values.dtype)) if times.ndim == 1 else None
    ones = np.ones(pairs, dtype=values.dtype)
    for start in range(0, series, size):
        part = slice(start, min(start + size, series))
        rows = part.stop - part.start
        chunk, rise, sign = values[part], rises[:rows], signs[:rows]
        _differences(chunk, rise)
        np.sign(rise, out=sign)
        score[part] = sign @ ones
        variance[part] = dates * (dates - 1) * (2 * dates + 5)
        tied = np.flatnonzero(np.einsum("ij,ij->i", sign, sign) < pairs)
        if tied.size:
            variance[start + tied] -= _ties(chunk[tied])
        if spans is None:
            _differences(times[part], sign)
            np.divide(rise, sign, out=rise)
        else:
            np.divide(rise, spans, out=rise)
        slope[part] = _median_in_place(rise)
    return slope, score, variance / 18


def _spans(times: np.ndarray, buffer: np.ndarray) -> np.ndarray:
    _differences(times[np.newaxis], buffer[:1])
    return buffer[0].copy()


def _differences(values: np.ndarray, out: np.ndarray) -> None:
    """Later minus earlier of every pair of columns."""
    start, dates = 0, values.shape[1]
    for earlier in range(dates - 1):
        end = start + dates - 1 - earlier
        np.subtract(values[:, earlier + 1 :], values[:, earlier : earlier + 1], out=out[:, start:end])
        start = end


def _median_in_place(rows: np.ndarray) -> np.ndarray:
    middle = rows.shape[1] // 2
    rows.partition(middle, axis=1)
    upper = rows[:, middle].astype(np.float64)
    if rows.shape[1] % 2:
        return upper
    return (upper + rows[:, :middle].max(axis=1)) / 2


def _ties(values: np.ndarray) -> np.ndarray:
    """``sum_g t_g (t_g - 1) (2 t_g + 5)``, added up as ``(t - 1) (2 t + 5)`` over the members of each tie."""
    size = (values[:, :, np.newaxis] == values[:, np.newaxis, :]).sum(axis=2)
    return ((size - 1) * (2 * size + 5)).sum(axis=1)
