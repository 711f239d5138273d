"""How the practice region is shown: a project of layers grouped by subject, and a style beside every raster."""

from __future__ import annotations

import os

import numpy as np
from qgis.core import (
    QgsContrastEnhancement,
    QgsFillSymbol,
    QgsMultiBandColorRenderer,
    QgsProject,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)

from ..core.land_cover import load_scheme
from ..core.legends import load_legend
from ..core.raster.output import ClassColour
from ..core.report.quicklook import read_sample
from ..core.tools.practice.files import RasterFile, RegionFiles
from .compat import user_language
from .looks.canvas import BandLook, Look, apply_look, rounded, set_year

SHOWN_FIRST = ("land_cover",)
NATURAL = ("red", "green", "blue")  # how the bands of an image end that are shown as what the eye would see
SHOWN_BAND = 7  # of rasters with a band per month: July, the middle of the rains


def write_project(files: RegionFiles, path: str) -> None:
    """Writes a project with all layers of the region beside their files, and for each raster a style of its name.

    QGIS takes that style when the raster is added to any project.
    """
    project = QgsProject()
    options = QgsRasterLayer.LayerOptions(False)  # a default style would read every band and leave files beside them
    root = project.layerTreeRoot()
    for shapes in files.shapes:
        layer = QgsVectorLayer(f"{shapes.path}|layername={shapes.name}", shapes.title, "ogr")
        symbol = QgsFillSymbol.createSimple({"color": "0,0,0,0", "outline_color": "#333333", "outline_width": "0.4"})
        layer.setRenderer(QgsSingleSymbolRenderer(symbol))
        project.addMapLayer(layer, False)
        root.addLayer(layer).setItemVisibilityChecked(shapes.name == "districts")
    for series in dict.fromkeys(raster.series for raster in files.rasters):
        members = [raster for raster in files.rasters if raster.series == series]
        group = root.addGroup(members[-1].title.rsplit(" ", 1)[0]) if len(members) > 1 else root
        for raster in reversed(members):
            layer = QgsRasterLayer(raster.path, raster.title, "gdal", options)
            _style(layer, raster)
            layer.saveNamedStyle(os.path.splitext(raster.path)[0] + ".qml")
            project.addMapLayer(layer, False)
            node = group.addLayer(layer)
            node.setItemVisibilityChecked(series in SHOWN_FIRST and raster is members[-1])
            node.setExpanded(series in SHOWN_FIRST)
        if group is not root:
            group.setExpanded(series in SHOWN_FIRST)
    project.setCrs(QgsRasterLayer(files.rasters[0].path).crs())
    project.write(path)


def _style(layer: QgsRasterLayer, raster: RasterFile) -> None:
    colours = [number for name in NATURAL for number, band in enumerate(raster.bands, 1) if band.endswith(f" {name}")]
    if len(colours) == len(NATURAL):
        layer.setRenderer(QgsMultiBandColorRenderer(layer.dataProvider(), *colours))
        layer.setContrastEnhancement(
            QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
            QgsRasterMinMaxOrigin.Limits.CumulativeCut,
        )
        if raster.year is not None:
            set_year(layer, raster.year)
        return
    band = min(SHOWN_BAND, len(raster.bands))
    apply_look(layer, BandLook(band, raster.title, raster.year), _look(raster, band))


def _look(raster: RasterFile, band: int) -> Look:
    if raster.series == "land_cover":
        classes = tuple(ClassColour(c.code, c.named(user_language()), c.color) for c in load_scheme("cnlucc"))
        return Look(raster.title, (), classes=classes)
    if raster.kind == "classes":
        return Look(raster.title, (), classes=load_legend("practice", raster.series, user_language()))
    low, high = _range(raster.path, band)
    return Look(raster.title, (), low, high)


def _range(path: str, band: int) -> tuple[float, float]:
    """From the 2nd to the 98th percentile of a reduced copy."""
    values = read_sample(path, band, nearest=False, max_size=400).values
    low, high = map(rounded, np.nanpercentile(values, (2, 98)).tolist())
    return low, high if high > low else low + 1.0
