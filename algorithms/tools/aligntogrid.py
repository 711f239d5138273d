"""Rasters brought on the grid of a reference raster."""

from __future__ import annotations

from qgis.core import QgsProcessingOutputMultipleLayers

from ...core.progress import Progress
from ...core.raster.output import WriteOptions
from ...core.raster.settings import RasterSettings
from ...core.tools.align_to_grid import run_align_to_grid
from ..base import EcoAlgorithm, Results
from ..given import Given
from ..outputs import make_folder


class AlignToGrid(EcoAlgorithm):
    """The remedy for rasters of different grids: one grid for all, and a table of what was changed."""

    NAME = "aligntogrid"
    GROUP = "tools"

    def declare(self) -> None:
        self.add_rasters("RASTERS", quantity="any")
        self.add_raster("REFERENCE", quantity="any")
        self.add_choice("KIND", ("continuous", "classes"), "continuous")
        self.add_polygons("BOUNDARY")
        self.add_text("CREATION_OPTIONS", "", optional=True, advanced=True)
        self.add_flag("OVERVIEWS", True)
        self.add_folder_output("FOLDER")
        self.add_table_output("OUTPUT_TABLE")
        self.addOutput(QgsProcessingOutputMultipleLayers("ALIGNED", self._entry("ALIGNED").label))

    def compute(self, given: Given, progress: Progress) -> Results:
        folder = given.folder("FOLDER")
        make_folder(folder)
        settings = RasterSettings(
            boundary=given.polygons("BOUNDARY"),
            write=WriteOptions(given.creation_options(), given.flag("OVERVIEWS")),
        )
        found = run_align_to_grid(
            given.rasters("RASTERS"),
            given.required_raster("REFERENCE"),
            given.choice("KIND"),
            folder,
            settings,
            progress,
        )
        return {
            "FOLDER": folder,
            "ALIGNED": list(found.paths),
            **self.publish_table("OUTPUT_TABLE", found.table),
        }
