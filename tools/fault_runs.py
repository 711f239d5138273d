"""Faults in runs of QGIS that make a map, a table in a GeoPackage, a table in CSV and a report: all new or all old.

And in workflows, whose steps stand for themselves: what there is of them is whole, and the next run makes all of it.

A run is a process of its own: `python -m ecoassets.tools.fault_runs INPUTS OUTPUTS`. It is killed, interrupted, held up
by a lock, or meets another run that writes to the same names.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal, osr

from ..core.raster.writing.tidying import remove_litter
from .soak import in_qgis

FILES = ("map.tif", "tables.gpkg", "balance.csv", "report.html")
LAYER = "matrix"
WORKFLOW = "esvworkflow"
SIZE = 400


def make_land(folder: Path) -> None:
    """Two years of land, and a third with which the older results are made."""
    folder.mkdir(exist_ok=True)
    noise = np.random.default_rng(5)
    for name, share in (("2000", 0.0), ("2015", 0.2), ("older", 0.4)):
        codes = np.full((SIZE, SIZE), 21, np.uint8)
        codes[noise.random((SIZE, SIZE)) < share] = 51
        made = gdal.GetDriverByName("GTiff").Create(str(folder / f"{name}.tif"), SIZE, SIZE, 1, gdal.GDT_Byte)
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(32650)
        made.SetProjection(reference.ExportToWkt())
        made.SetGeoTransform((500000, 30, 0, 4000000, 0, -30))
        made.GetRasterBand(1).SetNoDataValue(0)
        made.GetRasterBand(1).WriteArray(codes)


def given(inputs: Path, outputs: Path, last: str) -> dict[str, Any]:
    """The parameters of a run."""
    table = f"ogr:dbname='{outputs / 'tables.gpkg'}' table=\"{LAYER}\""
    return {
        "LAND_COVER": [str(inputs / "2000.tif"), str(inputs / f"{last}.tif")], "YEARS": "2000,2015",
        "SCHEME": "cnlucc", "INSIST_ON_YEARS": True, "OUTPUT": str(outputs / "map.tif"), "OUTPUT_TABLE": table,
        "OUTPUT_BALANCE": str(outputs / "balance.csv"), "OUTPUT_HTML": str(outputs / "report.html"),
    }  # fmt: skip


def workflow_given(inputs: Path, outputs: Path) -> dict[str, Any]:
    """The parameters of a workflow."""
    return {
        "LAND_COVER": [str(inputs / "2000.tif"), str(inputs / "2015.tif")], "YEARS": "2000,2015", "SCHEME": "cnlucc",
        "INSIST_ON_YEARS": True, "FOLDER": str(outputs), "OUTPUT_HTML": str(outputs / "report.html"),
        "OUTPUT_TABLE": str(outputs / "headlines.csv"),
    }  # fmt: skip


def start(inputs: Path, outputs: Path, last: str = "2015") -> subprocess.Popen:
    words = [sys.executable, "-W", "ignore", "-m", "ecoassets.tools.fault_runs", str(inputs), str(outputs), last]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def run(inputs: str, outputs: str, last: str) -> int:
    """The run itself; says when it begins, so that faults do not come while QGIS starts."""
    from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback

    feedback = QgsProcessingFeedback(False)
    signal.signal(signal.SIGINT, lambda *_: feedback.cancel())
    name = WORKFLOW if last == WORKFLOW else "transfermatrix"
    places = Path(inputs), Path(outputs)
    parameters = workflow_given(*places) if last == WORKFLOW else given(*places, last)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"ecoassets:{name}")
    print("begins", flush=True)
    results, right = algorithm.run(parameters, QgsProcessingContext(), feedback)
    return 0 if right and results else 1


def contents(outputs: Path) -> dict[str, Any]:
    """What each file says; a report by the share of land that it tells, for it holds the time."""
    found: dict[str, Any] = {}
    with suppress(RuntimeError, AttributeError):
        found["map.tif"] = gdal.Open(str(outputs / "map.tif")).ReadAsArray().tobytes()
    readable = f"{(outputs / 'tables.gpkg').as_uri()}?mode=ro"  # as programs open it that only read
    with suppress(sqlite3.Error), closing(sqlite3.connect(readable, timeout=20, uri=True)) as database:
        rows = database.execute(f'SELECT * FROM "{LAYER}" ORDER BY 1').fetchall()
        found["tables.gpkg"] = str(rows)
    with suppress(OSError):
        found["balance.csv"] = (outputs / "balance.csv").read_text(encoding="utf-8")
        whole = (outputs / "report.html").read_text(encoding="utf-8")
        found["report.html"] = "older" if "older.tif" in whole else "newer" if whole.endswith("</html>\n") else ""
    return found


def whole_files(folder: Path) -> dict[str, bool]:
    """Whether each file of a workflow can be read to its end; hidden ones of a killed run wait for the next."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir() or name.startswith("."):
            continue
        gdal.ErrorReset()
        if path.suffix == ".tif":
            raster = gdal.Open(str(path))
            right = raster is not None and raster.ReadAsArray() is not None
        elif path.suffix == ".gpkg":
            right = gdal.OpenEx(str(path), gdal.OF_VECTOR) is not None
        elif path.suffix in (".html", ".csv", ".json", ".md"):
            right = (
                path.read_bytes().rstrip().endswith(b"</html>") if path.suffix == ".html" else path.stat().st_size > 0
            )
        else:
            right = path.stat().st_size > 0
        found[name] = right and gdal.GetLastErrorType() < gdal.CE_Failure
    return found


class Runs:
    """Injects faults and counts how they ended, by kind."""

    def __init__(self, folder: Path) -> None:
        self.counts: dict[str, Counter] = {}
        self.faults: list[str] = []
        self._inputs, self._folder = folder / "land", folder / "results"
        make_land(self._inputs)
        self._old, _ = self._made("older")
        self._new, self._seconds = self._made("2015")

    def _made(self, last: str) -> tuple[dict[str, Any], float]:
        self._folder.mkdir(exist_ok=True)
        began = self._begun(process := start(self._inputs, self._folder, last))
        if process.wait():
            raise SystemExit("the run without a fault failed")
        return contents(self._folder), time.monotonic() - began

    @staticmethod
    def _begun(process: subprocess.Popen) -> float:
        if process.stdout is not None:
            process.stdout.readline()
        return time.monotonic()

    def _again(self) -> None:
        if contents(self._folder) != self._old:
            self._made("older")

    def _judge(self, kind: str, ended: str) -> None:
        found = contents(self._folder)
        states = ["old" if found.get(n) == self._old[n] else "new" if found.get(n) == self._new[n] else "BROKEN"
                  for n in FILES]  # fmt: skip
        counted = self.counts.setdefault(kind, Counter())
        counted.update(["runs", ended, *states])
        # Only a kill between the first move and the last, some milliseconds, may leave both kinds, until the next run.
        if "BROKEN" in states or (len(set(states)) > 1 and ended != "killed"):
            self.faults.append(f"{kind}, {ended}: {dict(zip(FILES, states))}")

    def killed(self) -> None:
        """At any moment of a run, half of them late, when outputs change places; then as the next run begins."""
        self._again()
        self._begun(process := start(self._inputs, self._folder))
        time.sleep(random.uniform(random.choice((0.0, 0.8)), 1.05) * self._seconds)
        process.kill()
        self._judge("kill -9 of a run in QGIS", "killed" if process.wait() else "succeeded")
        remove_litter(str(self._folder))
        self._judge("what the next run finds after it", "tidied")
        if left := sorted(path.name for path in self._folder.glob(".*")):
            self.faults.append(f"kill -9 of a run in QGIS: left {left}")

    def interrupted(self) -> None:
        """Ctrl-C."""
        self._again()
        self._begun(process := start(self._inputs, self._folder))
        time.sleep(random.uniform(0.0, 1.0) * self._seconds)
        process.send_signal(signal.SIGINT)
        ended = "succeeded" if process.wait() == 0 else "stopped"
        self._judge("Ctrl-C", ended)

    def locked(self) -> None:
        """Another program writes to the GeoPackage for a while."""
        self._again()
        with closing(sqlite3.connect(self._folder / "tables.gpkg", isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            process = start(self._inputs, self._folder)
            self._begun(process)
            time.sleep(random.uniform(0.5, 3.0) + self._seconds)
            database.execute("ROLLBACK")
        self._judge("lock on the GeoPackage", "succeeded" if process.wait() == 0 else "refused")

    def two_at_once(self) -> None:
        """Both write to the same names; each of them ends, and no file is of both."""
        self._again()
        both = [start(self._inputs, self._folder), start(self._inputs, self._folder)]
        ended = [process.wait() for process in both]
        self._judge("two runs at once", "succeeded" if 0 in ended else "refused")


class WorkflowRuns(Runs):
    """Faults in a workflow."""

    def __init__(self, folder: Path) -> None:
        self.counts, self.faults = {}, []
        self._inputs, self._folder = folder / "land", folder / "workflow"
        make_land(self._inputs)
        self._folder.mkdir()
        began = self._begun(process := start(self._inputs, self._folder, WORKFLOW))
        if process.wait():
            raise SystemExit("the workflow without a fault failed")
        self._seconds = time.monotonic() - began
        self._all = whole_files(self._folder)

    def _judge(self, kind: str, ended: str) -> None:
        found = whole_files(self._folder)
        states = ["new" if found[name] else "BROKEN" for name in found]
        self.counts.setdefault(kind, Counter()).update(["runs", ended, *states])
        missing = sorted(self._all.keys() - found) if ended == "succeeded" else []
        litter = (
            [one.name for one in self._folder.iterdir() if one.name.startswith(".")] if ended == "succeeded" else []
        )
        if "BROKEN" in states or missing or litter:
            broken = [name for name, right in found.items() if not right]
            self.faults.append(f"{kind}, {ended}: broken {broken}, missing {missing}, left {litter}")

    def stopped(self, how: int, kind: str) -> None:
        """By a signal at any moment; the next run makes everything."""
        shutil.rmtree(self._folder)
        self._folder.mkdir()
        self._begun(process := start(self._inputs, self._folder, WORKFLOW))
        time.sleep(random.uniform(0.0, 1.0) * self._seconds)
        process.send_signal(how)
        self._judge(kind, "succeeded" if process.wait() == 0 else "stopped")
        again = start(self._inputs, self._folder, WORKFLOW)
        self._begun(again)
        if again.wait():
            self.faults.append(f"the run after {kind} failed")
        self._judge(f"the run after {kind}", "succeeded")


def inject(folder: Path, count: int) -> Runs:
    """Some faults of each kind."""
    runs = Runs(folder)
    for kind in (runs.killed, runs.interrupted, runs.locked, runs.two_at_once):
        for _ in range(count):
            kind()
    workflows = WorkflowRuns(folder)
    for how, kind_of in ((signal.SIGKILL, "kill -9 of a workflow"), (signal.SIGINT, "Ctrl-C of a workflow")):
        for _ in range(count):
            workflows.stopped(how, kind_of)
    runs.counts |= workflows.counts
    runs.faults += workflows.faults
    return runs


if __name__ == "__main__":
    os.environ.setdefault("QGIS_CUSTOM_CONFIG_PATH", str(Path(sys.argv[2]).parent / "profile"))
    in_qgis(lambda: run(*sys.argv[1:4]))
