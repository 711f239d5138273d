"""p of q by random orders of y, in each of which the classes are chosen anew.

Classes that were chosen to explain y explain it better than chance, so an order of y must be given the same choice: on
noise the test with the classes kept rejects at 5 % in a quarter of the cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable

import numpy as np

from ...progress import Progress
from .discretise import classify
from .optimal import DISTINCT, Choice, Ladder
from .sample import Categories
from .statistics import TOLERANCE, BlockShuffle, Floats, Integers, q_of_shuffled

Statistic = Callable[[Floats], float]
"""q of (n,) values of y in some order."""


def statistic_of(name: str, factor: Categories | Floats, ladder: Ladder | None, rule: str, drop: bool) -> Statistic:
    """The q of a factor as a function of y: of its categories, or of the classes that the rule chooses for that y.

    Args:
        name: of the factor.
        factor: categories or numbers.
        ladder: the classifications that are tried, for numbers.
        rule: how one of them is chosen.
        drop: whether samples that are alone in their stratum are left out.
    """
    if ladder is None:
        assert isinstance(factor, Categories)
        return _of_strata(factor.codes, drop)
    assert not isinstance(factor, Categories)
    choice = Choice(name, ladder.candidates, rule)
    alone = {
        i: _of_strata(classify(factor, candidate.breaks.values), drop)
        for i, candidate in enumerate(ladder.candidates)
        if drop and candidate.method == DISTINCT  # the only one with strata of one sample
    }

    def chosen(y: Floats) -> float:
        q = ladder.q(y)
        best = choice(q)
        return alone[best](y) if best in alone else float(q[best])

    return chosen


def _of_strata(codes: Integers, drop: bool) -> Statistic:
    count = np.bincount(codes)
    rows = np.flatnonzero(count[codes] > 1) if drop else np.arange(len(codes))
    occupied, kept = np.unique(codes[rows], return_inverse=True)
    kept, count = kept.ravel(), count[occupied]
    whole = len(rows) == len(codes)

    def fixed(y: Floats) -> float:
        return q_of_shuffled(y if whole else y[rows], kept, count)

    return fixed


def permutation_p(
    y: Floats,
    statistics: Mapping[str, Statistic],
    permutations: int,
    blocks: Integers | None,
    seed: int,
    progress: Progress,
) -> dict[str, float]:
    """Share of the orders, the observed one among them, with at least the observed q: ``(1 + hits)/(1 + draws)``.

    Args:
        y: (n,) explained variable.
        statistics: by factor.
        permutations: number of random orders.
        blocks: (n,) blocks that move as a whole; None for none.
        seed: of the orders.
        progress: polled for a cancel at every order.
    """
    if not statistics or not permutations:
        return {}
    centred = y - y.mean()
    observed = {name: statistic(centred) for name, statistic in statistics.items()}
    shuffle = BlockShuffle(centred, blocks, seed)
    hits = dict.fromkeys(statistics, 0)
    for done in range(permutations):
        progress.check()
        drawn = shuffle.draw()
        for name, statistic in statistics.items():
            hits[name] += statistic(drawn) >= observed[name] - TOLERANCE
        progress.set(100 * (done + 1) / permutations)
    return {name: (1 + hit) / (1 + permutations) for name, hit in hits.items()}
