"""Priority ranking of land by what its loss would cost, as Zonation does."""

from __future__ import annotations

from ...core.progress import Progress
from ...core.zoning.ranking.report import ranking_report
from ...core.zoning.ranking.run import RankingInputs, RankingOutputs, curve_table, run_priority_ranking
from ..base import Results
from ..given import Given
from ..looks.canvas import BandLook, Look
from ..translation import tr
from .zoning import ZoningAlgorithm


class PriorityRanking(ZoningAlgorithm):
    """Removes the cell that is missed least, again and again; the last one is the most important."""

    NAME = "priorityranking"

    def declare(self) -> None:
        self.add_services()
        self.add_text("WEIGHTS", optional=True)
        self.add_choice("RULE", ("additive", "core_area"), "additive")
        self.add_number("WARP", 1, 1, integer=True)
        self.add_number("EXPONENT", 0.25, 0, 1, advanced=True)
        self.add_raster("COST", quantity="conservation_cost", optional=True)
        self.add_polygons("LOCKED_IN")
        self.add_polygons("LOCKED_OUT")
        self.add_raster_settings(several_years=False, classes=False)
        self.add_raster_output("OUTPUT", quantity="priority_rank", optional=False)
        self.add_table_output("OUTPUT_CURVES", default=True)
        self.add_report_output()
        self.add_number_output("CELLS")

    def compute(self, given: Given, progress: Progress) -> Results:
        inputs = RankingInputs(
            services=self.services(given),
            weights=given.numbers("WEIGHTS"),
            rule=given.choice("RULE"),
            warp=given.integer("WARP"),
            exponent=given.required_number("EXPONENT"),
            cost=given.raster("COST"),
            locked_in=given.polygons("LOCKED_IN"),
            locked_out=given.polygons("LOCKED_OUT"),
        )
        outputs = RankingOutputs(given.output("OUTPUT"), self.provenance())
        result = run_priority_ranking(inputs, outputs, self.raster_settings(given), progress.part(0, 95))
        label = self.label("OUTPUT")
        results = self.publish_raster("OUTPUT", outputs.rank, Look(label, (BandLook(1, label),)))
        results.update(self.publish_report(given, lambda language: ranking_report(result, outputs, language)))
        results.update(self.publish_table("OUTPUT_CURVES", curve_table(result)))
        if result.streamed:
            progress.info(
                tr("The area is too large to rank cell by cell in memory: it was ranked in steps of one percent.")
            )
        results.update(self.publish_numbers(CELLS=result.cells))
        return results
