"""Natural habitat, weighted by its quality where that is known."""

from __future__ import annotations

from functools import partial

from ...core.progress import Progress
from ...core.services.habitat.natural import HabitatInputs, HabitatOutputs, run_natural_habitat
from ...core.services.habitat.reports import natural_habitat_report
from ..base import Results
from ..given import Given
from .service import ServiceAlgorithm


class NaturalHabitat(ServiceAlgorithm):
    """Forest, shrub, grassland and wetland as habitat."""

    NAME = "naturalhabitat"

    def declare(self) -> None:
        self.add_cover()
        self.add_years()
        self.add_rasters("QUALITY", quantity="quality_class", optional=True)
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", quantity="natural_habitat", optional=False)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()
        self.add_number_output("TOTAL_FIRST", "TOTAL")

    def compute(self, given: Given, progress: Progress) -> Results:
        inputs = HabitatInputs(self.cover(given), given.optional_years(), self.optional_series(given, "QUALITY"))
        outputs = HabitatOutputs(given.output("OUTPUT"), self.provenance())
        result = run_natural_habitat(inputs, outputs, self.raster_settings(given), progress.part(0, 95))
        results = self.publish_map("OUTPUT", outputs.habitat, result.years, limits=(0.0, 1.0))
        return results | self.publish_service(given, result, partial(natural_habitat_report, result, outputs))
