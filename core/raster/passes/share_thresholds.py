"""From which amount on pixels hold a share of the total: exact cumulative shares, see `radix_search`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ..reading.source import Source
from ..study import StudyArea
from ..validity import everywhere, is_everywhere
from ..work import Block
from .radix_search import RadixSearch, Sample, Target

# What a value says: an amount per area, or that of the pixel, where pixels differ in size; `alike` is either where all
# have one area, so that values add up as they are.
Holds = Literal["alike", "density", "quantity"]

# A share counts as reached this little before it is, so that rounding of sums decides nothing.
SHARE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class ShareThresholds:
    """Where pixels in falling order reach shares of their total.

    Attributes:
        values: one per share; infinite where the total is 0.
        held: what the pixels of at least each value hold together.
        total: of all pixels above 0.
    """

    values: tuple[float, ...]
    held: tuple[float, ...]
    total: float

    @classmethod
    def of_targets(cls, found: Sequence[Target], total: float) -> ShareThresholds:
        held = [target.place.reached for target in found if isinstance(target.place, _Amount)]
        return cls(tuple(target.value for target in found), tuple(held), total)


def share_thresholds(
    area: StudyArea,
    sources: Sequence[Source],
    shares: Sequence[float],
    holds: Sequence[Holds],
    progress: Progress = QUIET,
) -> tuple[ShareThresholds, ...]:
    """Per source and share the largest value such that the pixels with at least that value hold the share of the total.

    The pixels are ranked by what they hold per area (`ranked`), whatever their size; those that are zero or negative
    hold nothing. A pixel reaches the threshold exactly when the pixels above it hold less than the share, so that all
    pixels of equal value stand on the same side (Gong et al. 2017, Acta Ecol. Sin. 37(7):2455-2462). Each source is
    ranked on its own, where it is valid.

    Args:
        area: the study area.
        sources: fitted to the area's grid.
        shares: of the total, above 0 and up to 1.
        holds: per source, what its values say.
        progress: gets the progress of the passes.

    Raises:
        InputError: a share lies outside 0 to 1.
    """
    for share in shares:
        if not 0 < share <= 1:
            raise InputError(
                say(
                    "The cumulative share {share:g} % does not exist. Give percent above 0 up to 100.",
                    share=100 * share,
                )
            )
    totals = np.zeros(len(sources))

    def targets_of(sums: np.ndarray) -> list[Target]:
        totals[:] = sums.sum(axis=1)
        return [
            Target(stratum, _Amount((share - SHARE_TOLERANCE) * float(total)))
            for stratum, total in enumerate(totals)
            if total > 0
            for share in shares
        ]

    sampler = _AmountSampler(tuple(source.name for source in sources), tuple(holds))
    job = area.reads(sources, gate_any=True)
    found = iter(RadixSearch(job, sampler, len(sources), summed=True, progress=progress).find(targets_of))
    nothing = ShareThresholds((np.inf,) * len(shares), (0.0,) * len(shares), 0.0)
    return tuple(
        ShareThresholds.of_targets([next(found) for _ in shares], float(total)) if total > 0 else nothing
        for total in totals
    )


def pixel_amounts(values: np.ndarray, areas_ha: np.ndarray) -> np.ndarray:
    """Amount that each pixel holds, float32: `values` (height, width) per hectare times the area of the pixel."""
    amounts = values.astype(np.float64)
    amounts *= areas_ha
    return amounts.astype(np.float32)


def ranked(values: np.ndarray, areas_ha: np.ndarray, holds: Holds) -> np.ndarray:
    """What pixels are ranked by, float32: values, or quantities per hectare.

    Args:
        values: shape (height, width).
        areas_ha: of a pixel per row, shape (height, 1).
        holds: what the values say.
    """
    per_area = values / areas_ha if holds == "quantity" else values
    return per_area.astype(np.float32, copy=False)


@dataclass(frozen=True)
class _AmountSampler:
    names: tuple[str, ...]
    holds: tuple[Holds, ...]

    def __call__(self, block: Block) -> Iterator[Sample]:
        for number, (name, holds) in enumerate(zip(self.names, self.holds)):
            values, valid = block.values[name], block.valid[name]
            worth = ranked(values, block.areas_ha, holds)
            whole = is_everywhere(valid) and worth.min() > 0
            some = everywhere(worth.shape) if whole else valid & (worth > 0)
            weights = None if holds == "alike" else partial(_amounts, block, name, some, holds)
            yield Sample(worth.reshape(-1) if whole else worth[some], number, weights)


def _amounts(block: Block, name: str, pixels: np.ndarray, holds: Holds) -> np.ndarray:
    """What each of these pixels holds, float64."""
    amounts = block.values[name][pixels].astype(np.float64)
    return amounts * block.areas_of(pixels) if holds == "density" else amounts


@dataclass(frozen=True)
class _Amount:
    """How much the values at and above the one looked for must hold.

    Attributes:
        needed: of the values within the bin.
        above: what larger values outside the bin hold.
        reached: what the values from the lower end of the bin on hold.
    """

    needed: float
    above: float = 0.0
    reached: float = 0.0

    def descend(self, bins: np.ndarray) -> tuple[int, _Amount]:
        """The highest bin down to which the bins hold enough, and what it must hold itself."""
        held = np.cumsum(bins[::-1])[::-1]
        enough = np.flatnonzero((held >= self.needed) & (bins > 0))
        # Sums of different passes differ by rounding: what is then missing in the end is nothing.
        found = int(enough[-1]) if enough.size else int(np.flatnonzero(bins)[0])
        larger = float(held[found] - bins[found])
        return found, _Amount(self.needed - larger, self.above + larger, self.above + float(held[found]))
