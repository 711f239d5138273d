"""The workbook of an account: what accountants open, in both languages side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...report.away.workbook import Row, Sheet, SheetCell, Style
from ...report.texts import load_texts
from ...results import Cell, ResultTable
from ..services import CATEGORIES, COUNTED, service_name
from .account import AccountRow, GepAccount, total_of
from .bridge import END, START, bridge_table
from .money import MoneyUnit, money_unit
from .tables import ALL, UNALLOCATED, account_table, change_table, price_rows, sensitivity_table, summary_table

_MONEY = {
    "value", "value_base", "value_from", "value_to", "change", "price_effect", "quantity_effect", "base_from",
    "base_to",
    "value_low", "value_high", "total_low", "total_high", "amount", "value_per_km2", "value_per_person", "gdp",
    "quantity",
    "population", "area_km2",
}  # fmt: skip
_FINE = {"price", "moved_price", "low", "high", "gep_gdp"}
_PERCENT = {"share_pct", "change_pct", "comparable_pct", "swing_pct"}


def account_sheets(account: GepAccount) -> list[Sheet]:
    """The sheets: services by year, services by ecosystem, zones, change, prices, sensitivity, bridge and rows."""
    tables = (
        ("Indicators 指标", summary_table(account)),
        ("Change 变化", change_table(account)),
        ("Prices 单价", price_rows(account)),
        ("Sensitivity 敏感性", sensitivity_table(account)),
        ("Bridge to SEEA 衔接", bridge_table(account)),
        ("Account 明细", account_table(account)),
    )
    return [
        _services(account),
        *(_matrix(account, year) for year in account.years),
        *(result_sheet(name, table) for name, table in tables if table.rows),
        _notes(account),
    ]


_LARGE = 1e8


def _unit(account: GepAccount) -> MoneyUnit:
    """Ten thousand of the currency where the account is large, as yearbooks print it."""
    large = max(abs(account.total(year)) for year in account.years) >= _LARGE
    names = money_unit([1e5], account.currency, "zh").text if large else account.currency
    return MoneyUnit(1e4, f"10⁴ {account.currency}/a, {names}/年") if large else MoneyUnit(1.0, f"{account.currency}/a")


def both(key: str) -> str:
    """A text of the report in both languages."""
    english, chinese = load_texts("en").get(key, key), load_texts("zh").get(key, key)
    return english if english == chinese else f"{english} {chinese}"


def heading(title: str, note: str) -> list[Row]:
    """Title, note and an empty row."""
    return [[SheetCell(title, "title")], [SheetCell(note, "note")], []]


def _services(account: GepAccount) -> Sheet:
    """Value by category and service, in current and comparable prices, a column per year."""
    years = account.years
    head = [
        "Service",
        "服务",
        "Item 项目",
        "Unit 单位",
        *(f"Quantity {y} 功能量" for y in years),
        *(f"Value {y} 价值" for y in years),
    ]
    head += [f"At prices of {account.base_year} 可比价 {y}" for y in years] if len(years) > 1 else []
    head.append(f"Share {years[-1]} 占比 (%)")
    rows = heading(both("gep_title"), _unit(account).text)
    rows.append([SheetCell(text, "head") for text in head])
    for category in COUNTED:
        of = [
            row
            for row in account.rows
            if row.quantity.category == category and (row.counts or row.status == "not valued")
        ]
        keys = list(dict.fromkeys((r.quantity.service, r.quantity.item, r.quantity.unit) for r in of))
        for key in keys:
            rows.append(
                _service_row(account, [r for r in of if (r.quantity.service, r.quantity.item, r.quantity.unit) == key])
            )
        if keys:
            rows.append(_sum_row(account, both(category), of, category))
    rows.append(_sum_row(account, both("gep_total"), list(account.rows)))
    return Sheet("GEP 生态产品总值", rows, None, (4, 2))


def _service_row(account: GepAccount, of: Sequence[AccountRow]) -> Row:
    q = of[0].quantity
    cells = [SheetCell(service_name(q.service, "", language), "indent") for language in ("en", "zh")]
    cells += [SheetCell(q.item), SheetCell(q.unit)]
    by_year = [[row for row in of if row.quantity.year == year] for year in account.years]
    for rows in by_year:
        amounts = [row.quantity.amount for row in rows if row.quantity.amount is not None]
        cells.append(SheetCell(math.fsum(amounts) if amounts else None, "decimal"))
    for rows in by_year:
        cells.append(SheetCell(_value(rows, _unit(account)), "decimal"))
    return cells + _comparable(account, of, "decimal") + [_share(account, of, "percent")]


def _sum_row(account: GepAccount, name: str, of: Sequence[AccountRow], category: str = "") -> Row:
    cells: list[SheetCell] = [
        SheetCell(name, "sum_text"),
        *(SheetCell(None, "sum_text") for _ in range(3 + len(account.years))),
    ]
    for year in account.years:
        value = total_of(row for row in account.of_year(year) if category in ("", row.quantity.category))
        cells.append(SheetCell(_unit(account).of(value), "sum"))
    return cells + _comparable(account, of, "sum") + [_share(account, of, "sum_percent")]


def _value(rows: Sequence[AccountRow], unit: MoneyUnit) -> Cell:
    if not rows:
        return None
    return (
        "not valued 未估价"
        if any(r.status == "not valued" for r in rows)
        else unit.of(total_of(r for r in rows if r.counts))
    )


def _comparable(account: GepAccount, of: Sequence[AccountRow], style: Style) -> list[SheetCell]:
    if len(account.years) < 2:
        return []
    return [
        SheetCell(
            _unit(account).of(math.fsum(r.value_base or 0.0 for r in of if r.counts and r.quantity.year == year)), style
        )
        for year in account.years
    ]


def _share(account: GepAccount, of: Sequence[AccountRow], style: Style) -> SheetCell:
    year = account.years[-1]
    total = account.total(year)
    part = total_of(row for row in of if row.counts and row.quantity.year == year)
    return SheetCell(100 * part / total if total else None, style)


def _matrix(account: GepAccount, year: int) -> Sheet:
    """Services by ecosystem, what is not allocated in a column of its own."""
    rows_of_year, unit = account.of_year(year), _unit(account)
    names = sorted(dict.fromkeys(row.quantity.ecosystem for row in rows_of_year), key=lambda name: name == "")
    head = ["Service", "服务", *(both(name or UNALLOCATED) for name in names), both("gep_total")]
    rows = heading(f"{both('gep_ecosystems')}, {year}", _unit(account).text)
    rows.append([SheetCell(text, "head") for text in head])
    services = {row.quantity.service: row.quantity.category for row in rows_of_year}
    for service in sorted(services, key=lambda one: CATEGORIES.index(services[one])):
        of = [row for row in rows_of_year if row.quantity.service == service]
        values = [total_of(row for row in of if row.quantity.ecosystem == name) for name in names]
        labels = [SheetCell(service_name(service, "", language)) for language in ("en", "zh")]
        rows.append([*labels, *(SheetCell(unit.of(value), "decimal") for value in (*values, math.fsum(values)))])
    sums = [total_of(row for row in rows_of_year if row.quantity.ecosystem == name) for name in names]
    total = [SheetCell(both("gep_total"), "sum_text"), SheetCell(None, "sum_text")]
    rows.append([*total, *(SheetCell(unit.of(value), "sum") for value in (*sums, account.total(year)))])
    return Sheet(f"Ecosystems {year} 生态系统", rows, None, (4, 2))


def result_sheet(name: str, table: ResultTable) -> Sheet:
    """A table of results as a sheet that can be read again: names of columns in the first row, ids as they are.

    Services get their names in both languages behind the other columns.
    """
    columns = [column.name for column in table.columns]
    place = columns.index("service") if "service" in columns else None
    named = [] if place is None else ["name", "name_zh"]
    rows: list[Row] = [[SheetCell(column, "head") for column in (*columns, *named)]]
    for row in table.rows:
        cells = [SheetCell(cell, _style(column, cell)) for cell, column in zip(row, columns)]
        if place is not None:
            cells += [SheetCell(_name(str(row[place] or ""), language)) for language in ("en", "zh")]
        rows.append(cells)
    return Sheet(name, rows, None, (1, 0))


def _name(service: str, language: str) -> str:
    keys = {ALL: "gep_total", START: "gep_bridge_start", END: "gep_bridge_end"}
    if service in keys:
        return load_texts(language)[keys[service]]
    return "; ".join(service_name(part, "", language) for part in service.split("; ")) if service else ""


def _style(column: str, cell: Cell) -> Style:
    if column in _FINE:
        return "fine"
    if column in _PERCENT:
        return "percent"
    return "decimal" if column in _MONEY else "code" if isinstance(cell, (int, float)) else "text"


def _notes(account: GepAccount) -> Sheet:
    """What the reader must know, in both languages."""
    rows = heading(both("warnings"), "")
    for notice in account.warnings:
        rows.append([SheetCell(notice.text("en")), SheetCell(notice.text("zh"))])
    for key in ("gep_scope_note", "gep_rounding", "gep_bridge_note"):
        rows.append([SheetCell(load_texts(language)[key]) for language in ("en", "zh")])
    return Sheet("Notes 说明", rows, (80, 80))
