"""Tables of ecosystem quality: grades by ecosystem with the summary index, and change on the same pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...results import Cell, Column, ResultTable, integers, numbers, texts
from ..legends import legend
from .run import QualityResult, summary_index

ALL = "all"
LOW_GRADES = 2  # low and poor

QUALITY_COLUMNS = (
    Column("year", "integer"), *texts("ecosystem", "class"), Column("area_ha", unit="ha"),
    Column("share_pct", unit="%"), *numbers("index", "summary_index", "contribution"), Column("low_pct", unit="%"),
    Column("code", "integer"),
)  # fmt: skip
CHANGE_COLUMNS = (
    *integers("from_year", "to_year"), Column("ecosystem", "text"), Column("area_ha", unit="ha"),
    *numbers("index_from", "index_to", "change"), Column("change_pct", unit="%"),
)  # fmt: skip


def quality_table(result: QualityResult) -> ResultTable:
    """Per year, ecosystem and grade: area, its share of the ecosystem, and the mean index of its pixels.

    Land whose grade comes from a table has no index: means are of the rest. The row `all` of an ecosystem adds what
    belongs to the ecosystem as a whole: the summary index of its grades (`summary_index`), its part in the summary
    index of all ecosystems (`contribution`; the contributions add up to it) and the share of low and poor quality
    (`low_pct`).
    """
    rows: list[tuple[Cell, ...]] = []
    for y, year in enumerate(result.inputs.years):
        total = math.fsum(result.area_ha[y].ravel())
        for ecosystem, areas, indexed, sums in _with_all(result, y):
            area = math.fsum(areas)
            for item in legend("quality"):
                place = item.code - 1
                of_grade = float(areas[place])
                mean = float(sums[place] / indexed[place]) if indexed[place] else None
                share = of_grade / area * 100 if area else None
                rows.append((year, ecosystem, item.name, of_grade, share, mean, None, None, None, item.code))
            if not area:
                rows.append((year, ecosystem, ALL, 0.0, None, None, None, 0.0, None, None))
                continue
            summary, low = summary_index(areas), math.fsum(areas[:LOW_GRADES]) / area * 100
            mean = math.fsum(sums) / math.fsum(indexed) if indexed.any() else None
            rows.append((year, ecosystem, ALL, area, 100.0, mean, summary, summary * area / total, low, None))
    return ResultTable(QUALITY_COLUMNS, tuple(rows))


def _with_all(result: QualityResult, year: int) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Areas, areas with an index and index sums by grade of each ecosystem, then of all."""
    arrays = [array[year] for array in (result.area_ha, result.indexed_ha, result.sums)]
    yield from zip(result.ecosystems, *arrays)
    yield (ALL, *(array.sum(axis=0) for array in arrays))


def quality_change_table(result: QualityResult) -> ResultTable:
    """Change of the mean index between two years, by the earlier ecosystem, on the pixels that have an index in both.

    With the mask `common` these are the pixels that have one in every year, so that a year has one mean in all pairs.
    """
    rows: list[tuple[Cell, ...]] = []
    for (before, after), of_pair in zip(result.pairs, result.pair_sums):
        stacked = [*zip(result.ecosystems, of_pair), (ALL, of_pair.sum(axis=0))]
        for ecosystem, (area, first, last) in stacked:
            if not area:
                rows.append((before, after, ecosystem, 0.0, None, None, None, None))
                continue
            mean_before, mean_after = float(first / area), float(last / area)
            change = mean_after - mean_before
            pct = change / mean_before * 100 if mean_before else None
            rows.append((before, after, ecosystem, float(area), mean_before, mean_after, change, pct))
    return ResultTable(CHANGE_COLUMNS, tuple(rows))


@dataclass(frozen=True)
class QualityHeadline:
    """The figures of all ecosystems together.

    Attributes:
        means: area-weighted mean index per year of all land that has one, 0 to 100.
        summaries: `summary_index` per year, 20 to 100.
        same_first, same_last: mean index of the first and the last year on the pixels that have one in both (with the
            mask `common` in every year); NaN for one year.
        change_pct: the change from the one to the other; NaN for one year.
    """

    means: tuple[float, ...]
    summaries: tuple[float, ...]
    same_first: float
    same_last: float
    change_pct: float


def headline(result: QualityResult) -> QualityHeadline:
    """The figures of all ecosystems together."""
    same = same_last = change = math.nan
    if result.pairs:
        area, first, last = result.pair_sums[-1].sum(axis=0).tolist()  # the last pair is the first and the last year
        if area:
            same, same_last = first / area, last / area
        change = (last - first) / first * 100 if first else math.nan
    return QualityHeadline(
        tuple(
            float(sums.sum() / areas.sum()) if areas.any() else math.nan
            for sums, areas in zip(result.sums, result.indexed_ha)
        ),
        tuple(summary_index(areas.sum(axis=0)) for areas in result.area_ha),
        same,
        same_last,
        change,
    )
