"""Change of an account between years: what prices did, and what quantities did."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...years import year_pairs
from .account import IN_TOTAL, AccountRow, GepAccount, price_at

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Change:
    """Change of one row of the account between two years.

    Attributes:
        zone, ecosystem, service, item: of the row.
        category: of the service.
        before, after: values of the years.
        price_effect, quantity_effect: they add up to the change.
        base_before, base_after: values at prices of the base year.
    """

    zone: str
    ecosystem: str
    service: str
    item: str
    category: str
    before: float
    after: float
    price_effect: float
    quantity_effect: float
    base_before: float
    base_after: float

    @property
    def change(self) -> float:
        return self.after - self.before


def effects(p0: float, p1: float, q0: float, q1: float) -> tuple[float, float]:
    """What a change of price and one of quantity add to a change of value, without a rest.

    ``(p1 - p0)(q0 + q1)/2`` and ``(q1 - q0)(p0 + p1)/2``.

    Source: SEEA EA 2024, annex A10.1.
    """
    return (p1 - p0) * (q0 + q1) / 2, (q1 - q0) * (p0 + p1) / 2


def changes(account: GepAccount) -> dict[tuple[int, int], list[Change]]:
    """Changes of every row between consecutive years, and between the first and the last where there are more than two.

    A row that a year lacks has a quantity of 0 there.
    """
    if len(account.years) < 2:
        return {}
    by_year: dict[int, dict[Key, AccountRow]] = {year: {} for year in account.years}
    for row in account.rows:
        by_year[row.quantity.year][row.quantity.key] = row
    return {pair: _between(account, pair, by_year) for pair in year_pairs(account.years)}


def _between(account: GepAccount, pair: tuple[int, int], by_year: dict[int, dict[Key, AccountRow]]) -> list[Change]:
    first, last = (by_year[year] for year in pair)
    found = []
    for key in dict.fromkeys([*first, *last]):
        rows = first.get(key), last.get(key)
        if any(row is not None and row.status not in IN_TOTAL for row in rows):
            continue
        known = rows[0] or rows[1]
        if known is None:
            raise TypeError("known is not as expected")
        prices, amounts = _prices_and_amounts(account, pair, rows, known)
        by_price, by_quantity = effects(*prices, *amounts)
        before, after = (0.0 if row is None else row.value or 0.0 for row in rows)
        base_before, base_after = (0.0 if row is None else row.value_base or 0.0 for row in rows)
        category = known.quantity.category
        found.append(Change(*key, category, before, after, by_price, by_quantity, base_before, base_after))
    return found


def _prices_and_amounts(
    account: GepAccount, pair: tuple[int, int], rows: tuple[AccountRow | None, AccountRow | None], known: AccountRow
) -> tuple[list[float], list[float]]:
    """Worth of a unit and number of units in both years; of given money, its price level and its real amount."""
    if any(row is not None and row.quantity.value is not None for row in rows):
        return _of_money(rows)
    prices = []
    for year, row in zip(pair, rows):
        at = year if account.inputs.rules.price_year is None else account.inputs.rules.price_year
        worth = row.worth if row is not None else price_at(known.quantity, at, account.inputs)
        prices.append(worth.per_unit if worth else 0.0)
    return prices, [0.0 if row is None else row.quantity.amount or 0.0 for row in rows]


def _of_money(rows: tuple[AccountRow | None, AccountRow | None]) -> tuple[list[float], list[float]]:
    """Given values as units of the base year's money: the price is the level of the year."""
    prices, amounts = [], []
    for row in rows:
        value, base = (0.0, 0.0) if row is None else (row.value or 0.0, row.value_base or 0.0)
        prices.append(value / base if base else math.nan)
        amounts.append(base)
    known = [price for price in prices if not math.isnan(price)]
    return [
        known[0] if math.isnan(price) and known else 0.0 if math.isnan(price) else price for price in prices
    ], amounts
