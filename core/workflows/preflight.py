"""What can be known before the first step of a workflow: rasters, years and grids that do not fit each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..messages import say
from ..progress import QUIET
from ..raster.reading.series import yearly_sources
from ..raster.reading.source import describe_source, fit_to_grid

YEARS_NEEDED = say("Write YEARS: of the downloads only these years are imported.")
BOUNDARY_NEEDED = say("Give BOUNDARY, the polygons of the study area: land cover of the downloads is taken over it.")
COVER_NEEDED = say(
    "Give land cover (LAND_COVER), or a folder of downloads that holds a land-cover product (DOWNLOADS)."
)


@dataclass(frozen=True)
class YearlyRasters:
    """Continuous rasters of a parameter: one per year, one with a band per year, or one for all years."""

    label: str
    paths: tuple[str, ...]


def check_rasters(land_cover: Sequence[str], years: Sequence[int], series: Sequence[YearlyRasters]) -> None:
    """Opens every raster and compares counts, CRS and extent; reads no pixel.

    Raises:
        InputError: a file cannot be read, or the number of rasters, bands and years differ.
        GridError: no CRS, no position, or no overlap with the land cover.
    """
    cover = yearly_sources("land_cover", land_cover, years, say("Land cover"), kind="classes")
    _, grid = describe_source(cover[0])
    for item in series:
        for source in dict.fromkeys(yearly_sources("series", item.paths, years, item.label, static=True)):
            fit_to_grid(source, grid, QUIET)
