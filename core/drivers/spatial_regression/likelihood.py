"""Spatial models by maximum likelihood, with the exact determinant of the lag."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq, minimize

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from .design import Design, without_effects
from .fitted import SpatialFit
from .lag import Determinant, Solver, link_traces, trace_of_cross, trace_of_product, trace_with_lag

# Looked at first; models that share W share the determinants there.
_GRID = (-0.9, -0.6, -0.3, 0.0, 0.2, 0.4, 0.55, 0.7, 0.8, 0.88, 0.94, 0.97, 0.99)


def ordinary(design: Design, model: str = "ols") -> SpatialFit:
    """Least squares; of a panel within its effects, with their degrees of freedom."""
    coefficients, residuals = _regress(design.x, design.y)
    rss = float(residuals @ residuals)
    _require_left(rss, design)
    sigma2 = rss / (design.freedom - design.x.shape[1])
    size = design.size
    likelihood = -size / 2 * (np.log(2 * np.pi * rss / size) + 1)
    covariance = sigma2 * np.linalg.inv(design.x.T @ design.x)
    return SpatialFit(
        model, "ml", design, coefficients, None, None, covariance, sigma2, float(likelihood), residuals, residuals
    )


def fit_lag(design: Design, model: str = "sar", progress: Progress = QUIET) -> SpatialFit:
    """The lag model y = rho W y + X b + e (`sar`; `sdm` where W X is among the columns).

    lnL(rho) = -m/2 (ln 2 pi + 1 + ln s2) + c ln|I - rho W|, s2 = |e0 - rho eL|^2/m, e0 and eL the residuals of y and
    W y; m rows and c years that count, ln|I - rho W| less ln(1 - rho) for corrected year effects (Lee and Yu).
    Standard errors from the expected information of (rho, s2, b).

    Source: Anselin 1988, Spatial Econometrics; Lee and Yu 2010, Journal of Econometrics 154:165; Elhorst 2014.
    """
    lag = design.lag
    b0, e0 = _regress(design.x, design.y)
    b1, e1 = _regress(design.x, lag.lag(design.y))
    squares = (float(e0 @ e0), float(e0 @ e1), float(e1 @ e1))
    _require_left(squares[0], design)

    def rss(rho: float) -> float:
        return squares[0] - 2 * rho * squares[1] + rho**2 * squares[2]

    def slope(rho: float) -> float:
        return 2 * (rho * squares[2] - squares[1])

    rho, curve = _best(design, rss, slope, progress)
    sigma2 = rss(rho) / design.size
    coefficients = b0 - rho * b1
    residuals = e0 - rho * e1
    solver = lag.solver(rho)
    progress.check()
    explained = design.x @ coefficients
    reached = solver.solve(explained)
    moved = without_effects(lag.lag(reached), lag, design.effects)  # G X b
    information, note = _traces(design, solver, curve, rho)
    k = design.x.shape[1]
    whole = np.zeros((k + 2, k + 2))  # rho, s2, b
    whole[0, 0] = information[1] + float(moved @ moved) / sigma2
    whole[0, 1] = whole[1, 0] = information[0] / sigma2
    whole[1, 1] = design.size / (2 * sigma2**2)
    whole[0, 2:] = whole[2:, 0] = design.x.T @ moved / sigma2
    whole[2:, 2:] = design.x.T @ design.x / sigma2
    covariance = _inverted(whole, 1)
    test = _left_error(design, residuals, sigma2, solver, float(covariance[0, 0])) if design.effects == "none" else None
    return SpatialFit(
        model,
        "ml",
        design,
        coefficients,
        rho,
        None,
        covariance,
        sigma2,
        _log_likelihood(design, rss(rho), curve, rho),
        residuals,
        design.y - reached,
        note,
        test,
    )


def fit_error(design: Design, model: str = "sem", progress: Progress = QUIET) -> SpatialFit:
    """The error model y = X b + u, u = lambda W u + e (`sem`; `sdem` where W X is among the columns). See `fit_lag`."""
    lag = design.lag
    y, x = design.y, design.x
    wy, wx = lag.lag(y), lag.lag(x)

    def fitted(lam: float) -> tuple[np.ndarray, np.ndarray]:
        return _regress(x - lam * wx, y - lam * wy)

    def rss(lam: float) -> float:
        left = fitted(lam)[1]
        return float(left @ left)

    def slope(lam: float) -> float:
        b, left = fitted(lam)
        return float(-2 * left @ (wy - wx @ b))

    _require_left(rss(0.0), design)
    lam, curve = _best(design, rss, slope, progress)
    coefficients, residuals = fitted(lam)
    sigma2 = float(residuals @ residuals) / design.size
    solver = lag.solver(lam)
    information, note = _traces(design, solver, curve, lam)
    k = x.shape[1]
    filtered = x - lam * wx
    whole = np.zeros((k + 2, k + 2))
    whole[0, 0] = information[1]
    whole[0, 1] = whole[1, 0] = information[0] / sigma2
    whole[1, 1] = design.size / (2 * sigma2**2)
    whole[2:, 2:] = filtered.T @ filtered / sigma2
    covariance = _inverted(whole, 1)
    return SpatialFit(
        model,
        "ml",
        design,
        coefficients,
        None,
        lam,
        covariance,
        sigma2,
        _log_likelihood(design, rss(lam), curve, lam),
        residuals,
        y - x @ coefficients,
        note,
    )


def fit_both(design: Design, progress: Progress = QUIET) -> SpatialFit:
    """The model of both, y = rho W y + X b + u, u = lambda W u + e (`sac`), from several starts for its two tops.

    One W for both, so that its inverses commute and the traces of the information are those of G(rho) and G(lambda).
    """
    lag = design.lag
    y, x = design.y, design.x
    wy, wx = lag.lag(y), lag.lag(x)
    wwy = lag.lag(wy)

    def fitted(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rho, lam = point
        return _regress(x - lam * wx, y - rho * wy - lam * (wy - rho * wwy))

    def loss(point: np.ndarray) -> float:
        rho, lam = (float(each) for each in point)
        if not (lag.low < rho < lag.high and lag.low < lam < lag.high):
            return 1e300
        progress.check()
        left = fitted(point)[1]
        return -(_profile(design, float(left @ left), rho) + _profile(design, 1.0, lam) - _profile(design, 1.0, 0.0))

    first = fit_lag(design, "sar", progress)
    second = fit_error(design, "sem", progress)
    if first.rho is None or second.lam is None:
        raise TypeError("first.rho, second.lam is not as expected")
    starts = ((first.rho, 0.0), (0.0, second.lam), (0.8 * first.rho, 0.5 * second.lam), (first.rho, -0.5 * first.rho))
    options = {"xatol": 1e-7, "fatol": 1e-9, "maxiter": 400}
    rough = {**options, "xatol": 1e-2, "fatol": 1e-2}
    best = min((minimize(loss, s, method="Nelder-Mead", options=rough) for s in starts), key=lambda found: found.fun)
    best = minimize(loss, best.x, method="Nelder-Mead", options=options)
    rho, lam = (float(each) for each in best.x)
    coefficients, residuals = fitted(best.x)
    sigma2 = float(residuals @ residuals) / design.size
    solve_rho, solve_lam = lag.solver(rho), lag.solver(lam)
    curve = lag.curve(*_around(design, rho, 0.02))
    other = lag.curve(*_around(design, lam, 0.02))
    of_rho, note = _traces(design, solve_rho, curve, rho)
    of_lam, _ = _traces(design, solve_lam, other, lam)
    cross = trace_of_cross(solve_lam, solve_rho).value + trace_of_product(solve_lam, solve_rho).value
    reached = solve_rho.solve(x @ coefficients)
    moved = lag.filtered(lag.lag(reached), lam)
    filtered = x - lam * wx
    k = x.shape[1]
    whole = np.zeros((k + 3, k + 3))  # rho, lambda, s2, b
    whole[0, 0] = of_rho[1] + float(moved @ moved) / sigma2
    whole[1, 1] = of_lam[1]
    whole[0, 1] = whole[1, 0] = design.copies * cross
    whole[0, 2] = whole[2, 0] = of_rho[0] / sigma2
    whole[1, 2] = whole[2, 1] = of_lam[0] / sigma2
    whole[2, 2] = design.size / (2 * sigma2**2)
    whole[0, 3:] = whole[3:, 0] = filtered.T @ moved / sigma2
    whole[3:, 3:] = filtered.T @ filtered / sigma2
    return SpatialFit(
        "sac",
        "ml",
        design,
        coefficients,
        rho,
        lam,
        _inverted(whole, 2),
        sigma2,
        -float(best.fun),
        residuals,
        y - reached,
        note,
    )


def _regress(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    q, r = np.linalg.qr(x)
    coefficients = np.linalg.solve(r, q.T @ y)
    return coefficients, y - x @ coefficients


def _best(
    design: Design, rss: Callable[[float], float], slope: Callable[[float], float], progress: Progress
) -> tuple[float, Determinant]:
    """The parameter with the largest likelihood: between neighbours of a coarse grid, then where the score is zero."""
    lag = design.lag
    grid = [lag.low, *(value for value in _GRID if lag.low < value < lag.high), lag.high]
    known: dict[int, float] = {}

    def height(place: int) -> float:
        if place not in known:
            progress.check()
            known[place] = _profile(design, rss(grid[place]), grid[place])
        return known[place]

    left, right = 0, len(grid) - 1
    while right - left > 2:  # one top: thirds that hold it
        first, second = left + (right - left) // 3, right - (right - left) // 3
        if height(first) > height(second):
            right = second
        else:
            left = first
    low, high = max(grid[left], lag.low), min(grid[right], lag.high)
    progress.check()
    curve = lag.curve(low, high)
    unit = float(design.without_unit)

    def score(value: float) -> float:
        determinant = -curve.trace(value) + unit / (1 - value)
        return float(-design.size / 2 * slope(value) / rss(value) + design.copies * determinant)

    if score(low) * score(high) > 0:
        return (low if score(low) < 0 else high), curve
    return float(brentq(score, low, high, xtol=1e-13, rtol=1e-13)), curve


def _profile(design: Design, rss: float, value: float) -> float:
    size = design.size
    determinant = design.lag.log_determinant(value) - (np.log(1 - value) if design.without_unit else 0.0)
    return float(-size / 2 * (np.log(2 * np.pi) + 1 + np.log(rss / size)) + design.copies * determinant)


def _log_likelihood(design: Design, rss: float, curve: Determinant, value: float) -> float:
    size = design.size
    determinant = curve.value(value) - (np.log(1 - value) if design.without_unit else 0.0)
    return float(-size / 2 * (np.log(2 * np.pi) + 1 + np.log(rss / size)) + design.copies * determinant)


def _traces(
    design: Design, solver: Solver, curve: Determinant, value: float
) -> tuple[tuple[float, float], tuple[str, ...]]:
    """The traces of G, and of G^2 and G'G, of the years that count; without column means where year effects are out."""
    cross = trace_of_cross(solver, solver)
    first, second = float(curve.trace(value)), curve.trace_of_square(value) + cross.value
    if design.without_unit:
        unit = 1 / (1 - value)
        back = solver.back_to_ones()
        first -= unit
        second -= unit**2 + float(back @ back) / design.lag.n
    note: tuple[str, ...] = ()
    if cross.error:
        share = 100 * cross.error / second
        note = (say("tr G'G from 64 random probes, within {value:.2g} % (two standard errors).", value=2 * share),)
    return (design.copies * first, design.copies * second), note


def _inverted(information: np.ndarray, place: int) -> np.ndarray:
    """The covariance without the variance, which stands at `place`."""
    scale = np.sqrt(np.abs(np.diag(information)))
    inverse = np.linalg.inv(information / np.outer(scale, scale)) / np.outer(scale, scale)
    keep = [j for j in range(len(information)) if j != place]
    return inverse[np.ix_(keep, keep)]


def _left_error(design: Design, residuals: np.ndarray, sigma2: float, solver: Solver, variance: float) -> float:
    """Score test of spatial errors in a lag model (Anselin 1988), chi2 with one degree of freedom."""
    lag = design.lag
    mixed = lag.times * trace_with_lag(solver).value
    score = float(residuals @ lag.lag(residuals)) / sigma2
    return score**2 / (link_traces(lag) - mixed**2 * variance)


def _around(design: Design, value: float, width: float) -> tuple[float, float]:
    return max(value - width, design.lag.low), min(value + width, design.lag.high)


def _require_left(rss: float, design: Design) -> None:
    if not np.ptp(design.y) > 0:
        raise InputError(say("The explained variable has the same value everywhere: there is nothing to explain."))
    if rss <= 1e-20 * float(design.y @ design.y) or rss == 0:
        raise InputError(
            say("The drivers explain the variable exactly: there is nothing left to learn about neighbours.")
        )
