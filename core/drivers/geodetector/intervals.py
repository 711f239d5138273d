"""The intervals of a driver that explain y best of all: an upper bound of q, which noise raises with every interval.

Source: Zhang, Song & Wu 2022, 10.1016/j.jag.2022.102782 (robust geographical detector).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .discretise import SortedSample
from .statistics import Floats, Integers

MOST_BINS = 1_000
"""Up to this many distinct values intervals are exact; of more, limits are sought between bins of equal count."""


@dataclass(frozen=True, eq=False)
class BestIntervals:
    """Finds, for any y, the intervals of x with the greatest q, by a dynamic programme over bins of x.

    Attributes:
        uppers: (bins,) highest value of x in each bin.
        starts: (bins,) first of the sorted rows in each bin.
        count: (bins + 1,) rows up to each bin.
        classes: numbers of intervals that are sought, rising, none more than bins.
    """

    uppers: Floats
    starts: Integers
    count: Floats
    classes: tuple[int, ...]

    @classmethod
    def of(cls, sample: SortedSample, classes: Iterable[int]) -> BestIntervals:
        starts = sample.starts
        if len(starts) > MOST_BINS:
            wanted = np.arange(MOST_BINS) * (len(sample.values) / MOST_BINS)
            starts = np.unique(starts[np.searchsorted(starts, wanted, side="right") - 1])
        ends = np.append(starts[1:], len(sample.values))
        count = np.append(0, ends).astype(np.float64)
        return cls(sample.values[ends - 1], starts, count, tuple(k for k in sorted(set(classes)) if k <= len(starts)))

    def solve(self, y: Floats) -> dict[int, tuple[float, Floats]]:
        """The sum of squares between the best intervals and their inner limits, by number of intervals.

        Args:
            y: (n,) about its mean, in the order of x.
        """
        if not self.classes:
            return {}
        total = np.append(0.0, np.cumsum(np.add.reduceat(y, self.starts)))
        rows = self.count[np.newaxis, :] - self.count[:, np.newaxis]
        with np.errstate(divide="ignore", invalid="ignore"):
            between = np.where(rows > 0, (total[np.newaxis, :] - total[:, np.newaxis]) ** 2 / rows, -np.inf)
        best, froms = between[0], []
        found = {}
        for k in range(2, self.classes[-1] + 1):
            sums = best[:, np.newaxis] + between
            froms.append(np.argmax(sums, axis=0))
            best = np.take_along_axis(sums, froms[-1][np.newaxis, :], axis=0)[0]
            if k in self.classes:
                found[k] = float(best[-1]), self.uppers[_limits(froms) - 1]
        return found


def _limits(froms: list[Integers]) -> Integers:
    """Where the second and later intervals start, from the last bin back."""
    end, starts = len(froms[-1]) - 1, []
    for layer in reversed(froms):
        end = int(layer[end])
        starts.append(end)
    return np.array(starts[::-1], dtype=np.int64)
