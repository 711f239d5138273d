"""Sums by year, zone and ecosystem in one pass over land cover, zones and service rasters."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from osgeo import gdal, ogr

from ..errors import InputError
from ..progress import Progress
from ..raster.area import pixel_areas_ha
from ..raster.classes import ClassIndex
from ..raster.dataset import call_gdal
from ..raster.grid import Grid
from ..raster.polygons import zone_geometries
from ..raster.study import StudyArea
from ..raster.windows import TILE
from ..raster.zoning import ZoneLayer, Zoning, open_zoning
from ..services.by_ecosystem import ecosystem_members
from ..services.survey import Survey, YearlySums
from ..services.yearly_kernel import Formula, Layers, Pixels

ZONES = "zones"
WHOLE = "all"  # the zone of an account without zones
# Districts that were drawn apart overlap in slivers: up to this share of their area it is told, beyond it is refused.
SLIVERS = 0.001


@dataclass(frozen=True, eq=False)
class ZonedFormula:
    """A formula whose amounts are told apart by zone as well as by class.

    Attributes:
        formula: of the pixels; its own groups are the land-cover classes.
        index: values of the zone raster to zone numbers; None where there are no zones.
        classes: how many classes.
    """

    formula: Formula
    index: ClassIndex | None
    classes: int

    def __call__(self, pixels: Pixels) -> Layers:
        layers = self.formula(pixels)
        if self.index is None:
            return replace(layers, group=pixels.classes)
        numbers = np.where(pixels.valid[ZONES], self.index(pixels.values[ZONES].astype(np.int64)), self.index.unknown)
        return replace(layers, group=pixels.classes + self.classes * numbers)


@dataclass(frozen=True, eq=False)
class ZonedSums:
    """Sums; arrays have shape (years, zones, ecosystems).

    Attributes:
        years: as given.
        zones: names; `all` alone without zones, with zones the last is `outside`.
        ecosystems: names.
        classes: codes of the land-cover classes.
        area_ha: by ecosystem.
        class_area_ha: by class, shape (years, zones, classes).
        amounts: by name.
        counts: pixels by name.
        sums: of the run.
    """

    years: tuple[int, ...]
    zones: tuple[str, ...]
    ecosystems: tuple[str, ...]
    classes: tuple[int, ...]
    area_ha: np.ndarray
    class_area_ha: np.ndarray
    amounts: dict[str, np.ndarray]
    counts: dict[str, np.ndarray]
    sums: YearlySums


def add_zones(survey: Survey, layer: ZoneLayer | None, progress: Progress) -> Zoning:
    """Adds zones to a survey whose land cover is there.

    Raises:
        InputError: the zones cannot be read, or two of them cover the same land, which an account would count twice.
        GridError: they do not fit the grid.
    """
    zoning = open_zoning(layer, survey.area, progress)
    if layer is not None and layer.kind == "polygons":
        require_disjoint(layer, survey.area, progress)
    if zoning.source is not None:
        survey.add_sources(ZONES, [zoning.source] * len(survey.dated), on_grid=True)
    return zoning


def zoned_sums(survey: Survey, zoning: Zoning, found: YearlySums) -> ZonedSums:
    """The sums of a run of a `ZonedFormula` by zone and ecosystem."""
    assert survey.scheme is not None
    codes = survey.scheme.codes
    names, member = ecosystem_members(survey.scheme)

    def shaped(flat: np.ndarray) -> np.ndarray:
        return flat.reshape(len(survey.years), zoning.count, len(codes))

    return ZonedSums(
        years=survey.years,
        zones=zoning.names,
        ecosystems=names,
        classes=codes,
        area_ha=shaped(found.area_ha) @ member,
        class_area_ha=shaped(found.area_ha),
        amounts={name: shaped(values) @ member for name, values in found.amounts.items()},
        counts={name: shaped(values) @ member for name, values in found.counts.items()},
        sums=found,
    )


def require_disjoint(layer: ZoneLayer, area: StudyArea, progress: Progress) -> None:
    """Checks that no two zones cover the same land: zones of an account add up to the whole.

    Raises:
        InputError: they do, by more than slivers; tells the zones and the area that would be counted twice.
    """
    zones: dict[str, ogr.Geometry] = {}
    for name, geometry in zone_geometries(layer.path, layer.field, area.grid):
        zones[name] = zones[name].Union(geometry) if name in zones else geometry
    twice, whole = _area_twice(zones.values(), area.grid, os.path.join(area.folder, "zones_twice.tif"))
    if twice == 0:
        return
    pairs = _overlapping(zones)
    told = f"Zones overlap: {twice:,.2f} ha of {whole:,.2f} ha lie in two of them ({'; '.join(pairs[:3])})."
    if twice > SLIVERS * whole:
        raise InputError(
            f"{told} An account would count that land twice. Give districts of one level, or mend their borders."
        )
    progress.warn(f"{told} It counts for one of them.")


def _area_twice(zones: Iterable[ogr.Geometry], grid: Grid, path: str) -> tuple[float, float]:
    """Hectares of pixels whose centre lies in two zones or more, and in any."""
    memory = ogr.GetDriverByName("Memory").CreateDataSource("")
    layer = memory.CreateLayer("zones", grid.spatial_reference(), ogr.wkbMultiPolygon)
    for geometry in zones:
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(geometry)
        layer.CreateFeature(feature)
    options = ["TILED=YES", "COMPRESS=DEFLATE", "SPARSE_OK=TRUE"]
    driver = gdal.GetDriverByName("GTiff")
    raster = call_gdal(
        "Cannot rasterise the zones", InputError, driver.Create,
        path, grid.width, grid.height, 1, gdal.GDT_UInt16, options,
    )  # fmt: skip
    raster.SetGeoTransform(grid.transform)
    raster.SetProjection(grid.crs)
    gdal.RasterizeLayer(raster, [1], layer, burn_values=[1], options=["MERGE_ALG=ADD"])
    raster.FlushCache()
    areas, twice, whole = pixel_areas_ha(grid), 0.0, 0.0
    for row in range(0, grid.height, TILE):
        height = min(TILE, grid.height - row)
        counts = raster.GetRasterBand(1).ReadAsArray(0, row, grid.width, height)
        twice += float((counts > 1).sum(axis=1) @ areas[row : row + height])
        whole += float((counts > 0).sum(axis=1) @ areas[row : row + height])
    return twice, whole


def _overlapping(zones: dict[str, ogr.Geometry]) -> list[str]:
    names = list(zones)
    return [
        f"{a} and {b}"
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        if zones[a].Intersects(zones[b]) and zones[a].Intersection(zones[b]).Area() > 0
    ]
