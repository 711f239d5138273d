"""Polygons on the reference grid: the study boundary, districts, lakes."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from osgeo import gdal, ogr, osr

from ..errors import GridError, InputError
from .dataset import call_gdal, short_name
from .grid import Grid
from .reading.source import Source
from .windows import TILE

OUTSIDE = 0
FEATURE_ID = "feature id"


@dataclass(frozen=True)
class Zones:
    """Polygons burned on a grid.

    Attributes:
        source: a class raster; 0 lies outside all zones, zone number i + 1 is `names[i]`.
        names: the zones, sorted by name (as numbers where all are numbers).
    """

    source: Source
    names: tuple[str, ...]


def burn_boundary(polygons: str, grid: Grid, folder: str) -> Source:
    """Burns polygons as 1 where a pixel's centre lies inside any of them.

    Args:
        polygons: path of a vector file, with `|layername=x` where it has several layers.
        grid: the reference grid.
        folder: a temporary folder.

    Raises:
        InputError: the file cannot be read or holds no polygon.
        GridError: it has no CRS or does not overlap the grid.
    """
    return _burn(polygons, None, grid, folder, "boundary", "Study boundary").source


def burn_zones(
    polygons: str, field: str | None, grid: Grid, folder: str, name: str = "zones", label: str = "Zones"
) -> Zones:
    """Burns polygons as zone numbers; polygons with the same field value are one zone.

    Args:
        polygons: path of a vector file, with `|layername=x` where it has several layers.
        field: the field that names the zones; None makes each polygon a zone, named by its feature id.
        grid: the reference grid.
        folder: a temporary folder.
        name: the name of the source.
        label: what the user calls the polygons.

    Raises:
        InputError: the file cannot be read, holds no polygon, or has no such field.
        GridError: it has no CRS or does not overlap the grid.
    """
    return _burn(polygons, field or FEATURE_ID, grid, folder, name, label)


def zone_geometries(polygons: str, field: str | None, grid: Grid) -> list[tuple[str, ogr.Geometry]]:
    """Zones and their polygons in the CRS of the grid, as `burn_zones` reads them; a zone may have several.

    Raises:
        InputError, GridError: as `burn_zones`.
    """
    return _read(polygons, field or FEATURE_ID, grid, f"Zones ({short_name(polygons)})")


def _burn(polygons: str, field: str | None, grid: Grid, folder: str, source_name: str, label: str) -> Zones:
    path = os.path.join(folder, f"{source_name}.tif")
    where = f"{label} ({short_name(polygons)})"
    geometries = _read(polygons, field, grid, where)
    names = sorted({name for name, _ in geometries}, key=_natural)
    number = {name: i + 1 for i, name in enumerate(names)}
    memory = ogr.GetDriverByName("Memory").CreateDataSource("")
    layer = memory.CreateLayer("polygons", grid.spatial_reference(), ogr.wkbMultiPolygon)
    layer.CreateField(ogr.FieldDefn("number", ogr.OFTInteger))
    for name, geometry in geometries:
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("number", number[name])
        feature.SetGeometry(geometry)
        layer.CreateFeature(feature)
    raster = _empty_raster(path, grid, where)
    call_gdal(f"Cannot rasterise {where}", InputError, _rasterise, raster, layer)
    _require_inside(raster, where)
    raster.FlushCache()
    return Zones(Source(source_name, path, 1, "classes", label), tuple(names))


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
    raise GridError(f"{where} holds no pixel centre of the reference grid. Check that both cover the same region.")


def _read(polygons: str, field: str | None, grid: Grid, where: str) -> list[tuple[str, ogr.Geometry]]:
    """Names and geometries in the CRS of the grid."""
    path, _, rest = polygons.partition("|")
    dataset = call_gdal(f"Cannot open {where}", InputError, gdal.OpenEx, path, gdal.OF_VECTOR | gdal.OF_VERBOSE_ERROR)
    wanted = [part.split("=", 1)[1] for part in rest.split("|") if part.startswith("layername=")]
    layer = dataset.GetLayerByName(wanted[0]) if wanted else dataset.GetLayer(0)
    if layer is None:
        raise InputError(f"{where} has no layer{' ' + wanted[0] if wanted else ''}.")
    fields = [layer.GetLayerDefn().GetFieldDefn(i).GetName() for i in range(layer.GetLayerDefn().GetFieldCount())]
    if field not in (None, FEATURE_ID, *fields):
        raise InputError(f"{where} has no field {field}. It has {', '.join(fields)}.")
    own = layer.GetSpatialRef()
    if own is None:
        raise GridError(f"{where} has no coordinate reference system. Assign the right one and run again.")
    own.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    to_grid = osr.CoordinateTransformation(own, grid.spatial_reference())
    found = []
    for feature in layer:
        geometry = feature.GetGeometryRef()
        if geometry is None or ogr.GT_Flatten(geometry.GetGeometryType()) not in _AREAL:
            continue
        moved = geometry.Clone()
        moved.Transform(to_grid)
        found.append((zone_name(feature, field), moved))
    if not found:
        raise InputError(f"{where} holds no polygon. Choose a polygon layer.")
    return found


_AREAL = (ogr.wkbPolygon, ogr.wkbMultiPolygon, ogr.wkbCurvePolygon, ogr.wkbMultiSurface)


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
