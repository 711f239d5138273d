"""Storms as inputs: one a year, one for all years, or several of a year in the bands of its raster."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import InputError
from ...messages import listed, say
from ...quantities import Measure
from ...raster.dataset import open_raster, short_name
from ...raster.reading.source import Source
from ..survey import Climate, Rasters, Survey

STORM = "storm"
RAIN = Measure("storm_rainfall")
LABEL = listed([RAIN.meant.name], "")


def add_storms(survey: Survey, series: Rasters | None, climate: Climate) -> None:
    """Adds the rain of each storm as an input of its own, whose name begins with `STORM`.

    Raises:
        InputError: the years have different numbers of storms, or several storms are to be averaged over the years.
    """
    if series is None:
        return
    storms = _several_storms(series, survey.dated)
    if not storms:
        survey.add(STORM, series, RAIN, climate)
        return
    if climate == "mean":
        raise InputError(
            say(
                "CLIMATE is mean, but the years have several storms. The mean of the storms of different "
                "years is no storm: give one storm per year, or the same storms for all years with "
                "STORM_DEPTH."
            )
        )
    for number in range(len(storms[0])):
        survey.add_sources(f"{STORM} {number + 1}", [year[number] for year in storms])
    for year, found in zip(survey.dated, storms):
        bands = [say("{file} band {band}", file=short_name(source.path), band=source.band) for source in found]
        survey.progress.info(
            say(
                "{year}{count} storms, each with its own runoff: {listed}",
                year=f"{year}: " if year else "",
                count=len(found),
                listed=listed(bands, ", "),
            )
        )


def _several_storms(series: Rasters, years: Sequence[int | None]) -> list[list[Source]]:
    """The storms of each year; empty where the rasters hold one storm a year, or one for all years.

    Raises:
        InputError: the years have different numbers of storms.
    """
    bands = [[(path, band + 1) for band in range(open_raster(path, LABEL).RasterCount)] for path in series.paths]
    if len(years) == 1:
        bands = [[one for of_raster in bands for one in of_raster]]
    counts = sorted({len(of_year) for of_year in bands})
    if len(bands) != len(years) or counts[-1] == 1:
        return []
    if len(counts) > 1:
        raise InputError(
            say(
                "{label}: the years have from {counts} to {counts2} storms. Give each year the same number; "
                "fill up with bands of 0 mm.",
                label=LABEL,
                counts=counts[0],
                counts2=counts[-1],
            )
        )
    return [
        [
            Source(
                f"{STORM}:{path}:{band}",
                path,
                band,
                label=LABEL,
                minimum=series.minimum,
                maximum=series.maximum,
                measure=RAIN,
            )
            for path, band in of_year
        ]
        for of_year in bands
    ]
