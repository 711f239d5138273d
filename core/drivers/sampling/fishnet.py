"""A fishnet of square cells over a raster, snapped to a stated point, and what each pixel gives to each cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ...errors import InputError
from ...messages import say
from ...raster.area import band_areas_ha, pixel_areas_ha
from ...raster.grid import Grid
from ...raster.lengths import metres_per_unit

MOST_CELLS = 20_000_000
SNAP_PX = 1e-6
"""Edges of pixels and cells that are nearer than this are the same: corners in files are rounded."""


@dataclass(frozen=True)
class Axis:
    """Cells along the columns or the rows of a raster, numbered from 0 in the order of its pixels.

    Attributes:
        origin: coordinate at which a cell begins.
        size: width of a cell in units of the CRS, negative where coordinates fall along the pixels.
        corner: coordinate of the edge of the first pixel.
        pixel: width of a pixel, of the sign of `size`.
        pixels: number of pixels.
    """

    origin: float
    size: float
    corner: float
    pixel: float
    pixels: int

    @property
    def step(self) -> float:
        """Width of a pixel in cells."""
        return self.pixel / self.size

    def edges(self, start: int, count: int) -> np.ndarray:
        """The edges of `count` pixels from `start`, in cells from the origin, shape (count + 1,)."""
        edges = (self.corner + self.pixel * np.arange(start, start + count + 1) - self.origin) / self.size
        whole = np.round(edges)
        return np.where(np.abs(edges - whole) < SNAP_PX * self.step, whole, edges)

    @property
    def first(self) -> int:
        """The cell of the first pixel, counted from the origin."""
        return int(np.floor(self.edges(0, 0)[0]))

    @property
    def cells(self) -> int:
        """Number of cells that the raster touches."""
        return int(np.ceil(self.edges(self.pixels, 0)[0])) - self.first

    def centres(self) -> np.ndarray:
        """Coordinates of the middle of the cells, shape (cells,)."""
        return self.origin + self.size * (self.first + np.arange(self.cells) + 0.5)

    def overlaps(self, start: int, count: int) -> tuple[int, sparse.csr_matrix]:
        """What share of each pixel lies in each cell.

        Returns:
            The first cell that the pixels touch, and a sparse matrix (cells from there, count) whose columns sum to 1.
        """
        edges = self.edges(start, count)
        low, high = edges[:-1], edges[1:]
        cell = np.floor(low).astype(np.int64)
        share = (np.minimum(high, cell + 1) - low) / (high - low)
        crossing = np.flatnonzero(share < 1)
        cells = np.concatenate([cell, cell[crossing] + 1])
        pixels = np.concatenate([np.arange(count), crossing])
        shares = np.concatenate([share, 1 - share[crossing]])
        shape = (int(cells.max() - cell[0]) + 1, count)
        return int(cell[0]) - self.first, sparse.csr_matrix((shares, (cells - cell[0], pixels)), shape=shape)


@dataclass(frozen=True, eq=False)
class Fishnet:
    """Cells over a raster, square on the ground; on a grid in degrees they are so at its middle latitude.

    Attributes:
        columns, rows: the cells along the pixel columns and the pixel rows.
        crs: WKT.
        row_weights: area of the pixels of each row over that of the middle row; None where all have one area.
        shares: area of a pixel (of the middle row) as a share of a cell, by row of cells, shape (rows, 1).
    """

    columns: Axis
    rows: Axis
    crs: str
    row_weights: np.ndarray | None
    shares: np.ndarray

    @property
    def width(self) -> float:
        """Width of a cell in units of the CRS."""
        return abs(self.columns.size)

    @property
    def height(self) -> float:
        """Height of a cell in units of the CRS."""
        return abs(self.rows.size)

    @property
    def origin(self) -> tuple[float, float]:
        return self.columns.origin, self.rows.origin

    def numbers(self, row: int, count: int) -> np.ndarray:
        """Cell numbers of `count` rows from `row`, shape (count, columns): from 1, west to east, north to south."""
        of_row = np.arange(row, row + count)
        of_column = np.arange(self.columns.cells)
        if self.rows.size > 0:
            of_row = self.rows.cells - 1 - of_row
        if self.columns.size < 0:
            of_column = self.columns.cells - 1 - of_column
        return 1 + of_row[:, None] * self.columns.cells + of_column[None, :]


def fishnet(grid: Grid, cell_size_m: float, origin: tuple[float, float] | None = None) -> Fishnet:
    """The fishnet that covers a raster.

    Args:
        grid: of the raster.
        cell_size_m: side of a cell, metres.
        origin: a corner of the cells in units of the CRS; the corner of the first pixel where None.

    Raises:
        GridError: the CRS is neither projected nor geographic.
        InputError: cells smaller than a pixel, or too many.
    """
    if not np.isfinite(cell_size_m) or cell_size_m <= 0:
        raise InputError(
            say("The cell size must be a positive number of metres; it is {cell_size_m}.", cell_size_m=cell_size_m)
        )
    width, height = (cell_size_m / metres for metres in metres_per_unit(grid))
    left, top = (grid.transform[0], grid.transform[3]) if origin is None else origin
    columns = _axis(left, width, grid.transform[0], grid.transform[1], grid.width)
    rows = _axis(top, height, grid.transform[3], grid.transform[5], grid.height)
    net = Fishnet(columns, rows, grid.crs, *_areas(grid, columns, rows))
    largest = max(net.columns.step, net.rows.step)
    if largest > 1 + SNAP_PX:
        raise InputError(
            say(
                "Cells of {cell_size_m:g} m are smaller than the pixels of the first raster ({largest:g} m), "
                "so neighbouring cells would repeat one value. Choose larger cells.",
                cell_size_m=cell_size_m,
                largest=largest * cell_size_m,
            )
        )
    count = net.columns.cells * net.rows.cells
    if count > MOST_CELLS:
        raise InputError(
            say(
                "Cells of {cell_size_m:g} m make {count} cells, more than {most_cells}. Choose larger cells.",
                cell_size_m=cell_size_m,
                count=count,
                most_cells=MOST_CELLS,
            )
        )
    return net


def _axis(origin: float, side: float, corner: float, pixel: float, pixels: int) -> Axis:
    return Axis(origin, float(np.copysign(side, pixel)), corner, pixel, pixels)


def _areas(grid: Grid, columns: Axis, rows: Axis) -> tuple[np.ndarray | None, np.ndarray]:
    """Weights of the pixel rows, and the share of a pixel in a cell, by row of cells."""
    reference = grid.spatial_reference()
    if not reference.IsGeographic():
        return None, np.full((rows.cells, 1), columns.step * rows.step)
    pixels = pixel_areas_ha(grid)
    middle = pixels[grid.height // 2]
    edges = rows.origin + rows.size * (rows.first + np.arange(rows.cells + 1))
    cells = band_areas_ha(edges, abs(columns.size), reference)
    return pixels / middle, (middle / cells)[:, np.newaxis]
