"""Multiscale geographically weighted regression: each driver at the bandwidth at which it works."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from .kernels import Kernel
from .multiscale_errors import TermErrors, term_errors
from .search import Search, find_bandwidth, search_range, weighted_range
from .smoother import Smoother, TermSearch
from .weighted import Diagnostics, Sample, fit, scores

CLOSE = 1e-10  # change of the fitted terms, relative to the explained variable, at which they stand
_SEARCH_STOP = 1e-5
_MOST_STEPS = 500
_MEMORY = 6  # steps that acceleration looks back on


@dataclass(frozen=True)
class Sweep:
    """A bandwidth tried for a term in one sweep."""

    term: int
    sweep: int
    bandwidth: float
    score: float


@dataclass(frozen=True)
class MultiscaleFit:
    """Coefficients of the scaled columns at every place; shapes (n, k), the constant first.

    Attributes:
        bandwidths: one a term.
        low, high: range of bandwidths whose Akaike weights sum to 95 %; NaN without a search.
        edges: `low` or `high` where a bandwidth is an end of what was tried.
        errors: of the coefficients, with effective numbers of parameters.
        sweeps: what was tried.
        stands: whether bandwidths and terms stood still in the end.
    """

    coefficients: np.ndarray
    bandwidths: tuple[float, ...]
    low: np.ndarray
    high: np.ndarray
    edges: tuple[str, ...]
    fitted: np.ndarray
    residuals: np.ndarray
    errors: TermErrors
    diagnostics: Diagnostics
    sweeps: tuple[Sweep, ...]
    stands: bool

    @property
    def std_errors(self) -> np.ndarray:
        return np.sqrt(self.errors.squares * self.diagnostics.sigma2)


def fit_multiscale(
    sample: Sample,
    kernel: Kernel,
    bandwidths: Sequence[float] | None = None,
    stop: str = "f",
    most_sweeps: int = 200,
    seed: int = 0,
    progress: Progress = QUIET,
) -> MultiscaleFit:
    """Back-fitting of y = sum_j x_j b_j(place) + e, each term by a local regression of what the others leave.

    Sweeps with a search end when all bandwidths stand and the terms change by less than 1e-5: SOC-f =
    sqrt(mean sum_j (f_new - f_old)^2 / sum_i (sum_j f)^2), or SOC-RSS. The terms are then brought to their fixed point
    (change 1e-10, Anderson acceleration), where bandwidths are searched once more, so that the result does not depend
    on when the sweeps stopped.

    Args:
        sample: scaled values.
        kernel: shape and kind, the same for all terms.
        bandwidths: one a term, constant first; None searches.
        stop: `f` or `rss`.
        most_sweeps: sweeps with a search at most.
        seed: of the probes of standard errors with many places.
        progress: told how far the work is, asked whether to stop.

    Raises:
        InputError: not one bandwidth a term; too few places.

    Source: Fotheringham, Yang and Kang 2017, Annals of the AAG 107:1247; Yu et al. 2019, Geographical Analysis 52:87.
    """
    k = sample.k
    if bandwidths is not None and len(bandwidths) != k:
        raise InputError(
            say(
                "Multiscale regression takes one bandwidth a term, the constant first: {k}, not {count}.",
                k=k,
                count=len(bandwidths),
            )
        )
    sweeps: list[Sweep] = []
    found: list[Search] = []
    terms, stands = np.zeros((sample.n, k)), True
    if bandwidths is None:
        terms, found, stands = _search(sample, kernel, stop, most_sweeps, sweeps, progress.part(0, 60))
        bandwidths = tuple(each.bandwidth for each in found)
    smoothers = [Smoother(sample.points, sample.x[:, j], kernel, b) for j, b in enumerate(bandwidths)]
    terms, change = settle(smoothers, sample.y[:, None], terms[:, :, None], progress.part(60, 70))
    terms = terms[:, :, 0]
    fitted = terms.sum(axis=1)
    errors = sample.y - fitted
    coefficients = np.column_stack(
        [s.coefficients((errors + terms[:, j])[:, None], progress)[:, 0] for j, s in enumerate(smoothers)]
    )
    inference = term_errors(smoothers, settle, seed, progress.part(70, 100))
    centred = sample.y - sample.y.mean()
    diagnostics = Diagnostics(float(errors @ errors), float(centred @ centred), sample.n, float(inference.enp.sum()))
    low, high = _intervals(found, k)
    return MultiscaleFit(
        coefficients,
        tuple(bandwidths),
        low,
        high,
        tuple(each.edge for each in found) or ("",) * k,
        fitted,
        errors,
        inference,
        diagnostics,
        tuple(sweeps),
        stands and change <= CLOSE,
    )


def _search(
    sample: Sample, kernel: Kernel, stop: str, most: int, sweeps: list[Sweep], progress: Progress
) -> tuple[np.ndarray, list[Search], bool]:
    """Sweeps until the bandwidths stand at the fixed point of their terms."""
    low, high = search_range(sample.points, kernel, sample.k)
    start = find_bandwidth(lambda trial: scores(sample, kernel, trial, progress=progress), kernel, low, high).bandwidth
    terms = sample.x * _scaled_coefficients(sample, kernel, start, progress)
    search = TermSearch(sample.points, kernel, progress)
    found: list[Search] = []
    settled = False
    for sweep in range(1, most + 1):
        before, last = terms.copy(), [each.bandwidth for each in found]
        found = []
        for j in range(sample.k):
            partial = sample.y - terms.sum(axis=1) + terms[:, j]
            best = search.find(sample.x[:, j], partial, last[j] if last else None, progress)
            smoother = Smoother(sample.points, sample.x[:, j], kernel, best.bandwidth)
            terms[:, j] = smoother.smooth(partial[:, None], progress)[:, 0]
            found.append(best)
            sweeps.append(Sweep(j, sweep, best.bandwidth, best.score))
            progress.set(100 * (1 - 0.8 ** (sweep - 1 + (j + 1) / sample.k)))
        same = last == [each.bandwidth for each in found]
        if same and settled:
            return terms, found, True
        settled = same and _change(terms, before, sample.y, stop) < _SEARCH_STOP
        if settled:
            smoothers = [Smoother(sample.points, sample.x[:, j], kernel, s.bandwidth) for j, s in enumerate(found)]
            terms = settle(smoothers, sample.y[:, None], terms[:, :, None], progress.part(100, 100))[0][:, :, 0]
    return terms, found, False


def _scaled_coefficients(sample: Sample, kernel: Kernel, bandwidth: float, progress: Progress) -> np.ndarray:
    plain = Sample(sample.points, sample.y, sample.x, 0.0, 1.0, np.zeros(sample.k), np.ones(sample.k))
    return np.nan_to_num(fit(plain, kernel, bandwidth, progress.part(0, 0)).coefficients)


def _change(terms: np.ndarray, before: np.ndarray, y: np.ndarray, stop: str) -> float:
    if stop == "rss":
        new, old = (float(np.sum((y - f.sum(axis=1)) ** 2)) for f in (terms, before))
        return abs(new - old) / new
    moved = np.sum((terms - before) ** 2) / len(y)
    return float(np.sqrt(moved / np.sum(terms.sum(axis=1) ** 2)))


def settle(
    smoothers: Sequence[Smoother], y: np.ndarray, terms: np.ndarray, progress: Progress = QUIET
) -> tuple[np.ndarray, float]:
    """The fixed point f_j = A_j (y - sum of the others) for each column of y, by accelerated sweeps.

    Args:
        smoothers: k terms at their bandwidths.
        y: shape (n, m).
        terms: where to start, shape (n, k, m).
        progress: asked whether to stop.

    Returns:
        The terms, and the largest last change relative to the column of y.

    Source: Anderson 1965, Journal of the ACM 12:547; Buja, Hastie and Tibshirani 1989, Annals of Statistics 17:453.
    """

    def sweep(given: np.ndarray) -> np.ndarray:
        made = given.copy()
        total = made.sum(axis=1)
        for j, smoother in enumerate(smoothers):
            total -= made[:, j]
            made[:, j] = smoother.smooth(y - total, progress)
            total += made[:, j]
        return made

    size = np.sqrt(np.einsum("im,im->m", y, y))
    return _accelerated(sweep, terms, np.where(size > 0, size, 1))


def _accelerated(
    step: Callable[[np.ndarray], np.ndarray], start: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, float]:
    """Anderson acceleration of an affine step, each column of the last axis by itself."""
    now, steps, changes = start, list[np.ndarray](), list[np.ndarray]()
    last_step = last_change = None
    largest = np.inf
    for _ in range(_MOST_STEPS):
        made = step(now)
        change = made - now
        largest = float(np.max(np.sqrt(np.einsum("ijm,ijm->m", change, change)) / size))
        if largest <= CLOSE:
            return made, largest
        if last_change is not None:
            steps, changes = [*steps, made - last_step][-_MEMORY:], [*changes, change - last_change][-_MEMORY:]
        last_step, last_change = made, change
        now = made
        if changes:
            differences = np.stack(changes)
            gram = np.einsum("aijm,bijm->mab", differences, differences)
            right = np.einsum("aijm,ijm->ma", differences, change)
            scale = np.einsum("maa->m", gram)[:, None, None] + 1e-300
            ridge = gram + 1e-14 * scale * np.eye(len(changes))
            mixed = np.linalg.solve(ridge, right[:, :, None])[:, :, 0]
            now = made - np.einsum("ma,aijm->ijm", mixed, np.stack(steps))
    return now, largest


def _intervals(found: Sequence[Search], k: int) -> tuple[np.ndarray, np.ndarray]:
    if not found:
        return np.full(k, np.nan), np.full(k, np.nan)
    ranges = [weighted_range(each.tried) for each in found]
    low, high = np.array(ranges).T
    return low, high
