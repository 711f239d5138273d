"""The report of identified products: what is there by product, what is missing, and files that need a hand."""

from __future__ import annotations

from ...report import Chapter, Column, Figure, Figures, MethodReport, TableBlock
from ...report.texts import load_texts
from ...results import ResultTable
from .run import READY, IdentifyResult, count_states

MOST_ROWS = 500
_CODES = ("year", "month", "day", "used")


def identify_report(result: IdentifyResult, language: str) -> MethodReport:
    """Figures, a row per layer, and files that are not ready."""
    words = load_texts(language)
    states = count_states(result.files)
    figures = Figures(
        [
            Figure(words["products_files"], len(result.files)),
            Figure(words["products_recognised"], result.recognised),
            Figure(words["products_ready"], states.get(READY, 0)),
            Figure(words["products_problems"], result.problems),
        ]
    )
    table = result.file_table
    others = ResultTable(table.columns, tuple(row for row in table.rows if row[9] != READY)[:MOST_ROWS])
    summary = plain_table(words["products_summary"], result.summary_table, "products.csv")
    return MethodReport(
        [
            Chapter(words["products_found"], [figures, summary]),
            Chapter(
                words["products_wanting"], [plain_table(words["products_wanting"], result.wanting_table, "data.csv")]
            ),
            Chapter(words["products_others"], [plain_table(words["products_others"], others, "files.csv")]),
        ]
    )


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
