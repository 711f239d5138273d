"""The physical account: quantities of services by year, zone and ecosystem."""

from __future__ import annotations

from ...core.accounts.physical_report import quantities_report
from ...core.accounts.quantities.run import SLOTS, QuantityInputs, run_gep_quantities
from ...core.accounts.quantities.soil import SoilFactors
from ...core.accounts.quantities.statistics import ALLOCATIONS
from ...core.accounts.services import service_id
from ...core.errors import InputError
from ...core.progress import Progress
from ...core.services.survey import Rasters
from ...core.word_lists import split_words
from ..base import Results
from ..given import Given
from ..translation import tr
from .physical import PhysicalAlgorithm

SOIL = {"BULK_DENSITY": "bulk_density", "SOIL_N": "soil_nutrient", "SOIL_P": "soil_nutrient"}


class GepQuantities(PhysicalAlgorithm):
    """One pass over land cover, zones and the maps of services; statistics are joined in."""

    NAME = "gepquantities"

    def declare(self) -> None:
        self.add_places()
        for slot in SLOTS:
            self.add_series(slot.name.upper(), quantity=slot.quantity, optional=True)
        self.add_rasters("MORE", quantity="service", optional=True)
        self.add_text("MORE_SERVICES", "", optional=True, advanced=True)
        self.add_number("SILT_SHARE", 0.24, 0, 1, advanced=True)
        for name in SOIL:
            self.add_number(name, minimum=0)
        for name, quantity in SOIL.items():
            self.add_series(f"{name}_RASTER", quantity=quantity, optional=True)
        self.add_number("BULK_DENSITY_SCALE", 1.0, advanced=True)
        self.add_text("NATURAL_CLASSES", "", optional=True)
        self.add_tables("STATISTICS")
        self.add_choice("ALLOCATE", ALLOCATIONS, "none")
        self.add_text("CURRENCY", "CNY", optional=True, advanced=True)
        self.add_raster_settings(maps=False)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()

    def compute(self, given: Given, progress: Progress) -> Results:
        soil = SoilFactors(
            silt_share=given.required_number("SILT_SHARE"),
            density=given.number("BULK_DENSITY"),
            nitrogen=given.number("SOIL_N"),
            phosphorus=given.number("SOIL_P"),
            density_raster=self.optional_series(given, "BULK_DENSITY_RASTER"),
            nitrogen_raster=self.optional_series(given, "SOIL_N_RASTER"),
            phosphorus_raster=self.optional_series(given, "SOIL_P_RASTER"),
            density_factor=given.required_number("BULK_DENSITY_SCALE"),
        )
        given_slots = {slot.name: self.optional_series(given, slot.name.upper()) for slot in SLOTS}
        inputs = QuantityInputs(
            cover=self.land_cover(given),
            years=given.years(),
            rasters={name: series for name, series in given_slots.items() if series},
            more=self._more(given),
            zones=given.zones(),
            soil=soil,
            natural=tuple(int(code) for code in given.numbers("NATURAL_CLASSES")),
            statistics=given.tables("STATISTICS"),
            allocation=given.choice("ALLOCATE"),
            currency=given.text("CURRENCY") or "CNY",
        )
        result = run_gep_quantities(inputs, self.raster_settings(given), progress.part(0, 95))
        results = self.publish_report(given, lambda language: quantities_report(result, language))
        return results | self.publish_table("OUTPUT_TABLE", result.table())

    @staticmethod
    def _more(given: Given) -> dict[str, Rasters]:
        """Rasters of further services, each under the service that it is named for."""
        paths = given.rasters("MORE")
        names = [service_id(word) for word in split_words(given.text("MORE_SERVICES"))]
        if len(names) != len(paths):
            raise InputError(
                tr(
                    "MORE holds {rasters} rasters and MORE_SERVICES names {names}. Name a service for each, repeated "
                    "for the years of one.",
                    rasters=len(paths),
                    names=len(names),
                )
            )
        found: dict[str, tuple[str, ...]] = {}
        for name, path in zip(names, paths):
            found[name] = (*found.get(name, ()), path)
        return {name: Rasters(of) for name, of in found.items()}
