"""What a driver does at home, next door and in all, with simulated errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ...progress import QUIET, Progress
from .fitted import SpatialFit
from .lag import Determinant

KINDS = ("direct", "indirect", "total")
_REACH = 6.5  # standard errors of rho that draws may lie away


@dataclass(frozen=True)
class Effect:
    """The effect of a driver, averaged over places: `direct` in place, `indirect` through neighbours, or their sum."""

    term: str
    effect: str
    estimate: float
    std_error: float | None
    z: float | None
    p: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Effects:
    """Effects of all drivers, and how many draws were set aside because rho left its range."""

    rows: tuple[Effect, ...]
    draws: int
    rejected: int


def effects_of(
    fit: SpatialFit, draws: int = 1_000, seed: int = 0, confidence: float = 0.95, progress: Progress = QUIET
) -> Effects:
    """Direct, indirect and total effects.

    S_r = (I - rho W)^-1 (I b_r + W theta_r): direct is the mean of its diagonal, total the mean of its row sums.
    Because (I - rho W)^-1 = I + rho G with G = W (I - rho W)^-1, the diagonal needs tr G alone, minus the derivative of
    ln|I - rho W|: exact for every draw, where a series of powers of W stops too soon. With `slx` and `sdem` the effects
    are b and theta; with `ols` and `sem` nothing passes to neighbours.

    Args:
        fit: of a spatial model.
        draws: of (rho, b) from their normal distribution.
        seed: of the draws.
        confidence: of the percentile intervals.
        progress: asked whether to stop.

    Source: LeSage and Pace 2009, Introduction to Spatial Econometrics, chapters 2 and 5.
    """
    design = fit.design
    names = design.driver_names[: len(design.driver_names) // 2] if fit.lagged else design.driver_names
    first, k = int(design.constant), len(names)
    if fit.rho is None:
        return Effects(tuple(_linear(fit, names, first, confidence)), 0, 0)
    kept = [0, *range(len(fit.spatial), len(fit.spatial) + len(fit.coefficients))]
    covariance = fit.covariance[np.ix_(kept, kept)]
    spread = float(np.sqrt(covariance[0, 0]))
    limits = (max(fit.rho - _REACH * spread, design.lag.low), min(fit.rho + _REACH * spread, design.lag.high))
    curve = design.lag.curve(*limits)
    progress.check()
    centre = np.concatenate([[fit.rho], fit.coefficients])
    root = np.linalg.cholesky(covariance + 1e-14 * np.diag(np.diag(covariance)))
    drawn = centre + np.random.default_rng(seed).standard_normal((draws, len(centre))) @ root.T
    inside = (drawn[:, 0] > limits[0]) & (drawn[:, 0] < limits[1])
    exact = _effects(fit, centre[None], curve, first, k)[0]
    simulated = _effects(fit, drawn[inside], curve, first, k)
    low, high = np.percentile(simulated, [50 * (1 - confidence), 50 * (1 + confidence)], axis=0)
    errors = simulated.std(axis=0, ddof=1)
    rows = [
        _row(name, kind, exact[place, r], errors[place, r], low[place, r], high[place, r])
        for r, name in enumerate(names)
        for place, kind in enumerate(KINDS)
    ]
    return Effects(tuple(rows), draws, int(draws - inside.sum()))


def _effects(fit: SpatialFit, points: np.ndarray, curve: Determinant, first: int, k: int) -> np.ndarray:
    """Direct, indirect, total of each driver at each point (rho, b), shape (m, 3, k)."""
    lag = fit.design.lag
    rho = points[:, :1]
    b = points[:, 1 + first : 1 + first + k]
    theta = points[:, 1 + first + k :] if fit.lagged else np.zeros_like(b)
    trace = curve.trace(points[:, 0])[:, None] / lag.n
    direct = b * (1 + rho * trace) + theta * trace
    islands = lag.islands / lag.n
    total = (1 - islands) * (b + theta) / (1 - rho) + islands * b
    return np.stack([direct, total - direct, total], axis=1)


def _linear(fit: SpatialFit, names: tuple[str, ...], first: int, confidence: float) -> list[Effect]:
    k, at = len(names), len(fit.spatial) + first
    half = float(stats.norm.ppf((1 + confidence) / 2))
    share = 1 - fit.design.lag.islands / fit.design.lag.n if fit.lagged else 0.0
    rows = []
    for r, name in enumerate(names):
        for kind, own, near in (("direct", 1.0, 0.0), ("indirect", 0.0, share), ("total", 1.0, share)):
            if kind == "indirect" and not fit.lagged:
                rows.append(Effect(name, kind, 0.0, None, None, None, None, None))
                continue
            weight = np.zeros(len(fit.covariance))
            weight[at + r] = own
            if fit.lagged:
                weight[at + k + r] = near
            estimate = float(weight[len(fit.spatial) :] @ fit.coefficients)
            error = float(np.sqrt(_form(weight, fit.covariance)))
            rows.append(_row(name, kind, estimate, error, estimate - half * error, estimate + half * error))
    return rows


def _form(weight: np.ndarray, covariance: np.ndarray) -> float:
    used = weight != 0
    return float(weight[used] @ covariance[np.ix_(used, used)] @ weight[used])


def _row(name: str, kind: str, estimate: float, error: float, low: float, high: float) -> Effect:
    z = estimate / error if error > 0 else float("nan")
    p = float(2 * stats.norm.sf(abs(z)))
    return Effect(name, kind, float(estimate), float(error), float(z), p, float(low), float(high))
