"""The workbook of SEEA accounts: a sheet per official table, in its order, English and Chinese side by side."""

from __future__ import annotations

from collections.abc import Sequence

from ...report.away.workbook import Row, Sheet, SheetCell, Style
from ...report.texts import load_texts
from .cells import TOTAL, UNALLOCATED, WHOLE, SeeaCell, lines_of
from .run import SeeaResult

TITLES = {
    "4.1": ("Ecosystem extent account", "生态系统范围账户"),
    "4.2": ("Ecosystem type change matrix", "生态系统类型变化矩阵"),
    "5.2": ("Ecosystem condition variable account", "生态系统状况变量账户"),
    "5.3": ("Ecosystem condition indicator account", "生态系统状况指标账户"),
    "5.4": ("Ecosystem condition indices", "生态系统状况指数"),
    "5.6": ("Ecosystem condition account, all types", "生态系统状况账户（各类型）"),
    "7.1a": ("Supply of ecosystem services, physical terms", "生态系统服务供给表（实物量）"),
    "7.1b": ("Use of ecosystem services, physical terms", "生态系统服务使用表（实物量）"),
    "9.1a": ("Supply of ecosystem services, monetary terms", "生态系统服务供给表（价值量）"),
    "9.1b": ("Use of ecosystem services, monetary terms", "生态系统服务使用表（价值量）"),
    "10.1": ("Ecosystem monetary asset account", "生态系统资产账户（价值量）"),
}
_SUMS = {"opening", "closing", "net_change", "total", "total_resident", "total_ecosystems", "total_economic",
         "total_industry", "total_resident_ecosystems"}  # fmt: skip
_FINE = ("5.2", "5.3", "5.4", "5.6")
_OWN_UNIT = ("5.2", "7.1a", "7.1b")


def seea_sheets(result: SeeaResult) -> list[Sheet]:
    """A sheet per table of the whole area, one for each year that has services, and the notes."""
    cells = [cell for cell in result.cells() if cell.zone == WHOLE]
    found = dict.fromkeys((cell.table, cell.year) for cell in cells)
    several = {table for table, _ in found if sum(of == table for of, _ in found) > 1}
    sheets = [
        table_sheet(
            table, [c for c in cells if (c.table, c.year) == (table, year)], year, table in several, _period(result)
        )
        for table, year in sorted(found, key=lambda key: (list(TITLES).index(key[0]), key[1]))
    ]
    return [*sheets, _notes(result)]


def _period(result: SeeaResult) -> str:
    return f"{result.years[0]}–{result.years[1]}" if result.years[0] != result.years[1] else str(result.years[1])


def table_sheet(table: str, cells: Sequence[SeeaCell], year: int, several: bool, period: str) -> Sheet:
    """Cells of one table, rows and columns in their order."""
    english, chinese = TITLES[table]
    columns = list(dict.fromkeys(cell.column for cell in cells))
    units = dict.fromkeys(cell.unit for cell in cells)
    own = table in _OWN_UNIT
    note = f"{year if several else period}" + ("" if own or not any(units) else f", {next(iter(units))}")
    labels = ["", "", *(["Unit 单位"] if own else [])]
    heads = [_column_name(table, column) for column in columns]
    rows: list[Row] = [
        [SheetCell(f"{table} {english} {chinese}", "title")],
        [SheetCell(note, "note")],
        [],
        [SheetCell(text, "head") for text in (*labels, *heads)],
    ]
    account = {"4.1": "extent", "5.6": "condition", "10.1": "asset"}.get(table)
    indents = {line.id: line.indent for line in lines_of(account)} if account else {}
    for order in dict.fromkeys(cell.order for cell in cells):
        of = [cell for cell in cells if cell.order == order]
        summed = of[0].line in _SUMS or of[0].line.endswith("|index")
        text: Style = "sum_text" if summed else "indent" if indents.get(of[0].line) else "text"
        row = [SheetCell(_row_name(of[0], 0), text), SheetCell(_row_name(of[0], 1), text)]
        row += [SheetCell(of[0].unit, text)] if own else []
        values = {cell.column: cell.value for cell in of}
        for column in columns:
            shown: Style = "sum" if summed else "sum_column" if column in _SUMS else "decimal"
            style: Style = "fine" if table in _FINE else shown
            row.append(SheetCell(values.get(column), style))
        rows.append(row)
    name = f"{table}{f' {year}' if several else ''} {chinese}"
    return Sheet(name, rows, None, (4, 2))


def _row_name(cell: SeeaCell, language: int) -> str:
    """English or Chinese name of a row; types are named by the texts of the report."""
    if cell.table == "4.2" and cell.line != "closing":
        return type_name(cell.line, ("en", "zh")[language])
    if cell.table in ("5.2", "5.3", "5.4"):
        return _variable_name(cell, ("en", "zh")[language])
    return cell.name_zh or cell.name if language else cell.name


def _variable_name(cell: SeeaCell, language: str) -> str:
    """Type, class and name of a condition variable, or the index of a type."""
    kind, *rest = cell.name.split(": ", 2)
    words = load_texts(language)
    known = [words.get(f"seea_class_{part}", words.get(f"seea_{part}", part)) for part in rest]
    return ("：" if language == "zh" else ": ").join([type_name(kind, language), *known])


def _column_name(table: str, column: str) -> str:
    """A column in both languages."""
    kind, _, of = column.partition("|")
    if kind == "ecosystem":
        return both_names(of)
    account = {"7.1a": "supply", "9.1a": "supply", "7.1b": "use", "9.1b": "use"}.get(table)
    for line in lines_of(account) if account else ():
        if line.id == column:
            return f"{line.name} {line.name_zh}"
    words = {"opening": "Opening 期初", "closing": "Closing 期末", "change": "Change 变化", TOTAL: "Total 合计",
             "upper": "Upper level 上限", "lower": "Lower level 下限", "weight": "Weight 权重",
             "indicator_opening": "Indicator, opening 期初指标", "indicator_closing": "Indicator, closing 期末指标",
             "index_opening": "Index, opening 期初指数", "index_closing": "Index, closing 期末指数"}  # fmt: skip
    return words.get(column) or both_names(column)


def type_name(kind: str, language: str) -> str:
    """An ecosystem type for people: those of the plugin in their language, others as they are."""
    key = kind if kind != UNALLOCATED else "unallocated"
    return load_texts(language).get(key, kind)


def both_names(kind: str) -> str:
    english, chinese = type_name(kind, "en"), type_name(kind, "zh")
    return english if english == chinese else f"{english} {chinese}"


def _notes(result: SeeaResult) -> Sheet:
    keys = ["seea_note_assets"] if result.assets else []
    rows: list[Row] = [[SheetCell("Notes 说明", "title")], []]
    rows += [[SheetCell(notice.text(language)) for language in ("en", "zh")] for notice in result.notices]
    values = _settings(result)
    rows += [[SheetCell(load_texts(language)[key].format(**values)) for language in ("en", "zh")] for key in keys]
    return Sheet("Notes 说明", rows, (80, 80))


def _settings(result: SeeaResult) -> dict[str, str]:
    inputs = result.inputs
    factor = f"{result.assets.factor:.6f}" if result.assets else ""
    return {
        "rate": f"{100 * inputs.discount_rate:g}", "life": f"{inputs.life:g}", "timing": inputs.timing,
        "factor": factor,
        "classify": inputs.classify,
    }  # fmt: skip
