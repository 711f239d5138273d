"""The report of a transfer matrix: Sankey, heat map, gains and losses, dynamic degrees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...land_cover import LandCoverClass
from ...raster.zones.zoning import ALL
from ...report import (
    Bars,
    Block,
    Chapter,
    Classes,
    Column,
    Flow,
    Heatmap,
    LeftOutArea,
    Map,
    MapPicture,
    MethodReport,
    Sankey,
    Series,
    TableBlock,
)
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_palettes, load_texts
from ..profit_loss.run import ProfitLossResult
from .run import TransferOutputs, TransferResult
from .tables import balance_table, change_legend, degree_table

LARGEST_FLOWS = 20
MOST_TOLD = 3  # classes and flows of a sentence
MAPPED_FLOWS = 12


def transfer_report(result: TransferResult, outputs: TransferOutputs, language: str) -> MethodReport:
    """Where land changed hands in the study area as a whole; language `en` or `zh`."""
    words = load_texts(language)
    names = class_names(result.classes, language)
    return MethodReport(
        chapters=[
            Chapter(words["transfer_flows"], [_sankey(result, names, words), *_matrices(result, names, words)]),
            Chapter(words["transfer_balance"], _balance(result, names, words)),
            Chapter(words["transfer_degrees"], _degrees(result, names, words)),
            Chapter(words["transfer_map"], _map(result, outputs, words, language)),
        ],
        subtitle=f"{result.pairs[0][0]}–{result.pairs[-1][1]}",
        left_out=left_out_areas(result, words),
        sentences=_sentences(result, names, Teller(language)),
    )


def _sentences(result: TransferResult, names: list[str], teller: Teller) -> list[Sentence]:
    """How much land changed hands over the whole period, which classes won and lost, and the largest flows."""
    areas = result.whole(-1)
    whole, (first, last) = float(areas.sum()), result.pairs[-1]
    changed = whole - float(np.trace(areas))
    share = teller.amount_of(changed / whole * 100 if whole else None, "%")
    parts = {"area": teller.amount_of(changed, "ha"), "first": first, "last": last}
    sentences = [teller.sentence("change", "changed_hands", share=share, **parts)]
    net = dict(zip(names, (areas.sum(axis=0) - areas.sum(axis=1)).tolist()))
    for sign, key in ((1, "won"), (-1, "lost")):
        of_sign = [(name, sign * area) for name, area in net.items() if sign * area > 0]
        largest = sorted(of_sign, key=lambda item: -item[1])[:MOST_TOLD]
        if largest:
            told = teller.valued((within(name), teller.amount_of(area, "ha")) for name, area in largest)
            sentences.append(teller.sentence("classes", key, parts=told))
    flows = areas * ~np.eye(len(names), dtype=bool)
    largest_flows = (divmod(int(flat), len(names)) for flat in np.argsort(flows, axis=None)[::-1][:MOST_TOLD])
    told_flows = [
        (teller.say("from_to", source=within(names[i]), target=within(names[j])), teller.amount_of(flows[i, j], "ha"))
        for i, j in largest_flows
        if flows[i, j] > 0
    ]
    if told_flows:
        sentences.append(teller.sentence("flows", "flows", flows=teller.valued(told_flows)))
    return sentences


def class_names(classes: tuple[LandCoverClass, ...], language: str) -> list[str]:
    """Names of classes in the language of the report; a name that two classes share gets its code."""
    names = [c.named(language) for c in classes]
    return [f"{name} ({c.code})" if names.count(name) > 1 else name for name, c in zip(names, classes)]


def left_out_areas(result: TransferResult | ProfitLossResult, words: dict[str, str]) -> list[LeftOutArea]:
    """Land that could not be compared, as the report shows it: once per year, where it is the same in every pair."""
    compared = {pair: float(areas.sum()) for pair, areas in zip(result.pairs, result.area_ha)}
    found: dict[tuple[int, float], LeftOutArea] = {}
    for item in result.left_out:
        share = item.area_ha / (item.area_ha + compared[item.pair]) * 100
        same = (item.year, round(item.area_ha, 6))
        if same in found:
            found[same] = replace(found[same], where=str(item.year))
        else:
            where = f"{item.pair[0]}–{item.pair[1]}: {item.year}"
            found[same] = LeftOutArea(where, words["left_out_pair"], item.area_ha, share)
    return list(found.values())


def _sankey(result: TransferResult, names: list[str], words: dict[str, str]) -> Block:
    steps = len(result.pairs) if len(result.pairs) == 1 else len(result.pairs) - 1  # the last pair is first-last
    stages = [str(result.pairs[0][0]), *(str(pair[1]) for pair in result.pairs[:steps])]
    flows = [
        Flow(stage, names[i], names[j], float(result.whole(stage)[i, j]))
        for stage in range(steps)
        for i, j in zip(*np.nonzero(result.whole(stage)))
    ]
    colours = [(name, c.color) for name, c in zip(names, result.classes) if c.color]
    return Sankey(words["transfer_sankey"], stages, flows, "ha", colours)


def _matrices(result: TransferResult, names: list[str], words: dict[str, str]) -> list[Block]:
    blocks: list[Block] = []
    for p, (earlier, later) in enumerate(result.pairs):
        areas = result.whole(p)
        title = f"{words['transfer_matrix']} {earlier}–{later}"
        blocks.append(
            Heatmap(
                title,
                names,
                names,
                areas.tolist(),
                "ha",
                str(earlier),
                str(later),
                mute_diagonal=True,
                note=words["transfer_matrix_note"],
            )
        )
    areas = result.whole(-1)
    changed = areas * ~np.eye(len(names), dtype=bool)
    largest = np.argsort(changed, axis=None)[::-1][:LARGEST_FLOWS]
    places = [tuple(map(int, np.unravel_index(flat, areas.shape))) for flat in largest if changed.flat[flat] > 0]
    rows = [
        (
            names[i],
            names[j],
            float(areas[i, j]),
            float(areas[i, j] / areas[i].sum() * 100),
            float(areas[i, j] / areas[:, j].sum() * 100),
        )
        for i, j in places
    ]
    columns = [
        Column(words["transfer_from_class"], kind="text"),
        Column(words["transfer_to_class"], kind="text"),
        Column(words["area"], "ha"),
        Column(words["transfer_from_pct"], "%", decimals=2),
        Column(words["transfer_to_pct"], "%", decimals=2),
    ]
    blocks.append(TableBlock(words["transfer_largest"], columns, rows, download="largest_changes.csv"))
    return blocks


def _balance(result: TransferResult, names: list[str], words: dict[str, str]) -> list[Block]:
    areas = result.whole(-1)
    stayed = np.diag(areas)
    gains, losses = areas.sum(axis=0) - stayed, areas.sum(axis=1) - stayed
    years = f"{result.pairs[-1][0]}–{result.pairs[-1][1]}"
    series = [Series(words["transfer_gain"], gains.tolist()), Series(words["transfer_loss"], (-losses).tolist())]
    rows = [
        (f"{row[0]}–{row[1]}", names[result.codes.index(int(str(row[3])))], *row[5:])
        for row in balance_table(result).rows
        if row[2] == ALL
    ]
    columns = [
        Column(words["pair_of_years"], kind="text"),
        Column(words["class"], kind="text"),
        *(
            Column(words[f"transfer_{word}"], "ha")
            for word in ("before", "after", "persistence", "loss", "gain", "net")
        ),
    ]
    return [
        Bars(f"{words['transfer_balance']} {years}", names, series, "ha", horizontal=True),
        TableBlock(words["transfer_balance"], columns, rows, download="balance.csv"),
    ]


def _degrees(result: TransferResult, names: list[str], words: dict[str, str]) -> list[Block]:
    of_all = [row for row in degree_table(result).rows if row[2] == ALL]
    single = [(f"{r[0]}–{r[1]}", names[result.codes.index(int(str(r[3])))], r[4]) for r in of_all if r[3] is not None]
    whole = [(f"{r[0]}–{r[1]}", *r[5:]) for r in of_all if r[3] is None]
    years = Column(words["pair_of_years"], kind="text")
    return [
        TableBlock(
            words["transfer_degrees"],
            [
                years,
                Column(words["transfer_comprehensive"], "%", decimals=3),
                Column(words["transfer_gross"], "%/a", decimals=3),
                Column(words["transfer_net_annual"], "%/a", decimals=3),
            ],
            whole,
        ),
        TableBlock(
            words["transfer_single"],
            [years, Column(words["class"], kind="text"), Column(words["transfer_single"], "%/a", decimals=3)],
            single,
        ),
    ]


def _map(result: TransferResult, outputs: TransferOutputs, words: dict[str, str], language: str) -> list[Block]:
    """The largest changes; all else is grey."""
    if not outputs.change:
        return []
    last = len(result.pairs) - 1
    areas = {
        first.code * 1000 + second.code: float(result.whole(last)[i, j])
        for i, first in enumerate(result.classes)
        for j, second in enumerate(result.classes)
        if i != j
    }
    changes = [entry for entry in change_legend(result, last, language) if entry.code in areas]
    largest = sorted(changes, key=lambda entry: -areas[entry.code])[:MAPPED_FLOWS]
    picture = MapPicture(outputs.change, f"{result.pairs[last][0]}–{result.pairs[last][1]}", last + 1)
    told_apart = [replace(c, colour=load_palettes().category(number)) for number, c in enumerate(largest)]
    return [Map(words["transfer_map"], [picture], Classes(told_apart), words["transfer_map_note"])]
