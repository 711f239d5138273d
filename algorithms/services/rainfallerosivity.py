"""Rainfall erosivity, the R of RUSLE."""

from __future__ import annotations

from ...core.errors import InputError
from ...core.progress import Progress
from ...core.services.soil.daily_erosivity import SOURCES as DAILY_SOURCES
from ...core.services.soil.daily_erosivity import run_daily_erosivity
from ...core.services.soil.rainfall_erosivity import SOURCES, ErosivityInputs, ErosivityOutputs, run_rainfall_erosivity
from ...core.services.soil.reports import daily_erosivity_report, erosivity_report
from ..base import Results
from ..given import Given
from ..translation import tr
from .service import ServiceAlgorithm


class RainfallErosivity(ServiceAlgorithm):
    """R from monthly or annual rain over an area, or from the daily rain of one place."""

    NAME = "rainfallerosivity"

    def declare(self) -> None:
        self.add_rasters("PRECIPITATION", quantity="precipitation_month", optional=True, ranges=True)
        self.add_choice("METHOD", (*SOURCES, *DAILY_SOURCES), "zhang_monthly")
        self.add_table("DAILY_TABLE")
        self.add_raster("REFERENCE", quantity="any", optional=True)
        self.add_years(climate=True)
        self.add_number("THRESHOLD", 12, 0, advanced=True)
        self.add_raster_settings(classes=False)
        self.add_raster_output("OUTPUT", quantity="erosivity", default=True)
        self.add_table_output("OUTPUT_TABLE")
        self.add_report_output()
        self.add_number_output("MEAN")

    def compute(self, given: Given, progress: Progress) -> Results:
        daily = given.choice("METHOD") in DAILY_SOURCES
        if daily != (given.table("DAILY_TABLE") is not None) or daily == bool(given.rasters("PRECIPITATION")):
            raise InputError(
                tr(
                    "The method is {method}. The methods {daily} take DAILY_TABLE and no raster; {mapped} take "
                    "PRECIPITATION and no table.",
                    method=given.choice("METHOD"),
                    daily=", ".join(DAILY_SOURCES),
                    mapped=", ".join(SOURCES),
                )
            )
        return self._of_place(given, progress) if daily else self._of_area(given, progress)

    def _of_place(self, given: Given, progress: Progress) -> Results:
        path, reference = given.output("OUTPUT"), given.raster("REFERENCE")
        if path and reference is None:
            raise InputError(
                tr(
                    "Daily rain of one place makes no map by itself. Give REFERENCE, a raster on whose grid its R is "
                    "written, or skip the output."
                )
            )
        result = run_daily_erosivity(
            given.required_table("DAILY_TABLE"), given.choice("METHOD"), given.required_number("THRESHOLD"), progress
        )
        results: Results = {}
        if path and reference:
            outputs = ErosivityOutputs(path, self.provenance())
            result.write_map(reference, outputs, self.raster_settings(given), progress.part(0, 95))
            results = self.publish_map("OUTPUT", path, (None,), (0.0, result.annual))
        results.update(self.publish_report(given, lambda language: daily_erosivity_report(result, language)))
        results.update(self.publish_table("OUTPUT_TABLE", result.table()))
        results.update(self.publish_numbers(MEAN=result.annual))
        return results

    def _of_area(self, given: Given, progress: Progress) -> Results:
        inputs = ErosivityInputs(
            given.rasters("PRECIPITATION"),
            given.choice("METHOD"),
            given.optional_years(),
            self.climate(given),
            *given.limits("PRECIPITATION"),
        )
        path = given.output("OUTPUT")
        outputs = ErosivityOutputs(path, self.provenance())
        result = run_rainfall_erosivity(inputs, outputs, self.raster_settings(given), progress.part(0, 95))
        results = self.publish_map("OUTPUT", path, result.years)
        results.update(self.publish_report(given, lambda language: erosivity_report(result, inputs, path, language)))
        results.update(self.publish_table("OUTPUT_TABLE", result.table()))
        results.update(self.publish_numbers(MEAN=result.mean[-1]))
        return results
