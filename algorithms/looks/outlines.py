"""Outlines with names that lie over maps: on the page of a plan, and on the canvas over the map of a run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from qgis.core import (
    QgsFillSymbol,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsLayerTreeNode,
    QgsMapLayer,
    QgsPalLayerSettings,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProject,
    QgsProperty,
    QgsSingleSymbolRenderer,
    QgsSymbolLayer,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import Qt

from ..compat import fields_of
from ..translation import tr

OUTLINES_OF = "ecoassets/outlines_of"  # holds the source whose copy a layer is
LINE = {"color": "0,0,0,0", "outline_color": "#333333", "outline_width": "0.3"}
WIDER = "if($id = @atlas_featureid, 0.8, 0.3)"  # mm; the district of a page of an atlas
WORDS_PT = 9


def draw_as_outlines(layer: QgsVectorLayer, names: str = "", atlas: bool = False) -> None:
    """Draws polygons as thin outlines; `names` is the field of their labels, "" for none."""
    symbol = QgsFillSymbol.createSimple(LINE)
    if atlas:
        width = QgsProperty.fromExpression(WIDER)
        symbol.symbolLayer(0).setDataDefinedProperty(QgsSymbolLayer.Property.PropertyStrokeWidth, width)
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))
    layer.setLabelsEnabled(bool(names))
    if names:
        words, halo, label = QgsTextFormat(), QgsTextBufferSettings(), QgsPalLayerSettings()
        halo.setEnabled(True)
        words.setBuffer(halo)
        words.setSize(WORDS_PT)
        label.fieldName, label.isExpression = names, False
        label.setFormat(words)
        layer.setLabeling(QgsVectorLayerSimpleLabeling(label))


@dataclass(frozen=True)
class Outlines:
    """Polygons by which a run tells its results apart.

    Attributes:
        source, provider: where QGIS reads them.
        name: of the layer.
        names: the field of their names; "" for none.
    """

    source: str
    provider: str
    name: str
    names: str = ""

    def lay(self, project: QgsProject, group: QgsLayerTreeGroup) -> None:
        """Puts them on top of the tree, unless a layer above a group shows them already and lets the map be seen."""
        root = project.layerTreeRoot()
        over = [node.layer() for node in root.children()[: root.children().index(group)] if _lets_see(node)]
        if any(self._is(layer) for layer in over):
            return
        known = [layer for layer in project.mapLayers().values() if self._is(layer)]
        layer = known[0].clone() if known else QgsVectorLayer(self.source, self.name, self.provider)
        if not layer.isValid():
            return
        layer.setCustomProperty(OUTLINES_OF, self.source)
        layer.setName(tr("{layer} (outlines)", layer=self.name))
        draw_as_outlines(layer, self.names)
        project.addMapLayer(layer, False)
        root.insertLayer(0, layer).setExpanded(False)

    def _is(self, layer: QgsMapLayer) -> bool:
        """Whether a layer reads the same; a file may be named with its layer or without."""
        file, _, part = self.source.partition("|")
        other, _, other_part = layer.customProperty(OUTLINES_OF, layer.source()).partition("|")
        return file == other and (part == other_part or not part or not other_part)


def zones_of(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> Outlines | None:
    """The zones of a run with the field of their names; None where it has none."""
    if algorithm.parameterDefinition("ZONES") is None or not parameters.get("ZONES"):
        return None
    layer = algorithm.parameterAsVectorLayer(parameters, "ZONES", context)
    if layer is None:
        return None
    named = algorithm.parameterDefinition("ZONE_FIELD") is not None
    fields = fields_of(algorithm, parameters, "ZONE_FIELD", context) if named else []
    return Outlines(layer.source(), layer.providerType(), layer.name(), next(iter(fields), ""))


def first_place(root: QgsLayerTreeGroup, landing: Collection[str]) -> int:
    """The place in the tree of what lies over all maps, but below the layers through which they are seen.

    Args:
        root: of the tree.
        landing: sources or ids of layers that QGIS has put on top, from where they go.
    """
    place = 0
    for number, node in enumerate(root.children(), start=1):
        layer = node.layer() if isinstance(node, QgsLayerTreeLayer) else None
        if _lets_see(node):
            place = number
        elif layer is None or not {layer.source(), layer.id()} & set(landing):
            break
    return place


def _lets_see(node: QgsLayerTreeNode) -> bool:
    """Whether it is a layer of polygons without a fill."""
    layer: QgsMapLayer | None = node.layer() if isinstance(node, QgsLayerTreeLayer) else None
    if not isinstance(layer, QgsVectorLayer) or layer.geometryType() != QgsWkbTypes.GeometryType.PolygonGeometry:
        return False
    renderer = layer.renderer()
    if not isinstance(renderer, QgsSingleSymbolRenderer) or renderer.symbol() is None:
        return False
    parts = renderer.symbol().symbolLayers()
    return all(part.fillColor().alpha() == 0 or _brush(part) == Qt.BrushStyle.NoBrush for part in parts)


def _brush(part: QgsSymbolLayer) -> Qt.BrushStyle | None:
    return part.brushStyle() if hasattr(part, "brushStyle") else None
