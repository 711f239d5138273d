"""Tables of a bundled report: columns read by what they hold, and charts of what goes with the years."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import TableError
from ...report import Bars, Block, Column, Lines, Series, TableBlock
from ...report.blocks import Cell
from ...tables import Table
from .words import Words, heading, readable

MOST_CHARTS, MOST_SERIES = 3, 8  # of one table; of one chart
MOST_ROWS_SAVED = 20_000  # of a table that the page offers to save
_YEARS = ("year", "年份", "年")
_UNITS = ("unit", "单位")
_CODES = (
    "code",
    "class",
    "level",
    "month",
    "half_month",
    "id",
    "fid",
    "from",
    "to",
    "zone",
    "district",
    "body",
    *_YEARS,
)
_CODE_ENDS = ("_code", "_class", "_id", "_year")
_TRANSLATED = ("ecosystem", "service", "group", "subject", "from_name", "to_name")


@dataclass(frozen=True)
class _Field:
    """A column: its name in the table, how it is shown, its cells."""

    name: str
    shown: Column
    cells: list[Cell]


def blocks_of(title: str, table: Table, words: Words) -> list[Block]:
    """Charts of a table, then the table itself.

    Each of the first numeric columns has a chart: lines over the years, or bars where there is one year; a line or bar
    per ecosystem, zone or whatever else tells the rows of a year apart. No rows are added up: where nothing tells them
    apart there is no chart.
    """
    fields = [_field(name, table, words) for name in table.columns]
    name = readable(title)
    save = f"{title}.csv" if len(table.rows) <= MOST_ROWS_SAVED else ""
    rows = list(zip(*(one.cells for one in fields)))
    return [*_charts(fields, words), TableBlock(name, [one.shown for one in fields], rows, download=save)]


def _field(name: str, table: Table, words: Words) -> _Field:
    title, unit = heading(name, words)
    key = name.casefold()
    numbers = _numbers(table, name)
    if numbers is None:
        texts = [text or None for text in table.texts(name)]
        return _Field(name, Column(title, unit, "text"), [_translated(key, text, words) for text in texts])
    is_code = key in _CODES or key.endswith(_CODE_ENDS)
    if is_code and all(number is None or number == int(number) for number in numbers):
        return _Field(name, Column(title, unit, "code"), [None if n is None else int(n) for n in numbers])
    return _Field(name, Column(title, unit), list(numbers))


def _numbers(table: Table, name: str) -> list[float | None] | None:
    """A column as numbers, blanks as None; None where it holds texts or nothing at all."""
    try:
        numbers = table.numbers(name, blank=math.nan, infinite=True).tolist()
    except TableError:
        return None
    finite = [number if math.isfinite(number) else None for number in numbers]
    return finite if any(number is not None for number in finite) else None


def _translated(column: str, text: str | None, words: Words) -> str | None:
    if text is None:
        return None
    if column == "figure":
        return words.get(f"headline_{text}", text)
    return words.get(text, readable(text)) if column in _TRANSLATED else text


def _charts(fields: Sequence[_Field], words: Words) -> list[Block]:
    year = next((one for one in fields if one.name.casefold() in _YEARS and one.shown.kind == "code"), None)
    if year is None:
        return []
    rows = [row for row, when in enumerate(year.cells) if when is not None]
    keys = _keys(fields, year, rows)
    if keys is None:
        return []
    units = next((one for one in fields if one.name.casefold() in _UNITS and one.shown.kind == "text"), None)
    measures = [one for one in fields if one.shown.kind == "number"]
    measures.sort(key=lambda one: one.name.casefold().startswith("area"))  # a result tells more than its area
    charts: list[Block] = []
    for measure in measures:
        telling = _telling(measure, keys, year, rows)
        for unit in dict.fromkeys(units.cells[row] for row in rows) if units else [measure.shown.unit]:
            chosen = [row for row in rows if units is None or units.cells[row] == unit]
            chart = _chart(measure, str(unit or ""), year, telling, chosen, words)
            if chart is not None:
                charts.append(chart)
    return charts[:MOST_CHARTS]


def _keys(fields: Sequence[_Field], year: _Field, rows: Sequence[int]) -> list[_Field] | None:
    """The fewest texts (rather than codes) that tell the rows of a year apart; None where they do not."""
    texts = [one for one in fields if one.shown.kind == "text"]
    codes = [one for one in fields if one.shown.kind == "code" and one is not year]
    keys = [*texts, *codes]
    if len({_key(row, year, keys) for row in rows}) < len(rows):
        return None
    for one in reversed([*texts, *codes]):
        fewer = [key for key in keys if key is not one]
        if len({_key(row, year, fewer) for row in rows}) == len(rows):
            keys = fewer
    return keys


def _telling(measure: _Field, keys: list[_Field], year: _Field, rows: Sequence[int]) -> list[_Field]:
    """The keys on which a measure depends: the area of an ecosystem is the same for all of its services."""
    for one in reversed(keys):
        fewer = [key for key in keys if key is not one]
        seen = {(_key(row, year, fewer), measure.cells[row]) for row in rows}
        if fewer and len(seen) == len({key for key, _ in seen}):
            keys = fewer
    return keys


def _key(row: int, year: _Field, keys: Sequence[_Field]) -> tuple[Cell, ...]:
    return (year.cells[row], *(key.cells[row] for key in keys))


def _chart(
    measure: _Field, unit: str, year: _Field, keys: Sequence[_Field], rows: Sequence[int], words: Words
) -> Block | None:
    title = measure.shown.title
    values: dict[str, dict[Cell, float]] = {}
    for row in rows:
        value = measure.cells[row]
        if isinstance(value, float):
            parts = [str(key.cells[row]) for key in keys if key.cells[row] is not None]
            values.setdefault(" · ".join(parts) or title, {})[year.cells[row]] = value
    years = sorted({int(when) for series in values.values() for when in series if when is not None})
    largest = sorted(values, key=lambda name: -max(map(abs, values[name].values())))[:MOST_SERIES]
    names = [name for name in values if name in largest]
    note = words["bundle_series_cut"].format(shown=len(names), count=len(values)) if len(names) < len(values) else ""
    year_title = year.shown.title
    if len(years) > 1:
        series = [Series(name, [values[name].get(when) for when in years]) for name in names]
        return Lines(title, years, series, unit, x_title=year_title, value_title=title, note=note)
    if len(names) > 1:
        bars = [Series(str(years[0]), [values[name][years[0]] for name in names])]
        return Bars(f"{title} {years[0]}", names, bars, unit, horizontal=True, value_title=title, note=note)
    return None
