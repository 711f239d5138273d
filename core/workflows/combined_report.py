"""One report out of the reports of several steps: the answer first, results by place and step, methods behind them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from ..messages import told as said
from ..report import (
    Block,
    Chapter,
    Heading,
    Heatmap,
    LeftOutAreas,
    Map,
    MethodReport,
    Paragraph,
    Parameters,
    TableBlock,
)
from ..report.names import told
from ..report.texts import load_texts
from .answers.found import Found
from .answers.page import Page
from .driver_headlines import driver_names
from .driver_words import model_in_words
from .headlines import Headline, headline_chapter
from .places import Places
from .places_report import places_chapter
from .study_area import SharedArea, area_chapter

MOST_ROWS = 15  # of a table among the results
Picture = tuple[str, int]  # a file and its band


@dataclass(frozen=True)
class StepReport:
    """What a step of a workflow has to tell, under its title.

    Attributes:
        results: positions of the chapters that are results; the others tell how they came about.
    """

    title: str
    report: MethodReport
    results: tuple[int, ...] = ()


@dataclass(frozen=True)
class PageOne:
    """What page one of the report of a workflow holds.

    Attributes:
        answer: makes the answer out of the headline figures; None for none.
        maps: the maps that the reader wants to see first, by language.
        places: where the results lie.
        data: by language a line and a chapter on the downloads that the run rests on; None where there were none.
    """

    answer: Callable[[Found], Page] | None = None
    maps: Callable[[str], Sequence[Map]] = lambda language: ()
    places: Sequence[Places] = ()
    data: Callable[[str], tuple[Block, Chapter]] | None = None


def combined_report(
    headlines: Sequence[Headline],
    steps: Sequence[StepReport],
    language: str,
    subtitle: str = "",
    names: Mapping[str, str] | None = None,
    shared: SharedArea | None = None,
    page_one: PageOne | None = None,
) -> MethodReport:
    """Page one, places, a chapter per step with its results; an appendix with all figures and the rest of the steps.

    Args:
        headlines: the figures of the workflow.
        steps: in the order in which they ran.
        language: `en` or `zh`.
        subtitle: what, where and when in one line.
        names: of subjects of headlines, by id.
        shared: the study area of all steps.
        page_one: what the workflow answers.
    """
    words, page_one = load_texts(language), page_one or PageOne()
    steps = [replace(step, report=model_in_words(step.report, driver_names(language))) for step in steps]

    def naming(subject: str) -> str:
        return (names or {}).get(subject) or told(words, subject)

    found = Found(headlines, language, naming)
    chapters = []
    terms = None
    in_front: set[Picture] = set()
    data = page_one.data(language) if page_one.data else ()
    if page_one.answer is not None:
        page = page_one.answer(found)
        terms = page.glossary(found)
        maps = page_one.maps(language)
        in_front = {picture for shown in maps for picture in _pictures(shown)}
        cards = page.figures(found)
        front = [page.answer(found), cards, *maps[:1], page.table(found), *maps[1:], *data[:1]]
        blocks: list[Block] = [block for block in front if block is not None]
        chapters.append(Chapter(words["answer"], blocks))
    chapters += [places_chapter(places, words, naming) for places in page_one.places]
    chapters += [_results(step, in_front) for step in steps if step.results]
    chapters += [data[1]] if data else []
    if terms is not None:
        chapters.append(Chapter(words["terms"], [terms]))
    area = [area_chapter(shared, words)] if shared else []
    behind = [headline_chapter(headlines, words, names), *area, *(_behind(step) for step in steps)]
    chapters += [replace(chapter, appendix=True) for chapter in behind if chapter.blocks]
    return MethodReport(
        chapters=_named_once([chapter for chapter in chapters if chapter.blocks], words),
        subtitle=subtitle,
        sources=list(dict.fromkeys(source for step in steps for source in step.report.sources)),
        warnings=[
            words["colon"].join((step.title, said(warning, language)))
            for step in steps
            for warning in step.report.warnings
        ],
    )


def _pictures(shown: Map) -> set[Picture]:
    """The files and bands that a map shows as they are."""
    return {(os.fspath(picture.path), picture.band) for picture in shown.pictures if not picture.recoded}


def _results(step: StepReport, in_front: Set[Picture]) -> Chapter:
    """The results of a step: what can be taken in at a glance, but for maps that page one shows already."""
    blocks: list[Block] = []
    for number in step.results:
        chapter = step.report.chapters[number]
        shown = [b for b in _parted(chapter)[0] if not (isinstance(b, Map) and set() < _pictures(b) <= in_front)]
        blocks += [Heading(chapter.title), *shown] if shown else []
    return Chapter(step.title, blocks)


def _behind(step: StepReport) -> Chapter:
    """What else a step tells: its long tables, its other chapters, what it left out and found out."""
    report = step.report
    blocks: list[Block] = [Paragraph(report.subtitle)] if report.subtitle else []
    for number, chapter in enumerate(report.chapters):
        told_here = _parted(chapter)[1] if number in step.results else chapter.blocks
        blocks += [Heading(chapter.title), *told_here] if told_here else []
    if report.left_out:
        blocks.append(LeftOutAreas(report.left_out))
    if report.parameters:
        blocks.append(Parameters(report.parameters))
    return Chapter(step.title, blocks)


def _parted(chapter: Chapter) -> tuple[list[Block], list[Block]]:
    """What stands among the results, and what behind them: long tables, and of several matrices all but the last."""
    matrices = [block for block in chapter.blocks if isinstance(block, Heatmap)]

    def is_long(block: Block) -> bool:
        if isinstance(block, Heatmap):
            return block is not matrices[-1]
        return isinstance(block, TableBlock) and len(block.rows) > MOST_ROWS

    return [b for b in chapter.blocks if not is_long(b)], [b for b in chapter.blocks if is_long(b)]


def _named_once(chapters: Sequence[Chapter], words: Mapping[str, str]) -> list[Chapter]:
    """Chapters in which no title stands twice: in the appendix a step says that it is about the method, a heading of
    its own of which step it is.
    """
    told_before: set[str] = set()
    named = []
    for chapter in chapters:
        title = chapter.title
        if title in told_before:
            title = words["method_of"].format(title=title)
        told_before.add(title)
        blocks: list[Block] = []
        for block in chapter.blocks:
            if isinstance(block, Heading) and block.text != chapter.title:
                text = block.text if block.text not in told_before else words["colon"].join((chapter.title, block.text))
                told_before.add(text)
                blocks.append(Heading(text))
            elif not isinstance(block, Heading):
                blocks.append(block)
        named.append(replace(chapter, title=title, blocks=blocks))
    return named
