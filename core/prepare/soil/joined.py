"""A raster of ids and a table of values become a raster of values, on the grid of the ids, around the study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

import numpy as np
from osgeo import gdal, osr

from ...errors import GridError, InputError
from ...messages import say
from ...progress import Progress
from ...raster.dataset import call_gdal, open_raster, short_name
from ...raster.files import intermediate_path
from ...raster.grid import Grid
from ...raster.reading.source import footprint
from ...raster.windows import TILE, Window
from ..near import window_near

NODATA = -9999.0
_WGS84 = "EPSG:4326"
_TOLD = 10  # ids in a message


def write_joined(
    path: str, values: Mapping[int, float], name: str, study: Grid, folder: str, progress: Progress
) -> str:
    """Writes the values of the ids around the study and returns the path.

    Args:
        path: raster of ids; WGS 84 where it has no CRS, as HWSD's `.bil`.
        values: by id; others have none.
        name: of the result.
        study: grid of the study.
        folder: for the result.
        progress: polled between strips.

    Raises:
        GridError: the raster does not lie over the study.
        InputError: no id around the study has a value.
    """
    dataset = open_raster(path, "soil units")
    own = Grid.of_dataset(dataset) if dataset.GetProjection() else _assumed(dataset)
    near = _around(own, study, path)
    left, top, width, height = near.column, near.row, near.width, near.height
    target = intermediate_path(folder, f"joined {name}")
    create = gdal.GetDriverByName("GTiff").Create
    options = ["TILED=YES", "COMPRESS=DEFLATE"]
    made = call_gdal("Cannot join", InputError, create, target, width, height, 1, gdal.GDT_Float32, options)
    x, dx, _, y, _, dy = own.transform
    made.SetGeoTransform((x + left * dx, dx, 0, y + top * dy, 0, dy))
    made.SetProjection(own.crs)
    made.GetRasterBand(1).SetNoDataValue(NODATA)
    ids = np.array(sorted(values), dtype=np.int64)
    known = np.array([values[i] for i in ids.tolist()], dtype=np.float32)
    found = 0
    for row in range(0, height, TILE):
        progress.check()
        rows = min(TILE, height - row)
        read = dataset.GetRasterBand(1).ReadAsArray
        stored = call_gdal(f"Cannot read {path}", InputError, read, left, top + row, width, rows).astype(np.int64)
        place = np.minimum(np.searchsorted(ids, stored), len(ids) - 1)
        has = ids[place] == stored
        found += int(has.sum())
        made.GetRasterBand(1).WriteArray(np.where(has, known[place], np.float32(NODATA)), 0, row)
    made.FlushCache()
    if not found:
        raise InputError(
            say(
                "No id of {raster} around the study is in the table. Is KEY the column of the ids?",
                raster=short_name(path),
            )
        )
    return target


def tell_missing_ids(path: str, known: Collection[int], study: Grid, progress: Progress) -> None:
    """Warns of ids around the study that the table does not have, and of the share of pixels that hold them.

    Raises:
        GridError, InputError: as `write_joined`.
    """
    dataset = open_raster(path, "soil units")
    own = Grid.of_dataset(dataset) if dataset.GetProjection() else _assumed(dataset)
    near = _around(own, study, path)
    left, top, width, height = near.column, near.row, near.width, near.height
    nodata = dataset.GetRasterBand(1).GetNoDataValue()
    counts: Counter[int] = Counter()
    for row in range(0, height, TILE):
        progress.check()
        read = dataset.GetRasterBand(1).ReadAsArray
        stored = call_gdal(
            f"Cannot read {path}", InputError, read, left, top + row, width, min(TILE, height - row)
        ).astype(np.int64)
        ids, pixels = np.unique(stored, return_counts=True)
        counts.update(dict(zip(ids.tolist(), pixels.tolist())))
    counts = Counter({unit: pixels for unit, pixels in counts.items() if unit != nodata})
    missing = [(unit, pixels) for unit, pixels in counts.most_common() if unit not in known]
    if missing:
        progress.warn(
            say(
                "{raster}: {share:.3g} % of the pixels around the study hold ids that the table does not have ({ids}). "
                "They get no value.",
                raster=short_name(path),
                share=100 * sum(pixels for _, pixels in missing) / sum(counts.values()),
                ids=", ".join(str(unit) for unit, _ in missing[:_TOLD]) + (", ..." if len(missing) > _TOLD else ""),
            )
        )


def _assumed(dataset: gdal.Dataset) -> Grid:
    reference = osr.SpatialReference()
    reference.SetFromUserInput(_WGS84)
    return Grid(dataset.RasterXSize, dataset.RasterYSize, tuple(dataset.GetGeoTransform()), reference.ExportToWkt())


def _around(own: Grid, study: Grid, path: str) -> Window:
    bounds = footprint(study, own)
    if bounds is None:
        raise GridError(say("{raster} cannot be brought on the grid of the study.", raster=short_name(path)))
    window = window_near(own, bounds)
    if window is None:
        raise GridError(say("{raster} does not overlap the grid of the study.", raster=short_name(path)))
    return window
