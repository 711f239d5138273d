"""Nothing that a user sees is left untranslated: help, interface, reports, legends, entry by entry."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
import yaml

from ecoassets.algorithms import compat, help_texts
from ecoassets.algorithms.translation import tr

CLONE = Path(__file__).resolve().parents[2]
HELP = CLONE / "resources" / "help"
INTERFACE = CLONE / "resources" / "i18n"
LANGUAGES = sorted(folder.name for folder in HELP.iterdir() if folder.is_dir() and folder.name != "en")
HAN = re.compile(r"[\u4e00-\u9fff]")
# Calls whose first argument a user reads.
TELLING = {"info", "warn", "pushInfo", "pushWarning", "reportError", "setText"}


def _read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _untranslated(english: dict, other: dict, part: str) -> list[str]:
    """Entries of a part whose own words in English have no counterpart, or the other way round."""
    first, second = english.get(part) or {}, other.get(part) or {}
    missing = [f"{part} {name}" for name in first.keys() ^ second.keys()]
    for name in first.keys() & second.keys():
        words, told = first[name] or {}, second[name] or {}
        missing += [f"{part} {name}: {key}" for key in words.keys() ^ told.keys()]
    return missing


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entry_of_the_help_is_translated(language):
    untranslated = []
    for path in sorted((HELP / "en").glob("*.yaml")):
        translation = HELP / language / path.name
        if not translation.is_file():
            untranslated.append(f"{path.stem}: the whole text")
            continue
        english, other = _read(path), _read(translation)
        missing = [key for key in english if key not in other]
        if len(english.get("about", ())) != len(other.get("about", ())):
            missing.append("about: another number of paragraphs")
        for part in ("parameters", "outputs", "groups"):
            if part == "groups":
                missing += [
                    f"group {name}" for name in (english.get(part) or {}).keys() ^ (other.get(part) or {}).keys()
                ]
            else:
                missing += _untranslated(english, other, part)
        untranslated += [f"{path.stem}: {what}" for what in missing]
    assert untranslated == [], f"{len(untranslated)} entries without {language}"


def test_chinese_help_is_chinese():
    """A text that was copied in English would count as translated."""
    english = [
        f"{path.stem}: {text}"
        for path in sorted((HELP / "zh").glob("*.yaml"))
        for text in _words(_read(path))
        if not HAN.search(text) and re.search(r"[a-z]{4,} [a-z]{2,} [a-z]{2,}", text)
    ]
    assert english == []


def _words(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from () if key == "tags" else _words(value)
    elif isinstance(node, list):
        for value in node:
            yield from _words(value)
    elif node is not None:
        yield str(node)


@pytest.mark.parametrize("language", LANGUAGES)
def test_choices_are_listed_in_every_language(processing_ready, language):
    missing = []
    for algorithm in processing_ready.algorithms():
        for definition in algorithm.parameterDefinitions():
            if definition.type() == "enum":
                told = help_texts.entry_of(algorithm.name(), definition.name(), language).help
                if help_texts.CHOICES in told:
                    continue
                # \b would take a Chinese character for a letter of the word.
                missing += [
                    f"{algorithm.name()}, {definition.name()}: {option}"
                    for option in definition.options()
                    if not re.search(rf"(?<![A-Za-z0-9_]){re.escape(option)}(?![A-Za-z0-9_])", told)
                ]
    assert missing == []


def _calls(name: str | None = None) -> Iterator[tuple[Path, ast.Call]]:
    for path in [CLONE / "plugin.py", *sorted((CLONE / "algorithms").rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and name in (None, getattr(node.func, "id", None)):
                yield path, node


def _texts() -> set[str]:
    return {ast.literal_eval(call.args[0]) for _, call in _calls("tr")}


def _fields(text: str) -> list[str]:
    return sorted(f"{name}!{conversion}:{form}" for _, name, form, conversion in Formatter().parse(text) if name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_interface_is_translated_and_nothing_else(language):
    translated = _read(INTERFACE / f"{language}.yaml")
    assert {"untranslated": _texts() - translated.keys(), "without use": translated.keys() - _texts()} == {
        "untranslated": set(),
        "without use": set(),
    }
    assert [text for text, told in translated.items() if _fields(text) != _fields(told)] == []


def test_what_algorithms_tell_goes_through_the_translation():
    """Log messages and errors of this layer are literals within `tr`, not f-strings of their own."""
    bare = [
        f"{path.relative_to(CLONE)}, line {call.lineno}"
        for path, call in _calls()
        if _tells(call) and call.args and _has_words(call.args[0])
    ]
    assert bare == []


def _has_words(argument: ast.expr) -> bool:
    """Whether a literal holds words, not only values and what stands between them."""
    if isinstance(argument, ast.IfExp):
        return _has_words(argument.body) or _has_words(argument.orelse)
    literal = isinstance(argument, (ast.JoinedStr, ast.Constant))
    texts = [
        node.value for node in ast.walk(argument) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return literal and any(re.search("[a-z]{3}", text) for text in texts)


def _tells(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr in TELLING
    return isinstance(call.func, ast.Name) and bool(
        re.fullmatch(r"(Input|Output|Table|Grid|EcoAssets)Error", call.func.id)
    )


def test_values_are_filled_into_the_words_of_the_language(monkeypatch):
    assert tr("{label}: choose a table ({name}).", label="Crops", name="TABLE") == "Crops: choose a table (TABLE)."
    monkeypatch.setattr("ecoassets.algorithms.translation.user_language", lambda: "zh")
    assert tr("{label}: choose a table ({name}).", label="作物", name="TABLE") == "作物：请选择表格（TABLE）。"
    assert tr("not in any file") == "not in any file"


def test_algorithms_speak_the_language_of_qgis(processing_ready, monkeypatch):
    monkeypatch.setattr("ecoassets.algorithms.declared.user_language", lambda: "zh")
    algorithm = processing_ready.algorithm("ecologicalassets").create()
    assert algorithm.displayName() == "生态资产"
    assert algorithm.group() == "04 生态资产"
    assert algorithm.parameterDefinition("SCHEME").description() == "土地覆被分类体系"
    assert "当量因子" in algorithm.shortHelpString()


@pytest.mark.parametrize(("locale", "language"), [("zh_CN", "zh"), ("zh-Hant", "zh"), ("en_US", "en"), ("de", "en")])
def test_the_language_follows_the_locale_of_qgis(monkeypatch, locale, language):
    class Application:
        @staticmethod
        def locale() -> str:
            return locale

    monkeypatch.setattr(compat, "QgsApplication", Application)
    assert compat.user_language() == language
