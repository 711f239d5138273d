"""The value of one equivalent: published numbers and pencil sums."""

from __future__ import annotations

import pytest

from ecoassets.core.assets.standard_equivalent import (
    deflate,
    deflator,
    inflate,
    price_indices,
    regional_value,
    standard_equivalent,
)
from ecoassets.core.errors import InputError, TableError
from ecoassets.core.tables import Table


def crops(*rows: dict[str, object]) -> Table:
    return Table.of_rows("crops", rows)


def grain(area_ha: object = 10, yield_kg_ha: object = 7000, price_per_kg: object = 2, crop: str = "rice"):
    return {"crop": crop, "area_ha": area_ha, "yield_kg_ha": yield_kg_ha, "price_per_kg": price_per_kg}


class TestOneSeventh:
    @pytest.mark.parametrize(
        ("yield_kg_ha", "price", "published"),
        [
            (4600.89, 2.28, 1498.58),  # China 1990-2015
            (10701.16, 2.61, 3990.00),  # Dezhou, Shandong
            (2819.30, 1.68, 676.63),  # Nihegou, Shaanxi: printed per km2
        ],
    )
    def test_published_values(self, yield_kg_ha, price, published):
        result = standard_equivalent(crops(grain(1, yield_kg_ha, price)), "oneseventh")
        # Printed with two decimals.
        assert result.value == pytest.approx(published, abs=0.005)

    def test_two_crops_by_hand(self):
        result = standard_equivalent(crops(grain(30, 7000, 2), grain("10", 3500, "4", crop="maize")), "oneseventh")
        # Rice 0.75 * 7000 * 2 / 7 = 1500, maize 0.25 * 3500 * 4 / 7 = 500
        assert [(c.crop, c.area_ha, c.share) for c in result.crops] == [("rice", 30, 0.75), ("maize", 10, 0.25)]
        assert [c.contribution for c in result.crops] == pytest.approx([1500, 500], rel=1e-15)
        assert result.value == pytest.approx(2000, rel=1e-15)
        assert result.warnings == ()

    def test_a_crop_without_area_adds_nothing(self):
        result = standard_equivalent(crops(grain(10), grain(0, crop="millet")), "oneseventh")
        assert (result.crops[1].share, result.crops[1].contribution, result.value) == (0, 0, 2000)


class TestNetProfit:
    def test_three_crops_by_hand(self):
        table = crops(
            {"crop": "rice", "area_ha": 50, "profit_per_ha": 4000},
            {"crop": "wheat", "area_ha": 30, "profit_per_ha": 2000},
            {"crop": "maize", "area_ha": 20, "profit_per_ha": -1000},
        )
        result = standard_equivalent(table, "netprofit")
        # 0.5 * 4000 + 0.3 * 2000 - 0.2 * 1000 = 2400
        assert result.value == pytest.approx(2400, rel=1e-15)
        assert [c.contribution for c in result.crops] == pytest.approx([2000, 600, -200], rel=1e-15)

    @pytest.mark.parametrize("profit", [-1500, 0])
    def test_a_value_that_is_not_above_zero_is_warned_of(self, profit):
        result = standard_equivalent(crops({"crop": "maize", "area_ha": 1, "profit_per_ha": profit}), "netprofit")
        assert result.value == profit
        assert len(result.warnings) == 1
        assert f"The standard equivalent is {profit}, not above zero" in result.warnings[0]


class TestBadInput:
    @pytest.mark.parametrize(
        ("rows", "method", "fault"),
        [
            ([grain()], "netprofit", "Table crops lacks the column profit_per_ha. It has crop, area_ha"),
            ([{"crop": "rice", "area_ha": 1, "profit_per_ha": 1}], "oneseventh", "yield_kg_ha, price_per_kg"),
            ([{"crop": "rice"}], "oneseventh", "lacks the column area_ha"),
            ([grain(0), grain(0)], "oneseventh", "the sown areas add up to zero"),
            ([grain(), grain(-5)], "oneseventh", "row 2, column area_ha holds -5. It cannot be negative"),
            ([grain(price_per_kg=-1)], "oneseventh", "column price_per_kg holds -1"),
            ([grain(yield_kg_ha="1,204.5")], "oneseventh", "column yield_kg_ha holds '1,204.5', which is not a number"),
            ([grain(area_ha=None)], "oneseventh", "row 1, column area_ha is blank"),
        ],
    )
    def test_faults_are_told(self, rows, method, fault):
        with pytest.raises(TableError, match=fault):
            standard_equivalent(crops(*rows), method)

    def test_an_empty_table_is_refused(self):
        with pytest.raises(TableError, match="Table crops holds no crop"):
            standard_equivalent(Table.of_rows("crops", [], columns=list(grain())), "oneseventh")

    def test_an_unknown_method_is_refused(self):
        with pytest.raises(InputError, match="Choose oneseventh or netprofit"):
            standard_equivalent(crops(grain()), "rent")


class TestRegion:
    def test_a_region_that_yields_less_is_worth_less(self):
        assert regional_value(3406.50, 4000, 5000) == pytest.approx(2725.20, rel=1e-15)

    @pytest.mark.parametrize(("regional", "national"), [(0, 5000), (4000, -1), (4000, float("nan"))])
    def test_yields_must_be_above_zero(self, regional, national):
        with pytest.raises(InputError, match=r"grain yield is .* Give a yield above zero"):
            regional_value(1000, regional, national)


INDICES = {2001: 110, 2002: 120, 2003: 50}


class TestPriceLevel:
    def test_levels_by_hand(self):
        # 2001: 1.1; 2002: 1.1 * 1.2 = 1.32; 2003: 1.32 * 0.5 = 0.66
        expected = {2000: 1, 2001: 1.1, 2002: 1.32, 2003: 0.66}
        assert deflator(INDICES, 2000) == pytest.approx(expected, rel=1e-14)

    def test_a_base_year_in_the_middle(self):
        # Seen from 2002: 2001 is 1 / 1.2 and 2003 is 0.5
        levels = deflator(INDICES, 2002)
        assert levels == pytest.approx({2000: 1 / 1.32, 2001: 1 / 1.2, 2002: 1, 2003: 0.5}, rel=1e-14)

    def test_deflating_takes_inflation_out_and_inflating_puts_it_back(self):
        levels = deflator(INDICES, 2000)
        # 1320 CNY of 2002 bought what 1000 CNY bought in 2000.
        assert deflate(1320, 2002, levels) == pytest.approx(1000, rel=1e-14)
        assert inflate(deflate(777, 2003, levels), 2003, levels) == pytest.approx(777, rel=1e-14)

    def test_indices_come_from_a_table(self):
        table = Table.of_rows("cpi", [{"Year": "2001", "Index": "102.5"}, {"Year": 2002.0, "Index": 99}])
        assert price_indices(table) == {2001: 102.5, 2002: 99}

    @pytest.mark.parametrize(
        ("indices", "base", "fault"),
        [
            ({}, 2000, "There is no price index"),
            ({2001: 102, 2004: 103}, 2001, "The price index lacks 2002, 2003"),
            ({2001: 1.02}, 2001, "The price index of 2001 is 1.02. Write it with previous year = 100"),
            ({2001: 0}, 2001, "The price index of 2001 is 0"),
            ({2001: float("nan")}, 2001, "The price index of 2001 is nan"),
            ({2001: 102}, 1999, "The base year 1999 lies outside the price indices, 2000 to 2001"),
            ({2001: 102}, 2002, "The base year 2002 lies outside"),
        ],
    )
    def test_faults_are_told(self, indices, base, fault):
        with pytest.raises(InputError, match=fault):
            deflator(indices, base)

    def test_a_year_without_an_index_is_refused(self):
        with pytest.raises(InputError, match="no price index for 2010; there are 2000 to 2003"):
            deflate(1, 2010, deflator(INDICES, 2000))
