"""The spatial lag: what neighbours are on average, its inverse, determinant and traces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from scipy import linalg, sparse
from scipy.sparse.linalg import splu

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ..place.neighbours import Weights

DENSE = 1_000  # places up to which eigenvalues are taken and traces are exact
_PROBES, _AT_ONCE = 64, 8
_NODES = 11
_MARGIN = 1e-6  # from the ends of the admissible interval


class SpatialLag:
    """W of N places, rows standardised, applied to T years at once; values are year by year, shape (T N, m).

    Args:
        weights: of the places.
        times: T.
        seed: of the probes of traces.
        progress: asked before every factorisation whether to stop.

    Attributes:
        low, high: between these I - rho W is regular: 1 over the least real eigenvalue to 1, or from -1 with many
            places, where the eigenvalues, none of which is beyond 1 in size, are not worked out.
    """

    def __init__(self, weights: Weights, times: int = 1, seed: int = 0, progress: Progress = QUIET) -> None:
        self.matrix, self.times, self.seed = weights.matrix.tocsr(), times, seed
        self._progress = progress
        self.n = weights.n
        self.islands = weights.islands
        if self.matrix.nnz == 0:
            raise InputError(
                say("No place has a neighbour ({kind}). Choose knn or a larger distance.", kind=weights.kind)
            )
        self._eigenvalues: np.ndarray | None = None
        self._known: dict[float, float] = {}
        if self.n <= DENSE:
            kin = _kin(self.matrix)
            self._eigenvalues = (
                np.linalg.eigvalsh(kin.toarray()) if kin is not None else linalg.eigvals(self.matrix.toarray())
            )
        self.low, self.high = self._interval()

    def lag(self, values: np.ndarray) -> np.ndarray:
        """W v, the mean of the neighbours in the same year."""
        return self.by_year(lambda one: self.matrix @ one, values)

    def filtered(self, values: np.ndarray, rho: float) -> np.ndarray:
        """V - rho W v."""
        return values - rho * self.lag(values)

    def solver(self, rho: float) -> Solver:
        """The inverse of I - rho W, ready for many right-hand sides."""
        return Solver(self, rho)

    def log_determinant(self, rho: float) -> float:
        """ln|I - rho W| of one year, exact: from eigenvalues, or from a sparse LU."""
        if self._eigenvalues is not None:
            return float(np.sum(np.log(np.abs(1 - rho * self._eigenvalues))))
        if rho not in self._known:
            self._known[rho] = float(np.sum(np.log(np.abs(self.factor(rho).U.diagonal()))))
        return self._known[rho]

    def factor(self, rho: float) -> Any:
        """Sparse LU of I - rho W without pivoting, which rows that sum to less than one do not need."""
        self._progress.check()
        shifted = (sparse.identity(self.n, format="csc") - rho * self.matrix.tocsc()).tocsc()
        return splu(shifted, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})

    def probes(self) -> Iterator[np.ndarray]:
        """Columns of random signs, some at a time, the same at every call."""
        rng = np.random.default_rng(self.seed)
        for _ in range(0, _PROBES, _AT_ONCE):
            self._progress.check()
            yield rng.choice([-1.0, 1.0], size=(self.n, _AT_ONCE))

    def curve(self, low: float, high: float) -> Determinant:
        """ln|I - rho W| and its derivatives for any rho from low to high."""
        if self._eigenvalues is not None:
            return Determinant(self._eigenvalues, None)
        angles = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
        nodes = (low + high) / 2 + (high - low) / 2 * angles
        # The eigenvalue 1 of standardised rows is taken out, for its logarithm bends most near rho = 1.
        smooth = [self.log_determinant(float(rho)) - np.log(1 - rho) for rho in nodes]
        return Determinant(None, chebyshev.Chebyshev.fit(nodes, smooth, _NODES - 1, [low, high]))

    def by_year(self, function: Callable[[np.ndarray], np.ndarray], values: np.ndarray) -> np.ndarray:
        """A function of the values of one year, columns side by side, for all years."""
        if self.times == 1:
            return function(values)
        wide = _wide(values, self.times, self.n)
        return _long(function(wide), values.shape, self.times, self.n)

    def _interval(self) -> tuple[float, float]:
        least = -1.0
        if self._eigenvalues is not None:
            real = np.real(self._eigenvalues[np.abs(np.imag(self._eigenvalues)) < 1e-9])
            least = min(float(real.min()), -1e-3)
        return 1 / least + _MARGIN, 1 - _MARGIN


@dataclass(frozen=True)
class Determinant:
    """ln|I - rho W| of one year between two values of rho, with G = W (I - rho W)^-1."""

    eigenvalues: np.ndarray | None
    polynomial: chebyshev.Chebyshev | None

    def value(self, rho: float) -> float:
        if self.polynomial is None:
            if self.eigenvalues is None:
                raise TypeError("self.eigenvalues is not as expected")
            return float(np.sum(np.log(np.abs(1 - rho * self.eigenvalues))))
        return float(self.polynomial(rho) + np.log(1 - rho))

    def trace(self, rho: np.ndarray | float) -> np.ndarray:
        """Tr G, minus the derivative."""
        if self.polynomial is None:
            if self.eigenvalues is None:
                raise TypeError("self.eigenvalues is not as expected")
            shares = self.eigenvalues / (1 - np.multiply.outer(np.asarray(rho, dtype=np.float64), self.eigenvalues))
            return np.real(shares.sum(axis=-1))
        return -self.polynomial.deriv()(np.asarray(rho)) + 1 / (1 - np.asarray(rho))

    def trace_of_square(self, rho: float) -> float:
        """Tr G^2, minus the second derivative."""
        if self.polynomial is None:
            if self.eigenvalues is None:
                raise TypeError("self.eigenvalues is not as expected")
            return float(np.real(np.sum((self.eigenvalues / (1 - rho * self.eigenvalues)) ** 2)))
        return float(-self.polynomial.deriv(2)(rho) + 1 / (1 - rho) ** 2)


class Solver:
    """Solves with I - rho W of every year, and makes G = W (I - rho W)^-1.

    Args:
        of: the lag.
        rho: between its limits.
    """

    def __init__(self, of: SpatialLag, rho: float) -> None:
        self.of = of
        self._factor = of.factor(rho)
        self.whole = of.matrix @ self._factor.solve(np.eye(of.n)) if of.n <= DENSE else None

    def solve(self, values: np.ndarray) -> np.ndarray:
        """(I - rho W)^-1 v."""
        return self.of.by_year(self._factor.solve, values)

    def solve_back(self, values: np.ndarray) -> np.ndarray:
        """(I - rho W')^-1 v."""
        return self.of.by_year(lambda one: self._factor.solve(one, "T"), values)

    def make(self, columns: np.ndarray) -> np.ndarray:
        """G v of one year."""
        return self.of.matrix @ self._factor.solve(columns)

    def back_to_ones(self) -> np.ndarray:
        """G'1 of one year."""
        return self._factor.solve(self.of.matrix.T @ np.ones(self.of.n), "T")


@dataclass(frozen=True)
class Trace:
    """A trace and the standard error of it where it was estimated by probes, else 0."""

    value: float
    error: float = 0.0


def trace_of_cross(one: Solver, other: Solver) -> Trace:
    """Tr G1'G2 of one year: exact for few places, else by probes of signs (Hutchinson 1990)."""
    if one.whole is not None and other.whole is not None:
        return Trace(float(np.sum(one.whole * other.whole)))
    return _probed(one.of, lambda signs: _both(one, other, signs))


def trace_of_product(one: Solver, other: Solver) -> Trace:
    """Tr G1 G2 of one year, as `trace_of_cross`."""
    if one.whole is not None and other.whole is not None:
        return Trace(float(np.sum(one.whole * other.whole.T)))
    return _probed(one.of, lambda signs: (signs, one.make(other.make(signs))))


def trace_with_lag(solver: Solver) -> Trace:
    """Tr (W + W')G of one year, as `trace_of_cross`."""
    both = solver.of.matrix + solver.of.matrix.T
    if solver.whole is not None:
        return Trace(float(both.multiply(solver.whole).sum()))
    return _probed(solver.of, lambda signs: (both @ signs, solver.make(signs)))


def _both(one: Solver, other: Solver, signs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    made = one.make(signs)
    return made, made if one is other else other.make(signs)


def _probed(of: SpatialLag, pair: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> Trace:
    each = np.concatenate([np.einsum("im,im->m", *pair(signs)) for signs in of.probes()])
    return Trace(float(each.mean()), float(each.std() / np.sqrt(len(each))))


def link_traces(of: SpatialLag) -> float:
    """T = tr(W'W + W^2) of all years."""
    w = of.matrix
    return of.times * float((w.data**2).sum() + w.multiply(w.T).sum())


def _kin(matrix: sparse.csr_matrix) -> sparse.csr_matrix | None:
    """The symmetric matrix with the eigenvalues of W, D^-1/2 B D^-1/2, where links go both ways; else None."""
    counts = np.diff(matrix.indptr)
    root = np.sqrt(np.where(counts > 0, counts, 1.0))
    kin = sparse.diags(root) @ matrix @ sparse.diags(1 / root)
    apart = abs(kin - kin.T)
    return kin.tocsr() if apart.nnz == 0 or float(apart.max()) < 1e-9 else None


def _wide(values: np.ndarray, times: int, n: int) -> np.ndarray:
    return values.reshape(times, n, -1).transpose(1, 0, 2).reshape(n, -1)


def _long(values: np.ndarray, shape: tuple[int, ...], times: int, n: int) -> np.ndarray:
    return values.reshape(n, times, -1).transpose(1, 0, 2).reshape(shape)
