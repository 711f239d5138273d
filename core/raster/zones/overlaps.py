"""Zones that overlap: how much land lies in several of them, and a raster that tells each zone its own land."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from osgeo import gdal, ogr

from ...errors import InputError
from ..area import pixel_areas_ha
from ..dataset import call_gdal, memory_polygons
from ..grid import Grid
from ..windows import TILE

NAMED_PAIRS = 3


@dataclass(frozen=True)
class Overlap:
    """Land that lies in more than one zone.

    Attributes:
        twice_ha: area of pixels in two zones or more.
        whole_ha: area of pixels in any zone.
        pairs: zones that overlap.
    """

    twice_ha: float
    whole_ha: float
    pairs: tuple[tuple[str, str], ...]

    @property
    def named(self) -> str:
        """A few of the pairs."""
        told = "; ".join(f"{a} + {b}" for a, b in self.pairs[:NAMED_PAIRS])
        return f"{told} ..." if len(self.pairs) > NAMED_PAIRS else told


def find_overlap(parts: Sequence[tuple[str, ogr.Geometry]], grid: Grid, folder: str) -> Overlap | None:
    """What zones share; None where no pixel lies in two of them. Parts of one zone may lie over one another.

    Args:
        parts: zone and polygon, in the CRS of the grid; a zone may have several.
        grid: on which pixel centres decide.
        folder: a temporary folder.
    """
    path = os.path.join(folder, "zones_twice.tif")
    if not _area_twice((geometry for _, geometry in parts), grid, path)[0]:
        return None
    zones = by_zone(parts)
    twice, whole = _area_twice(zones.values(), grid, path)
    return Overlap(twice, whole, _pairs(zones)) if twice else None


def by_zone(parts: Iterable[tuple[str, ogr.Geometry]]) -> dict[str, ogr.Geometry]:
    """The land of each zone as one geometry."""
    several: dict[str, list[ogr.Geometry]] = {}
    for name, geometry in parts:
        several.setdefault(name, []).append(geometry)
    return {name: found[0] if len(found) == 1 else _union(found) for name, found in several.items()}


def layers_without_overlap(zones: Mapping[str, ogr.Geometry], overlap: Overlap) -> list[list[str]]:
    """Zones in as few groups as come easily, none of which holds two that overlap."""
    against: dict[str, set[str]] = {name: set() for name in zones}
    for a, b in overlap.pairs:
        against[a].add(b)
        against[b].add(a)
    layers: list[list[str]] = []
    for name in sorted(zones, key=lambda one: -len(against[one])):
        free = next((layer for layer in layers if not against[name] & set(layer)), None)
        if free is None:
            layers.append(free := [])
        free.append(name)
    return layers


def combine(layers: Sequence[gdal.Dataset], target: gdal.Dataset) -> tuple[tuple[int, ...], ...]:
    """Numbers every set of zones that occurs at a pixel, from 1, into a raster.

    Args:
        layers: rasters of zone numbers from 1, 0 where there is none.
        target: raster of the same size; 0 where no layer has a zone.

    Returns:
        The zone numbers of each set, in the order of its number.
    """
    sets: dict[tuple[int, ...], int] = {}
    width, height = target.RasterXSize, target.RasterYSize
    for row in range(0, height, TILE):
        rows = min(TILE, height - row)
        for column in range(0, width, TILE):
            window = column, row, min(TILE, width - column), rows
            stack = np.stack([layer.GetRasterBand(1).ReadAsArray(*window) for layer in layers], axis=-1)
            found, place = np.unique(stack.reshape(-1, len(layers)), axis=0, return_inverse=True)
            numbers = np.zeros(len(found), dtype=np.int32)
            for i, zones in enumerate(found.tolist()):
                held = tuple(zone for zone in zones if zone)
                if held:
                    numbers[i] = sets.setdefault(held, len(sets) + 1)
            if numbers.any():
                target.GetRasterBand(1).WriteArray(numbers[place].reshape(stack.shape[:2]), column, row)
    return tuple(sets)


def _union(parts: Sequence[ogr.Geometry]) -> ogr.Geometry:
    together = ogr.Geometry(ogr.wkbMultiPolygon)
    for part in parts:
        for polygon in [part] if ogr.GT_Flatten(part.GetGeometryType()) == ogr.wkbPolygon else part:
            together.AddGeometry(polygon)
    return together.UnionCascaded() or together


def _area_twice(geometries: Iterable[ogr.Geometry], grid: Grid, path: str) -> tuple[float, float]:
    """Hectares of pixels whose centre lies in two geometries or more, and in any."""
    memory = memory_polygons()
    layer = memory.CreateLayer("zones", grid.spatial_reference(), ogr.wkbMultiPolygon)
    for geometry in geometries:
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(geometry)
        layer.CreateFeature(feature)
    options = ["TILED=YES", f"BLOCKXSIZE={TILE}", f"BLOCKYSIZE={TILE}", "COMPRESS=DEFLATE", "SPARSE_OK=TRUE"]
    create = gdal.GetDriverByName("GTiff").Create
    what = "Cannot rasterise the zones"
    raster = call_gdal(what, InputError, create, path, grid.width, grid.height, 1, gdal.GDT_UInt16, options)
    raster.SetGeoTransform(grid.transform)
    raster.SetProjection(grid.crs)
    gdal.RasterizeLayer(raster, [1], layer, burn_values=[1], options=["MERGE_ALG=ADD"])
    areas, twice, whole = pixel_areas_ha(grid), 0.0, 0.0
    for row in range(0, grid.height, TILE):
        height = min(TILE, grid.height - row)
        counts = raster.GetRasterBand(1).ReadAsArray(0, row, grid.width, height)
        twice += float((counts > 1).sum(axis=1) @ areas[row : row + height])
        whole += float((counts > 0).sum(axis=1) @ areas[row : row + height])
    return twice, whole


def _pairs(zones: Mapping[str, ogr.Geometry]) -> tuple[tuple[str, str], ...]:
    """Zones that share an area, by a sweep along x."""
    boxes = sorted((geometry.GetEnvelope(), name) for name, geometry in zones.items())
    found: list[tuple[str, str]] = []
    open_zones: list[tuple[tuple[float, ...], str]] = []
    for box, name in boxes:
        open_zones = [other for other in open_zones if other[0][1] > box[0]]
        for other_box, other in open_zones:
            if other_box[2] < box[3] and box[2] < other_box[3] and _share_area(zones[name], zones[other]):
                found.append((other, name))
        open_zones.append((box, name))
    return tuple(found)


def _share_area(first: ogr.Geometry, second: ogr.Geometry) -> bool:
    if not first.Intersects(second):
        return False
    shared = first.Intersection(second)
    return shared is not None and shared.Area() > 0
