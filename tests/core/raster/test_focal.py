"""Moving windows against loops over every window."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal, osr

from ecoassets.core.errors import InputError
from ecoassets.core.raster.grid import Grid
from ecoassets.core.raster.lengths import pixel_metres
from ecoassets.core.raster.passes.focal import (
    FocalWindow,
    focal_means,
    focal_ranges,
    write_focal_means,
    write_focal_ranges,
)
from ecoassets.core.raster.reading.source import Source, describe_source

from ..landuse.maps import read, write_map

RNG = np.random.default_rng(9)
VALUES = RNG.random((90, 37))
VALID = RNG.random((90, 37)) > 0.3
WGS84 = osr.SpatialReference()
WGS84.ImportFromEPSG(4326)
GEOGRAPHIC = WGS84.ExportToWkt()


def means(window, strip):
    strips = ((VALUES[i : i + strip], VALID[i : i + strip]) for i in range(0, len(VALUES), strip))
    found = list(focal_means(strips, window))
    assert (np.concatenate([valid for _, valid in found]) == VALID).all()
    return np.concatenate([mean for mean, _ in found])


def looped(half_rows, half_columns, weights):
    expected = np.zeros(VALUES.shape)
    for r, c in zip(*np.nonzero(VALID)):
        rows = slice(max(0, r - half_rows), r + half_rows + 1)
        columns = slice(max(0, c - half_columns[r]), c + half_columns[r] + 1)
        weight = VALID[rows, columns] * weights[rows, np.newaxis]
        expected[r, c] = (VALUES[rows, columns] * weight).sum() / weight.sum()
    return expected


@pytest.mark.parametrize("half", [0, 1, 6, 200])
@pytest.mark.parametrize("strip", [1, 13, 90])
def test_means_equal_a_loop_whatever_the_strip(half, strip):
    window = FocalWindow(half, np.full(90, half), np.ones(90))
    assert means(window, strip) == pytest.approx(looped(half, window.half_columns, window.weights), abs=1e-12)


def test_windows_that_widen_towards_the_pole():
    half_columns = np.repeat([5, 4, 4, 3, 2, 1], 15)
    window = FocalWindow(3, half_columns, np.linspace(0.5, 1, 90))
    assert means(window, 64) == pytest.approx(looped(3, half_columns, window.weights), abs=1e-12)


def test_whole_numbers_are_added_without_any_error():
    # a window of zeros after large numbers is exactly zero
    values = np.zeros((50, 20))
    values[:10] = 1e6
    strips = [(values, np.ones(values.shape, bool))]
    found = np.concatenate([m for m, _ in focal_means(strips, FocalWindow(2, np.full(50, 2), np.ones(50)))])
    assert (found[12:] == 0).all()
    assert found[9, 0] == pytest.approx(1e6 * 3 / 5)


def test_ranges_equal_a_loop():
    found = focal_ranges(VALUES, VALID, 3, np.full(90, 2))
    for r, c in zip(*np.nonzero(VALID)):
        part = np.s_[max(0, r - 3) : r + 4, max(0, c - 2) : c + 3]
        seen = VALUES[part][VALID[part]]
        assert found[r, c] == pytest.approx(seen.max() - seen.min(), abs=1e-15)


@pytest.mark.parametrize("shape", [(1100, 30), (20, 2200)])
def test_files_are_cut_without_a_seam(tmp_path, shape):
    values = RNG.integers(0, 100, shape).astype(np.float32)
    valid = RNG.random(shape) > 0.2
    path = write_map(tmp_path / "v.tif", np.where(valid, values, -1).astype(np.float32), nodata=-1)
    source = Source("v", path)
    _, grid = describe_source(source)
    window = FocalWindow.of_size(grid, 1500)
    assert window.half_rows == 7
    means = read(write_focal_means(source, grid, str(tmp_path / "m.tif"), window).path)
    ranges = read(write_focal_ranges(source, grid, str(tmp_path / "r.tif"), window).path)
    at_once = FocalWindow(7, np.full(shape[0], 7), np.ones(shape[0]))
    whole = np.concatenate([mean for mean, _ in focal_means([(values, valid)], at_once)])
    expected = np.where(valid, focal_ranges(values, valid, 7, np.full(shape[0], 7)), -9999)
    assert (ranges == expected).all()
    assert means[valid] == pytest.approx(whole[valid], rel=1e-6)  # the file is single precision
    assert (means[~valid] == -9999).all()


def test_a_window_of_oblong_pixels_is_square_on_the_ground():
    utm = osr.SpatialReference()
    utm.ImportFromEPSG(32650)
    window = FocalWindow.of_size(Grid(10, 3, (4e5, 20.0, 0, 4e6, 0, -50.0), utm.ExportToWkt()), 500)
    assert (2 * window.half_columns + 1).tolist() == [25, 25, 25]  # 500 m
    assert 2 * window.half_rows + 1 in (9, 11)  # 450 or 550 m


@pytest.mark.parametrize("write", [write_focal_ranges, write_focal_means])
def test_windows_in_degrees_widen_row_by_row(tmp_path, write):
    """90 rows from 70 to 25 degrees north lie in one block of the file; a window of 300 km holds 3 to 7 columns."""
    path = str(write_map(tmp_path / "v.tif", np.where(VALID, VALUES, -1).astype(np.float32), nodata=-1))
    dataset = gdal.Open(path, gdal.GA_Update)
    dataset.SetProjection(GEOGRAPHIC)
    dataset.SetGeoTransform((10, 1.0, 0, 70, 0, -0.5))
    dataset = None
    source = Source("v", path)
    _, grid = describe_source(source)
    window = FocalWindow.of_size(grid, 300_000)
    assert len(np.unique(window.half_columns)) == 3
    found = read(write(source, grid, str(tmp_path / "w.tif"), window).path)
    if write is write_focal_means:
        expected = looped(window.half_rows, window.half_columns, window.weights)
    else:
        expected = np.zeros(VALUES.shape)
        for r, c in zip(*np.nonzero(VALID)):
            rows = slice(max(0, r - window.half_rows), r + window.half_rows + 1)
            columns = slice(max(0, c - window.half_columns[r]), c + window.half_columns[r] + 1)
            expected[r, c] = np.ptp(VALUES[rows, columns][VALID[rows, columns]])
    assert found[VALID] == pytest.approx(expected[VALID], abs=1e-6)


def test_size_of_a_geographic_pixel():
    # at 60 degrees a degree of longitude is 55.80 km long, one of latitude 111.41 km (any table of the ellipsoid)
    grid = Grid(10, 3, (10.0, 1.0, 0, 61.5, 0, -1.0), GEOGRAPHIC)
    across, down = pixel_metres(grid)
    assert across[1] == pytest.approx(55_800, rel=1e-4)
    assert down[1] == pytest.approx(111_412, rel=1e-4)
    assert FocalWindow.of_size(grid, 300_000).half_columns.tolist() == [2, 2, 2]
    assert FocalWindow.of_size(grid, 300_000).half_rows == 1


@pytest.mark.parametrize("metres", [0, -1, float("nan")])
def test_no_window(metres):
    grid = Grid(10, 3, (10.0, 1.0, 0, 61.5, 0, -1.0), GEOGRAPHIC)
    with pytest.raises(InputError, match="positive number of metres"):
        FocalWindow.of_size(grid, metres)
