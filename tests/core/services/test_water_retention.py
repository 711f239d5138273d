import math

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError, TableError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.services.survey import Cover, Rasters
from ecoassets.core.services.water.retention import (
    RetentionInputs,
    RetentionOutputs,
    run_water_retention,
    runoff_coefficients,
    water_balance,
)
from ecoassets.core.tables import Table

from .conftest import bands_of, read

HJ1166 = load_scheme("hj1166")
BROADLEAF, STEPPE, SWAMP, ARABLE = 11, 32, 41, 51


def test_one_pixel_by_hand():
    # broadleaf forest: 600 - 600 * 2.70 % - 450 = 133.8 mm
    assert water_balance(600, 450, 2.70) == pytest.approx(133.8)


def test_the_two_sets_are_not_mixed():
    def of(version, code):
        return runoff_coefficients(HJ1166, version)[HJ1166.codes.index(code)]

    assert (of("gong2017", BROADLEAF), of("redline2017", BROADLEAF)) == (2.70, 1.33)
    assert (of("gong2017", STEPPE), of("redline2017", STEPPE)) == (3.94, 4.78)
    assert of("gong2017", SWAMP) == 0
    assert math.isnan(of("gong2017", ARABLE))


@pytest.fixture
def region(raster):
    """Four hectares: forest, steppe in deficit, swamp, arable land; 600 mm of rain."""
    cover = Cover((raster("lc", np.array([[BROADLEAF, STEPPE], [SWAMP, ARABLE]]), nodata=0),), HJ1166)
    rain = Rasters.of(raster("p", np.full((2, 2), 600.0)))
    loss = Rasters.of(raster("et", np.array([[450.0, 650.0], [500.0, 400.0]])))
    return cover, rain, loss


def test_map_table_and_clipping(region, out, log):
    found = run_water_retention(RetentionInputs(*region), RetentionOutputs(out("w")), progress=log)
    # steppe: 600 - 23.64 - 650 = -73.64 mm, counted as 0; swamp 100; arable land does not count
    assert read(out("w"))[0] == pytest.approx(np.array([[133.8, 0], [100, 0]]), rel=1e-6)
    assert bands_of(out("w")) == [("retention", "mm")]
    # 1 mm on 1 ha is 10 m³
    assert found.totals == pytest.approx([2338], rel=1e-6)
    rows = {row[1]: row[2:] for row in found.table().rows}
    assert rows["forest"] == pytest.approx((1, 133.8, 1338, 0, 1338), rel=1e-6)
    assert rows["grassland"] == pytest.approx((1, 0, 0, 100, -736.4), rel=1e-6)
    assert "cropland" not in rows
    assert [c.name for c in found.table().columns][:6] == [
        "year", "ecosystem", "area_ha", "depth_mm", "volume_m3", "clipped_pct",
    ]  # fmt: skip
    assert any("1 pixels (33.3 %)" in line and "1,602 m3" in line for line in log.warnings)


def test_clipped_and_deficit_add_up(region):
    found = run_water_retention(RetentionInputs(*region), RetentionOutputs())
    deficit_mm = 600 * 0.0394 + 650 - 600
    assert found.totals[0] - math.fsum(found.unclipped_m3[0]) == pytest.approx(10 * deficit_mm, rel=1e-6)


def test_elsewhere_may_be_nodata(region, out):
    run_water_retention(RetentionInputs(*region, elsewhere="nodata"), RetentionOutputs(out("w")))
    assert np.isnan(read(out("w"))[0]).tolist() == [[False, False], [False, True]]


def test_own_coefficients_count_cropland(region):
    own = Table.of_rows("runoff.csv", [{"code": ARABLE, "runoff_pct": 46.96}])
    found = run_water_retention(RetentionInputs(*region, table=own), RetentionOutputs())
    row = next(row for row in found.table().rows if row[1] == "cropland")
    assert row[5] == 100  # 600 - 281.76 - 400 is a deficit
    with pytest.raises(TableError, match="multiply fractions by 100"):
        fraction = Table.of_rows("runoff.csv", [{"code": ARABLE, "runoff_pct": 0.47}])
        run_water_retention(RetentionInputs(*region, table=fraction), RetentionOutputs())


def test_mod16_is_scaled_and_its_fill_values_are_left_out(region, raster, out, log):
    stored = Rasters.of(raster("mod16", np.array([[4500, 6500], [65535, 65529]]), nodata=-1))
    inputs = RetentionInputs(region[0], region[1], stored, scale=0.1)
    found = run_water_retention(inputs, RetentionOutputs(out("w")), progress=log)
    # the swamp has no evapotranspiration; arable land needs none, it does not count
    assert read(out("w"))[0] == pytest.approx(np.array([[133.8, 0], [np.nan, 0]]), rel=1e-6, nan_ok=True)
    assert [item.area_ha for item in found.sums.left_out] == pytest.approx([1])


def test_unscaled_mod16_is_told(region, raster):
    stored = Rasters.of(raster("mod16", np.full((2, 2), 4500)))
    with pytest.raises(InputError, match=r"integers of MOD16, 0\.1 mm"):
        run_water_retention(RetentionInputs(region[0], region[1], stored), RetentionOutputs())


def test_a_scale_is_not_applied_twice(region, raster):
    path = raster("mod16", np.full((2, 2), 4500))
    dataset = gdal.Open(path, gdal.GA_Update)
    dataset.GetRasterBand(1).SetScale(0.1)
    dataset = None
    stored = Rasters.of(path)
    assert run_water_retention(RetentionInputs(region[0], region[1], stored), RetentionOutputs()).totals[0] > 0
    with pytest.raises(InputError, match=r"declares the scale 0\.1 itself.*leave EVAPOTRANSPIRATION_SCALE at 1"):
        run_water_retention(RetentionInputs(region[0], region[1], stored, scale=0.1), RetentionOutputs())


def test_no_class_that_counts_is_told(region, raster):
    rows = [{"code": code, "name": "class", "ecosystem": "urban"} for code in (BROADLEAF, STEPPE, SWAMP, ARABLE)]
    towns = Cover(region[0].paths, load_scheme("custom", Table.of_rows("towns.csv", rows)))
    with pytest.raises(TableError, match="No class of the land cover has a runoff coefficient of gong2017"):
        run_water_retention(RetentionInputs(towns, *region[1:]), RetentionOutputs())


def test_mean_climate_shows_the_land_only(raster):
    before, after = np.array([[BROADLEAF, BROADLEAF]]), np.array([[BROADLEAF, ARABLE]])
    cover = Cover((raster("a", before, nodata=0), raster("b", after, nodata=0)), HJ1166)
    rain = Rasters.of(raster("p0", np.full((1, 2), 500.0)), raster("p1", np.full((1, 2), 700.0)))
    loss = Rasters.of(raster("et", np.full((1, 2), 400.0)))
    inputs = {"years": (2000, 2010)}
    actual = run_water_retention(RetentionInputs(cover, rain, loss, **inputs), RetentionOutputs())
    mean = run_water_retention(RetentionInputs(cover, rain, loss, **inputs, climate="mean"), RetentionOutputs())
    # weather hides the loss of half of the forest: (500 * 0.973 - 400) * 2 against 700 * 0.973 - 400
    assert actual.totals == pytest.approx([1730, 2811], rel=1e-6)
    assert mean.totals == pytest.approx([3676, 1838], rel=1e-6)


def test_the_coefficient_of_every_class_is_told(region, log):
    found = run_water_retention(RetentionInputs(*region), RetentionOutputs(), progress=log)
    by_code = {one.code: one.runoff_pct for one in found.coefficients}
    assert by_code[BROADLEAF] == pytest.approx(2.7) and by_code[ARABLE] is None
    assert any(f"{BROADLEAF} " in told and " 2.7" in told for told in log.infos)
