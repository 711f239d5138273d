"""Trends of a yearly raster series."""

from __future__ import annotations

from ...core.progress import Progress
from ...core.quality.legends import legend
from ...core.quality.trend.report import trend_report
from ...core.quality.trend.run import IMPROVES, WORSENS, TrendInputs, TrendOutputs, TrendResult, run_trend, trend_table
from ...core.quality.trend.statistics import FEWEST_DATES
from ...core.raster.statistics import stored_statistics
from ..base import EcoAlgorithm, Results
from ..compat import user_language
from ..given import Given
from ..looks.canvas import BandLook, Level, Look, range_about_zero
from ..translation import tr

P_LEVELS = (
    Level(0.01, "p ≤ 0.01", "#472d7b"),
    Level(0.05, "p ≤ 0.05", "#2c728e"),
    Level(0.1, "p ≤ 0.1", "#addc30"),
    Level(1.0, "p > 0.1", "#e5e7eb"),
)


class Trend(EcoAlgorithm):
    """Sen's slope, the Mann-Kendall test and trend classes of every pixel."""

    NAME = "trend"
    GROUP = "quality"

    def declare(self) -> None:
        self.add_rasters("RASTERS", quantity="any", ranges=True)
        self.add_years()
        self.add_number("ALPHA", 0.05, 0, 1)
        self.add_number("STABLE_SLOPE", 0, 0)
        self.add_flag("PREWHITEN", False)
        self.add_choice("VARIANCE", ("independent", "hamed_rao"), "independent", advanced=True)
        self.add_number("FEWEST_YEARS", FEWEST_DATES, FEWEST_DATES, integer=True, advanced=True)
        self.add_raster_settings(classes=False)
        self.add_raster_output("OUTPUT", quantity="trend_slope", optional=False)
        self.add_raster_output("OUTPUT_CLASSES", quantity="trend_class")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()
        self.add_number_output("MEAN_SLOPE", "IMPROVED", "DEGRADED")

    def compute(self, given: Given, progress: Progress) -> Results:
        inputs = TrendInputs(
            given.rasters("RASTERS"),
            given.years(),
            given.required_number("ALPHA"),
            given.required_number("STABLE_SLOPE"),
            given.integer("FEWEST_YEARS"),
            given.flag("PREWHITEN"),
            given.choice("VARIANCE"),
            *given.limits("RASTERS"),
        )
        outputs = TrendOutputs(given.output("OUTPUT"), given.output("OUTPUT_CLASSES"), self.provenance())
        result = run_trend(inputs, outputs, self.raster_settings(given), progress.part(0, 92))
        results = self._publish_maps(outputs)
        results.update(self.publish_report(given, lambda language: trend_report(result, outputs, language)))
        results.update(self.publish_table("OUTPUT_TABLE", trend_table(result)))
        results.update(self._publish_numbers(result, progress))
        return results

    def _publish_numbers(self, result: TrendResult, progress: Progress) -> Results:
        improved, degraded = result.area_ha[IMPROVES], result.area_ha[WORSENS]
        progress.info(
            tr(
                "Mean slope {slope:.6g} per year; significant improvement on {improved:,.2f} ha, significant "
                "degradation on {degraded:,.2f} ha.",
                slope=result.mean_slope,
                improved=improved,
                degraded=degraded,
            )
        )
        return self.publish_numbers(MEAN_SLOPE=result.mean_slope, IMPROVED=improved, DEGRADED=degraded)

    def _publish_maps(self, outputs: TrendOutputs) -> Results:
        published: Results = {}
        title = self.displayName()
        if outputs.statistics:
            slope, z, _, _ = stored_statistics(outputs.statistics)
            bands = (
                BandLook(4, f"{title}: tau", limits=(-1, 1)),
                BandLook(3, f"{title}: p", levels=P_LEVELS),
                BandLook(2, f"{title}: z", limits=range_about_zero([z])),
                BandLook(1, f"{title}: {self.label('OUTPUT')}", limits=range_about_zero([slope])),
            )
            published |= self.publish_raster("OUTPUT", outputs.statistics, Look(title, bands, palette="diverging"))
        if outputs.classes:
            label = self.label("OUTPUT_CLASSES")
            look = Look(label, (BandLook(1, label),), classes=legend("trend", user_language()))
            published |= self.publish_raster("OUTPUT_CLASSES", outputs.classes, look)
        return published
