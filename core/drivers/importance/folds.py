"""Who is left out together: blocks as wide as neighbours are alike, years, or single rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist, squareform

from ...errors import InputError
from ...messages import say
from ..place.neighbours import block_codes, pair_weights
from ..place.spatial import moran

VALIDATIONS = ("blocks", "random", "years")
_SAMPLE = 1_500  # places of a correlogram
_LAGS = 12
_WIDEST = 3.0  # of the extent, least number of blocks along its longer side
_ALIKE = 2.0  # z of Moran's I from which neighbours are alike


@dataclass(frozen=True)
class Correlogram:
    """How alike residuals are by distance.

    Attributes:
        distance, i: of each lag, upper end, shape (m,).
        reach: where Moran's z first falls below 2; the widest lag where it never does.
        ends: whether it falls below 2 at all.
    """

    distance: np.ndarray
    i: np.ndarray
    reach: float
    ends: bool


def correlogram(values: np.ndarray, coordinates: np.ndarray, seed: int = 0) -> Correlogram:
    """Moran's I of values by distance, for some thousand places drawn at random where there are more.

    Args:
        values: residuals, one a place, shape (n,).
        coordinates: shape (n, 2), no two the same.
        seed: of the drawing.

    Source: Roberts et al. 2017, Ecography 40:913 (blocks at least as wide as residuals are alike).
    """
    if len(values) > _SAMPLE:
        drawn = np.sort(np.random.default_rng(seed).choice(len(values), _SAMPLE, replace=False))
        values, coordinates = values[drawn], coordinates[drawn]
    step = 1.5 * float(np.median(cKDTree(coordinates).query(coordinates, k=2)[0][:, 1]))
    distance = squareform(pdist(coordinates))
    step = max(step, float(np.ptp(coordinates, axis=0).max()) / (2 * _LAGS))
    lags, found = [], []
    for lag in range(1, _LAGS + 1):
        pairs = np.argwhere(np.triu((distance > (lag - 1) * step) & (distance <= lag * step), 1))
        if len(pairs) < len(values) / 2:
            break
        one = moran(values, pair_weights(pairs, len(values)))
        lags.append(lag * step)
        found.append(one.i)
        if one.z < _ALIKE:
            break
    if not found:
        return Correlogram(np.array([step]), np.zeros(1), step, True)
    return Correlogram(np.array(lags), np.array(found), float(lags[-1]), one.z < _ALIKE)


def widest_block(coordinates: np.ndarray) -> float:
    """The widest side that leaves enough blocks to deal out."""
    return float(np.ptp(coordinates, axis=0).max()) / _WIDEST


def block_folds(coordinates: np.ndarray, side: float, folds: int, seed: int = 0) -> np.ndarray:
    """Squares of a side dealt to folds at random, each to the fold with the fewest rows so far; shape (n,).

    Raises:
        InputError: fewer blocks than folds.
    """
    return deal(
        block_codes(coordinates, side, coordinates.min(axis=0)), folds, seed, say("blocks of {side:g}", side=side)
    )


def deal(groups: np.ndarray, folds: int, seed: int, what: str) -> np.ndarray:
    """Whole groups dealt to folds at random, each to the fold with the fewest rows so far.

    Args:
        groups: codes, shape (n,).
        folds: how many.
        seed: of the dealing.
        what: the groups, for a message.
    """
    sizes = np.bincount(groups)
    if len(sizes) < folds:
        raise InputError(
            say(
                "There are {count} {what}, fewer than {folds} folds. Choose a smaller BLOCK_SIZE or fewer FOLDS.",
                count=len(sizes),
                what=what,
                folds=folds,
            )
        )
    fold_of, rows = np.empty(len(sizes), dtype=np.int64), np.zeros(folds)
    for group in np.random.default_rng(seed).permutation(len(sizes)):
        fold = int(np.argmin(rows))
        fold_of[group] = fold
        rows[fold] += sizes[group]
    return fold_of[groups]


def random_folds(n: int, folds: int, seed: int = 0) -> np.ndarray:
    """Rows dealt to folds at random, whoever their neighbours are."""
    if n < 2 * folds:
        raise InputError(say("{n} rows are too few for {folds} folds.", n=n, folds=folds))
    return np.random.default_rng(seed).permutation(n) % folds
