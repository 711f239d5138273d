"""Tables of restoration zones: reasons, their exclusive combinations, overlap, priority, and the patch clean-up."""

from __future__ import annotations

import math

import numpy as np

from ...results import Cell, Column, ResultTable, numbers, texts
from ..layers import ALL
from ..reasons import EVERYTHING, FILLED, PARTS, REASONS, UNION, masks_with, reasons_of
from .zones import AFTER, BEFORE, RestorationResult

REASON_COLUMNS = (
    *texts("reason", "ecosystem"),
    Column("area_ha", unit="ha"),
    *numbers("share_pct", "of_reason_pct", unit="%"),
)
COMBINATION_COLUMNS = (
    Column("mask", "integer"), Column("reasons", "text"), Column("area_ha", unit="ha"), Column("share_pct", unit="%"),
)  # fmt: skip
CLEANUP_COLUMNS = (
    Column("reason", "text"),
    *numbers("before_ha", "after_ha", "change_ha", unit="ha"),
    *numbers("before_pct", "after_pct", unit="%"),
)
PRIORITY_COLUMNS = (Column("priority", "integer"), Column("area_ha", unit="ha"), Column("share_pct", unit="%"))


def _groups() -> dict[str, int]:
    """Every reason, the degraded ones together, what the clean-up filled, and the union."""
    return {**REASONS, "degraded": PARTS["degraded"], "filled": FILLED, UNION: EVERYTHING}


def reason_table(result: RestorationResult) -> ResultTable:
    """A row per reason and ecosystem, and one for `all`. Reasons overlap; only `union` counts each pixel once.

    `share_pct` is of the study area, `of_reason_pct` of the reason's area.
    """
    whole = result.study_area_ha
    rows: list[tuple[Cell, ...]] = []
    for reason, bits in _groups().items():
        areas = result.after[masks_with(bits)].sum(axis=0)
        total = math.fsum(areas)
        by_name = [(name, float(a)) for name, a in zip(result.ecosystems, areas) if a > 0 and name != ALL]
        if total > 0 or reason == UNION:
            for name, area in (*by_name, (ALL, total)):
                rows.append((reason, name, area, area / whole * 100, area / total * 100 if total else None))
    return ResultTable(REASON_COLUMNS, tuple(rows))


def combination_table(result: RestorationResult) -> ResultTable:
    """A row per combination of reasons that occurs, largest first: exclusive, so the rows add up to the union."""
    areas = result.after.sum(axis=1)
    return ResultTable(
        COMBINATION_COLUMNS,
        tuple(
            (mask, " + ".join(reasons_of(mask)), float(areas[mask]), float(areas[mask]) / result.study_area_ha * 100)
            for mask in result.masks
        ),
    )


def cleanup_table(result: RestorationResult) -> ResultTable:
    """Areas before and after the patch clean-up, and what the three parts, their sum, overlap and union are."""
    rows = []
    stages = {stage: _parts(result, stage) for stage in (BEFORE, AFTER)}
    for name in stages[BEFORE]:
        before, after = stages[BEFORE][name], stages[AFTER][name]
        whole = result.study_area_ha
        rows.append((name, before, after, after - before, before / whole * 100, after / whole * 100))
    return ResultTable(CLEANUP_COLUMNS, tuple(rows))


def _parts(result: RestorationResult, stage: str) -> dict[str, float]:
    """``sum of the parts - overlap + filled = union``."""
    parts = {name: result.area_with(bits, stage) for name, bits in PARTS.items()}
    union, filled = result.area_with(stage=stage), result.area_with(FILLED, stage)
    total = math.fsum(parts.values())
    # Every pixel counts as often as it has parts beyond the first; a difference of sums would leave a rounding error.
    table = result.after if stage == AFTER else result.before
    often = sum(masks_with(bits).astype(int) for bits in PARTS.values())
    overlap = math.fsum((table.sum(axis=1) * np.maximum(often - 1, 0)).tolist())
    return {**parts, "sum": total, "overlap": overlap, "filled": filled, UNION: union}


def priority_table(result: RestorationResult) -> ResultTable:
    """Area of each priority class: 3 high, 2 medium, 1 low, 0 not suggested."""
    return ResultTable(
        PRIORITY_COLUMNS,
        tuple((c, float(a), float(a) / result.study_area_ha * 100) for c, a in enumerate(result.priority_ha)),
    )
