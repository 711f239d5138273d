"""How much of each water body takes part: the share of its whole area, wherever boundary, edge or nodata cut it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from osgeo import ogr, osr

from ...progress import Progress
from ...raster.area import SQUARE_METRES_PER_HA
from ...raster.classes import ClassIndex
from ...raster.engine import run_job
from ...raster.grid import Grid, transformation_between
from ...raster.reading.source import Source
from ...raster.study import StudyArea
from ...raster.tally import Sums, sum_by_class
from ...raster.work import Block, Result
from ...raster.zones.polygons import Zones, zone_geometries

WHOLE = 1 - 1e-6  # a larger share differs from 1 by rounding alone


@dataclass(frozen=True, eq=False)
class Parts:
    """Areas of objects; where objects overlap each counts all of its own.

    Attributes:
        whole_ha: of the whole object, beyond the grid too, shape (objects,); 0 without a pixel.
        counted_ha: of its part within the boundary where land cover has a value, shape (years, objects).
        share_per_ha: of the whole object that a hectare on the grid stands for, shape (objects,); 0 without a pixel.
    """

    whole_ha: np.ndarray
    counted_ha: np.ndarray
    share_per_ha: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """Counted share of each object, shape (years, objects)."""
        return self.counted_ha * self.share_per_ha


def parts_of_objects(
    path: str, zones: Zones, area: StudyArea, land_cover: Sequence[Source], progress: Progress
) -> Parts:
    """Measures the parts of polygons that take part in a run.

    On the grid a polygon has the pixels whose centres it holds; what lies beyond the grid is measured by its shape.

    Args:
        path: of the polygons.
        zones: the polygons burned on the grid, by feature.
        area: the study area.
        land_cover: of each year.
        progress: gets advance.
    """
    count = len(zones.names)
    sets = zones.sets or tuple((i,) for i in range(count))
    body = zones.source
    of_run = _PartsKernel(body.name, ClassIndex.of_codes(range(1, len(sets) + 1)), _names(land_cover), area.common)
    of_grid = replace(of_run, masks=(body.name,))
    run = run_job(area.job(of_run, [body, *land_cover], gate=[body.name]), progress.part(0, 60))
    grid = run_job(replace(area.job(of_grid, [body]), boundary=None), progress.part(60, 100))
    counted = np.stack([_by_object(run.sums[f"area:{year}"], sets, count) for year in range(len(land_cover))])
    on_grid = _by_object(grid.sums["area:0"], sets, count)
    shapes: dict[str, ogr.Geometry] = dict(zone_geometries(path, None, area.grid))
    inside, shape_ha = np.array([share_on_grid(shapes[name], area.grid) for name in zones.names]).T
    whole = np.where(inside < WHOLE, shape_ha, on_grid) * (on_grid > 0)
    per_ha = np.divide(np.where(inside < WHOLE, inside, 1.0), on_grid, out=np.zeros(count), where=on_grid > 0)
    return Parts(whole, counted, per_ha)


def share_on_grid(shape: ogr.Geometry, grid: Grid) -> tuple[float, float]:
    """Share of a polygon's area within the extent of a grid, and its whole area in hectares.

    Areas are planar, as those of pixels, on projected grids; geographic ones are laid out by the equal-area cylinder.
    """
    reference = grid.spatial_reference()
    frame = _extent(grid)
    cut = None if frame.Contains(shape) else shape.Intersection(frame)
    metres = 1.0
    whole = shape.Clone()
    if reference.IsProjected():
        metres = reference.GetLinearUnits() ** 2
    else:
        flat = osr.SpatialReference()
        flat.ImportFromProj4(f"+proj=cea +a={reference.GetSemiMajor()} +b={reference.GetSemiMinor()} +units=m +over")
        source = reference.CloneGeogCS()
        source.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        to_plane = transformation_between(source, flat)
        whole.Transform(to_plane)
        if cut is not None:
            cut.Transform(to_plane)
    area = whole.GetArea()
    inside = 1.0 if cut is None or not area else cut.GetArea() / area
    return inside, area * metres / SQUARE_METRES_PER_HA


def _extent(grid: Grid) -> ogr.Geometry:
    left, top = grid.transform[0], grid.transform[3]
    right, bottom = left + grid.width * grid.transform[1], top + grid.height * grid.transform[5]
    corners = ", ".join(f"{x!r} {y!r}" for x, y in ((left, top), (right, top), (right, bottom), (left, bottom)))
    return ogr.CreateGeometryFromWkt(f"POLYGON(({corners}, {left!r} {top!r}))")


def _by_object(by_set: np.ndarray, sets: Sequence[Sequence[int]], count: int) -> np.ndarray:
    """Sums by set of objects that lie over one another as sums by object."""
    held = np.zeros(count)
    for amount, objects in zip(by_set, sets):
        held[list(objects)] += amount
    return held


def _names(sources: Sequence[Source]) -> tuple[str, ...]:
    return tuple(source.name for source in sources)


@dataclass(frozen=True, eq=False)
class _PartsKernel:
    """Areas by number of the burned polygons where each mask, or all of them in `common`, is valid."""

    bodies: str
    index: ClassIndex
    masks: tuple[str, ...]
    common: bool

    def __call__(self, block: Block) -> Result:
        numbers = self.index(block.values[self.bodies])
        classes = self.index.unknown + 1
        together = block.all_valid(self.masks) if self.common else None
        sums = {}
        for number, name in enumerate(self.masks):
            seen = block.valid[self.bodies] & (block.valid[name] if together is None else together)
            by_set = sum_by_class(np.where(seen, numbers, self.index.unknown), classes, block.areas_ha)
            sums[f"area:{number}"] = by_set[:-1]
        return Result(sums=Sums(sums))
