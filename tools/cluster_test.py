"""`make cluster-test`: two worker processes on this machine against the threads: bits, a worker's death, overhead.

make cluster-test                      5000 x 5000 pixels
make cluster-test ARGS="--repeat 5"    steadier medians
"""

from __future__ import annotations

import argparse
import glob
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from osgeo import gdal

from ..core.raster.cluster.client import Cluster
from ..core.raster.cluster.scheduler import scheduled
from .bench_data import TILE, make_inputs
from .bench_jobs import engine

WORKERS = 2


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and seconds of processor in this process and the workers."""

    wall: float
    cpu: float


def spent(cluster: Cluster, run: Callable[[], None]) -> Spent:
    def processor() -> float:
        return time.process_time() + sum(cluster.client.run(time.process_time).values())

    start, before = time.monotonic(), processor()
    run()
    return Spent(time.monotonic() - start, processor() - before)


def same_bits(first: str, second: str) -> bool:
    one, other = gdal.Open(first), gdal.Open(second)
    if (one.RasterXSize, one.RasterYSize, one.RasterCount) != (other.RasterXSize, other.RasterYSize, other.RasterCount):
        return False
    strips = [(row, min(TILE, one.RasterYSize - row)) for row in range(0, one.RasterYSize, TILE)]
    strip = [d.ReadAsArray(0, row, d.RasterXSize, height) for row, height in strips for d in (one, other)]
    return all(np.array_equal(a, b) for a, b in zip(strip[::2], strip[1::2]))


def kill_one(cluster: Cluster, after: float, killed: list[int]) -> threading.Timer:
    def kill() -> None:
        process = next(iter(cluster.client.run(os.getpid).values()))
        os.kill(process, signal.SIGKILL)
        killed.append(process)

    timer = threading.Timer(after, kill)
    timer.start()
    return timer


def main() -> int:
    parser = argparse.ArgumentParser(prog="make cluster-test", description=__doc__)
    parser.add_argument("--size", type=int, default=5000, help="edge of the rasters in pixels")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each kind, in turn")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ecoassets-cluster-") as folder:
        make_inputs(folder, given.size, "ZSTD")
        threads, tiles, whole = (os.path.join(folder, name) for name in ("threads.tif", "tiles.vrt", "whole.tif"))
        start = time.monotonic()
        cluster = Cluster(f"local:{WORKERS}")
        print(f"{given.size} x {given.size} pixels, {os.cpu_count()} processors, {WORKERS} workers, "
              f"started in {time.monotonic() - start:.1f} s", flush=True)  # fmt: skip
        try:
            with scheduled(cluster.address):
                engine(folder, tiles, "ZSTD")  # workers import what they need
            where = {threads: "threads", tiles: cluster.address, whole: cluster.address}
            found: dict[str, list[Spent]] = {path: [] for path in where}
            for _ in range(given.repeat):
                for path, address in where.items():
                    with scheduled(address):
                        found[path].append(spent(cluster, partial(engine, folder, path, "ZSTD")))
            wall, cpu = (
                {p: statistics.median(getattr(s, w) for s in found[p]) for p in found} for w in ("wall", "cpu")
            )
            for path, words in ((tiles, "tiles and a virtual raster"), (whole, "one COG")):
                print(f"{words}: {wall[path] / wall[threads]:.2f}x the time of the threads, "
                      f"{cpu[path] / cpu[threads]:.2f}x their processor time", flush=True)  # fmt: skip
            checks = {"virtual raster has the bits of the threads": same_bits(threads, tiles),
                      "COG has the bits of the threads": same_bits(threads, whole)}  # fmt: skip
            killed: list[int] = []
            timer = kill_one(cluster, wall[tiles] / 3, killed)
            with scheduled(cluster.address):
                engine(folder, tiles, "ZSTD")
            timer.join()
            checks["the same after a worker was killed"] = bool(killed) and same_bits(threads, tiles)
            checks["no litter"] = len(glob.glob(os.path.join(folder, "tiles.*"))) == 2
        finally:
            cluster.close()
    for words, right in checks.items():
        print(f"{'yes' if right else 'NO '}  {words}")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
