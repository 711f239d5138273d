"""Satellite scenes that tests make up."""

from __future__ import annotations

import numpy as np


def land(seed: int, shape: tuple[int, int] = (40, 30), share_green: float = 0.5, warmth: float = 0.0) -> np.ndarray:
    """Reflectance (blue, green, red, nir, swir1, swir2) and temperature (K) of a mixture of forest and bare soil.

    Shape (7, *shape), float32, as an image of Landsat 5 orders its bands.
    """
    random = np.random.default_rng(seed)
    green = np.clip(random.normal(share_green, 0.25, shape), 0, 1)
    forest = np.array([0.02, 0.05, 0.03, 0.40, 0.15, 0.06, 296.0])[:, np.newaxis, np.newaxis]
    soil = np.array([0.10, 0.14, 0.18, 0.25, 0.35, 0.30, 310.0])[:, np.newaxis, np.newaxis]
    noise = random.normal(0, 1, (7, *shape)) * np.array([0.003] * 6 + [1.0])[:, np.newaxis, np.newaxis]
    image = forest * green + soil * (1 - green) + noise
    image[6] += warmth
    return image.astype(np.float32)
