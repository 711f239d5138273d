"""The report of a zone summary: totals and means by zone and year."""

from __future__ import annotations

from ..report import Bars, Block, Chapter, Column, LeftOutArea, MethodReport, Series, TableBlock
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
    names = [result.inputs.names.get(zone, zone) for zone in with_land]

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
    rows = [tuple(row[i] for i in kept) for row in found]
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
    )


def density_unit(unit: str) -> str:
    """The unit of a mean per hectare of what adds up in `unit`: of CNY/a it is CNY/(ha a).

    >>> density_unit("t/a")
    't/(ha a)'
    """
    if not unit:
        return ""
    amount, slash, per = unit.rpartition("/")
    return f"{amount}/(ha {per})" if slash and amount else f"{unit}/ha"
