"""Composites of scenes in the canvas: a layer per year, red, green and blue as the eye would see them."""

from __future__ import annotations

from collections.abc import Mapping

from qgis.core import (
    QgsContrastEnhancement,
    QgsLayerTreeLayer,
    QgsLayerTreeNode,
    QgsMapLayer,
    QgsMultiBandColorRenderer,
    QgsProcessingContext,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
)

from ...core.quality.rsei.sensors import load_sensor
from .landing import Dress, dress_when_loaded

_BRIGHTEST = 0.3  # reflectance of bright land; what is brighter is white
_COLOURS = ("red", "green", "blue")


def show_composites(
    context: QgsProcessingContext, title: str, composites: Mapping[int, str], sensors: Mapping[int, str]
) -> None:
    """Has composites loaded where there is a project.

    Args:
        context: of the run.
        title: of the layers, before the year.
        composites: paths by year.
        sensors: by whose names the bands go, by year.
    """
    project = context.project()
    if project is None:
        return
    for year, path in composites.items():
        name = f"{title} {year}"
        details = QgsProcessingContext.LayerDetails(name, project, "COMPOSITES", QgsProcessingUtils.LayerHint.Raster)
        context.addLayerToLoadOnCompletion(path, details)
        dress_when_loaded(context, path, _dressed(name, sensors[year]))


def _dressed(name: str, sensor: str) -> Dress:
    def dress(layer: QgsMapLayer, _: QgsProject) -> QgsLayerTreeNode:
        layer.setName(name)
        if isinstance(layer, QgsRasterLayer):
            layer.setRenderer(_renderer(layer, sensor))
        return QgsLayerTreeLayer(layer)

    return dress


def _renderer(layer: QgsRasterLayer, sensor: str) -> QgsMultiBandColorRenderer:
    roles = [role for role in load_sensor(sensor).names if role != "quality"]
    bands = [roles.index(colour) + 1 for colour in _COLOURS]
    provider = layer.dataProvider()
    renderer = QgsMultiBandColorRenderer(provider, *bands)
    setters = (
        renderer.setRedContrastEnhancement,
        renderer.setGreenContrastEnhancement,
        renderer.setBlueContrastEnhancement,
    )
    for band, enhance in zip(bands, setters):
        stretch = QgsContrastEnhancement(provider.dataType(band))
        stretch.setMinimumValue(0.0)
        stretch.setMaximumValue(_BRIGHTEST)
        stretch.setContrastEnhancementAlgorithm(
            QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
        )
        enhance(stretch)
    return renderer
