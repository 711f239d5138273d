"""Conservation zones: the most important natural land for ecosystem services."""

from __future__ import annotations

from ...core.progress import Progress
from ...core.zoning.conservation.report import conservation_report
from ...core.zoning.conservation.tables import cleanup_table, ecosystem_table, efficiency_table, importance_table
from ...core.zoning.conservation.zones import (
    NATURAL,
    ConservationInputs,
    ConservationOutputs,
    importance_legend,
    run_conservation_zones,
)
from ...core.zoning.legends import legend
from ..base import Results
from ..given import Given
from ..looks.canvas import BandLook, Look
from ..translation import tr
from .zoning import ZoningAlgorithm

COMPOSITES = ("most_important", "count", "weighted")


class ConservationZones(ZoningAlgorithm):
    """Importance classes of each service by cumulative share, their composite, and the zones that keep them."""

    NAME = "conservationzones"

    def declare(self) -> None:
        self.add_services()
        self.add_one_land_cover()
        self.add_text("NATURAL", ", ".join(NATURAL), optional=True)
        self.add_text("BREAKS", "50, 75, 90")
        self.add_number("KEEP", 1, 1, integer=True)
        self.add_choice("COMPOSITE", COMPOSITES, "most_important")
        self.add_text("WEIGHTS", optional=True, advanced=True)
        self.add_polygons("LOCKED_IN")
        self.add_polygons("LOCKED_OUT")
        self.add_number("MINIMUM_AREA", 0, 0)
        self.add_raster_settings(several_years=False)
        self.add_raster_output("OUTPUT", quantity="conservation_zone", optional=False)
        self.add_raster_output("OUTPUT_IMPORTANCE", quantity="importance_class")
        self.add_table_output("OUTPUT_TABLE", "OUTPUT_EFFICIENCY", default=True)
        self.add_table_output("OUTPUT_CLASSES", "OUTPUT_CLEANUP")
        self.add_report_output()
        self.add_number_output("AREA", "SHARE")

    def compute(self, given: Given, progress: Progress) -> Results:
        inputs = ConservationInputs(
            services=self.services(given),
            land_cover=given.raster("LAND_COVER"),
            scheme=self.scheme(given),
            natural=self.words(given, "NATURAL"),
            breaks=given.numbers("BREAKS"),
            keep=given.integer("KEEP"),
            composite=given.choice("COMPOSITE"),
            weights=given.numbers("WEIGHTS"),
            locked_in=given.polygons("LOCKED_IN"),
            locked_out=given.polygons("LOCKED_OUT"),
            minimum_area_ha=given.required_number("MINIMUM_AREA"),
        )
        outputs = ConservationOutputs(given.output("OUTPUT"), given.output("OUTPUT_IMPORTANCE"), self.provenance())
        result = run_conservation_zones(inputs, outputs, self.raster_settings(given), progress.part(0, 95))
        results = self.publish_classes("OUTPUT", outputs.zones, legend("conservation", self.language))
        results.update(self._publish_importance(outputs.importance, inputs))
        results.update(self.publish_report(given, lambda language: conservation_report(result, outputs, language)))
        results.update(self.publish_table("OUTPUT_TABLE", ecosystem_table(result)))
        results.update(self.publish_table("OUTPUT_EFFICIENCY", efficiency_table(result)))
        results.update(self.publish_table("OUTPUT_CLASSES", importance_table(result, self.language)))
        results.update(self.publish_table("OUTPUT_CLEANUP", cleanup_table(result)))
        progress.info(
            tr("To conserve: {area:,.2f} ha, {share:.2f} % of the region.", area=result.area_ha, share=result.share_pct)
        )
        results.update(self.publish_numbers(AREA=result.area_ha, SHARE=result.share_pct))
        return results

    def _publish_importance(self, path: str | None, inputs: ConservationInputs) -> Results:
        """A layer per service, the composite on top; a count of services is drawn as a ramp."""
        label = self.label("OUTPUT_IMPORTANCE")
        classes = importance_legend(len(inputs.breaks), self.language)
        composite = () if inputs.composite == "count" else classes
        last = len(inputs.services) + 1
        bands = [BandLook(n, s.name, classes=classes) for n, s in enumerate(inputs.services, start=1)]
        bands.append(BandLook(last, label, limits=(0, float(len(inputs.services))), classes=composite))
        return self.publish_raster("OUTPUT_IMPORTANCE", path, Look(label, tuple(bands)))
