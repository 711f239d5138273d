"""Downloads of satellite scenes as one cloud-masked image per year."""

from __future__ import annotations

from qgis.core import QgsProcessingOutputMultipleLayers

from ...core.inputs.needs import Filled
from ...core.prepare.scenes.choosing import HARMONISATIONS
from ...core.prepare.scenes.masking import DEFAULT_MASKS, MASKS
from ...core.prepare.scenes.report import scene_report
from ...core.prepare.scenes.run import (
    THERMALS,
    SceneInputs,
    SceneOutputs,
    SceneResult,
    run_scene_composite,
)
from ...core.prepare.scenes.statistics import STATISTICS
from ...core.progress import Progress
from ...core.raster.output import WriteOptions
from ...core.raster.settings import RasterSettings
from ...core.raster.statistics import stored_statistics
from ...core.word_lists import split_words
from ..base import EcoAlgorithm, Results
from ..compat import user_language
from ..given import Given
from ..inputs import paths_in
from ..looks.canvas import BandLook, Look, common_range
from ..looks.natural_look import show_composites
from ..outputs import make_folder
from ..reporting.gathered import gathering


class SceneComposite(EcoAlgorithm):
    """Clouds go first, then the clear pixels of all scenes of a year become one."""

    NAME = "scenecomposite"
    GROUP = "prepare"
    NEEDS = (Filled("SCENES"),)

    def declare(self) -> None:
        self.add_downloads("SCENES", several=True)
        self.add_text("YEARS", optional=True)
        self.add_text("SEASON", "", optional=True)
        self.add_choice("STATISTIC", STATISTICS, "median")
        self.add_raster("REFERENCE", quantity="any", optional=True)
        self.add_polygons("BOUNDARY")
        self.add_choice("THERMAL", THERMALS, "with")
        self.add_choices("MASK", MASKS, DEFAULT_MASKS, optional=True)
        self.add_number("BUFFER", 0, 0, 100, integer=True, advanced=True)
        self.add_number("MAXIMUM_CLOUD_PCT", None, 0, 100, advanced=True)
        self.add_number("MINIMUM_CLEAR", 1, 1, 1000, integer=True, advanced=True)
        self.add_text("SENSORS", "", optional=True, advanced=True)
        self.add_choice("HARMONISE", HARMONISATIONS, "none", advanced=True)
        self.add_number("BASELINE", None, 0, 99, advanced=True)
        self.add_text("CRS", "", optional=True, advanced=True)
        self.add_number("CELL_SIZE", None, 0, advanced=True)
        self.add_text("CREATION_OPTIONS", "", optional=True, advanced=True)
        self.add_flag("OVERVIEWS", True)
        self.add_folder_output("FOLDER")
        self.add_raster_output("OUTPUT_COUNT", quantity="any")
        self.add_table_output("OUTPUT_SCENES", default=True)
        self.add_table_output("OUTPUT_TABLE")
        self.add_report_output()
        self.addOutput(QgsProcessingOutputMultipleLayers("COMPOSITES", self._entry("COMPOSITES").label))
        self.add_number_output("CLEAR_PCT")

    def compute(self, given: Given, progress: Progress) -> Results:
        folder = given.folder("FOLDER")
        make_folder(folder)
        outputs = SceneOutputs(folder, given.output("OUTPUT_COUNT") or "", self.provenance())
        write = WriteOptions(given.creation_options(), given.flag("OVERVIEWS"))
        settings = RasterSettings(boundary=given.polygons("BOUNDARY"), write=write)
        result = run_scene_composite(self._inputs(given), outputs, settings, progress, user_language())
        self._shown = list(result.composites.values())
        if not gathering():  # within a workflow they are inputs, and their group would hide its main map
            show_composites(self._context, self.displayName(), result.composites, result.sensors)
        return {
            "FOLDER": folder,
            "COMPOSITES": self._shown,
            **self._publish_count(result),
            **self.publish_report(given, lambda language: scene_report(result, language)),
            **self.publish_table("OUTPUT_SCENES", result.scenes),
            **self.publish_table("OUTPUT_TABLE", result.years),
            **self.publish_numbers(CLEAR_PCT=result.clear_pct),
        }

    def layers_made(self, results: Results) -> list[str]:
        return [*reversed(self._shown), *super().layers_made(results)]

    def _publish_count(self, result: SceneResult) -> Results:
        if not result.count:
            return {}
        label = self.label("OUTPUT_COUNT")
        low, high = common_range(stored_statistics(result.count))
        bands = tuple(BandLook(band, f"{label} {year}", year) for band, year in enumerate(result.composites, start=1))
        return self.publish_raster("OUTPUT_COUNT", result.count, Look(label, bands, min(low, 0.0), high))

    def _inputs(self, given: Given) -> SceneInputs:
        return SceneInputs(
            places=paths_in(given.text("SCENES")),
            years=given.years() if given.has("YEARS") else (),
            season=given.text("SEASON"),
            statistic=given.choice("STATISTIC"),
            mask=given.choices("MASK"),
            buffer=given.integer("BUFFER"),
            maximum_cloud_pct=given.number("MAXIMUM_CLOUD_PCT"),
            minimum_clear=given.integer("MINIMUM_CLEAR"),
            thermal=given.choice("THERMAL"),
            harmonise=given.choice("HARMONISE"),
            baseline=given.number("BASELINE"),
            sensors=tuple(split_words(given.text("SENSORS"))),
            reference=given.raster("REFERENCE") or "",
            crs=given.text("CRS"),
            cell=given.number("CELL_SIZE") or 0.0,
        )
