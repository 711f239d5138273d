"""Sensitivity of the total value to its coefficients."""

from __future__ import annotations

from ...core.assets.sensitivity.report import sensitivity_report
from ...core.assets.sensitivity.run import SensitivityInputs, run_sensitivity, sensitivity_table
from ...core.progress import Progress
from ...core.report.numbers import Amount
from ..base import Results
from ..given import Given
from ..translation import tr
from .valuing import ValuingAlgorithm


class Sensitivity(ValuingAlgorithm):
    """Coefficients of sensitivity by ecosystem, and the uncertainty of the total by random draws."""

    NAME = "sensitivity"
    GROUP = "assets"

    def declare(self) -> None:
        self.add_valuation()
        self.add_number("CHANGE_PCT", 50)
        self.add_number("DRAWS", 0, 0, 1_000_000, integer=True)
        self.add_number("RELATIVE_SD", 0.2, 0, advanced=True)
        self.add_table("UNCERTAINTY_TABLE", advanced=True)
        self.add_number("SEED", 1, 0, integer=True, advanced=True)
        self.add_raster_settings(several_years=False, maps=False)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()
        self.add_number_output("TOTAL", "TOTAL_P05", "TOTAL_P95")

    def compute(self, given: Given, progress: Progress) -> Results:
        inputs = SensitivityInputs(
            self.valuation_inputs(given),
            given.required_number("CHANGE_PCT"),
            given.integer("DRAWS"),
            given.integer("SEED"),
            given.required_number("RELATIVE_SD"),
            given.table("UNCERTAINTY_TABLE"),
        )
        result = run_sensitivity(inputs, self.raster_settings(given), progress)
        progress.info(tr("Total: {total} per year.", total=Amount(result.total, inputs.valuation.currency)))
        numbers = {"TOTAL": result.total}
        if result.total_percentiles is not None:
            low, _, high = map(float, result.total_percentiles)
            numbers |= {"TOTAL_P05": low, "TOTAL_P95": high}
            progress.info(
                tr(
                    "From the 5th to the 95th percentile of {draws} draws: {low} to {high}.",
                    draws=inputs.draws,
                    low=Amount(low, inputs.valuation.currency),
                    high=Amount(high, inputs.valuation.currency),
                )
            )
        results = self.publish_report(given, lambda language: sensitivity_report(result, language))
        results.update(self.publish_table("OUTPUT_TABLE", sensitivity_table(result)))
        results.update(self.publish_numbers(**numbers))
        return results
