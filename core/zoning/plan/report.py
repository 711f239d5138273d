"""The report of a zoning plan: the plan, what an optimal plan would save, and a page per district."""

from __future__ import annotations

import math
from dataclasses import replace

from ...raster.zones.zoning import ALL
from ...report import (
    Bars,
    Block,
    Chapter,
    Column,
    Figure,
    Figures,
    MapPicture,
    MethodReport,
    Paragraph,
    Series,
    TableBlock,
)
from ...report.numbers import amount
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_texts
from ..legends import legend
from ..report_parts import Words, class_map, named, table_block, with_names
from .comparison import ComparisonOutputs, ComparisonResult
from .comparison_report import comparison_blocks
from .district_pictures import district_pictures
from .kernel import BOTH, CONSERVE, NONE, PLANS, RESTORE
from .result import PlanResult
from .run import PlanOutputs
from .tables import reasons_of_part, service_table

# More pages than anyone leafs through; the tables hold all districts.
MAX_DISTRICTS = 60


def plan_report(
    result: PlanResult,
    outputs: PlanOutputs,
    language: str,
    comparison: tuple[ComparisonResult, ComparisonOutputs] | None,
    folder: str,
) -> MethodReport:
    """What was planned.

    Args:
        result: of the plan.
        outputs: its maps; those that were written are shown.
        language: `en` or `zh`.
        comparison: with the ranking and the exact selection, and its map.
        folder: where the pictures of the districts go; they are read when the report is written.
    """
    words = load_texts(language)
    chapters = [Chapter(words["zoning_plan"], _overview(result, outputs, words, language))]
    if comparison:
        chapters.append(Chapter(words["zoning_comparison"], comparison_blocks(*comparison, words, language)))
    divided = result.districts != (ALL,)
    if divided:
        chapters += _districts(result, outputs, words, language, folder)
    area = float(result.area_ha.sum())
    facts = [(words["zoning_region"], amount(area, "ha", language))]
    if divided:
        facts.append((words["zoning_districts"], str(len(result.districts) - 1)))
    dropped = len(result.districts) - MAX_DISTRICTS
    warnings = [words["zoning_more_districts"].format(count=dropped)] if dropped > 0 else []
    sentences = _sentences(result, Teller(language))
    return MethodReport(chapters=chapters, facts=facts, warnings=warnings, sentences=sentences)


def _sentences(result: PlanResult, teller: Teller) -> list[Sentence]:
    """How much land the plan conserves, restores, or both; in which districts; and what it keeps of the services."""
    words, whole = teller.words, float(result.area_ha.sum())
    names = _plan_names(teller.language)
    sentences = []
    for code in (CONSERVE, RESTORE, BOTH):
        area = result.plan_ha(code)
        if area > 0:
            parts = {"area": teller.amount_of(area, "ha"), "share": teller.amount_of(area / whole * 100, "%")}
            sentences.append(teller.sentence("plan", "plan", name=within(names[code]), **parts))
    for code, key in ((CONSERVE, "conservation"), (RESTORE, "restoration")):
        by_district = zip(result.districts, result.area_ha[:, [code, BOTH]].sum(axis=(1, 2)).tolist())
        areas = {named(words, district): area for district, area in by_district if district != ALL}
        sentences += teller.made_of(areas, "district", f"made_of_{key}", "ha")
    kept = [
        (within(named(words, service.name)), float(of[:, [CONSERVE, BOTH]].sum()) / float(of.sum()) * 100)
        for service, of in zip(result.inputs.services, result.kept)
        if of.sum() > 0
    ]
    if kept:
        told = teller.valued((name, teller.amount_of(pct, "%")) for name, pct in kept)
        sentences.append(teller.sentence("kept", "kept", services=told))
    return sentences


def _plan_names(language: str) -> dict[int, str]:
    return {entry.code: entry.name for entry in legend("plan", language)}


def _overview(result: PlanResult, outputs: PlanOutputs, words: Words, language: str) -> list[Block]:
    whole = float(result.area_ha.sum())
    names = _plan_names(language)
    cards = [
        Figure(names[code], result.plan_ha(code), "ha", amount(result.plan_ha(code) / whole * 100, "%", language))
        for code in (CONSERVE, RESTORE, BOTH)
    ]
    blocks: list[Block] = [Figures(cards)]
    if result.plan_ha(BOTH):
        note = words["zoning_with_both"]
        with_both = [
            Figure(words[title], area, "ha", ", ".join((amount(area / whole * 100, "%", language), note)))
            for title, area in (
                ("zoning_conservation_area", result.plan_ha(CONSERVE, BOTH)),
                ("zoning_restoration_area", result.plan_ha(RESTORE, BOTH)),
            )
        ]
        blocks.append(Figures(with_both))
    if outputs.plan:
        picture = [MapPicture(outputs.plan)]
        blocks.append(class_map(words["zoning_plan_map"], picture, legend("plan", language)))
    if result.districts != (ALL,):
        shown = [d for d in range(len(result.districts)) if result.area_ha[d].any()]
        titles = [named(words, result.districts[d]) for d in shown]
        series = [
            Series(entry.name, [float(result.area_ha[d, entry.code].sum()) for d in shown], entry.colour)
            for entry in legend("plan", language)
        ]
        blocks.append(Bars(words["zoning_by_district"], titles, series, "ha", horizontal=True))
        blocks.append(_district_table(result, shown, words, language))
    else:
        blocks.append(_ecosystems(result, 0, words, language))
    if result.inputs.services:
        kept = service_table(result)
        region = replace(kept, rows=tuple(row for row in kept.rows if row[0] == ALL))
        blocks.append(
            table_block(
                words["zoning_services_in_plan"], with_names(region, "plan", names), words,
                note=words["zoning_ratio_note"], hidden=("zone",),
            )
        )  # fmt: skip
    return blocks


def _district_table(result: PlanResult, shown: list[int], words: Words, language: str) -> TableBlock:
    """A row per district: its area and what of it each plan takes."""
    plans = [entry for entry in legend("plan", language) if entry.code != NONE]
    columns = [Column(words["column_zone"], kind="text"), Column(words["area"], "ha")]
    columns += [Column(entry.name, unit) for entry in plans for unit in ("ha", "%")]
    rows = []
    for d in shown:
        whole = float(result.area_ha[d].sum())
        cells: list[str | float] = [named(words, result.districts[d]), whole]
        for entry in plans:
            area = float(result.area_ha[d, entry.code].sum())
            cells += [area, area / whole * 100]
        rows.append(cells)
    return TableBlock(words["zoning_districts"], columns, rows, download="districts.csv")


def _ecosystems(result: PlanResult, district: int, words: Words, language: str) -> TableBlock:
    """A row per ecosystem of a district: what of it each plan takes. One page of paper has room for it."""
    plans = legend("plan", language)
    columns = [Column(words["ecosystem"], kind="text"), *(Column(entry.name, "ha") for entry in plans)]
    columns += [Column(words["area"], "ha"), Column(words["zoning_planned"], "%", decimals=1)]
    rows: list[tuple[str | float, ...]] = []
    by_ecosystem = result.area_ha[district].T
    for name, areas in (*zip(result.ecosystems, by_ecosystem), (ALL, by_ecosystem.sum(axis=0))):
        whole = float(areas.sum())
        if whole > 0 and (name != ALL or len(result.ecosystems) > 2):
            taken = whole - float(areas[NONE])
            rows.append((named(words, name), *areas.tolist(), whole, taken / whole * 100))
    return TableBlock(words["zoning_by_ecosystem"], columns, rows)


def _districts(result: PlanResult, outputs: PlanOutputs, words: Words, language: str, folder: str) -> list[Chapter]:
    pictures = district_pictures(outputs.plan, outputs.districts, folder) if outputs.plan and outputs.districts else {}
    chapters = []
    for d, name in enumerate(result.districts[:MAX_DISTRICTS]):
        if result.area_ha[d].any():
            chapters.append(Chapter(named(words, name), _page(result, d, pictures.get(d), words, language)))
    return chapters


def _page(result: PlanResult, d: int, picture: str | None, words: Words, language: str) -> list[Block]:
    names = _plan_names(language)
    whole = math.fsum(result.area_ha[d].ravel())
    areas = {code: float(result.area_ha[d, code].sum()) for code in range(PLANS)}
    of_whole = words["zoning_of_hectares"].format(area=amount(whole, "ha", language))
    cards = [
        Figure(name, areas[code], "ha", f"{amount(areas[code] / whole * 100, '%', language)} {of_whole}")
        for code, name in ((CONSERVE, names[CONSERVE]), (RESTORE, names[RESTORE]), (BOTH, words["zoning_both"]))
    ]
    blocks: list[Block] = [Figures(cards)]
    if picture:
        title = f"{words['zoning_plan_map']}{words['colon']}{named(words, result.districts[d])}"
        blocks.append(class_map(title, [MapPicture(picture)], legend("plan", language)))
    reasons = reasons_of_part(result.reasons_ha[d, [RESTORE, BOTH]].sum(axis=0), language)
    if reasons:
        told = "; ".join(f"{reason} {amount(area, 'ha', language)}" for reason, area in reasons)
        blocks.append(Paragraph(f"{words['zoning_why_restore']}{words['colon']}{told}."))
    blocks.append(_ecosystems(result, d, words, language))
    if result.inputs.services:
        blocks.append(_services(result, d, words, names))
    return blocks


def _services(result: PlanResult, d: int, words: Words, names: dict[int, str]) -> TableBlock:
    """A row per service: what the district holds of the region's total, and what each plan keeps there."""
    plans = [code for code in (CONSERVE, RESTORE, BOTH) if result.area_ha[d, code].any()]
    columns = [Column(words["service"], kind="text"), Column(named(words, result.districts[d]), "%", decimals=2)]
    columns += [Column(names[code], "%", decimals=2) for code in plans]
    rows: list[tuple[str | float, ...]] = []
    for service, kept in zip(result.inputs.services, result.kept):
        total = float(kept.sum())
        if total > 0:
            shares = kept[d] / total * 100
            rows.append((named(words, service.name), float(shares.sum()), *(float(shares[code]) for code in plans)))
    return TableBlock(words["zoning_of_region"], columns, rows)
