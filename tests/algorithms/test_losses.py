"""What the user has beside a run's own files stays: downloads, files named in texts, layers of a GeoPackage."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import VALUE, read_csv, run, write_text
from ecoassets.tests.rasters import write_raster

CLIMATE = "ecoassets:annualclimate"


@pytest.fixture
def cover(tmp_path):
    return [write_raster(tmp_path / f"{year}.tif", [[21, 11], [21, 21]]) for year in (2000, 2005)]


@pytest.fixture
def downloads(tmp_path):
    folder = tmp_path / "downloads" / "2020"
    folder.mkdir(parents=True)
    write_raster(folder / "CLCD_v01_2020.tif", [[1, 2], [3, 4]])
    write_text(folder / "HWSD.dbf", "soil")
    return folder


@pytest.fixture
def districts(tmp_path):
    """A GeoPackage of two layers and one raster that the user has drawn."""
    from osgeo import gdal

    path = str(tmp_path / "districts.gpkg")
    place = gdal.GetDriverByName("GPKG").Create(path, 2, 2, 1, gdal.GDT_Byte, ["RASTER_TABLE=photo"])
    place.SetGeoTransform((0, 1, 0, 2, 0, -1))
    place.GetRasterBand(1).Fill(7)
    del place
    data = gdal.OpenEx(path, gdal.OF_VECTOR | gdal.OF_UPDATE)
    data.CreateLayer("districts")
    data.CreateLayer("rivers")
    del data
    return Path(path)


def refused(identifier, parameters, message):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=message) as told:
        run(identifier, parameters)
    return str(told.value)


def value_of(cover, **outputs):
    outputs = {"OUTPUT": Path(cover[0]).with_name("map.tif"), **outputs}
    return {"LAND_COVER": cover, "YEARS": "2000,2005", **{name: str(path) for name, path in outputs.items()}}


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("identifier", "output", "name"),
    [
        ("importproduct", "OUTPUT", "CLCD_v01_2020.tif"),
        ("importproduct", "OUTPUT_HTML", "CLCD_v01_2020.tif"),
        ("importproduct", "OUTPUT_TABLE", "HWSD.shp"),  # a shapefile of that name has a .dbf
        ("soilproperties", "OUTPUT_SAND", "clcd_V01_2020.TIF"),
        ("identifyproducts", "OUTPUT_METHODS", "CLCD_v01_2020.tif"),
    ],
)
def test_a_download_is_never_replaced(downloads, cover, tmp_path, identifier, output, name):
    before = contents(tmp_path)
    given = {"DOWNLOADS": str(downloads.parent), "REFERENCE": cover[0], "OUTPUT": str(tmp_path / "map.tif")}
    given[output] = str(downloads / name)
    refused(f"ecoassets:{identifier}", given, rf"would replace a file in .*downloads, from which .*\({output}\)")
    assert contents(tmp_path) == before


def test_a_download_by_a_link_from_elsewhere(downloads, tmp_path):
    link = tmp_path / "link.html"
    link.symlink_to(downloads / "CLCD_v01_2020.tif")
    given = {"DOWNLOADS": str(downloads), "OUTPUT_HTML": str(link)}
    refused("ecoassets:identifyproducts", given, "would replace a file in")


@pytest.mark.names_as_written
def test_the_mend_a_new_name_among_the_downloads(downloads):
    table = downloads / "found.csv"
    run("ecoassets:identifyproducts", {"DOWNLOADS": str(downloads), "OUTPUT_TABLE": str(table)})
    assert any("CLCD_v01_2020.tif" in str(row) for row in read_csv(table))


@pytest.mark.parametrize("named", ["{}", "missing.nc; {}", 'GTIFF_RAW:"{}":pre', "NETCDF:{}:pre"])
@pytest.mark.parametrize("output", ["OUTPUT", "OUTPUT_MONTHS"])
def test_a_file_named_in_a_text_is_an_input(tmp_path, named, output):
    rain = write_raster(tmp_path / "rain.tif", [np.ones((4, 4))] * 12, "float32")
    before = Path(rain).read_bytes()
    given = {
        "FILES": named.format(rain),
        "FIRST": "2000-01",
        "REFERENCE": write_raster(tmp_path / "land.tif", np.ones((4, 4))),
        "OUTPUT": str(tmp_path / "annual.tif"),
        output: str(tmp_path / "Rain.tif"),
    }
    refused(CLIMATE, given, r"is also an input \(Files that are no rasters to QGIS\)")
    assert Path(rain).read_bytes() == before


def test_what_a_virtual_raster_shows_is_an_input(cover, tmp_path):
    from osgeo import gdal

    virtual = str(tmp_path / "2000.vrt")
    gdal.BuildVRT(virtual, [cover[0]]).FlushCache()
    refused(VALUE, value_of([virtual, cover[1]], OUTPUT=cover[0]), "is also an input")


@pytest.mark.parametrize("output", ["OUTPUT", "OUTPUT_TABLE", "OUTPUT_METHODS"])
def test_a_geopackage_of_other_layers_stays(cover, districts, output):
    before = districts.read_bytes()
    told = refused(VALUE, value_of(cover, **{output: districts}), rf"photo.*rivers.* would be lost.*\({output}\)")
    assert ("'districts'" in told or "districts, " in told) == (output != "OUTPUT_TABLE")  # a table replaces its own
    assert districts.read_bytes() == before


def test_the_mend_a_table_beside_the_other_layers(cover, districts):
    from osgeo import gdal

    other = districts.with_name("all.gpkg")
    shutil.copy(districts, other)
    told = refused(VALUE, value_of(cover, OUTPUT_TABLE=other), "Choose another name, or ogr:")
    place = re.search(r"(ogr:.*), which leaves", told)[1]
    run(VALUE, value_of(cover, OUTPUT_TABLE=place))
    data = gdal.OpenEx(str(other), gdal.OF_VECTOR)
    names = {data.GetLayer(number).GetName() for number in range(data.GetLayerCount())}
    assert names == {"districts", "rivers", "all"}


@pytest.mark.parametrize("name", ["value.gpkg", "value.of.2005.gpkg", "value.xlsx"])
def test_what_a_run_has_written_itself_is_replaced(cover, tmp_path, name):
    given = value_of(cover, OUTPUT_TABLE=tmp_path / name)
    assert run(VALUE, given)["OUTPUT_TABLE"] == run(VALUE, given)["OUTPUT_TABLE"]


def test_a_map_in_a_geopackage_is_replaced_by_its_own(tmp_path):
    given = {"DEM": write_raster(tmp_path / "dem.tif", np.arange(64).reshape(8, 8), "float32"),
             "OUTPUT": str(tmp_path / "slope.of.2005.gpkg")}  # fmt: skip
    for _ in range(2):
        run("ecoassets:slopelength", given)


def test_a_workbook_of_other_sheets_stays(cover, tmp_path):
    book = tmp_path / "book.xlsx"
    run(VALUE, value_of(cover, OUTPUT_XLSX=book))
    before = book.read_bytes()
    refused(VALUE, value_of(cover, OUTPUT_TABLE=book), r"would be lost\. Choose another name \(OUTPUT_TABLE\)")
    assert book.read_bytes() == before
