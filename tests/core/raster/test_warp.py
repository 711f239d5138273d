"""Rasters on another grid: continuous values are warped as gdalwarp does it, classes never silently."""

from __future__ import annotations

import os

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import GridError
from ecoassets.core.progress import QUIET
from ecoassets.core.raster.engine import run_job
from ecoassets.core.raster.output import Band, Output, WriteOptions
from ecoassets.core.raster.reading.fill_values import without_fill_values
from ecoassets.core.raster.reading.source import Source, fit_to_grid, scale_options
from ecoassets.core.raster.work import Job

from .conftest import Copy, Telling, grid_of, read, write_raster


@pytest.fixture
def reference(tmp_path) -> str:
    values = np.ones((300, 400), "uint8")
    return write_raster(tmp_path / "reference.tif", values, nodata=0, origin=(201_000.0, 9_899_000.0))


def on_grid(source: Source, reference: str, out, **job) -> np.ndarray:
    grid = grid_of(reference)
    output = Output("out", str(out), (Band("x"),), "float64")
    run_job(Job(Copy(), (source,), grid, (output,), write=WriteOptions(overviews=False), **job))
    return read(out)


def levels(values: np.ndarray) -> list[float]:
    """The different values, without the round-off of interpolation."""
    return np.unique(values.round(9)).tolist()


def gdalwarp(path: str, reference: str, out, resampling: str) -> np.ndarray:
    grid = grid_of(reference)
    own = grid_of(path)
    gdal.Warp(
        str(out),
        path,
        dstSRS=grid.crs,
        outputBounds=grid.bounds,
        width=grid.width,
        height=grid.height,
        resampleAlg=resampling,
        errorThreshold=0,
        warpOptions=scale_options(own, grid),
        outputType=gdal.GDT_Float64,
        dstNodata=-9999,
        multithread=False,
    )
    return read(out)


@pytest.mark.parametrize(
    ("where", "resampling"),
    [
        ({"pixel": 47.0}, "bilinear"),
        ({"pixel": 16.0}, "bilinear"),
        ({"pixel": 11.0, "origin": (202_000.0, 9_896_000.0)}, "average"),
        ({"pixel": 0.0004, "crs": 4326, "origin": (102.305, -0.87)}, "bilinear"),
    ],
)
@pytest.mark.parametrize("tile", [512, 64])
def test_continuous_values_equal_gdalwarp(tmp_path, hills, reference, where, resampling, tile):
    hills[300:360, 200:420] = -1
    path = write_raster(tmp_path / "npp.tif", hills, nodata=-1, **where)
    told = Telling()
    source = fit_to_grid(Source("x", path), grid_of(reference), told)
    assert source.resampling == resampling
    assert f"npp.tif is brought on the reference grid ({resampling})" in told.infos[0]
    ours = on_grid(source, reference, tmp_path / "ours.tif", tile=tile, threads=2)
    theirs = gdalwarp(path, reference, tmp_path / "theirs.tif", resampling)
    assert (theirs != -9999).mean() > 0.05
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("tile", [512, 64])
def test_scale_and_offset_survive_a_warp(tmp_path, reference, tile):
    def scaled(dataset):
        dataset.GetRasterBand(1).SetScale(0.1)
        dataset.GetRasterBand(1).SetOffset(-5)

    path = write_raster(tmp_path / "t.tif", np.full((200, 300), 250, "uint16"), nodata=0, pixel=50, finish=scaled)
    source = fit_to_grid(Source("x", path), grid_of(reference), QUIET)
    ours = on_grid(source, reference, tmp_path / "o.tif", tile=tile)
    assert levels(ours) == pytest.approx([20.0])


def test_fill_values_go_before_values_are_interpolated(tmp_path, reference):
    """Otherwise a pixel beside the fill value 65533 would take a share of it."""
    values = np.full((200, 300), 100, "uint16")
    values[:, 150] = 65533
    path = write_raster(tmp_path / "gpp.tif", values, nodata=65535, pixel=50)
    source = fit_to_grid(Source("x", path, maximum=60_000), grid_of(reference), QUIET)
    clean = without_fill_values(source, str(tmp_path))
    ours = on_grid(clean, reference, tmp_path / "o.tif")
    assert levels(ours) == [-9999, 100]
    naive = on_grid(source, reference, tmp_path / "n.tif")
    assert ((naive > 100) & (naive < 60_000)).any(), "the trap is real"


def test_classes_on_another_grid_are_an_error_that_names_the_remedy(tmp_path, reference):
    path = write_raster(tmp_path / "cover.tif", np.ones((100, 100), "uint8"), nodata=0, pixel=90)
    with pytest.raises(GridError) as refusal:
        fit_to_grid(Source("x", path, kind="classes", label="Land cover 2005"), grid_of(reference), QUIET)
    for word in ("Land cover 2005 (cover.tif)", "pixel size 90 x -90", "30 x -30", "aligntogrid", "ALIGN_CLASSES"):
        assert word in str(refusal.value)


def test_classes_take_the_nearest_pixel_where_that_is_allowed(tmp_path, reference):
    codes = (np.arange(150 * 200).reshape(150, 200) % 7 * 6 + 1).astype("uint8")
    path = write_raster(tmp_path / "cover.tif", codes, nodata=7, pixel=90, origin=(200_990.0, 9_899_010.0))
    source = fit_to_grid(Source("x", path, kind="classes"), grid_of(reference), QUIET, align_classes=True)
    ours = on_grid(source, reference, tmp_path / "o.tif")
    rows = ((9_899_010 - (9_899_000 - 30 * (np.arange(300) + 0.5))) // 90).astype(int)
    columns = ((201_000 + 30 * (np.arange(400) + 0.5) - 200_990) // 90).astype(int)
    expected = codes[rows[:, None], columns[None, :]].astype(float)
    expected[expected == 7] = -9999
    np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("kind", ["classes", "continuous"])
def test_the_same_pixels_that_begin_elsewhere_go_together_unchanged(tmp_path, reference, kind):
    codes = (np.arange(300 * 400).reshape(300, 400) % 7 + 1).astype("uint8")
    path = write_raster(tmp_path / "y2.tif", codes, nodata=3, origin=(201_000.0 + 7 * 30, 9_899_000.0 - 2 * 30))
    source = fit_to_grid(Source("x", path, kind=kind), grid_of(reference), QUIET)
    expected = np.full((300, 400), -9999.0)
    expected[2:, 7:] = np.where(codes == 3, -9999, codes.astype(float))[:298, :393]
    np.testing.assert_array_equal(on_grid(source, reference, tmp_path / "o.tif"), expected)


def test_signed_bytes_are_warped_as_signed(tmp_path, reference):
    stored = np.full((100, 200), -3, "int8")
    stored[:, :100] = -128
    path = write_raster(tmp_path / "s.tif", stored, nodata=-128, pixel=90)
    for kind, allowed in (("classes", True), ("continuous", False)):
        source = fit_to_grid(Source("x", path, kind=kind), grid_of(reference), QUIET, align_classes=allowed)
        ours = on_grid(source, reference, tmp_path / f"{kind}.tif")
        assert levels(ours) == [-9999, -3], kind


@pytest.mark.parametrize("alpha", [True, False])
def test_masks_are_kept_by_a_warp(tmp_path, reference, alpha):
    values, mask = np.full((200, 300), 9, "uint8"), np.full((200, 300), 255, "uint8")
    mask[:, :60] = 0
    values[:, :60] = 200

    def masked(dataset):
        dataset.CreateMaskBand(gdal.GMF_PER_DATASET)
        dataset.GetRasterBand(1).GetMaskBand().WriteArray(mask)

    path = (
        write_raster(tmp_path / "m.tif", np.stack([values, mask]), pixel=50, options=("ALPHA=YES",))
        if alpha
        else write_raster(tmp_path / "m.tif", values, pixel=50, finish=masked)
    )
    for kind in ("continuous", "classes"):
        source = fit_to_grid(Source("x", path, kind=kind), grid_of(reference), QUIET, align_classes=True)
        ours = on_grid(source, reference, tmp_path / f"{kind}.tif")
        assert levels(ours) == [-9999, 9], kind


def test_rasters_that_do_not_overlap(tmp_path, reference):
    far = write_raster(tmp_path / "far.tif", np.ones((9, 9), "float32"), nodata=0, origin=(600_000.0, 9_000_000.0))
    with pytest.raises(GridError, match=r"far\.tif does not overlap the reference grid: in EPSG:32748 it covers x"):
        fit_to_grid(Source("x", far), grid_of(reference), QUIET)


def test_a_raster_that_changed_after_it_was_fitted(tmp_path, reference):
    path = write_raster(tmp_path / "x.tif", np.ones((300, 400), "uint8"), nodata=0, origin=(201_000.0, 9_899_000.0))
    source = fit_to_grid(Source("x", path), grid_of(reference), QUIET)
    os.remove(path)
    write_raster(tmp_path / "x.tif", np.ones((9, 9), "uint8"), nodata=0)
    with pytest.raises(GridError, match="has changed its size"):
        run_job(Job(Copy(), (source,), grid_of(reference)))
