"""One report out of the reports of several steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..report import Block, Chapter, Heading, LeftOutAreas, MethodReport, Paragraph, Parameters
from ..report.texts import load_texts
from .headlines import Headline, headline_chapter
from .study_area import SharedArea, area_chapter


@dataclass(frozen=True)
class StepReport:
    """What a step of a workflow has to tell, under its title."""

    title: str
    report: MethodReport


def combined_report(
    headlines: Sequence[Headline],
    steps: Sequence[StepReport],
    language: str,
    subtitle: str = "",
    names: Mapping[str, str] | None = None,
    shared: SharedArea | None = None,
) -> MethodReport:
    """Headline figures, the study area, a chapter per step with what its own report holds; sources of all steps once.

    Args:
        headlines: the figures of the first chapter.
        steps: in the order in which they ran.
        language: `en` or `zh`.
        subtitle: what, where and when in one line.
        names: of subjects of headlines, by id.
        shared: the study area of all steps.
    """
    words = load_texts(language)
    area = [area_chapter(shared, words)] if shared else []
    return MethodReport(
        chapters=[headline_chapter(headlines, words, names), *area, *(_chapter(step) for step in steps)],
        subtitle=subtitle,
        sources=list(dict.fromkeys(source for step in steps for source in step.report.sources)),
        warnings=[f"{step.title}: {warning}" for step in steps for warning in step.report.warnings],
    )


def _chapter(step: StepReport) -> Chapter:
    report = step.report
    blocks: list[Block] = [Paragraph(report.subtitle)] if report.subtitle else []
    for chapter in report.chapters:
        if chapter.blocks:
            blocks += [Heading(chapter.title), *chapter.blocks]
    if report.left_out:
        blocks.append(LeftOutAreas(report.left_out))
    if report.parameters:
        blocks.append(Parameters(report.parameters))
    return Chapter(step.title, blocks)
