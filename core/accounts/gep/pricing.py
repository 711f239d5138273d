"""What a unit of a service is worth in a year: price, unit, price level, capital cost, and nature's share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ...errors import InputError, TableError
from ...messages import say
from ...tables import Table
from ..quantity_table import Quantity, column_texts
from ..services import service_id
from ..units import Unit, parse_unit
from .price_index import GENERAL, NO_INDEX, PriceIndex
from .price_table import ALWAYS, Price, PriceBook, annual_cost

SAND = "sand_fixation"
M2_PER_HA = 1e4


@dataclass(frozen=True)
class PriceRules:
    """How prices become worth.

    Attributes:
        index: by which prices move; none at all leaves every price as it is.
        price_year: whose prices all years get; None takes those of each year.
        capital: whether the cost of works that last is charged as it is, or as a cost per year.
        capital_rate: interest, as a fraction.
        capital_life: years that a work lasts.
        sand_density, sand_depth: t/m3 and m of a layer of sand, which turn sand held into land kept.
        shares: nature's share of a service by id, item and zone ("" for all): 0 to 1.
        currency: of all money.
    """

    index: PriceIndex = field(default_factory=PriceIndex)
    price_year: int | None = None
    capital: Literal["as_is", "annualised"] = "as_is"
    capital_rate: float = 0.03
    capital_life: float = 50.0
    sand_density: float = 1.28
    sand_depth: float = 0.1
    shares: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    currency: str = "CNY"

    def share(self, quantity: Quantity) -> float:
        """Nature's share of a row, 1 where none is given."""
        service, item, zone = quantity.service, quantity.item, quantity.zone
        for key in ((service, item, zone), (service, item, ""), (service, "", zone), (service, "", "")):
            if key in self.shares:
                return self.shares[key]
        return 1.0


@dataclass(frozen=True)
class Worth:
    """What one unit of a quantity is worth, and how that came about.

    Attributes:
        price: row of the table of prices; None where the value itself was given.
        moved: the price at the level of `year`, in its own unit, a capital cost still whole.
        year: the price level.
        per_unit: money per unit of the quantity, with everything.
    """

    price: Price | None
    moved: float
    year: int
    per_unit: float


def worth_of(quantity: Quantity, year: int, book: PriceBook, rules: PriceRules) -> Worth | None:
    """The worth of a unit of a row at the prices of a year; None where there is no price.

    Raises:
        InputError: the price is per another unit than the quantity, or the index lacks a year.
    """
    price = book.find(quantity.service, quantity.item, quantity.zone, year)
    if price is None:
        return None
    level, moved = _moved(price, year, rules)
    yearly = moved
    if _annualised(price, rules):
        yearly = annual_cost(moved, rules.capital_rate, rules.capital_life)
    per_unit = yearly * price.unit.money * units_per_price(quantity, price, rules) * rules.share(quantity)
    return Worth(price, moved, level, per_unit)


def units_per_price(quantity: Quantity, price: Price, rules: PriceRules) -> float:
    """How many units of the price one unit of the quantity holds, such as 1000 kg per t.

    Sand held (t) over density and depth of its layer is the land that a price per area values.

    Raises:
        InputError: they measure different things.
    """
    per, unit = price.unit.per, parse_unit(quantity.unit, rules.currency)
    if quantity.service == SAND and unit.kind == "mass" and per.kind == "area":
        return unit.factor / (rules.sand_density * rules.sand_depth) / M2_PER_HA / per.factor
    if not unit.fits(_named(per, unit, quantity)):
        raise InputError(
            say(
                "{where} is per {text}, and row {row} of the quantities is in {unit}. {price}",
                where=price.where,
                text=per.text,
                row=quantity.row,
                unit=quantity.unit,
                price=_mend(price, per, unit),
            )
        )
    return unit.factor / per.factor


def _named(per: Unit, unit: Unit, quantity: Quantity) -> Unit:
    """The unit of a price; where the service tells the substance and the quantity does not, it counts as that."""
    if not unit.substance and quantity.service not in ("carbon", "oxygen"):
        return Unit(per.text, per.kind, per.factor)
    return per


def _mend(price: Price, per: Unit, unit: Unit) -> str:
    if (per.substance, unit.substance) == ("C", "CO2"):
        return (
            f"A tonne of C is 44/12 t CO2: write {price.price * 12 / 44:.6g} {price.unit.text.replace(' C', ' CO2')}."
        )
    if (per.substance, unit.substance) == ("CO2", "C"):
        return "Convert the quantity to t CO2: 1 t C is 44/12 t CO2."
    return "Give a price per unit of the quantity."


def _moved(price: Price, year: int, rules: PriceRules) -> tuple[int, float]:
    """The price level, and the price at it."""
    fixed = price.index == NO_INDEX or price.year == ALWAYS or not rules.index.knows(price.index)
    if fixed:
        return price.year or year, price.price
    try:
        return year, price.price * rules.index.ratio(price.index, price.year, year)
    except InputError as fault:
        raise InputError(
            say(
                "{where}, of {year}, cannot be moved to {year2}: {fault}",
                where=price.where,
                year=price.year,
                year2=year,
                fault=fault,
            )
        ) from None


def worth_of_money(quantity: Quantity, year: int, book: PriceBook, rules: PriceRules) -> Worth:
    """The worth at the prices of a year of one unit of money of the row's own year, for values that were given.

    The index of the service's price moves them, or the general one where it has none; without an index they are worth
    what they are. A capital cost is made one of a year like any other.
    """
    price = book.find(quantity.service, quantity.item, quantity.zone, quantity.year)
    name = price.index if price else GENERAL
    moves = name != NO_INDEX and rules.index.knows(name)
    try:
        ratio = rules.index.ratio(name, quantity.year, year) if moves else 1.0
    except InputError as fault:
        where = say(
            "The value of row {row} ({service}), of {year},",
            row=quantity.row,
            service=quantity.service,
            year=quantity.year,
        )
        raise InputError(
            say("{where} cannot be moved to {year}: {fault}", where=where, year=year, fault=fault)
        ) from None
    level = year if moves else (price.year if price and price.year else quantity.year)
    moved = price.price * ratio if price else ratio
    yearly = annual_cost(1.0, rules.capital_rate, rules.capital_life) if price and _annualised(price, rules) else 1.0
    return Worth(price, moved, level, ratio * yearly * rules.share(quantity))


def _annualised(price: Price, rules: PriceRules) -> bool:
    return price.capital and rules.capital == "annualised"


def read_shares(table: Table | None) -> dict[tuple[str, str, str], float]:
    """Reads nature's share of the value of products: `service`, `share`, and optionally `item`, `zone`.

    Raises:
        TableError: a column is missing, a row repeats another, or a share lies outside 0 to 1.
    """
    if table is None:
        return {}
    table.require("service", "share")
    items, zones = column_texts(table, "item"), column_texts(table, "zone")
    shares: dict[tuple[str, str, str], float] = {}
    for row, (service, item, zone, share) in enumerate(
        zip(table.texts("service"), items, zones, table.numbers("share")), start=1
    ):
        key = (service_id(service), item, zone)
        if not (0 <= share <= 1 and math.isfinite(share)):
            raise TableError(
                say(
                    "Table {name}, row {row}: the share of {service} is {share:g}. Write 0 to 1.",
                    name=table.name,
                    row=row,
                    service=service,
                    share=share,
                )
            )
        if key in shares:
            raise TableError(
                say(
                    "Table {name}, row {row} tells the share of {service} again. Keep one row.",
                    name=table.name,
                    row=row,
                    service=service,
                )
            )
        shares[key] = float(share)
    return shares
