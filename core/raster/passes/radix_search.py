"""Finds values by their place in the order of all values of a raster of any size: passes of a radix histogram.

A float32 is mapped to an unsigned integer of the same order. The first pass counts the values by the leading bits of
that integer; each further pass counts, by the next bits, only those values that share the leading bits of a value that
is looked for. After 32 bits the value itself is known: no sort, no sample, and memory that does not grow with the
raster. Up to 32 strata take two passes, more strata take more passes over narrower histograms.

Values of a wider type are rounded to the nearest float32 first (relative 6e-8), the precision of the rasters written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Callable, Protocol

import numpy as np

from ...progress import Progress
from ..engine import run_job
from ..reading.kept_blocks import kept_blocks
from ..tally import Sums, histogram
from ..work import Block, Job, Result

KEY_BITS = 32
MAX_DIGIT_BITS = 16
# Bins of one block's histogram over all strata: 16 MB of counts.
MAX_BINS_BITS = 21
# Values that are kept before they are counted: 32 MB.
MOST_ADDED = 1 << 22


@dataclass(frozen=True, eq=False)
class Sample:
    """Values of one strip of a block that are to be ranked.

    Attributes:
        values: shape (n,), finite; no masked value among them.
        stratum: what they are ranked with: one number for all, or one per value, shape (n,), from 0.
        weights: gives what is summed of each value where sums are looked for, not negative, shape (n,); None for the
            values themselves.
    """

    values: np.ndarray
    stratum: int | np.ndarray = 0
    weights: Callable[[], np.ndarray] | None = None


Sampler = Callable[[Block], Iterable[Sample]]


class Place(Protocol):
    """Where in the order of the values the one looked for stands."""

    def descend(self, bins: np.ndarray) -> tuple[int, Place]:
        """The bin that holds it, and its place within that bin; `bins` are counts or sums in rising order."""


@dataclass(frozen=True)
class Target:
    """A value that is looked for: its stratum, where in its order, and the leading bits that are known."""

    stratum: int
    place: Place
    prefix: int = 0

    @property
    def slot(self) -> int:
        """Stratum and leading bits in one number."""
        return self.stratum << KEY_BITS | self.prefix

    @property
    def value(self) -> float:
        """The value, once all bits are known."""
        bits = self.prefix & 0x7FFFFFFF if self.prefix & 0x80000000 else self.prefix ^ 0xFFFFFFFF
        return float(np.array(bits, dtype=np.uint32).view(np.float32))

    def descend(self, bins: np.ndarray, bits: int) -> Target:
        digit, place = self.place.descend(bins)
        return Target(self.stratum, place, self.prefix << bits | digit)


TargetsOf = Callable[[np.ndarray], Sequence[Target]]


class RadixSearch:
    """The passes over a raster.

    Args:
        job: names sources, grid, boundary and gate; its kernel and outputs are not used.
        sampler: picklable; takes the values and their strata from a strip of a block.
        strata: how many strata there are.
        summed: whether places are told in sums of the weights (or values, which are then all above 0), or in counts.
        progress: gets the progress of the passes.
    """

    def __init__(self, job: Job, sampler: Sampler, strata: int, summed: bool, progress: Progress) -> None:
        self._job, self._sampler, self._summed, self._progress = job, sampler, summed, progress
        bits = max(1, min(MAX_DIGIT_BITS, MAX_BINS_BITS - (strata - 1).bit_length()))
        self._digits = [min(bits, KEY_BITS - start) for start in range(0, KEY_BITS, bits)]
        self._strata = np.arange(strata, dtype=np.int64) << KEY_BITS

    def find(self, targets_of: TargetsOf) -> Sequence[Target]:
        """The targets, in order, with all their bits.

        Args:
            targets_of: names the targets once the first pass knows counts or sums, shape (strata, bins).
        """
        job = self._job
        with kept_blocks(job.sources, job.grid, job.codec_threads):
            slots, bins = self._strata, self._count(0, self._strata)
            targets = targets_of(bins)
            for number, bits in enumerate(self._digits):
                if number and targets:
                    slots = np.unique([target.slot for target in targets])
                    bins = self._count(number, slots)
                row_of = {int(slot): row for row, slot in enumerate(slots)}
                targets = [target.descend(bins[row_of[target.slot]], bits) for target in targets]
        self._progress.set(100)
        return targets

    def _count(self, number: int, slots: np.ndarray) -> np.ndarray:
        """Counts or sums of the values by slot and next bits, shape (slots, 2**bits)."""
        known = sum(self._digits[:number])
        kernel = _CountDigits(self._sampler, known, self._digits[number], slots, self._summed)
        step = 100 / len(self._digits)
        job = replace(self._job, kernel=kernel, outputs=())
        total = _Bins(np.zeros((len(slots), 1 << kernel.bits), dtype=np.float64 if self._summed else np.int64))
        run_job(job, self._progress.part(step * number, step * (number + 1)), total)
        return total.all


class _Bins(Sums):
    """Counts or sums in bins, whole (`bins`) or as values that fall in a few of many bins.

    Args:
        bins: shape (slots, 2**bits), or None in a block that adds values only.
        added: bins, flat, and what is added there (None for 1 each).
    """

    def __init__(
        self, bins: np.ndarray | None = None, added: tuple[np.ndarray, np.ndarray | None] | None = None
    ) -> None:
        super().__init__({} if bins is None else {"bins": bins})
        self._added = [] if added is None else [added]

    @property
    def all(self) -> np.ndarray:
        self._fold()
        return self["bins"]

    def merge(self, other: Sums) -> None:
        super().merge(other)
        if isinstance(other, _Bins):
            self._added += other._added
        if sum(index.size for index, _ in self._added) > MOST_ADDED:
            self._fold()

    def _fold(self) -> None:
        if self._added:
            bins = self["bins"]
            index = np.concatenate([index for index, _ in self._added])
            weights = [weights for _, weights in self._added if weights is not None]
            added = np.bincount(index, np.concatenate(weights) if weights else None, bins.size)
            self._added = []
            super().merge(Sums({"bins": added.astype(bins.dtype, copy=False).reshape(bins.shape)}))


@dataclass(frozen=True, eq=False)
class _CountDigits:
    """Counts or sums values by stratum, known leading bits (together a slot) and the bits that follow them.

    Attributes:
        sampler: takes the values.
        known: leading bits that are known.
        bits: that follow them and are counted.
        slots: whose values count, rising.
        summed: whether values are summed.
    """

    sampler: Sampler
    known: int
    bits: int
    slots: np.ndarray
    summed: bool

    def __call__(self, block: Block) -> Result:
        samples = (sample for strip in block.strips() for sample in self.sampler(strip) if sample.values.size)
        if not self.known:
            return Result(sums=_Bins(self._of_all(samples)))
        found = [self._in_slots(sample) for sample in samples]
        if not found:
            return Result(sums=_Bins())
        index = np.concatenate([of_sample for of_sample, _ in found])
        weights = [of_sample for _, of_sample in found if of_sample is not None]
        return Result(sums=_Bins(added=(index, np.concatenate(weights) if weights else None)))

    def _of_all(self, samples: Iterable[Sample]) -> np.ndarray:
        """The bins of the first pass, shape (strata, 2**bits)."""
        bins = np.zeros((len(self.slots), 1 << self.bits), dtype=np.float64 if self.summed else np.int64)
        for sample in samples:
            index = (sort_keys(sample.values) >> (KEY_BITS - self.bits)).astype(np.intp)
            if not isinstance(sample.stratum, int):
                index += sample.stratum.astype(np.intp) << self.bits
            lowest = int(index.min())  # values of a strip lie in few bins
            index -= lowest
            added = histogram(index, int(index.max()) + 1, self._weights(sample))
            of_sample = bins[sample.stratum] if isinstance(sample.stratum, int) else bins.reshape(-1)
            of_sample[lowest : lowest + added.size] += added
        return bins

    def _in_slots(self, sample: Sample) -> tuple[np.ndarray, np.ndarray | None]:
        """Bins (int32, flat) and weights of the few that share the leading bits of a slot."""
        keys = sort_keys(sample.values)
        near = np.flatnonzero(self._leading.take((keys >> self._shift).astype(np.intp)))
        keys, weights, stratum = keys.take(near), self._weights(sample), sample.stratum
        strata = np.asarray(stratum if isinstance(stratum, int) else stratum.take(near), dtype=np.int64)
        codes = (keys >> (KEY_BITS - self.known)).astype(np.int64) | strata << KEY_BITS
        row = np.searchsorted(self.slots, codes)
        hit = self.slots.take(row, mode="clip") == codes
        digits = (keys >> (KEY_BITS - self.known - self.bits)).astype(np.intp) & ((1 << self.bits) - 1)
        index = ((row << self.bits) + digits)[hit].astype(np.int32)
        return index, None if weights is None else weights.take(near)[hit]

    def _weights(self, sample: Sample) -> np.ndarray | None:
        """Sums alone are enough where they are wanted: weights are above 0, so sums tell which bins hold any."""
        if not self.summed:
            return None
        return sample.values if sample.weights is None else sample.weights()

    @property
    def _shift(self) -> int:
        return KEY_BITS - min(self.known, MAX_DIGIT_BITS)

    @cached_property
    def _leading(self) -> np.ndarray:
        """Which of the first bits (up to 16) any slot has: a cheap test that most values fail."""
        table = np.zeros(1 << (KEY_BITS - self._shift), dtype=bool)
        prefixes = self.slots & ((1 << KEY_BITS) - 1)
        table[prefixes >> (self.known - (KEY_BITS - self._shift))] = True
        return table


def sort_keys(values: np.ndarray) -> np.ndarray:
    """Unsigned integers (uint32) in the order of the values, taken as float32; both zeros have the same key.

    IEEE 754 numbers compare like integers of their bits; negative ones need all bits flipped, others the sign bit.
    """
    numbers = values.astype(np.float32, copy=False)
    if numbers.size and numbers.min() > 0:
        return numbers.view(np.uint32) | np.uint32(0x80000000)
    bits = (numbers + np.float32(0)).view(np.uint32)
    flip = (bits.view(np.int32) >> 31).view(np.uint32) | np.uint32(0x80000000)
    return np.bitwise_xor(bits, flip, out=flip)
