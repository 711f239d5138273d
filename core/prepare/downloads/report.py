"""What a report tells of the downloads that a run rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...report import Chapter, Paragraph
from ...report.texts import load_texts
from ...results import row_table
from ..identifying.report import plain_table
from ..identifying.run import year_ranges
from .plan import Feed, Plan


@dataclass(frozen=True)
class DataRow:
    """What an input was fed by; size and place are those of the catalogue."""

    input: str
    product: str
    layer: str
    years: str
    files: int
    provider: str
    licence: str
    page: str


def data_line(feeds: Mapping[str, Feed], language: str) -> Paragraph:
    """One line for page one: each input with its product, provider and years."""
    words = load_texts(language)
    told = [
        words["data_of"].format(
            input=feed.wanted.label.of(language),
            product=feed.product.title.of(language),
            provider=feed.product.provider,
            years=f", {year_ranges(feed.years)}" if feed.years else "",
        )
        for feed in feeds.values()
    ]
    return Paragraph(words["data_line"].format(sources="; ".join(told)))


def data_chapter(plan: Plan, language: str, folder: str, left: Sequence[str]) -> Chapter:
    """A row per input: product, layer, years, files, provider, licence and address.

    Args:
        plan: what feeds what.
        language: of the report.
        folder: within that of the results, where the imported rasters lie.
        left: rasters there that an earlier run has made.
    """
    words = load_texts(language)
    rows = [
        DataRow(
            input=feed.wanted.label.of(language),
            product=feed.product.title.of(language),
            layer=feed.layer.id,
            years=year_ranges(feed.years),
            files=feed.files,
            provider=feed.product.provider,
            licence=feed.product.licence,
            page=feed.product.page,
        )
        for feed in plan.feeds.values()
    ]
    told = words["data_place"].format(folder=folder)
    if left:
        told += words["data_left"].format(names=", ".join(left))
    return Chapter(words["data"], [plain_table(words["data"], row_table(DataRow, rows), "data.csv"), Paragraph(told)])
