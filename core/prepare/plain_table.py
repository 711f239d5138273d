"""Tables of reports as a run has them."""

from __future__ import annotations

from ..report import Column, TableBlock
from ..results import ResultTable

_CODES = ("year", "month", "day", "used")  # numbers that are never rounded or parted


def plain_table(title: str, table: ResultTable, download: str) -> TableBlock:
    """A table of a report as the run has it."""
    columns = [
        Column(c.name, kind="code" if c.name in _CODES else "text" if c.kind == "text" else "number")
        for c in table.columns
    ]
    rows = [
        ["" if cell is None and column.kind != "number" else cell for cell, column in zip(row, columns)]
        for row in table.rows
    ]
    return TableBlock(title, columns, rows, download=download)
