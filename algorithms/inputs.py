"""Layers to paths and tables: what the core can read, taken in the main thread."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from osgeo import gdal
from qgis.core import (
    NULL,
    QgsFeatureRequest,
    QgsFields,
    QgsMapLayer,
    QgsPalettedRasterRenderer,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeatureSource,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingParameterDefinition,
    QgsProcessingUtils,
    QgsProperty,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, Qt, QTime

from ..core.errors import EcoAssetsError, InputError
from ..core.inputs.needs import PolygonsAsked
from ..core.prepare.files.listing import on_disk
from ..core.prepare.taking import place_of_text
from ..core.raster.dataset import quiet_gdal
from ..core.raster.output import ClassColour
from ..core.raster.reading.legend import read_legend
from ..core.tables import Table, read_table
from ..core.years import parse_years
from .raster_views import raster_path
from .translation import tr

_NAMES_FILES = ("raster", "source", "vector", "layer", "multilayer", "file")
PATHS = "paths"  # in the metadata of a parameter whose text names files
_QUOTED = re.compile('[A-Z0-9_]{2,}:.*?"(.+?)"')  # NETCDF:"rain.nc":pre
_VARIABLE = re.compile(r"[A-Z0-9_]{2,}:(.+):[^:/\\]+")  # NETCDF:rain.nc:pre
CSV_FILES = (".csv", ".tsv", ".txt")
OWN_YEARS = {"IMAGES": "IMAGE_YEARS", "THERMAL": "IMAGE_YEARS"}  # of rasters that may have others than land cover
TABLE_FILES = (*CSV_FILES, ".xlsx", ".xlsm", ".ods")
_FEW_ROWS = 2_000  # of a table that is read before a run
UNSET = "#000000"  # what QGIS shows for codes that a palette leaves out


def load_as_raster(text: str, context: QgsProcessingContext) -> QgsMapLayer | None:
    """The layer of a text; the context keeps it for later. QGIS would try a table first, and say so in its log."""
    return QgsProcessingUtils.mapLayerFromString(text, context, True, QgsProcessingUtils.LayerHint.Raster)


def load_as_rasters(values: Iterable[Any], context: QgsProcessingContext) -> None:
    """Has the context hold the rasters that texts among the values name, before QGIS looks for them there."""
    for one in values:
        if isinstance(one, str) and one:
            load_as_raster(one, context)


def raster_layers(
    algorithm: QgsProcessingAlgorithm, parameters: Mapping[str, Any], name: str, context: QgsProcessingContext
) -> list[QgsMapLayer]:
    """The layers of a list of rasters."""
    load_as_rasters(listed(parameters.get(name)), context)
    return list(algorithm.parameterAsLayerList(parameters, name, context))


def unreadable(definition: QgsProcessingParameterDefinition, value: Any, context: QgsProcessingContext) -> list[str]:
    """Which of the layers that a parameter names (one, or a list) QGIS cannot load."""
    several = definition.type() == "multilayer"
    kind = definition.layerType() if several else QgsProcessing.SourceType.TypeRaster
    if kind == QgsProcessing.SourceType.TypeFile or not (several or definition.type() in ("raster", "source")):
        return []
    rasters = kind == QgsProcessing.SourceType.TypeRaster and definition.type() != "source"
    return [
        one
        for one in listed(value)
        if isinstance(one, str)
        and one
        and not (rasters and load_as_raster(one, context) is not None)
        and QgsProcessingUtils.mapLayerFromString(one, context) is None
        and not (not rasters and table_file(one))
    ]


def listed(value: Any) -> list[Any]:
    """The values of a list; of one value itself."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def require_all_found(definition: QgsProcessingParameterDefinition, value: Any, found: int) -> None:
    """Refuses a list of which QGIS has dropped layers that it cannot load: the years of those behind would shift.

    Raises:
        InputError: fewer layers were found than named.
    """
    asked = len(listed(value)) if value else 0
    if found < asked:
        raise InputError(
            tr(
                "{label}: only {found} of {asked} layers can be read. Check the paths: {value}.",
                label=definition.description(),
                found=found,
                asked=asked,
                value=value,
            )
        )


def input_files(
    algorithm: QgsProcessingAlgorithm, parameters: Mapping[str, Any], context: QgsProcessingContext
) -> dict[tuple[str, str], str]:
    """Labels of the files that a run reads, by path and, where a layer of several in a file is named, its name."""
    files = {}
    for definition in algorithm.parameterDefinitions():
        given = parameters.get(definition.name())
        if definition.metadata().get(PATHS):
            given = paths_in(algorithm.parameterAsString(parameters, definition.name(), context))
        elif definition.isDestination() or definition.type() not in _NAMES_FILES:
            continue
        for one in listed(given):
            path, _, rest = _source_of(one, context).partition("|")
            layer = dict(part.partition("=")[::2] for part in rest.split("|")).get("layername", "")
            for file in _on_disk(path):
                files[os.path.realpath(file), layer] = definition.description()
    return files


def paths_in(text: str) -> list[str]:
    """The paths of a text that separates them by semicolons."""
    return [path.strip() for path in text.split(";") if path.strip()]


def _on_disk(path: str) -> list[str]:
    """The files that a path or a GDAL name stands for: also what a virtual raster shows, and what holds a variable."""
    listed = [path]
    if os.path.isfile(path) and path.lower().endswith(".vrt"):
        with quiet_gdal(), suppress(RuntimeError):
            virtual = gdal.OpenEx(path, gdal.OF_RASTER)
            listed += (virtual.GetFileList() or []) if virtual else []
    elif not os.path.exists(path):
        variable = _QUOTED.search(path) or _VARIABLE.fullmatch(path)
        listed = [variable[1]] if variable else listed
    return [file for file in map(on_disk, listed) if os.path.exists(file)]


def _source_of(value: Any, context: QgsProcessingContext) -> str:
    """The data source of a layer that a parameter names, a path as it stands; "" for what is neither."""
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        value = value.source
    if isinstance(value, QgsProperty):
        value = value.staticValue()
    if isinstance(value, str):
        value = QgsProcessingUtils.mapLayerFromString(value, context, False) or value
    return str(value.source()) if isinstance(value, QgsMapLayer) else value if isinstance(value, str) else ""


class AskedParameters:
    """Parameters before a run, as the needs of an algorithm ask for them: nothing is copied, no pixel is read."""

    def __init__(
        self, algorithm: QgsProcessingAlgorithm, parameters: Mapping[str, Any], context: QgsProcessingContext
    ) -> None:
        self._algorithm, self._parameters, self._context = algorithm, parameters, context

    def rasters(self, name: str) -> list[str]:
        """Paths; none where products are among them, whose bands and years are known when they are imported."""
        values = listed(self._parameters.get(name))
        if any(isinstance(one, str) and place_of_text(one) for one in values):
            return []
        load_as_rasters(values, self._context)
        layers = [self._layer(one) for one in values]
        return [raster_path(layer, self.label(name)) for layer in layers if layer is not None]

    def table(self, name: str) -> Table | None:
        value = self._parameters.get(name)
        if table_file(value):
            return read_table(str(value))
        layer = self._layer(value)
        if not isinstance(layer, QgsVectorLayer):
            return None
        path = layer.source().split("|", 1)[0]
        if layer.providerType() == "ogr" and _is_plain(layer) and table_file(path):
            return read_table(layer.source())  # as the run reads it, whatever header QGIS has guessed
        if 0 <= layer.featureCount() <= _FEW_ROWS:
            return table_of(layer, layer, layer.name())
        return Table.of_rows(layer.name(), [], columns=[field.name() for field in layer.fields()])

    def polygons(self, name: str) -> PolygonsAsked | None:
        layer = self._layer(self._parameters.get(name))
        if not isinstance(layer, QgsVectorLayer):
            return None
        fields = tuple(field.name() for field in layer.fields())
        return PolygonsAsked(f"{self.label(name)} ({layer.name()})", fields, layer.crs().isValid())

    def text(self, name: str) -> str:
        return str(self._algorithm.parameterAsString(self._parameters, name, self._context))

    def choice(self, name: str) -> str:
        return str(self._algorithm.parameterAsEnumString(self._parameters, name, self._context))

    def has(self, name: str) -> bool:
        return self._parameters.get(name) not in (None, "", [])

    def years(self) -> tuple[int, ...]:
        try:
            return parse_years(self._algorithm.parameterAsString(self._parameters, "YEARS", self._context))
        except EcoAssetsError:  # told where years are read; empty where the rasters tell them
            return ()

    def label(self, name: str) -> str:
        return str(self._algorithm.parameterDefinition(name).description())

    def _layer(self, value: Any) -> QgsMapLayer | None:
        if isinstance(value, QgsProcessingFeatureSourceDefinition):
            value = value.source
        if isinstance(value, QgsProperty):
            value = value.staticValue()
        if isinstance(value, str) and value:
            value = QgsProcessingUtils.mapLayerFromString(value, self._context)
        return value if isinstance(value, QgsMapLayer) else None


def layer_legend(layer: QgsRasterLayer) -> dict[int, ClassColour]:
    """Names and colours of a class raster's codes: as the user styled the layer, else as the file has them."""
    legend = read_legend(layer.source().split("|", 1)[0])
    renderer = layer.renderer()
    if isinstance(renderer, QgsPalettedRasterRenderer):
        for entry in renderer.classes():
            code, known = int(entry.value), legend.get(int(entry.value))
            # QGIS labels a class by its code where it knows no name.
            name = entry.label if entry.label not in ("", str(code)) else known.name if known else ""
            if name or known or entry.color.name() != UNSET:
                legend[code] = ClassColour(code, name, entry.color.name())
    return legend


def table_of(source: QgsProcessingFeatureSource | QgsVectorLayer, layer: QgsVectorLayer | None, name: str) -> Table:
    """The rows of a table layer or file, with its joins, virtual fields, edits, filter and selection.

    A plain CSV file or sheet is read from the file, so that numbers stay as written and no header is guessed.
    """
    if layer is not None and layer.providerType() == "ogr" and _is_plain(layer):
        path = layer.source().split("|", 1)[0]
        if table_file(path):
            return read_table(layer.source())
    columns = [field.name() for field in source.fields()]
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    rows = [
        {column: _cell(value) for column, value in zip(columns, feature.attributes())}
        for feature in source.getFeatures(request)
    ]
    return Table.of_rows(name, rows, columns=columns)


def table_file(path: Any) -> bool:
    """Whether a path is a text file or sheet that the core reads itself, whatever its encoding."""
    return isinstance(path, str) and path.lower().endswith(TABLE_FILES) and os.path.isfile(path)


def _is_plain(layer: QgsVectorLayer) -> bool:
    """Whether a layer shows what its file holds, no more and no less."""
    fields = layer.fields()
    own = all(fields.fieldOrigin(i) == QgsFields.FieldOrigin.OriginProvider for i in range(fields.count()))
    return own and not (layer.subsetString() or layer.selectedFeatureCount() or layer.isEditable())


def _cell(value: Any) -> Any:
    """An attribute as the core knows it: dates and times as texts (ISO 8601)."""
    if value == NULL:
        return None
    if isinstance(value, (QDate, QDateTime, QTime)):
        return value.toString(Qt.DateFormat.ISODate)
    return value
