"""What the reports of this room share: tables, names in the reader's language, maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from ..raster.output import ClassColour
from ..report import Classes, Column, Map, MapPicture, TableBlock
from ..report.names import OWN_WORDS, told
from ..results import Cell, ResultTable
from .legends import legend
from .reasons import FILLED, REASONS

Words = Mapping[str, str]
# Columns of words that the reports may have names for.
NAMED = ("service", "ecosystem", "zone")
KINDS: Mapping[str, Literal["text", "code", "number"]] = {"text": "text", "integer": "code"}


def named(words: Words, word: str) -> str:
    """What the report calls an ecosystem, a service or a part; names that the user gave stay as they are."""
    return words[f"zoning_{word}"] if word in OWN_WORDS and f"zoning_{word}" in words else told(words, word)


def reason_names(words: Words, language: str) -> dict[str, str]:
    """Names of the reasons, of the parts and of the union."""
    bits = {entry.code: entry.name for entry in legend("reason", language)}
    names = {reason: bits[bit] for reason, bit in REASONS.items()}
    others = {part: words[f"zoning_{part}"] for part in ("degraded", "union", "sum", "overlap")}
    return {**names, **others, "filled": bits[FILLED]}


def table_block(
    title: str,
    table: ResultTable,
    words: Words,
    translate: Mapping[str, Callable[[str], str]] | None = None,
    download: str = "",
    note: str = "",
    hidden: Sequence[str] = (),
) -> TableBlock:
    """A result table in the reader's language.

    Args:
        title: caption.
        table: what is shown.
        words: of the language.
        translate: how the texts of a column are put, by column name.
        download: file name of the CSV.
        note: under the table.
        hidden: columns that are left out.
    """
    shown = [number for number, column in enumerate(table.columns) if column.name not in hidden]
    columns = []
    for number in shown:
        column = table.columns[number]
        kind = KINDS.get(column.kind, "number")
        decimals = 2 if column.unit == "%" or column.name == "ratio" else None
        columns.append(Column(words[f"column_{column.name}"], column.unit, kind, decimals))
    put = translate or {}
    rows: list[list[Cell]] = []
    for row in table.rows:
        cells: list[Cell] = []
        for number in shown:
            cell, name = row[number], table.columns[number].name
            if isinstance(cell, str):
                cell = put[name](cell) if name in put else named(words, cell) if name in NAMED else cell
            cells.append(cell)
        rows.append(cells)
    return TableBlock(title, columns, rows, note, download)


def with_names(table: ResultTable, name: str, names: Mapping[int, str]) -> ResultTable:
    """A table whose column of codes is a column of names."""
    columns = tuple(replace(c, kind="text") if c.name == name else c for c in table.columns)
    place = [column.name for column in columns].index(name)
    rows = tuple((*row[:place], names[int(row[place] or 0)], *row[place + 1 :]) for row in table.rows)
    return ResultTable(columns, rows)


def class_map(title: str, pictures: Sequence[MapPicture], classes: Sequence[ClassColour], note: str = "") -> Map:
    """Maps side by side with one legend of classes."""
    return Map(title, pictures, Classes(classes), note)
