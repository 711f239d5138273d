"""Standard errors and tests of quantile fits: Hendricks-Koenker sandwich, constant sparsity, bootstrap, Wald tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.stats import chi2, norm

from ...errors import InputError
from ...messages import say
from ...progress import Progress
from .solver import Array, Basis, Solution, fit_quantile, make_basis

_CHUNK = 8192
FLAT = 1e-8
"""Fitted quantiles closer than this share of their mean distance say nothing about the density."""


@dataclass(frozen=True)
class Covariance:
    """Joint covariance of the coefficients of all quantiles, quantile-major.

    Attributes:
        matrix: (K P, K P).
        degrees: degrees of freedom of the t distribution for tests and intervals.
        notes: conventions.
        warnings: what the user should look at.
    """

    matrix: Array
    degrees: int
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def hall_sheather(rows: int, quantile: float) -> float:
    """Bandwidth ``n^(-1/3) z_.975^(2/3) (1.5 phi(z)^2 / (2 z^2 + 1))^(1/3)``, z the normal quantile.

    Halved until ``quantile - h`` and ``quantile + h`` both lie within 0 and 1.

    Source: Hall & Sheather 1988, J. Royal Statistical Society B 50; Koenker 2005, Quantile Regression, 4.10.
    """
    z = norm.ppf(quantile)
    h = float(rows ** (-1 / 3) * norm.ppf(0.975) ** (2 / 3) * (1.5 * norm.pdf(z) ** 2 / (2 * z**2 + 1)) ** (1 / 3))
    while quantile - h <= 0 or quantile + h >= 1:
        h /= 2
    return h


def sparsity(solution: Solution, quantile: float) -> float:
    """Reciprocal of the error density at the quantile, as if it were the same in every row.

    The slope, by median regression, of the residuals nearest to 0 on their rank divided by n - k; as many residuals as
    the Hall-Sheather bandwidth covers, exact zeros left out. NaN when nearly all rows lie on the fit.

    Source: Koenker 2005, Quantile Regression, section 3.4; as in R quantreg.
    """
    rows, columns = len(solution.residuals), len(solution.coefficients)
    count = max(columns + 1, int(np.ceil(rows * hall_sheather(rows, quantile))))
    nearest = np.argsort(np.abs(solution.residuals), kind="stable")[solution.zeros :][: count + 1]
    if len(nearest) < 2:
        return float("nan")
    rank = np.arange(solution.zeros + 1, solution.zeros + 1 + len(nearest)) / (rows - columns)
    basis = make_basis(np.column_stack([np.ones(len(rank)), rank]), ("const", "rank"))
    return float(fit_quantile(basis, np.sort(solution.residuals[nearest]), 0.5).coefficients[1])


def iid_covariance(basis: Basis, quantiles: Sequence[float], fits: Sequence[Solution]) -> Covariance:
    """Covariance for errors of one law: ``(min(t,u) - t u) s_t s_u (X'X)^-1``, s the sparsity.

    Source: Koenker & Bassett 1978, Econometrica 46.
    """
    rows, columns = basis.rows.shape
    breads = [sparsity(fit, quantile) * np.eye(columns) / rows for quantile, fit in zip(quantiles, fits)]
    note = say(
        "Standard errors iid: one error density for all rows, sparsity with the Hall-Sheather bandwidth; t "
        "distribution with n - k = {value} degrees of freedom.",
        value=rows - columns,
    )
    warnings = [_undefined("iid", quantile) for quantile, bread in zip(quantiles, breads) if np.isnan(bread).any()]
    return Covariance(_sandwich(basis, quantiles, breads), rows - columns, (note,), tuple(warnings))


def nid_covariance(
    basis: Basis, y: Array, quantiles: Sequence[float], fits: Sequence[Solution], progress: Progress
) -> Covariance:
    """Hendricks-Koenker covariance ``(min(t,u) - t u) H_t^-1 X'X H_u^-1``, ``H = sum f_i x_i x_i'``.

    The density of each row is ``f_i = 2 h / (x_i (b(t+h) - b(t-h)))``, 0 where the two fits cross.

    Source: Hendricks & Koenker 1992, Journal of the American Statistical Association 87.
    """
    rows, columns = basis.rows.shape
    breads, warnings = [], []
    for done, (quantile, fit) in enumerate(zip(quantiles, fits)):
        progress.check()
        density, warning = row_densities(basis, y, quantile, fit)
        warnings += [warning] if warning else []
        hessian = _weighted_cross_product(basis.rows, density)
        if density.any() and np.linalg.cond(hessian) < 1e12:
            breads.append(np.linalg.inv(hessian))
        else:
            breads.append(np.full((columns, columns), np.nan))
            warnings.append(_undefined("nid", quantile))
        progress.set(100 * (done + 1) / len(quantiles))
    note = say(
        "Standard errors nid (Hendricks-Koenker): a density for each row from the fits at quantile +- the "
        "Hall-Sheather bandwidth, rows independent; t distribution with n - k = {value} degrees of freedom.",
        value=rows - columns,
    )
    return Covariance(_sandwich(basis, quantiles, breads), rows - columns, (note,), tuple(warnings))


def row_densities(basis: Basis, y: Array, quantile: float, fit: Solution) -> tuple[Array, str]:
    """(n,) density of each row at its quantile, 0 where the fits around it touch or cross; and a warning of those."""
    rows = len(y)
    h = hall_sheather(rows, quantile)
    low, high = (_neighbour(basis, y, fit.residuals, quantile + step) for step in (-h, h))
    distance = low.residuals - high.residuals
    apart = distance > FLAT * float(np.mean(np.abs(distance)))
    density = np.zeros(rows)
    density[apart] = 2 * h / distance[apart]
    if apart.all():
        return density, ""
    return density, (
        say(
            "Quantile {quantile:g}: the fits at {value:.4g} and {value2:.4g} touch or cross in {value3} of {rows} "
            "rows, whose density counts as 0 in the nid standard errors.",
            quantile=quantile,
            value=quantile - h,
            value2=quantile + h,
            value3=np.sum(~apart),
            rows=rows,
        )
    )


def _weighted_cross_product(rows: Array, weights: Array) -> Array:
    """``X' W X`` chunk by chunk, so that no second X is needed."""
    product = np.zeros((rows.shape[1], rows.shape[1]))
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        product += (part * weights[start : start + _CHUNK, None]).T @ part
    return product


def _undefined(kind: str, quantile: float) -> str:
    return say(
        "Quantile {quantile:g} has no {kind} standard errors: y is tied there, and ties have no "
        "density. Choose bootstrap standard errors, or another quantile.",
        quantile=quantile,
        kind=kind,
    )


def _neighbour(basis: Basis, y: Array, residuals: Array, quantile: float) -> Solution:
    """Fit at a quantile close to one whose residuals are known."""
    return fit_quantile(basis, y, quantile, guess=residuals - np.quantile(residuals, quantile))


def _sandwich(basis: Basis, quantiles: Sequence[float], breads: Sequence[Array]) -> Array:
    """Joint covariance from the inverse Hessians in the orthogonal columns, whose cross-product is n times identity."""
    rows, columns = basis.rows.shape
    back = solve_triangular(basis.triangle, np.eye(columns))
    blocks = [
        [(min(t, u) - t * u) * rows * back @ (first @ second) @ back.T for u, second in zip(quantiles, breads)]
        for t, first in zip(quantiles, breads)
    ]
    return np.block(blocks)


def bootstrap_covariance(
    estimate: Callable[[Array], Array],
    units: NDArray[np.int64],
    unit_name: str,
    degrees: int,
    replications: int,
    seed: int,
    progress: Progress,
) -> Covariance:
    """Covariance of the estimates over samples of whole units drawn with replacement (the xy or pairs bootstrap).

    Args:
        estimate: coefficients (K, P) for row weights (n,), the number of times each row was drawn. A draw for which
            it raises `InputError` (rows that no longer determine every coefficient) is drawn again.
        units: (n,) codes 0 .. G-1; all rows of a unit are drawn together.
        unit_name: what a unit is, for the notes.
        degrees: of the t distribution when every unit is a row; G - 1 is used when units are fewer than rows.

    Raises:
        InputError: fewer than 2 units, or more than half of the draws fail.
    """
    count = int(units.max()) + 1
    if count < 2:
        raise InputError(
            say(
                "The bootstrap draws whole units ({unit_name}), and there is only one. Use a finer unit.",
                unit_name=unit_name,
            )
        )
    random = np.random.default_rng(seed)
    draws: list[Array] = []
    failed = 0
    while len(draws) < replications:
        progress.check()
        times = np.bincount(random.integers(count, size=count), minlength=count)
        try:
            draws.append(np.ravel(estimate(times[units].astype(float))))
        except InputError:
            failed += 1
            if failed > replications:
                raise InputError(
                    say(
                        "More than half of the bootstrap samples of {unit_name} do not determine every coefficient. "
                        "Use fewer columns (year dummies?), finer units or another standard error.",
                        unit_name=unit_name,
                    )
                ) from None
        progress.set(100 * len(draws) / replications)
    if count < len(units):
        degrees = count - 1
    note = say(
        "Standard errors bootstrap: {replications} samples of {count} units ({unit_name}) with replacement, seed "
        "{seed}; t distribution with {degrees} degrees of freedom.",
        replications=replications,
        count=count,
        unit_name=unit_name,
        seed=seed,
        degrees=degrees,
    )
    warnings = []
    if failed:
        warnings.append(
            say("{failed} bootstrap samples did not determine every coefficient and were drawn again.", failed=failed)
        )
    if count < 30:
        warnings.append(
            say(
                "Only {count} units ({unit_name}) to draw from: bootstrap standard errors are unreliable.",
                count=count,
                unit_name=unit_name,
            )
        )
    return Covariance(np.atleast_2d(np.cov(np.array(draws), rowvar=False)), degrees, (note,), tuple(warnings))


def wald(values: Array, covariance: Array) -> tuple[float, int, float] | None:
    """Wald statistic, its degrees of freedom (rank of the covariance) and its chi-squared p for "all values are 0".

    None when the covariance is unknown or zero.
    """
    if not np.isfinite(covariance).all():
        return None
    spread = np.sqrt(np.diag(covariance))
    spread = np.where(spread > 0, spread, 1)
    scaled = covariance / np.outer(spread, spread)
    rank = int(np.linalg.matrix_rank(scaled, tol=1e-10 * len(values), hermitian=True))
    inverse = np.linalg.pinv(scaled, rcond=1e-10 * len(values), hermitian=True)
    if rank == 0:
        return None
    statistic = float((values / spread) @ inverse @ (values / spread))
    return statistic, rank, float(chi2.sf(statistic, rank))
