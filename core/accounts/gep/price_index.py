"""Price indices: moving a price from its year to another, and refusing what is no index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError, TableError
from ...messages import say
from ...tables import Table, resource_table

NO_INDEX = "none"  # charges and taxes: the law of the year, which no index moves
GENERAL = "cpi"  # what a table of year, index stands for
# A level that grows by the very same rate every year is compound interest. Prices never do so at such a rate.
_DISCOUNT_RATE = 0.05
_SAME = 1e-4


@dataclass(frozen=True)
class PriceIndex:
    """Price levels by the name of the index and year; only their ratios count.

    Attributes:
        levels: `{"cpi": {2005: 464.0, 2010: 536.1}}`.
        source: what the report calls it.
    """

    levels: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    source: str = ""

    def knows(self, name: str) -> bool:
        """Whether there is an index of this name."""
        return name in self.levels

    def ratio(self, name: str, from_year: int, to_year: int) -> float:
        """What a price of one year is multiplied by to become one of another: ``I(to) / I(from)``.

        Raises:
            InputError: a year has no level. Years between are not guessed.
        """
        if from_year == to_year:
            return 1.0
        levels = self.levels[name]
        missing = [year for year in (from_year, to_year) if year not in levels]
        if missing:
            raise InputError(
                say(
                    "The price index {name} has no level for {value}; it has {value2}. Add the year to the "
                    "table, choose another PRICE_YEAR or BASE_YEAR, or leave the index out, so that prices stay "
                    "as they are.",
                    name=name,
                    value=" and ".join(map(str, missing)),
                    value2=", ".join(map(str, sorted(levels))),
                )
            )
        return levels[to_year] / levels[from_year]


def read_price_index(table: Table) -> PriceIndex:
    """Reads levels by year: `year` and `index` (taken for cpi), or a column per index (`cpi`, `electricity`, ...).

    Raises:
        TableError: a column is missing, a year repeats, or a level is not positive.
        InputError: a level grows at one high rate throughout, as a discount rate does.
    """
    table.require("year")
    years = table.codes("year")
    names = [column for column in table.columns if column.casefold() not in ("year", "note", "source")]
    if not names:
        raise TableError(
            say("Table {name} holds no index. Add a column index (100 in any one year) beside year.", name=table.name)
        )
    levels = {}
    for column in names:
        numbers = table.numbers(column, blank=np.nan)
        name = GENERAL if column.casefold() == "index" else column.casefold()
        levels[name] = {year: float(level) for year, level in zip(years, numbers) if np.isfinite(level)}
        for row, (year, level) in enumerate(zip(years, numbers), start=1):
            if level <= 0:
                raise TableError(
                    say(
                        "Table {name}, row {row}: {column} of {year} is {level:g}. It must be positive.",
                        name=table.name,
                        row=row,
                        column=column,
                        year=year,
                        level=level,
                    )
                )
        _refuse_interest(table.name, column, levels[name])
    return PriceIndex(levels, table.name)


def china_cpi() -> PriceIndex:
    """The consumer price index of China in the years that published recalculations confirm."""
    table = resource_table("cpi_china")
    return PriceIndex({GENERAL: dict(zip(table.codes("year"), table.numbers("cpi").tolist()))}, "cpi_china")


def _refuse_interest(table: str, column: str, levels: Mapping[int, float]) -> None:
    years = sorted(levels)
    if len(years) < 3:
        return
    spans = np.diff(years)
    growth = np.array([levels[b] / levels[a] for a, b in zip(years, years[1:])]) ** (1 / spans) - 1
    if growth.min() >= _DISCOUNT_RATE and np.ptp(growth) < _SAME:
        raise InputError(
            say(
                "Table {table}, column {column} grows by {mean:.3g} % in every single year. That is a "
                "discount rate, not a price index: give the index of the statistical yearbook.",
                table=table,
                column=column,
                mean=100 * growth.mean(),
            )
        )
