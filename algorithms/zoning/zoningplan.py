"""The zoning plan: restore here, conserve there, why, and how much of each service it keeps."""

from __future__ import annotations

import os

from qgis.core import QgsProcessingUtils

from ...core.errors import InputError
from ...core.progress import Progress
from ...core.raster.files import workspace
from ...core.zoning.legends import legend
from ...core.zoning.plan.comparison import (
    MAX_UNITS,
    ComparisonInputs,
    ComparisonOutputs,
    ComparisonResult,
    comparison_table,
    run_plan_comparison,
)
from ...core.zoning.plan.report import plan_report
from ...core.zoning.plan.result import PlanInputs
from ...core.zoning.plan.run import PlanOutputs, run_zoning_plan
from ...core.zoning.plan.tables import plan_table, service_table
from ..base import Results
from ..given import Given
from ..looks.vector_look import FeatureClass, FeatureLook
from ..translation import tr
from .zoning import ZoningAlgorithm


class ZoningPlan(ZoningAlgorithm):
    """Lays conservation over restoration, by district, and compares it with a ranking and an exact selection."""

    NAME = "zoningplan"

    def declare(self) -> None:
        self.add_raster("RESTORATION", quantity="restoration_reason")
        self.add_raster("CONSERVATION", quantity="conservation_zone")
        self.add_choice("POLICY", ("both", "conservation", "restoration"), "both")
        self.add_one_land_cover()
        self.add_zones()
        self.add_services(optional=True)
        self.add_flag("COMPARE", True)
        self.add_choice("RULE", ("additive", "core_area"), "additive", advanced=True)
        self.add_number("MAX_UNITS", MAX_UNITS, 1, integer=True, advanced=True)
        self.add_number("TIME_LIMIT", 60, 1, advanced=True)
        self.add_raster_settings(several_years=False)
        self.add_raster_output("OUTPUT", quantity="plan_class", optional=False)
        self.add_features_output("OUTPUT_VECTOR")
        self.add_raster_output("OUTPUT_DIFFERENCE", quantity="method_difference")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_table_output("OUTPUT_SERVICES", "OUTPUT_COMPARISON")
        self.add_report_output()
        self.add_number_output(
            "CONSERVATION_AREA", "RESTORATION_AREA", "BOTH_AREA", "CONSERVATION_TOTAL", "RESTORATION_TOTAL"
        )

    def compute(self, given: Given, progress: Progress) -> Results:
        with workspace() as folder:
            return self._compute(given, progress, folder)

    def _compute(self, given: Given, progress: Progress, folder: str) -> Results:
        services = self.services(given) if given.rasters("SERVICES") else ()
        inputs = PlanInputs(
            restoration=given.required_raster("RESTORATION"),
            conservation=given.required_raster("CONSERVATION"),
            policy=given.choice("POLICY"),
            land_cover=given.raster("LAND_COVER"),
            scheme=self.scheme(given),
            districts=given.zones(),
            services=services,
        )
        difference = given.output("OUTPUT_DIFFERENCE")
        report = given.file_output("OUTPUT_HTML")
        outputs = PlanOutputs(
            given.required_output("OUTPUT"),
            os.path.join(folder, "plan.gpkg") if given.has("OUTPUT_VECTOR") else None,
            self.provenance(),
            QgsProcessingUtils.generateTempFilename("districts.tif") if report else None,
        )
        wanted = bool(difference or report or given.has("OUTPUT_COMPARISON"))
        compared = wanted and given.flag("COMPARE") and bool(services)
        if (difference or given.has("OUTPUT_COMPARISON")) and not compared:
            raise InputError(
                tr(
                    "OUTPUT_DIFFERENCE and OUTPUT_COMPARISON come from the comparison: give SERVICES and switch "
                    "COMPARE on."
                )
            )
        settings = self.raster_settings(given)
        result = run_zoning_plan(inputs, outputs, settings, progress.part(0, 30 if compared else 95))
        comparison: ComparisonResult | None = None
        pictured = difference or QgsProcessingUtils.generateTempFilename("difference.tif")
        comparison_outputs = ComparisonOutputs(pictured, outputs.metadata)
        if compared:
            comparison = run_plan_comparison(
                ComparisonInputs(
                    inputs.conservation, services, inputs.land_cover, inputs.scheme,
                    rule=given.choice("RULE"), max_units=given.integer("MAX_UNITS"),
                    time_limit=given.required_number("TIME_LIMIT"),
                ),
                comparison_outputs, settings, progress.part(30, 95),
            )  # fmt: skip
        results = self.publish_classes("OUTPUT", outputs.plan, legend("plan", self.language))
        results.update(self.publish_classes("OUTPUT_DIFFERENCE", difference, legend("comparison", self.language)))
        results.update(self._publish_polygons(outputs))
        compared_with = (comparison, comparison_outputs) if comparison else None
        pictures = QgsProcessingUtils.tempFolder()  # of a report that a workflow may write later
        results.update(
            self.publish_report(given, lambda language: plan_report(result, outputs, language, compared_with, pictures))
        )
        results.update(self.publish_table("OUTPUT_TABLE", plan_table(result)))
        results.update(self.publish_table("OUTPUT_SERVICES", service_table(result)))
        if comparison is not None:
            results.update(self.publish_table("OUTPUT_COMPARISON", comparison_table(comparison)))
        conserve, restore, both = (result.plan_ha(code) for code in (1, 2, 3))
        results.update(
            self.publish_numbers(
                CONSERVATION_AREA=conserve,
                RESTORATION_AREA=restore,
                BOTH_AREA=both,
                CONSERVATION_TOTAL=conserve + both,
                RESTORATION_TOTAL=restore + both,
            )
        )
        return results

    def _publish_polygons(self, outputs: PlanOutputs) -> Results:
        planned = legend("plan", self.language)[1:]
        classes = tuple(FeatureClass(str(entry.code), entry.name, entry.colour) for entry in planned)
        look = FeatureLook(self.label("OUTPUT_VECTOR"), "plan", classes=classes, outlined=True, own=True)
        return self.publish_polygons("OUTPUT_VECTOR", outputs.polygons, look)
