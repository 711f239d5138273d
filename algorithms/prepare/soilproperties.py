"""Sand, silt, clay, organic carbon, density and hydrologic group from soil maps as their providers ship them."""

from __future__ import annotations

from ...core.inputs.needs import Filled
from ...core.prepare.soil.filling import FILLS
from ...core.prepare.soil.run import CARBONS, SOURCES, SoilInputs, SoilOutputs, run_soil_properties
from ...core.prepare.soil.units import PROPERTIES, RULES
from ...core.progress import Progress
from ...core.raster.output import WriteOptions
from ...core.raster.settings import RasterSettings
from ..base import EcoAlgorithm, Results
from ..given import Given


class SoilProperties(EcoAlgorithm):
    """Means over a depth; ids are joined with their table before anything is averaged; texture adds up to 100."""

    NAME = "soilproperties"
    GROUP = "prepare"
    NEEDS = (Filled("DOWNLOADS"),)

    def declare(self) -> None:
        self.add_downloads()
        self.add_choice("SOURCE", SOURCES, "auto")
        self.add_table("TABLE")
        self.add_text("KEY", optional=True, advanced=True)
        self.add_number("TOP", 0, 0)
        self.add_number("BOTTOM", 30, 0)
        self.add_choice("RULE", RULES, "dominant")
        self.add_choice("CARBON", CARBONS, "carbon", advanced=True)
        self.add_choice("FILL", FILLS, "none", optional=True)
        self.add_raster("REFERENCE", quantity="any")
        self.add_polygons("BOUNDARY")
        self.add_text("CREATION_OPTIONS", "", optional=True, advanced=True)
        self.add_flag("OVERVIEWS", True)
        for name, quantity in zip(PROPERTIES, ("sand", "silt", "clay", "organic_carbon", "bulk_density")):
            self.add_raster_output(f"OUTPUT_{name.upper()}", quantity=quantity, default=name != "density")
        self.add_raster_output("OUTPUT_GROUP", quantity="soil_group")
        self.add_table_output("OUTPUT_TABLE", default=True)

    def compute(self, given: Given, progress: Progress) -> Results:
        paths = {name: given.output(f"OUTPUT_{name.upper()}") for name in PROPERTIES}
        outputs = SoilOutputs({name: path for name, path in paths.items() if path}, given.output("OUTPUT_GROUP") or "")
        inputs = SoilInputs(
            files=[given.text("DOWNLOADS")],
            reference=given.required_raster("REFERENCE"),
            source=given.choice("SOURCE"),
            table=given.table("TABLE"),
            key=given.text("KEY"),
            top=given.required_number("TOP"),
            bottom=given.required_number("BOTTOM"),
            rule=given.choice("RULE"),
            carbon=given.choice("CARBON"),
            fill=given.choice("FILL") or "none",
        )
        write = WriteOptions(given.creation_options(), given.flag("OVERVIEWS"))
        settings = RasterSettings(boundary=given.polygons("BOUNDARY"), write=write)
        result = run_soil_properties(inputs, outputs, settings, progress)
        made = {f"OUTPUT_{name.upper()}": path for name, path in result.made.items()}
        return {**made, **self.publish_table("OUTPUT_TABLE", result.table())}
