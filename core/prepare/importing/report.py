"""The report of an import: what was read and how, a row per band, a row per file."""

from __future__ import annotations

from ...report import Chapter, MethodReport
from ...report.texts import load_texts
from ..identifying.report import plain_table
from .run import ImportResult


def import_report(result: ImportResult, language: str) -> MethodReport:
    """Bands and files, what was done to the numbers, and what users of the product should know."""
    words = load_texts(language)
    return MethodReport(
        [
            Chapter(words["import_bands"], [plain_table(words["import_bands"], result.table, "bands.csv")]),
            Chapter(words["import_files"], [plain_table(words["import_files"], result.files, "files.csv")]),
        ],
        subtitle=f"{result.product.title.of(language)}: {result.layer.title.of(language)}",
        facts=[
            (words["import_conversion"], result.conversion),
            (words["import_unit"], result.unit or "1"),
            (words["import_provider"], f"{result.product.provider}, {result.product.licence}"),
        ],
        warnings=list(result.traps),
    )
