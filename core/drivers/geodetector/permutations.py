"""p of q by random orders of y, in each of which the strata are made anew.

Classes that were chosen to explain y explain it better than chance, so an order of y must be given the same choice: on
noise the test with the classes kept rejects at 5 % in a quarter of the cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Callable

import numpy as np

from ...progress import Progress
from .statistics import TOLERANCE, BlockShuffle, Floats, Integers
from .strata import Stratifier, quick_q

Statistic = Callable[[Floats], Floats]
"""q of (n,) values of y in some order, of the whole sample and of its parts."""


def statistic_of(made: Stratifier, drop: bool, parts: Sequence[Integers] = ()) -> Statistic:
    """The q of a factor as a function of y.

    Args:
        made: makes the strata of the factor for that y.
        drop: whether samples that are alone in their stratum are left out.
        parts: rows of each year, whose q is told after that of all rows.
    """
    if not drop and not parts:
        return lambda y: np.array([made.q(y)])

    def of_parts(y: Floats) -> Floats:
        codes = made.codes(y)
        everywhere = (np.arange(len(y)), *parts)
        return np.array([quick_q(y[rows] - y[rows].mean(), codes[rows], drop) for rows in everywhere])

    return of_parts


def permutation_p(
    y: Floats,
    statistics: Mapping[str, Statistic],
    permutations: int,
    blocks: Integers | None,
    seed: int,
    progress: Progress,
    parts: Sequence[Integers] = (),
) -> dict[str, Floats]:
    """Share of the orders, the observed one among them, with at least the observed q: ``(1 + hits)/(1 + draws)``.

    Args:
        y: (n,) explained variable.
        statistics: by factor.
        permutations: number of random orders.
        blocks: (n,) blocks that move as a whole; None for none.
        seed: of the orders.
        progress: polled for a cancel at every order.
        parts: rows of each year, within which y is shuffled; all rows together where none are given.

    Returns:
        By factor the p of each q that its statistic tells.
    """
    if not statistics or not permutations:
        return {}
    centred = y - y.mean()
    observed = {name: statistic(centred) for name, statistic in statistics.items()}
    rows = parts or (np.arange(len(y)),)
    shuffles = [
        BlockShuffle(centred[part], None if blocks is None else _compact(blocks[part]), seed + number)
        for number, part in enumerate(rows)
    ]
    hits = {name: np.zeros(len(found)) for name, found in observed.items()}
    drawn = np.empty_like(centred)
    for done in range(permutations):
        progress.check()
        for part, shuffle in zip(rows, shuffles):
            drawn[part] = shuffle.draw()
        for name, statistic in statistics.items():
            hits[name] += statistic(drawn) >= observed[name] - TOLERANCE
        progress.set(100 * (done + 1) / permutations)
    return {name: (1 + hit) / (1 + permutations) for name, hit in hits.items()}


def _compact(codes: Integers) -> Integers:
    return np.unique(codes, return_inverse=True)[1].ravel()
