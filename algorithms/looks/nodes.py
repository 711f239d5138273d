"""How the tree of layers shows a raster: a short name where its group says the rest, and no name of a band."""

from __future__ import annotations

from functools import partial

from qgis.core import (
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsMapLayerLegendUtils,
    QgsRasterLayer,
    QgsSimpleLegendNode,
)

SHORT = "ecoassets/short"  # holds the short name of a layer, which QGIS does not save
NO_BAND = "ecoassets/no_band"  # marks a node that shows no name of a band
ORDER = "legend/node-order"  # where QGIS keeps which rows of a legend are shown


def short_name(name: str, group: str) -> str:
    """What a name says beyond that of its group; "" where it says all anew."""
    return name[len(group) :].strip(" :") if name.startswith(group) else ""


def layer_node(layer: QgsRasterLayer, short: str = "") -> QgsLayerTreeLayer:
    """A node that shows a layer by a short name, if there is one; lists of layers elsewhere tell its whole name."""
    node = QgsLayerTreeLayer(layer)
    _hide_band(node)
    layer.rendererChanged.connect(partial(_hide_band_again, layer))
    if short:
        node.setCustomProperty(SHORT, short)
        _shorten(node)
    return node


def opened(root: QgsLayerTreeGroup) -> None:
    """Shows the layers of a project that was opened as they were, unless the user has renamed them."""
    for node in root.findLayers():
        layer, short = node.layer(), node.customProperty(SHORT)
        if isinstance(layer, QgsRasterLayer) and node.customProperty(NO_BAND):
            layer.rendererChanged.connect(partial(_hide_band_again, layer))
        if short and layer is not None and layer.name().endswith(short):
            _shorten(node)


def _shorten(node: QgsLayerTreeLayer) -> None:
    node.setUseLayerName(False)
    node.setName(str(node.customProperty(SHORT)))


def _hide_band(node: QgsLayerTreeLayer) -> None:
    """Leaves out "Band 4: 2015" above the legend, which the names say better."""
    rows = node.layer().legend().createLayerTreeModelLegendNodes(node)
    node.setCustomProperty(NO_BAND, True)
    if len(rows) > 1 and isinstance(rows[0], QgsSimpleLegendNode):
        QgsMapLayerLegendUtils.setLegendNodeOrder(node, list(range(1, len(rows))))
    else:
        node.removeCustomProperty(ORDER)


def _hide_band_again(layer: QgsRasterLayer) -> None:
    """QGIS keeps which rows were shown when the user chooses another style, which may have more."""
    project = layer.project()
    node = project.layerTreeRoot().findLayer(layer.id()) if project is not None else None
    if node is not None and node.customProperty(NO_BAND):
        _hide_band(node)
        layer.legendChanged.emit()
