"""Peak memory grows with the block, not with the raster."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ecoassets

PROGRAM = """
import resource, sys
import numpy as np
from osgeo import gdal, osr
from ecoassets.core.raster.engine import run_job
from ecoassets.core.raster.work import Job, Result
from ecoassets.core.raster.output import Band, Output, WriteOptions
from ecoassets.core.raster.reading.source import Source, describe_source
size, folder = int(sys.argv[1]), sys.argv[2]
options = ["SPARSE_OK=TRUE", "TILED=YES", "BLOCKXSIZE=512", "BLOCKYSIZE=512", "COMPRESS=DEFLATE"]
path = f"{folder}/in_{size}.tif"
raster = gdal.GetDriverByName("GTiff").Create(path, size, size, 1, gdal.GDT_Byte, options)
crs = osr.SpatialReference()
crs.ImportFromEPSG(32748)
raster.SetProjection(crs.ExportToWkt())
raster.SetGeoTransform((0, 30, 0, 0, 0, -30))
raster = None

def kernel(block):
    return Result({"out": (block.values["x"], block.valid["x"])})

source = Source("x", path, kind="classes")
output = Output("out", f"{folder}/out_{size}.tif", (Band("x"),), "uint8", 255)
run_job(Job(kernel, (source,), describe_source(source)[1], (output,), write=WriteOptions(overviews=False), threads=2))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_kb(size: int, folder: Path) -> int:
    beside = Path(ecoassets.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(size), str(folder)], cwd=beside, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss counts kilobytes on Linux only")
def test_four_times_the_pixels_take_hardly_more_memory(tmp_path):
    small, large = peak_kb(6000, tmp_path), peak_kb(12000, tmp_path)
    assert large < 1.2 * small
