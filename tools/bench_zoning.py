"""The part of the bench about zoning: importance classes and rankings, seconds and memory of a process each.

The clock starts after all imports, with the database of coordinate reference systems open.

python -m ecoassets.tools.bench_zoning JOB FOLDER     prints the seconds of one job and the peak of its memory in MB
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from osgeo import gdal

from ..core.progress import QUIET
from ..core.raster.engine import run_job
from ..core.raster.files import workspace
from ..core.raster.output import WriteOptions
from ..core.raster.settings import RasterSettings
from ..core.raster.study import open_study_area
from ..core.raster.work import Block, Result
from ..core.zoning.conservation.zones import ConservationInputs, ConservationOutputs, run_conservation_zones
from ..core.zoning.ranking.losses import LossRule, Rule
from ..core.zoning.ranking.order import Cells, removal_order
from ..core.zoning.services import Service, service_sources
from .bench_data import make_inputs

SERVICES = ("npp", "precipitation", "soil")
BREAKS = (0.5, 0.75, 0.9)
SETTINGS = RasterSettings(write=WriteOptions(overviews=False))
CELLS = 1_000_000
RANKED = 4  # services
Measured = tuple[float, float]


def importance(size: int, folder: str, repeat: int) -> list[str]:
    """Classes of three services against reading them once and against sorting all pixels in memory."""
    half, whole = (os.path.join(folder, str(edge)) for edge in (size // 2, size))
    make_inputs(half, size // 2, "ZSTD")
    make_inputs(whole, size, "ZSTD")
    read, classes, maps, sort = (_median(job, whole, repeat) for job in ("read", "classes", "maps", "sort"))
    small = _median("classes", half, repeat)
    return [
        "",
        "### Importance classes of three services, seconds in process",
        "",
        "| | seconds | / reading | peak MB |",
        "|---|---|---|---|",
        *(
            f"| {name} | {seconds:.2f} | {seconds / read[0]:.2f} | {memory:.0f} |"
            for name, (seconds, memory) in (
                ("reading the services once, computing nothing", read),
                ("EcoAssets, classes, composite and tables", classes),
                ("EcoAssets, and both maps", maps),
                ("numpy, sorting all pixels in memory", sort),
            )
        ),
        "",
        f"Sorting takes {sort[0] / classes[0]:.1f}x the time and {sort[1] / classes[1]:.1f}x the memory; four times "
        f"the pixels take {classes[1] / small[1]:.2f}x the memory.",
    ]


def ranking(folder: str) -> list[str]:
    """A million cells of four services, one run of each."""
    jobs = ("additive 1", "core_area 1", "additive 10000", "core_area 10000")
    found = {job: _run(job, folder)[0] for job in jobs}
    return [
        "",
        f"### Ranking of {CELLS:,} cells and {RANKED} services, seconds in process",
        "",
        "| rule | one by one (exact) | 1 % per step |",
        "|---|---|---|",
        *(
            f"| {rule} | {found[f'{rule} 1']:.0f} | {found[f'{rule} 10000']:.1f} |"
            for rule in ("additive", "core_area")
        ),
    ]


def _median(job: str, folder: str, repeat: int) -> Measured:
    runs = [_run(job, folder) for _ in range(repeat)]
    return statistics.median(run[0] for run in runs), statistics.median(run[1] for run in runs)


def _run(job: str, folder: str) -> Measured:
    command = [sys.executable, "-m", "ecoassets.tools.bench_zoning", job, folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


def _services(folder: str) -> tuple[Service, ...]:
    return tuple(Service(name, os.path.join(folder, f"{name}.tif")) for name in SERVICES)


def _nothing(block: Block) -> Result:
    return Result()


def _read(folder: str) -> None:
    with workspace() as temporary:
        sources = service_sources(_services(folder), QUIET)
        area = open_study_area(sources[0], SETTINGS, temporary, QUIET)
        run_job(area.job(_nothing, area.fit_all(sources, QUIET)))


def _classes(folder: str) -> None:
    run_conservation_zones(ConservationInputs(_services(folder)), settings=SETTINGS)


def _maps(folder: str) -> None:
    outputs = ConservationOutputs(os.path.join(folder, "zones.tif"), os.path.join(folder, "importance.tif"))
    run_conservation_zones(ConservationInputs(_services(folder)), outputs, SETTINGS)


def _sort(folder: str) -> None:
    for service in _services(folder):
        values = gdal.Open(service.path).ReadAsArray().ravel()
        order = np.argsort(-values)
        before = np.cumsum(values[order], dtype=np.float64)
        before = np.append(0, before[:-1]) / before[-1]
        classes = np.empty(len(values), dtype=np.uint8)
        classes[order] = 1 + np.searchsorted(BREAKS, before, side="right")


def _rank(rule: Rule, warp: int) -> None:
    """Services in patches, as real ones are."""
    random = np.random.Generator(np.random.PCG64(5))
    edge = int(CELLS**0.5)
    coarse = random.gamma(1.0, 1.0, (RANKED, edge // 20, edge // 20))
    amounts = np.kron(coarse, np.ones((20, 20))) * random.gamma(4.0, 0.25, (RANKED, edge, edge))
    shares = amounts.reshape(RANKED, -1)
    shares /= shares.sum(axis=1, keepdims=True)
    cells = Cells(shares, np.ones(CELLS), np.ones(CELLS, dtype=int))
    removal_order(cells, LossRule(rule, np.ones(RANKED)), warp)


JOBS: dict[str, Callable[[str], None]] = {"read": _read, "classes": _classes, "maps": _maps, "sort": _sort}


def _main(job: str, folder: str) -> None:
    name, _, warp = job.partition(" ")
    if name in JOBS:
        gdal.Open(_services(folder)[0].path).GetProjection()  # opens the database
    start = time.perf_counter()
    if name in JOBS:
        JOBS[name](folder)
    else:
        _rank("core_area" if name == "core_area" else "additive", int(warp))
    print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    _main(*sys.argv[1:])
