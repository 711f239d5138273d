"""Choices: words in drop-downs, ids everywhere else, and the numbers that the help of qgis_process counts."""

from __future__ import annotations

import re

import pytest

from ecoassets.algorithms.checks.choices import with_ids
from ecoassets.algorithms.declared import WIDGET
from ecoassets.algorithms.help_texts import choice_words

HAN = re.compile(r"[\u4e00-\u9fff]")


def _choices(provider):
    """Algorithm and definition of every choice."""
    for algorithm in provider.algorithms():
        for definition in algorithm.parameterDefinitions():
            if definition.type() == "enum":
                yield algorithm, definition


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_choice_has_words_of_its_own(processing_ready, language):
    faults = set()
    for algorithm, definition in _choices(processing_ready):
        words = choice_words(definition.name(), language)
        told = [words.get(option, "") for option in definition.options()]
        silent = [option for option, word in zip(definition.options(), told) if not word]
        faults |= {f"{algorithm.name()} {definition.name()} {option}" for option in silent}
        if len(set(told)) < len(told):
            faults.add(f"{algorithm.name()} {definition.name()}: two choices look the same")
    assert faults == set(), "resources/choice_words.yaml tells them"


def test_no_words_are_left_over(processing_ready):
    from ecoassets.algorithms.help_texts import _choices as told

    used = {}
    for _, definition in _choices(processing_ready):
        used.setdefault(definition.name(), set()).update(definition.options())
    left = {name: set(map(str, words)) - used.get(name, set()) for name, words in told().items()}
    assert {name: ids for name, ids in left.items() if ids} == {}


def test_stored_values_stay_ids(processing_ready):
    for algorithm, definition in _choices(processing_ready):
        assert definition.usesStaticStrings(), algorithm.name()
        default = definition.defaultValue()
        assert set(default if isinstance(default, list) else [default]) <= set(definition.options())
        assert len(definition.metadata()[WIDGET]["words"]) == len(definition.options())


def test_numbers_of_the_help_are_taken_for_their_choice(processing_ready):
    definitions = processing_ready.algorithm("geodetector").parameterDefinitions()

    def taken(**given):
        return with_ids(definitions, given)

    assert taken(RULE="1", SINGLETONS=0, Y="1") == {"RULE": "max", "SINGLETONS": "keep", "Y": "1"}
    assert taken(RULE="max", VARIANCE="2") == {"RULE": "max", "VARIANCE": "2"}  # there is no third
    assert taken(DISCRETISE="0,2")["DISCRETISE"] == ["equal", "natural"]
    assert taken(DISCRETISE=["sd", "1"])["DISCRETISE"] == ["sd", "quantile"]
    # 0.05 is a choice of its own, and no number of one
    flood = processing_ready.algorithm("floodmitigation").parameterDefinitions()
    assert with_ids(flood, {"ABSTRACTION": "0.05"}) == {"ABSTRACTION": "0.05"}


def test_a_choice_by_number_runs_and_is_told_by_its_id(processing_ready, tmp_path):
    import processing

    from ..rasters import write_raster

    land = write_raster(tmp_path / "land_2000.tif", [[11, 21], [31, 51]])
    later = write_raster(tmp_path / "land_2010.tif", [[11, 21], [31, 52]])
    report = tmp_path / "report.html"
    processing.run(
        "ecoassets:transfermatrix",
        {
            "LAND_COVER": [str(land), str(later)],
            "SCHEME": "1",
            "OUTPUT": "TEMPORARY_OUTPUT",
            "OUTPUT_HTML": str(report),
        },
    )
    assert "SCHEME=cnlucc" in report.read_text(encoding="utf-8")


def test_words_and_ids_turn_into_each_other(processing_ready):
    pytest.importorskip("qgis.gui")
    from ecoassets.algorithms.dialogs.choices import Worded

    definition = processing_ready.algorithm("geodetector").parameterDefinition("DISCRETISE")
    worded = Worded(definition, [f"word {n}" for n in range(len(definition.options()))])
    for value in (["sd", "equal"], "optimal", "sd,equal", None, "an old word"):
        turned = worded.stored(worded.shown(value))
        assert turned == (["sd", "equal"] if value == "sd,equal" else value)
    assert worded.twin.options()[0] == "word 0"
    assert worded.twin.defaultValue() == [0, 1, 2, 3, 4]
