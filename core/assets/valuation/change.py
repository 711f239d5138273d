"""Growth between two years."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Growth:
    """Change between two years; percentages are None where they do not exist.

    Attributes:
        change: after minus before.
        pct: change in percent of the size of `before`, so that its sign reads as gain or loss for negative values too.
        annual_pct: `pct` per year (simple).
        compound_pct: constant yearly rate; only where both values are positive.
    """

    change: float
    pct: float | None
    annual_pct: float | None
    compound_pct: float | None


def growth(before: float, after: float, years: int) -> Growth:
    """Growth from `before` to `after` over a number of years.

    ``C = (E_b - E_a) / |E_a| 100 %``, per year ``C / T``, compound ``(E_b / E_a)^(1/T) - 1``.

    >>> growth(100, 233.81, 5).pct
    133.81
    """
    change = after - before
    if before == 0:
        return Growth(change, None, None, None)
    pct = change / abs(before) * 100
    compound = ((after / before) ** (1 / years) - 1) * 100 if before > 0 and after > 0 else None
    return Growth(change, pct, pct / years, compound)
