"""Which fields go together, alone and with others held constant."""

from __future__ import annotations

from ...core.progress import Progress
from ..base import Results
from ..given import Given
from ..translation import tr
from .driver import DriverAlgorithm


class CorrelationMatrix(DriverAlgorithm):
    """Pearson, Spearman and Kendall correlations, partial ones, and the number of independent rows behind them."""

    NAME = "correlationmatrix"

    def declare(self) -> None:
        self.add_features("INPUT")
        self.add_field("FIELDS", "INPUT", optional=False, multiple=True)
        self.add_choice("METHOD", ("pearson", "spearman", "kendall"), "pearson")
        self.add_field("PARTIAL", "INPUT", multiple=True)
        self.add_field("TIME", "INPUT")
        self.add_flag("EFFECTIVE_N", True, advanced=False)
        self.add_number("SEED", 0, 0, integer=True, advanced=True)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()
        self.add_number_output("N")

    def compute(self, given: Given, progress: Progress) -> Results:
        from ...core.drivers.correlation.report import correlation_report
        from ...core.drivers.correlation.run import CorrelationChoice, run_correlation_matrix

        choice = CorrelationChoice(
            fields=tuple(given.fields("FIELDS")),
            method=given.choice("METHOD"),
            partial=tuple(given.fields("PARTIAL")),
            time=given.field("TIME"),
            effective=given.flag("EFFECTIVE_N"),
            seed=given.integer("SEED"),
        )
        numbers = [*choice.fields, *choice.partial]
        table = self.read(given, choice.columns(), progress.part(0, 40), numbers)
        run = run_correlation_matrix(table, choice, progress.part(40, 95))
        results = self.publish_report(given, lambda language: correlation_report(run, language))
        results |= self.publish_table("OUTPUT_TABLE", run.table())
        strongest = max(run.pairs(), key=lambda row: abs(row.r) if row.year is None else -1.0)
        progress.info(
            tr("{a} and {b} go together most: r = {r:.3f}.", a=strongest.field_a, b=strongest.field_b, r=strongest.r)
        )
        return results | self.publish_numbers(N=run.by_year[None].n)
