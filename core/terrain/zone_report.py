"""The report of a zone summary: totals and means by zone and year."""

from __future__ import annotations

import math

from ..raster.zones.zoning import OUTSIDE
from ..report import Bars, Block, Chapter, Column, LeftOutArea, MethodReport, Series, TableBlock
from ..report.numbers import density_unit
from ..report.table_words import zone_word
from ..report.telling import Sentence, Teller
from ..report.texts import load_texts
from .zone_summary import ZoneSummary, zone_table


def zone_report(result: ZoneSummary, unit: str, language: str) -> MethodReport:
    """Values by zone; language `en` or `zh`.

    Args:
        result: of `run_zone_summary`.
        unit: of the totals, such as that of the raster without "per hectare"; "" for none.
        language: of the report.
    """
    words = load_texts(language)
    years = result.inputs.years
    found = zone_table(result).rows
    index = result.inputs.kind == "index"
    per_ha = unit if index else "mm" if result.inputs.kind == "depth" else density_unit(unit)
    with_land = [zone for zone, areas in zip(result.zones, result.area_ha.T) if areas.any()]
    names = [zone_word(result.inputs.names.get(zone, zone), language) for zone in with_land]

    def bars(title: str, column: int, of: str) -> Block:
        shown = [row for row in found if row[1] in with_land]
        cells = {year: [row[column] for row in shown if row[0] == year] for year in years}
        series = [Series(str(year), cells[year]) for year in years]  # type: ignore[arg-type]
        return Bars(words[title], names, series, of, stacked=False, horizontal=True)

    columns = [
        Column(words["year"], kind="code"),
        Column(words["zone"], kind="text"),
        Column(words["area"], "ha"),
        *([] if index else [Column(words["total"], unit)]),
        Column(words["mean"], per_ha),
        *([] if index else [Column(words["share_of_total"], "%", decimals=2)]),
        Column(words["zones_year_before"], "%", decimals=2),
    ]
    kept = (0, 2, 3, 5, 7) if index else (0, 2, 3, 4, 5, 6, 7)
    rows = [tuple(zone_word(str(row[i]), language) if i == 2 else row[i] for i in kept) for row in found]
    totals = [] if index else [bars("zones_total", 4, unit)]
    return MethodReport(
        chapters=[
            Chapter(
                words["zones_mean"] if index else words["zones_total"],
                [
                    *totals,
                    bars("zones_mean", 5, per_ha),
                    TableBlock(words["pressure_zones"], columns, rows, download="zones.csv"),
                ],
            )
        ],
        left_out=[LeftOutArea(str(o.year), words["left_out_pair"], o.area_ha) for o in result.left_out],
        sentences=_sentences(result, unit, per_ha, Teller(language)),
    )


def _sentences(result: ZoneSummary, unit: str, per_ha: str, teller: Teller) -> list[Sentence]:
    """The total of all zones, the zones that hold most of it, and those of the highest and the lowest mean."""
    inputs, index = result.inputs, result.inputs.kind == "index"
    years = inputs.years
    of_last = [row for row in zone_table(result).rows if row[0] == years[-1] and row[1] != OUTSIDE]
    named = {str(row[2]): row for row in of_last}
    means = {name: float(row[5]) for name, row in named.items() if row[5] is not None}
    if index and len(means) < 2:
        course = [float(row[5]) if row[5] is not None else math.nan for row in zone_table(result).rows]
        return teller.levels(teller.words["mean"], years, course)
    if index:
        return teller.extremes(means, per_ha, "zones", "highest_in", year=years[-1])
    totals = {name: float(row[4] or 0.0) for name, row in named.items()}
    return [
        *teller.levels(teller.words["total"], years, result.whole_totals, unit),
        *teller.made_of(totals, "zones", "made_of_in", year=years[-1]),
        *teller.extremes(means, per_ha, "zones", "highest_in", year=years[-1]),
    ]
