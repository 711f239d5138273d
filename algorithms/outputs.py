"""Destinations that cannot be written are told before the work starts, not after it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from typing import Any

from qgis.core import QgsDataSourceUri, QgsProcessingAlgorithm, QgsProcessingOutputLayerDefinition

from ..core.errors import OutputError
from ..core.raster.files import Changes
from ..core.vector_files import make_room_for_file, make_room_for_layer, require_rows
from .translation import tr

FILES = ("fileDestination", "sink", "rasterDestination")
_IN_DATABASE = "ogr:"


def require_writable(algorithm: QgsProcessingAlgorithm, parameters: Mapping[str, Any]) -> None:
    """Checks that every file that a run is to write can be written.

    Raises:
        OutputError: a folder is missing or closed, or a name is that of a folder or of a file that is locked.
    """
    definitions = algorithm.parameterDefinitions()
    made = {
        os.path.normpath(local_path(parameters.get(d.name())) or "")
        for d in definitions
        if d.type() == "folderDestination"
    }
    for definition in definitions:
        path = local_path(parameters.get(definition.name())) if definition.type() in FILES else None
        if path is None or os.path.dirname(os.path.normpath(path)) in made:  # the run makes that folder
            continue
        fault = _fault(path, replaced=definition.type() != "sink")
        if fault:
            raise OutputError(
                tr(
                    "{label}: cannot write {path}: {fault} ({name}).",
                    label=definition.description(),
                    path=path,
                    fault=fault,
                    name=definition.name(),
                )
            )


def make_folder(folder: str) -> None:
    """Makes the folder of a folder destination. Raises OutputError where it cannot be made."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as reason:
        raise OutputError(
            tr("{path} cannot be made: {fault}. Choose another folder.", path=folder, fault=reason.strerror)
        ) from None


def make_room(destination: Any, changes: Changes) -> None:
    """Takes the table that a sink is about to replace aside. Databases other than GeoPackages keep their own order.

    Raises:
        OutputError: another program holds it.
    """
    path, layer = _place(destination)
    if path and layer:
        make_room_for_layer(path, layer, changes)
    elif path:
        make_room_for_file(path, changes)


def require_written(destination: Any, rows: int) -> None:
    """Checks that the table that a sink has written is whole. Raises OutputError where rows are missing."""
    path, layer = _place(destination)
    if path:
        require_rows(path, layer, rows)


def _place(destination: Any) -> tuple[str, str]:
    """The file of a table and, in a GeoPackage of several, its name; "" for what is no file."""
    path, text = local_path(destination), _text(destination)
    if path or not isinstance(text, str) or not text.startswith(_IN_DATABASE):
        return path or "", ""
    place = QgsDataSourceUri(text[len(_IN_DATABASE) :])
    in_geopackage = place.database().lower().endswith(".gpkg") and place.table()
    return (place.database(), place.table()) if in_geopackage else ("", "")


def local_path(value: Any) -> str | None:
    """The file that a destination names; None for memory layers, databases and temporary outputs."""
    value = _text(value)
    if not isinstance(value, str) or not os.path.isabs(value):
        return None
    return value.split("|", 1)[0]


def _text(destination: Any) -> Any:
    if isinstance(destination, QgsProcessingOutputLayerDefinition):
        return destination.sink.staticValue()
    return destination


def _fault(path: str, replaced: bool) -> str | None:
    """Why a file cannot be written; an old one that is replaced as a whole may be locked."""
    folder = os.path.dirname(path)
    if os.path.isdir(path):
        return tr("it is a folder. Choose a file name")
    if not os.path.isdir(folder):
        return tr("the folder {folder} does not exist. Create it or choose another", folder=folder)
    if os.path.exists(path) and not replaced and not os.access(path, os.W_OK):
        return tr("you may not change this file. Choose another name")
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as reason:
        return tr(
            "{reason} in folder {folder}. Choose a folder that you may write to", reason=reason.strerror, folder=folder
        )
