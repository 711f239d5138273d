"""Whether a coefficient varies over places more than chance would have it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...progress import QUIET, Progress
from .kernels import Kernel, seen
from .weighted import Sample, products_of, solve, unpacked


@dataclass(frozen=True)
class Variability:
    """A test of each coefficient, the constant first, shape (k,).

    Attributes:
        spread: standard deviation of the coefficient over places.
        p: share of draws with at least that spread, (1 + count)/(1 + draws).
    """

    spread: np.ndarray
    p: np.ndarray
    draws: int


def variability(
    sample: Sample, kernel: Kernel, bandwidth: float, draws: int, seed: int = 0, progress: Progress = QUIET
) -> Variability:
    """Deals the values to the places at random and fits anew, always at the same bandwidth.

    With the bandwidth kept, places are exchangeable where nothing varies, so that the p is valid; a bandwidth chosen
    anew in every draw rejects far too often (41 % at 5 % in mgwr). The test is weak all the same, for the spread of one
    coefficient under chance grows with what the others leave unexplained.

    Args:
        sample: places and values.
        kernel, bandwidth: of the fit that is tested.
        draws: from 19; 99 are usual.
        seed: of the drawing.
        progress: told after every draw.

    Source: Brunsdon, Fotheringham and Charlton 1998, The Statistician 47:431.
    """
    rng = np.random.default_rng(seed)
    observed = _spread(sample, kernel, bandwidth, np.arange(sample.n), progress)
    above = np.zeros(sample.k)
    for draw in range(draws):
        progress.check()
        drawn = _spread(sample, kernel, bandwidth, rng.permutation(sample.n), progress)
        above += ~(drawn < observed * (1 - 1e-12))
        progress.set(100 * (draw + 1) / draws)
    return Variability(observed, (1 + above) / (1 + draws), draws)


def _spread(sample: Sample, kernel: Kernel, bandwidth: float, dealt: np.ndarray, progress: Progress) -> np.ndarray:
    products = products_of(sample)[dealt]
    coefficients = np.empty((sample.n, sample.k))
    for block in seen(sample.points, kernel, [bandwidth]):
        progress.check()
        moments, right = unpacked(next(block.weights) @ products[block.others], sample.k)
        coefficients[block.rows] = solve(moments, right[:, :, None])[:, :, 0]
    return np.nanstd(coefficients @ sample.to_raw().T, axis=0)
