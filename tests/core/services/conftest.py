"""Small rasters and a log, for examples that can be checked with a pencil."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, osr

from ecoassets.core.progress import Progress

PIXEL_M = 100.0  # a pixel is one hectare
UTM_50N = 32650


class Log(Progress):
    """Remembers what a run told."""

    def __init__(self):
        self.infos, self.warnings = [], []

    def info(self, message):
        self.infos.append(message)

    def warn(self, message):
        self.warnings.append(message)


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def raster(tmp_path):
    """Writes an array (rows, columns) or (bands, rows, columns) and returns its path."""

    def write(name, values, nodata=-9999.0, epsg=UTM_50N, pixel=PIXEL_M, origin=(500_000.0, 4_400_000.0)):
        array = np.asarray(values)
        array = array[np.newaxis] if array.ndim == 2 else array
        whole = array.dtype.kind in "iu"
        path = str(tmp_path / f"{name}.tif")
        bands, rows, columns = array.shape
        data_type = gdal.GDT_Int32 if whole else gdal.GDT_Float32
        dataset = gdal.GetDriverByName("GTiff").Create(path, columns, rows, bands, data_type)
        dataset.SetGeoTransform((origin[0], pixel, 0, origin[1], 0, -pixel))
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(epsg)
        dataset.SetProjection(reference.ExportToWkt())
        for number, band in enumerate(array, start=1):
            dataset.GetRasterBand(number).SetNoDataValue(nodata)
            dataset.GetRasterBand(number).WriteArray(band)
        dataset.FlushCache()
        return path

    return write


@pytest.fixture
def out(tmp_path):
    """A path for a result."""
    return lambda name: str(tmp_path / f"{name}.tif")


def read(path):
    """All bands of a raster, shape (bands, rows, columns), NaN for nodata."""
    dataset = gdal.Open(str(Path(path)))
    bands = []
    for number in range(1, dataset.RasterCount + 1):
        band = dataset.GetRasterBand(number)
        values = band.ReadAsArray().astype(float)
        values[values == band.GetNoDataValue()] = np.nan
        bands.append(values)
    return np.array(bands)


def bands_of(path):
    """Descriptions and units of the bands."""
    dataset = gdal.Open(str(path))
    numbers = range(1, dataset.RasterCount + 1)
    return [(dataset.GetRasterBand(n).GetDescription(), dataset.GetRasterBand(n).GetUnitType()) for n in numbers]
