"""Align to grid: values, what a raster tells about itself, names of the outputs, and the table of changes."""

from __future__ import annotations

import os

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import Cancelled, GridError, InputError, OutputError
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.tools.align_to_grid import beside_nodata, run_align_to_grid
from ecoassets.tests.core.raster.conftest import Telling, grid_of, read, write_raster


@pytest.fixture
def reference(tmp_path) -> str:
    """20 x 20 pixels of 30 m."""
    return write_raster(tmp_path / "reference.tif", np.ones((20, 20), "uint8"), nodata=0)


@pytest.fixture
def folder(tmp_path) -> str:
    (tmp_path / "aligned").mkdir()
    return str(tmp_path / "aligned")


def changes(result) -> dict[str, tuple[str, str]]:
    return {row[2]: row[3:] for row in result.table.rows}


def test_classes_keep_type_codes_nodata_names_and_colours(tmp_path, reference, folder):
    codes = np.array([[1, 42], [41, 255]], "uint8").repeat(5, 0).repeat(5, 1)

    def legend(dataset):
        band = dataset.GetRasterBand(1)
        table = gdal.ColorTable()
        for code, colour in {1: (0, 100, 0, 255), 41: (1, 2, 3, 255), 42: (0, 0, 200, 255)}.items():
            table.SetColorEntry(code, colour)
        band.SetRasterColorTable(table)
        band.SetCategoryNames([""] + ["Forest"] + [""] * 39 + ["Marsh", "Lake"])
        band.SetDescription("2005")

    path = write_raster(tmp_path / "cover.tif", codes, nodata=255, pixel=60, finish=legend)
    result = run_align_to_grid([path], reference, "classes", folder)
    assert result.paths == (os.path.join(folder, "cover_aligned.tif"),)
    dataset = gdal.Open(result.paths[0])
    band = dataset.GetRasterBand(1)
    assert grid_of(reference).difference(grid_of(result.paths[0])) is None
    np.testing.assert_array_equal(band.ReadAsArray(), codes.repeat(2, 0).repeat(2, 1))
    assert (gdal.GetDataTypeName(band.DataType), band.GetNoDataValue()) == ("Byte", 255)
    assert band.GetRasterColorTable().GetColorEntry(42) == (0, 0, 200, 255)
    assert [band.GetCategoryNames()[code] for code in (1, 41, 42)] == ["Forest", "Marsh", "Lake"]
    assert band.GetDescription() == "2005"
    assert changes(result) == {
        "pixel size": ("60 x -60", "30 x -30"),
        "size": ("10 x 10", "20 x 20"),
        "resampling": ("", "near"),
    }


def test_classes_without_nodata_get_a_free_code(tmp_path, reference, folder):
    codes = np.full((10, 10), 255, "uint8")
    codes[0, 0] = 7
    path = write_raster(tmp_path / "cover.tif", codes)  # covers a quarter of the reference
    result = run_align_to_grid([path], reference, "classes", folder)
    values = read(result.paths[0])
    assert changes(result)["nodata"] == ("none", "0")
    assert (values[0, 0], values[5, 5], values[15, 15]) == (7, 255, 0)


def test_signed_bytes_become_16_bit_numbers(tmp_path, reference, folder):
    stored = np.array([[-128, -3], [5, 127]], "int8").repeat(10, 0).repeat(10, 1)
    path = write_raster(tmp_path / "s.tif", stored.view("uint8"), nodata=-128, options=("PIXELTYPE=SIGNEDBYTE",))
    result = run_align_to_grid([path], reference, "classes", folder)
    np.testing.assert_array_equal(read(result.paths[0]), stored)
    assert changes(result)["type"] == ("Int8", "Int16")


def test_all_bands_with_names_units_and_applied_scale(tmp_path, reference, folder):
    def described(dataset):
        for number, year in enumerate(("2000", "2005"), start=1):
            band = dataset.GetRasterBand(number)
            band.SetDescription(year)
            band.SetUnitType("kg C/m2")
            band.SetScale(0.0001)

    stack = np.stack([np.full((10, 10), 5000), np.full((10, 10), 65535)]).astype("uint16")
    stack[1, :, :5] = 8000
    path = write_raster(tmp_path / "npp.tif", stack, nodata=65535, pixel=60, finish=described)
    told = Telling()
    result = run_align_to_grid([path], reference, "continuous", folder, progress=told)
    dataset = gdal.Open(result.paths[0])
    first, second = (dataset.GetRasterBand(number) for number in (1, 2))
    assert (first.GetDescription(), second.GetDescription(), second.GetUnitType()) == ("2000", "2005", "kg C/m2")
    np.testing.assert_allclose(first.ReadAsArray(), 0.5, rtol=1e-6)
    np.testing.assert_allclose(second.ReadAsArray()[:, :9], 0.8, rtol=1e-6)
    assert (second.ReadAsArray()[:, 11:] == -9999).all()
    assert first.GetScale() in (None, 1.0)
    assert changes(result)["scale"] == ("0.0001", "applied to the values")
    assert changes(result)["nodata"] == ("65535", "-9999")
    assert changes(result)["type"] == ("UInt16", "Float32")
    assert len([info for info in told.infos if "bilinear" in info]) == 1, "told once for all bands"


@pytest.mark.parametrize("nodata", [-3.4028234663852886e38, float("nan"), 0.0, -32768.0])
def test_nodata_is_kept_where_the_type_can_hold_it(tmp_path, reference, folder, nodata):
    values = np.full((10, 10), 2.5, "float32")
    values[:, 5:] = nodata
    path = write_raster(tmp_path / "x.tif", values, nodata=nodata, pixel=60)
    result = run_align_to_grid([path], reference, "continuous", folder)
    stored = gdal.Open(result.paths[0])
    np.testing.assert_equal(stored.GetRasterBand(1).GetNoDataValue(), nodata)
    assert (stored.ReadAsArray()[:, :9] == 2.5).all()
    np.testing.assert_array_equal(stored.ReadAsArray()[:, 11:], np.float32(nodata))
    assert "nodata" not in changes(result)


def test_a_value_that_interpolation_makes_equal_to_nodata_stays_a_value():
    values = np.array([-1.0, 0.0, 0.0, 1.0], "float32")
    valid = np.array([True, True, False, True])
    moved = beside_nodata(values, valid, 0.0)
    assert 0 < moved[1] < 1e-40
    assert moved[[0, 2, 3]].tolist() == [-1, 0, 1]


def test_an_alpha_band_becomes_nodata(tmp_path, reference, folder):
    alpha = np.full((20, 20), 255, "uint8")
    alpha[:, :8] = 0
    stack = np.stack([np.full((20, 20), 9, "uint8"), alpha])
    path = write_raster(tmp_path / "a.tif", stack, options=("ALPHA=YES",))
    result = run_align_to_grid([path], reference, "continuous", folder)
    dataset = gdal.Open(result.paths[0])
    assert dataset.RasterCount == 1
    assert np.unique(dataset.ReadAsArray()[:, :8]).tolist() == [-9999]
    assert np.unique(dataset.ReadAsArray()[:, 8:]).tolist() == [9]
    assert changes(result)["alpha band"] == ("transparency", "nodata in the other bands")


def test_a_raster_on_the_grid_is_copied_bit_for_bit(tmp_path, reference, folder):
    values = np.random.default_rng(1).normal(size=(20, 20)).astype("float32")
    path = write_raster(tmp_path / "x.tif", values, nodata=-9999)
    result = run_align_to_grid([path], reference, "continuous", folder)
    np.testing.assert_array_equal(read(result.paths[0]), values)
    assert changes(result) == {"resampling": ("", "none: the raster lay on the grid, its values were copied")}


def test_names_are_distinct_and_no_input_is_overwritten(tmp_path, reference):
    ones = np.ones((20, 20), "float32")
    (tmp_path / "b").mkdir()
    paths = [
        write_raster(tmp_path / "x.tif", ones, nodata=0),
        write_raster(tmp_path / "b" / "x.tif", ones * 2, nodata=0),
        write_raster(tmp_path / "x_aligned.tif", ones * 3, nodata=0),
    ]
    result = run_align_to_grid(paths, reference, "continuous", str(tmp_path))
    names = [os.path.basename(path) for path in result.paths]
    assert names == ["x_aligned_2.tif", "x_aligned_3.tif", "x_aligned_aligned.tif"]
    assert [read(path)[0, 0] for path in result.paths] == [1, 2, 3]
    assert read(paths[2])[0, 0] == 3


def test_either_all_rasters_are_written_or_none(tmp_path, reference, folder):
    good = write_raster(tmp_path / "good.tif", np.ones((700, 700)), nodata=0, pixel=1)
    whole = (tmp_path / "good.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.tif"):
        run_align_to_grid([good, str(tmp_path / "cut.tif")], reference, "continuous", folder)
    with pytest.raises(Cancelled):
        run_align_to_grid([good], reference, "continuous", folder, progress=Telling(checks=0))
    assert os.listdir(folder) == []


def test_overviews_and_boundary_follow_the_settings(tmp_path, reference, folder):
    square = (
        '{"type": "Polygon", "coordinates": [[[200000, 9899700], [200300, 9899700], [200300, 9900000], '
        "[200000, 9900000], [200000, 9899700]]]}"
    )
    crs = '"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32748"}}'
    (tmp_path / "b.geojson").write_text(
        f'{{"type": "FeatureCollection", {crs}, "features": [{{"type": "Feature", "properties": {{}}, '
        f'"geometry": {square}}}]}}'
    )
    path = write_raster(tmp_path / "x.tif", np.ones((20, 20), "float32"), nodata=0)
    settings = RasterSettings(boundary=str(tmp_path / "b.geojson"))
    result = run_align_to_grid([path], reference, "continuous", folder, settings)
    expected = np.zeros((20, 20))
    expected[:10, :10] = 1
    np.testing.assert_array_equal(read(result.paths[0]), expected)


def test_what_cannot_be_aligned_is_told(tmp_path, reference, folder):
    with pytest.raises(InputError, match="No raster was given"):
        run_align_to_grid([], reference, "continuous", folder)
    far = write_raster(tmp_path / "far.tif", np.ones((5, 5), "uint8"), origin=(700_000.0, 9_000_000.0))
    with pytest.raises(GridError, match=r"far\.tif does not overlap"):
        run_align_to_grid([far], reference, "classes", folder)
    with pytest.raises(OutputError, match="does not exist"):
        run_align_to_grid([reference], reference, "classes", os.path.join(folder, "none"))


def test_real_zones_come_on_the_land_cover(shared_data, folder):
    """The planning units of Bungo lie on a shifted 100 m grid: nearly every land-cover pixel gets one."""
    lulc = shared_data / "bungo" / "lulc"
    cover = str(lulc / "bungo_landcover_1990r.tif")
    result = run_align_to_grid([str(lulc / "bungo_zone.tif")], cover, "classes", folder)
    assert grid_of(cover).difference(grid_of(result.paths[0])) is None
    zones, codes = read(result.paths[0]), read(cover)
    assert set(np.unique(zones)) == {1, 2, 3, 4, 5, 6, 7, 8, 255}
    assert (zones[codes != 128] != 255).mean() > 0.98
