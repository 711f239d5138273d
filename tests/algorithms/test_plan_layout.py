"""The printed page: its legend shows what the map shows, and ends where the page ends."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.tests.rasters import write_raster

PAGE_MM = 210


@pytest.fixture
def project():
    from qgis.core import QgsProject

    found = QgsProject()
    yield found
    found.clear()


@pytest.fixture
def add(project, tmp_path):
    """Adds a class raster whose class `i` of as many as there are names covers `i + 1` pixels of a row."""
    from qgis.core import QgsPalettedRasterRenderer, QgsRasterLayer
    from qgis.PyQt.QtGui import QColor

    def added(name, labels, colours=None):
        values = np.zeros((len(labels), len(labels)))
        for code in range(len(labels)):
            values[code, : code + 1] = code + 1
        layer = QgsRasterLayer(write_raster(tmp_path / f"{name}.tif", values, "int16", nodata=0), name)
        assert layer.isValid()
        colours = colours or [f"#{10 + code:02x}{code:02x}{200 - code:02x}" for code in range(len(labels))]
        entries = zip(labels, colours)
        classes = [QgsPalettedRasterRenderer.Class(i, QColor(c), label) for i, (label, c) in enumerate(entries, 1)]
        layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, classes))
        project.addMapLayer(layer)
        return layer

    return added


def legend_of(project):
    """The legend of a new page: layer titles and, by layer, its rows."""
    from qgis.core import QgsCoordinateReferenceSystem, QgsLayoutItemLegend, QgsMapSettings, QgsRectangle

    from ecoassets.algorithms.looks.plan_layout import add_plan_layout

    view = QgsMapSettings()
    view.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:32650"))
    view.setExtent(QgsRectangle(500_000, 4_390_000, 510_000, 4_400_000))
    layout = add_plan_layout(project, view)
    legend = next(item for item in layout.items() if isinstance(item, QgsLayoutItemLegend))
    model = legend.model()
    nodes = model.rootGroup().findLayers()
    titles = [node.customProperty("legend/title-label") for node in nodes]
    return legend, titles, [[row.data(0) for row in model.layerLegendNodes(node)] for node in nodes]


def height(legend):
    from qgis.core import QgsLegendRenderer

    return QgsLegendRenderer(legend.model(), legend.legendSettings()).minimumSize().height()


def test_a_short_legend_is_whole_with_the_largest_class_first_and_without_names_of_bands(project, add):
    add("Plan", ["none", "conservation", "restoration"])
    _, titles, rows = legend_of(project)
    assert titles == ["Plan"]
    assert rows == [["restoration", "conservation", "none"]]


def test_a_long_legend_is_cut_at_the_end_of_the_page_and_says_so(project, add):
    labels = [f"Mid-cover grassland {i} → Other woodland (orchard, nursery) {i}" for i in range(90)]
    add("Land-use change", labels)
    legend, (title,), (rows,) = legend_of(project)
    assert legend.pos().y() + height(legend) <= PAGE_MM
    assert 10 <= len(rows) < 90
    assert title.replace("\n", " ") == f"Land-use change (the largest {len(rows)} of 90 classes)"
    assert rows[0].replace("\n", " ") == labels[-1]  # the largest
    assert max(len(line) for row in rows for line in row.split("\n")) <= 32


def test_classes_of_one_colour_share_a_row(project, add):
    labels = ["Paddy (unchanged)", "Shrub (unchanged)", "A → Forest (closed)", "B → Forest (closed)", "C → Paddy"]
    add("Change", labels, ["#e4e4e0", "#e4e4e0", "#117733", "#117733", "#ddcc77"])
    _, _, ((first, second, third),) = legend_of(project)
    assert second.replace("\n", " ") == "C → Paddy"  # 5 pixels, after the 7 of forest and before the 3 unchanged
    assert first.replace("\n", " ") == "B → Forest (closed), A → Forest (closed)"
    assert third == "unchanged"


def test_hidden_layers_are_not_in_the_legend_and_long_ones_give_way_to_short_ones(project, add):
    add("Long", [f"class {i}" for i in range(80)])
    add("Short", ["no", "yes"])
    hidden = add("Hidden", ["a", "b"])
    project.layerTreeRoot().findLayer(hidden.id()).setItemVisibilityChecked(False)
    legend, titles, rows = legend_of(project)
    assert titles[0] == "Short"
    assert rows[0] == ["yes", "no"]
    assert titles[1].startswith("Long (the largest")
    assert len(titles) == 2
    assert legend.pos().y() + height(legend) <= PAGE_MM
