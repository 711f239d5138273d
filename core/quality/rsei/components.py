"""Principal components of the four normalised indicators, from sums that add up over blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...messages import Message, say
from .indicators import GOOD, INDICATORS

# Normalised values lie within 0 to 1: about this middle, sums of squares lose nothing to cancellation.
MIDDLE = 0.5
WEAK_SHARE_PCT = 60.0


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components, the largest first.

    Attributes:
        loadings: unit eigenvectors, shape (indicators, components); the first component rises with ecological quality.
        eigenvalues: variances, shape (components,).
    """

    loadings: np.ndarray
    eigenvalues: np.ndarray

    @property
    def shares_pct(self) -> np.ndarray:
        """Percent of the variance that each component holds."""
        return self.eigenvalues / self.eigenvalues.sum() * 100


def moments(normalised: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Count, sums and cross products about `MIDDLE` in one matrix that adds up, shape (indicators + 1, ...).

    Args:
        normalised: float64, shape (indicators, pixels).
        weights: of the pixels, about 1; None where all count alike.
    """
    centred = np.vstack([np.ones(normalised.shape[1]), normalised - MIDDLE])
    return (centred if weights is None else centred * weights) @ centred.T


def covariance(summed: np.ndarray) -> np.ndarray:
    """Covariance (n - 1) of the indicators from summed `moments`."""
    count, sums, products = summed[0, 0], summed[0, 1:], summed[1:, 1:]
    return (products - np.outer(sums, sums) / count) / (count - 1)


def principal_components(covariances: np.ndarray) -> Components:
    """Eigenvectors of the covariance matrix, the first one turned so that it rises with ecological quality.

    An eigenvector may point either way. The first one is turned by its loadings, never inverted by habit: it takes the
    sign of NDVI + WET - NDBSI - LST, and of NDVI where that is 0. This is Xu's rule (1 - PC1 only where greenness and
    wetness load negatively). The others get a positive largest loading, so that they do not depend on the solver.

    Source: Xu 2013, Acta Ecol. Sin. 33(24):7853-7862.
    """
    eigenvalues, vectors = np.linalg.eigh(covariances)
    vectors = vectors[:, ::-1]
    turned = [orient(vectors[:, 0])]
    for vector in vectors.T[1:]:
        turned.append(vector * np.sign(vector[np.abs(vector).argmax()]))
    return Components(np.stack(turned, axis=1), np.maximum(eigenvalues[::-1], 0))


def orient(first: np.ndarray) -> np.ndarray:
    """The first eigenvector or its opposite, whichever rises with ecological quality."""
    direction = float(first @ GOOD)
    return first if (direction or float(first[0])) > 0 else -first


def wrong_loadings(components: Components) -> str:
    """Indicators that the first component loads against what they mean, with their loadings; "" where all fit."""
    wrong = [
        f"{name.upper()} ({loading:+.3f})"
        for name, loading, good in zip(INDICATORS, components.loadings[:, 0], GOOD)
        if loading * good < 0
    ]
    return ", ".join(wrong)


def is_weak(components: Components) -> bool:
    """Whether the first component says little about the four indicators."""
    return bool(components.shares_pct[0] < WEAK_SHARE_PCT)


def doubts(components: Components) -> list[Message]:
    """What speaks against reading the first component as ecological quality."""
    found = []
    wrong = wrong_loadings(components)
    if wrong:
        found.append(
            say(
                "the first component loads {wrong} with the wrong sign: greenness and wetness should be positive, "
                "dryness and heat negative. Check water and cloud masks, or use MODE equal_weight",
                wrong=wrong,
            )
        )
    if is_weak(components):
        found.append(
            say(
                "the first component holds {share:.1f} % of the variance, less than {least:.0f} %: it says little "
                "about the four indicators. Use MODE equal_weight, or check masks",
                share=components.shares_pct[0],
                least=WEAK_SHARE_PCT,
            )
        )
    return found
