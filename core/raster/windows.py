"""How a raster is cut into windows: aligned to the tiles of the outputs, sized to a memory budget."""

from __future__ import annotations

from dataclasses import dataclass

from .grid import Grid

TILE = 512
MAX_TILES_WIDE = 4
# Arrays of one block, inputs and outputs together. A handful of blocks are in flight at a time.
BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels."""

    column: int
    row: int
    width: int
    height: int


def cut_windows(grid: Grid, bytes_per_pixel: int, tile: int = TILE) -> list[Window]:
    """Windows that cover the grid row by row, one to four tiles wide, so that a block stays within its budget.

    The shape depends on the job alone, never on the number of threads: the same job adds up in the same order anywhere.
    """
    tiles_wide = max(1, min(MAX_TILES_WIDE, BLOCK_BYTES // (tile * tile * max(1, bytes_per_pixel))))
    step = tile * tiles_wide
    return [
        Window(column, row, min(step, grid.width - column), min(tile, grid.height - row))
        for row in range(0, grid.height, tile)
        for column in range(0, grid.width, step)
    ]
