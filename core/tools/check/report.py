"""The chapter of a report that tells what a check of inputs found."""

from __future__ import annotations

from ...report import Chapter, Column, Figure, Figures, Paragraph, TableBlock
from .inputs import CheckResult, CheckRow

_COLUMNS = (
    Column("Raster", kind="text"),
    Column("Band", kind="code"),
    Column("Check", kind="text"),
    Column("Found", kind="text"),
    Column("How to mend it", kind="text"),
)
_TITLES = {"problem": "Problems: mend these first", "warning": "Warnings: look at these", "ok": "In order"}


def check_inputs_report(result: CheckResult) -> Chapter:
    """Counts, then problems, warnings and what is in order."""
    counts = {verdict: [row for row in result.rows if row.result == verdict] for verdict in _TITLES}
    rasters = {row.raster for row in result.rows if row.raster}
    figures = Figures(
        [
            Figure("Rasters", len(rasters)),
            Figure("Problems", len(counts["problem"])),
            Figure("Warnings", len(counts["warning"])),
            Figure("In order", len(counts["ok"])),
        ]
    )
    verdict = (
        "A run with these inputs would stop, or its result would be wrong. Mend the problems and check again."
        if counts["problem"]
        else "Nothing stands in the way of a run."
    )
    tables = [
        TableBlock(_TITLES[name], _COLUMNS, [_cells(row) for row in rows], download=f"checks_{name}.csv")
        for name, rows in counts.items()
        if rows
    ]
    return Chapter("Check of the inputs", [Paragraph(verdict), figures, *tables])


def _cells(row: CheckRow) -> list[str | int | None]:
    return [row.raster or "all together", row.band, row.check, row.found, row.mend]
