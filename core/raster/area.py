"""True areas of pixels: never square degrees, never a foot for a metre."""

from __future__ import annotations

import math

import numpy as np
from osgeo import osr

from ..errors import GridError
from ..messages import say
from .grid import Grid
from .lengths import pixel_steps, some_pixels

SQUARE_METRES_PER_HA = 10_000.0
M3_PER_MM_HA = 10.0  # one millimetre on one hectare is ten cubic metres
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
            say(
                "The reference grid's CRS ({crs_name}) is neither projected nor geographic, so areas are "
                "unknown. Reproject the rasters to a projected CRS.",
                crs_name=grid.crs_name,
            )
        )
    edges = grid.transform[3] + grid.transform[5] * np.arange(grid.height + 1)
    latitudes = edges * reference.GetAngularUnits()
    if np.abs(latitudes).max() > math.pi / 2 * (1 + 1e-9):
        raise GridError(
            say(
                "The reference grid reaches latitude {latitudes:.6g} degrees, beyond a pole. Clip it to "
                "latitudes between -90 and 90.",
                latitudes=np.degrees(latitudes[np.abs(latitudes).argmax()]),
            )
        )
    return band_areas_ha(edges, grid.pixel_width, reference)


def band_areas_ha(edges: np.ndarray, width: float, reference: osr.SpatialReference) -> np.ndarray:
    """Areas on the ellipsoid between parallels, hectares; what lies beyond a pole counts nothing.

    Args:
        edges: the parallels, in units of a geographic CRS, shape (n + 1,).
        width: of the bands, in the same units.
        reference: the CRS.

    Returns:
        Shape (n,).
    """
    to_radians = reference.GetAngularUnits()
    latitudes = np.clip(edges * to_radians, -math.pi / 2, math.pi / 2)
    quarters = _equator_to_latitude_area(latitudes, reference)
    return np.abs(np.diff(quarters)) * width * to_radians / SQUARE_METRES_PER_HA


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

    The true areas are spanned by the steps of a pixel on the ellipsoid (`pixel_steps`), at nine places.
    """
    reference = grid.spatial_reference()
    if not reference.IsProjected():
        return 0.0
    planar = grid.pixel_width * grid.pixel_height * reference.GetLinearUnits() ** 2
    true = np.abs(np.linalg.det(pixel_steps(grid, *some_pixels(grid))))
    true = true[true > 0]  # not where the projection cannot be inverted
    return float(np.abs(planar / true - 1).max() * 100) if true.size else 0.0
