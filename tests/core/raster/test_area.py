"""True areas against published and independently computed values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from osgeo import osr

from ecoassets.core.errors import GridError
from ecoassets.core.raster.area import area_scale_error_pct, pixel_areas_ha
from ecoassets.core.raster.grid import Grid
from ecoassets.core.raster.reading.source import Source
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.raster.study import open_study_area

from .conftest import Telling, wkt, write_raster

MODIS = "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs"
WGS84_MAJOR, WGS84_FLATTENING = 6378137.0, 1 / 298.257223563


def grid(crs, pixel, left, top, width=1, height=1) -> Grid:
    return Grid(width, height, (left, pixel, 0.0, top, 0.0, -pixel), wkt(crs))


def test_the_whole_earth():
    """Area of the WGS 84 ellipsoid: 510 065 621.724 km2 (Moritz 2000, Geodetic Reference System 1980, by its axes)."""
    rows = pixel_areas_ha(grid(4326, 0.5, -180.0, 90.0, 720, 360))
    assert math.fsum(rows) * 720 / 100 == pytest.approx(510_065_621.724, abs=0.001)


def test_a_utm_pixel_of_30_m_has_nine_hundredths_of_a_hectare():
    assert pixel_areas_ha(grid(32748, 30.0, 500_000, 3e6, 3, 2)).tolist() == [0.09, 0.09]


def test_feet_are_no_metres():
    """EPSG:2263 counts in US survey feet of 1200/3937 m."""
    area = pixel_areas_ha(grid(2263, 100.0, 1e6, 2e5))[0]
    assert area == pytest.approx((100 * 1200 / 3937) ** 2 / 10_000, rel=1e-12)


def test_modis_sinusoidal_pixel():
    area = pixel_areas_ha(grid(MODIS, 463.312716527, -1_378_818.6, 2_036_259.4))[0]
    assert area == pytest.approx(463.312716527**2 / 10_000, rel=1e-12)


def test_sinusoidal_keeps_areas_on_its_own_sphere():
    assert area_scale_error_pct(grid(MODIS, 463.312716527, -1_378_818.6, 2_036_259.4, 565, 769)) < 1e-4


def test_a_row_of_degrees_against_numerical_integration():
    """The ellipsoidal area element M N cos(lat), integrated by Gauss's rule, is another way to the same area."""
    pixel, top = 0.1, 60.0
    squared = WGS84_FLATTENING * (2 - WGS84_FLATTENING)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    south, north = math.radians(top - pixel), math.radians(top)
    latitude = (north + south) / 2 + (north - south) / 2 * nodes
    element = WGS84_MAJOR**2 * (1 - squared) * np.cos(latitude) / (1 - squared * np.sin(latitude) ** 2) ** 2
    expected = math.radians(pixel) * (north - south) / 2 * float(weights @ element) / 10_000
    assert pixel_areas_ha(grid(4326, pixel, 10.0, top))[0] == pytest.approx(expected, rel=1e-10)


def test_a_row_of_degrees_against_an_equal_area_projection():
    """Planar area in EPSG:6933 (cylindrical equal area on WGS 84) of the same degree cell."""
    target, source = osr.SpatialReference(), osr.SpatialReference()
    target.ImportFromEPSG(6933)
    source.ImportFromEPSG(4326)
    source.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    to_plane = osr.CoordinateTransformation(source, target)
    (x0, y0, _), (x1, y1, _) = to_plane.TransformPoint(100.0, 35.0), to_plane.TransformPoint(101.0, 36.0)
    assert pixel_areas_ha(grid(4326, 1.0, 100.0, 36.0))[0] == pytest.approx((x1 - x0) * (y1 - y0) / 1e4, rel=1e-8)


def test_a_sphere_by_archimedes():
    sphere = "+proj=longlat +R=6371007.181 +no_defs"
    rows = pixel_areas_ha(grid(sphere, 1.0, -180.0, 90.0, 360, 180))
    assert math.fsum(rows) * 360 == pytest.approx(4 * math.pi * 6371007.181**2 / 1e4, rel=1e-12)


def test_south_up_rows_have_areas_too():
    up = Grid(1, 2, (0.0, 1.0, 0.0, 40.0, 0.0, 1.0), wkt(4326))
    down = Grid(1, 2, (0.0, 1.0, 0.0, 42.0, 0.0, -1.0), wkt(4326))
    np.testing.assert_allclose(pixel_areas_ha(up), pixel_areas_ha(down)[::-1], rtol=1e-13)


def test_beyond_the_pole():
    with pytest.raises(GridError, match="reaches latitude 91 degrees, beyond a pole"):
        pixel_areas_ha(grid(4326, 1.0, 0.0, 91.0))


def test_web_mercator_is_warned_of(tmp_path):
    """At 40 degrees north Web Mercator shows areas 1 / cos(40)**2 = 1.70 times too large."""
    top = 6378137 * math.log(math.tan(math.pi / 4 + math.radians(40) / 2))
    path = write_raster(tmp_path / "x.tif", np.ones((3, 3), "uint8"), nodata=0, crs=3857, origin=(1e7, top))
    told = Telling()
    area = open_study_area(Source("x", path), RasterSettings(), str(tmp_path), told)
    assert area_scale_error_pct(area.grid) == pytest.approx(70, abs=1)
    assert any(
        "EPSG:3857 err by up to 70 %" in warning or "EPSG:3857 err by up to 71 %" in warning
        for warning in told.warnings
    ), told.warnings


def test_utm_is_not_warned_of(tmp_path):
    path = write_raster(tmp_path / "x.tif", np.ones((3, 3), "uint8"), nodata=0)
    told = Telling()
    open_study_area(Source("x", path), RasterSettings(), str(tmp_path), told)
    assert told.warnings == []
