"""The legend of a printed page: what the map shows, no longer than the page."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from qgis.core import (
    QgsColorRampLegendNode,
    QgsLayerTreeLayer,
    QgsLayerTreeModel,
    QgsLayoutItemLegend,
    QgsLegendRenderer,
    QgsLegendStyle,
    QgsMapLayerLegendUtils,
    QgsPalettedRasterRenderer,
    QgsRasterLayer,
    QgsSimpleLegendNode,
)
from qgis.PyQt.QtCore import QSizeF

from ...core.errors import InputError
from ...core.report.pictures.quicklook import class_pixels, read_sample
from ..translation import tr
from .nodes import ORDER

SAMPLED = 1000  # pixels of the longer side in which the largest classes are looked for
RAMP = QSizeF(7, 32)  # mm, of a ramp of colours
LINE = 32  # characters that the column of the legend has room for
NAMED = 2  # classes of one colour that are named
_IN_BRACKETS = re.compile(r"[^→]*\(([^()]*)\)")  # "Paddy (unchanged)", but not "Paddy → Forest (closed)"
FEWEST = 3  # rows of a layer that are never given up


@dataclass(frozen=True)
class Row:
    """A line of a legend: the place of its node among those of the layer, what it says, and the area it stands for."""

    node: int
    label: str
    pixels: int


def fit_legend(legend: QgsLayoutItemLegend, height_mm: float, shown_layers: Collection[str]) -> float:
    """Leaves out what the map does not show, names of groups and bands, and of long lists of classes the least.

    Returns:
        The height that it takes, mm.
    """
    legend.setAutoUpdateModel(False)
    model = legend.model()
    root = model.rootGroup()
    for node in root.findLayers():
        if node.layerId() not in shown_layers:
            node.parent().removeChildNode(node)
    root.removeChildrenGroupWithoutLayers()
    for group in root.findGroups(True):
        QgsLegendRenderer.setNodeLegendStyle(group, QgsLegendStyle.Style.Hidden)
    for node in root.findLayers():
        node.removeCustomProperty(ORDER)  # what the tree shows would be taken for all that there is
        model.refreshLayerLegend(node)
        for number, one in enumerate(model.layerOriginalLegendNodes(node)):
            if isinstance(one, QgsColorRampLegendNode):
                QgsMapLayerLegendUtils.setLegendNodeSymbolSize(node, number, RAMP)
    rows = {node.layerId(): _rows(model, node) for node in root.findLayers()}
    shown = {layer: len(of_layer) for layer, of_layer in rows.items()}
    while True:
        for node in root.findLayers():
            _show(model, node, rows[node.layerId()], shown[node.layerId()])
        longest = max(shown, key=lambda layer: shown[layer], default="")
        height = QgsLegendRenderer(model, legend.legendSettings()).minimumSize().height()
        if height <= height_mm or shown.get(longest, 0) <= FEWEST:
            return float(height)
        shown[longest] -= 1


def _rows(model: QgsLayerTreeModel, node: QgsLayerTreeLayer) -> list[Row]:
    """The rows of a layer; those of a class raster with the largest first, one for all classes of a colour."""
    nodes = model.layerOriginalLegendNodes(node)
    layer = node.layer()
    if not isinstance(layer, QgsRasterLayer):
        return [Row(number, "", 0) for number in range(len(nodes))]
    places = [number for number, one in enumerate(nodes) if not isinstance(one, QgsSimpleLegendNode)]
    renderer = layer.renderer()
    if not isinstance(renderer, QgsPalettedRasterRenderer):
        return [Row(number, "", 0) for number in places]
    try:
        source = layer.dataProvider().dataSourceUri()
        pixels = class_pixels([read_sample(source, renderer.usesBands()[0], True, SAMPLED)])
    except InputError:  # no file that GDAL reads again
        pixels = {}
    of_colour: dict[str, list[tuple[int, QgsPalettedRasterRenderer.Class]]] = {}
    for place, entry in zip(places, renderer.classes()):
        if not pixels or int(entry.value) in pixels:
            of_colour.setdefault(entry.color.name(), []).append((place, entry))
    rows = []
    for same in of_colour.values():
        largest_first = sorted(same, key=lambda found: -pixels.get(int(found[1].value), 0))
        area = sum(pixels.get(int(entry.value), 0) for _, entry in same)
        rows.append(Row(same[0][0], _common([entry.label for _, entry in largest_first]), area))
    return sorted(rows, key=lambda row: -row.pixels)


def _common(labels: Sequence[str]) -> str:
    """One label for classes of one colour: what all say in brackets, such as "unchanged", or the first of them."""
    endings = {found.group(1) if (found := _IN_BRACKETS.fullmatch(label)) else "" for label in labels}
    (ending, *others) = endings
    if len(labels) > 1 and ending and not others:
        return ending
    return ", ".join(labels[:NAMED]) + (" …" if len(labels) > NAMED else "")


def _show(model: QgsLayerTreeModel, node: QgsLayerTreeLayer, rows: Sequence[Row], count: int) -> None:
    """Shows the first rows of a layer in their order in the legend of the layer."""
    chosen = rows[:count]
    for row in chosen:
        if row.label:
            QgsMapLayerLegendUtils.setLegendNodeUserLabel(node, row.node, "\n".join(textwrap.wrap(row.label, LINE)))
    QgsMapLayerLegendUtils.setLegendNodeOrder(node, [row.node for row in chosen])
    title = node.layer().name()  # the tree may show less
    if count < len(rows):
        title = tr("{layer} (the largest {count} of {all} classes)", layer=title, count=count, all=len(rows))
    node.setCustomProperty("legend/title-label", "\n".join(textwrap.wrap(title, LINE)))
    model.refreshLayerLegend(node)
