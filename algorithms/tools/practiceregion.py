"""A synthetic region to practise with, and a project that shows it."""

from __future__ import annotations

import os
from typing import Any

from qgis.core import QgsProcessingAlgorithm

from ...core.progress import Progress
from ..base import EcoAlgorithm, Results
from ..given import Given
from ..outputs import make_folder
from ..practice_project import write_project
from ..translation import tr

PROJECT = "practice_region.qgz"


class PracticeRegion(EcoAlgorithm):
    """Every raster, polygon layer and table that the other algorithms need, always the same for a size and a seed."""

    NAME = "practiceregion"
    GROUP = "tools"

    def flags(self) -> Any:
        # The project is built from layers, which belong to the main thread.
        return super().flags() | QgsProcessingAlgorithm.Flag.FlagNoThreading

    def declare(self) -> None:
        self.add_number("SIZE", 400, 48, 2000, integer=True)
        self.add_number("SEED", 1, 0, integer=True, advanced=True)
        self.add_folder_output("FOLDER")

    def compute(self, given: Given, progress: Progress) -> Results:
        from ...core.tools.practice.region import build_region, write_region

        folder = given.folder("FOLDER")
        make_folder(folder)
        region = build_region(given.integer("SIZE"), given.integer("SEED"))
        progress.set(40)
        files = write_region(region, folder, progress.part(40, 90))
        project = os.path.join(folder, PROJECT)
        write_project(files, project)
        progress.info(
            tr(
                "{rasters} rasters, {shapes} polygon layers and {tables} tables are in {folder}.",
                rasters=len(files.rasters),
                shapes=len(files.shapes),
                tables=len(files.tables),
                folder=folder,
            )
        )
        progress.info(
            tr("Open {project} to see them; {readme} tells what each file holds.", project=project, readme=files.readme)
        )
        return {"FOLDER": folder}
