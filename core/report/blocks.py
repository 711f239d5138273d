"""What a report can hold: plain values that say what is shown, not how it is drawn.

Names, titles and notes come in the language of the report; only the fixed words of the page
(`resources/report/texts`) are translated here. A unit is a text such as ``CNY/a`` or ``ha``;
numbers are given in that unit and scaled for reading when they are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Optional, Union

from ..tables import Provenance
from .answers import Answer, Terms
from .maps import Map
from .texts import load_texts

Number = Optional[float]  # None and NaN are shown as a gap or a dash
Cell = Union[str, float, int, None]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain text."""

    text: str


@dataclass(frozen=True)
class Heading:
    """A heading within a chapter."""

    text: str


@dataclass(frozen=True)
class Figure:
    """A headline number: what it is, how much, in which unit, and a word of context."""

    label: str
    value: Cell
    unit: str = ""
    note: str = ""


@dataclass(frozen=True)
class Figures:
    """Headline numbers as a row of cards."""

    items: Sequence[Figure]


@dataclass(frozen=True)
class Column:
    """A table column.

    Args:
        title: heading.
        unit: shown under the heading.
        kind: ``number`` is formatted and set right; ``code`` (years, class codes) is set right but never
            grouped or rounded; ``text`` is set left.
        decimals: digits after the point; chosen from the largest value where not given.
    """

    title: str
    unit: str = ""
    kind: Literal["number", "code", "text"] = "number"
    decimals: int | None = None


@dataclass(frozen=True)
class TableBlock:
    """A table. Long ones fold, on screen and on paper; the page holds up to `page.MAX_ROWS` rows.

    Args:
        title: caption.
        columns: one per cell of a row.
        rows: cells in the order of the columns; a number in a ``number`` column may be None or NaN.
        note: a line under the table.
        download: file name (without folder) under which all rows can be saved as CSV; empty for none.
        whole: whether even a long one is shown without unfolding.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    download: str = ""
    whole: bool = False


@dataclass(frozen=True)
class Series:
    """A named sequence of values, optionally from `low` to `high`: a band (Lines) or error bars (Bars)."""

    name: str
    values: Sequence[Number]
    colour: str = ""
    low: Sequence[Number] = ()
    high: Sequence[Number] = ()


@dataclass(frozen=True)
class Bars:
    """Bars by category and series; stacked ones pile gains up and losses down from zero."""

    title: str
    categories: Sequence[str]
    series: Sequence[Series]
    unit: str = ""
    stacked: bool = True
    horizontal: bool = False
    category_title: str = ""
    value_title: str = ""
    note: str = ""


@dataclass(frozen=True)
class Lines:
    """Lines over a numeric axis such as years, quantiles or a share of area."""

    title: str
    x: Sequence[float]
    series: Sequence[Series]
    unit: str = ""
    x_title: str = ""
    value_title: str = ""
    note: str = ""


@dataclass(frozen=True)
class Heatmap:
    """A matrix of numbers by row and column, coloured and written out.

    Args:
        title: caption.
        rows: names of the rows, top to bottom.
        columns: names of the columns, left to right.
        values: rows x columns.
        unit: of the values.
        row_title: what the rows are, such as "2000".
        column_title: what the columns are, such as "2005".
        palette: ``sequential``, or ``diverging`` with its middle at zero.
        mute_diagonal: grey the diagonal and leave it out of the colour scale, so that what persists does not
            hide what changes (square matrices with the same names).
        note: a line under the chart.
        texts: rows x columns, a word under the number of a cell; empty for none.
    """

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[Number]]
    unit: str = ""
    row_title: str = ""
    column_title: str = ""
    palette: Literal["sequential", "diverging"] = "sequential"
    mute_diagonal: bool = False
    note: str = ""
    texts: Sequence[Sequence[str]] = ()


@dataclass(frozen=True)
class Flow:
    """An amount that goes from a class of stage `stage` to a class of the next stage."""

    stage: int
    source: str
    target: str
    value: float


@dataclass(frozen=True)
class Sankey:
    """Flows between classes over two or more stages (years).

    Args:
        title: caption.
        stages: names of the stages, left to right; one more than the largest `Flow.stage` + 1.
        flows: amounts, not negative; zeros are not drawn.
        unit: of the amounts.
        colours: (class name, colour) pairs; classes not named take the categorical palette.
        note: a line under the chart.
    """

    title: str
    stages: Sequence[str]
    flows: Sequence[Flow]
    unit: str = ""
    colours: Sequence[tuple[str, str]] = ()
    note: str = ""


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval; `series` tells several models or quantiles apart."""

    label: str
    estimate: float
    low: float
    high: float
    series: str = ""


@dataclass(frozen=True)
class Intervals:
    """A coefficient plot: estimates with confidence intervals against a line at zero."""

    title: str
    items: Sequence[Interval]
    unit: str = ""
    value_title: str = ""
    note: str = ""


@dataclass(frozen=True)
class Scatter:
    """Points, coloured by a third value where there is one, with a curve and marks.

    Args:
        title: caption.
        x, y: of the points.
        shade: a number a point, low to high in the diverging colours; empty for one colour.
        shade_title: what it is.
        rows: names of the whole numbers of y, from 0 at the top, where y is a name and points are spread about it.
        curve: (x, y) of a line over the points.
        marks: values of x that are marked by upright lines, each with its interval (x, low, high).
        x_title, y_title: of the axes.
        note: a line under the chart.
    """

    title: str
    x: Sequence[float]
    y: Sequence[float]
    shade: Sequence[float] = ()
    shade_title: str = ""
    rows: Sequence[str] = ()
    curve: Sequence[tuple[float, float]] = ()
    marks: Sequence[tuple[float, float, float]] = ()
    x_title: str = ""
    y_title: str = ""
    note: str = ""


@dataclass(frozen=True)
class Parameters:
    """The parameters of the run: (name, value) pairs."""

    items: Sequence[tuple[str, Cell]]


@dataclass(frozen=True)
class Sources:
    """The tables and formulas that were used."""

    items: Sequence[Provenance]


@dataclass(frozen=True)
class LeftOutArea:
    """Area (ha) that could not be valued, where (a year, a raster) and why; `share_pct` of the study area."""

    where: str
    reason: str
    area_ha: float
    share_pct: float | None = None


@dataclass(frozen=True)
class LeftOutAreas:
    """Area left out of the results. An empty list says so in words."""

    items: Sequence[LeftOutArea]


@dataclass(frozen=True)
class Command:
    """The command that repeats the run, ready to copy."""

    text: str


Block = Union[
    Answer,
    Heading,
    Paragraph,
    Figures,
    TableBlock,
    Bars,
    Lines,
    Heatmap,
    Sankey,
    Intervals,
    Scatter,
    Map,
    Parameters,
    Sources,
    LeftOutAreas,
    Command,
    Terms,
]


@dataclass(frozen=True)
class Chapter:
    """A titled part of the report.

    Args:
        title: heading; "" for none.
        blocks: what it holds.
        appendix: whether it tells how the results came about: it stands folded behind them, and is printed only where
            the reader has unfolded it.
    """

    title: str
    blocks: Sequence[Block]
    appendix: bool = False


@dataclass(frozen=True)
class Report:
    """A whole report.

    Args:
        title: heading of the page.
        chapters: the body.
        subtitle: what, where and when in one line.
        language: ``en`` or ``zh``: the fixed words of the page and how large numbers are scaled.
        facts: (name, value) pairs under the heading, such as region, years, cell size.
        warnings: what the reader must know before trusting the numbers.
    """

    title: str
    chapters: Sequence[Chapter]
    subtitle: str = ""
    language: str = "en"
    facts: Sequence[tuple[str, str]] = ()
    warnings: Sequence[str] = ()


def about_this_run(
    language: str,
    parameters: Sequence[tuple[str, Cell]] = (),
    sources: Sequence[Provenance] = (),
    left_out: Sequence[LeftOutArea] | None = None,
    command: str = "",
) -> Chapter:
    """The last chapter that every report shares: area left out, parameters, sources, command.

    `left_out` None leaves that part away; an empty sequence states that nothing was left out.
    """
    blocks: list[Block] = []
    if left_out is not None:
        blocks.append(LeftOutAreas(left_out))
    if parameters:
        blocks.append(Parameters(parameters))
    if sources:
        blocks.append(Sources(sources))
    if command:
        blocks.append(Command(command))
    return Chapter(load_texts(language)["about"], blocks, appendix=True)


@dataclass(frozen=True)
class MethodReport:
    """What a method has to tell; who calls the method adds its title, parameters and command.

    Args:
        chapters: the body; chapters without blocks are left away.
        subtitle: what, where and when in one line.
        facts: (name, value) pairs under the heading.
        parameters: (name, value) pairs that the method found out itself, such as a mean it divided by.
        sources: tables and formulas that were used.
        left_out: area without a result; None where that does not apply.
        warnings: what the reader must know before trusting the numbers.
        sentences: the answer, (what it is about, sentence) pairs; `page_one` puts them in front.
    """

    chapters: Sequence[Chapter]
    subtitle: str = ""
    facts: Sequence[tuple[str, str]] = ()
    parameters: Sequence[tuple[str, Cell]] = ()
    sources: Sequence[Provenance] = ()
    left_out: Sequence[LeftOutArea] | None = None
    warnings: Sequence[str] = ()
    sentences: Sequence[tuple[str, str]] = ()

    def complete(self, title: str, language: str, parameters: Sequence[tuple[str, Cell]], command: str) -> Report:
        """The whole report, with the chapter about the run at its end."""
        about = about_this_run(language, (*parameters, *self.parameters), self.sources, self.left_out, command)
        return Report(
            title=title,
            chapters=[chapter for chapter in (*self.chapters, about) if chapter.blocks],
            subtitle=self.subtitle,
            language=language,
            facts=self.facts,
            warnings=self.warnings,
        )
