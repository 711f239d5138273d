"""Workers that freeze or die while a run waits for them: told within seconds, and the map is that of the threads."""

from __future__ import annotations

import os
import signal
import sys
import time

import numpy as np
import pytest

from ecoassets.core.errors import Cancelled, ClusterError
from ecoassets.core.raster.cluster import client, watch
from ecoassets.core.raster.cluster.client import Cluster
from ecoassets.core.raster.cluster.local_workers import LocalWorkers
from ecoassets.core.raster.cluster.scheduler import scheduled
from ecoassets.core.raster.engine import run_job

from .conftest import Telling, read, write_raster
from .test_cluster import Slow, job

pytest.importorskip("distributed", reason="dask.distributed is not installed (Debian: python3-distributed)")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no process is frozen by a signal there")


@pytest.fixture
def noise(tmp_path) -> str:
    return write_raster(tmp_path / "noise.tif", np.random.default_rng(3).normal(size=(500, 300)), nodata=-9999)


@pytest.fixture
def opened(monkeypatch) -> list[Cluster]:
    """The clusters that runs open, and shorter times."""
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.3)
    monkeypatch.setattr(watch, "SILENT_SECONDS", 2.0)
    monkeypatch.setattr(watch, "FROZEN_SECONDS", 4.0)
    monkeypatch.setattr(client, "ANSWER_SECONDS", 3.0)
    clusters: list[Cluster] = []
    started = Cluster.__init__

    def noted(self, *args, **how):
        clusters.append(self)
        started(self, *args, **how)

    monkeypatch.setattr(Cluster, "__init__", noted)
    return clusters


def hit_once(told: Telling, opened: list[Cluster], how: int, which: slice) -> None:
    """Sends a signal to workers once the run is on its way."""
    hit = []

    def step(percent: float) -> None:
        if percent > 20 and not hit:
            hit.extend(list(opened[0].client.run(os.getpid).values())[which])
            for process in hit:
                os.kill(process, how)

    told.set = step


@pytest.mark.parametrize(
    ("how", "which"),
    [(signal.SIGSTOP, slice(1)), (signal.SIGKILL, slice(2))],
    ids=["one frozen", "both dead"],
)
def test_others_do_the_work_of_workers_that_fall_out(noise, tmp_path, opened, how, which):
    told = Telling()
    hit_once(told, opened, how, which)
    with scheduled("local:2"):
        there = run_job(job(noise, tmp_path / "x.tif", Slow(seconds=0.02)), told)
    here = run_job(job(noise, tmp_path / "threads.tif"))
    assert {name: there.sums[name].tolist() for name in there.sums} == {n: here.sums[n].tolist() for n in here.sums}
    np.testing.assert_array_equal(read(tmp_path / "x.tif"), read(tmp_path / "threads.tif"))
    if how == signal.SIGSTOP:
        assert any("have said nothing for" in str(warning) for warning in told.warnings)


def test_a_cancel_is_heard_while_all_are_frozen(noise, tmp_path, opened):
    told = Telling()
    hit_once(told, opened, signal.SIGSTOP, slice(2))
    told.cancelled = lambda: any("have said nothing for" in str(warning) for warning in told.warnings)
    with pytest.raises(Cancelled), scheduled("local:2"):
        run_job(job(noise, tmp_path / "x.tif", Slow(seconds=0.02)), told)
    assert not (tmp_path / "x.tif").exists()


def test_where_no_process_is_left_the_run_ends_at_once(noise, tmp_path, opened):
    told = Telling()

    def step(percent: float) -> None:
        for process in opened[0]._workers._processes:
            os.killpg(process.pid, signal.SIGKILL)
        told.set = Telling().set

    told.set = step
    with pytest.raises(ClusterError, match="All workers of .* have gone"), scheduled("local:2"):
        run_job(job(noise, tmp_path / "x.tif", Slow(seconds=0.05)), told)


def test_a_process_that_is_killed_while_it_starts_comes_again(monkeypatch):
    started = LocalWorkers._start
    numbers = []

    def killed_first(self, number: int):
        process = started(self, number)
        numbers.append(number)
        if numbers == [0]:
            os.killpg(process.pid, signal.SIGKILL)
        return process

    monkeypatch.setattr(LocalWorkers, "_start", killed_first)
    begun = time.monotonic()
    cluster = Cluster("local:2")
    try:
        assert sorted(numbers) == [0, 0, 1]
        assert len(cluster.client.nthreads()) >= 1
        assert time.monotonic() - begun < 40
    finally:
        cluster.close()
