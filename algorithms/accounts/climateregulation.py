"""Climate regulation: electricity that plants and open water save."""

from __future__ import annotations

from ...core.accounts.cooling import (
    EVAPORATION,
    METHODS,
    TRANSPIRATION,
    CoolingInputs,
    CoolingOutputs,
    run_climate_regulation,
)
from ...core.accounts.physical_report import cooling_report
from ...core.inputs.needs import Columns
from ...core.progress import Progress
from ...core.word_lists import split_words
from ..base import Results
from ..given import Given
from .physical import PhysicalAlgorithm


class ClimateRegulation(PhysicalAlgorithm):
    """Transpiration of plants by a table of heat or by evapotranspiration, and evaporation of open water."""

    NAME = "climateregulation"
    NEEDS = (Columns("HEAT_TABLE", ("heat_kj_m2_d",)),)

    def declare(self) -> None:
        self.add_places()
        self.add_choice("METHOD", METHODS, "heat_table")
        self.add_number("DAYS", minimum=0, maximum=366)
        self.add_series("DAYS_RASTER", quantity="cooling_days", optional=True)
        self.add_table("HEAT_TABLE")
        self.add_series("EVAPOTRANSPIRATION", quantity="evapotranspiration", optional=True)
        self.add_text("ECOSYSTEMS", "forest, shrub, grassland", advanced=True)
        self.add_number("WATER_EVAPORATION", minimum=0)
        self.add_series("WATER_EVAPORATION_RASTER", quantity="evaporation", optional=True)
        self.add_number("COP", 3.0, 1)
        self.add_number("LATENT_HEAT", 2450.0, 1, advanced=True)
        self.add_number("HUMIDIFIER", 125.0, 0, advanced=True)
        self.add_flag("DIVIDE_EVAPORATION", False)
        self.add_series("PEOPLE", quantity="population", optional=True)
        self.add_number("PEOPLE_ABOVE", 0.0, 0, advanced=True)
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", quantity="cooling", optional=False)
        self.add_raster_output("OUTPUT_TRANSPIRATION", quantity="cooling")
        self.add_raster_output("OUTPUT_EVAPORATION", quantity="cooling")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()
        self.add_number_output("TRANSPIRATION", "EVAPORATION")

    def compute(self, given: Given, progress: Progress) -> Results:
        inputs = CoolingInputs(
            cover=self.land_cover(given),
            years=given.years(),
            method=given.choice("METHOD"),
            zones=given.zones(),
            heat=given.table("HEAT_TABLE"),
            evapotranspiration=self.optional_series(given, "EVAPOTRANSPIRATION"),
            ecosystems=tuple(split_words(given.text("ECOSYSTEMS"))),
            days=given.number("DAYS"),
            days_raster=self.optional_series(given, "DAYS_RASTER"),
            water_evaporation=given.number("WATER_EVAPORATION"),
            water_raster=self.optional_series(given, "WATER_EVAPORATION_RASTER"),
            people=self.optional_series(given, "PEOPLE"),
            people_min=given.required_number("PEOPLE_ABOVE"),
            cop=given.required_number("COP"),
            latent_heat=given.required_number("LATENT_HEAT"),
            humidifier=given.required_number("HUMIDIFIER"),
            divide_evaporation=given.flag("DIVIDE_EVAPORATION"),
        )
        names = ("OUTPUT", "OUTPUT_TRANSPIRATION", "OUTPUT_EVAPORATION")
        paths = [given.output(name) for name in names]
        outputs = CoolingOutputs(paths[0], paths[1], paths[2], self.provenance())
        result = run_climate_regulation(inputs, outputs, self.raster_settings(given), progress.part(0, 95))
        results: Results = {}
        for name, path in zip(names, paths):
            results.update(self.publish_map(name, path, result.years))
        results.update(self.publish_report(given, lambda language: cooling_report(result, outputs, language)))
        results.update(self.publish_table("OUTPUT_TABLE", result.table()))
        last = len(result.years) - 1
        totals = {"TRANSPIRATION": result.total(TRANSPIRATION, last), "EVAPORATION": result.total(EVAPORATION, last)}
        return results | self.publish_numbers(**totals)
