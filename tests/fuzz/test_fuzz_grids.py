"""Rasters of any size, type, tiling, nodata and CRS: a copy is pixel for pixel what numpy makes of the file."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from osgeo import gdal

from ecoassets.core.errors import EcoAssetsError, GridError, InputError
from ecoassets.core.landuse.transfer.run import TransferInputs, TransferOutputs, run_transfer_matrix
from ecoassets.core.raster.engine import run_job
from ecoassets.core.raster.output import Band, Output, WriteOptions
from ecoassets.core.raster.reading.source import Source, describe_source
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.raster.work import Job

from ..core.raster.conftest import Copy, wkt

TYPES = {
    "uint8": gdal.GDT_Byte,
    "int16": gdal.GDT_Int16,
    "uint16": gdal.GDT_UInt16,
    "int32": gdal.GDT_Int32,
    "uint32": gdal.GDT_UInt32,
    "float32": gdal.GDT_Float32,
    "float64": gdal.GDT_Float64,
}
NODATA = (None, 0, 1, 255, -9999, 7.5, 1e300, -3.4028234663852886e38, math.nan, math.inf)
SPECIAL = (0, 1, 7.5, 255, -9999, math.nan, math.inf, -math.inf, 3.4e38)
LAYOUTS = ((), ("TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=16"), ("TILED=YES", "BLOCKXSIZE=48", "BLOCKYSIZE=32"),
           ("BLOCKYSIZE=3",), ("SPARSE_OK=TRUE", "COMPRESS=DEFLATE"), ("COMPRESS=LZW", "PREDICTOR=2"))  # fmt: skip


@dataclass
class Drawn:
    """A raster that was drawn: its file and what is in it."""

    path: str
    values: np.ndarray
    nodata: float | None
    valid: np.ndarray


def write(folder: str, name: str, values: np.ndarray, nodata, layout=(), crs=32748, transform=None) -> str:
    path = str(Path(folder, name))
    rows, columns = values.shape
    options = [option for option in layout if not (option == "PREDICTOR=2" and values.dtype.kind == "f")]
    dataset = gdal.GetDriverByName("GTiff").Create(path, columns, rows, 1, TYPES[values.dtype.name], options=options)
    if crs is not None:
        dataset.SetProjection(wkt(crs))
    dataset.SetGeoTransform(transform or (200_000, 30, 0, 9_900_000, 0, -30))
    if nodata is not None:
        dataset.GetRasterBand(1).SetNoDataValue(float(nodata))
    dataset.GetRasterBand(1).WriteArray(values)
    dataset.FlushCache()
    return path


@st.composite
def arrays(draw, types=tuple(TYPES)) -> np.ndarray:
    shape = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    dtype = np.dtype(draw(st.sampled_from(types)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if dtype.kind == "f":
        values = random.normal(0, 1000, shape)
        return np.where(random.random(shape) < 0.3, random.choice(SPECIAL, shape), values).astype(dtype)
    limits = np.iinfo(dtype)
    few = [v for v in (0, 1, 255, -9999, limits.min, limits.max) if limits.min <= v <= limits.max]
    values = random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return np.where(random.random(shape) < 0.4, random.choice(np.array(few, dtype), shape), values).astype(dtype)


def valid_by_numpy(values: np.ndarray, nodata: float | None) -> np.ndarray:
    """What a newcomer would write."""
    valid = np.isfinite(values.astype(np.float64))
    if nodata is not None and values.dtype.kind == "f":
        valid &= values != values.dtype.type(nodata)
    elif nodata is not None:
        valid &= values.astype(np.float64) != nodata
    return valid


@given(arrays(), st.sampled_from(NODATA), st.sampled_from(LAYOUTS), st.sampled_from((16, 32, 64, 512)), st.booleans())
def test_a_copy(values, nodata, layout, tile, south_up):
    with tempfile.TemporaryDirectory() as folder, np.errstate(all="ignore"):
        transform = (200_000, 30, 0, 9_800_000, 0, 30) if south_up else None
        path = write(folder, "in.tif", values, nodata, layout, transform=transform)
        dataset = gdal.Open(path)
        stored = dataset.GetRasterBand(1).GetNoDataValue()
        source = Source("x", path)
        output = Output("out", str(Path(folder, "out.tif")), (Band("x"),), "float64", -1.5e300)
        job = Job(
            Copy(), (source,), describe_source(source)[1], (output,), write=WriteOptions(overviews=False), tile=tile
        )
        found = run_job(job)
        valid = valid_by_numpy(values, stored)
        expected = np.where(valid, values.astype(np.float64), -1.5e300)
        made = gdal.Open(str(Path(folder, "out.tif")))
        np.testing.assert_array_equal(made.ReadAsArray(), expected)
        assert made.GetGeoTransform() == dataset.GetGeoTransform()
        assert found.coverage["x"].pixels == valid.sum()


@given(
    st.sampled_from((32748, 4326, 3857, 4978, 2263, None)),
    st.tuples(*[st.floats(-1e7, 1e7), st.floats(-50, 50), st.floats(-1, 1), st.floats(-1e7, 1e7), st.floats(-1, 1),
                st.floats(-50, 50)]),
    arrays(("uint8",)),
)  # fmt: skip
def test_any_place_is_mapped_or_refused_in_words(crs, transform, values):
    """Rotated, mirrored, beyond a pole, without size or CRS, in degrees, feet or geocentric metres."""
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = write(folder, "in.tif", values, 255, crs=crs, transform=transform)
        try:
            found = run_transfer_matrix(TransferInputs((path, path), (2000, 2010)))
        except EcoAssetsError as error:
            assert len(str(error)) > 30
            return
        assert np.isfinite(found.area_ha).all() and (found.area_ha >= 0).all()
        assert found.pixels.sum() == (values != 255).sum()


class _quiet:
    def __enter__(self):
        gdal.PushErrorHandler("CPLQuietErrorHandler")

    def __exit__(self, *_):
        gdal.PopErrorHandler()


@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.sampled_from(("uint8", "int16", "int32", "float32")),
    st.integers(0, 2**32),
    st.sampled_from((3, 16, 200, 999)),
    st.sampled_from(("common", "yearly")),
    st.sampled_from((16, 64)),
)
def test_a_transfer_matrix_is_counted_as_by_numpy(rows, columns, dtype, seed, highest, mask, tile):
    random = np.random.default_rng(seed)
    top = min(highest, 254) if dtype == "uint8" else highest
    first, second = (random.integers(0, top, (rows, columns), endpoint=True).astype(dtype) for _ in range(2))
    nodata = 255 if dtype == "uint8" else -9999
    for codes in (first, second):
        codes[random.random(codes.shape) < random.choice((0, 0.1, 1.0), p=(0.5, 0.4, 0.1))] = nodata
    with tempfile.TemporaryDirectory() as folder:
        paths = tuple(write(folder, f"{i}.tif", codes, nodata) for i, codes in enumerate((first, second)))
        settings = RasterSettings(mask=mask, tile=tile, write=WriteOptions(overviews=False))
        outputs = TransferOutputs(str(Path(folder, "change.tif")))
        both = (first != nodata) & (second != nodata)
        try:
            found = run_transfer_matrix(TransferInputs(paths, (2000, 2010)), outputs, settings)
        except InputError as error:
            assert not both.any(), error
            assert not Path(folder, "change.tif").exists()
            return
        codes = np.array(found.codes)
        expected = np.zeros((len(codes), len(codes)), dtype=np.int64)
        np.add.at(expected, (np.searchsorted(codes, first[both]), np.searchsorted(codes, second[both])), 1)
        np.testing.assert_array_equal(found.pixels[0, 0], expected)
        np.testing.assert_allclose(found.area_ha, found.pixels * 0.09, rtol=1e-12)
        change = gdal.Open(str(Path(folder, "change.tif"))).ReadAsArray()
        assert (change[both] == first[both].astype(int) * 1000 + second[both].astype(int)).all()


@given(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4), st.integers(1, 40))
def test_class_rasters_off_the_grid_are_refused(across, down, size):
    codes = np.ones((size, size), dtype="uint8")
    with tempfile.TemporaryDirectory() as folder:
        moved = (200_000 + 30 * across, 30, 0, 9_900_000 + 30 * down, 0, -30)
        paths = write(folder, "a.tif", codes, 255), write(folder, "b.tif", codes, 255, transform=moved)
        try:
            run_transfer_matrix(TransferInputs(paths, (2000, 2010)))
            on_grid = True
        except GridError:
            on_grid = False
        off = max(abs(across), abs(down))
        assert on_grid == (off <= 1e-3) or math.isclose(off, 1e-3, rel_tol=1e-3)
