"""What an account of gross ecosystem product is: its inputs, rows and sums."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from ...tables import Table
from ..notices import Notice
from ..quantity_table import Quantity
from .context import Context
from .overlaps import Overlap
from .price_table import PriceBook
from .pricing import PriceRules, Worth, worth_of, worth_of_money

Status = Literal["valued", "given", "not valued", "dropped", "outside", "switched off"]
IN_TOTAL = ("valued", "given")


@dataclass(frozen=True)
class GepInputs:
    """What an account is made of.

    Attributes:
        quantities: see `read_quantities`.
        prices: all prices.
        rules: how prices become worth.
        base_year: whose prices the comparable values have; None takes the first year.
        context: population, GDP and area, see `read_context`; None for none.
        overlap: what to do where two services count the same.
        services: ids that count; a leading minus leaves one out. Empty for all.
        low_pct, high_pct: of a price, for the sensitivity, where the table of prices tells no range.
    """

    quantities: Table
    prices: PriceBook
    rules: PriceRules = field(default_factory=PriceRules)
    base_year: int | None = None
    context: Table | None = None
    overlap: Literal["warn", "drop", "stop"] = "warn"
    services: tuple[str, ...] = ()
    low_pct: float = 50.0
    high_pct: float = 150.0


@dataclass(frozen=True)
class AccountRow:
    """A row of quantities with what it is worth.

    Attributes:
        quantity: the row.
        status: whether and why it is in the total.
        worth: of a unit; None where there is no price.
        value: money of the year; None where not valued.
        value_base: the same at prices of the base year.
    """

    quantity: Quantity
    status: Status
    worth: Worth | None
    value: float | None
    value_base: float | None

    @property
    def counts(self) -> bool:
        """Whether the row is in the total."""
        return self.status in IN_TOTAL


@dataclass(frozen=True)
class GepAccount:
    """An account.

    Attributes:
        rows: every row of quantities but areas, in their order.
        years: rising.
        base_year: of the comparable values.
        areas_ha: by year, zone and ecosystem, where the quantities tell.
        context: population, GDP and area.
        overlaps: those found, and what was done.
        inputs: what was asked for.
        warnings: what the reader must know.
    """

    rows: tuple[AccountRow, ...]
    years: tuple[int, ...]
    base_year: int
    areas_ha: dict[tuple[int, str, str], float]
    context: Context
    overlaps: tuple[Overlap, ...]
    inputs: GepInputs
    warnings: tuple[Notice, ...] = ()

    @property
    def currency(self) -> str:
        return self.inputs.rules.currency

    def of_year(self, year: int) -> list[AccountRow]:
        """The rows in the total of a year."""
        return [row for row in self.rows if row.quantity.year == year and row.counts]

    def total(self, year: int) -> float:
        """GEP of a year; sums unrounded values."""
        return total_of(self.of_year(year))

    def comparable(self, year: int) -> float:
        """GEP of a year at prices of the base year."""
        return math.fsum(row.value_base or 0.0 for row in self.of_year(year))

    def not_valued(self, year: int | None = None) -> list[AccountRow]:
        """Rows that have no price, so that the total is incomplete."""
        return [r for r in self.rows if r.status == "not valued" and year in (None, r.quantity.year)]

    @property
    def zones(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.quantity.zone for row in self.rows))


def total_of(rows: Iterable[AccountRow]) -> float:
    """The value of some rows."""
    return math.fsum(row.value or 0.0 for row in rows)


def price_at(quantity: Quantity, year: int, inputs: GepInputs) -> Worth | None:
    """What a unit of a row is worth at the prices of a year; of money where its value was given."""
    if quantity.value is not None:
        return worth_of_money(quantity, year, inputs.prices, inputs.rules)
    return worth_of(quantity, year, inputs.prices, inputs.rules)
