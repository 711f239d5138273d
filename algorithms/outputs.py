"""Destinations that cannot be written are told before the work starts, not after it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from qgis.core import (
    QgsDataSourceUri,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterDefinition,
    QgsProperty,
    QgsVectorFileWriter,
)

from ..core.errors import OutputError
from ..core.messages import told
from ..core.raster.files import PendingFile
from ..core.raster.hidden import require_open
from ..core.raster.table_files import commit_layer, layers_within, pending_table, require_rows, sides_of
from ..core.raster.writing.names import fault_of_name, is_among, is_one_file
from ..core.raster.writing.tidying import remove_litter
from .command import is_run, parameters_beside
from .compat import user_language
from .settings import hides_paths
from .translation import tr

FILES = ("fileDestination", "sink", "rasterDestination")
_IN_DATABASE = "ogr:"
_SPREADSHEETS = (".csv", ".tsv", ".txt", ".xlsx", ".ods")
_TABLES = (".gpkg", ".csv", ".xlsx", ".ods", ".sqlite", ".json", ".geojson", ".tab", ".mif")
_OF_PROVIDER = re.compile(r".{3,}?:")  # as QGIS tells databases and memory layers from files


def require_writable(
    algorithm: QgsProcessingAlgorithm, parameters: Mapping[str, Any], inputs: Mapping[tuple[str, str], str]
) -> None:
    """Checks that every file that a run is to write can be written.

    Args:
        algorithm: what runs.
        parameters: of the run.
        inputs: labels of the files, and of tables within files, that the run reads.

    Raises:
        OutputError: a folder is missing or closed, a name is that of a folder or of a file that is locked, or an output
            would replace an input, another output, or layers that are none of its own.
    """
    require_apart(algorithm, parameters, inputs)
    definitions = algorithm.parameterDefinitions()
    made = {
        os.path.normpath(local_path(parameters.get(d.name())) or "")
        for d in definitions
        if d.type() == "folderDestination"
    }
    for definition in definitions:
        kind = definition.type()
        path, layer = _place(parameters.get(definition.name()), kind) if kind in FILES else ("", "")
        if not path or os.path.dirname(os.path.normpath(path)) in made:  # the run makes that folder
            continue
        named = local_path(parameters.get(definition.name())) or ""
        fault = None if layer else _loss(path, kind)
        fault = fault or _format_fault(definition, named) or _fault(path, replaced=not layer)
        if fault:
            raise OutputError(
                tr(
                    "{label}: cannot write {path}: {fault} ({name}).",
                    label=definition.description(),
                    path=path.replace("\0", "\\0"),
                    fault=fault,
                    name=definition.name(),
                )
            )


def end_begun(algorithm: QgsProcessingAlgorithm, parameters: Mapping[str, Any]) -> None:
    """Where a run writes, what a killed one left is put in place or removed, before anything there is read."""
    for definition in algorithm.parameterDefinitions():
        kind, given = definition.type(), parameters.get(definition.name())
        path = _place(given, kind)[0] if kind in FILES else ""
        folder = (local_path(given) or "") if kind == "folderDestination" else os.path.dirname(path)
        if folder:
            remove_litter(folder)


def make_folder(folder: str) -> None:
    """Makes the folder of a folder destination. Raises OutputError where it cannot be made."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as reason:
        raise OutputError(
            tr("{path} cannot be made: {fault}. Choose another folder.", path=folder, fault=reason.strerror)
        ) from None


def new_folders(algorithm: QgsProcessingAlgorithm, parameters: Mapping[str, Any]) -> list[str]:
    """The folders that a run would make for its folder destinations, each before the one that it lies in."""
    found = []
    for definition in algorithm.parameterDefinitions():
        path = local_path(parameters.get(definition.name())) if definition.type() == "folderDestination" else None
        while path and not os.path.exists(path):
            found.append(path)
            path = os.path.dirname(path)
    return found


def remove_empty(folders: Sequence[str]) -> None:
    """Removes those of the folders that hold no file, so that a run that has made nothing leaves nothing."""
    for folder in folders:
        for place, _, _ in os.walk(folder, topdown=False):
            with suppress(OSError):  # it holds something
                os.rmdir(place)


def is_wanted(destination: Any) -> bool:
    """Whether an output is to be made. A batch gives those that the user leaves empty as definitions of no place."""
    if isinstance(destination, QgsProcessingOutputLayerDefinition):
        place = destination.sink
        return place.propertyType() != QgsProperty.Type.StaticProperty or bool(place.staticValue())
    return bool(destination)


@dataclass(frozen=True)
class PendingTable:
    """A table that QGIS writes beside its place.

    Attributes:
        destination: what the sink is told, in place of what the user has given.
    """

    destination: Any
    _pending: PendingFile
    _layer: str

    def commit(self, rows: int) -> None:
        """The table is written: it is checked and waits for its place. Raises OutputError: rows are missing."""
        require_rows(self._pending.path, self._layer, rows)
        if self._layer:
            commit_layer(self._pending, self._layer)
        else:
            self._pending.commit()

    def discard(self) -> None:
        """Drops what was written, unless it was committed."""
        self._pending.discard()

    @property
    def is_for_spreadsheets(self) -> bool:
        """Whether programs open it that take some texts for formulas."""
        return self._pending.final.lower().endswith(_SPREADSHEETS)

    def placed(self, identifier: str) -> str:
        """What QGIS calls the table, once it is in its place."""
        return identifier.replace(self._pending.path, self._pending.final)


def pending_table_of(destination: Any) -> PendingTable | None:
    """Where a sink is to write meanwhile; None for what is no file: databases other than GeoPackages, and memory.

    Raises:
        OutputError: the folder cannot be written to.
    """
    path, layer = _place(destination, "sink")
    if not path:
        return None
    pending = pending_table(path)
    text = pending.path
    if layer:
        place = QgsDataSourceUri(_text(destination)[len(_IN_DATABASE) :])
        place.setDatabase(pending.path)
        text = _IN_DATABASE + place.uri(False)
    if isinstance(destination, QgsProcessingOutputLayerDefinition):
        moved = QgsProcessingOutputLayerDefinition(destination)
        moved.sink = QgsProperty.fromValue(text)
        return PendingTable(moved, pending, layer)
    return PendingTable(text, pending, layer)


def load_from(context: QgsProcessingContext, written: str, placed: str) -> str:
    """Tells QGIS to load a table, if it is to, from its place and not from where it was written. Gives the place."""
    layers = context.layersToLoadOnCompletion()
    if written in layers:
        context.setLayersToLoadOnCompletion({placed if one == written else one: layers[one] for one in layers})
    return placed


def require_apart(
    algorithm: QgsProcessingAlgorithm, parameters: Mapping[str, Any], inputs: Mapping[tuple[str, str], str]
) -> None:
    """Checks that no output would replace an input (as for `require_writable`) or another output.

    Raises:
        OutputError: one would.
    """
    taken: dict[tuple[str, str], str] = {}
    for definition in algorithm.parameterDefinitions():
        name, label = definition.name(), definition.description()
        path, layer = _place(parameters.get(name), definition.type()) if definition.type() in FILES else ("", "")
        if not path:
            continue
        beside = sides_of(path) if definition.type() == "sink" and not layer else []
        read = next(filter(None, (_label_at(one, layer, inputs) for one in (path, *beside))), None)
        if read:
            raise OutputError(
                tr(
                    "{label}: {path} is also an input ({other}). Choose another file ({name}).",
                    label=label,
                    path=path,
                    other=read,
                    name=name,
                )
            )
        folder, other = next(
            ((one, of) for (one, _), of in inputs.items() if any(_is_read_in(one, file) for file in (path, *beside))),
            ("", ""),
        )
        if folder and not layer:
            raise OutputError(
                tr(
                    "{label}: {path} would replace a file in {folder}, from which this run reads ({other}). Choose a "
                    "name that is not there yet, or another folder ({name}).",
                    label=label,
                    path=path,
                    folder=folder,
                    other=other,
                    name=name,
                )
            )
        written = _label_at(path, layer, taken)
        if written:
            raise OutputError(
                tr(
                    "{label}: {path} is also the file of another output ({other}). Give each its own ({name}).",
                    label=label,
                    path=path,
                    other=written,
                    name=name,
                )
            )
        taken[path, layer] = label


def _label_at(path: str, layer: str, taken: Mapping[tuple[str, str], str]) -> str | None:
    """What is called so; whoever writes a whole file ("") replaces every table in it."""
    return next(
        (
            label
            for (file, table), label in taken.items()
            if (not layer or table.lower() == layer.lower()) and is_one_file(file, path)
        ),
        None,
    )


def _is_read_in(folder: str, path: str) -> bool:
    """Whether a run that reads a folder may read this file of it."""
    return os.path.isdir(folder) and is_among(path, folder)


def _loss(path: str, kind: str) -> str | None:
    """What else would go with an older file of several layers, for QGIS and GDAL replace it as a whole."""
    name, raster = os.path.basename(path), kind == "rasterDestination"
    own = {"sink": name.split(".", 1)[0], "rasterDestination": os.path.splitext(name)[0]}.get(kind)  # as both name them
    if own is None and not path.lower().endswith(".gpkg"):
        return None  # a workbook of this plugin is replaced with all its sheets
    others = [one for one, is_raster in layers_within(path).items() if (one, is_raster) != (own, raster)]
    if not others:
        return None
    if kind == "sink" and path.lower().endswith(".gpkg"):
        place = QgsDataSourceUri()
        place.setDatabase(path)
        place.setDataSource("", _free_name(own or "", others), "")
        return tr(
            "it holds {layers}, which would be lost. Choose another name, or {place}, which leaves them in the file",
            layers=", ".join(others),
            place=_IN_DATABASE + place.uri(False),
        )
    return tr("it holds {layers}, which would be lost. Choose another name", layers=", ".join(others))


def _free_name(name: str, others: Sequence[str]) -> str:
    taken = {one.lower() for one in others}
    return next(one for one in (name, *(f"{name}_{n}" for n in range(2, len(others) + 3))) if one.lower() not in taken)


def _place(destination: Any, kind: str) -> tuple[str, str]:
    """The file of an output and, in a GeoPackage of several tables, the name of its own; "" for what is no file."""
    path, text = local_path(destination), _text(destination)
    if path:
        return (_sink_file(path) if kind == "sink" else path), ""
    if not isinstance(text, str) or not text.startswith(_IN_DATABASE):
        return "", ""
    place = QgsDataSourceUri(text[len(_IN_DATABASE) :])
    in_geopackage = place.database().lower().endswith(".gpkg") and place.table()
    return (os.path.abspath(place.database()), place.table()) if in_geopackage else ("", "")


def _sink_file(path: str) -> str:
    """Where QGIS really writes a table: it adds an extension where the given one is not that of its format."""
    driver = QgsVectorFileWriter.driverForExtension(os.path.splitext(path)[1].lstrip("."))
    if not driver:
        return path + ".gpkg"
    about = QgsVectorFileWriter.MetaData()
    endings = about.ext.split() if QgsVectorFileWriter.driverMetadata(driver, about) else []
    known = not endings or any(path.lower().endswith(f".{ending}") for ending in endings)
    return path if known else f"{path}.{endings[0]}"


def local_path(value: Any) -> str | None:
    """The file that a destination names; None for memory layers, databases and temporary outputs."""
    value = _text(value)
    if not isinstance(value, str) or value in ("", QgsProcessing.TEMPORARY_OUTPUT):
        return None
    if not os.path.isabs(value) and _OF_PROVIDER.match(value):
        return None
    return os.path.abspath(value.split("|", 1)[0])


def _text(destination: Any) -> Any:
    if isinstance(destination, QgsProcessingOutputLayerDefinition):
        return destination.sink.staticValue()
    return destination


def _format_fault(definition: QgsProcessingParameterDefinition, path: str) -> str | None:
    """Why an output cannot have this name: it would promise a format that is not written, or that cuts tables."""
    name, suffix = os.path.splitext(os.path.basename(path))
    suffix = suffix.lower()
    wanted = definition.fileFilter().lower() if definition.type() == "fileDestination" else ""
    if "*.html" in wanted and suffix not in ("", ".html", ".htm"):
        return tr("reports are HTML, not {suffix}. Name it .html; a browser prints it as PDF", suffix=suffix)
    beside = parameters_beside(path)
    if "*.html" in wanted and os.path.isfile(beside) and not is_run(beside) and not hides_paths():
        return tr(
            "the parameters of the run would replace {name}, which holds no run. Choose another name",
            name=os.path.basename(beside),
        )
    if "*.xlsx" in wanted and suffix != ".xlsx":
        return tr("the workbook is an Excel file. Name it {name}", name=f"{name}.xlsx")
    if "*.md" in wanted and suffix not in ("", ".md", ".markdown", ".txt", ".docx"):
        return tr("the text is Markdown or Word. Name it {md} or {word}", md=f"{name}.md", word=f"{name}.docx")
    holds_rows = definition.type() == "sink" and definition.dataType() == QgsProcessing.SourceType.TypeVector
    if holds_rows and suffix not in _TABLES and QgsVectorFileWriter.driverForExtension(suffix.lstrip(".")):
        return tr(
            "{suffix} does not keep a table as it is: names of columns and texts are cut, or it needs geometries. "
            "Name it {name}; .gpkg, .xlsx and .ods are fine, too",
            suffix=suffix,
            name=f"{name}.csv",
        )
    return None


def _fault(path: str, replaced: bool) -> str | None:
    """Why a file cannot be written; one of which only a part is replaced must be open to this user."""
    named = fault_of_name(path)
    if named is not None:
        return told(named, user_language())
    folder = os.path.dirname(path)
    if os.path.isdir(path):
        return tr("it is a folder. Choose a file name")
    if not os.path.isdir(folder):
        return tr("the folder {folder} does not exist. Create it or choose another", folder=folder)
    # Windows replaces no file that may only be read
    if os.path.exists(path) and not (replaced and os.name != "nt") and not os.access(path, os.W_OK):
        return tr("you may not change this file. Choose another name")
    try:
        if replaced and os.path.exists(path):
            os.rename(path, path)  # Windows refuses while another program holds the file
    except OSError:
        return tr(
            "another program holds this file open: remove the layer from the project, close the program, or choose "
            "another name"
        )
    try:
        require_open(folder)
        return None
    except OSError as reason:
        return tr(
            "{reason} in folder {folder}. Choose a folder that you may write to", reason=reason.strerror, folder=folder
        )
