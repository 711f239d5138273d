"""The report of a priority ranking: performance curves and the map of ranks."""

from __future__ import annotations

import numpy as np

from ...report import (
    Block,
    Chapter,
    Column,
    Figure,
    Figures,
    Lines,
    Map,
    MapPicture,
    MethodReport,
    Ramp,
    Series,
    TableBlock,
)
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_texts
from ..report_parts import Words, named
from .run import RankingOutputs, RankingResult

TARGETS = (17, 30)  # percent of land, of Aichi and of Kunming-Montreal
# Shares of the area at which the table reads the curves.
READ_AT = (5, 10, 17, 20, 30, 40, 50, 75)


def ranking_report(result: RankingResult, outputs: RankingOutputs, language: str) -> MethodReport:
    """What was found; language `en` or `zh`. The map is shown where it was written."""
    words = load_texts(language)
    figures = Figures(
        [
            Figure(words["zoning_cells"], result.cells),
            Figure(words["area"], result.area_ha, "ha"),
            Figure(words["zoning_rule"], words[f"zoning_{result.inputs.rule}"]),
        ]
    )
    maps: list[Block] = []
    if outputs.rank:
        note = words["zoning_rank_note"]
        maps.append(Map(words["zoning_rank"], [MapPicture(outputs.rank)], Ramp(low=0, high=1), note))
    return MethodReport(
        chapters=[
            Chapter(words["zoning_curves"], [figures, curves(result, words), _table(result, words)]),
            Chapter(words["zoning_maps"], maps),
        ],
        sentences=_sentences(result, Teller(language)),
    )


def _sentences(result: RankingResult, teller: Teller) -> list[Sentence]:
    """How much land was ranked, and what its best 17 and 30 percent keep of each service."""
    parts = {"cells": teller.number(result.cells), "area": teller.amount_of(result.area_ha, "ha")}
    sentences = [teller.sentence("level", "ranked", **parts)]
    for share in TARGETS:
        kept = [
            (within(named(teller.words, service.name)), teller.amount_of(float(of[share]), "%"))
            for service, of in zip(result.inputs.services, result.kept_pct)
            if not np.isnan(of[share])
        ]
        sentences.append(teller.sentence("kept", "best_part", share=share, services=teller.valued(kept)))
    return sentences


def curves(result: RankingResult, words: Words) -> Lines:
    """Per service the share that the best part of the area keeps."""
    series = [
        Series(named(words, service.name), kept.tolist())
        for service, kept in zip(result.inputs.services, result.kept_pct)
        if not np.isnan(kept).all()
    ]
    return Lines(
        words["zoning_curves"],
        result.area_pct.tolist(),
        series,
        "%",
        x_title=words["zoning_curve_area"],
        value_title=words["zoning_kept"],
        note=words["zoning_curve_note"],
    )


def _table(result: RankingResult, words: Words) -> TableBlock:
    services = [named(words, service.name) for service in result.inputs.services]
    columns = [Column(words["column_area_pct"], "%", decimals=0)]
    columns += [Column(name, "%", decimals=1) for name in services]
    rows = [[share, *(float(kept[share]) for kept in result.kept_pct)] for share in READ_AT]
    return TableBlock(words["zoning_kept_of_area"], columns, rows)
