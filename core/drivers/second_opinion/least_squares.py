"""Panel regressions computed again: effects taken out by plain alternating means, slopes and errors by statsmodels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...messages import say
from ..observations import Observations
from ..panel.covariance import calendar, parameters_beside
from ..panel.regression import PanelResult
from .opinion import Opinion, absent, compared, linear_model, program, unit_of_rounding

SLOPES, ERRORS = "second_opinion_slopes", "second_opinion_std_error"
SAME_SLOPES = 1e-7
SAME_ERRORS = 1e-7
MOST_SWEEPS = 2000


def opinions_on_panel(
    observations: Observations,
    result: PanelResult,
    effects: str,
    covariance: str,
    cluster: Sequence[str] = (),
    lags: int | None = None,
) -> tuple[Opinion, ...]:
    """How far slopes and standard errors agree with `statsmodels.OLS` of what the effects leave.

    statsmodels knows nothing of the effects that were taken out, so its errors are multiplied by the factor for small
    samples that the run names; the opinions name it too.

    Args:
        observations: all rows that were read.
        result: of the fixed effects or pooled regression on them.
        effects, covariance, cluster, lags: as in `panel_regression`.
    """
    why = absent(result.n)
    if why is not None:
        return (Opinion(SLOPES, None, SAME_SLOPES, why),)
    rows = observations.keep(np.isin(observations.rows, result.rows))
    names = [term.term for term in result.terms if term.term in rows.x_names]
    ours = {term.term: term for term in result.terms}
    effect_codes = _effect_codes(rows, effects)
    drivers = rows.x[:, [rows.x_names.index(name) for name in names]]
    left = _without(np.column_stack([drivers, rows.y]), effect_codes)
    if left is None:
        why = say("the effects did not settle in {sweeps} turns, so nothing was compared", sweeps=MOST_SWEEPS)
        return (Opinion(SLOPES, None, SAME_SLOPES, why),)
    x, y = left[:, :-1], left[:, -1]
    if not effect_codes:
        x, names = np.column_stack([np.ones(rows.n), x]), ["const", *names]
    # Orthonormal columns: pinv, which statsmodels solves with, drops small columns beside large ones, and of columns
    # that nearly make each other up its sandwiches keep no digit.
    size = np.sqrt((x**2).sum(axis=0))
    turned, upper = np.linalg.qr(x / size)
    back = np.linalg.inv(upper) / size[:, None]
    theirs = back @ np.asarray(linear_model().OLS(y, turned).fit().params)
    called = f"{program()} OLS(y, Q), X = QR"
    estimates = np.array([ours[name].estimate for name in names])
    rounding = _rounding(rows, x / size, names, estimates) / size
    slopes = compared(SLOPES, names, estimates, theirs, SAME_SLOPES, called, rounding)
    how = _errors_call(rows, result, effects, covariance, cluster, lags, x.shape[1], effect_codes)
    if isinstance(how, str):
        return slopes, Opinion(ERRORS, None, SAME_ERRORS, how)
    order = how.order if how.order is not None else np.arange(rows.n)
    fit = linear_model().OLS(y[order], turned[order]).fit(**how.options)
    errors = np.sqrt(np.maximum(np.diag(back @ np.asarray(fit.cov_params()) @ back.T), 0) * how.factor)
    mine = np.array([ours[name].std_error for name in names])
    if not np.isfinite(mine).all():
        return slopes, Opinion(ERRORS, None, SAME_ERRORS, say("not all drivers have a standard error"))
    note = say("{call}, variances times {factor}", call=f"{called}.fit({how.words})", factor=how.factor_words)
    return slopes, compared(ERRORS, names, mine, errors, SAME_ERRORS, note, rounding)


def _rounding(rows: Observations, x: np.ndarray, names: Sequence[str], slopes: np.ndarray) -> np.ndarray:
    """What rounding of y and of the drivers can make of the slopes on x, and of their errors, shape (k,).

    Of an exact fit nothing else is left: its errors, and the slopes of drivers without effect, are round-off.

    Args:
        rows: as they were before means were taken out, for these are rounded with the digits that the means have.
        x: what is left of the drivers, columns of length 1.
        names, slopes: of the drivers and the constant.
    """
    drivers = dict(zip(rows.x_names, rows.x.T))
    of_x = sum(abs(slope) * unit_of_rounding(drivers[name]) for name, slope in zip(names, slopes) if name in drivers)
    spread = np.sqrt(np.abs(np.diag(np.linalg.pinv(x.T @ x))))
    return np.asarray((unit_of_rounding(rows.y) + of_x) * spread)


@dataclass(frozen=True)
class _Errors:
    """How statsmodels is asked for errors, and the factor between its variances and ours."""

    options: Mapping[str, Any]
    words: str
    factor: float
    factor_words: str
    order: np.ndarray | None = None


def _errors_call(
    rows: Observations,
    result: PanelResult,
    effects: str,
    covariance: str,
    cluster: Sequence[str],
    lags: int | None,
    columns: int,
    effect_codes: Sequence[np.ndarray],
) -> _Errors | str:
    n, df = rows.n, result.df
    if covariance == "iid":
        factor = (n - columns) / df
        return _Errors({}, "", factor, f"(n - k) / (n - k - p) = {factor:.6g}")
    if covariance == "robust":
        return _Errors({"cov_type": "HC0"}, "cov_type='HC0'", n / df, f"n / (n - k - p) = {n / df:.6g}")
    if covariance == "cluster":
        codes = [rows.groups[name] for name in cluster or filter(None, [rows.entity_name])]
        groups = min(len(np.unique(code)) for code in codes)
        # All of a two-way panel that hangs together: one effect is told by the others.
        beside = parameters_beside(columns, effect_codes, _components(effect_codes), codes)
        factor = groups / (groups - 1) * (n - 1) / max(n - beside, 1)
        together = np.column_stack(codes) if len(codes) > 1 else codes[0]
        options: dict[str, Any] = {"groups": together, "use_correction": False, "df_correction": False}
        words = f"cov_type='cluster', groups={' x '.join(cluster) or rows.entity_name}, use_correction=False"
        call = {"cov_type": "cluster", "cov_kwds": options}
        return _Errors(call, words, factor, f"G/(G-1) (n-1)/(n-K) = {factor:.6g}")
    if covariance == "driscoll_kraay" and rows.time is not None and rows.times is not None:
        positions, _ = calendar(rows.times)
        if not np.array_equal(positions, np.arange(len(positions))):
            return say("statsmodels counts lags by rows, and here years are missing: errors were not compared")
        size = len(positions)
        longest = min(int(4 * (size / 100) ** (2 / 9)) if lags is None else lags, size - 1)
        factor = size / (size - 1) * (n - 1) / df
        order = np.argsort(rows.time, kind="stable")
        options = {"time": rows.time[order], "maxlags": longest, "use_correction": False, "df_correction": False}
        words = f"cov_type='nw-groupsum', maxlags={longest}, use_correction=False"
        call = {"cov_type": "nw-groupsum", "cov_kwds": options}
        return _Errors(call, words, factor, f"T/(T-1) (n-1)/(n-k-p) = {factor:.6g}", order)
    return say("statsmodels has no standard errors of the kind {covariance}", covariance=covariance)


def _effect_codes(rows: Observations, effects: str) -> list[np.ndarray]:
    codes = [rows.entity] if effects in ("entity", "twoway") else []
    codes += [rows.time] if effects in ("time", "twoway") else []
    return [np.unique(code, return_inverse=True)[1].reshape(-1) for code in codes if code is not None]


def _components(effect_codes: Sequence[np.ndarray]) -> int:
    """Parts of a two-way panel that share no time: each has a mean of its own."""
    if len(effect_codes) < 2:
        return 1
    first, second = effect_codes
    part = np.arange(int(first.max()) + 1)
    while True:
        by_second = np.full(int(second.max()) + 1, len(part))
        np.minimum.at(by_second, second, part[first])
        again = part.copy()
        np.minimum.at(again, first, by_second[second])
        if np.array_equal(again, part):
            return len(np.unique(part))
        part = again


def _without(columns: np.ndarray, effect_codes: Sequence[np.ndarray]) -> np.ndarray | None:
    """The columns (n, k) less the means of each effect in turn; None where they do not settle."""
    left = columns - columns.mean(axis=0) if effect_codes else columns
    scale = np.abs(left).max(axis=0) + np.finfo(float).tiny
    for _ in range(MOST_SWEEPS):
        before = left
        for codes in effect_codes:
            count = np.bincount(codes)
            means = np.column_stack([np.bincount(codes, weights=column) / count for column in left.T])
            left = left - means[codes]
        if len(effect_codes) < 2 or np.abs((left - before) / scale).max() < 1e-14:
            return left
    return None
