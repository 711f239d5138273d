"""Downloads as inputs of a workflow: what a folder holds is imported onto the grid of the study."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import InputError
from ...core.prepare.downloads.grid import GridWish
from ...core.prepare.downloads.left import not_rewritten, rasters_below
from ...core.prepare.downloads.plan import (
    IMPORT,
    LAND_COVER,
    SCENES,
    SOILS,
    Feed,
    Plan,
    Request,
    Wanted,
    grid_of_study,
    plan_downloads,
)
from ...core.prepare.downloads.report import data_chapter, data_line
from ...core.prepare.downloads.stand_ins import stand_in
from ...core.prepare.downloads.telling import lacking, tell_plan, tell_roads
from ...core.progress import Progress
from ...core.raster.dataset import open_raster
from ...core.raster.grid import Grid
from ...core.report import Block, Chapter
from ..base import EcoAlgorithm
from ..given import Given
from ..help_texts import QUANTITY
from ..outputs import make_folder, remove_empty
from ..settings import report_language
from ..translation import tr
from .chain import Chain

FOLDER = "inputs"  # of imported rasters within the folder of results
SOIL_OUTPUTS = {
    "SAND": "OUTPUT_SAND",
    "SILT": "OUTPUT_SILT",
    "CLAY": "OUTPUT_CLAY",
    "ORGANIC_CARBON": "OUTPUT_CARBON",
    "SOIL_GROUP": "OUTPUT_GROUP",
}
INDICATORS = {"LAI": "lai", "GPP": "gpp"}  # of quality, each a raster of INDICATORS, by the quantity that it holds
COVER = "FVC"  # the third, which comes from NDVI


class DownloadsParameters(EcoAlgorithm):
    """Declares a folder of downloads, which products of several are meant, and the grid where no raster tells it."""

    def add_downloads_as_inputs(self) -> None:
        self.add_downloads(optional=True)
        self.add_text("PREFER", optional=True, advanced=True)
        self.add_text("GRID_CRS", optional=True, advanced=True)
        self.add_number("GRID_CELL_SIZE", None, 0, advanced=True)


class Downloads:
    """What the folder of a run feeds, and how it gets there.

    Attributes:
        plan: what feeds what.
    """

    def __init__(
        self, algorithm: EcoAlgorithm, given: Given, wanted: Sequence[str], scratch: str, progress: Progress
    ) -> None:
        """Plans, tells the plan, and gives the run empty rasters for what will be imported.

        Args:
            algorithm: the workflow.
            given: its parameters, which are supplied.
            wanted: parameters that downloads may feed.
            scratch: a folder for the grid and the empty rasters.
            progress: told of the plan.

        Raises:
            InputError: there is no land cover, or as `plan_downloads`.
            Cancelled: the user stopped.
        """
        self._given, self._scratch, self._progress = given, scratch, progress
        self._left: list[str] = []
        self._indicators: dict[str, str] = {}
        _require_apart(given)
        wishes = [Wanted(name, _quantity(algorithm, name)) for name in wanted if not given.has(name)]
        by_hand = [name for name in wanted if given.has(name)]
        if by_hand:
            listed = ", ".join(by_hand)
            progress.info(tr("Given by hand, and taken whatever the downloads hold: {names}.", names=listed))
        request = Request(
            folder=given.text("DOWNLOADS"),
            wanted=wishes,
            years=given.optional_years(),
            boundary=given.polygons("BOUNDARY"),
            reference=next(iter(given.rasters("LAND_COVER")), None),
            prefer=given.text("PREFER"),
            grid=GridWish(given.text("GRID_CRS"), given.number("GRID_CELL_SIZE") or 0.0),
        )
        self.plan: Plan = plan_downloads(request, progress)
        tell_plan(self.plan, request.years, progress)
        if algorithm.parameterDefinition("MORE_DRIVERS") is not None and not given.has("MORE_DRIVERS"):
            tell_roads(self.plan, progress)
        cover = next((lack for lack in self.plan.lacks if lack.wanted.quantity == LAND_COVER), None)
        if cover is not None:
            raise self.refused(InputError(lacking(cover)))
        self._grid = grid_of_study(self.plan, request, scratch, progress)
        self._stand_in()

    @property
    def steps(self) -> int:
        """How many steps bring the inputs."""
        feeds = self.plan.feeds.values()
        imports, others = [one for one in feeds if one.how == IMPORT], {(one.how, one.table) for one in feeds}
        return len(imports) + len({one for one in others if one[0] != IMPORT}) + (1 if self._makes_cover else 0)

    @property
    def _makes_cover(self) -> bool:
        """Whether vegetation cover is one of the indicators of quality."""
        return self._given.has("NDVI") and any(name in self.plan.feeds for name in INDICATORS)

    def told(self, language: str) -> tuple[Block, Chapter]:
        """What the report tells of the downloads: a line and a chapter."""
        return data_line(self.plan.feeds, language), data_chapter(self.plan, language, FOLDER, self._left)

    def refused(self, reason: InputError) -> InputError:
        """Why the workflow cannot run, with where it stands what the downloads lack."""
        if all(lack.wanted.quantity == LAND_COVER for lack in self.plan.lacks):
            return reason
        return InputError(*reason.args, tr("The log tells above what the downloads feed and lack."))

    def _stand_in(self) -> None:
        """Gives the run empty rasters, so that all it asks can be asked before anything is imported."""
        grid = Grid.of_dataset(open_raster(self._grid))
        for name, feed in self.plan.feeds.items():
            if feed.how == SCENES:
                paths = [self._stand_in_for(name, grid, feed, (str(year),)) for year in feed.years]
                self._give_images(name, paths, dict.fromkeys(feed.years, feed.sensors[0]))
                continue
            bands = [str(year) for year in feed.years] or [""]
            self._supply(name, feed, self._stand_in_for(name, grid, feed, bands))
        if self._makes_cover:
            self._give_indicator(COVER, next(iter(self._indicators.values())))

    def _stand_in_for(self, name: str, grid: Grid, feed: Feed, bands: Sequence[str]) -> str:
        classes = feed.layer.is_classes and not feed.table  # a table turns ids into values
        file = "_".join([name.lower(), *(bands if feed.how == SCENES else ())])
        return stand_in(os.path.join(self._scratch, "stand_ins", f"{file}.tif"), grid, bands, classes)

    def _supply(self, name: str, feed: Feed, path: str) -> None:
        if name in INDICATORS:
            self._give_indicator(name, path)
            return
        several = name not in (*SOIL_OUTPUTS, "DEM")
        self._given.supply(name, [path] if several else path)
        if feed.wanted.quantity == LAND_COVER:
            self._given.supply("SCHEME", feed.layer.scheme)
        if name in SOIL_OUTPUTS and name != "SOIL_GROUP":
            self._given.supply("UNITS", "percent")
        if name == "NPP" and self._given.default("NPP_UNIT") is not None:
            self._given.supply("NPP_UNIT", "gc_m2")

    def _give_indicator(self, name: str, path: str) -> None:
        self._indicators[name] = path
        self._given.supply("INDICATORS", list(self._indicators.values()))
        self._given.supply("NAMES", ", ".join(name.lower() for name in self._indicators))

    def bring(self, chain: Chain) -> None:
        """Imports everything, land cover first, and gives the run the rasters. Raises as the steps."""
        folder = chain.file(FOLDER)
        make_folder(folder)
        try:
            self._bring(chain, folder)
        finally:
            remove_empty([folder])

    def _bring(self, chain: Chain, folder: str) -> None:
        feeds = self.plan.feeds
        before = rasters_below(folder)
        for name, feed in sorted(feeds.items(), key=lambda item: item[1].wanted.quantity != LAND_COVER):
            if feed.how == IMPORT:
                self._supply(name, feed, self._import(chain, feed))
            elif feed.how == SCENES:
                self._compose(chain, name, feed)
        soils = {name: feed for name, feed in feeds.items() if feed.how == SOILS}
        for table in dict.fromkeys(feed.table for feed in soils.values()):
            self._soils(chain, {name: feed for name, feed in soils.items() if feed.table == table})
        if self._makes_cover:
            cover = chain.run("vegetationcover", {"OUTPUT": f"{FOLDER}/fvc.tif"}, about="quality")
            self._give_indicator(COVER, cover.path())
        self._progress.info(tr("What was made of the downloads lies in {folder}.", folder=folder))
        self._left = not_rewritten(folder, before)
        if self._left:
            listed = ", ".join(self._left)
            self._progress.warn(
                tr("{folder} holds rasters of an earlier run, too, which this one does not use: {names}. They stay; "
                   "delete them, or take another FOLDER.", folder=folder, names=listed)
            )  # fmt: skip

    def _import(self, chain: Chain, feed: Feed) -> str:
        step = chain.run(
            "importproduct",
            {"OUTPUT": f"{FOLDER}/{feed.wanted.name.lower()}.tif"},
            about=feed.wanted.label.of(report_language()),
            PRODUCT=feed.product.id,
            LAYER=feed.layer.id,
            EDITION=feed.edition or None,
            **self._common(),
        )
        return step.path()

    def _compose(self, chain: Chain, name: str, feed: Feed) -> None:
        """A cloud-masked image for each year that has scenes; what the steps share by name means something else."""
        step = chain.run(
            "scenecomposite",
            {"FOLDER": f"{FOLDER}/scenes", "OUTPUT_TABLE": f"{FOLDER}/scenes.csv"},
            SCENES=self._given.text("DOWNLOADS"),
            YEARS=", ".join(map(str, feed.years)),
            SENSORS=", ".join(feed.sensors),
            MASK=None,
            THERMAL="with",
            **self._common(),
        )
        made = dict(zip(step.table().codes("year"), step.table().texts("sensor")))
        self._give_images(name, [os.path.join(step.path("FOLDER"), f"composite_{year}.tif") for year in made], made)

    def _give_images(self, name: str, paths: Sequence[str], sensors: Mapping[int, str]) -> None:
        for key, value in {
            name: list(paths),
            "IMAGE_YEARS": ", ".join(map(str, sensors)),
            "SENSORS": ", ".join(sensors.values()),
            "LEVEL": "reflectance",
        }.items():
            self._given.supply(key, value)

    def _soils(self, chain: Chain, soils: dict[str, Feed]) -> None:
        """All properties of one source: SoilGrids with groups, or a map of soil units with its table."""
        files = {SOIL_OUTPUTS[name]: f"{FOLDER}/{name.lower()}.tif" for name in soils}
        first = next(iter(soils.values()))
        units = {"DOWNLOADS": first.place, "TABLE": first.table, "SOURCE": "units"} if first.table else {}
        step = chain.run("soilproperties", files, **units, **self._common())
        for name, feed in soils.items():
            self._supply(name, feed, step.path(SOIL_OUTPUTS[name]))

    def _common(self) -> dict[str, Any]:
        """What all imports have in common: the grid with its margin, which the boundary would cut off."""
        return {"REFERENCE": self._grid, "BOUNDARY": None, "CELL_SIZE": None}


def _quantity(algorithm: EcoAlgorithm, name: str) -> str:
    return INDICATORS.get(name) or str(algorithm.parameterDefinition(name).metadata()[QUANTITY])


def _require_apart(given: Given) -> None:
    """Raises InputError where results would lie among the downloads: the next run would find them there."""
    place, results = (os.path.realpath(given.folder(name)) for name in ("DOWNLOADS", "FOLDER"))
    if os.path.commonpath([place, results]) == place:
        raise InputError(
            tr("FOLDER ({folder}) lies within DOWNLOADS. Choose a folder beside it for the results.", folder=results)
        )
