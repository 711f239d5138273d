"""A page for printing the map at hand: title, map, districts with names, inset, legend, scale, north arrow, author."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from qgis.core import (
    Qgis,
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
    QgsPrintLayout,
    QgsProject,
    QgsRasterLayer,
    QgsReadWriteContext,
    QgsRectangle,
    QgsScaleBarSettings,
    QgsSettings,
    QgsUnitTypes,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QRectF
from qgis.PyQt.QtXml import QDomDocument

from ...core.resources import RESOURCES
from ..translation import tr
from .landing import BETWEEN
from .outlines import draw_as_outlines
from .plan_legend import fit_legend

TEMPLATE = RESOURCES / "layouts" / "plan_map.qpt"
PAPERS = {
    "A4": (210.0, 297.0),
    "A3": (297.0, 420.0),
    "A2": (420.0, 594.0),
    "A1": (594.0, 841.0),
}
MARGIN, GAP = 10.0, 4.0  # mm
TITLE_TOP, FOOT = 8.0, 28.0  # mm above the title and of the foot
ROOMY = 1.2  # letters that come from another font, as Chinese ones do, are higher
UNEVEN = 1.08  # lines of a title are not filled to their ends
COLUMN = 67.0  # mm, the width of the legend beside the map
INSET = (50.0, 45.0)  # mm
LEGEND_SHARE = 0.3  # of the height of an upright page that a legend may take
NEARLY_ALL = 0.8  # a view of so much of the whole is taken for all of it, and needs no inset
SHORTEST, LONGEST = 0.35, 0.95  # parts of a bar of scale; from the shortest on there is a number of one digit
# On a page of an atlas QGIS finds the largest number of one digit: of 10.25 mm at 1, 2, 2.5 or 5 it is 1, 2 or 5.
ATLAS_SEGMENTS, ATLAS_BAR = 4, 41.0  # mm
MM = QgsUnitTypes.LayoutUnit.LayoutMillimeters
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

    The map shows the extent of the view, or all of the layers where nearly all of them are within it.
    """
    page = page or PlanPage()
    layout = _new_layout(project, page)
    layers, styles = _shown(project, page.theme)
    if page.districts is not None:
        layers = [page.districts, *(layer for layer in layers if layer.id() != page.districts.id())]
        styles = {**styles, page.districts.id(): _outlines(page.districts, page.names, page.atlas)}
    page_map: QgsLayoutItemMap = layout.itemById("map")
    page_map.setCrs(view.destinationCrs())
    _fix(page_map, layers, styles)
    whole, seen = _whole(layers, page_map), view.visibleExtent()
    extent = whole if not whole.isEmpty() and _part(seen, whole) >= NEARLY_ALL else seen
    around = _whole([page.districts], page_map) if page.districts is not None else whole
    has_inset = page.atlas or _part(extent, around) < NEARLY_ALL
    long, short = sorted(PAPERS[page.paper], reverse=True)
    width, height = (long, short) if page.landscape else (short, long)
    top = _write_title(layout.itemById("title"), page, width)
    legend = next(item for item in layout.items() if isinstance(item, QgsLayoutItemLegend))
    legend.setColumnCount(1 if page.landscape else 2)
    room = _room_of_legend(height, top, page.landscape, has_inset)
    needed = fit_legend(legend, room, {layer.id() for layer in layers})
    places = _places(width, height, top, page.landscape, needed, has_inset)
    _put(legend, places["legend"])
    _look_at(page_map, extent, places["map"])
    _write_words(layout, page, places)
    if has_inset:
        _add_inset(layout, page_map, layers, styles, page, around, places["inset"])
    if page.atlas and page.districts is not None:
        _add_atlas(layout, page_map, page.districts, page.names)
    layout.refresh()
    project.layoutManager().addLayout(layout)
    return layout


def _new_layout(project: QgsProject, page: PlanPage) -> QgsPrintLayout:
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    document = QDomDocument()
    document.setContent(TEMPLATE.read_text(encoding="utf-8"))
    layout.loadFromTemplate(document, QgsReadWriteContext())
    layout.setName(_free_name(project))
    long, short = sorted(PAPERS[page.paper], reverse=True)
    size = (long, short) if page.landscape else (short, long)
    layout.pageCollection().page(0).setPageSize(QgsLayoutSize(*size, MM))
    return layout


def _part(extent: QgsRectangle, whole: QgsRectangle) -> float:
    """The share of a whole that an extent shows; 1 of nothing."""
    shown = extent.intersect(whole)
    return shown.width() * shown.height() / (whole.width() * whole.height()) if not whole.isEmpty() else 1.0


def _room_of_legend(height: float, top: float, landscape: bool, has_inset: bool) -> float:
    """The height that a legend may take, mm: the column beside the map, or a part of the page below it."""
    if not landscape:
        return LEGEND_SHARE * height
    return height - MARGIN - top - (INSET[1] + GAP if has_inset else 0)


def _places(
    width: float, height: float, top: float, landscape: bool, legend: float, has_inset: bool
) -> dict[str, QRectF]:
    """Where everything goes, mm: the legend beside the map on a page that lies, below it on one that stands."""
    inset_width, inset_height = INSET
    foot = height - FOOT + 2
    if landscape:
        map_width = width - 2 * MARGIN - COLUMN - GAP
        side, bottom = width - MARGIN - COLUMN, height - MARGIN
        places = {
            "map": QRectF(MARGIN, top, map_width, height - top - FOOT),
            "inset": QRectF(side, bottom - inset_height, COLUMN, inset_height),
            "legend": QRectF(side, top, COLUMN, _room_of_legend(height, top, landscape, has_inset)),
        }
    else:
        map_width = width - 2 * MARGIN
        below = foot - GAP - max(legend, inset_height if has_inset else 0)
        beside = inset_width + GAP if has_inset else 0
        places = {
            "map": QRectF(MARGIN, top, map_width, below - GAP - top),
            "inset": QRectF(width - MARGIN - inset_width, below, inset_width, inset_height),
            "legend": QRectF(MARGIN, below, map_width - beside, foot - GAP - below),
        }
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


def _outlines(districts: QgsVectorLayer, names: str = "", atlas: bool = False) -> str:
    """A style of thin outlines with names, for one map only: the layer keeps its own."""
    clone = districts.clone()
    draw_as_outlines(clone, names, atlas)
    style = QgsMapLayerStyle()
    style.readFromLayer(clone)
    return str(style.xmlData())


def _write_title(title: QgsLayoutItemLabel, page: PlanPage, width: float) -> float:
    """Writes the title into as many lines as it needs, and tells where what stands below it begins, mm."""
    text = page.title or title.text()
    if page.atlas and page.districts is not None:
        named = page.districts.getFeatures() if page.names else ()
        title.setText(BETWEEN.join((text, max((str(one[page.names]) for one in named), key=len, default=""))))
    else:
        title.setText(text)
    line = title.sizeForText()
    height = line.height() * ROOMY
    filled = line.width() / (width - 2 * MARGIN)
    lines = ceil(filled * UNEVEN) if filled > 1 else 1
    if page.atlas:
        title.setText(BETWEEN.join((text, PAGE_NAME)))
    _put(title, QRectF(MARGIN, TITLE_TOP, width - 2 * MARGIN, lines * height))
    return float(TITLE_TOP + lines * height + GAP)


def _write_words(layout: QgsPrintLayout, page: PlanPage, places: Mapping[str, QRectF]) -> None:
    for name in ("crs", "date", "north"):
        _put(layout.itemById(name), places[name])
    _write_scale(layout.itemById("scale"), page, places["scale"])
    if page.author:
        date: QgsLayoutItemLabel = layout.itemById("date")
        date.setText(BETWEEN.join((page.author, date.text())))


def _write_scale(bar: QgsLayoutItemScaleBar, page: PlanPage, place: QRectF) -> None:
    """Segments of 1, 2 or 5 of a unit; those of an atlas change from page to page, and QGIS finds them."""
    unit = bar.guessUnits()
    bar.setUnits(unit)
    bar.setUnitLabel(QgsUnitTypes.toAbbreviatedString(unit))
    widest = ATLAS_BAR if page.atlas else place.width()
    bar.setMaximumBarWidth(widest)
    bar.setMinimumBarWidth(widest * (SHORTEST if page.atlas else LONGEST))
    if page.atlas:
        bar.setNumberOfSegments(ATLAS_SEGMENTS)
    else:
        most = bar.unitsPerSegment()
        power = 10.0 ** floor(log10(most))
        bar.setSegmentSizeMode(QgsScaleBarSettings.SegmentSizeMode.SegmentSizeFixed)
        bar.setUnitsPerSegment(max(digit * power for digit in (1, 2, 5) if digit * power <= most))
    bar.resizeToMinimumWidth()
    bar.attemptMove(QgsLayoutPoint(place.x(), place.y(), MM))


def _add_inset(
    layout: QgsPrintLayout,
    page_map: QgsLayoutItemMap,
    layers: Sequence[QgsMapLayer],
    styles: Mapping[str, str],
    page: PlanPage,
    whole: QgsRectangle,
    place: QRectF,
) -> None:
    """Where the map lies: the districts, or all layers, with a frame for what the map shows."""
    inset = QgsLayoutItemMap(layout)
    inset.setId("inset")
    layout.addLayoutItem(inset)
    inset.setCrs(page_map.crs())
    districts = page.districts
    if districts is None:
        _fix(inset, layers, styles)
    else:
        _fix(inset, [districts], {districts.id(): _outlines(districts)})
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
    page_map.setAtlasMargin(ATLAS_MARGIN)
    scales = _round_scales(layout.project())
    fits = bool(scales) and _scale_of_largest(page_map, districts) <= scales[-1]
    layout.renderContext().setPredefinedScales(scales)  # which QGIS itself does, too, when it opens the layout
    modes = QgsLayoutItemMap.AtlasScalingMode
    page_map.setAtlasScalingMode(modes.Predefined if fits else modes.Auto)


def _round_scales(project: QgsProject) -> list[float]:
    """The scales that QGIS offers for the project, rising."""
    view = project.viewSettings()
    if view.useProjectScales():
        return sorted(view.mapScales())
    offered = QgsSettings().value("Map/scales", Qgis.defaultProjectScales())
    texts = offered.split(",") if isinstance(offered, str) else offered
    return sorted(float(text.split(":")[-1]) for text in texts if text.strip())


def _scale_of_largest(page_map: QgsLayoutItemMap, districts: QgsVectorLayer) -> float:
    """The scale at which a map shows the largest of the districts whole; the map stays as it is."""
    shown = page_map.extent()
    to_map = QgsCoordinateTransform(districts.crs(), page_map.crs(), page_map.layout().project())
    scales = [0.0]
    for district in districts.getFeatures():
        page_map.zoomToExtent(to_map.transformBoundingBox(district.geometry().boundingBox()))
        scales.append(page_map.scale())
    page_map.setExtent(shown)
    return max(scales)


def _free_name(project: QgsProject) -> str:
    taken = {layout.name() for layout in project.layoutManager().layouts()}
    name, number = tr("Plan map"), 1
    while name in taken:
        number += 1
        name = f"{tr('Plan map')} {number}"
    return name
