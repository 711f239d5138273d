"""The report of a trend: area by class, maps of classes and slopes."""

from __future__ import annotations

import math

from ...report import (
    Bars,
    Block,
    Chapter,
    Classes,
    Column,
    Figure,
    Figures,
    Map,
    MapPicture,
    MethodReport,
    Ramp,
    Series,
    TableBlock,
)
from ...report.common import left_out_areas
from ...report.numbers import amount
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_texts
from ...tables import Provenance, provenance
from ..legends import legend
from .run import TrendOutputs, TrendResult, trend_table

VARIANCE_SOURCE = "Hamed & Rao 1998, Journal of Hydrology 204:182-196, doi:10.1016/S0022-1694(97)00125-X"


def trend_report(result: TrendResult, outputs: TrendOutputs, language: str) -> MethodReport:
    """What a trend found; language `en` or `zh`. Maps are shown where they were written."""
    words = load_texts(language)
    inputs = result.inputs
    tested = math.fsum(result.area_ha.values())
    sources = [provenance("trend_classes")]
    if inputs.variance == "hamed_rao":
        sources.append(Provenance("Var S: hamed_rao", VARIANCE_SOURCE))
    return MethodReport(
        chapters=[
            Chapter(words["trend_classes"], _classes(result, words, language)),
            Chapter(words["quality_maps"], _maps(outputs, words, language)),
        ],
        subtitle=f"{', '.join(map(str, inputs.years))} · p ≤ {inputs.alpha:g}",
        facts=[(words["quality_area"], amount(tested, "ha", language))],
        sources=sources,
        left_out=left_out_areas(
            ", ".join(result.gaps_ha) or None, [(words["trend_not_tested"], result.not_tested_ha)], tested
        ),
        warnings=[f"{words['trend_too_short']} {result.smallest_p:.3f}."] if result.smallest_p > inputs.alpha else [],
        sentences=_sentences(result, Teller(language)),
    )


def _sentences(result: TrendResult, teller: Teller) -> list[Sentence]:
    """How values move in a year, and how much land is in which class of trend."""
    years = result.inputs.years
    parts = {within(item.name): result.area_ha[item.code] for item in legend("trend", teller.language)}
    slope = teller.number(result.mean_slope)
    return [
        teller.sentence("change", "mean_slope", first=years[0], last=years[-1], slope=slope),
        *teller.made_of(parts, "trend", "made_of_classes", "ha", 5),
    ]


def _classes(result: TrendResult, words: dict[str, str], language: str) -> list[Block]:
    items = legend("trend", language)
    series = [Series(item.name, [result.area_ha[item.code]], item.colour) for item in items]
    names = {item.code: item.name for item in items}
    rows = [(names[int(row[1] or 0)], row[2], row[3]) for row in trend_table(result).rows]
    columns = [
        Column(words["quality_class"], kind="text"),
        Column(words["area"], "ha"),
        Column(words["quality_share"], "%", decimals=2),
    ]
    return [
        Figures([Figure(words["trend_mean_slope"], result.mean_slope)]),
        Bars(words["trend_by_class"], [""], series, "ha", horizontal=True),
        TableBlock(words["trend_by_class"], columns, rows),
    ]


def _maps(outputs: TrendOutputs, words: dict[str, str], language: str) -> list[Block]:
    blocks: list[Block] = []
    if outputs.classes:
        legend_of_classes = Classes(legend("trend", language))
        blocks.append(Map(words["trend_classes"], [MapPicture(outputs.classes)], legend_of_classes))
    if outputs.statistics:
        blocks.append(Map(words["trend_slope"], [MapPicture(outputs.statistics)], Ramp(palette="diverging")))
    return blocks
