"""Attribute tables and forms speak words: heads with units, ids as what they are called, rounded numbers."""

from __future__ import annotations

import re

import pytest

from ecoassets.algorithms.features import new_feature
from ecoassets.algorithms.looks.field_words import FieldWords, decimals_of, field_words, tell_fields
from ecoassets.algorithms.looks.table_look import tell_types
from ecoassets.core.report.away.result_book import NamedTable
from ecoassets.core.results import Column, ResultTable
from ecoassets.tests.algorithms.helpers import VALUE
from ecoassets.tests.rasters import write_raster

FOREST, PADDY = 21, 11


@pytest.fixture
def land(tmp_path):
    return write_raster(tmp_path / "land.tif", [[FOREST, PADDY], [FOREST, FOREST]])


@pytest.fixture
def table(land, tmp_path, monkeypatch):
    """The table of values as QGIS loads it, in a language."""
    from qgis.core import (
        QgsApplication,
        QgsProcessingContext,
        QgsProcessingFeedback,
        QgsProcessingOutputLayerDefinition,
        QgsProject,
        QgsVectorLayer,
    )

    project = QgsProject()

    def load(language, name="value.gpkg"):
        monkeypatch.setattr("ecoassets.algorithms.base.user_language", lambda: language)
        context, feedback = QgsProcessingContext(), QgsProcessingFeedback(False)
        context.setProject(project)
        parameters = {
            "LAND_COVER": [land],
            "YEARS": "2000",
            "BY_CLASS": True,
            "OUTPUT": str(tmp_path / "value.tif"),
            "OUTPUT_TABLE": QgsProcessingOutputLayerDefinition(str(tmp_path / name), project),
        }
        _, ok = QgsApplication.processingRegistry().createAlgorithmById(VALUE).run(parameters, context, feedback)
        assert ok
        ((source, details),) = context.layersToLoadOnCompletion().items()
        layer = QgsVectorLayer(source, details.name)
        project.addMapLayer(layer)
        details.postProcessor().postProcessLayer(layer, context, feedback)
        return layer

    yield load
    project.clear()


def shown(layer, feature, name):
    """What the attribute table shows of a field."""
    from qgis.core import QgsApplication

    place = layer.fields().lookupField(name)
    setup = layer.fields().at(place).editorWidgetSetup()
    formatter = QgsApplication.fieldFormatterRegistry().fieldFormatter(setup.type())
    return formatter.representValue(layer, place, setup.config(), None, feature.attribute(place))


def heads(layer):
    return {field.name(): field.alias() for field in layer.fields()}


@pytest.mark.parametrize(
    ("language", "value", "words"),
    [
        ("en", "Value (CNY/a)", {"ecosystem": "Forest", "service": "Food production"}),
        ("zh", "数值（元/年）", {"ecosystem": "森林", "service": "食物生产"}),
    ],
)
def test_a_table_speaks_the_language_of_qgis_and_keeps_its_values(table, language, value, words):
    layer = table(language)
    assert heads(layer)["value"] == value
    assert all(alias for name, alias in heads(layer).items() if name != "fid")
    first = next(one for one in layer.getFeatures() if one["ecosystem"] == "forest" and one["service"] == "food")
    assert {name: shown(layer, first, name) for name in words} == words
    assert first["code"] == FOREST, "the machine values stay"


def test_classes_of_land_cover_are_called_in_the_language(table):
    layer = table("zh")
    names = {shown(layer, one, "class_name") for one in layer.getFeatures()}
    assert names == {"有林地", "水田"}
    assert {one["class_name"] for one in layer.getFeatures()} == {"Forest (closed)", "Paddy"}


def test_numbers_are_rounded_where_they_are_shown(qgis_app):
    from qgis.core import QgsVectorLayer

    layer = QgsVectorLayer("NoGeometry?field=value:double&field=p:double", "t", "memory")
    tell_fields(layer, FieldWords(("Value", "p"), ({}, {}), (2, 4)))
    row = new_feature(None, [1234.56789, 0.0312345])
    assert [shown(layer, row, name) for name in ("value", "p")] == ["1,234.57", "0.0312"]


def test_a_text_file_has_words_and_numbers_too(table):
    """CSV files do not tell types; their numbers are numbers all the same: rounded, set right, sorted by size."""
    layer, other = table("zh", "value.csv"), table("zh", "value.gpkg")
    assert heads(layer)["ecosystem"] == "生态系统"
    assert {shown(layer, one, "ecosystem") for one in layer.getFeatures()} == {"森林", "农田"}
    numeric = [field.name() for field in other.fields() if field.isNumeric() and field.name() != "fid"]
    assert "value" in numeric
    assert [field.name() for field in layer.fields() if field.isNumeric()] == numeric
    forest = next(row for row in layer.getFeatures() if row["ecosystem"] == "forest")
    assert re.fullmatch(r"\d,\d{3}\.\d\d", shown(layer, forest, "value"))


def test_texts_of_digits_stay_texts_in_a_text_file(qgis_app, tmp_path):
    from qgis.core import QgsVectorLayer

    (tmp_path / "zones.csv").write_text('zone,area_ha\n"001",12.5\n"002",3\n', encoding="utf-8")
    layer = QgsVectorLayer(str(tmp_path / "zones.csv"), "zones", "ogr")
    tell_types(layer, ["zone"])
    assert [row.attributes() for row in layer.getFeatures()] == [["001", 12.5], ["002", 3.0]]
    assert layer.name() == "zones"


def test_columns_are_as_wide_as_their_heads(table):
    from qgis.PyQt.QtGui import QFont, QFontMetrics

    for name in ("value.csv", "value.gpkg"):
        layer = table("en", name)
        for column in layer.attributeTableConfig().columns():
            place = layer.fields().indexOf(column.name)
            if place >= 0:
                head = QFontMetrics(QFont()).horizontalAdvance(layer.attributeDisplayName(place))
                assert column.width > head, column.name


@pytest.mark.parametrize(
    ("cells", "decimals"),
    [
        ([2000.0, 5.0], 0),
        ([1234567.891, 2345678.9], 2),
        ([0.05, 0.8231], 4),
        ([12.5, 0.00012], 4),
        ([None, float("nan")], None),
    ],
)
def test_digits_are_as_many_as_the_small_numbers_need(cells, decimals):
    assert decimals_of(cells) == decimals


@pytest.mark.parametrize(("own", "head", "values"), [(True, "分区类别名称", {"restoration": "修复"}), (False, "", {})])
def test_fields_that_a_file_brings_are_told_where_they_are_the_plugins_own(qgis_app, own, head, values):
    """Polygons of a plan are, copies of the user's layers are not."""
    from qgis.core import QgsFields

    table = NamedTable("Plan", ResultTable((Column("plan_name", "text"),), (("restoration",),)))
    words = field_words(table, QgsFields(), "zh", "CNY", {}, {}, own)
    assert (words.heads, words.values) == ((head,), (values,))
