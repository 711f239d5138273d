"""Tables of conservation zones: ecosystems, what is kept of each service, importance, and the patch clean-up."""

from __future__ import annotations

import math

from ...results import Cell, Column, ResultTable, numbers
from ..layers import ALL
from .kernel import AFTER, BEFORE
from .zones import ConservationResult, importance_legend

ECOSYSTEM_COLUMNS = (
    Column("ecosystem", "text"),
    Column("area_ha", unit="ha"),
    *numbers("share_pct", "of_ecosystem_pct", unit="%"),
)
EFFICIENCY_COLUMNS = (
    Column("service", "text"), Column("kept"), *numbers("kept_pct", "area_pct", unit="%"), *numbers("ratio", "total"),
)  # fmt: skip
IMPORTANCE_COLUMNS = (
    Column("service", "text"), Column("class", "integer"), Column("name", "text"), Column("area_ha", unit="ha"),
    Column("area_pct", unit="%"), Column("amount"), Column("amount_pct", unit="%"), Column("threshold"),
)  # fmt: skip
CLEANUP_COLUMNS = (Column("figure", "text"), Column("before"), Column("after"), Column("unit", "text"))


def ecosystem_table(result: ConservationResult) -> ResultTable:
    """Conserved area by ecosystem and for `all`: share of the zones, and share of the ecosystem's own area."""
    total, rows = result.area_ha, list[tuple[Cell, ...]]()
    for name, area, whole in zip(result.ecosystems, result.after, result.region_ha):
        if whole > 0 and name != ALL:
            rows.append((name, float(area), area / total * 100 if total else None, float(area / whole * 100)))
    rows.append((ALL, total, 100.0 if total else None, result.share_pct))
    return ResultTable(ECOSYSTEM_COLUMNS, tuple(rows))


def efficiency_table(result: ConservationResult, stage: str = AFTER) -> ResultTable:
    """How much of each service the zones keep, against the share of the region that they take.

    Amounts above zero count, over the whole region with its non-natural ecosystems; depths are in cubic metres.
    A ratio above 1 says that the zones hold more of the service than their area alone would.
    """
    area_pct = result.share_at(stage)
    rows = []
    for service, kept in zip(result.inputs.services, result.kept):
        held_pct = kept.share_pct(stage)
        ratio = held_pct / area_pct if area_pct > 0 else None
        held = kept.after if stage == AFTER else kept.before
        rows.append((service.name, held, held_pct, area_pct, ratio, kept.total))
    return ResultTable(EFFICIENCY_COLUMNS, tuple(rows))


def importance_table(result: ConservationResult, language: str = "en") -> ResultTable:
    """Per service and class: its area, the amount in it, and the pixel amount from which a pixel belongs to it."""
    rows: list[tuple[Cell, ...]] = []
    names = [entry.name for entry in importance_legend(len(result.inputs.breaks), language)]
    for number, service in enumerate(result.inputs.services):
        areas, amounts = result.class_area_ha[number], result.class_amount[number]
        area_total, total = math.fsum(areas), math.fsum(amounts)
        limits = [*result.thresholds[number], None]
        for position, name in enumerate(names):
            limit, area, amount = limits[position], float(areas[position]), float(amounts[position])
            rows.append(
                (
                    service.name,
                    position + 1,
                    name,
                    area,
                    area / area_total * 100 if area_total else None,
                    amount,
                    amount / total * 100,
                    limit if limit is not None and math.isfinite(limit) else None,
                )
            )
    return ResultTable(IMPORTANCE_COLUMNS, tuple(rows))


def cleanup_table(result: ConservationResult) -> ResultTable:
    """Area and shares kept before and after the patch clean-up."""
    rows: list[tuple[Cell, ...]] = [
        ("area", result.area_at(BEFORE), result.area_at(AFTER), "ha"),
        ("share", result.share_at(BEFORE), result.share_at(AFTER), "%"),
    ]
    for service, kept in zip(result.inputs.services, result.kept):
        rows.append((f"kept {service.name}", kept.share_pct(BEFORE), kept.share_pct(AFTER), "%"))
    return ResultTable(CLEANUP_COLUMNS, tuple(rows))
