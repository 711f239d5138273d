"""Which prices an account hangs on: the total with each price at its low and its high end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..services import service_name
from .account import AccountRow, GepAccount, total_of
from .price_table import Price, annual_cost

PRICE, CAPITAL = "price", "capital cost per year"
DECIDING = 3


@dataclass(frozen=True)
class Swing:
    """What one price moves.

    Attributes:
        kind: a price, or the way in which capital costs are charged.
        service, item: that it values.
        price, low, high: at the price level of the year, in `unit`; None for the way of charging.
        unit: of the price.
        value, value_low, value_high: of what it values.
        total_low, total_high: GEP with the one and the other.
    """

    kind: str
    service: str
    item: str
    price: float | None
    low: float | None
    high: float | None
    unit: str
    value: float
    value_low: float
    value_high: float
    total_low: float
    total_high: float

    @property
    def width(self) -> float:
        return abs(self.total_high - self.total_low)

    def name(self, language: str) -> str:
        return service_name(self.service, self.item, language)


def swings(account: GepAccount) -> list[Swing]:
    """A row per price of the last year, the one that moves the total most first, then the way of charging capital."""
    year = account.years[-1]
    total = account.total(year)
    by_price: dict[Price, list[AccountRow]] = {}
    for row in account.of_year(year):
        if row.worth and row.worth.price:
            by_price.setdefault(row.worth.price, []).append(row)
    found = [_swing(account, price, rows, total) for price, rows in by_price.items()]
    found.sort(key=lambda swing: -swing.width)
    return found + _capital(account, by_price, total)


def _swing(account: GepAccount, price: Price, rows: Sequence[AccountRow], total: float) -> Swing:
    worth = rows[0].worth
    if worth is None:
        raise TypeError("worth is not as expected")
    low, high = _range(account, price)
    value = total_of(rows)
    items = list(dict.fromkeys(row.quantity.item for row in rows))
    return Swing(
        PRICE, price.service, items[0] if len(items) == 1 else price.item, worth.moved,
        worth.moved * low, worth.moved * high, price.unit.text, value, value * low, value * high,
        total - value * (1 - low), total + value * (high - 1),
    )  # fmt: skip


def _range(account: GepAccount, price: Price) -> tuple[float, float]:
    """Low and high end as parts of the price."""
    inputs = account.inputs
    low, high = inputs.low_pct / 100, inputs.high_pct / 100
    if not price.price:
        return 1.0, 1.0
    return (
        low if price.low is None else price.low / price.price,
        high if price.high is None else price.high / price.price,
    )


def _capital(account: GepAccount, by_price: dict[Price, list[AccountRow]], total: float) -> list[Swing]:
    """The account with capital costs whole, and as a cost per year."""
    rows = [row for price, of in by_price.items() if price.capital for row in of]
    if not rows:
        return []
    rules = account.inputs.rules
    factor = annual_cost(1.0, rules.capital_rate, rules.capital_life)
    now = total_of(rows)
    whole = now / factor if rules.capital == "annualised" else now
    yearly = whole * factor
    services = list(dict.fromkeys(row.quantity.service for row in rows))
    return [
        Swing(CAPITAL, "; ".join(services), "", None, None, None, "", now, yearly, whole,
              total - now + yearly, total - now + whole)
    ]  # fmt: skip


def deciding(found: Sequence[Swing]) -> list[Swing]:
    """The prices that move the total most."""
    return [swing for swing in found if swing.kind == PRICE and swing.width > 0 and math.isfinite(swing.width)][
        :DECIDING
    ]
