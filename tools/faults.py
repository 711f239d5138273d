"""`make faults`: faults injected into real runs: outputs whole or absent, old outputs kept, counted and printed.

    make faults                              20 faults of each kind
    make faults ARGS="--count 5 --seed 1"    fewer, as told by a seed

A run is a valuation that makes two maps (a value, eleven services). Before each fault older maps lie under the same
names; after it every map must be the older one, byte for byte, or the new one, value for value, and nothing else may
lie in the folder. Where QGIS is there, runs that make a map, tables and a report meet faults too (`fault_runs.py`), a
quarter as often.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from osgeo import gdal

from ..core.assets.equivalents import load_equivalents
from ..core.assets.valuation.run import Adjustment, Adjustments, ValuationInputs, ValuationOutputs, run_valuation
from ..core.errors import Cancelled, EcoAssetsError
from ..core.land_cover import load_scheme
from ..core.progress import QUIET, Progress
from ..core.raster.output import WriteOptions
from ..core.raster.settings import RasterSettings
from .bench_data import make_inputs
from .fault_runs import inject
from .slow_server import SlowServer

SIZE = 1200
OLD = b"an older map"
MAPS = ("total.tif", "services.tif")
FORMATS = {"GTiff": "tif", "HFA": "img", "ENVI": "dat", "AAIGrid": "asc", "PNG": "png", "netCDF": "nc"}
SETTINGS = RasterSettings(write=WriteOptions(overviews=False), tile=128)


def value(land_cover: str, npp: str, folder: str, progress: Progress = QUIET) -> None:
    """The run into which faults come."""
    inputs = ValuationInputs(
        land_cover=(land_cover,),
        years=(2020,),
        scheme=load_scheme("clcd"),
        equivalents=load_equivalents("xie2015"),
        standard_value=3406.5,
        adjustments=Adjustments({"NPP": Adjustment((npp,), 500.0)}),
    )
    total, services = (os.path.join(folder, name) for name in MAPS)
    run_valuation(inputs, ValuationOutputs(total, services), SETTINGS, progress)


@dataclass
class Stage:
    """Inputs, the maps that a whole run makes of them, and what was found.

    Attributes:
        folder: where everything lies.
        inputs: land cover and productivity.
        expected: the new maps.
        seconds: how long a whole run of its own process takes.
        counts: per kind of fault: runs, and how they ended.
        faults: what went wrong.
    """

    folder: Path
    inputs: dict[str, str]
    expected: dict[str, np.ndarray] = field(default_factory=dict)
    seconds: float = 0.0
    counts: dict[str, Counter] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def fresh(self, within: Path | None = None) -> Path:
        """A folder with older maps."""
        outputs = within or self.folder / "outputs"
        if within is None:
            shutil.rmtree(outputs, ignore_errors=True)
        outputs.mkdir(exist_ok=True)
        for name in MAPS:
            (outputs / name).write_bytes(OLD)
        return outputs

    def judge(self, kind: str, outputs: Path, ended: str, *, may_differ: bool = False, litter: bool = False) -> None:
        """Looks at what a run left; a changed input may give other values, but whole ones."""
        states = [self._state(outputs / name, may_differ) for name in MAPS]
        others = [entry.name for entry in outputs.iterdir() if entry.name not in MAPS]
        counted = self.counts.setdefault(kind, Counter())
        counted["runs"] += 1
        counted[ended] += 1
        counted.update(states)
        if "BROKEN" in states or (ended != "succeeded" and not litter and states != ["old", "old"]):
            self.faults.append(f"{kind}, {ended}: {dict(zip(MAPS, states))}")
        if others and not litter:
            self.faults.append(f"{kind}, {ended}: left {others}")

    def _state(self, path: Path, may_differ: bool) -> str:
        if not path.exists():
            return "BROKEN"
        if path.read_bytes() == OLD:
            return "old"
        gdal.ErrorReset()
        dataset = gdal.Open(str(path))
        values = None if dataset is None else dataset.ReadAsArray()
        if values is None or gdal.GetLastErrorType() >= gdal.CE_Failure:
            return "BROKEN"
        return "new" if may_differ or np.array_equal(values, self.expected[path.name]) else "BROKEN"

    def attempt(self, kind: str, outputs: Path, run: Callable[[], None], may_differ: bool = False) -> None:
        try:
            run()
        except Cancelled:
            ended = "cancelled"
        except EcoAssetsError:
            ended = "refused"
        else:
            ended = "succeeded"
        self.judge(kind, outputs, ended, may_differ=may_differ)


class CancelAfter(Progress):
    """Cancels at a question."""

    def __init__(self, questions: int) -> None:
        self._left = questions

    def cancelled(self) -> bool:
        self._left -= 1
        return self._left < 0


def killed(stage: Stage) -> None:
    outputs = stage.fresh()
    process = start(stage, outputs)
    time.sleep(random.uniform(random.choice((0.0, 0.5)), 1.0) * stage.seconds)  # half of them late, when it writes
    process.send_signal(signal.SIGKILL)
    process.wait()
    stage.judge("kill -9", outputs, "killed" if process.returncode < 0 else "succeeded", litter=True)
    value(stage.inputs["land_cover"], stage.inputs["npp"], str(outputs))
    stage.judge("the run after a kill", outputs, "succeeded")


def start(stage: Stage, outputs: Path) -> subprocess.Popen:
    words = [stage.inputs["land_cover"], stage.inputs["npp"], str(outputs)]
    return subprocess.Popen([sys.executable, "-m", "ecoassets.tools.faults", "--run", *words])


def disk_full(stage: Stage) -> None:
    """A small disk, which needs root."""
    disk = stage.folder / "disk"
    disk.mkdir(exist_ok=True)
    whole = sum(values.nbytes for values in stage.expected.values())
    size = random.randrange(1 << 16, int(whole * 0.6))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)], check=True)
    try:
        outputs = stage.fresh(disk)
        stage.attempt(
            "disk full", outputs, lambda: value(stage.inputs["land_cover"], stage.inputs["npp"], str(outputs))
        )
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def damaged(stage: Stage) -> None:
    """Land cover in some format, cut off or with other bytes somewhere."""
    driver, extension = random.choice(sorted(FORMATS.items()))
    if gdal.GetDriverByName(driver) is None:
        return
    folder = stage.folder / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / f"land_cover.{extension}"
    gdal.Translate(str(path), stage.inputs["land_cover"], format=driver)
    content = bytearray(path.read_bytes())
    if random.random() < 0.5:
        kind, content = "truncated input", content[: random.randrange(len(content))]
    else:
        kind = "corrupt input"
        for _ in range(random.choice((1, 20, 400))):
            content[random.randrange(len(content))] = random.randrange(256)
    path.write_bytes(content)
    outputs = stage.fresh()
    stage.attempt(kind, outputs, lambda: value(str(path), stage.inputs["npp"], str(outputs)), may_differ=True)


def changed(stage: Stage) -> None:
    """Another program writes the input anew while it is read."""
    path = stage.folder / "changing.tif"
    shutil.copy(stage.inputs["npp"], path)
    other = stage.folder / "other.tif"
    if not other.exists():
        gdal.Translate(str(other), stage.inputs["npp"], width=SIZE // 2, height=SIZE // 2)
    content = random.choice((b"", path.read_bytes()[: path.stat().st_size // 3], other.read_bytes()))

    class Change(Progress):
        left = random.randrange(60)

        def set(self, percent: float) -> None:
            self.left -= 1
            if self.left == 0:
                path.write_bytes(content)

    outputs = stage.fresh()
    stage.attempt(
        "input changed",
        outputs,
        lambda: value(stage.inputs["land_cover"], str(path), str(outputs), Change()),
        may_differ=True,
    )


def slow(stage: Stage, server: SlowServer) -> None:
    """The inputs come over a network that is slow, and now and then fails or is given up."""
    server.failing = random.choice((0.0, 0.0, 0.05, 0.5))
    gdal.VSICurlClearCache()
    outputs = stage.fresh()
    progress = CancelAfter(random.randrange(400)) if random.random() < 0.3 else QUIET
    cover, npp = (f"/vsicurl/{server.address}/{os.path.basename(stage.inputs[name])}" for name in ("land_cover", "npp"))
    stage.attempt("slow network", outputs, lambda: value(cover, npp, str(outputs), progress))


def cancelled(stage: Stage) -> None:
    outputs = stage.fresh()
    progress = CancelAfter(random.randrange(100))
    stage.attempt(
        "cancel", outputs, lambda: value(stage.inputs["land_cover"], stage.inputs["npp"], str(outputs), progress)
    )


def prepare(folder: Path) -> Stage:
    stage = Stage(folder, make_inputs(str(folder / "inputs"), SIZE, "ZSTD", 0.8))
    outputs = stage.fresh()
    began = time.monotonic()
    if start(stage, outputs).wait():
        raise SystemExit("the run without a fault failed")
    stage.seconds = time.monotonic() - began
    stage.expected = {name: gdal.Open(str(outputs / name)).ReadAsArray() for name in MAPS}
    return stage


def main() -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="faults of each kind")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="tells the random faults")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        value(*given.run)
        return 0
    random.seed(given.seed)
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    with tempfile.TemporaryDirectory(prefix="ecoassets-faults-") as name:
        stage = prepare(Path(name))
        print(f"seed {given.seed}; a run of {SIZE} x {SIZE} pixels takes {stage.seconds:.1f} s", flush=True)
        with SlowServer(os.path.dirname(stage.inputs["npp"])) as server:
            kinds: list[Callable[[Stage], None]] = [killed, damaged, changed, lambda s: slow(s, server), cancelled]
            if os.name == "posix" and os.geteuid() == 0:
                kinds.append(disk_full)
            for kind in kinds:
                for _ in range(given.count):
                    kind(stage)
            runs = inject(Path(name), max(1, given.count // 4)) if importlib.util.find_spec("qgis") else None
    if runs is not None:
        stage.counts.update(runs.counts)
        stage.faults += runs.faults
    for kind_name, counted in stage.counts.items():
        print(f"{kind_name}: " + ", ".join(f"{count} {what}" for what, count in counted.items()))
    injected = sum(c["runs"] for c in stage.counts.values())
    kept = sum(c["old"] for c in stage.counts.values())
    new = sum(c["new"] for c in stage.counts.values())
    broken = sum(c["BROKEN"] for c in stage.counts.values())
    print(f"{injected} runs: {kept} older files kept, {new} new files whole, {broken} broken; "
          f"{len(stage.faults)} faults of ours")  # fmt: skip
    print("\n".join(stage.faults))
    return 1 if stage.faults else 0


if __name__ == "__main__":
    sys.exit(main())
