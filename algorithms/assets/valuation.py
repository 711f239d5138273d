"""What ecosystem service value and ecological assets share: land cover, coefficients, maps, tables."""

from __future__ import annotations

from ...core.assets.equivalents import EQUIVALENTS, Equivalents, load_equivalents
from ...core.assets.valuation import (
    Adjustments,
    ValuationInputs,
    ValuationOutputs,
    ValuationResult,
    run_valuation,
)
from ...core.assets.valuation_report import valuation_report
from ...core.assets.valuation_tables import change_table, value_table
from ...core.errors import InputError, TableError
from ...core.land_cover import SCHEMES, load_scheme
from ...core.progress import Progress
from ...core.report import write_report
from ...core.years import parse_years
from ..base import EcoAlgorithm, Results
from ..canvas import BandLook, Look, common_range
from ..given import Given
from ..provenance import provenance_metadata
from ..settings import default_scheme, report_language


class ValuationAlgorithm(EcoAlgorithm):
    """Values land by equivalent factors; subclasses add what adjusts them."""

    GROUP = "assets"

    def declare(self) -> None:
        self.add_rasters("LAND_COVER")
        self.add_text("YEARS")
        self.add_choice("SCHEME", SCHEMES, default_scheme())
        self.add_table("CLASS_TABLE")
        self.declare_adjustments()
        self.add_choice("EQUIVALENTS", EQUIVALENTS, "xie2015")
        self.add_table("EQUIVALENTS_TABLE")
        self.add_number("STANDARD_VALUE", minimum=0)
        self.add_text("CURRENCY", "CNY", advanced=True)
        self.declare_advanced_adjustments()
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", optional=False)
        self.add_raster_output("OUTPUT_SERVICES")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_table_output("OUTPUT_CHANGE")
        self.add_report_output()
        self.add_number_output("TOTAL_FIRST")
        self.add_number_output("TOTAL_LAST")

    def declare_adjustments(self) -> None:
        """Adds the rasters that adjust values."""

    def declare_advanced_adjustments(self) -> None:
        """Adds the fine choices about adjustments."""

    def adjustments(self, given: Given) -> Adjustments:
        """What adjusts values; nothing in the static model."""
        return Adjustments()

    def price_level(self, given: Given) -> dict[int, float]:
        """Price level by year in percent; constant prices by default."""
        return {}

    def checkParameterValues(self, parameters, context):  # noqa: ANN001, ANN201 - QGIS's signature
        try:
            parse_years(self.parameterAsString(parameters, "YEARS", context))
        except InputError as error:
            return False, str(error)
        return super().checkParameterValues(parameters, context)

    def compute(self, given: Given, progress: Progress) -> Results:
        inputs = self._inputs(given)
        outputs = ValuationOutputs(
            given.output("OUTPUT"), given.output("OUTPUT_SERVICES"), provenance_metadata(self, given)
        )
        report = given.file_output("OUTPUT_HTML")
        result = run_valuation(inputs, outputs, self.raster_settings(given), progress.part(0, 92 if report else 100))
        results: Results = self.publish_maps(result, outputs)
        if report:
            chapters = valuation_report(
                result, outputs, self.displayName(), report_language(), self.shown_parameters(), self.command()
            )
            write_report(chapters, report)
            results["OUTPUT_HTML"] = report
        results.update(self.publish_table("OUTPUT_TABLE", value_table(result)))
        results.update(self.publish_table("OUTPUT_CHANGE", change_table(result)))
        for year, total in zip(result.years, result.totals):
            progress.info(f"{year}: {total:,.2f} {inputs.currency} per year.")
        results.update(self.publish_numbers(TOTAL_FIRST=result.totals[0], TOTAL_LAST=result.totals[-1]))
        return results

    def _inputs(self, given: Given) -> ValuationInputs:
        equivalents = load_equivalents(given.choice("EQUIVALENTS"), given.table("EQUIVALENTS_TABLE"))
        return ValuationInputs(
            land_cover=given.rasters("LAND_COVER"),
            years=parse_years(given.text("YEARS")),
            scheme=load_scheme(given.choice("SCHEME"), given.table("CLASS_TABLE")),
            equivalents=equivalents,
            standard_value=_standard_value(given, equivalents),
            currency=given.text("CURRENCY") or "CNY",
            adjustments=self.adjustments(given),
            price_level=self.price_level(given),
        )

    def publish_maps(self, result: ValuationResult, outputs: ValuationOutputs) -> Results:
        """The maps as styled layers, a year each."""
        unit = f"{result.inputs.currency}/(ha a)"
        title = self.displayName()
        low, high = common_range(result.map_statistics.get("total", ()))
        bands = tuple(BandLook(i, f"{title} {year}", year) for i, year in enumerate(result.years, start=1))
        published = self.publish_raster("OUTPUT", outputs.total, Look(title, bands, unit, low, high))
        services = result.inputs.equivalents.services
        looks = tuple(
            BandLook(y * len(services) + s + 1, f"{service.name} {year}", year)
            for y, year in enumerate(result.years)
            for s, service in enumerate(services)
        )
        low, high = common_range(result.map_statistics.get("services", ()))
        look = Look(f"{title}: services", looks, unit, low, high)
        return {**published, **self.publish_raster("OUTPUT_SERVICES", outputs.services, look)}


def _standard_value(given: Given, equivalents: Equivalents) -> float:
    number = given.number("STANDARD_VALUE")
    if number is not None:
        return number
    if equivalents.standard_value is None:
        raise TableError(
            "A custom table of equivalents has no value of one equivalent of its own. Give STANDARD_VALUE, the value "
            "of one equivalent per hectare and year (the algorithm ecoassets:standardequivalent computes it)."
        )
    return equivalents.standard_value.cny_per_ha
