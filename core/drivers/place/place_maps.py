"""Values at places that lie on no grid as a small raster: every spot takes the place next to it, near places only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from .cell_maps import write_cell_map

_ACROSS = 240  # spots along the longer side
_REACH = 1.5  # median distances to the next place, beyond which a spot stays empty


def write_place_map(
    path: str,
    values: np.ndarray,
    coordinates: np.ndarray,
    crs: str,
    time: np.ndarray | None = None,
    times: Sequence[object] = ("",),
) -> bool:
    """As `write_cell_map`, for cells and for scattered places alike; NaN stays empty.

    Returns:
        False, and nothing is written, where fewer than two places lie apart.
    """
    known = np.isfinite(coordinates).all(axis=1) & np.isfinite(values)
    values, coordinates = values[known], coordinates[known]
    codes = np.zeros(len(values), dtype=np.int64) if time is None else time[known]
    if not len(values):
        return False
    if write_cell_map(path, values, coordinates, crs, codes, times):
        return True
    places = np.unique(coordinates, axis=0)
    if len(places) < 2:
        return False
    reach = _REACH * float(np.median(cKDTree(places).query(places, k=2)[0][:, 1]))
    low, high = coordinates.min(axis=0) - reach / 2, coordinates.max(axis=0) + reach / 2
    step = float((high - low).max()) / _ACROSS
    axes = [np.arange(start + step / 2, end + step, step) for start, end in zip(low, high)]
    spots = np.column_stack([axis.ravel() for axis in np.meshgrid(*axes)])
    shown, where, when = [], [], []
    for code in range(len(times)):
        of_time = codes == code
        if not of_time.any():
            continue
        distance, nearest = cKDTree(coordinates[of_time]).query(spots)
        near = distance <= reach
        shown.append(values[of_time][nearest[near]])
        where.append(spots[near])
        when.append(np.full(int(near.sum()), code))
    return write_cell_map(path, np.concatenate(shown), np.concatenate(where), crs, np.concatenate(when), times)
