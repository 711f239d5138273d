"""A synthetic region to practise with, and a project that shows it."""

from __future__ import annotations

import os
from typing import Any

from qgis.core import (
    QgsLayerTreeNode,
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
)
from qgis.PyQt.QtCore import QStandardPaths

from ...core.progress import Progress
from ..base import EcoAlgorithm, Results
from ..compat import user_language
from ..desktop.practice_project import add_region, ranges_of, write_project
from ..given import Given
from ..looks.landing import dress_when_loaded, look_at
from ..outputs import make_folder
from ..translation import tr

PROJECT = "practice_region.qgz"
FOLDER = "EcoAssets practice"


def usual_folder() -> str:
    """Among the documents of the user, where it is found again."""
    return os.path.join(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation), FOLDER)


class PracticeRegion(EcoAlgorithm):
    """Every raster, polygon layer and table that the other algorithms need, always the same for a size and a seed."""

    NAME = "practiceregion"
    GROUP = "tools"

    def declare(self) -> None:
        self.add_number("SIZE", 400, 48, 2000, integer=True)
        self.add_number("SEED", 1, 0, integer=True, advanced=True)
        self.add_flag("LOAD", True, advanced=False, optional=True)
        self.add_folder_output("FOLDER", default=usual_folder())

    def compute(self, given: Given, progress: Progress) -> Results:
        from ...core.tools.practice.region import make_region

        folder = given.folder("FOLDER")
        make_folder(folder)
        self._files = make_region(
            folder, given.integer("SIZE"), given.integer("SEED"), user_language(), progress.part(0, 90)
        )
        self._ranges = ranges_of(self._files)
        self._project = os.path.join(folder, PROJECT)
        progress.info(
            tr(
                "{rasters} rasters, {shapes} polygon layers and {tables} tables are in {folder}.",
                rasters=len(self._files.rasters),
                shapes=len(self._files.shapes),
                tables=len(self._files.tables),
                folder=folder,
            )
        )
        progress.info(
            tr(
                "Open {project} to see them; {readme} tells what each file holds.",
                project=self._project,
                readme=self._files.readme,
            )
        )
        if given.flag("LOAD"):
            self._load()
        return {"FOLDER": folder}

    def _load(self) -> None:
        """Where there is a window, the districts are loaded and bring all else with them."""
        project = self._context.project()
        districts = next(shapes.path for shapes in self._files.shapes if shapes.name == "districts")
        if project is None:
            return
        details = QgsProcessingContext.LayerDetails(self.displayName(), project, "FOLDER")
        self._context.addLayerToLoadOnCompletion(districts, details)
        files, ranges = self._files, self._ranges

        def dress(layer: QgsMapLayer, project: QgsProject) -> QgsLayerTreeNode:
            group = project.layerTreeRoot().insertGroup(0, tr("Practice region"))
            add_region(project, group, files, ranges)
            look_at(layer, project)
            project.removeMapLayer(layer.id())
            return group

        dress_when_loaded(self._context, districts, dress)

    def postProcessAlgorithm(self, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> dict[str, Any]:
        """The project is built from layers, which belong to the main thread."""
        if not feedback.isCanceled():
            write_project(self._files, self._ranges, self._project)
        return {}
