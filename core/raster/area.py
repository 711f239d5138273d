"""True areas of pixels: never square degrees, never a foot for a metre."""

from __future__ import annotations

import math

import numpy as np
from osgeo import osr

from ..errors import GridError
from .grid import Grid

SQUARE_METRES_PER_HA = 10_000.0
AREA_WARNING_PCT = 1.0


def pixel_areas_ha(grid: Grid) -> np.ndarray:
    """Area of one pixel in each row.

    Projected grids use the pixel size in metres (the linear unit is honoured); geographic grids use the area on the
    ellipsoid between the parallels of the row.

    Returns:
        Float64, shape (height,), hectares.

    Raises:
        GridError: the CRS is neither projected nor geographic, or a row lies beyond a pole.
    """
    reference = grid.spatial_reference()
    if reference.IsProjected():
        metres = reference.GetLinearUnits()
        area = grid.pixel_width * metres * grid.pixel_height * metres / SQUARE_METRES_PER_HA
        return np.full(grid.height, area)
    if not reference.IsGeographic():
        raise GridError(
            f"The reference grid's CRS ({grid.crs_name}) is neither projected nor geographic, so areas are unknown. "
            "Reproject the rasters to a projected CRS."
        )
    to_radians = reference.GetAngularUnits()
    edges = (grid.transform[3] + grid.transform[5] * np.arange(grid.height + 1)) * to_radians
    if np.abs(edges).max() > math.pi / 2 * (1 + 1e-9):
        raise GridError(
            f"The reference grid reaches latitude {np.degrees(edges[np.abs(edges).argmax()]):.6g} degrees, beyond a "
            "pole. Clip it to latitudes between -90 and 90."
        )
    quarters = _equator_to_latitude_area(np.clip(edges, -math.pi / 2, math.pi / 2), reference)
    return np.abs(np.diff(quarters)) * grid.pixel_width * to_radians / SQUARE_METRES_PER_HA


def equal_pixel_area_ha(grid: Grid) -> float | None:
    """Area of every pixel of a projected grid, hectares; None where pixels differ, on a geographic grid."""
    return float(pixel_areas_ha(grid)[0]) if grid.spatial_reference().IsProjected() else None


def _equator_to_latitude_area(latitude: np.ndarray, reference: osr.SpatialReference) -> np.ndarray:
    """Ellipsoidal area between the equator and a parallel per radian of longitude, m².

    ``b²/2 (sin φ / (1 - e² sin² φ) + artanh(e sin φ) / e)``, on a sphere ``R² sin φ`` (Snyder 1987, USGS Professional
    Paper 1395, equation 3-12).
    """
    major, minor = reference.GetSemiMajor(), reference.GetSemiMinor()
    sine = np.sin(latitude)
    eccentricity = math.sqrt(max(0.0, 1 - (minor / major) ** 2))
    if eccentricity < 1e-8:
        return major**2 * sine
    return minor**2 / 2 * (sine / (1 - (eccentricity * sine) ** 2) + np.arctanh(eccentricity * sine) / eccentricity)


def area_scale_error_pct(grid: Grid) -> float:
    """Largest error of the planar pixel area within the grid, percent; 0 on geographic grids, which need no plane.

    The true area comes from the ellipsoidal area element at the numerically inverted pixel corners, at nine places.
    """
    reference = grid.spatial_reference()
    if not reference.IsProjected():
        return 0.0
    geographic = reference.CloneGeogCS()
    geographic.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    to_degrees = osr.CoordinateTransformation(reference, geographic)
    planar = grid.pixel_width * grid.pixel_height * reference.GetLinearUnits() ** 2
    worst = 0.0
    for column in (0, grid.width // 2, grid.width - 1):
        for row in (0, grid.height // 2, grid.height - 1):
            true = _true_pixel_area(grid, geographic, to_degrees, column, row)
            if true:
                worst = max(worst, abs(planar / true - 1) * 100)
    return worst


def _true_pixel_area(
    grid: Grid,
    geographic: osr.SpatialReference,
    to_degrees: osr.CoordinateTransformation,
    column: int,
    row: int,
) -> float | None:
    """Area of a pixel on the ellipsoid in m²; None where the projection cannot be inverted."""
    x0, dx, _, y0, _, dy = grid.transform
    x, y = x0 + (column + 0.5) * dx, y0 + (row + 0.5) * dy
    steps = [(x - dx / 2, y), (x + dx / 2, y), (x, y - dy / 2), (x, y + dy / 2), (x, y)]
    degrees = np.array([to_degrees.TransformPoint(*point)[:2] for point in steps], dtype=float)
    if not np.isfinite(degrees).all():
        return None
    west, east, south, north, centre = np.radians(degrees)
    (a, c), (b, d) = east - west, north - south
    major, minor = geographic.GetSemiMajor(), geographic.GetSemiMinor()
    squared = 1 - (minor / major) ** 2
    curvature = 1 - squared * math.sin(centre[1]) ** 2
    # meridian radius x prime-vertical radius x cos(latitude): the area element per square radian
    element = major**2 * (1 - squared) / curvature**2 * math.cos(centre[1])
    return abs(a * d - b * c) * element
