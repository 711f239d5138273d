"""Values by zone and year."""

from __future__ import annotations

from ...core.inputs.needs import Columns
from ...core.progress import Progress
from ...core.terrain.zone_names import unit_of_totals, zone_names
from ...core.terrain.zone_report import zone_report
from ...core.terrain.zone_summary import KINDS, ZoneSummaryInputs, run_zone_summary, zone_table
from ..base import EcoAlgorithm, Results
from ..given import Given


class ZoneSummary(EcoAlgorithm):
    """Area, total, mean, share and change of values by zone: terrain classes, districts, any zones."""

    NAME = "zonesummary"
    NEEDS = (Columns("ZONE_NAMES", ("zone", "name")),)
    GROUP = "terrain"

    def declare(self) -> None:
        self.add_rasters("VALUES", quantity="any", ranges=True)
        self.add_years()
        self.add_raster("ZONES_RASTER", quantity="zone", optional=True)
        self.add_zones(raster=False)
        self.add_choice("KIND", KINDS, "density")
        self.add_table("ZONE_NAMES", advanced=True)
        self.add_raster_settings(maps=False)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()

    def compute(self, given: Given, progress: Progress) -> Results:
        zones, kind = given.zones(), given.choice("KIND")
        minimum, maximum = given.limits("VALUES")
        inputs = ZoneSummaryInputs(
            given.rasters("VALUES"),
            given.years(),
            zones,
            kind,
            zone_names(zones, given.table("ZONE_NAMES")),
            minimum=minimum,
            maximum=maximum,
        )
        result = run_zone_summary(inputs, self.raster_settings(given), progress.part(0, 95))
        results = self.publish_report(
            given, lambda language: zone_report(result, unit_of_totals(inputs.values[0], kind), language)
        )
        results.update(self.publish_table("OUTPUT_TABLE", zone_table(result)))
        return results
