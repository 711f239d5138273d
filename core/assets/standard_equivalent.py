"""The value of one equivalent: from yields and prices or from profits of crops, by region and by price level."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, TableError
from ..results import Column, ResultTable
from ..tables import Table

METHODS = ("oneseventh", "netprofit")

# An index with previous year = 100 that is this low is a ratio (1.02) or a percentage change (2.0).
_LOWEST_INDEX = 10


@dataclass(frozen=True)
class CropShare:
    """What one crop adds to the standard equivalent.

    Attributes:
        crop: its name.
        area_ha: sown area.
        share: of the sown area of all crops, 0 to 1.
        contribution: to the value, per hectare and year.
    """

    crop: str
    area_ha: float
    share: float
    contribution: float


@dataclass(frozen=True)
class StandardEquivalent:
    """The value of one equivalent per hectare and year, the crops it rests on, and what the user should look at."""

    value: float
    crops: tuple[CropShare, ...]
    warnings: tuple[str, ...]


def standard_equivalent(crops: Table, method: str) -> StandardEquivalent:
    """The value of one equivalent, from the crops of a region.

    `oneseventh`: a seventh of the market value of the yield, as the part that owes nothing to human input:
    `D = 1/7 * sum(m p q) / sum(m)`. `netprofit`: the profit per hectare, `D = sum(m F) / sum(m)`, where Xie takes
    rice, wheat and maize.

    Args:
        crops: a row per crop: `crop`, `area_ha` (m), and for `oneseventh` `yield_kg_ha` (q) and `price_per_kg` (p),
            for `netprofit` `profit_per_ha` (F), which may be negative.
        method: one of `METHODS`.

    Raises:
        InputError: the method is unknown.
        TableError: a column is missing, a cell is not a number, an area, yield or price is negative, or the area
            is zero in total.

    Source: Xie et al. 2003, J. Nat. Resour. 18(2):189-196 (`oneseventh`); 2015, 30(8):1243-1254 (`netprofit`).
    """
    if method not in METHODS:
        raise InputError(f"There is no method {method} for the standard equivalent. Choose {' or '.join(METHODS)}.")
    crops.require("crop", "area_ha")
    if crops.is_empty:
        raise TableError(f"Table {crops.name} holds no crop. Add a row per crop.")
    area = _not_negative(crops, "area_ha")
    total = math.fsum(area)
    if total == 0:
        raise TableError(f"Table {crops.name}: the sown areas add up to zero. Write them in column area_ha.")
    per_hectare = one_seventh(crops) if method == "oneseventh" else crops.numbers("profit_per_ha")
    shares = area / total
    contributions = shares * per_hectare
    value = math.fsum(contributions)
    rows = zip(crops.texts("crop"), area.tolist(), shares.tolist(), contributions.tolist())
    return StandardEquivalent(value, tuple(CropShare(*row) for row in rows), _warnings(value))


def one_seventh(crops: Table) -> NDArray[np.float64]:
    """A seventh of the market value of each crop, per hectare: `p q / 7`. Raises TableError."""
    crops.require("yield_kg_ha", "price_per_kg")
    product: NDArray[np.float64] = _not_negative(crops, "yield_kg_ha") * _not_negative(crops, "price_per_kg")
    return product / 7


def regional_value(value: float, regional_yield: float, national_yield: float) -> float:
    """Adjusts a national value of one equivalent to a region by its grain yield: `D * yield / national yield`.

    Args:
        value: per hectare and year.
        regional_yield: grain, kg/ha.
        national_yield: grain, kg/ha.

    Raises:
        InputError: a yield is not above zero.
    """
    for name, number in (("regional", regional_yield), ("national", national_yield)):
        if not (number > 0 and math.isfinite(number)):
            raise InputError(f"The {name} grain yield is {number}. Give a yield above zero, in kg/ha.")
    return value * regional_yield / national_yield


def price_indices(table: Table) -> dict[int, float]:
    """Reads a table of price indices (`year`, `index`; previous year = 100). Raises TableError."""
    table.require("year", "index")
    return dict(zip(table.codes("year"), table.numbers("index").tolist()))


def deflator(indices: Mapping[int, float], base_year: int) -> dict[int, float]:
    """The price level of each year, base year = 1: the product of the indices from the base year on.

    `level(t) = prod(index(u) / 100, u = base + 1 .. t)` after the base year, and one over the product of the indices
    of t + 1 .. base before it. The year before the first index is there too.

    Args:
        indices: price index by year, previous year = 100, without gaps.
        base_year: the year whose prices count.

    Raises:
        InputError: there is no index, a year is missing, the base year lies outside, or an index is not of the kind
            "previous year = 100".
    """
    if not indices:
        raise InputError("There is no price index. Give one per year, previous year = 100.")
    first, last = min(indices), max(indices)
    missing = [year for year in range(first, last + 1) if year not in indices]
    if missing:
        raise InputError(f"The price index lacks {', '.join(map(str, missing))}. Give one for every year.")
    for year, index in indices.items():
        if not (_LOWEST_INDEX <= index < math.inf):
            raise InputError(f"The price index of {year} is {index:g}. Write it with previous year = 100, e.g. 102.")
    if not first - 1 <= base_year <= last:
        raise InputError(f"The base year {base_year} lies outside the price indices, {first - 1} to {last}.")
    level = {first - 1: 1.0}
    for year in range(first, last + 1):
        level[year] = level[year - 1] * indices[year] / 100
    return {year: number / level[base_year] for year, number in level.items()}


def deflate(value: float, year: int, levels: Mapping[int, float]) -> float:
    """Expresses a value of `year` in prices of the base year: `value / level`. `levels` is that of `deflator`.

    Raises:
        InputError: the year has no price level.
    """
    return value / _level(year, levels)


def inflate(value: float, year: int, levels: Mapping[int, float]) -> float:
    """Expresses a value in prices of the base year in prices of `year`: the inverse of `deflate`."""
    return value * _level(year, levels)


def _level(year: int, levels: Mapping[int, float]) -> float:
    if year not in levels:
        raise InputError(f"There is no price index for {year}; there are {min(levels)} to {max(levels)}. Add the year.")
    return levels[year]


def _not_negative(crops: Table, column: str) -> NDArray[np.float64]:
    numbers = crops.numbers(column)
    for row, number in enumerate(numbers, start=1):
        if number < 0:
            raise TableError(f"Table {crops.name}, row {row}, column {column} holds {number:g}. It cannot be negative.")
    return numbers


def _warnings(value: float) -> tuple[str, ...]:
    if value > 0:
        return ()
    message = (
        f"The standard equivalent is {value:g}, not above zero: every ecosystem service would be worth nothing or "
        "less. Use another year, a mean of years, or the method oneseventh."
    )
    return (message,)


TABLE_COLUMNS = (
    Column("crop", "text"),
    Column("area_ha", unit="ha"),
    Column("share"),
    Column("contribution", unit="currency/(ha a)"),
)


def standard_equivalent_table(found: StandardEquivalent) -> ResultTable:
    """A row per crop; the contributions add up to the value of one equivalent."""
    return ResultTable(TABLE_COLUMNS, tuple((c.crop, c.area_ha, c.share, c.contribution) for c in found.crops))
