"""The report of identified products: what is there by product, what is missing, and files that need a hand."""

from __future__ import annotations

from collections import Counter

from ...report import Chapter, Figure, Figures, MethodReport
from ...report.telling import Sentence, Teller
from ...report.texts import load_texts
from ...results import ResultTable
from ..plain_table import plain_table
from .run import READY, IdentifyResult, count_states

MOST_ROWS = 500


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
        ],
        sentences=_sentences(result, states.get(READY, 0), Teller(language)),
    )


def _sentences(result: IdentifyResult, ready: int, teller: Teller) -> list[Sentence]:
    """How many files are of known products and ready, which products, and how many need a hand."""
    files = len(result.files)
    told = [teller.sentence("files", "files", files=files, known=result.recognised, ready=ready)]
    found = Counter(row.product for row in result.files if row.product)
    if found:
        named = teller.valued((name, teller.say("count_files", count=count)) for name, count in found.most_common(5))
        told.append(teller.sentence("files", "products", products=named))
    if result.problems:
        told.append(teller.sentence("mind", "files_problems", count=result.problems))
    return told
