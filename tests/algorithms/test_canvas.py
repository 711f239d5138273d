"""How maps land in a project: a layer per band, named, grouped, coloured, with unit and time."""

from __future__ import annotations

import re

import pytest

from ecoassets.tests.algorithms.helpers import VALUE
from ecoassets.tests.rasters import write_raster

FOREST, PADDY, TOWN = 21, 11, 51


@pytest.fixture
def project(tmp_path):
    """A project into which QGIS has loaded the maps of a run, as the dialog does."""
    from qgis.core import (
        QgsApplication,
        QgsProcessingContext,
        QgsProcessingFeedback,
        QgsProcessingOutputLayerDefinition,
        QgsProject,
        QgsRasterLayer,
        QgsVectorLayer,
    )

    maps = [
        write_raster(tmp_path / "2000.tif", [[FOREST, PADDY], [FOREST, FOREST]]),
        write_raster(tmp_path / "2005.tif", [[FOREST, TOWN], [FOREST, FOREST]]),
    ]
    project, context, feedback = QgsProject(), QgsProcessingContext(), QgsProcessingFeedback(False)
    context.setProject(project)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(VALUE)
    parameters = {
        "LAND_COVER": maps,
        "YEARS": "2000, 2005",
        "OUTPUT": QgsProcessingOutputLayerDefinition(str(tmp_path / "value.tif"), project),
        "OUTPUT_SERVICES": QgsProcessingOutputLayerDefinition(str(tmp_path / "services.tif"), project),
        "OUTPUT_TABLE": QgsProcessingOutputLayerDefinition(str(tmp_path / "value.csv"), project),
    }
    project.setTitle("Two valleys")
    project.addMapLayer(QgsRasterLayer(maps[0], "land cover 2000"))
    _, ok = algorithm.run(parameters, context, feedback)
    assert ok
    for source, details in reversed(context.layersToLoadOnCompletion().items()):
        layer = QgsVectorLayer(source, details.name) if "csv" in source else QgsRasterLayer(source, details.name)
        project.addMapLayer(layer)
        details.postProcessor().postProcessLayer(layer, context, feedback)
    yield project
    project.clear()


def group(project, name):
    found = project.layerTreeRoot().findGroup(name)
    assert found is not None, [child.name() for child in project.layerTreeRoot().children()]
    return [node.layer() for node in found.findLayers()]


TITLE = "Ecosystem service value"


def test_a_run_is_one_group_on_top_named_by_method_place_and_time(project):
    tops = [child.name() for child in project.layerTreeRoot().children()]
    assert re.fullmatch(rf"{TITLE} · Two valleys · 2000–2005 · \d\d:\d\d", tops[0])
    assert tops[1:] == ["land cover 2000"]


def test_the_main_map_comes_first_and_is_the_only_one_that_shows(project):
    """Whatever the order in which QGIS loads the outputs."""
    maps, services, table = project.layerTreeRoot().children()[0].children()
    assert (maps.name(), services.name()) == (TITLE, f"{TITLE}: services")
    assert not table.layer().isSpatial()
    assert [child.isExpanded() for child in (maps, services, table)] == [True, False, False]
    shown = [node.name() for node in project.layerTreeRoot().findLayers() if node.isVisible()]
    assert shown == ["2005"], "land cover would be seen through the holes of the map, as if it were part of it"


def test_the_controller_steps_from_year_to_year(project):
    time = project.timeSettings()
    assert time.temporalRange().begin().date().year() == 2000
    assert time.temporalRange().end().date().year() == 2005
    assert time.timeStep() == 5


def test_a_later_run_lies_on_top_of_an_earlier_one(project, tmp_path):
    from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsRasterLayer

    from ecoassets.algorithms.looks.canvas import BandLook, Look, show_bands
    from ecoassets.algorithms.looks.landing import Landing, RunGroup

    layer = QgsRasterLayer(write_raster(tmp_path / "single.tif", [[1, 2]]), "single")
    project.addMapLayer(layer, False)
    # QGIS puts a new layer where the last one went.
    project.layerTreeRoot().findGroup(TITLE).insertLayer(0, layer)
    look = Look("Single", (BandLook(1, "Single"),))
    landing = Landing(lambda layer, project: show_bands(layer, look, project))
    landing.run = RunGroup("Later")
    context = QgsProcessingContext()
    context.setProject(project)
    landing.postProcessLayer(layer, context, QgsProcessingFeedback())
    later, earlier = project.layerTreeRoot().children()[:2]
    assert later.name() == "Later" and not earlier.isExpanded()
    assert [layer.name() for layer in group(project, "Later")] == ["Single"]
    assert len(group(project, TITLE)) == 2


def test_a_run_again_replaces_what_showed_its_files(project):
    """QGIS knows the file already, so it hands over the layer that is there."""
    from qgis.core import QgsProcessingContext, QgsProcessingFeedback

    from ecoassets.algorithms.looks.canvas import BandLook, Look, show_bands
    from ecoassets.algorithms.looks.landing import Landing, RunGroup

    first = group(project, TITLE)[-1]
    bands = tuple(BandLook(band, f"Again {band}") for band in (1, 2))
    landing = Landing(lambda layer, project: show_bands(layer, Look("Again", bands), project))
    landing.run = RunGroup("Later")
    context = QgsProcessingContext()
    context.setProject(project)
    landing.postProcessLayer(first, context, QgsProcessingFeedback())
    source = first.source()
    names = sorted(layer.name() for layer in project.mapLayers().values() if layer.source() == source)
    assert names == ["Again 1", "Again 2"]
    assert project.layerTreeRoot().findGroup(TITLE) is None


def test_every_year_is_a_layer_of_its_own_with_the_last_on_top(project):
    layers = group(project, TITLE)
    assert [layer.name() for layer in layers] == [f"{TITLE} 2005", f"{TITLE} 2000"]
    assert [layer.renderer().band() for layer in layers] == [2, 1]


def test_layers_read_the_same_file(project, tmp_path):
    assert {layer.source() for layer in group(project, TITLE)} == {str(tmp_path / "value.tif")}


def test_only_the_layer_on_top_is_ticked(project):
    nodes = project.layerTreeRoot().findGroup(TITLE).findLayers()
    assert [node.itemVisibilityChecked() for node in nodes] == [True, False]


def test_every_layer_covers_its_year(project):
    from qgis.PyQt.QtCore import QDate

    for layer, year in zip(group(project, TITLE), (2005, 2000)):
        time = layer.temporalProperties()
        assert time.isActive()
        assert time.fixedTemporalRange().begin().date() == QDate(year, 1, 1)
        assert time.fixedTemporalRange().end().date() == QDate(year, 12, 31)


def test_years_share_one_ramp_so_that_they_compare(project):
    ranges = {
        (layer.renderer().classificationMin(), layer.renderer().classificationMax()) for layer in group(project, TITLE)
    }
    ((low, high),) = ranges
    # Paddy is worth 3.89 equivalents of 3406.50 and forest 22.95; the town is worth nothing.
    assert 0 <= low < 3.89 * 3406.50
    assert high == 78_200  # 22.95 * 3406.50 = 78 179, in three digits


def test_the_legend_tells_the_unit(project):
    shader = group(project, TITLE)[0].renderer().shader().rasterShaderFunction()
    labels = [item.label for item in shader.colorRampItemList()]
    assert all(label.endswith("CNY/(ha a)") for label in labels)
    assert shader.legendSettings().suffix() == " CNY/(ha a)"
    colours = {item.color.name() for item in shader.colorRampItemList()}
    assert len(colours) == len(labels)


def test_services_are_named_by_service_and_year(project):
    names = [layer.name() for layer in group(project, f"{TITLE}: services")]
    assert len(names) == 22
    assert {"Water supply 2000", "Water supply 2005"} <= set(names)
    assert len({layer.renderer().band() for layer in group(project, f"{TITLE}: services")}) == 22


def test_each_service_has_a_group_of_its_years(project):
    services = project.layerTreeRoot().findGroup(f"{TITLE}: services")
    assert len(services.children()) == 11
    assert [child.isExpanded() for child in services.children()] == [True] + [False] * 10
    water = services.findGroup("Water supply")
    assert [node.name() for node in water.children()] == ["2005", "2000"]
    assert [node.layer().name() for node in water.children()] == ["Water supply 2005", "Water supply 2000"]


def test_the_tree_says_short_what_the_group_says_again_when_the_project_is_opened(project, tmp_path):
    from qgis.core import QgsProject

    from ecoassets.algorithms.looks.nodes import opened

    path = str(tmp_path / "saved.qgz")
    project.write(path)
    again = QgsProject()
    again.read(path)
    again.layerTreeRoot().findGroup(TITLE).findLayers()[1].layer().setName("My own")
    opened(again.layerTreeRoot())
    nodes = again.layerTreeRoot().findGroup(TITLE).findLayers()
    assert [node.name() for node in nodes] == ["2005", "My own"]


def test_the_tree_shows_no_names_of_bands(project):
    from qgis.core import QgsLayerTreeModel

    model = QgsLayerTreeModel(project.layerTreeRoot())
    (node, _) = project.layerTreeRoot().findGroup(TITLE).findLayers()
    assert [type(row).__name__ for row in model.layerLegendNodes(node)] == ["QgsColorRampLegendNode"]


def test_a_style_with_more_rows_shows_all_of_them(project):
    from qgis.core import QgsLayerTreeModel, QgsPalettedRasterRenderer
    from qgis.PyQt.QtGui import QColor

    model = QgsLayerTreeModel(project.layerTreeRoot())
    (node, _) = project.layerTreeRoot().findGroup(TITLE).findLayers()
    classes = [QgsPalettedRasterRenderer.Class(code, QColor("red"), str(code)) for code in range(5)]
    node.layer().setRenderer(QgsPalettedRasterRenderer(node.layer().dataProvider(), 1, classes))
    assert [row.data(0) for row in model.layerLegendNodes(node)] == list("01234")


class TestOutlines:
    @pytest.fixture
    def land(self, project, tmp_path):
        """Lays a run with zones into the project, and tells the tree from top to bottom."""
        from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsRasterLayer

        from ecoassets.algorithms.looks.canvas import BandLook, Look, show_bands
        from ecoassets.algorithms.looks.landing import Landing, RunGroup
        from ecoassets.algorithms.looks.outlines import Outlines

        def landed(zones):
            layer = QgsRasterLayer(write_raster(tmp_path / "single.tif", [[1, 2]]), "single")
            project.addMapLayer(layer)
            look = Look("Single", (BandLook(1, "Single"),))
            landing = Landing(lambda layer, project: show_bands(layer, look, project))
            outlines = Outlines(zones.source(), zones.providerType(), zones.name(), "name")
            landing.run = RunGroup("Run", outlines, (layer.source(),))
            context = QgsProcessingContext()
            context.setProject(project)
            landing.postProcessLayer(layer, context, QgsProcessingFeedback())
            return [child.name() for child in project.layerTreeRoot().children()]

        return landed

    @pytest.fixture
    def zones(self):
        from qgis.core import QgsVectorLayer

        return QgsVectorLayer("Polygon?crs=EPSG:32650&field=name:string", "valleys", "memory")

    def test_zones_with_names_lie_over_the_main_map(self, project, land, zones):
        """A layer whose fill would hide the map is left where it is."""
        project.addMapLayer(zones)
        over, run, below = land(zones)[:3]
        assert (over, run, below) == ("valleys (outlines)", "Run", "valleys")
        layer = project.layerTreeRoot().children()[0].layer()
        assert layer.labelsEnabled() and layer.renderer().symbol().symbolLayer(0).fillColor().alpha() == 0
        assert not zones.labelsEnabled()

    def test_they_come_once(self, land, zones):
        first = land(zones)
        assert [name for name in land(zones) if "outlines" in name] == first[:1]

    def test_outlines_of_the_user_stay_on_top(self, project, land, zones):
        from ecoassets.algorithms.looks.outlines import draw_as_outlines

        draw_as_outlines(zones)
        project.addMapLayer(zones)
        assert land(zones)[:2] == ["valleys", "Run"]


def test_the_layers_are_saved_with_the_project(project, tmp_path):
    from qgis.core import QgsProject

    path = str(tmp_path / "saved.qgz")
    assert project.write(path)
    again = QgsProject()
    assert again.read(path)
    layers = group(again, TITLE)
    assert [layer.name() for layer in layers] == [f"{TITLE} 2005", f"{TITLE} 2000"]
    assert [layer.renderer().band() for layer in layers] == [2, 1]
    assert all(layer.isValid() and layer.temporalProperties().isActive() for layer in layers)


class TestClasses:
    def test_a_class_map_shows_names_and_colours(self, tmp_path):
        from qgis.core import QgsLayerTreeLayer, QgsProject, QgsRasterLayer

        from ecoassets.algorithms.looks.canvas import BandLook, Look, show_bands
        from ecoassets.core.raster.output import ClassColour

        project = QgsProject()
        layer = QgsRasterLayer(write_raster(tmp_path / "zones.tif", [[0, 1]]), "zones")
        project.addMapLayer(layer)
        legend = (ClassColour(0, "Not conserved", "#cccccc"), ClassColour(1, "Conserved", "#2f7d32"))
        node = show_bands(layer, Look("Zones", (BandLook(1, "Conservation zones"),), classes=legend), project)
        assert layer.name() == "Conservation zones"
        shown = [(entry.value, entry.label, entry.color.name()) for entry in layer.renderer().classes()]
        assert shown == [(0, "Not conserved", "#cccccc"), (1, "Conserved", "#2f7d32")]
        # A single band needs no group, and a map without a year no time.
        assert isinstance(node, QgsLayerTreeLayer)
        assert not layer.temporalProperties().isActive()
        project.clear()


class TestCommonRange:
    @staticmethod
    def statistics(*values):
        import numpy as np

        from ecoassets.core.raster.output import BandStatistics

        return BandStatistics.of_values(np.array(values, dtype=float))

    def test_within_two_deviations_and_the_extremes(self):
        from ecoassets.algorithms.looks.canvas import common_range

        # Mean 0 and deviation 1, so two deviations lie beyond the extremes.
        assert common_range([self.statistics(-1, 1)]) == (-1, 1)
        # Mean 1 and deviation 3: 1 + 2 * 3 = 7 holds back the single 10.
        assert common_range([self.statistics(10, *[0] * 9)]) == (0, 7)

    def test_over_all_bands(self):
        from ecoassets.algorithms.looks.canvas import common_range

        assert common_range([self.statistics(-1, 1), self.statistics(), self.statistics(3, 5)]) == (-1, 5)

    def test_where_there_is_nothing_to_spread(self):
        from ecoassets.algorithms.looks.canvas import common_range

        assert common_range([]) == (0, 1)
        assert common_range([self.statistics(7, 7)]) == (7, 8)


def test_custom_classes_take_names_and_colours_of_the_layer(tmp_path):
    """As the user styled it, else as the file has it; a palette knows nothing of the codes that it leaves out."""
    from osgeo import gdal
    from qgis.core import QgsPalettedRasterRenderer, QgsRasterLayer
    from qgis.PyQt.QtGui import QColor

    from ecoassets.algorithms.inputs import layer_legend

    path = write_raster(tmp_path / "cover.tif", [[1, 2, 3]])
    dataset, table = gdal.Open(path, gdal.GA_Update), gdal.ColorTable()
    table.SetColorEntry(1, (0, 100, 0, 255))
    dataset.GetRasterBand(1).SetColorTable(table)
    dataset = None
    layer = QgsRasterLayer(path, "cover")
    assert {code: entry.colour for code, entry in layer_legend(layer).items()} == {1: "#006400"}
    styled = [QgsPalettedRasterRenderer.Class(2, QColor("#3b7dd8"), "Lake")]
    layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, styled))
    found = layer_legend(layer)
    assert (found[1].colour, found[2].name, found[2].colour) == ("#006400", "Lake", "#3b7dd8")


def test_a_note_of_start_here_goes_when_another_run_lands():
    from types import SimpleNamespace

    from qgis.core import QgsProject
    from qgis.gui import QgsMessageBar

    from ecoassets.algorithms.desktop.start import Start
    from ecoassets.algorithms.looks.landing import RunGroup

    bar = QgsMessageBar()
    start = Start(SimpleNamespace(messageBar=lambda: bar), "region")
    start._tell("The plan is on the map")
    assert [item.text() for item in bar.items()] == ["The plan is on the map"]
    RunGroup("Another run").node(QgsProject.instance())
    assert bar.items() == []
    start.remove()
    QgsProject.instance().clear()
