"""Distances along rows when those along columns are known: the second half of an exact Euclidean distance transform.

In a row the square of the distance is ``min over j of (x - x_j)² + h_j``, h being the square of the distance within
column j: the lower envelope of parabolas of one shape (Felzenszwalb & Huttenlocher 2012, Theory of Computing
8(19):415-428). Of two neighbours the right one is lower from their border on; a parabola whose borders are not in order
is nowhere the lowest. The rows stand behind each other on one line, so that whole arrays do the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

# While more than one parabola in so many goes, all are looked at again; then only those beside one that went.
MANY = 16


def nearest_in_rows(within_columns: np.ndarray, pitch: np.ndarray, reach: float) -> np.ndarray:
    """Distance to the nearest place, given the distance to the nearest one in the same column.

    Args:
        within_columns: shape (rows, columns), infinite where there is none.
        pitch: from column to column in each row, shape (rows, 1).
        reach: the largest distance that matters.

    Returns:
        Float64 of the same shape; what lies beyond the reach may be infinite.
    """
    rows, columns = within_columns.shape
    near = within_columns <= reach
    place = np.flatnonzero(near)
    found = np.full(near.shape, np.inf)
    if not place.size:
        return found
    lowest = _Parabolas.of(place, np.square((within_columns / pitch)[near]), rows, columns).lowest()
    edges = np.ceil(lowest.borders()).astype(np.intp)
    counts = np.diff(edges)
    distance = np.arange(edges[0], edges[-1], dtype=np.float64)
    distance -= np.repeat(lowest.place[1:-1], counts)
    np.square(distance, out=distance)
    distance += np.repeat(lowest.height[1:-1], counts)
    np.sqrt(distance, out=found.reshape(-1)[edges[0] : edges[-1]])
    found *= pitch
    found[~near.any(axis=1)] = np.inf  # such rows lie between two others
    return found


@dataclass(frozen=True, eq=False)
class _Parabolas:
    """Parabolas from left to right, float64; the first and the last one stand before the first and behind the last row.

    Attributes:
        place: where they are the lowest.
        height: there.
        row: first place of their row.
    """

    place: np.ndarray
    height: np.ndarray
    row: np.ndarray

    @classmethod
    def of(cls, place: np.ndarray, height: np.ndarray, rows: int, columns: int) -> _Parabolas:
        ends = np.concatenate([[-columns], place, [rows * columns]])
        return cls(ends.astype(np.float64), np.concatenate([[0.0], height, [0.0]]), (ends - ends % columns) * 1.0)

    def lowest(self) -> _Parabolas:
        """Those that are the lowest somewhere in their row."""
        left = self
        while True:
            borders = left.borders()
            keep = np.ones(left.place.size, dtype=bool)
            np.less(borders[:-1], borders[1:], out=keep[1:-1])
            if (keep.size - np.count_nonzero(keep)) * MANY < keep.size:
                return left._of(left._one_by_one(keep))
            left = left._of(keep)

    def borders(self) -> np.ndarray:
        """From where on the right one of two neighbours is the lower: at latest from the first pixel of its row."""
        return _border(self._of(np.s_[:-1]), self._of(np.s_[1:]))

    def _of(self, which: Any) -> _Parabolas:
        return _Parabolas(self.place[which], self.height[which], self.row[which])

    def _one_by_one(self, keep: np.ndarray) -> np.ndarray:
        """Which are left when those that `keep` lacks have gone, and what then stands out of order, and so on."""
        marked, keep = ~keep, np.ones_like(keep)
        before, after = np.arange(keep.size) - 1, np.arange(keep.size) + 1
        going = np.flatnonzero(marked)
        while going.size:
            # of a run the first alone goes: what stands behind it may stay then
            first = going[~marked[before[going]]]
            keep[first] = False
            after[before[first]], before[after[first]] = after[first], before[first]
            beside = np.concatenate([going[keep[going]], before[first], after[first]])
            marked[going] = False
            going = np.unique(beside[(beside > 0) & (beside < keep.size - 1)])
            here = self._of(going)
            starts, ends = _border(self._of(before[going]), here), _border(here, self._of(after[going]))
            going = going[starts >= ends]
            marked[going] = True
        return keep


def _border(left: _Parabolas, right: _Parabolas) -> np.ndarray:
    borders = right.height - left.height
    borders /= right.place - left.place
    borders += right.place + left.place
    borders *= 0.5
    np.copyto(borders, right.row - 0.5, where=left.row < right.row)
    return borders
