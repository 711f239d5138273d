"""Polygons on the reference grid: the study boundary, districts, lakes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from osgeo import gdal, ogr, osr

from ...errors import GridError, InputError
from ...inputs.polygons import of_geometry, of_overlap
from ...inputs.record import tell
from ...messages import say
from ...progress import QUIET, Progress
from ..dataset import call_gdal, memory_polygons
from ..grid import Grid, transformation_between
from ..reading.source import Source
from ..windows import TILE
from .overlaps import Overlap, by_zone, combine, find_overlap, layers_without_overlap
from .polygon_layer import PolygonLayer, open_polygons

OUTSIDE = 0
FEATURE_ID = "feature id"


@dataclass(frozen=True)
class Zones:
    """Polygons burned on a grid.

    Attributes:
        source: a class raster; 0 lies outside all zones, zone number i + 1 is `names[i]`, or set i + 1 is `sets[i]`.
        names: the zones, sorted by name (as numbers where all are numbers).
        sets: positions in `names` of the zones that lie over one another; None where each value is a zone.
    """

    source: Source
    names: tuple[str, ...]
    sets: tuple[tuple[int, ...], ...] | None = None


def burn_boundary(polygons: str, grid: Grid, folder: str, progress: Progress = QUIET) -> Source:
    """Burns the study boundary, as `burn_area`."""
    return burn_area(polygons, grid, folder, "boundary", "Study boundary", progress)


def burn_area(polygons: str, grid: Grid, folder: str, name: str, label: str, progress: Progress = QUIET) -> Source:
    """Burns polygons as 1 where a pixel's centre lies inside any of them.

    Args:
        polygons: path of a vector file, with `|layername=x` where it has several layers.
        grid: the reference grid.
        folder: a temporary folder.
        name: the name of the source.
        label: what the user calls the polygons.
        progress: hears of polygons that were mended or have no area.

    Raises:
        InputError: the file cannot be read or holds no polygon.
        GridError: it has no CRS or does not overlap the grid.
    """
    layer = open_polygons(polygons, label)
    parts = _read(layer, None, grid, progress)
    path = os.path.join(folder, f"{name}.tif")
    _require_inside(_burn(parts, [""], grid, path, layer.named), layer.named)
    return Source(name, path, 1, "classes", label)


def burn_zones(
    polygons: str,
    field: str | None,
    grid: Grid,
    folder: str,
    name: str = "zones",
    label: str = "Zones",
    progress: Progress = QUIET,
    overlapping: bool = False,
) -> Zones:
    """Burns polygons as zone numbers; polygons with the same field value are one zone.

    Args:
        polygons: path of a vector file, with `|layername=x` where it has several layers.
        field: the field that names the zones; None makes each polygon a zone, named by its feature id.
        grid: the reference grid.
        folder: a temporary folder.
        name: the name of the source.
        label: what the user calls the polygons.
        progress: hears of polygons that were mended, have no area, or overlap.
        overlapping: whether the caller gives each zone its own land where zones overlap, by `sets`; else the last one
            in the order of the layer wins, which is told.

    Raises:
        InputError: the file cannot be read, holds no polygon, or has no such field.
        GridError: it has no CRS or does not overlap the grid.
    """
    layer = open_polygons(polygons, label)
    parts = _read(layer, field or FEATURE_ID, grid, progress)
    names = sorted({zone for zone, _ in parts}, key=_natural)
    path = os.path.join(folder, f"{name}.tif")
    source = Source(name, path, 1, "classes", label)
    overlap = find_overlap(parts, grid, folder) if len(names) > 1 else None
    if overlap is not None:
        tell([of_overlap(layer.named, overlap.twice_ha, overlap.whole_ha, overlap.named, overlapping)], progress)
    if overlap is None or not overlapping:
        _require_inside(_burn(parts, names, grid, path, layer.named), layer.named)
        return Zones(source, tuple(names))
    return Zones(source, tuple(names), _burn_sets(by_zone(parts), names, overlap, grid, path, layer.named))


def zone_geometries(polygons: str, field: str | None, grid: Grid) -> list[tuple[str, ogr.Geometry]]:
    """Zones and their polygons in the CRS of the grid, as `burn_zones` reads them; a zone may have several.

    Raises:
        InputError, GridError: as `burn_zones`.
    """
    return _read(open_polygons(polygons, "Zones"), field or FEATURE_ID, grid, QUIET)


def zone_names(polygons: str, field: str | None) -> tuple[str, ...]:
    """The names of zones, sorted, as `burn_zones` finds them. Raises InputError where they cannot be read."""
    layer = open_polygons(polygons, "Zones")
    if field is not None:
        layer.require_field(field)
    return tuple(sorted({zone_name(one, field or FEATURE_ID) for one, _ in layer.polygons()}, key=_natural))


def _burn(
    parts: Iterable[tuple[str, ogr.Geometry]], names: Sequence[str], grid: Grid, path: str, named: str
) -> gdal.Dataset:
    """Writes the number of each zone, its place in the names + 1, into a raster."""
    number = {name: i + 1 for i, name in enumerate(names)}
    memory = memory_polygons()
    layer = memory.CreateLayer("polygons", grid.spatial_reference(), ogr.wkbMultiPolygon)
    layer.CreateField(ogr.FieldDefn("number", ogr.OFTInteger))
    for name, geometry in parts:
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("number", number[name])
        feature.SetGeometry(geometry)
        layer.CreateFeature(feature)
    raster = _empty_raster(path, grid, named)
    call_gdal(f"Cannot rasterise {named}", InputError, _rasterise, raster, layer)
    raster.FlushCache()
    return raster


def _burn_sets(
    zones: Mapping[str, ogr.Geometry], names: Sequence[str], overlap: Overlap, grid: Grid, path: str, named: str
) -> tuple[tuple[int, ...], ...]:
    """Writes which set of zones lies at each pixel; returns the positions of the zones of each set."""
    layers = []
    for number, group in enumerate(layers_without_overlap(zones, overlap)):
        of_group = f"{os.path.splitext(path)[0]}_{number}.tif"
        layers.append(_burn(((name, zones[name]) for name in group), names, grid, of_group, named))
    target = _empty_raster(path, grid, named)
    sets = combine(layers, target)
    _require_inside(target, named)
    target.FlushCache()
    return tuple(tuple(zone - 1 for zone in found) for found in sets)


def _rasterise(raster: gdal.Dataset, layer: ogr.Layer) -> int:
    gdal.RasterizeLayer(raster, [1], layer, options=["ATTRIBUTE=number"])
    return gdal.CE_None


def _empty_raster(path: str, grid: Grid, where: str) -> gdal.Dataset:
    options = ["TILED=YES", f"BLOCKXSIZE={TILE}", f"BLOCKYSIZE={TILE}", "COMPRESS=DEFLATE", "SPARSE_OK=TRUE"]
    driver = gdal.GetDriverByName("GTiff")
    what = f"Cannot rasterise {where}"
    raster = call_gdal(what, InputError, driver.Create, path, grid.width, grid.height, 1, gdal.GDT_Int32, options)
    raster.SetGeoTransform(grid.transform)
    raster.SetProjection(grid.crs)
    return raster


def _require_inside(raster: gdal.Dataset, where: str) -> None:
    for row in range(0, raster.RasterYSize, TILE):
        if raster.GetRasterBand(1).ReadAsArray(0, row, raster.RasterXSize, min(TILE, raster.RasterYSize - row)).any():
            return
    raise GridError(
        say("{where} holds no pixel centre of the reference grid. Check that both cover the same region.", where=where)
    )


def _read(layer: PolygonLayer, field: str | None, grid: Grid, progress: Progress) -> list[tuple[str, ogr.Geometry]]:
    """Names and geometries in the CRS of the grid."""
    if field not in (None, FEATURE_ID):
        layer.require_field(str(field))
    own = layer.layer.GetSpatialRef()
    if own is None:
        raise GridError(
            say("{named} has no coordinate reference system. Assign the right one and run again.", named=layer.named)
        )
    own.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    to_grid = transformation_between(own, grid.spatial_reference())
    found, mended = [], 0
    for feature, area in layer.polygons():
        area.geometry.Transform(to_grid)
        found.append((zone_name(feature, field), area.geometry))
        mended += area.mended
    if not found:
        raise InputError(say("{named} holds no polygon. Choose a polygon layer.", named=layer.named))
    tell(of_geometry(layer.named, layer.layer.GetFeatureCount() - len(found), mended), progress)
    return found


def zone_name(feature: ogr.Feature, field: str | None) -> str:
    """The zone that a polygon belongs to: the value of the field, or its feature id."""
    if field is None:
        return ""
    if field == FEATURE_ID:
        return str(feature.GetFID())
    value = feature.GetField(field)
    if value is None:
        return f"(no {field})"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _natural(name: str) -> tuple[int, float, str]:
    try:
        number = float(name)
    except ValueError:
        return 1, 0.0, name
    return (0, number, name) if np.isfinite(number) else (1, 0.0, name)
