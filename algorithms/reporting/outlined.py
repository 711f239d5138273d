"""The polygons of a run that its report draws over maps."""

from __future__ import annotations

from qgis.core import QgsProcessingAlgorithm

from ...core.errors import EcoAssetsError
from ...core.report import Outlines
from ..given import Given


def outlines_of(algorithm: QgsProcessingAlgorithm, given: Given | EcoAssetsError) -> Outlines | None:
    """The districts with their names, else the boundary; None where a run has neither."""
    if isinstance(given, EcoAssetsError):
        return None
    for name, field in (("ZONES", "ZONE_FIELD"), ("BOUNDARY", "")):
        path = given.polygons(name) if algorithm.parameterDefinition(name) is not None else None
        if path:
            named = bool(field) and algorithm.parameterDefinition(field) is not None
            return Outlines(path, next(iter(given.fields(field)), None) if named else None)
    return None
