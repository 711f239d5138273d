"""Coefficients that vary over places, scales and years."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...core.progress import Progress
from ..base import Results
from ..given import Given
from ..looks.vector_look import FeatureLook, named_for
from ..translation import tr
from .driver import DriverAlgorithm

if TYPE_CHECKING:
    from ...core.drivers.local.choice import LocalChoice
    from ...core.drivers.local.run import LocalRun

METHODS = ("gwr", "mgwr", "gtwr")
KERNELS = ("bisquare", "gaussian", "exponential")
KINDS = ("adaptive", "fixed")
CRITERIA = ("aicc", "cv")
STOPS = ("f", "rss")


class LocalRegression(DriverAlgorithm):
    """Geographically weighted regression, multiscale or over space and time."""

    NAME = "localregression"

    def declare(self) -> None:
        self.add_features("INPUT")
        self.add_field("Y", "INPUT", optional=False)
        self.add_field("X", "INPUT", optional=False, multiple=True)
        self.add_choice("METHOD", METHODS, "gwr")
        self.add_field("ENTITY", "INPUT")
        self.add_field("TIME", "INPUT")
        self.add_number("YEAR", integer=True)
        self.add_choice("KERNEL", KERNELS, "bisquare")
        self.add_choice("BANDWIDTH_KIND", KINDS, "adaptive")
        self.add_text("BANDWIDTH", optional=True)
        self.add_number("TIME_BANDWIDTH", minimum=0, advanced=True)
        self.add_number("TAU", minimum=0, advanced=True)
        self.add_choice("CRITERION", CRITERIA, "aicc", advanced=True)
        self.add_flag("STANDARDISE", False)
        self.add_flag("WITHIN", False)
        self.add_number("ALPHA", 0.05, 0, 1, advanced=True)
        self.add_number("PERMUTATIONS", 0, 0, integer=True)
        self.add_choice("STOP", STOPS, "f", advanced=True)
        self.add_number("MAX_SWEEPS", 200, 1, integer=True, advanced=True)
        self.add_number("SEED", 0, 0, integer=True, advanced=True)
        self.add_features_output("OUTPUT", optional=False)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_table_output("OUTPUT_TESTS", "OUTPUT_SEARCH")
        self.add_report_output()
        self.add_number_output("AICC", "R2", "BANDWIDTH")

    def compute(self, given: Given, progress: Progress) -> Results:
        from ...core.drivers.local.report import local_report
        from ...core.drivers.local.run import run_local_regression

        choice = _choice(given)
        table = self.read(given, choice.columns(), progress.part(0, 10), [choice.y, *choice.x])
        run = run_local_regression(table, choice, progress.part(10, 95))
        results = self.publish_report(given, lambda language: local_report(run, self.folder_of_maps(), language))
        results |= self._publish_places(run, given)
        results |= self.publish_table("OUTPUT_TABLE", run.term_table())
        results |= self.publish_table("OUTPUT_TESTS", run.model_table())
        results |= self.publish_table("OUTPUT_SEARCH", run.search_table())
        found = run.estimate.diagnostics
        for row in run.term_rows():
            progress.info(
                tr(
                    "{term}: bandwidth {bandwidth:.6g}, median {median:.4g}, significant at {share:.0f} % of places.",
                    term=row.term,
                    bandwidth=row.bandwidth,
                    median=row.median,
                    share=100 * row.share_significant,
                )
            )
        return results | self.publish_numbers(AICC=found.aicc, R2=found.r2, BANDWIDTH=run.estimate.bandwidths[0])

    def _publish_places(self, run: LocalRun, given: Given) -> Results:
        looks = _looks(run, named_for(self.displayName(), run.choice.y))
        rows = run.observations.rows.tolist()
        return self.publish_rows("OUTPUT", given, run.table, rows, run.columns(), run.output(), looks)


def _looks(run: LocalRun, name: str) -> FeatureLook:
    """The first driver's coefficient, and styles for every coefficient, its t, fit and collinearity."""
    fields = dict(zip((column.name for column in run.columns()), run.output()))
    drivers = (*run.terms[1:], run.terms[0])
    looks = [_about_zero(group, term, fields) for group in ("b", "t") for term in drivers]
    if np.isfinite(fields["local_r2"]).any():
        looks.append(FeatureLook("local_r2", "local_r2", 0, 1))
        high = float(np.nanpercentile(fields["condition"], 98))
        looks.append(FeatureLook("condition", "condition", 1, max(high, 2), open_ends=True))
    first = looks[0]
    return FeatureLook(
        named_for(name, first.field),
        first.field,
        first.low,
        first.high,
        first.palette,
        year_field=run.choice.time or "" if run.choice.method == "gtwr" else "",
        open_ends=True,
        greyed=first.greyed,
        others=tuple(looks[1:]),
    )


def _about_zero(group: str, term: str, fields: dict[str, np.ndarray]) -> FeatureLook:
    """Colours for what is significant, grey for the rest."""
    field, significant = f"{group}_{term}", f"significant_{term}"
    known = np.isfinite(fields[field])
    told = known & (fields[significant] == 1)
    bound = float(np.percentile(np.abs(fields[field][told if told.any() else known]), 98)) or 1.0
    return FeatureLook(field, field, -bound, bound, "diverging", open_ends=True, greyed=significant)


def _choice(given: Given) -> LocalChoice:
    from ...core.drivers.local.choice import LocalChoice

    return LocalChoice(
        y=given.fields("Y")[0],
        x=tuple(given.fields("X")),
        method=given.choice("METHOD"),
        entity=given.field("ENTITY"),
        time=given.field("TIME"),
        year=given.number("YEAR"),
        within=given.flag("WITHIN"),
        kernel=given.choice("KERNEL"),
        kind=given.choice("BANDWIDTH_KIND"),
        bandwidths=tuple(given.numbers("BANDWIDTH")),
        time_bandwidth=given.number("TIME_BANDWIDTH"),
        tau=given.number("TAU"),
        criterion=given.choice("CRITERION"),
        standardise=given.flag("STANDARDISE"),
        alpha=given.required_number("ALPHA"),
        permutations=given.integer("PERMUTATIONS"),
        stop=given.choice("STOP"),
        most_sweeps=given.integer("MAX_SWEEPS"),
        seed=given.integer("SEED"),
    )
