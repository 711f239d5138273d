"""Differences between QGIS versions, in one place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsField,
    QgsFields,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
)
from qgis.PyQt.QtCore import QVariant

from ..core.results import Column

QGIS_VERSION = Qgis.QGIS_VERSION_INT if hasattr(Qgis, "QGIS_VERSION_INT") else Qgis.versionInt()
FIELD_TYPES_ARE_META_TYPES = QGIS_VERSION >= 33800


def make_field(name: str, kind: str) -> QgsField:
    """A field of a result table: `text`, `integer` or `number`."""
    if FIELD_TYPES_ARE_META_TYPES:
        from qgis.PyQt.QtCore import QMetaType

        types = {"text": QMetaType.Type.QString, "integer": QMetaType.Type.Int, "number": QMetaType.Type.Double}
    else:
        types = {"text": QVariant.String, "integer": QVariant.Int, "number": QVariant.Double}
    return QgsField(name, types[kind])


def make_fields(columns: Iterable[Column]) -> QgsFields:
    """The fields of a result table."""
    fields = QgsFields()
    for column in columns:
        fields.append(make_field(column.name, column.kind))
    return fields


def user_language() -> str:
    """`zh` where QGIS speaks Chinese, else `en`."""
    return "zh" if QgsApplication.locale().startswith("zh") else "en"


def fields_of(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], name: str, context: QgsProcessingContext
) -> list[str]:
    """The fields of a parameter; the call has another name from 3.40 on."""
    read = algorithm.parameterAsStrings if QGIS_VERSION >= 34000 else algorithm.parameterAsFields
    return list(read(parameters, name, context))


def is_command_line() -> bool:
    """Whether `qgis_process` runs, which ends with 0 after Ctrl-C unless the run fails: scripts would go on."""
    return bool(QgsApplication.platform() == "qgis_process")
