"""Workbooks: read back by GDAL as they were written, formats as accountants read them, nothing half on disk."""

from __future__ import annotations

import zipfile
from xml.etree import ElementTree

import pytest
from osgeo import ogr

from ecoassets.core.errors import OutputError
from ecoassets.core.report.away.workbook import Sheet, SheetCell, column_letters, write_workbook

NAMES = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.xlsx"
    rows = [
        [SheetCell("Service 服务", "head"), SheetCell("Value", "head")],
        [SheetCell('Water < "soil" & sand', "indent"), SheetCell(1234567.891, "decimal")],
        [SheetCell("Nothing"), SheetCell(None, "decimal")],
        [SheetCell("Not a number"), SheetCell(float("nan"), "decimal")],
        [SheetCell("Sum", "sum_text"), SheetCell(-0.5, "sum")],
    ]
    sheets = [Sheet("GEP: 2010/2015", rows, (30, 12), (1, 1)), Sheet("GEP  2010 2015", [[SheetCell(2015, "code")]])]
    write_workbook(sheets, path)
    return path


def test_gdal_reads_what_was_written(book):
    dataset = ogr.Open(str(book))
    layer = dataset.GetLayer(0)
    rows = [[feature.GetField(i) for i in range(2)] for feature in layer]
    assert layer.GetName() == "GEP  2010 2015"  # what spreadsheets refuse in names is gone
    assert rows == [['Water < "soil" & sand', 1234567.891], ["Nothing", None], ["Not a number", None], ["Sum", -0.5]]
    assert dataset.GetLayer(1).GetName() != layer.GetName()


def test_every_part_is_xml_and_every_style_exists(book):
    with zipfile.ZipFile(book) as archive:
        parts = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}
    styles = parts["xl/styles.xml"].findall("x:cellXfs/x:xf", NAMES)
    formats = {f.get("numFmtId") for f in parts["xl/styles.xml"].findall("x:numFmts/x:numFmt", NAMES)}
    assert {s.get("numFmtId") for s in styles} - formats == {"0"}
    used = [int(c.get("s")) for c in parts["xl/worksheets/sheet1.xml"].iter(f"{{{NAMES['x']}}}c")]
    assert max(used) < len(styles)
    assert parts["xl/worksheets/sheet1.xml"].find(".//x:pane", NAMES).get("topLeftCell") == "B2"


def test_the_same_sheets_are_the_same_file(book, tmp_path):
    again = tmp_path / "again.xlsx"
    write_workbook([Sheet("a", [[SheetCell(1, "number")]])], again)
    first = again.read_bytes()
    write_workbook([Sheet("a", [[SheetCell(1, "number")]])], again)
    assert again.read_bytes() == first


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(OutputError, match="does not exist. Create it"):
        write_workbook([Sheet("a", [])], tmp_path / "missing" / "book.xlsx")


@pytest.mark.parametrize(("number", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA")])
def test_letters_of_columns(number, letters):
    assert column_letters(number) == letters
