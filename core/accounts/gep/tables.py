"""Tables of an account: its rows, sums with shares and indicators, changes, prices as used, sensitivity."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...results import Cell, Column, ResultTable, integers, numbers, texts
from ..services import COUNTED
from .account import AccountRow, GepAccount, total_of
from .change import Change, changes
from .context import Surroundings
from .sensitivity import deciding, swings

ALL, UNALLOCATED = "all", "unallocated"
ACCOUNT_COLUMNS = (
    Column("year", "integer"), *texts("zone", "ecosystem", "category", "service", "item"), Column("quantity"),
    Column("unit", "text"), Column("price"), Column("price_unit", "text"), Column("price_year", "integer"),
    Column("moved_price"), Column("moved_to", "integer"), *numbers("value", "value_base"), Column("status", "text"),
    Column("allocated", "integer"), Column("source", "text"),
)  # fmt: skip
SUMMARY_COLUMNS = (
    Column("year", "integer"), *texts("by", "name"), *numbers("value", "value_base"), Column("share_pct", unit="%"),
    Column("share_of", "text"), Column("area_km2", unit="km2"),
    *numbers("value_per_km2", "population", "value_per_person", "gdp", "gep_gdp"), Column("complete", "integer"),
)  # fmt: skip
CHANGE_COLUMNS = (
    *integers("from_year", "to_year"), *texts("zone", "category", "service"),
    *numbers("value_from", "value_to", "change", "change_pct", "price_effect", "quantity_effect"),
    *numbers("base_from", "base_to", "comparable_pct"), Column("base_year", "integer"),
)  # fmt: skip
SENSITIVITY_COLUMNS = (
    *integers("year", "rank"), *texts("kind", "service", "item"), *numbers("price", "low", "high"),
    Column("unit", "text"), *numbers("value", "value_low", "value_high", "total_low", "total_high", "swing_pct"),
    Column("deciding", "integer"),
)  # fmt: skip
PRICE_COLUMNS = (
    *texts("service", "item", "zone"), Column("price"), Column("unit", "text"), Column("price_year", "integer"),
    Column("price_index", "text"), Column("capital", "integer"), Column("moved_price"), Column("moved_to", "integer"),
    *numbers("low", "high"), *texts("method", "region", "source", "note"),
)  # fmt: skip


def account_table(account: GepAccount) -> ResultTable:
    """A row per row of quantities, with its price and value."""
    rows: list[tuple[Cell, ...]] = []
    for row in account.rows:
        q, worth = row.quantity, row.worth
        price = worth.price if worth else None
        rows.append(
            (
                q.year, q.zone, q.ecosystem, q.category, q.service, q.item, q.amount, q.unit,
                price.price if price else None, price.unit.text if price else "",
                (price.year or None) if price else None, worth.moved if price and worth else None,
                worth.year if worth else None, row.value, row.value_base, row.status, int(q.allocated), q.source,
            )
        )  # fmt: skip
    return ResultTable(ACCOUNT_COLUMNS, tuple(rows))


@dataclass(frozen=True)
class Part:
    """A part of the account of a year.

    Attributes:
        by: `total`, `category`, `ecosystem`, `zone` or `service`.
        name: of the part.
        value, value_base: of its rows.
        share: of GEP, 0 to 1; None where GEP is 0.
        around: population, GDP and area, where they are told.
        complete: whether every row of the part has a value.
    """

    year: int
    by: str
    name: str
    value: float
    value_base: float
    share: float | None
    around: Surroundings
    complete: bool

    @property
    def per_km2(self) -> float | None:
        return _over(self.value, self.around.area_km2)

    @property
    def per_person(self) -> float | None:
        return _over(self.value, self.around.population)

    @property
    def per_gdp(self) -> float | None:
        return _over(self.value, self.around.gdp)


def parts_of(account: GepAccount, year: int) -> list[Part]:
    """The total of a year and its parts by category, ecosystem, zone and service; unrounded values are summed.

    The base of every share is GEP. Per-area values of ecosystems are over their own area.
    """
    total = account.total(year)

    def part(by: str, name: str, around: Surroundings) -> Part:
        rows = [row for row in account.of_year(year) if _belongs(row, by, name)]
        value = total_of(rows)
        missing = any(_belongs(row, by, name) for row in account.not_valued(year))
        base = math.fsum(row.value_base or 0.0 for row in rows)
        share = value / total if total else None
        return Part(year, by, name or UNALLOCATED, value, base, share, around, not missing)

    found = [part("total", ALL, _whole(account, year))]
    found += [part("category", category, Surroundings()) for category in COUNTED]
    for name in _present(account, year, "ecosystem"):
        area = _area_km2(account, year, ecosystem=name) if name else None
        found.append(part("ecosystem", name, Surroundings(area_km2=area)))
    found += [part("zone", name, _around_zone(account, year, name)) for name in _present(account, year, "zone")]
    found += [part("service", name, Surroundings()) for name in _present(account, year, "service")]
    return found


def _belongs(row: AccountRow, by: str, name: str) -> bool:
    return by == "total" or getattr(row.quantity, by) == name


def _present(account: GepAccount, year: int, name: str) -> list[str]:
    """Names that rows of the account have, what is not allocated last."""
    rows = [row for row in account.rows if row.quantity.year == year and (row.counts or row.status == "not valued")]
    names = dict.fromkeys(getattr(row.quantity, name) for row in rows)
    return sorted(names, key=lambda text: text == "")


def _whole(account: GepAccount, year: int) -> Surroundings:
    around = account.context.whole(year, [zone for zone in account.zones if zone])
    area = around.area_km2 if around.area_km2 is not None else _area_km2(account, year)
    return Surroundings(around.population, around.gdp, area)


def _around_zone(account: GepAccount, year: int, zone: str) -> Surroundings:
    told = account.context.zone(zone, year) if zone else Surroundings()
    area = told.area_km2 if told.area_km2 is not None else _area_km2(account, year, zone=zone)
    return Surroundings(told.population, told.gdp, area)


def _area_km2(account: GepAccount, year: int, zone: str | None = None, ecosystem: str | None = None) -> float | None:
    areas = [
        area for (of, z, e), area in account.areas_ha.items()
        if of == year and zone in (None, z) and ecosystem in (None, e)
    ]  # fmt: skip
    return math.fsum(areas) / 100 if areas else None


def summary_table(account: GepAccount) -> ResultTable:
    """A row per year and part; see `parts_of`."""
    rows: list[tuple[Cell, ...]] = []
    for year in account.years:
        for p in parts_of(account, year):
            a = p.around
            share = None if p.share is None else 100 * p.share
            rows.append(
                (
                    year, p.by, p.name, p.value, p.value_base, share, f"GEP {year}", a.area_km2, p.per_km2,
                    a.population, p.per_person, a.gdp, p.per_gdp, int(p.complete),
                )
            )  # fmt: skip
    return ResultTable(SUMMARY_COLUMNS, tuple(rows))


def change_table(account: GepAccount) -> ResultTable:
    """A row per pair of years, zone and service, with `all` for sums; the effects add up to the change."""
    rows: list[tuple[Cell, ...]] = []
    for pair, found in changes(account).items():
        zones = list(dict.fromkeys(change.zone for change in found))
        for zone in [ALL, *(zones if len(zones) > 1 else [])]:
            of_zone = [change for change in found if zone in (ALL, change.zone)]
            rows.append((*pair, zone, ALL, ALL, *change_cells(of_zone), account.base_year))
            for category in dict.fromkeys(change.category for change in of_zone):
                of_category = [change for change in of_zone if change.category == category]
                rows.append((*pair, zone, category, ALL, *change_cells(of_category), account.base_year))
                for service in dict.fromkeys(change.service for change in of_category):
                    of_service = [change for change in of_category if change.service == service]
                    rows.append((*pair, zone, category, service, *change_cells(of_service), account.base_year))
    return ResultTable(CHANGE_COLUMNS, tuple(rows))


def change_cells(found: Sequence[Change]) -> tuple[float | None, ...]:
    """Values, change, its percentage, effects, comparable values and their change in percent."""

    def total(values: Iterable[float]) -> float:
        return math.fsum(values)

    before, after = total(c.before for c in found), total(c.after for c in found)
    base_before, base_after = total(c.base_before for c in found), total(c.base_after for c in found)
    return (
        before, after, after - before, _growth(before, after),
        total(c.price_effect for c in found), total(c.quantity_effect for c in found),
        base_before, base_after, _growth(base_before, base_after),
    )  # fmt: skip


def headline_numbers(account: GepAccount) -> dict[str, float]:
    """The figures that later steps use; what does not exist is left out."""
    first, last = account.years[0], account.years[-1]
    ratio = parts_of(account, last)[0].per_gdp
    numbers = {
        "GEP_FIRST": account.total(first),
        "GEP_LAST": account.total(last),
        "CURRENT_CHANGE_PCT": _growth(account.total(first), account.total(last)) if first != last else None,
        "COMPARABLE_CHANGE_PCT": _growth(account.comparable(first), account.comparable(last))
        if first != last
        else None,
        "GGI": ratio,
        "NOT_VALUED": float(len(account.not_valued())),
    }
    return {name: number for name, number in numbers.items() if number is not None}


def sensitivity_table(account: GepAccount) -> ResultTable:
    """A row per price of the last year, and one for the way in which capital costs are charged."""
    year, total = account.years[-1], account.total(account.years[-1])
    found = swings(account)
    decide = deciding(found)
    rows: list[tuple[Cell, ...]] = [
        (
            year, rank, s.kind, s.service, s.item, s.price, s.low, s.high, s.unit, s.value, s.value_low, s.value_high,
            s.total_low, s.total_high, 100 * s.width / total if total else None, int(s in decide),
        )
        for rank, s in enumerate(found, start=1)
    ]  # fmt: skip
    return ResultTable(SENSITIVITY_COLUMNS, tuple(rows))


def price_rows(account: GepAccount, year: int | None = None) -> ResultTable:
    """Every price that was used, once per price level; those of one year, or of all."""
    rows: dict[tuple[Cell, ...], None] = {}
    for row in account.rows:
        worth = row.worth
        if not row.counts or worth is None or worth.price is None or year not in (None, row.quantity.year):
            continue
        p = worth.price
        rows[
            (
                p.service, p.item, p.zone, p.price, p.unit.text, p.year or None, p.index, int(p.capital), worth.moved,
                worth.year, p.low, p.high, p.method, p.region, p.source, p.note,
            )
        ] = None  # fmt: skip
    return ResultTable(PRICE_COLUMNS, tuple(rows))


def _growth(before: float, after: float) -> float | None:
    return 100 * (after - before) / abs(before) if before else None


def _over(value: float, by: float | None) -> float | None:
    return value / by if by else None
