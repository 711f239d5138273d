"""Sums of pixels by cell of a fishnet, gathered strip by strip; finished rows are handed on, so memory stays small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Callable, Union

import numpy as np
from scipy import sparse

from ...raster.tally import Sums
from ...raster.windows import Window
from ...raster.work import Block, Result
from .fishnet import Axis

Plane = tuple[str, Union[str, int]]
"""Key of a sum: the source, and `WEIGHT`, `VALUE` or a class code."""

WEIGHT, VALUE = "weight", "value"
Planes = Mapping[Plane, np.ndarray]


class CellSums(Sums):
    """The sums of a block, with planes over the cells that it touches.

    Attributes:
        row, column: the first of those cells.
        planes: sums in pixels by key, shape (rows, columns).
    """

    def __init__(self, row: int, column: int, planes: Planes) -> None:
        super().__init__()
        self.row, self.column, self.planes = row, column, planes


@dataclass(frozen=True)
class CellKernel:
    """Sums values and valid pixels by cell; a pixel on a border counts in each cell by the share that lies there.

    The pixels P of a block become cells by two thin matrices, (rows of cells, rows) P (columns, columns of cells).

    Attributes:
        columns, rows: the fishnet.
        amounts: sources whose values are summed.
        classes: sources whose codes are counted one by one.
        sums: of the amounts, those whose values are amounts of the pixels, which no area weighs.
        row_weights: area of the pixels of each row; None where all have one area.
    """

    columns: Axis
    rows: Axis
    amounts: tuple[str, ...]
    classes: tuple[str, ...]
    sums: tuple[str, ...] = ()
    row_weights: np.ndarray | None = None

    def __call__(self, block: Block) -> Result:
        window = block.window
        row, down = self.rows.overlaps(window.row, window.height)
        column, across = self.columns.overlaps(window.column, window.width)

        weighted = down if self.row_weights is None else down @ sparse.diags(self.row_weights[_rows_of(window)])

        def by_cell(pixels: np.ndarray, weigh: bool = True) -> np.ndarray:
            return np.asarray((across @ ((weighted if weigh else down) @ pixels.astype(np.float64)).T).T)

        planes: dict[Plane, np.ndarray] = {}
        for name in self.amounts:
            valid = block.valid[name]
            if valid.any():
                planes[name, WEIGHT] = by_cell(valid)
                # A pixel outside the boundary is not valid but keeps its value.
                planes[name, VALUE] = by_cell(np.where(valid, block.values[name], 0), name not in self.sums)
        for name in self.classes:
            codes, valid = block.values[name], block.valid[name]
            for code in np.unique(codes[valid]).tolist():
                planes[name, int(code)] = by_cell(valid & (codes == code))
        return Result(sums=CellSums(row, column, planes))


def _rows_of(window: Window) -> slice:
    return slice(window.row, window.row + window.height)


class StripTally(Sums):
    """Adds up the sums of blocks that come row of windows by row of windows, and hands on finished rows of cells.

    Args:
        columns: cells in a row.
        finish: gets the first row and the planes, shape (rows, columns), of rows that no later block touches.
    """

    def __init__(self, columns: int, finish: Callable[[int, Planes], None]) -> None:
        super().__init__()
        self._columns, self._finish = columns, finish
        self._top = 0
        self._planes: dict[Plane, np.ndarray] = {}

    def merge(self, other: Sums) -> None:
        if isinstance(other, CellSums):
            self._hand_on(other.row)
            for key, addend in other.planes.items():
                rows, columns = addend.shape
                plane = self._plane(key, rows)
                plane[:rows, other.column : other.column + columns] += addend
        super().merge(other)

    def close(self) -> None:
        """Hands on the rest, after the last block."""
        self._hand_on(self._top + max((len(plane) for plane in self._planes.values()), default=0))

    def _plane(self, key: Plane, rows: int) -> np.ndarray:
        plane = self._planes.get(key, np.zeros((0, self._columns)))
        if len(plane) < rows:
            plane = np.vstack([plane, np.zeros((rows - len(plane), self._columns))])
        self._planes[key] = plane
        return plane

    def _hand_on(self, row: int) -> None:
        """Hands on the rows above `row`, which begins the next row of windows."""
        height = max((len(plane) for plane in self._planes.values()), default=0)
        finished = min(row - self._top, height)
        if finished > 0:
            padded = {key: self._plane(key, finished) for key in list(self._planes)}
            self._finish(self._top, {key: plane[:finished] for key, plane in padded.items()})
            self._planes = {key: plane[finished:] for key, plane in padded.items() if len(plane) > finished}
        self._top = max(self._top, row)
