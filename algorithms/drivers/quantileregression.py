"""What drivers do where values are low, and where they are high."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.drivers.observations import TRANSFORMS
from ...core.drivers.sampling.inputs import parse_numbers
from ...core.progress import Progress
from ..base import Results
from ..given import Given
from ..translation import tr
from .driver import DriverAlgorithm

if TYPE_CHECKING:
    from ...core.drivers.quantile.run import QuantileChoice

METHODS = ("pooled", "canay", "mmqr", "koenker")
STD_ERRORS = ("nid", "iid", "bootstrap", "rank")


class QuantileRegression(DriverAlgorithm):
    """Regresses conditional quantiles on drivers, exactly, over pooled rows or with effects of cells."""

    NAME = "quantileregression"

    def declare(self) -> None:
        self.add_features("INPUT")
        self.add_field("Y", "INPUT", optional=False)
        self.add_field("X", "INPUT", optional=False, multiple=True)
        self.add_text("QUANTILES", "0.10, 0.25, 0.50, 0.75, 0.90")
        self.add_choice("METHOD", METHODS, "pooled")
        self.add_field("ENTITY", "INPUT")
        self.add_field("TIME", "INPUT")
        self.add_flag("YEAR_DUMMIES", True, advanced=False)
        self.add_choice("STD_ERROR", STD_ERRORS, "nid")
        self.add_field("CLUSTER", "INPUT")
        self.add_number("BLOCK_SIZE", minimum=0, advanced=True)
        self.add_choice("TRANSFORM", TRANSFORMS, "none", advanced=True)
        self.add_text("TRANSFORM_X", optional=True, advanced=True)
        self.add_number("REPLICATIONS", 200, 2, integer=True, advanced=True)
        self.add_number("SEED", 0, 0, integer=True, advanced=True)
        self.add_number("PENALTY", 1, 0, advanced=True)
        self.add_number("CONFIDENCE", 0.95, 0, 1, advanced=True)
        self.add_flag("SECOND_OPINION", True, optional=True)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_table_output("OUTPUT_TESTS")
        self.add_report_output()
        self.add_number_output("N")

    def compute(self, given: Given, progress: Progress) -> Results:
        from ...core.drivers.quantile.report import quantile_report
        from ...core.drivers.quantile.run import run_quantile_regression

        choice = _choice(given)
        table = self.read(given, choice.columns(), progress.part(0, 30), [choice.y, *choice.x])
        run = run_quantile_regression(table, choice, progress.part(30, 98))
        results = self.publish_report(given, lambda language: quantile_report(run, language))
        results |= self.publish_table("OUTPUT_TABLE", run.terms())
        results |= self.publish_table("OUTPUT_TESTS", run.tests())
        for term in run.result.terms:
            if term.term in run.observations.x_names:
                progress.info(
                    tr(
                        "{term} at the quantile {quantile:g}: {estimate:.6g}",
                        term=term.term,
                        quantile=term.quantile,
                        estimate=term.estimate,
                    )
                )
        return results | self.publish_numbers(N=run.result.n)


def _choice(given: Given) -> QuantileChoice:
    from ...core.drivers.quantile.run import QuantileChoice
    from ...core.drivers.transforms import read_transforms

    y, x = given.fields("Y")[0], tuple(given.fields("X"))
    return QuantileChoice(
        y=y,
        x=x,
        quantiles=parse_numbers(given.text("QUANTILES"), "QUANTILES"),
        method=given.choice("METHOD"),
        entity=given.field("ENTITY"),
        time=given.field("TIME"),
        year_dummies=given.flag("YEAR_DUMMIES"),
        std_error=given.choice("STD_ERROR"),
        cluster=given.field("CLUSTER"),
        block_size=given.number("BLOCK_SIZE") or 0.0,
        transforms=read_transforms(y, given.choice("TRANSFORM"), x, given.text("TRANSFORM_X")),
        replications=given.integer("REPLICATIONS"),
        seed=given.integer("SEED"),
        penalty=given.required_number("PENALTY"),
        confidence=given.required_number("CONFIDENCE"),
        second_opinion=given.flag("SECOND_OPINION"),
    )
