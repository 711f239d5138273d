"""Fixed effects of cells, years or both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.drivers.observations import TRANSFORMS
from ...core.progress import Progress
from ..base import Results
from ..given import Given
from ..looks.vector_look import named_for
from ..translation import tr
from .driver import DriverAlgorithm, residuals_look

if TYPE_CHECKING:
    from ...core.drivers.panel.run import PanelChoice, PanelRun

EFFECTS = ("entity", "time", "twoway", "none")
MODELS = ("fe", "re", "pooled", "between")
COVARIANCES = ("cluster", "robust", "iid", "driscoll_kraay", "conley")
KERNELS = ("bartlett", "uniform")


class PanelRegression(DriverAlgorithm):
    """Regresses a field on drivers within cells, years or both, exact on unbalanced data."""

    NAME = "panelregression"

    def declare(self) -> None:
        self.add_features("INPUT")
        self.add_field("ENTITY", "INPUT")
        self.add_field("TIME", "INPUT")
        self.add_field("Y", "INPUT", optional=False)
        self.add_field("X", "INPUT", optional=False, multiple=True)
        self.add_choice("EFFECTS", EFFECTS, "twoway")
        self.add_choice("COVARIANCE", COVARIANCES, "cluster")
        self.add_field("CLUSTER", "INPUT", multiple=True)
        self.add_number("BLOCK_SIZE", minimum=0)
        self.add_choice("TRANSFORM", TRANSFORMS, "none")
        self.add_text("TRANSFORM_X", optional=True, advanced=True)
        self.add_number("CUTOFF", minimum=0, advanced=True)
        self.add_choice("KERNEL", KERNELS, "bartlett", advanced=True)
        self.add_number("LAGS", minimum=0, integer=True, advanced=True)
        self.add_number("CONFIDENCE", 0.95, 0, 1, advanced=True)
        self.add_choice("MODEL", MODELS, "fe")
        self.add_text("TERMS", optional=True)
        self.add_flag("AR_TEST", True, optional=True)
        self.add_flag("SECOND_OPINION", True, optional=True)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_table_output("OUTPUT_TESTS", "OUTPUT_TURNING", "OUTPUT_MODELS")
        self.add_features_output("OUTPUT_RESIDUALS")
        self.add_report_output()
        self.add_number_output("N", "R2_WITHIN")

    def compute(self, given: Given, progress: Progress) -> Results:
        from ...core.drivers.panel.report import panel_report
        from ...core.drivers.panel.run import run_panel_regression

        choice = _choice(given)
        table = self.read(given, choice.columns(), progress.part(0, 40), [choice.y, *choice.fields()])
        run = run_panel_regression(table, choice, progress.part(40, 80))
        results = self.publish_report(given, lambda language: panel_report(run, self.folder_of_maps(), language))
        results |= self.publish_table("OUTPUT_TABLE", run.terms())
        results |= self.publish_table("OUTPUT_TESTS", run.tests())
        results |= self.publish_table("OUTPUT_TURNING", run.turning_table())
        results |= self.publish_table("OUTPUT_MODELS", run.models_table())
        if given.has("OUTPUT_RESIDUALS"):
            results |= self._publish_residuals(run, given)
        for term in run.result.terms:
            progress.info(
                tr(
                    "{term}: {estimate:.6g} (std. error {error:.4g}, p {p:.4g}).",
                    term=term.term,
                    estimate=term.estimate,
                    error=term.std_error,
                    p=term.p,
                )
            )
        return results | self.publish_numbers(N=run.result.n, R2_WITHIN=run.result.r2_within)

    def _publish_residuals(self, run: PanelRun, given: Given) -> Results:
        from ...core.drivers.panel.run import residual_columns

        columns, arrays = residual_columns(run)
        look = residuals_look(named_for(self.label("OUTPUT_RESIDUALS"), run.choice.y), run.choice.time or "")
        rows = run.result.rows.tolist()
        return self.publish_rows("OUTPUT_RESIDUALS", given, run.table, rows, columns, arrays, look)


def _choice(given: Given) -> PanelChoice:
    from ...core.drivers.panel.run import PanelChoice
    from ...core.drivers.transforms import read_transforms

    y, x = given.fields("Y")[0], tuple(given.fields("X"))
    lags = given.number("LAGS")
    return PanelChoice(
        y=y,
        x=x,
        entity=given.field("ENTITY"),
        time=given.field("TIME"),
        effects=given.choice("EFFECTS"),
        covariance=given.choice("COVARIANCE"),
        cluster=tuple(given.fields("CLUSTER")),
        transforms=read_transforms(y, given.choice("TRANSFORM"), x, given.text("TRANSFORM_X")),
        block_size=given.number("BLOCK_SIZE") or 0.0,
        cutoff=given.number("CUTOFF"),
        kernel=given.choice("KERNEL"),
        lags=None if lags is None else int(lags),
        confidence=given.required_number("CONFIDENCE"),
        model=given.choice("MODEL"),
        terms=given.text("TERMS"),
        ar_test=given.flag("AR_TEST"),
        second_opinion=given.flag("SECOND_OPINION"),
        compare=given.has("OUTPUT_MODELS") or bool(given.file_output("OUTPUT_HTML")),
    )
