"""The account of gross ecosystem product: quantities times prices, by year, zone, ecosystem and service."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ..errors import InputError
from ..progress import QUIET, Progress
from ..tables import Table
from .context import Context, read_context
from .gep_overlaps import Overlap, find_overlaps
from .price_table import PriceBook
from .pricing import PriceRules, Worth, worth_of, worth_of_money
from .quantity_table import Quantity, read_quantities
from .services import AREA, COUNTED

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
    warnings: tuple[str, ...] = ()

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


def run_gep_account(inputs: GepInputs, progress: Progress = QUIET) -> GepAccount:
    """Values every row of quantities and adds up.

    ``value = quantity x price x I(year) / I(price year) x nature's share``. A row that tells its value is taken as it
    is. What has no price is listed as not valued and makes the total incomplete.

    Raises:
        InputError: a unit, year or index cannot be used, or services count the same and `overlap` is `stop`.
        TableError: a table cannot be used.
    """
    from .gep_checks import plausibility

    _check(inputs)
    quantities = read_quantities(inputs.quantities, inputs.rules.currency)
    services = [q for q in quantities if q.service != AREA]
    if not services:
        raise InputError("The table of quantities holds areas alone. Add a row per service.")
    years = tuple(sorted({q.year for q in services}))
    base = years[0] if inputs.base_year is None else inputs.base_year
    switch = _Switch(inputs.services, services)
    rows = [_valued(q, base, inputs, switch.on(q.service)) for q in services]
    overlaps = find_overlaps([row.quantity for row in rows if row.counts and row.value])
    if overlaps and inputs.overlap == "stop":
        raise InputError(
            "Services count the same:\n" + "\n".join(f"  {o.text('en')}" for o in overlaps)
            + "\nTake one of each pair out of the quantities or of SERVICES, or set OVERLAP to drop or warn."
        )  # fmt: skip
    if inputs.overlap == "drop":
        rows = [_without(row, overlaps) for row in rows]
    account = GepAccount(
        rows=tuple(rows),
        years=years,
        base_year=base,
        areas_ha={(q.year, q.zone, q.ecosystem): q.amount or 0.0 for q in quantities if q.service == AREA},
        context=read_context(inputs.context),
        overlaps=tuple(overlaps),
        inputs=inputs,
    )
    account = replace(account, warnings=tuple(plausibility(account)))
    for warning in account.warnings:
        progress.warn(warning)
    for year in years:
        progress.info(f"{year}: GEP {account.total(year):,.2f} {account.currency}.")
    return account


def _check(inputs: GepInputs) -> None:
    rules = inputs.rules
    for name, value in (("SAND_DENSITY", rules.sand_density), ("SAND_DEPTH", rules.sand_depth)):
        if not value > 0:
            raise InputError(f"{name} is {value:g}. Give a number above 0.")
    if rules.capital_rate < 0 or not rules.capital_life > 0:
        raise InputError(
            f"CAPITAL_RATE is {100 * rules.capital_rate:g} % and CAPITAL_LIFE {rules.capital_life:g} years. Give a "
            "rate of 0 or more and a life above 0."
        )
    if not 0 <= inputs.low_pct <= 100 <= inputs.high_pct:
        raise InputError(
            f"PRICE_LOW is {inputs.low_pct:g} and PRICE_HIGH {inputs.high_pct:g} percent of the price. Give up to "
            "100 and from 100 on."
        )
    foreign = rules.currency.casefold() not in ("cny", "rmb", "元", "yuan")
    of_china = [p for p in inputs.prices.prices if p.table in ("gep_prices", "pollution_equivalents")]
    if foreign and of_china:
        raise InputError(
            f"The prices of the preset are in CNY, and CURRENCY is {rules.currency}. Give a table of prices."
        )


class _Switch:
    """Which services count."""

    def __init__(self, given: Sequence[str], quantities: Sequence[Quantity]) -> None:
        self._off = {name[1:].strip() for name in given if name.startswith("-")}
        self._on = {name for name in given if not name.startswith("-")}
        present = {q.service for q in quantities}
        unknown = sorted((self._off | self._on) - present)
        if unknown:
            raise InputError(
                f"SERVICES names {', '.join(unknown)}, which the quantities do not hold. They hold "
                f"{', '.join(sorted(present))}."
            )

    def on(self, service: str) -> bool:
        return service not in self._off and (not self._on or service in self._on)


def _valued(quantity: Quantity, base: int, inputs: GepInputs, on: bool) -> AccountRow:
    """A row at the prices of its year and of the base year."""
    year = quantity.year if inputs.rules.price_year is None else inputs.rules.price_year
    given = quantity.value is not None
    worth, at_base = (price_at(quantity, at, inputs) for at in (year, base))
    amount = quantity.value if given else quantity.amount
    value, value_base = (None if w is None or amount is None else amount * w.per_unit for w in (worth, at_base))
    status: Status = "given" if given else "valued"
    if quantity.category not in COUNTED:
        status = "outside"
    elif not on:
        status = "switched off"
    elif value is None:
        status = "not valued"
    return AccountRow(quantity, status, worth, value, value_base)


def price_at(quantity: Quantity, year: int, inputs: GepInputs) -> Worth | None:
    """What a unit of a row is worth at the prices of a year; of money where its value was given."""
    if quantity.value is not None:
        return worth_of_money(quantity, year, inputs.prices, inputs.rules)
    return worth_of(quantity, year, inputs.prices, inputs.rules)


def _without(row: AccountRow, overlaps: Sequence[Overlap]) -> AccountRow:
    drops = any(overlap.drops(row.quantity) for overlap in overlaps)
    return replace(row, status="dropped") if drops and row.counts else row
