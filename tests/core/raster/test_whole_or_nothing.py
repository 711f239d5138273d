"""Files appear under their final name only when they are whole; what was there before survives a failure."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import ecoassets
from ecoassets.core.errors import Cancelled, InputError, OutputError
from ecoassets.core.progress import Progress
from ecoassets.core.raster.engine import run_job
from ecoassets.core.raster.output import Band, Output, WriteOptions
from ecoassets.core.raster.reading.source import Source
from ecoassets.core.raster.work import Block, Job, Result

from .conftest import Copy, Telling, grid_of, read, write_raster

OLD = b"an older result"
BESIDE = Path(ecoassets.__file__).parent.parent


@dataclass(frozen=True)
class Failing(Copy):
    """Fails in the last window."""

    def __call__(self, block: Block) -> Result:
        if block.window.row >= 600:
            raise ZeroDivisionError("in the kernel")
        return super().__call__(block)


@pytest.fixture
def noise(tmp_path) -> str:
    """700 x 700 random numbers, which do not compress."""
    values = np.random.default_rng(3).normal(size=(700, 700))
    return write_raster(tmp_path / "noise.tif", values, nodata=-9999)


@pytest.fixture
def results(tmp_path) -> Path:
    """A folder that holds an older result of the same name."""
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "out.tif").write_bytes(OLD)
    return folder


def job(noise: str, folder: Path, kernel: Copy | None = None, **changes) -> Job:
    names = [Output(name, str(folder / f"{name}.tif"), (Band("x"),), "float64") for name in ("out",)]
    return Job(kernel or Copy(), (Source("x", noise),), grid_of(noise), tuple(names), tile=64, **changes)


def assert_untouched(folder: Path) -> None:
    assert [entry.name for entry in folder.iterdir()] == ["out.tif"]
    assert (folder / "out.tif").read_bytes() == OLD


def test_success_replaces_the_older_result(noise, results):
    run_job(job(noise, results))
    assert [entry.name for entry in results.iterdir()] == ["out.tif"]
    np.testing.assert_array_equal(read(results / "out.tif"), read(noise))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_failure_in_the_kernel(noise, results, threads):
    with pytest.raises(ZeroDivisionError):
        run_job(job(noise, results, Failing(), threads=threads))
    assert_untouched(results)


@pytest.mark.parametrize("checks", [0, 5, 20])
def test_a_cancel_in_the_middle(noise, results, checks):
    with pytest.raises(Cancelled):
        run_job(job(noise, results, threads=2), Telling(checks=checks))
    assert_untouched(results)


def test_a_cancel_while_overviews_are_built(noise, results):
    told = Telling()
    told.cancelled = lambda: bool(told.steps) and told.steps[-1] >= 96
    with pytest.raises(Cancelled):
        run_job(job(noise, results), told)
    assert_untouched(results)


def test_a_tile_that_cannot_be_read(tmp_path, noise, results):
    cut = tmp_path / "cut.tif"
    whole = Path(noise).read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"Cannot read cut.tif at column \d+, row \d+"):
        run_job(job(str(cut), results))
    assert_untouched(results)


@dataclass(frozen=True)
class Twins(Failing):
    """Two outputs of the same values."""

    def __call__(self, block: Block) -> Result:
        result = super().__call__(block)
        return Result({name: result.rasters["out"] for name in ("a", "b")})


def test_two_outputs_appear_together_or_not_at_all(noise, results):
    outputs = tuple(Output(name, str(results / f"{name}.tif"), (Band("x"),)) for name in ("a", "b"))
    with pytest.raises(ZeroDivisionError):
        run_job(Job(Twins(), (Source("x", noise),), grid_of(noise), outputs, tile=64))
    assert_untouched(results)


def test_folders_that_cannot_be_written(noise, tmp_path):
    with pytest.raises(OutputError, match=r"the folder .* does not exist"):
        run_job(job(noise, tmp_path / "missing"))
    (tmp_path / "taken" / "out.tif").mkdir(parents=True)
    with pytest.raises(OutputError, match="it is a folder"):
        run_job(job(noise, tmp_path / "taken"))


PROGRAM = """
import sys, time
import numpy as np
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ecoassets.core.progress import Progress
from ecoassets.core.raster.engine import run_job
from ecoassets.core.raster.work import Job, Result
from ecoassets.core.raster.output import Band, Output, WriteOptions
from ecoassets.core.raster.reading.source import Source, describe_source
noise, out, delay = sys.argv[1], sys.argv[2], float(sys.argv[3])

def kernel(block):
    if block.window.row >= 300:
        print("half way", flush=True)
        time.sleep(delay)
    return Result({"out": (block.values["x"], block.valid["x"])})

source = Source("x", noise)
output = Output("out", out, (Band("x"),), "float64")
write = WriteOptions(overviews=False)
run_job(Job(kernel, (source,), describe_source(source)[1], (output,), write=write, threads=1, tile=64))
"""


def start(noise: str, out: Path, delay: float = 0.0, limit: int | None = None) -> subprocess.Popen:
    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, noise, str(out), str(delay)],
        cwd=BESIDE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limited if limit else None,
    )


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_killed_run_leaves_no_half_file_and_the_next_run_no_litter(noise, results):
    process = start(noise, results / "out.tif", delay=30)
    assert process.stdout.readline() == "half way\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (results / "out.tif").read_bytes() == OLD
    assert len(list(results.iterdir())) == 2, "the killed run could not tidy up"
    run_job(job(noise, results))
    assert [entry.name for entry in results.iterdir()] == ["out.tif"]
    np.testing.assert_array_equal(read(results / "out.tif"), read(noise))


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
@pytest.mark.parametrize("share", [0.3, 0.98])
def test_a_file_that_may_not_grow(noise, results, share):
    """As on a full disk, the last bytes are missing; the file must not be taken for whole."""
    limit = int(os.path.getsize(noise) * share * 0.9)  # noise compresses by about a tenth
    _, complaint = start(noise, results / "out.tif", limit=limit).communicate()
    assert "OutputError: Cannot write" in complaint
    assert_untouched(results)


@contextmanager
def small_disk(disk, size):
    """A folder on a disk of so many bytes, with an older map on it."""
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={int(size)}", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here (needs root)")
    try:
        (disk / "out.tif").write_bytes(OLD)
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_full_disk(tmp_path, noise, share):
    with small_disk(tmp_path / "disk", os.path.getsize(noise) * share) as disk:
        with pytest.raises(OutputError, match="Cannot write"):
            run_job(job(noise, disk, write=WriteOptions(overviews=False)))
        assert_untouched(disk)


def test_a_disk_too_small_for_maps_without_compression_is_told_before_work(tmp_path, noise):
    plain = WriteOptions(("COMPRESS=NONE",), overviews=False)
    with small_disk(tmp_path / "disk", os.path.getsize(noise) * 0.5) as disk:
        with pytest.raises(OutputError, match="has no room for the maps of this run") as refused:
            run_job(job(noise, disk, write=plain))
        assert str(disk) in str(refused.value)
        assert_untouched(disk)


def test_a_disk_that_may_be_too_small_is_warned_of(tmp_path, noise):
    told = []

    class Heard(Progress):
        def warn(self, message):
            told.append(str(message))

    with small_disk(tmp_path / "disk", os.path.getsize(noise) * 0.3) as disk, suppress(OutputError):
        run_job(job(noise, disk, write=WriteOptions(overviews=False)), Heard())
    assert any("may have too little room" in message for message in told)
