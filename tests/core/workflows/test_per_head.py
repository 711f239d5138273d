"""GDP per head: a ratio of densities, nothing where nobody lives."""

from __future__ import annotations

import numpy as np
from osgeo import gdal

from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.workflows.per_head import gdp_per_head, write_gdp_per_head
from ecoassets.tests.rasters import read_raster, write_raster


def test_nobody_earns_nothing():
    ratio, exists = gdp_per_head(np.array([600.0, 50.0]), np.array([120.0, 0.0]))
    assert ratio.tolist() == [5.0, 0.0] and exists.tolist() == [True, False]


def test_a_band_per_year_from_a_raster_per_year_and_one_for_all(tmp_path):
    gdp = [
        str(write_raster(tmp_path / f"gdp_{year}.tif", np.array([values], "float32"), "float32", nodata=-1))
        for year, values in ((2000, [600, 50, -1]), (2010, [1200, 80, 10]))
    ]
    people = str(write_raster(tmp_path / "people.tif", np.array([[120, 0, 5]], "float32"), "float32", nodata=-1))
    path = str(tmp_path / "per_head.tif")
    write_gdp_per_head(gdp, [people], (2000, 2010), path, RasterSettings())
    found = read_raster(path)
    dataset = gdal.Open(path)
    nodata = dataset.GetRasterBand(1).GetNoDataValue()
    missing = np.isnan(found) | (found == nodata)
    assert found[:, 0, 0].tolist() == [5.0, 10.0] and found[1, 0, 2] == 2.0
    assert missing[:, 0].tolist() == [[False, True, True], [False, True, False]]
