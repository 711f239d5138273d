"""What repeats a run: the call of `qgis_process`, and its parameters as JSON."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from qgis.core import (
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterDefinition,
)

from ..core.raster.files import PendingFile
from .declared import DeclaredAlgorithm

# Parameters whose default is a setting of the user: told always, because another user's default may differ.
OF_SETTINGS = frozenset({"SCHEME"})


def qgis_process_command(
    algorithm: DeclaredAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> str:
    """One line per value, ready for a shell. Values that equal their default are left out."""
    words = [
        f"{definition.name()}={shlex.quote(_text(one, context))}"
        for definition, value in _given(algorithm, parameters)
        for one in _several(value)
    ]
    return " \\\n  ".join([f"qgis_process run {algorithm.id()} --", *words])


def write_parameters(
    algorithm: DeclaredAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext, report: str
) -> None:
    """Writes the same run as JSON beside its report: `qgis_process run ID - < report.parameters.json` repeats it.

    QGIS reads standard input from 3.24 on. Raises OutputError where the file cannot be written.
    """
    inputs = {definition.name(): _json(value, context) for definition, value in _given(algorithm, parameters)}
    run = {"algorithm": algorithm.id(), "version": algorithm.provider().versionInfo(), "inputs": inputs}
    with PendingFile(f"{os.path.splitext(report)[0]}.parameters.json") as pending:
        pending.write(json.dumps(run, ensure_ascii=False, indent=2))


def given_parameters(
    algorithm: DeclaredAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> list[tuple[str, str]]:
    """Label and value of every parameter that differs from its default."""
    return [
        (definition.description(), ", ".join(_text(one, context) for one in _several(value)))
        for definition, value in _given(algorithm, parameters)
    ]


def _given(
    algorithm: DeclaredAlgorithm, parameters: dict[str, Any]
) -> Iterator[tuple[QgsProcessingParameterDefinition, Any]]:
    for definition in algorithm.parameterDefinitions():
        value, default = parameters.get(definition.name()), definition.defaultValue()
        if definition.name() in OF_SETTINGS:
            yield definition, default if value is None else value
        elif value is not None and value != default:
            yield definition, value


def _several(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else [value]


def _json(value: Any, context: QgsProcessingContext) -> Any:
    if isinstance(value, (list, tuple)):
        return [_json(one, context) for one in value]
    return value if isinstance(value, (bool, int, float)) else _text(value, context)


def _text(value: Any, context: QgsProcessingContext) -> str:
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        return _text(value.source.staticValue(), context)
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        return str(value.sink.staticValue())
    if isinstance(value, QgsMapLayer):
        return value.source()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        layer = context.project().mapLayer(value) if context.project() else None
        return layer.source() if layer is not None else value
    return str(value)
