"""Cells of SEEA tables: one long table that holds every account, and the official order of their lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from ...results import Cell, Column, ResultTable, texts
from ...tables import resource_table

WHOLE = "all"
TOTAL = "total"
UNALLOCATED = "unallocated"
COLUMNS = (
    Column("table", "text"), Column("year", "integer"), Column("zone", "text"), Column("order", "integer"),
    *texts("line", "name", "name_zh", "column"), Column("value"), Column("unit", "text"),
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A row or column of an official table.

    Attributes:
        id: what the long table calls it.
        order: from 1.
        indent: how far it is set in.
        name, name_zh: for people.
    """

    id: str
    order: int
    indent: int
    name: str
    name_zh: str


@cache
def lines_of(account: str) -> tuple[Line, ...]:
    """The lines of an account (`extent`, `condition`, `supply`, `use`, `asset`) in their official order."""
    return tuple(
        Line(str(row["line"]), int(str(row["order"])), int(str(row["indent"])), str(row["name"]), str(row["name_zh"]))
        for row in resource_table("seea_lines").rows
        if row["account"] == account
    )


@dataclass(frozen=True)
class SeeaCell:
    """A cell.

    Attributes:
        table: number of the SEEA table, such as 4.1 or 7.1a.
        year: of the table; the closing one where it compares two.
        zone: `all` for the whole area.
        order: of the line.
        line: id of the row.
        name, name_zh: of the row.
        column: an ecosystem type, a user, a total.
        value: None where it does not exist.
        unit: of the value.
    """

    table: str
    year: int
    zone: str
    order: int
    line: str
    name: str
    name_zh: str
    column: str
    value: float | None
    unit: str


def cell_table(cells: Iterable[SeeaCell]) -> ResultTable:
    """All cells as one table."""
    rows: list[tuple[Cell, ...]] = [tuple(vars(cell).values()) for cell in cells]
    return ResultTable(COLUMNS, tuple(rows))
