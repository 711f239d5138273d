"""The cells of a table as people read them: planners' units, the same digits down a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .blocks import Cell, Column
from .numbers import DASH, column_decimals, format_number, is_missing, scaled, unit_decimals, unit_text


def readable(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], language: str
) -> tuple[list[Column], list[list[str]]]:
    """Columns with their units, and the texts of the cells.

    Columns of one unit are scaled together, so that the reader can compare across them: where one needs millions, all
    are in millions.
    """
    cells = [list(row) for row in rows]
    shown = list(columns)
    for unit in {column.unit for column in columns if column.unit and column.kind == "number"}:
        places = [p for p, column in enumerate(columns) if column.unit == unit and column.kind == "number"]
        numbers = [_number(row[p]) for row in cells for p in places]
        peak = max((abs(n) for n in numbers if n is not None), default=0.0)
        values, told = (numbers, unit_text(unit, language)) if peak < 1 else scaled(numbers, unit, language)
        found = iter(values)
        for row in cells:
            for p in places:
                value = next(found)
                row[p] = row[p] if isinstance(row[p], str) else value
        for p in places:
            decimals = unit_decimals(told)
            shown[p] = replace(columns[p], unit=told, decimals=columns[p].decimals if decimals is None else decimals)
    digits = [
        column_decimals([row[place] for row in cells])
        if column.kind == "number" and column.decimals is None
        else column.decimals
        for place, column in enumerate(shown)
    ]
    return shown, [[_text(cell, column, d) for cell, column, d in zip(row, shown, digits)] for row in cells]


def _number(cell: Cell) -> float | None:
    return None if cell is None or isinstance(cell, str) or is_missing(cell) else float(cell)


def _text(cell: Cell, column: Column, decimals: int | None) -> str:
    if is_missing(cell):
        return DASH
    if column.kind == "number" and isinstance(cell, (int, float)):
        return format_number(float(cell), decimals)
    return f"{float(cell):.10g}" if isinstance(cell, (int, float)) and column.kind == "code" else str(cell)
