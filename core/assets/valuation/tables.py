"""Tables of a valuation: values by ecosystem, land-cover class and service, and how they changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...results import Cell, Column, ResultTable, integers, numbers, texts
from ...years import year_pairs
from .change import growth
from .run import ValuationResult

ALL = "all"

CLASS_COLUMNS = (Column("code", "integer"), Column("class_name", "text"))
VALUE_COLUMNS = (
    Column("year", "integer"), *texts("ecosystem", "service"), Column("area_ha", unit="ha"),
    Column("value", unit="currency/a"), *CLASS_COLUMNS,
)  # fmt: skip
CHANGE_COLUMNS = (
    *integers("from_year", "to_year"), *texts("ecosystem", "service"),
    *numbers("value_from", "value_to", "change", unit="currency/a"), Column("change_pct", unit="%"),
    *numbers("annual_pct", "compound_pct", unit="%/a"), *numbers("share_from_pct", "share_to_pct", unit="%"),
    *CLASS_COLUMNS,
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A part of the land: all of it, an ecosystem, or one of its land-cover classes.

    Attributes:
        ecosystem: its name, or `all`.
        members: positions of its classes in the arrays of the result.
        code: of the class; None for an ecosystem and for all.
        class_name: of the class, "" where there is none.
    """

    ecosystem: str
    members: tuple[int, ...]
    code: int | None = None
    class_name: str = ""

    @property
    def cells(self) -> tuple[Cell, Cell]:
        """What the columns of the class hold."""
        return self.code, self.class_name


def parts_of(result: ValuationResult) -> tuple[Part, ...]:
    """The ecosystems that occur in any year, in the order of the scheme, each followed by its classes that occur."""
    scheme = result.inputs.scheme
    occurring: dict[str, list[int]] = {}
    for k, code in enumerate(result.codes):
        if result.area_ha[:, k].any():
            occurring.setdefault(result.inputs.ecosystem_of(code), []).append(k)
    parts = []
    for name, members in occurring.items():
        parts.append(Part(name, tuple(members)))
        codes = [(k, result.codes[k]) for k in members]
        parts += [Part(name, (k,), code, scheme.classes[code].name) for k, code in codes]
    return tuple(parts)


def by_part(result: ValuationResult, parts: Sequence[Part]) -> tuple[np.ndarray, np.ndarray]:
    """Area (years, parts) and values (years, services, parts)."""
    member = np.zeros((len(result.codes), len(parts)))
    for p, part in enumerate(parts):
        member[list(part.members), p] = 1
    return result.area_ha @ member, result.values @ member


def value_table(result: ValuationResult) -> ResultTable:
    """A row per year, land-cover class and service, with the ecosystem of the class; all rows add up to the total.

    The area repeats in the rows of a class's services.
    """
    parts = [part for part in parts_of(result) if part.code is not None]
    area, values = by_part(result, parts)
    rows: list[tuple[Cell, ...]] = [
        (year, part.ecosystem, service.id, float(area[y, p]), float(values[y, s, p]), *part.cells)
        for y, year in enumerate(result.years)
        for p, part in enumerate(parts)
        for s, service in enumerate(result.inputs.equivalents.services)
    ]
    return ResultTable(VALUE_COLUMNS, tuple(rows))


def change_table(result: ValuationResult) -> ResultTable:
    """Growth between consecutive years and from first to last, by ecosystem, class and service, and for `all` of them.

    Rows of an ecosystem have no code, those of its classes have one. Shares are percent of the year's total; with
    signed services they may be negative or above 100.
    """
    parts = (Part(ALL, tuple(range(len(result.codes)))), *parts_of(result))
    _, values = by_part(result, parts)
    services = (ALL, *(service.id for service in result.inputs.equivalents.services))
    table = {year: _with_total(values[y], result.values[y]) for y, year in enumerate(result.years)}
    rows: list[tuple[Cell, ...]] = []
    for before, after in year_pairs(result.years):
        for p, part in enumerate(parts):
            for s, service in enumerate(services):
                first, last = table[before][s][p], table[after][s][p]
                found = growth(first, last, after - before)
                rows.append(
                    (
                        before, after, part.ecosystem, service, first, last,
                        found.change, found.pct, found.annual_pct, found.compound_pct,
                        _share(first, table[before][0][0]), _share(last, table[after][0][0]), *part.cells,
                    )
                )  # fmt: skip
    return ResultTable(CHANGE_COLUMNS, tuple(rows))


def _with_total(values: np.ndarray, of_classes: np.ndarray) -> list[list[float]]:
    """Puts a first row of all services before the values (services, parts), whose first part is all land."""
    rows = [[math.fsum(by_class), *map(float, row[1:])] for row, by_class in zip(values, of_classes)]
    return [[math.fsum(column) for column in zip(*rows)], *rows]


def _share(part: float, whole: float) -> float | None:
    return part / whole * 100 if whole else None
