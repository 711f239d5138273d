"""`make soak`: many runs in one QGIS process; memory, open files and threads must not grow.

    make soak                      200 runs
    make soak ARGS="--runs 1000"   a longer night

Runs succeed, fail and are cancelled in turn. What the first quarter takes is warming up; growth is told between its end
and the last run.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .bench_data import make_inputs, make_land_covers

SIZE = 400
MOST_GROWTH_MB = 20.0


@dataclass(frozen=True)
class Held:
    """What a process holds: memory in MB, open files, threads."""

    memory: float
    files: int
    threads: int

    @classmethod
    def now(cls) -> Held:
        gc.collect()
        with suppress(OSError, AttributeError):  # what is free but kept by the C library is not held
            ctypes.CDLL("libc.so.6").malloc_trim(0)
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        memory = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        return cls(memory, len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")))

    def __str__(self) -> str:
        return f"{self.memory:.0f} MB, {self.files} open files, {self.threads} threads"


def parameters(folder: str) -> list[tuple[str, dict[str, Any]]]:
    """Algorithms with what they are given."""
    cover = make_land_covers(os.path.join(folder, "years"), SIZE, "ZSTD")
    paths = make_inputs(os.path.join(folder, "one"), SIZE, "ZSTD", 0.8)
    made = {name: os.path.join(folder, name) for name in ("map.tif", "other.tif", "table.csv", "report.html")}
    years = {"LAND_COVER": list(cover), "YEARS": "2000, 2020", "SCHEME": "clcd"}
    outputs = {"OUTPUT": made["map.tif"], "OUTPUT_TABLE": made["table.csv"], "OUTPUT_HTML": made["report.html"]}
    value = {"LAND_COVER": [paths["land_cover"]], "YEARS": "2020", "SCHEME": "clcd", "STANDARD_VALUE": 3406.5}
    return [
        ("transfermatrix", {**years, **outputs}),
        ("profitloss", {**years, **outputs, "STANDARD_VALUE": 3406.5}),
        ("hemeroby", {**years, "OUTPUT": made["map.tif"], "WINDOW": 500.0}),
        ("ecosystemservicevalue", {**value, **outputs, "OUTPUT_SERVICES": made["other.tif"], "NPP": [paths["npp"]]}),
        ("transfermatrix", {**years, **outputs, "CREATION_OPTIONS": "NO_SUCH_OPTION=1"}),
        ("transfermatrix", {**years, **outputs, "CANCEL": True}),
    ]


def run(name: str, given: dict[str, Any]) -> str:
    """Runs an algorithm as a window of QGIS does and says how it ended.

    Not by `processing.run`: where that raises, QGIS 3.22 itself keeps the exception, and with it the context.
    """
    from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback

    feedback = QgsProcessingFeedback(False)
    if given.get("CANCEL"):
        feedback.cancel()
    known = {key: value for key, value in given.items() if key != "CANCEL"}
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"ecoassets:{name}")
    results, right = algorithm.run(known, QgsProcessingContext(), feedback)
    return "failed" if not right else "succeeded" if results else "cancelled"


def in_qgis(work: Callable[[], int]) -> int:
    """Does work in a QGIS without a window, then leaves the process without QGIS's own long goodbye."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from qgis.core import QgsApplication

    application = QgsApplication([], False)
    application.initQgis()
    sys.path.append(str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins"))
    from processing.core.Processing import Processing

    from ..algorithms.provider import EcoAssetsProvider

    Processing.initialize()
    provider = EcoAssetsProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    status = work()
    sys.stdout.flush()
    os._exit(status)


def soak(runs: int) -> int:
    with tempfile.TemporaryDirectory(prefix="ecoassets-soak-") as folder:
        jobs = parameters(folder)
        ended: dict[str, int] = {}
        warm = Held.now()
        for number in range(1, runs + 1):
            how = run(*jobs[number % len(jobs)])
            ended[how] = ended.get(how, 0) + 1
            if number == runs // 4:
                warm = Held.now()
            if number % max(1, runs // 8) == 0:
                print(f"{number} runs: {Held.now()}", flush=True)
        last = Held.now()
    print("; ".join(f"{count} {how}" for how, count in ended.items()))
    grown = Held(last.memory - warm.memory, last.files - warm.files, last.threads - warm.threads)
    print(f"growth after the first quarter: {grown}")
    steady = grown.memory <= MOST_GROWTH_MB and grown.files <= 0 and grown.threads <= 0
    print("nothing grows" if steady else "SOMETHING GROWS")
    return 0 if steady and len(ended) == 3 else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="how many runs")
    given = parser.parse_args()
    return in_qgis(lambda: soak(given.runs))


if __name__ == "__main__":
    sys.exit(main())
