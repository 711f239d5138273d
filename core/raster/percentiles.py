"""Exact percentiles and cumulative shares of rasters of any size: passes of a radix histogram over the engine.

A float32 is mapped to an unsigned integer of the same order. The first pass counts the values by the leading bits of
that integer; each further pass counts, by the next bits, only those values that share the leading bits of a value that
is looked for. After 32 bits the value itself is known: no sort, no sample, and memory that does not grow with the
raster. Up to 32 strata take two passes, more strata take more passes over narrower histograms.

Values of a wider type are rounded to the nearest float32 first (relative 6e-8), the precision of the rasters written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Callable

import numpy as np

from ..errors import InputError
from ..progress import QUIET, Progress
from .engine import Block, Job, Result, run_job
from .source import Source
from .study import StudyArea
from .tally import Sums

KEY_BITS = 32
MAX_DIGIT_BITS = 16
# Bins of one block's histogram over all strata: 16 MB of counts.
MAX_BINS_BITS = 21
CHUNK_PIXELS = 1 << 17
# A share counts as reached this little before it is, so that rounding of sums decides nothing.
SHARE_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Sample:
    """Values of one block that are to be ranked.

    Attributes:
        values: shape (n,), finite; no masked value among them.
        stratum: what they are ranked with: one number for all, or one per value, shape (n,), from 0.
    """

    values: np.ndarray
    stratum: int | np.ndarray = 0


Sampler = Callable[[Block], Iterable[Sample]]


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
    """Takes the values of each source where it is valid; with `common` only where all are.

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
            yield Sample(block.values[name][mask], 0 if self.pooled else number)


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
        One number per fraction, interpolated linearly between the two neighbours in rank: the same bits as
        `np.quantile(values.astype(np.float32).astype(np.float64), fractions)`.

    Raises:
        InputError: no pixel is valid, or a fraction lies outside 0 to 1.
    """
    sampler = sampler or SourceSampler(tuple(source.name for source in sources), area.common)
    found = percentiles_by_stratum(area.job(_no_kernel, sources), sampler, 1, fractions, progress)
    if found.counts[0] == 0:
        named = ", ".join(source.named for source in sources)
        raise InputError(
            f"There is no valid pixel to take percentiles of in {named}. Check nodata values, valid ranges and the "
            "study boundary."
        )
    return tuple(float(value) for value in found.values[0])


def percentiles_by_stratum(
    job: Job, sampler: Sampler, strata: int, fractions: Sequence[float], progress: Progress = QUIET
) -> StratumPercentiles:
    """Percentiles of each stratum, all in the same passes.

    Args:
        job: names sources, grid, boundary and gate, e.g. from `StudyArea.job`; its kernel and outputs are not used.
        sampler: picklable; takes the values and their strata from a block.
        strata: how many strata there are.
        fractions: 0 to 1, any order.
        progress: gets the progress of the passes.

    Raises:
        InputError: a fraction lies outside 0 to 1.
    """
    for fraction in fractions:
        if not 0 <= fraction <= 1:
            raise InputError(f"The percentile {100 * fraction:g} does not exist. Give numbers from 0 to 100.")
    search = _Search(job, sampler, strata, summed=False, progress=progress)
    counts = search.counts.sum(axis=1)
    ranks = [_Rank.of_fraction(fraction, int(count)) for count in counts for fraction in fractions]
    targets = [
        _Target(stratum, rank)
        for stratum in range(strata)
        if counts[stratum]
        for position in range(len(fractions))
        for rank in _neighbours(ranks[stratum * len(fractions) + position])
    ]
    found = iter(search.find(targets))
    values = np.full((strata, len(fractions)), np.nan)
    for stratum in range(strata):
        for position in range(len(fractions)):
            if counts[stratum]:
                lower, upper = next(found), next(found)
                values[stratum, position] = _between(lower, upper, ranks[stratum * len(fractions) + position].weight)
    return StratumPercentiles(counts, values)


def share_thresholds(
    area: StudyArea,
    sources: Sequence[Source],
    shares: Sequence[float],
    densities: Sequence[bool],
    progress: Progress = QUIET,
) -> tuple[tuple[float, ...], ...]:
    """Per source and share, the largest amount such that the pixels with at least that amount hold the share.

    The pixels are ranked by their amounts (`pixel_amounts`); those that are zero or negative hold nothing. A pixel
    reaches the threshold exactly when the pixels above it hold less than the share, so that all pixels of equal amount
    stand on the same side (Gong et al. 2017, Acta Ecol. Sin. 37(7):2455-2462). Each source is ranked on its own, where
    it is valid.

    Args:
        area: the study area.
        sources: fitted to the area's grid.
        shares: of the total, above 0 and up to 1.
        densities: per source, whether its values are per area, so that the amount is value times pixel area (ha).
        progress: gets the progress of the passes.

    Returns:
        Per source one threshold per share, in the unit of `pixel_amounts`; infinite where a source's total is 0.

    Raises:
        InputError: a share lies outside 0 to 1.
    """
    for share in shares:
        if not 0 < share <= 1:
            raise InputError(f"The cumulative share {100 * share:g} % does not exist. Give percent above 0 up to 100.")
    sampler = _AmountSampler(tuple(source.name for source in sources), tuple(densities))
    job = area.job(_no_kernel, sources, gate_any=True)
    search = _Search(job, sampler, len(sources), summed=True, progress=progress)
    totals = search.sums.sum(axis=1)
    targets = [
        _Target(stratum, _Amount((share - SHARE_TOLERANCE) * total))
        for stratum, total in enumerate(totals)
        if total > 0
        for share in shares
    ]
    found = iter(search.find(targets))
    return tuple(tuple(next(found) if total > 0 else np.inf for _ in shares) for total in totals)


def pixel_amounts(values: np.ndarray, areas_ha: np.ndarray, density: bool) -> np.ndarray:
    """Amount that each pixel holds, float32: `values` (height, width) per area times area in ha, or as they are."""
    if not density:
        return values.astype(np.float32, copy=False)
    # Multiplied in double precision, bit by bit, without an array of doubles in between.
    amounts = np.empty(np.broadcast(values, areas_ha).shape, dtype=np.float32)
    np.multiply(values, areas_ha, out=amounts, dtype=np.float64, casting="unsafe")
    return amounts


@dataclass(frozen=True)
class _AmountSampler:
    names: tuple[str, ...]
    densities: tuple[bool, ...]

    def __call__(self, block: Block) -> Iterator[Sample]:
        for number, (name, density) in enumerate(zip(self.names, self.densities)):
            amounts = pixel_amounts(block.values[name], block.areas_ha, density)
            yield Sample(amounts[block.valid[name] & (amounts > 0)], number)


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

    def descend(self, counts: np.ndarray, sums: np.ndarray) -> tuple[int, _Rank]:
        """The bin that holds the place, and the place within it."""
        below = np.cumsum(counts)
        found = int(np.searchsorted(below, self.place, side="right"))
        return found, _Rank(self.place - int(below[found] - counts[found]), int(counts[found]) - 1)


@dataclass(frozen=True)
class _Amount:
    """How much the values at and above the one looked for must hold."""

    needed: float

    def descend(self, counts: np.ndarray, sums: np.ndarray) -> tuple[int, _Amount]:
        """The highest bin down to which the bins hold enough, and what it must hold itself."""
        above = np.cumsum(sums[::-1])[::-1]
        enough = np.flatnonzero((above >= self.needed) & (sums > 0))
        # Sums of different passes differ by rounding: what is then missing in the end is nothing.
        found = int(enough[-1]) if enough.size else int(np.flatnonzero(sums)[0])
        return found, _Amount(self.needed - float(above[found] - sums[found]))


@dataclass(frozen=True)
class _Target:
    """A value that is looked for: its stratum, where in its order, and the leading bits that are known."""

    stratum: int
    place: _Rank | _Amount
    prefix: int = 0

    @property
    def slot(self) -> int:
        """Stratum and leading bits in one number."""
        return self.stratum << KEY_BITS | self.prefix


def _neighbours(rank: _Rank) -> tuple[_Rank, _Rank]:
    return rank, _Rank(min(rank.place + 1, rank.last), rank.last)


def _between(lower: float, upper: float, weight: float) -> float:
    """Linear interpolation as numpy does it: from the nearer end, so that it never leaves the interval."""
    gap = upper - lower
    return upper - gap * (1 - weight) if weight >= 0.5 else lower + gap * weight


class _Search:
    """The passes over the raster. The first runs at once, because ranks follow from its counts."""

    def __init__(self, job: Job, sampler: Sampler, strata: int, summed: bool, progress: Progress) -> None:
        self._job, self._sampler, self._summed, self._progress = job, sampler, summed, progress
        bits = max(1, min(MAX_DIGIT_BITS, MAX_BINS_BITS - (strata - 1).bit_length()))
        self._digits = [min(bits, KEY_BITS - start) for start in range(0, KEY_BITS, bits)]
        self._first_slots = np.arange(strata, dtype=np.int64) << KEY_BITS
        self.counts, self.sums = self._count(0, self._first_slots)

    def find(self, targets: Sequence[_Target]) -> list[float]:
        """The values of the targets, in order."""
        slots, counts, sums = self._first_slots, self.counts, self.sums
        for number, bits in enumerate(self._digits):
            if number and targets:
                slots = np.unique([target.slot for target in targets])
                counts, sums = self._count(number, slots)
            row_of = {int(slot): row for row, slot in enumerate(slots)}
            targets = [
                _descend(target, counts[row_of[target.slot]], sums[row_of[target.slot]], bits) for target in targets
            ]
        self._progress.set(100)
        return [_value_of_key(target.prefix) for target in targets]

    def _count(self, number: int, slots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Counts and sums of the values by slot and next bits, shape (slots, 2**bits)."""
        kernel = _CountDigits(self._sampler, sum(self._digits[:number]), self._digits[number], slots, self._summed)
        job = replace(self._job, kernel=kernel, outputs=())
        step = 100 / len(self._digits)
        sums = run_job(job, self._progress.part(step * number, step * (number + 1))).sums
        if "counts" not in sums:  # not a single pixel
            shape = len(slots), 1 << self._digits[number]
            return np.zeros(shape, dtype=np.int64), np.zeros(shape)
        return sums["counts"], sums["sums"]


def _descend(target: _Target, counts: np.ndarray, sums: np.ndarray, bits: int) -> _Target:
    digit, place = target.place.descend(counts, sums)
    return _Target(target.stratum, place, target.prefix << bits | digit)


@dataclass(frozen=True, eq=False)
class _CountDigits:
    """Counts values by stratum, known leading bits (together a slot) and the `bits` bits that follow them."""

    sampler: Sampler
    known: int
    bits: int
    slots: np.ndarray
    summed: bool

    def __call__(self, block: Block) -> Result:
        rows, width = len(self.slots), 1 << self.bits
        sums = {
            "counts": np.zeros((rows, width * (not self.summed)), dtype=np.int64),
            "sums": np.zeros((rows, width * self.summed)),
        }
        for sample in self.sampler(block):
            for start in range(0, sample.values.size, CHUNK_PIXELS):
                part = slice(start, start + CHUNK_PIXELS)
                stratum = sample.stratum if isinstance(sample.stratum, int) else sample.stratum[part]
                self._add(sums, sample.values[part], stratum)
        return Result(sums=Sums(sums))

    def _add(self, sums: dict[str, np.ndarray], values: np.ndarray, stratum: int | np.ndarray) -> None:
        keys = sort_keys(values)
        rows = slice(0, len(self.slots))
        if isinstance(stratum, int):
            ends = [stratum << KEY_BITS, (stratum + 1) << KEY_BITS]
            rows = slice(*np.searchsorted(self.slots, ends).tolist())
        slots = self.slots[rows]
        if not len(slots):
            return
        if not self.known and len(slots) == 1:
            self._tally(sums, rows, (keys >> (KEY_BITS - self.bits)).astype(np.intp), values)
            return
        if self.known:
            keys, values, stratum = _only(self._leading(slots).take(keys >> self._shift), keys, values, stratum)
        wanted = keys >> (KEY_BITS - self.known) if self.known else np.zeros_like(keys)
        codes = wanted.astype(np.int64) | np.asarray(stratum, dtype=np.int64) << KEY_BITS
        row = np.zeros(1, dtype=np.intp) if len(slots) == 1 else np.searchsorted(slots, codes)
        hit = slots.take(row, mode="clip") == codes
        digits = (keys >> (KEY_BITS - self.known - self.bits)).astype(np.intp) & ((1 << self.bits) - 1)
        index = (row << self.bits) + digits
        if not hit.all():
            index, values = index[hit], values[hit]
        self._tally(sums, rows, index, values)

    def _tally(self, sums: dict[str, np.ndarray], rows: slice, index: np.ndarray, values: np.ndarray) -> None:
        """Adds counts, or sums alone where these are wanted: amounts are above 0, so sums tell which bins hold any."""
        name, weights = ("sums", values) if self.summed else ("counts", None)
        shape = sums[name][rows].shape
        sums[name][rows] += np.bincount(index, weights=weights, minlength=shape[0] * shape[1]).reshape(shape)

    @property
    def _shift(self) -> int:
        return KEY_BITS - min(self.known, MAX_DIGIT_BITS)

    def _leading(self, slots: np.ndarray) -> np.ndarray:
        """Which of the first bits (up to 16) any slot has: a cheap test that most values fail."""
        table = np.zeros(1 << (KEY_BITS - self._shift), dtype=bool)
        prefixes = slots & ((1 << KEY_BITS) - 1)
        table[prefixes >> (self.known - (KEY_BITS - self._shift))] = True
        return table


def _only(
    mask: np.ndarray, keys: np.ndarray, values: np.ndarray, stratum: int | np.ndarray
) -> tuple[np.ndarray, np.ndarray, int | np.ndarray]:
    return keys[mask], values[mask], stratum if isinstance(stratum, int) else stratum[mask]


def sort_keys(values: np.ndarray) -> np.ndarray:
    """Unsigned integers (uint32) in the order of the values, taken as float32; both zeros have the same key.

    IEEE 754 numbers compare like integers of their bits; negative ones need all bits flipped, others the sign bit.
    """
    bits = (values.astype(np.float32, copy=False) + np.float32(0)).view(np.uint32)
    flip = (bits.view(np.int32) >> 31).view(np.uint32) | np.uint32(0x80000000)
    return np.bitwise_xor(bits, flip, out=flip)


def _value_of_key(key: int) -> float:
    bits = key & 0x7FFFFFFF if key & 0x80000000 else key ^ 0xFFFFFFFF
    return float(np.array(bits, dtype=np.uint32).view(np.float32))


def _no_kernel(block: Block) -> Result:
    """Stands in for a kernel in a job that only names what is read."""
    return Result()
