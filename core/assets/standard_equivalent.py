"""The value of one equivalent, from yields and prices or from profits of crops."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, TableError
from ..inputs.tables import require_unit
from ..messages import say
from ..results import Column, ResultTable
from ..tables import Table

METHODS = ("oneseventh", "netprofit")


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
        raise InputError(
            say(
                "There is no method {method} for the standard equivalent. Choose {methods}.",
                method=method,
                methods=" or ".join(METHODS),
            )
        )
    crops.require("crop", "area_ha")
    if crops.is_empty:
        raise TableError(say("Table {name} holds no crop. Add a row per crop.", name=crops.name))
    area = _not_negative(crops, "area_ha")
    total = math.fsum(area)
    if total == 0:
        raise TableError(
            say("Table {name}: the sown areas add up to zero. Write them in column area_ha.", name=crops.name)
        )
    per_hectare = one_seventh(crops) if method == "oneseventh" else crops.numbers("profit_per_ha")
    shares = area / total
    contributions = shares * per_hectare
    value = math.fsum(contributions)
    rows = zip(crops.texts("crop"), area.tolist(), shares.tolist(), contributions.tolist())
    return StandardEquivalent(value, tuple(CropShare(*row) for row in rows), _warnings(value))


def one_seventh(crops: Table) -> NDArray[np.float64]:
    """A seventh of the market value of each crop, per hectare: `p q / 7`. Raises TableError."""
    crops.require("yield_kg_ha", "price_per_kg")
    yields = _not_negative(crops, "yield_kg_ha")
    require_unit(crops.name, "yield_kg_ha", yields, "crop_yield")
    product: NDArray[np.float64] = yields * _not_negative(crops, "price_per_kg")
    return product / 7


def _not_negative(crops: Table, column: str) -> NDArray[np.float64]:
    numbers = crops.numbers(column)
    for row, number in enumerate(numbers, start=1):
        if number < 0:
            raise TableError(
                say(
                    "Table {name}, row {row}, column {column} holds {number:g}. It cannot be negative.",
                    name=crops.name,
                    row=row,
                    column=column,
                    number=number,
                )
            )
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
    Column("crop", "text"), Column("area_ha", unit="ha"), Column("share"),
    Column("contribution", unit="currency/(ha a)"),
)  # fmt: skip


def standard_equivalent_table(found: StandardEquivalent) -> ResultTable:
    """A row per crop; the contributions add up to the value of one equivalent."""
    return ResultTable(TABLE_COLUMNS, tuple((c.crop, c.area_ha, c.share, c.contribution) for c in found.crops))
