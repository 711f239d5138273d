"""Small rasters that tests write, and arrays read back from files."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
from osgeo import gdal, gdal_array, osr

UTM_50N = 32650
WGS_84 = 4326
TOP_LEFT = (500_000.0, 4_400_000.0)


def write_raster(
    path: str | PathLike,
    values: Any,
    dtype: str = "uint8",
    *,
    epsg: int | None = UTM_50N,
    pixel: float | tuple[float, float] = 100.0,
    top_left: tuple[float, float] = TOP_LEFT,
    nodata: float | None = 255,
    options: Sequence[str] = (),
) -> str:
    """Writes an array (rows, columns) or (bands, rows, columns) as a GeoTIFF; 100 m pixels in UTM are 1 ha each.

    A pixel may have a width and a height.
    """
    across, down = pixel if isinstance(pixel, tuple) else (pixel, pixel)
    bands = np.asarray(values, dtype=dtype)
    bands = bands[np.newaxis] if bands.ndim == 2 else bands
    count, height, width = bands.shape
    kind = gdal_array.NumericTypeCodeToGDALTypeCode(bands.dtype)
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), width, height, count, kind, options=list(options))
    dataset.SetGeoTransform((top_left[0], across, 0, top_left[1], 0, -down))
    if epsg is not None:
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(epsg)
        dataset.SetProjection(reference.ExportToWkt())
    for number, band in enumerate(bands, start=1):
        if nodata is not None:
            dataset.GetRasterBand(number).SetNoDataValue(nodata)
        dataset.GetRasterBand(number).WriteArray(band)
    dataset = None
    return str(path)


def read_raster(path: str | PathLike) -> np.ndarray:
    """All bands as float64 (bands, rows, columns), NaN where nodata."""
    dataset = gdal.Open(str(path))
    bands = []
    for number in range(1, dataset.RasterCount + 1):
        band = dataset.GetRasterBand(number)
        stored, nodata = band.ReadAsArray(), band.GetNoDataValue()
        bands.append(np.where(stored == nodata, np.nan, stored.astype(float)) if nodata is not None else stored)
    return np.stack(bands)
