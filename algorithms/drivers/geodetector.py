"""How much of the variance lies between the strata of factors, alone and in pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.errors import InputError
from ...core.progress import Progress
from ..base import Results
from ..given import Given
from ..translation import tr
from .driver import DriverAlgorithm

if TYPE_CHECKING:
    from ...core.drivers.geodetector.run import GeodetectorChoice

DISCRETISE = ("equal", "quantile", "natural", "geometric", "sd")


class Geodetector(DriverAlgorithm):
    """Factor, interaction, risk and ecological detector, with optimal discretisation of numbers."""

    NAME = "geodetector"

    def declare(self) -> None:
        self.add_features("INPUT")
        self.add_field("Y", "INPUT", optional=False)
        self.add_field("FACTORS", "INPUT", optional=False, multiple=True)
        self.add_field("CATEGORICAL", "INPUT", multiple=True)
        self.add_choices("DISCRETISE", (*DISCRETISE, "optimal"), DISCRETISE)
        self.add_text("CLASSES", "3-8")
        self.add_choice("RULE", ("loess", "max"), "loess")
        self.add_choice("STRATA", ("classes", "tree"), "classes")
        self.add_text("BREAKS", optional=True)
        self.add_table("BREAKS_TABLE", advanced=True)
        self.add_field("TIME", "INPUT")
        self.add_choice("YEAR_BREAKS", ("pooled", "own"), "pooled", advanced=True)
        self.add_flag("SHARES", True, advanced=False, optional=True)
        self.add_number("FOLDS", 0, 0, integer=True)
        self.add_number("CHANGE_DRAWS", 0, 0, integer=True, advanced=True, optional=True)
        self.add_choice("SINGLETONS", ("keep", "drop"), "keep", advanced=True)
        self.add_number("PERMUTATIONS", 0, 0, integer=True)
        self.add_field("BLOCKS", "INPUT", advanced=True)
        self.add_number("BLOCK_SIZE", minimum=0, advanced=True)
        self.add_number("SEED", 0, 0, integer=True, advanced=True)
        self.add_choice("VARIANCE", ("sample", "population"), "sample", advanced=True)
        self.add_number("CONFIDENCE", 0.95, 0, 1, advanced=True)
        self.add_flag("SECOND_OPINION", True, optional=True)
        self.add_table_output("OUTPUT_FACTORS", default=True)
        for name in ("INTERACTIONS", "RISK", "ECOLOGICAL", "BREAKS", "TREES", "TESTS"):
            self.add_table_output(f"OUTPUT_{name}")
        self.add_report_output()
        self.add_number_output("N")

    def compute(self, given: Given, progress: Progress) -> Results:
        from ...core.drivers.geodetector.report import geodetector_report
        from ...core.drivers.geodetector.run import run_geodetector

        choice = _choice(given)
        numbers = [choice.y, *(name for name in choice.factors if name not in choice.categorical)]
        table = self.read(given, choice.columns(), progress.part(0, 30), numbers)
        run = run_geodetector(table, choice, progress.part(30, 95))
        results = self.publish_report(given, lambda language: geodetector_report(run, self.folder_of_maps(), language))
        results |= self.publish_table("OUTPUT_FACTORS", run.factors())
        results |= self.publish_table("OUTPUT_INTERACTIONS", run.interactions())
        results |= self.publish_table("OUTPUT_RISK", run.risk())
        results |= self.publish_table("OUTPUT_ECOLOGICAL", run.ecological())
        results |= self.publish_table("OUTPUT_BREAKS", run.breaks())
        results |= self.publish_table("OUTPUT_TREES", run.trees())
        results |= self.publish_table("OUTPUT_TESTS", run.tests())
        for row in run.result.factors:
            if row.q is not None:
                progress.info(tr("{factor}: q = {q:.4f}, {n} strata.", factor=row.factor, q=row.q, n=row.strata))
        return results | self.publish_numbers(N=int(run.result.used.sum()))


def _choice(given: Given) -> GeodetectorChoice:
    from ...core.drivers.geodetector.options import DetectorOptions
    from ...core.drivers.geodetector.run import GeodetectorChoice, parse_classes
    from ...core.drivers.geodetector.strata import StrataSettings

    strata = StrataSettings(
        methods=given.choices("DISCRETISE"),
        classes=parse_classes(given.text("CLASSES")),
        rule=given.choice("RULE"),
        limits=_limits(given),
        kind=given.choice("STRATA"),
    )
    options = DetectorOptions(
        strata=strata,
        singletons=given.choice("SINGLETONS"),
        permutations=given.integer("PERMUTATIONS"),
        seed=given.integer("SEED"),
        confidence=given.required_number("CONFIDENCE"),
        variance=given.choice("VARIANCE"),
        shares=given.flag("SHARES"),
        folds=given.integer("FOLDS"),
        year_breaks=given.choice("YEAR_BREAKS"),
        second_opinion=given.flag("SECOND_OPINION"),
        change_draws=int(given.number("CHANGE_DRAWS") or 0),
    )
    return GeodetectorChoice(
        y=given.fields("Y")[0],
        factors=tuple(given.fields("FACTORS")),
        categorical=tuple(given.fields("CATEGORICAL")),
        options=options,
        block=given.field("BLOCKS"),
        block_size=given.number("BLOCK_SIZE") or 0.0,
        time=given.field("TIME"),
    )


def _limits(given: Given) -> dict[str, tuple[float, ...]]:
    from ...core.drivers.geodetector.run import breaks_of, parse_breaks

    table = given.table("BREAKS_TABLE")
    written = parse_breaks(given.text("BREAKS"))
    if table is not None and written:
        raise InputError(tr("BREAKS and BREAKS_TABLE are both given. Choose one."))
    return breaks_of(table) if table is not None else written
