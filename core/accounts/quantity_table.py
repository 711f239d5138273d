"""The table of quantities that an account starts from: how much of which service, where and when."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..errors import InputError, TableError
from ..messages import say
from ..results import Cell, Column, ResultTable, texts
from ..tables import Table
from .services import AREA, CATEGORIES, catalogue, service_id
from .units import Unit, parse_unit

# Names that stand for a sum of the others, in whatever language the table is.
TOTALS = {"total", "all", "sum", "whole", "合计", "总计", "小计", "全部", "全区", "全市", "全省"}
QUANTITY_COLUMNS = (
    Column("year", "integer"), *texts("zone", "ecosystem", "service", "item"), Column("quantity"),
    Column("unit", "text"), Column("value"), Column("source", "text"), Column("allocated", "integer"),
)  # fmt: skip


@dataclass(frozen=True)
class Quantity:
    """How much of a service an ecosystem of a zone gave in a year.

    Attributes:
        year, zone, ecosystem: where and when; an ecosystem of "" means that it is not allocated.
        service: its id; `area` for the area of an ecosystem.
        item: what tells several rows of one service apart, such as a purpose of water.
        amount: in `unit`; None where only a value is given.
        unit: of the amount; "" where there is none.
        value: money that statistics or a published account give, in the currency; None where it is to be computed.
        category: of the service.
        source: where the number comes from.
        allocated: whether it was spread over ecosystems by a rule.
        row: of the table, for messages.
    """

    year: int
    zone: str
    ecosystem: str
    service: str
    item: str
    amount: float | None
    unit: str
    value: float | None = None
    category: str = ""
    source: str = ""
    allocated: bool = False
    row: int = 0

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What is the same in every year."""
        return self.zone, self.ecosystem, self.service, self.item


def read_quantities(table: Table, currency: str = "CNY") -> tuple[Quantity, ...]:
    """Reads a table of quantities.

    Args:
        table: columns `year`, `service`, `quantity`, `unit`, and optionally `zone`, `ecosystem`, `item`, `value`
            (currency), `category` (for services that the plugin does not know), `source`, `allocated`. A service of the
            name `area` tells the area of an ecosystem.
        currency: of values.

    Raises:
        TableError: a column is missing, a cell cannot be used, a row repeats another or sums others up, or a service
            is not known and has no category.
        InputError: a unit is not known or not that of the service.
    """
    table.require("year", "service", "quantity", "unit")
    if table.is_empty:
        raise TableError(
            say("Table {name} holds no quantity. Add a row per year, zone, ecosystem and service.", name=table.name)
        )
    texts = {
        name: column_texts(table, name) for name in ("zone", "ecosystem", "item", "category", "source", "allocated")
    }
    amounts, values = (optional_numbers(table, name) for name in ("quantity", "value"))
    found = []
    for i, (year, service, unit) in enumerate(zip(table.numbers("year"), table.texts("service"), table.texts("unit"))):
        quantity = Quantity(
            year=_year(table, i, float(year)),
            zone=texts["zone"][i],
            ecosystem=_ecosystem(texts["ecosystem"][i]),
            service=service_id(service),
            item=texts["item"][i],
            amount=amounts[i],
            unit=unit,
            value=values[i],
            category=texts["category"][i].casefold(),
            source=texts["source"][i],
            allocated=texts["allocated"][i] in ("1", "true"),
            row=i + 1,
        )
        found.append(_checked(quantity, table, currency))
    _refuse_sums(found, table)
    _refuse_repeats(found, table)
    return tuple(found)


def quantity_table(quantities: Iterable[Quantity]) -> ResultTable:
    """The table in the form that `read_quantities` reads."""
    rows: list[tuple[Cell, ...]] = [
        (q.year, q.zone, q.ecosystem, q.service, q.item, q.amount, q.unit, q.value, q.source, int(q.allocated))
        for q in quantities
    ]
    return ResultTable(QUANTITY_COLUMNS, tuple(rows))


def _checked(quantity: Quantity, table: Table, currency: str) -> Quantity:
    where = say("Table {name}, row {row}", name=table.name, row=quantity.row)
    if not quantity.service:
        raise TableError(say("{where}, column service is blank. Write the id of a service.", where=where))
    if quantity.service == AREA:
        return _area(quantity, where)
    known = catalogue().get(quantity.service)
    category = known.category if known else quantity.category
    if category not in CATEGORIES:
        raise TableError(
            say(
                "{where}: the service {service!r} is not known. Write one of {catalogue}, or tell its "
                "category ({categories}) in the column category.",
                where=where,
                service=quantity.service,
                catalogue=", ".join(catalogue()),
                categories=", ".join(CATEGORIES),
            )
        )
    if quantity.amount is None and quantity.value is None:
        raise TableError(
            say(
                "{where} ({service}) has neither a quantity nor a value. Write one, or remove the row.",
                where=where,
                service=quantity.service,
            )
        )
    quantity = Quantity(**{**vars(quantity), "category": category})
    if quantity.amount is None:
        return quantity
    unit = parse_unit(quantity.unit, currency) if quantity.unit else None
    if unit is None:
        raise TableError(
            say(
                "{where} ({service}), column unit is blank. Write the unit of the quantity.",
                where=where,
                service=quantity.service,
            )
        )
    if unit.kind == "money":
        if quantity.value is not None:
            raise TableError(
                say(
                    "{where} ({service}): quantity is in {currency} and a value is given too. Keep one.",
                    where=where,
                    service=quantity.service,
                    currency=currency,
                )
            )
        return Quantity(**{**vars(quantity), "amount": None, "unit": "", "value": quantity.amount * unit.factor})
    return _in_unit_of_service(quantity, unit, where)


def _in_unit_of_service(quantity: Quantity, unit: Unit, where: str) -> Quantity:
    """The quantity in the unit that the service is accounted in."""
    known = catalogue().get(quantity.service)
    due = parse_unit(known.unit) if known and known.unit else None
    if known is None or due is None or due.kind == "money":  # products may be counted in t as well as in money
        return quantity
    if due.substance and not unit.fits(due):
        raise InputError(
            say(
                "{where} ({service}): the unit is {unit!r}, and the account counts {unit2}. Convert it: 1 t "
                "C is 44/12 t CO2.",
                where=where,
                service=quantity.service,
                unit=quantity.unit,
                unit2=known.unit,
            )
        )
    if unit.kind != due.kind:
        raise InputError(
            say(
                "{where} ({service}): the unit is {unit!r}, and the account counts {unit2}. Convert it.",
                where=where,
                service=quantity.service,
                unit=quantity.unit,
                unit2=known.unit,
            )
        )
    if quantity.amount is None:
        raise TypeError("quantity.amount is not as expected")
    return Quantity(**{**vars(quantity), "amount": quantity.amount * unit.factor / due.factor, "unit": known.unit})


def _area(quantity: Quantity, where: str) -> Quantity:
    unit = parse_unit(quantity.unit)
    if unit.kind != "area" or quantity.amount is None or quantity.amount < 0:
        raise InputError(
            say(
                "{where}: an area needs a number from 0 and a unit such as ha. It has {unit!r}.",
                where=where,
                unit=quantity.unit,
            )
        )
    return Quantity(**{**vars(quantity), "amount": quantity.amount * unit.factor, "unit": "ha"})


def _refuse_sums(found: Sequence[Quantity], table: Table) -> None:
    """A row for the whole beside the rows of its parts would count everything twice."""
    for name in ("zone", "ecosystem", "service"):
        values = {getattr(quantity, name).casefold() for quantity in found}
        sums = values & TOTALS
        if sums and len(values) > 1:
            row = next(q.row for q in found if getattr(q, name).casefold() in sums)
            raise TableError(
                say(
                    "Table {name}, row {row}: {name2} is {sums!r} beside {name2}s of their own, so that all "
                    "would be counted twice. Remove the rows that sum up others.",
                    name=table.name,
                    row=row,
                    name2=name,
                    sums=next(iter(sums)),
                )
            )


def _refuse_repeats(found: Sequence[Quantity], table: Table) -> None:
    seen: dict[tuple[object, ...], int] = {}
    for quantity in found:
        key = (quantity.year, *quantity.key)
        if key in seen:
            raise TableError(
                say(
                    "Table {name}, row {row} repeats row {seen}: {year}, zone {zone!r}, ecosystem {ecosystem!r}, "
                    "{service}. Add them up, or tell them apart in the column item.",
                    name=table.name,
                    row=quantity.row,
                    seen=seen[key],
                    year=quantity.year,
                    zone=quantity.zone,
                    ecosystem=quantity.ecosystem,
                    service=quantity.service,
                )
            )
        seen[key] = quantity.row


def _year(table: Table, row: int, year: float) -> int:
    if year != int(year):
        raise TableError(
            say(
                "Table {name}, row {row}, column year holds {year:g}. Write a whole year.",
                name=table.name,
                row=row + 1,
                year=year,
            )
        )
    return int(year)


def _ecosystem(text: str) -> str:
    """An ecosystem of the plugin in small letters, others as they are; what is not allocated is ""."""
    small = text.casefold()
    return "" if small in ("unallocated", "未分摊") else text


def column_texts(table: Table, column: str) -> tuple[str, ...]:
    return table.texts(column) if table.has(column) else ("",) * len(table.rows)


def optional_numbers(table: Table, column: str) -> list[float | None]:
    if not table.has(column):
        return [None] * len(table.rows)
    return [float(n) if math.isfinite(n) else None for n in table.numbers(column, blank=math.nan)]
