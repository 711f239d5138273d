"""The report of an import: what was read and how, a row per band, a row per file."""

from __future__ import annotations

from ...messages import told as said
from ...report import Chapter, MethodReport
from ...report.telling import Sentence, Teller
from ...report.texts import load_texts
from ..plain_table import plain_table
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
            (words["import_conversion"], said(result.conversion, language)),
            (words["import_unit"], result.unit or "1"),
            (words["import_provider"], f"{result.product.provider}, {result.product.licence}"),
        ],
        warnings=list(result.traps),
        sentences=_sentences(result, Teller(language)),
    )


def _sentences(result: ImportResult, teller: Teller) -> list[Sentence]:
    """What was read out of how many files, for which years, in which unit, and by which conversion."""
    layer = f"{result.product.title.of(teller.language)}: {result.layer.title.of(teller.language)}"
    parts = {"layer": layer, "used": result.used, "skipped": result.skipped}
    told = [teller.sentence("files", "imported", **parts)]
    if result.years:
        years = [str(result.years[0]), str(result.years[-1])] if len(result.years) > 1 else [str(result.years[0])]
        told.append(teller.sentence("years", "bands", years="–".join(years), count=len(result.table.rows)))
    how = said(result.conversion, teller.language)
    told.append(teller.sentence("unit", "converted", unit=result.unit or "1", conversion=how))
    return told
