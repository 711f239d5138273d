"""Page one of the report of a method: the question, the answer in sentences, its figures and its map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .answers import Answer
from .blocks import Block, Chapter, Figures, MethodReport, TableBlock
from .maps import Map
from .telling import Sentence, Teller

MOST_ROWS = 15  # of a table on page one


def with_answer(report: MethodReport, question: str, language: str) -> MethodReport:
    """The report with its answer in front.

    The first figures and the first map, or without a map the first short table, go with it from where they stand.

    Args:
        report: what a method tells; one without sentences stays as it is.
        question: what the method is run for.
        language: `en` or `zh`.
    """
    if not report.sentences:
        return report
    teller = Teller(language)
    sentences = teller.grouped([*report.sentences, *_to_mind(report, teller)])
    blocks = [block for chapter in report.chapters if not chapter.appendix for block in chapter.blocks]
    figures = [block for block in blocks if isinstance(block, Figures)][:1]
    shown = [block for block in blocks if isinstance(block, Map)][:1] or [
        block for block in blocks if isinstance(block, TableBlock) and 0 < len(block.rows) <= MOST_ROWS
    ][:1]
    front: list[Block] = [Answer(question, sentences), *figures, *shown]
    taken = {id(block) for block in front}
    rest = [replace(c, blocks=[block for block in c.blocks if id(block) not in taken]) for c in report.chapters]
    return replace(report, chapters=[Chapter(teller.words["answer"], front), *rest])


def _to_mind(report: MethodReport, teller: Teller) -> Sequence[Sentence]:
    """What to know before trusting the numbers: the largest area left out, and how many notes there are."""
    told = []
    shares = [item for item in report.left_out or () if item.share_pct]
    if shares:
        worst = max(shares, key=lambda item: item.share_pct or 0.0)
        where = teller.say("because", where=worst.where, why=worst.reason) if worst.where else worst.reason
        share = teller.amount_of(worst.share_pct, "%")
        told.append(
            teller.sentence("mind", "left_out", share=share, area=teller.amount_of(worst.area_ha, "ha"), why=where)
        )
    if report.warnings:
        told.append(teller.sentence("mind", "notes", count=len(report.warnings)))
    return told
