"""Tables of ecosystem quality: grades by ecosystem with the summary index, and change on the same pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..results import Cell, Column, ResultTable
from .ecosystem_quality import QualityResult, summary_index
from .legends import legend

ALL = "all"
LOW_GRADES = 2  # low and poor

QUALITY_COLUMNS = (
    Column("year", "integer"),
    Column("ecosystem", "text"),
    Column("class", "text"),
    Column("area_ha", unit="ha"),
    Column("share_pct", unit="%"),
    Column("index"),
    Column("summary_index"),
    Column("contribution"),
    Column("low_pct", unit="%"),
    Column("code", "integer"),
)
CHANGE_COLUMNS = (
    Column("from_year", "integer"),
    Column("to_year", "integer"),
    Column("ecosystem", "text"),
    Column("area_ha", unit="ha"),
    Column("index_from"),
    Column("index_to"),
    Column("change"),
    Column("change_pct", unit="%"),
)


def quality_table(result: QualityResult) -> ResultTable:
    """Per year, ecosystem and grade: area, its share of the ecosystem, and the mean index of its pixels.

    The row `all` of an ecosystem adds what belongs to the ecosystem as a whole: the summary index of its grades
    (`summary_index`), its part in the summary index of all ecosystems (`contribution`; the contributions add up to it)
    and the share of low and poor quality (`low_pct`).
    """
    rows: list[tuple[Cell, ...]] = []
    for y, year in enumerate(result.inputs.years):
        total = math.fsum(result.area_ha[y].ravel())
        for ecosystem, areas, sums in _with_all(result, y):
            area = math.fsum(areas)
            for item in legend("quality"):
                of_grade, of_index = float(areas[item.code - 1]), float(sums[item.code - 1])
                mean = of_index / of_grade if of_grade else None
                share = of_grade / area * 100 if area else None
                rows.append((year, ecosystem, item.name, of_grade, share, mean, None, None, None, item.code))
            if not area:
                rows.append((year, ecosystem, ALL, 0.0, None, None, None, 0.0, None, None))
                continue
            summary, low = summary_index(areas), math.fsum(areas[:LOW_GRADES]) / area * 100
            mean = math.fsum(sums) / area
            rows.append((year, ecosystem, ALL, area, 100.0, mean, summary, summary * area / total, low, None))
    return ResultTable(QUALITY_COLUMNS, tuple(rows))


def _with_all(result: QualityResult, year: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Areas and index sums by grade of each ecosystem, then of all."""
    yield from zip(result.inputs.ecosystems, result.area_ha[year], result.sums[year])
    yield ALL, result.area_ha[year].sum(axis=0), result.sums[year].sum(axis=0)


def quality_change_table(result: QualityResult) -> ResultTable:
    """Change of the mean index between two years on the pixels that are graded in both, by the earlier ecosystem."""
    rows: list[tuple[Cell, ...]] = []
    for (before, after), of_pair in zip(result.pairs, result.pair_sums):
        stacked = [*zip(result.inputs.ecosystems, of_pair), (ALL, of_pair.sum(axis=0))]
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
        means: area-weighted mean index per year, 0 to 100.
        summaries: `summary_index` per year, 20 to 100.
        change_pct: change of the mean index from the first to the last year, on the same pixels; NaN for one year.
    """

    means: tuple[float, ...]
    summaries: tuple[float, ...]
    change_pct: float


def headline(result: QualityResult) -> QualityHeadline:
    """The figures of all ecosystems together."""
    change = math.nan
    if result.pairs:
        _, first, last = result.pair_sums[-1].sum(axis=0).tolist()  # the last pair is the first and the last year
        change = (last - first) / first * 100 if first else math.nan
    return QualityHeadline(
        tuple(
            float(sums.sum() / areas.sum()) if areas.any() else math.nan
            for sums, areas in zip(result.sums, result.area_ha)
        ),
        tuple(summary_index(areas.sum(axis=0)) for areas in result.area_ha),
        change,
    )
