"""The grid of composites: that of a reference raster, one over a boundary, or the one that most scenes lie on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from osgeo import osr

from ...errors import GridError, InputError
from ...messages import say
from ...progress import Progress
from ...raster.dataset import call_gdal
from ...raster.grid import Grid, same_crs
from ...raster.reading.source import footprint
from ..importing.study_grid import bounds_in, empty_raster
from .reading import grid_of
from .scene import Scene

_MOST_PIXELS = 2**40
_NEXT_TO = 1e-6  # of a pixel


def grid_over_scenes(
    scenes: Sequence[Scene], boundary: str | None, crs: str, cell: float, folder: str, progress: Progress
) -> str:
    """An empty raster over all scenes, cut to the boundary, on the pixels of the CRS that most scenes lie in.

    Args:
        scenes: that are used.
        boundary: polygons; None for none.
        crs: instead of that of the scenes; its pixels begin at multiples of the cell.
        cell: instead of the scenes' own; 0 takes theirs.
        folder: where the raster goes.
        progress: told of the grid.

    Raises:
        InputError: a scene cannot be read, or the CRS is not known.
        GridError: the boundary lies beyond all scenes, or the grid would have more pixels than can be.
    """
    grids = [grid_of(scene.bands.get("red") or next(iter(scene.bands.values()))) for scene in scenes]
    base = _of_most(grids)
    if crs or cell:
        base = _changed(base, crs, cell)
    bounds = [grid.bounds if same_crs(grid, base) else footprint(grid, base) for grid in grids]
    there = [box for box in bounds if box is not None]
    if not there:
        raise GridError(say("The scenes lie beyond what CRS {crs} can show. Choose another.", crs=base.crs_name))
    box = [pick(values) for pick, values in zip((min, min, max, max), zip(*there))]
    if boundary:
        target = base.spatial_reference()
        study = bounds_in(boundary, target)
        box = [max(box[0], study[0]), max(box[1], study[1]), min(box[2], study[2]), min(box[3], study[3])]
        if box[0] >= box[2] or box[1] >= box[3]:
            raise GridError(say("No scene lies over the study boundary. Check its CRS, or order the scenes over it."))
    grid = _snapped(base, box)
    progress.info(
        say(
            "Grid of the composites: {width} x {height} pixels of {across} x {down} in {crs}.",
            width=grid.width,
            height=grid.height,
            across=f"{grid.pixel_width:.10g}",
            down=f"{grid.pixel_height:.10g}",
            crs=grid.crs_name,
        )
    )
    return empty_raster(grid, folder)


def _of_most(grids: Sequence[Grid]) -> Grid:
    """The first grid of the CRS that most of them have."""
    groups: list[list[Grid]] = []
    for grid in grids:
        group = next((group for group in groups if same_crs(group[0], grid)), None)
        groups.append([grid]) if group is None else group.append(grid)
    return max(groups, key=len)[0]


def _changed(base: Grid, crs: str, cell: float) -> Grid:
    """A grid in another CRS, or with other pixels, whose corners lie at multiples of the cell."""
    if not (math.isfinite(cell) and cell >= 0):
        raise InputError(say("CELL_SIZE is {cell}. Give the size of a pixel in units of the CRS.", cell=cell))
    wkt = base.crs
    if crs:
        target = osr.SpatialReference()
        what = say("The CRS {crs!r} is not known", crs=crs)
        call_gdal(what, InputError, lambda: target.SetFromUserInput(crs) == 0 or None)
        wkt = target.ExportToWkt()
        if not cell:
            raise InputError(say("Give CELL_SIZE, the size of a pixel in units of {crs}.", crs=crs))
    return Grid(1, 1, (0.0, cell, 0.0, 0.0, 0.0, -cell), wkt)


def _snapped(base: Grid, box: Sequence[float]) -> Grid:
    """The grid over bounds, outwards to whole pixels of the base."""
    x0, dx, _, y0, _, dy = base.transform
    dy = -abs(dy)
    left, right = math.floor((box[0] - x0) / dx + _NEXT_TO), math.ceil((box[2] - x0) / dx - _NEXT_TO)
    top, bottom = math.floor((box[3] - y0) / dy + _NEXT_TO), math.ceil((box[1] - y0) / dy - _NEXT_TO)
    width, height = right - left, bottom - top
    if not 0 < width * height < _MOST_PIXELS or max(width, height) > 2**31 - 1:
        raise GridError(
            say("CELL_SIZE {cell} makes a grid of {width} x {height} pixels.", cell=dx, width=width, height=height)
        )
    return Grid(width, height, (x0 + left * dx, dx, 0.0, y0 + top * dy, 0.0, dy), base.crs)
