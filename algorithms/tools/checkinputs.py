"""A dry run that tells what is wrong with rasters before an hour is spent."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext

from ...core.land_cover import CUSTOM, SCHEMES
from ...core.progress import Progress
from ...core.report import Report, about_this_run, write_report
from ...core.tools.check.inputs import check_table, run_check_inputs
from ...core.tools.check.report import check_inputs_report
from ..base import EcoAlgorithm, Results
from ..compat import user_language
from ..given import Given
from ..reporting.spared import spared
from ..settings import report_language
from ..translation import tr

NO_SCHEME = "none"


class CheckInputs(EcoAlgorithm):
    """Each fault is a row with its remedy; the run itself succeeds, so that a model can go on from PROBLEMS."""

    NAME = "checkinputs"
    GROUP = "tools"
    TAKES_BROKEN_RASTERS = True

    def declare(self) -> None:
        self.add_rasters("RASTERS", quantity="any")
        self.add_text("YEARS", optional=True)
        self.add_choice("SCHEME", (NO_SCHEME, *SCHEMES), NO_SCHEME)
        self.add_table("CLASS_TABLE")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()
        self.add_number_output("PROBLEMS", "WARNINGS")

    def checkParameterValues(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:
        # QGIS would refuse a raster that it cannot load; here that is a finding.
        if parameters.get("RASTERS"):
            return True, ""
        checked: tuple[bool, str] = super().checkParameterValues(parameters, context)
        return checked

    def compute(self, given: Given, progress: Progress) -> Results:
        scheme, class_table = given.choice("SCHEME"), given.table("CLASS_TABLE")
        if scheme == NO_SCHEME:
            scheme = None if class_table is None else CUSTOM
        found = run_check_inputs(
            given.rasters("RASTERS"), given.text("YEARS"), scheme, class_table, progress, user_language()
        )
        for row in found.rows:
            if row.result != "ok":
                where = (
                    tr("{raster} band {band}", raster=row.raster, band=row.band)
                    if row.band
                    else row.raster or tr("All rasters")
                )
                progress.warn(f"{where}, {row.check}: {row.found} {row.mend}")
        results: Results = {}
        path = given.file_output("OUTPUT_HTML")
        if path:
            language = report_language()
            with spared(self._feedback, self.parameterDefinition("OUTPUT_HTML").description()):
                self.save_parameters(path)
                about = about_this_run(language, self.shown_parameters(), command=self.command())
                write_report(
                    Report(self.displayName(), [check_inputs_report(found, language), about], language=language), path
                )
                results["OUTPUT_HTML"] = path
        return {
            **results,
            **self.publish_table("OUTPUT_TABLE", check_table(found)),
            **self.publish_numbers(PROBLEMS=found.problems, WARNINGS=found.warnings),
        }
