"""Jobs on a cluster of two worker processes: the bits of the threads, whole or nothing, clear errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import Cancelled, ClusterError, InputError, OutputError
from ecoassets.core.raster.cluster.client import Cluster
from ecoassets.core.raster.cluster.nodes import describe_node, disagreement
from ecoassets.core.raster.cluster.scheduler import VARIABLE, scheduled
from ecoassets.core.raster.engine import run_job
from ecoassets.core.raster.output import Band, ClassColour, Output, WriteOptions
from ecoassets.core.raster.reading.source import Source
from ecoassets.core.raster.work import Block, Job, Result

from .conftest import Copy, Telling, grid_of, read, write_raster

pytest.importorskip("distributed", reason="dask.distributed is not installed (Debian: python3-distributed)")


@pytest.fixture(scope="module")
def cluster():
    import dask

    opened = Cluster("local:2")
    told = opened.client.security.get_tls_config_for_role("client")
    names = {"ca-file": told["ca_file"], "client.cert": told["cert"], "client.key": told["key"]}
    with dask.config.set(
        {f"distributed.comm.tls.{name}": text for name, text in names.items()}
    ):  # as for a cluster of one's own that speaks tls://
        yield opened
    opened.close()


@pytest.fixture
def on_cluster(cluster):
    """Runs a job on the one cluster of this file."""

    def run(job: Job, told=None):
        with scheduled(cluster.address):
            return run_job(job, told or Telling())

    return run


@pytest.fixture
def noise(tmp_path) -> str:
    values = np.random.default_rng(3).normal(size=(700, 500))
    values[100:300, 100:450] = -9999
    return write_raster(tmp_path / "noise.tif", values, nodata=-9999)


@dataclass(frozen=True)
class Slow(Copy):
    """Takes its time, so that a test can come in between."""

    seconds: float = 0.1

    def __call__(self, block: Block) -> Result:
        time.sleep(self.seconds)
        return super().__call__(block)


@dataclass(frozen=True)
class Failing(Copy):
    def __call__(self, block: Block) -> Result:
        if block.window.row >= 600:
            raise InputError("row 600 is bad")
        return super().__call__(block)


def job(noise: str, path: Path, kernel: Copy | None = None, **changes) -> Job:
    output = Output("out", str(path), (Band("x", "m"),), metadata={"METHOD": "copy"})
    return Job(kernel or Copy(), (Source("x", noise),), grid_of(noise), (output,), tile=64, **changes)


def sums(found) -> dict:
    return {name: found.sums[name].tolist() for name in found.sums}


@pytest.mark.parametrize("name", ["x.vrt", "x.tif"])
def test_bits_sums_and_statistics_are_those_of_the_threads(noise, tmp_path, on_cluster, name):
    here = run_job(job(noise, tmp_path / "threads.tif"))
    there = on_cluster(job(noise, tmp_path / name))
    assert sums(there) == sums(here)
    assert there.statistics == here.statistics
    assert there.coverage == here.coverage
    np.testing.assert_array_equal(read(tmp_path / name), read(tmp_path / "threads.tif"))
    made, expected = gdal.Open(str(tmp_path / name)), gdal.Open(str(tmp_path / "threads.tif"))
    assert made.GetGeoTransform() == expected.GetGeoTransform()
    assert made.GetMetadataItem("METHOD") == "copy"
    band, other = made.GetRasterBand(1), expected.GetRasterBand(1)
    assert (band.GetDescription(), band.GetUnitType(), band.GetNoDataValue()) == ("x", "m", -9999)
    assert band.GetMetadata() == other.GetMetadata(), "statistics"
    assert band.GetOverviewCount() == other.GetOverviewCount() == 1


def test_a_virtual_raster_lies_over_its_tiles_and_can_be_moved(noise, tmp_path, on_cluster):
    results = tmp_path / "results"
    results.mkdir()
    for _ in range(2):
        on_cluster(job(noise, results / "x.vrt", write=WriteOptions(overviews=False)))
    tiles = next(results.glob("x.tiles-*"))
    assert sorted(p.name for p in results.iterdir()) == sorted([tiles.name, "x.vrt"]), (
        "the tiles of the older run are gone"
    )
    assert not (tiles / "r0000128_c0000128.tif").exists(), "an empty window makes no tile"
    expected = read(results / "x.vrt")
    np.testing.assert_array_equal(read(results.rename(tmp_path / "moved") / "x.vrt"), expected)


def test_classes_keep_their_colours(tmp_path, on_cluster):
    codes = write_raster(tmp_path / "codes.tif", np.tile(np.array([[1, 2]], "uint8"), (70, 35)), nodata=255)
    legend = (ClassColour(1, "forest", "#00ff00"), ClassColour(2, "town", "#ff0000"))
    output = Output("out", str(tmp_path / "x.tif"), (Band("x"),), "uint8", 255, legend)
    on_cluster(
        replace(job(codes, tmp_path / "x.tif"), sources=(Source("x", codes, kind="classes"),), outputs=(output,))
    )
    band = gdal.Open(str(tmp_path / "x.tif"))
    assert band.GetRasterBand(1).GetColorTable().GetColorEntry(2) == (255, 0, 0, 255)
    assert band.GetRasterBand(1).GetCategoryNames() == ["", "forest", "town"]


def test_a_worker_that_dies_is_made_up_for(noise, tmp_path, on_cluster, cluster):
    processes = cluster.client.run(os.getpid)
    told = Telling()
    killed = []

    def step(percent: float) -> None:
        if percent > 20 and not killed:
            killed.append(next(iter(processes.values())))
            os.kill(killed[0], signal.SIGKILL)

    told.set = step
    there = on_cluster(job(noise, tmp_path / "x.vrt", Slow(seconds=0.02)), told)
    assert killed
    assert sums(there) == sums(run_job(job(noise, tmp_path / "threads.tif")))
    np.testing.assert_array_equal(read(tmp_path / "x.vrt"), read(tmp_path / "threads.tif"))
    tiles = next(tmp_path.glob("x.tiles-*"))
    assert {tile.suffix for tile in tiles.iterdir()} == {".tif"}, "no litter of the worker that died"


def test_a_cancel_stops_new_work_at_once_and_leaves_what_was_there(noise, tmp_path, on_cluster, cluster):
    results = tmp_path / "results"
    results.mkdir()
    (results / "x.tif").write_bytes(b"an older result")
    told = Telling()
    told.cancelled = lambda: bool(told.steps) and told.steps[-1] > 10
    start = time.monotonic()
    with pytest.raises(Cancelled):
        on_cluster(job(noise, results / "x.tif", Slow(seconds=0.2)), told)
    assert time.monotonic() - start < 8, "88 windows would take 9 seconds on two workers"
    time.sleep(0.5)
    assert not any(cluster.client.processing().values())
    assert [p.name for p in results.iterdir()] == ["x.tif"]
    assert (results / "x.tif").read_bytes() == b"an older result"


def test_a_failure_comes_back_as_it_is(noise, tmp_path, on_cluster):
    results = tmp_path / "results"
    results.mkdir()
    with pytest.raises(InputError, match="row 600 is bad"):
        on_cluster(job(noise, results / "x.vrt", Failing()))
    assert list(results.iterdir()) == []


class TestWhatCannotBeUsed:
    @pytest.mark.parametrize(
        ("address", "message"),
        [
            ("tcp://127.0.0.1:1", "No dask scheduler with workers answers at tcp://127.0.0.1:1"),
            ("somewhere", "No dask scheduler with workers answers at somewhere"),
            ("local:two", "local:two is not understood. Write local:2"),
            ("local:0", "local:0 is not understood"),
        ],
    )
    def test_an_address(self, noise, tmp_path, address, message, monkeypatch):
        monkeypatch.setattr("ecoassets.core.raster.cluster.client.CONNECT_SECONDS", 1)
        monkeypatch.setenv(VARIABLE, address)
        with pytest.raises(ClusterError, match=message):
            run_job(job(noise, tmp_path / "x.tif"))
        assert not (tmp_path / "x.tif").exists()

    def test_the_choice_of_threads_overrides_the_environment(self, noise, tmp_path, monkeypatch):
        monkeypatch.setenv(VARIABLE, "tcp://127.0.0.1:1")
        with scheduled("threads"):
            run_job(job(noise, tmp_path / "x.tif"))
        np.testing.assert_array_equal(read(tmp_path / "x.tif"), read(noise).astype("float32"))

    def test_a_step_runs_where_the_steps_around_it_do(self, noise, tmp_path, monkeypatch):
        monkeypatch.setenv(VARIABLE, "tcp://127.0.0.1:1")
        with scheduled("threads"), scheduled("", otherwise="tcp://127.0.0.1:1"):
            run_job(job(noise, tmp_path / "x.tif"))
        assert (tmp_path / "x.tif").exists()

    def test_a_raster_that_workers_do_not_see(self, noise, on_cluster, tmp_path):
        gdal.FileFromMemBuffer("/vsimem/only_here.tif", Path(noise).read_bytes())
        with pytest.raises(ClusterError, match="cannot see /vsimem/only_here.tif as it is here. Put inputs on storage"):
            on_cluster(job("/vsimem/only_here.tif", tmp_path / "x.tif"))
        gdal.Unlink("/vsimem/only_here.tif")

    def test_other_versions_and_closed_folders(self, tmp_path):
        here = describe_node([], [])
        other = replace(here, versions={**here.versions, "numpy": "1.0"})
        assert "runs numpy 1.0, this process" in disagreement(here, other)
        nowhere = describe_node([], [str(tmp_path / "nowhere")])
        assert f"cannot write to {tmp_path / 'nowhere'}" in disagreement(here, nowhere)
        assert disagreement(here, here) is None

    def test_a_format_that_is_no_mosaic(self, noise, tmp_path, on_cluster):
        with pytest.raises(OutputError, match=r"on a cluster. Use .vrt"):
            on_cluster(job(noise, tmp_path / "x.png"))

    def test_a_virtual_raster_without_a_cluster(self, noise, tmp_path):
        with pytest.raises(OutputError, match="a virtual raster is made of the tiles of a cluster"):
            run_job(job(noise, tmp_path / "x.vrt"))


def own_cluster():
    """A cluster as users start it: one worker, no certificates."""
    from distributed import LocalCluster

    ports = {"protocol": "tcp://", "dashboard_address": "127.0.0.1:0"}
    return LocalCluster(n_workers=1, threads_per_worker=1, processes=False, host="127.0.0.1", **ports)


class TestTrust:
    """Who reaches a scheduler runs code: nobody is heard without a certificate, and copies of files are compared."""

    STRANGER = "import sys; from distributed import Client; print(Client(sys.argv[1], timeout=3).run(lambda: 6 * 7))"

    @pytest.mark.parametrize("protocol", ["tls", "tcp"])
    def test_a_stranger_is_not_heard(self, cluster, protocol):
        assert cluster.address.startswith("tls://127.0.0.1:")
        address = cluster.address.replace("tls", protocol)
        words = [sys.executable, "-W", "ignore", "-c", self.STRANGER, address]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode != 0 and "42" not in done.stdout

    def test_the_certificate_is_read_by_nobody_else(self, cluster):
        folder = Path(cluster._workers._folder)
        assert folder.stat().st_mode & 0o077 == 0
        assert all(path.stat().st_mode & 0o077 == 0 for path in folder.glob("*.pem"))

    def test_a_scheduler_without_certificates_is_warned_of(self, noise, tmp_path):
        with own_cluster() as opened, scheduled(opened.scheduler_address):
            told = Telling()
            warnings = []
            told.warn = warnings.append
            run_job(job(noise, tmp_path / "x.vrt"), told)
        assert any("hears everybody who reaches it" in warning for warning in warnings)

    def test_another_file_of_the_same_shape(self, tmp_path):
        path = write_raster(tmp_path / "a.tif", np.ones((20, 20)))
        here = describe_node([path], [])
        assert disagreement(here, describe_node([path], [])) is None
        write_raster(tmp_path / "a.tif", np.full((20, 20), 2.0))
        assert "cannot see" in disagreement(here, describe_node([path], []))

    def test_another_file_behind_the_same_virtual_raster(self, tmp_path):
        path = write_raster(tmp_path / "a.tif", np.ones((20, 20)))
        virtual = str(tmp_path / "a.vrt")
        gdal.Translate(virtual, path, format="VRT")
        here = describe_node([virtual], [])
        write_raster(tmp_path / "a.tif", np.full((20, 20), 2.0))
        assert "cannot see" in disagreement(here, describe_node([virtual], []))

    def test_workers_that_have_gone_are_told_within_ten_seconds(self, noise, tmp_path):
        with own_cluster() as opened, scheduled(opened.scheduler_address):
            told = Telling()
            told.set = lambda percent: opened.scale(0)
            start = time.monotonic()
            with pytest.raises(ClusterError, match=r"All workers of .* have gone|has gone"):
                run_job(job(noise, tmp_path / "x.vrt", Slow()), told)
            assert time.monotonic() - start < 25
        assert list(tmp_path.glob("x*")) == []
