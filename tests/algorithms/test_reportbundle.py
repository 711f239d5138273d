"""The report of several steps through QGIS: layers, files, a model, and what cannot be reported."""

from __future__ import annotations

import html
import re
import shlex
from pathlib import Path

import pytest

from ecoassets.tests.algorithms.helpers import VALUE, files_in, run, write_text
from ecoassets.tests.rasters import write_raster

BUNDLE = "ecoassets:reportbundle"
FOREST, PADDY = 21, 11


@pytest.fixture
def inputs(tmp_path):
    folder = tmp_path / "inputs"
    folder.mkdir()
    return folder


@pytest.fixture
def page(tmp_path):
    (tmp_path / "report").mkdir()
    return tmp_path / "report" / "report.html"


def test_rasters_and_tables_on_one_page(inputs, page):
    land = [write_raster(inputs / f"land_{year}.tif", [[FOREST, PADDY]] * 2) for year in (2000, 2005)]
    table = write_text(inputs / "water_retention.csv", "year,ecosystem,volume_m3\n2000,forest,1500\n2005,forest,2500\n")
    results = run(BUNDLE, {"RASTERS": land, "TABLES": [table], "TITLE": "My <region>", "OUTPUT_HTML": str(page)})
    text = page.read_text(encoding="utf-8")
    assert results == {"OUTPUT_HTML": str(page)}
    assert files_in(page.parent) == ["report.html", "report.parameters.json"]
    assert all(word in text for word in ("My &lt;region&gt;", ">Land<", ">Water retention<", "Volume", "2\u202f500"))
    assert f"TABLES={shlex.quote(table)}" in html.unescape(text), "the command repeats the run"


def test_a_layer_keeps_the_legend_of_the_project(inputs, page):
    from qgis.core import QgsPalettedRasterRenderer, QgsRasterLayer
    from qgis.PyQt.QtGui import QColor

    layer = QgsRasterLayer(write_raster(inputs / "land.tif", [[FOREST, PADDY]] * 2), "Land by eye")
    classes = [
        QgsPalettedRasterRenderer.Class(FOREST, QColor("#123456"), "old forest"),
        QgsPalettedRasterRenderer.Class(PADDY, QColor("#abcdef"), "wet rice"),
    ]
    layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, classes))
    run(BUNDLE, {"RASTERS": [layer], "OUTPUT_HTML": str(page)})
    text = page.read_text(encoding="utf-8")
    assert all(word in text for word in ("Land by eye", "old forest", "#123456", "wet rice", "#abcdef"))


def test_a_layer_with_dates_and_blanks(page):
    from qgis.core import QgsFeature, QgsVectorLayer
    from qgis.PyQt.QtCore import QDate

    layer = QgsVectorLayer("None?field=day:date&field=rain_mm:double", "Rain", "memory")
    for day, rain in ((QDate(2020, 7, 1), 12.5), (QDate(2020, 7, 2), None)):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([day, rain])
        layer.dataProvider().addFeatures([feature])
    run(BUNDLE, {"TABLES": [layer], "OUTPUT_HTML": str(page)})
    text = page.read_text(encoding="utf-8")
    assert all(word in text for word in ("2020-07-01", "12.5", "2020-07-02"))
    assert "QDate" not in text


def test_the_language_is_chosen_for_this_report(inputs, page):
    table = write_text(inputs / "sums.csv", "year,area_ha\n2000,1\n")
    run(BUNDLE, {"TABLES": [table], "LANGUAGE": "zh", "OUTPUT_HTML": str(page)})
    text = page.read_text(encoding="utf-8")
    assert "综合报告" in text
    assert "面积" in text


def test_the_last_step_of_a_model_takes_the_results_of_the_others(inputs, page):
    from qgis.core import (
        QgsProcessing,
        QgsProcessingContext,
        QgsProcessingFeedback,
        QgsProcessingModelAlgorithm,
        QgsProcessingModelChildAlgorithm,
        QgsProcessingModelChildParameterSource,
    )

    source = QgsProcessingModelChildParameterSource
    land = [write_raster(inputs / f"{year}.tif", [[FOREST, PADDY]] * 2) for year in (2000, 2005)]
    model = QgsProcessingModelAlgorithm("value and report", "tests")
    value = QgsProcessingModelChildAlgorithm(VALUE)
    value.setChildId("value")
    for name, given in {
        "LAND_COVER": land,
        "YEARS": "2000, 2005",
        "OUTPUT_TABLE": QgsProcessing.TEMPORARY_OUTPUT,
        "OUTPUT": QgsProcessing.TEMPORARY_OUTPUT,
        "OUTPUT_SERVICES": QgsProcessing.TEMPORARY_OUTPUT,
    }.items():
        value.addParameterSources(name, [source.fromStaticValue(given)])
    model.addChildAlgorithm(value)
    report = QgsProcessingModelChildAlgorithm(BUNDLE)
    report.setChildId("report")
    maps = [source.fromChildOutput("value", name) for name in ("OUTPUT", "OUTPUT_SERVICES")]
    report.addParameterSources("RASTERS", maps)
    report.addParameterSources("TABLES", [source.fromChildOutput("value", "OUTPUT_TABLE")])
    report.addParameterSources("OUTPUT_HTML", [source.fromStaticValue(str(page))])
    model.addChildAlgorithm(report)

    context, feedback = QgsProcessingContext(), QgsProcessingFeedback(False)
    _, ok = model.run({}, context, feedback)
    assert ok, feedback.textLog()
    text = page.read_text(encoding="utf-8")
    # QGIS calls the rasters that a model keeps to itself OUTPUT and OUTPUT_SERVICES.
    titles = set(re.findall("<(?:figcaption|h2)>([^<]*)<", text))
    services = "Ecosystem service value: Value per service: Water supply"
    assert {"Ecosystem service value", services, "Values by ecosystem and service"} <= titles
    assert "CNY/(ha a)" in text


def test_a_table_that_qgis_has_named_after_its_output(inputs, page):
    table = write_text(inputs / "OUTPUT_CHANGE.csv", "from_year,change\n2000,1\n")
    run(BUNDLE, {"TABLES": [table], "OUTPUT_HTML": str(page)})
    assert page.read_text(encoding="utf-8").count(">Change</figcaption>") == 1


class TestBadInput:
    def test_nothing_chosen(self, page):
        from qgis.core import QgsProcessingException

        with pytest.raises(QgsProcessingException, match="at least one raster"):
            run(BUNDLE, {"OUTPUT_HTML": str(page)})
        assert files_in(page.parent) == []

    @pytest.mark.parametrize("name", ["TABLES", "RASTERS"])
    def test_a_missing_file_is_named_and_the_old_report_stays(self, inputs, page, name):
        from qgis.core import QgsProcessingException

        page.write_text("old", encoding="utf-8")
        gone = str(inputs / "gone.tif")
        with pytest.raises(QgsProcessingException, match="gone.tif"):
            run(BUNDLE, {name: [gone], "OUTPUT_HTML": str(page)})
        assert page.read_text(encoding="utf-8") == "old"
        assert files_in(page.parent) == ["report.html"]

    def test_a_folder_that_does_not_exist(self, inputs, tmp_path):
        from qgis.core import QgsProcessingException

        table = write_text(inputs / "sums.csv", "year,area_ha\n2000,1\n")
        with pytest.raises(QgsProcessingException, match="does not exist"):
            run(BUNDLE, {"TABLES": [table], "OUTPUT_HTML": str(Path(tmp_path) / "no" / "report.html")})
