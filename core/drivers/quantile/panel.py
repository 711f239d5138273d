"""Quantile regression of pooled rows and of panels with cell effects: Canay's two steps and the method of moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...messages import say
from ...progress import Progress
from .solver import Array, Basis, Solution, dependence, fit_quantile, make_basis

Codes = NDArray[np.int64]

NEIGHBOURS = 0.02
"""Quantiles this close are warm-started from each other; farther ones start better from a subsample."""


@dataclass(frozen=True)
class Estimates:
    """What every form of quantile regression gives, before its standard errors.

    Attributes:
        coefficients: (K, P), a row per quantile.
        fitted: (K, n), fitted quantiles of each row, cell effects included.
        losses: (K,), sum of the check function at the fit.
        null_losses: (K,), the same for a constant alone, of the response that the losses refer to.
        fits: the exact fits, empty where there is no linear program (mmqr) or one for all quantiles (koenker).
        again: coefficients (K, P) for row weights (n,), for the bootstrap.
        notes: what was done, and its limits.
        warnings: what the user should look at.
        joint_gap: relative duality gap when one linear program fits all quantiles.
        basis: of the fits, for standard errors by formula; None where only the bootstrap is right.
    """

    coefficients: Array
    fitted: Array
    losses: Array
    null_losses: Array
    fits: tuple[Solution, ...]
    again: Callable[[Array], Array]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    joint_gap: float | None = None
    basis: Basis | None = None


def short_panel(counts: NDArray[np.int64] | Array) -> list[str]:
    """Warns that the panel estimators need more years than a few rasters give."""
    fewest, most = int(counts.min()), int(counts.max())
    if most >= 10:
        return []
    years = f"{fewest}" if fewest == most else f"{fewest}–{most}"
    warning = say(
        "Cells have {years} years. Quantile estimators with cell effects are consistent only as the years grow; "
        "their bias here is of the order of one over that number. Compare with the pooled method.",
        years=years,
    )
    return [warning]


def check_loss(residuals: Array, quantile: float) -> float:
    """``sum r (tau - [r < 0])``."""
    return float(np.sum(residuals * (quantile - (residuals < 0))))


def null_losses(y: Array, quantiles: Sequence[float]) -> Array:
    """Loss of the best constant, the sample quantile, at each quantile."""
    return np.array([check_loss(y - np.quantile(y, t, method="inverted_cdf"), t) for t in quantiles])


def fit_quantiles(basis: Basis, y: Array, quantiles: Sequence[float], progress: Progress) -> tuple[Solution, ...]:
    """Exact fits of several quantiles, in increasing order, each helped by the last when it is near."""
    fits: list[Solution] = []
    for done, quantile in enumerate(quantiles):
        progress.check()
        guess = None
        if fits and quantile - quantiles[done - 1] <= NEIGHBOURS:
            last = fits[-1].residuals
            guess = last - np.quantile(last, quantile)
        fits.append(fit_quantile(basis, y, quantile, guess))
        progress.set(100 * (done + 1) / len(quantiles))
    return tuple(fits)


def pooled(y: Array, x: Array, names: tuple[str, ...], quantiles: Sequence[float], progress: Progress) -> Estimates:
    """Ordinary quantile regression of all rows (Koenker & Bassett 1978, Econometrica 46).

    Args:
        y: (n,) response.
        x: (n, P) constant, drivers and year dummies.
        names: P names.
        quantiles: increasing, 0 to 1 exclusive.
        progress: told after each quantile.
    """
    basis = make_basis(x, names)
    fits = fit_quantiles(basis, y, quantiles, progress)

    def again(weights: Array) -> Array:
        draws = [
            fit_quantile(basis, y, quantile, guess=fit.residuals, weights=weights).coefficients
            for quantile, fit in zip(quantiles, fits)
        ]
        return np.array(draws)

    return Estimates(
        coefficients=np.array([fit.coefficients for fit in fits]),
        fitted=np.array([y - fit.residuals for fit in fits]),
        losses=np.array([fit.objective for fit in fits]),
        null_losses=null_losses(y, quantiles),
        fits=fits,
        again=again,
        notes=(
            say("Method pooled: linear quantile regression of all rows (Koenker & Bassett 1978); no cell effects."),
        ),
        basis=basis,
    )


@dataclass(frozen=True)
class Within:
    """Least squares with a fixed effect for every cell; exact for unbalanced panels, year effects being columns.

    Demeaning the year dummies by cell together with the drivers gives the two-way estimator without iterations
    (Frisch-Waugh-Lovell).

    Attributes:
        cells: (n,) codes 0 .. N-1.
        counts: (N,) rows of each cell.
        x: (n, k) drivers and year dummies, without a constant.
        demeaned: (n, k) x less its cell means.
    """

    cells: Codes
    counts: Array
    x: Array
    demeaned: Array

    def means(self, values: Array) -> Array:
        """(N,) mean of each cell."""
        return np.bincount(self.cells, values) / self.counts

    def fit(self, y: Array, weights: Array | None = None) -> tuple[Array, Array]:
        """Slopes (k,) and cell effects (N,); weights must be the same in all rows of a cell."""
        y_demeaned = y - self.means(y)[self.cells]
        weighted = self.demeaned if weights is None else self.demeaned * weights[:, None]
        normal = weighted.T @ self.demeaned
        size = np.sqrt(np.diag(normal))
        if weights is not None and (size.min() == 0 or np.linalg.cond(normal / np.outer(size, size)) > 1e12):
            raise InputError(say("The cells that are left no longer determine every slope."))
        slopes = np.linalg.solve(normal / np.outer(size, size), (weighted.T @ y_demeaned) / size) / size
        return slopes, self.means(y - self.x @ slopes)


def make_within(x: Array, names: tuple[str, ...], cells: Codes) -> Within:
    """Prepares the within estimator.

    Raises:
        InputError: a column that does not vary within cells, or depends on the others within them.
    """
    counts = np.bincount(cells).astype(float)
    demeaned = np.column_stack([column - (np.bincount(cells, column) / counts)[cells] for column in x.T])
    length, original = np.linalg.norm(demeaned, axis=0), np.linalg.norm(x, axis=0)
    constant = [name for name, left, all_of_it in zip(names, length, original) if left <= 1e-9 * all_of_it]
    if constant:
        raise InputError(
            say(
                "Constant in time within every cell: {constant}. Cell effects absorb such drivers. Leave "
                "them out, or use the pooled method.",
                constant=", ".join(constant),
            )
        )
    complaint = dependence(np.asarray(np.linalg.qr(demeaned / length, mode="r")), length, names)
    if complaint:
        raise InputError(say("Within cells: {complaint}", complaint=complaint))
    return Within(cells, counts, x, demeaned)


def canay(
    y: Array, x: Array, names: tuple[str, ...], cells: Codes, quantiles: Sequence[float], progress: Progress
) -> Estimates:
    """Canay's two steps: cell effects by least squares, then quantile regression of y less the effects.

    ``a_i = mean_i(y - x b)`` with b the within estimator, centred to mean 0 over the rows (only the constant feels it).

    Args:
        y: (n,) response.
        x: (n, P) constant first, then drivers and year dummies.
        names: P names.
        cells: (n,) codes 0 .. N-1, at least two rows each.
        quantiles: increasing.
        progress: told after each quantile.

    Source: Canay 2011, Econometrics Journal 14, 368-386 (10.1111/j.1368-423X.2011.00349.x).
    """
    basis = make_basis(x, names)
    within = make_within(x[:, 1:], names[1:], cells)

    def response_of(weights: Array | None) -> Array:
        effects = within.fit(y, weights)[1][cells]
        return y - effects + np.average(effects, weights=weights)

    response = response_of(None)
    first = pooled(response, x, names, quantiles, progress)

    def again(weights: Array) -> Array:
        shifted = response_of(weights)
        draws = [
            fit_quantile(basis, shifted, quantile, guess=shifted - fitted, weights=weights).coefficients
            for quantile, fitted in zip(quantiles, first.fitted)
        ]
        return np.array(draws)

    return Estimates(
        coefficients=first.coefficients,
        fitted=first.fitted + (y - response),
        losses=first.losses,
        null_losses=first.null_losses,
        fits=first.fits,
        again=again,
        notes=(
            (
                say(
                    "Method canay (Canay 2011): cell effects by within least squares, then quantile regression of y "
                    "less the effects. The effects shift all quantiles alike; with few years their noise stays in y "
                    "and pulls the outer quantiles apart."
                )
            ),
            say("R1 is that of the second step: both losses are of y less the cell effects."),
        ),
        warnings=tuple(short_panel(within.counts)),
    )


@dataclass(frozen=True)
class LocationScale:
    """Moments of ``y = a_i + x b + (d_i + x g) u``.

    Attributes:
        location: (k,) b, and its cell effects (N,) `location_effects`.
        scale: (k,) g, and its cell effects (N,) `scale_effects`.
        quantiles: (K,) sample quantiles of u over the rows with a positive scale.
        residuals: (n,) y - a_i - x b.
        spread: (n,) d_i + x g.
    """

    location: Array
    location_effects: Array
    scale: Array
    scale_effects: Array
    quantiles: Array
    residuals: Array
    spread: Array

    def coefficients(self, cells: Codes, weights: Array | None) -> Array:
        """(K, P): the constant is that of the mean cell effect over the rows, so only slopes are free of convention."""
        level = np.average(self.location_effects[cells], weights=weights)
        level_of_scale = np.average(self.scale_effects[cells], weights=weights)
        start, slope = np.append(level, self.location), np.append(level_of_scale, self.scale)
        return start + self.quantiles[:, None] * slope


def location_scale(y: Array, within: Within, quantiles: Sequence[float], weights: Array | None = None) -> LocationScale:
    """The three steps of MM-QR: within fits of y and of its absolute residuals, quantiles of the standardised rest.

    Args:
        y: (n,) response.
        within: drivers and cells.
        quantiles: K of them.
        weights: (n,) counts, the same in all rows of a cell.
    """
    cells = within.cells
    location, location_effects = within.fit(y, weights)
    residuals = y - within.x @ location - location_effects[cells]
    scale, scale_effects = within.fit(np.abs(residuals), weights)
    spread = within.x @ scale + scale_effects[cells]
    positive = spread > 0
    if not positive.any():
        raise InputError(say("MM-QR: the fitted scale is positive in no row."))
    standardised = residuals[positive] / spread[positive]
    if weights is not None:
        standardised = np.repeat(standardised, weights[positive].astype(int))
    found = np.quantile(standardised, quantiles)
    return LocationScale(location, location_effects, scale, scale_effects, found, residuals, spread)


def mmqr(
    y: Array, x: Array, names: tuple[str, ...], cells: Codes, quantiles: Sequence[float], progress: Progress
) -> Estimates:
    """Quantiles via moments: ``b(tau) = b + q(tau) g`` of a location-scale model with cell effects in both.

    Args and panel as in `canay`.

    Raises:
        InputError: no cell has three years: two residuals of a cell are equal in size, so its scale cannot be seen.

    Source: Machado & Santos Silva 2019, Journal of Econometrics 213, 145-173 (10.1016/j.jeconom.2019.04.009).
    """
    if np.bincount(cells).max() < 3:
        raise InputError(
            say(
                "MM-QR needs cells with at least three years: the two residuals of a cell with two years are "
                "always equal in size, so nothing shows how the scale depends on the drivers. Use canay or "
                "pooled."
            )
        )
    within = make_within(x[:, 1:], names[1:], cells)
    fit = location_scale(y, within, quantiles)
    progress.set(100)
    bad = int(np.sum(fit.spread <= 0))
    warnings = short_panel(within.counts)
    if bad:
        warnings.append(
            say(
                "MM-QR: the fitted scale is zero or negative in {bad} of {count} rows ({bad2:.2g} %), the "
                "location-scale model forbids; they are left out of the quantiles of the standardised "
                "residuals, and their fitted quantiles cross. Many such rows mean that the model does not "
                "hold.",
                bad=bad,
                count=len(y),
                bad2=100 * bad / len(y),
            )
        )
    losses = [check_loss(fit.residuals - q * fit.spread, t) for q, t in zip(fit.quantiles, quantiles)]
    location = y - fit.residuals

    def again(weights: Array) -> Array:
        return location_scale(y, within, quantiles, weights).coefficients(cells, weights)

    return Estimates(
        coefficients=fit.coefficients(cells, None),
        fitted=location + fit.quantiles[:, None] * fit.spread,
        losses=np.array(losses),
        null_losses=null_losses(y, quantiles),
        fits=(),
        again=again,
        notes=(
            (
                say(
                    "Method mmqr (Machado & Santos Silva 2019): location and scale by within least squares, "
                    "quantiles of the standardised residuals (linear interpolation). All slopes move along one line, "
                    "b + q g; cell effects may shift and stretch the distribution."
                )
            ),
            say("Location slopes b: {slopes}", slopes=_listing(names[1:], fit.location)),
            say("Scale slopes g: {slopes}", slopes=_listing(names[1:], fit.scale)),
            say("Quantiles q: {listed}", listed=", ".join(f"{t:g}: {q:.6g}" for t, q in zip(quantiles, fit.quantiles))),
            say("R1 compares with one constant for all rows, so it holds what the cell effects explain."),
        ),
        warnings=tuple(warnings),
    )


def _listing(names: Sequence[str], values: Array) -> str:
    return ", ".join(f"{name} {value:.6g}" for name, value in zip(names, values))
