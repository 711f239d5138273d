"""Monthly, daily or 8-day climate rasters that no product describes, as yearly totals and means."""

from __future__ import annotations

from ...core.prepare.climate.run import ClimateInputs, ClimateOutputs, run_annual_climate
from ...core.prepare.climate.steps import STEPS
from ...core.prepare.climate.units import QUANTITIES, UNITS
from ...core.progress import Progress
from ...core.raster.output import WriteOptions
from ...core.raster.settings import RasterSettings
from ..base import EcoAlgorithm, Results
from ..given import Given
from ..inputs import paths_in


class AnnualClimate(EcoAlgorithm):
    """Totals are added, rates multiplied by the days of their step, states weighed by days, by the calendar."""

    NAME = "annualclimate"
    GROUP = "prepare"

    def declare(self) -> None:
        self.add_rasters("INPUTS", quantity="any", optional=True)
        self.add_paths("FILES")
        self.add_text("VARIABLE", optional=True)
        self.add_text("FIRST", optional=True)
        self.add_choice("STEP", STEPS, "month")
        self.add_choice("QUANTITY", QUANTITIES, "total")
        self.add_choice("UNIT", tuple(UNITS), "mm")
        self.add_text("YEARS", optional=True)
        self.add_raster("REFERENCE", quantity="any")
        self.add_polygons("BOUNDARY")
        self.add_text("CREATION_OPTIONS", "", optional=True, advanced=True)
        self.add_flag("OVERVIEWS", True)
        self.add_raster_output("OUTPUT", quantity="any", optional=False)
        self.add_raster_output("OUTPUT_MONTHS", quantity="any")
        self.add_raster_output("OUTPUT_WETTEST", quantity="any")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_number_output("YEARS_MADE")

    def compute(self, given: Given, progress: Progress) -> Results:
        from ...core.years import parse_years

        years = given.text("YEARS")
        inputs = ClimateInputs(
            rasters=[*given.rasters("INPUTS"), *paths_in(given.text("FILES"))],
            reference=given.required_raster("REFERENCE"),
            quantity=given.choice("QUANTITY"),
            unit=given.choice("UNIT"),
            step=given.choice("STEP"),
            variable=given.text("VARIABLE"),
            first=given.text("FIRST"),
            years=parse_years(years) if years else (),
        )
        outputs = ClimateOutputs(
            given.required_output("OUTPUT"), given.output("OUTPUT_MONTHS") or "", given.output("OUTPUT_WETTEST") or ""
        )
        write = WriteOptions(given.creation_options(), given.flag("OVERVIEWS"))
        settings = RasterSettings(boundary=given.polygons("BOUNDARY"), write=write)
        result = run_annual_climate(inputs, outputs, settings, progress)
        names = {"annual": "OUTPUT", "months": "OUTPUT_MONTHS", "wettest": "OUTPUT_WETTEST"}
        made = {names[name]: path for name, path in result.made.items()}
        table = self.publish_table("OUTPUT_TABLE", result.table())
        return {**made, **table, **self.publish_numbers(YEARS_MADE=len(result.rows))}
