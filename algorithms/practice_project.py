"""The project that shows the practice region: layers grouped by subject, styled, with units and years."""

from __future__ import annotations

import numpy as np
from qgis.core import QgsFillSymbol, QgsProject, QgsRasterLayer, QgsSingleSymbolRenderer, QgsVectorLayer

from ..core.land_cover import load_scheme
from ..core.raster.output import ClassColour
from ..core.report.quicklook import read_sample
from ..core.tools.practice_files import RasterFile, RegionFiles
from .canvas import BandLook, Look, apply_look
from .compat import user_language

SHOWN_FIRST = ("land_cover",)


def write_project(files: RegionFiles, path: str) -> None:
    """Writes a project with all layers of the region beside their files."""
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
            if len(raster.bands) == 1:
                apply_look(layer, BandLook(1, raster.title, raster.year), _look(raster))
            project.addMapLayer(layer, False)
            node = group.addLayer(layer)
            node.setItemVisibilityChecked(series in SHOWN_FIRST and raster is members[-1])
            node.setExpanded(series in SHOWN_FIRST)
        if group is not root:
            group.setExpanded(series in SHOWN_FIRST)
    project.setCrs(QgsRasterLayer(files.rasters[0].path).crs())
    project.write(path)


def _look(raster: RasterFile) -> Look:
    if raster.series == "land_cover":
        classes = tuple(ClassColour(c.code, c.named(user_language()), c.color) for c in load_scheme("cnlucc"))
        return Look(raster.title, (), classes=classes)
    low, high = _range(raster.path)
    return Look(raster.title, (), raster.unit, low, high)


def _range(path: str) -> tuple[float, float]:
    """From the 2nd to the 98th percentile of a reduced copy."""
    values = read_sample(path, 1, nearest=False, max_size=400).values
    low, high = np.nanpercentile(values, (2, 98)).tolist()
    return low, high if high > low else low + 1.0
