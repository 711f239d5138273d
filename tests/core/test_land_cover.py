"""Land-cover schemes and the class tables laid over them."""

from __future__ import annotations

import pickle

import pytest

from ecoassets.core.errors import InputError, TableError
from ecoassets.core.land_cover import ECOSYSTEMS, SCHEMES, load_scheme
from ecoassets.core.raster.output import ClassColour
from ecoassets.core.tables import Table


def classes(*rows: dict[str, object]) -> Table:
    return Table.of_rows("my_classes.csv", rows)


class TestSchemes:
    @pytest.mark.parametrize(
        ("name", "number"),
        [
            ("hj1166", 24),
            ("cnlucc", 25),
            ("clcd", 9),
            ("globeland30", 10),
            ("worldcover", 11),
            ("igbp", 17),
            ("esacci", 37),
            ("corine", 88),
        ],
    )
    def test_every_scheme_is_complete(self, name, number):
        scheme = load_scheme(name)
        assert len(scheme.codes) == number
        assert list(scheme.codes) == sorted(scheme.codes)
        for land_class in scheme:
            assert land_class.ecosystem in ECOSYSTEMS
            assert land_class.name and land_class.text("name_zh")
            assert land_class.color.startswith("#")

    def test_a_class_is_read_as_it_stands(self):
        scheme = load_scheme("cnlucc")
        assert scheme.title == "CNLUCC"
        assert scheme.known(43) and not scheme.known(255)
        assert scheme.ecosystem_of(43) == "wetland"
        assert scheme.colour_of(43) == "#3b7dd8"
        reservoir = scheme.classes[43]
        assert (reservoir.name, reservoir.text("name_zh"), reservoir.water) == ("Reservoir/pond", "水库坑塘", True)
        assert reservoir.equivalents("xie2015") == {"water_body": 1}
        assert reservoir.equivalents("xie2008") == {"river_lake": 1}
        assert reservoir.text("CN_row") == "water"
        assert reservoir.text("no such column") == ""

    def test_marsh_is_wetland_but_not_open_water(self):
        assert [c.code for c in load_scheme("hj1166") if c.water] == [42, 43]

    def test_built_up_land_has_no_equivalents(self):
        assert load_scheme("cnlucc").classes[51].equivalents("xie2015") == {}

    def test_an_unknown_scheme_is_refused(self):
        with pytest.raises(InputError, match=r"no land-cover scheme modis. Choose one of hj1166, cnlucc"):
            load_scheme("modis")

    def test_schemes_travel_to_another_process(self):
        scheme = load_scheme("clcd")
        assert pickle.loads(pickle.dumps(scheme)) == scheme
        assert "custom" in SCHEMES


class TestOverride:
    def test_a_cell_overrides_and_a_blank_falls_back(self):
        table = classes({"code": 12, "name": "Terraces", "ecosystem": "", "equivalents_xie2015": None, "color": " "})
        changed, original = load_scheme("cnlucc", table).classes[12], load_scheme("cnlucc").classes[12]
        assert changed.name == "Terraces"
        assert {**changed.row, "name": ""} == {**original.row, "name": ""}

    def test_other_classes_stay(self):
        table = classes({"code": 12, "name": "Terraces"})
        assert load_scheme("cnlucc", table).classes[11] == load_scheme("cnlucc").classes[11]

    def test_none_means_none(self):
        table = classes({"code": 12, "equivalents_xie2015": "none", "p_row": "None"})
        terraces = load_scheme("cnlucc", table).classes[12]
        assert terraces.equivalents("xie2015") == {}
        assert terraces.equivalents("xie2008") == {"farmland": 1}
        assert terraces.text("p_row") == ""

    def test_plain_equivalents_win(self):
        row = {"code": 12, "equivalents": "paddy:0.4;dry_farmland:0.6", "equivalents_xie2015": "wetland:1"}
        assert load_scheme("cnlucc", classes(row)).classes[12].equivalents("xie2015") == {
            "paddy": 0.4,
            "dry_farmland": 0.6,
        }
        none = {"code": 12, "equivalents": "none", "equivalents_xie2015": "wetland:1"}
        assert load_scheme("cnlucc", classes(none)).classes[12].equivalents("xie2015") == {}
        blank = {"code": 12, "equivalents": "", "equivalents_xie2015": "wetland:1"}
        assert load_scheme("cnlucc", classes(blank)).classes[12].equivalents("xie2015") == {"wetland": 1}

    def test_values_of_a_layer_are_understood(self):
        table = classes({"CODE": 46.0, "Water": True, "hemeroby7": 3.0, "area_note": 0.25})
        beach = load_scheme("cnlucc", table).classes[46]
        assert beach.water
        assert beach.text("hemeroby7") == "3"
        assert beach.text("area_note") == "0.25"

    def test_a_new_code_needs_an_ecosystem(self):
        with pytest.raises(TableError, match="code 99 has no ecosystem, and the scheme does not have this code"):
            load_scheme("cnlucc", classes({"code": 99, "name": "Salt works"}))
        scheme = load_scheme("cnlucc", classes({"code": 99, "name": "Salt works", "ecosystem": "urban"}))
        assert scheme.codes[-1] == 99
        assert scheme.classes[99].text("c_row") == "built-up"

    def test_a_table_of_several_schemes_gives_the_rows_of_this_one(self):
        table = Table.of_rows(
            "all.csv",
            [
                {"scheme": "clcd", "code": 1, "name": "Fields"},
                {"scheme": "igbp", "code": 1, "name": "Spruce"},
                {"scheme": "", "code": 2, "name": "Woods"},
            ],
        )
        names = {c.code: c.name for c in load_scheme("clcd", table)}
        assert (names[1], names[2]) == ("Fields", "Woods")
        with pytest.raises(TableError, match="has no row for the land-cover scheme clcd"):
            load_scheme("clcd", Table("all.csv", table.columns, table.rows[1:2]))


class TestCustom:
    def test_blank_equivalents_mean_none_and_other_blanks_are_those_of_the_ecosystem(self):
        forest = load_scheme("custom", classes({"code": 5, "name": "Rubber", "ecosystem": "Forest"})).classes[5]
        like = load_scheme("hj1166").classes[11]
        assert (forest.name, forest.ecosystem, forest.color) == ("Rubber", "forest", like.color)
        for column in ("c_row", "cn_row", "counts_for_soil", "runoff_gong2017", "p_row", "hemeroby7", "hai_zhao2017"):
            assert forest.text(column) == like.text(column) != ""
        for table in ("xie2015", "xie2008", "xie2003", "custom"):
            assert forest.equivalents(table) == {}
            assert forest.states_equivalents(table)

    @pytest.mark.parametrize(
        ("ecosystem", "like"),
        zip(ECOSYSTEMS, (11, 21, 31, 41, 51, 61, 71, 81, 82)),
    )
    def test_each_ecosystem_is_like_its_lowest_code(self, ecosystem, like):
        row = load_scheme("custom", classes({"code": 1, "ecosystem": ecosystem})).classes[1]
        assert row.text("hemeroby7") == load_scheme("hj1166").classes[like].text("hemeroby7")
        assert row.name == load_scheme("hj1166").classes[like].name

    @pytest.mark.parametrize("water", [1, 1.0, "1", True])
    def test_open_water_is_like_a_lake(self, water):
        pond = load_scheme("custom", classes({"code": 1, "ecosystem": "wetland", "water": water})).classes[1]
        assert pond.water
        assert (pond.text("cn_row"), pond.text("counts_for_soil"), pond.text("hemeroby7")) == ("water", "0", "4")

    def test_none_beats_the_ecosystem(self):
        row = {"code": 1, "ecosystem": "forest", "runoff_gong2017": "none"}
        assert load_scheme("custom", classes(row)).classes[1].text("runoff_gong2017") == ""

    def test_without_a_class_table_it_is_refused(self):
        with pytest.raises(InputError, match="custom needs a class table with the columns code, name and ecosystem"):
            load_scheme("custom")


class TestBadClassTables:
    @pytest.mark.parametrize(
        ("row", "fault"),
        [
            ({"code": 1, "ecosystem": "woods"}, "code 1, column ecosystem holds 'woods'. Write one of forest, shrub"),
            ({"code": 1, "ecosystem": "none"}, "code 1, column ecosystem holds 'none'"),
            ({"code": 1, "ecosystem": ""}, "code 1 has no ecosystem"),
            ({"code": 1_000_000, "ecosystem": "forest"}, "holds the code 1000000. Class codes go up to 999999"),
            ({"code": -1, "ecosystem": "forest"}, "row 1, column code holds -1, which is not a class code"),
            ({"code": "A1", "ecosystem": "forest"}, "row 1, column code holds 'A1'"),
            ({"code": 1, "ecosystem": "wetland", "water": "yes"}, "code 1, column water holds 'yes'"),
            ({"code": 1, "ecosystem": "forest", "water": 1}, "water 1 and ecosystem forest"),
            ({"code": 1, "ecosystem": "forest", "color": "green"}, "code 1, column color holds 'green'"),
            ({"name": "Forest", "ecosystem": "forest"}, "lacks the column code. It has name, ecosystem"),
        ],
    )
    def test_faults_are_told(self, row, fault):
        with pytest.raises(TableError, match=f"Table my_classes.csv.*{fault}"):
            load_scheme("custom", classes(row))

    @pytest.mark.parametrize("name", ["custom", "cnlucc"])
    def test_an_empty_table_is_refused(self, name):
        with pytest.raises(TableError, match=f"my_classes.csv has no row for the land-cover scheme {name}"):
            load_scheme(name, Table.of_rows("my_classes.csv", [], columns=["code", "ecosystem"]))

    def test_a_repeated_code_is_refused(self):
        with pytest.raises(TableError, match="row 2, column code repeats the code 1 of row 1"):
            load_scheme("custom", classes({"code": 1, "ecosystem": "forest"}, {"code": "1.0", "ecosystem": "bare"}))

    @pytest.mark.parametrize(
        ("cell", "fault"),
        [
            ("paddy", "'paddy' is not understood"),
            ("paddy:half", "'paddy:half' is not understood"),
            ("paddy:-1;wetland:2", "'paddy:-1' is not understood"),
            ("paddy:0.5;paddy:0.5", "'paddy:0.5' is not understood"),
            (":1", "':1' is not understood"),
            ("paddy:0.5;wetland:0.4", "add up to 0.9. They must add up to 1"),
            ("paddy:0.333;wetland:0.333;shrub:0.333", "add up to 0.999"),
            (";", "add up to 0"),
        ],
    )
    def test_weights_that_cannot_be_used_are_refused(self, cell, fault):
        rice = load_scheme("cnlucc", classes({"code": 11, "name": "Rice", "equivalents": cell})).classes[11]
        with pytest.raises(TableError, match=f"Class 11 \\(Rice\\), column equivalents holds '{cell}'.*{fault}"):
            rice.equivalents("xie2015")

    def test_weights_may_miss_one_by_a_millionth(self):
        cell = "paddy:0.3333333; wetland :0.3333333;shrub: 0.3333333;"
        rice = load_scheme("cnlucc", classes({"code": 11, "equivalents": cell})).classes[11]
        assert list(rice.equivalents("xie2015")) == ["paddy", "wetland", "shrub"]


class TestLegends:
    def test_a_blank_name_or_colour_is_that_of_the_raster(self):
        legend = {5: ClassColour(5, "Rubber", "#112233"), 6: ClassColour(6, "Oil palm", "")}
        rows = ({"code": 5, "ecosystem": "forest"}, {"code": 6, "name": "Palms", "ecosystem": "cropland"})
        rubber, palms = load_scheme("custom", classes(*rows), legend)
        assert (rubber.name, rubber.color) == ("Rubber", "#112233")
        assert (palms.name, palms.color) == ("Palms", load_scheme("hj1166").colour_of(51))

    def test_a_scheme_of_the_plugin_keeps_its_names_and_colours(self):
        legend = {11: ClassColour(11, "Rice", "#112233")}
        changed = load_scheme("cnlucc", classes({"code": 11, "hemeroby7": 6}), legend).classes[11]
        assert (changed.name, changed.color) == ("Paddy", load_scheme("cnlucc").colour_of(11))


class TestFurtherSchemes:
    def test_corine_rasters_hold_codes_or_grid_codes(self):
        corine = load_scheme("corine")
        rice, sea = corine.classes[213], corine.classes[523]
        assert (corine.classes[14].name, corine.classes[14].ecosystem) == (rice.name, "cropland")
        assert rice.equivalents("xie2015") == {"paddy": 1}
        assert sea.water and sea.equivalents("xie2015") == {}, "equivalents are made for land"

    def test_every_class_takes_part_in_every_method(self):
        """Rows that C, P, curve numbers, hemeroby and human activity look up; equivalents that add up to 1."""
        for name in ("esacci", "corine"):
            for land_class in load_scheme(name):
                for column in ("c_row", "cn_row", "counts_for_soil", "p_row", "hemeroby7", "hai_zhao2017"):
                    assert land_class.text(column), (name, land_class.code, column)
                for table in ("xie2015", "xie2008", "xie2003"):
                    land_class.equivalents(table)
