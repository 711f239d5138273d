"""Cells without soil take the nearest value by its distance on the ground, found here by trying every cell."""

from __future__ import annotations

import math

import numpy as np
import pytest
from osgeo import gdal, osr

from ecoassets.core.errors import Cancelled, InputError
from ecoassets.core.prepare.soil import filling
from ecoassets.core.prepare.soil.filling import fill_nearest
from ecoassets.core.prepare.soil.run import SoilInputs, SoilOutputs, run_soil_properties
from ecoassets.core.progress import QUIET, Progress
from ecoassets.core.raster.grid import Grid
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.tests.core.prepare.runs import Told
from ecoassets.tests.rasters import read_raster, write_raster

NODATA = -9999.0


def made(path, values, epsg, corner, cell):
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(epsg)
    height, width = values.shape
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), width, height, 1, gdal.GDT_Float32)
    dataset.SetGeoTransform((corner[0], cell[0], 0, corner[1], 0, -cell[1]))
    dataset.SetProjection(reference.ExportToWkt())
    dataset.GetRasterBand(1).SetNoDataValue(NODATA)
    dataset.GetRasterBand(1).WriteArray(values)
    dataset.FlushCache()
    return str(path), Grid.of_dataset(dataset)


def holed(shape, seed=3, share=0.9):
    random = np.random.default_rng(seed)
    return np.where(random.random(shape) < share, NODATA, random.integers(1, 90, shape)).astype(np.float32)


def ground(epsg, first, second):
    """Metres between two places: on the plane, or by the haversine of a sphere, which ranks as the ellipsoid does."""
    if epsg != 4326:
        return math.dist(first, second)
    (a, b), (c, d) = (map(math.radians, place) for place in (first, second))
    chord = math.sin((d - b) / 2) ** 2 + math.cos(b) * math.cos(d) * math.sin((c - a) / 2) ** 2
    return 2 * 6371008.8 * math.asin(math.sqrt(chord))


@pytest.mark.parametrize(
    "epsg, corner, cell",
    [
        (32650, (500_000, 4_000_000), (90.0, 30.0)),  # three times as wide as high
        (4326, (20.0, 65.0), (0.01, 0.01)),  # near the Arctic Circle a degree east is less than half a degree north
        (4326, (179.9, 0.1), (0.01, 0.02)),
    ],
)
def test_the_nearest_by_distance_on_the_ground(tmp_path, epsg, corner, cell):
    stored = holed((18, 23))
    path, grid = made(tmp_path / "soil.tif", stored, epsg, corner, cell)
    everywhere, _ = made(tmp_path / "all.tif", np.ones((18, 23), np.float32), epsg, corner, cell)
    filled = fill_nearest(path, [everywhere], grid, QUIET)
    found = read_raster(path)[0]
    holes, there = np.argwhere(stored == NODATA), np.argwhere(stored != NODATA)
    assert filled.cells == len(holes)

    def middle(row, column):
        return corner[0] + cell[0] * (column + 0.5), corner[1] - cell[1] * (row + 0.5)

    farthest = 0.0
    for row, column in holes:
        ways = np.array([ground(epsg, middle(row, column), middle(*place)) for place in there])
        nearest = {stored[tuple(place)] for place in there[ways <= ways.min() * (1 + 1e-5)]}
        assert found[row, column] in nearest
        farthest = max(farthest, ways.min())
    assert filled.farthest == pytest.approx(farthest, rel=0.006)  # a sphere errs by up to 0.56 %
    np.testing.assert_array_equal(found[stored != NODATA], stored[stored != NODATA])


def test_strips_do_not_matter(tmp_path, monkeypatch):
    stored = holed((40, 12), share=0.95)
    places = (32650, (500_000, 4_000_000), (90.0, 30.0))
    mask, _ = made(tmp_path / "mask.tif", np.ones((40, 12), np.float32), *places)
    path, grid = made(tmp_path / "whole.tif", stored, *places)
    fill_nearest(path, [mask], grid, QUIET)
    other, _ = made(tmp_path / "strips.tif", stored, *places)
    monkeypatch.setattr(filling, "TILE", 7)
    fill_nearest(other, [mask], grid, QUIET)
    np.testing.assert_array_equal(read_raster(path), read_raster(other))


def test_only_where_every_mask_has_a_value(tmp_path):
    stored = np.array([[5, NODATA, NODATA, NODATA]], np.float32)
    places = (32650, (500_000, 4_000_000), (30.0, 30.0))
    boundary, _ = made(tmp_path / "b.tif", np.array([[1, 1, 1, 0]], np.float32), *places)
    land, _ = made(tmp_path / "l.tif", np.array([[11, 11, NODATA, 11]], np.float32), *places)
    path, grid = made(tmp_path / "soil.tif", stored, *places)
    assert fill_nearest(path, [boundary, land], grid, QUIET) == filling.Filled(1, pytest.approx(30))
    assert read_raster(path)[0, 0, :2].tolist() == [5, 5] and np.isnan(read_raster(path)[0, 0, 2:]).all()


def test_too_many_edges_are_told(tmp_path, monkeypatch):
    path, grid = made(tmp_path / "s.tif", holed((20, 20), share=0.5), 32650, (500_000, 4_000_000), (30.0, 30.0))
    monkeypatch.setattr(filling, "MOST_EDGES", 10)
    with pytest.raises(InputError, match="More than 10 cells lie beside holes"):
        fill_nearest(path, [], grid, QUIET)


def test_a_cancel_stops_it(tmp_path):
    class Cancel(Progress):
        def cancelled(self):
            return True

    path, grid = made(tmp_path / "s.tif", holed((20, 20)), 32650, (500_000, 4_000_000), (30.0, 30.0))
    with pytest.raises(Cancelled):
        fill_nearest(path, [], grid, Cancel())


def test_soil_of_a_town_within_the_study(tmp_path):
    """Clay of 20 % left and 30 % right of a hole, texture from one cell; water of the reference stays empty."""
    folder = tmp_path / "soil"
    folder.mkdir()
    for layer, left, right in (("sand", 400, 300), ("silt", 400, 400), ("clay", 200, 300)):
        stored = np.full((8, 8), left)
        stored[:, 4:] = right
        stored[2:6, 2:6] = -32768
        write_raster(folder / f"{layer}_0-30cm_mean.tif", stored, "int16", nodata=-32768)
    land = np.ones((8, 8))
    land[3, 3] = 255
    reference = write_raster(tmp_path / "land.tif", land, nodata=255)
    outputs = SoilOutputs({name: str(tmp_path / f"{name}.tif") for name in ("sand", "clay")}, str(tmp_path / "g.tif"))
    told = Told()
    result = run_soil_properties(SoilInputs([str(folder)], reference, fill="nearest"), outputs, RasterSettings(), told)
    clay = read_raster(outputs.properties["clay"])[0]
    assert np.isnan(clay[3, 3]) and np.isfinite(clay).sum() == 63
    assert (clay[2:6, 2], clay[2:6, 5]) == (pytest.approx(20), pytest.approx(30))
    assert read_raster(outputs.group)[0, 2, 2] == 2  # a loam
    assert any("clay: 15 cells without a value took the nearest one" in warning for warning in told.warnings)
    assert {row.property: row.pixels for row in result.rows} == {"sand": 63, "clay": 63, "texture_sum": 48}
    bare = SoilOutputs({"clay": str(tmp_path / "bare.tif")})
    run_soil_properties(SoilInputs([str(folder)], reference), bare)
    assert np.isfinite(read_raster(bare.properties["clay"])).sum() == 48
