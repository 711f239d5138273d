"""Standard errors of a multiscale model at its fixed point: what each term takes of every value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...progress import QUIET, Progress
from .smoother import Smoother

Settle = Callable[[Sequence[Smoother], np.ndarray, np.ndarray, Progress], tuple[np.ndarray, float]]

MOST_EXACT = 2_000
_PROBES = 128
_AT_ONCE = 32


@dataclass(frozen=True)
class TermErrors:
    """What the terms take of the data.

    Attributes:
        enp: effective number of parameters of each term, tr R_j, shape (k,).
        enp_error: standard error of it where probes stand for the whole matrix, else 0.
        squares: sum_m C_jim^2, C_j the map from values to coefficients; times sigma2 a variance, shape (n, k).
        exact: whether no probes were used.
    """

    enp: np.ndarray
    enp_error: np.ndarray
    squares: np.ndarray
    exact: bool


def term_errors(smoothers: Sequence[Smoother], settle: Settle, seed: int = 0, progress: Progress = QUIET) -> TermErrors:
    """Exact up to `MOST_EXACT` places; beyond, from random probes of what a low-rank part leaves (Hutch++)."""
    if len(smoothers[0].x) <= MOST_EXACT:
        found = _exact(smoothers, progress)
        if found is not None:
            return found
    return _probed(smoothers, settle, seed, progress)


def _exact(smoothers: Sequence[Smoother], progress: Progress) -> TermErrors | None:
    """Solves f_j = A_j (e + f_j) for each term, then e = y - sum f_j.

    I - A_j has x_j for null vector, because a local regression gives a multiple of its driver back. So f_j = P_j e +
    c_j x_j with P_j e at right angles to x_j, and s_j'e = 0 is what makes it solvable. None where a null vector is not
    the only one (a driver that is zero between places), which only sweeps can solve.
    """
    n, k = len(smoothers[0].x), len(smoothers)
    parts, solvable, whole = [], np.empty((k, n)), np.eye(n + k)
    for j, smoother in enumerate(smoothers):
        progress.check()
        x = smoother.x
        take = x[:, None] * smoother.matrix()
        bordered = np.zeros((n + 1, n + 1))
        bordered[:n, :n] = np.eye(n) - take
        bordered[:n, n] = bordered[n, :n] = x / np.sqrt(x @ x)
        try:
            solved = np.linalg.solve(bordered, np.vstack([take, np.zeros(n)]))
        except np.linalg.LinAlgError:
            return None
        if not np.abs(solved).max() < 1e8:
            return None
        parts.append(solved[:n])
        solvable[j] = solved[n]
        whole[:n, :n] += parts[j]
        whole[:n, n + j] = x
        progress.set(50 * (j + 1) / k)
    whole[n:, :n], whole[n:, n:] = solvable, 0
    progress.check()
    solved = np.linalg.solve(whole, np.eye(n + k, n))
    left, amounts = solved[:n], solved[n:]
    enp, squares = np.empty(k), np.empty((n, k))
    for j, smoother in enumerate(smoothers):
        progress.check()
        taken = parts[j] @ left + np.outer(smoother.x, amounts[j])
        enp[j] = np.trace(taken)
        coefficients = smoother.matrix() @ (left + taken)
        squares[:, j] = np.einsum("ij,ij->i", coefficients, coefficients)
        progress.set(50 + 50 * (j + 1) / k)
    return TermErrors(enp, np.zeros(k), squares, True)


def _probed(smoothers: Sequence[Smoother], settle: Settle, seed: int, progress: Progress) -> TermErrors:
    """What a subspace Q takes is worked out; the rest is judged by probes at right angles to it.

    tr R = tr Q'RQ + E z'(I - QQ')R(I - QQ')z and |row i of C|^2 = |row i of CQ|^2 + E (C (I - QQ') z)_i^2 for signs z.
    Source: Meyer, Musco, Musco and Woodruff 2021, Hutch++; Hutchinson 1990.
    """
    n = len(smoothers[0].x)
    rng = np.random.default_rng(seed)
    first = rng.choice([-1.0, 1.0], size=(n, _PROBES))
    terms, _ = _taken(smoothers, settle, first, progress.part(0, 33))
    space, _ = np.linalg.qr(terms.sum(axis=1))
    terms, coefficients = _taken(smoothers, settle, space, progress.part(33, 66))
    enp = np.einsum("im,ijm->j", space, terms)
    squares = np.einsum("ijm,ijm->ij", coefficients, coefficients)
    probes = rng.choice([-1.0, 1.0], size=(n, _PROBES))
    probes -= space @ (space.T @ probes)
    terms, coefficients = _taken(smoothers, settle, probes, progress.part(66, 100))
    traces = np.einsum("im,ijm->jm", probes, terms)
    squares += np.mean(coefficients**2, axis=2)
    return TermErrors(enp + traces.mean(axis=1), traces.std(axis=1) / np.sqrt(_PROBES), squares, False)


def _taken(
    smoothers: Sequence[Smoother], settle: Settle, values: np.ndarray, progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """Terms and coefficients for each column of values, shapes (n, k, m)."""
    n, m = values.shape
    terms = np.empty((n, len(smoothers), m))
    coefficients = np.empty_like(terms)
    for start in range(0, m, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        y = values[:, part]
        made, _ = settle(smoothers, y, np.zeros((n, len(smoothers), y.shape[1])), progress)
        left = y - made.sum(axis=1)
        terms[:, :, part] = made
        for j, smoother in enumerate(smoothers):
            coefficients[:, j, part] = smoother.coefficients(left + made[:, j], progress)
        progress.set(100 * min(start + _AT_ONCE, m) / m)
    return terms, coefficients
