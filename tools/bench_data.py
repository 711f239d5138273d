"""Synthetic tiled rasters for the bench: land cover in patches, noisy NPP and soil retention, smooth rain."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
from osgeo import gdal, osr

Draw = Callable[[int, int], np.ndarray]
TILE = 512
NODATA = -9999.0
SPECKLE = 10  # of 256 pixels
SERIES = ("land_cover", "npp", "precipitation", "soil")


def make_inputs(folder: str, size: int, codec: str, valid_share: float = 1.0) -> dict[str, str]:
    """Writes one raster per series, `size` x `size` pixels of 30 m; beyond `valid_share` a disc's outside is nodata.

    In a process of its own: Linux counts the peak memory of a process for that of every process it starts.
    """
    os.makedirs(folder, exist_ok=True)
    command = [sys.executable, "-m", "ecoassets.tools.bench_data", folder, str(size), codec, str(valid_share)]
    subprocess.run(command, check=True)
    return {name: os.path.join(folder, f"{name}.tif") for name in SERIES}


def _write_inputs(folder: str, size: int, codec: str, valid_share: float) -> None:
    random = np.random.Generator(np.random.PCG64(7))
    codes = np.arange(1, 10, dtype=np.uint8)
    radius = size * np.sqrt(valid_share / np.pi)

    def inside(row: int, height: int) -> np.ndarray:
        y, x = np.ogrid[row : row + height, 0:size]
        return np.asarray((y - size / 2) ** 2 + (x - size / 2) ** 2 <= radius**2) | (valid_share >= 1)

    def land_cover(row: int, height: int) -> np.ndarray:
        patches = random.integers(0, 9, (-(-height // 16), -(-size // 16)))
        block = codes[np.kron(patches, np.ones((16, 16), dtype=int))[:height, :size]]
        return np.where(inside(row, height), block, 255).astype(np.uint8)

    def noise(low: float, high: float) -> Draw:
        def block(row: int, height: int) -> np.ndarray:
            values = random.random((height, size), dtype=np.float32) * (high - low) + low
            return np.where(inside(row, height), values, NODATA).astype(np.float32)

        return block

    def rain(row: int, height: int) -> np.ndarray:
        y, x = np.mgrid[row : row + height, 0:size]
        values = np.round(400 + 0.02 * y + 0.03 * x, 1)
        return np.where(inside(row, height), values, NODATA).astype(np.float32)

    blocks = {"land_cover": land_cover, "npp": noise(100, 900), "precipitation": rain, "soil": noise(1, 60)}
    for name, block in blocks.items():
        _write(os.path.join(folder, f"{name}.tif"), size, codec, block, classes=name == "land_cover")


def make_factors(folder: str, size: int, codec: str) -> None:
    """Writes what soil and water services read: noisy LS and evapotranspiration, smooth climate, C and P in patches."""
    os.makedirs(folder, exist_ok=True)
    random = np.random.Generator(np.random.PCG64(9))
    patches = random.integers(1, 10, (-(-size // 16), -(-size // 16)), dtype=np.uint8)

    def of_patches(values: np.ndarray) -> Draw:
        def block(row: int, height: int) -> np.ndarray:
            rows = np.arange(row, row + height) // 16
            return values[patches[rows]].repeat(16, axis=1)[:, :size]

        return block

    def noise(low: float, high: float) -> Draw:
        return lambda row, height: random.random((height, size), dtype=np.float32) * (high - low) + low

    def smooth(low: float, rise: float, digits: int) -> Draw:
        def block(row: int, height: int) -> np.ndarray:
            y, x = np.mgrid[row : row + height, 0:size]
            return np.round(low + rise * (y + x) / size, digits).astype(np.float32)

        return block

    blocks = {
        "land_cover": of_patches(np.arange(10, dtype=np.uint8)),
        "r": smooth(2000, 500, 1),
        "k": smooth(0.02, 0.01, 4),
        "ls": noise(0.03, 40),
        "c": of_patches(np.linspace(0, 0.3, 10, dtype=np.float32)),
        "p": of_patches(np.linspace(0.1, 1, 10, dtype=np.float32)),
        "rain": smooth(700, 200, 1),
        "evapotranspiration": noise(300, 700),
        "storm": noise(50, 150),
        "soil_group": of_patches(np.array([1, 1, 1, 2, 2, 2, 3, 3, 4, 4], dtype=np.uint8)),
    }
    for name, block in blocks.items():
        _write(os.path.join(folder, f"{name}.tif"), size, codec, block, classes=name == "land_cover")


def make_land_covers(folder: str, size: int, codec: str) -> tuple[str, str]:
    """Writes land cover of two years: patches of 16 pixels of which a tenth changed, with speckle.

    A real map of Sumatra takes an eighth of its size under ZSTD, and so do these.
    """
    os.makedirs(folder, exist_ok=True)
    random = np.random.Generator(np.random.PCG64(8))
    count = -(-size // 16)
    first = random.integers(1, 10, (count, count), dtype=np.uint8)
    second = np.where(random.random(first.shape) < 0.1, random.integers(1, 10, first.shape, dtype=np.uint8), first)

    def speckled(patches: np.ndarray) -> Draw:
        def block(row: int, height: int) -> np.ndarray:
            rows = np.arange(row, row + height) // 16
            pixels = patches[rows].repeat(16, axis=1)[:, :size]
            speckle = random.integers(0, 256, pixels.shape, dtype=np.uint8)
            return np.where(speckle < SPECKLE, speckle % 9 + 1, pixels).astype(np.uint8)

        return block

    paths = (os.path.join(folder, "land_cover_2000.tif"), os.path.join(folder, "land_cover_2020.tif"))
    for path, patches in zip(paths, (first, second)):
        _write(path, size, codec, speckled(patches), classes=True)
    return paths


def creation_options(codec: str, floats: bool, threads: int) -> list[str]:
    """GeoTIFF options that every competitor writes with."""
    options = [
        "TILED=YES", f"BLOCKXSIZE={TILE}", f"BLOCKYSIZE={TILE}", "BIGTIFF=IF_SAFER", f"COMPRESS={codec}",
        f"NUM_THREADS={threads}", "INTERLEAVE=BAND",
    ]  # fmt: skip
    if codec == "ZSTD":
        options.append("ZSTD_LEVEL=1")
    return [*options, "PREDICTOR=3"] if floats else options


def _write(path: str, size: int, codec: str, block: Draw, classes: bool) -> None:
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32650)
    kind = gdal.GDT_Byte if classes else gdal.GDT_Float32
    options = creation_options(codec, not classes, os.cpu_count() or 1)
    dataset = gdal.GetDriverByName("GTiff").Create(path, size, size, 1, kind, options)
    dataset.SetGeoTransform((400000, 30, 0, 4500000, 0, -30))
    dataset.SetProjection(reference.ExportToWkt())
    dataset.GetRasterBand(1).SetNoDataValue(255 if classes else NODATA)
    for row in range(0, size, TILE):
        dataset.GetRasterBand(1).WriteArray(block(row, min(TILE, size - row)), 0, row)
    dataset.FlushCache()


if __name__ == "__main__":
    _write_inputs(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
