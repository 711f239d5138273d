"""The part of a raster that a study needs: the window over its bounds and some pixels around it."""

from __future__ import annotations

import math

from ..raster.grid import Grid
from ..raster.windows import Window

MARGIN = 4  # pixels around the study, for interpolation


def window_near(grid: Grid, bounds: tuple[float, float, float, float]) -> Window | None:
    """The window of a raster over bounds in its CRS (smallest x and y, largest x and y); None where they lie apart."""
    x0, dx, _, y0, _, dy = grid.transform
    columns = sorted(((bounds[0] - x0) / dx, (bounds[2] - x0) / dx))
    rows = sorted(((bounds[1] - y0) / dy, (bounds[3] - y0) / dy))
    left, right = max(0, math.floor(columns[0]) - MARGIN), min(grid.width, math.ceil(columns[1]) + MARGIN)
    top, bottom = max(0, math.floor(rows[0]) - MARGIN), min(grid.height, math.ceil(rows[1]) + MARGIN)
    inside = columns[0] < grid.width and columns[1] > 0 and rows[0] < grid.height and rows[1] > 0
    return Window(left, top, right - left, bottom - top) if inside and right > left and bottom > top else None
