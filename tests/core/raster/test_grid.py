"""Grids: what is read of a raster, and how two grids differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from osgeo import gdal, osr

from ecoassets.core.errors import GridError, InputError
from ecoassets.core.raster.grid import Grid, transformation_between
from ecoassets.core.raster.reading.stored import linear_of

from .conftest import UTM, grid_of, wkt, write_raster

GRID = Grid(100, 50, (500_000.0, 30.0, 0.0, 3_000_000.0, 0.0, -30.0), wkt(UTM))


def moved(position: int, value: float) -> Grid:
    transform = list(GRID.transform)
    transform[position] = value
    return replace(GRID, transform=tuple(transform))


def test_bounds_by_hand():
    assert GRID.bounds == (500_000, 3_000_000 - 1500, 503_000, 3_000_000)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (replace(GRID, crs=wkt(32650)), "CRS EPSG:32650, the reference has EPSG:32748"),
        (moved(1, 10.0), "pixel size 10 x -30, the reference has 30 x -30"),
        (moved(5, 30.0), "pixel size 30 x 30, the reference has 30 x -30"),
        (
            moved(0, 500_015.0),
            "origin 500015, 3000000 (0.5 columns and -0 rows off), the reference has 500000, 3000000",
        ),
        (moved(3, 2_999_970.0), "origin 500000, 2999970 (0 columns and 1 rows off), the reference has 500000, 3000000"),
        (replace(GRID, width=99), "size 99 x 50 pixels, the reference has 100 x 50"),
    ],
)
def test_the_first_property_that_differs_is_named_with_both_values(other, told):
    assert GRID.difference(other) == told


@pytest.mark.parametrize(
    ("other", "shifted"),
    [
        (replace(moved(0, 500_210.0), width=93), True),
        (moved(3, 2_999_970.0), True),
        (moved(0, 500_015.0), False),
        (moved(1, 10.0), False),
        (moved(5, 30.0), False),
        (replace(moved(0, 500_210.0), crs=wkt(32650)), False),
    ],
)
def test_the_same_pixels_that_begin_elsewhere(other, shifted):
    assert GRID.shifted_by_pixels(other) is shifted


def test_rounding_of_stored_corners_is_no_difference():
    assert GRID.difference(moved(0, 500_000.0 + 30 * 0.5e-3)) is None
    assert GRID.difference(moved(0, 500_000.0 + 30 * 2e-3)) is not None


def test_a_pixel_size_that_adds_up_over_the_raster_is_a_difference():
    # 0.005 m a pixel over 100 columns moves the last one by 0.5 m, a sixtieth of a pixel
    assert GRID.difference(moved(1, 30.005)) is not None
    assert GRID.difference(moved(1, 30.0 + 30 * 1e-3 / 100 / 2)) is None


def test_the_name_of_a_crs_does_not_matter():
    renamed = GRID.crs.replace("WGS 84 / UTM zone 48S", "my own name")
    assert renamed != GRID.crs
    assert GRID.difference(replace(GRID, crs=renamed)) is None


def test_a_raster_needs_a_crs_a_position_and_an_upright_grid(tmp_path):
    ones = np.ones((2, 2), "uint8")
    with pytest.raises(GridError, match="no coordinate reference system"):
        grid_of(write_raster(tmp_path / "a.tif", ones, crs=None))

    def rotate(dataset):
        dataset.SetGeoTransform((0, 30, 5, 0, 5, -30))

    with pytest.raises(GridError, match=r"rotated \(geotransform \(0.0, 30.0, 5.0"):
        grid_of(write_raster(tmp_path / "b.tif", ones, finish=rotate))


@pytest.mark.parametrize("unit", ["0", "1e-300", "1e300"])
def test_a_unit_that_measures_nothing_is_refused(unit):
    dataset = gdal.GetDriverByName("MEM").Create("", 2, 2)
    dataset.SetGeoTransform((200_000, 30, 0, 9_900_000, 0, -30))
    dataset.SetProjection(
        'PROJCS["p",GEOGCS["g",DATUM["d",SPHEROID["s",6378137,298.25]],PRIMEM["0",0],UNIT["degree",0.0174532925199433]],'
        f'PROJECTION["Transverse_Mercator"],UNIT["x",{unit}]]'
    )
    with pytest.raises(GridError, match="x has a coordinate reference system whose unit measures"):
        Grid.of_dataset(dataset, "x")


def test_no_way_leads_from_a_local_grid_to_the_earth():
    local = osr.SpatialReference('LOCAL_CS["site",UNIT["metre",1]]')
    earth = osr.SpatialReference()
    earth.ImportFromEPSG(4326)
    for here, there in ((local, earth), (earth, local)):
        with pytest.raises(GridError, match="No way is known from"):
            transformation_between(here, there)


@pytest.mark.parametrize("scale, offset", [(float("nan"), 0), (1e308, 0), (1, float("inf")), (1, float("nan"))])
def test_a_scale_that_makes_no_numbers_is_refused(scale, offset):
    dataset = gdal.GetDriverByName("MEM").Create("", 2, 2)
    band = dataset.GetRasterBand(1)
    band.SetScale(scale)
    band.SetOffset(offset)
    with pytest.raises(InputError, match="declares a scale of .* by which no value is a number"):
        linear_of(band)


@pytest.mark.parametrize("width", [0.0, float("nan"), float("inf")])
def test_pixels_without_a_size_are_refused(width):
    dataset = gdal.GetDriverByName("MEM").Create("", 2, 2)
    dataset.SetProjection(wkt(UTM))
    dataset.SetGeoTransform((200_000, width, 0, 9_900_000, 0, -30))
    with pytest.raises(GridError, match="x has pixels without a size"):
        Grid.of_dataset(dataset, "x")
