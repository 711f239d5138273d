"""What people take away from a run: a workbook of its tables, a text of its methods."""

from __future__ import annotations

import ast
import io
import math
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ecoassets.core.column_words import column_word
from ecoassets.core.report import Chapter, LeftOutArea, Map, MapPicture, Ramp
from ecoassets.core.report.away.document import word_document
from ecoassets.core.report.away.methods_text import MethodPart, Piece, methods_text
from ecoassets.core.report.away.result_book import NamedTable, result_sheets
from ecoassets.core.report.away.workbook import write_workbook
from ecoassets.core.report.pictures.sizes import picture_sizes
from ecoassets.core.report.table_words import value_word
from ecoassets.core.results import Column, ResultTable
from ecoassets.core.tables import Provenance, resource_table

VALUE = ResultTable(
    (
        Column("year", "integer"),
        Column("ecosystem", "text"),
        Column("value", unit="currency/a"),
        Column("pixels", "integer"),
    ),
    ((2000, "forest", 1234567.891, 12), (2010, "Some wood", math.nan, 3)),
)


def values(sheet):
    return [[cell.value for cell in row] for row in sheet.rows]


def book(language, **more):
    return result_sheets("Valuation", [NamedTable("Values", VALUE, rows=2)], language, **more)


class TestWorkbook:
    def test_heads_are_told_in_both_languages_above_the_names_of_the_columns(self):
        _, sheet = book("zh")
        assert values(sheet)[1:4] == [
            ["年份", "生态系统", "数值（元/年）", "像元数"],
            ["Year", "Ecosystem", "Value (CNY/a)", "Pixels"],
            ["year", "ecosystem", "value", "pixels"],
        ]

    def test_numbers_are_rounded_and_what_does_not_exist_is_empty(self):
        _, sheet = book("en", currency="USD")
        assert values(sheet)[1][2] == "Value (USD/a)"
        assert values(sheet)[4:] == [[2000, "Forest", 1234570.0, 12], [2010, "Some wood", None, 3]]

    def test_names_of_the_users_own_classes_are_translated_where_they_are_known(self):
        _, sheet = book("zh", names={"Some wood": "疏林地"})
        assert [row[1] for row in values(sheet)[4:]] == ["森林", "疏林地"]

    def test_numbers_that_decimals_would_hide_keep_their_digits(self):
        table = ResultTable((Column("p"),), ((0.5,), (1.234567e-9,)))
        _, sheet = result_sheets("T", [NamedTable("Tests", table, rows=2)], "en")
        assert [(row[0].value, row[0].style) for row in sheet.rows[4:]] == [(0.5, "fine"), (1.23457e-09, "scientific")]

    def test_contents_list_every_table_with_rows_those_of_the_whole_before_those_of_steps(self):
        empty = ResultTable((Column("year", "integer"),), ())
        tables = [
            NamedTable("Values", VALUE, "Valuation", 2),
            NamedTable("Nothing", empty),
            NamedTable("Values", VALUE, "", 9),
        ]
        contents, first, second = result_sheets("A workflow", tables, "en")
        assert values(contents)[3:] == [["1 Values", "Values", 9], ["2 Values", "Valuation: Values", 2]]
        assert (first.name, second.name) == ("1 Values", "2 Values")
        assert values(first)[1] == ["The first 2 of 9 rows are shown."]

    def test_names_of_sheets_are_cut_between_words(self):
        titles = ["Retention and loss by ecosystem", "Retention and loss by ecosystem class"]
        _, *sheets = result_sheets("A workflow", [NamedTable(title, VALUE, rows=2) for title in titles], "en")
        assert [sheet.name for sheet in sheets] == ["1 Retention and loss by…", "2 Retention and loss by…"]
        _, sheet = result_sheets("A workflow", [NamedTable("土" * 40, VALUE, rows=2)], "en")
        assert sheet.name == f"1 {'土' * 28}…"

    def test_numbers_are_numbers_in_a_spreadsheet(self, tmp_path):
        openpyxl = pytest.importorskip("openpyxl")
        write_workbook(book("en"), tmp_path / "book.xlsx")
        opened = openpyxl.load_workbook(tmp_path / "book.xlsx")
        assert opened.sheetnames == ["Contents", "1 Values"]
        row = [cell.value for cell in opened["1 Values"][5]]
        assert row == [2000, "Forest", 1234570, 12]
        assert opened["1 Values"].cell(5, 3).number_format.startswith("#,##0")


def columns_of(folder: Path) -> set[str]:
    """Names of columns that the core writes down, in calls and in classes of rows."""
    names = set()
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        plain = path.name != "report.py" and "report" not in path.parts[len(folder.parts) :]
        for node in ast.walk(tree):
            is_column = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Column"
            if plain and is_column and node.args and isinstance(node.args[0], ast.Constant):
                names.add(node.args[0].value)
    return names


def fields_of_rows(folder: Path) -> set[str]:
    """Names of the fields of classes of rows, which become columns."""
    kinds, fields = set(), {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                named = [one.target.id for one in node.body if isinstance(one, ast.AnnAssign)]
                fields[path.parent, node.name] = named
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "row_table":
                kinds.add((path.parent, getattr(node.args[0], "id", "")))
    return {name.rstrip("_") for kind in kinds for name in fields.get(kind, ())}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_column_has_words(language, clone):
    named = {name for name in columns_of(clone / "core") if name.islower()} | fields_of_rows(clone / "core")
    assert len(named) > 100
    assert {name for name in named if column_word(name, language) == name} <= {"p", "q", "t", "z", "r", "x", "y"}


class TestValues:
    """What the ids in cells are called; what is the user's own stays."""

    @pytest.mark.parametrize(
        ("column", "value", "english", "chinese"),
        [
            ("significant", 1, "yes", "是"),
            ("class_name", "light", None, "轻度"),
            ("figure", "assets_growth", "Growth", "增长率"),
            ("unit", "CNY/(ha a)", None, "元/(公顷·年)"),
            ("method", "quantile", "Quantiles", "分位数"),
            ("term", "year_2005", "year 2005", "年份 2005"),
            ("service", "water_retention", "Water retention", "水源涵养"),
            ("driver", "precipitation", "Precipitation", "降水量"),
            ("zone", "north", None, None),
            ("driver", "my own", None, None),
            ("value", 12.5, None, None),
        ],
    )
    def test_in_both_languages(self, column, value, english, chinese):
        assert (value_word(column, value, "en"), value_word(column, value, "zh")) == (english, chinese)

    def test_sources_and_methods_of_prices_are_told_in_chinese(self):
        """They are sentences, which a Chinese reader would meet in English in the table of prices."""
        rows = [*resource_table("gep_prices").rows, *resource_table("pollution_equivalents").rows]
        texts = {(c, str(row[c])) for row in rows for c in ("source", "method", "region", "note") if row.get(c)}
        assert len(texts) > 40
        assert [text for column, text in texts if not value_word(column, text, "zh")] == []
        assert [text for column, text in texts if value_word(column, text, "en")] == []

    def test_every_entry_names_what_there_is(self):
        """Tables, columns and parameters that `value_words.yaml` refers to are read, in both languages."""
        from ecoassets.core.report.table_words import _parts

        assert all(part.values or part.texts or part.quantities for of in _parts().values() for part in of)


def test_columns_of_a_users_variable_keep_its_name():
    assert column_word("std_error_Höhe", "en") == "Standard error: Höhe"
    assert column_word("b_precipitation", "zh") == "系数：" + column_word("precipitation", "zh")
    assert column_word("NDVI", "zh") == "NDVI"


class TestMethods:
    def text(self, language="en", parts=None):
        part = MethodPart(
            "Retention",
            ["Rain less *runoff*.", "Sources: HJ 1173-2021 (water; soil); Xie et al. 2003; 2015, 30(8)."],
            [("Years", "2000, 2010")],
            [Provenance("Runoff", "HJ 1173-2021 (water; soil)"), Provenance("Factors", "Miao", "2017", "mm")],
            [LeftOutArea("2000", "no rain", 12.5, 1.25)],
        )
        return methods_text("A run", parts or [part], ["EcoAssets 1", "GDAL 3"], language)

    def test_sources_are_numbered_once_in_the_order_of_their_citation(self):
        text = self.text()
        assert "The method follows [1], [2]." in text
        assert "- Runoff [1]\n- Factors (mm) [3]" in text
        assert text.endswith(
            "1. HJ 1173-2021 (water; soil)\n2. Xie et al. 2003; 2015, 30(8)\n3. Miao (2017)\n"
        )  # what begins with a year is by the same authors

    def test_it_tells_settings_land_left_out_and_software_and_no_mark_up_of_its_own(self):
        text = self.text()
        assert "Rain less \\*runoff\\*." in text
        assert "- Years: 2000, 2010" in text
        assert "- 2000: 12.5 ha (1.25 %), no rain" in text
        assert "EcoAssets 1, GDAL 3." in text

    def test_steps_of_a_workflow_are_chapters_and_what_is_said_of_sources_stays_in_the_help(self):
        text = self.text(
            "zh",
            [MethodPart("工作流", ["甲。", "来源说明：见各步骤的帮助页。"]), MethodPart("步骤", ["来源：张三 2010。"])],
        )
        assert text.startswith("# 方法：A run\n\n## 工作流\n\n甲。\n\n## 步骤\n\n方法依据：[1]。\n")


class TestDocument:
    PIECES = (
        Piece("title", "Methods: A & B"),
        Piece("text", "Rain < 3 mm\x0b."),
        Piece("setting", "Years", "2000, 2010"),
        Piece("item", "Runoff [1]"),
        Piece("reference", "HJ 1173-2021"),
        Piece("reference", "谢高地 2015"),
    )

    def parts(self, language="en"):
        archive = zipfile.ZipFile(io.BytesIO(word_document(self.PIECES, language)))
        assert archive.testzip() is None
        return {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}

    def test_every_part_is_well_formed_and_named_where_word_looks_for_it(self):
        parts = self.parts()
        named = {one.get("PartName", "").lstrip("/") for one in parts["[Content_Types].xml"]} - {""}
        (start,) = parts["_rels/.rels"]
        assert named <= parts.keys()
        assert start.get("Target") in named
        assert f"word/{parts['word/_rels/document.xml.rels'][0].get('Target')}" in named

    def test_it_holds_title_table_and_numbered_references(self):
        (body,) = self.parts()["word/document.xml"]
        w = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
        told = ["".join(one.itertext()) for one in body]
        assert told[:2] == ["Methods: A & B", "Rain < 3 mm."]
        assert [cell.findtext(f".//{w}t") for cell in body.iter(f"{w}tc")] == ["Years", "2000, 2010"]
        assert told[-3:-1] == ["[1]HJ 1173-2021", "[2]谢高地 2015"]
        styles = {one.get(f"{w}styleId") for one in self.parts("zh")["word/styles.xml"].iter(f"{w}style")}
        assert {one.get(f"{w}val") for one in body.iter(f"{w}pStyle")} <= styles

    @pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
    def test_an_office_program_reads_it(self, tmp_path):
        (tmp_path / "methods.docx").write_bytes(word_document(self.PIECES, "zh"))
        command = ["soffice", f"-env:UserInstallation={(tmp_path / 'office').as_uri()}", "--headless"]
        command += [
            "--convert-to",
            "txt:Text (encoded):UTF8",
            "--outdir",
            str(tmp_path),
            str(tmp_path / "methods.docx"),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        if not (tmp_path / "methods.txt").exists():
            pytest.skip("LibreOffice has no Writer here")
        read = (tmp_path / "methods.txt").read_text(encoding="utf-8-sig")
        assert "Methods: A & B" in read
        assert "[2]\t谢高地 2015" in read


class TestSizeOfPictures:
    def chapters(self, results, appendix):
        def maps(count):
            return [Map("m", [MapPicture("a.tif")] * 3, Ramp("m"))] * count

        return [Chapter("Results", maps(results)), Chapter("Methods", maps(appendix), appendix=True)]

    def test_few_maps_are_as_large_as_one_would_like(self):
        assert list(picture_sizes(self.chapters(1, 1))) == [330, 330]

    def test_many_maps_stay_within_what_can_be_sent_and_results_come_first(self):
        sizes = list(picture_sizes(self.chapters(6, 20)))
        assert sizes[0] > sizes[-1] >= 120
        assert sum(3 * size**2 for size in sizes) < 2_000_000
