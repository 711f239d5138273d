"""The account of gross ecosystem product: quantities times prices, by year, zone, ecosystem and service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...errors import InputError
from ...messages import listed, say
from ...progress import QUIET, Progress
from ...quantities import Words
from ...report.numbers import Amount
from ..quantity_table import Quantity, read_quantities
from ..services import AREA, COUNTED
from .account import AccountRow, GepAccount, GepInputs, Status, price_at
from .checks import plausibility
from .context import read_context
from .overlaps import Overlap, find_overlaps


def run_gep_account(inputs: GepInputs, progress: Progress = QUIET) -> GepAccount:
    """Values every row of quantities and adds up.

    ``value = quantity x price x I(year) / I(price year) x nature's share``. A row that tells its value is taken as it
    is. What has no price is listed as not valued and makes the total incomplete.

    Raises:
        InputError: a unit, year or index cannot be used, or services count the same and `overlap` is `stop`.
        TableError: a table cannot be used.
    """
    _check(inputs)
    quantities = read_quantities(inputs.quantities, inputs.rules.currency)
    services = [q for q in quantities if q.service != AREA]
    if not services:
        raise InputError(say("The table of quantities holds areas alone. Add a row per service."))
    years = tuple(sorted({q.year for q in services}))
    base = years[0] if inputs.base_year is None else inputs.base_year
    switch = _Switch(inputs.services, services)
    rows = [_valued(q, base, inputs, switch.on(q.service)) for q in services]
    overlaps = find_overlaps([row.quantity for row in rows if row.counts and row.value])
    if overlaps and inputs.overlap == "stop":
        pairs = [Words(f"  {overlap.text('en')}", f"  {overlap.text('zh')}") for overlap in overlaps]
        mend = say("Take one of each pair out of the quantities or of SERVICES, or set OVERLAP to drop or warn.")
        raise InputError(listed((say("Services count the same:"), *pairs, mend), "\n"))
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
        progress.warn(listed([Words(warning.text("en"), warning.text("zh"))], ""))
    for year in years:
        progress.info(say("{year}: GEP {total}.", year=year, total=Amount(account.total(year), account.currency)))
    return account


def _check(inputs: GepInputs) -> None:
    rules = inputs.rules
    for name, value in (("SAND_DENSITY", rules.sand_density), ("SAND_DEPTH", rules.sand_depth)):
        if not value > 0:
            raise InputError(say("{name} is {value:g}. Give a number above 0.", name=name, value=value))
    if rules.capital_rate < 0 or not rules.capital_life > 0:
        raise InputError(
            say(
                "CAPITAL_RATE is {capital_rate:g} % and CAPITAL_LIFE {capital_life:g} years. Give a rate of "
                "0 or more and a life above 0.",
                capital_rate=100 * rules.capital_rate,
                capital_life=rules.capital_life,
            )
        )
    if not 0 <= inputs.low_pct <= 100 <= inputs.high_pct:
        raise InputError(
            say(
                "PRICE_LOW is {low_pct:g} and PRICE_HIGH {high_pct:g} percent of the price. Give up to 100 "
                "and from 100 on.",
                low_pct=inputs.low_pct,
                high_pct=inputs.high_pct,
            )
        )
    foreign = rules.currency.casefold() not in ("cny", "rmb", "元", "yuan")
    of_china = [p for p in inputs.prices.prices if p.table in ("gep_prices", "pollution_equivalents")]
    if foreign and of_china:
        raise InputError(
            say(
                "The prices of the preset are in CNY, and CURRENCY is {currency}. Give a table of prices.",
                currency=rules.currency,
            )
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
                say(
                    "SERVICES names {unknown}, which the quantities do not hold. They hold {present}.",
                    unknown=", ".join(unknown),
                    present=", ".join(sorted(present)),
                )
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


def _without(row: AccountRow, overlaps: Sequence[Overlap]) -> AccountRow:
    drops = any(overlap.drops(row.quantity) for overlap in overlaps)
    return replace(row, status="dropped") if drops and row.counts else row
