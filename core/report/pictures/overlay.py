"""What lies over the picture of a map: outlines and names of districts, a graticule; and the line under it."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

from osgeo import gdal, ogr, osr

from ...errors import EcoAssetsError, GridError
from ...raster.dataset import open_raster, short_name
from ...raster.grid import Grid, crs_in_words, transformation_between
from ...raster.zones.polygons import zone_geometries
from ..blocks import Chapter
from ..look import FONTS
from ..maps import Map, MapPicture, Outlines
from ..numbers import format_number

WIDTH = 1000.0  # of the drawing, in its own units
MOST_NAMES = 40
_LINES = 4  # of a graticule, at most, each way
_STEPS = (1 / 60, 2 / 60, 5 / 60, 10 / 60, 0.25, 0.5, 1, 2, 5, 10, 20, 30)  # degrees


@dataclass(frozen=True)
class _Frame:
    """From coordinates of a raster to those of its drawing."""

    left: float
    top: float
    width: float
    height: float
    drawn: float

    def point(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.left) / self.width * WIDTH, (self.top - y) / self.height * self.drawn


def with_outlines(chapters: Iterable[Chapter], outlines: Outlines | None, graticule: bool) -> list[Chapter]:
    """Chapters whose maps have outlines and a graticule; the appendix is left as it is."""
    return [
        chapter
        if chapter.appendix
        else replace(
            chapter,
            blocks=[
                replace(block, outlines=block.outlines or outlines, graticule=graticule)
                if isinstance(block, Map)
                else block
                for block in chapter.blocks
            ],
        )
        for chapter in chapters
    ]


def overlay(picture: MapPicture, outlines: Outlines | None, graticule: bool, across: int, aspect: float) -> str:
    """An SVG to lay over a picture; "" where there is nothing to draw or the raster is turned.

    Args:
        picture: whose raster tells the place.
        outlines: polygons, in any CRS.
        graticule: whether meridians and parallels are drawn.
        across: pictures in a row; the more, the larger the names must be.
        aspect: width over height of the picture.
    """
    dataset = open_raster(os.fspath(picture.path))
    left, across_x, turned, top, leaning, down = dataset.GetGeoTransform()
    if turned or leaning or across_x <= 0 or not dataset.GetProjection():
        return ""
    height = down * dataset.RasterYSize
    frame = _Frame(left, max(top, top + height), across_x * dataset.RasterXSize, abs(height), WIDTH / aspect)
    grid = Grid.of_dataset(dataset)
    size = 22 * math.sqrt(across)
    parts = [*_graticule(grid, frame, size)] if graticule else []
    parts += _outlines(outlines, grid, frame, size) if outlines else []
    if not parts:
        return ""
    style = f'font-family="{escape(FONTS)}" font-size="{size:.0f}" text-anchor="middle"'
    box = f'viewBox="0 0 {WIDTH:.0f} {frame.drawn:.1f}" width="{WIDTH:.0f}" height="{frame.drawn:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} preserveAspectRatio="none" {style}>{"".join(parts)}</svg>'


def _outlines(outlines: Outlines, grid: Grid, frame: _Frame, size: float) -> list[str]:
    try:
        found = zone_geometries(outlines.path, outlines.field, grid)
    except EcoAssetsError:
        return []  # a map without its districts is better than no report
    lines = [_path(geometry.SimplifyPreserveTopology(frame.width / 800) or geometry, frame) for _, geometry in found]
    drawn = [f'<path d="{"".join(lines)}" fill="none" stroke="#1f2937" stroke-width="2.5" stroke-linejoin="round"/>']
    largest: dict[str, ogr.Geometry] = {}
    for name, geometry in found:
        if name not in largest or geometry.Area() > largest[name].Area():
            largest[name] = geometry
    if outlines.field is not None and len(largest) <= MOST_NAMES:
        for name, geometry in largest.items():
            inside = geometry.Clone().Buffer(0).PointOnSurface()
            if inside is not None and not inside.IsEmpty():
                drawn.append(_word(name, frame.point(inside.GetX(), inside.GetY()), size))
    return drawn


def _word(text: str, place: tuple[float, float], size: float, anchor: str = "middle") -> str:
    halo = 'stroke="#fff" stroke-width="5" stroke-opacity="0.85" paint-order="stroke" stroke-linejoin="round"'
    x, y = place
    where = f'x="{x:.1f}" y="{y + size / 3:.1f}" font-size="{size:.0f}" text-anchor="{anchor}"'
    return f'<text {where} fill="#111827" {halo}>{escape(text)}</text>'


def _path(geometry: ogr.Geometry, frame: _Frame) -> str:
    if geometry.GetGeometryCount() and geometry.GetPointCount() == 0:
        return "".join(_path(geometry.GetGeometryRef(n), frame) for n in range(geometry.GetGeometryCount()))
    points = [frame.point(*geometry.GetPoint_2D(n)) for n in range(geometry.GetPointCount())]
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points) + "Z" if points else ""


def _graticule(grid: Grid, frame: _Frame, size: float) -> list[str]:
    """Meridians and parallels through the picture, with their degrees at its lower and left edge."""
    here = grid.spatial_reference()
    degrees = osr.SpatialReference()
    degrees.ImportFromEPSG(4326)
    degrees.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    here.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    try:
        there, back = transformation_between(here, degrees), transformation_between(degrees, here)
    except GridError:  # a local grid lies nowhere on the Earth
        return []
    edge = [
        there.TransformPoint(frame.left + frame.width * i / 4, frame.top - frame.height * j / 4)[:2]
        for i in range(5)
        for j in range(5)
    ]
    low = [min(point[axis] for point in edge) for axis in (0, 1)]
    high = [max(point[axis] for point in edge) for axis in (0, 1)]
    drawn = []
    for axis in (0, 1):
        step = next((s for s in _STEPS if (high[axis] - low[axis]) / s <= _LINES), _STEPS[-1])
        for number in range(math.ceil(low[axis] / step), math.floor(high[axis] / step) + 1):
            value, other = number * step, 1 - axis
            along = [low[other] + (high[other] - low[other]) * n / 24 for n in range(25)]
            line = [frame.point(*back.TransformPoint(*((value, v) if axis == 0 else (v, value)))[:2]) for v in along]
            inside = [(x, y) for x, y in line if -1 <= x <= WIDTH + 1 and -1 <= y <= frame.drawn + 1]
            if len(inside) < 2:
                continue
            drawn.append(
                f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in inside)}" fill="none" stroke="#374151" '
                'stroke-width="1.2" stroke-dasharray="7 6" opacity="0.7"/>'
            )
            text = degrees_text(value, "EW" if axis == 0 else "NS")
            if axis == 0:
                drawn.append(_word(text, (inside[0][0], frame.drawn - size), size * 0.8))
            else:
                drawn.append(_word(text, (6, inside[0][1] - size * 0.7), size * 0.8, "start"))
    return drawn


def degrees_text(value: float, sides: str) -> str:
    """Degrees and minutes: 116°30′E."""
    minutes = round(abs(value) * 60)
    rest = f"{minutes % 60:02d}′" if minutes % 60 else ""
    return f"{minutes // 60}°{rest}{sides[0] if value >= 0 else sides[1]}"


def source_line(pictures: Sequence[MapPicture], words: Mapping[str, str]) -> str:
    """The files of a map, their coordinate reference system and the size of their pixels."""
    names = ", ".join(dict.fromkeys(short_name(os.fspath(picture.path)) for picture in pictures))
    dataset = open_raster(os.fspath(pictures[0].path))
    return " · ".join(filter(None, (f"{words['map_source']}{words['colon']}{names}", *_place(dataset))))


def _place(dataset: gdal.Dataset) -> tuple[str, str]:
    if not dataset.GetProjection():
        return "", ""
    crs = osr.SpatialReference(wkt=dataset.GetProjection())
    across = abs(dataset.GetGeoTransform()[1])
    unit = "°" if crs.IsGeographic() else " m"
    length = across if crs.IsGeographic() else across * crs.GetLinearUnits()
    return crs_in_words(crs), f"{format_number(length)}{unit}"
