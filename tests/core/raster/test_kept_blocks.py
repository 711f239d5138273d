"""Blocks that stay in GDAL's cache between runs: later runs do not touch the file, and give the same."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.raster.blocks import BlockReader
from ecoassets.core.raster.reading.kept_blocks import kept_blocks, kept_reader
from ecoassets.core.raster.reading.source import Source, describe_source
from ecoassets.core.raster.windows import Window
from ecoassets.core.raster.work import Job, Result

from .conftest import write_raster

SIZE = 600
EVERYTHING = Window(0, 0, SIZE, SIZE)


@pytest.fixture
def values():
    return np.random.default_rng(1).random((SIZE, SIZE), dtype=np.float32)


@pytest.fixture
def source(tmp_path, values):
    path = tmp_path / "values.tif"
    write_raster(path, values)
    return Source("values", str(path))


def job_of(*sources):
    return Job(lambda block: Result(), sources, describe_source(sources[0])[1], threads=1)


def read(source):
    return BlockReader(job_of(source)).read(EVERYTHING).values[source.name]


def test_a_second_run_does_not_read_the_file_again(source, values, tmp_path):
    grid = describe_source(source)[1]
    with kept_blocks([source], grid, 1):
        assert np.array_equal(read(source), values)
        with open(source.path, "r+b") as file:  # what lies in the cache is not asked of the file
            file.truncate(2000)
        assert np.array_equal(read(source), values)
    assert kept_reader(source, grid) is None


def test_blocks_go_when_nobody_keeps_them(source):
    before = gdal.GetCacheUsed()
    with kept_blocks([source], describe_source(source)[1], 1):
        read(source)
        assert gdal.GetCacheUsed() - before >= 4 * SIZE * SIZE
    assert gdal.GetCacheUsed() == before


@contextmanager
def cache_of(size):
    largest = gdal.GetCacheMax()
    gdal.SetCacheMax(size)
    try:
        yield
    finally:
        gdal.SetCacheMax(largest)


def test_what_does_not_fit_is_read_anew(source, values, tmp_path):
    write_raster(tmp_path / "more.tif", values)
    more = Source("more", str(tmp_path / "more.tif"))
    grid = describe_source(source)[1]
    with cache_of(3 * 4 * SIZE * SIZE), kept_blocks([source, more], grid, 1):  # half of it holds one and a half
        assert kept_reader(source, grid) is not None
        assert kept_reader(more, grid) is None
        assert np.array_equal(read(more), values)


def test_an_inner_use_leaves_the_outer_one_alone(source):
    grid = describe_source(source)[1]
    with kept_blocks([source], grid, 1):
        reader = kept_reader(source, grid)
        with kept_blocks([source], grid, 1):
            assert kept_reader(source, grid) is reader
        assert kept_reader(source, grid) is reader


def test_another_thread_has_readers_of_its_own(source):
    grid = describe_source(source)[1]
    seen = []
    with kept_blocks([source], grid, 1):
        thread = threading.Thread(target=lambda: seen.append(kept_reader(source, grid)))
        thread.start()
        thread.join()
    assert seen == [None]
