"""Numbers and flags that are none. Where a text is no number QGIS reads 0 or the default, and a flag "no" as yes."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from qgis.core import QgsProcessingParameterDefinition, QgsProcessingParameterNumber, QgsProperty
from qgis.PyQt.QtCore import QVariant

from ..translation import tr

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FLAGS = ("true", "false", "1", "0")
MOST = 1e30  # more than any quantity; sums of larger numbers overflow
_IN_MAPS = 3.5e38  # what a map can hold: where a valid range may end


def number_of(text: str) -> float | None:
    """The number that a text writes with ordinary digits and a decimal point; None where it is none."""
    return float(text) if _NUMBER.fullmatch(text.strip()) else None


def wrong_value(definitions: Iterable[QgsProcessingParameterDefinition], parameters: Mapping[str, Any]) -> str | None:
    """What is wrong with the first number or flag that cannot be read as one; None where all can."""
    for definition in definitions:
        value = _static(parameters.get(definition.name()))
        fault = None
        if isinstance(definition, QgsProcessingParameterNumber):
            fault = _fault_of_number(definition, value)
        elif definition.type() == "boolean" and isinstance(value, str) and value.strip().lower() not in ("", *_FLAGS):
            fault = tr("{text!r} is neither true nor false", text=value)
        if fault:
            return tr("{label}: {fault} ({name}).", label=definition.description(), fault=fault, name=definition.name())
    return None


def _static(value: Any) -> Any:
    """A value as it stands; None for an expression, which gives a number of its own when it is evaluated."""
    if isinstance(value, QgsProperty):
        return value.staticValue() if value.propertyType() == QgsProperty.Type.StaticProperty else None
    return value


def _fault_of_number(definition: QgsProcessingParameterNumber, value: Any) -> str | None:
    if value is None or isinstance(value, (bool, QVariant)):
        return None
    if isinstance(value, str):
        if not value:
            return None
        number = number_of(value)
        if number is None and number_of(value.replace(",", ".")) is not None:
            return tr("{text!r} has a decimal comma. Write a decimal point: {right}", text=value,
                      right=value.replace(",", "."))  # fmt: skip
        if number is None:
            return tr("{text!r} is no number. Write digits and a decimal point, such as 1.5", text=value)
    elif isinstance(value, (int, float)):
        number = float(value) if abs(value) <= sys.float_info.max or value != value else math.inf
    else:  # a list, or a number of numpy, which QGIS reads as 0 or the default
        return tr("{text!r} is no number. Write digits and a decimal point, such as 1.5", text=value)
    most = _IN_MAPS if definition.metadata() else MOST
    if not math.isfinite(number) or abs(number) > most:
        return tr("{text} is too large. Write a number up to {most:g}", text=value, most=most)
    if number and abs(number) < 1 / most:
        return tr("{text} is too small. Write 0, or a number from {least:g}", text=value, least=1 / most)
    if definition.dataType() == QgsProcessingParameterNumber.Type.Integer and number != int(number):
        return tr("{text} is no whole number", text=value)
    return None
