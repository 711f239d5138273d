"""Choices that are given by number: `qgis_process help` counts them from 0, so a number means that choice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qgis.core import QgsProcessingParameterDefinition, QgsProcessingParameterEnum


def with_ids(definitions: Iterable[QgsProcessingParameterDefinition], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, with the id of each choice that was given by its number.

    New choices come last (the recorded surface holds it), so that a number keeps its meaning.
    """
    choices = {d.name(): d for d in definitions if isinstance(d, QgsProcessingParameterEnum)}
    return {name: _ids(value, choices[name]) if name in choices else value for name, value in parameters.items()}


def _ids(value: Any, choice: QgsProcessingParameterEnum) -> Any:
    ids = list(choice.options())
    if choice.allowMultiple() and isinstance(value, str) and value not in ids:
        value = [part.strip() for part in value.split(",")]
    if isinstance(value, (list, tuple)):
        return [_id(one, ids) for one in value] if choice.allowMultiple() else value
    return _id(value, ids)


def _id(value: Any, ids: list[str]) -> Any:
    if value in ids or isinstance(value, bool):
        return value
    text = str(value)
    return ids[int(text)] if text.isascii() and text.isdigit() and int(text) < len(ids) else value
