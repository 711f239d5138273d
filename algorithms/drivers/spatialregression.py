"""Regressions in which neighbours count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.drivers.observations import TRANSFORMS
from ...core.progress import Progress
from ..base import Results
from ..given import Given
from ..looks.vector_look import named_for
from ..translation import tr
from .driver import DriverAlgorithm, residuals_look
from .touching import touching_weights

if TYPE_CHECKING:
    from ...core.drivers.spatial_regression.run import SpatialChoice, SpatialRun

MODELS = ("auto", "ols", "slx", "sar", "sem", "sdm", "sdem", "sac")
METHODS = ("auto", "ml", "gmm", "gmm_het")
EFFECTS = ("none", "entity", "twoway")
CORRECTIONS = ("lee_yu", "none")
NEIGHBOURS = ("queen", "rook", "knn", "distance")


class SpatialRegression(DriverAlgorithm):
    """Spatial lag, error and Durbin models of places or panels, with direct, indirect and total effects."""

    NAME = "spatialregression"

    def declare(self) -> None:
        self.add_features("INPUT")
        self.add_field("Y", "INPUT", optional=False)
        self.add_field("X", "INPUT", optional=False, multiple=True)
        self.add_choice("MODEL", MODELS, "auto")
        self.add_choice("METHOD", METHODS, "auto")
        self.add_field("ENTITY", "INPUT")
        self.add_field("TIME", "INPUT")
        self.add_number("YEAR", integer=True)
        self.add_choice("EFFECTS", EFFECTS, "none")
        self.add_choice("CORRECTION", CORRECTIONS, "lee_yu", advanced=True)
        self.add_flag("COMPLETE", False)
        self.add_choice("NEIGHBOURS", NEIGHBOURS, "queen")
        self.add_number("K", 8, 1, integer=True, advanced=True)
        self.add_number("DISTANCE", minimum=0, advanced=True)
        self.add_choice("TRANSFORM", TRANSFORMS, "none")
        self.add_text("TRANSFORM_X", optional=True, advanced=True)
        self.add_number("DRAWS", 1000, 100, integer=True, advanced=True)
        self.add_number("SEED", 0, 0, integer=True, advanced=True)
        self.add_number("CONFIDENCE", 0.95, 0, 1, advanced=True)
        self.add_table_output("OUTPUT_TABLE", "OUTPUT_EFFECTS", default=True)
        self.add_table_output("OUTPUT_TESTS", "OUTPUT_MODELS")
        self.add_features_output("OUTPUT")
        self.add_report_output()
        self.add_number_output("RHO", "LAMBDA", "LOG_LIKELIHOOD", "N")

    def compute(self, given: Given, progress: Progress) -> Results:
        from ...core.drivers.spatial_regression.report import spatial_regression_report
        from ...core.drivers.spatial_regression.run import run_spatial_regression

        choice = _choice(given)
        source = given.source("INPUT")
        table = self.read(given, choice.columns(), progress.part(0, 15), [choice.y, *choice.x])
        weigh = None
        if choice.neighbours in ("queen", "rook"):
            weigh = touching_weights(source, table, choice.neighbours, progress.part(15, 20))
        run = run_spatial_regression(table, choice, weigh, progress.part(20, 95))
        results = self.publish_report(
            given, lambda language: spatial_regression_report(run, self.folder_of_maps(), language)
        )
        results |= self.publish_table("OUTPUT_TABLE", run.coefficient_table())
        results |= self.publish_table("OUTPUT_EFFECTS", run.effect_table())
        results |= self.publish_table("OUTPUT_TESTS", run.test_table())
        results |= self.publish_table("OUTPUT_MODELS", run.model_table())
        if given.has("OUTPUT"):
            results |= self._publish_places(run, given)
        for row in run.effects.rows:
            if row.std_error is not None:
                progress.info(
                    tr(
                        "{term}, {effect}: {estimate:.6g} (std. error {error:.4g}, p {p:.4g}).",
                        term=row.term,
                        effect=row.effect,
                        estimate=row.estimate,
                        error=row.std_error,
                        p=row.p,
                    )
                )
        numbers = {
            "RHO": run.fit.rho,
            "LAMBDA": run.fit.lam,
            "LOG_LIKELIHOOD": run.fit.log_likelihood,
            "N": float(run.fit.design.n),
        }
        return results | self.publish_numbers(**{name: each for name, each in numbers.items() if each is not None})

    def _publish_places(self, run: SpatialRun, given: Given) -> Results:
        columns, arrays = run.output()
        year_field = run.choice.time or "" if run.rows.times > 1 else ""
        look = residuals_look(named_for(self.label("OUTPUT"), run.choice.y), year_field)
        return self.publish_rows("OUTPUT", given, run.table, run.places.tolist(), columns, arrays, look)


def _choice(given: Given) -> SpatialChoice:
    from ...core.drivers.spatial_regression.run import SpatialChoice
    from ...core.drivers.transforms import read_transforms

    y, x = given.fields("Y")[0], tuple(given.fields("X"))
    return SpatialChoice(
        y=y,
        x=x,
        model=given.choice("MODEL"),
        method=given.choice("METHOD"),
        entity=given.field("ENTITY"),
        time=given.field("TIME"),
        year=given.number("YEAR"),
        effects=given.choice("EFFECTS"),
        correction=given.choice("CORRECTION"),
        complete=given.flag("COMPLETE"),
        neighbours=given.choice("NEIGHBOURS"),
        k=given.integer("K"),
        distance=given.number("DISTANCE") or 0.0,
        transforms=read_transforms(y, given.choice("TRANSFORM"), x, given.text("TRANSFORM_X")),
        draws=given.integer("DRAWS"),
        seed=given.integer("SEED"),
        confidence=given.required_number("CONFIDENCE"),
    )
