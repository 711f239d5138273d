"""Points that are the cells of a regular grid: found, numbered, and used as a raster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SPARSEST = 20  # raster cells for each point, above which points are not treated as a grid


@dataclass(frozen=True)
class RegularGrid:
    """Columns and rows of n points on a grid of `shape` (rows, columns) and `step` (x, y)."""

    column: np.ndarray
    row: np.ndarray
    step: tuple[float, float]
    shape: tuple[int, int]

    @property
    def cell(self) -> np.ndarray:
        """Position of each point in the raster read row by row, shape (n,)."""
        return self.row * self.shape[1] + self.column


def regular_grid(coordinates: np.ndarray) -> RegularGrid | None:
    """The grid on which the points (n, 2) lie, or None when they lie on none or hardly fill it."""
    column, step_x = _numbered(coordinates[:, 0])
    row, step_y = _numbered(coordinates[:, 1])
    if column is None or row is None:
        return None
    step_x, step_y = step_x or step_y, step_y or step_x
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    if not step_x or shape[0] * shape[1] > _SPARSEST * len(coordinates) + 1000:
        return None
    return RegularGrid(column, row, (step_x, step_y), shape)


def _numbered(values: np.ndarray) -> tuple[np.ndarray | None, float]:
    """Whole numbers of steps from the lowest value, and the step; step 0 when all are equal."""
    distinct = np.unique(values)
    rounding = 1e-9 * max(abs(distinct[0]), abs(distinct[-1]))
    gaps = np.diff(distinct)
    gaps = gaps[gaps > rounding]
    if not gaps.size:
        return np.zeros(len(values), dtype=np.int64), 0.0
    extent = distinct[-1] - distinct[0]
    step = extent / np.round(extent / gaps.min())
    numbers = (values - distinct[0]) / step
    whole = np.round(numbers)
    if np.max(np.abs(numbers - whole)) > 1e-3:
        return None, 0.0
    return whole.astype(np.int64), float(step)
