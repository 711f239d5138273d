"""The plugin on the desktop, in English and in Chinese. Look at the pictures in .build/screenshots too."""

from __future__ import annotations

import re

import pytest

from ecoassets.algorithms.help_texts import groups

HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def english(at_the_desk):
    return at_the_desk("en_US", "install,nothing,start,toolbox,dialogs,words,names,run,layout,batch,modeler,reload")


@pytest.fixture(scope="module")
def chinese(at_the_desk):
    return at_the_desk("zh-Hans", "install,nothing,start,toolbox,dialogs,words,names,run,layout,modeler")


@pytest.fixture(params=["english", "chinese"])
def seen(request):
    return request.getfixturevalue(request.param)


def test_nothing_went_wrong(seen):
    assert seen["faults"] == []


def test_the_zip_installs_in_a_clean_profile(seen):
    assert seen["installed"]
    assert "profiles" in seen["from"], "the plugin of the clone was loaded, not that of the zip"
    assert len(seen["menu"]) >= 4


def test_a_new_user_is_told_where_to_begin(seen):
    assert len(seen["welcome"]) == 1


def test_start_here_ends_with_a_map_and_a_report(seen):
    """After one click in the menu."""
    start = seen["start"]
    assert start["report"]
    assert start["on the region"]
    assert len(start["told"]) == 1


def test_the_run_is_one_group_on_top_with_its_main_map_shown_and_all_else_folded(seen):
    start = seen["start"]
    method, place, years, clock = start["group"].split(" · ")
    assert method and place == start["project"]
    assert years == "2000–2015"
    assert re.fullmatch(r"\d\d:\d\d", clock)
    assert start["unfolded"] == start["members"][:1] == start["canvas"][1:]
    assert start["years"] == [["2015", "2010", "2005", "2000"]] * 7
    assert len(start["members"]) > 8
    assert start["tables"] == start["members"][-1:]
    assert start["step"] == 5


def test_districts_with_names_lie_over_the_main_map_and_nothing_shines_through_it(seen):
    start = seen["start"]
    assert start["canvas"][0] == start["over"]
    assert start["labels"]
    assert len(start["canvas"]) == 2


def test_the_first_start_speaks_english(english):
    start = english["start"]
    assert start["project"] == "Practice region"
    assert start["canvas"] == ["Districts", "Zoning plan"]
    assert not HAN.search(" ".join([start["group"], *start["members"], *start["region"], *start["told"]]))


def test_the_first_start_speaks_chinese(chinese):
    start = chinese["start"]
    told = [start["group"], start["project"], *start["members"], *start["canvas"], *start["region"], *start["told"]]
    assert [text for text in [*told, *chinese["welcome"]] if not HAN.search(text)] == []


def test_the_latest_run_lies_on_top_and_earlier_ones_are_folded(seen):
    assert seen["shown"] in seen["layers"]
    assert [name.count(" · region · 2000–2015 · ") for name in seen["groups"][:2]] == [1, 1]
    assert seen["folded"] == [True, False]


def test_a_project_that_shows_nothing_gets_no_plan_map_and_is_told_so(seen):
    assert seen["nothing"]["dialogs"] == 0
    assert len(seen["nothing"]["told"]) == 2, "the welcome, and what to do first"


def test_a_plan_map_shows_the_plan_below_the_districts(seen):
    districts, plan = seen["plan layers"]
    assert [districts, plan] == seen["start"]["canvas"]


def test_a_saved_run_opens_again(seen):
    given = seen["opened run"]
    assert given["YEARS"] == "2000, 2005, 2010, 2015"
    assert given["LAND_COVER"].count("land_cover_") == 4
    assert float(given["MINIMUM_AREA"]) == 1
    assert seen["opened batch"] == 3


def test_the_toolbox_shows_every_group_and_icon(seen):
    assert len(seen["toolbox"]) == len(groups())
    assert list(seen["toolbox"]) == sorted(seen["toolbox"]), "the numbers of the titles make the order of the work"
    assert [name for members in seen["toolbox"].values() for name, has_icon in members if not has_icon] == []
    assert sum(map(len, seen["toolbox"].values())) == len(seen["dialogs"])


def test_each_dialog_opens_with_help_and_a_widget_for_every_parameter(seen):
    assert [name for name, dialog in seen["dialogs"].items() if not dialog["help"]] == []
    without = {name: dialog["without widget"] for name, dialog in seen["dialogs"].items()}
    assert {name: missing for name, missing in without.items() if missing} == {}


def test_drop_downs_show_words_and_keep_ids(english, chinese):
    for seen, word in ((english, "CLCD – annual land cover of China"), (chinese, "CLCD 中国年度土地覆被")):
        shown, value = seen["dialog words"]
        assert any(text.startswith(word) for text in shown) and value == "clcd"
        shown, rule, methods = seen["batch words"]
        assert "max" not in shown and (rule, sorted(methods)) == ("max", ["equal", "sd"])


def test_products_are_shown_by_title_with_their_layers_and_kept_by_id(seen):
    names = seen["names"]
    assert names["before"] == ["auto", "auto", ""]
    assert names["layers"][0] == "auto" and "npp" in names["layers"]
    assert names["shown"] not in ("mod17a3hgf", "auto")
    assert names["after"] == ["mod17a3hgf", "npp", "EPSG:32650"]
    assert names["own"] == "my_own_product"


def test_the_modeler_keeps_what_a_model_holds(seen):
    rule, methods, variance, strata, singletons = seen["model keeps"]
    assert (rule, sorted(methods), variance, strata, singletons) == (
        "rule",
        ["equal", "sd"],
        "population",
        "'tree'",
        "keep",
    )


def test_the_line_under_the_inputs_tells_what_is_missing_or_odd(seen):
    told = seen["line"]
    assert "○" in told["empty"] and "✔" in told["in any order"] and "✖" in told["crossed"]
    assert told["years"].startswith("2000, 2015")


def test_help_opens_a_page_and_dask_is_left_to_the_options(seen):
    assert seen["help page"] and not seen["scheduler"]


def test_no_label_is_clipped(seen):
    clipped = {name: dialog["clipped"] for name, dialog in seen["dialogs"].items()}
    assert {name: labels for name, labels in clipped.items() if labels} == {}


def test_a_run_lands_styled_layers(seen):
    assert "singlebandgray" not in seen["layers"].values(), seen["layers"]
    assert {"paletted", "singlebandpseudocolor"} <= set(seen["layers"].values())
    assert seen["years"] == [2000, 2015]


def test_attribute_tables_speak_words_with_units(english, chinese):
    for seen, value, area in ((english, "Value (CNY/a)", "Area (ha)"), (chinese, "数值（元/年）", "面积（公顷）")):
        tables = seen["fields"].values()
        heads = {head for fields in tables for head, _ in fields.values()}
        assert {value, area} <= heads and "" not in heads
        assert {fields["ecosystem"][1] for fields in tables if "ecosystem" in fields} == {"ValueMap"}


def test_the_menu_makes_a_plan_map(seen):
    assert seen["layouts"] == 1


def test_a_batch_writes_every_row(english):
    assert english["batch"] == [True, True]


def test_models_open_in_the_modeler(seen):
    assert len(seen["models"]) == 8
    assert all(model["unknown"] == [] for model in seen["models"].values())
    assert all(model["steps"] >= 2 for model in seen["models"].values())


def test_off_and_on_again(english):
    assert english["left behind"] == {"menu": [], "provider": False, "settings": [], "group": False}
    assert english["again"] == {"menus": 1, "algorithms": len(english["dialogs"])}


def test_chinese_is_spoken(chinese):
    words = [*chinese["menu"], *chinese["toolbox"], *(d["title"] for d in chinese["dialogs"].values())]
    words += [name for members in chinese["toolbox"].values() for name, _ in members]
    assert [word for word in words if not HAN.search(word)] == []
