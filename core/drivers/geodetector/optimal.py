"""Optimal discretisation for the geographical detector: which method and how many classes explain y best.

q rises with the number of classes almost by itself, so the plain maximum picks the most classes it is offered. The
LOESS rule stops where another class no longer pays. The breaks depend on x alone, so the search can be repeated for any
order of y.

Sources: Song et al. 2020, GIScience & Remote Sensing 57:593 (optimal parameters); Lv et al. 2025, Transactions in GIS,
10.1111/tgis.70032 (gdverse, LOESS rule).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...messages import say
from .discretise import Breaks, SortedSample, class_breaks
from .intervals import BestIntervals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

RULES = ("loess", "max")
LEAST_GAIN = 0.05
OPTIMAL = "optimal"
"""Method that seeks the intervals that explain y best, whatever they are; see `intervals`."""
DISTINCT = "distinct"
"""Method of a driver with so few distinct values that each is a class."""


@dataclass(frozen=True)
class Candidate:
    """One point of the discretisation curve.

    Attributes:
        method: discretisation method, or `DISTINCT`.
        classes: number of classes asked for.
        strata: number of classes that hold samples.
        q: share of the variance explained; NaN where the candidate is refused.
        refused: why it may not be chosen; empty when it may.
        breaks: its inner breaks.
    """

    method: str
    classes: int
    strata: int
    q: float
    refused: str
    breaks: Breaks


@dataclass(frozen=True, eq=False)
class Ladder:
    """All classifications of a driver that are tried, without y: q of any y, and so of any order of it, is quick.

    Attributes:
        order: (n,) rows by rising x.
        candidates: by rising number of classes; their q is not known, nor are the breaks of those that seek them for y.
        ends: where each class of each candidate with breaks starts and ends among the sorted rows, all in turn.
        firsts: position in `ends` of the first of each of those candidates.
        fixed: positions of those candidates.
        best: finds the intervals of the others.
    """

    order: Integers
    candidates: tuple[Candidate, ...]
    ends: Integers
    firsts: Integers
    fixed: Integers
    best: BestIntervals

    def q(self, y: Floats) -> Floats:
        """(candidates,) share of the variance of y that each explains, NaN where refused; y is not level."""
        return self._solve(y)[0]

    def curve(self, y: Floats) -> tuple[Candidate, ...]:
        """The candidates with their q and breaks."""
        found, sought = self._solve(y)
        return tuple(
            replace(c, q=float(q), breaks=Breaks(sought[c.classes]) if c.method == OPTIMAL else c.breaks)
            for c, q in zip(self.candidates, found)
        )

    def _solve(self, y: Floats) -> tuple[Floats, dict[int, Floats]]:
        centred = y[self.order] - y.mean()
        total = float(centred @ centred)
        found = np.full(len(self.candidates), np.nan)
        if len(self.fixed):
            running = np.concatenate(([0.0], np.cumsum(centred)))
            counts = np.diff(self.ends)
            between = np.diff(running[self.ends]) ** 2 / np.where(counts > 0, counts, 1)
            between[self.firsts[1:] - 1] = 0  # from the end of one candidate to the start of the next
            found[self.fixed] = np.add.reduceat(between, self.firsts) / total
        sought = self.best.solve(centred)
        for i, candidate in enumerate(self.candidates):
            if candidate.method == OPTIMAL:
                found[i] = sought[candidate.classes][0] / total
            if candidate.refused:
                found[i] = np.nan
        return found, {k: limits for k, (_, limits) in sought.items()}


def build_ladder(x: Floats, methods: Iterable[str], classes: Iterable[int]) -> Ladder:
    """Every method with every number of classes, after sorting x once.

    A candidate is refused when there are more classes than half the samples, or a class of fewer than 2. The ladder
    ends where the driver's distinct values are classes themselves.

    Args:
        x: (n,) continuous driver.
        methods: methods of `discretise.METHODS`, and `OPTIMAL`.
        classes: numbers of classes, each 2 or more.

    Returns:
        Candidates by rising number of classes, within it in the order of the methods.
    """
    methods, classes = list(dict.fromkeys(methods)), sorted(set(classes))
    if not methods or not classes:
        raise InputError(say("Optimal discretisation needs at least one method and one number of classes."))
    order = np.argsort(x)
    sample = SortedSample(x[order])
    found = {method: class_breaks(sample, method, classes) for method in methods if method != OPTIMAL}
    best = BestIntervals.of(sample, classes if OPTIMAL in methods else ())
    distinct = len(sample.distinct)
    candidates: list[Candidate] = []
    ends: list[Integers] = []
    fixed: list[int] = []
    for k, method in product(classes, methods):
        if method == OPTIMAL and k < distinct:
            if k in best.classes:
                refused = say("more classes than half the samples") if 2 * k > len(x) else ""
                candidates.append(Candidate(OPTIMAL, k, k, float("nan"), refused, Breaks(np.empty(0))))
            continue
        breaks = Breaks(sample.distinct[:-1]) if k >= distinct else found[method][k]
        ends.append(np.concatenate(([0], sample.ends(breaks.values))))
        counts = np.diff(ends[-1])
        as_is = k >= distinct
        named, number = (DISTINCT, distinct) if as_is else (method, k)
        fixed.append(len(candidates))
        candidates.append(Candidate(named, number, len(counts), float("nan"), _refusal(counts, as_is), breaks))
        if as_is:
            break
    firsts = np.concatenate(([0], np.cumsum([len(part) for part in ends])[:-1])).astype(np.int64)
    joined = np.concatenate(ends) if ends else np.empty(0, dtype=np.int64)
    return Ladder(order, tuple(candidates), joined, firsts, np.array(fixed, dtype=np.int64), best)


def discretisation_curve(y: Floats, x: Floats, methods: Iterable[str], classes: Iterable[int]) -> tuple[Candidate, ...]:
    """Q of every method and number of classes; see `build_ladder`.

    Args:
        y: (n,) explained variable, not level.
        x: (n,) continuous driver.
        methods: methods of `discretise.METHODS`.
        classes: numbers of classes, each 2 or more.
    """
    return build_ladder(x, methods, classes).curve(y)


def _refusal(counts: NDArray[np.int64], as_is: bool) -> str:
    """Why a candidate may not be chosen; values that are classes as they are may stand alone."""
    if len(counts) > counts.sum() / 2:
        return say("more classes than half the samples")
    if counts.min() < 2 and not as_is:
        return say("a class holds fewer than 2 samples")
    return ""


def choose(name: str, curve: Sequence[Candidate], rule: str) -> Candidate:
    """The candidate to use; see `Choice`.

    Args:
        name: the driver.
        curve: candidates by rising number of classes.
        rule: one of `RULES`.

    Raises:
        InputError: unknown rule, or every candidate refused.
    """
    return curve[Choice(name, curve, rule)(np.array([candidate.q for candidate in curve]))]


class Choice:
    """Which candidate is used, given their q; what does not depend on q is prepared once.

    ``max`` takes the greatest q, ties go to fewer classes. ``loess`` takes the best method for each number of classes,
    smooths q, and takes the first number of classes that gains less than 5 % on the one before, where that one had
    gained 5 % or more; where none does, the greatest q (as gdverse does). Neither ever takes a classification that
    another with fewer classes and a higher q beats: the best of those takes its place.

    Args:
        name: the driver, for messages.
        candidates: by rising number of classes.
        rule: one of `RULES`.

    Raises:
        InputError: unknown rule, or every candidate refused.
    """

    def __init__(self, name: str, candidates: Sequence[Candidate], rule: str) -> None:
        if rule not in RULES:
            raise InputError(say("Rule '{rule}' is unknown; choose from {rules}.", rule=rule, rules=", ".join(RULES)))
        allowed = [i for i, candidate in enumerate(candidates) if not candidate.refused]
        if not allowed:
            raise InputError(
                say(
                    "Factor '{name}' cannot be discretised as asked: {refused}, with every method and number of "
                    "classes. Choose other methods or fewer classes.",
                    name=name,
                    refused=candidates[0].refused,
                )
            )
        self._rule = rule
        self._allowed = np.array(allowed)
        self._classes = np.array([candidates[i].classes for i in allowed])
        self._strata = np.array([candidates[i].strata for i in allowed])
        self._levels, self._starts = np.unique(self._classes, return_index=True)
        self._smoother = local_regression(self._levels.astype(np.float64), np.eye(len(self._levels)))

    def __call__(self, q: Floats) -> int:
        """Position of the chosen candidate.

        Args:
            q: (candidates,) share explained; that of a refused one is not looked at.
        """
        q = q[self._allowed]
        chosen = self._loess(q) if self._rule == "loess" else None
        if chosen is None:
            chosen = int(np.flatnonzero(q >= q.max() - 1e-12)[0])
        while True:
            fewer = (self._classes < self._classes[chosen]) | (self._strata < self._strata[chosen])
            better = np.flatnonzero(fewer & (q > q[chosen]))
            if not len(better):
                return int(self._allowed[chosen])
            chosen = int(better[np.argmax(q[better])])

    def _loess(self, q: Floats) -> int | None:
        """The first small gain after a large one."""
        smooth = self._smoother @ np.maximum.reduceat(q, self._starts)
        small = np.diff(smooth) < LEAST_GAIN * smooth[:-1]
        found = np.flatnonzero(small[1:] & ~small[:-1])
        if not len(found):
            return None
        of_level = np.flatnonzero(self._classes == self._levels[found[0] + 2])
        return int(of_level[np.argmax(q[of_level])])


def local_regression(x: Floats, y: Floats, span: float = 0.75) -> Floats:
    """LOESS of degree 2 with tricube weights at the points themselves (Cleveland & Devlin 1988, JASA 83:596).

    With fewer than 4 neighbours in the span the parabola passes through its points and nothing is smoothed.

    Args:
        x: (m,) ascending.
        y: (m,) values, or (m, series).
        span: share of the points that each fit uses.
    """
    neighbours = int(len(x) * span + 1e-5)
    if neighbours < 4:
        return y.copy()
    series = y.reshape(len(x), -1)
    smooth = np.empty_like(series)
    for i, centre in enumerate(x):
        away = np.abs(x - centre)
        weight = np.clip(1 - (away / np.sort(away)[neighbours - 1]) ** 3, 0, None) ** 3
        root = np.sqrt(weight)[:, None]
        powers = (x - centre)[:, None] ** np.arange(3)
        smooth[i] = np.linalg.lstsq(root * powers, root * series, rcond=None)[0][0]
    return smooth.reshape(y.shape)
