"""Exact percentiles of rasters of any size, see `radix_search`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ..area import equal_pixel_area_ha
from ..engine import run_job
from ..reading.source import Source
from ..study import StudyArea
from ..tally import Sums
from ..work import Block, Job, Result
from .radix_search import RadixSearch, Sample, Sampler, Target

AREA_TOLERANCE = 1e-12  # of a share: rounding of sums decides nothing


@dataclass(frozen=True, eq=False)
class StratumPercentiles:
    """Percentiles of each stratum.

    Attributes:
        counts: values per stratum, int64, shape (strata,).
        values: shape (strata, fractions), float64; NaN for an empty stratum.
    """

    counts: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class SourceSampler:
    """Takes values and areas of the pixels of each source where it is valid; with `common` only where all are.

    Attributes:
        names: the sources.
        common: whether a pixel must be valid in all sources.
        pooled: whether the sources form one stratum, else each its own.
    """

    names: tuple[str, ...]
    common: bool
    pooled: bool = True

    def __call__(self, block: Block) -> Iterator[Sample]:
        for number, name in enumerate(self.names):
            mask = block.gate if self.common else block.valid[name]
            yield Sample(block.values[name][mask], 0 if self.pooled else number, partial(block.areas_of, mask))


def exact_percentiles(
    area: StudyArea,
    sources: Sequence[Source],
    fractions: Sequence[float],
    progress: Progress = QUIET,
    sampler: Sampler | None = None,
) -> tuple[float, ...]:
    """Percentiles of all values of the sources together, within the study area and under its mask.

    Args:
        area: the study area; with the mask `common` only pixels that are valid in all sources count.
        sources: fitted to the area's grid.
        fractions: 0 to 1, any order.
        progress: gets the progress of the passes.
        sampler: takes the values to be ranked from a block, all of stratum 0; None takes those of all sources.

    Returns:
        One number per fraction, see `percentiles_by_stratum`.

    Raises:
        InputError: no pixel is valid, or a fraction lies outside 0 to 1.
    """
    sampler = sampler or SourceSampler(tuple(source.name for source in sources), area.common)
    found = percentiles_by_stratum(area.reads(sources), sampler, 1, fractions, progress)
    if found.counts[0] == 0:
        named = ", ".join(source.named for source in sources)
        raise InputError(
            say(
                "There is no valid pixel to take percentiles of in {named}. Check nodata values, valid "
                "ranges and the study boundary.",
                named=named,
            )
        )
    return tuple(float(value) for value in found.values[0])


def percentiles_by_stratum(
    job: Job, sampler: Sampler, strata: int, fractions: Sequence[float], progress: Progress = QUIET
) -> StratumPercentiles:
    """Percentiles of each stratum, all in the same passes.

    Where all pixels have one area they are interpolated linearly between the two neighbours in rank: the same bits as
    `np.quantile(values.astype(np.float32).astype(np.float64), fractions)`. On geographic grids, whose pixels differ in
    size, a percentile is the smallest value up to which that share of the area lies.

    Args:
        job: names sources, grid, boundary and gate, e.g. from `StudyArea.job`; its kernel and outputs are not used.
        sampler: picklable; takes the values, their strata and the areas of their pixels from a block.
        strata: how many strata there are.
        fractions: 0 to 1, any order.
        progress: gets the progress of the passes.

    Raises:
        InputError: a fraction lies outside 0 to 1.
    """
    for fraction in fractions:
        if not 0 <= fraction <= 1:
            raise InputError(
                say("The percentile {fraction:g} does not exist. Give numbers from 0 to 100.", fraction=100 * fraction)
            )
    by_area = equal_pixel_area_ha(job.grid) is None
    return (_of_area if by_area else _of_count)(job, sampler, strata, fractions, progress)


def _of_count(
    job: Job, sampler: Sampler, strata: int, fractions: Sequence[float], progress: Progress
) -> StratumPercentiles:
    totals = np.zeros(strata, dtype=np.int64)

    def ranks() -> list[tuple[int, _Rank]]:
        of_fraction = [(s, _Rank.of_fraction(f, int(totals[s]))) for s in range(strata) for f in fractions]
        return [(stratum, rank) for stratum, rank in of_fraction if totals[stratum]]

    def targets_of(counts: np.ndarray) -> list[Target]:
        totals[:] = counts.sum(axis=1)
        return [Target(stratum, place) for stratum, rank in ranks() for place in _neighbours(rank)]

    search = RadixSearch(job, sampler, strata, summed=False, progress=progress)
    found = (target.value for target in search.find(targets_of))
    values = np.full((strata, len(fractions)), np.nan)
    between = [_between(next(found), next(found), rank.weight) for _, rank in ranks()]
    values[totals > 0] = np.reshape(between, (-1, len(fractions)))
    return StratumPercentiles(totals, values)


def _of_area(
    job: Job, sampler: Sampler, strata: int, fractions: Sequence[float], progress: Progress
) -> StratumPercentiles:
    areas = np.zeros(strata)

    def targets_of(sums: np.ndarray) -> list[Target]:
        areas[:] = sums.sum(axis=1)
        shares = [
            (stratum, (f - AREA_TOLERANCE) * float(areas[stratum])) for stratum in range(strata) for f in fractions
        ]
        return [Target(stratum, _Share(share)) for stratum, share in shares if areas[stratum] > 0]

    found = RadixSearch(job, sampler, strata, summed=True, progress=progress.part(0, 80)).find(targets_of)
    values = np.full((strata, len(fractions)), np.nan)
    values[areas > 0] = np.reshape([target.value for target in found], (-1, len(fractions)))
    counted = run_job(replace(job, kernel=_CountKernel(sampler, strata), outputs=()), progress.part(80, 100))
    counts = counted.sums["counts"] if "counts" in counted.sums else np.zeros(strata, dtype=np.int64)
    return StratumPercentiles(counts, values)


@dataclass(frozen=True)
class _CountKernel:
    """Counts the values of each stratum."""

    sampler: Sampler
    strata: int

    def __call__(self, block: Block) -> Result:
        counts = np.zeros(self.strata, dtype=np.int64)
        for sample in self.sampler(block):
            if sample.weights is None:
                raise TypeError("where pixels differ in size, a sampler tells their areas")
            if isinstance(sample.stratum, int):
                counts[sample.stratum] += sample.values.size
            else:
                counts += np.bincount(sample.stratum, minlength=self.strata)
        return Result(sums=Sums({"counts": counts}))


@dataclass(frozen=True)
class _Share:
    """The area that the values up to the one looked for must hold within the bin."""

    needed: float

    def descend(self, bins: np.ndarray) -> tuple[int, _Share]:
        """The lowest bin up to which the bins hold enough, and what it must hold itself."""
        held = np.cumsum(bins)
        some = np.flatnonzero(bins)
        enough = some[held[some] >= self.needed]
        # Sums of different passes differ by rounding: what is then missing in the end is nothing.
        found = int(enough[0] if enough.size else some[-1])
        return found, _Share(self.needed - float(held[found] - bins[found]))


@dataclass(frozen=True)
class _Rank:
    """A place in ascending order, from 0, and how far the percentile lies towards the next place."""

    place: int
    last: int
    weight: float = 0.0

    @classmethod
    def of_fraction(cls, fraction: float, count: int) -> _Rank:
        virtual = (count - 1) * fraction
        place = int(np.floor(virtual))
        return cls(place, count - 1, virtual - place)

    def descend(self, bins: np.ndarray) -> tuple[int, _Rank]:
        """The bin that holds the place, and the place within it."""
        below = np.cumsum(bins)
        found = int(np.searchsorted(below, self.place, side="right"))
        return found, _Rank(self.place - int(below[found] - bins[found]), int(bins[found]) - 1)


def _neighbours(rank: _Rank) -> tuple[_Rank, _Rank]:
    return rank, _Rank(min(rank.place + 1, rank.last), rank.last)


def _between(lower: float, upper: float, weight: float) -> float:
    """Linear interpolation as numpy does it: from the nearer end, so that it never leaves the interval."""
    gap = upper - lower
    return upper - gap * (1 - weight) if weight >= 0.5 else lower + gap * weight
