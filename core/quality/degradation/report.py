"""The report of a degradation: areas by layer and ecosystem, severity, maps."""

from __future__ import annotations

from ...report import (
    Bars,
    Block,
    Chapter,
    Classes,
    Column,
    Figure,
    Figures,
    LeftOutArea,
    Map,
    MethodReport,
    Series,
    TableBlock,
)
from ...report.common import left_out_areas, pictures
from ...report.names import told
from ...report.numbers import amount
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_texts
from ...tables import provenance
from ..ecosystem.reference_report import reference_tables
from ..legends import legend
from .kernel import severity_names
from .run import NO_LAND_COVER, DegradationOutputs, DegradationResult
from .tables import degradation_table, severity_table

ROUNDING = 1e-9  # sums of the same pixels in another order


def degradation_report(result: DegradationResult, outputs: DegradationOutputs, language: str) -> MethodReport:
    """What a comparison of two dates found; language `en` or `zh`. Maps are shown where they were written."""
    words = load_texts(language)
    classes = "degradation_classes" if result.inputs.kind == "standard" else "change_classes"
    return MethodReport(
        chapters=[
            Chapter(words["degradation_areas"], _areas(result, words, language)),
            Chapter(words["quality_maps"], _maps(result, outputs, words, language)),
            Chapter(words["eqi_references"], reference_tables(result.references.values(), words)),
            Chapter(words["degradation_severity"], _severity(result, outputs, words, language)),
        ],
        subtitle=", ".join(layer.name for layer in result.inputs.layers),
        facts=[(words["quality_area"], amount(result.base_ha(0), "ha", language))],
        sources=[provenance(classes)],
        left_out=_left_out(result, words),
        sentences=_sentences(result, Teller(language)),
    )


def _sentences(result: DegradationResult, teller: Teller) -> list[Sentence]:
    """How much land is degraded and improved, by layer, and in which ecosystems most of the degraded land lies."""
    words = teller.words
    sentences = []
    for number, layer in enumerate(result.layers):
        worse, _, better = result.area_ha[number].sum(axis=0).tolist()
        base = result.base_ha(number)
        parts = {"worse": teller.amount_of(worse, "ha"), "better": teller.amount_of(better, "ha")}
        share = teller.amount_of(worse / base * 100 if base else None, "%")
        text = teller.say("degraded", layer=told(words, layer), share=share, **parts)
        sentences.append((words["about_degraded"], teller.capital(text)))
    by_ecosystem = {within(_ecosystem(words, e)): float(a) for e, a in zip(result.ecosystems, result.area_ha[0][:, 0])}
    return [*sentences, *teller.made_of(by_ecosystem, "ecosystems", "made_of_degraded")]


def _left_out(result: DegradationResult, words: dict[str, str]) -> list[LeftOutArea]:
    """Land on which a layer could not be compared, as a share of all land."""
    if result.inputs.kind == "standard":  # judges one ecosystem, so that the others are not left out
        return []
    left_out = []
    for number, layer in enumerate(result.layers):
        base, compared = result.base_ha(number), float(result.area_ha[number].sum())
        if base - compared > ROUNDING * base:
            missing = (words["degradation_not_compared"], base - compared)
            left_out += left_out_areas(told(words, layer), [missing], compared)
    return left_out


def _areas(result: DegradationResult, words: dict[str, str], language: str) -> list[Block]:
    items = legend("degradation", language)
    names = {item.code: item.name for item in items}
    by_layer = result.area_ha.sum(axis=1)
    layers = [told(words, layer) for layer in result.layers]
    series = [Series(item.name, by_layer[:, item.code + 1].tolist(), item.colour) for item in items]
    cards = [Figure(f"{item.name}: {layers[0]}", float(by_layer[0, item.code + 1]), "ha") for item in items]
    rows = [
        (told(words, str(row[0])), _ecosystem(words, str(row[1])), names[int(row[5] or 0)], row[3], row[4])
        for row in degradation_table(result).rows
    ]
    columns = [
        Column(words["quality_layer"], kind="text"),
        Column(words["ecosystem"], kind="text"),
        Column(words["quality_class"], kind="text"),
        Column(words["area"], "ha"),
        Column(words["quality_share"], "%", decimals=2),
    ]
    return [
        Figures(cards),
        Bars(words["degradation_by_layer"], layers, series, "ha"),
        TableBlock(words["degradation_areas"], columns, rows, download="degradation.csv"),
    ]


def _ecosystem(words: dict[str, str], name: str) -> str:
    return words["zoning_unknown"] if name == NO_LAND_COVER else told(words, name)


def _maps(result: DegradationResult, outputs: DegradationOutputs, words: dict[str, str], language: str) -> list[Block]:
    if not outputs.classes:
        return []
    layers = [told(words, layer) for layer in result.layers]
    return [Map(words["degradation_map"], pictures(outputs.classes, layers), Classes(legend("degradation", language)))]


def _severity(
    result: DegradationResult, outputs: DegradationOutputs, words: dict[str, str], language: str
) -> list[Block]:
    rows = severity_table(result).rows
    if not rows:
        return []
    columns = [
        Column(words["quality_layer"], kind="text"),
        Column(words["quality_class"], kind="text"),
        Column(words["area"], "ha"),
        Column(words["quality_share"], "%", decimals=2),
    ]
    items = legend("severity", language)
    names = {name: item.name for name, item in zip(severity_names(), items)}
    named = [(told(words, str(layer)), names[str(name)], *numbers) for layer, name, *numbers in rows]
    blocks: list[Block] = [TableBlock(words["degradation_severity"], columns, named)]
    if outputs.severity:
        layers = [layer.name for layer in result.inputs.layers]
        blocks.append(Map(words["degradation_severity"], pictures(outputs.severity, layers), Classes(items)))
    return blocks
