"""Ecosystem quality."""

from __future__ import annotations

from ...core.inputs.needs import Columns
from ...core.progress import Progress
from ...core.quality.ecosystem.report import quality_report
from ...core.quality.ecosystem.run import (
    GRADE_SCHEMES,
    METHODS,
    NATURAL,
    REFERENCES,
    QualityInputs,
    QualityOutputs,
    QualityResult,
    run_ecosystem_quality,
)
from ...core.quality.ecosystem.tables import headline, quality_change_table, quality_table
from ...core.quality.legends import legend
from ...core.quality.named_rasters import group_by_name, indicator_ranges
from ...core.word_lists import split_words
from ..base import EcoAlgorithm, Results
from ..compat import user_language
from ..given import Given
from ..translation import tr
from .looks import yearly_classes, yearly_ramp


class EcosystemQuality(EcoAlgorithm):
    """Biomass, or leaf area, cover and productivity, relative to the best of their kind, in five grades."""

    NAME = "ecosystemquality"
    NEEDS = (Columns("REFERENCE_TABLE", ("indicator", "ecosystem", "reference")),)
    GROUP = "quality"

    def declare(self) -> None:
        self.add_rasters("INDICATORS", quantity="any")
        self.add_text("NAMES")
        self.add_land_cover()
        self.add_choice("METHOD", METHODS, "eqi")
        self.add_polygons("ECOREGIONS")
        self.add_field("ECOREGION_FIELD", "ECOREGIONS")
        self.add_choice("REFERENCE", REFERENCES, "pooled")
        self.add_table("REFERENCE_TABLE")
        self.add_text("ECOSYSTEMS", ", ".join(NATURAL), advanced=True)
        self.add_flag("CROPLAND", False, optional=True)
        self.add_table("GRADE_TABLE", advanced=True)
        self.add_polygons("GRADE_ZONES", advanced=True)
        self.add_field("GRADE_ZONE_FIELD", "GRADE_ZONES", advanced=True)
        self.add_choice("GRADES", tuple(GRADE_SCHEMES), "by_method", advanced=True)
        self.add_number("PERCENTILE", minimum=0, maximum=100, advanced=True)
        self.add_number("FEWEST_PIXELS", 100, 1, integer=True, advanced=True)
        self.add_text("INDICATORS_MIN", "", optional=True, advanced=True)
        self.add_text("INDICATORS_MAX", "", optional=True, advanced=True)
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", quantity="ecosystem_quality", optional=False)
        self.add_raster_output("OUTPUT_CLASSES", quantity="quality_class")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_table_output("OUTPUT_REFERENCES", "OUTPUT_CHANGE")
        self.add_report_output()
        for name in (
            "MEAN_FIRST", "MEAN_LAST", "SUMMARY_FIRST", "SUMMARY_LAST", "CHANGE_PCT", "SAME_FIRST", "SAME_LAST",
        ):  # fmt: skip
            self.add_number_output(name)

    def compute(self, given: Given, progress: Progress) -> Results:
        indicators = group_by_name(given.rasters("INDICATORS"), given.text("NAMES"), "INDICATORS", given.years())
        minimum, maximum = indicator_ranges(indicators, given.text("INDICATORS_MIN"), given.text("INDICATORS_MAX"))
        inputs = QualityInputs(
            indicators=indicators,
            years=given.years(),
            land_cover=given.rasters("LAND_COVER"),
            scheme=given.scheme(),
            method=given.choice("METHOD"),
            ecosystems=_ecosystems(given),
            ecoregions=given.polygons("ECOREGIONS"),
            ecoregion_field=next(iter(given.fields("ECOREGION_FIELD")), None),
            reference=given.choice("REFERENCE"),
            percentile=given.number("PERCENTILE"),
            fewest_pixels=given.integer("FEWEST_PIXELS"),
            reference_table=given.table("REFERENCE_TABLE"),
            grades=GRADE_SCHEMES[given.choice("GRADES")],
            minimum=minimum,
            maximum=maximum,
            grade_table=given.table("GRADE_TABLE"),
            grade_zones=given.polygons("GRADE_ZONES"),
            grade_zone_field=next(iter(given.fields("GRADE_ZONE_FIELD")), None),
        )
        outputs = QualityOutputs(given.output("OUTPUT"), given.output("OUTPUT_CLASSES"), self.provenance())
        settings = self.raster_settings(given)
        result = run_ecosystem_quality(inputs, outputs, settings, progress.part(0, 92))
        results = self._publish_maps(result, outputs)
        results.update(self.publish_report(given, lambda language: quality_report(result, outputs, language)))
        results.update(self.publish_table("OUTPUT_TABLE", quality_table(result)))
        results.update(self.publish_table("OUTPUT_REFERENCES", result.references.table))
        results.update(self.publish_table("OUTPUT_CHANGE", quality_change_table(result)))
        results.update(self._publish_numbers(result, progress))
        return results

    def _publish_numbers(self, result: QualityResult, progress: Progress) -> Results:
        found = headline(result)
        for year, mean, summary in zip(result.inputs.years, found.means, found.summaries):
            progress.info(
                tr("{year}: mean index {mean:.2f}, summary index {summary:.2f}.", year=year, mean=mean, summary=summary)
            )
        if result.pairs:
            progress.info(
                tr(
                    "On the land that has an index in all of these years: {first:.2f} to {last:.2f}, {change:+.2f} %.",
                    first=found.same_first,
                    last=found.same_last,
                    change=found.change_pct,
                )
            )
        return self.publish_numbers(
            MEAN_FIRST=found.means[0],
            MEAN_LAST=found.means[-1],
            SUMMARY_FIRST=found.summaries[0],
            SUMMARY_LAST=found.summaries[-1],
            CHANGE_PCT=found.change_pct,
            SAME_FIRST=found.same_first,
            SAME_LAST=found.same_last,
        )

    def _publish_maps(self, result: QualityResult, outputs: QualityOutputs) -> Results:
        years = result.inputs.years
        grades = yearly_classes(self.label("OUTPUT_CLASSES"), years, legend("quality", user_language()))
        return {
            **self.publish_raster("OUTPUT_CLASSES", outputs.classes, grades),
            **self.publish_raster("OUTPUT", outputs.index, yearly_ramp(self.label("OUTPUT"), years, high=100)),
        }


def _ecosystems(given: Given) -> tuple[str, ...]:
    """The ecosystems that are named, and cropland where it is asked for."""
    named = split_words(given.text("ECOSYSTEMS"))
    return tuple(dict.fromkeys([*named, *(["cropland"] if given.flag("CROPLAND") else [])]))
