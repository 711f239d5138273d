"""Tables of a valuation: values by ecosystem and service, and how they changed."""

from __future__ import annotations

import math

import numpy as np

from ..results import Cell, Column, ResultTable
from ..years import year_pairs
from .change import growth
from .valuation import ValuationResult

ALL = "all"

VALUE_COLUMNS = (
    Column("year", "integer"),
    Column("ecosystem", "text"),
    Column("service", "text"),
    Column("area_ha", unit="ha"),
    Column("value", unit="currency/a"),
)
CHANGE_COLUMNS = (
    Column("from_year", "integer"),
    Column("to_year", "integer"),
    Column("ecosystem", "text"),
    Column("service", "text"),
    Column("value_from", unit="currency/a"),
    Column("value_to", unit="currency/a"),
    Column("change", unit="currency/a"),
    Column("change_pct", unit="%"),
    Column("annual_pct", unit="%/a"),
    Column("compound_pct", unit="%/a"),
    Column("share_from_pct", unit="%"),
    Column("share_to_pct", unit="%"),
)


def ecosystems_of(result: ValuationResult) -> tuple[str, ...]:
    """The ecosystems that occur in any year, in the order of the scheme."""
    scheme, area = result.inputs.scheme, result.area_ha
    return tuple(dict.fromkeys(scheme.ecosystem_of(code) for k, code in enumerate(result.codes) if area[:, k].any()))


def by_ecosystem(result: ValuationResult) -> tuple[np.ndarray, np.ndarray]:
    """Area (years, ecosystems) and values (years, services, ecosystems), in the order of `ecosystems_of`."""
    names = ecosystems_of(result)
    of_class = [result.inputs.scheme.ecosystem_of(code) for code in result.codes]
    member = np.array([[name == ecosystem for name in names] for ecosystem in of_class], dtype=float)
    return result.area_ha @ member, result.values @ member


def value_table(result: ValuationResult) -> ResultTable:
    """A row per year, ecosystem and service. The area repeats in the rows of an ecosystem's services."""
    area, values = by_ecosystem(result)
    rows: list[tuple[Cell, ...]] = [
        (year, ecosystem, service.id, float(area[y, e]), float(values[y, s, e]))
        for y, year in enumerate(result.years)
        for e, ecosystem in enumerate(ecosystems_of(result))
        for s, service in enumerate(result.inputs.equivalents.services)
    ]
    return ResultTable(VALUE_COLUMNS, tuple(rows))


def change_table(result: ValuationResult) -> ResultTable:
    """Growth between consecutive years and from first to last, by ecosystem and service and for `all` of them.

    Shares are percent of the year's total; with signed services they may be negative or above 100.
    """
    _, values = by_ecosystem(result)
    ecosystems = (ALL, *ecosystems_of(result))
    services = (ALL, *(service.id for service in result.inputs.equivalents.services))
    table = {year: _with_totals(values[y]) for y, year in enumerate(result.years)}
    rows: list[tuple[Cell, ...]] = []
    for before, after in year_pairs(result.years):
        for e, ecosystem in enumerate(ecosystems):
            for s, service in enumerate(services):
                first, last = table[before][s][e], table[after][s][e]
                found = growth(first, last, after - before)
                rows.append(
                    (
                        before, after, ecosystem, service, first, last,
                        found.change, found.pct, found.annual_pct, found.compound_pct,
                        _share(first, table[before][0][0]), _share(last, table[after][0][0]),
                    )
                )  # fmt: skip
    return ResultTable(CHANGE_COLUMNS, tuple(rows))


def _with_totals(values: np.ndarray) -> list[list[float]]:
    """Adds a first row and a first column of totals to (services, ecosystems)."""
    rows = [[math.fsum(row), *map(float, row)] for row in values]
    return [[math.fsum(column) for column in zip(*rows)], *rows]


def _share(part: float, whole: float) -> float | None:
    return part / whole * 100 if whole else None
