"""How much of the variance of rows that were not there when the strata were made: q without its optimism.

Whole blocks of neighbours are left out together, for a neighbour tells too much (Roberts et al. 2017,
10.1111/ecog.02881).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...progress import Progress
from .statistics import Floats, Integers
from .strata import Stratifier


def deal_blocks(blocks: Integers, folds: int, seed: int) -> Integers:
    """(n,) the fold of each row, whole blocks dealt at random, folds of as equal a number of blocks as possible."""
    names, codes = np.unique(blocks, return_inverse=True)
    dealt = np.random.default_rng(seed).permutation(len(names)) % folds
    return np.asarray(dealt[codes.ravel()])


def cross_validated_q(
    y: Floats, makers: Mapping[str, Stratifier], fold: Integers, progress: Progress
) -> dict[str, float]:
    """``1 - sum (y - predicted)² / sum (y - mean)²`` over all folds, by factor.

    In each fold the strata are made, and their means and that of all taken, from the other rows alone. A row in a
    stratum that those do not have is predicted by the mean of all. q is 0 or less where strata tell nothing of new
    places.

    Args:
        y: (n,) explained variable.
        makers: make the strata, by factor.
        fold: (n,) of each row.
        progress: polled for a cancel at every fold.
    """
    missed = dict.fromkeys(makers, 0.0)
    total = 0.0
    numbers = np.unique(fold)
    for done, number in enumerate(numbers.tolist()):
        held, known = fold == number, np.flatnonzero(fold != number)
        level = float(y[known].mean())
        total += float(((y[held] - level) ** 2).sum())
        for name, maker in makers.items():
            progress.check()
            codes = maker.transferred(y, known)
            size = int(codes.max()) + 1
            count = np.bincount(codes[known], minlength=size)
            sums = np.bincount(codes[known], weights=y[known], minlength=size)
            means = np.where(count > 0, sums / np.maximum(count, 1), level)
            missed[name] += float(((y[held] - means[codes[held]]) ** 2).sum())
        progress.set(100 * (done + 1) / len(numbers))
    return {name: 1 - missed[name] / total for name in makers}
