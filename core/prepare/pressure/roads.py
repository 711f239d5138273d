"""Roads on a grid: metres to the nearest one, and kilometres of road per km2, measured on the ground."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from osgeo import gdal, ogr, osr

from ...errors import GridError, InputError
from ...messages import say
from ...progress import Progress
from ...quantities import ANY
from ...raster.dataset import call_gdal, memory_polygons
from ...raster.engine import run_job
from ...raster.files import intermediate_path
from ...raster.grid import Grid, transformation_between
from ...raster.lengths import pixel_metres
from ...raster.output import Band, Output
from ...raster.passes.nearest import write_by_distance
from ...raster.reading.source import Source
from ...raster.study import StudyArea
from ...raster.tally import Sums
from ...raster.windows import TILE
from ...raster.work import Block, Result
from ...raster.zones.polygon_layer import open_polygons

SEGMENTS_AT_ONCE = 1 << 17
_M_PER_KM, _HA_PER_KM2 = 1000.0, 100.0
_CLASSES_TOLD = 30


@dataclass(frozen=True)
class Roads:
    """Lines.

    Attributes:
        path: of a vector file, with `|layername=x` where it has several layers.
        field: that says the class of a road; "" for none.
        classes: that are taken; empty for all.
    """

    path: str
    field: str = ""
    classes: Collection[str] = ()


def write_road_distance(roads: Roads, path: str, area: StudyArea, scratch: str, progress: Progress) -> None:
    """Writes metres to the nearest pixel that a road touches, between centres of pixels.

    Roads outside of the grid of the study are not seen: near its edge distances may be too large.

    Raises:
        InputError: no road lies on the grid, or the lines cannot be read.
        OutputError: the raster cannot be written.
        Cancelled: the user stopped.
    """
    grid = area.grid
    touched = intermediate_path(scratch, "roads touched")
    _burn(roads, grid, touched, progress)
    across, down = pixel_metres(grid)
    reach = float(np.hypot(grid.width * across.max(), grid.height * down.max()))
    source = Source("roads", touched, kind="classes", label="ROADS")
    threads = area.settings.codec_threads
    near = write_by_distance(source, _metres, reach, grid, scratch, progress.part(10, 80), threads=threads)
    made = Output("distance", path, (Band("distance_to_road", "m"),))
    run_job(area.job(_Copied(near.name, "distance"), [near], [made]), progress.part(80, 100))


def write_road_density(roads: Roads, path: str, area: StudyArea, scratch: str, progress: Progress) -> float:
    """Writes kilometres of road per km2 of each pixel, where a path is given, and returns the kilometres of all pixels.

    Every line is cut where it leaves a pixel; pieces are measured on the ground.

    Raises:
        InputError, OutputError, Cancelled: as `write_road_distance`.
    """
    grid = area.grid
    metres = _metres_by_pixel(roads, grid, scratch, progress.part(0, 70))
    source = Source("road metres", metres, label="ROADS", measure=ANY)
    made = [Output("roads", path, (Band("roads", "km/km2"),))] if path else []
    found = run_job(area.job(_Density(source.name), [source], made), progress.part(70, 100))
    return float(found.sums["km"][0])


def _metres(distance: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(distance), distance, 0.0)


@dataclass(frozen=True)
class _Copied:
    """A raster within the study area."""

    name: str
    output: str

    def __call__(self, block: Block) -> Result:
        return Result({self.output: (block.values[self.name][np.newaxis], block.valid[self.name][np.newaxis])})


@dataclass(frozen=True)
class _Density:
    """Metres of road in a pixel as km per km2, and their sum."""

    name: str

    def __call__(self, block: Block) -> Result:
        km, valid = block.values[self.name] / _M_PER_KM, block.valid[self.name]
        density = km / (block.areas_ha / _HA_PER_KM2)
        sums = Sums({"km": np.array([km[valid].sum(dtype=np.float64)])})
        return Result({"roads": (density[np.newaxis], valid[np.newaxis])}, sums)


def _lines(roads: Roads, grid: Grid, progress: Progress, tell: bool = False) -> Iterator[ogr.Geometry]:
    """Line geometries in the CRS of the grid, of the classes that are wanted; tells of classes that occur nowhere."""
    opened = open_polygons(roads.path, "ROADS")
    layer, named = opened.layer, opened.named
    if roads.classes and not roads.field:
        raise InputError(say("ROAD_CLASSES needs ROAD_FIELD, the field that says the class of a road."))
    if roads.field:
        opened.require_field(roads.field)
    crs = layer.GetSpatialRef()
    if crs is None:
        raise GridError(
            say("{named} has no coordinate reference system. Assign the right one and run again.", named=named)
        )
    crs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    to_grid = transformation_between(crs, grid.spatial_reference())
    taken, held = 0, set()
    for number, feature in enumerate(layer):
        if number % 500 == 0:
            progress.check()
        if roads.classes:
            own = str(feature.GetField(roads.field))
            held.add(own)
            if own not in roads.classes:
                continue
        geometry = feature.GetGeometryRef()
        if geometry is None or geometry.IsEmpty():
            continue
        line = geometry.GetLinearGeometry()
        line.FlattenTo2D()
        if line.GetDimension() != 1:
            raise InputError(say("{named} holds points or polygons. Choose a layer of lines.", named=named))
        line.Transform(to_grid)
        taken += 1
        yield line
    if not taken:
        wanted = ", ".join(roads.classes)
        raise InputError(
            say("{named} holds no road of the class {wanted}.", named=named, wanted=wanted)
            if wanted
            else say("{named} holds no lines.", named=named)
        )
    missing = [name for name in roads.classes if name not in held]
    if tell and missing:
        progress.warn(
            say(
                "{named} holds no road of the class {wanted}; it holds {held}. Check how ROAD_CLASSES is written.",
                named=named,
                wanted=", ".join(missing),
                held=", ".join(sorted(held)[:_CLASSES_TOLD]),
            )
        )


def _burn(roads: Roads, grid: Grid, path: str, progress: Progress) -> None:
    options = ["TILED=YES", "COMPRESS=DEFLATE", "SPARSE_OK=TRUE"]
    create = gdal.GetDriverByName("GTiff").Create
    what = "Cannot rasterise the roads"
    raster = call_gdal(what, InputError, create, path, grid.width, grid.height, 1, gdal.GDT_Byte, options)
    raster.SetGeoTransform(grid.transform)
    raster.SetProjection(grid.crs)
    memory = memory_polygons()
    lines = memory.CreateLayer("roads", grid.spatial_reference(), ogr.wkbUnknown)
    for line in _lines(roads, grid, progress):
        feature = ogr.Feature(lines.GetLayerDefn())
        feature.SetGeometry(line)
        lines.CreateFeature(feature)
    burn = gdal.RasterizeLayer
    call_gdal(what, InputError, lambda: burn(raster, [1], lines, burn_values=[1], options=["ALL_TOUCHED=TRUE"]) or True)
    if not raster.GetRasterBand(1).ComputeRasterMinMax(False)[1]:
        raise InputError(say("No road of ROADS lies on the grid of the study: distances rest on nothing."))
    raster.FlushCache()


def _metres_by_pixel(roads: Roads, grid: Grid, scratch: str, progress: Progress) -> str:
    """A raster of the metres of road in each pixel; summed on the disk, so that no grid is too large for the memory."""
    beside = os.path.join(scratch, "road_metres.bin")
    metres = np.memmap(beside, dtype=np.float32, mode="w+", shape=(grid.height, grid.width))
    lengths = pixel_metres(grid)
    for segments in _segments(_lines(roads, grid, progress, tell=True), grid):
        progress.check()
        cells, length = pieces(segments, grid.width, grid.height, lengths)
        np.add.at(metres.reshape(-1), cells, length)
    path = intermediate_path(scratch, "road metres")
    create = gdal.GetDriverByName("GTiff").Create
    options = ["TILED=YES", "COMPRESS=DEFLATE", "SPARSE_OK=TRUE", f"BLOCKXSIZE={TILE}", f"BLOCKYSIZE={TILE}"]
    what = "Cannot write the lengths of roads"
    raster = call_gdal(what, InputError, create, path, grid.width, grid.height, 1, gdal.GDT_Float32, options)
    raster.SetGeoTransform(grid.transform)
    raster.SetProjection(grid.crs)
    for top in range(0, grid.height, TILE):
        progress.check()
        call_gdal(what, InputError, raster.GetRasterBand(1).WriteArray, metres[top : top + TILE], 0, top)
        progress.set(100 * (top + 1) / grid.height)
    raster.FlushCache()
    del metres, raster
    os.remove(beside)
    return path


def _segments(lines: Iterator[ogr.Geometry], grid: Grid) -> Iterator[np.ndarray]:
    """Chunks of segments in columns and rows of the grid, shape (n, 4): column, row, column, row."""
    left, width, _, top, _, height = grid.transform
    held: list[np.ndarray] = []
    count = 0
    for line in lines:
        for part in _parts(line):
            points = np.array(part.GetPoints(2), dtype=np.float64)
            points = (points - (left, top)) / (width, height)
            held.append(np.hstack([points[:-1], points[1:]]))
            count += len(held[-1])
        if count >= SEGMENTS_AT_ONCE:
            yield np.vstack(held)
            held, count = [], 0
    if held:
        yield np.vstack(held)


def _parts(line: ogr.Geometry) -> Iterator[ogr.Geometry]:
    if line.GetGeometryCount():
        for part in line:
            yield from _parts(part)
    elif line.GetPointCount() > 1:
        yield line


def pieces(
    segments: np.ndarray, columns: int, rows: int, metres: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Cuts segments where they leave a pixel.

    Args:
        segments: shape (n, 4): column, row, column, row of their ends.
        columns, rows: of the grid.
        metres: width and height of a pixel on the ground in each row, shape (rows,) each.

    Returns:
        Numbers of pixels (row x columns + column) and metres of the pieces that lie on the grid.
    """
    start, step = segments[:, :2], segments[:, 2:] - segments[:, :2]
    owner, where = [np.arange(len(segments))] * 2, [np.zeros(len(segments)), np.ones(len(segments))]
    for axis in (0, 1):
        low = np.floor(np.minimum(segments[:, axis], segments[:, axis + 2])).astype(np.int64)
        high = np.floor(np.maximum(segments[:, axis], segments[:, axis + 2])).astype(np.int64)
        count = high - low
        of = np.repeat(np.arange(len(segments)), count)
        line = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count) + low[of] + 1
        owner.append(of)
        where.append(np.clip((line - start[of, axis]) / step[of, axis], 0.0, 1.0))
    of, at = np.concatenate(owner), np.concatenate(where)
    order = np.lexsort((at, of))
    of, at = of[order], at[order]
    same = of[1:] == of[:-1]
    of, first, last = of[1:][same], at[:-1][same], at[1:][same]
    middle = start[of] + step[of] * ((first + last) / 2)[:, np.newaxis]
    column, row = np.floor(middle).astype(np.int64).T
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows) & (last > first)
    of, column, row, share = of[inside], column[inside], row[inside], (last - first)[inside]
    length = share * np.hypot(step[of, 0] * metres[0][row], step[of, 1] * metres[1][row])
    return row * columns + column, length
