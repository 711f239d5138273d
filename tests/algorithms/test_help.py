"""Help is complete: every algorithm, parameter and output is explained, and nothing is explained that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

HELP = Path(__file__).resolve().parents[2] / "resources" / "help"
ENGLISH = HELP / "en"
LANGUAGES = sorted(folder.name for folder in HELP.iterdir() if folder.is_dir())


@pytest.fixture(scope="module")
def algorithms(processing_ready):
    return sorted(processing_ready.algorithms(), key=lambda algorithm: algorithm.name())


def _declared(algorithm) -> tuple[set[str], set[str]]:
    """Ids of parameters that are no destinations, and ids of outputs."""
    parameters = {d.name() for d in algorithm.parameterDefinitions() if not d.isDestination()}
    return parameters, {output.name() for output in algorithm.outputDefinitions()}


def _text(language: str, name: str) -> dict:
    return yaml.safe_load((HELP / language / f"{name}.yaml").read_text(encoding="utf-8"))


def test_every_algorithm_has_a_text_and_every_text_an_algorithm(algorithms):
    texts = {path.stem for path in ENGLISH.glob("*.yaml") if not path.stem.startswith("_")}
    assert texts == {algorithm.name() for algorithm in algorithms}


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_explain_nothing_that_is_not_there(algorithms, language):
    orphans = []
    for algorithm in algorithms:
        if not (HELP / language / f"{algorithm.name()}.yaml").is_file():
            continue
        parameters, outputs = _declared(algorithm)
        text = _text(language, algorithm.name())
        orphans += [f"{algorithm.name()}: {name}" for name in (text.get("parameters") or {}).keys() - parameters]
        orphans += [f"{algorithm.name()}: {name}" for name in (text.get("outputs") or {}).keys() - outputs]
    assert orphans == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_says_what_it_rests_on(algorithms, language):
    """Publications, which methods of a paper cite, and apart from them how sure they are or that there is none."""
    lists, notes = {"en": ("Sources: ", "On sources: "), "zh": ("来源：", "来源说明：")}[language]
    silent, uncitable = [], []
    for algorithm in algorithms:
        about = _text(language, algorithm.name())["about"]
        listed = [one.removeprefix(lists).rstrip(".。") for one in about if one.startswith(lists)]
        if not listed and not any(one.startswith(notes) for one in about):
            silent.append(algorithm.name())
        cited = [one for text in listed for one in re.split(r"[;；]\s*(?![^(（]*[)）])", text)]
        uncitable += [one for one in cited if not re.search(r"(18|19|20)\d\d|guide|手册|指南", one)]
    assert silent == []
    assert uncitable == []


@pytest.mark.parametrize("part", ["parameters", "outputs"])
def test_shared_texts_are_used(algorithms, part):
    """At least one algorithm has no words of its own where it could take the shared ones."""
    unused = {(name, key) for name, entry in _text("en", "_shared")[part].items() for key in entry}
    for algorithm in algorithms:
        own = _text("en", algorithm.name()).get(part) or {}
        names = _declared(algorithm)[part == "outputs"]
        unused -= {(name, key) for name, key in unused if name in names and key not in (own.get(name) or {})}
    assert unused == set()


def test_every_parameter_has_a_label_and_help(algorithms):
    missing = []
    for algorithm in algorithms:
        for definition in algorithm.parameterDefinitions():
            if not definition.description() or definition.description() == definition.name():
                missing.append(f"{algorithm.name()}: {definition.name()} has no label")
            if not definition.help():
                missing.append(f"{algorithm.name()}: {definition.name()} has no help")
    assert missing == []


def test_every_output_has_a_label(algorithms):
    missing = [
        f"{algorithm.name()}: {output.name()}"
        for algorithm in algorithms
        for output in algorithm.outputDefinitions()
        if not output.description() or output.description() == output.name()
    ]
    assert missing == []


def test_choices_are_listed_in_the_help(algorithms):
    """On the command line the words of a choice are typed, so the help has to spell them."""
    missing = [
        f"{algorithm.name()}, {definition.name()}: {option}"
        for algorithm in algorithms
        for definition in algorithm.parameterDefinitions()
        if definition.type() == "enum"
        for option in definition.options()
        if not re.search(rf"\b{re.escape(option)}\b", definition.help())
    ]
    assert missing == []


def test_identity(algorithms):
    for algorithm in algorithms:
        assert re.fullmatch(r"[a-z0-9]+", algorithm.name()), algorithm.name()
        assert re.fullmatch(r"[a-z]+", algorithm.groupId()), algorithm.name()
        assert algorithm.group() != algorithm.groupId()
        assert algorithm.tags() and all(map(str.strip, algorithm.tags())), algorithm.name()
        assert algorithm.shortDescription().endswith("."), algorithm.name()
        assert Path(algorithm.svgIconPath()).is_file()
        assert not algorithm.icon().isNull()
    names = [algorithm.name() for algorithm in algorithms]
    titles = [algorithm.displayName() for algorithm in algorithms]
    assert len(set(names)) == len(names)
    assert len(set(titles)) == len(titles)


def test_parameter_names_are_upper_case(algorithms):
    for algorithm in algorithms:
        for definition in algorithm.parameterDefinitions():
            assert re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", definition.name()), (
                algorithm.name(),
                definition.name(),
            )


def test_help_is_plain_where_there_is_no_window(algorithms):
    for algorithm in algorithms:
        text = algorithm.shortHelpString()
        assert text.strip()
        assert not re.search(r"</?\w+>|&\w+;", text), algorithm.name()


def test_help_is_html_in_the_dialog(algorithms):
    for algorithm in algorithms:
        takes, gives = algorithm.told()
        html = algorithm.texts.html(takes.values(), gives.values())
        assert html.startswith("<p>")
        assert html.count("<p>") == html.count("</p>")


def test_every_algorithm_makes_another_of_its_kind(algorithms):
    for algorithm in algorithms:
        made = algorithm.create()
        assert made is not None and made.id() == algorithm.id()
        assert len(made.parameterDefinitions()) == len(algorithm.parameterDefinitions())
