"""Carbon storage by land-cover class."""

from __future__ import annotations

from ...core.progress import Progress
from ...core.services.carbon_storage import UNIT, CarbonOutputs, run_carbon_storage
from ...core.services.service_reports import carbon_report
from ..base import Results
from ..given import Given
from ..provenance import provenance_metadata
from ..settings import report_language
from .service import ServiceAlgorithm


class CarbonStorage(ServiceAlgorithm):
    """Carbon in plants, soil and litter from a table of densities."""

    NAME = "carbonstorage"

    def declare(self) -> None:
        self.add_cover()
        self.add_years()
        self.add_table("CARBON_TABLE", optional=False)
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", optional=False)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()
        self.add_number_output("TOTAL_FIRST")
        self.add_number_output("TOTAL")

    def compute(self, given: Given, progress: Progress) -> Results:
        outputs = CarbonOutputs(given.output("OUTPUT"), provenance_metadata(self, given))
        result = run_carbon_storage(
            self.cover(given),
            given.required_table("CARBON_TABLE"),
            outputs,
            given.optional_years(),
            self.raster_settings(given),
            progress.part(0, 95),
        )
        results = self.publish_map("OUTPUT", outputs.carbon, result.years, UNIT)
        report = given.file_output("OUTPUT_HTML")
        if report:
            results.update(self.publish_report(carbon_report(result, outputs, report_language()), report))
        results.update(self.publish_table("OUTPUT_TABLE", result.table()))
        results.update(self.publish_numbers(TOTAL_FIRST=result.totals[0], TOTAL=result.totals[-1]))
        return results
