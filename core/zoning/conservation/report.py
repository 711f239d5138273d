"""The report of conservation zones: what is kept on how much land, importance by service, ecosystems, maps."""

from __future__ import annotations

from ...report import Bars, Block, Chapter, Figure, Figures, MapPicture, MethodReport, Series
from ...report.common import pictures
from ...report.numbers import amount
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_texts
from ..layers import ALL
from ..legends import legend
from ..report_parts import Words, class_map, named, table_block
from .tables import cleanup_table, ecosystem_table, efficiency_table, importance_table
from .zones import ConservationOutputs, ConservationResult, importance_legend


def conservation_report(result: ConservationResult, outputs: ConservationOutputs, language: str) -> MethodReport:
    """What was found; language `en` or `zh`. Maps are shown where they were written."""
    words = load_texts(language)
    return MethodReport(
        chapters=[
            Chapter(words["zoning_conservation"], _overview(result, words)),
            Chapter(words["zoning_maps"], _maps(result, outputs, words, language)),
            Chapter(words["zoning_importance"], _importance(result, words, language)),
            Chapter(words["zoning_cleanup"], _cleanup(result, words)),
        ],
        facts=[(words["zoning_region"], amount(sum(result.region_ha), "ha", language))],
        sentences=_sentences(result, Teller(language)),
    )


def _sentences(result: ConservationResult, teller: Teller) -> list[Sentence]:
    """How much land is to be conserved, what of each service it keeps, and which ecosystems it is made of."""
    words = teller.words
    area, share = teller.amount_of(result.area_ha, "ha"), teller.amount_of(result.share_pct, "%")
    kept = [(within(named(words, s.name)), k.share_pct()) for s, k in zip(result.inputs.services, result.kept)]
    told = teller.valued((name, teller.amount_of(pct, "%")) for name, pct in sorted(kept, key=lambda item: -item[1]))
    by_ecosystem = {
        within(named(words, name)): float(ha) for name, ha in zip(result.ecosystems, result.after) if name != ALL
    }
    return [
        teller.sentence("conservation", "to_conserve", area=area, share=share),
        teller.sentence("kept", "kept", services=told),
        *teller.made_of(by_ecosystem, unit="ha"),
    ]


def _overview(result: ConservationResult, words: Words) -> list[Block]:
    services = [named(words, service.name) for service in result.inputs.services]
    kept = [of_service.share_pct() for of_service in result.kept]
    cards = [
        Figure(words["zoning_conservation_area"], result.area_ha, "ha"),
        Figure(words["share"], result.share_pct, "%"),
        *(Figure(f"{words['zoning_kept']}{words['colon']}{name}", pct, "%") for name, pct in zip(services, kept)),
    ]
    series = [
        Series(words["zoning_kept"], kept, legend("conservation")[1].colour),
        Series(words["zoning_of_area"], [result.share_pct] * len(services), "#9e9e9e"),
    ]
    put = {"ecosystem": lambda word: named(words, word)}
    blocks: list[Block] = [
        Figures(cards),
        Bars(words["zoning_efficiency"], services, series, "%", stacked=False),
        table_block(
            words["zoning_efficiency"], efficiency_table(result), words, download="efficiency.csv",
            note=words["zoning_ratio_note"],
        ),
    ]  # fmt: skip
    if result.ecosystems != (ALL,):
        blocks.append(
            table_block(words["zoning_by_ecosystem"], ecosystem_table(result), words, put, "conservation.csv")
        )
    return blocks


def _maps(result: ConservationResult, outputs: ConservationOutputs, words: Words, language: str) -> list[Block]:
    blocks: list[Block] = []
    if outputs.zones:
        classes = legend("conservation", language)
        blocks.append(class_map(words["zoning_conservation"], [MapPicture(outputs.zones)], classes))
    if outputs.importance:
        names = [named(words, service.name) for service in result.inputs.services]
        if result.inputs.composite != "count":
            names.append(words["zoning_composite"])
        classes = importance_legend(len(result.inputs.breaks), language)
        blocks.append(class_map(words["zoning_importance"], pictures(outputs.importance, names), classes))
    return blocks


def _importance(result: ConservationResult, words: Words, language: str) -> list[Block]:
    services = [named(words, service.name) for service in result.inputs.services]
    classes = importance_legend(len(result.inputs.breaks), language)
    areas = [
        Series(f"{entry.code} {entry.name}", [float(of_class[entry.code - 1]) for of_class in result.class_area_ha],
               entry.colour)
        for entry in classes
    ]  # fmt: skip
    return [
        Bars(words["zoning_area_by_importance"], services, areas, "ha", horizontal=True),
        table_block(
            words["zoning_importance"], importance_table(result, language), words, download="importance.csv",
            note=words["zoning_threshold_note"],
        ),
    ]  # fmt: skip


def _cleanup(result: ConservationResult, words: Words) -> list[Block]:
    if result.inputs.minimum_area_ha <= 0:
        return []
    note = words["zoning_cleanup_note"].format(area=f"{result.inputs.minimum_area_ha:g}")
    first = f"{words['zoning_kept']}{words['colon']}"

    def figure(word: str) -> str:
        return first + word[len("kept ") :] if word.startswith("kept ") else words[word]

    return [table_block(words["zoning_cleanup"], cleanup_table(result), words, {"figure": figure}, note=note)]
