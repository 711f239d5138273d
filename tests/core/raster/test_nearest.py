"""Distances to the nearest pixel against all distances, and against scipy's transform."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy import ndimage

from ecoassets.core.errors import Cancelled
from ecoassets.core.progress import QUIET, Progress
from ecoassets.core.raster.lengths import pixel_metres
from ecoassets.core.raster.passes import nearest
from ecoassets.core.raster.passes.envelope import nearest_in_rows
from ecoassets.core.raster.passes.nearest import write_by_distance
from ecoassets.core.raster.reading.source import Source, describe_source

from .conftest import read, write_raster

OBLONG = (400_000, 20, 0, 4_500_000, 0, -35)


def identity(distance):
    return np.where(np.isfinite(distance), distance, -1)


def distances(tmp_path, values, reach=1e9, crs=32650, transform=OBLONG, of_distance=identity, progress=QUIET):
    path = write_raster(
        tmp_path / "threat.tif", values, nodata=-9.0, crs=crs, finish=lambda d: d.SetGeoTransform(transform)
    )
    source = Source("threat", path)
    grid = describe_source(source)[1]
    return read(write_by_distance(source, of_distance, reach, grid, str(tmp_path), progress).path), grid


def scattered(seed, shape=(70, 90), share=0.01):
    """A threat with holes: not valid, and no number."""
    random = np.random.default_rng(seed)
    values = (random.random(shape) < share).astype(np.float32)
    values[random.random(shape) < 0.1] = -9
    values[random.random(shape) < 0.1] = np.nan
    values[shape[0] // 2, shape[1] // 3] = 1
    return values


@pytest.mark.parametrize("seed", range(30))
def test_oblong_pixels_and_holes(tmp_path, seed, monkeypatch):
    monkeypatch.setattr(nearest, "TILE", 16)  # many strips
    monkeypatch.setattr(nearest, "PIXELS_AT_ONCE", 500)
    values = scattered(seed, share=10.0 ** -(1 + seed % 4))
    found, _ = distances(tmp_path, values)
    expected = ndimage.distance_transform_edt(~(values > 0), sampling=(35, 20))
    assert found == pytest.approx(expected, rel=1e-6)


def test_degrees_are_measured_in_the_row_that_a_distance_starts_from(tmp_path):
    values = scattered(3)
    found, grid = distances(tmp_path, values, crs=4326, transform=(100, 0.01, 0, 65, 0, -0.02))
    across, down = (lengths[:, np.newaxis, np.newaxis] for lengths in pixel_metres(grid))
    rows, columns = np.nonzero(values > 0)
    y, x = np.mgrid[:70, :90]
    expected = np.hypot((y[..., np.newaxis] - rows) * down, (x[..., np.newaxis] - columns) * across).min(axis=-1)
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("reach", [15, 80, 333.0])
def test_what_lies_beyond_the_reach_does_not_matter(tmp_path, reach):
    values = scattered(4)
    found, _ = distances(tmp_path, values, reach, of_distance=lambda d: np.where(d <= reach, d, -1))
    expected = ndimage.distance_transform_edt(~(values > 0), sampling=(35, 20))
    assert found == pytest.approx(np.where(expected <= reach, expected, -1), rel=1e-6)


def test_a_reach_beyond_the_map_is_one_to_its_edge(tmp_path):
    values = scattered(5)
    to_the_edge, _ = distances(tmp_path, values, reach=4000)
    beyond, _ = distances(tmp_path, values, reach=500_000)
    assert (to_the_edge == beyond).all()


def test_nothing_near_anything(tmp_path):
    found, _ = distances(tmp_path, np.zeros((5, 6), np.float32))
    assert (found == -1).all()


def shapes(size=300):
    """Lines and rings, whose parabolas go one after another, and random dust."""
    y, x = np.mgrid[:size, :size]
    yield "slant", abs(y - 0.6 * x - 40) < 1
    yield "ring", abs(np.hypot(y - size // 2, x - size // 2) - size / 2.2) < 1
    yield "wave", abs(y - size / 2 - size / 4 * np.sin(x / 40)) < 1
    yield "dust", np.random.default_rng(1).random((size, size)) < 1e-3
    yield "one", (y == 7) & (x == size - 3)


@pytest.mark.parametrize(("name", "mask"), shapes())
def test_rows_by_their_envelope(name, mask):
    within = np.stack(
        [ndimage.distance_transform_edt(~column) if column.any() else column + np.inf for column in mask.T]
    )
    found = nearest_in_rows(within.T * 35.0, np.full((len(mask), 1), 20.0), 1e9)
    assert found == pytest.approx(ndimage.distance_transform_edt(~mask, sampling=(35, 20)), rel=1e-12)


def test_memory_does_not_grow_with_the_raster(tmp_path):
    peaks = []
    for rows in (1024, 4096):
        values = (np.random.default_rng(2).random((rows, 400)) < 1e-3).astype(np.float32)
        tracemalloc.start()
        distances(tmp_path, values, reach=20_000)
        peaks.append(tracemalloc.get_traced_memory()[1] - values.nbytes - rows * 400 * 4)
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_cancel(tmp_path):
    class Stopping(Progress):
        def cancelled(self):
            return True

    with pytest.raises(Cancelled):
        distances(tmp_path, scattered(6), progress=Stopping())
    assert [path.name for path in tmp_path.iterdir()] == ["threat.tif"]
