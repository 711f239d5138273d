"""`make province`: a province at 30 m, 40 % of its rectangle valid: totals of six years, eleven services of one.

    make province                       25,000 x 25,000 pixels; takes 20 GB of disk and a quarter of an hour
    make province ARGS="--size 5000"    smaller

The limit is GDAL itself: it reads the same files and writes ready-made noise where land cover is valid, in the same
windows, leaving out the empty ones.
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import tempfile
import threading
import time

import numpy as np
from osgeo import gdal

from ..core.assets.equivalents import load_equivalents
from ..core.assets.valuation.run import Adjustment, Adjustments, ValuationInputs, ValuationOutputs, run_valuation
from ..core.land_cover import load_scheme
from ..core.raster.grid import Grid
from ..core.raster.output import WriteOptions
from ..core.raster.settings import RasterSettings
from ..core.raster.windows import Window, cut_windows
from .bench import measure
from .bench_data import NODATA, creation_options, make_inputs
from .bench_jobs import REFERENCES, STANDARD_VALUE

YEARS = (1995, 2000, 2005, 2010, 2015, 2020)
SERVICES = 11
BANDS = {"totals": len(YEARS), "services": SERVICES}
FACTORS = {"NPP": "npp", "PREC": "precipitation", "SOIL": "soil"}


def covers(folder: str, job: str) -> tuple[str, ...]:
    years = YEARS if job == "totals" else YEARS[-1:]
    return tuple(os.path.join(folder, f"land_cover_{year}.tif") for year in years)


def engine(folder: str, output: str, job: str) -> None:
    adjustments = {f: Adjustment((os.path.join(folder, f"{n}.tif"),), REFERENCES[n]) for f, n in FACTORS.items()}
    inputs = ValuationInputs(
        land_cover=covers(folder, job),
        years=YEARS if job == "totals" else YEARS[-1:],
        scheme=load_scheme("clcd"),
        equivalents=load_equivalents("xie2015"),
        standard_value=STANDARD_VALUE,
        adjustments=Adjustments(adjustments),
    )
    outputs = ValuationOutputs(output) if job == "totals" else ValuationOutputs(None, output)
    run_valuation(inputs, outputs, RasterSettings(write=WriteOptions(overviews=False)))


def limit(folder: str, output: str, job: str) -> None:
    """Reads every input, writes noise under the mask of the land cover; reading and writing at once."""
    threads = os.cpu_count() or 1
    paths = [*covers(folder, job), *(os.path.join(folder, f"{name}.tif") for name in FACTORS.values())]
    inputs = [gdal.OpenEx(path, open_options=[f"NUM_THREADS={threads}"]) for path in paths]
    grid = Grid.of_dataset(inputs[0])
    bands = BANDS[job]
    options = [*creation_options("ZSTD", True, threads), "BIGTIFF=IF_SAFER", "SPARSE_OK=TRUE"]
    written = gdal.GetDriverByName("GTiff").Create(output, grid.width, grid.height, bands, gdal.GDT_Float32, options)
    for number in range(bands):
        written.GetRasterBand(number + 1).SetNoDataValue(NODATA)
    noise = np.random.default_rng(1).random((512, 2048), dtype=np.float32) * 1e5
    ready: queue.Queue[tuple[Window, np.ndarray] | None] = queue.Queue(2)

    def write() -> None:
        while (block := ready.get()) is not None:
            window, values = block
            for number in range(bands):
                band = written.GetRasterBand(number + 1)
                band.WriteArray(values, window.column, window.row)
                band.FlushCache()

    writer = threading.Thread(target=write)
    writer.start()
    for window in cut_windows(grid, 1):
        place = window.column, window.row, window.width, window.height
        cover = inputs[0].GetRasterBand(1).ReadAsArray(*place)
        if (cover == 255).all():
            continue
        for dataset in inputs[1:]:
            dataset.GetRasterBand(1).ReadAsArray(*place)
        ready.put((window, np.where(cover == 255, np.float32(NODATA), noise[: window.height, : window.width])))
    ready.put(None)
    writer.join()
    written.FlushCache()


def main() -> None:
    parser = argparse.ArgumentParser(prog="make province", description=__doc__)
    parser.add_argument("--size", type=int, default=25_000, help="edge of the rasters in pixels")
    parser.add_argument("--share", type=float, default=0.4, help="share of valid pixels")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each kind, in turn")
    parser.add_argument("--run", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        work, *words = given.run
        (engine if work == "engine" else limit)(*words)
        return
    program = [sys.executable, "-m", "ecoassets.tools.province"]
    with tempfile.TemporaryDirectory(prefix="ecoassets-province-") as folder:
        began = time.monotonic()
        made = make_inputs(folder, given.size, "ZSTD", given.share)
        for path in covers(folder, "totals"):
            os.link(made["land_cover"], path)
        made_in = time.monotonic() - began
        print(f"{given.size} x {given.size} pixels, {given.share:.0%} valid, {os.cpu_count()} processors", flush=True)
        print(f"inputs made in {made_in:.0f} s", flush=True)
        for job, bands in BANDS.items():
            output = os.path.join(folder, "out.tif")
            words = ("limit", "engine")
            found = measure({word: [[*program, "--run", word, folder, output, job]] for word in words}, given.repeat)
            size = os.path.getsize(output) / 2**30
            os.remove(output)
            ours, bound = found["engine"], found["limit"]
            wall, cpu = (ours.median(what) / bound.median(what) for what in ("wall", "cpu"))
            print(f"{job}, {bands} bands: {ours.median('wall'):.0f} s, {size:.1f} GB", flush=True)
            print(
                f"  {wall:.2f}x the limit, processor time {cpu:.2f}x, peak {ours.median('memory'):.0f} MB", flush=True
            )


if __name__ == "__main__":
    main()
