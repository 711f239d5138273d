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
    legend = legend_item(layout_of(project))
    model = legend.model()
    nodes = model.rootGroup().findLayers()
    titles = [node.customProperty("legend/title-label") for node in nodes]
    return legend, titles, [[row.data(0) for row in model.layerLegendNodes(node)] for node in nodes]


def height(legend):
    from qgis.core import QgsLegendRenderer

    return QgsLegendRenderer(legend.model(), legend.legendSettings()).minimumSize().height()


@pytest.fixture
def districts(project):
    """Two squares with names, hidden in the tree."""
    from qgis.core import QgsFeature, QgsGeometry, QgsRectangle, QgsVectorLayer

    layer = QgsVectorLayer("Polygon?crs=EPSG:32650&field=name:string", "districts", "memory")
    for number, name in enumerate(("North", "South")):
        feature = QgsFeature(layer.fields())
        left = 500_000 + 5_000 * number
        square = QgsRectangle(left, 4_390_000, left + 5_000, 4_395_000)
        feature.setGeometry(QgsGeometry.fromRect(square))
        feature.setAttribute("name", name)
        layer.dataProvider().addFeature(feature)
    layer.updateExtents()
    project.addMapLayer(layer)
    project.layerTreeRoot().findLayer(layer.id()).setItemVisibilityChecked(False)
    return layer


def layout_of(project, **asked):
    from qgis.core import QgsCoordinateReferenceSystem, QgsMapSettings, QgsRectangle
    from qgis.PyQt.QtCore import QSize

    from ecoassets.algorithms.looks.plan_layout import PlanPage, add_plan_layout

    view = QgsMapSettings()
    view.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:32650"))
    view.setOutputSize(QSize(600, 600))
    view.setExtent(QgsRectangle(500_000, 4_390_000, 510_000, 4_400_000))
    return add_plan_layout(project, view, PlanPage(**asked))


def legend_item(layout):
    from qgis.core import QgsLayoutItemLegend

    return next(item for item in layout.items() if isinstance(item, QgsLayoutItemLegend))


@pytest.mark.parametrize(("paper", "landscape", "size"), [("A4", True, (297, 210)), ("A3", False, (297, 420))])
def test_everything_lies_on_the_paper_and_nothing_on_another(project, add, districts, paper, landscape, size):
    from qgis.core import QgsLayoutItem, QgsLayoutItemPage

    add("Plan", ["none", "conservation", "restoration"])
    layout = layout_of(project, paper=paper, landscape=landscape, districts=districts, names="name")
    page = layout.pageCollection().page(0).rect()
    assert (page.width(), page.height()) == size
    items = [i for i in layout.items() if isinstance(i, QgsLayoutItem) and not isinstance(i, QgsLayoutItemPage)]
    boxes = [(item.id(), item.sceneBoundingRect().adjusted(1, 1, -1, -1)) for item in items]
    assert len(boxes) == 7
    assert [name for name, box in boxes if not page.contains(box)] == []
    over = [(a, b) for n, (a, one) in enumerate(boxes) for b, other in boxes[:n] if one.intersects(other)]
    assert over == []


def test_title_and_author_are_those_asked_for(project, add):
    add("Plan", ["none", "conservation"])
    layout = layout_of(project, title="Restore here", author="A. Planner")
    assert layout.itemById("title").currentText() == "Restore here"
    assert layout.itemById("date").currentText().startswith("A. Planner · 20")


def test_districts_lie_over_the_map_with_their_names_and_keep_their_own_style(project, add, districts):
    plan = add("Plan", ["none", "conservation"])
    layout = layout_of(project, districts=districts, names="name")
    page_map = layout.itemById("map")
    assert [layer.id() for layer in page_map.layers()] == [districts.id(), plan.id()]
    assert 'fieldName="name"' in page_map.layerStyleOverrides()[districts.id()]
    assert not districts.labelsEnabled()


def test_an_atlas_has_a_page_per_district(project, add, districts):
    add("Plan", ["none", "conservation"])
    layout = layout_of(project, title="Plan", districts=districts, names="name", atlas=True)
    atlas = layout.atlas()
    assert atlas.enabled()
    assert atlas.updateFeatures() == 2
    titles = []
    for page in range(2):
        atlas.seekTo(page)
        titles.append(layout.itemById("title").currentText())
    assert titles == ["Plan · North", "Plan · South"]
    assert layout.itemById("map").atlasDriven()


def test_a_theme_is_printed_with_its_layers_and_legend(project, add):
    from qgis.core import QgsMapThemeCollection

    add("Shown", ["a", "b"])
    hidden = add("Hidden", ["c", "d"])
    project.layerTreeRoot().findLayer(hidden.id()).setItemVisibilityChecked(False)
    record = QgsMapThemeCollection.MapThemeRecord()
    record.addLayerRecord(QgsMapThemeCollection.MapThemeLayerRecord(hidden))
    project.mapThemeCollection().insert("of before", record)
    layout = layout_of(project, theme="of before")
    assert [layer.id() for layer in layout.itemById("map").layers()] == [hidden.id()]
    assert [node.layerId() for node in legend_item(layout).model().rootGroup().findLayers()] == [hidden.id()]


def test_names_of_runs_are_not_in_the_legend(project, add):
    from qgis.core import QgsLegendRenderer, QgsLegendStyle

    layer = add("Plan", ["none", "conservation"])
    root = project.layerTreeRoot()
    node = root.findLayer(layer.id())
    root.insertGroup(0, "Zoning plan · 13:05").addChildNode(node.clone())
    root.removeChildNode(node)
    model = legend_item(layout_of(project)).model()
    (group,) = model.rootGroup().findGroups()
    assert QgsLegendRenderer.nodeLegendStyle(group, model) == QgsLegendStyle.Style.Hidden


def test_a_short_legend_is_whole_with_the_largest_class_first_and_without_names_of_bands(project, add):
    add("Plan", ["none", "conservation", "restoration"])
    _, titles, rows = legend_of(project)
    assert titles == ["Plan"]
    assert rows == [["restoration", "conservation", "none"]]


def test_what_the_tree_hides_of_a_legend_costs_the_page_no_class(project, add):
    from ecoassets.algorithms.looks.nodes import layer_node

    layer = add("Plan", ["none", "conservation", "restoration"])
    root = project.layerTreeRoot()
    root.removeChildNode(root.findLayer(layer.id()))
    root.addChildNode(layer_node(layer, "short"))
    _, titles, rows = legend_of(project)
    assert (titles, rows) == (["Plan"], [["restoration", "conservation", "none"]])


def test_a_long_title_gets_the_lines_that_it_needs_and_the_map_gives_way(project, add):
    add("Plan", ["none", "conservation"])
    short, long = (layout_of(project, title="A title of a plan " * times) for times in (2, 6))
    for layout in (short, long):
        title, page_map = (layout.itemById(name).sceneBoundingRect() for name in ("title", "map"))
        assert title.bottom() < page_map.top() < title.bottom() + 6
    one, two = (layout.itemById("title").rect().height() for layout in (short, long))
    assert two == pytest.approx(2 * one, rel=0.01)


@pytest.mark.parametrize("landscape", [True, False])
@pytest.mark.parametrize("paper", ["A4", "A3", "A1"])
def test_the_scale_bar_counts_in_round_numbers(project, add, districts, paper, landscape):
    add("Plan", ["none", "conservation"])
    bar = layout_of(project, paper=paper, landscape=landscape, districts=districts).itemById("scale")
    assert f"{bar.unitsPerSegment():e}"[:6] in ("1.0000", "2.0000", "5.0000")
    assert 20 < bar.sceneBoundingRect().width() < 80


def test_the_scale_bar_of_each_page_of_an_atlas_does_so_too(project, add, districts):
    add("Plan", ["none", "conservation"])
    layout = layout_of(project, districts=districts, names="name", atlas=True)
    bar, atlas = layout.itemById("scale"), layout.atlas()
    atlas.updateFeatures()
    for page in range(2):
        atlas.seekTo(page)
        assert f"{bar.unitsPerSegment():e}"[:6] in ("1.0000", "2.0000", "5.0000")


def test_districts_of_every_size_have_round_numbers_in_an_atlas(project, add, districts):
    """At the scales that QGIS chooses from for the pages of an atlas, be it 2 or 2.5 that stands between 1 and 5."""
    add("Plan", ["none", "conservation"])
    layout = layout_of(project, districts=districts, names="name", atlas=True)
    bar, shown = layout.itemById("scale"), layout.itemById("map")
    for scale in (digit * 10.0**power for power in range(3, 7) for digit in (1, 2, 2.5, 5)):
        shown.setScale(scale)
        bar.refresh()
        assert f"{bar.unitsPerSegment():e}"[:6] in ("1.0000", "2.0000", "5.0000"), scale
        assert 25 < bar.sceneBoundingRect().width() < 60, scale


def test_a_district_that_no_offered_scale_shows_whole_is_shown_whole(project, add, districts):
    from qgis.core import QgsLayoutItemMap

    modes = QgsLayoutItemMap.AtlasScalingMode
    add("Plan", ["none", "conservation"])
    plan = layout_of(project, districts=districts, names="name", atlas=True)
    assert plan.itemById("map").atlasScalingMode() == modes.Predefined
    project.viewSettings().setMapScales([100.0, 1000.0])
    project.viewSettings().setUseProjectScales(True)
    assert (
        layout_of(project, districts=districts, names="name", atlas=True).itemById("map").atlasScalingMode()
        == modes.Auto
    )


def test_an_inset_comes_only_where_the_map_shows_a_part(project, add, districts):
    add("Plan", ["none", "conservation"])  # some metres of the 10 km of the districts
    assert layout_of(project).itemById("inset") is None
    assert layout_of(project, districts=districts).itemById("inset") is None
    layout = layout_of(project, districts=districts, atlas=True)
    inset = layout.itemById("inset")
    assert inset.overview().linkedMap() == layout.itemById("map")
    assert inset.extent().contains(districts.extent())


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


def test_a_raster_below_another_is_neither_printed_nor_in_the_legend(project, add):
    below, above = add("Below", ["a", "b"]), add("Above", ["c", "d"])
    layout = layout_of(project)
    assert layout.itemById("map").layers() == [above]
    above.setOpacity(0.5)
    assert layout_of(project).itemById("map").layers() == [above, below]


def test_hidden_layers_are_not_in_the_legend_and_long_ones_give_way_to_short_ones(project, add):
    add("Long", [f"class {i}" for i in range(80)])
    add("Short", ["no", "yes"])  # of another extent: it hides nothing
    hidden = add("Hidden", ["a", "b"])
    project.layerTreeRoot().findLayer(hidden.id()).setItemVisibilityChecked(False)
    legend, titles, rows = legend_of(project)
    assert titles[0] == "Short"
    assert rows[0] == ["yes", "no"]
    assert titles[1].startswith("Long (the largest")
    assert len(titles) == 2
    assert legend.pos().y() + height(legend) <= PAGE_MM


def test_a_long_title_begins_at_the_left_without_gaps(project, add):
    from qgis.PyQt.QtCore import Qt

    add("Plan", ["none", "conservation"])
    assert layout_of(project, title="A long title " * 9).itemById("title").hAlign() == Qt.AlignmentFlag.AlignLeft
