"""Tables of a zoning plan: by district, plan and ecosystem; what is kept of each service; fields of the polygons."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...raster.zones.zoning import ALL
from ...results import Cell, Column, ResultTable, numbers
from ..legends import legend
from ..reasons import FILLED, REASONS, masks_with
from .kernel import NONE, PLANS

if TYPE_CHECKING:
    from .result import PlanResult

PLAN_COLUMNS = (
    Column("zone", "text"), Column("plan", "integer"), Column("ecosystem", "text"), Column("area_ha", unit="ha"),
    Column("share_pct", unit="%"),
)  # fmt: skip
SERVICE_COLUMNS = (
    Column("zone", "text"), Column("plan", "integer"), Column("service", "text"), Column("kept"),
    *numbers("kept_pct", "area_pct", unit="%"), Column("ratio"),
)  # fmt: skip


def plan_table(result: PlanResult) -> ResultTable:
    """A row per district (and `all`), plan code and ecosystem that occurs; `share_pct` is of the district's area."""
    rows: list[tuple[Cell, ...]] = []
    districts = zip(result.districts, result.area_ha) if result.districts != (ALL,) else ()
    for district, areas in ((ALL, result.area_ha.sum(axis=0)), *districts):
        whole = math.fsum(areas.ravel())
        for plan in range(PLANS):
            for ecosystem, area in zip(result.ecosystems, areas[plan]):
                if area > 0:
                    rows.append((district, plan, ecosystem, float(area), float(area / whole * 100)))
    return ResultTable(PLAN_COLUMNS, tuple(rows))


def service_table(result: PlanResult) -> ResultTable:
    """Per district, plan code and service its amount, the percent of the region's total, and the ratio to the area.

    Rows of the district `all` hold the whole region.
    """
    rows: list[tuple[Cell, ...]] = []
    area, kept = result.area_ha.sum(axis=2), result.kept
    region = math.fsum(area.ravel())
    groups = [(name, area[d], kept[:, d]) for d, name in enumerate(result.districts) if name != ALL]
    groups.append((ALL, area.sum(axis=0), kept.sum(axis=1)))
    for name, of_plans, of_services in groups:
        for plan in np.flatnonzero(of_plans > 0):
            area_pct = float(of_plans[plan] / region * 100)
            for service, held, total in zip(result.inputs.services, of_services[:, plan], kept.sum(axis=(1, 2))):
                pct = float(held / total * 100) if total > 0 else None
                ratio = pct / area_pct if pct is not None else None
                rows.append((name, int(plan), service.name, float(held), pct, area_pct, ratio))
    return ResultTable(SERVICE_COLUMNS, tuple(rows))


def polygon_fields(result: PlanResult) -> dict[int, dict[str, Cell]]:
    """Attributes of each part (district * 4 + plan + 1) that occurs and is planned for."""
    names = {entry.code: entry.name for entry in legend("plan")}
    totals = result.kept.sum(axis=(1, 2))
    parts: dict[int, dict[str, Cell]] = {}
    for d, district in enumerate(result.districts):
        whole = math.fsum(result.area_ha[d].ravel())
        for plan in range(NONE + 1, PLANS):
            area = math.fsum(result.area_ha[d, plan])
            if area <= 0:
                continue
            shares = [
                (name, a / area * 100) for name, a in zip(result.ecosystems, result.area_ha[d, plan].tolist()) if a > 0
            ]
            fields: dict[str, Cell] = {
                "zone": district,
                "plan": plan,
                "plan_name": names[plan],
                "area_ha": area,
                "share_pct": area / whole * 100,
                "ecosystems": _listed(shares, "%"),
                "reasons": _listed(reasons_of_part(result.reasons_ha[d, plan]), "ha"),
            }
            for s, service in enumerate(result.inputs.services):
                held = float(result.kept[s, d, plan])
                fields[f"kept_{service.name}_pct"] = held / float(totals[s]) * 100 if totals[s] > 0 else 0.0
            parts[d * PLANS + plan + 1] = fields
    return parts


def reasons_of_part(by_mask: np.ndarray, language: str = "en") -> list[tuple[str, float]]:
    """Reasons that occur and their area (ha) in an area by reason mask; they overlap."""
    names = {entry.code: entry.name for entry in legend("reason", language)}
    found = [(names[bit], math.fsum(by_mask[masks_with(bit)])) for bit in (*REASONS.values(), FILLED)]
    return [(name, area) for name, area in found if area > 0]


def _listed(items: list[tuple[str, float]], unit: str) -> str:
    """Largest first: `forest 54.8 %; shrub 34.4 %`."""
    ordered = sorted(items, key=lambda item: -item[1])
    return "; ".join(f"{name} {value:,.1f} {unit}" for name, value in ordered)
