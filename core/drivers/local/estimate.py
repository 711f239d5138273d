"""The three methods, and one shape of result for all: bandwidths, coefficients, errors, what was tried."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...progress import Progress
from .choice import LocalChoice
from .multiscale import MultiscaleFit, fit_multiscale
from .search import Search, find_bandwidth, search_range, weighted_range
from .spacetime import SpaceTime, find_space_time, in_space_and_time
from .tables import SearchRow
from .weighted import Diagnostics, LocalFit, Sample, critical_t, fit, scores


@dataclass(frozen=True)
class Estimate:
    """Coefficients of a method; arrays of places have shape (n,) or (n, k), arrays of terms (k,).

    Attributes:
        sample: as it was fitted; of `gtwr` its points have a third dimension.
        others: simpler local models by the way, with what they fit.
        low, high: range of likely bandwidths, NaN where none was searched.
        enp: effective number of parameters, of a term in `mgwr`, else of the model.
        enp_error: standard error of it where it is a sample's.
        edges: of each term, see `Search`.
        time_bandwidth: years; None without time.
        searches: rows (term, sweep, bandwidth, tau, score); term -1 for all.
        stands: whether a back-fitting came to rest.
        unfit: places without a fit.
    """

    sample: Sample
    bandwidths: tuple[float, ...]
    low: np.ndarray
    high: np.ndarray
    time_bandwidth: float | None
    tau: float | None
    coefficients: np.ndarray
    std_errors: np.ndarray
    fitted: np.ndarray
    residuals: np.ndarray
    local_r2: np.ndarray
    condition: np.ndarray
    vif: np.ndarray
    enp: np.ndarray
    enp_error: np.ndarray
    alpha: np.ndarray
    critical: np.ndarray
    diagnostics: Diagnostics
    others: tuple[tuple[str, Diagnostics], ...]
    edges: tuple[str, ...]
    searches: np.ndarray
    stands: bool
    unfit: int

    @property
    def t(self) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.coefficients / self.std_errors

    def tried(self, terms: tuple[str, ...]) -> list[SearchRow]:
        """What was tried, with the names of terms."""
        rows = []
        for term, sweep, bandwidth, tau, score in self.searches.tolist():
            if np.isfinite(score):
                has_time = tau == tau
                in_time = bandwidth / np.sqrt(tau) if has_time and tau > 0 and self.time_bandwidth else None
                name = terms[int(term)] if term >= 0 else "all"
                rows.append(SearchRow(name, int(sweep), bandwidth, in_time, tau if has_time else None, score))
        return rows


def estimate(sample: Sample, times: np.ndarray | None, choice: LocalChoice, progress: Progress) -> Estimate:
    """The method that was chosen. Raises InputError, Cancelled; see the methods."""
    if choice.method == "mgwr":
        return _multiscale(sample, choice, progress)
    if choice.method == "gtwr":
        if times is None:
            raise TypeError("times is not as expected")
        return _space_time(sample, times, choice, progress)
    return _plain(sample, choice, progress)


def _plain(sample: Sample, choice: LocalChoice, progress: Progress) -> Estimate:
    kernel, search = choice.how(), None
    if choice.bandwidths:
        bandwidth = choice.bandwidths[0]
    else:
        search = _search(sample, choice, progress.part(0, 70))
        bandwidth = search.bandwidth
    found = fit(sample, kernel, bandwidth, progress.part(70, 100))
    return _of_fit(sample, found, bandwidth, None, None, search, choice)


def _search(sample: Sample, choice: LocalChoice, progress: Progress) -> Search:
    kernel, count = choice.how(), 0

    def scored(bandwidths: object) -> np.ndarray:
        nonlocal count
        count += 1
        progress.set(100 * (1 - 0.9**count))
        return scores(sample, kernel, bandwidths, choice.criterion, progress)  # type: ignore[arg-type]

    return find_bandwidth(scored, kernel, *search_range(sample.points, kernel, sample.k))


def _of_fit(
    sample: Sample,
    found: LocalFit,
    bandwidth: float,
    tau: float | None,
    others: tuple[tuple[str, Diagnostics], ...] | None,
    search: Search | SpaceTime | None,
    choice: LocalChoice,
) -> Estimate:
    k = sample.k
    enp = found.diagnostics.enp
    alpha, critical = critical_t(choice.alpha, enp, k, sample.n - found.unfit)
    low, high, edge, tried = np.nan, np.nan, "", np.empty((0, 5))
    if isinstance(search, Search):
        edge = search.edge
        if choice.criterion == "aicc":
            low, high = weighted_range(search.tried)
        tried = _rows(search.tried[:, 0], np.full(len(search.tried), np.nan), search.tried[:, 1])
    elif isinstance(search, SpaceTime):
        edge = search.edge
        tried = _rows(search.tried[:, 1], search.tried[:, 0], search.tried[:, 2])
    in_time = bandwidth / float(np.sqrt(tau)) if tau and choice.kind == "fixed" else None
    return Estimate(
        sample,
        (bandwidth,) * k,
        np.full(k, low),
        np.full(k, high),
        in_time,
        tau,
        found.coefficients,
        found.std_errors,
        found.fitted,
        found.residuals,
        found.local_r2,
        found.condition,
        found.vif,
        np.full(k, enp),
        np.zeros(k),
        np.full(k, alpha),
        np.full(k, critical),
        found.diagnostics,
        others or (),
        (edge,) * k,
        tried,
        True,
        found.unfit,
    )


def _rows(bandwidths: np.ndarray, tau: np.ndarray, score: np.ndarray) -> np.ndarray:
    return np.column_stack([np.full(len(score), -1.0), np.zeros(len(score)), bandwidths, tau, score])


def _space_time(sample: Sample, times: np.ndarray, choice: LocalChoice, progress: Progress) -> Estimate:
    kernel, search = choice.how(), None
    others: tuple[tuple[str, Diagnostics], ...] = ()
    tau, bandwidth = choice.tau, choice.bandwidths[0] if choice.bandwidths else None
    if choice.time_bandwidth is not None and bandwidth is not None:
        tau = (bandwidth / choice.time_bandwidth) ** 2
    if tau is None:
        search = find_space_time(sample, times, kernel, choice.criterion, progress.part(0, 80))
        tau = search.tau
        bandwidth = bandwidth or search.bandwidth
        pooled = fit(sample, kernel, float(search.profile[0, 1]), progress.part(80, 85))
        others = (("gwr", pooled.diagnostics),)
    moved = sample.moved(in_space_and_time(sample.points, times, tau))
    plain = None
    if bandwidth is None:
        plain = _search(moved, choice, progress.part(0, 80))
        bandwidth = plain.bandwidth
    found = fit(moved, kernel, bandwidth, progress.part(85, 100))
    return _of_fit(moved, found, bandwidth, tau, others, search or plain, choice)


def _multiscale(sample: Sample, choice: LocalChoice, progress: Progress) -> Estimate:
    kernel = choice.how()
    others: tuple[tuple[str, Diagnostics], ...] = ()
    given = choice.bandwidths * sample.k if len(choice.bandwidths) == 1 else choice.bandwidths
    if not given:
        one = _search(sample, choice, progress.part(0, 15))
        others = (("gwr", fit(sample, kernel, one.bandwidth, progress.part(15, 20)).diagnostics),)
    found = fit_multiscale(
        sample, kernel, given or None, choice.stop, choice.most_sweeps, choice.seed, progress.part(20, 100)
    )
    nowhere = np.full(sample.n, np.nan)
    levels = [critical_t(choice.alpha, enp, 1, sample.n) for enp in found.errors.enp.tolist()]
    return Estimate(
        sample,
        found.bandwidths,
        found.low,
        found.high,
        None,
        None,
        found.coefficients,
        found.std_errors,
        found.fitted,
        found.residuals,
        nowhere,
        nowhere,
        nowhere,
        found.errors.enp,
        found.errors.enp_error,
        np.array([level for level, _ in levels]),
        np.array([critical for _, critical in levels]),
        found.diagnostics,
        others,
        found.edges,
        _sweep_rows(found),
        found.stands,
        0,
    )


def _sweep_rows(found: MultiscaleFit) -> np.ndarray:
    rows = [(s.term, s.sweep, s.bandwidth, np.nan, s.score) for s in found.sweeps]
    return np.array(rows, dtype=np.float64).reshape(-1, 5)
