"""The part of the bench about preparing data: a year of MODIS steps against reading them once, seconds of processor.

python -m ecoassets.tools.bench_prepare JOB FOLDER     does one job
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from osgeo import gdal, osr

from ..core.prepare.importing.rules import Decisions
from ..core.prepare.importing.run import ImportInputs, ImportOutputs, run_import_product
from ..core.raster.output import WriteOptions
from ..core.raster.settings import RasterSettings
from ..tests.downloads import write_hdf4

TILE, STEPS, YEAR = 2400, 46, 2021
SETTINGS = RasterSettings(write=WriteOptions(overviews=False))


JOBS = {
    "limit of GDAL (read values and quality, no computing)": "read",
    "EcoAssets, import of the year on a grid in UTM": "import",
    "start of Python, GDAL and the plugin": "start",
}


def prepare_commands(folder: str) -> dict[str, list[list[str]]]:
    """Reading and importing the same 46 tiles of a year, which are made first."""
    make_steps(os.path.join(folder, "steps"))
    _study_grid(os.path.join(folder, "study.tif"))
    return {name: [[sys.executable, "-m", "ecoassets.tools.bench_prepare", job, folder]] for name, job in JOBS.items()}


def make_steps(folder: str) -> None:
    """46 tiles of ET with quality, as the provider ships them: smooth land, clouds, cities, lakes."""
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
        name = f"MOD16A2GF.A{YEAR}{first.timetuple().tm_yday:03d}.h28v05.061.2022020135800.hdf"
        layers = {"ET_500m": et, "ET_QC_500m": quality}
        attributes = {"ET_500m": {"_FillValue": 32767, "scale_factor": 0.1}}
        write_hdf4(Path(folder, name), "MOD_Grid_MOD16A2", 28, 5, layers, attributes, packed=True)


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
        for layer, _ in gdal.Open(path).GetSubDatasets():
            dataset = gdal.Open(layer)
            dataset.GetRasterBand(1).ReadAsArray()


def main(job: str, folder: str) -> None:
    steps = os.path.join(folder, "steps")
    if job == "read":
        _read(sorted(os.path.join(steps, name) for name in os.listdir(steps)))
    elif job == "import":
        strict = Decisions(quality="strict")  # which looks at quality
        study = os.path.join(folder, "study.tif")
        inputs = ImportInputs([steps], "mod16a2gf", "et", reference=study, decisions=strict)
        run_import_product(inputs, ImportOutputs(os.path.join(folder, "et.tif")), SETTINGS)


if __name__ == "__main__":
    main(*sys.argv[1:])
