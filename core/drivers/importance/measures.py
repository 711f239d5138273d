"""What a driver is worth: permutation on held-out rows, interactions, drivers that run together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from ...progress import QUIET, Progress

Predict = Callable[[np.ndarray], np.ndarray]

TOGETHER = 0.7  # |r| from which drivers share what they are worth


def r2(y: np.ndarray, predicted: np.ndarray) -> float:
    """1 - RSS/TSS; below zero where the mean would do better."""
    return 1 - float(np.sum((y - predicted) ** 2)) / float(np.sum((y - y.mean()) ** 2))


def permuted_losses(
    held_out: Sequence[tuple[Predict, np.ndarray]],
    x: np.ndarray,
    y: np.ndarray,
    columns: Sequence[Sequence[int]],
    repeats: int,
    seed: int = 0,
    progress: Progress = QUIET,
) -> np.ndarray:
    """Loss in R2 of held-out rows when the columns of a driver are dealt anew within them.

    Args:
        held_out: for each fold a model fitted without it and its rows.
        x, y: all rows, shapes (n, k), (n,).
        columns: of each driver, or of each group of drivers.
        repeats: how often.
        seed: of the dealing.
        progress: asked whether to stop.

    Returns:
        Shape (repeats, folds, drivers); over folds the parts add to the loss in R2 of all rows.

    Source: Breiman 2001; Fisher, Rudin and Dominici 2019, Journal of Machine Learning Research 20:177.
    """
    rng = np.random.default_rng(seed)
    total = float(np.sum((y - y.mean()) ** 2))
    losses = np.empty((repeats, len(held_out), len(columns)))
    for fold, (predict, rows) in enumerate(held_out):
        best = float(np.sum((y[rows] - predict(x[rows])) ** 2))
        for repeat in range(repeats):
            for place, own in enumerate(columns):
                progress.check()
                mixed = x[rows]
                mixed[:, own] = mixed[rng.permutation(len(rows))][:, own]
                losses[repeat, fold, place] = (float(np.sum((y[rows] - predict(mixed)) ** 2)) - best) / total
        progress.set(100 * (fold + 1) / len(held_out))
    return losses


def is_more_than_noise(losses: np.ndarray) -> np.ndarray:
    """Whether shuffling a driver costs something in most folds: t of the folds' mean losses above its 97.5 % point.

    Args:
        losses: of `permuted_losses`.

    Returns:
        Shape (drivers,).
    """
    by_fold = losses.mean(axis=0)
    folds = len(by_fold)
    error = by_fold.std(axis=0, ddof=1) / np.sqrt(folds)
    return by_fold.mean(axis=0) > stats.t.ppf(0.975, folds - 1) * error


def groups_together(x: np.ndarray, columns: Sequence[Sequence[int]]) -> list[list[int]]:
    """Drivers in groups, those of |r| above 0.7 with any of a group together; the driver's strongest column counts."""
    correlation = np.abs(np.corrcoef(x, rowvar=False))
    k = len(columns)
    near = [[max(correlation[np.ix_(columns[i], columns[j])].ravel()) > TOGETHER for j in range(k)] for i in range(k)]
    groups: list[list[int]] = []
    for driver in range(k):
        joined = [group for group in groups if any(near[driver][other] for other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append(sorted([driver, *(other for group in joined for other in group)]))
    return sorted(groups)


def interaction_strengths(
    predict: Predict, x: np.ndarray, pairs: Sequence[tuple[int, int]], progress: Progress = QUIET
) -> np.ndarray:
    """How far two drivers act other than by their sum, in units of y and as a share.

    The deviation of PD_jk - PD_j - PD_k over rows, PD the centred partial dependence; as a share of that of PD_jk it is
    the H of Friedman.

    Args:
        predict: of rows.
        x: some rows, shape (m, k); the work goes with m^2.
        pairs: of columns.
        progress: asked whether to stop.

    Returns:
        Shape (pairs, 2).

    Source: Friedman and Popescu 2008, Annals of Applied Statistics 2:916.
    """
    m = len(x)
    single: dict[int, np.ndarray] = {}

    def dependence(own: list[int]) -> np.ndarray:
        progress.check()
        rows = np.repeat(x[None], m, axis=0)
        rows[:, :, own] = x[:, None, own]
        values = predict(rows.reshape(m * m, -1)).reshape(m, m).mean(axis=1)
        return values - values.mean()

    found = np.zeros((len(pairs), 2))
    for place, (a, b) in enumerate(pairs):
        for each in (a, b):
            if each not in single:
                single[each] = dependence([each])
        both = dependence([a, b])
        left = both - single[a] - single[b]
        size = float(np.sqrt(np.mean(both**2)))
        strength = float(np.sqrt(np.mean(left**2)))
        found[place] = strength, strength / size if size > 0 else 0.0
        progress.set(100 * (place + 1) / len(pairs))
    return found
