"""What the workflows share: children that run one after the other, one folder, one report."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingMultiStepFeedback,
    QgsProcessingUtils,
)

from ...core.errors import Cancelled, EcoAssetsError, InputError, OutputError
from ...core.progress import Progress
from ...core.raster.dataset import view_of_band
from ...core.raster.names import is_one_file
from ...core.raster.study import within
from ...core.report import Map, MethodReport
from ...core.report.texts import load_texts
from ...core.tables import Table, read_table
from ...core.terrain.class_tables import terrain_names
from ...core.workflows.answers.found import Found
from ...core.workflows.answers.page import Page
from ...core.workflows.combined_report import PageOne, StepReport, combined_report
from ...core.workflows.driver_headlines import driver_names
from ...core.workflows.headlines import Headline, headline_table
from ...core.workflows.places_report import place_headlines
from ...core.workflows.preflight import YearlyRasters, check_rasters
from ...core.workflows.study_area import SharedArea, area_headlines, share_study_area
from ..base import EcoAlgorithm, Results
from ..declared import METHODS, WORKBOOK
from ..given import Given
from ..outputs import make_folder, require_apart
from ..reporting.gathered import gather_reports
from ..reporting.takeaway import TakeAway
from ..settings import report_language
from ..translation import tr
from .placing import Placing

AREA_FILE = "study_area.tif"
REPORT_FILE = "report.html"
AWAY_FILES = {WORKBOOK: "tables.xlsx", METHODS: "methods.md"}


def last_land_cover(given: Given) -> str:
    """The land cover of the last year, for steps of one date; of a raster with a band per year a view of the last."""
    paths, years = given.rasters("LAND_COVER"), given.years()
    if len(paths) == len(years):
        return paths[-1]
    view = QgsProcessingUtils.generateTempFilename(f"land_cover_{years[-1]}.vrt")
    return view_of_band(paths[0], len(years), view)


class Step:
    """A child algorithm that has run: where its results are."""

    def __init__(self, results: dict[str, Any]) -> None:
        self._results = results

    def path(self, output: str = "OUTPUT") -> str:
        """The file of an output."""
        return str(self._results[output])

    def table(self, output: str = "OUTPUT_TABLE") -> Table:
        """A table that it wrote."""
        return read_table(self.path(output))

    def number(self, output: str) -> float | None:
        """A number output, None where it does not exist."""
        value = self._results.get(output)
        return None if value is None else float(value)


class Chain:
    """Runs algorithms of this provider as children. What they share with the workflow by name is passed on.

    Attributes:
        finished: how many have succeeded.
        shown: files that become layers of the project where there is one, in the order of the steps.
    """

    def __init__(
        self,
        given: Given,
        files_read: Mapping[tuple[str, str], str],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
        folder: str,
        steps: int,
        reports: list[StepReport],
        away: TakeAway,
        results: Mapping[str, tuple[int, ...]],
    ) -> None:
        self._results = results
        self._given, self._context, self._feedback, self._folder = given, context, feedback, folder
        self._files_read = files_read
        self._steps, self._started, self._reports, self._away = steps, 0, reports, away
        self._multi = QgsProcessingMultiStepFeedback(steps, feedback)
        self.finished = 0
        self.shown: list[str] = []

    def file(self, name: str) -> str:
        """A file of this name in the folder of results."""
        return os.path.join(self._folder, name)

    def require_free(self, path: str) -> None:
        """Raises OutputError where a file of the workflow's own would replace one of its inputs."""
        label = next((label for (file, _), label in self._files_read.items() if is_one_file(file, path)), None)
        if label is not None:
            raise OutputError(
                tr("{path} is an input ({label}), and the workflow writes a file of this name. Choose another FOLDER.",
                   path=path, label=label)
            )  # fmt: skip

    def run(
        self, name: str, files: dict[str, str], *, shown: Sequence[str] = (), about: str = "", **parameters: Any
    ) -> Step:
        """Runs the algorithm `ecoassets:name`.

        Args:
            name: of the algorithm.
            files: output id to file name within the folder of results.
            shown: outputs that become layers of the project where there is one.
            about: what tells this step from others of the same algorithm; a word of the report's texts.
            parameters: what differs from the workflow's own parameters of the same name; None leaves one out.

        Raises:
            Cancelled: the user stopped.
            OutputError: the step would write over an input of the workflow.
            QgsProcessingException: the child failed; says at which step.
        """
        child = QgsApplication.processingRegistry().createAlgorithmById(f"ecoassets:{name}")
        self._multi.setCurrentStep(self._started)
        self._started += 1
        title = child.displayName()
        if about:
            title = f"{title}: {load_texts(report_language()).get(about, about)}"
        where = tr("Step {step} of {steps}, {title}", step=self._started, steps=self._steps, title=title)
        self._feedback.pushInfo("\n" + where)
        paths = {output: self.file(file) for output, file in files.items()}
        for output in shown:
            label = child.parameterDefinition(output).description()
            details = QgsProcessingContext.LayerDetails(label, self._context.project(), output)
            self._context.addLayerToLoadOnCompletion(paths[output], details)
        self.shown += [paths[output] for output in shown]
        given = {**self._shared_with(child), **parameters, **paths}
        given = {key: value for key, value in given.items() if value is not None}
        if child.parameterDefinition("OUTPUT_HTML") is not None:
            given["OUTPUT_HTML"] = self.file(f"{name}.html")  # gathered, not written
        require_apart(child, given, self._files_read)  # a step would else replace what a later one reads
        valid, message = child.checkParameterValues(given, self._context)
        if not valid:
            raise QgsProcessingException(f"{where}: {message}")
        told = len(self._reports)
        try:
            results, succeeded = child.run(given, self._context, self._multi, {}, False)
        except QgsProcessingException as error:
            raise QgsProcessingException(f"{where}: {error}") from None
        if self._feedback.isCanceled():
            raise Cancelled
        if about:
            self._away.name_last_step(title)
        if len(self._reports) > told:
            own = self._results.get(f"{name}:{about}", self._results.get(name, ()))
            chapters = tuple(n for n in own if n < len(self._reports[-1].report.chapters))
            self._reports[-1] = replace(self._reports[-1], title=title, results=chapters)
        if not succeeded:
            raise QgsProcessingException(tr("{where}: there were errors, see the messages above.", where=where))
        self.finished += 1
        return Step({**paths, **results})

    def _shared_with(self, child: QgsProcessingAlgorithm) -> dict[str, Any]:
        """The workflow's parameters that the child has too, apart from outputs; defaults where the child's differ."""
        shared = {}
        names = [definition.name() for definition in child.parameterDefinitions() if not definition.isDestination()]
        for name in names:
            default = self._given.default(name) if self._given.is_left_open(name) else None
            if self._given.has(name):
                shared[name] = self._given.for_child(name)
            elif default not in (None, child.parameterDefinition(name).defaultValue()):
                shared[name] = default
        if "YEARS" in names and "YEARS" not in shared:
            shared["YEARS"] = ", ".join(map(str, self._given.years()))
        return shared


class Workflow(EcoAlgorithm):
    """Chains algorithms of this provider: `follow` runs the steps and tells the headline figures."""

    GROUP = "workflows"
    # The file that is the main map of the run, as the abstract would show it.
    MAIN_MAP = ""
    # Rasters by year that are compared with the years and the grid of the land cover before the first step.
    YEARLY: tuple[str, ...] = ()
    # Which chapters of the steps are results, by name of the algorithm (and `:about`); the others go to the appendix.
    RESULTS: ClassVar[Mapping[str, tuple[int, ...]]] = {}

    def steps(self, given: Given) -> int:
        """How many steps this run has."""
        raise NotImplementedError

    def asks(self, given: Given) -> list[tuple[str, dict[str, Any]]]:
        """The steps of this run that have needs of their own, with what differs from the workflow's parameters."""
        return []

    def unmet(self, parameters: dict[str, Any], context: QgsProcessingContext) -> list[str]:
        """What the workflow itself needs, then what its steps need, each under the title of the step."""
        reasons = super().unmet(parameters, context)
        given = Given(self, parameters, context, layers=False)
        for name, different in self.asks(given):
            child = QgsApplication.processingRegistry().createAlgorithmById(f"ecoassets:{name}")
            shared = {d.name(): parameters.get(d.name()) for d in child.parameterDefinitions()}
            asked = {key: value for key, value in {**shared, **different}.items() if value is not None}
            known = "\n".join(reasons)
            reasons += [f"{child.displayName()}: {one}" for one in child.unmet(asked, context) if one not in known]
        return reasons

    def check(self, given: Given) -> None:
        """Refuses before the first step what a later one would refuse. May raise `EcoAssetsError`."""

    def follow(self, given: Given, chain: Chain) -> list[Headline]:
        """Runs the steps and returns what the abstract would report."""
        raise NotImplementedError

    def page(self, found: Found) -> Page:
        """What page one of the report answers."""
        raise NotImplementedError

    def maps(self, given: Given, chain: Chain, language: str) -> list[Map]:
        """The maps of page one, the first of them before the figures; of files that were written."""
        return []

    def names(self, given: Given) -> dict[str, str]:
        """Names of subjects of the headline figures, by id, in the language of the report."""
        return {}

    def layers_made(self, results: Results) -> list[str]:
        main = [path for path in self._shown if os.path.basename(path) == self.MAIN_MAP]
        others = [path for path in self._shown if path not in main]
        return [*main, *others, *super().layers_made(results)]

    def add_workflow_outputs(self) -> None:
        self.add_raster_settings()
        self.add_folder_output("FOLDER")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()

    def away_file(self, given: Given, name: str) -> str | None:
        """Beside the other results where no other place is given."""
        return super().away_file(given, name) or os.path.join(given.folder("FOLDER"), AWAY_FILES[name])

    def compute(self, given: Given, progress: Progress) -> Results:
        folder = os.path.normpath(given.folder("FOLDER"))
        make_folder(folder)
        check_rasters(
            given.rasters("LAND_COVER"),
            given.years(),
            [
                YearlyRasters(self.parameterDefinition(name).description(), given.rasters(name))
                for name in self.YEARLY
                if given.rasters(name)
            ],
        )
        self.check(given)
        names = [definition.name() for definition in self.parameterDefinitions() if not definition.isDestination()]
        reasons = self.unmet({name: given.for_child(name) for name in names}, self._context)
        if reasons:
            raise InputError("\n".join(reasons))
        reports: list[StepReport] = []
        where = self._context, self._feedback, folder
        self.placing = Placing(given)
        chain = Chain(given, self._files_read, *where, self.steps(given), reports, self._away, self.RESULTS)
        self._shown = chain.shown
        try:
            shared = self._share_area(given, chain, progress)
            with gather_reports(reports, self._away), within(shared.source):
                headlines = [*area_headlines(shared), *self.follow(given, chain)]
                places = self.placing.find(shared, progress)
            headlines += [headline for one in places for headline in place_headlines(one)]
            page_one = PageOne(self.page, partial(self.maps, given, chain), places)
            return {"FOLDER": folder, **self._publish(given, headlines, reports, shared, page_one)}
        except (Cancelled, EcoAssetsError, QgsProcessingException):
            if chain.finished:
                progress.warn(tr("What the steps that had finished made stays in {folder}.", folder=folder))
            raise

    def report_place(self, given: Given, name: str) -> str | None:
        """Beside the other results, unless the user has named a file of his own."""
        path = given.file_output(name)
        if path and not os.path.abspath(path).startswith(os.path.abspath(QgsProcessingUtils.tempFolder())):
            return path
        return os.path.join(os.path.normpath(given.folder("FOLDER")), REPORT_FILE)

    def _share_area(self, given: Given, chain: Chain, progress: Progress) -> SharedArea:
        """The land that all steps work on, so that their shares have one base."""
        path = chain.file(AREA_FILE)
        for written in (path, *map(chain.file, AWAY_FILES.values())):
            chain.require_free(written)
        settings = self.raster_settings(given)
        land = given.rasters("LAND_COVER"), given.years(), given.scheme()
        return share_study_area(*land, path, settings, progress.part(0, 0))

    def _publish(
        self,
        given: Given,
        headlines: Sequence[Headline],
        reports: Sequence[StepReport],
        shared: SharedArea,
        page_one: PageOne,
    ) -> Results:
        def whole(language: str) -> MethodReport:
            years = given.years()
            period = f"{years[0]}–{years[-1]}" if len(years) > 1 else str(years[0])
            names = {**terrain_names(language), **driver_names(language), **self.names(given)}
            return combined_report(headlines, reports, language, period, names, shared, page_one)

        return self.publish_report(given, whole) | self.publish_table("OUTPUT_TABLE", headline_table(headlines))
