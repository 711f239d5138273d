"""The bandwidth with the best score: the whole curve coarsely, then its lowest valley to the last place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import pdist

from ...errors import InputError
from ...messages import say
from .kernels import Kernel

Scores = Callable[[Sequence[float]], np.ndarray]

_STEP = 1.8  # of the first look, one bandwidth to the next
_SCAN = 8  # places either way that are all tried in the end
_PRECISION = 1e-5  # of a distance
_FEWEST_PER_COEFFICIENT, _FEWEST = 2, 40


@dataclass(frozen=True)
class Search:
    """What was tried.

    Attributes:
        bandwidth, score: the best.
        tried: bandwidths and their scores, ascending, shape (m, 2).
        edge: `low` or `high` where the best is an end of the range, which is then no optimum but a limit; else empty.
    """

    bandwidth: float
    score: float
    tried: np.ndarray
    edge: str = ""


def search_range(points: np.ndarray, kernel: Kernel, k: int) -> tuple[float, float]:
    """Least and greatest bandwidth that are tried: more than 40 + 2k places and fewer than all, or distances to match.

    These are the numbers of places that mgwr can reach, whose golden section never tries its ends. Distances run to
    twice the longest, from half the least, or with many places from half of that within which a place sees k + 2
    others on average.

    Raises:
        InputError: there are not more places than the least number.
    """
    n = len(points)
    if kernel.adaptive:
        low = _FEWEST + _FEWEST_PER_COEFFICIENT * k + 1
        if n <= low + 1:
            raise InputError(
                say(
                    "A search needs more than {low} places ({fewest} and {fewest_per_coefficient} for each of "
                    "{k} coefficients); there are {n}. Give BANDWIDTH, or fewer drivers.",
                    low=low + 1,
                    fewest=_FEWEST,
                    fewest_per_coefficient=_FEWEST_PER_COEFFICIENT,
                    k=k,
                    n=n,
                )
            )
        return float(low), float(n - 1)
    sides = np.ptp(points, axis=0)
    longest = float(np.sqrt(np.sum(sides**2)))
    if n <= 2_000:
        distances = pdist(points)
        return max(float(distances.min()) / 2, longest * 1e-6), 2 * float(distances.max())
    return longest * float(np.sqrt((k + 2) / n)) / 2, 2 * longest


def find_bandwidth(scores: Scores, kernel: Kernel, low: float, high: float, start: float | None = None) -> Search:
    """The bandwidth of the least score between two limits.

    The curve is looked at coarsely over the whole range, which finds the lowest valley where there are several;
    parabolas narrow it, and among places every number within 8 of the best is tried, because a search of whole numbers
    can miss the best by a few.

    Args:
        scores: of several bandwidths.
        kernel: kind of the bandwidth.
        low, high: limits, included.
        start: a bandwidth near the best, if one is known: then only its surroundings are looked at, which grow while
            the best lies at their end.

    Raises:
        InputError: no bandwidth gives a fit.
    """
    curve = _Curve(scores, kernel.adaptive)
    if start is None:
        steps = max(int(np.ceil(np.log(high / low) / np.log(_STEP))), 1)
        curve.try_all(np.geomspace(low, high, steps + 1))
        left, right = curve.around(curve.best)
    else:
        left, right = _surroundings(curve, low, high, min(max(start, low), high))
    if not np.isfinite(curve.score(curve.best)):
        raise InputError(
            say(
                "No bandwidth from {low:g} to {high:g} lets every place be fitted: columns do not vary among "
                "the places that one of them sees. Leave out drivers that are zero nearly everywhere, or "
                "give a larger BANDWIDTH.",
                low=low,
                high=high,
            )
        )
    _narrow(curve, left, right)
    if kernel.adaptive:
        while True:
            best = curve.best
            curve.try_all(np.arange(max(best - _SCAN, low), min(best + _SCAN, high) + 1))
            if curve.best == best:
                break
    tolerance = 0.0 if kernel.adaptive else _PRECISION
    edge = "low" if curve.best <= low * (1 + tolerance) else "high" if curve.best >= high * (1 - tolerance) else ""
    return Search(curve.best, curve.score(curve.best), curve.table(), edge)


def weighted_range(tried: np.ndarray, share: float = 0.95) -> tuple[float, float]:
    """Bandwidths whose Akaike weights sum to a share, the likeliest first; each stands for those around it."""
    bandwidths, score = tried[np.isfinite(tried[:, 1])].T
    width = np.gradient(bandwidths) if len(bandwidths) > 1 else np.ones(1)
    weight = np.exp(-(score - score.min()) / 2) * width
    order = np.argsort(-weight / width, kind="stable")
    held = np.cumsum(weight[order]) / weight.sum()
    kept = bandwidths[order[: int(np.searchsorted(held, share)) + 1]]
    return float(kept.min()), float(kept.max())


class _Curve:
    """Scores by bandwidth, each worked out once."""

    def __init__(self, scores: Scores, whole: bool) -> None:
        self._scores, self.whole = scores, whole
        self._known: dict[float, float] = {}

    def try_all(self, bandwidths: Sequence[float] | np.ndarray) -> None:
        rounded = (float(round(b)) if self.whole else float(b) for b in bandwidths)
        new = [b for b in dict.fromkeys(rounded) if b not in self._known]
        if new:
            self._known.update(zip(new, np.asarray(self._scores(new)).tolist()))

    def score(self, bandwidth: float) -> float:
        self.try_all([bandwidth])
        return self._known[float(round(bandwidth)) if self.whole else float(bandwidth)]

    @property
    def best(self) -> float:
        return min(self._known, key=lambda bandwidth: (self._known[bandwidth], bandwidth))

    def around(self, bandwidth: float) -> tuple[float, float]:
        tried = sorted(self._known)
        place = tried.index(bandwidth)
        return tried[max(place - 1, 0)], tried[min(place + 1, len(tried) - 1)]

    def table(self) -> np.ndarray:
        return np.array(sorted(self._known.items()), dtype=np.float64)


def _surroundings(curve: _Curve, low: float, high: float, start: float) -> tuple[float, float]:
    left, right = max(start / _STEP, low), min(start * _STEP, high)
    curve.try_all([left, start, right])
    while True:
        best = curve.best
        if best <= round(left) and left > low:
            left = max(left / _STEP, low)
            curve.try_all([left])
        elif best >= round(right) - 0.5 and right < high:
            right = min(right * _STEP, high)
            curve.try_all([right])
        else:
            return curve.around(best)


def _narrow(curve: _Curve, left: float, right: float) -> None:
    """Shrinks what encloses the best: each pass looks about the vertex of a parabola and halves the longer side."""
    while right - left > (_SCAN if curve.whole else _PRECISION * right):
        best = curve.best
        vertex = _vertex(*((b, curve.score(b)) for b in (left, best, right))) if left < best < right else best
        step = (right - left) / 10
        longer = (left + best) / 2 if best - left > right - best else (best + right) / 2
        tried = (vertex - step, vertex, vertex + step, longer)
        curve.try_all([b for b in tried if left < b < right])
        narrower = curve.around(curve.best)
        if narrower == (left, right):
            break
        left, right = narrower


def _vertex(first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]) -> float:
    """Where a parabola through three points is lowest; the middle where they are no valley."""
    (a, high_a), (b, low), (c, high_c) = first, middle, last
    before, after = (b - a) * (low - high_c), (b - c) * (low - high_a)
    bend = before - after
    if not np.isfinite(bend) or bend == 0:
        return b
    vertex = b - ((b - a) * before - (b - c) * after) / (2 * bend)
    return float(np.clip(vertex, a, c))
