"""The call of `qgis_process` that repeats a run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterDefinition,
)

if TYPE_CHECKING:
    from .base import EcoAlgorithm


def qgis_process_command(algorithm: EcoAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext) -> str:
    """One line per value, ready for a shell. Values that equal their default are left out."""
    words = [
        f"{definition.name()}={shlex.quote(text)}"
        for definition, texts in _given(algorithm, parameters, context)
        for text in texts
    ]
    return " \\\n  ".join([f"qgis_process run {algorithm.id()} --", *words])


def given_parameters(
    algorithm: EcoAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> list[tuple[str, str]]:
    """Label and value of every parameter that differs from its default."""
    return [
        (definition.description(), ", ".join(texts)) for definition, texts in _given(algorithm, parameters, context)
    ]


def _given(
    algorithm: EcoAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> Iterator[tuple[QgsProcessingParameterDefinition, list[str]]]:
    for definition in algorithm.parameterDefinitions():
        value = parameters.get(definition.name())
        if value is not None and value != definition.defaultValue():
            values = value if isinstance(value, (list, tuple)) else [value]
            yield definition, [_text(one, context) for one in values]


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
