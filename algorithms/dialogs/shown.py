"""What the widgets of a dialog hold, as plain data for a first look: nothing is opened here."""

from __future__ import annotations

import re
from typing import Any

from qgis.core import (
    QgsMapLayer,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingParameterDefinition,
    QgsProject,
    QgsProperty,
    QgsRasterLayer,
)

from ...core.inputs.glance import Shown, ShownRasters
from ...core.tables import Table, read_table
from ..help_texts import ANY_UNIT, QUANTITY
from ..inputs import OWN_YEARS, table_file


def shown_in(panel: Any, algorithm: Any) -> Shown:
    """What a panel shows at this moment."""
    values = {name: wrapper.parameterValue() for name, wrapper in panel.wrappers.items()}
    names: dict[str, str] = {}
    rasters = []
    for definition in algorithm.parameterDefinitions():
        held = definition.metadata().get(QUANTITY)
        if held and definition.type() in ("raster", "multilayer") and not definition.isDestination():
            paths = _paths(values.get(definition.name()), names)
            if paths:
                rasters.append(_shown(algorithm, definition, held, paths, values))
    return Shown(
        rasters=tuple(sorted(rasters, key=lambda one: one.quantity != "land_cover")),
        years=str(values.get("YEARS") or ""),
        scheme=str(values.get("SCHEME") or "") if "LAND_COVER" in values else "",
        class_table=_table(values.get("CLASS_TABLE")),
        nodata_codes=tuple(int(code) for code in re.findall(r"-?\d+", str(values.get("NODATA_CODES") or ""))),
        insist_on_years=bool(values.get("INSIST_ON_YEARS")),
        layer_names=names,
    )


def _shown(
    algorithm: Any, definition: QgsProcessingParameterDefinition, held: str, paths: tuple[str, ...], values: Any
) -> ShownRasters:
    name = definition.name()
    series = definition.type() == "multilayer" and algorithm.parameterDefinition("YEARS") is not None and held != "any"
    return ShownRasters(
        label=definition.description(),
        quantity=held,
        paths=paths,
        series=series,
        any_unit=bool(definition.metadata().get(ANY_UNIT)),
        limits=(_number(values.get(f"{name}_MIN")), _number(values.get(f"{name}_MAX"))),
        years=str(values.get(OWN_YEARS.get(name, "")) or ""),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _paths(value: Any, names: dict[str, str]) -> tuple[str, ...]:
    """Files of layers and paths; empty where one is no file of pixels, or where the layer hides some of them."""
    found = []
    for one in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(one, QgsProperty):
            one = one.staticValue()
        layer = QgsProject.instance().mapLayer(one) if isinstance(one, str) else one
        if isinstance(layer, QgsMapLayer):
            if not isinstance(layer, QgsRasterLayer) or layer.providerType() != "gdal" or _hides(layer):
                return ()
            path = layer.source().split("|", 1)[0]
            names[path] = layer.name()
            found.append(path)
        elif isinstance(one, str) and one:
            found.append(one)
    return tuple(found)


def _hides(layer: QgsRasterLayer) -> bool:
    """Whether a layer has nodata values of its own, which the run honours and the file does not tell."""
    provider = layer.dataProvider()
    return any(provider.userNoDataValues(band) for band in range(1, layer.bandCount() + 1))


def _table(value: Any) -> Table | None:
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        value = value.source.staticValue()
    layer = QgsProject.instance().mapLayer(value) if isinstance(value, str) else value
    path = layer.source().split("|", 1)[0] if isinstance(layer, QgsMapLayer) else value
    return read_table(path) if table_file(path) else None
