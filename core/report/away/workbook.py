"""Workbooks that spreadsheet programs open: sheets of formatted cells, written as Office Open XML with no package.

GDAL writes spreadsheets too, but plain ones: accounts are read by people who look for shaded heads, indented parts,
thousands and lines above sums.
"""

from __future__ import annotations

import io
import math
import os
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, Union
from unicodedata import east_asian_width

from ...raster.files import PendingFile

Value = Union[str, int, float, None]
Style = Literal[
    "text",
    "title",
    "note",
    "head",
    "indent",
    "sum_text",
    "number",
    "decimal",
    "fine",
    "scientific",
    "percent",
    "code",
    "sum",
    "sum_column",
    "sum_percent",
]

# Fonts: plain, bold, title, grey. Fills: none, (reserved), head, sum. Borders: none, line below, line above.
_FONTS = ('<sz val="10"/>', '<b/><sz val="10"/>', '<b/><sz val="14"/>', '<i/><sz val="9"/><color rgb="FF606060"/>')
_FILLS = ("FFDCE6EC", "FFF2F5F7")
_FORMATS = {
    "whole": '#,##0;-#,##0;"–"',
    "decimal": '#,##0.00;-#,##0.00;"–"',
    "fine": '#,##0.0000;-#,##0.0000;"–"',
    "scientific": "0.00E+00",
    "percent": '0.00"%"',
}
_NARROWEST, _WIDEST, _WRAPPED = 8, 52, 16  # characters; heads are wrapped
_TITLE_HEIGHT, _LINE_HEIGHT = 22, 14  # points
_FIRST_FORMAT = 164  # the lowest number of a format of one's own


@dataclass(frozen=True)
class _Look:
    font: int = 0
    fill: int = 0
    border: int = 0
    format: str = ""
    align: str = ""


_LOOKS: dict[str, _Look] = {
    "text": _Look(align='vertical="top" wrapText="1"'),
    "title": _Look(font=2),
    "note": _Look(font=3, align='vertical="top"'),
    "head": _Look(font=1, fill=2, border=1, align='horizontal="center" vertical="center" wrapText="1"'),
    "indent": _Look(align='horizontal="left" vertical="top" indent="2"'),
    "sum_text": _Look(font=1, fill=3, border=2, align='vertical="top"'),
    "number": _Look(format="whole"),
    "decimal": _Look(format="decimal"),
    "fine": _Look(format="fine"),
    "scientific": _Look(format="scientific"),
    "percent": _Look(format="percent"),
    "code": _Look(align='horizontal="right"'),
    "sum": _Look(font=1, fill=3, border=2, format="decimal"),
    "sum_column": _Look(font=1, fill=3, format="decimal"),
    "sum_percent": _Look(font=1, fill=3, border=2, format="percent"),
}
_STYLE_NUMBER = {name: number for number, name in enumerate(_LOOKS, start=1)}


@dataclass(frozen=True)
class SheetCell:
    """A cell: what it holds and how it looks. A number that does not exist is an empty cell."""

    value: Value
    style: Style = "text"


Row = Sequence[SheetCell]


@dataclass(frozen=True)
class Sheet:
    """A sheet.

    Attributes:
        name: at most 31 characters, of which those that spreadsheets refuse are replaced.
        rows: from the top.
        widths: of the columns, in characters; the last holds for the rest. None fits them to what they hold.
        frozen: rows and columns that stay in view.
    """

    name: str
    rows: Sequence[Row]
    widths: Sequence[float] | None = None
    frozen: tuple[int, int] = (0, 0)


def write_workbook(sheets: Sequence[Sheet], path: str | os.PathLike[str]) -> None:
    """Writes sheets as one .xlsx file; a failure leaves an older file as it was.

    Raises:
        OutputError: the file cannot be written.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _parts(sheets):
            # a fixed date, so that the same account is the same file
            entry = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
            archive.writestr(entry, text.encode("utf-8"), zipfile.ZIP_DEFLATED)
    with PendingFile(os.fspath(path)) as pending:
        pending.write(content.getvalue())


def column_letters(number: int) -> str:
    """The letters of a column, from 1: 1 is A, 27 is AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEADER = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def _parts(sheets: Sequence[Sheet]) -> Iterable[tuple[str, str]]:
    numbers = range(1, len(sheets) + 1)
    yield (
        "[Content_Types].xml",
        f'{_HEADER}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KIND}.worksheet+xml"/>' for n in numbers
        )
        + "</Types>",
    )
    yield (
        "_rels/.rels",
        f'{_HEADER}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    yield (
        "xl/workbook.xml",
        f'{_HEADER}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        + "".join(
            f'<sheet name="{_attribute(name)}" sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(numbers, _names(sheets))
        )
        + "</sheets></workbook>",
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'{_HEADER}<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
        )
        + f'<Relationship Id="rId{len(sheets) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    )
    yield "xl/styles.xml", _styles()
    for number, sheet in zip(numbers, sheets):
        yield f"xl/worksheets/sheet{number}.xml", _sheet(sheet)


def _names(sheets: Sequence[Sheet]) -> list[str]:
    """Names that are allowed and differ."""
    names: list[str] = []
    for sheet in sheets:
        name = re.sub(r"[\[\]:*?/\\]", " ", sheet.name).strip("'")[:31]
        while name.casefold() in map(str.casefold, names):
            name = f"{name[:28]} {len(names) + 1}"
        names.append(name)
    return names


def _styles() -> str:
    number = {name: _FIRST_FORMAT + n for n, name in enumerate(_FORMATS)}
    formats = "".join(f'<numFmt numFmtId="{number[n]}" formatCode="{_attribute(c)}"/>' for n, c in _FORMATS.items())
    fonts = "".join(f'<font>{font}<name val="Arial"/></font>' for font in _FONTS)
    fills = "".join(f'<fill><patternFill patternType="solid"><fgColor rgb="{c}"/></patternFill></fill>' for c in _FILLS)
    line = '<{0} style="thin"><color rgb="FF808080"/></{0}>'
    borders = ("", line.format("bottom"), line.format("top"))
    looks = [_Look(), *_LOOKS.values()]
    return (
        f'{_HEADER}<styleSheet xmlns="{_MAIN}"><numFmts count="{len(_FORMATS)}">{formats}</numFmts>'
        f'<fonts count="{len(_FONTS)}">{fonts}</fonts><fills count="{len(_FILLS) + 2}">'
        '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
        f'{fills}</fills><borders count="{len(borders)}">'
        + "".join(f"<border><left/><right/>{_ordered(b)}<diagonal/></border>" for b in borders)
        + '</borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(looks)}">'
        + "".join(
            f'<xf numFmtId="{number.get(k.format, 0)}" fontId="{k.font}" fillId="{k.fill}" borderId="{k.border}" '
            'xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1">'
            f"<alignment {k.align}/></xf>"
            for k in looks
        )
        + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _ordered(border: str) -> str:
    """Top and bottom in the order of the schema, the missing one empty."""
    top = border if border.startswith("<top") else "<top/>"
    return top + (border if border.startswith("<bottom") else "<bottom/>")


def _sheet(sheet: Sheet) -> str:
    widths = _widths(sheet)
    rows = "".join(
        f'<row r="{r}"{_height(row, widths)}>'
        + "".join(_cell(cell, f"{column_letters(c)}{r}") for c, cell in enumerate(row, start=1))
        + "</row>"
        for r, row in enumerate(sheet.rows, start=1)
    )
    return (
        f'{_HEADER}<worksheet xmlns="{_MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<sheetViews><sheetView showGridLines="0" workbookViewId="0">{_pane(sheet.frozen)}</sheetView></sheetViews>'
        '<sheetFormatPr defaultRowHeight="13.5"/><cols>'
        + "".join(f'<col min="{n}" max="{n}" width="{w:g}" customWidth="1"/>' for n, w in enumerate(widths, start=1))
        + f"</cols><sheetData>{rows}</sheetData>"
        '<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/></worksheet>'
    )


def _height(row: Row, widths: Sequence[float]) -> str:
    """Room for a title and for heads that wrap; the height of other rows is left to the program."""
    if row and row[0].style == "title":
        return f' ht="{_TITLE_HEIGHT}" customHeight="1"'
    lines = [math.ceil(_shown_length(cell) / width) for cell, width in zip(row, widths) if cell.style == "head"]
    return f' ht="{_LINE_HEIGHT * max(lines)}" customHeight="1"' if lines and max(lines) > 1 else ""


def _widths(sheet: Sheet) -> list[float]:
    """Widths of the columns; titles and notes run over their neighbours and do not count."""
    columns = max((len(row) for row in sheet.rows), default=1)
    if sheet.widths is not None:
        return [sheet.widths[min(n, len(sheet.widths) - 1)] for n in range(columns)]
    longest = [0] * columns
    for row in sheet.rows:
        for n, cell in enumerate(row):
            if cell.style not in ("title", "note"):
                needed = _shown_length(cell)
                longest[n] = max(longest[n], min(needed, _WRAPPED) if cell.style == "head" else needed)
    return [min(max(length + 2, _NARROWEST), _WIDEST) for length in longest]


def _shown_length(cell: SheetCell) -> int:
    """Characters that a cell needs, two for a Chinese one."""
    if isinstance(cell.value, (int, float)):
        decimals = {"number": 0, "code": 0, "fine": 4}.get(cell.style, 2)
        return len(f"{cell.value:,.{decimals}f}") + 1 if math.isfinite(cell.value) else 0
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in cell.value or "")


def _pane(frozen: tuple[int, int]) -> str:
    rows, columns = frozen
    if not rows and not columns:
        return ""
    corner = "bottomRight" if rows and columns else "bottomLeft" if rows else "topRight"
    x = f' xSplit="{columns}"' if columns else ""
    y = f' ySplit="{rows}"' if rows else ""
    return f'<pane{x}{y} topLeftCell="{column_letters(columns + 1)}{rows + 1}" activePane="{corner}" state="frozen"/>'


def _cell(cell: SheetCell, place: str) -> str:
    style, value = _STYLE_NUMBER[cell.style], cell.value
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return f'<c r="{place}" s="{style}"/>'
    if isinstance(value, str):
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{_text(value)}</t></is></c>'
    return f'<c r="{place}" s="{style}"><v>{value + 0.0!r}</v></c>' if isinstance(value, float) else (
        f'<c r="{place}" s="{style}"><v>{int(value)}</v></c>'
    )  # fmt: skip


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _text(value: str) -> str:
    return escape(_CONTROL.sub("", value), quote=False)


def _attribute(value: str) -> str:
    return escape(value)
