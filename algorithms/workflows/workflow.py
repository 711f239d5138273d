"""What the workflows share: questions before the first step, one study area, one folder, one report."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingUtils,
)

from ...core.errors import Cancelled, EcoAssetsError, InputError
from ...core.inputs.needs import AnyOf, Beside, Filled
from ...core.progress import Progress
from ...core.raster.dataset import view_of_band
from ...core.raster.files import workspace
from ...core.raster.study import within
from ...core.report import Map, MethodReport
from ...core.terrain.class_tables import terrain_names
from ...core.workflows.answers.found import Found
from ...core.workflows.answers.page import Page
from ...core.workflows.combined_report import PageOne, StepReport, combined_report
from ...core.workflows.driver_headlines import driver_names
from ...core.workflows.headlines import Headline, headline_table
from ...core.workflows.places_report import place_headlines
from ...core.workflows.preflight import BOUNDARY_NEEDED, COVER_NEEDED, YEARS_NEEDED, YearlyRasters, check_rasters
from ...core.workflows.study_area import SharedArea, area_headlines, share_study_area
from ..base import EcoAlgorithm, Results
from ..declared import METHODS, WORKBOOK
from ..given import Given
from ..outputs import make_folder
from ..reporting.gathered import gather_reports
from ..translation import tr
from .chain import Chain
from .downloads import Downloads
from .placing import Placing

AREA_FILE = "study_area.tif"
REPORT_FILE = "report.html"
FROM_DOWNLOADS = (
    AnyOf(("LAND_COVER", "DOWNLOADS"), COVER_NEEDED),
    Filled("DOWNLOADS"),
    Beside("YEARS", "DOWNLOADS", "LAND_COVER", YEARS_NEEDED),
    Beside("BOUNDARY", "DOWNLOADS", "LAND_COVER", BOUNDARY_NEEDED),
)
AWAY_FILES = {WORKBOOK: "tables.xlsx", METHODS: "methods.md"}


def last_land_cover(given: Given) -> str:
    """The land cover of the last year, for steps of one date; of a raster with a band per year a view of the last."""
    paths, years = given.rasters("LAND_COVER"), given.years()
    if len(paths) == len(years):
        return paths[-1]
    view = QgsProcessingUtils.generateTempFilename(f"land_cover_{years[-1]}.vrt")
    return view_of_band(paths[0], len(years), view)


class Workflow(EcoAlgorithm):
    """Chains algorithms of this provider: `follow` runs the steps and tells the headline figures."""

    GROUP = "workflows"
    BESIDE: ClassVar[Mapping[str, str]] = {"OUTPUT_HTML": REPORT_FILE, **AWAY_FILES}
    # The file that is the main map of the run, as the abstract would show it.
    MAIN_MAP = ""
    # Rasters by year that are compared with the years and the grid of the land cover before the first step.
    YEARLY: tuple[str, ...] = ()
    # Parameters that a folder of downloads may feed; none where the workflow takes no such folder.
    FED: tuple[str, ...] = ()
    # Which chapters of the steps are results, by name of the algorithm (and `:about`); the others go to the appendix.
    RESULTS: ClassVar[Mapping[str, tuple[int, ...]]] = {}

    def fed(self, given: Given) -> tuple[str, ...]:
        """The parameters that a folder of downloads may feed in this run."""
        return self.FED

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
        with workspace() as scratch:
            downloads = self._downloads(given, scratch, progress)
            return self._run(given, folder, downloads, progress)

    def _downloads(self, given: Given, scratch: str, progress: Progress) -> Downloads | None:
        """What a folder of downloads feeds, None without one."""
        if not self.FED or not given.has("DOWNLOADS"):
            return None
        return Downloads(self, given, self.fed(given), scratch, progress)

    def _ask(self, given: Given, downloads: Downloads | None) -> None:
        """Asks all that can be known before the first step. Raises EcoAssetsError."""
        try:
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
        except InputError as reason:
            raise (downloads.refused(reason) if downloads else reason) from None

    def _run(self, given: Given, folder: str, downloads: Downloads | None, progress: Progress) -> Results:
        self._ask(given, downloads)
        reports: list[StepReport] = []
        where = self._context, self._feedback, folder
        self.placing = Placing(given)
        steps = self.steps(given) + (downloads.steps if downloads else 0)
        chain = Chain(given, self._files_read, *where, steps, reports, self._away, self.RESULTS)
        self._shown = chain.shown
        try:
            with gather_reports(reports, self._away):
                if downloads:
                    downloads.bring(chain)
                    self._ask(given, downloads)
                shared = self._share_area(given, chain, progress)
                with within(shared.source):
                    headlines = [*area_headlines(shared), *self.follow(given, chain)]
                    places = self.placing.find(shared, progress)
            headlines += [headline for one in places for headline in place_headlines(one)]
            data = downloads.told if downloads else None
            page_one = PageOne(self.page, partial(self.maps, given, chain), places, data)
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
            classes = self._class_names(language)
            names = {**classes, **terrain_names(language), **driver_names(language), **self.names(given)}
            return combined_report(headlines, reports, language, period, names, shared, page_one)

        return self.publish_report(given, whole) | self.publish_table("OUTPUT_TABLE", headline_table(headlines))
