"""Builders of small rasters, and kernels that tests of the engine share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, osr

from ecoassets.core.errors import Cancelled
from ecoassets.core.progress import QUIET, Progress
from ecoassets.core.raster.grid import Grid
from ecoassets.core.raster.reading.source import Source, describe_source
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.raster.study import open_study_area
from ecoassets.core.raster.tally import Sums
from ecoassets.core.raster.work import Block, Result

UTM = 32748
TYPES = {
    "uint8": gdal.GDT_Byte,
    "int16": gdal.GDT_Int16,
    "uint16": gdal.GDT_UInt16,
    "int32": gdal.GDT_Int32,
    "float32": gdal.GDT_Float32,
    "float64": gdal.GDT_Float64,
    **({"int8": gdal.GDT_Int8} if hasattr(gdal, "GDT_Int8") else {}),
}


def wkt(crs: int | str) -> str:
    reference = osr.SpatialReference()
    assert reference.SetFromUserInput(f"EPSG:{crs}" if isinstance(crs, int) else crs) == 0
    return reference.ExportToWkt()


def write_raster(
    path: Path,
    values: np.ndarray,
    *,
    nodata: float | None = None,
    crs: int | str | None = UTM,
    pixel: float = 30.0,
    origin: tuple[float, float] = (200_000.0, 9_900_000.0),
    options: tuple[str, ...] = (),
    finish: Callable[[gdal.Dataset], object] | None = None,
) -> str:
    """Writes a GeoTIFF of shape (rows, columns) or (bands, rows, columns). GDAL before 3.7 marks signed bytes."""
    if values.dtype == np.int8 and "int8" not in TYPES:
        values, options = values.view("uint8"), (*options, "PIXELTYPE=SIGNEDBYTE")
    stack = values[np.newaxis] if values.ndim == 2 else values
    bands, rows, columns = stack.shape
    driver = gdal.GetDriverByName("GTiff")
    dataset = driver.Create(str(path), columns, rows, bands, TYPES[values.dtype.name], options=list(options))
    if crs is not None:
        dataset.SetProjection(wkt(crs))
    dataset.SetGeoTransform((origin[0], pixel, 0, origin[1], 0, -pixel))
    for number, layer in enumerate(stack, start=1):
        if nodata is not None:
            dataset.GetRasterBand(number).SetNoDataValue(nodata)
        dataset.GetRasterBand(number).WriteArray(layer)
    if finish is not None:
        finish(dataset)
    dataset.FlushCache()
    return str(path)


def read(path: str | Path, band: int = 1) -> np.ndarray:
    dataset = gdal.Open(str(path))  # a band does not keep its dataset alive
    return dataset.GetRasterBand(band).ReadAsArray()


def grid_of(path: str) -> Grid:
    return describe_source(Source("x", path))[1]


@dataclass(frozen=True)
class Copy:
    """Copies one source and sums it."""

    name: str = "x"

    def __call__(self, block: Block) -> Result:
        values, valid = block.values[self.name], block.valid[self.name]
        total = np.array(float(values[valid].sum(dtype=np.float64)))
        return Result({"out": (values, valid)}, Sums({"total": total, "n": np.array(int(valid.sum()))}))


@dataclass
class Telling(Progress):
    """Remembers what it is told; cancels after `checks` questions."""

    checks: int | None = None

    def __post_init__(self) -> None:
        self.infos: list[str] = []
        self.warnings: list[str] = []
        self.steps: list[float] = []

    def set(self, percent: float) -> None:
        self.steps.append(percent)

    def info(self, message: str) -> None:
        self.infos.append(message)

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def cancelled(self) -> bool:
        if self.checks is None:
            return False
        self.checks -= 1
        return self.checks < 0


@pytest.fixture
def hills() -> np.ndarray:
    """A smooth float32 surface with noise, larger than one tile in both directions."""
    rows, columns = np.mgrid[0:700, 0:900]
    noise = np.random.default_rng(7).normal(0, 5, rows.shape)
    return (500 + 300 * np.sin(rows / 90) * np.cos(columns / 70) + noise).astype("float32")


__all__ = ["UTM", "Cancelled", "Copy", "Telling", "grid_of", "read", "wkt", "write_raster"]


NODATA = -9999.0


@pytest.fixture
def raster(tmp_path):
    """Writes an array as a raster with pixels of 100 m (1 ha) and returns its source."""

    def write(values, name="layer", gdal_type=gdal.GDT_Float32):
        values = np.atleast_2d(values)
        path = str(tmp_path / f"{name}.tif")
        dataset = gdal.GetDriverByName("GTiff").Create(path, values.shape[1], values.shape[0], 1, gdal_type)
        dataset.SetGeoTransform((500_000, 100, 0, 4_400_000, 0, -100))
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(32650)
        dataset.SetProjection(reference.ExportToWkt())
        dataset.GetRasterBand(1).SetNoDataValue(NODATA)
        dataset.GetRasterBand(1).WriteArray(values)
        del dataset
        return Source(name, path)

    return write


@pytest.fixture
def area_of(tmp_path):
    return lambda source, **settings: open_study_area(source, RasterSettings(**settings), str(tmp_path), QUIET)


def noise(shape=(300, 517), seed=1):
    """Values of both signs over many orders of magnitude, with ties, zeros and nodata."""
    random = np.random.default_rng(seed)
    values = random.normal(size=shape) * 10.0 ** random.integers(-6, 7, size=shape)
    values[random.random(shape) < 0.2] = np.round(values[0, 0], 1)
    values[random.random(shape) < 0.05] = -0.0
    values[random.random(shape) < 0.1] = NODATA
    return values.astype(np.float32)
