"""The part of the bench about preparing data: a year of MODIS steps against reading them and writing what comes of it.

python -m ecoassets.tools.bench_prepare JOB FOLDER     does one job
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from osgeo import gdal, osr

from ..core.prepare.importing.rules import Decisions
from ..core.prepare.importing.run import ImportInputs, ImportOutputs, run_import_product
from ..core.raster.output import WriteOptions
from ..core.raster.settings import RasterSettings
from ..tests.downloads import FULL_TILE, SINUSOIDAL, modis_corner, write_hdf4
from ..tests.downloads import TILE as TILE_METRES
from .bench_data import creation_options

KINDS = {"hdf4": "HDF4, as the provider packs it", "tif": "deflated GeoTIFF, as cut to order"}
TILE, STEPS, YEAR = 2400, 46, 2021
SETTINGS = RasterSettings(write=WriteOptions(overviews=False))


JOBS = {
    "limit of GDAL (read values and quality, write the year, no computing)": "limit",
    "GDAL, reading alone": "read",
    "GDAL, one exact warp between reading and writing": "warp",
    "EcoAssets, import of the year on a grid in UTM": "import",
    "start of Python, GDAL and the plugin": "start",
}


def prepare_commands(folder: str, kind: str) -> dict[str, list[list[str]]]:
    """Reading and importing the same 46 tiles of a year, which are made first; the limit writes what an import made."""
    make_steps(os.path.join(folder, "steps"), kind)
    _study_grid(os.path.join(folder, "study.tif"))
    commands = {
        name: [sys.executable, "-m", "ecoassets.tools.bench_prepare", job, folder] for name, job in JOBS.items()
    }
    subprocess.run(commands["EcoAssets, import of the year on a grid in UTM"], check=True, stdout=subprocess.DEVNULL)
    return {name: [command] for name, command in commands.items()}


def make_steps(folder: str, kind: str) -> None:
    """46 tiles of ET with quality, as they are ordered: smooth land, clouds, cities, lakes."""
    if os.path.isdir(folder):
        return
    os.makedirs(folder)
    random = np.random.default_rng(7)
    rough = _coarse(random.integers(50, 400, (TILE // 8, TILE // 8)), 8)
    fills = _coarse(random.random((TILE // 40, TILE // 40)) < 0.05, 40)
    for number in range(STEPS):
        first = date(YEAR, 1, 1) + timedelta(8 * number)
        et = (rough + random.integers(0, 20, rough.shape)).astype(np.int16)
        et[fills] = 32761 + number % 6
        quality = _coarse(random.random((TILE // 8, TILE // 8)) < 0.2, 8).astype(np.uint8)
        layers = {"ET_500m": et, "ET_QC_500m": quality}
        (_write_hdf4 if kind == "hdf4" else _write_tifs)(Path(folder), first.timetuple().tm_yday, layers)


def _write_hdf4(folder: Path, day: int, layers: Mapping[str, np.ndarray]) -> None:
    name = f"MOD16A2GF.A{YEAR}{day:03d}.h28v05.061.2022020135800.hdf"
    attributes = {"ET_500m": {"_FillValue": 32767, "scale_factor": 0.1}}
    write_hdf4(folder / name, "MOD_Grid_MOD16A2", 28, 5, layers, attributes, packed=True)


def _write_tifs(folder: Path, day: int, layers: Mapping[str, np.ndarray]) -> None:
    (left, top), pixel = modis_corner(28, 5), TILE_METRES / FULL_TILE
    reference = osr.SpatialReference()
    reference.ImportFromProj4(SINUSOIDAL)
    for name, array in layers.items():
        kind, nodata = (gdal.GDT_Int16, 32767) if array.dtype == np.int16 else (gdal.GDT_Byte, 255)
        path = str(folder / f"MOD16A2GF.061_{name}_doy{YEAR}{day:03d}_aid0001.tif")
        options = ["COMPRESS=DEFLATE", "TILED=YES"]
        dataset = gdal.GetDriverByName("GTiff").Create(path, TILE, TILE, 1, kind, options)
        dataset.SetGeoTransform((left, pixel, 0, top, 0, -pixel))
        dataset.SetProjection(reference.ExportToWkt())
        dataset.GetRasterBand(1).SetNoDataValue(nodata)
        dataset.GetRasterBand(1).WriteArray(array)


def _coarse(values: np.ndarray, times: int) -> np.ndarray:
    return np.repeat(np.repeat(values, times, axis=0), times, axis=1)


def _study_grid(path: str) -> None:
    """2200 x 2000 pixels of 500 m in UTM over the tile."""
    dataset = gdal.GetDriverByName("GTiff").Create(path, 2200, 2000, 1, gdal.GDT_Byte, ["SPARSE_OK=TRUE"])
    dataset.SetGeoTransform((200_000, 500, 0, 4_400_000, 0, -500))
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32652)
    dataset.SetProjection(reference.ExportToWkt())
    dataset.GetRasterBand(1).SetNoDataValue(255)


def _read(paths: Sequence[str]) -> None:
    for path in paths:
        dataset = gdal.Open(path)
        for layer in [name for name, _ in dataset.GetSubDatasets()] or [path]:
            dataset = gdal.Open(layer)
            dataset.GetRasterBand(1).ReadAsArray()


def _write(values: np.ndarray, path: str) -> None:
    """As the plugin stores what it makes."""
    options = creation_options("ZSTD", True, os.cpu_count() or 1)
    dataset = gdal.GetDriverByName("GTiff").Create(path, *values.shape[::-1], 1, gdal.GDT_Float32, options)
    dataset.GetRasterBand(1).WriteArray(values)
    dataset.FlushCache()


def _warp(path: str, study: str) -> None:
    """One step on the grid of the study, each pixel at its own place: what bringing a year there costs GDAL."""
    grid = gdal.Open(study)
    left, across, _, top, _, down = grid.GetGeoTransform()
    bounds = (left, top + down * grid.RasterYSize, left + across * grid.RasterXSize, top)
    subdatasets = gdal.Open(path).GetSubDatasets()
    gdal.Warp(
        "", subdatasets[0][0] if subdatasets else path, format="MEM", dstSRS=grid.GetProjection(), outputBounds=bounds,
        width=grid.RasterXSize, height=grid.RasterYSize, resampleAlg="bilinear", errorThreshold=0,
        outputType=gdal.GDT_Float64,
    )  # fmt: skip


def main(job: str, folder: str) -> None:
    steps, study, made = (os.path.join(folder, name) for name in ("steps", "study.tif", "et.tif"))
    paths = sorted(os.path.join(steps, name) for name in os.listdir(steps))
    if job in ("read", "limit", "warp"):
        _read(paths)
    if job == "warp":
        _warp(paths[0], study)
    if job in ("limit", "warp"):
        _write(gdal.Open(made).ReadAsArray(), os.path.join(folder, "limit.tif"))
    if job == "import":
        strict = Decisions(quality="strict")  # which looks at quality
        inputs = ImportInputs([steps], "mod16a2gf", "et", reference=study, decisions=strict)
        run_import_product(inputs, ImportOutputs(made), SETTINGS)


if __name__ == "__main__":
    main(*sys.argv[1:])
