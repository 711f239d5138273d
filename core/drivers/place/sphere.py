"""Places in degrees: points on a sphere, between which distances are metres."""

from __future__ import annotations

import numpy as np

EARTH_RADIUS = 6371008.8  # metres, mean radius of GRS 80 (Moritz 2000, Journal of Geodesy 74:128)


def on_the_sphere(degrees: np.ndarray) -> np.ndarray:
    """Points in space, metres, shape (n, 3), of longitudes and latitudes, shape (n, 2)."""
    longitude, latitude = np.radians(degrees).T
    flat = np.cos(latitude)
    return EARTH_RADIUS * np.column_stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)])


def chord(arc: float) -> float:
    """Distance in space of points that lie so many metres apart on a great circle; at most the diameter."""
    return float(2 * EARTH_RADIUS * np.sin(min(arc / (2 * EARTH_RADIUS), np.pi / 2)))


def great_circle(chords: np.ndarray) -> np.ndarray:
    """Metres on a great circle between points of these distances in space."""
    return 2 * EARTH_RADIUS * np.arcsin(np.minimum(chords / (2 * EARTH_RADIUS), 1))
