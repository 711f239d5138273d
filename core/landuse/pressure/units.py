"""The areas over which a pressure is averaged: a moving window, zones, or the cells of a fishnet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Union

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import Progress
from ...raster.grid import Grid
from ...raster.lengths import pixel_metres
from ...raster.reading.source import Source
from ...raster.study import StudyArea
from ...raster.work import Block
from ...raster.zones.zoning import ZoneLayer, Zoning, open_zoning

MOST_CELLS = 500_000


@dataclass(frozen=True)
class Unit:
    """Over which area the mean is taken.

    Attributes:
        kind: `window` about each pixel, `zones`, or a fishnet (`grid`).
        metres: edge of the window or of a cell of the fishnet.
        zones: for `zones`.
    """

    kind: Literal["window", "zones", "grid"] = "window"
    metres: float = 1000.0
    zones: ZoneLayer | None = None


@dataclass(frozen=True)
class Fishnet:
    """Cells of whole pixels from the upper left corner of the grid; those at the right and lower edge may be smaller.

    Attributes:
        rows: pixels per cell, downwards.
        columns: pixels per cell, to the right.
        down: cells below each other.
        across: cells beside each other.
    """

    rows: int
    columns: int
    down: int
    across: int

    @property
    def sources(self) -> tuple[Source, ...]:
        return ()

    @property
    def count(self) -> int:
        return self.down * self.across

    def name(self, number: int) -> str:
        """Row and column of a cell, from 1 in the upper left corner."""
        row, column = divmod(number, self.across)
        return f"r{row + 1}c{column + 1}"

    def numbers(self, block: Block) -> np.ndarray:
        """The cell of each pixel."""
        window = block.window
        row = np.arange(window.row, window.row + window.height) // self.rows
        column = np.arange(window.column, window.column + window.width) // self.columns
        return row[:, np.newaxis] * self.across + column


Units = Union[Zoning, Fishnet]


def open_units(unit: Unit, area: StudyArea, progress: Progress) -> Units:
    """The zones or the fishnet of a study area.

    Raises:
        InputError: zones are missing or cannot be read, or the cells are too small.
        GridError: zones do not overlap the grid.
    """
    if unit.kind == "zones":
        if unit.zones is None:
            raise InputError(say("The unit is zones, but no zones are given. Give ZONES, or choose window or grid."))
        return open_zoning(unit.zones, area, progress)
    fishnet = _fishnet(area.grid, unit.metres)
    progress.info(
        say(
            "The fishnet has {down} x {across} cells of {rows} x {columns} pixels.",
            down=fishnet.down,
            across=fishnet.across,
            rows=fishnet.rows,
            columns=fishnet.columns,
        )
    )
    return fishnet


def _fishnet(grid: Grid, metres: float) -> Fishnet:
    """Cells of the whole number of pixels nearest to a length; on geographic grids that of the middle row."""
    if not (math.isfinite(metres) and metres > 0):
        raise InputError(say("The cells are {metres:g} m wide. Give a positive number of metres.", metres=metres))
    across, down = (float(lengths[grid.height // 2]) for lengths in pixel_metres(grid))
    rows, columns = max(1, round(metres / down)), max(1, round(metres / across))
    net = Fishnet(rows, columns, -(-grid.height // rows), -(-grid.width // columns))
    if net.count > MOST_CELLS:
        raise InputError(
            say(
                "Cells of {metres:g} m make {count} cells, more than a table can hold. Give a larger WINDOW.",
                metres=metres,
                count=net.count,
            )
        )
    return net
