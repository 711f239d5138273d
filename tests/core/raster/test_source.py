"""Reading: nodata of every kind, scale and offset, valid ranges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.raster.reading.source import Source, describe_source, open_source

from .conftest import grid_of, write_raster


def read_source(path: str, **source) -> tuple[list, list]:
    """All values (None where not valid) of a small raster."""
    grid = grid_of(path)
    values, valid = open_source(Source("x", path, **source), grid, threads=1).read(0, 0, grid.width, grid.height)
    assert not values[~valid].any(), "what is not valid holds 0"
    return [value if ok else None for value, ok in zip(values.ravel().tolist(), valid.ravel().tolist())]


@pytest.mark.parametrize(
    ("values", "dtype", "nodata", "expected"),
    [
        ([0, 7, 255], "uint8", 255, [0, 7, None]),
        ([0, 7, 255], "uint8", 0, [None, 7, 255]),
        ([0, 7, 255], "uint8", -9999, [0, 7, 255]),  # cannot be in a byte: nothing is nodata
        ([0, 7, 255], "uint8", 7.5, [0, 7, 255]),
        ([3, 7, 9], "uint8", 5, [3, 7, 9]),  # among the values, but none of them
        ([3, 7, 9], "uint8", 255, [3, 7, 9]),
        ([3.5, 7.5], "float32", -9999, [3.5, 7.5]),
        ([-5, 7, -32768], "int16", -32768, [-5, 7, None]),
        ([2**30, 7, -1], "int32", -1, [2**30, 7, None]),
        ([0.1, 7.5, -9999], "float32", -9999, [pytest.approx(0.1), 7.5, None]),
        ([0.1, 7.5, 0.3], "float32", 0.3, [pytest.approx(0.1), 7.5, None]),  # 0.3 rounded to float32 on both sides
        ([1.0, math.nan, math.inf], "float32", None, [1, None, None]),
        ([1.0, math.nan, -math.inf], "float64", math.nan, [1, None, None]),
        ([1.0, -3.4028234663852886e38, 2], "float32", -3.4028234663852886e38, [1, None, 2]),
    ],
)
def test_nodata_of_every_type(tmp_path, values, dtype, nodata, expected):
    path = write_raster(tmp_path / "x.tif", np.array([values], dtype=dtype), nodata=nodata)
    assert read_source(path) == expected
    if "float" not in dtype:
        assert read_source(path, kind="classes") == expected


def test_signed_bytes(tmp_path):
    path = write_raster(tmp_path / "x.tif", np.array([[-128, -1, 127]], "int8"), nodata=-128)
    assert read_source(path) == [None, -1, 127]
    assert read_source(path, kind="classes") == [None, -1, 127]


def test_a_mask_band(tmp_path):
    def mask(dataset):
        dataset.CreateMaskBand(gdal.GMF_PER_DATASET)
        dataset.GetRasterBand(1).GetMaskBand().WriteArray(np.array([[255, 0, 255]], "uint8"))

    path = write_raster(tmp_path / "x.tif", np.array([[1, 2, 3]], "uint8"), finish=mask)
    assert read_source(path) == [1, None, 3]


def test_an_alpha_band(tmp_path):
    stack = np.array([[[1, 2, 3]], [[255, 0, 255]]], "uint8")
    path = write_raster(tmp_path / "x.tif", stack, options=("ALPHA=YES",))
    assert read_source(path) == [1, None, 3]


def scaled(scale, offset):
    def finish(dataset):
        dataset.GetRasterBand(1).SetScale(scale)
        dataset.GetRasterBand(1).SetOffset(offset)

    return finish


def test_scale_and_offset_are_honoured_for_values_but_not_for_classes(tmp_path):
    path = write_raster(
        tmp_path / "x.tif", np.array([[0, 5000, 65535]], "uint16"), nodata=65535, finish=scaled(0.0001, 2)
    )
    assert read_source(path) == [2, pytest.approx(2.5, rel=1e-12), None]
    assert read_source(path, kind="classes") == [0, 5000, None]


def test_the_valid_range_counts_in_the_unit_of_the_values(tmp_path):
    """65533 is the fill value of MODIS GPP, though its nodata value is 65535."""
    path = write_raster(
        tmp_path / "x.tif", np.array([[100, 5000, 65533, 65535]], "uint16"), nodata=65535, finish=scaled(0.0001, 0)
    )
    assert read_source(path, maximum=6.5) == [pytest.approx(0.01), pytest.approx(0.5), None, None]
    assert read_source(path, minimum=0.5, maximum=0.5) == [None, pytest.approx(0.5), None, None]


def test_whole_numbers_in_a_float_raster_are_classes_and_fractions_are_not(tmp_path):
    whole = write_raster(tmp_path / "a.tif", np.array([[1.0, 41.0, math.nan]], "float32"))
    assert read_source(whole, kind="classes") == [1, 41, None]
    mixed = write_raster(tmp_path / "b.tif", np.array([[1.0, 2.5]], "float32"))
    with pytest.raises(InputError, match=r"should hold class codes, but it holds fractions such as 2\.5"):
        read_source(mixed, kind="classes")


def test_large_integers_keep_every_digit(tmp_path):
    path = write_raster(tmp_path / "x.tif", np.array([[2**24 + 1, 2**31 - 1]], "int32"))
    assert read_source(path) == [2**24 + 1, 2**31 - 1]


def test_bands_and_files_that_are_not_there(tmp_path):
    path = write_raster(tmp_path / "x.tif", np.ones((2, 2), "uint8"))
    with pytest.raises(InputError, match=r"has 1 band\(s\), band 2 was asked for"):
        describe_source(Source("x", path, band=2))
    with pytest.raises(InputError, match=r"Cannot open raster Rain .*No such file"):
        describe_source(Source("x", str(tmp_path / "no.tif"), label="Rain"))
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(InputError, match="not recognized as (being in )?a supported file format"):
        describe_source(Source("x", str(tmp_path / "text.tif")))


def test_complex_numbers_are_refused(tmp_path):
    gdal.GetDriverByName("GTiff").Create(str(tmp_path / "c.tif"), 2, 2, 1, gdal.GDT_CFloat32)
    with pytest.raises(InputError, match="complex numbers"):
        describe_source(Source("x", str(tmp_path / "c.tif")))
