"""Parts that reports of ecosystem services share: headline figures, maps, ecosystems, tables, sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..quantities import quantity
from ..raster.output import ClassColour
from ..report import (
    Bars,
    Block,
    Chapter,
    Classes,
    Column,
    Figure,
    Figures,
    LeftOutArea,
    Lines,
    Map,
    MethodReport,
    Ramp,
    Series,
    TableBlock,
)
from ..report.common import left_out_areas, pictures
from ..report.names import told
from ..report.numbers import density_unit
from ..report.telling import Sentence, Teller, within
from ..report.texts import load_palettes
from ..results import Cell, ResultTable
from ..tables import Provenance
from .survey import YearlySums

Years = Sequence["int | None"]
Words = dict[str, str]
# Columns that hold what the user's data are called.
NAMES_OF_DATA = ("zone", "name", "body", "land_class")


def factor_report(
    teller: Teller,
    key: str,
    held: str,
    years: Years,
    means: Sequence[float],
    path: str | None,
    sums: YearlySums,
    source: Provenance,
    table: ResultTable | None = None,
) -> MethodReport:
    """The report of a factor: mean, maps, and the table where there is one; `held` is the id of its quantity."""
    words = teller.words
    chapters = [totals(words, key, quantity(held).unit, years, means), maps(words, years, [(key, path)])]
    if table is not None:
        chapters.append(Chapter(words["services_by_year"], [rows(words, "services_by_year", table)]))
    sentences = mean_levels(teller, key, quantity(held).unit, years, means)
    return MethodReport(chapters, sources=[source], left_out=left_out(words, sums), sentences=sentences)


def totals(words: Words, key: str, unit: str, years: Years, values: Sequence[float]) -> Chapter:
    """A card per year, and a line where there are several."""
    blocks: list[Block] = [
        Figures([Figure(f"{words[key]} {year or ''}".strip(), value, unit) for year, value in zip(years, values)])
    ]
    dated = [year for year in years if year is not None]
    if len(dated) > 1:
        blocks.append(Lines(words["services_over_time"], dated, [Series(words[key], list(values))], unit))
    return Chapter(words[key], blocks)


def mean_levels(teller: Teller, key: str, unit: str, years: Years, means: Sequence[float]) -> list[Sentence]:
    """The mean of the study area in every year, how it went and by how much."""
    return teller.levels(teller.say("mean_of", what=teller.words[key]), years, means, unit)


def service_sentences(
    teller: Teller, key: str, unit: str, years: Years, totals: Sequence[float], table: ResultTable, column: str
) -> list[Sentence]:
    """How much there is in every year, how that went, and which ecosystems hold most of it, as a whole and by area.

    Args:
        teller: of the language of the report.
        key: of the name of the service.
        unit: of the totals.
        years: of the totals.
        totals: per year.
        table: with columns year, ecosystem and area_ha.
        column: of the table, the amounts that add up to the totals.
    """
    amounts, areas = (of_ecosystems(teller.words, table, name) for name in (column, "area_ha"))
    dense = {name: amount / areas[name] for name, amount in amounts.items() if areas[name] > 0}
    year = years[-1]
    return [
        *teller.levels(teller.words[key], years, totals, unit),
        *teller.made_of(amounts, key="made_of" if year is None else "made_of_in", year=year),
        *teller.extremes(dense, density_unit(unit), "ecosystems", "dense"),
    ]


def of_ecosystems(words: Words, table: ResultTable, column: str) -> dict[str, float]:
    """A column of the last year by the names of ecosystems within a sentence."""
    names = [c.name for c in table.columns]
    year_at, ecosystem_at, value_at = (names.index(name) for name in ("year", "ecosystem", column))
    found: dict[str, float] = {}
    for row in table.rows:
        if row[year_at] == table.rows[-1][year_at]:
            name = within(told(words, str(row[ecosystem_at])))
            found[name] = found.get(name, 0.0) + float(row[value_at] or 0)
    return found


def maps(
    words: Words,
    years: Years,
    shown: Sequence[tuple[str, str | None]],
    limits: tuple[float, float] | None = None,
    classes: Mapping[str, Sequence[ClassColour]] | None = None,
) -> Chapter:
    """A picture per year of each map that was written.

    Args:
        words: of the report.
        years: of the bands.
        shown: the key of its title, and the path of each map; None where it was not written.
        limits: of the ramps.
        classes: legends of class maps, by key.
    """
    low, high = limits or (None, None)
    blocks: list[Block] = []
    for key, path in shown:
        if path:
            legend = (classes or {}).get(key)
            blocks.append(
                Map(words[key], pictures(path, years), Classes(legend) if legend else Ramp(low=low, high=high))
            )
    return Chapter(words["quality_maps"], blocks)


def by_ecosystem(words: Words, table: ResultTable, column: str, key: str) -> Chapter:
    """Stacked bars of a column by year and ecosystem, and the whole table."""
    names = [c.name for c in table.columns]
    year_at, ecosystem_at, value_at = (names.index(name) for name in ("year", "ecosystem", column))
    years = list(dict.fromkeys(row[year_at] for row in table.rows))
    ecosystems = list(dict.fromkeys(str(row[ecosystem_at]) for row in table.rows))
    sums = {(year, ecosystem): 0.0 for year in years for ecosystem in ecosystems}
    for row in table.rows:
        sums[row[year_at], str(row[ecosystem_at])] += float(row[value_at] or 0)
    colours = load_palettes().ecosystems
    series = [Series(told(words, e), [sums[year, e] for year in years], colours.get(e, "")) for e in ecosystems]
    unit = table.columns[value_at].unit
    bars = Bars(words[key], [name_of_year(year, words) for year in years], series, unit)
    return Chapter(words["services_by_ecosystem"], [bars, rows(words, "services_by_ecosystem", table)])


def rows(words: Words, key: str, table: ResultTable) -> TableBlock:
    """A result table with headings in the language of the report; a year that does not exist is left away."""
    undated = [n for n, c in enumerate(table.columns) if c.name == "year" and all(r[n] is None for r in table.rows)]
    kept = [n for n in range(len(table.columns)) if n not in undated]
    kinds = {"integer": "code", "text": "text", "number": "number"}
    columns = [
        Column(_heading(words, column.name), column.unit, kinds[column.kind])  # type: ignore[arg-type]
        for column in (table.columns[n] for n in kept)
    ]
    names = [column.name for column in table.columns]
    rows = [[_cell(words, names[n], row[n]) for n in kept] for row in table.rows]
    return TableBlock(words[key], columns, rows, download=f"{key}.csv")


def _heading(words: Words, column: str) -> str:
    """What a column is called: by its own words, or by the quantity that stands before its unit, `quantity_unit`."""
    return words.get(f"column_{column}") or words[column.rpartition("_")[0]]


def _cell(words: Words, column: str, cell: Cell) -> Cell:
    """A cell in the language of the report; the names of zones and water bodies are the user's."""
    if not isinstance(cell, str):
        return cell
    return told(words, cell) if column in NAMES_OF_DATA else words.get(cell, cell)


def name_of_year(year: object, words: Words) -> str:
    return words["services_undated"] if year is None else str(year)


def left_out(words: Words, sums: YearlySums) -> list[LeftOutArea]:
    counted = dict(zip(sums.years, sums.area_ha.sum(axis=1)))
    return [
        area
        for item in sums.left_out
        for area in left_out_areas(
            name_of_year(item.year, words), [(words["services_left_out"], item.area_ha)], float(counted[item.year])
        )
    ]
