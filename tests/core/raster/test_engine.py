"""The block engine: the same answer whatever the threads, windows and tiles; skipped blocks; failures."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import Cancelled, InputError, OutputError
from ecoassets.core.raster.classes import ClassIndex, count_codes
from ecoassets.core.raster.engine import run_job
from ecoassets.core.raster.output import Band, Output, WriteOptions
from ecoassets.core.raster.reading.source import Source
from ecoassets.core.raster.tally import Sums, area_of, histogram, sum_by_class, sums_over_area
from ecoassets.core.raster.work import Block, Job, Result

from .conftest import Copy, Telling, grid_of, read, write_raster

PLAIN = WriteOptions(overviews=False)


@dataclass(frozen=True)
class ValueByClass:
    """Two bands and sums by class of a value per class times a continuous raster."""

    classes: int = 5

    def __call__(self, block: Block) -> Result:
        both = block.all_valid(("cover", "npp"))
        cover = np.where(both, block.values["cover"], 0)
        value = block.values["npp"] * (cover + 1) / 3
        sums = {
            "area": sum_by_class(cover, self.classes, np.where(both, block.areas_ha, 0.0)),
            "value": sum_by_class(cover, self.classes, np.where(both, value * block.areas_ha, 0.0)),
            "pixels": sum_by_class(cover, self.classes, both),
        }
        return Result({"out": (np.stack([value, value / 7]), both)}, Sums(sums))


@pytest.fixture
def landscape(tmp_path, hills):
    """Land cover with a hole, and NPP with another, on a geographic grid, where rows differ in area."""
    cover = (np.arange(hills.size).reshape(hills.shape) // 37 % 5).astype("uint8")
    cover[100:200, 300:] = 255
    npp = hills.copy()
    npp[600:, :50] = -9999
    where = {"crs": 4326, "pixel": 0.001, "origin": (100.0, 35.0)}
    paths = (
        write_raster(tmp_path / "cover.tif", cover, nodata=255, **where),
        write_raster(tmp_path / "npp.tif", npp, nodata=-9999, **where),
    )
    return cover, npp, paths


def job_of(paths, out, **changes) -> Job:
    sources = (Source("cover", paths[0], kind="classes"), Source("npp", paths[1]))
    output = Output("out", str(out), (Band("a"), Band("b")))
    return replace(Job(ValueByClass(), sources, grid_of(paths[0]), (output,), write=PLAIN, threads=1), **changes)


def test_result_equals_numpy(tmp_path, landscape):
    cover, npp, paths = landscape
    found = run_job(job_of(paths, tmp_path / "out.tif"))
    valid = (cover != 255) & (npp != -9999)
    assert found.sums["pixels"].sum() == valid.sum()
    expected = np.where(valid, npp * (cover + np.float32(1)) / 3, -9999)
    np.testing.assert_allclose(read(tmp_path / "out.tif"), expected, rtol=1e-6)
    # 0.001 degrees at 34.65 N: about 111 m x 91.6 m
    assert found.sums["area"].sum() / valid.sum() == pytest.approx(1.017, rel=0.005)
    assert found.coverage["cover"].pixels == (cover != 255).sum()
    assert found.coverage["npp"].pixels == (npp != -9999).sum()
    assert found.coverage["common"].pixels == valid.sum()


def test_threads_change_no_bit(tmp_path, landscape):
    runs = {}
    for threads in (1, 2, 4):
        out = tmp_path / f"out_{threads}.tif"
        found = run_job(job_of(landscape[2], out, threads=threads, tile=128))
        totals = {name: found.sums[name].tobytes() for name in found.sums}
        runs[threads] = totals, read(out).tobytes(), read(out, 2).tobytes(), found.statistics["out"]
    assert runs[1] == runs[2] == runs[4]


def test_windows_hardly_change_totals(tmp_path, landscape):
    runs = [run_job(job_of(landscape[2], tmp_path / "o.tif", tile=tile)).sums for tile in (512, 64, 100, 1024)]
    for other in runs[1:]:
        np.testing.assert_array_equal(other["pixels"], runs[0]["pixels"])
        for name in ("area", "value", "area:common", "area:npp"):
            np.testing.assert_allclose(other[name], runs[0][name], rtol=1e-12)


@pytest.mark.parametrize(
    "layout",
    [
        ("BLOCKYSIZE=7",),
        ("BLOCKYSIZE=700",),
        ("TILED=YES", "BLOCKXSIZE=128", "BLOCKYSIZE=128", "COMPRESS=DEFLATE"),
        ("TILED=YES", "BLOCKXSIZE=48", "BLOCKYSIZE=272", "COMPRESS=LZW"),
    ],
)
def test_tile_layout_of_the_inputs_does_not_show(tmp_path, landscape, layout):
    cover, npp, paths = landscape
    where = {"crs": 4326, "pixel": 0.001, "origin": (100.0, 35.0)}
    laid = (
        write_raster(tmp_path / "cover2.tif", cover, nodata=255, options=layout, **where),
        write_raster(tmp_path / "npp2.tif", npp, nodata=-9999, options=layout, **where),
    )
    first = run_job(job_of(paths, tmp_path / "a.tif"))
    second = run_job(job_of(laid, tmp_path / "b.tif", threads=2))
    for name in first.sums:
        np.testing.assert_array_equal(first.sums[name], second.sums[name])
    np.testing.assert_array_equal(read(tmp_path / "a.tif"), read(tmp_path / "b.tif"))


@dataclass(frozen=True)
class Counting(Copy):
    """Notes every window that reaches the kernel in a file."""

    log: str = ""

    def __call__(self, block: Block) -> Result:
        with open(self.log, "a") as log:
            log.write(f"{block.window.column},{block.window.row}\n")
        return super().__call__(block)


def test_empty_windows_are_skipped_and_the_result_is_the_same(tmp_path, hills):
    sparse = hills.copy()
    sparse[:, 256:] = -9999
    path = write_raster(tmp_path / "x.tif", sparse, nodata=-9999)
    log = tmp_path / "log"
    kernel = Counting("x", str(log))
    output = Output("out", str(tmp_path / "out.tif"), (Band("x"),))
    # many bands of memory per pixel are not needed here: windows are one to four tiles wide
    run_job(Job(kernel, (Source("x", path),), grid_of(path), (output,), write=PLAIN, threads=1, tile=64))
    windows = log.read_text().split()
    assert len(windows) == 11, "11 rows of 64 pixels, each with one of four windows that holds anything"
    np.testing.assert_array_equal(read(tmp_path / "out.tif"), sparse)


def test_gate_any_opens_where_any_source_is_valid(tmp_path):
    left = write_raster(tmp_path / "l.tif", np.array([[1, 9]], "uint8"), nodata=9)
    right = write_raster(tmp_path / "r.tif", np.array([[9, 2]], "uint8"), nodata=9)
    sources = Source("x", left), Source("y", right)
    both = run_job(Job(Copy("x"), sources, grid_of(left)))
    either = run_job(Job(Copy("x"), sources, grid_of(left), gate_any=True))
    assert both.coverage["common"].pixels == 0
    assert "total" not in both.sums
    assert either.coverage["common"].pixels == 2
    assert either.sums["total"] == 1


def test_progress_rises_to_100(tmp_path, landscape):
    told = Telling()
    run_job(job_of(landscape[2], tmp_path / "o.tif", tile=64), told)
    assert told.steps == sorted(told.steps)
    assert told.steps[-1] == 100
    assert len(told.steps) > 20


def test_kernels_and_sums_can_be_sent_elsewhere():
    assert pickle.loads(pickle.dumps(ValueByClass(3))) == ValueByClass(3)
    sums = pickle.loads(pickle.dumps(Sums({"a": np.array([1.0, 2.0])})))
    np.testing.assert_array_equal(sums["a"], [1, 2])


def test_sums_do_not_lose_small_addends():
    total = Sums()
    for value in (1e16, 1.0, 1.0, -1e16):
        total.merge(Sums({"x": np.array([value])}))
    assert total["x"][0] == 2.0


def test_sum_by_class_by_hand():
    index = np.array([[0, 1], [1, 2]])
    np.testing.assert_array_equal(sum_by_class(index, 4), [1, 2, 1, 0])
    np.testing.assert_array_equal(sum_by_class(index, 4, np.array([[0.5], [2.0]])), [0.5, 2.5, 2.0, 0.0])


def test_class_index_knows_only_its_codes():
    index = ClassIndex.of_codes((41, 7))
    np.testing.assert_array_equal(index(np.array([7, 41, 0, 255], "uint8")), [1, 0, 2, 2])
    np.testing.assert_array_equal(index(np.array([-1, 41, 70_000, 7], "int32")), [2, 0, 2, 1])


def test_codes_are_counted(tmp_path):
    path = write_raster(tmp_path / "c.tif", np.array([[1, 1, 41], [255, 41, 41]], "uint8"), nodata=255)
    assert count_codes([Source("c", path, kind="classes")], grid_of(path)) == {"c": {1: 2, 41: 3}}


def test_output_equal_to_input_is_refused(tmp_path):
    path = write_raster(tmp_path / "x.tif", np.ones((4, 4), "float32"), nodata=0)
    before = (tmp_path / "x.tif").read_bytes()
    os.symlink(path, tmp_path / "alias.tif")
    for name in ("x.tif", "alias.tif"):
        output = Output("out", str(tmp_path / name), (Band("x"),))
        with pytest.raises(OutputError, match="is also an input"):
            run_job(Job(Copy(), (Source("x", path),), grid_of(path), (output,)))
    assert (tmp_path / "x.tif").read_bytes() == before


def test_two_outputs_of_one_name_are_refused(tmp_path):
    path = write_raster(tmp_path / "x.tif", np.ones((4, 4), "float32"), nodata=0)
    twice = tuple(Output(name, str(tmp_path / "o.tif"), (Band("x"),)) for name in ("out", "other"))
    with pytest.raises(OutputError, match="Two outputs have the same name"):
        run_job(Job(Copy(), (Source("x", path),), grid_of(path), twice))


def test_a_cancel_is_heard_between_sources_that_are_opened(tmp_path):
    path = write_raster(tmp_path / "x.tif", np.ones((4, 4), "float32"), nodata=0)
    sources = Source("x", path), Source("never", str(tmp_path / "none.tif"))
    with pytest.raises(Cancelled):
        run_job(Job(Copy(), sources, grid_of(path)), Telling(checks=1))


@pytest.mark.parametrize("exceptions", [True, False])
def test_the_exceptions_setting_of_the_host_is_left_as_found(tmp_path, exceptions):
    was = gdal.GetUseExceptions()
    (gdal.UseExceptions if exceptions else gdal.DontUseExceptions)()
    try:
        path = write_raster(tmp_path / "x.tif", np.ones((40, 40), "float32"), nodata=0)
        coarse = write_raster(tmp_path / "c.tif", np.ones((8, 8), "float32"), nodata=0, pixel=150)
        output = Output("out", str(tmp_path / "o.tif"), (Band("x"),))
        warped = Source("x", coarse, resampling="bilinear")
        run_job(Job(Copy(), (warped,), grid_of(path), (output,)))
        assert read(tmp_path / "o.tif").min() == 1
        with pytest.raises(InputError, match="No such file"):
            run_job(Job(Copy(), (Source("x", str(tmp_path / "none.tif")),), grid_of(path)))
        with pytest.raises(Cancelled):
            run_job(Job(Copy(), (warped,), grid_of(path), (output,)), Telling(checks=0))
        assert bool(gdal.GetUseExceptions()) is exceptions
    finally:
        (gdal.UseExceptions if was else gdal.DontUseExceptions)()


@pytest.mark.parametrize("exceptions", [False, True])
@pytest.mark.parametrize("name", ["o.tif", "o.img"])
def test_options_that_gdal_does_not_know_are_refused_whatever_the_exceptions_setting(tmp_path, exceptions, name):
    was = gdal.GetUseExceptions()
    path = write_raster(tmp_path / "x.tif", np.ones((40, 40), "float32"), nodata=0)
    output = Output("out", str(tmp_path / name), (Band("x"),))
    wrong = "COMPRESS=FOO" if name.endswith("tif") else "NONSENSE=1"
    (gdal.UseExceptions if exceptions else gdal.DontUseExceptions)()
    try:
        with pytest.raises(OutputError, match="creation options"):
            run_job(Job(Copy(), (Source("x", path),), grid_of(path), (output,), write=WriteOptions((wrong,))))
    finally:
        (gdal.UseExceptions if was else gdal.DontUseExceptions)()
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("bins", [7, 200, 60_000])  # bytes with lanes, words with lanes, no lanes
@pytest.mark.parametrize("weighted", [False, True])
def test_a_histogram_in_lanes_is_the_plain_one(bins, weighted):
    random = np.random.default_rng(bins)
    index = random.integers(0, bins, 50_001).astype(np.uint8 if bins < 256 else np.intp)
    index[:20_000] = 3  # neighbours that are alike
    weights = random.integers(0, 1000, index.size).astype(np.float32) if weighted else None
    found = histogram(index, bins, weights)
    assert np.array_equal(found, np.bincount(index, weights, bins))  # whole numbers add exactly
    assert np.array_equal(
        sum_by_class(index.reshape(3, -1), bins, None if weights is None else weights.reshape(3, -1)), found
    )


def test_many_sums_lose_no_more_than_few():
    many = np.zeros((2, 5000))
    total = Sums()
    for value in (1e16, 1.0, -1e16):
        many[1, 4321] = value
        total.merge(Sums({"many": many}))
    assert total["many"][1, 4321] == 1.0
    assert np.count_nonzero(total["many"]) == 1


@pytest.mark.parametrize("areas", [[2.0, 2.0], [2.0, 3.0]])
def test_sums_over_area(areas):
    index, amounts = np.array([[0, 1, 1], [1, 0, 0]]), np.array([[5.0, 1.0, 2.0], [7.0, 0.0, 1.0]])
    pixels, hectares, (sums,) = sums_over_area(index, 2, np.array(areas)[:, np.newaxis], [amounts])
    first, second = areas
    assert pixels.tolist() == [3, 3]
    assert hectares.tolist() == [first + 2 * second, 2 * first + second]
    assert sums.tolist() == [5 * first + second, 3 * first + 7 * second]


def test_area_of_pixels_of_different_size():
    mask = np.array([[True, False, True], [True, True, True]])
    assert area_of(mask, np.array([[2.0], [3.0]])) == 13
    assert area_of(mask, np.array([[2.0], [2.0]])) == 10
