"""Page one of the report of a workflow: the answer, the map, the figures by year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...report import Answer, Column, Figure, Figures, TableBlock, Terms
from ...report.numbers import column_decimals, format_number, scaled, unit_decimals
from ...report.telling import Sentence
from ..headlines import Headline
from .found import Found


@dataclass(frozen=True)
class Page:
    """What a workflow answers.

    Attributes:
        question: what it was run for.
        sentences: the answer.
        cards: names of the figures that are shown large; of each the last one.
        rows: names of figures that the table of page one has, in order.
        terms: words of statistics that the report uses, keys of the texts `term_<key>`.
    """

    question: str
    sentences: Sequence[Sentence]
    cards: Sequence[str]
    rows: Sequence[str]
    terms: Sequence[str] = ()

    def answer(self, found: Found) -> Answer:
        """The sentences, those about the same thing as one."""
        return Answer(self.question, found.grouped(self.sentences))

    def figures(self, found: Found) -> Figures | None:
        """The most telling figures; None where there are none."""
        last = [found.of(name)[-1] for name in self.cards if found.of(name)]
        cards = [Figure(title_of(h, found), h.value, h.unit, _period(h)) for h in last]
        return Figures(cards) if cards else None

    def table(self, found: Found) -> TableBlock:
        """A row per figure and subject, a column per year and one for the whole period.

        What changed between two years stands under the later one, what has no year under the last.
        """
        figures = [h for name in self.rows for h in found.of(name)]
        years = sorted({h.year for h in found.of_all() if h.year is not None})
        whole = (years[0], years[-1]) if len(years) > 1 else None
        rows: dict[tuple[str, str], dict[int, Headline]] = {}
        for h in figures:
            cells = rows.setdefault((title_of(h, found), h.unit), {})
            is_whole = whole is not None and (h.from_year, h.year) == whole
            if not is_whole or len(years) == 2:
                cells[years.index(h.year) if h.year in years else len(years) - 1] = h
            if is_whole:
                cells[len(years)] = h
        columns = [Column(found.words["headline"], kind="text"), Column(found.words["unit"], kind="text")]
        columns += [Column(str(year), kind="code") for year in years]
        columns += [Column(f"{whole[0]}–{whole[1]}", kind="code")] if whole and len(years) > 2 else []
        written = [
            _row(title, unit, [cells.get(place) for place in range(len(columns) - 2)], found)
            for (title, unit), cells in rows.items()
        ]
        kept = [row for row in written if any(cell not in (None, "0") for cell in row[2:])]
        return TableBlock(found.words["figures"], columns, kept, found.words["figures_note"], whole=True)

    def glossary(self, found: Found) -> Terms | None:
        """The terms in the order of the page; None where no statistics are told."""
        items = [(found.words[f"term_{key}"], found.words[f"meaning_{key}"]) for key in dict.fromkeys(self.terms)]
        return Terms(items) if items else None


def _row(title: str, unit: str, cells: Sequence[Headline | None], found: Found) -> list[str | None]:
    """The cells of a row, scaled together."""
    numbers, told = scaled([None if h is None else h.value for h in cells], unit, found.language)
    decimals = unit_decimals(told)
    if decimals is None:
        decimals = column_decimals(numbers) if any(n is not None for n in numbers) else None
    return [title, told, *(None if n is None else format_number(n, decimals) for n in numbers)]


def _period(headline: Headline) -> str:
    if headline.from_year is not None:
        return f"{headline.from_year}–{headline.year}"
    return "" if headline.year is None else str(headline.year)


def title_of(headline: Headline, found: Found) -> str:
    """The name of a figure with its subject."""
    title = found.words[f"headline_{headline.figure}"]
    if not headline.subject:
        return title
    named = [found.named(part) for part in headline.subject.split(", ")]
    return title + found.words["colon"] + found.words["say_comma"].join(named)
