"""What air and water purification share: emissions, capacities, the least of both."""

from __future__ import annotations

from ...core.accounts.physical_report import purification_report
from ...core.accounts.purification.run import (
    METHODS,
    PurificationInputs,
    PurificationOutputs,
    PurificationResult,
    run_purification,
)
from ...core.accounts.purification.tables import Medium, class_capacity, read_emissions
from ...core.inputs.needs import Columns, Need, Rows, scheme_asked
from ...core.progress import Progress
from ...core.raster.statistics import stored_statistics
from ...core.tables import Table
from ..base import Results
from ..given import Given
from ..looks.canvas import BandLook, Look, common_range
from .physical import PhysicalAlgorithm


def purification_needs(medium: Medium) -> tuple[Need, ...]:
    """What tables of emissions and capacity of a medium must hold."""
    return (
        Columns("EMISSIONS", ("year", "pollutant", "emission")),
        Columns("CAPACITY", ("pollutant", "capacity", "unit")),
        Rows("EMISSIONS", lambda table, _: read_emissions(table, medium), "known pollutants, masses from 0"),
        Rows("CAPACITY", lambda table, asked: class_capacity(table, scheme_asked(asked), medium), "known pollutants"),
    )


class PurificationAlgorithm(PhysicalAlgorithm):
    """The least of what is emitted and what can be taken up, by zone.

    Attributes:
        MEDIUM: what is purified.
    """

    MEDIUM: Medium

    def declare(self) -> None:
        self.add_places()
        self.add_table("EMISSIONS")
        self.add_table("CAPACITY")
        self.add_choice("METHOD", METHODS, "least")
        self.add_raster_settings()
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_raster_output("OUTPUT", quantity="pollutant_removed")
        self.add_report_output()

    def capacity(self, given: Given) -> Table | None:
        """What can be taken up, where the user does not tell."""
        return given.table("CAPACITY")

    def compute(self, given: Given, progress: Progress) -> Results:
        inputs = PurificationInputs(
            cover=self.land_cover(given),
            years=given.years(),
            emissions=given.table("EMISSIONS"),
            capacity=self.capacity(given),
            medium=self.MEDIUM,
            zones=given.zones(),
            method=given.choice("METHOD"),
        )
        outputs = PurificationOutputs(given.output("OUTPUT"), self.provenance())
        result = run_purification(inputs, outputs, self.raster_settings(given), progress.part(0, 95))
        results = self._publish_map(result, outputs.removed)
        own = given.has("CAPACITY")
        results.update(self.publish_report(given, lambda language: purification_report(result, outputs, language, own)))
        results.update(self.publish_table("OUTPUT_TABLE", result.table()))
        return results

    def _publish_map(self, result: PurificationResult, path: str | None) -> Results:
        if not path:
            return {}
        label = self.label("OUTPUT")
        named = [(year, pollutant) for year in result.years for pollutant in result.pollutants]
        bands = tuple(BandLook(n, f"{label} {of} {year}", year, of=of) for n, (year, of) in enumerate(named, start=1))
        low, high = common_range(stored_statistics(path))
        return self.publish_raster("OUTPUT", path, Look(label, bands, low, high))
