"""The report of a remote sensing ecological index: levels, maps, components, indicators."""

from __future__ import annotations

import math

import numpy as np

from ...report import (
    Bars,
    Block,
    Chapter,
    Classes,
    Column,
    Figure,
    Figures,
    Heatmap,
    LeftOutArea,
    Lines,
    Map,
    MethodReport,
    Paragraph,
    Ramp,
    Series,
    TableBlock,
)
from ...report.common import left_out_areas, pictures
from ...report.numbers import amount
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_texts
from ...tables import provenance
from ..legends import legend
from .components import Components, is_weak, wrong_loadings
from .indicators import INDICATOR_UNITS, INDICATORS
from .maps import RseiOutputs
from .run import RseiResult
from .tables import indicator_table, loadings_table


def rsei_report(result: RseiResult, outputs: RseiOutputs, language: str) -> MethodReport:
    """What an index found; language `en` or `zh`. Maps are shown where they were written."""
    words = load_texts(language)
    inputs = result.inputs
    return MethodReport(
        chapters=[
            Chapter(words["rsei_levels"], _levels(result, words, language)),
            Chapter(words["quality_maps"], _maps(result, outputs, words, language)),
            Chapter(words["rsei_components"], _components(result, words)),
            Chapter(words["rsei_indicators"], _indicators(result, words)),
        ],
        subtitle=f"{', '.join(map(str, inputs.years))} · {inputs.series().title}",
        facts=[(words["quality_area"], amount(math.fsum(result.area_ha[-1]), "ha", language))],
        sources=[provenance(name) for name in ("tasselled_cap", "lst_constants", "rsei_classes")],
        left_out=_left_out(result, words),
        warnings=_warnings(result, words),
        sentences=_sentences(result, Teller(language)),
    )


def _sentences(result: RseiResult, teller: Teller) -> list[Sentence]:
    """The mean index, the levels of the last year, and how much land got better or worse."""
    years, words = result.inputs.years, teller.words
    areas = result.area_ha[-1].tolist()
    of_level = {within(item.name): areas[item.code - 1] for item in legend("rsei", teller.language)}
    told = [
        *teller.levels(words["rsei_mean"], years, result.means),
        *teller.made_of(of_level, "levels", "made_of_classes_in", "ha", 5, year=years[-1]),
    ]
    if result.pairs:
        (first, last), moved = result.pairs[-1], result.change_ha[-1]  # by level before and after, the worst first
        better, worse = float(np.triu(moved, 1).sum()), float(np.tril(moved, -1).sum())
        amounts = {"better": teller.amount_of(better, "ha"), "worse": teller.amount_of(worse, "ha")}
        told.append(teller.sentence("change", "level_moves", first=first, last=last, **amounts))
    return told


def _levels(result: RseiResult, words: dict[str, str], language: str) -> list[Block]:
    years = result.inputs.years
    blocks: list[Block] = [
        Figures([Figure(f"{words['rsei_mean']} {year}", mean) for year, mean in zip(years, result.means)]),
        Paragraph(words[f"rsei_{result.inputs.mode}"]),
    ]
    if len(years) > 2:
        blocks.append(Lines(words["rsei_mean"], years, [Series(words["rsei_mean"], result.means)]))
    series = [
        Series(item.name, result.area_ha[:, item.code - 1].tolist(), item.colour) for item in legend("rsei", language)
    ]
    blocks.append(Bars(words["rsei_by_level"], [str(year) for year in years], series, "ha"))
    names = [item.name for item in legend("rsei", language)]
    for (before, after), areas in zip(result.pairs, result.change_ha):
        title = f"{words['rsei_moves']} {before}–{after}"
        blocks.append(Heatmap(title, names, names, areas.tolist(), "ha", str(before), str(after), mute_diagonal=True))
    return blocks


def _maps(result: RseiResult, outputs: RseiOutputs, words: dict[str, str], language: str) -> list[Block]:
    years = result.inputs.years
    blocks: list[Block] = []
    if outputs.index:
        blocks.append(Map(words["rsei_map"], pictures(outputs.index, years), Ramp(low=0, high=1, palette="diverging")))
    if outputs.classes:
        blocks.append(Map(words["rsei_level"], pictures(outputs.classes, years), Classes(legend("rsei", language))))
    if outputs.change and result.pairs:
        changes = pictures(outputs.change, [f"{before}–{after}" for before, after in result.pairs])
        blocks.append(Map(words["rsei_change_map"], changes, Classes(legend("rsei_change", language))))
    return blocks


def _components(result: RseiResult, words: dict[str, str]) -> list[Block]:
    if not result.components:
        return []
    # years that share one analysis are told once
    years: dict[Components, list[str]] = {found: [] for found in result.components}
    for found, year in zip(result.components, result.inputs.years):
        years[found].append(str(year))
    titles = [", ".join(of_years) for of_years in years.values()]
    names = [name.upper() for name in INDICATORS]
    columns = [Column(words["year"], kind="text"), Column(words["rsei_indicator"], kind="text")]
    columns += [Column(f"PC{number}", decimals=4) for number in range(1, 5)]
    rows = [
        (title, *row[1:6])
        for title, of_years in zip(titles, years.values())
        for row in loadings_table(result).rows
        if str(row[0]) == of_years[0]
    ]
    contributions = [
        Figure(f"{words['rsei_contribution']} ({title})", float(found.shares_pct[0]), "%")
        for title, found in zip(titles, years)
    ]
    first = [found.loadings[:, 0].tolist() for found in years]
    return [
        Figures(contributions),
        Heatmap(words["rsei_loadings"], titles, names, first, palette="diverging"),
        TableBlock(words["rsei_components"], columns, rows),
    ]


def _indicators(result: RseiResult, words: dict[str, str]) -> list[Block]:
    columns = [
        Column(words["year"], kind="code"),
        Column(words["rsei_indicator"], kind="text"),
        Column(words["quality_mean"], decimals=4),
        Column(words["rsei_deviation"], decimals=4),
    ]
    rows = [(row[0], _titled(str(row[1])), *row[2:4]) for row in indicator_table(result).rows]
    return [TableBlock(words["rsei_indicators"], columns, rows)]


def _titled(indicator: str) -> str:
    """An indicator as texts write it, with its unit."""
    if indicator not in INDICATORS:
        return indicator
    unit = INDICATOR_UNITS[indicator]
    return f"{indicator.upper()} ({unit})" if unit else indicator.upper()


def _left_out(result: RseiResult, words: dict[str, str]) -> list[LeftOutArea]:
    reasons = words["rsei_left_out"].split("; ")
    return [
        item
        for year, lost, counted in zip(result.inputs.years, result.left_out_ha, result.area_ha)
        for item in left_out_areas(year, zip(reasons, lost), math.fsum(counted))
    ]


def _warnings(result: RseiResult, words: dict[str, str]) -> list[str]:
    found = [words["rsei_yearly"]] if result.inputs.mode == "yearly" and len(result.inputs.years) > 1 else []
    for components in dict.fromkeys(result.components):
        wrong = wrong_loadings(components)
        if wrong:
            found.append(words["rsei_wrong_sign"].format(loadings=wrong))
        if is_weak(components):
            found.append(words["rsei_weak"].format(share=f"{components.shares_pct[0]:.1f}"))
    return found
