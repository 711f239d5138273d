"""Flood mitigation: storm water that land and water bodies hold."""

from __future__ import annotations

from functools import partial

from ...core.errors import InputError
from ...core.inputs.needs import Columns, Rows, scheme_asked
from ...core.progress import Progress
from ...core.services.water.curve_number import SOIL_GROUPS, curve_numbers
from ...core.services.water.flood_mitigation import FloodInputs, FloodOutputs, run_flood_mitigation
from ...core.services.water.reports import flood_report
from ...core.services.water.swamp_soil import WATER_DENSITY_T_M3, SwampSoil
from ..base import Results
from ..given import Given
from ..translation import tr
from .service import ServiceAlgorithm
from .supportpractice import terrain_of

SWAMP_SOIL = ("SWAMP_SOIL_DEPTH", "SWAMP_BULK_DENSITY", "SWAMP_SATURATED", "SWAMP_NATURAL")  # as in `SwampSoil`
ABSTRACTIONS = {"0.2": 0.2, "0.05": 0.05}


class FloodMitigation(ServiceAlgorithm):
    """Rain of a storm less its runoff by curve numbers, with lakes, reservoirs and swamps by object."""

    NAME = "floodmitigation"
    NEEDS = (
        Columns("CURVE_NUMBER_TABLE", ("code", "a", "b", "c", "d")),
        Rows("CURVE_NUMBER_TABLE", lambda table, asked: curve_numbers(scheme_asked(asked), table), "codes, 30 to 100"),
    )

    def declare(self) -> None:
        self.add_cover()
        self.add_years(climate=True)
        self.add_series("STORM_RAINFALL", quantity="storm_rainfall", optional=True)
        self.add_text("STORM_DEPTH", optional=True)
        self.add_raster("SOIL_GROUP", quantity="soil_group", optional=True)
        self.add_choice("SOIL_GROUP_CODE", SOIL_GROUPS, "B")
        self.add_choice("ANTECEDENT", ("dry", "average", "wet"), "average")
        self.add_choice("FORM", ("held", "against_bare"), "held")
        self.add_polygons("WATER_BODIES")
        self.add_table("CURVE_NUMBER_TABLE")
        self.add_choice("ANTECEDENT_BY", ("table", "formula"), "table", advanced=True)
        self.add_choice("ABSTRACTION", tuple(ABSTRACTIONS), "0.2", advanced=True)
        self.add_flag("SLOPE_ADJUSTMENT", False)
        self.add_raster("DEM", quantity="elevation", optional=True, ranges=True)
        self.add_raster("SLOPE", quantity="slope", optional=True, ranges=True, unit_from="SLOPE_UNIT")
        self.add_choice("SLOPE_UNIT", ("degrees", "percent"), "degrees", advanced=True)
        self.add_choice("LAKES", ("object", "total"), "object", advanced=True)
        self.add_text("LAKE_ZONE", "Eastern plain", advanced=True)
        self.add_flag("GUIDELINE_EXCHANGES", False)
        for name in SWAMP_SOIL:
            self.add_number(name, advanced=True)
        self.add_number("WATER_DENSITY", WATER_DENSITY_T_M3, advanced=True)
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", quantity="storm_water_held", optional=False)
        self.add_raster_output("OUTPUT_LAND", quantity="storm_water_held")
        self.add_raster_output("OUTPUT_WATER", quantity="storm_water_held")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_table_output("OUTPUT_BODIES")
        self.add_report_output()
        self.add_number_output("TOTAL_FIRST", "TOTAL")

    def compute(self, given: Given, progress: Progress) -> Results:
        if given.has("OUTPUT_WATER") and not given.has("WATER_BODIES"):
            raise InputError(tr("OUTPUT_WATER is a map of water bodies: give WATER_BODIES."))
        parts = given.output("OUTPUT_LAND"), given.output("OUTPUT_WATER")
        outputs = FloodOutputs(given.output("OUTPUT"), self.provenance(), *parts)
        inputs = self._inputs(given)
        if inputs.terrain is None and (given.raster("DEM") or given.raster("SLOPE")):
            progress.warn(
                tr("DEM or SLOPE is given, but SLOPE_ADJUSTMENT is off: curve numbers are not adjusted to the slope.")
            )
        result = run_flood_mitigation(inputs, outputs, self.raster_settings(given), progress.part(0, 95))
        results = self.publish_map("OUTPUT", outputs.held, result.years, result.land_range_mm)
        results |= self.publish_map("OUTPUT_LAND", outputs.land, result.years, result.land_range_mm)
        results |= self.publish_map("OUTPUT_WATER", outputs.water, result.years)
        results |= self.publish_service(given, result, partial(flood_report, result, outputs))
        return results | self.publish_table("OUTPUT_BODIES", result.bodies_table())

    def _inputs(self, given: Given) -> FloodInputs:
        terrain = terrain_of(given) if given.flag("SLOPE_ADJUSTMENT") else None
        if given.flag("SLOPE_ADJUSTMENT") and terrain is None:
            raise InputError(tr("SLOPE_ADJUSTMENT is on, but there is neither DEM nor SLOPE. Give one of them."))
        told = [name for name in SWAMP_SOIL if given.has(name)]
        if told and not given.has("WATER_BODIES"):
            raise InputError(
                tr(
                    "{names}: there are no WATER_BODIES, whose swamps would have this soil. Give them, or leave the "
                    "soil out.",
                    names=", ".join(told),
                )
            )
        group = given.raster("SOIL_GROUP")
        return FloodInputs(
            cover=self.cover(given),
            years=given.optional_years(),
            storm_rainfall=self.optional_series(given, "STORM_RAINFALL"),
            storm_depth_mm=given.numbers("STORM_DEPTH"),
            soil_group=self.series(given, "SOIL_GROUP") if group else None,
            soil_group_code="" if group else given.choice("SOIL_GROUP_CODE"),
            antecedent=given.choice("ANTECEDENT"),
            antecedent_by=given.choice("ANTECEDENT_BY"),
            form=given.choice("FORM"),
            abstraction=ABSTRACTIONS[given.choice("ABSTRACTION")],
            terrain=terrain,
            curve_numbers=given.table("CURVE_NUMBER_TABLE"),
            water_bodies=given.polygons("WATER_BODIES"),
            lakes=given.choice("LAKES"),
            lake_zone=given.text("LAKE_ZONE"),
            guideline_exchanges=given.flag("GUIDELINE_EXCHANGES"),
            climate=self.climate(given),
            swamp_soil=SwampSoil(*(given.number(name) for name in SWAMP_SOIL)),
            water_density_t_m3=given.required_number("WATER_DENSITY"),
        )
