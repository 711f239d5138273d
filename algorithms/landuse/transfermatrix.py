"""Where land changed hands."""

from __future__ import annotations

from ...core.inputs.needs import SeveralYears
from ...core.landuse.transfer.report import transfer_report
from ...core.landuse.transfer.run import (
    ONE_YEAR,
    TransferInputs,
    TransferOutputs,
    TransferResult,
    run_transfer_matrix,
)
from ...core.landuse.transfer.tables import balance_table, change_legend, degree_table, transfer_table
from ...core.progress import Progress
from ..base import EcoAlgorithm, Results
from ..compat import user_language
from ..given import Given
from ..looks.canvas import BandLook, Look, leads_to


class TransferMatrix(EcoAlgorithm):
    """Which area of which class became which, by zone, between any two years of a series."""

    NAME = "transfermatrix"
    NEEDS = (SeveralYears(ONE_YEAR),)
    GROUP = "landuse"

    def declare(self) -> None:
        self.add_land_cover()
        self.add_zones()
        self.add_raster_settings()
        self.add_raster_output("OUTPUT", quantity="land_change", optional=False)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_table_output("OUTPUT_BALANCE", "OUTPUT_DEGREES")
        self.add_report_output()

    def compute(self, given: Given, progress: Progress) -> Results:
        inputs = TransferInputs(given.rasters("LAND_COVER"), given.years(), given.scheme(), given.zones())
        outputs = TransferOutputs(given.output("OUTPUT"), self.provenance())
        settings = self.raster_settings(given)
        result = run_transfer_matrix(inputs, outputs, settings, progress.part(0, 92))
        results = self.publish_raster("OUTPUT", outputs.change, self._look(result))
        results.update(self.publish_report(given, lambda language: transfer_report(result, outputs, language)))
        results.update(self.publish_table("OUTPUT_TABLE", transfer_table(result)))
        results.update(self.publish_table("OUTPUT_BALANCE", balance_table(result)))
        results.update(self.publish_table("OUTPUT_DEGREES", degree_table(result)))
        return results

    def _look(self, result: TransferResult) -> Look:
        label = self.label("OUTPUT")
        bands = tuple(
            BandLook(
                p + 1,
                f"{label} {a}–{b}",
                leads_to((a, b), result.pairs),
                classes=change_legend(result, p, user_language()),
            )
            for p, (a, b) in enumerate(result.pairs)
        )
        return Look(label, bands)
