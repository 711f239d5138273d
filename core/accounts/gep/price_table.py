"""Prices of services with their unit and year: presets of published accounts, and tables of the user."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import InputError, TableError
from ...messages import say
from ...tables import Table, resource_table
from ..quantity_table import column_texts, optional_numbers
from ..services import service_id
from ..units import PriceUnit, parse_price_unit
from .price_index import GENERAL, NO_INDEX

PRESETS = ("none", "garze2010", "lyt1721", "tax_min")
TAX, TAX_YEAR = "tax_min", 2018
ALWAYS = 0  # the price year of what has none, such as a law that still holds


@dataclass(frozen=True)
class Price:
    """What a unit of a service is worth.

    Attributes:
        service: its id.
        item: of the service; "" holds for all of them.
        zone: where it holds; "" for everywhere.
        price: in `unit`.
        unit: money per unit of the quantity.
        year: of the price; `ALWAYS` for a law without one.
        index: by which it moves to another year; `none` for charges and taxes.
        capital: whether it is the cost of a work that lasts, not of a year.
        low, high: of the same unit; None where not told.
        method, source, region, note: for the table of prices.
        row: of the table, for messages.
        table: its name.
    """

    service: str
    item: str
    zone: str
    price: float
    unit: PriceUnit
    year: int
    index: str = GENERAL
    capital: bool = False
    low: float | None = None
    high: float | None = None
    method: str = ""
    source: str = ""
    region: str = ""
    note: str = ""
    row: int = 0
    table: str = ""

    @property
    def where(self) -> str:
        """How messages call it."""
        return f"Table {self.table}, row {self.row}, the price of {self.service} ({self.price:g} {self.unit.text})"


@dataclass(frozen=True)
class PriceBook:
    """All prices of an account."""

    prices: tuple[Price, ...]

    def find(self, service: str, item: str, zone: str, year: int) -> Price | None:
        """The price of a service: of its item and zone where there is one, of the year or the last one before it.

        Where all prices are younger, the earliest counts; None where there is none at all.
        """
        fitting = [p for p in self.prices if p.service == service and p.item in (item, "") and p.zone in (zone, "")]
        if not fitting:
            return None
        closest = max((p.item != "", p.zone != "") for p in fitting)
        fitting = [p for p in fitting if (p.item != "", p.zone != "") == closest]
        before = [p for p in fitting if p.year <= year]
        return max(before, key=lambda p: p.year) if before else min(fitting, key=lambda p: p.year)

    def over(self, other: PriceBook) -> PriceBook:
        """These prices, and those of another book for what these do not price."""
        own = {(p.service, p.item) for p in self.prices}
        return PriceBook((*self.prices, *(p for p in other.prices if (p.service, p.item) not in own)))


def read_prices(table: Table, currency: str = "CNY") -> PriceBook:
    """Reads prices of the user.

    Args:
        table: columns `service`, `price`, `unit`, `price_year`, and optionally `item`, `zone`, `price_index` (cpi by
            default; none for charges), `capital` (1 for the cost of a work that lasts), `low`, `high`, `method`,
            `source`, `region`, `note`, `set` (rows of presets). A `price_year` of the word none is that of a law.
        currency: of the prices.

    Raises:
        TableError: a column is missing, a cell cannot be used, a price has no year, or a row repeats another.
        InputError: a unit is not known.
    """
    table.require("service", "price", "unit", "price_year")
    prices = _rows(table, currency, table.texts("price_year"))
    seen: dict[tuple[object, ...], int] = {}
    for price in prices:
        key = (price.service, price.item, price.zone, price.year)
        if key in seen:
            raise TableError(
                say(
                    "{where} stands for the same service and year as row {seen}. Keep one, or tell them apart in "
                    "the columns item or zone.",
                    where=price.where,
                    seen=seen[key],
                )
            )
        seen[key] = price.row
    return PriceBook(tuple(prices))


def preset_prices(name: str, air_tax: float | None = None, water_tax: float | None = None) -> PriceBook:
    """Prices of a published account or of the pollution tax.

    Args:
        name: one of `PRESETS`.
        air_tax, water_tax: rates per pollution equivalent for `tax_min`; the lowest of the law by default.

    Raises:
        InputError: there is no such preset, or a rate lies outside the law.
    """
    if name not in PRESETS:
        raise InputError(
            say("There is no set of prices {name}. Choose one of {presets}.", name=name, presets=", ".join(PRESETS))
        )
    if name == TAX:
        return _tax_prices(air_tax, water_tax)
    table = resource_table("gep_prices")
    kept = tuple(row for row in table.rows if row["set"] == name)
    table = Table(table.name, table.columns, kept)
    return PriceBook(tuple(_rows(table, "CNY", table.texts("price_year")))) if kept else PriceBook(())


def pollution_price(rate: float, equivalent_kg: float) -> float:
    """Price of a pollutant, CNY/t: the rate per pollution equivalent over the kilograms in one, times 1000.

    Source: order 31 of 2003; Environmental Protection Tax Law 2016, annexes.
    """
    return rate / equivalent_kg * 1000


def annual_cost(capital: float, rate: float, years: float) -> float:
    """The yearly cost of a work that costs `capital` and lasts for some years: ``c r / (1 - (1 + r)^-n)``.

    Args:
        capital: money.
        rate: interest, as a fraction.
        years: how long the work lasts.
    """
    return capital / years if rate == 0 else capital * rate / (1 - (1 + rate) ** -years)


def _tax_prices(air_tax: float | None, water_tax: float | None) -> PriceBook:
    prices = []
    for row in resource_table("pollution_equivalents").rows:
        if not row["service"]:
            continue
        lowest, highest = float(str(row["tax_min"])), float(str(row["tax_max"]))
        given = air_tax if row["medium"] == "air" else water_tax
        rate = lowest if given is None else given
        if not lowest <= rate <= highest:
            raise InputError(
                say(
                    "The rate of {rate:g} CNY per equivalent for {row} lies outside the law, which has "
                    "{lowest:g} to {highest:g}. Take the rate of the province.",
                    rate=rate,
                    row=row["medium"],
                    lowest=lowest,
                    highest=highest,
                )
            )
        unit, kilograms = parse_price_unit("CNY/t"), float(str(row["equivalent_kg"]))
        prices.append(
            Price(
                str(row["service"]), "", "", pollution_price(rate, kilograms), unit, TAX_YEAR, NO_INDEX,
                low=pollution_price(lowest, kilograms), high=pollution_price(highest, kilograms),
                method=say(
                    "pollution tax {rate:g} CNY per equivalent / {kilograms:g} kg", rate=rate, kilograms=kilograms
                ),
                source=str(row["source"]),
                region="China", table="pollution_equivalents",
            )
        )  # fmt: skip
    return PriceBook(tuple(prices))


def _rows(table: Table, currency: str, years: Sequence[str]) -> list[Price]:
    words = ("item", "zone", "price_index", "capital", "method", "source", "region", "note")
    texts = {name: column_texts(table, name) for name in words}
    low, high = (optional_numbers(table, name) for name in ("low", "high"))
    prices = []
    for i, (service, number, unit, year) in enumerate(
        zip(table.texts("service"), table.numbers("price", blank=math.nan), table.texts("unit"), years)
    ):
        if math.isnan(number):  # not valued, which the account tells
            continue
        where = say("Table {name}, row {i} ({service})", name=table.name, i=i + 1, service=service)
        if number < 0:
            raise TableError(say("{where}: the price is {number:g}. A price is 0 or more.", where=where, number=number))
        index = texts["price_index"][i].casefold() or GENERAL
        try:
            written = parse_price_unit(unit, currency)
        except InputError as fault:
            raise InputError(f"{where}: {fault}") from None
        prices.append(
            Price(
                service=service_id(service),
                item=texts["item"][i],
                zone=texts["zone"][i],
                price=float(number),
                unit=written,
                year=_price_year(year, index, where, unit),
                index=index,
                capital=texts["capital"][i] in ("1", "true"),
                low=low[i],
                high=high[i],
                method=texts["method"][i],
                source=texts["source"][i],
                region=texts["region"][i],
                note=texts["note"][i],
                row=i + 1,
                table=table.name,
            )
        )
    return prices


def _price_year(text: str, index: str, where: str, unit: str) -> int:
    if text.casefold() == "none" and index == NO_INDEX:
        return ALWAYS
    if not text.lstrip("-").isdigit():
        raise TableError(
            say(
                "{where}, unit {unit}: the price has no year (price_year is {text!r}). Write the year it is "
                "from; for a charge that no index moves write none in price_year and in price_index.",
                where=where,
                unit=unit,
                text=text,
            )
        )
    return int(text)
