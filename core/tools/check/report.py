"""The chapters of a report that tell what a check of inputs found."""

from __future__ import annotations

from ...report import Answer, Block, Chapter, Column, Figure, Figures, TableBlock
from ...report.telling import Teller
from .inputs import CheckResult, CheckRow

_VERDICTS = ("problem", "warning", "ok")


def check_inputs_report(result: CheckResult, language: str) -> Chapter:
    """The verdict and counts, then problems, warnings and what is in order; language `en` or `zh`."""
    teller = Teller(language)
    words = teller.words
    by_verdict = {verdict: [row for row in result.rows if row.result == verdict] for verdict in _VERDICTS}
    rasters = {row.raster for row in result.rows if row.raster}
    counts = {verdict: len(rows) for verdict, rows in by_verdict.items()}
    key = "check_stops" if counts["problem"] else "check_warns" if counts["warning"] else "check_passes"
    sentence = teller.sentence("verdict", key, problems=counts["problem"], warnings=counts["warning"])
    cards = [Figure(words["check_rasters"], len(rasters))]
    cards += [Figure(words[f"check_count_{verdict}"], count) for verdict, count in counts.items()]
    titles = ("check_raster", "check_band", "check_check", "check_found", "check_mend")
    columns = [Column(words[title], kind="code" if title == "check_band" else "text") for title in titles]
    tables: list[Block] = [
        TableBlock(words[f"check_{verdict}"], columns, [_cells(row, words) for row in rows], download=f"{verdict}.csv")
        for verdict, rows in by_verdict.items()
        if rows
    ]
    answer = Answer(words["question_checkinputs"], [sentence])
    return Chapter(words["answer"], [answer, Figures(cards), *tables])


def _cells(row: CheckRow, words: dict[str, str]) -> list[str | int | None]:
    return [row.raster or words["check_together"], row.band, row.check, row.found, row.mend]
