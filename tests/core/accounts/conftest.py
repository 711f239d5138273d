"""Maps of a few hectares and districts over their columns."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.land_cover import load_scheme
from ecoassets.core.progress import Progress
from ecoassets.core.services.survey import Cover, Rasters
from ecoassets.tests.algorithms.landcover import write_columns
from ecoassets.tests.rasters import write_raster

CNLUCC, HJ = load_scheme("cnlucc"), load_scheme("hj1166")


class Log(Progress):
    """Remembers what a run told."""

    def __init__(self):
        self.infos, self.warnings = [], []

    def info(self, message):
        self.infos.append(message)

    def warn(self, message):
        self.warnings.append(message)


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def cover(tmp_path):
    """`cover([[21, 31]], ...)`: land cover of one or more years, a hectare a pixel."""

    def write(*years, scheme=CNLUCC, **how):
        paths = [write_raster(tmp_path / f"lc{n}.tif", rows, **how) for n, rows in enumerate(years)]
        return Cover(tuple(paths), scheme)

    return write


@pytest.fixture
def series(tmp_path):
    """`series("water", [[1, 2]], ...)`: a raster per year; -9999 is missing."""

    def write(name, *years, **how):
        paths = [
            write_raster(tmp_path / f"{name}{n}.tif", np.array(rows), "float32", nodata=-9999, **how)
            for n, rows in enumerate(years)
        ]
        return Rasters(tuple(paths))

    return write


@pytest.fixture
def districts(tmp_path):
    """`districts({"west": (0, 2), "east": (2, 4)})`: polygons over columns of pixels."""

    def write(names, rows=2):
        return write_columns(tmp_path / "districts.gpkg", names, rows)

    return write
