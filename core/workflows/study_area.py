"""The study area that all steps of a workflow share: the land of all years within the boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..land_cover import LandCoverScheme
from ..land_cover_maps import class_indices, run_over_classes
from ..messages import say
from ..progress import QUIET, Progress
from ..raster.classes import ClassIndex
from ..raster.files import workspace
from ..raster.output import Band, Output
from ..raster.reading.series import yearly_sources
from ..raster.reading.source import Source
from ..raster.settings import RasterSettings
from ..raster.study import open_study_area
from ..raster.work import COMMON, Block, Result
from ..report import Chapter, Figure, Figures, LeftOutAreas
from ..report.common import left_out_areas
from .headlines import Headline

STUDY_AREA = "study_area"


@dataclass(frozen=True)
class SharedArea:
    """The land on which a workflow works.

    Attributes:
        source: a raster, 1 within.
        area_ha: its area.
        years: of the land cover.
        left_out_ha: per year, land cover that is left out because another year has none there.
    """

    source: Source
    area_ha: float
    years: tuple[int, ...]
    left_out_ha: tuple[float, ...]


@dataclass(frozen=True)
class _AreaKernel:
    cover: tuple[str, ...]
    index: ClassIndex

    def __call__(self, block: Block) -> Result:
        for name in self.cover:
            class_indices(block, name, self.index)
        return Result({STUDY_AREA: (block.gate.astype(np.uint8), block.gate)})


def share_study_area(
    land_cover: Sequence[str],
    years: tuple[int, ...],
    scheme: LandCoverScheme,
    path: str,
    settings: RasterSettings,
    progress: Progress = QUIET,
) -> SharedArea:
    """Writes the land that has land cover in every year (with the mask `yearly` in any) and lies within the boundary.

    Args:
        land_cover: one raster per year, or one with a band per year.
        years: strictly rising.
        scheme: meaning of the codes; a code that it lacks is told before the first step.
        path: of the raster that is written.
        settings: boundary and mask.
        progress: of the pass.

    Raises:
        InputError, GridError, TableError, OutputError, Cancelled: as the engine.
    """
    with workspace() as folder:
        cover = yearly_sources("land_cover", land_cover, years, say("Land cover"), kind="classes")
        area = open_study_area(cover[0], settings, folder, progress, scheme)
        cover = area.fit_all(cover, progress)
        kernel = _AreaKernel(tuple(source.name for source in cover), ClassIndex.of_codes(scheme.codes))
        output = Output(STUDY_AREA, path, (Band(STUDY_AREA),), "uint8", 0)
        found = run_over_classes(area.job(kernel, cover, [output], gate=kernel.cover), cover, scheme, area, progress)
    shared = found.coverage[COMMON]
    lost = [found.coverage[source.name] for source in cover]
    left_out = tuple(one.area_ha - shared.area_ha if one.pixels > shared.pixels else 0.0 for one in lost)
    return SharedArea(Source(STUDY_AREA, path, 1, "classes", "Study area"), shared.area_ha, years, left_out)


def area_headlines(shared: SharedArea) -> list[Headline]:
    """The study area, of which all shares of the workflow are."""
    return [Headline(STUDY_AREA, shared.area_ha, "ha")]


def area_chapter(shared: SharedArea, words: Mapping[str, str]) -> Chapter:
    """What the study area is, and the land cover that does not belong to it."""
    lost = zip(shared.years, shared.left_out_ha)
    reason = words["left_out_other_year"]
    areas = [item for year, ha in lost for item in left_out_areas(year, [(reason, ha)], shared.area_ha)]
    figure = Figures([Figure(words["headline_study_area"], shared.area_ha, "ha", words["study_area_note"])])
    return Chapter(words["headline_study_area"], [figure, LeftOutAreas(areas)] if areas else [figure])
