"""Spatial models by moments: no determinant, no normal errors, and a form that unequal variances do not disturb."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from operator import matmul

import numpy as np
from scipy import sparse
from scipy.optimize import least_squares

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from .design import Design, without_effects
from .fitted import SpatialFit
from .lag import SpatialLag
from .likelihood import ordinary


def fit_by_moments(design: Design, model: str, method: str = "gmm", progress: Progress = QUIET) -> SpatialFit:
    """A model of `design` by moments; W X is among its columns where the model has it.

    Args:
        design: rows and columns.
        model: `ols`, `slx`, `sar`, `sem`, `sdm`, `sdem` or `sac`.
        method: `gmm`, or `gmm_het` for unequal variances of the innovations.
        progress: asked whether to stop.

    Raises:
        InputError: `sac` with `gmm_het`.

    Source: Kelejian and Prucha 1998, Journal of Real Estate Finance and Economics 17:99 (two-stage least squares);
        Kelejian and Prucha 1999, International Economic Review 40:509 (moments of the error); Arraiz et al. 2010,
        Journal of Regional Science 50:592 (unequal variances).
    """
    robust = method == "gmm_het"
    progress.check()
    if model in ("ols", "slx"):
        return _ordinary(design, model, method)
    if model in ("sar", "sdm"):
        return _two_stage(design, model, method, robust)
    if model in ("sem", "sdem"):
        return _unequal_error(design, model) if robust else _equal_error(design, model)
    if robust:
        raise InputError(
            say("MODEL sac by METHOD gmm_het is not offered: choose METHOD gmm or ml, or MODEL sar or sem.")
        )
    return _both(design)


def _ordinary(design: Design, model: str, method: str) -> SpatialFit:
    found = ordinary(design, model)
    covariance = found.covariance
    if method == "gmm_het":
        covariance = _sandwich(design.x, found.residuals) * design.n / (design.n - design.x.shape[1])
    return replace(found, method=method, log_likelihood=None, covariance=covariance)


def _two_stage(design: Design, model: str, method: str, robust: bool) -> SpatialFit:
    lag = design.lag
    z = np.column_stack([without_effects(lag.lag(design.y), lag, design.effects), design.x])
    projected = _projected(z, _instruments(design))
    b = np.linalg.solve(projected.T @ z, projected.T @ design.y)
    residuals: np.ndarray = design.y - z @ b
    sigma2 = float(residuals @ residuals) / (design.freedom - z.shape[1])
    plain = sigma2 * np.linalg.inv(projected.T @ projected)
    covariance = _sandwich(projected, residuals) if robust else plain
    _require_inside(float(b[0]), lag, "rho")
    reached = lag.solver(float(b[0])).solve(design.x @ b[1:])
    note = say("instruments are the neighbours' drivers and their neighbours' (W X, W W X)")
    return SpatialFit(
        model,
        method,
        design,
        b[1:],
        float(b[0]),
        None,
        covariance,
        sigma2,
        None,
        residuals,
        design.y - reached,
        (note,),
    )


def _equal_error(design: Design, model: str) -> SpatialFit:
    lag = design.lag
    u = _ordinary(design, model, "gmm").residuals
    lam = _moments_of_equal(u, lag)
    x, y = lag.filtered(design.x, lam), lag.filtered(design.y, lam)
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    residuals: np.ndarray = y - x @ b
    sigma2 = float(residuals @ residuals) / design.n
    covariance = np.full((len(b) + 1, len(b) + 1), np.nan)
    covariance[1:, 1:] = sigma2 * np.linalg.inv(x.T @ x)
    note = say("the moments of Kelejian and Prucha 1999 give lambda without a standard error")
    return SpatialFit(
        model, "gmm", design, b, None, lam, covariance, sigma2, None, residuals, design.y - design.x @ b, (note,)
    )


def _both(design: Design) -> SpatialFit:
    lag = design.lag
    first = _two_stage(design, "sar", "gmm", False)
    z = np.column_stack([lag.lag(design.y), design.x])
    lam = _moments_of_equal(design.y - z @ np.array([first.rho, *first.coefficients]), lag)
    filtered, y = lag.filtered(z, lam), lag.filtered(design.y, lam)
    projected = _projected(filtered, _instruments(design))
    b = np.linalg.solve(projected.T @ filtered, projected.T @ y)
    residuals: np.ndarray = y - filtered @ b
    sigma2 = float(residuals @ residuals) / (design.freedom - len(b))
    covariance = np.full((len(b) + 1, len(b) + 1), np.nan)
    keep = [0, *range(2, len(b) + 1)]
    covariance[np.ix_(keep, keep)] = sigma2 * np.linalg.inv(projected.T @ projected)
    _require_inside(float(b[0]), lag, "rho")
    reached = lag.solver(float(b[0])).solve(design.x @ b[1:])
    return SpatialFit(
        "sac", "gmm", design, b[1:], float(b[0]), lam, covariance, sigma2, None, residuals, design.y - reached
    )


def _unequal_error(design: Design, model: str) -> SpatialFit:
    """Lambda from the moments of A1 = W'W less its diagonal and of A2 = W, weighted by their spread (Arraiz 2010)."""
    lag = design.lag
    forms = _forms(lag)
    start = _ordinary(design, model, "gmm").residuals
    lam = _moments_of_unequal(start, lag, forms, np.eye(2))
    spread = _spread(lag.filtered(start, lam), lag, forms)
    lam = _moments_of_unequal(start, lag, forms, np.linalg.inv(spread))
    x, y = lag.filtered(design.x, lam), lag.filtered(design.y, lam)
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    u = design.y - design.x @ b
    spread = _spread(lag.filtered(u, lam), lag, forms)
    lam = _moments_of_unequal(u, lag, forms, np.linalg.inv(spread))
    _, matrix = _system(u, lag, forms)
    residuals = lag.filtered(u, lam)
    spread = _spread(residuals, lag, forms)
    jacobian = matrix @ np.array([1, 2 * lam])
    variance = 1 / float(jacobian @ np.linalg.inv(spread) @ jacobian) / design.n
    filtered = lag.filtered(design.x, lam)
    covariance = np.zeros((len(b) + 1, len(b) + 1))
    covariance[0, 0] = variance
    covariance[1:, 1:] = _sandwich(filtered, residuals)
    sigma2 = float(residuals @ residuals) / design.n
    return SpatialFit(model, "gmm_het", design, b, None, lam, covariance, sigma2, None, residuals, u)


def _moments_of_equal(u: np.ndarray, lag: SpatialLag) -> float:
    """Lambda of Kelejian and Prucha 1999, three moments in lambda, lambda^2 and sigma^2."""
    n = len(u)
    one = lag.lag(u)
    two = lag.lag(one)
    trace = lag.times * float((lag.matrix.data**2).sum())
    matrix = np.array(
        [
            [2 * u @ one, -one @ one, n],
            [2 * two @ one, -two @ two, trace],
            [u @ two + one @ one, -one @ two, 0],
        ]
    )
    right = np.array([u @ u, one @ one, u @ one])
    scale = float(u @ u)

    def left(point: np.ndarray) -> np.ndarray:
        lam, variance = point
        return (right - matrix @ np.array([lam, lam**2, variance * scale / n])) / scale

    start = np.array([float(u @ one) / float(one @ one), 1.0])
    found = least_squares(left, start, xtol=1e-14, ftol=1e-14, gtol=1e-14)
    return _require_inside(float(found.x[0]), lag, "lambda")


def _forms(lag: SpatialLag) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    w = lag.matrix
    square = (w.T @ w).tolil()
    square.setdiag(0)
    first = square.tocsr()
    first.eliminate_zeros()
    return first, ((w + w.T) / 2).tocsr()


def _system(u: np.ndarray, lag: SpatialLag, forms: tuple[sparse.csr_matrix, ...]) -> tuple[np.ndarray, np.ndarray]:
    one = lag.lag(u)
    right, matrix = np.empty(2), np.empty((2, 2))
    for row, form in enumerate(forms):
        of_u, of_one = (lag.by_year(partial(matmul, form), each) for each in (u, one))
        right[row] = u @ of_u
        matrix[row] = 2 * one @ of_u, -one @ of_one
    return right / len(u), matrix / len(u)


def _moments_of_unequal(
    u: np.ndarray, lag: SpatialLag, forms: tuple[sparse.csr_matrix, ...], weight: np.ndarray
) -> float:
    right, matrix = _system(u, lag, forms)
    root = np.linalg.cholesky(weight).T
    scale = float(u @ u) / len(u)

    def left(point: np.ndarray) -> np.ndarray:
        return root @ (right - matrix @ np.array([point[0], point[0] ** 2])) / scale

    trials = np.linspace(max(lag.low, -1), lag.high, 41)
    start = trials[int(np.argmin([np.sum(left(np.array([t])) ** 2) for t in trials]))]
    found = least_squares(left, np.array([start]), xtol=1e-14, ftol=1e-14, gtol=1e-14)
    return _require_inside(float(found.x[0]), lag, "lambda")


def _spread(innovations: np.ndarray, lag: SpatialLag, forms: tuple[sparse.csr_matrix, ...]) -> np.ndarray:
    """Covariance of the moments: (1/2n) tr (A_q + A_q') S (A_r + A_r') S with S the squared innovations."""
    squares = innovations**2
    spread = np.empty((2, 2))
    for q, one in enumerate(forms):
        for r, other in enumerate(forms):
            product = one.multiply(other.T)
            of_squares = lag.by_year(partial(matmul, product), squares)
            spread[q, r] = 2 * float(squares @ of_squares) / len(squares)
    return spread


def _instruments(design: Design) -> np.ndarray:
    """X, W X and W W X; what is among the columns already, or says the same, is left out."""
    lag = design.lag
    x, columns = design.x, [design.x]
    step = design.drivers
    for _ in range(2):
        step = without_effects(lag.lag(step), lag, design.effects)
        columns.append(step)
    whole = np.column_stack(columns)
    scaled = whole / np.sqrt(np.maximum(np.sum(whole**2, axis=0), 1e-300))
    kept = list(range(x.shape[1]))
    basis, _ = np.linalg.qr(scaled[:, kept])
    for j in range(x.shape[1], whole.shape[1]):
        left = scaled[:, j] - basis @ (basis.T @ scaled[:, j])
        size = float(np.sqrt(left @ left))
        if size > 1e-6:
            basis = np.column_stack([basis, left / size])
            kept.append(j)
    return scaled[:, kept]


def _projected(z: np.ndarray, instruments: np.ndarray) -> np.ndarray:
    basis, _ = np.linalg.qr(instruments)
    return basis @ (basis.T @ z)


def _sandwich(x: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    bread = np.linalg.inv(x.T @ x)
    return bread @ (x.T * residuals**2) @ x @ bread


def _require_inside(value: float, lag: SpatialLag, name: str) -> float:
    if not lag.low < value < lag.high:
        raise InputError(
            say(
                "By moments {name} is {value:.4g}, outside its range {low:.3g} to {high:.3g}: the "
                "instruments are weak or the model is wrong. Choose METHOD ml or another MODEL.",
                name=name,
                value=value,
                low=lag.low,
                high=lag.high,
            )
        )
    return value
