"""The workbook and the text of methods of a run, through QGIS."""

from __future__ import annotations

import sys
import types
import zipfile

import pytest

from ecoassets.algorithms.reporting.takeaway import software
from ecoassets.core.report.texts import load_texts
from ecoassets.tests.algorithms.helpers import VALUE, run
from ecoassets.tests.rasters import write_raster

FOREST, PADDY = 21, 11


@pytest.fixture
def land(tmp_path):
    rasters = [
        write_raster(tmp_path / f"land_{year}.tif", [[FOREST, PADDY], [FOREST, FOREST]]) for year in (2000, 2010)
    ]
    return {"LAND_COVER": rasters, "YEARS": "2000, 2010"}


def test_tables_that_are_not_written_themselves_are_in_the_workbook(land, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    made = run(VALUE, {**land, "OUTPUT": str(tmp_path / "value.tif"), "OUTPUT_XLSX": str(tmp_path / "tables.xlsx")})
    assert made["OUTPUT_XLSX"] == str(tmp_path / "tables.xlsx")
    book = openpyxl.load_workbook(made["OUTPUT_XLSX"])
    assert len(book.sheetnames) == 3  # contents, values, changes
    heads = [[cell.value for cell in row] for row in book.worksheets[1].iter_rows(min_row=2, max_row=4)]
    assert [row[0] for row in heads] == ["Year", "年份", "year"]
    names = {cell.value for cell in book.worksheets[1]["C"]}
    assert "Food production" in names and "food" not in names


def test_the_text_of_methods_cites_the_tables_and_needs_no_report(land, tmp_path):
    made = run(VALUE, {**land, "OUTPUT": str(tmp_path / "value.tif"), "OUTPUT_METHODS": str(tmp_path / "methods.md")})
    assert "OUTPUT_HTML" not in made
    text = (tmp_path / "methods.md").read_text(encoding="utf-8")
    assert text.startswith("# Methods: Ecosystem service value\n\nESV = ")
    assert "- Years" in text and "land\\_2000.tif" in text and str(tmp_path) not in text
    assert "10.11849/zrzyxb.2015.08.001" in text.split("## References")[1]


def test_the_report_leads_to_the_raster_that_the_same_run_makes(land, tmp_path):
    run(VALUE, {**land, "OUTPUT": str(tmp_path / "value.tif"), "OUTPUT_HTML": str(tmp_path / "report.html")})
    assert '<a href="value.tif" download' in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_every_algorithm_with_a_report_has_both(processing_ready):
    for algorithm in processing_ready.algorithms():
        report = algorithm.parameterDefinition("OUTPUT_HTML")
        if report is not None and algorithm.name() != "reportbundle":
            names = {definition.name() for definition in algorithm.destinationParameterDefinitions()}
            assert names >= {"OUTPUT_XLSX", "OUTPUT_METHODS"}, algorithm.name()


def test_every_report_of_a_method_begins_with_a_question(processing_ready):
    """Workflows have questions of their own, as several share one page."""
    with_report = {a.name() for a in processing_ready.algorithms() if a.parameterDefinition("OUTPUT_HTML")}
    asked = {key[len("question_") :] for key in load_texts("en") if key.startswith("question_")}
    assert {name for name in with_report if not name.endswith("workflow")} <= asked


def test_methods_become_a_word_document_where_the_name_says_so(land, tmp_path):
    made = run(VALUE, {**land, "OUTPUT": str(tmp_path / "value.tif"), "OUTPUT_METHODS": str(tmp_path / "methods.docx")})
    with zipfile.ZipFile(made["OUTPUT_METHODS"]) as document:
        assert "Xie" in document.read("word/document.xml").decode("utf-8")


def test_the_report_answers_before_it_tells_how(land, tmp_path):
    run(VALUE, {**land, "OUTPUT": str(tmp_path / "value.tif"), "OUTPUT_HTML": str(tmp_path / "report.html")})
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    question = page.index(load_texts("en")["question_ecosystemservicevalue"])
    assert question < page.index("CNY/a in ") < page.index("<img") < page.index('class="chart')


@pytest.mark.parametrize("left", [None, types.ModuleType("statsmodels")])
def test_a_package_of_which_only_a_part_is_there_keeps_no_text_from_being_written(monkeypatch, left):
    monkeypatch.setitem(sys.modules, "statsmodels", left)
    told = software("1.0")
    assert told[0] == "EcoAssets 1.0" and not any("statsmodels" in one for one in told)
