"""What the tests of this room share: writing and reading small rasters, and a listener of messages."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal, ogr, osr

from ecoassets.core.progress import Progress

NODATA = -9999.0


class Told(Progress):
    """Remembers what a run says."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.warnings: list[str] = []

    def info(self, message: str) -> None:
        self.messages.append(message)

    def warn(self, message: str) -> None:
        self.warnings.append(message)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def raster(tmp_path):
    """Writes an array (rows, columns) or (bands, rows, columns) as a raster with pixels of 100 m, that is 1 ha."""

    def write(values, name="layer", gdal_type=gdal.GDT_Float32, nodata=NODATA, descriptions=()):
        values = np.asarray(values)
        values = values if values.ndim == 3 else np.atleast_2d(values)[np.newaxis]
        path = str(tmp_path / f"{name}.tif")
        bands, rows, columns = values.shape
        dataset = gdal.GetDriverByName("GTiff").Create(path, columns, rows, bands, gdal_type)
        dataset.SetGeoTransform((500_000, 100, 0, 4_400_000, 0, -100))
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(32650)
        dataset.SetProjection(reference.ExportToWkt())
        for number in range(bands):
            band = dataset.GetRasterBand(number + 1)
            if nodata is not None:
                band.SetNoDataValue(nodata)
            if descriptions:
                band.SetDescription(descriptions[number])
            band.WriteArray(values[number])
        del band, dataset
        return path

    return write


@pytest.fixture
def zones(tmp_path):
    """Writes polygons over columns of the rasters of `raster`: name, first column and the one after the last."""

    def write(columns, name="zones"):
        path = str(tmp_path / f"{name}.gpkg")
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(32650)
        dataset = ogr.GetDriverByName("GPKG").CreateDataSource(path)
        layer = dataset.CreateLayer(name, reference, ogr.wkbPolygon)
        layer.CreateField(ogr.FieldDefn("name"))
        for zone, (first, end) in columns.items():
            left, right = 500_000 + 100 * first, 500_000 + 100 * end
            feature = ogr.Feature(layer.GetLayerDefn())
            feature.SetField("name", zone)
            corners = f"{left} 4300000, {right} 4300000, {right} 4500000, {left} 4500000, {left} 4300000"
            feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON (({corners}))"))
            layer.CreateFeature(feature)
        return path

    return write


@pytest.fixture
def read():
    """Reads a raster as float64, NaN where there is nothing; (rows, columns), or with bands first."""

    def values_of(path):
        dataset = gdal.Open(str(path))
        layers = []
        for number in range(1, dataset.RasterCount + 1):
            band = dataset.GetRasterBand(number)
            layer = band.ReadAsArray().astype(np.float64)
            layer[layer == band.GetNoDataValue()] = np.nan
            layers.append(layer)
        return layers[0] if len(layers) == 1 else np.stack(layers)

    return values_of
