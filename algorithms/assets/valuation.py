"""What ecosystem service value and ecological assets share: maps, tables, report."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.assets.valuation.report import valuation_report
from ...core.assets.valuation.run import ValuationOutputs, ValuationResult, run_valuation
from ...core.assets.valuation.tables import change_table, value_table
from ...core.progress import Progress
from ...core.raster.output import BandStatistics
from ...core.report.numbers import Amount
from ..base import Results
from ..compat import user_language
from ..given import Given
from ..looks.canvas import BandLook, Look, common_range
from ..translation import tr
from .valuing import ValuingAlgorithm


def value_look(title: str, years: Sequence[int], statistics: Sequence[BandStatistics]) -> Look:
    """A layer of the value per year, all in one ramp."""
    bands = tuple(BandLook(band, f"{title} {year}", year) for band, year in enumerate(years, start=1))
    return Look(title, bands, *common_range(statistics))


class ValuationAlgorithm(ValuingAlgorithm):
    """Values land by equivalent factors."""

    GROUP = "assets"

    def declare(self) -> None:
        self.add_valuation()
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", quantity="asset_value", optional=False)
        self.add_raster_output("OUTPUT_SERVICES", quantity="asset_value")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_table_output("OUTPUT_CHANGE")
        self.add_report_output()
        self.add_number_output("TOTAL_FIRST", "TOTAL_LAST")

    def compute(self, given: Given, progress: Progress) -> Results:
        inputs = self.valuation_inputs(given)
        outputs = ValuationOutputs(given.output("OUTPUT"), given.output("OUTPUT_SERVICES"), self.provenance())
        result = run_valuation(inputs, outputs, self.raster_settings(given), progress.part(0, 92))
        results: Results = self.publish_maps(result, outputs)
        results.update(self.publish_report(given, lambda language: valuation_report(result, outputs, language)))
        results.update(self.publish_table("OUTPUT_TABLE", value_table(result)))
        results.update(self.publish_table("OUTPUT_CHANGE", change_table(result)))
        for year, total in zip(result.years, result.totals):
            progress.info(tr("{year}: {total} per year.", year=year, total=Amount(total, inputs.currency)))
        results.update(self.publish_numbers(TOTAL_FIRST=result.totals[0], TOTAL_LAST=result.totals[-1]))
        return results

    def publish_maps(self, result: ValuationResult, outputs: ValuationOutputs) -> Results:
        """The maps as styled layers, a year each; those of the services in a group by service."""
        title = self.displayName()
        look = value_look(title, result.years, result.map_statistics.get("total", ()))
        published = self.publish_raster("OUTPUT", outputs.total, look)
        services = result.inputs.equivalents.services
        statistics = result.map_statistics.get("services", ())
        limits = [common_range(statistics[s :: len(services)]) for s in range(len(services))]
        names = [service.named(user_language()) for service in services]
        looks = tuple(
            BandLook(y * len(services) + s + 1, f"{service} {year}", year, limits[s], of=service)
            for s, service in enumerate(names)
            for y, year in enumerate(result.years)
        )
        look = Look(tr("{title}: services", title=title), looks)
        return {**published, **self.publish_raster("OUTPUT_SERVICES", outputs.services, look)}
