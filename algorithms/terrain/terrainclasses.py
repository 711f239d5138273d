"""Slope, aspect and landform classes of a DEM."""

from __future__ import annotations

from ...core.progress import Progress
from ...core.raster.output import ClassColour
from ...core.terrain.class_tables import CUSTOM, PRESETS, lay_over_presets
from ...core.terrain.classes import TerrainInputs, TerrainOutputs, run_terrain_classes, terrain_table
from ...core.terrain.classes_report import terrain_report
from ..base import EcoAlgorithm, Results
from ..compat import user_language
from ..given import Given
from ..looks.canvas import BandLook, Look

OUTPUTS = {"slope": "OUTPUT_SLOPE", "aspect": "OUTPUT_ASPECT", "landform": "OUTPUT_LANDFORM"}
SCHEMES = {"slope": "SLOPE_SCHEME", "aspect": "ASPECT_SCHEME", "landform": "LANDFORM_SCHEME"}


class TerrainClasses(EcoAlgorithm):
    """Classifies slope, aspect and landform, and tells how much land each class holds."""

    NAME = "terrainclasses"
    GROUP = "terrain"

    def declare(self) -> None:
        self.add_raster("DEM", quantity="elevation", ranges=True)
        for variable, name in SCHEMES.items():
            self.add_choice(name, (*PRESETS[variable], CUSTOM), PRESETS[variable][0])
        self.add_table("CLASS_BREAKS")
        self.add_number("FLAT_SLOPE", 0, 0, 90, advanced=True)
        self.add_number("RELIEF_WINDOW", 2000, 0, advanced=True)
        self.add_raster_settings(several_years=False, classes=False)
        self.add_raster_output("OUTPUT_SLOPE", quantity="slope_class", optional=False)
        self.add_raster_output("OUTPUT_ASPECT", quantity="aspect_class")
        self.add_raster_output("OUTPUT_LANDFORM", quantity="landform_class")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()

    def compute(self, given: Given, progress: Progress) -> Results:
        table, schemes = lay_over_presets(
            given.table("CLASS_BREAKS"), {variable: given.choice(name) for variable, name in SCHEMES.items()}
        )
        minimum, maximum = given.limits("DEM")
        inputs = TerrainInputs(
            given.required_raster("DEM"),
            schemes["slope"],
            schemes["aspect"],
            schemes["landform"],
            table,
            given.required_number("FLAT_SLOPE"),
            given.required_number("RELIEF_WINDOW"),
            minimum=minimum,
            maximum=maximum,
        )
        paths = {variable: given.output(name) for variable, name in OUTPUTS.items()}
        outputs = TerrainOutputs(**paths, metadata=self.provenance())
        result = run_terrain_classes(inputs, outputs, self.raster_settings(given), progress.part(0, 92))
        results: Results = {}
        chinese = user_language() == "zh"
        for variable, name in OUTPUTS.items():
            legend = tuple(
                ClassColour(c.class_id, (chinese and c.name_zh) or c.name, c.colour) for c in result.of(variable)
            )
            label = self.label(name)
            results.update(
                self.publish_raster(name, paths[variable], Look(label, (BandLook(1, label),), classes=legend))
            )
        results.update(self.publish_report(given, lambda language: terrain_report(result, outputs, language)))
        results.update(self.publish_table("OUTPUT_TABLE", terrain_table(result)))
        return results
