"""Valuations of a few pixels that can be checked with a pencil: 1 ha each, one equivalent is worth 1000."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ecoassets.core.assets.equivalents import load_equivalents
from ecoassets.core.assets.valuation.run import ValuationInputs, ValuationOutputs, run_valuation
from ecoassets.core.errors import GridError, InputError, TableError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.tables import Table
from ecoassets.tests.rasters import write_raster

# CNLUCC codes and the Xie 2015 columns that stand for them
PADDY, DRYLAND, FOREST, LAKE, TOWN, BARE = 11, 12, 21, 42, 51, 65
NONE = 255
NAN = math.nan

# Xie 2015: equivalents of a hectare by what adjusts them, and all together
FOREST_NPP, FOREST_RAIN, FOREST_SOIL, FOREST_ALL = 15.22, 5.08, 2.65, 22.95
LAKE_NPP, LAKE_RAIN, LAKE_SOIL, LAKE_ALL = 14.15, 110.53, 0.93, 125.61

REFERENCES = {"NPP": 400, "PREC": 500, "SOIL": 20}
PATCHY = {2000: [[FOREST, FOREST, NONE]], 2005: [[FOREST, NONE, FOREST]]}

FLOAT32 = 1e-6  # maps hold 24 bits: 6e-8 per operation


class TestStatic:
    def test_a_map_of_four_pixels(self, valued):
        found = valued({2000: [[FOREST, DRYLAND], [TOWN, NONE]]})
        assert found.total[0].tolist() == [[pytest.approx(22_950, rel=FLOAT32), pytest.approx(4_010, rel=FLOAT32)],
                                           [0, pytest.approx(NAN, nan_ok=True)]]  # fmt: skip
        assert found.result.totals == (pytest.approx(26_960, rel=1e-14),)

    def test_services_keep_their_sign(self, valued):
        found = valued({2000: [[PADDY]]})
        by_service = dict(zip([s.id for s in found.result.inputs.equivalents.services], found.services[0, :, 0, 0]))
        assert by_service["water_supply"] == pytest.approx(-2_630, rel=FLOAT32)
        assert by_service["food"] == pytest.approx(1_360, rel=FLOAT32)
        # 3.89 is what Xie 2015 prints as the total of paddy, water supply subtracted.
        assert found.result.totals[0] == pytest.approx(3_890, rel=1e-14)

    def test_land_that_changes(self, valued):
        found = valued({2000: [[FOREST, FOREST]], 2005: [[FOREST, TOWN]]})
        assert found.result.totals == (pytest.approx(45_900, rel=1e-14), pytest.approx(22_950, rel=1e-14))

    def test_years_may_be_bands_of_one_raster(self, valued, tmp_path):
        stack = write_raster(tmp_path / "stack.tif", [[[FOREST]], [[TOWN]]])
        inputs = ValuationInputs((stack,), (2000, 2005), load_scheme("cnlucc"), load_equivalents("xie2015"), 1000.0)
        assert run_valuation(inputs, ValuationOutputs()).totals == (pytest.approx(22_950, rel=1e-14), 0)

    def test_area_counts_in_hectares(self, valued):
        # 30 m pixels are 0.09 ha.
        found = valued({2000: [[FOREST]]}, grid={"pixel": 30.0})
        assert found.result.totals[0] == pytest.approx(22_950 * 0.09, rel=1e-14)
        assert found.total[0, 0, 0] == pytest.approx(22_950, rel=FLOAT32)  # the map is per hectare

    @pytest.mark.parametrize(
        ("latitude", "height_km", "width_km"),
        [(0, 110.574, 111.320), (60, 111.412, 55.800)],  # lengths of a degree on WGS 84, printed with three decimals
    )
    def test_degrees_become_true_hectares(self, valued, latitude, height_km, width_km):
        grid = {"pixel": 1.0, "top_left": (10.0, latitude + 0.5), "epsg": 4326}
        found = valued({2000: [[FOREST], [TOWN]]}, grid=grid)
        forest = found.result.area_ha[0, found.result.codes.index(FOREST)]
        assert forest == pytest.approx(height_km * width_km * 100, rel=2e-5)
        assert found.result.totals[0] == pytest.approx(forest * 22_950, rel=1e-14)

    def test_rows_that_mirror_each_other_across_the_equator(self, valued):
        # The outer rows are 10 % smaller than the inner ones, on either side.
        codes = (FOREST, DRYLAND, TOWN, BARE)
        found = valued({2000: [[code] for code in codes]}, grid={"pixel": 20.0, "top_left": (0.0, 40.0), "epsg": 4326})
        outer_north, inner_north, inner_south, outer_south = (
            found.result.area_ha[0, found.result.codes.index(code)] for code in codes
        )
        assert (outer_north, inner_north) == (outer_south, inner_south)
        # On a sphere: (sin 40 - sin 20) / sin 20 = 0.8794; the ellipsoid adds less than 1 %.
        assert outer_north / inner_north == pytest.approx(0.8794, rel=0.01)

    def test_feet_become_hectares(self, valued):
        # EPSG:2263 is in US survey feet: 100 ft squared = 929.0341 m2.
        found = valued({2000: [[FOREST]]}, grid={"epsg": 2263, "top_left": (984_000.0, 200_000.0)})
        assert found.result.area_ha.sum() == pytest.approx(0.09290341, rel=1e-7)

    @pytest.mark.parametrize("value", [0, -1, NAN, math.inf])
    def test_the_value_of_one_equivalent_must_be_positive(self, valued, value):
        with pytest.raises(InputError, match=r"value of one equivalent is .* Give a positive number of CNY"):
            valued({2000: [[FOREST]]}, standard_value=value)


class TestAdjusted:
    def test_each_group_of_services_follows_its_own_raster(self, valued):
        found = valued({2000: [[FOREST]]}, references=REFERENCES, NPP=[[600]], PREC=[[250]], SOIL=[[40]])
        # 15.22 * 600/400 + 5.08 * 250/500 + 2.65 * 40/20 = 30.67
        assert found.result.totals[0] == pytest.approx(30_670, rel=1e-14)
        assert found.total[0, 0, 0] == pytest.approx(30_670, rel=FLOAT32)

    def test_a_group_without_a_raster_is_not_adjusted(self, valued):
        found = valued({2000: [[FOREST]]}, references=REFERENCES, PREC=[[1000]])
        assert found.result.totals[0] == pytest.approx((FOREST_NPP + 2 * FOREST_RAIN + FOREST_SOIL) * 1000, rel=1e-14)

    def test_productivity_of_each_year(self, valued):
        found = valued({2000: [[FOREST]], 2005: [[FOREST]]}, references=REFERENCES, NPP={2000: [[400]], 2005: [[800]]})
        gain = found.result.totals[1] - found.result.totals[0]
        assert gain == pytest.approx(FOREST_NPP * 1000, rel=1e-13)

    def test_one_raster_for_all_years(self, valued):
        found = valued({2000: [[FOREST]], 2005: [[FOREST]]}, references=REFERENCES, SOIL=[[10]])
        assert found.result.totals[0] == found.result.totals[1]
        assert found.result.totals[0] == pytest.approx((FOREST_ALL - FOREST_SOIL / 2) * 1000, rel=1e-14)

    def test_the_cap_holds_back_extremes(self, valued):
        found = valued({2000: [[FOREST, FOREST]]}, references=REFERENCES, NPP=[[2000, 800]], cap=3)
        # 5 becomes 3, 2 stays.
        assert found.total[0, 0] == pytest.approx(
            [(FOREST_NPP * 3 + 7.73) * 1000, (FOREST_NPP * 2 + 7.73) * 1000], rel=FLOAT32
        )
        assert found.result.totals[0] == pytest.approx((FOREST_NPP * 5 + 2 * 7.73) * 1000, rel=1e-12)

    def test_prices_of_the_year(self, valued):
        found = valued({2000: [[FOREST]], 2005: [[FOREST]]}, price_level={2000: 100, 2005: 125})
        assert found.result.totals == (pytest.approx(22_950), pytest.approx(22_950 * 1.25))
        assert found.total[1, 0, 0] == pytest.approx(22_950 * 1.25, rel=FLOAT32)

    def test_a_year_without_a_price_is_refused(self, valued):
        with pytest.raises(TableError, match=r"price index has no row for 2005\. Add a row per year"):
            valued({2000: [[FOREST]], 2005: [[FOREST]]}, price_level={2000: 100})


class TestMissingAdjustments:
    def test_forest_without_npp_is_left_out_and_told(self, valued):
        found = valued({2000: [[FOREST, FOREST]]}, references={"NPP": 400}, NPP=[[400, NAN]])
        assert np.isnan(found.total[0, 0, 1])
        assert found.result.totals[0] == pytest.approx(22_950, rel=1e-14)
        assert found.heard.warnings == ["2000: 1 pixels (1.00 ha) are left out: no adjustment value."]

    def test_a_town_without_npp_is_worth_nothing_rather_than_left_out(self, valued):
        found = valued({2000: [[FOREST, TOWN]]}, references={"NPP": 400}, NPP=[[400, NAN]])
        assert found.total[0, 0].tolist() == [pytest.approx(22_950, rel=FLOAT32), 0]
        assert found.result.left_out == ()
        assert found.result.area_ha.sum() == 2

    def test_a_factor_that_a_class_does_not_use_may_be_missing(self, valued):
        row = {"service": "", "group": "regulating", "bare": 1.0}
        table = Table.of_rows(
            "mine",
            [
                {**row, "service_id": "gas", "adjust_factor": "NPP", "forest": 2.0},
                {**row, "service_id": "soil", "adjust_factor": "SOIL", "forest": 3.0, "bare": 0.0},
            ],
        )
        found = valued(
            {2000: [[FOREST, BARE]]}, equivalents=load_equivalents("custom", table), references={"SOIL": 10},
            SOIL=[[20, NAN]],
        )  # fmt: skip
        # Forest (2 + 3 * 2) * 1000, bare land 1 * 1000
        assert found.total[0, 0] == pytest.approx([8_000, 1_000], rel=FLOAT32)

    def test_open_water_without_npp_counts_as_one(self, valued):
        found = valued({2000: [[LAKE]]}, references={"NPP": 400.1, "PREC": 500}, NPP=[[NAN]], PREC=[[1000]])
        expected = (LAKE_NPP + 2 * LAKE_RAIN + LAKE_SOIL) * 1000
        assert found.total[0, 0, 0] == pytest.approx(expected, rel=FLOAT32)
        assert found.result.totals[0] == pytest.approx(expected, rel=1e-12)

    def test_open_water_with_npp_takes_it(self, valued):
        found = valued({2000: [[LAKE]]}, references={"NPP": 400}, NPP=[[200]])
        assert found.result.totals[0] == pytest.approx((LAKE_ALL - LAKE_NPP / 2) * 1000, rel=1e-14)

    def test_open_water_without_npp_can_be_left_out(self, valued):
        found = valued({2000: [[LAKE, FOREST]]}, references={"NPP": 400}, NPP=[[NAN, 400]], water="leave_out")
        assert np.isnan(found.total[0, 0, 0])
        assert found.result.totals[0] == pytest.approx(22_950, rel=1e-14)
        (left_out,) = found.result.left_out
        assert (left_out.year, left_out.pixels, left_out.area_ha) == (2000, 1, 1)


class TestMasks:
    def test_common_counts_what_every_year_has(self, valued):
        found = valued(PATCHY)
        assert found.result.totals == (pytest.approx(22_950), pytest.approx(22_950))
        assert np.isnan(found.total[:, 0, 1:]).all()
        assert found.heard.warnings == [
            "2000, 2005: 1 pixels (1.00 ha) are left out: no land cover in another year.",
        ]

    def test_yearly_counts_what_the_year_has(self, valued):
        found = valued(PATCHY, settings=RasterSettings(mask="yearly"))
        assert found.result.totals == (pytest.approx(45_900), pytest.approx(45_900))
        assert np.isnan(found.total).tolist() == [[[False, False, True]], [[False, True, False]]]
        assert np.isnan(found.services[:, 3]).tolist() == [[[False, False, True]], [[False, True, False]]]
        assert found.heard.warnings == []

    def test_common_leaves_a_pixel_out_of_all_years_when_one_lacks_npp(self, valued):
        cover = {2000: [[FOREST, FOREST]], 2005: [[FOREST, FOREST]]}
        npp = {2000: [[400, 400]], 2005: [[400, NAN]]}
        common = valued(cover, references={"NPP": 400}, NPP=npp)
        assert common.result.totals == (pytest.approx(22_950), pytest.approx(22_950))
        assert [(o.year, o.pixels, o.reason) for o in common.result.left_out] == [
            (2000, 1, "no adjustment value"),
            (2005, 1, "no adjustment value"),
        ]
        yearly = valued(cover, references={"NPP": 400}, NPP=npp, settings=RasterSettings(mask="yearly"))
        assert yearly.result.totals == (pytest.approx(45_900), pytest.approx(22_950))
        assert [(o.year, o.pixels) for o in yearly.result.left_out] == [(2005, 1)]

    def test_nothing_in_common_is_an_error_with_counts(self, valued):
        with pytest.raises(InputError, match=r"No pixel is valid in all rasters at once .*land_cover:2000 1 px"):
            valued({2000: [[FOREST, NONE]], 2005: [[NONE, FOREST]]})


class TestCodes:
    def test_unknown_codes_are_listed_with_counts_by_raster(self, valued):
        cover = {2000: [[99, 99, 98, FOREST]], 2005: [[FOREST, FOREST, 97, FOREST]]}
        with pytest.raises(InputError) as caught:
            valued(cover)
        first, second = str(caught.value).splitlines()
        assert "2000 (2000.tif) holds codes that scheme CNLUCC does not know: 99 (2 px), 98 (1 px). Add them" in first
        assert "2005 (2005.tif) holds codes that scheme CNLUCC does not know: 97 (1 px). Add them" in second

    def test_a_class_table_adds_codes(self, valued):
        table = Table.of_rows("mine", [{"code": 99, "ecosystem": "forest", "equivalents": "shrub:0.5;meadow:0.5"}])
        found = valued({2000: [[99]]}, scheme=load_scheme("cnlucc", table))
        # (15.22 + 11.43) / 2
        assert found.result.totals[0] == pytest.approx(13_325, rel=1e-14)

    def test_codes_may_be_whole_floats_but_no_fractions(self, valued):
        whole = valued({2000: [[21.0]]}, grid={"dtype": "float32"})
        assert whole.result.totals[0] == pytest.approx(22_950, rel=1e-14)
        with pytest.raises(InputError, match=r"Land cover 2000 \(2000.tif\) should hold class codes.*such as 21.5"):
            valued({2000: [[21.5]]}, grid={"dtype": "float32"})

    def test_a_negative_code_is_unknown(self, valued):
        with pytest.raises(InputError, match=r"does not know: -21 \(1 px\)"):
            valued({2000: [[-21, FOREST]]}, grid={"dtype": "int16"})

    def test_without_a_crs_there_is_no_area(self, valued):
        with pytest.raises(GridError, match=r"Land cover 2000 \(2000.tif\) has no coordinate reference system"):
            valued({2000: [[FOREST]]}, grid={"epsg": None})
