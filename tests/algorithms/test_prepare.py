"""Identify and import products from the toolbox, on made downloads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import QgsProcessingException

from ecoassets.tests.algorithms.helpers import run, write_text
from ecoassets.tests.downloads import write_netcdf, write_tif
from ecoassets.tests.rasters import read_raster

LAND = np.array([[1, 2, 2, 8], [1, 2, 5, 8], [4, 4, 5, 0], [4, 4, 9, 9]], "u1")


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "downloads"
    folder.mkdir()
    for year in (2019, 2020, 2022):
        write_tif(folder / f"CLCD_v01_{year}.tif", LAND, "EPSG:4326", (100, 30), 0.01)
    months = np.full((12, 8, 8), 300, "i2")
    write_netcdf(
        folder / "pre_2020.nc", "pre", months, times=range(12), units="months since 2020-01-15", top_left=(100, 30),
        cell=1 / 120, nodata=-32768,
    )  # fmt: skip
    return folder


def test_a_dry_run_tells_what_is_there(downloads, tmp_path):
    summary = tmp_path / "summary.csv"
    report = tmp_path / "report.html"
    results = run(
        "ecoassets:identifyproducts",
        {"DOWNLOADS": str(downloads), "OUTPUT_SUMMARY": str(summary), "OUTPUT_HTML": str(report)},
    )
    assert (results["FILES"], results["RECOGNISED"], results["PROBLEMS"]) == (4, 4, 0)
    text = summary.read_text(encoding="utf-8")
    assert "2019-2020, 2022" in text and "2021" in text and "LAND_COVER" in text
    assert "PRECIPITATION" in report.read_text(encoding="utf-8")


@pytest.mark.names_as_written
def test_land_cover_of_two_years_on_the_grid_of_a_reference(downloads, tmp_path):
    reference = write_tif(tmp_path / "reference.tif", np.zeros((4, 4), "u1"), "EPSG:4326", (100, 30), 0.01, nodata=255)
    results = run(
        "ecoassets:importproduct",
        {"DOWNLOADS": str(downloads), "PRODUCT": "clcd", "YEARS": "2019, 2022", "REFERENCE": str(reference),
         "OUTPUT": str(tmp_path / "land.tif"), "OUTPUT_HTML": str(tmp_path / "import.html")},
    )  # fmt: skip
    assert (results["YEARS"], results["FILES_USED"], results["FILES_SKIPPED"]) == (2, 2, 2)
    made = read_raster(results["OUTPUT"])
    np.testing.assert_array_equal(made[0], np.where(LAND == 0, np.nan, LAND))
    dataset = gdal.Open(results["OUTPUT"])
    assert [dataset.GetRasterBand(n).GetDescription() for n in (1, 2)] == ["2019", "2022"]
    assert "CLCD_v01_2022.tif" in (tmp_path / "import.html").read_text(encoding="utf-8")


def test_rain_by_month_over_a_boundary(downloads, tmp_path):
    ring = [[100.01, 29.95], [100.05, 29.95], [100.05, 29.99], [100.01, 29.99], [100.01, 29.95]]
    shape = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    boundary = write_text(tmp_path / "b.geojson", json.dumps({"type": "FeatureCollection", "features": [shape]}))
    results = run(
        "ecoassets:importproduct",
        {"DOWNLOADS": str(downloads), "PRODUCT": "peng_1km", "STEP": "month", "BOUNDARY": boundary, "CRS": "EPSG:4326",
         "CELL_SIZE": 0.01, "OUTPUT": str(tmp_path / "rain.tif")},
    )  # fmt: skip
    made = read_raster(results["OUTPUT"])
    assert made.shape == (12, 4, 4)
    np.testing.assert_allclose(made, 30, rtol=1e-6)


@pytest.mark.parametrize(
    "change, told",
    [
        ({"PRODUCT": "auto"}, "several products"),
        ({"PRODUCT": "clcdd"}, "no product 'clcdd'"),
        ({"LAYER": "npp"}, "no layer 'npp'"),
        ({"YEARS": "2021"}, "There are: 2019, 2020, 2022"),
        ({"SEASON": "summer"}, "04-01..10-31"),
        ({"SCALE": "x"}, "SCALE is 'x'"),
        ({"FILLS": "a"}, "FILLS is 'a'"),
        ({"REFERENCE": None}, "Give REFERENCE"),
    ],
)
def test_what_cannot_be_done_is_told_before_work(downloads, tmp_path, change, told):
    reference = write_tif(tmp_path / "reference.tif", np.zeros((4, 4), "u1"), "EPSG:4326", (100, 30), 0.01, nodata=255)
    given = {
        "DOWNLOADS": str(downloads),
        "PRODUCT": "clcd",
        "REFERENCE": str(reference),
        "OUTPUT": str(tmp_path / "o.tif"),
    }
    with pytest.raises(QgsProcessingException, match=told):
        run("ecoassets:importproduct", {**given, **change})
    assert not (tmp_path / "o.tif").exists()
