"""Fixed effects of entities and times: taking them out of columns, exactly.

Two-way effects on unbalanced data have no closed formula by means. Entity means are taken out
first, and the time effects of what remains solve a T x T system (Frisch, Waugh and Lovell), so the
answer is exact at any pattern of missing rows. Only when both entities and times are very many is
that system solved by conjugate gradients, which accelerates the alternating projections of
Guimaraes and Portugal (2010, Stata Journal 10:628) and Gaure (2013, 10.1016/j.csda.2013.03.024).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, sparse
from scipy.sparse import csgraph

EFFECTS = ("entity", "time", "twoway", "none")

LARGEST_DENSE = 1500  # times (or entities) up to which the T x T system is solved directly
TOLERANCE = 1e-11  # of the conjugate gradients, relative residual
MOST_STEPS = 2000


def group_sums(values: np.ndarray, codes: np.ndarray, size: int) -> np.ndarray:
    """Sums of the columns of `values` (n, k) by group, shape (size, k)."""
    sums = np.empty((size, values.shape[1]), order="F")
    for j in range(values.shape[1]):
        sums[:, j] = np.bincount(codes, weights=values[:, j], minlength=size)
    return sums


@dataclass(frozen=True)
class Groups:
    """Group codes 0 to size-1 of n rows and the rows in each group."""

    codes: np.ndarray
    size: int

    @cached_property
    def counts(self) -> np.ndarray:
        return np.bincount(self.codes, minlength=self.size).astype(np.float64)

    def means(self, values: np.ndarray) -> np.ndarray:
        return group_sums(values, self.codes, self.size) / self.counts[:, None]


class Projection:
    """Takes effects out of columns: the residuals of a regression on the dummies, without building them.

    With `share` below one the `first` means are taken out only in part (quasi-demeaning, as random
    effects do), and the `second` dummies are taken out of what remains, having lost the same share.

    Args:
        first: groups whose means are taken out.
        second: groups whose dummies are taken out after that.
        share: part of each first mean that is taken out, one number per first group; None for all of it.
    """

    def __init__(self, first: Groups, second: Groups | None = None, share: np.ndarray | None = None) -> None:
        self.first, self.share = first, share
        self.second = second
        self.steps = 0
        self.converged = True

    def __call__(self, columns: np.ndarray) -> np.ndarray:
        """The columns (n, k) without the effects, a new column-major array."""
        left = np.empty(columns.shape, order="F")
        if self.share is None:
            np.subtract(columns, columns.mean(axis=0), out=left)
            columns = left
        self._without_first(columns, left)
        if self.second is not None:
            second = self._second_effects(left)
            seen_by_first = self._first_means_of_second(second)
            for j in range(left.shape[1]):
                left[:, j] -= second[self.second.codes, j] - seen_by_first[self.first.codes, j]
        return left

    @cached_property
    def components(self) -> int:
        """Connected parts of the panel: two entities are joined by a time that both have."""
        if self.second is None:
            return 1
        size = self.first.size + self.second.size
        edges = (np.ones(len(self.first.codes)), (self.first.codes, self.first.size + self.second.codes))
        return int(csgraph.connected_components(sparse.coo_matrix(edges, shape=(size, size)), directed=False)[0])

    @property
    def parameters(self) -> int:
        """How many parameters the effects take: the rank of their dummies."""
        return self.first.size if self.second is None else self.first.size + self.second.size - self.components

    def _share(self) -> np.ndarray:
        return np.ones(self.first.size) if self.share is None else self.share

    def _without_first(self, columns: np.ndarray, left: np.ndarray) -> np.ndarray:
        """Writes the columns less the share of their first means to `left`, which may be the columns themselves."""
        means = self.first.means(columns) * self._share()[:, None]
        for j in range(columns.shape[1]):
            np.subtract(columns[:, j], means[self.first.codes, j], out=left[:, j])
        return left

    def _first_means_of_second(self, second: np.ndarray) -> np.ndarray:
        return (self._incidence @ second) * (self._share() / self.first.counts)[:, None]

    @cached_property
    def _incidence(self) -> sparse.csr_matrix:
        if self.second is None:
            raise TypeError("self.second is not as expected")
        ones = np.ones(len(self.first.codes))
        shape = (self.first.size, self.second.size)
        return sparse.csr_matrix((ones, (self.first.codes, self.second.codes)), shape=shape)

    @cached_property
    def _scale(self) -> np.ndarray:
        """Weight of an entity's mean in the cross products of dummies that lost `share` of it."""
        share = self._share()
        return (2 * share - share**2) / self.first.counts

    def _second_effects(self, left: np.ndarray) -> np.ndarray:
        if self.second is None:
            raise TypeError("self.second is not as expected")
        sums = group_sums(left, self.second.codes, self.second.size)
        if self.share is not None:
            means = group_sums(left, self.first.codes, self.first.size) * (self.share / self.first.counts)[:, None]
            sums = sums - self._incidence.T @ means
        if self.second.size > LARGEST_DENSE:
            return self._conjugate_gradients(sums)
        return self._inverse @ sums

    @cached_property
    def _inverse(self) -> np.ndarray:
        """Inverse of the cross products of the second dummies, on the space that they span."""
        if self.second is None:
            raise TypeError("self.second is not as expected")
        product = (self._incidence.T @ sparse.diags(self._scale) @ self._incidence).toarray()
        product = np.diag(self.second.counts) - product
        values, vectors = linalg.eigh((product + product.T) / 2)
        null = self.components if self.share is None else int(np.sum(values <= 1e-12 * values[-1]))
        return vectors[:, null:] @ (vectors[:, null:] / values[null:]).T

    def _conjugate_gradients(self, sums: np.ndarray) -> np.ndarray:
        if self.second is None:
            raise TypeError("self.second is not as expected")
        counts, scale = self.second.counts[:, None], self._scale[:, None]
        solution = np.zeros_like(sums)
        residual = sums.copy()
        direction = scaled = residual / counts
        height = np.sum(residual * scaled, axis=0)
        target = TOLERANCE**2 * np.where(height > 0, height, 1)
        for step in range(1, MOST_STEPS + 1):
            if np.all(height <= target):
                break
            product = counts * direction - self._incidence.T @ (scale * (self._incidence @ direction))
            curve = np.sum(direction * product, axis=0)
            length = np.divide(height, curve, out=np.zeros_like(height), where=(curve > 0) & (height > target))
            solution += length * direction
            residual = residual - length * product
            scaled = residual / counts
            new = np.sum(residual * scaled, axis=0)
            turn = np.divide(new, height, out=np.zeros_like(new), where=height > 0)
            direction = scaled + turn * direction
            height = np.where(length > 0, new, height)
            self.steps = max(self.steps, step)
        self.converged = self.converged and bool(np.all(height <= target))
        return solution


def two_way(entity: Groups, time: Groups) -> Projection:
    """The projection with the larger side first."""
    return Projection(entity, time) if entity.size >= time.size else Projection(time, entity)


def singletons(groups: tuple[Groups, ...]) -> np.ndarray:
    """Rows that an effect fits exactly, because it has no other row: they say nothing about slopes.

    Removing a row can leave its other group alone, so the search repeats until none is left.

    Returns:
        Mask of the singletons, shape (n,).
    """
    kept = np.ones(len(groups[0].codes), dtype=bool)
    while True:
        before = kept
        for group in groups:
            counts = np.bincount(group.codes[kept], minlength=group.size)
            kept = kept & (counts[group.codes] > 1)
        if kept.sum() == before.sum():
            return ~kept
