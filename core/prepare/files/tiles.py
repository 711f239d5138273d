"""Which tiles a study needs, by the rule of the product, and how much of it files cover."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence

from osgeo import ogr, osr

from ...errors import InputError
from ...messages import say
from ...raster.grid import Grid, transformation_between
from ...raster.zones.polygon_layer import open_polygons, require_crs

_ACROSS = 60  # places across the study that are asked for their tile
_MODIS = "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs"
_MODIS_TILE = 1111950.519667
_MODIS_CORNER = (-20015109.354, 10007554.677)
_CORNER = re.compile(r"([NS])(\d+)(?:_00)?_?([EW])(\d+)", re.IGNORECASE)

Place = tuple[float, float]


def places_of_grid(grid: Grid) -> list[Place]:
    """Longitude and latitude of places spread over a grid."""
    left, bottom, right, top = grid.bounds
    return list(_in_degrees(_spread(left, bottom, right, top), grid.spatial_reference()))


def places_of_boundary(boundary: str) -> list[Place]:
    """Longitude and latitude of places within polygons, and of their corners. Raises InputError, GridError."""
    layer = open_polygons(boundary, "Study boundary")
    own = layer.layer.GetSpatialRef()
    require_crs(layer.named, own is not None)
    own.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    found: list[Place] = []
    for _, area in layer.polygons():
        left, right, bottom, top = area.geometry.GetEnvelope()
        found += [place for place in _spread(left, bottom, right, top) if _holds(area.geometry, place)]
        found += _corners(area.geometry)
    return list(_in_degrees(found, own))


def expected_tiles(rule: str, places: Iterable[Place]) -> set[str]:
    """The tiles in which places lie, as `tile_key` writes them; empty where a product has no rule."""
    if rule == "modis":
        return {_modis_tile(x, y) for x, y in _to_modis(places)}
    size = int(rule.rpartition("_")[2]) if rule.startswith("degrees_") else 0
    if size == 10:
        return {f"h{math.floor((lon + 180) / 10):02d}v{math.floor((90 - lat) / 10):02d}" for lon, lat in places}
    return {_corner_name(lon, lat, size) for lon, lat in places} if size else set()


def share_over(grids: Sequence[Grid], places: Sequence[Place]) -> float:
    """Share of places, 0 to 1, that lie on one of several grids; longitudes also count from 0 to 360."""
    if not places:
        raise InputError(say("The boundary holds no place. Choose polygons with an area."))
    left = list(places)
    for grid in grids:
        left = [place for place, inside in zip(left, _inside(grid, left)) if not inside]
    return 1 - len(left) / len(places)


def _inside(grid: Grid, places: Sequence[Place]) -> list[bool]:
    degrees = osr.SpatialReference()
    degrees.ImportFromEPSG(4326)
    degrees.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    own = grid.spatial_reference()
    turns = (0.0, 360.0) if own.IsGeographic() else (0.0,)
    x0, y0, x1, y1 = grid.bounds
    points = transformation_between(degrees, own).TransformPoints(list(places)) if places else []
    return [any(x0 <= x + turn <= x1 for turn in turns) and y0 <= y <= y1 for x, y, *_ in points]


def tile_key(tile: str) -> str:
    """The name of a tile as `expected_tiles` writes it: `n39_00_e116` is N39E116."""
    match = _CORNER.fullmatch(tile)
    if match is None:
        return tile.lower() if tile.lower().startswith("h") else tile
    return f"{match[1].upper()}{int(match[2]):02d}{match[3].upper()}{int(match[4]):03d}"


def _spread(left: float, bottom: float, right: float, top: float) -> Iterator[Place]:
    for row in range(_ACROSS):
        for column in range(_ACROSS):
            yield (
                left + (right - left) * (column + 0.5) / _ACROSS,
                bottom + (top - bottom) * (row + 0.5) / _ACROSS,
            )


def _holds(geometry: ogr.Geometry, place: Place) -> bool:
    point = ogr.Geometry(ogr.wkbPoint)
    point.AddPoint_2D(*place)
    return bool(geometry.Contains(point))


def _corners(geometry: ogr.Geometry) -> Iterator[Place]:
    for number in range(geometry.GetGeometryCount()):
        part = geometry.GetGeometryRef(number)
        if part.GetGeometryCount():
            yield from _corners(part)
        else:
            yield from ((x, y) for x, y, *_ in part.GetPoints() or ())


def _in_degrees(places: Iterable[Place], own: osr.SpatialReference) -> Iterator[Place]:
    degrees = osr.SpatialReference()
    degrees.ImportFromEPSG(4326)
    yield from _transformed(places, own, degrees)


def _to_modis(places: Iterable[Place]) -> Iterator[Place]:
    degrees, modis = osr.SpatialReference(), osr.SpatialReference()
    degrees.ImportFromEPSG(4326)
    modis.SetFromUserInput(_MODIS)
    yield from _transformed(places, degrees, modis)


def _transformed(
    places: Iterable[Place], source: osr.SpatialReference, target: osr.SpatialReference
) -> Iterator[Place]:
    for reference in (source, target):
        reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    for x, y, *_ in transformation_between(source, target).TransformPoints(list(places)):
        if math.isfinite(x) and math.isfinite(y):
            yield x, y


def _modis_tile(x: float, y: float) -> str:
    column = math.floor((x - _MODIS_CORNER[0]) / _MODIS_TILE)
    row = math.floor((_MODIS_CORNER[1] - y) / _MODIS_TILE)
    return f"h{column:02d}v{row:02d}"


def _corner_name(lon: float, lat: float, size: int) -> str:
    """The south-west corner of the tile of a place."""
    west, south = math.floor(lon / size) * size, math.floor(lat / size) * size
    return f"{'N' if south >= 0 else 'S'}{abs(south):02d}{'E' if west >= 0 else 'W'}{abs(west):03d}"
