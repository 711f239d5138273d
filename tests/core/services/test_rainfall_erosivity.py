import numpy as np
import pytest

from ecoassets.core.errors import InputError, TableError
from ecoassets.core.services.soil.daily_erosivity import run_daily_erosivity, xie_half_month, zhang_parameters
from ecoassets.core.services.soil.rainfall_erosivity import (
    ErosivityInputs,
    ErosivityOutputs,
    modified_fournier,
    renard_freimund,
    run_rainfall_erosivity,
    wischmeier,
    zhang_annual,
    zhang_monthly,
)
from ecoassets.core.tables import Table

from .conftest import bands_of, read

EVEN = np.full((12, 1, 1), 50.0)  # 600 mm a year, the same every month
BEIJING = np.array([3, 5, 9, 22, 36, 72, 160, 140, 49, 23, 9, 2], dtype=float).reshape(12, 1, 1)  # 530 mm


def daily(rows):
    return Table.of_rows("rain.csv", [{"date": date, "rain_mm": rain} for date, rain in rows])


def test_even_rain_has_the_smallest_fournier_index():
    # 12 * 50² / 600 = 50 mm
    assert modified_fournier(EVEN) == pytest.approx(50)


def test_a_dry_pixel_has_no_erosivity():
    dry = np.zeros((12, 1, 1))
    for method in (wischmeier, renard_freimund, lambda rain: zhang_monthly([rain])):
        assert method(dry) == 0


def test_zhang_by_hand():
    # 0.1833 * 50^1.9957 = 0.1833 * 2458.3 and 0.0534 * 600^1.6548 = 0.0534 * 39553
    assert zhang_monthly([EVEN])[0, 0] == pytest.approx(450.6, rel=1e-3)
    assert zhang_annual(600.0) == pytest.approx(2112, rel=1e-3)


def test_zhang_takes_the_mean_of_the_yearly_indices():
    # F of the years is 50 and 100 mm: their mean 75, not that of the mean rain
    double = 2 * EVEN
    assert zhang_monthly([EVEN, double]) == pytest.approx(0.1833 * 75**1.9957)


def test_wischmeier_by_hand():
    # each month p²/P = 2500/600 = 4.1667; 1.735 * 10^(1.5 lg 4.1667 - 0.8188) = 2.2397; 12 months, US units * 17.02
    assert wischmeier(EVEN)[0, 0] == pytest.approx(12 * 2.2397 * 17.02, rel=1e-4)


def test_renard_freimund_jumps_at_55_mm():
    below, above = 54.9999 / 50 * EVEN, 55.0001 / 50 * EVEN
    assert renard_freimund(below)[0, 0] == pytest.approx(121, abs=0.5)
    assert renard_freimund(above)[0, 0] == pytest.approx(1204, abs=0.5)


def test_methods_disagree_by_a_factor_of_two_to_three():
    found = [np.asarray(m).item() for m in (zhang_monthly([BEIJING]), wischmeier(BEIJING), zhang_annual(BEIJING.sum()))]
    assert 1.5 < max(found) / min(found) < 6


def test_map_of_two_years_and_of_their_mean_climate(raster, out):
    paths = tuple(
        raster(f"p{year}_{m:02}", np.full((2, 3), factor * BEIJING[m, 0, 0]))
        for year, factor in ((2000, 1.0), (2010, 2.0))
        for m in range(12)
    )
    actual = run_rainfall_erosivity(ErosivityInputs(paths, years=(2000, 2010)), ErosivityOutputs(out("r")))
    assert bands_of(out("r")) == [("2000", "MJ mm/(ha h a)"), ("2010", "MJ mm/(ha h a)")]
    expected = [zhang_monthly([BEIJING]).item(), zhang_monthly([2 * BEIJING]).item()]
    assert actual.mean == pytest.approx(expected, rel=1e-6)
    assert read(out("r"))[:, 0, 0] == pytest.approx(expected, rel=1e-6)
    assert actual.mean_rain_mm == pytest.approx((530, 1060))
    mean = run_rainfall_erosivity(ErosivityInputs(paths, years=(2000, 2010), climate="mean"), ErosivityOutputs())
    assert mean.mean == pytest.approx([zhang_monthly([BEIJING, 2 * BEIJING]).item()], rel=1e-6)


def test_one_raster_of_twelve_bands_is_twelve_months(raster, log):
    path = raster("p", np.repeat(np.repeat(BEIJING, 2, axis=1), 2, axis=2))
    found = run_rainfall_erosivity(ErosivityInputs((path,)), ErosivityOutputs(), progress=log)
    assert found.mean == pytest.approx([zhang_monthly([BEIJING]).item()], rel=1e-6)
    assert any("zhang_monthly (Zhang Wenbo & Fu" in line for line in log.infos)


@pytest.mark.parametrize("count", [1, 11, 13])
def test_monthly_methods_ask_for_twelve_rasters(raster, count):
    paths = tuple(raster(f"p{m}", np.full((2, 2), 50.0)) for m in range(count))
    with pytest.raises(InputError, match=f"{count} raster.*12 monthly rasters per year.*zhang_annual"):
        run_rainfall_erosivity(ErosivityInputs(paths), ErosivityOutputs())


def test_twelve_rasters_are_no_annual_rain(raster):
    paths = tuple(raster(f"p{m}", np.full((2, 2), 50.0)) for m in range(12))
    with pytest.raises(InputError, match="1 annual raster per year.*zhang_monthly"):
        run_rainfall_erosivity(ErosivityInputs(paths, "zhang_annual"), ErosivityOutputs())


def test_undeclared_fill_values_are_left_out_and_tenths_are_told(raster, out):
    filled = raster("filled", np.array([[500.0, -9999.0]]), nodata=-1.0)
    run_rainfall_erosivity(ErosivityInputs((filled,), "zhang_annual"), ErosivityOutputs(out("r")))
    assert np.isnan(read(out("r"))[0][0, 1])
    with pytest.raises(InputError, match="tenths of a millimetre"):
        tenths = raster("tenths", np.full((2, 2), 30_000.0))
        run_rainfall_erosivity(ErosivityInputs((tenths,), "zhang_annual"), ErosivityOutputs(out("r")))


def test_the_jump_is_warned_of(raster, log):
    low_high = np.stack([np.array([[40.0, 70.0]])] * 12)
    inputs = ErosivityInputs((raster("p", low_high),), "renard_freimund")
    run_rainfall_erosivity(inputs, ErosivityOutputs(), progress=log)
    assert any("1 of 2 pixels" in line and "jumps" in line for line in log.warnings)


class TestDaily:
    def test_xie_by_hand(self):
        # 0.3937 * (20^1.7265 + 40^1.7265) = 0.3937 * (176.29 + 583.40)
        assert xie_half_month([20, 40], warm=True) == pytest.approx(299.1, rel=1e-3)

    def test_seasons_and_threshold(self):
        summer = run_daily_erosivity(daily([("2020-07-01", 20), ("2020-07-02", 11.9)]))
        winter = run_daily_erosivity(daily([("2020-01-01", 20)]))
        assert summer.annual / winter.annual == pytest.approx(0.3937 / 0.3101)
        assert (summer.erosive_days, summer.half_months.index(summer.annual)) == (1, 12)

    def test_half_months_split_after_the_fifteenth(self):
        found = run_daily_erosivity(daily([("2020-05-15", 30), ("2020-05-16", 30)]))
        assert found.half_months[8] == found.half_months[9] == pytest.approx(found.annual / 2)
        assert [row[:2] for row in found.table().rows[8:10]] == [(9, 5), (10, 5)]

    def test_years_are_averaged(self):
        once = run_daily_erosivity(daily([("2020-06-01", 30)]))
        of_two = run_daily_erosivity(daily([("2020-06-01", 30), ("2021-06-01", 0)]))
        assert of_two.annual == pytest.approx(once.annual / 2)

    def test_zhang_by_hand(self):
        # Pd12 25 mm, Py12 400 mm: beta = 0.8363 + 0.72576 + 0.06114 = 1.6232; alpha = 21.586 * 1.6232^-7.1891
        alpha, beta = zhang_parameters(25, 400)
        assert beta == pytest.approx(1.6232, abs=1e-4)
        assert alpha == pytest.approx(0.6635, rel=2e-3)
        days = [(f"2020-07-{d:02}", 25) for d in range(1, 17)]
        assert run_daily_erosivity(daily(days), "zhang_daily").annual == pytest.approx(16 * alpha * 25**beta)

    def test_a_dry_place(self):
        assert run_daily_erosivity(daily([("2020-07-01", 3)]), "zhang_daily").annual == 0

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([("2020-13-01", 20)], "2020-13-01.*year-month-day"),
            ([("2020-07-01", -9999)], "-9999.*no daily rain in mm"),
            ([("2020-07-01", 20), ("20200701", 20)], "more than once"),
        ],
    )
    def test_bad_tables(self, rows, message):
        with pytest.raises(TableError, match=message):
            run_daily_erosivity(daily(rows))
