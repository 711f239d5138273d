"""What every service tells alike: amounts by year and ecosystem, their totals and their table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..land_cover import LandCoverScheme
from ..results import Column, ResultTable
from .survey import YearlySums

ALL = "all"
YEAR, ECOSYSTEM, AREA = Column("year", "integer"), Column("ecosystem", "text"), Column("area_ha", unit="ha")


@dataclass(frozen=True, eq=False)
class ByEcosystem:
    """Sums of a run by year and ecosystem; what inherits it adds its own amounts, in the same shape.

    Attributes:
        years: as given; None for a result without a year.
        ecosystems: names.
        area_ha: where the service counts, shape (years, ecosystems).
        sums: of the run, by group of the formula.
    """

    years: tuple[int | None, ...]
    ecosystems: tuple[str, ...]
    area_ha: np.ndarray
    sums: YearlySums

    def rows(self, columns: Sequence[Column], *amounts: np.ndarray | None) -> ResultTable:
        """A row per year and ecosystem with an area: these three, then the amounts.

        Args:
            columns: one per amount.
            amounts: each of shape (years, ecosystems), or None for a column that stays empty.
        """
        found = [
            (year, ecosystem, *(None if a is None else float(a[y, e]) for a in (self.area_ha, *amounts)))
            for y, year in enumerate(self.years)
            for e, ecosystem in enumerate(self.ecosystems)
            if self.area_ha[y, e] > 0
        ]
        return ResultTable((YEAR, ECOSYSTEM, AREA, *columns), tuple(found))

    def per_ha(self, amount: np.ndarray) -> np.ndarray:
        """The mean of an amount over its area, NaN where there is none."""
        return np.divide(amount, self.area_ha, out=np.full(amount.shape, np.nan), where=self.area_ha > 0)


def per_year(amount: np.ndarray) -> tuple[float, ...]:
    """Total of each year, of shape (years, ...)."""
    return tuple(math.fsum(year.ravel()) for year in amount)


def ecosystem_members(scheme: LandCoverScheme | None) -> tuple[tuple[str, ...], np.ndarray]:
    """Ecosystems of a scheme in the order of its codes, and which class belongs to which.

    Returns:
        Names, and 0/1 of shape (classes, ecosystems); without a scheme one ecosystem `all`.
    """
    if scheme is None:
        return (ALL,), np.ones((1, 1))
    of_class = [land_class.ecosystem for land_class in scheme]
    names = tuple(dict.fromkeys(of_class))
    return names, np.array([[name == ecosystem for name in names] for ecosystem in of_class], dtype=float)
