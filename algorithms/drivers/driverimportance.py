"""Which drivers matter, how, and from which value on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.progress import Progress
from ..base import Results
from ..given import Given
from ..looks.vector_look import FeatureClass, FeatureLook, named_for
from ..translation import tr
from .driver import DriverAlgorithm

if TYPE_CHECKING:
    from ...core.drivers.importance.choice import ImportanceChoice
    from ...core.drivers.importance.run import ImportanceRun

ENGINES = ("xgboost", "lightgbm", "forest")
VALIDATIONS = ("blocks", "random", "years")


class DriverImportance(DriverAlgorithm):
    """Boosted trees or a forest, validated by blocks, explained by SHAP and accumulated effects."""

    NAME = "driverimportance"

    def declare(self) -> None:
        self.add_features("INPUT")
        self.add_field("Y", "INPUT", optional=False)
        self.add_field("X", "INPUT", optional=False, multiple=True)
        self.add_field("CATEGORICAL", "INPUT", multiple=True)
        self.add_field("ENTITY", "INPUT")
        self.add_field("TIME", "INPUT")
        self.add_choice("ENGINE", ENGINES, "xgboost")
        self.add_choice("VALIDATION", VALIDATIONS, "blocks")
        self.add_number("BLOCK_SIZE", 0, 0)
        self.add_number("FOLDS", 5, 2, integer=True, advanced=True)
        self.add_number("TREES", 500, 10, integer=True, advanced=True)
        self.add_number("DEPTH", 4, 1, integer=True, advanced=True)
        self.add_number("LEARNING_RATE", 0.05, 0.001, 1, advanced=True)
        self.add_number("MINIMUM_LEAF", 20, 1, integer=True, advanced=True)
        self.add_number("REPEATS", 20, 0, integer=True, advanced=True)
        self.add_number("EXPLAIN_ROWS", 20_000, 0, integer=True, advanced=True)
        self.add_number("THREADS", 1, 1, integer=True, advanced=True)
        self.add_number("SEED", 0, 0, integer=True, advanced=True)
        self.add_features_output("OUTPUT", optional=False)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_table_output("OUTPUT_CURVES", "OUTPUT_THRESHOLDS", "OUTPUT_INTERACTIONS", "OUTPUT_TESTS")
        self.add_report_output()
        self.add_number_output("R2_BLOCKS", "R2_RANDOM")

    def compute(self, given: Given, progress: Progress) -> Results:
        from ...core.drivers.importance.engines import require_engine
        from ...core.drivers.importance.report import importance_report
        from ...core.drivers.importance.run import run_driver_importance

        choice = _choice(given)
        require_engine(choice.settings.engine)
        table = self.read(given, choice.columns(), progress.part(0, 10), [choice.y, *choice.numeric])
        run = run_driver_importance(table, choice, progress.part(10, 95))
        results = self.publish_report(given, lambda language: importance_report(run, self.folder_of_maps(), language))
        results |= self._publish_places(run, given)
        results |= self.publish_table("OUTPUT_TABLE", run.driver_table())
        results |= self.publish_table("OUTPUT_CURVES", run.curve_table())
        results |= self.publish_table("OUTPUT_THRESHOLDS", run.threshold_table())
        results |= self.publish_table("OUTPUT_INTERACTIONS", run.interaction_table())
        results |= self.publish_table("OUTPUT_TESTS", run.skill_table())
        for row in run.drivers:
            progress.info(
                tr(
                    "{rank}. {driver}: {share:.1f} %, R2 {change:+.3f} when shuffled.",
                    rank=row.rank,
                    driver=row.driver,
                    share=row.share_pct,
                    change=-row.permutation,
                )
            )
        return results | self.publish_numbers(R2_BLOCKS=run.r2("blocks"), R2_RANDOM=run.r2("random"))

    def _publish_places(self, run: ImportanceRun, given: Given) -> Results:
        columns, arrays = run.output()
        looks = _looks(run, named_for(self.displayName(), run.choice.y))
        return self.publish_rows("OUTPUT", given, run.table, run.places.tolist(), columns, arrays, looks)


def _looks(run: ImportanceRun, name: str) -> FeatureLook:
    """The strongest driver of each place, and styles for every driver's SHAP values."""
    from ...core.drivers.importance.report import driver_colours

    colours = driver_colours(run.rows.drivers)
    classes = tuple(FeatureClass(driver, driver, colour) for driver, colour in colours)
    others = []
    for driver, bound in run.shap_bounds().items():
        field = f"shap_{driver}"
        others.append(FeatureLook(field, field, -bound, bound, "diverging", open_ends=True))
    year = run.choice.time or ""
    if not others:
        bound = run.residual_bound()
        return FeatureLook(name, "residual", -bound, bound, "diverging", year_field=year, open_ends=True)
    return FeatureLook(name, "top_driver", classes=classes, year_field=year, others=tuple(others))


def _choice(given: Given) -> ImportanceChoice:
    from ...core.drivers.importance.choice import ImportanceChoice
    from ...core.drivers.importance.engines import Settings

    return ImportanceChoice(
        y=given.fields("Y")[0],
        x=tuple(given.fields("X")),
        categorical=tuple(given.fields("CATEGORICAL")),
        entity=given.field("ENTITY"),
        time=given.field("TIME"),
        settings=Settings(
            engine=given.choice("ENGINE"),
            trees=given.integer("TREES"),
            depth=given.integer("DEPTH"),
            rate=given.required_number("LEARNING_RATE"),
            leaf=given.integer("MINIMUM_LEAF"),
            threads=given.integer("THREADS"),
            seed=given.integer("SEED"),
        ),
        validation=given.choice("VALIDATION"),
        block_size=given.number("BLOCK_SIZE") or 0.0,
        folds=given.integer("FOLDS"),
        repeats=given.integer("REPEATS"),
        explain_rows=given.integer("EXPLAIN_ROWS"),
    )
