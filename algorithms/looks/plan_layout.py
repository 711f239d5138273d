"""A page for printing the map at hand: title, map, districts with names, inset, legend, scale, north arrow, author."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qgis.core import (
    QgsCoordinateTransform,
    QgsFillSymbol,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemScaleBar,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsMapLayer,
    QgsMapLayerStyle,
    QgsMapSettings,
    QgsPalLayerSettings,
    QgsPrintLayout,
    QgsProject,
    QgsRasterLayer,
    QgsReadWriteContext,
    QgsRectangle,
    QgsSingleSymbolRenderer,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsUnitTypes,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import QRectF
from qgis.PyQt.QtXml import QDomDocument

from ...core.resources import RESOURCES
from ..translation import tr
from .landing import BETWEEN
from .plan_legend import fit_legend

TEMPLATE = RESOURCES / "layouts" / "plan_map.qpt"
PAPERS = {
    "A4": (210.0, 297.0),
    "A3": (297.0, 420.0),
    "A2": (420.0, 594.0),
    "A1": (594.0, 841.0),
}
MARGIN, GAP = 10.0, 4.0  # mm
TOP, FOOT = 24.0, 28.0  # mm that title and foot take
COLUMN = 67.0  # mm, the width of the legend beside the map
INSET = (50.0, 45.0)  # mm
SHARE = 0.6  # of the height of an upright page that the map takes
MM = QgsUnitTypes.LayoutUnit.LayoutMillimeters
OUTLINES = {"color": "0,0,0,0", "outline_color": "#333333", "outline_width": "0.3"}
FRAME = {"color": "0,0,0,0", "outline_color": "#c62828", "outline_width": "0.6"}  # of what the map shows, in the inset
AROUND = 1.08  # maps show so much more than their layers
ATLAS_MARGIN = 0.1
PAGE_NAME = "[% @atlas_pagename %]"


@dataclass(frozen=True)
class PlanPage:
    """What the user asks for.

    Attributes:
        title: of the page; "" takes the project's.
        author: in the foot.
        theme: a map theme of the project; "" is what the layer tree shows.
        paper: a key of `PAPERS`.
        landscape: whether the page lies on its long side.
        districts: polygons whose outlines and names lie over the map.
        names: their field of names.
        atlas: whether each district gets a page.
    """

    title: str = ""
    author: str = ""
    theme: str = ""
    paper: str = "A4"
    landscape: bool = True
    districts: QgsVectorLayer | None = None
    names: str = ""
    atlas: bool = False


def add_plan_layout(project: QgsProject, view: QgsMapSettings, page: PlanPage | None = None) -> QgsPrintLayout:
    """Adds a print layout from the template to a project, in the CRS of a view.

    The map shows the extent of the view, or all of the layers where they are within it.
    """
    page = page or PlanPage()
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    document = QDomDocument()
    document.setContent(TEMPLATE.read_text(encoding="utf-8"))
    layout.loadFromTemplate(document, QgsReadWriteContext())
    layout.setName(_free_name(project))
    long, short = sorted(PAPERS[page.paper], reverse=True)
    width, height = (long, short) if page.landscape else (short, long)
    layout.pageCollection().page(0).setPageSize(QgsLayoutSize(width, height, MM))
    places = _places(width, height, page.landscape)
    layers, styles = _shown(project, page.theme)
    if page.districts is not None:
        layers = [page.districts, *(layer for layer in layers if layer.id() != page.districts.id())]
        styles = {**styles, page.districts.id(): _outlines(page.districts, page.names)}
    page_map = layout.itemById("map")
    page_map.setCrs(view.destinationCrs())
    _fix(page_map, layers, styles)
    whole = _whole(layers, page_map)
    seen = view.visibleExtent()
    _look_at(page_map, whole if not whole.isEmpty() and seen.contains(whole) else seen, places["map"])
    _write_words(layout, page, places)
    _add_inset(layout, page_map, layers, styles, page, places["inset"])
    if page.atlas and page.districts is not None:
        _add_atlas(layout, page_map, page.districts, page.names)
    legend = next(item for item in layout.items() if isinstance(item, QgsLayoutItemLegend))
    legend.setColumnCount(1 if page.landscape else 2)
    _put(legend, places["legend"])
    fit_legend(legend, places["legend"].height(), {layer.id() for layer in layers})
    layout.refresh()
    project.layoutManager().addLayout(layout)
    return layout


def _places(width: float, height: float, landscape: bool) -> dict[str, QRectF]:
    """Where everything goes, mm: the legend beside the map on a page that lies, below it on one that stands."""
    inset_width, inset_height = INSET
    foot = height - FOOT + 2
    places = {"title": QRectF(MARGIN, 8, width - 2 * MARGIN, 13)}
    if landscape:
        map_width = width - 2 * MARGIN - COLUMN - GAP
        side, bottom = width - MARGIN - COLUMN, height - MARGIN
        places["map"] = QRectF(MARGIN, TOP, map_width, height - TOP - FOOT)
        places["inset"] = QRectF(side, bottom - inset_height, COLUMN, inset_height)
        places["legend"] = QRectF(side, TOP, COLUMN, bottom - inset_height - GAP - TOP)
    else:
        map_width = width - 2 * MARGIN
        map_height = SHARE * height
        below = TOP + map_height + GAP
        places["map"] = QRectF(MARGIN, TOP, map_width, map_height)
        places["inset"] = QRectF(width - MARGIN - inset_width, below, inset_width, inset_height)
        places["legend"] = QRectF(MARGIN, below, map_width - inset_width - GAP, foot - GAP - below)
    right = MARGIN + map_width
    places["crs"] = QRectF(MARGIN, foot, map_width - 92, 6)
    places["date"] = QRectF(MARGIN, foot + 6, map_width - 92, 6)
    places["scale"] = QRectF(right - 88, foot, 60, 12)
    places["north"] = QRectF(right - 14, foot, 12, 14)
    return places


def _put(item: QgsLayoutItem, place: QRectF) -> None:
    item.attemptMove(QgsLayoutPoint(place.x(), place.y(), MM))
    item.attemptResize(QgsLayoutSize(place.width(), place.height(), MM))


def _shown(project: QgsProject, theme: str) -> tuple[list[QgsMapLayer], dict[str, str]]:
    """The layers of a theme with their styles, or those that the layer tree shows, the upper first."""
    root, themes = project.layerTreeRoot(), project.mapThemeCollection()
    if theme:
        return _uncovered(themes.mapThemeVisibleLayers(theme)), dict(themes.mapThemeStyleOverrides(theme))
    nodes = {node.layerId(): node for node in root.findLayers()}
    visible = [layer for layer in root.layerOrder() if layer.id() in nodes and nodes[layer.id()].isVisible()]
    return _uncovered(visible), {}


def _uncovered(layers: Sequence[QgsMapLayer]) -> list[QgsMapLayer]:
    """Without rasters below another that hides them: seen through its gaps alone, they would fill the legend."""
    shown: list[QgsMapLayer] = []
    for layer in layers:
        hiding = [
            one for one in shown if isinstance(one, QgsRasterLayer) and one.opacity() == 1 and one.crs() == layer.crs()
        ]
        hidden = isinstance(layer, QgsRasterLayer) and any(one.extent().contains(layer.extent()) for one in hiding)
        if not hidden:
            shown.append(layer)
    return shown


def _fix(item: QgsLayoutItemMap, layers: Sequence[QgsMapLayer], styles: Mapping[str, str]) -> None:
    """What is printed stays as it is, whatever is ticked later."""
    item.setKeepLayerSet(True)
    item.setLayers(list(layers))
    item.setKeepLayerStyles(bool(styles))
    item.setLayerStyleOverrides(dict(styles))


def _whole(layers: Sequence[QgsMapLayer], page_map: QgsLayoutItemMap) -> QgsRectangle:
    """The extent of layers and some space around it, in the CRS of a map."""
    whole = QgsRectangle()
    for layer in layers:
        to_map = QgsCoordinateTransform(layer.crs(), page_map.crs(), page_map.layout().project())
        whole.combineExtentWith(to_map.transformBoundingBox(layer.extent()))
    whole.scale(AROUND)
    return whole


def _look_at(item: QgsLayoutItemMap, extent: QgsRectangle, place: QRectF) -> None:
    """Zooms a map that keeps its place: a first extent would change its height, and without one there is no ratio."""
    _put(item, place)
    item.setExtent(extent)
    _put(item, place)
    item.zoomToExtent(extent)


def _outlines(districts: QgsVectorLayer, names: str = "") -> str:
    """A style of thin outlines with names, for one map only: the layer keeps its own."""
    clone = districts.clone()
    clone.setRenderer(QgsSingleSymbolRenderer(QgsFillSymbol.createSimple(OUTLINES)))
    clone.setLabelsEnabled(bool(names))
    if names:
        words = QgsTextFormat()
        halo = QgsTextBufferSettings()
        halo.setEnabled(True)
        words.setBuffer(halo)
        words.setSize(9)
        label = QgsPalLayerSettings()
        label.fieldName, label.isExpression = names, False
        label.setFormat(words)
        clone.setLabeling(QgsVectorLayerSimpleLabeling(label))
    style = QgsMapLayerStyle()
    style.readFromLayer(clone)
    return str(style.xmlData())


def _write_words(layout: QgsPrintLayout, page: PlanPage, places: Mapping[str, QRectF]) -> None:
    for name in ("title", "crs", "date", "north"):
        _put(layout.itemById(name), places[name])
    scale: QgsLayoutItemScaleBar = layout.itemById("scale")
    scale.resizeToMinimumWidth()
    scale.attemptMove(QgsLayoutPoint(places["scale"].x(), places["scale"].y(), MM))
    title: QgsLayoutItemLabel = layout.itemById("title")
    if page.title:
        title.setText(page.title)
    if page.atlas:
        title.setText(BETWEEN.join((title.text(), PAGE_NAME)))
    if page.author:
        date: QgsLayoutItemLabel = layout.itemById("date")
        date.setText(BETWEEN.join((page.author, date.text())))


def _add_inset(
    layout: QgsPrintLayout,
    page_map: QgsLayoutItemMap,
    layers: Sequence[QgsMapLayer],
    styles: Mapping[str, str],
    page: PlanPage,
    place: QRectF,
) -> None:
    """Where the map lies: the districts, or all layers, with a frame for what the map shows."""
    shown = [page.districts] if page.districts is not None else list(layers)
    whole = _whole(shown, page_map)
    if whole.isEmpty():
        return
    inset = QgsLayoutItemMap(layout)
    inset.setId("inset")
    layout.addLayoutItem(inset)
    inset.setCrs(page_map.crs())
    _fix(inset, shown, {page.districts.id(): _outlines(page.districts)} if page.districts is not None else styles)
    _look_at(inset, whole, place)
    inset.setFrameEnabled(True)
    inset.overview().setLinkedMap(page_map)
    inset.overview().setFrameSymbol(QgsFillSymbol.createSimple(FRAME))


def _add_atlas(layout: QgsPrintLayout, page_map: QgsLayoutItemMap, districts: QgsVectorLayer, names: str) -> None:
    """A page per district, the map on each."""
    atlas = layout.atlas()
    atlas.setCoverageLayer(districts)
    atlas.setPageNameExpression(f'"{names}"' if names else "$id")
    atlas.setEnabled(True)
    page_map.setAtlasDriven(True)
    page_map.setAtlasScalingMode(QgsLayoutItemMap.AtlasScalingMode.Auto)
    page_map.setAtlasMargin(ATLAS_MARGIN)


def _free_name(project: QgsProject) -> str:
    taken = {layout.name() for layout in project.layoutManager().layouts()}
    name, number = tr("Plan map"), 1
    while name in taken:
        number += 1
        name = f"{tr('Plan map')} {number}"
    return name
