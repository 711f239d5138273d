"""Money as accounts print it: in yuan, ten thousand or a hundred million of them, or in powers of ten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...report.numbers import power_of_ten

_YUAN = ("cny", "rmb", "yuan", "元")


@dataclass(frozen=True)
class MoneyUnit:
    """What amounts are divided by, and what is written beside them."""

    factor: float
    text: str

    def of(self, amount: float | None) -> float | None:
        return None if amount is None else amount / self.factor


def money_unit(amounts: Iterable[float | None], currency: str, language: str) -> MoneyUnit:
    """The unit in which the largest amount is easy to read: 元, 万元 or 亿元 in Chinese, powers of a thousand else."""
    largest = max((abs(amount) for amount in amounts if amount is not None), default=0.0)
    steps: list[tuple[float, str]]
    if language == "zh":
        name = "元" if currency.casefold() in _YUAN else currency
        steps = [(1e8, f"亿{name}"), (1e4, f"万{name}"), (1.0, name)]
    else:
        steps = [(10.0**power, power_of_ten(power, currency)) for power in (9, 6, 3, 0)]
    return next((MoneyUnit(*step) for step in steps if largest >= 10 * step[0]), MoneyUnit(*steps[-1]))
