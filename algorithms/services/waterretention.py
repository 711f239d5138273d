"""Water retention by the water balance."""

from __future__ import annotations

from functools import partial

from ...core.inputs.needs import Columns, Rows, scheme_asked
from ...core.progress import Progress
from ...core.services.water.reports import water_report
from ...core.services.water.retention import (
    VERSIONS,
    RetentionInputs,
    RetentionOutputs,
    run_water_retention,
    runoff_coefficients,
)
from ..base import Results
from ..given import Given
from .service import ServiceAlgorithm


class WaterRetention(ServiceAlgorithm):
    """Rain less runoff less evapotranspiration, where ecosystems hold water."""

    NAME = "waterretention"
    NEEDS = (
        Columns("COEFFICIENT_TABLE", ("code", "runoff_pct")),
        Rows(
            "COEFFICIENT_TABLE",
            lambda table, asked: runoff_coefficients(scheme_asked(asked), asked.choice("COEFFICIENTS"), table),
            "codes, percent",
        ),
    )

    def declare(self) -> None:
        self.add_cover()
        self.add_years(climate=True)
        self.add_series("PRECIPITATION", quantity="precipitation")
        self.add_series("EVAPOTRANSPIRATION", quantity="evapotranspiration")
        self.add_choice("COEFFICIENTS", tuple(VERSIONS), "gong2017")
        self.add_table("COEFFICIENT_TABLE")
        self.add_number("EVAPOTRANSPIRATION_SCALE", 1, 0, advanced=True)
        self.add_choice("ELSEWHERE", ("zero", "nodata"), "zero", advanced=True)
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", quantity="water_retention", optional=False)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()
        self.add_number_output("TOTAL_FIRST", "TOTAL")

    def compute(self, given: Given, progress: Progress) -> Results:
        inputs = RetentionInputs(
            cover=self.cover(given),
            precipitation=self.series(given, "PRECIPITATION"),
            evapotranspiration=self.series(given, "EVAPOTRANSPIRATION"),
            years=given.optional_years(),
            coefficients=given.choice("COEFFICIENTS"),
            table=given.table("COEFFICIENT_TABLE"),
            scale=given.required_number("EVAPOTRANSPIRATION_SCALE"),
            elsewhere=given.choice("ELSEWHERE"),
            climate=self.climate(given),
        )
        outputs = RetentionOutputs(given.output("OUTPUT"), self.provenance())
        result = run_water_retention(inputs, outputs, self.raster_settings(given), progress.part(0, 95))
        results = self.publish_map("OUTPUT", outputs.retention, result.years)
        return results | self.publish_service(given, result, partial(water_report, result, inputs, outputs))
