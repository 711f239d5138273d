"""What the group of a run is called: method, place and time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

from qgis.core import QgsProcessingAlgorithm, QgsProcessingContext
from qgis.PyQt.QtCore import QTime

from .landing import BETWEEN

AREAS = ("BOUNDARY", "ZONES")  # parameters whose layer is called like the place

_IN_BRACKETS = re.compile(r"\s*[(（][^()（）]*[)）]$")  # what a method is also called


def run_name(method: str, place: str, years: Sequence[int]) -> str:
    """Such as `Zoning plan · Practice region · 2000–2015 · 14:05`; what is not known, or in brackets, is left out."""
    method = _IN_BRACKETS.sub("", method)
    period = f"{years[0]}–{years[-1]}" if len(years) > 1 else "".join(map(str, years))
    return BETWEEN.join(filter(None, (method, place, period, QTime.currentTime().toString("HH:mm"))))


def place_of(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext, files: Iterable[str]
) -> str:
    """Where a run is about: the project's title, the layer that bounds it, the project's file, the folder of the data.

    Args:
        algorithm: what runs.
        parameters: of the run.
        context: with the project.
        files: that the run reads.
    """
    project = context.project()
    if project is not None and project.title():
        return str(project.title())
    for name in AREAS:
        if parameters.get(name) and algorithm.parameterDefinition(name) is not None:
            source = algorithm.parameterAsSource(parameters, name, context)
            if source is not None:
                return str(source.sourceName())
    if project is not None and project.baseName():
        return str(project.baseName())
    return next((os.path.basename(os.path.dirname(file)) for file in files), "")
