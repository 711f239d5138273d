"""What a value of NPP, rain or soil retention is compared with: the mean over area and years, or a given number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...errors import InputError
from ...land_cover import LandCoverScheme
from ...land_cover_maps import class_indices, run_over_classes
from ...messages import say
from ...progress import Progress
from ...raster.reading.source import Source
from ...raster.study import StudyArea
from ...raster.tally import Sums, area_of
from ...raster.validity import all_of
from ...raster.work import Block, Result
from .kernel import ValuationKernel

ReferenceMode = Literal["all_years", "base_year", "per_year"]


@dataclass(frozen=True)
class MeanReference:
    """The mean that values of one factor are divided by.

    Attributes:
        of_years: the reference of each year.
        area_ha: the land of each year over which the means were taken.
    """

    of_years: tuple[float, ...]
    area_ha: tuple[float, ...]


@dataclass(frozen=True)
class _MeanKernel:
    """Area and area-weighted sum of each series per year, over the land that is valued.

    Land that is valued without a value of a series (open water that counts as 1, built-up land that needs none) does
    not enter the mean of that series.
    """

    valuation: ValuationKernel
    wanted: tuple[str, ...]

    def __call__(self, block: Block) -> Result:
        classes = [class_indices(block, name, self.valuation.index) for name in self.valuation.land_cover]
        masks = self.valuation.masks(block, classes)
        sums = {}
        for factor in self.wanted:
            series = self.valuation.factors[factor].sources
            measured = [mask & block.valid[source] for source, mask in zip(series, masks)]
            if self.valuation.common:
                measured = [all_of(measured)] * len(measured)
            for year, (source, counted) in enumerate(zip(series, measured)):
                area = np.where(counted, block.areas_ha, 0.0)
                sums[f"{factor}:area:{year}"] = np.array(area_of(counted, block.areas_ha))
                sums[f"{factor}:sum:{year}"] = np.array((area * block.values[source]).sum())
        return Result(sums=Sums(sums))


def mean_references(
    valuation: ValuationKernel,
    wanted: Mapping[str, str],
    cover: Sequence[Source],
    sources: Sequence[Source],
    scheme: LandCoverScheme,
    area: StudyArea,
    mode: ReferenceMode,
    progress: Progress,
) -> dict[str, MeanReference]:
    """Area-weighted means of the series over the land that is valued: land cover and every raster that a class needs.

    With the mask `common` that is the land valued in every year, else each year's own. Values are compared with the
    mean of the land whose value is summed, so that the adjustments are 1 on average.

    Args:
        valuation: says what is valued; its references are not used.
        wanted: the factors whose mean is taken, and what the user calls their rasters.
        cover: land cover of each year.
        sources: land cover and all series.
        scheme: meaning of the land-cover codes.
        area: the study area.
        mode: `all_years` one mean over all years (the same for every year), `base_year` the mean of the first year,
            `per_year` each year's own mean, which takes the signal of time out of the values.
        progress: gets the progress of the pass.

    Raises:
        InputError: a mean is zero, negative or does not exist, or no land can be valued.
        TableError: a land-cover code is not in the scheme.
    """
    kernel = _MeanKernel(valuation, tuple(wanted))
    job = area.job(kernel, sources, gate=valuation.land_cover)
    sums = run_over_classes(job, cover, scheme, area, progress).sums
    years = range(len(valuation.land_cover))
    references = {}
    for factor, label in wanted.items():
        areas, totals = (
            [float(sums[f"{factor}:{what}:{y}"]) if f"{factor}:{what}:{y}" in sums else 0.0 for y in years]
            for what in ("area", "sum")
        )
        references[factor] = MeanReference(_choose(areas, totals, mode), tuple(areas))
        for reference in references[factor].of_years:
            require_reference(label, reference)
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
            say(
                "The reference of {label} is {reference:g}, and values are divided by it. Check the raster's "
                "unit, nodata and overlap with the land cover, or give a positive reference number.",
                label=label,
                reference=reference,
            )
        )
