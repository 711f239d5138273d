"""Destinations that cannot be written are told before the work starts, not after it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from typing import Any

from qgis.core import QgsProcessingAlgorithm, QgsProcessingOutputLayerDefinition

from ..core.errors import OutputError
from .translation import tr

FILES = ("fileDestination", "sink", "rasterDestination")


def require_writable(algorithm: QgsProcessingAlgorithm, parameters: Mapping[str, Any]) -> None:
    """Checks that every file that a run is to write can be written.

    Raises:
        OutputError: a folder is missing or closed, or a name is that of a folder or of a file that is locked.
    """
    for definition in algorithm.parameterDefinitions():
        path = local_path(parameters.get(definition.name())) if definition.type() in FILES else None
        fault = None if path is None else _fault(path, replaced=definition.type() != "sink")
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


def local_path(value: Any) -> str | None:
    """The file that a destination names; None for memory layers, databases and temporary outputs."""
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        value = value.sink.staticValue()
    if not isinstance(value, str) or not os.path.isabs(value):
        return None
    return value.split("|", 1)[0]


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
