"""Prices: units, years, indices, charges per pollution equivalent, capital cost; and what is refused."""

from __future__ import annotations

import pytest

from ecoassets.core.accounts.gep.account import GepInputs
from ecoassets.core.accounts.gep.price_index import china_cpi, read_price_index
from ecoassets.core.accounts.gep.price_table import annual_cost, pollution_price, preset_prices, read_prices
from ecoassets.core.accounts.gep.pricing import PriceRules, read_shares
from ecoassets.core.accounts.gep.run import run_gep_account
from ecoassets.core.accounts.units import parse_price_unit, parse_unit
from ecoassets.core.errors import InputError, TableError
from ecoassets.core.tables import Table, resource_table


def table(name, *rows):
    return Table.of_rows(name, rows)


def moved(service, unit, price, price_unit, price_year, year, **more):
    rows = table("quantities", {"year": year, "service": service, "quantity": 1, "unit": unit})
    book = read_prices(
        table("prices", {"service": service, "price": price, "unit": price_unit, "price_year": price_year, **more})
    )
    return run_gep_account(GepInputs(rows, book, PriceRules(china_cpi()))).total(year)


class TestIndex:
    def test_reservoirs_of_2005_in_2010(self):
        assert moved("water_retention", "m3", 6.1107, "CNY/m3", 2005, 2010) == pytest.approx(7.0602, abs=0.00005)

    def test_oxygen_of_2008_in_2014(self):
        assert moved("oxygen", "t O2", 1000, "CNY/t O2", 2008, 2014) == pytest.approx(1160.70, abs=0.01)

    def test_carbon_of_2008_in_2014_per_tonne_of_carbon_dioxide(self):
        rows = table("quantities", {"year": 2014, "service": "carbon", "quantity": 1, "unit": "t CO2"})
        found = run_gep_account(GepInputs(rows, preset_prices("lyt1721"), PriceRules(china_cpi()))).total(2014)
        assert found == pytest.approx(379.87, abs=0.01)

    def test_earthworks(self):
        assert moved("soil_retention_silt", "m3", 12.6, "CNY/m3", 2005, 2010) == pytest.approx(14.5579, abs=0.0001)

    def test_charges_do_not_move(self):
        assert moved("air_so2", "t", 1200, "CNY/t", 2005, 2014, price_index="none") == 1200

    def test_a_year_without_a_level_is_not_guessed(self):
        with pytest.raises(InputError, match=r"water_retention \(6.1107 CNY/m3\), of 2005, cannot be moved to 2009"):
            moved("water_retention", "m3", 6.1107, "CNY/m3", 2005, 2009)

    def test_an_index_of_its_own(self):
        index = read_price_index(
            table("index", {"year": 2010, "cpi": 100, "electricity": 50}, {"year": 2015, "cpi": 120, "electricity": 55})
        )
        assert index.ratio("electricity", 2010, 2015) == pytest.approx(1.1)
        assert index.ratio("cpi", 2015, 2010) == pytest.approx(100 / 120)

    def test_a_price_without_its_index_stays_and_is_told(self):
        rows = table("quantities", {"year": 2014, "service": "climate_transpiration", "quantity": 1, "unit": "kWh"})
        account = run_gep_account(GepInputs(rows, preset_prices("garze2010"), PriceRules(china_cpi())))
        assert account.total(2014) == 0.53
        assert any("no column electricity: Cooling by transpiration" in w.text("en") for w in account.warnings)

    def test_a_discount_rate_is_no_index(self):
        # 0.67 CNY/m3 of 1990 compounded at 8 % to 1.56
        levels = [{"year": 1990 + n, "index": 100 * 1.08**n} for n in range(12)]
        with pytest.raises(InputError, match="grows by 8 % in every single year. That is a discount rate"):
            read_price_index(table("levels", *levels))

    def test_prices_that_rise_in_steps_are_an_index(self):
        levels = [{"year": 2000, "index": 100}, {"year": 2001, "index": 106}, {"year": 2002, "index": 111}]
        assert read_price_index(table("levels", *levels)).ratio("cpi", 2000, 2002) == pytest.approx(1.11)

    def test_a_price_of_1990_in_2015_is_told(self):
        rows = table("quantities", {"year": 2015, "service": "water_retention", "quantity": 1, "unit": "m3"})
        book = read_prices(
            table("p", {"service": "water_retention", "price": 0.67, "unit": "CNY/m3", "price_year": 1990})
        )
        account = run_gep_account(GepInputs(rows, book))
        assert any(
            "up to 25 years older than 2015 are used as they are: Water retention" in w.text("en")
            for w in account.warnings
        )


class TestCharges:
    @pytest.mark.parametrize(
        ("rate", "kilograms", "price"),
        [
            (0.7, 0.8, 875),
            (0.7, 0.25, 2800),
            (0.7, 1, 700),
            (0.6, 0.95, 631.58),
            (0.6, 4, 150),
            (1.4, 0.8, 1750),
            (8, 0.8, 10_000),
        ],
    )
    def test_price_of_a_tonne(self, rate, kilograms, price):
        assert pollution_price(rate, kilograms) == pytest.approx(price, abs=0.005)

    def test_the_tax_of_a_province(self):
        lowest, own = preset_prices("tax_min"), preset_prices("tax_min", water_tax=8)
        ammonia = [book.find("water_nh3n", "", "", 2020).price for book in (lowest, own)]
        assert ammonia == [pytest.approx(1750), pytest.approx(10_000)]
        with pytest.raises(
            InputError, match="20 CNY per equivalent for water lies outside the law, which has 1.4 to 14"
        ):
            preset_prices("tax_min", water_tax=20)

    def test_charges_of_the_garze_account_follow_from_the_equivalents(self):
        kilograms = {str(row["pollutant"]): row for row in resource_table("pollution_equivalents").rows}
        book = preset_prices("garze2010")
        for service, pollutant in (
            ("water_nh3n", "NH3-N"),
            ("water_cod", "COD"),
            ("air_dust", "dust"),
            ("soil_retention_p", "TP"),
        ):
            row = kilograms[pollutant]
            charge = pollution_price(float(row["charge_2003"]), float(row["equivalent_kg"]))
            assert book.find(service, "", "", 2010).price == pytest.approx(charge)


class TestCapital:
    def test_the_cost_of_a_year(self):
        assert annual_cost(1, 0.03, 50) == pytest.approx(0.03886549, abs=1e-8)
        assert annual_cost(7.06, 0.03, 50) == pytest.approx(0.274390, abs=1e-6)
        assert annual_cost(50, 0, 50) == 1


class TestChoiceOfThePrice:
    BOOK = read_prices(
        table(
            "prices",
            {"service": "water_supply", "item": "", "zone": "", "price": 1, "unit": "CNY/m3", "price_year": 2010},
            {"service": "water_supply", "item": "farms", "zone": "", "price": 2, "unit": "CNY/m3", "price_year": 2010},
            {"service": "water_supply", "item": "farms", "zone": "B", "price": 3, "unit": "CNY/m3", "price_year": 2010},
            {"service": "water_supply", "item": "", "zone": "", "price": 4, "unit": "CNY/m3", "price_year": 2015},
        )
    )

    @pytest.mark.parametrize(
        ("item", "zone", "year", "price"),
        [
            ("homes", "A", 2010, 1),
            ("farms", "A", 2012, 2),
            ("farms", "B", 2010, 3),
            ("homes", "B", 2020, 4),
            ("homes", "A", 2000, 1),
        ],
    )
    def test_item_and_zone_first_then_the_last_year_before(self, item, zone, year, price):
        assert self.BOOK.find("water_supply", item, zone, year).price == price

    def test_own_prices_go_over_a_preset(self):
        book = read_prices(table("p", {"service": "carbon", "price": 90, "unit": "CNY/t CO2", "price_year": 2024}))
        both = book.over(preset_prices("garze2010"))
        assert both.find("carbon", "", "", 2010).price == 90
        assert both.find("oxygen", "", "", 2010).price == 727


class TestRefusals:
    def test_a_price_without_a_year(self):
        rows = table("prices", {"service": "water_retention", "price": 5.714, "unit": "CNY/m3", "price_year": ""})
        with pytest.raises(TableError, match=r"row 1 \(water_retention\), unit CNY/m3: the price has no year"):
            read_prices(rows)

    def test_a_law_may_have_none(self):
        rows = table(
            "p", {"service": "air_so2", "price": 1200, "unit": "CNY/t", "price_year": "none", "price_index": "none"}
        )
        assert read_prices(rows).find("air_so2", "", "", 2030).price == 1200

    @pytest.mark.parametrize(
        ("service", "unit", "price_unit", "words"),
        [
            (
                "carbon",
                "t CO2",
                "CNY/t C",
                r"row 1, the price of carbon \(1200 CNY/t C\) is per t C.*t CO2.*write 327.273 CNY/t CO2",
            ),
            ("carbon", "t CO2", "CNY/t", "is per t, and row 1 of the quantities is in t CO2"),
            ("soil_retention_silt", "m3", "CNY/t", "is per t, and row 1 of the quantities is in m3"),
            ("water_retention", "m3", "m3", "The unit of a price is 'm3'. Write money per unit"),
        ],
    )
    def test_a_price_of_another_unit(self, service, unit, price_unit, words):
        with pytest.raises(InputError, match=words):
            moved(service, unit, 1200, price_unit, 2008, 2008)

    def test_two_prices_of_one_year(self):
        row = {"service": "carbon", "price": 1, "unit": "CNY/t CO2", "price_year": 2010}
        with pytest.raises(TableError, match="stands for the same service and year as row 1"):
            read_prices(table("prices", row, row))

    def test_shares_of_nature(self):
        with pytest.raises(TableError, match="row 1: the share of crops is 40. Write 0 to 1"):
            read_shares(table("shares", {"service": "crops", "share": 40}))


class TestUnits:
    @pytest.mark.parametrize(
        ("text", "kind", "factor", "substance"),
        [
            ("m3/a", "volume", 1, ""), ("1e4 m3", "volume", 1e4, ""), ("10^8 m³/a", "volume", 1e8, ""),
            ("10⁴ t", "mass", 1e4, ""),
            ("亿立方米", "volume", 1e8, ""), ("万吨/年", "mass", 1e4, ""), ("t CO2/a", "mass", 1, "CO2"),
            ("tCO2", "mass", 1, "CO2"),
            ("kWh/a", "energy", 1, ""), ("km2", "area", 100, ""), ("人次/年", "visits", 1, ""),
            ("CNY/a", "money", 1, ""),
            ("万元", "money", 1e4, ""), ("kg", "mass", 1e-3, ""),
        ],
    )  # fmt: skip
    def test_units_as_people_write_them(self, text, kind, factor, substance):
        unit = parse_unit(text)
        assert (unit.kind, unit.factor, unit.substance) == (kind, factor, substance)

    def test_prices_as_people_write_them(self):
        assert parse_price_unit("元/m3").per.kind == "volume"
        assert parse_price_unit("万元/t").money == 1e4
        assert parse_price_unit("USD/t CO2", "USD").per.substance == "CO2"
