"""The report of ecosystem quality: grades, maps, ecosystems, change and references."""

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
    MethodReport,
    Ramp,
    Series,
    TableBlock,
)
from ...report.common import left_out_areas, pictures
from ...report.names import told
from ...report.numbers import amount
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_texts
from ...tables import provenance
from ..legends import legend
from .reference_report import reference_tables
from .run import QualityOutputs, QualityResult
from .tables import ALL, headline, quality_change_table, quality_table


def quality_report(result: QualityResult, outputs: QualityOutputs, language: str) -> MethodReport:
    """What an assessment of quality found; language `en` or `zh`. Maps are shown where they were written."""
    words = load_texts(language)
    inputs = result.inputs
    # Shares are of all land: ecosystems without a grade belong to it.
    left_out = [
        area
        for year, land, *lost in zip(inputs.years, result.land_ha, result.missing_ha, result.ungraded_ha)
        for area in left_out_areas(year, zip((words["eqi_missing"], words["eqi_ungraded"]), lost), land - sum(lost))
    ]
    return MethodReport(
        chapters=[
            Chapter(words["eqi_grades"], _grades(result, words, language)),
            Chapter(words["quality_maps"], _maps(result, outputs, words, language)),
            Chapter(words["eqi_by_ecosystem"], _ecosystems(result, words)),
            Chapter(words["eqi_references"], reference_tables([result.references.table], words)),
        ],
        subtitle=f"{', '.join(map(str, inputs.years))} · {', '.join(inputs.indicators)} · {inputs.scheme.title}",
        facts=[(words["quality_area"], amount(math.fsum(result.area_ha[-1].ravel()), "ha", language))],
        sources=[provenance("quality_classes")],
        left_out=left_out,
        sentences=_sentences(result, Teller(language)),
    )


def _sentences(result: QualityResult, teller: Teller) -> list[Sentence]:
    """The mean index, the grades of the last year, the ecosystems of best and of lowest quality, and change."""
    years, words, found = result.inputs.years, teller.words, headline(result)
    areas = result.area_ha[-1].sum(axis=0).tolist()
    of_grade = {within(item.name): areas[item.code - 1] for item in legend("quality", teller.language)}
    means = {
        within(told(words, str(row[1]))): float(row[5])
        for row in quality_table(result).rows
        if row[0] == years[-1] and row[2] == ALL and row[1] != ALL and row[5] is not None
    }
    sentences = [
        *teller.levels(words["quality_mean_index"], years, found.means),
        *teller.made_of(of_grade, "levels", "made_of_classes_in", "ha", 5, year=years[-1]),
        *teller.extremes(means, "", "ecosystems", "highest"),
    ]
    if math.isfinite(found.change_pct):
        change = teller.amount_of(found.change_pct, "%", signed=True)
        sentences.append(teller.sentence("change", "same_land", first=years[0], last=years[-1], change=change))
    return sentences


def _grades(result: QualityResult, words: dict[str, str], language: str) -> list[Block]:
    years = result.inputs.years
    of_grade = result.area_ha.sum(axis=1)
    series = [
        Series(item.name, of_grade[:, item.code - 1].tolist(), item.colour) for item in legend("quality", language)
    ]
    cards = [Figure(f"{words['quality_mean_index']} {year}", mean) for year, mean in zip(years, headline(result).means)]
    return [Figures(cards), Bars(words["eqi_by_grade"], [str(year) for year in years], series, "ha")]


def _maps(result: QualityResult, outputs: QualityOutputs, words: dict[str, str], language: str) -> list[Block]:
    years = result.inputs.years
    blocks: list[Block] = []
    if outputs.index:
        blocks.append(
            Map(words["eqi_index"], pictures(outputs.index, years), Ramp(low=0, high=100, palette="diverging"))
        )
    if outputs.classes:
        blocks.append(Map(words["eqi_grade"], pictures(outputs.classes, years), Classes(legend("quality", language))))
    return blocks


def _ecosystems(result: QualityResult, words: dict[str, str]) -> list[Block]:
    # of the columns year, ecosystem, class, area, share, index, summary index, contribution, low share, code
    rows = [
        (row[0], told(words, str(row[1])), row[3], *row[5:9]) for row in quality_table(result).rows if row[2] == ALL
    ]
    columns = [
        Column(words["year"], kind="code"),
        Column(words["ecosystem"], kind="text"),
        Column(words["area"], "ha"),
        Column(words["quality_mean_index"], decimals=2),
        Column(words["eqi_summary"], decimals=2),
        Column(words["eqi_contribution"], decimals=2),
        Column(words["eqi_low"], "%", decimals=2),
    ]
    blocks: list[Block] = [TableBlock(words["eqi_by_ecosystem"], columns, rows, download="quality.csv")]
    if result.pairs:
        columns = [
            Column(words["from_year"], kind="code"),
            Column(words["to_year"], kind="code"),
            Column(words["ecosystem"], kind="text"),
            Column(words["area"], "ha"),
            Column(words["eqi_before"], decimals=2),
            Column(words["eqi_after"], decimals=2),
            Column(words["change"], decimals=2),
            Column(words["change_pct"], "%", decimals=2),
        ]
        moved = [(*row[:2], told(words, str(row[2])), *row[3:8]) for row in quality_change_table(result).rows]
        blocks.append(TableBlock(words["eqi_change"], columns, moved))
    return blocks
