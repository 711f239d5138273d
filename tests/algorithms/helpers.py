"""How tests of algorithms run them and look at what came of it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

YEARS = (2000, 2005)  # of the practice region that the workflows run on
VALUE = "ecoassets:ecosystemservicevalue"
ASSETS = "ecoassets:ecologicalassets"
OUTPUTS = {
    "OUTPUT": "value.tif",
    "OUTPUT_SERVICES": "services.tif",
    "OUTPUT_TABLE": "value.csv",
    "OUTPUT_CHANGE": "change.csv",
    "OUTPUT_HTML": "report.html",
}


def run(identifier: str, parameters: dict[str, Any], **how: Any) -> dict[str, Any]:
    """Runs an algorithm as a script in QGIS would; `how` may hold a context and a feedback."""
    import processing

    return processing.run(identifier, parameters, **how)


def all_outputs(folder: Path) -> dict[str, str]:
    """A file for each output of a valuation."""
    return {name: str(folder / file) for name, file in OUTPUTS.items()}


def files_in(folder: Path) -> list[str]:
    """Names of all files and folders below a folder, hidden ones too."""
    return sorted(path.name for path in folder.rglob("*"))


def write_text(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def read_csv(path: str | Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def load_maps(identifier: str, parameters: dict[str, Any], outputs: dict[str, str]) -> Any:
    """A project into which QGIS has loaded the maps of a run, as the dialog does; to be cleared by who asks for it."""
    from qgis.core import (
        QgsApplication,
        QgsProcessingContext,
        QgsProcessingFeedback,
        QgsProcessingOutputLayerDefinition,
        QgsProject,
        QgsRasterLayer,
    )

    project, context, feedback = QgsProject(), QgsProcessingContext(), QgsProcessingFeedback(False)
    context.setProject(project)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(identifier)
    wanted = {name: QgsProcessingOutputLayerDefinition(path, project) for name, path in outputs.items()}
    _, ok = algorithm.run({**parameters, **wanted}, context, feedback)
    assert ok, feedback.textLog()
    for source, details in context.layersToLoadOnCompletion().items():
        layer = QgsRasterLayer(source, details.name)
        project.addMapLayer(layer)
        details.postProcessor().postProcessLayer(layer, context, feedback)
    return project


def layers_of(project: Any) -> dict[str, Any]:
    """The layers of a project by name."""
    return {layer.name(): layer for layer in project.mapLayers().values()}


def land_of(region: dict[str, Any]) -> dict[str, Any]:
    """Land cover, years, scheme and boundary of the practice region, as parameters."""
    return {
        "LAND_COVER": region["land_cover"],
        "YEARS": ", ".join(map(str, YEARS)),
        "SCHEME": "cnlucc",
        "BOUNDARY": region["boundary"],
    }


def refused(parameters: dict[str, Any], words: str, name: str = "zoningworkflow") -> None:
    """Holds that an algorithm refuses parameters with these words."""
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=words):
        run(f"ecoassets:{name}", parameters)
