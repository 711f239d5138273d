"""Carbon storage by land-cover class, and carbon dioxide fixed in a year."""

from __future__ import annotations

from functools import partial

from ...core.errors import InputError
from ...core.inputs.needs import Columns, Rows, scheme_asked
from ...core.progress import Progress
from ...core.raster.statistics import stored_statistics
from ...core.services.carbon.change import CarbonChange, ChangeInputs
from ...core.services.carbon.flux import NPP_UNITS, OXYGEN_METHODS, TO_T_HA, FluxInputs, FluxResult
from ...core.services.carbon.flux import SOURCES as FLUX_METHODS
from ...core.services.carbon.report import carbon_report
from ...core.services.carbon.storage import CarbonOutputs, class_densities, run_carbon_storage
from ..base import Results
from ..given import Given
from ..looks.canvas import Look, bands_between, range_about_zero
from ..translation import tr
from .service import ServiceAlgorithm

NEEDS_NPP = ("RESPIRATION", "NEP_RATIO", "OUTPUT_FLUX", "OUTPUT_OXYGEN", "OUTPUT_FLUX_TABLE")


class CarbonStorage(ServiceAlgorithm):
    """Carbon in plants, soil and litter from a table of densities; carbon dioxide and oxygen of a year from NPP."""

    NAME = "carbonstorage"
    NEEDS = (
        Columns("CARBON_TABLE", ("code",)),
        Rows(
            "CARBON_TABLE",
            lambda table, asked: class_densities(table, scheme_asked(asked).codes),
            "codes, pools, numbers from 0",
        ),
    )

    def declare(self) -> None:
        self.add_cover()
        self.add_years()
        self.add_table("CARBON_TABLE", optional=False)
        self.add_series("NPP", quantity="npp", optional=True, unit_from="NPP_UNIT")
        self.add_choice("NPP_UNIT", NPP_UNITS, "gc_m2")
        self.add_choice("FLUX_METHOD", tuple(FLUX_METHODS), "nep")
        self.add_choice("OXYGEN_METHOD", tuple(OXYGEN_METHODS), "flux_method", advanced=True)
        self.add_number("NEP_RATIO")
        self.add_series("RESPIRATION", quantity="respiration", optional=True, unit_from="RESPIRATION_UNIT")
        self.add_choice("RESPIRATION_UNIT", tuple(TO_T_HA), "gc_m2", advanced=True)
        self.add_number("CARBON_FRACTION", 0.45, advanced=True)
        self.add_number("CO2_PER_DRY_MATTER", 1.63, advanced=True)
        self.add_number("OXYGEN_PER_DRY_MATTER", 1.19, advanced=True)
        self.add_zones()
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", quantity="carbon_density", optional=False)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_raster_output("OUTPUT_FLUX", quantity="co2_flux")
        self.add_raster_output("OUTPUT_OXYGEN", quantity="oxygen_flux")
        self.add_table_output("OUTPUT_FLUX_TABLE")
        self.add_raster_output("OUTPUT_CHANGE", quantity="carbon_change")
        self.add_table_output("OUTPUT_CHANGE_TABLE")
        self.add_report_output()
        self.add_number_output("TOTAL_FIRST", "TOTAL", "CO2_FIRST", "CO2", "OXYGEN_FIRST", "OXYGEN")

    def compute(self, given: Given, progress: Progress) -> Results:
        maps = given.output("OUTPUT_FLUX"), given.output("OUTPUT_OXYGEN")
        outputs = CarbonOutputs(given.output("OUTPUT"), self.provenance(), *maps)
        result = run_carbon_storage(
            self.cover(given),
            given.required_table("CARBON_TABLE"),
            outputs,
            given.optional_years(),
            self.raster_settings(given),
            progress.part(0, 95),
            self._flux(given),
            self._change(given),
        )
        results = self.publish_map("OUTPUT", outputs.carbon, result.years)
        if result.flux:
            results.update(self.publish_map("OUTPUT_FLUX", outputs.flux, result.years, about_zero=True))
            results.update(self.publish_map("OUTPUT_OXYGEN", outputs.oxygen, result.years, about_zero=True))
        if result.change:
            results |= self.publish_raster(
                "OUTPUT_CHANGE", given.output("OUTPUT_CHANGE"), self._look(given, result.change)
            )
            results |= self.publish_table("OUTPUT_CHANGE_TABLE", result.change.table())
        results |= self.publish_service(given, result, partial(carbon_report, result, outputs))
        return results | self._publish_flux(result.flux) if result.flux else results

    def _change(self, given: Given) -> ChangeInputs | None:
        zones = given.zones()
        if not (zones or given.has("OUTPUT_CHANGE") or given.has("OUTPUT_CHANGE_TABLE")):
            return None
        return ChangeInputs(given.output("OUTPUT_CHANGE"), zones, self.provenance())

    def _look(self, given: Given, change: CarbonChange) -> Look:
        label, path = self.label("OUTPUT_CHANGE"), given.output("OUTPUT_CHANGE")
        low, high = range_about_zero(stored_statistics(path)) if path else (0.0, 1.0)
        bands = bands_between(label, change.pairs)
        return Look(label, bands, low, high, "diverging")

    def _flux(self, given: Given) -> FluxInputs | None:
        npp = self.optional_series(given, "NPP")
        if npp is None:
            useless = [name for name in NEEDS_NPP if given.has(name)]
            if useless:
                raise InputError(
                    tr("{names}: there is no NPP, from which the flux comes. Give NPP.", names=", ".join(useless))
                )
            return None
        return FluxInputs(
            npp=npp,
            npp_unit=given.choice("NPP_UNIT"),
            method=given.choice("FLUX_METHOD"),
            respiration=self.optional_series(given, "RESPIRATION"),
            nep_ratio=given.number("NEP_RATIO"),
            respiration_unit=given.choice("RESPIRATION_UNIT"),
            carbon_fraction=given.required_number("CARBON_FRACTION"),
            co2_per_dry_matter=given.required_number("CO2_PER_DRY_MATTER"),
            oxygen_per_dry_matter=given.required_number("OXYGEN_PER_DRY_MATTER"),
            oxygen=given.choice("OXYGEN_METHOD"),
        )

    def _publish_flux(self, flux: FluxResult) -> Results:
        numbers = self.publish_numbers(
            CO2_FIRST=flux.co2_totals[0],
            CO2=flux.co2_totals[-1],
            OXYGEN_FIRST=flux.oxygen_totals[0],
            OXYGEN=flux.oxygen_totals[-1],
        )
        return self.publish_table("OUTPUT_FLUX_TABLE", flux.table()) | numbers
