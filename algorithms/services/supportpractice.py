"""Support practice, the P of RUSLE."""

from __future__ import annotations

from ...core.errors import InputError
from ...core.inputs.needs import Columns, Rows, scheme_asked
from ...core.progress import Progress
from ...core.services.soil.reports import practice_report
from ...core.services.soil.slope import Terrain
from ...core.services.soil.support_practice import (
    PRESETS,
    P,
    PracticeInputs,
    PracticeOutputs,
    practice_table,
    run_support_practice,
)
from ..base import Results
from ..given import Given
from ..translation import tr
from .service import ServiceAlgorithm


class SupportPractice(ServiceAlgorithm):
    """P by land cover and, for sloping cropland, by slope."""

    NAME = "supportpractice"
    NEEDS = (
        Columns("P_TABLE", ("code", "p")),
        Rows(
            "P_TABLE",
            lambda table, asked: practice_table(scheme_asked(asked), asked.choice("PRESET"), table),
            "codes, 0 to 1, slopes that do not overlap",
        ),
    )

    def declare(self) -> None:
        self.add_cover()
        self.add_years()
        self.add_raster("DEM", quantity="elevation", optional=True, ranges=True)
        self.add_raster("SLOPE", quantity="slope", optional=True, ranges=True, unit_from="SLOPE_UNIT")
        self.add_choice("SLOPE_UNIT", ("degrees", "percent"), "degrees")
        self.add_choice("PRESET", tuple(PRESETS), "china")
        self.add_table("P_TABLE")
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", quantity="practice_factor", optional=False)
        self.add_report_output()
        self.add_number_output("MEAN")

    def compute(self, given: Given, progress: Progress) -> Results:
        inputs = PracticeInputs(
            self.cover(given),
            given.optional_years(),
            terrain_of(given),
            given.choice("PRESET"),
            given.table("P_TABLE"),
        )
        path = given.required_output("OUTPUT")
        outputs = PracticeOutputs(path, self.provenance())
        sums = run_support_practice(inputs, outputs, self.raster_settings(given), progress.part(0, 95))
        results = self.publish_map("OUTPUT", path, sums.years, limits=(0.0, 1.0))
        results.update(self.publish_report(given, lambda language: practice_report(sums, inputs, path, language)))
        results.update(self.publish_numbers(MEAN=sums.mean(P)[-1]))
        return results


def terrain_of(given: Given) -> Terrain | None:
    """Slope from `SLOPE` in `SLOPE_UNIT`, else from `DEM`; None where neither was given.

    Raises:
        InputError: both were given.
    """
    slope, dem = given.raster("SLOPE"), given.raster("DEM")
    if slope and dem:
        raise InputError(tr("DEM and SLOPE are both given. Give one of them."))
    if slope:
        return Terrain(slope, given.choice("SLOPE_UNIT"), *given.limits("SLOPE"))
    return Terrain(dem, "dem", *given.limits("DEM")) if dem else None
