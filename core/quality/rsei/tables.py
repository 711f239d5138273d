"""Tables of a remote sensing ecological index: loadings, levels, indicators, and moves between levels."""

from __future__ import annotations

import math

from ...results import Cell, Column, ResultTable, integers, numbers, texts
from ..legends import legend
from .indicators import INDICATORS
from .run import RseiResult

ALL = "all"
EIGENVALUE = "eigenvalue"
SHARE = "contribution_pct"

LOADING_COLUMNS = (
    Column("year", "integer"), Column("indicator", "text"), *numbers("pc1", "pc2", "pc3", "pc4"),
    Column("contribution_pct", unit="%"),
)  # fmt: skip
LEVEL_COLUMNS = (
    Column("year", "integer"), Column("class", "text"), Column("area_ha", unit="ha"), Column("share_pct", unit="%"),
    Column("mean"), Column("code", "integer"),
)  # fmt: skip
CHANGE_COLUMNS = (
    *integers("from_year", "to_year"), *texts("from_class", "to_class"), Column("change", "integer"),
    Column("area_ha", unit="ha"), Column("share_pct", unit="%"),
)  # fmt: skip
INDICATOR_COLUMNS = (Column("year", "integer"), Column("indicator", "text"), *numbers("mean", "std_dev", "low", "high"))


def loadings_table(result: RseiResult) -> ResultTable:
    """Per year the loadings of the indicators, then the eigenvalue of each component and its percent of the variance.

    `contribution_pct` repeats the percent of the first component. With equal weights `pc1` holds the weights.
    """
    rows: list[tuple[Cell, ...]] = []
    for position, year in enumerate(result.inputs.years):
        if not result.components:
            weights = result.models[position].weights
            rows += [(year, name, float(w), None, None, None, None) for name, w in zip(INDICATORS, weights)]
            continue
        found = result.components[position]
        first = float(found.shares_pct[0])
        rows += [(year, name, *map(float, row), first) for name, row in zip(INDICATORS, found.loadings)]
        rows.append((year, EIGENVALUE, *map(float, found.eigenvalues), first))
        rows.append((year, SHARE, *map(float, found.shares_pct), first))
    return ResultTable(LOADING_COLUMNS, tuple(rows))


def level_table(result: RseiResult) -> ResultTable:
    """Per year the area, share and mean index of each level, and of all."""
    rows: list[tuple[Cell, ...]] = []
    for position, year in enumerate(result.inputs.years):
        areas, sums = result.area_ha[position], result.sums[position]
        total = math.fsum(areas)
        for item in legend("rsei"):
            area, index = float(areas[item.code - 1]), float(sums[item.code - 1])
            rows.append((year, item.name, area, area / total * 100, index / area if area else None, item.code))
        rows.append((year, ALL, total, 100.0, result.means[position], None))
    return ResultTable(LEVEL_COLUMNS, tuple(rows))


def change_table(result: RseiResult) -> ResultTable:
    """Area that moved from level to level between two years, of the pixels that count in both."""
    names = [item.name for item in legend("rsei")]
    rows: list[tuple[Cell, ...]] = []
    for (before, after), areas in zip(result.pairs, result.change_ha):
        total = math.fsum(areas.ravel())
        for i, from_class in enumerate(names):
            for j, to_class in enumerate(names):
                area = float(areas[i, j])
                rows.append((before, after, from_class, to_class, j - i, area, area / total * 100 if total else None))
    return ResultTable(CHANGE_COLUMNS, tuple(rows))


def indicator_table(result: RseiResult) -> ResultTable:
    """Mean and standard deviation of each indicator by year, and the limits by which it was normalised."""
    position = {year: i for i, year in enumerate(result.inputs.years)}
    rows: list[tuple[Cell, ...]] = []
    for found in result.statistics:
        model, number = result.models[position[found.year]], INDICATORS.index(found.indicator)
        low, high = float(model.low[number]), float(model.high[number])
        rows.append((found.year, found.indicator, found.mean, found.deviation, low, high))
    return ResultTable(INDICATOR_COLUMNS, tuple(rows))
