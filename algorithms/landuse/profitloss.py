"""What changes of land gained and lost in ecosystem service value."""

from __future__ import annotations

from ...core.inputs.needs import Columns, Rows, SeveralYears
from ...core.landuse.profit_loss.change_index import read_gdp
from ...core.landuse.profit_loss.report import profit_loss_report
from ...core.landuse.profit_loss.run import (
    ONE_YEAR,
    ProfitLossInputs,
    ProfitLossOutputs,
    ProfitLossResult,
    run_profit_loss,
)
from ...core.landuse.profit_loss.tables import class_table, flow_table, summary_table
from ...core.progress import Progress
from ...core.raster.statistics import stored_statistics
from ...core.report.numbers import Amount
from ..assets.valuing import ValuingAlgorithm
from ..base import Results
from ..given import Given
from ..looks.canvas import Look, bands_between, range_about_zero
from ..translation import tr

DOUBLED = 1.0  # the change index of land whose value doubled; that of land that lost all is -1


class ProfitLoss(ValuingAlgorithm):
    """The flow matrix of value, its change by pixel, and how much is due to land and how much to coefficients."""

    NAME = "profitloss"
    NEEDS = (
        *ValuingAlgorithm.NEEDS,
        SeveralYears(ONE_YEAR),
        Columns("GDP_TABLE", ("zone", "year", "gdp")),
        Rows("GDP_TABLE", lambda table, _: read_gdp(table), "a zone and year once, positive numbers"),
    )
    GROUP = "landuse"
    ADJUSTED = True

    def declare(self) -> None:
        self.add_valuation()
        self.add_zones()
        self.add_table("GDP_TABLE")
        self.add_number("TOLERANCE", 1e-9, 0, advanced=True)
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", quantity="value_change", optional=False)
        self.add_raster_output("OUTPUT_INDEX", quantity="change_index")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_table_output("OUTPUT_SUMMARY", "OUTPUT_CLASSES")
        self.add_report_output()
        self.add_number_output("GAIN", "LOSS", "NET")

    def compute(self, given: Given, progress: Progress) -> Results:
        inputs = ProfitLossInputs(
            self.valuation_inputs(given), given.zones(), given.table("GDP_TABLE"), given.required_number("TOLERANCE")
        )
        outputs = ProfitLossOutputs(given.output("OUTPUT"), given.output("OUTPUT_INDEX"), self.provenance())
        settings = self.raster_settings(given)
        result = run_profit_loss(inputs, outputs, settings, progress.part(0, 92))
        results = self._publish_maps(result, outputs)
        results.update(self.publish_report(given, lambda language: profit_loss_report(result, outputs, language)))
        results.update(self.publish_table("OUTPUT_TABLE", flow_table(result)))
        results.update(self.publish_table("OUTPUT_SUMMARY", summary_table(result)))
        results.update(self.publish_table("OUTPUT_CLASSES", class_table(result)))
        gain, loss, net = result.headline()
        currency = inputs.valuation.currency
        years = f"{inputs.valuation.years[0]}-{inputs.valuation.years[-1]}"
        progress.info(
            tr(
                "{years}: gain {gain}, loss {loss}, net {net} per year.",
                years=years,
                gain=Amount(gain, currency),
                loss=Amount(abs(loss), currency),
                net=Amount(net, currency),
            )
        )
        results.update(self.publish_numbers(GAIN=gain, LOSS=loss, NET=net))
        return results

    def _publish_maps(self, result: ProfitLossResult, outputs: ProfitLossOutputs) -> Results:
        published: Results = {}
        if outputs.change:
            low, high = range_about_zero(stored_statistics(outputs.change))
            published |= self._publish_map("OUTPUT", outputs.change, result, low, high)
        if outputs.index:
            published |= self._publish_map("OUTPUT_INDEX", outputs.index, result, -DOUBLED, DOUBLED)
        return published

    def _publish_map(self, name: str, path: str, result: ProfitLossResult, low: float, high: float) -> Results:
        label = self.label(name)
        bands = bands_between(label, result.pairs)
        return self.publish_raster(name, path, Look(label, bands, low, high, "diverging"))
