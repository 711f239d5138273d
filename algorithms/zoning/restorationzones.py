"""Restoration zones: where land is degraded, of low quality or severely eroded, and why."""

from __future__ import annotations

from ...core.errors import InputError
from ...core.inputs.needs import AnyOf
from ...core.progress import Progress
from ...core.zoning.legends import combination_legend, legend
from ...core.zoning.reasons import REASONS
from ...core.zoning.restoration.report import restoration_report
from ...core.zoning.restoration.tables import cleanup_table, combination_table, priority_table, reason_table
from ...core.zoning.restoration.zones import (
    CODES,
    NO_LAYER,
    RestorationInputs,
    RestorationOutputs,
    run_restoration_zones,
)
from ..base import Results
from ..given import Given
from ..translation import tr
from .zoning import ZoningAlgorithm

LAYERS = tuple(name.upper() for name in CODES)
_HELD = {"QUALITY_CLASSES": "quality_class", "EROSION_CLASSES": "erosion_class"}


class RestorationZones(ZoningAlgorithm):
    """The union of what is degraded, of low quality and severely eroded, with the reasons of every pixel."""

    NAME = "restorationzones"
    NEEDS = (AnyOf(LAYERS, NO_LAYER),)

    def declare(self) -> None:
        for name in LAYERS:
            self.add_raster(name, quantity=_HELD.get(name, "degradation_class"), optional=True)
        self.add_number("SEVERE", 4, 2, 6, integer=True)
        self.add_one_land_cover()
        self.add_text("EXCLUDE", optional=True)
        self.add_number("MINIMUM_AREA", 0, 0)
        self.add_polygons("WATER_SOURCES", advanced=True)
        self.add_text("REASON_WEIGHTS", optional=True, advanced=True)
        for name in LAYERS:
            self.add_number(f"{name}_BAND", minimum=1, integer=True, advanced=True)
        self.add_raster_settings(several_years=False)
        self.add_raster_output("OUTPUT", quantity="restoration_reason", optional=False)
        self.add_raster_output("OUTPUT_PRIORITY", quantity="restoration_priority")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_table_output("OUTPUT_COMBINATIONS", "OUTPUT_CLEANUP", "OUTPUT_PRIORITIES")
        self.add_report_output()
        self.add_number_output("AREA", "SHARE")

    def compute(self, given: Given, progress: Progress) -> Results:
        layers = {name.lower(): given.raster(name) for name in LAYERS}
        bands = {name.lower(): given.optional_integer(f"{name}_BAND") for name in LAYERS}
        inputs = RestorationInputs(
            **layers,
            severe=given.integer("SEVERE"),
            land_cover=given.raster("LAND_COVER"),
            scheme=self.scheme(given),
            exclude=self.words(given, "EXCLUDE"),
            minimum_area_ha=given.required_number("MINIMUM_AREA"),
            water_sources=given.polygons("WATER_SOURCES"),
            weights=_weights(given.text("REASON_WEIGHTS")),
            bands={name: band for name, band in bands.items() if band},
        )
        outputs = RestorationOutputs(given.output("OUTPUT"), given.output("OUTPUT_PRIORITY"), self.provenance())
        result = run_restoration_zones(inputs, outputs, self.raster_settings(given), progress.part(0, 95))
        reasons = combination_legend(self.language, result.masks)
        results = self.publish_classes("OUTPUT", outputs.reasons, reasons)
        results.update(self.publish_classes("OUTPUT_PRIORITY", outputs.priority, legend("priority", self.language)))
        results.update(self.publish_report(given, lambda language: restoration_report(result, outputs, language)))
        for name, table in (
            ("OUTPUT_TABLE", reason_table),
            ("OUTPUT_COMBINATIONS", combination_table),
            ("OUTPUT_CLEANUP", cleanup_table),
            ("OUTPUT_PRIORITIES", priority_table),
        ):
            results.update(self.publish_table(name, table(result)))
        progress.info(
            tr(
                "To restore: {area:,.2f} ha, {share:.2f} % of the study area.",
                area=result.area_ha,
                share=result.share_pct,
            )
        )
        results.update(self.publish_numbers(AREA=result.area_ha, SHARE=result.share_pct))
        return results


def _weights(text: str) -> dict[str, float]:
    """`reason:weight;reason:weight`. Raises InputError for other words."""
    weights = {}
    for part in filter(None, (part.strip() for part in text.replace(",", ";").split(";"))):
        name, _, number = (word.strip() for word in part.partition(":"))
        try:
            weights[name] = float(number)
        except ValueError:
            weights[name] = -1.0
        if name not in REASONS or weights[name] < 0:
            raise InputError(
                tr(
                    "REASON_WEIGHTS holds {part!r}. Write reason:weight, separated by semicolons; reasons are "
                    "{reasons}, weights are 0 or more.",
                    part=part,
                    reasons=", ".join(REASONS),
                )
            )
    return weights
