"""Class codes to dense indices, and counts of the codes that occur."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.raster.classes import ClassIndex, count_codes
from ecoassets.core.raster.reading.source import Source, describe_source
from ecoassets.tests.rasters import write_raster


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_codes_become_positions_and_others_the_last_index(dtype):
    index = ClassIndex.of_codes([11, 21, 5])
    assert index.unknown == 3
    found = index(np.array([[5, 11], [21, 12]], dtype=dtype))
    assert found.tolist() == [[2, 0], [1, 3]]


@pytest.mark.parametrize(
    ("dtype", "codes"),
    [("uint8", [0, 255]), ("int8", [-1, -128]), ("int16", [-21, 32_767]), ("int64", [-(2**31), 2**40])],
)
def test_codes_beyond_the_table_are_unknown(dtype, codes):
    assert ClassIndex.of_codes([11, 21])(np.array(codes, dtype=dtype)).tolist() == [2, 2]


def test_high_codes_have_their_place():
    index = ClassIndex.of_codes([999, 0])
    assert index(np.array([999, 0, 1000, 998], dtype=np.int32)).tolist() == [0, 1, 2, 2]


def test_every_byte_finds_its_own_code():
    every_byte = np.arange(256)
    assert ClassIndex.of_codes(every_byte.tolist())(every_byte.astype(np.uint8)).tolist() == every_byte.tolist()


@pytest.fixture
def sources(tmp_path):
    first = write_raster(tmp_path / "a.tif", [[11, 11, 21], [255, 99, 11]])
    second = write_raster(tmp_path / "b.tif", [[-5, 11, 300], [300, 7, 300]], "int16", nodata=7)
    return [Source("a", first, kind="classes"), Source("b", second, kind="classes")]


def test_counts_are_of_each_raster_for_itself_and_without_nodata(sources):
    _, grid = describe_source(sources[0])
    # b counts where a is nodata too, and the other way round.
    assert count_codes(sources, grid) == {"a": {11: 3, 21: 1, 99: 1}, "b": {-5: 1, 11: 1, 300: 3}}


def test_counts_stop_at_the_boundary(sources, tmp_path):
    _, grid = describe_source(sources[0])
    inside = Source("boundary", write_raster(tmp_path / "inside.tif", [[1, 1, 0], [1, 0, 0]], nodata=None))
    assert count_codes(sources, grid, inside) == {"a": {11: 2}, "b": {-5: 1, 11: 1, 300: 1}}


def test_counts_of_many_windows_add_up(tmp_path):
    codes = np.random.default_rng(5).integers(0, 4, (700, 1100), dtype=np.uint8)
    source = Source("a", write_raster(tmp_path / "a.tif", codes, nodata=None), kind="classes")
    found = count_codes([source], describe_source(source)[1])
    assert found == {"a": dict(enumerate(np.bincount(codes.ravel()).tolist()))}
