"""Lengths of pixels on the ground, against the ellipsoid's own formulas."""

from __future__ import annotations

import math

import pytest

from ecoassets.core.errors import GridError
from ecoassets.core.raster.grid import Grid
from ecoassets.core.raster.lengths import length_error_pct, pixel_metres
from ecoassets.core.raster.passes.focal import FocalWindow
from ecoassets.core.raster.passes.terrain import require_metres

from .conftest import wkt

MAJOR, SQUARED = 6378137.0, 0.00669437999


def grid(crs, across, down, left, top, width=5, height=3) -> Grid:
    return Grid(width, height, (left, across, 0.0, top, 0.0, -down), wkt(crs))


def mercator(latitude, across=20.0, down=40.0):
    """A grid of Web Mercator whose middle row lies at a latitude: y = a ln tan(45 + latitude / 2) on a sphere."""
    y = MAJOR * math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
    return grid(3857, across, down, 13_000_000, y + 1.5 * down)


def test_a_utm_zone_is_taken_as_it_is():
    across, down = pixel_metres(grid(32650, 20, 40, 400_000, 4_500_000))
    assert across.tolist() == [20, 20, 20]
    assert down.tolist() == [40, 40, 40]


def test_feet_are_no_metres():
    across, down = pixel_metres(grid(2263, 100, 200, 1e6, 2e5))
    assert (across[0], down[0]) == pytest.approx((100 * 1200 / 3937, 200 * 1200 / 3937))


@pytest.mark.parametrize("latitude", [-60, 25, 60])
def test_web_mercator_is_measured_on_the_ground(latitude):
    """One metre of the map is cos(latitude) x (radius of the ellipsoid / radius of the sphere) metres."""
    phi = math.radians(latitude)
    curvature = 1 - SQUARED * math.sin(phi) ** 2
    across, down = pixel_metres(mercator(latitude))
    assert across[1] == pytest.approx(20 * math.cos(phi) / math.sqrt(curvature), rel=1e-6)
    assert down[1] == pytest.approx(40 * math.cos(phi) * (1 - SQUARED) / curvature**1.5, rel=1e-6)


def test_at_the_equator_web_mercator_is_true():
    assert length_error_pct(mercator(0)) < 1
    assert length_error_pct(mercator(60)) == pytest.approx(100, abs=1)
    assert length_error_pct(grid(4326, 1, 1, 100, 50)) == 0


def test_a_window_in_metres_holds_more_pixels_of_web_mercator():
    """At 60 degrees a pixel of 100 m is 50 m wide: 21 of them are a kilometre."""
    window = FocalWindow.of_size(mercator(60, 100, 100), 1050)
    assert (window.half_rows, window.half_columns[1]) == (10, 10)


def test_what_needs_the_metres_of_the_map_refuses_it():
    assert require_metres(grid(32650, 20, 40, 400_000, 4_500_000), "DEM") == 1
    with pytest.raises(GridError, match=r"DEM lies in EPSG:3857.*by up to 99.8 % here: slopes and lengths.*UTM"):
        require_metres(mercator(60), "DEM")
    with pytest.raises(GridError, match="whose unit is the degree"):
        require_metres(grid(4326, 1, 1, 100, 50), "DEM")
