"""What the algorithms of ecosystem services share: series by year, land cover, maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ...core.raster.output import ClassColour
from ...core.raster.statistics import stored_statistics
from ...core.report import MethodReport
from ...core.results import ResultTable
from ...core.services.survey import Climate, Cover, Rasters
from ..base import EcoAlgorithm, Results
from ..given import Given
from ..looks.canvas import BandLook, Look, common_range, range_about_zero

Years = Sequence["int | None"]


class ServiceResult(Protocol):
    """What every service tells."""

    @property
    def totals(self) -> tuple[float, ...]:
        """Per year."""

    def table(self) -> ResultTable:
        """By year and ecosystem."""


class ServiceAlgorithm(EcoAlgorithm):
    """Maps a service, or a factor of one, for several years or without a year."""

    GROUP = "services"

    # parameters

    def add_cover(self, optional: bool = False) -> None:
        """Land cover and what its codes mean."""
        self.add_rasters("LAND_COVER", quantity="land_cover", optional=optional)
        self.add_scheme()

    def add_years(self, climate: bool = False) -> None:
        """Years, which may be left out for one result without a year."""
        super().add_years()
        if climate:
            self.add_choice("CLIMATE", ("actual", "mean"), "actual")

    # values

    def series(self, given: Given, name: str) -> Rasters:
        """A series that must be there."""
        return Rasters(given.required_rasters(name), *given.limits(name))

    def optional_series(self, given: Given, name: str) -> Rasters | None:
        return Rasters(given.rasters(name), *given.limits(name)) if given.rasters(name) else None

    def cover(self, given: Given) -> Cover:
        return Cover(given.required_rasters("LAND_COVER"), given.scheme())

    def optional_cover(self, given: Given) -> Cover | None:
        return self.cover(given) if given.rasters("LAND_COVER") else None

    def climate(self, given: Given) -> Climate:
        return given.choice("CLIMATE")

    # results

    def publish_service(self, given: Given, result: ServiceResult, report: Callable[[str], MethodReport]) -> Results:
        """The report, the table by ecosystem, and the totals of the first and last year.

        Args:
            given: names the file of the report, if it is wanted.
            result: of the run.
            report: makes the report in a language.
        """
        results = self.publish_report(given, report)
        totals = self.publish_numbers(TOTAL_FIRST=result.totals[0], TOTAL=result.totals[-1])
        return results | self.publish_table("OUTPUT_TABLE", result.table()) | totals

    def publish_map(
        self,
        name: str,
        path: str | None,
        years: Years,
        limits: tuple[float, float] | None = None,
        classes: Sequence[ClassColour] = (),
        about_zero: bool = False,
    ) -> Results:
        """A layer per year with one ramp, or one legend of classes, for all of them.

        Args:
            name: of the output.
            path: of the raster; None where it is not wanted.
            years: of the bands; None for a band without a year.
            limits: of the ramp; by default the usual range of the values.
            classes: of a class raster.
            about_zero: whether gains and losses get a diverging ramp with zero in its middle where both occur.
        """
        if not path:
            return {}
        label = self.label(name)
        found = [] if limits or classes else stored_statistics(path)
        diverging = about_zero and any(band.minimum < 0 for band in found)
        usual = range_about_zero(found) if diverging else common_range(found)
        low, high = limits or usual
        bands = tuple(BandLook(band, f"{label} {year or ''}".strip(), year) for band, year in enumerate(years, start=1))
        palette = "diverging" if diverging else "sequential"
        return self.publish_raster(name, path, Look(label, bands, low, high, palette, tuple(classes)))
