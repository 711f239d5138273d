"""The report of restoration zones: how much, why, in which ecosystems, how urgent, and where."""

from __future__ import annotations

from ...report import Bars, Block, Chapter, Figure, Figures, MapPicture, MethodReport, Series
from ...report.common import left_out_areas
from ...report.numbers import amount
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_texts
from ..layers import ALL
from ..legends import combination_legend, legend
from ..reasons import HIGH, REASONS, masks_with
from ..report_parts import Words, class_map, named, reason_names, table_block, with_names
from .tables import cleanup_table, combination_table, priority_table, reason_table
from .zones import USED_LAND, RestorationOutputs, RestorationResult


def restoration_report(result: RestorationResult, outputs: RestorationOutputs, language: str) -> MethodReport:
    """What was found; language `en` or `zh`. Maps are shown where they were written."""
    words = load_texts(language)
    return MethodReport(
        chapters=[
            Chapter(words["zoning_restoration"], _overview(result, words, language)),
            Chapter(words["zoning_maps"], _maps(result, outputs, words, language)),
            Chapter(words["zoning_reasons"], _reasons(result, words, language)),
            Chapter(words["zoning_cleanup"], _cleanup(result, words, language)),
        ],
        facts=[(words["zoning_study_area"], amount(result.study_area_ha, "ha", language))],
        left_out=left_out_areas(
            None, [(words["zoning_unjudged"], result.unjudged_ha)], result.study_area_ha - result.unjudged_ha
        ),
        sentences=_sentences(result, Teller(language)),
    )


def _sentences(result: RestorationResult, teller: Teller) -> list[Sentence]:
    """How much land is to be restored, why, in which ecosystems, and how much of it is urgent."""
    words, names = teller.words, reason_names(teller.words, teller.language)
    area, share = teller.amount_of(result.area_ha, "ha"), teller.amount_of(result.share_pct, "%")
    sentences = [teller.sentence("restoration", "restoration", area=area, share=share)]
    of_reasons = [(within(names[reason]), result.area_with(bit)) for reason, bit in REASONS.items()]
    ranked = sorted(((name, ha) for name, ha in of_reasons if ha > 0), key=lambda item: -item[1])
    if ranked:
        told = teller.valued((name, teller.amount_of(ha, "ha")) for name, ha in ranked)
        sentences.append(teller.sentence("reasons", "reasons", reasons=told))
    by_ecosystem = {
        within(named(words, name)): float(result.after[1:, e].sum())
        for e, name in enumerate(result.ecosystems)
        if name != ALL
    }
    sentences += teller.made_of(by_ecosystem, unit="ha")
    high = float(result.priority_ha[HIGH])
    if high > 0:
        sentences.append(teller.sentence("urgent", "urgent", area=teller.amount_of(high, "ha")))
    return sentences


def _overview(result: RestorationResult, words: Words, language: str) -> list[Block]:
    high = float(result.priority_ha[HIGH])
    names = reason_names(words, language)
    colours = {entry.code: entry.colour for entry in legend("reason", language)}
    present = [(reason, bit) for reason, bit in REASONS.items() if result.area_with(bit) > 0]
    series = [
        Series(named(words, ecosystem), [float(result.after[masks_with(bit), e].sum()) for _, bit in present])
        for e, ecosystem in enumerate(result.ecosystems)
        if ecosystem != ALL and result.after[1:, e].any()
    ] or [Series(words["area"], [result.area_with(bit) for _, bit in present], colours[1])]
    blocks: list[Block] = [
        Figures(
            [
                Figure(words["zoning_restoration_area"], result.area_ha, "ha"),
                Figure(words["share"], result.share_pct, "%"),
                Figure(words["zoning_overlap"], result.overlap_ha, "ha", words["zoning_overlap_note"]),
                Figure(legend("priority", language)[HIGH].name, high, "ha"),
            ]
        )
    ]
    used = [
        Figure(f"{words['zoning_restoration_area']}{words['colon']}{named(words, name)}", result.area_of(name), "ha")
        for name in USED_LAND
        if result.area_of(name) > 0
    ]
    if used:
        blocks.append(Figures(used))
    if present:
        titles = [names[reason] for reason, _ in present]
        note = words["zoning_overlapping"]
        blocks.append(Bars(words["zoning_area_by_reason"], titles, series, "ha", horizontal=True, note=note))
    return blocks


def _maps(result: RestorationResult, outputs: RestorationOutputs, words: Words, language: str) -> list[Block]:
    blocks: list[Block] = []
    if outputs.reasons:
        classes = combination_legend(language, result.masks)
        blocks.append(class_map(words["zoning_reasons"], [MapPicture(outputs.reasons)], classes))
    if outputs.priority:
        classes = legend("priority", language)
        blocks.append(class_map(words["zoning_priority"], [MapPicture(outputs.priority)], classes))
    return blocks


def _reasons(result: RestorationResult, words: Words, language: str) -> list[Block]:
    names = reason_names(words, language)
    classes = [entry.name for entry in legend("priority", language)]

    def combined(reasons: str) -> str:
        return " + ".join(names[reason] for reason in reasons.split(" + "))

    put = {"reason": names.__getitem__, "ecosystem": lambda word: named(words, word)}
    priorities = with_names(priority_table(result), "priority", dict(enumerate(classes)))
    return [
        table_block(words["zoning_area_by_reason"], reason_table(result), words, put, "reasons.csv"),
        table_block(
            words["zoning_combinations"], combination_table(result), words, {"reasons": combined},
            "combinations.csv", words["zoning_exclusive"], hidden=("mask",),
        ),
        table_block(words["zoning_priority"], priorities, words),
    ]  # fmt: skip


def _cleanup(result: RestorationResult, words: Words, language: str) -> list[Block]:
    names = reason_names(words, language)
    note = words["zoning_no_cleanup"]
    if result.minimum_pixels > 1:
        note = words["zoning_cleanup_note"].format(area=f"{result.inputs.minimum_area_ha:g}")
    return [
        table_block(
            words["zoning_parts"], cleanup_table(result), words, {"reason": names.__getitem__}, "cleanup.csv", note
        )
    ]
