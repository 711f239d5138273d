"""What algorithms need of their inputs before they start."""

from __future__ import annotations

from qgis.core import QgsProcessingParameterDefinition

from ...core.inputs.needs import Asked, Columns, Need, Polygons, Rows, Yearly, scheme_asked
from ...core.land_cover import require_known_codes
from ...core.tables import Table
from ..declared import POLYGONS, DeclaredAlgorithm


def needs_of(algorithm: DeclaredAlgorithm) -> list[Need]:
    """What an algorithm needs: what it says itself, and what all need of land cover, class tables and polygons."""
    definitions = algorithm.parameterDefinitions()
    declared = {definition.name(): definition.type() for definition in definitions}
    needs = list(algorithm.NEEDS)
    if "CLASS_TABLE" in declared:
        needs.append(Columns("CLASS_TABLE", ("code",)))
    if "CLASS_TABLE" in declared and not algorithm.TAKES_BROKEN_RASTERS:  # which tells of a faulty one itself
        needs.append(Rows("CLASS_TABLE", lambda _, asked: scheme_asked(asked), "classes"))
    if "SCHEME" in declared:
        tables = [need.table for need in needs if isinstance(need, Columns) and "code" in need.names]
        needs += [Rows(table, _known_codes, "a code of the scheme") for table in tables if table != "CLASS_TABLE"]
    if declared.get("LAND_COVER") == "multilayer" and "YEARS" in declared:
        needs.append(Yearly("LAND_COVER", "Land cover"))
    fields = [d for d in definitions if d.type() == "field" and not d.allowMultiple()]
    for layer in (definition.name() for definition in definitions if _is_polygons(definition)):
        of_layer = [d.name() for d in fields if d.parentLayerParameterName() == layer]
        needs += [Polygons(layer, field) for field in of_layer or ("",)]
    return needs


def _known_codes(table: Table, asked: Asked) -> None:
    require_known_codes(table, scheme_asked(asked))


def _is_polygons(definition: QgsProcessingParameterDefinition) -> bool:
    """Whether a parameter takes a layer of polygons."""
    kinds = definition.dataTypes() if definition.type() == "source" else []
    return POLYGONS in [int(kind) for kind in kinds]
