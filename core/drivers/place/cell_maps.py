"""Values of grid cells as a small raster, for the maps of a report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from osgeo import gdal, osr

from ...raster.dataset import quiet_gdal
from .regular_grid import regular_grid

NODATA = -3.0e38


def length_unit(crs: str) -> str:
    """The short name of the unit of coordinates, empty where it is not known."""
    if not crs:
        return ""
    with quiet_gdal():
        told = osr.SpatialReference(crs)
        if told.IsGeographic():
            return "°"
        return "m" if told.GetLinearUnits() == 1.0 else str(told.GetLinearUnitsName())


def write_cell_map(
    path: str,
    values: np.ndarray,
    coordinates: np.ndarray,
    crs: str,
    time: np.ndarray | None = None,
    times: Sequence[object] = ("",),
) -> bool:
    """Writes values at the centres of cells to a GeoTIFF, a band per time; rows of one cell and time are averaged.

    Args:
        path: of the file.
        values: shape (n,).
        coordinates: centres of the cells, shape (n, 2).
        crs: WKT, empty where unknown.
        time: codes 0 to T-1 into `times`, shape (n,); one time where None.
        times: names of the bands.

    Returns:
        False, and nothing is written, where the places lie on no regular grid.
    """
    known = np.isfinite(coordinates).all(axis=1)
    grid = regular_grid(coordinates[known]) if known.any() else None
    if grid is None:
        return False
    values = values[known]
    codes = np.zeros(len(values), dtype=np.int64) if time is None else time[known]
    size = grid.shape[0] * grid.shape[1]
    place = codes * size + grid.cell
    count = np.bincount(place, minlength=size * len(times))
    total = np.bincount(place, weights=values, minlength=size * len(times))
    bands = np.where(count > 0, total / np.maximum(count, 1), NODATA).reshape(len(times), *grid.shape)[:, ::-1]
    step_x, step_y = (step or 1.0 for step in grid.step)
    left, low = (float(edge) for edge in coordinates[known].min(axis=0))
    with quiet_gdal():
        dataset = gdal.GetDriverByName("GTiff").Create(
            path, grid.shape[1], grid.shape[0], len(times), gdal.GDT_Float32, ["COMPRESS=DEFLATE"]
        )
        top = low + (grid.shape[0] - 0.5) * step_y
        dataset.SetGeoTransform((left - step_x / 2, step_x, 0, top, 0, -step_y))
        if crs:
            dataset.SetSpatialRef(osr.SpatialReference(crs))
        for number, (name, band_values) in enumerate(zip(times, bands), start=1):
            band = dataset.GetRasterBand(number)
            band.SetNoDataValue(NODATA)
            band.SetDescription(str(name))
            band.WriteArray(band_values.astype(np.float32))
        dataset.FlushCache()
    return True
