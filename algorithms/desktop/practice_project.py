"""How the practice region is shown: a project of layers grouped by subject, and a style beside every raster."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Union

import numpy as np
import yaml
from qgis.core import (
    QgsContrastEnhancement,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsMapLayer,
    QgsMapSettings,
    QgsMultiBandColorRenderer,
    QgsProject,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtXml import QDomDocument

from ...core.land_cover import load_scheme
from ...core.legends import load_legend
from ...core.raster.output import ClassColour
from ...core.report.pictures.quicklook import read_sample
from ...core.resources import RESOURCES
from ...core.tools.practice.model import RasterFile, RegionFiles, ShapesFile, TableFile
from ..compat import user_language
from ..looks.canvas import BandLook, Look, apply_look, rounded, set_year
from ..looks.landing import SERIES, step_by_years
from ..looks.nodes import layer_node
from ..looks.outlines import draw_as_outlines
from ..translation import tr

SHOWN_FIRST = "land_cover"
NAMES = "name"  # the field of the districts that labels them
NATURAL = ("red", "green", "blue")  # how the bands of an image end that are shown as what the eye would see
SHOWN_BAND = 7  # of rasters with a band per month: July, the middle of the rains
AROUND = 1.05  # the map is so much wider than the region
RegionFile = Union[RasterFile, ShapesFile, TableFile]


@dataclass(frozen=True)
class _Words:
    """Names of subjects and layers in a language, and the subject of each layer ("" for those above all)."""

    subjects: Mapping[str, str]
    layers: Mapping[str, str]
    subject_of: Mapping[str, str]

    @classmethod
    def of(cls, language: str) -> _Words:
        found = yaml.safe_load((RESOURCES / "practice" / "layers.yaml").read_text(encoding="utf-8"))
        layers = found["layers"]
        return cls(
            {key: words[language] for key, words in found["subjects"].items()},
            {name: words[language] for name, words in layers.items()},
            {name: words.get("of", "") for name, words in layers.items()},
        )


def ranges_of(files: RegionFiles) -> dict[str, tuple[float, float]]:
    """By file, from the 2nd to the 98th percentile of a reduced copy of each raster that is drawn in a ramp."""
    return {
        raster.path: _range(raster.path, _shown_band(raster)) for raster in files.rasters if raster.kind != "classes"
    }


def write_project(files: RegionFiles, ranges: Mapping[str, tuple[float, float]], path: str) -> None:
    """Writes a project with all layers of the region beside their files, and for each raster a style of its name.

    QGIS takes that style when the raster is added to any project. The project opens on the region.
    """
    project = QgsProject()
    project.setTitle(tr("Practice region"))
    project.setCrs(QgsRasterLayer(files.rasters[0].path).crs())
    add_region(project, project.layerTreeRoot(), files, ranges)
    for layer in project.mapLayers().values():
        if isinstance(layer, QgsRasterLayer):
            layer.saveNamedStyle(os.path.splitext(layer.source())[0] + ".qml")
    region = next(layer for layer in project.mapLayers().values() if isinstance(layer, QgsRasterLayer)).extent()
    region.scale(AROUND)
    project.viewSettings().setDefaultViewExtent(QgsReferencedRectangle(region, project.crs()))
    project.writeProject.connect(lambda document: _write_view(document, project, region))
    project.write(path)


def add_region(
    project: QgsProject, root: QgsLayerTreeGroup, files: RegionFiles, ranges: Mapping[str, tuple[float, float]]
) -> None:
    """Adds every layer and table of the region to a group: districts with names on top, then a group by subject."""
    words = _Words.of(user_language())
    by_subject: dict[str, list[list[RegionFile]]] = {subject: [] for subject in words.subjects}
    for shapes in files.shapes:
        if words.subject_of[shapes.name]:
            by_subject[words.subject_of[shapes.name]].append([shapes])
        else:
            layer = _shapes(shapes, words.layers[shapes.name], NAMES)
            project.addMapLayer(layer, False)
            root.addLayer(layer)
    for series in dict.fromkeys(raster.series for raster in files.rasters):
        by_subject[words.subject_of[series]].append([one for one in files.rasters if one.series == series])
    by_subject["tables"] += [[table] for table in files.tables]
    for subject, members in by_subject.items():
        group = root.addGroup(words.subjects[subject])
        group.setExpanded(any(_name(member[0]) == SHOWN_FIRST for member in members))
        for member in members:
            _add_member(project, group, member, words, ranges)
    step_by_years(project, sorted({raster.year for raster in files.rasters if raster.year is not None}))


def _add_member(
    project: QgsProject,
    subject: QgsLayerTreeGroup,
    member: list[RegionFile],
    words: _Words,
    ranges: Mapping[str, tuple[float, float]],
) -> None:
    """A layer, or the layers of the years of a series in a group of their own, the last year on top."""
    name = _name(member[0])
    group = subject.addGroup(words.layers[name]) if len(member) > 1 else subject
    if group is not subject:
        group.setCustomProperty(SERIES, True)
    for file in reversed(member):
        layer = _layer(file, words.layers[name], ranges)
        project.addMapLayer(layer, False)
        short = str(getattr(file, "year", None) or "") if group is not subject else ""
        node = layer_node(layer, short) if isinstance(layer, QgsRasterLayer) else QgsLayerTreeLayer(layer)
        group.addChildNode(node)
        node.setItemVisibilityChecked(file is member[-1] and (name == SHOWN_FIRST or group is not subject))
        node.setExpanded(name == SHOWN_FIRST and file is member[-1])
    if group is not subject:
        group.setItemVisibilityChecked(name == SHOWN_FIRST)
        group.setExpanded(name == SHOWN_FIRST)


def _name(file: RegionFile) -> str:
    return file.series if isinstance(file, RasterFile) else file.name


def _layer(file: RegionFile, name: str, ranges: Mapping[str, tuple[float, float]]) -> QgsMapLayer:
    if isinstance(file, ShapesFile):
        return _shapes(file, name)
    if isinstance(file, TableFile):
        return QgsVectorLayer(file.path, name, "ogr")
    options = QgsRasterLayer.LayerOptions(False)  # a default style would read every band and leave files beside them
    title = f"{name} {file.year or ''}".strip()
    layer = QgsRasterLayer(file.path, title, "gdal", options)
    _style(layer, file, title, ranges)
    return layer


def _shapes(file: ShapesFile, title: str, names: str = "") -> QgsVectorLayer:
    layer = QgsVectorLayer(f"{file.path}|layername={file.name}", title, "ogr")
    draw_as_outlines(layer, names)
    return layer


def _write_view(document: QDomDocument, project: QgsProject, extent: QgsRectangle) -> None:
    """Tells the canvas where to look, as QGIS itself writes it when a project is saved."""
    settings = QgsMapSettings()
    settings.setDestinationCrs(project.crs())
    settings.setOutputSize(QSize(800, 800))
    settings.setExtent(extent)
    view = document.createElement("mapcanvas")
    view.setAttribute("name", "theMapCanvas")
    settings.writeXml(view, document)
    document.documentElement().appendChild(view)


def _style(layer: QgsRasterLayer, raster: RasterFile, title: str, ranges: Mapping[str, tuple[float, float]]) -> None:
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
    apply_look(layer, BandLook(_shown_band(raster), title, raster.year), _look(raster, title, ranges))


def _shown_band(raster: RasterFile) -> int:
    return min(SHOWN_BAND, len(raster.bands))


def _look(raster: RasterFile, title: str, ranges: Mapping[str, tuple[float, float]]) -> Look:
    if raster.series == "land_cover":
        classes = tuple(ClassColour(c.code, c.named(user_language()), c.color) for c in load_scheme("cnlucc"))
        return Look(title, (), classes=classes)
    if raster.kind == "classes":
        return Look(title, (), classes=load_legend("practice", raster.series, user_language()))
    low, high = ranges[raster.path]
    return Look(title, (), low, high)


def _range(path: str, band: int) -> tuple[float, float]:
    values = read_sample(path, band, nearest=False, max_size=400).values
    low, high = map(rounded, np.nanpercentile(values, (2, 98)).tolist())
    return low, high if high > low else low + 1.0
