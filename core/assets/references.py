"""What a value of NPP, rain or soil retention is compared with: the mean over area and years, or a given number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..errors import InputError
from ..progress import Progress
from ..raster.engine import run_job
from ..raster.reading.source import Source
from ..raster.study import StudyArea
from ..raster.tally import Sums
from ..raster.work import Block, Result

ReferenceMode = Literal["all_years", "base_year", "per_year"]


@dataclass(frozen=True)
class _MeanKernel:
    """Area and area-weighted sum of each series per year, where land cover and the series are valid."""

    land_cover: tuple[str, ...]
    series: dict[str, tuple[str, ...]]
    common: bool

    def __call__(self, block: Block) -> Result:
        sums = {}
        for name, sources in self.series.items():
            masks = [block.valid[cover] & block.valid[source] for cover, source in zip(self.land_cover, sources)]
            if self.common:
                masks = [np.logical_and.reduce(masks)] * len(masks)
            for year, (source, mask) in enumerate(zip(sources, masks)):
                area = np.where(mask, block.areas_ha, 0.0)
                sums[f"{name}:area:{year}"] = np.array(area.sum())
                sums[f"{name}:sum:{year}"] = np.array((area * block.values[source]).sum())
        return Result(sums=Sums(sums))


def mean_references(
    land_cover: Sequence[Source],
    series: dict[str, tuple[Source, ...]],
    area: StudyArea,
    mode: ReferenceMode,
    progress: Progress,
) -> dict[str, tuple[float, ...]]:
    """Area-weighted mean of each series over the study area, one number per year.

    Args:
        land_cover: the source of each year; pixels without land cover do not count.
        series: per factor, the source of each year.
        area: the study area; its mask decides whether only pixels that are valid in every year count.
        mode: `all_years` one mean over all years (the same for every year), `base_year` the mean of the first year,
            `per_year` each year's own mean, which takes the signal of time out of the values.
        progress: gets the progress of the pass.

    Raises:
        InputError: a mean is zero, negative or does not exist.
    """
    kernel = _MeanKernel(
        tuple(source.name for source in land_cover),
        {name: tuple(source.name for source in sources) for name, sources in series.items()},
        area.common,
    )
    sources = [*land_cover, *(source for of_factor in series.values() for source in of_factor)]
    sums = run_job(area.job(kernel, sources, gate=kernel.land_cover), progress).sums
    years = range(len(land_cover))
    references = {}
    for name, of_factor in series.items():
        areas = [float(sums[f"{name}:area:{y}"]) if f"{name}:area:{y}" in sums else 0.0 for y in years]
        totals = [float(sums[f"{name}:sum:{y}"]) if f"{name}:sum:{y}" in sums else 0.0 for y in years]
        references[name] = _choose(areas, totals, mode)
        for reference in references[name]:
            require_reference(of_factor[0].label or name, reference)
    return references


def _choose(areas: list[float], totals: list[float], mode: ReferenceMode) -> tuple[float, ...]:
    def mean(total: float, area: float) -> float:
        return total / area if area else math.nan

    if mode == "per_year":
        return tuple(mean(total, area) for total, area in zip(totals, areas))
    if mode == "base_year":
        return (mean(totals[0], areas[0]),) * len(areas)
    return (mean(math.fsum(totals), math.fsum(areas)),) * len(areas)


def require_reference(label: str, reference: float) -> None:
    """Raises InputError unless the reference is a positive number."""
    if not (math.isfinite(reference) and reference > 0):
        raise InputError(
            f"The reference of {label} is {reference:g}, and values are divided by it. Check the raster's unit, nodata "
            "and overlap with the land cover, or give a positive reference number."
        )
