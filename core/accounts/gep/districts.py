"""GEP per km2 by district: a small raster for the pages of a report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from osgeo import gdal, ogr, osr

from ...errors import OutputError
from ...raster.dataset import call_gdal, memory_polygons
from ...raster.zones.polygon_layer import open_polygons
from ...raster.zones.polygons import FEATURE_ID, zone_name
from ...results import Cell, Column, numbers
from .account import GepAccount
from .tables import Part, parts_of

ZONE_COLUMNS = (
    Column("zone", "text"), Column("year", "integer"), *numbers("gep", "gep_base"), Column("share_pct", unit="%"),
    Column("area_km2", unit="km2"), *numbers("gep_per_km2", "gep_per_person", "gep_gdp"),
)  # fmt: skip
LONGEST_EDGE = 600
MISSING = -1.0


def district_raster(polygons: str, field: str | None, values: Mapping[str, Sequence[float | None]], path: str) -> str:
    """Burns the values of districts, a band per year.

    Args:
        polygons: path of the districts, with `|layername=x` where the file has several layers.
        field: that names them; None takes the feature id.
        values: per district, one per year; what is missing stays empty.
        path: of the raster.

    Raises:
        InputError: the polygons cannot be read.
        OutputError: the raster cannot be written.
    """
    opened = open_polygons(polygons, "Zones")
    layer = opened.layer
    left, right, bottom, top = layer.GetExtent()
    size = max(right - left, top - bottom) / LONGEST_EDGE
    years = max((len(of) for of in values.values()), default=0)
    raster = call_gdal(
        f"Cannot write {path}", OutputError, gdal.GetDriverByName("GTiff").Create,
        path, max(1, math.ceil((right - left) / size)), max(1, math.ceil((top - bottom) / size)), max(years, 1),
        gdal.GDT_Float64, ["COMPRESS=DEFLATE"],
    )  # fmt: skip
    raster.SetGeoTransform((left, size, 0, top, 0, -size))
    system: osr.SpatialReference | None = layer.GetSpatialRef()
    if system is not None:
        raster.SetProjection(system.ExportToWkt())
    for year in range(years):
        band = raster.GetRasterBand(year + 1)
        band.SetNoDataValue(MISSING)
        band.Fill(MISSING)
        memory = memory_polygons()
        shown = memory.CreateLayer("districts", system, ogr.wkbMultiPolygon)
        shown.CreateField(ogr.FieldDefn("value", ogr.OFTReal))
        for feature, area in opened.polygons():
            value = values.get(zone_name(feature, field or FEATURE_ID), ())[year : year + 1]
            if not value or value[0] is None:
                continue
            burned = ogr.Feature(shown.GetLayerDefn())
            burned.SetField("value", float(value[0]))
            burned.SetGeometry(area.geometry)
            shown.CreateFeature(burned)
        gdal.RasterizeLayer(raster, [year + 1], shown, options=["ATTRIBUTE=value"])
    raster.FlushCache()
    return path


def zone_parts(account: GepAccount) -> dict[str, list[Part]]:
    """The account of each zone, a part per year in which it has any."""
    found: dict[str, list[Part]] = {}
    for year in account.years:
        for part in parts_of(account, year):
            if part.by == "zone":
                found.setdefault(part.name, []).append(part)
    return found


def zone_cells(part: Part) -> tuple[Cell, ...]:
    """A zone of a year as the columns of `ZONE_COLUMNS`."""
    share = None if part.share is None else 100 * part.share
    numbers = part.value, part.value_base, share, part.around.area_km2, part.per_km2, part.per_person, part.per_gdp
    return (part.name, part.year, *numbers)


def per_km2(account: GepAccount) -> dict[str, list[float | None]]:
    """GEP per km2 of each zone, one per year."""
    found = zone_parts(account)
    return {
        zone: [next((p.per_km2 for p in parts if p.year == year), None) for year in account.years]
        for zone, parts in found.items()
    }
