"""What the report of a plan says of its comparison with a ranking and an exact selection."""

from __future__ import annotations

import math

from ...report import Bars, Block, Figure, Figures, MapPicture, Paragraph, Series
from ..legends import legend
from ..ranking.report import curves
from ..report_parts import Words, class_map, named, table_block
from .comparison import IN_PLAN, IN_RANKING, IN_SELECTION, ComparisonOutputs, ComparisonResult, comparison_table

# The class of the map in which each of them is alone.
_ALONE = {"plan": IN_PLAN, "ranking": IN_RANKING, "selection": IN_SELECTION}


def comparison_blocks(result: ComparisonResult, outputs: ComparisonOutputs, words: Words, language: str) -> list[Block]:
    """Land that each needs to keep as much, what it keeps, where they differ, and the curves of the ranking."""
    of_plan = result.plans[0]
    methods = [words[f"zoning_{found.method}"] for found in result.plans]
    cards = []
    for found, title in zip(result.plans, methods):
        saved = (1 - found.area_ha / of_plan.area_ha) * 100 if of_plan.area_ha else 0.0
        told = words["zoning_saved" if saved >= 0 else "zoning_more"].format(share=f"{abs(saved):.1f}")
        note = "" if found is of_plan else told
        cards.append(Figure(title, found.area_ha, "ha", note))
    services = [named(words, service.name) for service in result.inputs.services]
    colours = {entry.code: entry.colour for entry in legend("comparison")}
    series = [
        Series(
            title,
            [kept / total * 100 if total > 0 else None for kept, total in zip(found.kept, result.totals)],
            colours[_ALONE[found.method]],
        )
        for found, title in zip(result.plans, methods)
    ]
    area = [Series(words["area"], [found.area_ha for found in result.plans])]
    note = words["zoning_unit_note"].format(edge=result.unit_pixels)
    if len(result.plans) > 2 and math.isfinite(result.gap):
        note += " " + words["zoning_gap_found"].format(gap=f"{result.gap * 100:.3f}")
    blocks: list[Block] = [
        Paragraph(words["zoning_comparison_text"]),
        Figures(cards),
        Bars(words["zoning_area_needed"], methods, area, "ha", horizontal=True, note=note),
        Bars(words["zoning_services_kept"], services, series, "%", stacked=False),
    ]
    if outputs.difference:
        picture = [MapPicture(outputs.difference)]
        blocks.append(
            class_map(
                words["zoning_difference"], picture, legend("comparison", language), words["zoning_difference_note"]
            )
        )
    blocks.append(curves(result.curves, words))
    put = {"method": lambda word: words[f"zoning_{word}"]}
    title = words["zoning_comparison"]
    blocks.append(table_block(title, comparison_table(result), words, put, "comparison.csv"))
    return blocks
