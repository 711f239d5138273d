"""How many independent rows a correlation of autocorrelated fields rests on.

Neighbours that are alike repeat each other, so that the p of a correlation that counts rows is far too small. The
number of rows that would give a correlation of two unrelated fields the same variance is ``1 + tr(B Sx) tr(B Sy)/tr(B
Sx B Sy)``, with S the covariances of each field between places and B what takes means out; S is taken from the
correlogram of the field, the mean product at each distance.

Sources: Clifford, Richardson & Hemon 1989, Biometrics 45:123; Dutilleul 1993, Biometrics 49:305.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CLASSES = 40
"""Classes of distance, of equal width up to the largest distance."""
MOST_PLACES = 1_500
"""Of more places than that, this many are drawn: pairs are what costs."""


@dataclass(frozen=True)
class Distances:
    """Classes of the distances between places.

    Attributes:
        places: positions of the m places that are used.
        classes: shape (m, m), 0 for a place with itself, then 1 to CLASSES.
        of_place: how many places lie in each class around each, shape (m, CLASSES + 1).
        rows: of the whole sample.
    """

    places: np.ndarray
    classes: np.ndarray
    of_place: np.ndarray
    rows: int

    @classmethod
    def of(cls, coordinates: np.ndarray, seed: int = 0) -> Distances:
        n = len(coordinates)
        places = np.arange(n)
        if n > MOST_PLACES:
            places = np.sort(np.random.default_rng(seed).choice(n, MOST_PLACES, replace=False))
        m, here = len(places), coordinates[places]
        apart = np.sqrt(((here[:, np.newaxis] - here[np.newaxis]) ** 2).sum(axis=2))
        width = float(apart.max()) / CLASSES or 1.0
        classes = np.clip(np.ceil(apart / width - 1e-9), 1, CLASSES).astype(np.int64)
        np.fill_diagonal(classes, 0)
        numbered = classes + (CLASSES + 1) * np.arange(m)[:, np.newaxis]
        of_place = np.bincount(numbered.ravel(), minlength=m * (CLASSES + 1)).reshape(m, CLASSES + 1)
        return cls(places, classes, of_place, n)

    def covariances(self, values: np.ndarray) -> np.ndarray:
        """The mean product of a field about its mean in each class, shape (CLASSES + 1,)."""
        z = values[self.places] - values[self.places].mean()
        products = np.bincount(self.classes.ravel(), weights=np.outer(z, z).ravel(), minlength=CLASSES + 1)
        return np.asarray(products / np.maximum(self.of_place.sum(axis=0), 1))


def effective_rows(first: np.ndarray, second: np.ndarray, distances: Distances) -> float:
    """The number of independent rows that the correlation of two fields rests on, from 3 to that of all.

    Args:
        first, second: covariances of either field by class, see `Distances.covariances`.
        distances: of the places.
    """
    n, m = distances.rows, len(distances.places)
    denser = (n - 1) / max(m - 1, 1)  # of more places than are used, each has so many more around it
    counts = distances.of_place * np.append(1.0, np.full(CLASSES, denser))
    sum_x, sum_y = counts @ first, counts @ second  # of the rows of S
    of_each = n / m  # places that one of those used stands for
    trace_x = n * first[0] - of_each * sum_x.sum() / n
    trace_y = n * second[0] - of_each * sum_y.sum() / n
    both = of_each * float((counts @ (first * second)).sum() - 2 * (sum_x @ sum_y) / n)
    both += (of_each**2) * float(sum_x.sum() * sum_y.sum()) / n**2
    if both <= 0 or trace_x * trace_y <= 0:
        return float(n)
    return float(np.clip(1 + trace_x * trace_y / both, 3.0, n))
