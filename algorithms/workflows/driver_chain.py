"""The chain of driver methods that a workflow runs by choice: detector by year, local model, importance."""

from __future__ import annotations

from ...core.workflows.driver_headlines import (
    detector_years_headlines,
    importance_headlines,
    local_headlines,
    parse_factor_groups,
)
from ...core.workflows.headlines import Headline
from ..base import EcoAlgorithm
from ..given import Given
from .chain import Chain, Step
from .sampling import Sampling

DETECTOR, LOCAL, IMPORTANCE = "detector_by_year", "local_model", "importance"
DRIVER_CHAIN = (DETECTOR, LOCAL, IMPORTANCE)
ENGINES = ("xgboost", "lightgbm", "forest")


class DriverChainParameters(EcoAlgorithm):
    """Declares which methods run, and how drivers are grouped."""

    def add_driver_chain(self) -> None:
        self.add_choices("DRIVER_CHAIN", DRIVER_CHAIN, optional=True)
        self.add_text("FACTOR_GROUPS", optional=True, advanced=True)
        self.add_choice("ENGINE", ENGINES, "xgboost", advanced=True, optional=True)


class DriverChain:
    """The methods that were chosen, on the sample of a workflow."""

    def __init__(self, given: Given, sampling: Sampling, explained: str) -> None:
        self._given, self._sampling, self._explained = given, sampling, explained
        self.chosen = tuple(given.choices("DRIVER_CHAIN"))

    def check(self) -> None:
        """Raises InputError for groups that hold no driver, and for a package that is not there."""
        from ...core.drivers.importance.engines import require_engine

        self._groups()
        if IMPORTANCE in self.chosen:
            require_engine(self._given.choice("ENGINE"))

    def _groups(self) -> dict[str, tuple[str, ...]]:
        return parse_factor_groups(self._given.text("FACTOR_GROUPS"), self._sampling.drivers)

    def run(self, chain: Chain, sample: Step) -> list[Headline]:
        """Runs them one after the other and tells who drives what, where and since when."""
        steps = {DETECTOR: self._detector, LOCAL: self._local, IMPORTANCE: self._importance}
        return [headline for name in DRIVER_CHAIN if name in self.chosen for headline in steps[name](chain, sample)]

    def _detector(self, chain: Chain, sample: Step) -> list[Headline]:
        files = {
            "OUTPUT_FACTORS": "detector_years_factors.csv",
            "OUTPUT_INTERACTIONS": "detector_years_interactions.csv",
        }
        found = chain.run(
            "geodetector",
            files,
            about=DETECTOR,
            INPUT=sample.path(),
            Y=self._explained,
            FACTORS=self._sampling.drivers,
            TIME="year",
        )
        return detector_years_headlines(found.table("OUTPUT_FACTORS"), self._groups())

    def _local(self, chain: Chain, sample: Step) -> list[Headline]:
        files = {"OUTPUT": "local_model.gpkg", "OUTPUT_TABLE": "local_model.csv"}
        last = self._given.years()[-1]
        found = chain.run(
            "localregression",
            files,
            shown=["OUTPUT"],
            INPUT=sample.path(),
            Y=self._explained,
            X=self._sampling.drivers,
            ENTITY="cell_id",
            TIME="year",
            YEAR=last,
            STANDARDISE=True,
        )
        return local_headlines(found.table(), last)

    def _importance(self, chain: Chain, sample: Step) -> list[Headline]:
        files = {
            "OUTPUT": "driver_importance.gpkg",
            "OUTPUT_TABLE": "driver_importance.csv",
            "OUTPUT_THRESHOLDS": "driver_thresholds.csv",
        }
        found = chain.run(
            "driverimportance",
            files,
            shown=["OUTPUT"],
            INPUT=sample.path(),
            Y=self._explained,
            X=self._sampling.drivers,
            ENTITY="cell_id",
            TIME="year",
        )
        tables = found.table(), found.table("OUTPUT_THRESHOLDS"), found.table("OUTPUT")
        return importance_headlines(*tables, self._groups())
