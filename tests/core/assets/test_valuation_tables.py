"""Tables of a valuation: values, growth between years, shares."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from ecoassets.core.assets.valuation.change import growth
from ecoassets.core.assets.valuation.tables import change_table, value_table

FOREST, ORCHARD, PADDY, LAKE, MARSH, TOWN = 21, 24, 11, 42, 64, 51


def replace_split(result):
    """The result with wetland split."""
    return replace(result, inputs=replace(result.inputs, split_wetland=True))


def records(table):
    names = [column.name for column in table.columns]
    return [dict(zip(names, row)) for row in table.rows]


def of_ecosystems(table):
    """The rows of ecosystems and of all land, without those of the classes."""
    return [row for row in records(table) if row["code"] is None]


class TestGrowth:
    def test_published_growth(self):
        # The ecological assets of Beijing's conservation area grew by 133.81 % in five years: 26.762 % a year,
        # or 18.51 % compound, because 2.3381 ** 0.2 = 1.1851.
        found = growth(100, 233.81, 5)
        assert found.change == pytest.approx(133.81)
        assert found.pct == pytest.approx(133.81)
        assert found.annual_pct == pytest.approx(26.762)
        assert found.compound_pct == pytest.approx(18.51, abs=0.005)

    def test_a_deficit_that_grows_reads_as_a_loss(self):
        # Yinchuan's water supply, -0.691 to -0.935: printed there as a rise, because it divides by the signed value.
        found = growth(-0.691, -0.935, 10)
        assert found.pct == pytest.approx(-35.31, abs=0.005)
        assert found.annual_pct == pytest.approx(-3.531, abs=0.0005)
        assert found.compound_pct is None

    def test_a_deficit_that_turns_into_a_surplus_reads_as_a_gain(self):
        assert (growth(-4, 2, 3).pct, growth(-4, 2, 3).compound_pct) == (150, None)

    def test_no_percentage_of_nothing(self):
        found = growth(0, 7, 5)
        assert (found.change, found.pct, found.annual_pct, found.compound_pct) == (7, None, None, None)

    def test_what_vanishes_loses_everything_but_has_no_compound_rate(self):
        found = growth(8, 0, 4)
        assert (found.pct, found.annual_pct, found.compound_pct) == (-100, -25, None)


class TestValueTable:
    def test_a_row_per_year_class_and_service(self, valued):
        table = records(value_table(valued({2000: [[FOREST, ORCHARD, TOWN]], 2005: [[TOWN] * 3]}).result))
        assert len(table) == 2 * 3 * 11
        food = [row for row in table if row["service"] == "food"]
        # Orchards count as shrub columns, but belong to the ecosystem forest: 0.29 and 0.19.
        assert food[0] == {"year": 2000, "ecosystem": "forest", "service": "food", "area_ha": 1,
                           "value": pytest.approx(290, rel=1e-14), "code": FOREST,
                           "class_name": "Forest (closed)"}  # fmt: skip
        assert [(row["year"], row["ecosystem"], row["code"], row["area_ha"], row["value"]) for row in food[1:]] == [
            (2000, "forest", ORCHARD, 1, pytest.approx(190, rel=1e-14)),
            (2000, "urban", TOWN, 1, 0),
            (2005, "forest", FOREST, 0, 0),
            (2005, "forest", ORCHARD, 0, 0),
            (2005, "urban", TOWN, 3, 0),
        ]

    def test_water_is_split_off_wetland(self, valued):
        cover = {2000: [[LAKE, MARSH, MARSH]]}
        rows = value_table(replace_split(valued(cover).result)).rows
        assert {(row[1], row[5], row[3]) for row in rows} == {("wetland", MARSH, 2), ("open_water", LAKE, 1)}

    def test_ecosystems_that_never_occur_are_not_listed(self, valued):
        rows = records(value_table(valued({2000: [[PADDY]]}).result))
        assert {row["ecosystem"] for row in rows} == {"cropland"}

    def test_cells_are_plain_numbers(self, valued):
        for row in value_table(valued({2000: [[FOREST]]}).result).rows:
            assert [type(cell) for cell in row] == [int, str, str, float, float, int, str]


class TestChangeTable:
    @pytest.fixture
    def table(self, valued):
        cover = {2000: [[FOREST, PADDY]], 2005: [[FOREST, TOWN]], 2015: [[FOREST, FOREST]]}
        return records(change_table(valued(cover).result))

    @staticmethod
    def row(table, years, ecosystem="all", service="all"):
        (found,) = [
            row
            for row in table
            if (row["from_year"], row["to_year"]) == years
            and (row["ecosystem"], row["service"], row["code"]) == (ecosystem, service, None)
        ]
        return found

    def test_pairs_are_consecutive_and_first_to_last(self, table):
        pairs = list(dict.fromkeys((row["from_year"], row["to_year"]) for row in table))
        assert pairs == [(2000, 2005), (2005, 2015), (2000, 2015)]
        assert len(table) == 3 * (1 + 3 + 3) * (1 + 11)  # all land, three ecosystems and the class of each

    def test_the_total(self, table):
        # Forest 22 950 and paddy 3 890, then the forest alone, then two forests.
        whole = self.row(table, (2000, 2015))
        assert whole["value_from"] == pytest.approx(26_840, rel=1e-14)
        assert whole["value_to"] == pytest.approx(45_900, rel=1e-14)
        assert whole["change_pct"] == pytest.approx(19_060 / 26_840 * 100, rel=1e-12)
        assert whole["annual_pct"] == pytest.approx(19_060 / 26_840 * 100 / 15, rel=1e-12)
        assert whole["compound_pct"] == pytest.approx((math.pow(45_900 / 26_840, 1 / 15) - 1) * 100, rel=1e-12)
        assert (whole["share_from_pct"], whole["share_to_pct"]) == (100, 100)

    def test_losing_a_deficit_is_a_gain(self, table):
        water = self.row(table, (2000, 2005), "cropland", "water_supply")
        assert (water["value_from"], water["value_to"]) == (pytest.approx(-2_630, rel=1e-14), 0)
        assert water["change_pct"] == pytest.approx(100, rel=1e-14)
        assert water["share_from_pct"] == pytest.approx(-2_630 / 26_840 * 100, rel=1e-12)

    def test_what_was_nothing_has_no_rate(self, table):
        town = self.row(table, (2000, 2005), "urban")
        assert (town["change"], town["change_pct"], town["annual_pct"], town["compound_pct"]) == (0, None, None, None)

    @pytest.mark.parametrize("years", [(2000, 2005), (2005, 2015), (2000, 2015)])
    def test_parts_add_up(self, table, years):
        of_pair = [row for row in table if (row["from_year"], row["to_year"]) == years]
        whole = self.row(table, years)
        for column in ("value_from", "value_to", "change", "share_from_pct", "share_to_pct"):
            parts = [r for r in of_pair if r["service"] == "all" and r["ecosystem"] != "all"]
            by_ecosystem = sum(r[column] for r in parts if r["code"] is None)
            by_class = sum(r[column] for r in parts if r["code"] is not None)
            by_service = sum(r[column] for r in of_pair if r["ecosystem"] == "all" and r["service"] != "all")
            # The terms are up to 46 000, so that sums in another order differ by some 1e-11.
            assert by_ecosystem == pytest.approx(whole[column], rel=1e-12, abs=1e-9)
            assert by_class == pytest.approx(whole[column], rel=1e-12, abs=1e-9)
            assert by_service == pytest.approx(whole[column], rel=1e-12, abs=1e-9)

    def test_changes_of_periods_add_up_to_the_whole_change(self, table):
        parts = self.row(table, (2000, 2005))["change"] + self.row(table, (2005, 2015))["change"]
        assert parts == pytest.approx(self.row(table, (2000, 2015))["change"], rel=1e-12)

    def test_a_study_area_worth_nothing_has_no_shares(self, valued):
        table = records(change_table(valued({2000: [[TOWN]], 2005: [[TOWN]]}).result))
        assert {row["share_from_pct"] for row in table} == {None}

    def test_one_year_has_no_change(self, valued):
        assert change_table(valued({2000: [[FOREST]]}).result).rows == ()


def test_totals_of_the_result_are_the_sums_of_the_table(valued):
    rng = np.random.default_rng(1)
    result = valued({2000: rng.choice([FOREST, ORCHARD, PADDY, TOWN], (30, 40))}).result
    assert sum(row["value"] for row in records(value_table(result))) == pytest.approx(result.totals[0], rel=1e-13)
