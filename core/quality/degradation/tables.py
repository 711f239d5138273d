"""Tables of a degradation: areas by layer, ecosystem and class, severity, and land that could not be compared."""

from __future__ import annotations

import numpy as np

from ...results import Cell, Column, ResultTable, texts
from ..legends import legend
from .kernel import WETLAND, severity_names, severity_of
from .run import ALL, DegradationResult

DEGRADATION_COLUMNS = (
    *texts("layer", "ecosystem", "class"), Column("area_ha", unit="ha"), Column("share_pct", unit="%"),
    Column("code", "integer"),
)  # fmt: skip
SEVERITY_COLUMNS = (*texts("layer", "class"), Column("area_ha", unit="ha"), Column("share_pct", unit="%"))


def degradation_table(result: DegradationResult) -> ResultTable:
    """Area of each class by layer and ecosystem, and its share of the ecosystem's land.

    With land cover, every ecosystem that occurs has its rows, after those of `all`; shares are of all its land, so that
    they add up to less than 100 where some of it could not be compared. Without land cover they are of what could.
    """
    rows: list[tuple[Cell, ...]] = []
    for number, (layer, by_ecosystem) in enumerate(zip(result.layers, result.area_ha)):
        stacked = [(ALL, by_ecosystem.sum(axis=0), result.base_ha(number))]
        if result.ecosystems != (ALL,):
            stacked += [
                (name, areas, result.base_ha(number, e))
                for e, (name, areas) in enumerate(zip(result.ecosystems, by_ecosystem))
                if areas.any()
            ]
        for ecosystem, areas, base in stacked:
            for item in legend("degradation"):
                area = float(areas[item.code + 1])
                rows.append((layer, ecosystem, item.name, area, area / base * 100 if base else None, item.code))
    return ResultTable(DEGRADATION_COLUMNS, tuple(rows))


def severity_table(result: DegradationResult) -> ResultTable:
    """Area of each severity of HJ 1174 by layer; wetland has one severity, by the share of its area that was lost."""
    rows: list[tuple[Cell, ...]] = []
    names = severity_names()
    for layer, areas in result.severity_ha.items():
        total = float(areas.sum())
        rows += [(layer, name, float(a), float(a) / total * 100 if total else None) for name, a in zip(names, areas)]
    if result.wetland_ha is not None and result.wetland_ha[0] > 0:
        before, after = result.wetland_ha
        lost = (before - after) / before * 100
        rows.append((WETLAND, names[int(severity_of(np.array(lost), WETLAND))], before - after, lost))
    return ResultTable(SEVERITY_COLUMNS, tuple(rows))
