"""One report from the results of several steps, the last step of a model."""

from __future__ import annotations

import os
import re
from typing import Any

from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsPalettedRasterRenderer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsRasterLayer,
)

from ...core.progress import Progress
from ...core.raster.output import ClassColour
from ...core.report import write_report
from ...core.report.page_one import with_answer
from ...core.report.texts import load_texts
from ...core.tools.bundle.maps import BundledRaster
from ...core.tools.bundle.report import BundledTable, bundle_report
from ..base import EcoAlgorithm, Results
from ..given import Given
from ..settings import LANGUAGES, report_language

# How QGIS names the results of steps that a model keeps to itself.
UNNAMED = re.compile(r"OUTPUT_?([A-Z_]*)")


class ReportBundle(EcoAlgorithm):
    """Rasters keep the legend under which the project shows them."""

    NAME = "reportbundle"
    GROUP = "tools"

    def declare(self) -> None:
        self.add_tables("TABLES")
        self.add_rasters("RASTERS", quantity="any", optional=True)
        self.add_text("TITLE", optional=True)
        self.add_choice("LANGUAGE", LANGUAGES, LANGUAGES[0])
        self.add_report_output(optional=False)

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        prepared = super().prepareAlgorithm(parameters, context, feedback)
        layers = self.parameterAsLayerList(parameters, "RASTERS", context)
        self._shown = [(_title(layer), _legend(layer)) for layer in layers]
        return prepared

    def compute(self, given: Given, progress: Progress) -> Results:
        chosen = given.choice("LANGUAGE")
        language = report_language() if chosen == LANGUAGES[0] else chosen
        rasters = [
            BundledRaster(path, title, legend) for path, (title, legend) in zip(given.rasters("RASTERS"), self._shown)
        ]
        tables = [BundledTable(_named(table.name, "table"), table) for table in given.tables("TABLES")]
        report = bundle_report(rasters, tables, language)
        progress.set(20)
        title = given.text("TITLE") or load_texts(language)["bundle_title"]
        path = self.parameterAsFileOutput(self._parameters, "OUTPUT_HTML", self._context)
        question = load_texts(language)["question_reportbundle"]
        whole = with_answer(report, question, language)
        write_report(whole.complete(title, language, self.shown_parameters(), self.command()), path)
        self.save_parameters(path)
        return {"OUTPUT_HTML": path}


def _title(layer: QgsRasterLayer) -> str:
    """Its name; for a nameless result of EcoAssets the title of the algorithm that made it."""
    if not UNNAMED.fullmatch(layer.name()):
        return str(layer.name())
    path = layer.source().split("|", 1)[0]
    dataset = gdal.OpenEx(path, gdal.OF_RASTER)
    method = dataset.GetMetadataItem("ECOASSETS_METHOD") if dataset is not None else None
    algorithm = QgsApplication.processingRegistry().algorithmById(method) if method else None
    output = os.path.splitext(os.path.basename(path))[0]
    definition = algorithm.parameterDefinition(output) if algorithm is not None else None
    if algorithm is None or definition is None:
        return _named(layer.name(), "raster")
    title = str(algorithm.displayName())
    return title if output == "OUTPUT" else f"{title}: {definition.description()}"


def _named(name: str, otherwise: str) -> str:
    """`OUTPUT_TABLE` as `table`."""
    unnamed = UNNAMED.fullmatch(name)
    return (unnamed.group(1).lower() or otherwise) if unnamed else name


def _legend(layer: QgsRasterLayer) -> tuple[ClassColour, ...]:
    renderer = layer.renderer()
    if not isinstance(renderer, QgsPalettedRasterRenderer):
        return ()
    return tuple(
        ClassColour(int(entry.value), entry.label or f"{entry.value:g}", entry.color.name())
        for entry in renderer.classes()
    )
