"""Small maps for tests, written as files because the code under test reads files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from osgeo import gdal, ogr, osr

TYPES = {
    "uint8": gdal.GDT_Byte,
    "int16": gdal.GDT_Int16,
    "uint16": gdal.GDT_UInt16,
    "int32": gdal.GDT_Int32,
    "float32": gdal.GDT_Float32,
    "float64": gdal.GDT_Float64,
}


def write_map(path, values, nodata=255, epsg=32650, pixel=100.0, origin=(500000.0, 4000000.0)):
    """A raster of one band, or of several for a stack; square pixels of 1 ha unless told otherwise."""
    stack = np.atleast_3d(np.asarray(values).T).T
    dataset = gdal.GetDriverByName("GTiff").Create(
        str(path), stack.shape[2], stack.shape[1], stack.shape[0], TYPES[stack.dtype.name]
    )
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(epsg)
    dataset.SetProjection(crs.ExportToWkt())
    dataset.SetGeoTransform((origin[0], pixel, 0, origin[1], 0, -pixel))
    for number, layer in enumerate(stack, start=1):
        if nodata is not None:
            dataset.GetRasterBand(number).SetNoDataValue(nodata)
        dataset.GetRasterBand(number).WriteArray(layer)
    del dataset
    return str(path)


def classes(rows):
    """A class map written as text: one digit per pixel, `.` for nodata (255)."""
    return np.array([[255 if c == "." else int(c) for c in row] for row in rows.split()], dtype=np.uint8)


def read(path, band=1):
    dataset = gdal.Open(str(path))  # a band must not outlive it
    return dataset.GetRasterBand(band).ReadAsArray()


def write_rectangles(path, rectangles, epsg=32650):
    """Polygons (left, bottom, right, top) with a field `name`."""
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(epsg)
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    layer = dataset.CreateLayer("zones", crs, ogr.wkbPolygon)
    layer.CreateField(ogr.FieldDefn("name", ogr.OFTString))
    for name, (left, bottom, right, top) in rectangles.items():
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("name", name)
        ring = f"{left} {bottom},{right} {bottom},{right} {top},{left} {top},{left} {bottom}"
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON(({ring}))"))
        layer.CreateFeature(feature)
    del layer, dataset
    return str(Path(path))


def records(table):
    """Rows of a result table as dicts."""
    return [dict(zip((column.name for column in table.columns), row)) for row in table.rows]
