"""Sen's slope and Mann-Kendall by hand, against scipy and pymannkendall, and on rasters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import kendalltau, theilslopes

from ecoassets.core.errors import InputError
from ecoassets.core.quality.trend import TrendInputs, TrendOutputs, run_trend, trend_classes, trend_table
from ecoassets.core.quality.trend_statistics import TrendStatistics, prewhitened, smallest_p, trend_statistics
from ecoassets.core.raster.settings import RasterSettings

YEARS = np.array([2000, 2001, 2003, 2004, 2005, 2009, 2010, 2011, 2012, 2015])


def series(seed=0, rows=60, dates=10, decimals=1):
    """Random series with many ties."""
    return np.round(np.random.default_rng(seed).normal(size=(rows, dates)), decimals)


def gaps_of(values, seed=1):
    valid = np.random.default_rng(seed).random(values.shape) > 0.3
    valid[0] = True
    return valid


class TestByHand:
    def test_a_steady_rise(self):
        # all ten pairs rise: S = 10, Var = 5*4*15/18 = 16.667, z = 9/4.082 = 2.2045
        found = trend_statistics(np.array([[1.0, 2, 3, 4, 5]]), np.array([2000, 2001, 2002, 2003, 2004]))
        assert found.slope[0] == 1
        assert found.z[0] == pytest.approx(9 / math.sqrt(50 / 3))
        assert found.p[0] == pytest.approx(0.02749, abs=1e-5)
        assert found.tau[0] == 1

    def test_slopes_take_real_years(self):
        # slopes of the pairs: 5/5, 5/10, 6/15, 0/5, 1/10, 1/5 = 1, .5, .4, 0, .1, .2: median .3
        found = trend_statistics(np.array([[0.0, 5, 5, 6]]), np.array([2000, 2005, 2010, 2015]))
        assert found.slope[0] == pytest.approx(0.3, rel=1e-15)

    def test_a_tie_lowers_the_variance(self):
        # S = 5 (one pair is tied), Var = (4*3*13 - 2*1*9)/18 = 7.667
        found = trend_statistics(np.array([[0.0, 5, 5, 6]]), np.array([2000, 2005, 2010, 2015]))
        assert found.z[0] == pytest.approx(4 / math.sqrt((156 - 18) / 18))
        assert found.tau[0] == pytest.approx(5 / 6)

    def test_a_constant_series_has_no_trend(self):
        found = trend_statistics(np.full((1, 6), 3.0), np.arange(6))
        assert (found.slope[0], found.z[0], found.p[0], found.tau[0]) == (0, 0, 1, 0)

    def test_too_few_dates_have_no_result(self):
        valid = np.array([[True, True, True, False, False]])
        found = trend_statistics(np.ones((1, 5)), np.arange(5), valid)
        assert np.isnan([found.slope, found.z, found.p, found.tau]).all()

    def test_four_dates_are_never_significant_at_5_percent(self):
        # S = 6: z = 5/sqrt(8.667) = 1.698
        assert smallest_p(4) == pytest.approx(0.0894, abs=1e-4)
        assert smallest_p(5) < 0.05


class TestAgainstOthers:
    def test_slopes_are_those_of_scipy_with_ties_and_gaps(self):
        values = series()
        valid = gaps_of(values)
        found = trend_statistics(values, YEARS, valid)
        for row, kept in enumerate(valid):
            if kept.sum() >= 4:
                assert found.slope[row] == pytest.approx(theilslopes(values[row, kept], YEARS[kept])[0], abs=1e-15)

    def test_tau_is_that_of_scipy_without_ties(self):
        values = series(decimals=9)
        found = trend_statistics(values, YEARS)
        for row in range(len(values)):
            assert found.tau[row] == pytest.approx(kendalltau(YEARS, values[row]).statistic, abs=1e-12)

    def test_everything_is_that_of_pymannkendall_with_ties_and_gaps(self):
        mann_kendall = pytest.importorskip("pymannkendall", reason="the reference pymannkendall is not installed")
        years = np.arange(2000, 2012)
        values = series(seed=2, dates=12)
        valid = gaps_of(values, seed=3)
        found = trend_statistics(values, years, valid)
        for row, kept in enumerate(valid):
            if kept.sum() >= 4:
                expected = mann_kendall.original_test(np.where(kept, values[row], np.nan))
                ours = (found.slope[row], found.z[row], found.p[row], found.tau[row])
                assert ours == pytest.approx((expected.slope, expected.z, expected.p, expected.Tau), abs=1e-12)

    def test_prewhitening_is_that_of_pymannkendall(self):
        mann_kendall = pytest.importorskip("pymannkendall", reason="the reference pymannkendall is not installed")
        values = np.cumsum(series(seed=4, dates=15, decimals=3), axis=1)
        found = trend_statistics(values, np.arange(2000, 2015), prewhiten=True)
        for row, line in enumerate(values):
            expected = mann_kendall.trend_free_pre_whitening_modification_test(line)
            ours = (found.slope[row], found.z[row], found.p[row], found.tau[row])
            assert ours == pytest.approx((expected.slope, expected.z, expected.p, expected.Tau), abs=1e-12)

    def test_float32_differs_by_its_rounding_alone(self):
        values = series(rows=3000, decimals=3)  # more than one chunk
        exact, rounded = trend_statistics(values, YEARS), trend_statistics(values.astype(np.float32), YEARS)
        assert rounded.slope == pytest.approx(exact.slope, abs=1e-6)
        assert np.array_equal(rounded.z, exact.z)


class TestSymmetry:
    def test_reversing_time_turns_the_sign(self):
        values = series()
        forward, back = trend_statistics(values, YEARS), trend_statistics(values[:, ::-1], -YEARS[::-1])
        assert back.slope == pytest.approx(-forward.slope)
        assert np.array_equal(back.z, -forward.z)

    def test_gaps_equal_shorter_series(self):
        values = series()
        valid = np.ones(values.shape, dtype=bool)
        valid[:, [2, 7]] = False
        gappy = trend_statistics(values, YEARS, valid)
        short = trend_statistics(np.delete(values, [2, 7], axis=1), np.delete(YEARS, [2, 7]))
        assert np.array_equal(gappy.slope, short.slope)
        assert np.array_equal(gappy.p, short.p)

    def test_prewhitening_takes_out_what_the_lag_explains(self):
        # residuals 1 -1 1 -1 about a slope of 0: r = -3/4, so y_i = e_i + 0.75 e_(i-1)
        assert prewhitened(np.array([[1.0, -1, 1, -1]]), np.zeros(1)).tolist() == [[-0.25, 0.25, -0.25]]


def test_classes_by_slope_and_significance():
    slope = np.array([1, 1, 0, -1, -1, 0.1, np.nan])
    p = np.array([0.01, 0.2, 0.01, 0.2, 0.05, 0.01, np.nan])
    found = TrendStatistics(slope, p, p, p)
    assert trend_classes(found, alpha=0.05, stable_slope=0).tolist() == [5, 4, 3, 2, 1, 5, 0]
    assert trend_classes(found, alpha=0.05, stable_slope=0.5).tolist() == [5, 4, 3, 2, 1, 3, 0]


class TestRasters:
    YEARS = (2000, 2002, 2003, 2005, 2010)

    def inputs(self, path, **others):
        return TrendInputs((path,), self.YEARS, **others)

    def test_maps_and_areas(self, raster, read, tmp_path):
        rising, falling, flat = [0, 2, 3, 5, 10], [20, 16, 14, 10, 0], [7] * 5
        path = raster(np.array([rising, falling, flat, rising]).T[:, np.newaxis, :])
        outputs = TrendOutputs(str(tmp_path / "trend.tif"), str(tmp_path / "classes.tif"))
        result = run_trend(self.inputs(path), outputs)
        slope, z, p, tau = read(outputs.statistics)
        assert slope.tolist() == [[1, -2, 0, 1]]
        assert tau.tolist() == [[1, -1, 0, 1]]
        assert z[0, 0] == pytest.approx(2.2045, abs=1e-4)
        assert p[0, 2] == 1
        assert read(outputs.classes).tolist() == [[5, 1, 3, 5]]
        assert result.mean_slope == 0
        rows = {row[0]: row[2:] for row in trend_table(result).rows}
        assert rows["significant improvement"] == (2, 50)
        assert rows["stable"] == (1, 25)

    def test_pixels_with_too_few_years_are_left_out_and_told(self, raster, read, tmp_path, told):
        path = raster(np.array([[0, 2, 3, 5, 10], [1, -9999, -9999, 2, 3]]).T[:, np.newaxis, :])
        outputs = TrendOutputs(classes=str(tmp_path / "classes.tif"))
        result = run_trend(self.inputs(path), outputs, RasterSettings(mask="yearly"), told)
        assert np.isnan(read(outputs.classes)[0, 1])
        assert result.not_tested_ha == 1
        assert "1.00 ha (50.0 %) with fewer than 4 years are left out" in told.warnings[0]

    def test_two_dates_are_no_trend(self, raster):
        with pytest.raises(InputError, match="at least 4 dates, 2 given"):
            run_trend(TrendInputs((raster(np.ones((2, 1, 1))),), (2000, 2010)), TrendOutputs())

    def test_four_dates_are_told_to_be_too_few(self, raster, told):
        inputs = TrendInputs((raster(np.arange(4.0).reshape(4, 1, 1)),), (2000, 2001, 2002, 2003))
        run_trend(inputs, TrendOutputs(), progress=told)
        assert "Fewer than five dates cannot be significant" in told.warnings[0]

    def test_prewhitening_wants_equal_steps(self, raster):
        with pytest.raises(InputError, match="equally spaced years"):
            run_trend(self.inputs(raster(np.ones((5, 1, 1))), prewhiten=True), TrendOutputs())
