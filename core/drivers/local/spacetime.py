"""Geographically and temporally weighted regression: years lie apart as places do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from .kernels import Kernel
from .search import find_bandwidth, search_range
from .weighted import Sample, scores

_GRID = 10
_PRECISION = 0.02  # of tau
_GOLDEN = 0.381966011250105


@dataclass(frozen=True)
class SpaceTime:
    """How far years lie apart, and what was tried.

    Attributes:
        tau: squared distance of one squared year; 0 where years make no difference.
        bandwidth, score: the best at this tau.
        profile: tau, best bandwidth and its score, ascending, shape (m, 3).
        tried: tau, bandwidth, score of everything, shape (m, 3).
        edge: `low` or `high` where tau or the bandwidth is an end of what was tried; else empty.
    """

    tau: float
    bandwidth: float
    score: float
    profile: np.ndarray
    tried: np.ndarray
    edge: str


def in_space_and_time(points: np.ndarray, times: np.ndarray, tau: float) -> np.ndarray:
    """Places and times as points whose distance is d^2 = ds^2 + tau dt^2; for tau = 0 the places alone.

    Source: Huang, Wu and Barry 2010, International Journal of Geographical Information Science 24:383.
    """
    if tau < 0:
        raise InputError(say("The scale of time must not be negative; it is {tau:g}.", tau=tau))
    return np.column_stack([points, np.sqrt(tau) * times]) if tau > 0 else points


def find_space_time(
    sample: Sample, times: np.ndarray, kernel: Kernel, criterion: str = "aicc", progress: Progress = QUIET
) -> SpaceTime:
    """The tau and bandwidth of the least score: a grid of log tau with tau = 0 as the null, then golden section.

    Args:
        sample: its points are places alone.
        times: years, shape (n,).
        kernel, criterion: see `scores`.
        progress: told how far the search is.

    Raises:
        InputError: there is a single time.
    """
    span = float(np.ptp(times))
    if span <= 0:
        raise InputError(say("METHOD gtwr needs several times in TIME; there is one. Choose METHOD gwr."))
    across = float(np.sqrt(np.sum(np.ptp(sample.points, axis=0) ** 2)))
    grid = (across / span) ** 2 * np.geomspace(1e-4, 1e2, _GRID)
    best_at: dict[float, tuple[float, float, str]] = {}
    tried: list[tuple[float, float, float]] = []

    def score(tau: float, start: float | None) -> float:
        if tau not in best_at:
            moved = sample.moved(in_space_and_time(sample.points, times, tau))
            low, high = search_range(moved.points, kernel, sample.k)
            found = find_bandwidth(
                lambda trial: scores(moved, kernel, trial, criterion, progress), kernel, low, high, start
            )
            best_at[tau] = (found.bandwidth, found.score, found.edge)
            tried.extend((tau, *row) for row in found.tried.tolist())
            progress.set(min(100 * len(best_at) / (_GRID + 18), 100))
        return best_at[tau][1]

    start = None
    for tau in (0.0, *grid.tolist()):
        score(tau, start)
        start = best_at[tau][0]
    _narrow(score, sorted(best_at), best_at)
    tau = min(best_at, key=lambda each: (best_at[each][1], each))
    bandwidth, best, edge = best_at[tau]
    if tau >= grid[-1] * (1 - _PRECISION):
        edge = "high"
    profile = np.array([(each, *best_at[each][:2]) for each in sorted(best_at)])
    return SpaceTime(tau, bandwidth, best, profile, np.array(tried), edge)


def _narrow(
    score: Callable[[float, float | None], float], grid: list[float], best_at: dict[float, tuple[float, float, str]]
) -> None:
    """Golden section of log tau between the neighbours of the best of the grid."""
    place = min(range(len(grid)), key=lambda i: best_at[grid[i]][1])
    if place == 0:
        return
    least = grid[1] / 10
    left = np.log(grid[place - 1] if place > 1 else least)
    right = np.log(grid[min(place + 1, len(grid) - 1)])
    start = best_at[grid[place]][0]
    first, second = left + _GOLDEN * (right - left), right - _GOLDEN * (right - left)
    while right - left > _PRECISION:
        if score(float(np.exp(first)), start) <= score(float(np.exp(second)), start):
            right, second = second, first
            first = left + _GOLDEN * (right - left)
        else:
            left, first = first, second
            second = right - _GOLDEN * (right - left)
