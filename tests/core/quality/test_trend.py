"""Sen's slope and Mann-Kendall by hand, against scipy and pymannkendall, and on rasters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import kendalltau, norm, theilslopes

from ecoassets.core.errors import InputError
from ecoassets.core.quality.trend.report import trend_report
from ecoassets.core.quality.trend.run import TrendInputs, TrendOutputs, run_trend, trend_classes, trend_table
from ecoassets.core.quality.trend.statistics import (
    TrendStatistics,
    prewhitened,
    smallest_p,
    trend_statistics,
    variance_factor,
)
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


# Series for which hamed_rao_modification_test of pymannkendall 1.4.3, at its alpha of 0.05, gave the Var(S), z and p
# below. Their numbers of pairs are even, so that no residuals are tied.
RISES_AND_FALLS = (
    0.974, 2.558, 2.853, 3.55, 1.425, 0.721, 1.193, 2.105, 0.283, 0.079, -0.922, -1.755, -2.738, -0.653, -1.394, -2.308,
    -0.575, 0.9, 1.505, 2.29,
)  # fmt: skip
WAVES = (
    0.597, 0.609, 1.448, 1.016, 0.513, 2.452, 2.366, 2.609, 1.506, 1.531, 3.605, 1.419, 1.469, 2.012, 3.195, 3.145,
)  # fmt: skip
ALTERNATES = (-0.73, 0.827, -0.577, 1.721, -0.887, 1.468, -0.744, -0.04, 0.472, 1.305, 3.147, -0.526)
ALTERNATES_MORE = (0.019, 0.268, 0.194, 0.819, -1.167, 1.407, -0.418, -0.043, 1.666, -1.096, 2.593, -1.479)
NO_CORRELATION = (0.376, 0.37, 1.074, 0.542, -0.298, 0.438, 0.322, 1.622, 0.892, 0.33, 0.825, 1.661)


def hamed_rao_by_loops(values, level):
    """z of one series, lag by lag as in the paper."""
    n = len(values)
    slope, years = theilslopes(values, np.arange(n))[0], np.arange(n)
    rest = values - slope * years
    ranks = np.array([sum(b < a - 1e-9 for b in rest) - sum(b > a + 1e-9 for b in rest) for a in rest]) / 2
    score = sum(np.sign(values[j] - values[i]) for i in range(n) for j in range(i + 1, n))
    variance, factor = n * (n - 1) * (2 * n + 5) / 18, 1.0
    for k in range(1, n):
        r = sum((ranks[i] - ranks.mean()) * (ranks[i + k] - ranks.mean()) for i in range(n - k)) / n / ranks.var()
        if abs(r) > norm.ppf(1 - level / 2) / math.sqrt(n):
            factor += 2 * (n - k) * (n - k - 1) * (n - k - 2) * r / (n * (n - 1) * (n - 2))
    return (score - np.sign(score)) / math.sqrt(variance * factor) if score and factor > 0 else (np.nan if score else 0)


class TestHamedRao:
    def test_by_hand(self):
        # Sen's slope is 0.5 and leaves 1, 5.5, 1, 3.5, 1, 1.5 with the ranks 2, 6, 2, 5, 2, 4 about 3.5.
        # r1 = -12.75/15.5 exceeds 1.96/sqrt(6) = 0.80, r2 = 9/15.5 and r3 = -6.75/15.5 do not.
        # 1 + 2/(6*5*4) * (5*4*3) * r1 = 1 + r1.
        factor = variance_factor(np.array([[1.0, 6, 2, 5, 3, 4]]), np.array([0.5]), 0.05)
        assert factor == pytest.approx([1 - 12.75 / 15.5], rel=1e-12)

    @pytest.mark.parametrize(
        ("values", "variance", "z", "p"),
        [
            (RISES_AND_FALLS, 1706.0219298245613, -1.4284324477874115, 0.15316742526714222),
            (WAVES, 382.9551820728291, 2.8105331631092683, 0.004945949154210982),
            (ALTERNATES, 24.724358974358946, 2.614452958603549, 0.008937046640862922),
            (NO_CORRELATION, 212.66666666666666, 1.0285882219856124, 0.303673214899419),
        ],
    )
    def test_variance_z_and_p_are_those_of_pymannkendall(self, values, variance, z, p):
        line, n = np.array([values]), len(values)
        found = trend_statistics(line, np.arange(2000, 2000 + n), hamed_rao=0.05)
        assert (found.z[0], found.p[0]) == pytest.approx((z, p), abs=1e-12)
        factor = variance_factor(line, found.slope, 0.05)
        assert n * (n - 1) * (2 * n + 5) / 18 * factor == pytest.approx([variance], rel=1e-12)

    @pytest.mark.parametrize("dates", [6, 10, 15, 16])
    def test_many_series_at_once_are_those_of_loops(self, dates):
        values = np.cumsum(series(seed=dates, rows=40, dates=dates, decimals=9), axis=1)
        found = trend_statistics(values, np.arange(0, 5 * dates, 5), hamed_rao=0.1)
        expected = [hamed_rao_by_loops(line, 0.1) for line in values]
        assert found.z == pytest.approx(expected, abs=1e-9, nan_ok=True)
        assert not np.allclose(found.z, trend_statistics(values, np.arange(dates)).z, equal_nan=True)

    def test_slope_and_tau_are_left_as_they_are(self):
        values, years = np.array([RISES_AND_FALLS]), np.arange(20)
        corrected, plain = trend_statistics(values, years, hamed_rao=0.05), trend_statistics(values, years)
        assert (corrected.slope[0], corrected.tau[0]) == (plain.slope[0], plain.tau[0])

    @pytest.mark.parametrize("kind", ["float32", "float64"])
    def test_a_line_without_noise_keeps_its_variance(self, kind):
        line = (1000 + 0.1 * np.arange(12)).astype(kind)[np.newaxis]
        assert variance_factor(line, trend_statistics(line, np.arange(12)).slope, 0.05) == 1

    def test_a_constant_series_has_no_trend(self):
        found = trend_statistics(np.zeros((1, 8)), np.arange(8), hamed_rao=0.05)
        assert (found.z[0], found.p[0]) == (0, 1)

    def test_no_variance_left_gives_no_p(self):
        # pymannkendall: Var(S) = -15.4, z and p are NaN
        found = trend_statistics(np.array([ALTERNATES_MORE]), np.arange(12), hamed_rao=0.05)
        assert np.isnan([found.z[0], found.p[0]]).all()
        assert variance_factor(np.array([ALTERNATES_MORE]), found.slope, 0.05) * 638 / 3 == pytest.approx(
            -15.42948717948
        )

    def test_gaps_have_no_result(self):
        valid = np.ones((1, 12), dtype=bool)
        valid[0, 3] = False
        assert np.isnan(trend_statistics(np.array([ALTERNATES]), np.arange(12), valid, hamed_rao=0.05).p[0])


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

    def test_land_that_one_raster_does_not_cover_is_left_out_and_told(self, raster, read, tmp_path, told):
        path = raster(np.array([[0, 2, 3, 5, 10], [1, 2, np.inf, 2, 3], [-9999] * 5]).T[:, np.newaxis, :])
        outputs = TrendOutputs(classes=str(tmp_path / "classes.tif"))
        result = run_trend(self.inputs(path), outputs, progress=told)
        assert read(outputs.classes)[0] == pytest.approx([5, np.nan, np.nan], nan_ok=True)
        assert result.not_tested_ha == 1  # a pixel without a value in any year is no land of the series
        said = "\n".join(map(str, told.warnings))
        assert "1.00 ha (50.0 %) with a gap are left out" in said
        assert "(2003) has no value on 1.00 ha where another year has one" in said
        (area,) = trend_report(result, outputs, "en").left_out
        assert (area.area_ha, area.share_pct) == (1, 50)
        assert "(2003)" in area.where

    def test_years_that_share_no_pixel_are_refused(self, raster, tmp_path):
        path = raster(np.array([[0, 2, 3, 5, -9999], [1, 2, 3, -9999, 3]]).T[:, np.newaxis, :])
        with pytest.raises(InputError, match="No pixel"):
            run_trend(self.inputs(path), TrendOutputs(classes=str(tmp_path / "classes.tif")))
        assert not list(tmp_path.glob("classes*"))

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

    def test_serial_correlation_is_treated_once(self, raster):
        with pytest.raises(InputError, match="must not be done twice"):
            inputs = self.inputs(raster(np.ones((5, 1, 1))), prewhiten=True, variance="hamed_rao")
            run_trend(inputs, TrendOutputs())

    def test_the_corrected_variance_on_rasters(self, raster, read, tmp_path, told):
        pixels = [ALTERNATES, ALTERNATES_MORE, NO_CORRELATION]
        path = raster(np.array(pixels).T[:, np.newaxis, :])
        outputs = TrendOutputs(str(tmp_path / "trend.tif"), str(tmp_path / "classes.tif"))
        inputs = TrendInputs((path,), tuple(range(2000, 2012)), variance="hamed_rao")
        result = run_trend(inputs, outputs, progress=told)
        slope, z, _, _ = read(outputs.statistics)
        assert z[0] == pytest.approx([2.614453, np.nan, 1.028588], abs=1e-6, nan_ok=True)
        assert read(outputs.classes)[0] == pytest.approx([5, np.nan, 4], nan_ok=True)
        assert result.mean_slope == pytest.approx((slope[0, 0] + slope[0, 2]) / 2, rel=1e-6)  # the maps are float32
        assert "1.00 ha (33.3 %) with a gap, or with a corrected variance below zero, are left out" in told.warnings[0]
