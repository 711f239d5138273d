"""Polygons that the user gave, as a file that the core can read: with their filter, selection and edits."""

from __future__ import annotations

import re

from qgis.core import (
    QgsFeature,
    QgsProcessingFeatureSource,
    QgsProcessingUtils,
    QgsProject,
    QgsVectorFileWriter,
)

from ..core.errors import InputError
from ..core.handed_on import without_secrets
from ..core.raster.zones.polygon_layer import require_crs
from .translation import tr

# Names of the key and the geometry in the copy: no field of a user is called so by accident.
KEY, GEOMETRY = "ecoassets_key", "ecoassets_geometry"
_NOT_FIRST = " `~!@#$%^&*()+-={}|[]\\:;'<>?,./"  # no layer of a GeoPackage may begin so


def polygons_path(source: QgsProcessingFeatureSource, name: str, label: str) -> str:
    """Writes the polygons of a source to a temporary file; the layer in it has the name of the source.

    Feature ids are those of a field `fid` where each feature has its own, else they count from 1.

    Args:
        source: what the user chose.
        name: of the parameter.
        label: what the dialog calls it.

    Returns:
        The path with `|layername=`.

    Raises:
        InputError: the source has no CRS, or not every feature can be copied.
    """
    require_crs(f"{label} ({source.sourceName()})", source.sourceCrs().isValid())
    named = re.sub(r"[|\"\x00-\x1f]+", " ", without_secrets(source.sourceName()))
    layer = named.lstrip(_NOT_FIRST).strip() or name.lower()
    path = QgsProcessingUtils.generateTempFilename(f"{name.lower()}.gpkg")
    features = list(source.getFeatures())
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName = "GPKG", layer
    options.layerOptions = [f"FID={KEY}", f"GEOMETRY_NAME={GEOMETRY}"]
    writer = QgsVectorFileWriter.create(
        path, source.fields(), source.wkbType(), source.sourceCrs(), QgsProject.instance().transformContext(), options
    )
    for feature, key in zip(features, _keys(features, source)):
        feature.setId(key)
        if not writer.addFeature(feature):
            break
    failed, reason = writer.hasError() != QgsVectorFileWriter.WriterError.NoError, writer.errorMessage()
    del writer
    if failed:
        raise InputError(tr("{name}: the polygons cannot be copied: {reason}", name=name, reason=reason))
    return f"{path}|layername={layer}"


def _keys(features: list[QgsFeature], source: QgsProcessingFeatureSource) -> list[int]:
    """A number per feature: its own key, or its place where keys are missing or occur twice."""
    field = source.fields().lookupField("fid")
    if field >= 0:
        given = [feature.attribute(field) for feature in features]
        if all(isinstance(key, int) and key >= 0 for key in given) and len(set(given)) == len(given):
            return given
    return list(range(1, len(features) + 1))
