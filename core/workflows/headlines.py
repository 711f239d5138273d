"""Headline figures of a workflow: what the abstract of a paper would report, read from the tables of the steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..report import Block, Chapter, Column, Figure, Figures, TableBlock, format_number
from ..report.names import told
from ..report.numbers import unit_text
from ..results import Column as ResultColumn
from ..results import ResultTable
from ..tables import Table

HEADLINE_COLUMNS = (
    ResultColumn("figure", "text"),
    ResultColumn("subject", "text"),
    ResultColumn("from_year", "integer"),
    ResultColumn("year", "integer"),
    ResultColumn("value"),
    ResultColumn("unit", "text"),
    ResultColumn("p"),
)
MOST_CARDS = 12


@dataclass(frozen=True)
class Headline:
    """A figure worth telling.

    Attributes:
        figure: what it is, a fixed word; the report has a text `headline_<figure>` for it.
        value: the number, None where it does not exist.
        unit: of the number.
        year: to which it belongs; the later one of a change; None for the whole period.
        from_year: the earlier year of a change.
        subject: what it is about, such as an ecosystem, a service or a driver.
        p: of a test, where there is one.
        card: whether the report shows it as a card.
    """

    figure: str
    value: float | None
    unit: str
    year: int | None = None
    from_year: int | None = None
    subject: str = ""
    p: float | None = None
    card: bool = False


def headline_table(headlines: Sequence[Headline]) -> ResultTable:
    """A row per headline."""
    return ResultTable(
        HEADLINE_COLUMNS, tuple((h.figure, h.subject, h.from_year, h.year, h.value, h.unit, h.p) for h in headlines)
    )


def headline_chapter(
    headlines: Sequence[Headline], words: Mapping[str, str], names: Mapping[str, str] | None = None
) -> Chapter:
    """The first chapter of a combined report: the most telling figures as cards, and all of them as a table.

    Args:
        headlines: in the order in which they are shown.
        words: texts of the report.
        names: of subjects by id, such as services and drivers. Ecosystems and reasons have words of their own.
    """
    names = names or {}
    cards = [
        Figure(_title(h, words, names), h.value, h.unit, _period(h))
        for h in headlines
        if h.card and h.value is not None
    ][:MOST_CARDS]
    columns = [
        Column(words["headline"], kind="text"),
        Column(words["from_year"], kind="code"),
        Column(words["to_year"], kind="code"),
        Column(words["value"], kind="code"),
        Column(words["unit"], kind="text"),
        Column("p"),
    ]
    language = words["html_language"][:2]
    rows = [
        (_title(h, words, names), h.from_year, h.year, _written(h.value), unit_text(h.unit, language) or None, h.p)
        for h in headlines
    ]
    blocks: list[Block] = [Figures(cards)] if cards else []
    return Chapter(
        words["headlines"], [*blocks, TableBlock(words["headlines"], columns, rows, download="headlines.csv")]
    )


def _title(headline: Headline, words: Mapping[str, str], names: Mapping[str, str]) -> str:
    title = words[f"headline_{headline.figure}"]
    between = "：" if words["html_language"].startswith("zh") else ": "
    return f"{title}{between}{_subject(headline.subject, words, names)}" if headline.subject else title


def _subject(subject: str, words: Mapping[str, str], names: Mapping[str, str]) -> str:
    """What a figure is about, in words: a name as a whole, or the parts of a change or of a list."""
    known = names.get(subject) or told(words, subject)
    if known != subject:
        return known
    between = next((sign for sign in (" → ", ", ") if sign in subject), None)
    if between is None:
        return subject
    return between.join(_subject(part, words, names) for part in subject.split(between))


def _period(headline: Headline) -> str:
    if headline.from_year is not None:
        return f"{headline.from_year}–{headline.year}"
    return "" if headline.year is None else str(headline.year)


def _written(number: float | None) -> str | None:
    """A number by itself: the rows differ in size, so one number of decimals for the column would not fit them."""
    return None if number is None else format_number(number)


@dataclass(frozen=True)
class Row:
    """A row of a table by column, numbers as numbers."""

    cells: dict[str, str | float | None]

    def number(self, column: str) -> float | None:
        """A cell that holds a number or nothing."""
        value = self.cells[column]
        return value if isinstance(value, float) else None

    def whole(self, column: str) -> int | None:
        """A year or a code."""
        value = self.number(column)
        return None if value is None else int(value)

    def text(self, column: str) -> str:
        value = self.cells[column]
        return f"{value:.10g}" if isinstance(value, float) else value or ""


def rows_of(table: Table, **wanted: str | int) -> list[Row]:
    """The rows whose columns hold what is wanted; cells that look like numbers become numbers."""
    rows = (Row({column: _value(cell) for column, cell in row.items()}) for row in table.rows)
    return [row for row in rows if all(row.text(column) == str(value) for column, value in wanted.items())]


def pair_of(row: Row) -> tuple[int | None, int | None]:
    """The years between which something changed."""
    return row.whole("from_year"), row.whole("to_year")


def _value(cell: object) -> str | float | None:
    if cell is None or cell == "":
        return None
    try:
        return float(str(cell))
    except ValueError:
        return str(cell)


def total_of(rows: Iterable[Row], column: str) -> float:
    """The sum of a column; blanks count nothing."""
    return sum(row.number(column) or 0.0 for row in rows)


def change_pct(before: float | None, after: float | None) -> float | None:
    """``(after - before) / |before| * 100``; None where that does not exist."""
    return None if before is None or after is None or not before else (after - before) / abs(before) * 100
