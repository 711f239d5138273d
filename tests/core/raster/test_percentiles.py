"""Percentiles and cumulative shares by passes over a raster, compared with sorting all of its values."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal, osr

from ecoassets.core.errors import InputError
from ecoassets.core.progress import QUIET
from ecoassets.core.raster.percentiles import (
    Sample,
    exact_percentiles,
    percentiles_by_stratum,
    pixel_amounts,
    share_thresholds,
    sort_keys,
)
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.raster.source import Source
from ecoassets.core.raster.study import open_study_area

NODATA = -9999.0
FRACTIONS = (0.0, 0.02, 0.25, 1 / 3, 0.5, 0.9, 0.98, 1.0)


@pytest.fixture
def raster(tmp_path):
    """Writes an array as a raster with pixels of 100 m (1 ha) and returns its source."""

    def write(values, name="layer", gdal_type=gdal.GDT_Float32):
        values = np.atleast_2d(values)
        path = str(tmp_path / f"{name}.tif")
        dataset = gdal.GetDriverByName("GTiff").Create(path, values.shape[1], values.shape[0], 1, gdal_type)
        dataset.SetGeoTransform((500_000, 100, 0, 4_400_000, 0, -100))
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(32650)
        dataset.SetProjection(reference.ExportToWkt())
        dataset.GetRasterBand(1).SetNoDataValue(NODATA)
        dataset.GetRasterBand(1).WriteArray(values)
        del dataset
        return Source(name, path)

    return write


@pytest.fixture
def area_of(tmp_path):
    return lambda source, **settings: open_study_area(source, RasterSettings(**settings), str(tmp_path), QUIET)


def noise(shape=(300, 517), seed=1):
    """Values of both signs over many orders of magnitude, with ties, zeros and nodata."""
    random = np.random.default_rng(seed)
    values = random.normal(size=shape) * 10.0 ** random.integers(-6, 7, size=shape)
    values[random.random(shape) < 0.2] = np.round(values[0, 0], 1)
    values[random.random(shape) < 0.05] = -0.0
    values[random.random(shape) < 0.1] = NODATA
    return values.astype(np.float32)


def test_the_median_of_four_values_lies_between_the_middle_ones(raster, area_of):
    source = raster([[4, 1, NODATA, 3, 2]])
    assert exact_percentiles(area_of(source), [source], [0, 0.5, 1]) == (1, 2.5, 4)


def test_percentiles_have_the_bits_of_a_full_sort(raster, area_of):
    values = noise()
    source = raster(values)
    kept = values[values != NODATA].astype(np.float64)
    assert exact_percentiles(area_of(source, tile=128), [source], FRACTIONS) == tuple(np.quantile(kept, FRACTIONS))


def test_sources_are_pooled_where_all_are_valid(raster, area_of):
    first, second = noise(seed=1), noise(seed=2)
    sources = [raster(first, "first"), raster(second, "second")]
    common = (first != NODATA) & (second != NODATA)
    pooled = np.concatenate([first[common], second[common]]).astype(np.float64)
    assert exact_percentiles(area_of(sources[0]), sources, FRACTIONS) == tuple(np.quantile(pooled, FRACTIONS))
    each = np.concatenate([first[first != NODATA], second[second != NODATA]]).astype(np.float64)
    yearly = area_of(sources[0], mask="yearly")
    assert exact_percentiles(yearly, sources, FRACTIONS) == tuple(np.quantile(each, FRACTIONS))


def test_wider_types_are_rounded_to_float32(raster, area_of):
    values = np.array([[0.1, 0.2, 0.7]])
    source = raster(values, gdal_type=gdal.GDT_Float64)
    assert exact_percentiles(area_of(source), [source], [0.5]) == (float(np.float32(0.2)),)


@pytest.mark.parametrize("strata", [1, 7, 40, 3000])  # two, two, three and four passes
def test_each_stratum_has_its_own_percentiles(raster, area_of, strata):
    values = noise()
    source = raster(values)
    job = area_of(source).job(None, [source])
    found = percentiles_by_stratum(job, _by_column(strata), strata, FRACTIONS)
    columns = np.broadcast_to(np.arange(values.shape[1]) % strata, values.shape)
    for stratum in range(min(strata, 20)):
        kept = values[(columns == stratum) & (values != NODATA)].astype(np.float64)
        assert found.counts[stratum] == kept.size
        assert tuple(found.values[stratum]) == tuple(np.quantile(kept, FRACTIONS))
    assert np.isnan(found.values[517:]).all()  # strata without a pixel


def _by_column(strata):
    def sample(block):
        columns = np.broadcast_to(block.window.column + np.arange(block.window.width), block.gate.shape)
        yield Sample(block.values["layer"][block.gate], (columns % strata)[block.gate])

    return sample


def test_integers_keep_the_order_of_the_floats():
    values = np.array([-np.inf, -3e38, -1.5, -1e-45, -0.0, 0.0, 1e-45, 0.1, 1.5, np.inf], dtype=np.float32)
    keys = sort_keys(values)
    assert (np.diff(keys.astype(np.int64)) >= 0).all()
    assert keys[4] == keys[5]
    assert len(np.unique(keys)) == len(values) - 1


def test_half_of_a_sum_is_held_by_the_largest(raster, area_of):
    # 6 holds 6 of 12, that is half; 6 and 3 hold 9 of 12, three quarters; the rest needs both pixels of 1
    source = raster([[1, 6, 3, 1, 1, -5, 0, NODATA]])
    assert share_thresholds(area_of(source), [source], [0.5, 0.75, 0.9, 1.0], [False]) == ((6, 3, 1, 1),)


def test_a_share_is_reached_by_the_pixel_that_crosses_it(raster, area_of):
    # 4 alone holds 40 %: the pixels before 3 hold less than half, so 3 belongs to the half, and so do its equals
    source = raster([[4, 3, 3]])
    assert share_thresholds(area_of(source), [source], [0.5, 0.39], [False]) == ((3, 4),)


def test_thresholds_equal_those_of_a_sort(raster, area_of):
    values = np.abs(noise())
    values[values == -NODATA] = NODATA
    sources = [raster(values, "first"), raster(values[::-1] * np.float32(0.5), "second")]
    shares = (0.1, 0.5, 0.75, 0.9, 0.99)
    found = share_thresholds(area_of(sources[0], tile=64), sources, shares, [True, True])
    ordered = np.sort(values[values > 0])[::-1].astype(np.float64)
    before = np.concatenate([[0], np.cumsum(ordered)[:-1]]) / ordered.sum()
    expected = tuple(ordered[before < share - 1e-9][-1] for share in shares)
    assert found[0] == expected
    assert found[1] == tuple(threshold / 2 for threshold in expected)


def test_a_source_without_amounts_has_no_threshold(raster, area_of):
    source = raster([[0, -1, NODATA]])
    assert share_thresholds(area_of(source), [source], [0.5], [False]) == ((np.inf,),)


def test_amounts_are_densities_times_hectares():
    areas = np.array([[2.0], [4.0]])
    assert pixel_amounts(np.ones((2, 1)), areas, density=True).tolist() == [[2], [4]]
    assert pixel_amounts(np.ones((2, 1)), areas, density=False).tolist() == [[1], [1]]


def test_nothing_valid_is_an_error(raster, area_of):
    source = raster([[NODATA, NODATA]])
    with pytest.raises(InputError, match=r"no valid pixel to take percentiles of in layer\.tif"):
        exact_percentiles(area_of(source), [source], [0.5])


def test_a_percentile_above_100_is_an_error(raster, area_of):
    source = raster([[1, 2]])
    with pytest.raises(InputError, match="percentile 200"):
        exact_percentiles(area_of(source), [source], [2])
