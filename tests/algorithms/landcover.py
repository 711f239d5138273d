"""A hectare a pixel, two years: the land that the tests of land-use change walk over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from osgeo import ogr, osr

from ecoassets.tests.rasters import TOP_LEFT, UTM_50N, write_raster

FOREST, PADDY, TOWN, NONE = 21, 11, 51, 255
# Equivalents of xie2015 of a hectare, and the value of one in CNY a year: a town is worth nothing.
FOREST_VALUE, PADDY_VALUE = 22.95 * 3406.50, 3.89 * 3406.50
BEFORE = [[FOREST, FOREST, PADDY], [PADDY, PADDY, TOWN]]
AFTER = [[FOREST, PADDY, TOWN], [PADDY, FOREST, TOWN]]


def write_years(folder: Path, *maps: Any, dtype: str = "uint8") -> list[str]:
    """A raster per map: 2000.tif, 2005.tif, ..."""
    return [write_raster(folder / f"{2000 + 5 * i}.tif", values, dtype) for i, values in enumerate(maps)]


def write_columns(path: Path, names: dict[str, tuple[int, int]], rows: int = 2) -> str:
    """Polygons over columns of pixels, `{"west": (0, 2)}` being the first two, with a field `name`."""
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(UTM_50N)
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    layer = dataset.CreateLayer("zones", reference, ogr.wkbPolygon)
    layer.CreateField(ogr.FieldDefn("name", ogr.OFTString))
    left, top = TOP_LEFT
    for name, (first, last) in names.items():
        x0, x1, y0, y1 = left + 100 * first, left + 100 * last, top - 100 * rows, top
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("name", name)
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON(({x0} {y0},{x1} {y0},{x1} {y1},{x0} {y1},{x0} {y0}))"))
        layer.CreateFeature(feature)
    layer = dataset = None
    return str(path)
