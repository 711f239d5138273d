"""Percentiles by passes over a raster, compared with sorting all of its values."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.raster.area import pixel_areas_ha
from ecoassets.core.raster.passes.percentiles import SourceSampler, exact_percentiles, percentiles_by_stratum
from ecoassets.core.raster.passes.radix_search import Sample, sort_keys
from ecoassets.core.raster.reading.source import Source, describe_source
from ecoassets.core.raster.work import Job, no_kernel

from .conftest import NODATA, noise, write_raster

FRACTIONS = (0.0, 0.02, 0.25, 1 / 3, 0.5, 0.9, 0.98, 1.0)


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
        areas = partial(block.areas_of, block.gate)
        yield Sample(block.values["layer"][block.gate], (columns % strata)[block.gate], areas)

    return sample


def test_integers_keep_the_order_of_the_floats():
    values = np.array([-np.inf, -3e38, -1.5, -1e-45, -0.0, 0.0, 1e-45, 0.1, 1.5, np.inf], dtype=np.float32)
    keys = sort_keys(values)
    assert (np.diff(keys.astype(np.int64)) >= 0).all()
    assert keys[4] == keys[5]
    assert len(np.unique(keys)) == len(values) - 1


def test_nothing_valid_is_an_error(raster, area_of):
    source = raster([[NODATA, NODATA]])
    with pytest.raises(InputError, match=r"no valid pixel to take percentiles of in layer\.tif"):
        exact_percentiles(area_of(source), [source], [0.5])


def test_a_percentile_above_100_is_an_error(raster, area_of):
    source = raster([[1, 2]])
    with pytest.raises(InputError, match="percentile 200"):
        exact_percentiles(area_of(source), [source], [2])


@pytest.mark.parametrize("strata", [1, 7, 40])
def test_in_degrees_a_percentile_is_the_value_up_to_which_that_share_of_the_area_lies(tmp_path, strata):
    values = noise((60, 50))
    path = write_raster(tmp_path / "degrees.tif", values, nodata=NODATA, crs=4326, pixel=1.0, origin=(100.0, 65.0))
    source = Source("layer", path)
    grid = describe_source(source)[1]
    areas = np.broadcast_to(pixel_areas_ha(grid)[:, np.newaxis], values.shape)
    found = percentiles_by_stratum(Job(no_kernel, (source,), grid), _by_column(strata), strata, FRACTIONS)
    columns = np.broadcast_to(np.arange(50) % strata, values.shape)
    for stratum in range(strata):
        here = (columns == stratum) & (values != NODATA)
        order = np.argsort(values[here])
        held = areas[here][order].cumsum()
        expected = [values[here][order][np.searchsorted(held, (f - 1e-12) * held[-1])] for f in FRACTIONS]
        assert found.counts[stratum] == here.sum()
        assert found.values[stratum].tolist() == expected


def test_large_pixels_weigh_more(tmp_path):
    # at 60 degrees a pixel has half the area of one at the equator: 1 1 | 2, so the median is 2 and not 1
    values = np.full((61, 1), NODATA)
    values[0], values[60] = 1, 2
    path = write_raster(tmp_path / "degrees.tif", values, nodata=NODATA, crs=4326, pixel=1.0, origin=(0.0, 60.5))
    source = Source("layer", path)
    job = Job(no_kernel, (source,), describe_source(source)[1])
    found = percentiles_by_stratum(job, SourceSampler(("layer",), common=True), 1, (0.3, 0.35, 0.5))
    assert found.values[0].tolist() == [1, 2, 2]
