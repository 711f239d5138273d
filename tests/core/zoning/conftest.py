"""Small rasters and polygons that a test can write down."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal, ogr, osr

LEFT, TOP, EPSG = 500_000.0, 4_400_000.0, 32650


def reference():
    system = osr.SpatialReference()
    system.ImportFromEPSG(EPSG)
    system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return system


@pytest.fixture
def raster(tmp_path):
    """Writes an array as a raster of pixels of 100 m (1 ha) and returns its path; integers become Int16 classes."""

    def write(values, name="layer", nodata=-9999, pixel=100.0):
        values = np.atleast_2d(np.asarray(values))
        kind = gdal.GDT_Float32 if values.dtype.kind == "f" else gdal.GDT_Int16
        path = str(tmp_path / f"{name}.tif")
        dataset = gdal.GetDriverByName("GTiff").Create(path, values.shape[1], values.shape[0], 1, kind)
        dataset.SetGeoTransform((LEFT, pixel, 0, TOP, 0, -pixel))
        dataset.SetProjection(reference().ExportToWkt())
        if nodata is not None:
            dataset.GetRasterBand(1).SetNoDataValue(nodata)
        dataset.GetRasterBand(1).WriteArray(values)
        del dataset
        return path

    return write


@pytest.fixture
def polygons(tmp_path):
    """Writes rectangles, given in pixels of 100 m as (column, row, width, height, fields), and returns the path."""

    def write(rectangles, name="polygons", pixel=100.0):
        path = str(tmp_path / f"{name}.gpkg")
        dataset = ogr.GetDriverByName("GPKG").CreateDataSource(path)
        layer = dataset.CreateLayer(name, reference(), ogr.wkbPolygon)
        fields = {key: value for *_, given in rectangles for key, value in given.items()}
        for key, value in fields.items():
            layer.CreateField(ogr.FieldDefn(key, ogr.OFTString if isinstance(value, str) else ogr.OFTReal))
        for column, row, width, height, given in rectangles:
            west, north = LEFT + column * pixel, TOP - row * pixel
            east, south = west + width * pixel, north - height * pixel
            feature = ogr.Feature(layer.GetLayerDefn())
            wkt = f"POLYGON(({west} {north},{east} {north},{east} {south},{west} {south},{west} {north}))"
            feature.SetGeometry(ogr.CreateGeometryFromWkt(wkt))
            for key, value in given.items():
                feature.SetField(key, value)
            layer.CreateFeature(feature)
        del layer, dataset
        return path

    return write


@pytest.fixture
def pixels():
    """Reads a band of a raster as a list of rows; None where there is no value."""

    def read(path, band=1):
        dataset = gdal.Open(str(path))
        opened = dataset.GetRasterBand(band)
        values = opened.ReadAsArray()
        return np.where(values == opened.GetNoDataValue(), None, values).tolist()

    return read
