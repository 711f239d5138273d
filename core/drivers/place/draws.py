"""Conditional permutations of local statistics: a place keeps its value, the others change places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ...progress import Progress


@dataclass(frozen=True)
class Draws:
    """What neighbours hold when all values but a place's own are shuffled over the other places.

    Attributes:
        above, below: draws at least, and at most, the observed.
        mean, sd: of the draws.
        count: number of draws.
    """

    above: np.ndarray
    below: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    count: int

    @property
    def p(self) -> np.ndarray:
        """Two-sided, 2 (min(above, below) + 1) / (draws + 1)."""
        return np.minimum(2 * (np.minimum(self.above, self.below) + 1) / (self.count + 1), 1.0)


def conditional_draws(
    values: np.ndarray,
    matrix: sparse.csr_matrix,
    statistic: Callable[[np.ndarray], np.ndarray],
    permutations: int,
    seed: int,
    progress: Progress,
) -> Draws:
    """Shuffles values over the other places, place by place at once.

    Where a place would meet its own value among its neighbours, it gets the one that would be on the place itself.

    Args:
        values: shape (n,) or (n, m), rows shuffled together.
        matrix: weights, zero diagonal.
        statistic: a function of the (n, m) weighted sums of neighbours, giving (n,).
        permutations: number of draws.
        seed: of the draws.
        progress: polled for a cancel at every draw.
    """
    columns = values.reshape(len(values), -1)
    n = len(columns)
    rows = np.repeat(np.arange(n), np.diff(matrix.indptr))
    observed = statistic(matrix @ columns)
    rounding = 1e-12 * max(float(np.abs(observed).max()), 1e-300)
    rng = np.random.default_rng(seed)
    above, below = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    total, squares = np.zeros(n), np.zeros(n)
    for done in range(permutations):
        progress.check()
        drawn = rng.permutation(n)
        other = columns[drawn]
        lag = matrix @ other
        met = drawn[matrix.indices] == rows
        for column in range(columns.shape[1]):
            change = other[:, column] - columns[:, column]
            lag[:, column] += np.bincount(rows[met], weights=matrix.data[met], minlength=n) * change
        found = statistic(lag)
        above += found >= observed - rounding
        below += found <= observed + rounding
        total += found - observed
        squares += (found - observed) ** 2
        progress.set(100 * (done + 1) / permutations)
    mean = total / permutations
    sd = np.sqrt(np.maximum(squares / permutations - mean**2, 0))
    return Draws(above, below, mean + observed, sd, permutations)
