"""One term of a multiscale model: a local regression of what the others leave on one driver, without a constant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...progress import QUIET, Progress
from .kernels import Kernel, seen
from .search import Search, find_bandwidth, search_range
from .weighted import aicc

MOST_ORDERED = 8_000  # places whose order from every place is kept: 256 MB of whole numbers
_KEPT = 8_000_000  # weights of a smoother that are kept rather than made again
_ROWS = 32


class Smoother:
    """Turns values r into x_i sum_m w_im x_m r_m / sum_m w_im x_m^2 at a fixed bandwidth.

    Args:
        points: shape (n, d).
        x: the driver, shape (n,).
        kernel: shape and kind.
        bandwidth: places or distance.
    """

    def __init__(self, points: np.ndarray, x: np.ndarray, kernel: Kernel, bandwidth: float) -> None:
        self._points, self.x, self._kernel, self._bandwidth = points, x, kernel, bandwidth
        self._kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] | None = None

    def coefficients(self, values: np.ndarray, progress: Progress = QUIET) -> np.ndarray:
        """The coefficient at every place for each column of values, shape (n, m)."""
        found = np.empty(values.shape)
        for rows, others, weights in self._blocks():
            progress.check()
            found[rows] = weights @ values[others]
        return found

    def smooth(self, values: np.ndarray, progress: Progress = QUIET) -> np.ndarray:
        """The fitted term for each column of values, shape (n, m)."""
        return self.x[:, None] * self.coefficients(values, progress)

    def matrix(self) -> np.ndarray:
        """Coefficients as a matrix (n, n) of values; for few places."""
        whole = np.zeros((len(self.x), len(self.x)))
        for rows, others, weights in self._blocks():
            whole[np.ix_(rows, others)] = weights
        return whole

    def _blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        if self._kept is not None:
            yield from self._kept
            return
        kept, size = [], 0
        for block in seen(self._points, self._kernel, [self._bandwidth]):
            weights = next(block.weights) * self.x[block.others]
            total = weights @ self.x[block.others]
            # Where a driver is zero all around, the term is zero whatever its coefficient.
            weights *= np.divide(1, total, out=np.zeros_like(total), where=total > 0)[:, None]
            made = (block.rows, block.others, weights)
            size += weights.size
            if size <= _KEPT:
                kept.append(made)
            yield made
        if size <= _KEPT:
            self._kept = kept


class TermSearch:
    """Finds the bandwidth of a term. Of an adaptive bisquare kernel every number of places is tried at once.

    The bisquare weight is a polynomial in the squared distance, (1 - d^2/b^2)^2 = 1 - 2 d^2/b^2 + d^4/b^4. With
    places in the order of their distance the running sums of z, d^2 z and d^4 z give the weighted sums of every
    bandwidth.

    Args:
        points: shape (n, d).
        kernel: shape and kind.
    """

    def __init__(self, points: np.ndarray, kernel: Kernel, progress: Progress = QUIET) -> None:
        self._points, self._kernel = points, kernel
        self.low, self.high = search_range(points, kernel, 1)
        self._order: np.ndarray | None = None
        if kernel.adaptive and kernel.shape == "bisquare" and len(points) <= MOST_ORDERED:
            self._order = _order(points, progress)

    def find(self, x: np.ndarray, values: np.ndarray, start: float | None = None, progress: Progress = QUIET) -> Search:
        """The bandwidth with the least AICc of values on x; `start` is one that was best before."""
        if self._order is None:
            products = np.column_stack([x * x, x * values])
            return find_bandwidth(
                lambda trial: self._scores(x, values, products, trial, progress),
                self._kernel,
                self.low,
                self.high,
                start,
            )
        score = self._all_scores(x, values, progress)
        bandwidths = np.arange(int(self.low), int(self.high) + 1, dtype=np.float64)
        best = int(np.argmin(score))
        edge = "low" if best == 0 else "high" if best == len(score) - 1 else ""
        return Search(float(bandwidths[best]), float(score[best]), np.column_stack([bandwidths, score]), edge)

    def _scores(
        self, x: np.ndarray, values: np.ndarray, products: np.ndarray, bandwidths: Sequence[float], progress: Progress
    ) -> np.ndarray:
        rss, enp = np.zeros((2, len(bandwidths)))
        for block in seen(self._points, self._kernel, bandwidths):
            progress.check()
            near, mine = products[block.others], x[block.rows]
            for number, weights in enumerate(block.weights):
                below, above = (weights @ near[: weights.shape[1]]).T
                share = np.divide(mine, below, out=np.zeros_like(mine), where=below > 0)
                errors = values[block.rows] - share * above
                rss[number] += errors @ errors
                enp[number] += share @ mine
        return aicc(rss, enp, len(x))

    def _all_scores(self, x: np.ndarray, values: np.ndarray, progress: Progress) -> np.ndarray:
        if self._order is None:
            raise TypeError("self._order is not as expected")
        n, first = len(x), int(self.low) - 1
        last = int(self.high)
        rss, enp = np.zeros((2, last - first))
        squares, cross = x * x, x * values
        for start in range(0, n, _ROWS):
            progress.check()
            rows = np.arange(start, min(start + _ROWS, n))
            order = self._order[rows, :last]
            d2 = np.zeros(order.shape)
            for axis in self._points.T:
                step = axis[order] - axis[rows, None]
                np.multiply(step, step, out=step)
                d2 += step
            inverse = 1 / (d2[:, first:] * 1.0000001**2)
            sums = []
            for column in (squares, cross):
                part = column[order]
                total = np.cumsum(part, axis=1)[:, first:]
                part *= d2
                total -= 2 * inverse * np.cumsum(part, axis=1)[:, first:]
                part *= d2
                total += inverse * inverse * np.cumsum(part, axis=1)[:, first:]
                sums.append(total)
            below, above = sums
            share = np.divide(x[rows, None], below, out=np.zeros_like(below), where=below > 0)
            enp += x[rows] @ share
            share *= above
            np.subtract(values[rows, None], share, out=share)
            rss += np.einsum("ij,ij->j", share, share)
        return aicc(rss, enp, n)


def _order(points: np.ndarray, progress: Progress) -> np.ndarray:
    n = len(points)
    order = np.empty((n, n), dtype=np.int32)
    for start in range(0, n, _ROWS):
        progress.check()
        rows = slice(start, start + _ROWS)
        d2 = np.zeros((len(points[rows]), n))
        for axis in points.T:
            d2 += (axis[None, :] - axis[rows, None]) ** 2
        order[rows] = np.argsort(d2, axis=1)
    return order
