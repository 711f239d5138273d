"""GDAL's cache belongs to all of QGIS: a run keeps it small, and gives it back."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.raster.blocks import BlockReader
from ecoassets.core.raster.dataset import MOST_CACHE, bounded_cache, cache_limit
from ecoassets.core.raster.output import WriteOptions
from ecoassets.core.raster.reading.source import Source
from ecoassets.core.raster.work import Job

from .conftest import Copy, grid_of, write_raster

BANDS, SIZE = 8, 512
BY_PIXEL = ("TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64", "INTERLEAVE=PIXEL")


@pytest.fixture
def stack(tmp_path):
    values = np.arange(float(BANDS * SIZE * SIZE)).reshape(BANDS, SIZE, SIZE)
    return write_raster(tmp_path / "stack.tif", values, options=BY_PIXEL)


def reader_of(path, *bands):
    sources = tuple(Source(f"b{band}", path, band) for band in bands)
    job = Job(Copy(), sources, grid_of(path), write=WriteOptions(), threads=1, tile=64)
    return job, BlockReader(job)


def test_bands_that_lie_pixel_by_pixel_are_decoded_once(stack):
    job, reader = reader_of(stack, *range(1, BANDS + 1))
    assert len({id(one.dataset) for one in reader._readers.values()}) == 1
    block = reader.read(job.windows()[0])
    assert [block.values[f"b{band}"][0, 0] for band in (1, 2, 8)] == [0, SIZE * SIZE, 7 * SIZE * SIZE]


def test_one_band_of_such_a_stack_does_not_fill_the_cache_with_the_others(stack):
    before = gdal.GetCacheUsed()
    job, reader = reader_of(stack, 3)
    most = 0
    for window in job.windows():
        reader.read(window)
        most = max(most, gdal.GetCacheUsed() - before)
    rows = max(window.height for window in job.windows())
    assert most <= 1.2 * rows * SIZE * BANDS * 8 < SIZE * SIZE * BANDS * 8


def test_the_ceiling_of_a_run(monkeypatch):
    before = gdal.GetCacheMax()
    gdal.SetCacheMax(8 * MOST_CACHE)
    try:
        with bounded_cache():
            assert gdal.GetCacheMax() == MOST_CACHE
            with bounded_cache():
                assert gdal.GetCacheMax() == MOST_CACHE
            assert gdal.GetCacheMax() == MOST_CACHE  # the first run is still at work
        assert gdal.GetCacheMax() == 8 * MOST_CACHE
        monkeypatch.setattr(gdal, "GetConfigOption", lambda name, *rest: "4096")
        with bounded_cache():
            assert gdal.GetCacheMax() == 8 * MOST_CACHE, "what the user has set holds"
    finally:
        gdal.SetCacheMax(before)


def test_limits_of_threads_do_not_undo_one_another():
    """One that ends while another holds neither lifts it nor leaves its own behind."""
    before, begun, ended = gdal.GetCacheMax(), threading.Event(), threading.Event()

    def hold():
        with cache_limit(20 * 2**20):
            begun.set()
            ended.wait(10)

    with cache_limit(30 * 2**20):
        other = threading.Thread(target=hold)
        other.start()
        assert begun.wait(10)
        assert gdal.GetCacheMax() == 20 * 2**20
    assert gdal.GetCacheMax() == 20 * 2**20
    ended.set()
    other.join()
    assert gdal.GetCacheMax() == before
