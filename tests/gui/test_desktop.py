"""The plugin on the desktop, in English and in Chinese. Look at the pictures in .build/screenshots too."""

from __future__ import annotations

import re

import pytest

HAN = re.compile(r"[\u4e00-\u9fff]")
GROUPS = 10


@pytest.fixture(scope="module")
def english(at_the_desk):
    return at_the_desk("en_US", "install,toolbox,dialogs,words,run,layout,batch,modeler,reload")


@pytest.fixture(scope="module")
def chinese(at_the_desk):
    return at_the_desk("zh-Hans", "install,toolbox,dialogs,words,run,layout")


@pytest.fixture(params=["english", "chinese"])
def seen(request):
    return request.getfixturevalue(request.param)


def test_nothing_went_wrong(seen):
    assert seen["faults"] == []


def test_the_zip_installs_in_a_clean_profile(seen):
    assert seen["installed"]
    assert "profiles" in seen["from"], "the plugin of the clone was loaded, not that of the zip"
    assert len(seen["menu"]) >= 4


def test_the_toolbox_shows_every_group_and_icon(seen):
    assert len(seen["toolbox"]) == GROUPS
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


def test_the_menu_makes_a_plan_map(seen):
    assert seen["layouts"] == 1


def test_a_batch_writes_every_row(english):
    assert english["batch"] == [True, True]


def test_models_open_in_the_modeler(english):
    assert len(english["models"]) == 4
    assert all(model["unknown"] == [] for model in english["models"].values())
    assert all(model["steps"] >= 3 for model in english["models"].values())


def test_off_and_on_again(english):
    assert english["left behind"] == {"menu": [], "provider": False, "settings": [], "group": False}
    assert english["again"] == {"menus": 1, "algorithms": len(english["dialogs"])}


def test_chinese_is_spoken(chinese):
    words = [*chinese["menu"], *chinese["toolbox"], *(d["title"] for d in chinese["dialogs"].values())]
    words += [name for members in chinese["toolbox"].values() for name, _ in members]
    assert [word for word in words if not HAN.search(word)] == []
