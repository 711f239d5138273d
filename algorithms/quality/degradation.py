"""Degradation and improvement between two dates."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.progress import Progress
from ...core.quality.degradation.report import degradation_report
from ...core.quality.degradation.run import (
    KINDS,
    DegradationInputs,
    DegradationOutputs,
    DegradationResult,
    run_degradation,
)
from ...core.quality.degradation.tables import degradation_table, severity_table
from ...core.quality.legends import legend
from ...core.quality.named_rasters import compared_layers
from ...core.raster.output import ClassColour
from ...core.report.names import told
from ...core.report.texts import load_texts
from ..base import EcoAlgorithm, Results
from ..compat import user_language
from ..given import Given
from ..looks.canvas import BandLook, Look
from ..translation import tr


class Degradation(EcoAlgorithm):
    """Where services and quality were lost and won, layer by layer and together."""

    NAME = "degradation"
    GROUP = "quality"

    def declare(self) -> None:
        self.add_rasters("BEFORE", quantity="any", optional=True)
        self.add_rasters("AFTER", quantity="any", optional=True)
        self.add_text("NAMES", "", optional=True)
        self.add_choice("KIND", KINDS, "relative")
        self.add_number("THRESHOLD", minimum=0)
        self.add_rasters("LAND_COVER", quantity="land_cover", optional=True)
        self.add_scheme()
        self.add_number("MINIMUM_CHANGE", minimum=0, advanced=True)
        self.add_text("LOWER_IS_BETTER", "", optional=True, advanced=True)
        self.add_number("BEFORE_BAND", minimum=1, integer=True, advanced=True)
        self.add_number("AFTER_BAND", minimum=1, integer=True, advanced=True)
        self.add_polygons("ECOREGIONS")
        self.add_field("ECOREGION_FIELD", "ECOREGIONS")
        self.add_number("REFERENCE_PERCENTILE", 95, 0, 100, advanced=True)
        self.add_range("VALUE", quantity="any")
        self.add_raster_settings(several_years=False)
        self.add_raster_output("OUTPUT", quantity="degradation_class", optional=False)
        self.add_raster_output("OUTPUT_SEVERITY", quantity="severity_class")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_table_output("OUTPUT_SEVERITY_TABLE")
        self.add_report_output()
        self.add_number_output("DEGRADED", "IMPROVED", "DEGRADED_SHARE")

    def compute(self, given: Given, progress: Progress) -> Results:
        layers = compared_layers(
            given.rasters("BEFORE"),
            given.rasters("AFTER"),
            given.text("NAMES"),
            given.text("LOWER_IS_BETTER"),
            (given.optional_integer("BEFORE_BAND"), given.optional_integer("AFTER_BAND")),
            given.limits("VALUE"),
        )
        land_cover = given.rasters("LAND_COVER")
        inputs = DegradationInputs(
            layers,
            given.choice("KIND"),
            given.number("THRESHOLD"),
            given.number("MINIMUM_CHANGE"),
            land_cover,
            given.scheme() if land_cover else None,
            given.required_number("REFERENCE_PERCENTILE"),
            given.polygons("ECOREGIONS"),
            next(iter(given.fields("ECOREGION_FIELD")), None),
        )
        outputs = DegradationOutputs(given.output("OUTPUT"), given.output("OUTPUT_SEVERITY"), self.provenance())
        result = run_degradation(inputs, outputs, self.raster_settings(given), progress.part(0, 92))
        results = self._publish_maps(result, outputs)
        results.update(self.publish_report(given, lambda language: degradation_report(result, outputs, language)))
        results.update(self.publish_table("OUTPUT_TABLE", degradation_table(result)))
        results.update(self.publish_table("OUTPUT_SEVERITY_TABLE", severity_table(result)))
        degraded, improved, share = result.headline()
        progress.info(
            tr(
                "{layer}: {degraded:,.2f} ha ({share:.2f} %) degraded, {improved:,.2f} ha improved.",
                layer=result.layers[0],
                degraded=degraded,
                share=share,
                improved=improved,
            )
        )
        results.update(self.publish_numbers(DEGRADED=degraded, IMPROVED=improved, DEGRADED_SHARE=share))
        return results

    def _publish_maps(self, result: DegradationResult, outputs: DegradationOutputs) -> Results:
        language = user_language()
        words = load_texts(language)
        titles = tuple(told(words, layer) for layer in result.layers)
        judged = tuple(layer.name for layer in result.inputs.layers)
        return {
            **self._publish_classes("OUTPUT", outputs.classes, titles, legend("degradation", language)),
            **self._publish_classes("OUTPUT_SEVERITY", outputs.severity, judged, legend("severity", language)),
        }

    def _publish_classes(
        self, name: str, path: str | None, titles: Sequence[str], classes: tuple[ClassColour, ...]
    ) -> Results:
        """A layer per band, the first band on top."""
        label = self.label(name)
        bands = [BandLook(band, f"{label}: {title}") for band, title in enumerate(titles, start=1)]
        return self.publish_raster(name, path, Look(label, tuple(reversed(bands)), classes=classes))
