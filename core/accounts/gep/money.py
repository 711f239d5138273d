"""Money as accounts print it: in yuan, ten thousand or a hundred million of them, or in millions and billions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_YUAN = ("cny", "rmb", "yuan", "元")


@dataclass(frozen=True)
class MoneyUnit:
    """What amounts are divided by, and what is written beside them."""

    factor: float
    text: str

    def of(self, amount: float | None) -> float | None:
        return None if amount is None else amount / self.factor


def money_unit(amounts: Iterable[float | None], currency: str, language: str) -> MoneyUnit:
    """The unit in which the largest amount is easy to read: 元, 万元 or 亿元 in Chinese, millions or billions else."""
    largest = max((abs(amount) for amount in amounts if amount is not None), default=0.0)
    steps: list[tuple[float, str]]
    if language == "zh":
        name = "元" if currency.casefold() in _YUAN else currency
        steps = [(1e8, f"亿{name}"), (1e4, f"万{name}"), (1.0, name)]
    else:
        steps = [(1e9, f"billion {currency}"), (1e6, f"million {currency}"), (1.0, currency)]
    return next((MoneyUnit(*step) for step in steps if largest >= step[0]), MoneyUnit(*steps[-1]))
