"""Cumulative shares by passes over a raster, compared with sorting all of its values."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.raster.passes.share_thresholds import pixel_amounts, share_thresholds

from .conftest import NODATA, noise


def test_half_of_a_sum_is_held_by_the_largest(raster, area_of):
    # 6 holds 6 of 12, that is half; 6 and 3 hold 9 of 12, three quarters; the rest needs both pixels of 1
    source = raster([[1, 6, 3, 1, 1, -5, 0, NODATA]])
    (found,) = share_thresholds(area_of(source), [source], [0.5, 0.75, 0.9, 1.0], ["alike"])
    assert found.values == (6, 3, 1, 1)
    assert found.held == (6, 9, 12, 12)
    assert found.total == 12


def test_a_share_is_reached_by_the_pixel_that_crosses_it(raster, area_of):
    # 4 alone holds 40 %: the pixels before 3 hold less than half, so 3 belongs to the half, and so do its equals
    source = raster([[4, 3, 3]])
    (found,) = share_thresholds(area_of(source), [source], [0.5, 0.39], ["alike"])
    assert (found.values, found.held) == ((3, 4), (10, 4))


def test_thresholds_equal_those_of_a_sort(raster, area_of):
    values = np.abs(noise())
    values[values == -NODATA] = NODATA
    sources = [raster(values, "first"), raster(values[::-1] * np.float32(0.5), "second")]
    shares = (0.1, 0.5, 0.75, 0.9, 0.99)
    first, second = share_thresholds(area_of(sources[0], tile=64), sources, shares, ["alike", "density"])
    ordered = np.sort(values[values > 0])[::-1].astype(np.float64)
    before = np.concatenate([[0], np.cumsum(ordered)[:-1]]) / ordered.sum()
    expected = tuple(ordered[before < share - 1e-9][-1] for share in shares)
    assert first.values == expected
    assert second.values == tuple(threshold / 2 for threshold in expected)  # pixels of 1 ha
    # sums of 100,000 values over 13 orders of magnitude in another order
    assert first.held == pytest.approx([ordered[ordered >= value].sum() for value in expected], rel=1e-12)
    assert second.total == pytest.approx(ordered.sum() / 2, rel=1e-12)


def test_a_source_without_amounts_has_no_threshold(raster, area_of):
    empty, full = raster([[0, -1, NODATA]], "empty"), raster([[2, 1, 1]], "full")
    found = share_thresholds(area_of(empty), [empty, full], [0.5], ["alike", "alike"])
    assert [each.values for each in found] == [(np.inf,), (2,)]
    assert [each.total for each in found] == [0, 4]


def test_a_share_above_one_is_an_error(raster, area_of):
    source = raster([[1, 2]])
    with pytest.raises(InputError, match="cumulative share 150 % does not exist"):
        share_thresholds(area_of(source), [source], [1.5], ["alike"])


def test_amounts_are_densities_times_hectares():
    assert pixel_amounts(np.ones((2, 1)), np.array([[2.0], [4.0]])).tolist() == [[2], [4]]
