"""The part of the bench about scenes: a median composite against reading its scenes and writing what comes of them.

python -m ecoassets.tools.bench_scenes JOB FOLDER     does one job
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from osgeo import gdal

from ..core.prepare.scenes.run import SceneInputs, SceneOutputs, run_scene_composite
from ..core.raster.output import WriteOptions
from ..core.raster.settings import RasterSettings
from ..tests.scene_files import CLEAR, OLI, write_landsat
from .bench_jobs import keep_result, read_and_write

SCENES, CLOUD = 20, CLEAR | 8
# As USGS ships them: tiles of 256 pixels, deflated.
STORED = ("TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=2", "BLOCKXSIZE=256", "BLOCKYSIZE=256")
SETTINGS = RasterSettings(write=WriteOptions(overviews=False))

JOBS = {
    "limit of GDAL (read all bands, write the composite, no computing)": "limit",
    "GDAL, reading alone": "read",
    "EcoAssets, median composite": "composite",
    "start of Python, GDAL and the plugin": "start",
}


def scene_commands(folder: str, size: int) -> dict[str, list[list[str]]]:
    """Reading and composing the same 20 scenes of 8 bands, which are made first; the limit writes what came of them."""
    make_scenes(Path(folder, "scenes"), size)
    commands = {name: [sys.executable, "-m", "ecoassets.tools.bench_scenes", job, folder] for name, job in JOBS.items()}
    made = os.path.join(folder, "composites", "composite_2021.tif")
    keep_result(commands["EcoAssets, median composite"], [made], os.path.join(folder, "limit.tif"))
    return {name: [command] for name, command in commands.items()}


def make_scenes(folder: Path, size: int) -> None:
    """Smooth land with the noise of a sensor, and clouds over a third of each scene."""
    if folder.is_dir():
        return
    random = np.random.default_rng(5)
    land = _coarse(random.integers(8000, 14000, (size // 8 + 1, size // 8 + 1)), 8, size)
    for number in range(SCENES):
        noise = random.integers(0, 200, (size, size))
        bands = {name: (land + noise + 300 * place).astype(np.uint16) for place, name in enumerate(OLI)}
        clouds = _coarse(random.random((size // 60 + 1, size // 60 + 1)) < 1 / 3, 60, size)
        bands["QA_PIXEL"] = np.where(clouds, CLOUD, CLEAR).astype(np.uint16)
        day = f"2021{1 + number // 2:02d}{1 + 16 * (number % 2):02d}"
        write_landsat(folder, f"LC08_L2SP_123032_{day}_20220101_02_T1", bands, options=STORED)


def _coarse(values: np.ndarray, times: int, size: int) -> np.ndarray:
    return np.repeat(np.repeat(values, times, axis=0), times, axis=1)[:size, :size]


def main(job: str, folder: str) -> None:
    scenes = Path(folder, "scenes")
    paths = sorted(map(str, scenes.rglob("*.TIF")))
    if job == "limit":
        read_and_write(paths, os.path.join(folder, "limit.tif"), "ZSTD")
    elif job == "read":
        for path in paths:
            scene = gdal.Open(path)
            scene.GetRasterBand(1).ReadAsArray()
    elif job == "composite":
        made = os.path.join(folder, "composites")
        os.makedirs(made, exist_ok=True)
        run_scene_composite(SceneInputs([str(scenes)]), SceneOutputs(made), SETTINGS)


if __name__ == "__main__":
    main(*sys.argv[1:])
