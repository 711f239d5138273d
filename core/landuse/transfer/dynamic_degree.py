"""How fast land use changes: single and comprehensive dynamic degree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ComprehensiveDegree:
    """The three readings of the comprehensive dynamic degree; None where there is no area.

    Attributes:
        whole_period_pct: HJ 1171-2021, percent of the area that changed its class over the whole period.
        gross_annual_pct: the literature's gross form with the factor 2, percent per year.
        net_annual_pct: the literature's net form, percent per year.
    """

    whole_period_pct: float | None
    gross_annual_pct: float | None
    net_annual_pct: float | None


def single_degree(area_from: float, area_to: float, years: int) -> float | None:
    """Yearly growth of a class, ``K = (U_b - U_a) / U_a / T 100 %``; None where it had no area before.

    >>> single_degree(100, 150, 10)
    5.0
    """
    return (area_to - area_from) / area_from / years * 100 if area_from else None


def comprehensive_degree(matrix: np.ndarray, years: int) -> ComprehensiveDegree:
    """Readings of how much land changed its class.

    With ``A_ij`` the transfer matrix, ``L_i = sum_j A_ij - A_ii`` the loss and ``U`` the areas before and after:

    * whole period: ``sum L_i / sum U_i 100 %`` (HJ 1171-2021: nothing is counted twice, so there is no 2);
    * gross per year: ``sum L_i / (2 sum U_i) / T 100 %``;
    * net per year: ``sum |U_bi - U_ai| / (2 sum U_i) / T 100 %`` (Wang H. 2017: gains and losses are both counted,
      which the 2 undoes).

    Args:
        matrix: areas, shape (classes, classes), rows from.
        years: length of the period.
    """
    total = float(matrix.sum())
    if total == 0:
        return ComprehensiveDegree(None, None, None)
    before, after = matrix.sum(axis=1), matrix.sum(axis=0)
    changed = float((before - np.diag(matrix)).sum())
    net = float(np.abs(after - before).sum())
    return ComprehensiveDegree(
        changed / total * 100,
        changed / (2 * total) / years * 100,
        net / (2 * total) / years * 100,
    )
