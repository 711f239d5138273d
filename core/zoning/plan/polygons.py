"""The plan as polygons: one feature per district and plan, with what lies in it as attributes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Union

from osgeo import gdal, ogr

from ...errors import OutputError
from ...messages import say
from ...progress import Progress
from ...raster.dataset import call_gdal, open_raster
from ...raster.files import PendingFile, workspace
from ...raster.grid import Grid

LAYER = "zoning_plan"
_CHECK_EVERY = 1000  # polygons between two looks at a cancel
Attribute = Union[str, float, int, None]


@dataclass(frozen=True)
class PolygonFile:
    """A vector file in the making, and the driver that writes it."""

    pending: PendingFile
    driver: gdal.Driver


@contextmanager
def plan_polygons(path: str | None) -> Iterator[PolygonFile | None]:
    """Opens a file for polygons before the work begins, so that a wrong path is told early; it is moved at the end.

    Raises:
        OutputError: the folder is missing, or no vector format has this extension.
    """
    if path is None:
        yield None
        return
    with PendingFile(path) as pending:
        yield PolygonFile(pending, _driver_for(path))
        pending.commit()


def write_plan_polygons(
    parts: str, file: PolygonFile, attributes: Mapping[int, Mapping[str, Attribute]], progress: Progress
) -> None:
    """Traces the parts of a raster and writes one multipolygon per part.

    Args:
        parts: path of a raster of part numbers; 0 is traced by no polygon.
        file: from `plan_polygons`.
        attributes: fields by part number, the same ones for each part.
        progress: of the run.

    Raises:
        OutputError: the file cannot be written.
    """
    raster = open_raster(parts)
    what = f"Cannot write {file.pending.final}"
    with workspace() as folder:
        traced = _trace(raster, folder, what, progress)
        try:
            _write(traced, file, Grid.of_dataset(raster), attributes, what, progress)
        finally:
            del traced  # closes the file, so that its folder can go
    progress.set(100)


def _write(
    traced: gdal.Dataset, file: PolygonFile, grid: Grid, attributes: Mapping[int, Mapping[str, Attribute]], what: str,
    progress: Progress,
) -> None:  # fmt: skip
    dataset = call_gdal(what, OutputError, file.driver.Create, file.pending.path, 0, 0, 0, gdal.GDT_Unknown)
    layer = call_gdal(what, OutputError, dataset.CreateLayer, LAYER, grid.spatial_reference(), ogr.wkbMultiPolygon)
    for name, value in next(iter(attributes.values()), {}).items():
        layer.CreateField(ogr.FieldDefn(name, _field_type(value)))
    for part, values in attributes.items():
        polygons = _polygons_of(traced, part, progress)
        if polygons is None:
            continue
        feature = ogr.Feature(layer.GetLayerDefn())
        for name, value in values.items():
            if value is not None:
                feature.SetField(name, value)
        feature.SetGeometryDirectly(polygons)  # a copy of a noisy map's patches would take as much again
        _check(what, partial(layer.CreateFeature, feature))
    _check(what, dataset.FlushCache)


def _trace(raster: gdal.Dataset, folder: str, what: str, progress: Progress) -> gdal.Dataset:
    """A polygon per patch with the value of its part, in a file: a noisy map has more of them than memory holds."""
    traced = call_gdal(
        what, OutputError, gdal.GetDriverByName("GPKG").Create, os.path.join(folder, "traced.gpkg"), 0, 0, 0,
        gdal.GDT_Unknown,
    )  # fmt: skip
    layer = call_gdal(
        what, OutputError, traced.CreateLayer, "traced", geom_type=ogr.wkbPolygon, options=["SPATIAL_INDEX=NO"]
    )
    layer.CreateField(ogr.FieldDefn("part", ogr.OFTInteger))
    band = raster.GetRasterBand(1)

    def stop_when_cancelled(done: float, message: str, data: object) -> int:
        return 0 if progress.cancelled() else 1

    try:
        _check(what, traced.StartTransaction)
        _check(what, lambda: gdal.Polygonize(band, band.GetMaskBand(), layer, 0, [], callback=stop_when_cancelled))
        _check(what, traced.CommitTransaction)
    except OutputError:
        progress.check()
        raise
    traced.ExecuteSQL("CREATE INDEX parts ON traced (part)")
    return traced


def _polygons_of(traced: gdal.Dataset, part: int, progress: Progress) -> ogr.Geometry | None:
    """All of one part. Traced polygons of one value meet in corners only, so collecting them is a union."""
    layer = traced.GetLayer(0)
    layer.SetAttributeFilter(f"part = {part}")
    collected = ogr.Geometry(ogr.wkbMultiPolygon)
    for number, feature in enumerate(layer):
        if number % _CHECK_EVERY == 0:
            progress.check()
        collected.AddGeometry(feature.GetGeometryRef())
    return collected if collected.GetGeometryCount() else None


def _check(what: str, call: Callable[[], Any]) -> None:
    call_gdal(what, OutputError, lambda: None if call() else True)


def _field_type(value: Attribute) -> int:
    if isinstance(value, str):
        return ogr.OFTString
    return ogr.OFTInteger if isinstance(value, int) else ogr.OFTReal


def _driver_for(path: str) -> gdal.Driver:
    extension = os.path.splitext(path)[1].lstrip(".").lower()
    for number in range(gdal.GetDriverCount()):
        driver = gdal.GetDriver(number)
        extensions = (driver.GetMetadataItem(gdal.DMD_EXTENSIONS) or "").lower().split()
        if (
            extension in extensions
            and driver.GetMetadataItem(gdal.DCAP_VECTOR)
            and driver.GetMetadataItem(gdal.DCAP_CREATE)
        ):
            return driver
    raise OutputError(
        say(
            "Cannot write {path}: no vector format has the extension '{extension}'. Use .gpkg.",
            path=path,
            extension=extension,
        )
    )
