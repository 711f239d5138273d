"""The report of profit and loss: headline figures, structure and intensity, the flow matrix, services, zones, maps."""

from __future__ import annotations

import math

import numpy as np

from ...raster.zones.zoning import ALL, OUTSIDE
from ...report import (
    Bars,
    Block,
    Chapter,
    Column,
    Figure,
    Figures,
    Heatmap,
    Map,
    MethodReport,
    Ramp,
    Series,
    TableBlock,
)
from ...report.common import pictures
from ...report.table_words import value_word, zone_word
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_texts
from ..transfer.report import class_names, left_out_areas
from .run import ProfitLossOutputs, ProfitLossResult
from .tables import flow_table, summary_table

LARGEST_FLOWS = 20


def profit_loss_report(result: ProfitLossResult, outputs: ProfitLossOutputs, language: str) -> MethodReport:
    """What changes of land gained and lost; language `en` or `zh`."""
    words = load_texts(language)
    unit = f"{result.inputs.valuation.currency}/a"
    equivalents = result.inputs.valuation.equivalents
    own = equivalents.provenance
    sources = [own] if own else []
    return MethodReport(
        chapters=[
            Chapter(words["profit_loss_headline"], _headline(result, words, unit)),
            Chapter(words["profit_loss_matrix"], _flows(result, words, unit, language)),
            Chapter(words["profit_loss_services"], _services(result, words, unit, language)),
            Chapter(words["profit_loss_zones"], _zones(result, words, unit, language)),
            Chapter(words["profit_loss_change_map"], _maps(result, outputs, words)),
        ],
        subtitle=f"{result.pairs[0][0]}–{result.pairs[-1][1]} · {equivalents.name}",
        sources=sources,
        left_out=left_out_areas(result, words),
        sentences=_sentences(result, unit, Teller(language)),
    )


def _sentences(result: ProfitLossResult, unit: str, teller: Teller) -> list[Sentence]:
    """Gain, loss and net of every pair of years, the change index, the largest flows of value and the zones."""
    sentences = []
    rows = [row for row in summary_table(result).rows if row[2] == ALL]
    for row in rows:
        gain, loss = (teller.amount_of(abs(float(value or 0.0)), unit) for value in row[5:7])
        net = teller.amount_of(float(row[7] or 0.0), unit, signed=True)
        parts = {"first": row[0], "last": row[1], "gain": gain, "loss": loss, "net": net}
        sentences.append(teller.sentence("balance", "gain_and_loss", **parts))
    first, last, index = rows[-1][0], rows[-1][1], rows[-1][8]
    if index is not None:
        told = teller.number(float(index), 4)
        sentences.append(teller.sentence("index", "change_index", first=first, last=last, index=told))
    names, matrix = class_names(result.classes, teller.language), result.structure[-1].sum(axis=(0, 1))
    for sign, key in ((1, "largest_gain"), (-1, "largest_loss")):
        i, j = divmod(int((sign * matrix).argmax()), len(names))
        if sign * matrix[i, j] > 0:
            change = teller.say("from_to", source=within(names[i]), target=within(names[j]))
            amount = teller.amount_of(abs(float(matrix[i, j])), unit)
            sentences.append(teller.sentence("flows", key, change=change, amount=amount, first=first, last=last))
    net_of = dict(zip(result.zones, np.add(result.gain[-1], result.loss[-1]).tolist()))
    net_of.pop(OUTSIDE, None)
    return [*sentences, *teller.extremes(net_of, unit, "zones", "net_zones", first=first, last=last)]


def _years(result: ProfitLossResult) -> list[str]:
    return [f"{earlier}–{later}" for earlier, later in result.pairs]


def _headline(result: ProfitLossResult, words: dict[str, str], unit: str) -> list[Block]:
    labels = (words["profit_loss_gain"], words["profit_loss_loss"], words["profit_loss_net"])
    gain, loss, net = result.headline()
    cards = [Figure(label, value, unit, _years(result)[-1]) for label, value in zip(labels, (gain, abs(loss), net))]
    rows = range(len(result.pairs))
    gain_and_loss = [
        Series(words["profit_loss_gain"], [math.fsum(result.gain[p]) for p in rows]),
        Series(words["profit_loss_loss"], [math.fsum(result.loss[p]) for p in rows]),
    ]
    parts = [
        Series(words["profit_loss_structure"], [math.fsum(result.structure[p].flat) for p in rows]),
        Series(words["profit_loss_intensity"], [math.fsum(result.intensity[p].flat) for p in rows]),
    ]
    blocks: list[Block] = [
        Figures(cards),
        Bars(words["profit_loss_headline"], _years(result), gain_and_loss, unit),
    ]
    if result.intensity.any():
        blocks.append(Bars(words["profit_loss_parts"], _years(result), parts, unit))
    return blocks


def _flows(result: ProfitLossResult, words: dict[str, str], unit: str, language: str) -> list[Block]:
    names = class_names(result.classes, language)
    blocks: list[Block] = []
    for p, years in enumerate(_years(result)):
        matrix = result.structure[p].sum(axis=(0, 1))
        title = f"{words['profit_loss_matrix']} {years}"
        earlier, later = map(str, result.pairs[p])
        blocks.append(Heatmap(title, names, names, matrix.tolist(), unit, earlier, later, "diverging"))
    position = {c.code: name for c, name in zip(result.classes, names)}
    zoned = result.zones != (ALL,)
    of_last = [
        row
        for row in flow_table(result).rows
        if row[:2] == result.pairs[-1] and row[5] == ALL and (row[2] != ALL or not zoned)
    ]
    largest = sorted(of_last, key=lambda row: -abs(float(row[7] or 0)))[:LARGEST_FLOWS]
    rows = [
        (*([row[2]] if zoned else []), position[int(str(row[3]))], position[int(str(row[4]))], *row[6:10])
        for row in largest
    ]
    columns = [
        *([Column(words["zone"], kind="text")] if zoned else []),
        Column(words["transfer_from_class"], kind="text"),
        Column(words["transfer_to_class"], kind="text"),
        Column(words["area"], "ha"),
        Column(words["valuation_value"], unit),
        Column(words["profit_loss_contribution"], "%", decimals=2),
        Column(words["profit_loss_contribution_overall"], "%", decimals=2),
    ]
    blocks.append(TableBlock(words["transfer_largest"], columns, rows, download="largest_flows.csv"))
    return blocks


def _services(result: ProfitLossResult, words: dict[str, str], unit: str, language: str) -> list[Block]:
    names = [s.named(language) for s in result.services]
    change = (result.structure + result.intensity).sum(axis=(1, 3, 4))
    series = [Series(years, change[p].tolist()) for p, years in enumerate(_years(result))]
    return [Bars(words["profit_loss_services"], names, series, unit, stacked=False, horizontal=True)]


def _zones(result: ProfitLossResult, words: dict[str, str], unit: str, language: str) -> list[Block]:
    rows = [
        (f"{first}–{last}", zone_word(str(zone), language), *numbers, value_word("harmony_class", harmony, language))
        for first, last, zone, *numbers, harmony in summary_table(result).rows
    ]
    columns = [
        Column(words["pair_of_years"], kind="text"),
        Column(words["zone"], kind="text"),
        *(Column(words[f"profit_loss_{word}"], unit) for word in ("structure", "intensity", "gain", "loss", "net")),
        Column(words["profit_loss_index"], decimals=4),
        Column(words["profit_loss_harmony"], decimals=3),
        Column(words["class"], kind="text"),
    ]
    table = TableBlock(words["profit_loss_zones"], columns, rows, download="profit_loss_zones.csv")
    if result.zones == (ALL,):
        return [table]
    net = np.array(result.gain[-1] + result.loss[-1]).tolist()
    zones = [zone_word(zone, language) for zone in result.zones]
    title = f"{words['profit_loss_net']} {_years(result)[-1]}"
    bars = Bars(title, zones, [Series("", net)], unit, horizontal=True)
    return [bars, table]


def _maps(result: ProfitLossResult, outputs: ProfitLossOutputs, words: dict[str, str]) -> list[Block]:
    wanted = ((outputs.change, "profit_loss_change_map"), (outputs.index, "profit_loss_index_map"))
    return [
        Map(
            words[title],
            pictures(path, _years(result)),
            Ramp(palette="diverging"),
        )
        for path, title in wanted
        if path
    ]
