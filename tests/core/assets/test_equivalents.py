"""Equivalent factors: published check sums, and the factors of land-cover classes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from ecoassets.core.assets.equivalents import EQUIVALENTS, FACTORS, class_factors, load_equivalents
from ecoassets.core.errors import InputError, TableError
from ecoassets.core.land_cover import SCHEMES, load_scheme
from ecoassets.core.tables import Table

PRESETS = EQUIVALENTS[:-1]

# Column totals as printed with the tables.
TOTALS = {
    "xie2015": {
        "dry_farmland": 4.01,
        "paddy": 3.89,
        "conifer_forest": 17.53,
        "mixed_forest": 23.09,
        "broadleaf_forest": 22.95,
        "shrub": 15.22,
        "steppe": 5.07,
        "shrub_grassland": 19.69,
        "meadow": 11.43,
        "wetland": 52.02,
        "desert": 1.10,
        "bare_land": 0.20,
        "water_body": 125.61,
        "glacier_snow": 10.27,
    },
    "xie2008": {
        "forest": 28.12,
        "grassland": 11.67,
        "farmland": 7.90,
        "wetland": 54.77,
        "river_lake": 45.35,
        "desert": 1.39,
    },
    "xie2003": {
        "forest": 21.85,
        "grassland": 7.24,
        "farmland": 6.91,
        "wetland": 62.71,
        "water_body": 45.97,
        "desert": 0.42,
    },
}


def factor(table: str, column: str, service: str) -> float:
    equivalents = load_equivalents(table)
    services = [s.id for s in equivalents.services]
    return float(equivalents.values[equivalents.columns.index(column), services.index(service)])


def custom_table(*rows: dict[str, object]) -> Table:
    return Table.of_rows("my_equivalents.csv", rows)


def service(service_id: str = "food", factor: str = "NPP", **values: object) -> dict[str, object]:
    return {"service_id": service_id, "service": "", "group": "Provisioning", "adjust_factor": factor, **values}


class TestPublished:
    @pytest.mark.parametrize("name", PRESETS)
    def test_every_column_adds_up_to_its_printed_total(self, name):
        equivalents = load_equivalents(name)
        totals = dict(zip(equivalents.columns, equivalents.values.sum(axis=1)))
        # Cells have two decimals, so that sums agree but for float64 rounding.
        assert totals == pytest.approx(TOTALS[name], abs=1e-9)

    @pytest.mark.parametrize(("name", "shape"), [("xie2015", (14, 11)), ("xie2008", (6, 9)), ("xie2003", (6, 9))])
    def test_shapes_and_services(self, name, shape):
        equivalents = load_equivalents(name)
        assert equivalents.values.shape == shape == (len(equivalents.columns), len(equivalents.services))
        for item in equivalents.services:
            assert item.name and item.name_zh and "/" not in item.name
            assert item.factor in FACTORS
            assert item.group in ("provisioning", "regulating", "supporting", "cultural")

    def test_factors_that_adjust_the_services_of_2015(self):
        by_factor = {s.id: s.factor for s in load_equivalents("xie2015").services}
        assert [s for s, factor in by_factor.items() if factor == "PREC"] == ["water_supply", "hydro"]
        assert [s for s, factor in by_factor.items() if factor == "SOIL"] == ["soil"]

    def test_paddy_takes_water_and_the_sign_stays(self):
        assert factor("xie2015", "paddy", "water_supply") == -2.63

    def test_water_conservation_of_water_bodies_2003_is_20_38(self):
        # Some papers print 20.40; the value of 18033.2 CNY/ha at 884.9 CNY per equivalent means 20.38.
        equivalent = factor("xie2003", "water_body", "water_conservation")
        assert equivalent == 20.38
        assert equivalent * 884.9 == pytest.approx(18033.2, abs=884.9 * 0.005)

    def test_cells_of_dry_farmland_that_one_paper_swaps(self):
        assert [factor("xie2015", "dry_farmland", s) for s in ("purify", "hydro", "biodiv")] == [0.10, 0.27, 0.13]

    def test_printed_values_of_2003_agree_within_their_rounding(self):
        printed = {
            "forest": 19334,
            "grassland": 6406.5,
            "farmland": 6114.3,
            "wetland": 55489,
            "water_body": 40676.4,
            "desert": 371.4,
        }
        equivalents = load_equivalents("xie2003")
        values = dict(zip(equivalents.columns, equivalents.values.sum(axis=1) * equivalents.standard_value.cny_per_ha))
        # They are sums of rounded cells: one part in a thousand.
        assert values == pytest.approx(printed, rel=1e-3)

    def test_dezhou_water_is_180946_5_not_the_misprint_172966_5(self):
        equivalents = load_equivalents("xie2008")
        water = equivalents.values[equivalents.columns.index("river_lake")].sum()
        assert water * 3990 == pytest.approx(180946.5, abs=1e-6)

    @pytest.mark.parametrize(("name", "value"), [("xie2015", 3406.50), ("xie2008", 449.10), ("xie2003", 884.9)])
    def test_the_value_of_one_equivalent_that_goes_with_each_table(self, name, value):
        assert load_equivalents(name).standard_value.cny_per_ha == value

    def test_what_is_from_memory_says_so(self):
        standard_value = load_equivalents("xie2008").standard_value
        assert (standard_value.source, standard_value.confidence) == ("not compared with its source", "medium")
        assert "Xie" in load_equivalents("xie2008").provenance.source

    def test_the_factors_cannot_be_changed_by_accident(self):
        with pytest.raises(ValueError, match="read-only"):
            load_equivalents("xie2015").values[0, 0] = 1

    def test_they_travel_to_another_process(self):
        sent = load_equivalents("xie2015")
        arrived = pickle.loads(pickle.dumps(sent))
        assert arrived.services == sent.services
        np.testing.assert_array_equal(arrived.values, sent.values)


class TestClassFactors:
    @pytest.mark.parametrize("table", PRESETS)
    @pytest.mark.parametrize("name", [name for name in SCHEMES if name != "custom"])
    def test_every_class_of_every_scheme_has_factors_in_every_table(self, name, table):
        scheme, equivalents = load_scheme(name), load_equivalents(table)
        factors = class_factors(scheme, equivalents, scheme.codes)
        assert factors.shape == (len(scheme.codes), len(equivalents.services))
        assert np.isfinite(factors).all()
        for code, total in zip(scheme.codes, factors.sum(axis=1)):
            assert (total == 0) == (not scheme.classes[code].equivalents(table))
            # Nothing but built-up land and the sea is worth nothing.
            assert total > 0 or scheme.ecosystem_of(code) == "urban" or scheme.classes[code].name == "Sea and ocean"

    def test_a_class_of_one_column_has_the_factors_of_that_column(self):
        equivalents = load_equivalents("xie2015")
        factors = class_factors(load_scheme("cnlucc"), equivalents, [11, 51])
        assert factors[0].tolist() == equivalents.values[1].tolist()
        assert factors[0].min() == -2.63
        assert factors[1].tolist() == [0] * 11

    def test_weights_by_hand(self):
        table = Table.of_rows("classes", [{"code": 12, "equivalents": "Paddy:0.25;dry_farmland:0.75"}])
        food = class_factors(load_scheme("cnlucc", table), load_equivalents("xie2015"), [12])[0, 0]
        # Food: 0.25 * 1.36 + 0.75 * 0.85 = 0.9775
        assert food == pytest.approx(0.9775, abs=1e-12)

    def test_codes_come_in_the_order_asked(self):
        scheme, equivalents = load_scheme("clcd"), load_equivalents("xie2003")
        forward = class_factors(scheme, equivalents, [1, 2, 5])
        np.testing.assert_array_equal(class_factors(scheme, equivalents, [5, 1, 2]), forward[[2, 0, 1]])

    def test_an_unknown_column_is_told_with_class_and_columns(self):
        table = Table.of_rows("classes", [{"code": 12, "name": "Terraces", "equivalents": "rice:1"}])
        with pytest.raises(
            TableError,
            match=r"Class 12 \(Terraces\) takes .* column rice, which the table xie2003 does not have. It has forest,",
        ):
            class_factors(load_scheme("cnlucc", table), load_equivalents("xie2003"), [12])

    def test_weights_that_do_not_add_up_are_refused(self):
        table = Table.of_rows("classes", [{"code": 12, "equivalents": "paddy:0.5;wetland:0.4"}])
        with pytest.raises(TableError, match=r"add up to 0.9"):
            class_factors(load_scheme("cnlucc", table), load_equivalents("xie2015"), [12])

    def test_an_unknown_code_is_refused(self):
        with pytest.raises(TableError, match="CLCD has no class 255"):
            class_factors(load_scheme("clcd"), load_equivalents("xie2015"), [1, 255])

    def test_a_scheme_without_any_equivalents_is_refused_rather_than_worth_zero(self):
        scheme = load_scheme("custom", Table.of_rows("classes", [{"code": 1, "ecosystem": "forest"}]))
        with pytest.raises(TableError, match="No class of the land-cover scheme custom has equivalents"):
            class_factors(scheme, load_equivalents("xie2015"), [1])


class TestCustom:
    def test_rows_and_columns_are_taken_as_they_are(self):
        equivalents = load_equivalents(
            "custom",
            custom_table(
                service("food", "npp", fid=1, Forest="0.5", farmland=1, note="mine"),
                service("water", "", fid=2, Forest=-0.25, farmland="2"),
                service("Sum", "", fid=3, Forest=0.25, farmland=3),
            ),
        )
        assert equivalents.columns == ("Forest", "farmland")
        assert equivalents.values.tolist() == [[0.5, -0.25], [1, 2]]
        assert [(s.id, s.name, s.group, s.factor) for s in equivalents.services] == [
            ("food", "food", "provisioning", "NPP"),
            ("water", "water", "provisioning", ""),
        ]
        assert equivalents.standard_value is None
        assert equivalents.provenance is None

    def test_columns_named_like_ecosystems_need_no_class_table(self):
        row = service(forest=1, shrub=2, grassland=3, wetland=4, cropland=5, desert=6, ice=7, bare=8)
        equivalents = load_equivalents("custom", custom_table(row))
        # Paddy, closed forest, shrub, lake, urban, gobi.
        factors = class_factors(load_scheme("cnlucc"), equivalents, [11, 21, 22, 42, 51, 62])
        assert factors[:, 0].tolist() == [5, 1, 2, 4, 0, 6]

    def test_a_changed_copy_of_a_table_keeps_the_weights_of_that_table(self):
        names = load_equivalents("xie2015").columns
        row = service(**{name: i for i, name in enumerate(names)}, seagrass=99)
        equivalents = load_equivalents("custom", custom_table(row))
        factors = class_factors(load_scheme("cnlucc"), equivalents, [11, 42, 45])
        assert factors[:, 0].tolist() == [names.index(c) for c in ("paddy", "water_body", "wetland")]

    def test_equivalents_of_the_class_table_win(self):
        equivalents = load_equivalents("custom", custom_table(service(forest=1, mangrove=9)))
        table = Table.of_rows("classes", [{"code": 21, "equivalents_custom": "mangrove:1"}])
        assert class_factors(load_scheme("cnlucc", table), equivalents, [21, 23])[:, 0].tolist() == [9, 1]

    @pytest.mark.parametrize(
        ("rows", "fault"),
        [
            ([service(forest="much")], "row 1, column forest holds 'much', which is not a number"),
            ([service(forest=None)], "row 1, column forest is blank"),
            ([service(forest="inf")], "row 1, column forest holds 'inf'"),
            ([service(forest=1), service(forest=2)], "row 2 repeats the service_id food"),
            ([service("", forest=1)], "row 1 has no service_id"),
            ([service(factor="RAIN", forest=1)], "row 1, column adjust_factor holds 'RAIN'. Write one of NPP, PREC"),
            ([service()], "has no column of an ecosystem"),
            ([{"service_id": "food", "forest": 1}], "lacks the columns service, group, adjust_factor"),
        ],
    )
    def test_faults_are_told(self, rows, fault):
        with pytest.raises(TableError, match=f"Table my_equivalents.csv.*{fault}"):
            load_equivalents("custom", custom_table(*rows))

    def test_an_empty_table_is_refused(self):
        with pytest.raises(TableError, match="holds no service"):
            load_equivalents("custom", Table.of_rows("e", [], columns=list(service(forest=1))))

    def test_name_and_table_must_fit(self):
        with pytest.raises(InputError, match="custom need a table with service_id, service, group, adjust_factor"):
            load_equivalents("custom")
        with pytest.raises(InputError, match="Choose custom to use the table"):
            load_equivalents("xie2015", custom_table(service(forest=1)))
        with pytest.raises(InputError, match="no equivalents table costanza"):
            load_equivalents("costanza")
