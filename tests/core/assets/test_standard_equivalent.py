"""The value of one equivalent: published numbers and pencil sums."""

from __future__ import annotations

import pytest

from ecoassets.core.assets.standard_equivalent import standard_equivalent
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
