"""Optimal discretisation for the geographical detector: which method and how many classes explain y best.

q rises with the number of classes almost by itself, so the plain maximum picks the most classes it is offered. The
LOESS rule stops where another class no longer pays.

Sources: Song et al. 2020, GIScience & Remote Sensing 57:593 (optimal parameters); Lv et al. 2025, Transactions in GIS,
10.1111/tgis.70032 (gdverse, LOESS rule).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .discretise import Breaks, SortedSample, class_breaks

Floats = NDArray[np.float64]

RULES = ("loess", "max")
LEAST_GAIN = 0.05
DISTINCT = "distinct"
"""Method of a driver with so few distinct values that each is a class."""


@dataclass(frozen=True)
class Candidate:
    """One point of the discretisation curve.

    Attributes:
        method: discretisation method, or `DISTINCT`.
        classes: number of classes asked for.
        q: share of the variance explained; NaN where the candidate is refused.
        refused: why it may not be chosen; empty when it may.
        breaks: its inner breaks.
    """

    method: str
    classes: int
    q: float
    refused: str
    breaks: Breaks


def discretisation_curve(y: Floats, x: Floats, methods: Iterable[str], classes: Iterable[int]) -> tuple[Candidate, ...]:
    """Q of every method and number of classes, after sorting x once.

    A candidate is refused when there are more classes than half the samples, or a class of fewer than 2. The curve ends
    where the driver's distinct values are classes themselves.

    Args:
        y: (n,) explained variable.
        x: (n,) continuous driver.
        methods: methods of `discretise.METHODS`.
        classes: numbers of classes, each 2 or more.

    Returns:
        Candidates by rising number of classes, within it in the order of the methods.
    """
    methods, classes = list(dict.fromkeys(methods)), sorted(set(classes))
    if not methods or not classes:
        raise InputError("Optimal discretisation needs at least one method and one number of classes.")
    order = np.argsort(x)
    sample = SortedSample(x[order])
    centred = y[order] - y.mean()
    running = np.concatenate(([0.0], np.cumsum(centred)))
    total = float(centred @ centred)

    found = {method: class_breaks(sample, method, classes) for method in methods}
    distinct = len(sample.distinct)
    curve: list[Candidate] = []
    for k in classes:
        for method in methods:
            breaks = found[method][k]
            ends = np.concatenate(([0], sample.ends(breaks.values)))
            counts = np.diff(ends)
            q = float(np.sum(np.diff(running[ends]) ** 2 / counts) / total)
            refused = _refusal(counts, as_is=k >= distinct)
            q = float("nan") if refused else q
            if k >= distinct:
                return (*curve, Candidate(DISTINCT, distinct, q, refused, breaks))
            curve.append(Candidate(method, k, q, refused, breaks))
    return tuple(curve)


def _refusal(counts: NDArray[np.int64], as_is: bool) -> str:
    """Why a candidate may not be chosen; values that are classes as they are may stand alone."""
    if len(counts) > counts.sum() / 2:
        return "more classes than half the samples"
    if counts.min() < 2 and not as_is:
        return "a class holds fewer than 2 samples"
    return ""


def choose(name: str, curve: Sequence[Candidate], rule: str) -> Candidate:
    """The candidate to use.

    ``max`` takes the greatest q. ``loess`` takes the best method for each number of classes, smooths q, and takes the
    first number of classes that gains less than 5 % on the one before; where none does, the greatest q. Ties go to
    fewer classes. (gdverse asks also that the gain before was 5 % or more; then a driver whose first gain is
    already small gets the most classes of all.)

    Args:
        name: the driver.
        curve: candidates by rising number of classes.
        rule: one of `RULES`.

    Raises:
        InputError: unknown rule, or every candidate refused.
    """
    if rule not in RULES:
        raise InputError(f"Rule '{rule}' is unknown; choose from {', '.join(RULES)}.")
    best: dict[int, Candidate] = {}
    for candidate in curve:
        if not candidate.refused and candidate.q > getattr(best.get(candidate.classes), "q", -1.0):
            best[candidate.classes] = candidate
    if not best:
        raise InputError(
            f"Factor '{name}' cannot be discretised as asked: {curve[0].refused}, with every method and number of "
            "classes. Choose other methods or fewer classes."
        )
    ladder = list(best.values())
    q = np.array([candidate.q for candidate in ladder])
    if rule == "loess":
        smooth = local_regression(np.array([float(candidate.classes) for candidate in ladder]), q)
        small_gain = np.flatnonzero(np.diff(smooth) < LEAST_GAIN * smooth[:-1])
        if len(small_gain):
            return ladder[int(small_gain[0]) + 1]
    return ladder[int(np.flatnonzero(q >= q.max() - 1e-12)[0])]


def local_regression(x: Floats, y: Floats, span: float = 0.75) -> Floats:
    """LOESS of degree 2 with tricube weights at the points themselves (Cleveland & Devlin 1988, JASA 83:596).

    With fewer than 4 neighbours in the span the parabola passes through its points and nothing is smoothed.

    Args:
        x: (m,) ascending.
        y: (m,) values.
        span: share of the points that each fit uses.
    """
    neighbours = int(len(x) * span + 1e-5)
    if neighbours < 4:
        return y.copy()
    smooth = np.empty(len(x))
    for i, centre in enumerate(x):
        away = np.abs(x - centre)
        weight = np.clip(1 - (away / np.sort(away)[neighbours - 1]) ** 3, 0, None) ** 3
        root = np.sqrt(weight)[:, None]
        powers = (x - centre)[:, None] ** np.arange(3)
        smooth[i] = np.linalg.lstsq(root * powers, root[:, 0] * y, rcond=None)[0][0]
    return smooth
