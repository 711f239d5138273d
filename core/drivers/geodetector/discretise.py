"""Classes of a continuous driver: equal intervals, quantiles, natural breaks, geometric intervals, standard deviations.

A classification is told by its inner breaks alone. The first class takes everything up to the first break, the last
class everything above the last one, and intervals are closed on the right. So no sample can fall out at either end by
round-off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Callable

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...messages import say

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

METHODS = ("equal", "quantile", "natural", "geometric", "sd")
EXACT_NATURAL = 20_000
"""Up to this many distinct values natural breaks are exact; above it, their excess is bounded and told."""


@dataclass(frozen=True)
class SortedSample:
    """A driver's valid values, sorted once for all methods and numbers of classes.

    Attributes:
        values: (n,) in ascending order, finite, with repeats.
    """

    values: Floats

    @cached_property
    def starts(self) -> Integers:
        """(m,) position of the first of each distinct value."""
        return np.concatenate(([0], np.flatnonzero(self.values[1:] != self.values[:-1]) + 1))

    @cached_property
    def distinct(self) -> Floats:
        """(m,) distinct values, ascending."""
        return self.values[self.starts]

    @cached_property
    def counts(self) -> Floats:
        """(m,) samples of each distinct value."""
        return np.diff(self.starts, append=len(self.values)).astype(float)

    def ends(self, breaks: Floats) -> Integers:
        """(breaks + 1,) number of samples up to the right end of each class."""
        return np.append(np.searchsorted(self.values, breaks, side="right"), len(self.values))


@dataclass(frozen=True)
class Breaks:
    """A classification of one driver.

    Attributes:
        values: inner breaks, ascending; intervals are closed on the right. Classes without samples are merged away.
        excess: how far the sum of squares within natural breaks may lie above the least possible one, as a share of
            it; 0 where they are exact, and for the other methods; infinite where round-off leaves no bound.
    """

    values: Floats
    excess: float = 0.0


def classify(x: Floats, breaks: Floats) -> Integers:
    """Class of each value, 0 to len(breaks), intervals closed on the right.

    Args:
        x: (n,) values.
        breaks: inner breaks, ascending.
    """
    return np.searchsorted(breaks, x, side="left")


def class_breaks(sample: SortedSample, method: str, classes: Iterable[int]) -> dict[int, Breaks]:
    """Breaks of one method for several numbers of classes.

    A driver with no more distinct values than classes asked for keeps its values as classes.

    Args:
        sample: the driver.
        method: one of `METHODS`.
        classes: numbers of classes, each 2 or more.

    Returns:
        Breaks by number of classes. Ties and empty classes can leave fewer classes than asked for.

    Raises:
        InputError: unknown method, or fewer than 2 classes.
    """
    numbers = sorted(set(classes))
    if method not in METHODS:
        raise InputError(
            say(
                "Discretisation method '{method}' is unknown; choose from {methods}.",
                method=method,
                methods=", ".join(METHODS),
            )
        )
    if not numbers or numbers[0] < 2:
        raise InputError(
            say("A driver needs at least 2 classes, not {numbers}.", numbers=numbers[0] if numbers else say("none"))
        )
    few = [k for k in numbers if k >= len(sample.distinct)]
    many = [k for k in numbers if k < len(sample.distinct)]
    found = {k: Breaks(sample.distinct[:-1]) for k in few}
    if method == "natural":
        return {**natural_breaks(sample, many), **found}
    for k in many:
        found[k] = Breaks(_without_empty_classes(sample, _RULES[method](sample, k)))
    return found


def equal_breaks(sample: SortedSample, classes: int) -> Floats:
    """Intervals of equal width."""
    low, high = sample.values[0], sample.values[-1]
    return low + (high - low) * np.arange(1, classes) / classes


def quantile_breaks(sample: SortedSample, classes: int) -> Floats:
    """Classes of equal size: quantiles of type 7 (Hyndman & Fan 1996, The American Statistician 50:361)."""
    place = (len(sample.values) - 1) * np.arange(1, classes) / classes
    below = place.astype(int)
    step = sample.values[below + 1] - sample.values[below]
    return sample.values[below] + (place - below) * step


def geometric_breaks(sample: SortedSample, classes: int) -> Floats:
    """Widths that grow by a constant factor: a geometric series on ``x - min + c``, ``c`` one hundredth of the range.

    So the scale runs from c to 101 c in every driver, zero and negative values need no special case, and the classes do
    not depend on the unit or its zero (degrees Celsius or kelvin).
    """
    low, high = sample.values[0], sample.values[-1]
    shift = (high - low) / 100
    return low + shift * (101.0 ** (np.arange(1, classes) / classes) - 1)


def sd_breaks(sample: SortedSample, classes: int) -> Floats:
    """Steps of 1, 1/2, 1/4, ... standard deviation about the mean: the widest whose outermost break is within 2.

    Even numbers of classes have a break at the mean, odd ones a class about it. Sample standard deviation (n - 1).
    """
    outermost = (classes - 2) / 2
    step = 1.0
    while outermost * step > 2:
        step /= 2
    places = np.arange(classes - 1) - outermost
    return sample.values.mean() + places * step * sample.values.std(ddof=1)


_RULES: dict[str, Callable[[SortedSample, int], Floats]] = {
    "equal": equal_breaks,
    "quantile": quantile_breaks,
    "geometric": geometric_breaks,
    "sd": sd_breaks,
}


def _without_empty_classes(sample: SortedSample, breaks: Floats) -> Floats:
    ends = np.searchsorted(sample.values, breaks, side="right")
    holds_samples = np.diff(ends, prepend=0) > 0
    return breaks[holds_samples & (ends < len(sample.values))]


def natural_breaks(sample: SortedSample, classes: Iterable[int], exact: int = EXACT_NATURAL) -> dict[int, Breaks]:
    """Natural breaks: the classes with the least sum of squares about their means (Fisher 1958, JASA 53:789; Jenks).

    A dynamic programme over the distinct values with their counts, all numbers of classes at once. The start of the
    last class only moves up as samples are added, so each layer is solved by halving in O(m log m) instead of O(m²).
    Above ``exact`` distinct values neighbours are first grouped, the finest groups where values are dense; the breaks
    of the groups are then moved to the nearest local optimum of the ungrouped values. With Q the optimum of the groups
    and W the sum of squares within groups, no classification has less than (sqrt Q - sqrt W)²: this bounds the excess.
    All of this holds to the round-off of the total sum of squares; tighter clusters than that have no bound.

    Args:
        sample: the driver.
        classes: numbers of classes, each less than the number of distinct values.
        exact: most distinct values that are not grouped, and the number of groups above it.

    Returns:
        Breaks by number of classes; each break is the highest value of its class.
    """
    numbers = sorted(set(classes))
    if not numbers:
        return {}
    values = _standardised(sample)
    grouped = len(values) > exact
    starts = _group_starts(values, sample.counts, exact) if grouped else np.arange(len(values))
    weights = np.add.reduceat(sample.counts, starts)
    means = np.add.reduceat(sample.counts * values, starts) / weights
    partitions = _least_squares_partitions(means, weights, numbers)
    if not grouped:
        return {k: Breaks(sample.distinct[first - 1]) for k, first in partitions.items()}

    within_groups = np.repeat(means, np.diff(starts, append=len(values)))
    scatter = float(np.sum(sample.counts * (values - within_groups) ** 2))
    count, total = _running(sample.counts), _running(sample.counts * values)
    round_off = 1e-14 * float(np.sum(weights * means**2))
    found = {}
    for k, first in partitions.items():
        optimum = max(_within(means, weights, first) - round_off, 0.0)
        least = max(np.sqrt(optimum) - np.sqrt(scatter), 0.0) ** 2
        settled = _settled(values, count, total, starts[first])
        reached = _within(values, sample.counts, settled)
        found[k] = Breaks(sample.distinct[settled - 1], float(reached / least - 1) if least > 0 else float("inf"))
    return found


def _standardised(sample: SortedSample) -> Floats:
    """Distinct values about their mean in units of their spread: sums of squares then lose no digits."""
    centred = sample.distinct - np.average(sample.distinct, weights=sample.counts)
    return centred / np.abs(centred).max()


def _group_starts(values: Floats, counts: Floats, groups: int) -> Integers:
    """First value of each group, at equal steps of a path along the values.

    Half of the path is the summed cube root of count * gap², the density of groups with the least error (Panter & Dite
    1951, Proceedings of the IRE 39:44); the other half is the rank, so that a few wide gaps cannot take all groups.
    """
    path = np.cumsum(np.cbrt(counts[1:] * np.diff(values) ** 2))
    path = path / path[-1] + np.arange(1, len(values)) / len(values)
    group = (path * (groups / 2)).astype(np.int64)
    return np.concatenate(([0], np.flatnonzero(np.diff(group, prepend=0)) + 1))


def _within(values: Floats, weights: Floats, first: Integers) -> float:
    """Sum of squares about the class means; ``first`` is where the second and later classes start."""
    starts = np.concatenate(([0], first))
    means = np.add.reduceat(weights * values, starts) / np.add.reduceat(weights, starts)
    return float(np.sum(weights * (values - np.repeat(means, np.diff(starts, append=len(values)))) ** 2))


def _settled(values: Floats, count: Floats, total: Floats, first: Integers) -> Integers:
    """Moves each break halfway between its classes' means until nothing moves; each move lowers the sum of squares."""
    for _ in range(100):
        ends = np.concatenate(([0], first, [len(values)]))
        means = np.diff(total[ends]) / np.diff(count[ends])
        moved = np.searchsorted(values, (means[1:] + means[:-1]) / 2, side="right")
        if np.array_equal(moved, first):
            break
        first = moved
    return first


def _running(values: Floats) -> Floats:
    return np.concatenate(([0.0], np.cumsum(values)))


def _least_squares_partitions(values: Floats, weights: Floats, numbers: list[int]) -> dict[int, Integers]:
    """Where the second and later classes of the best partition start, by number of classes.

    The least sum within classes is the greatest sum between them, ``sum of total² / count``, cheaper to add up.
    """
    count, total = _running(weights), _running(weights * values)
    size = len(values)
    best = np.zeros(size + 1)
    best[1:] = total[1:] ** 2 / count[1:]
    layers: list[Integers] = []
    for classes in range(2, numbers[-1] + 1):
        best, last_start = _one_class_more(best, count, total, classes)
        layers.append(last_start)
    found = {}
    for k in numbers:
        first, end = [], size
        for last_start in reversed(layers[: k - 1]):
            end = int(last_start[end])
            first.append(end)
        found[k] = np.array(first[::-1], dtype=np.int64)
    return found


def _one_class_more(best: Floats, count: Floats, total: Floats, classes: int) -> tuple[Floats, Integers]:
    """One layer of the dynamic programme.

    Args:
        best: (m + 1,) greatest sum between ``classes - 1`` classes of the first 0..m values.
        count: (m + 1,) running counts.
        total: (m + 1,) running totals.
        classes: number of classes of the new layer.

    Returns:
        The same for ``classes``, and where its last class starts; undefined for fewer values than classes.
    """
    size = len(best) - 1
    better = np.zeros(size + 1)
    last_start = np.zeros(size + 1, dtype=np.int64)
    last_start[classes - 1] = classes - 1

    def solve(ends: Integers, lowest: Integers, highest: Integers) -> None:
        lengths = highest - lowest + 1
        offsets = np.cumsum(lengths) - lengths
        start = np.arange(int(lengths.sum())) - np.repeat(offsets - lowest, lengths)
        between = np.repeat(total[ends], lengths) - total[start]
        between *= between
        between /= np.repeat(count[ends], lengths) - count[start]
        between += best[start]
        greatest = np.maximum.reduceat(between, offsets)
        hits = np.flatnonzero(between == np.repeat(greatest, lengths))
        better[ends] = greatest
        last_start[ends] = start[hits[np.searchsorted(hits, offsets)]]

    solve(np.array([size]), np.array([classes - 1]), np.array([size - 1]))
    step = 1 << (size - classes + 1).bit_length()
    while step > 1:
        step //= 2
        ends = np.arange(classes - 1 + step, size, 2 * step)
        if len(ends):
            after = np.minimum(ends + step, size)
            solve(ends, last_start[ends - step], np.minimum(last_start[after], ends - 1))
    return better, last_start
