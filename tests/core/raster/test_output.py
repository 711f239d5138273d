"""What is written: statistics, overviews, names, units, legends, other formats, creation options."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import OutputError
from ecoassets.core.raster.engine import run_job
from ecoassets.core.raster.output import Band, ClassColour, Output, WriteOptions
from ecoassets.core.raster.reading.source import Source
from ecoassets.core.raster.work import Block, Job, Result

from .conftest import Copy, grid_of, read, write_raster

FOREST, WATER = ClassColour(1, "Forest", "#228b22"), ClassColour(42, "Water", "#1e90ff")


def copy(path: str, output: Output, kind="continuous", **write):
    options = WriteOptions(**{"overviews": False, **write})
    return run_job(Job(Copy(), (Source("x", path, kind=kind),), grid_of(path), (output,), write=options, tile=64))


@pytest.fixture
def values(tmp_path, hills) -> tuple[np.ndarray, str]:
    hills[10:600, 20:300] = np.nan
    return hills, write_raster(tmp_path / "x.tif", hills, nodata=-9999)


def test_statistics_equal_numpy_without_another_pass(tmp_path, values):
    array, path = values
    copy(path, Output("out", str(tmp_path / "o.tif"), (Band("2005"),)))
    dataset = gdal.Open(str(tmp_path / "o.tif"))
    stored = dataset.GetRasterBand(1).GetStatistics(False, False)
    valid = array[np.isfinite(array)].astype("float64")
    assert stored == pytest.approx([valid.min(), valid.max(), valid.mean(), valid.std()], rel=1e-12)


def test_a_far_offset_does_not_eat_the_deviation(tmp_path):
    array = np.array([[1e8, 1e8 + 1, 1e8 + 2, 1e8 + 3]])
    path = write_raster(tmp_path / "x.tif", array)
    found = copy(path, Output("out", str(tmp_path / "o.tif"), (Band("x"),), "float64"))
    assert found.statistics["out"][0].deviation == pytest.approx(np.sqrt(1.25), rel=1e-12)


def test_descriptions_units_nodata_grid_and_provenance_are_read_back(tmp_path, values):
    _, path = values
    bands = (Band("2005|water_supply", "CNY/(ha a)"),)
    copy(path, Output("out", str(tmp_path / "o.tif"), bands, nodata=-1, metadata={"ECOASSETS_METHOD": "test"}))
    dataset = gdal.Open(str(tmp_path / "o.tif"))
    band = dataset.GetRasterBand(1)
    assert (band.GetDescription(), band.GetUnitType(), band.GetNoDataValue()) == ("2005|water_supply", "CNY/(ha a)", -1)
    assert dataset.GetMetadataItem("ECOASSETS_METHOD") == "test"
    assert grid_of(path).difference(grid_of(str(tmp_path / "o.tif"))) is None
    assert dataset.GetMetadataItem("COMPRESSION", "IMAGE_STRUCTURE") in ("ZSTD", "DEFLATE")
    assert band.GetBlockSize() == [512, 512]


@pytest.mark.parametrize("classes", [(FOREST, WATER), (FOREST, ClassColour(42, "Water", ""))])
def test_a_class_raster_has_names_and_colours(tmp_path, classes):
    path = write_raster(tmp_path / "x.tif", np.array([[1, 42, 255]], "uint8"), nodata=255)
    copy(path, Output("out", str(tmp_path / "o.tif"), (Band("2005"),), "uint8", 255, classes), kind="classes")
    dataset = gdal.Open(str(tmp_path / "o.tif"))
    band = dataset.GetRasterBand(1)
    assert read(tmp_path / "o.tif").tolist() == [[1, 42, 255]]
    assert band.GetRasterColorTable().GetColorEntry(1) == (0x22, 0x8B, 0x22, 255)
    assert (band.GetCategoryNames()[1], band.GetCategoryNames()[42]) == ("Forest", "Water")
    if classes[1].colour:
        assert band.GetRasterColorTable().GetColorEntry(42) == (0x1E, 0x90, 0xFF, 255)


def test_classes_without_any_colour_have_no_colour_table(tmp_path):
    path = write_raster(tmp_path / "x.tif", np.array([[1, 2]], "uint8"), nodata=255)
    legend = (ClassColour(1, "Forest", ""), ClassColour(2, "Water", ""))
    copy(path, Output("out", str(tmp_path / "o.tif"), (Band("x"),), "uint8", 255, legend), kind="classes")
    dataset = gdal.Open(str(tmp_path / "o.tif"))
    assert dataset.GetRasterBand(1).GetRasterColorTable() is None
    assert dataset.GetRasterBand(1).GetCategoryNames() == ["", "Forest", "Water"]


def test_overviews_are_inside_and_average_what_is_valid(tmp_path, values):
    array, path = values
    copy(path, Output("out", str(tmp_path / "o.tif"), (Band("x"),)), overviews=True)
    dataset = gdal.Open(str(tmp_path / "o.tif"))
    band = dataset.GetRasterBand(1)
    assert [band.GetOverview(i).XSize for i in range(band.GetOverviewCount())] == [450]
    half = band.GetOverview(0).ReadAsArray()
    np.testing.assert_allclose(half[340, 440], array[680:682, 880:882].mean(), rtol=1e-6)
    assert half[100, 100] == -9999
    assert [entry.name for entry in tmp_path.iterdir() if entry.suffix == ".ovr"] == []


def test_overviews_of_classes_hold_classes(tmp_path):
    codes = np.where(np.arange(600 * 600).reshape(600, 600) % 3 == 0, 1, 42).astype("uint8")
    path = write_raster(tmp_path / "x.tif", codes, nodata=255)
    output = Output("out", str(tmp_path / "o.tif"), (Band("x"),), "uint8", 255, (FOREST, WATER))
    copy(path, output, kind="classes", overviews=True)
    dataset = gdal.Open(str(tmp_path / "o.tif"))
    assert set(np.unique(dataset.GetRasterBand(1).GetOverview(0).ReadAsArray())) <= {1, 42}


@pytest.mark.parametrize(("extension", "driver"), [("img", "HFA"), ("asc", "AAIGrid"), ("tiff", "GTiff")])
def test_the_extension_chooses_the_format(tmp_path, values, extension, driver):
    array, path = values
    found = copy(path, Output("out", str(tmp_path / f"o.{extension}"), (Band("x"),)))
    dataset = gdal.Open(str(tmp_path / f"o.{extension}"))
    assert dataset.GetDriver().ShortName == driver
    expected = np.where(np.isfinite(array), array, -9999)
    np.testing.assert_allclose(dataset.ReadAsArray(), expected, rtol=1e-6)
    assert found.coverage["x"].pixels == np.isfinite(array).sum()
    assert not any(entry.name.startswith(".") or "building" in entry.name for entry in tmp_path.iterdir())


def test_a_format_that_cannot_be_written_is_refused_before_any_work(tmp_path, values):
    with pytest.raises(OutputError, match=r"no raster format with the extension 'xyzzy' can be written. Use \.tif"):
        copy(values[1], Output("out", str(tmp_path / "o.xyzzy"), (Band("x"),)))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["x.tif"]


@pytest.mark.parametrize("extension", ["png", "jpg"])
def test_a_format_that_does_not_keep_the_values_is_refused_before_any_work(tmp_path, values, extension):
    with pytest.raises(OutputError, match=r"does not keep values of the type Float32. Use \.tif"):
        copy(values[1], Output("out", str(tmp_path / f"o.{extension}"), (Band("x"),)))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["x.tif"]


@pytest.mark.parametrize("option", ["COMPRESS=JPEG", "compress=webp", "NBITS=4", "MAX_Z_ERROR=0.5", "DISCARD_LSB=2"])
def test_creation_options_that_change_values_are_refused_with_one_that_does_not(tmp_path, values, option):
    array, path = values
    with pytest.raises(OutputError, match=f"{option} changes the values.*Write COMPRESS=DEFLATE"):
        WriteOptions((option,))
    for kept in ("COMPRESS=DEFLATE", "MAX_Z_ERROR=0"):
        copy(path, Output("out", str(tmp_path / "o.tif"), (Band("x"),)), creation=(kept,))
        written = gdal.Open(str(tmp_path / "o.tif")).ReadAsArray()
        np.testing.assert_array_equal(written, np.where(np.isfinite(array), array, -9999))


def test_creation_options_win_over_the_defaults(tmp_path, values):
    array, path = values
    options = ("compress=LZW", "BLOCKXSIZE=256", "BLOCKYSIZE=256")
    copy(path, Output("out", str(tmp_path / "o.tif"), (Band("x"),)), creation=options)
    dataset = gdal.Open(str(tmp_path / "o.tif"))
    assert dataset.GetMetadataItem("COMPRESSION", "IMAGE_STRUCTURE") == "LZW"
    assert dataset.GetRasterBand(1).GetBlockSize() == [256, 256]
    np.testing.assert_array_equal(dataset.ReadAsArray(), np.where(np.isfinite(array), array, -9999))


def test_uncompressed_is_possible(tmp_path, values):
    copy(values[1], Output("out", str(tmp_path / "o.tif"), (Band("x"),)), creation=("COMPRESS=NONE",))
    assert gdal.Open(str(tmp_path / "o.tif")).GetMetadataItem("COMPRESSION", "IMAGE_STRUCTURE") is None


@pytest.mark.parametrize("option", ["COMPRESS", "COMPRESS=SQUEEZE"])
def test_creation_options_that_are_wrong_are_told(tmp_path, values, option):
    with pytest.raises(OutputError, match="COMPRESS"):
        copy(values[1], Output("out", str(tmp_path / "o.tif"), (Band("x"),)), creation=(option,))
    assert not (tmp_path / "o.tif").exists()


@dataclass(frozen=True)
class FourYears:
    """The same classes in four bands."""

    def __call__(self, block: Block) -> Result:
        values, valid = (np.stack([part["x"]] * 4) for part in (block.values, block.valid))
        return Result({"classes": (values, valid)})


def test_four_bands_of_bytes_are_no_colours_and_hide_nothing(tmp_path):
    path = write_raster(tmp_path / "x.tif", np.array([[1, 42], [0, 1]], dtype=np.uint8), nodata=0)
    bands = tuple(Band(str(year)) for year in (2000, 2005, 2010, 2015))
    output = Output("classes", str(tmp_path / "o.tif"), bands, "uint8", 0, (FOREST, WATER))
    run_job(Job(FourYears(), (Source("x", path, kind="classes"),), grid_of(path), (output,)))
    dataset = gdal.Open(str(tmp_path / "o.tif"))
    first, last = (dataset.GetRasterBand(number) for number in (1, 4))
    assert last.GetColorInterpretation() != gdal.GCI_AlphaBand
    assert first.GetMaskFlags() == gdal.GMF_NODATA
    assert first.ReadAsArray().tolist() == [[1, 42], [0, 1]]
