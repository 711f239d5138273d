"""Habitat quality by threats and sensitivity, with the equations of InVEST."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from ...core.errors import InputError
from ...core.inputs.needs import Asked, Columns, Metres, Rows, scheme_asked
from ...core.progress import Progress
from ...core.services.habitat.quality import QualityInputs, QualityOutputs, read_sensitivity, run_habitat_quality
from ...core.services.habitat.reports import habitat_quality_report
from ...core.services.habitat.threats import Method, read_threats
from ...core.services.survey import Rasters
from ...core.word_lists import split_words
from ..base import Results
from ..given import Given
from ..translation import tr
from .service import ServiceAlgorithm


class HabitatQuality(ServiceAlgorithm):
    """How far threats around a place degrade its habitat."""

    NAME = "habitatquality"
    NEEDS = (
        Metres("LAND_COVER", ("METHOD", "accumulated")),
        Columns("THREAT_TABLE", ("threat", "max_distance_km", "weight", "decay")),
        Columns("SENSITIVITY_TABLE", ("code", "habitat")),
        Rows("THREAT_TABLE", lambda table, asked: read_threats(table, _names(asked)), "a row per name of NAMES"),
        Rows(
            "SENSITIVITY_TABLE",
            lambda table, asked: read_sensitivity(table, _names(asked), scheme_asked(asked)),
            "a column per name of NAMES, codes",
        ),
    )

    def declare(self) -> None:
        self.add_cover()
        self.add_years()
        self.add_rasters("THREATS", quantity="threat", ranges=True)
        self.add_text("NAMES")
        self.add_table("THREAT_TABLE", optional=False)
        self.add_table("SENSITIVITY_TABLE", optional=False)
        self.add_choice("METHOD", get_args(Method), "nearest")
        self.add_number("HALF_SATURATION", 0.05, 0)
        self.add_raster("ACCESS", quantity="access", optional=True, ranges=True)
        self.add_flag("NORMALISE", True)
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", quantity="habitat_quality", optional=False)
        self.add_raster_output("OUTPUT_DEGRADATION", quantity="habitat_degradation")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()
        self.add_number_output("MEAN_FIRST", "MEAN")

    def compute(self, given: Given, progress: Progress) -> Results:
        inputs = QualityInputs(
            cover=self.cover(given),
            threats=_threats(given),
            threat_table=given.required_table("THREAT_TABLE"),
            sensitivity_table=given.required_table("SENSITIVITY_TABLE"),
            years=given.optional_years(),
            half_saturation=given.required_number("HALF_SATURATION"),
            access=self.optional_series(given, "ACCESS"),
            method=given.choice("METHOD"),
            normalise=given.flag("NORMALISE"),
        )
        outputs = QualityOutputs(given.output("OUTPUT"), given.output("OUTPUT_DEGRADATION"), self.provenance())
        result = run_habitat_quality(inputs, outputs, self.raster_settings(given), progress.part(0, 95))
        results = self.publish_map("OUTPUT", outputs.quality, result.years, limits=(0.0, 1.0))
        results.update(self.publish_map("OUTPUT_DEGRADATION", outputs.degradation, result.years))
        results.update(self.publish_report(given, lambda language: habitat_quality_report(result, outputs, language)))
        results.update(self.publish_table("OUTPUT_TABLE", result.table()))
        results.update(self.publish_numbers(MEAN_FIRST=result.means[0], MEAN=result.means[-1]))
        return results


def _names(asked: Asked) -> tuple[str, ...]:
    names = split_words(asked.text("NAMES"))
    _require_one_each(names, asked.rasters("THREATS"))
    return tuple(dict.fromkeys(names))


def _require_one_each(names: Sequence[str], paths: Sequence[str]) -> None:
    if len(names) != len(paths):
        raise InputError(
            tr(
                "NAMES holds {count} names ({names}) for {rasters} threat rasters. Give one name for each raster, in "
                "their order; repeat the name for the years of one threat.",
                count=len(names),
                names=", ".join(names) or "-",
                rasters=len(paths),
            )
        )


def _threats(given: Given) -> dict[str, Rasters]:
    """Rasters by the name of their threat; a name given several times holds the years of one threat."""
    paths, names = given.required_rasters("THREATS"), split_words(given.text("NAMES"))
    _require_one_each(names, paths)
    limits = given.limits("THREATS")
    return {
        name: Rasters(tuple(path for path, word in zip(paths, names) if word == name), *limits)
        for name in dict.fromkeys(names)
    }
