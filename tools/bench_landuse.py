"""The part of the bench about land-use change and moving windows: seconds within the process, as in a running QGIS.

The clock starts after all imports, with the database of coordinate reference systems open.

python -m ecoassets.tools.bench_landuse JOB FOLDER     prints the seconds of one job
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from osgeo import gdal

from ..core.land_cover import load_scheme
from ..core.landuse.pressure.coefficients import hemeroby_coefficients
from ..core.landuse.pressure.hemeroby import HemerobyInputs, run_hemeroby
from ..core.landuse.pressure.units import Unit
from ..core.landuse.transfer.run import TransferInputs, run_transfer_matrix
from ..core.raster.output import WriteOptions
from ..core.raster.passes.crosstab import count_pairs
from ..core.raster.settings import RasterSettings
from .bench_data import TILE, make_land_covers

YEARS = (2000, 2020)
CODES = 256
SETTINGS = RasterSettings(write=WriteOptions(overviews=False))


def crosstab(size: int, folder: str, repeat: int) -> list[str]:
    """A transfer matrix against reading alone and against pandas, which gets its arrays ready-made in memory."""
    make_land_covers(folder, size, "ZSTD")
    read, matrix, counting, pandas = _medians(("read", "matrix", "counting", "pandas"), folder, repeat)
    return [
        "",
        "### Transfer matrix, seconds in process",
        "",
        "| | seconds | / reading |",
        "|---|---|---|",
        f"| reading both maps, computing nothing | {read:.3f} | 1.00 |",
        f"| EcoAssets, reading and counting | {matrix:.3f} | {matrix / read:.2f} |",
        f"| EcoAssets, counting arrays in memory, one thread | {counting:.3f} | {counting / read:.2f} |",
        f"| pandas.crosstab of arrays in memory | {pandas:.3f} | {pandas / read:.2f} |",
        "",
        f"Counting is {pandas / counting:.0f}x faster than pandas.crosstab, the whole run {pandas / matrix:.0f}x.",
    ]


def focal(size: int, folder: str, repeat: int) -> list[str]:
    """Hemeroby about each pixel by windows whose areas differ a hundredfold."""
    make_land_covers(folder, size, "ZSTD")
    small, large = _medians(("window300", "window3000"), folder, repeat)
    return [
        "",
        "### Moving windows, hemeroby of one year, seconds in process",
        "",
        f"300 m: {small:.3f} s, 3 km: {large:.3f} s; a window of a hundred times the area takes {large / small:.2f}x.",
    ]


def _medians(jobs: Sequence[str], folder: str, repeat: int) -> list[float]:
    """Median seconds of each job; the jobs take turns, each in a process of its own."""
    seconds: dict[str, list[float]] = {job: [] for job in jobs}
    for _ in range(repeat):
        for job in jobs:
            command = [sys.executable, "-m", "ecoassets.tools.bench_landuse", job, folder]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            seconds[job].append(float(done.stdout))
    return [statistics.median(found) for found in seconds.values()]


def _read(paths: Sequence[str]) -> None:
    threads = os.cpu_count() or 1
    for path in paths:
        dataset = gdal.OpenEx(path, open_options=[f"NUM_THREADS={threads}"])
        for row in range(0, dataset.RasterYSize, TILE):
            dataset.GetRasterBand(1).ReadAsArray(0, row, dataset.RasterXSize, min(TILE, dataset.RasterYSize - row))


def _seconds(job: str, folder: str) -> float:
    paths = tuple(os.path.join(folder, f"land_cover_{year}.tif") for year in YEARS)
    scheme = load_scheme("clcd")
    gdal.Open(paths[0]).GetProjection()  # opens the database
    if job in ("counting", "pandas"):
        import pandas

        first, second = (gdal.Open(path).ReadAsArray().ravel() for path in paths)
        start = time.perf_counter()
        count_pairs(first, second, CODES) if job == "counting" else pandas.crosstab(first, second)
    elif job == "read":
        start = time.perf_counter()
        _read(paths)
    elif job == "matrix":
        start = time.perf_counter()
        run_transfer_matrix(TransferInputs(paths, YEARS, scheme), settings=SETTINGS)
    else:
        unit = Unit("window", float(job[len("window") :]))
        inputs = HemerobyInputs(paths[:1], YEARS[:1], scheme, hemeroby_coefficients("hemeroby7", scheme), unit)
        start = time.perf_counter()
        run_hemeroby(inputs, os.path.join(folder, "hemeroby.tif"), SETTINGS)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(_seconds(*sys.argv[1:]))
