"""Soil conservation: what cover and practice keep in place, and what is lost."""

from __future__ import annotations

from functools import partial

from ...core.progress import Progress
from ...core.services.soil.conservation import (
    DEFAULT_TOLERANCE_T_KM2,
    MEASURES,
    Intensity,
    SoilInputs,
    SoilOutputs,
    run_soil_conservation,
)
from ...core.services.soil.reports import soil_report
from ..base import Results
from ..compat import user_language
from ..given import Given
from .service import ServiceAlgorithm

FACTORS = {name.upper(): measure.quantity for name, measure in MEASURES.items()}


class SoilConservation(ServiceAlgorithm):
    """Retention, actual loss and erosion classes by RUSLE."""

    NAME = "soilconservation"

    def declare(self) -> None:
        for factor, quantity in FACTORS.items():
            self.add_series(factor, quantity=quantity, optional=factor == "P")
        self.add_years(climate=True)
        self.add_cover(optional=True)
        self.add_number("TOLERANCE", DEFAULT_TOLERANCE_T_KM2, 0)
        self.add_raster("TOLERANCE_RASTER", quantity="loss_tolerance", optional=True)
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", quantity="soil_retention", optional=False)
        self.add_raster_output("OUTPUT_EROSION", quantity="soil_loss")
        self.add_raster_output("OUTPUT_CLASSES", quantity="erosion_class")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()
        self.add_number_output("TOTAL_FIRST", "TOTAL", "EROSION_TOTAL", "LOSS_AREA")

    def compute(self, given: Given, progress: Progress) -> Results:
        r, k, ls, c = (self.series(given, factor) for factor in ("R", "K", "LS", "C"))
        inputs = SoilInputs(
            r, k, ls, c,
            p=self.optional_series(given, "P"),
            years=given.optional_years(),
            cover=self.optional_cover(given),
            tolerance=given.raster("TOLERANCE_RASTER") or given.required_number("TOLERANCE"),
            climate=self.climate(given),
        )  # fmt: skip
        outputs = SoilOutputs(
            given.output("OUTPUT"),
            given.output("OUTPUT_EROSION"),
            given.output("OUTPUT_CLASSES"),
            self.provenance(),
        )
        result = run_soil_conservation(inputs, outputs, self.raster_settings(given), progress.part(0, 95))
        results = self.publish_map("OUTPUT", outputs.retention, result.years)
        results.update(self.publish_map("OUTPUT_EROSION", outputs.erosion, result.years))
        legend = Intensity.of_standard(user_language()).legend()
        results.update(self.publish_map("OUTPUT_CLASSES", outputs.classes, result.years, classes=legend))
        results |= self.publish_service(given, result, partial(soil_report, result, outputs))
        numbers = self.publish_numbers(EROSION_TOTAL=result.erosion_totals[-1], LOSS_AREA=result.loss_areas_ha[-1])
        return results | numbers
