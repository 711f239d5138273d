"""Quantile regression of pooled rows and panels, with standard errors, tests and the conventions behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from .checks import Check, Fit, checks_of
from .errors import Covariance, bootstrap_covariance, iid_covariance, nid_covariance, row_densities
from .koenker import koenker
from .panel import Estimates, canay, mmqr, pooled
from .rank import NOTE, RankTest, rank_tests
from .sample import Sample, bootstrap_units, check_quantiles, make_sample
from .solver import Array

METHODS = ("pooled", "canay", "mmqr", "koenker")
STD_ERRORS = ("nid", "iid", "bootstrap", "rank")
EXACT = 1e-8
"""Largest relative duality gap of a fit that counts as exact."""


@dataclass(frozen=True)
class Term:
    """One coefficient of one quantile; what cannot be computed is None, and so is an end that an interval lacks."""

    quantile: float
    term: str
    estimate: float
    std_error: float | None
    t: float | None
    p: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class QuantileResult:
    """Coefficients, tests and quality of a quantile regression.

    Attributes:
        terms: a row per quantile and coefficient, the constant (`const`) first.
        tests: equality of slopes, crossing, R1 and exactness.
        fits: a row per quantile.
        n: rows used.
        notes: method, limits and conventions.
        warnings: what the user should look at.
    """

    terms: tuple[Term, ...]
    tests: tuple[Check, ...]
    fits: tuple[Fit, ...]
    n: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def quantile_regression(
    y: ArrayLike,
    x: ArrayLike,
    names: Sequence[str],
    quantiles: Sequence[float] = (0.1, 0.25, 0.5, 0.75, 0.9),
    method: str = "pooled",
    std_error: str | None = None,
    entity: ArrayLike | None = None,
    time: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    year_dummies: bool = True,
    replications: int = 200,
    seed: int = 0,
    penalty: float = 1.0,
    confidence: float = 0.95,
    progress: Progress = QUIET,
) -> QuantileResult:
    """Regresses conditional quantiles of y on drivers.

    Args:
        y: (n,) response.
        x: (n, k) drivers, without a constant, which is added.
        names: k names of the drivers.
        quantiles: each between 0 and 1, exclusive; sorted before use.
        method: `pooled` (all rows alike), `canay`, `mmqr` or `koenker` (panels with cell effects).
        std_error: `nid`, `iid`, `bootstrap` or `rank` (intervals of the rank score test, for small samples); None is
            nid for pooled rows and bootstrap for panels. The panel methods know only the bootstrap, which repeats all
            their steps; another choice is replaced, with a warning.
        entity: (n,) integer cell of each row; needed by the panel methods.
        time: (n,) integer year of each row.
        cluster: (n,) integer cluster of each row, drawn as a whole by the bootstrap (else cells, else rows).
        year_dummies: whether every year but the first gets a column, when `time` is given.
        replications: number of bootstrap samples.
        seed: of the bootstrap.
        penalty: of `koenker`: the weight of ``sum |a_i|`` against the mean loss over the quantiles.
        confidence: of the intervals, 0 to 1.
        progress: told of the progress; asked for cancellation between fits.

    Returns:
        Coefficients of the constant, the drivers and the year dummies, with tests, notes and warnings.

    Raises:
        InputError: input that cannot be used; the message names it and says how to mend it.
        Cancelled: on request.
    """
    taus = _check_choices(quantiles, method, std_error, replications, penalty, confidence)
    sample = make_sample(y, x, names, method, entity, time, cluster, year_dummies)
    estimates = _estimate(sample, taus, method, penalty, progress.part(0, 30))
    covariance = _covariance(sample, taus, method, std_error, estimates, replications, seed, progress.part(30, 60))
    ranks = _rank_tests(sample, taus, std_error, estimates, confidence, progress.part(60, 100))
    progress.set(100)

    crossing = _count_crossing(estimates.fitted)
    fits = _fits(taus, estimates)
    warnings = [*estimates.warnings, *covariance.warnings]
    warnings += [
        say(
            "Quantile {quantile:g} is not solved exactly: relative duality gap {gap:.2g}, {wrong_signs} "
            "rows with a wrong sign. Rescale the drivers or remove nearly collinear ones.",
            quantile=fit.quantile,
            gap=fit.gap,
            wrong_signs=fit.wrong_signs,
        )
        for fit in fits
        if fit.gap is not None and (fit.gap > EXACT or fit.wrong_signs)
    ]
    rows, columns = sample.x.shape
    warnings += [
        say(
            "Quantile {t:g}: only {rows:.3g} of {rows2} rows are expected beyond it, for {columns} "
            "coefficients. Use quantiles nearer to the middle.",
            t=t,
            rows=rows * min(t, 1 - t),
            rows2=rows,
            columns=columns,
        )
        for t in taus
        if rows * min(t, 1 - t) < columns
    ]
    warnings += [
        say(
            "Quantile {quantile:g}: {zeros} rows lie exactly on the fit (ties in y), so other "
            "coefficients may fit equally well, and standard errors that need a density are doubtful.",
            quantile=fit.quantile,
            zeros=fit.zeros,
        )
        for fit in fits
        if fit.zeros is not None and fit.zeros > columns
    ]
    if crossing:
        warnings.append(
            say(
                "Fitted quantiles cross in {crossing} of {rows} rows. If they are many, use fewer quantiles "
                "or another form of the drivers; sorting the fitted quantiles of a row mends predictions "
                "(Chernozhukov et al. 2010).",
                crossing=crossing,
                rows=rows,
            )
        )
    terms = _terms(sample.names, taus, estimates, covariance, ranks, confidence)
    endless = [
        f"{term.term} at {term.quantile:g}" for term in terms if ranks and (term.low is None or term.high is None)
    ]
    if named := ", ".join(endless):
        warnings.append(
            say("The rank interval of {t} has no end on one side: too few rows lie beyond the quantile.", t=named)
        )
    for warning in warnings:
        progress.warn(warning)
    return QuantileResult(
        terms=terms,
        tests=checks_of(sample, taus, method, estimates, covariance, fits, crossing),
        fits=fits,
        n=rows,
        notes=(*sample.notes, *estimates.notes, *covariance.notes, *([NOTE] if ranks else [])),
        warnings=tuple(warnings),
    )


def _check_choices(
    quantiles: Sequence[float],
    method: str,
    std_error: str | None,
    replications: int,
    penalty: float,
    confidence: float,
) -> tuple[float, ...]:
    taus = check_quantiles(quantiles)
    if method not in METHODS:
        raise InputError(
            say(
                "Unknown quantile method: {method}. Choose one of {methods}.", method=method, methods=", ".join(METHODS)
            )
        )
    if std_error is not None and std_error not in STD_ERRORS:
        raise InputError(
            say(
                "Unknown standard error: {std_error}. Choose one of {std_errors}.",
                std_error=std_error,
                std_errors=", ".join(STD_ERRORS),
            )
        )
    if replications < 2:
        raise InputError(
            say(
                "The bootstrap needs at least 2 replications (200 are usual); given: {replications}.",
                replications=replications,
            )
        )
    if not (np.isfinite(penalty) and penalty >= 0):
        raise InputError(say("The penalty must be 0 or more; given: {penalty}.", penalty=penalty))
    if not 0 < confidence < 1:
        raise InputError(
            say(
                "The confidence must lie between 0 and 1, exclusive (0.95 is usual); given: {confidence}.",
                confidence=confidence,
            )
        )
    return taus


def _estimate(sample: Sample, taus: tuple[float, ...], method: str, penalty: float, progress: Progress) -> Estimates:
    if method == "pooled" or sample.cells is None:
        return pooled(sample.y, sample.x, sample.names, taus, progress)
    if method == "koenker":
        return koenker(sample.y, sample.x, sample.names, sample.cells, taus, penalty, progress)
    form = {"canay": canay, "mmqr": mmqr}[method]
    return form(sample.y, sample.x, sample.names, sample.cells, taus, progress)


def _covariance(
    sample: Sample,
    taus: tuple[float, ...],
    method: str,
    std_error: str | None,
    estimates: Estimates,
    replications: int,
    seed: int,
    progress: Progress,
) -> Covariance:
    rows, columns = sample.x.shape
    warnings = []
    if estimates.basis is None and std_error in ("nid", "iid", "rank"):
        warnings.append(
            say(
                "Standard errors {std_error} ignore the cell effects of {method}; bootstrap is used instead.",
                std_error=std_error,
                method=method,
            )
        )
    if estimates.basis is None or std_error == "bootstrap":
        units, unit_name = bootstrap_units(sample)
        covariance = bootstrap_covariance(
            estimates.again, units, unit_name, rows - columns, replications, seed, progress
        )
        return replace(covariance, warnings=(*warnings, *covariance.warnings))
    if sample.clusters is not None:
        warnings.append(
            say(
                "The cluster field serves only the bootstrap; {std_error} takes rows as independent.",
                std_error=std_error or "nid",
            )
        )
    elif sample.cells is not None and int(sample.cells.max()) + 1 < rows:
        warnings.append(
            say(
                "Standard errors {std_error} take all rows as independent, though cells come back in several "
                "years. Bootstrap draws whole cells.",
                std_error=std_error or "nid",
            )
        )
    if std_error == "iid":
        covariance = iid_covariance(estimates.basis, taus, estimates.fits)
    else:
        covariance = nid_covariance(estimates.basis, sample.y, taus, estimates.fits, progress)
    return replace(covariance, warnings=(*warnings, *covariance.warnings))


def _rank_tests(
    sample: Sample,
    taus: tuple[float, ...],
    std_error: str | None,
    estimates: Estimates,
    confidence: float,
    progress: Progress,
) -> list[list[RankTest]]:
    """The rank tests of every quantile; none unless they are asked for, or where ties leave no density."""
    if std_error != "rank" or estimates.basis is None:
        return []
    tests = []
    for place, (tau, fit) in enumerate(zip(taus, estimates.fits)):
        density, _ = row_densities(estimates.basis, sample.y, tau, fit)
        if not density.any():
            return []
        part = progress.part(100 * place / len(taus), 100 * (place + 1) / len(taus))
        tests.append(rank_tests(sample.x, sample.names, sample.y, tau, fit, density, confidence, part))
    return tests


def _count_crossing(fitted: Array) -> int:
    """Rows whose fitted quantiles, (K, n) in order of the quantile, somewhere fall by more than round-off."""
    if len(fitted) < 2:
        return 0
    step = np.diff(fitted, axis=0)
    return int(np.sum((step < -1e-9 * np.abs(fitted).max()).any(axis=0)))


def _fits(taus: tuple[float, ...], estimates: Estimates) -> tuple[Fit, ...]:
    fits = []
    for place, (quantile, loss, null) in enumerate(zip(taus, estimates.losses, estimates.null_losses)):
        fit = Fit(quantile, float(loss), float(1 - loss / null) if null > 0 else None)
        if estimates.fits:
            exact = estimates.fits[place]
            fit = replace(fit, gap=exact.gap, wrong_signs=exact.wrong_signs, zeros=exact.zeros)
        fits.append(fit)
    return tuple(fits)


def _terms(
    names: tuple[str, ...],
    taus: tuple[float, ...],
    estimates: Estimates,
    covariance: Covariance,
    ranks: list[list[RankTest]],
    confidence: float,
) -> tuple[Term, ...]:
    errors = np.sqrt(np.maximum(np.diag(covariance.matrix), 0)).reshape(estimates.coefficients.shape)
    reach = float(student.ppf((1 + confidence) / 2, covariance.degrees))
    terms = []
    for place, (quantile, coefficients, row) in enumerate(zip(taus, estimates.coefficients, errors)):
        for column, (name, estimate, given) in enumerate(zip(names, coefficients.tolist(), row.tolist())):
            error = given if given > 0 else None
            if ranks:
                test = ranks[place][column]
                terms.append(Term(quantile, name, estimate, error, test.statistic, test.p, test.low, test.high))
                continue
            if error is None:
                terms.append(Term(quantile, name, estimate, None, None, None, None, None))
                continue
            t = estimate / error
            p = float(2 * student.sf(abs(t), covariance.degrees))
            terms.append(
                Term(quantile, name, estimate, error, t, p, estimate - reach * error, estimate + reach * error)
            )
    return tuple(terms)
