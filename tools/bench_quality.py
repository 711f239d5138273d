"""The part of the bench about ecosystem quality: seconds within the process and peak memory.

python -m ecoassets.tools.bench_quality JOB FOLDER     prints the seconds and the peak memory in MB of one job
"""

from __future__ import annotations

import importlib.util
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from osgeo import gdal, osr

from ..core.progress import QUIET
from ..core.quality.rsei.inputs import RseiInputs
from ..core.quality.rsei.maps import RseiOutputs
from ..core.quality.rsei.run import run_rsei
from ..core.quality.trend.run import TrendInputs, TrendOutputs, run_trend
from ..core.quality.trend.statistics import trend_statistics
from ..core.raster.output import WriteOptions
from ..core.raster.passes.percentiles import exact_percentiles
from ..core.raster.reading.source import Source
from ..core.raster.settings import RasterSettings
from ..core.raster.study import open_study_area
from .bench_data import TILE, creation_options, make_inputs

DATES = 20
SERIES_DATES = (7, 10, 20, 40)
SERIES, PEER_SERIES = 100_000, 300
IMAGE_YEARS = (2000, 2020)
IMAGE_BANDS = 8
RSEI_PASSES = 6
FRACTIONS = (0.01, 0.5, 0.99)
SETTINGS = RasterSettings(write=WriteOptions(overviews=False))


def trend(size: int, folder: str, repeat: int) -> list[str]:
    """Sen's slope and Mann-Kendall on one processor against the loop that people write, and a run against reading."""
    _make_bands(folder, "series.tif", size // 3, DATES, gdal.GDT_Float32)
    found = _measured(("trend", "read_series"), folder, repeat)
    lines = [
        "",
        "### Trend, seconds of processor",
        "",
        f"A whole run over {size // 3}² pixels of {DATES} dates: {found['trend'][0] / found['read_series'][0]:.1f}x "
        "reading the series (by the clock).",
        "",
    ]
    if importlib.util.find_spec("pymannkendall") is None:
        return [*lines, "pymannkendall is not installed (make lint installs the developer tools), so there is no peer."]
    lines += ["| dates | EcoAssets, s per million series | loop over pymannkendall / EcoAssets |", "|---|---|---|"]
    for dates in SERIES_DATES:
        found = _measured((f"series{dates}", f"pymannkendall{dates}"), folder, repeat)
        ours, peer = found[f"series{dates}"][0] / SERIES, found[f"pymannkendall{dates}"][0] / PEER_SERIES
        lines.append(f"| {dates} | {ours * 1e6:.2f} | {peer / ours:.0f} |")
    return lines


def percentiles(size: int, folder: str, repeat: int) -> list[str]:
    """Exact percentiles of a raster against reading it whole and sorting it."""
    lines = [
        "",
        "### Exact percentiles (1, 50, 99), seconds in process",
        "",
        "| pixels | EcoAssets / reading | full sort / reading | full sort / EcoAssets | EcoAssets MB | full sort MB |",
        "|---|---|---|---|---|---|",
    ]
    for edge in (size // 2, size):
        part = os.path.join(folder, str(edge))
        make_inputs(part, edge, "ZSTD")
        found = _measured(("read_one", "percentiles", "sort"), part, repeat)
        read, ours, sort = (found[job][0] for job in ("read_one", "percentiles", "sort"))
        lines.append(
            f"| {edge}² | {ours / read:.2f} | {sort / read:.2f} | {sort / ours:.2f} "
            f"| {found['percentiles'][1]:.0f} | {found['sort'][1]:.0f} |"
        )
    return lines


def rsei(size: int, folder: str, repeat: int) -> list[str]:
    """The index of two years against reading the images as often as the method has to."""
    for year in IMAGE_YEARS:
        _make_bands(folder, f"image_{year}.tif", size // 2, IMAGE_BANDS, gdal.GDT_UInt16)
    found = _measured(("read_images", "rsei"), folder, repeat)
    limit, ours = found["read_images"][0], found["rsei"][0]
    return [
        "",
        f"### RSEI of two years, {size // 2}² pixels, {IMAGE_BANDS} bands, seconds in process",
        "",
        f"{ours:.1f} s: {ours / limit:.2f}x GDAL reading all bands {RSEI_PASSES} times, as often as exact percentiles "
        f"of indicators and component, covariances and maps need; peak {found['rsei'][1]:.0f} MB.",
    ]


def _measured(jobs: Sequence[str], folder: str, repeat: int) -> dict[str, tuple[float, float]]:
    """Median seconds and peak memory in MB of each job; the jobs take turns, each in a process of its own."""
    runs: dict[str, list[tuple[float, float]]] = {job: [] for job in jobs}
    for _ in range(repeat):
        for job in jobs:
            command = [sys.executable, "-m", "ecoassets.tools.bench_quality", job, folder]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            seconds, memory = map(float, done.stdout.split())
            runs[job].append((seconds, memory))
    return {
        job: (statistics.median(s for s, _ in found), statistics.median(m for _, m in found))
        for job, found in runs.items()
    }


def _make_bands(folder: str, name: str, size: int, bands: int, kind: int) -> None:
    """A mixture of plants and soil as Collection 2 numbers with temperature and a clear quality band, or a series."""
    os.makedirs(folder, exist_ok=True)
    random = np.random.Generator(np.random.PCG64(9))
    options = creation_options("ZSTD", kind == gdal.GDT_Float32, os.cpu_count() or 1)
    dataset = gdal.GetDriverByName("GTiff").Create(os.path.join(folder, name), size, size, bands, kind, options)
    dataset.SetGeoTransform((400000, 30, 0, 4500000, 0, -30))
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32650)
    dataset.SetProjection(reference.ExportToWkt())
    plants = np.array([0.02, 0.05, 0.03, 0.40, 0.15, 0.06])
    soil = np.array([0.10, 0.14, 0.18, 0.25, 0.35, 0.30])
    for row in range(0, size, TILE):
        height = min(TILE, size - row)
        green = random.random((height, size))
        for number in range(bands):
            if kind == gdal.GDT_Float32:
                values = np.round(green + 0.01 * number + random.normal(0, 0.1, green.shape), 3).astype(np.float32)
            elif number < len(plants):
                values = (plants[number] * green + soil[number] * (1 - green) + 0.2) / 2.75e-5
            else:
                values = (310 - 14 * green - 149) / 0.00341802 if number == len(plants) else np.full(green.shape, 5440)
            dataset.GetRasterBand(number + 1).WriteArray(values, 0, row)
    dataset.FlushCache()


def _read(paths: Sequence[str], times: int = 1) -> None:
    """Reads every band of the rasters, as many bands at once as there are processors."""

    def read(path: str, number: int) -> None:
        dataset = gdal.Open(path)
        band = dataset.GetRasterBand(number)
        for row in range(0, band.YSize, TILE):
            band.ReadAsArray(0, row, band.XSize, min(TILE, band.YSize - row))

    bands = [(path, number + 1) for path in paths for number in range(gdal.Open(path).RasterCount)] * times
    with ThreadPoolExecutor(os.cpu_count()) as readers:
        list(readers.map(lambda band: read(*band), bands))


def _seconds(job: str, folder: str) -> float:
    """By the clock, but those of series in memory are of the processor, since they are compared per processor."""
    word, dates = job.rstrip("0123456789"), "".join(re.findall(r"\d", job))
    images = [os.path.join(folder, f"image_{year}.tif") for year in IMAGE_YEARS]
    series, one = os.path.join(folder, "series.tif"), os.path.join(folder, "npp.tif")
    years = tuple(range(2000, 2000 + int(dates or DATES)))
    values = np.random.default_rng(1).random((SERIES, len(years))).round(3).astype(np.float32)
    output = os.path.join(folder, "output.tif")
    jobs: dict[str, Callable[[], object]] = {
        "series": lambda: trend_statistics(values, np.array(years)),
        "pymannkendall": lambda: _peer(values[:PEER_SERIES]),
        "trend": lambda: run_trend(TrendInputs((series,), years), TrendOutputs(output), SETTINGS),
        "read_series": lambda: _read([series]),
        "percentiles": lambda: _percentiles(one),
        "sort": lambda: np.sort(gdal.Open(one).ReadAsArray().ravel()),
        "read_one": lambda: _read([one]),
        "rsei": lambda: run_rsei(RseiInputs(tuple(images), IMAGE_YEARS, "landsat5"), RseiOutputs(output), SETTINGS),
        "read_images": lambda: _read(images, RSEI_PASSES),
    }
    clock = time.process_time if dates else time.perf_counter
    start = clock()
    jobs[word]()
    return clock() - start


def _peer(values: np.ndarray) -> None:
    from pymannkendall import original_test

    for row in values:
        original_test(row)


def _percentiles(path: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Source("values", path, 1, "continuous", "Values")
        area = open_study_area(source, SETTINGS, folder, QUIET)
        exact_percentiles(area, [source], FRACTIONS)


if __name__ == "__main__":
    seconds = _seconds(*sys.argv[1:])
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
