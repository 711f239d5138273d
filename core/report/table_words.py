"""Tables in words: heads with units, and what the ids in their cells are called. The tables stay as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache

from ..column_words import column_word
from ..messages import told as said
from ..quantities import Words, quantities
from ..resources import RESOURCES, read_yaml
from ..results import Cell, Column
from ..tables import Provenance, read_table, resource_table
from .names import told
from .numbers import unit_text
from .texts import load_texts

_OF_YEAR = re.compile(r"(.+)[ _](\d{4})")  # an id that is told for a year
_UNITS = ("unit", "price_unit")  # columns whose values are units


def column_head(column: Column, language: str, currency: str = "CNY") -> str:
    """A column in words with its unit.

    >>> column_head(Column("value", unit="currency/a"), "zh")
    '数值（元/年）'
    """
    unit = unit_text(column.unit.replace("currency", currency), language)
    word = column_word(column.name, language)
    if not unit:
        return word
    return f"{word}（{unit}）" if language == "zh" else f"{word} ({unit})"


def value_word(column: str, value: Cell, language: str, names: Mapping[str, str] | None = None) -> str | None:
    """What a cell says in words; None where it is no id, as numbers and what the user's own data are called.

    Args:
        column: its name.
        value: of the cell.
        language: of the words.
        names: of what the tables of this run name otherwise, such as land-cover classes.
    """
    found = _found(column, str(value), language)
    if found is None and isinstance(value, str):
        own = (names or {}).get(value) or service_names(language).get(value)
        found = own or told(load_texts(language), value)
        found = said(value, language) if found == value else found
    return None if found == value else found


def zone_word(zone: str, language: str) -> str:
    """What a zone is called, in words where it is a class of the plugin's own, such as a slope class."""
    return value_word("name", zone, language) or zone


def _found(column: str, value: str, language: str) -> str | None:
    """What `value_words.yaml` says of a value; several ids in one cell are told one by one."""
    if column in _UNITS:
        return unit_text(value, language)
    for part in _parts().get(column, ()):
        words = part.word(value, language)
        if words:
            return words
    return None


@dataclass(frozen=True)
class _Part:
    """An entry of `value_words.yaml`."""

    values: Mapping[str, Words]
    texts: tuple[str, ...]
    quantities: bool

    def word(self, value: str, language: str) -> str | None:
        of_year = _OF_YEAR.fullmatch(value)
        if of_year and of_year[1] in self.values:
            return f"{self.values[of_year[1]].of(language)} {of_year[2]}"
        if value in self.values:
            return self.values[value].of(language)
        texts = load_texts(language)
        for key in (text.replace("{}", value) for text in self.texts):
            if key in texts:
                return texts[key]
        known = quantities()
        return known[value].name.of(language) if self.quantities and value in known else None


@cache
def _parts() -> dict[str, list[_Part]]:
    """By column."""
    choices = read_yaml(RESOURCES / "choice_words.yaml")
    found: dict[str, list[_Part]] = {}
    for part in read_yaml(RESOURCES / "value_words.yaml"):
        values = {str(value): Words(*map(str, both)) for value, both in part.get("values", {}).items()}
        for parameter in part.get("choices", ()):
            values |= {str(choice): Words(*map(str, both)) for choice, both in choices[parameter].items()}
        for table, named in part.get("tables", {}).items():
            values |= _names_of(table, *named)
        entry = _Part(values, tuple(part.get("texts", ())), part.get("quantities", False))
        for column in part["columns"]:
            found.setdefault(column, []).append(entry)
    return found


def _names_of(table: str, key: str, chinese: str, english: str = "") -> dict[str, Words]:
    """Names in a table of the package, by what result tables call them."""
    rows = read_table(RESOURCES / f"{table}.csv").rows
    named = [row for row in rows if row[key] and row[chinese]]
    return {str(row[key]): Words(str(row[english or key]), str(row[chinese])) for row in named}


def provenance_words(of: Provenance, language: str) -> Provenance:
    """The provenance of a table or a formula in a language, as far as it is known in it."""
    if language == "zh" and of.table:
        for row in read_table(RESOURCES / "report" / "provenance_zh.csv").rows:
            if row["table"] == of.table:
                return Provenance(**{column: str(value) for column, value in row.items()})
    return Provenance(**{part.name: said(getattr(of, part.name), language) for part in fields(of)})


@cache
def service_names(language: str) -> dict[str, str]:
    """Names of the services that equivalent factors value, by their ids."""
    column = "service_zh" if language == "zh" else "service"
    tables = map(resource_table, ("equivalents_xie2003", "equivalents_xie2008", "equivalents_xie2015"))
    return {str(row["service_id"]): str(row[column]) for table in tables for row in table.rows}
