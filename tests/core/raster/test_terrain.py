"""Slope and aspect of planes whose geometry is known, on pixels of every shape, beside holes and edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ecoassets.core.raster.lengths import pixel_metres
from ecoassets.core.raster.passes.terrain import derive_terrain, gradient
from ecoassets.core.raster.reading.source import Source, describe_source

from .conftest import read, wkt, write_raster

GRIDS = {
    "square": (32650, (400_000, 30, 0, 4_500_000, 0, -30)),
    "20 x 40 m": (32650, (400_000, 20, 0, 4_500_000, 0, -40)),
    "feet": (2263, (1e6, 90, 0, 2e5, 0, -40)),
    "degrees at 60 north": (4326, (100, 0.0005, 0, 60, 0, -0.0005)),
    "degrees at 35 south": (4326, (100, 0.0005, 0, -35, 0, -0.0003)),
    "web mercator at 60 north": (3857, (13_000_000, 60, 0, 8_400_000, 0, -100)),
    "from south to north": (32650, (400_000, 20, 0, 4_500_000, 0, 40)),
}


def terrain(tmp_path, heights, transform, crs):
    path = write_raster(
        tmp_path / "dem.tif", heights, nodata=-9999.0, crs=crs, finish=lambda d: d.SetGeoTransform(transform)
    )
    return (read(source.path) for source in derive_terrain(Source("dem", path), str(tmp_path)))


@pytest.mark.parametrize("bearing", [0, 30, 60, 75, 150, 225, 330])
@pytest.mark.parametrize("where", GRIDS)
def test_a_plane_has_one_slope_and_faces_one_way(tmp_path, where, bearing):
    """It falls by 20 degrees towards the bearing; holes and edges do not show."""
    crs, transform = GRIDS[where]
    write_raster(tmp_path / "blank.tif", np.zeros((30, 40)), crs=crs, finish=lambda d: d.SetGeoTransform(transform))
    across, down = pixel_metres(describe_source(Source("blank", str(tmp_path / "blank.tif")))[1])
    row, column = np.mgrid[:30, :40]
    east = (column - 20) * across[:, np.newaxis]
    north = -np.sign(-transform[5]) * (row - 15) * down[15]
    angle = math.radians(bearing)
    heights = 500 - math.tan(math.radians(20)) * (east * math.sin(angle) + north * math.cos(angle))
    heights[np.random.default_rng(5).random(heights.shape) < 0.15] = -9999
    slope, aspect = terrain(tmp_path, heights.astype(np.float32), transform, crs)
    known = slope != -9999
    assert known.sum() > 0.98 * (heights != -9999).sum()
    assert slope[known] == pytest.approx(20, abs=0.1)
    off = (aspect[known] - bearing + 180) % 360 - 180
    assert np.abs(off).max() < 0.3


def test_horn_by_hand():
    # rows of 10, 20 and 40 to the right of 0: (10 + 2 * 20 + 40) / 8 = 11.25 a pixel; downwards (40 - 10) / 8 = 3.75
    heights = np.array([[0, 5, 10], [0, 7, 20], [0, 5, 40.0]])
    right, low, known = gradient(heights, np.ones((3, 3), dtype=bool), np.array([[20.0]]), np.array([[40.0]]))
    assert (right[0, 0], low[0, 0]) == (11.25 / 20, 3.75 / 40)
    assert known.all()


def test_what_is_missing_is_not_guessed():
    heights = np.array([[0, 5, 10], [0, 7, 20], [0, 5, 40.0]])
    one = np.array([[1.0]])
    without_right = np.array([[1, 1, 1], [1, 1, 0], [1, 1, 1]], dtype=bool)
    # the middle line is left with 7 - 0 over one pixel: (10 + 2 * 7 + 40) / (2 + 2 + 2)
    assert gradient(heights, without_right, one, one)[0][0, 0] == pytest.approx(64 / 6)
    alone = np.array([[0, 0, 1], [0, 1, 0], [0, 1, 0]], dtype=bool)
    right, _, known = gradient(heights, alone, one, one)
    assert np.isnan(right[0, 0])
    assert not known.any()
    # pygeoprocessing takes the corner, (10 - 7) times the root of two
    assert gradient(heights, alone, one, one, diagonals=True)[0][0, 0] == pytest.approx(3 * 2**0.5)


def test_flat_land_has_a_slope_of_zero(tmp_path):
    slope, aspect = terrain(tmp_path, np.full((9, 9), 7, np.float32), GRIDS["20 x 40 m"][1], 32650)
    assert (slope == 0).all()
    assert (aspect == 0).all()


def test_windows_do_not_show(tmp_path):
    """1100 x 1100 pixels lie in several windows; their borders equal one window of the same land."""
    heights = np.random.default_rng(2).normal(0, 30, (1100, 1100)).astype(np.float32)
    crs, transform = GRIDS["degrees at 60 north"]
    slope, _ = terrain(tmp_path, heights, transform, crs)
    grid = describe_source(Source("dem", str(tmp_path / "dem.tif")))[1]
    assert grid.crs == wkt(crs)
    across, down = (lengths[1:-1, np.newaxis] for lengths in pixel_metres(grid))
    right, low, _ = gradient(heights, np.ones(heights.shape, dtype=bool), across, down)
    assert slope[1:-1, 1:-1] == pytest.approx(np.degrees(np.arctan(np.hypot(right, low))), rel=1e-6)
