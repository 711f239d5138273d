"""All tables of a run as one workbook for people: heads in words of both languages, numbers rounded.

The tables that a run writes are for machines: every digit, names of columns that scripts know. The book lies beside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...results import Cell, Column, ResultTable
from ..numbers import column_decimals
from ..table_words import column_head, value_word
from ..texts import load_texts
from .workbook import Row, Sheet, SheetCell, Style

MOST_ROWS = 20_000  # of a sheet: longer tables are for machines
_SIGNIFICANT = 6  # digits of a number
_TINY = 5e-5  # what four decimals would show as zero
_SHEET_NAME = 31  # characters that spreadsheets take
_OTHER = {"en": "zh", "zh": "en"}


@dataclass(frozen=True)
class NamedTable:
    """A table of a run: what it is called, and of which step of a workflow it is.

    Attributes:
        title: as the dialog calls the output.
        table: its rows, at most `MOST_ROWS`.
        step: empty where the run has no steps.
        rows: of the whole table.
    """

    title: str
    table: ResultTable
    step: str = ""
    rows: int = 0

    @property
    def whole_title(self) -> str:
        return f"{self.step}: {self.title}" if self.step else self.title


def result_sheets(
    title: str,
    tables: Sequence[NamedTable],
    language: str,
    currency: str = "CNY",
    names: Mapping[str, str] | None = None,
) -> list[Sheet]:
    """A sheet of contents, and a sheet for each table that has rows.

    Args:
        title: of the run.
        tables: in their order; those of steps come after those of the whole.
        language: of the titles; heads are told in both.
        currency: what ``currency`` in units of columns stands for.
        names: of what tables name otherwise, such as land-cover classes.
    """
    words = load_texts(language)
    filled = sorted((one for one in tables if one.table.rows), key=lambda one: one.step != "")
    sheets = [_sheet_name(number, one) for number, one in enumerate(filled, start=1)]
    contents: list[Row] = [
        [SheetCell(title, "title")],
        [SheetCell(words["book_note"], "note")],
        [SheetCell(words[key], "head") for key in ("book_sheet", "table", "book_rows")],
    ]
    contents += [
        [SheetCell(name), SheetCell(one.whole_title), SheetCell(one.rows, "number")]
        for name, one in zip(sheets, filled)
    ]
    first = Sheet(words["book_contents"], contents, frozen=(3, 0))
    return [first, *(_sheet(name, one, language, currency, names or {}) for name, one in zip(sheets, filled))]


def _sheet_name(number: int, one: NamedTable) -> str:
    """Numbered, so that no two are alike when they are cut, which is between words."""
    name = f"{number} {one.title}"
    if len(name) <= _SHEET_NAME:
        return name
    cut = name[: _SHEET_NAME - 1]
    whole_words = cut.rpartition(" ")[0]
    return (whole_words if len(whole_words) > _SHEET_NAME // 2 else cut) + "…"  # Chinese has no spaces


def _sheet(name: str, one: NamedTable, language: str, currency: str, names: Mapping[str, str]) -> Sheet:
    words = load_texts(language)
    columns = one.table.columns
    top: list[Row] = [[SheetCell(one.whole_title, "title")]]
    if one.rows > len(one.table.rows):
        top.append([SheetCell(words["rows_cut"].format(shown=len(one.table.rows), count=one.rows), "note")])
    top += [
        [SheetCell(column_head(column, language, currency), "head") for column in columns],
        [SheetCell(column_head(column, _OTHER[language], currency), "head") for column in columns],
        [SheetCell(column.name, "note") for column in columns],
    ]
    values = [[_plain(row[place]) for row in one.table.rows] for place in range(len(columns))]
    looks = [_style(column, of_column) for column, of_column in zip(columns, values)]
    body = [
        [
            _cell(value, look, value_word(column.name, value, language, names))
            for value, look, column in zip(row, looks, columns)
        ]
        for row in zip(*values)
    ]  # fmt: skip
    return Sheet(name, [*top, *body], frozen=(len(top), 0))


def _style(column: Column, values: Sequence[Cell]) -> Style:
    """How the numbers of a column are shown; years and codes are never grouped."""
    if column.kind == "text":
        return "text"
    if column.kind == "integer":
        return "code" if column.name.endswith(("year", "code", "id", "moved_to")) else "number"
    decimals = column_decimals(values)
    return "number" if decimals == 0 else "decimal" if decimals <= 2 else "fine"


def _cell(value: Cell, style: Style, words: str | None) -> SheetCell:
    if words is not None or isinstance(value, str):
        return SheetCell(value if words is None else words, "text")
    if isinstance(value, float):
        rounded = float(f"{value:.{_SIGNIFICANT}g}")
        return SheetCell(rounded, "scientific" if 0 < abs(rounded) < _TINY else style)
    return SheetCell(value, style)


def _plain(value: Cell) -> Cell:
    return None if isinstance(value, float) and not math.isfinite(value) else value
