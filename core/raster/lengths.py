"""True lengths of pixels: never degrees, never a foot for a metre, nor the metres of a map that stretches them."""

from __future__ import annotations

import numpy as np
from osgeo import osr

from ..errors import GridError
from ..messages import say
from .grid import Grid, transformation_between

# Below it a projection's own lengths are taken: a UTM zone errs by 0.1 %, equal-area maps of a country by 1 or 2.
LENGTH_TOLERANCE_PCT = 2.5


def pixel_metres(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Width and height of a pixel on the ground in each row, metres, shape (height,) each.

    Geographic grids are measured on the ellipsoid; projected ones by their pixel size (the linear unit is honoured),
    unless the projection stretches lengths by more than `LENGTH_TOLERANCE_PCT` within the grid, as Web Mercator does:
    then on the ellipsoid too, in the middle of each row.

    Raises:
        GridError: the CRS is neither projected nor geographic.
    """
    reference = grid.spatial_reference()
    if reference.IsGeographic():
        return _of_degrees(grid, reference)
    if not reference.IsProjected():
        raise GridError(
            say(
                "The CRS {crs_name} is neither projected nor geographic, so lengths are unknown. Reproject "
                "the rasters to a projected CRS.",
                crs_name=grid.crs_name,
            )
        )
    if length_error_pct(grid) > LENGTH_TOLERANCE_PCT:
        rows = np.arange(grid.height)
        lengths = np.hypot(*np.moveaxis(pixel_steps(grid, np.full(grid.height, grid.width // 2), rows), -1, 0))
        if np.isfinite(lengths).all():
            return lengths[:, 0], lengths[:, 1]
    metres = reference.GetLinearUnits()
    return np.full(grid.height, grid.pixel_width * metres), np.full(grid.height, grid.pixel_height * metres)


def metres_per_unit(grid: Grid) -> tuple[float, float]:
    """Length on the ground of a unit of the CRS along the rows and along the columns, in the middle row, metres.

    Raises:
        GridError: as `pixel_metres`.
    """
    across, down = pixel_metres(grid)
    middle = grid.height // 2
    return float(across[middle]) / grid.pixel_width, float(down[middle]) / grid.pixel_height


def _of_degrees(grid: Grid, reference: osr.SpatialReference) -> tuple[np.ndarray, np.ndarray]:
    to_radians = reference.GetAngularUnits()
    rows = np.arange(grid.height) + 0.5
    latitude = (grid.transform[3] + grid.transform[5] * rows) * to_radians
    east, north = _metres_per_radian(latitude, reference)
    return np.maximum(east * grid.pixel_width * to_radians, 1e-9), north * grid.pixel_height * to_radians


def _metres_per_radian(latitude: np.ndarray, reference: osr.SpatialReference) -> tuple[np.ndarray, np.ndarray]:
    """Length of a radian of longitude and of latitude on the ellipsoid (Snyder 1987, equations 4-20 and 4-18)."""
    major, minor = reference.GetSemiMajor(), reference.GetSemiMinor()
    squared = 1 - (minor / major) ** 2
    curvature = 1 - squared * np.sin(latitude) ** 2
    return major / np.sqrt(curvature) * np.cos(latitude), major * (1 - squared) / curvature**1.5


def pixel_steps(grid: Grid, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """How far one pixel to the right and one pixel down lead on the ellipsoid, on a projected grid.

    Args:
        grid: projected.
        columns, rows: of the pixels, shape (n,).

    Returns:
        Shape (n, 2, 2): to the right and down; east and north, metres. NaN where the projection cannot be inverted.
    """
    reference = grid.spatial_reference()
    geographic = reference.CloneGeogCS()
    geographic.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    x0, dx, _, y0, _, dy = grid.transform
    x, y = x0 + (columns + 0.5) * dx, y0 + (rows + 0.5) * dy
    ends = [(x - dx / 2, y), (x + dx / 2, y), (x, y - dy / 2), (x, y + dy / 2)]
    points = np.stack([np.stack(end, axis=-1) for end in ends]).reshape(-1, 2)
    found = transformation_between(reference, geographic).TransformPoints(points)
    degrees = np.array(found, dtype=float)[:, :2].reshape(4, -1, 2)
    degrees[~np.isfinite(degrees)] = np.nan
    west, east, up, low = np.radians(degrees)
    steps = np.stack([east - west, low - up], axis=1)
    scale = np.stack(_metres_per_radian((west[:, 1] + east[:, 1]) / 2, geographic), axis=-1)
    return steps * scale[:, np.newaxis]


def some_pixels(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Columns and rows of nine pixels: corners, middles of the edges, centre."""
    columns, rows = (np.array([0, size // 2, size - 1]) for size in (grid.width, grid.height))
    return np.repeat(columns, 3), np.tile(rows, 3)


def length_error_pct(grid: Grid) -> float:
    """By how much lengths of a projected grid differ from those on the ground, percent at worst; 0 on geographic ones.

    It is found at nine places, along rows and along columns.
    """
    reference = grid.spatial_reference()
    if not reference.IsProjected():
        return 0.0
    planar = np.array([grid.pixel_width, grid.pixel_height]) * reference.GetLinearUnits()
    lengths = np.hypot(*np.moveaxis(pixel_steps(grid, *some_pixels(grid)), -1, 0))
    errors = np.abs(planar / lengths - 1) * 100
    return float(np.nanmax(errors)) if np.isfinite(errors).any() else 0.0
