"""Products in place of rasters, as a script, a model or a dialog gives them to an algorithm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qgis.core import QgsProcessingContext, QgsProcessingException, QgsProject, QgsRasterLayer

from ecoassets.tests.algorithms.helpers import run
from ecoassets.tests.downloads import write_hdf4, write_netcdf, write_tif
from ecoassets.tests.rasters import read_raster

NPP = "MOD17A3HGF.A{year}001.h27v05.061.2022020135800.hdf"


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "npp"
    folder.mkdir()
    for number, year in enumerate((2010, 2011, 2012, 2013)):
        values = np.full((8, 8), 4000 + 100 * number, "i2")
        values[0, :7] = range(32761, 32768)
        facts = {"Npp_500m": {"_FillValue": 32767, "scale_factor": 0.0001}}
        layers = {"Npp_500m": values, "Npp_QC_500m": np.zeros((8, 8), "u1")}
        write_hdf4(folder / NPP.format(year=year), "MOD_Grid_MOD17A3H", 27, 5, layers, facts)
    return folder


@pytest.fixture
def rain(tmp_path: Path) -> str:
    months = np.full((12, 20, 20), 300, "i2")
    write_netcdf(
        tmp_path / "pre_2020.nc", "pre", months, times=range(12), units="months since 2020-01-15", top_left=(100, 30),
        cell=1 / 120, nodata=-32768,
    )  # fmt: skip
    return f"{tmp_path / 'pre_2020.nc'}|pre"


def test_a_folder_of_one_product_is_a_series(downloads, tmp_path):
    results = run("ecoassets:trend", {"RASTERS": str(downloads), "OUTPUT": str(tmp_path / "trend.tif")})
    slope = read_raster(results["OUTPUT"])[0]
    assert np.isnan(slope[0, :7]).all()
    np.testing.assert_allclose(slope[1:], 10, rtol=1e-5)  # g C/(m2 a) each year


def test_files_with_their_variable_keep_their_order_beside_rasters(downloads, tmp_path):
    files = [f"{downloads / NPP.format(year=year)}|Npp_500m" for year in (2010, 2011, 2012)]
    run("ecoassets:importproduct", {"DOWNLOADS": str(downloads), "YEARS": "2013", "REFERENCE": files[0],
                                    "OUTPUT": str(tmp_path / "npp_2013.tif")})  # fmt: skip
    rasters = [files[0], str(tmp_path / "npp_2013.tif"), files[1], files[2]]
    with pytest.raises(QgsProcessingException, match="2013"):  # it stands where 2011 should
        run("ecoassets:trend", {"RASTERS": rasters, "YEARS": "2010, 2011, 2012, 2013", "OUTPUT": "TEMPORARY_OUTPUT"})
    ordered = [*files, str(tmp_path / "npp_2013.tif")]
    results = run("ecoassets:trend", {"RASTERS": ordered, "OUTPUT": str(tmp_path / "trend.tif")})
    np.testing.assert_allclose(read_raster(results["OUTPUT"])[0][1:], 10, rtol=1e-4)


def test_a_layer_of_the_project_is_imported_as_its_file(downloads, tmp_path):
    source = f'HDF4_EOS:EOS_GRID:"{downloads / NPP.format(year=2010)}":MOD_Grid_MOD17A3H:Npp_500m'
    layer = QgsRasterLayer(source, "NPP")
    assert layer.isValid()
    QgsProject.instance().addMapLayer(layer)
    try:
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        results = run(
            "ecoassets:zonesummary",
            {"VALUES": [layer.id()], "OUTPUT_TABLE": str(tmp_path / "sum.csv")},
            context=context,
        )
    finally:
        QgsProject.instance().removeMapLayer(layer.id())
    assert ",400," in Path(results["OUTPUT_TABLE"]).read_text(encoding="utf-8").replace("400.000000000000", "400")


def test_months_of_a_product_go_into_erosivity(rain, tmp_path):
    report = tmp_path / "r.html"
    results = run(
        "ecoassets:rainfallerosivity",
        {"PRECIPITATION": rain, "OUTPUT": str(tmp_path / "r.tif"), "OUTPUT_HTML": str(report)},
    )
    # Zhang & Fu 2003 by twelve months of 30 mm: F = sum of p2 / sum of p = 30
    assert results["MEAN"] == pytest.approx(0.1833 * 30**1.9957, rel=1e-6)
    text = report.read_text(encoding="utf-8")
    assert "pre_2020_pre.tif" in text and "pre_2020.nc|pre" in text


@pytest.mark.parametrize(
    "text, told",
    [
        ("{rain}x", "has no variable 'prex'. It has: pre"),
        ("{folder}", "holds no file of a product"),
        ("{folder}/none.nc|pre", "none.nc|pre cannot be read"),
    ],
)
def test_what_cannot_be_read_is_told_before_work(rain, tmp_path, text, told):
    (tmp_path / "empty").mkdir()
    given = text.format(rain=rain, folder=tmp_path / "empty")
    with pytest.raises(QgsProcessingException, match=told.replace("|", r"\|")):
        run("ecoassets:rainfallerosivity", {"PRECIPITATION": given, "OUTPUT": "TEMPORARY_OUTPUT"})


def test_climate_files_are_read_as_they_are_where_they_are_prepared(rain, tmp_path):
    reference = write_tif(tmp_path / "r.tif", np.zeros((4, 4), "u1"), "EPSG:4326", (100.02, 29.98), 0.01, nodata=255)
    results = run(
        "ecoassets:annualclimate",
        {"INPUTS": [rain], "UNIT": "tenth_mm", "REFERENCE": str(reference), "OUTPUT": str(tmp_path / "year.tif")},
    )
    np.testing.assert_allclose(read_raster(results["OUTPUT"]), 360, rtol=1e-6)
