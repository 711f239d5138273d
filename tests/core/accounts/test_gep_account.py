"""Accounts of gross ecosystem product: the published account of Garze, prices, overlaps, changes; sums by hand."""

from __future__ import annotations

import math
import re

import pytest

from ecoassets.core.accounts.gep.account import GepInputs
from ecoassets.core.accounts.gep.bridge import bridge
from ecoassets.core.accounts.gep.change import changes, effects
from ecoassets.core.accounts.gep.price_index import PriceIndex
from ecoassets.core.accounts.gep.price_table import preset_prices, read_prices
from ecoassets.core.accounts.gep.pricing import PriceRules
from ecoassets.core.accounts.gep.run import run_gep_account
from ecoassets.core.accounts.gep.sensitivity import deciding, swings
from ecoassets.core.accounts.gep.tables import parts_of
from ecoassets.core.accounts.gep.workbook import account_sheets
from ecoassets.core.errors import InputError, TableError
from ecoassets.core.tables import Table, resource_table

E8 = 1e8


def quantities(*rows, name="quantities"):
    """Rows of service, quantity, unit and whatever else differs from one year and one zone."""
    return Table.of_rows(name, [{"year": 2010, "zone": "A", "item": "", "ecosystem": "", **row} for row in rows])


def prices(*rows):
    return read_prices(Table.of_rows("prices", rows))


def value_of(service, quantity, unit, item="", preset="garze2010", **rules):
    account = run_gep_account(
        GepInputs(
            quantities({"service": service, "quantity": quantity, "unit": unit, "item": item}),
            preset_prices(preset),
            PriceRules(**rules),
        )
    )
    return account.total(2010)


@pytest.fixture(scope="module")
def garze():
    context = Table.of_rows("context", [{"zone": "", "population": 106e4, "gdp": 123.7e8, "area_km2": 149_687.70}])
    return run_gep_account(GepInputs(resource_table("garze_account_2010"), preset_prices("garze2010"), context=context))


class TestQuantityTimesPrice:
    @pytest.mark.parametrize(
        ("service", "item", "quantity", "unit", "value", "within"),
        [
            ("water_retention", "", 321.49e8, "m3/a", 2269.7074, 0.04),
            ("soil_retention_silt", "", 10.03e8, "m3/a", 156.2555, 0.08),
            ("soil_retention_n", "", 1437.94e4, "t/a", 125.8199, 0.0005),
            ("soil_retention_p", "", 419.72e4, "t/a", 117.5226, 0.0015),
            ("water_supply", "industry", 150.17e8, "m3/a", 540.6113, 0.001),
            ("water_supply", "farms", 17.31e8, "m3/a", 1.2117, 0.0001),
            ("hydropower", "", 95.30e8, "kWh/a", 50.5090, 0.0001),
            ("air_nox", "", 2772, "t/a", 0.0175, 0.0001),
            ("water_cod", "", 5424, "t/a", 0.0380, 0.0001),
            ("water_nh3n", "", 625, "t/a", 0.0055, 0.0001),
            ("climate_transpiration", "", 2799.10e8, "kWh/a", 1483.5208, 0.006),
            ("climate_evaporation", "", 1272.35e8, "kWh/a", 674.3433, 0.006),
            ("pest_control", "forest", 158e4, "ha", 5.9250, 0.0001),
            ("pest_control", "grassland", 711.13e4, "ha", 8.0003, 0.0006),
        ],
    )
    def test_a_row_of_garze(self, service, item, quantity, unit, value, within):
        assert value_of(service, quantity, unit, item) / E8 == pytest.approx(value, abs=within)

    def test_units_that_are_multiples_of_each_other(self):
        metres = value_of("water_retention", 2.45e8, "m3")
        assert value_of("water_retention", 2.45, "1e8 m3/a") == value_of("water_retention", 24500, "万立方米") == metres
        assert value_of("air_so2", 1_000, "kg/a") == value_of("air_so2", 1, "t/a") == 1200
        assert value_of("climate_transpiration", 1, "MWh") == pytest.approx(530)

    def test_sand_held_is_land_kept(self):
        # 779.42e4 t / (1.28 t/m3 x 0.1 m) = 60.89 km2, at 3.75 CNY/m2
        assert pytest.approx(60.89, abs=0.005) == 779.42e4 / 1.28 / 0.1 / 1e6
        assert value_of("sand_fixation", 779.42e4, "t/a") / E8 == pytest.approx(2.2835, abs=0.0001)
        assert value_of("sand_fixation", 779.42e4, "t/a", sand_density=2.56) / E8 == pytest.approx(1.14175, abs=0.0001)

    def test_floods_of_baiyangdian(self):
        rows = quantities({"service": "flood_mitigation", "quantity": 2.45e8, "unit": "m3"})
        book = prices({"service": "flood_mitigation", "price": 6.11, "unit": "CNY/m3", "price_year": 2005})
        assert run_gep_account(GepInputs(rows, book)).total(2010) / E8 == pytest.approx(14.97, abs=0.005)

    def test_recreation_of_baiyangdian(self):
        # travel, time and consumer surplus of 135e4 visits
        rows = quantities({"service": "tourism", "quantity": 135e4, "unit": "visits/a"})
        book = prices({"service": "tourism", "price": 52.47 + 343.33 + 578.03, "unit": "CNY/visit", "price_year": 2011})
        assert run_gep_account(GepInputs(rows, book)).total(2010) / E8 == pytest.approx(13.15, abs=0.005)


class TestTheAccountOfGarze:
    def test_the_total_adds_unrounded_rows(self, garze):
        assert garze.total(2010) / E8 == pytest.approx(7545.59, abs=0.01)
        assert garze.total(2010) / E8 == pytest.approx(7545.598, abs=1e-6)

    @pytest.mark.parametrize(
        ("category", "value", "share"),
        [("product", 632.64, 8.38), ("regulating", 6842.28, 90.68), ("cultural", 70.67, 0.94)],
    )
    def test_categories_and_shares(self, garze, category, value, share):
        part = next(p for p in parts_of(garze, 2010) if (p.by, p.name) == ("category", category))
        assert part.value / E8 == pytest.approx(value, abs=0.01)
        assert 100 * part.share == pytest.approx(share, abs=0.005)

    def test_indicators(self, garze):
        whole = parts_of(garze, 2010)[0]
        assert whole.per_person / 1e4 == pytest.approx(71.18, abs=0.01)
        assert whole.per_km2 / 1e4 == pytest.approx(504.09, abs=0.01)
        assert whole.per_gdp == pytest.approx(61.0, abs=0.05)

    def test_parts_of_every_kind_add_up_to_the_whole(self, garze):
        for by in ("category", "ecosystem", "zone", "service"):
            parts = [p for p in parts_of(garze, 2010) if p.by == by]
            assert math.fsum(p.value for p in parts) == pytest.approx(garze.total(2010), rel=1e-12)
            assert math.fsum(p.share for p in parts) == pytest.approx(1)
        assert "unallocated" in [p.name for p in parts_of(garze, 2010)]

    @pytest.mark.parametrize(
        "words",
        [
            r"Water supply is 1.593e\+04 m3/a per person",  # the industrial water that looks like a slip
            "products are worth 6.326e.10 CNY, more than the GDP",
            "8.1 t of O2 per t of CO2, where the reaction gives 0.73",
            "Prices of 2003, 2010 stand in one sum",
            "The cost of building works that last is charged every year: Water retention, .* 30.9 % of the total",
            "Carbon fixation . Oxygen release",
        ],
    )
    def test_its_mistakes_are_told(self, garze, words):
        assert [w for w in garze.warnings if re.search(words, w.text("en"))]

    def test_the_swamp_formula_in_the_wrong_unit_is_told(self):
        context = Table.of_rows("context", [{"zone": "", "area_km2": 149_687.70}])
        rows = quantities({"service": "flood_mitigation", "item": "swamps", "quantity": 6.00e12, "unit": "m3"})
        account = run_gep_account(GepInputs(rows, preset_prices("garze2010"), context=context))
        assert any("Flood mitigation is 4.008e+05 m3/a per ha" in w.text("en") for w in account.warnings)

    def test_capital_cost_of_a_year(self):
        assert value_of("water_retention", 321.49e8, "m3", capital="annualised") / E8 == pytest.approx(
            88.2138, abs=1e-3
        )
        # of a value that is given as well
        rows = quantities({"service": "water_retention", "quantity": 321.49e8, "unit": "m3", "value": 2269.7074e8})
        account = run_gep_account(GepInputs(rows, preset_prices("garze2010"), PriceRules(capital="annualised")))
        assert account.total(2010) / E8 == pytest.approx(2269.7074 * 0.03886549, rel=1e-6)

    def test_ninghai(self):
        rows = quantities(
            {"service": "water_retention", "quantity": 670.59e8, "unit": "CNY"},
            {"service": "crops", "quantity": 588.44e8, "unit": "CNY/a"},
        )
        regulating = next(p for p in parts_of(run_gep_account(GepInputs(rows, preset_prices("none"))), 2010)
                          if p.name == "regulating")  # fmt: skip
        assert 100 * regulating.share == pytest.approx(53.26, abs=0.005)


class TestMissingPrices:
    def test_the_total_is_incomplete_and_says_so(self):
        # as the published total of purification that left the row of SO2 out
        rows = quantities(
            {"service": "air_dust", "quantity": 10, "unit": "t"}, {"service": "water_tp", "quantity": 5, "unit": "t"}
        )
        account = run_gep_account(GepInputs(rows, preset_prices("garze2010")))
        assert account.total(2010) == 1500
        assert [row.quantity.service for row in account.not_valued()] == ["water_tp"]
        assert "The total is incomplete. Not valued, because there is no price: Total phosphorus" in account.warnings[
            0
        ].text("en")
        complete = {p.name: p.complete for p in parts_of(account, 2010)}
        assert (complete["all"], complete["air_dust"], complete["water_tp"]) == (False, True, False)

    def test_a_preset_of_few_prices(self):
        rows = quantities(
            {"service": "carbon", "quantity": 11, "unit": "t CO2"}, {"service": "air_so2", "quantity": 1, "unit": "t"}
        )
        account = run_gep_account(GepInputs(rows, preset_prices("lyt1721")))
        assert account.total(2010) == pytest.approx(11 * 1200 * 12 / 44)
        assert [row.quantity.service for row in account.not_valued()] == ["air_so2"]


class TestOverlaps:
    FERTILITY = quantities(
        {"service": "soil_retention_n", "quantity": 10, "unit": "t"},
        {"service": "soil_fertility", "quantity": 10, "unit": "t", "item": "N"},
    )
    BOOK = prices(
        {"service": "soil_retention_n", "price": 875, "unit": "CNY/t", "price_year": 2010},
        {"service": "soil_fertility", "price": 2549, "unit": "CNY/t", "price_year": 2010},
    )

    def run(self, overlap):
        return run_gep_account(GepInputs(self.FERTILITY, self.BOOK, overlap=overlap))

    def test_warn_keeps_both(self):
        account = self.run("warn")
        assert account.total(2010) == 10 * (875 + 2549)
        assert any("Less nitrogen in water + Soil fertility kept" in w.text("en") for w in account.warnings)

    def test_drop_keeps_the_first(self):
        account = self.run("drop")
        assert account.total(2010) == 8750
        assert [row.status for row in account.rows] == ["valued", "dropped"]

    def test_stop_makes_nothing(self):
        with pytest.raises(InputError, match="Services count the same:\n  Less nitrogen in water"):
            self.run("stop")

    def test_a_dropped_service_is_dropped_in_every_year(self):
        rows = quantities(
            {"year": 2000, "service": "oxygen", "quantity": 1, "unit": "t O2"},
            {"service": "oxygen", "quantity": 2, "unit": "t O2"},
            {"service": "carbon", "quantity": 3, "unit": "t CO2"},
        )
        account = run_gep_account(GepInputs(rows, preset_prices("garze2010"), overlap="drop"))
        assert [row.status for row in account.rows] == ["dropped", "dropped", "valued"]

    def test_only_the_land_part_of_floods_overlaps_with_retention(self):
        rows = quantities(
            {"service": "water_retention", "quantity": 1, "unit": "m3"},
            {"service": "flood_mitigation", "item": "lakes", "quantity": 1, "unit": "m3"},
            {"service": "flood_mitigation", "item": "land", "quantity": 1, "unit": "m3"},
        )
        account = run_gep_account(GepInputs(rows, preset_prices("garze2010"), overlap="drop"))
        assert [row.status for row in account.rows] == ["valued", "valued", "dropped"]

    def test_supporting_services_are_outside(self):
        rows = quantities(
            {"service": "species", "quantity": 5, "unit": "ha"}, {"service": "oxygen", "quantity": 1, "unit": "t O2"}
        )
        book = prices({"service": "species", "price": 3000, "unit": "CNY/ha", "price_year": 2010},
                      {"service": "oxygen", "price": 7, "unit": "CNY/t O2", "price_year": 2010})  # fmt: skip
        account = run_gep_account(GepInputs(rows, book))
        assert account.total(2010) == 7
        assert any("Supporting services are in the effect of the others" in w.text("en") for w in account.warnings)

    def test_oxygen_has_a_switch(self):
        rows = quantities(
            {"service": "carbon", "quantity": 3, "unit": "t CO2"}, {"service": "oxygen", "quantity": 1, "unit": "t O2"}
        )
        account = run_gep_account(GepInputs(rows, preset_prices("garze2010"), services=("-oxygen",)))
        assert account.total(2010) == 3 * 380
        assert account.overlaps == ()
        with pytest.raises(InputError, match="SERVICES names ozone, which the quantities do not hold"):
            run_gep_account(GepInputs(rows, preset_prices("garze2010"), services=("ozone",)))


class TestChange:
    """Two services; the quantities and prices of both years are round numbers."""

    @pytest.fixture(params=[None, 0, 1])
    def account(self, request):
        rows = Table.of_rows(
            "quantities",
            [
                {"year": year, "service": service, "quantity": q, "unit": "t", "category": "regulating"}
                for year, service, q in ((0, "first", 100), (0, "second", 50), (1, "first", 120), (1, "second", 40))
            ],
        )
        book = prices(
            *(
                {"service": service, "price": p, "unit": "CNY/t", "price_year": year}
                for year, service, p in ((0, "first", 10), (0, "second", 4), (1, "first", 12), (1, "second", 8))
            )
        )
        return run_gep_account(GepInputs(rows, book, base_year=request.param))

    def test_current_prices(self, account):
        assert [account.total(year) for year in (0, 1)] == [1200, 1760]

    def test_comparable_prices(self, account):
        found = [account.comparable(year) for year in (0, 1)]
        assert found == ([1600, 1760] if account.base_year == 1 else [1200, 1360])
        growth = 100 * (found[1] / found[0] - 1)
        assert growth == pytest.approx(10 if account.base_year == 1 else 13.3333, abs=1e-4)

    def test_effects_of_prices_and_quantities_leave_no_rest(self, account):
        (found,) = changes(account).values()
        assert [change.price_effect for change in found] == [220, 180]
        assert [change.quantity_effect for change in found] == [220, -60]
        assert sum(c.price_effect + c.quantity_effect for c in found) == 560 == account.total(1) - account.total(0)

    def test_a_service_that_appears_is_an_effect_of_quantity(self):
        assert effects(10, 10, 0, 5) == (0, 50)
        rows = quantities({"service": "oxygen", "quantity": 5, "unit": "t O2"},
                          {"year": 2000, "service": "carbon", "quantity": 5, "unit": "t CO2"})  # fmt: skip
        (found,) = changes(run_gep_account(GepInputs(rows, preset_prices("garze2010")))).values()
        assert {c.service: (c.price_effect, c.quantity_effect) for c in found} == {
            "oxygen": (0, 5 * 727), "carbon": (0, -5 * 380)}  # fmt: skip

    def test_given_money_splits_by_the_price_level(self):
        rows = quantities({"year": 2000, "service": "crops", "quantity": 100, "unit": "CNY"},
                          {"service": "crops", "quantity": 180, "unit": "CNY"})  # fmt: skip
        index = PriceIndex({"cpi": {2000: 100.0, 2010: 150.0}})
        account = run_gep_account(GepInputs(rows, preset_prices("none"), PriceRules(index)))
        assert [account.comparable(year) for year in (2000, 2010)] == [100, pytest.approx(120)]
        ((change,),) = changes(account).values()
        # the level rose by half of 110 units, 20 more units at a level of 1.25
        assert (change.price_effect, change.quantity_effect) == (pytest.approx(55), pytest.approx(25))

    def test_one_price_year_for_all(self):
        rows = quantities({"year": 2000, "service": "carbon", "quantity": 1, "unit": "t CO2"},
                          {"service": "carbon", "quantity": 1, "unit": "t CO2"})  # fmt: skip
        index = PriceIndex({"cpi": {2000: 80.0, 2010: 100.0, 2015: 110.0}})
        account = run_gep_account(GepInputs(rows, preset_prices("garze2010"), PriceRules(index, price_year=2015)))
        assert [account.total(y) for y in (2000, 2010)] == [pytest.approx(418)] * 2
        current = run_gep_account(GepInputs(rows, preset_prices("garze2010"), PriceRules(index)))
        assert [current.total(y) for y in (2000, 2010)] == [pytest.approx(304), pytest.approx(380)]
        ((change,),) = changes(current).values()
        assert (change.price_effect, change.quantity_effect) == (pytest.approx(76), 0)


class TestSharesOfNature:
    def test_the_share_of_labour_and_capital_stays_out(self):
        rows = quantities({"service": "crops", "quantity": 1000, "unit": "CNY"})
        rules = PriceRules(shares={("crops", "", ""): 0.4})
        assert run_gep_account(GepInputs(rows, preset_prices("none"), rules)).total(2010) == 400


class TestSensitivity:
    def test_which_prices_decide(self, garze):
        found = swings(garze)
        assert [swing.service for swing in deciding(found)] == ["water_retention", "oxygen", "climate_transpiration"]
        first = found[0]
        assert first.total_high - first.total_low == pytest.approx(2269.7074e8)  # half to one and a half
        assert found[-1].kind == "capital cost per year"
        # retention and floods of 2329.26e8, of which 3.887 % are the cost of a year
        assert found[-1].total_low == pytest.approx(garze.total(2010) - 2329.2624e8 * (1 - 0.03886549), rel=1e-8)

    def test_ranges_of_the_table_win(self):
        rows = quantities({"service": "carbon", "quantity": 2, "unit": "t CO2"})
        book = prices(
            {"service": "carbon", "price": 100, "low": 40, "high": 300, "unit": "CNY/t CO2", "price_year": 2010}
        )
        (swing,) = swings(run_gep_account(GepInputs(rows, book)))
        assert (swing.value_low, swing.value, swing.value_high) == (80, 200, 600)


class TestBridge:
    def test_lines_add_up_to_what_the_seea_counts(self, garze):
        lines = bridge(garze, 2010)
        assert lines[0].amount == garze.total(2010)
        assert math.fsum(line.amount for line in lines[:-1]) == pytest.approx(lines[-1].amount, rel=1e-12)
        taken = {line.service: line.amount for line in lines if line.amount < 0}
        assert taken.keys() == {"water_supply", "hydropower", "oxygen", "pest_control"}
        assert taken["oxygen"] == pytest.approx(-1821.9182e8)

    def test_supply_is_a_proxy_where_regulation_is_not_recorded(self):
        rows = quantities({"service": "water_supply", "item": "farms", "quantity": 100, "unit": "m3"})
        lines = bridge(run_gep_account(GepInputs(rows, preset_prices("garze2010"))), 2010)
        assert [line.amount for line in lines] == [pytest.approx(7), 0, pytest.approx(7)]


class TestWorkbook:
    def test_sums_of_the_first_sheets_are_those_of_their_parts(self, garze):
        services, ecosystems = account_sheets(garze)[:2]
        values = [row[5] for row in services.rows[4:]]
        parts = [cell.value for cell in values if cell.style == "decimal" and cell.value is not None]
        sums = [cell.value for cell in values if cell.style == "sum"]
        assert math.fsum(parts) == pytest.approx(sums[-1], rel=1e-12)
        assert math.fsum(sums[:-1]) == pytest.approx(sums[-1], rel=1e-12)
        assert sums[-1] == pytest.approx(garze.total(2010) / 1e4)
        assert services.rows[1][0].value == "10⁴ CNY/a, 万元/年"
        *body, last = [[cell.value for cell in row[2:]] for row in ecosystems.rows[4:]]
        for n, total in enumerate(last):
            assert math.fsum(row[n] for row in body) == pytest.approx(total, rel=1e-12)
        for row in (*body, last):
            assert math.fsum(row[:-1]) == pytest.approx(row[-1], rel=1e-12)


class TestRefusals:
    @pytest.mark.parametrize(
        ("row", "words"),
        [
            ({"service": "carbon", "quantity": 1, "unit": "t C"}, r"row 1 \(carbon\): the unit is 't C'.*44/12"),
            ({"service": "carbon", "quantity": 1, "unit": "t"}, "the unit is 't', and the account counts t CO2"),
            (
                {"service": "water_retention", "quantity": 1, "unit": "t"},
                "the unit is 't', and the account counts m3/a",
            ),
            ({"service": "water_retention", "quantity": 1, "unit": "barrels"}, "The unit 'barrels' is not known"),
            ({"service": "water_retention", "quantity": None, "unit": "m3"}, "neither a quantity nor a value"),
            (
                {"service": "beauty", "quantity": 1, "unit": "ha"},
                "The service 'beauty' is not known|'beauty' is not known",
            ),
        ],
    )
    def test_quantities(self, row, words):
        with pytest.raises((InputError, TableError), match=words):
            run_gep_account(GepInputs(quantities(row), preset_prices("garze2010")))

    def test_rows_that_count_twice(self):
        row = {"service": "carbon", "quantity": 1, "unit": "t CO2"}
        with pytest.raises(TableError, match="row 2 repeats row 1"):
            run_gep_account(GepInputs(quantities(row, row), preset_prices("garze2010")))
        with pytest.raises(TableError, match="zone is '合计' beside zones of their own"):
            run_gep_account(GepInputs(quantities(row, {**row, "zone": "合计"}), preset_prices("garze2010")))
