"""Calling GDAL whatever its host has set.

Inside QGIS the exceptions setting of GDAL's bindings belongs to everybody. It is left as it is: every call is checked
by its return value *and* for an exception, with a quiet error handler that is local to the thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable

from osgeo import gdal

from ..errors import EcoAssetsError, InputError
from .files import placed

DECODES_IN_THREADS = ("GTiff", "COG")
METHOD = "ECOASSETS_METHOD"  # metadata item of what the plugin writes


def threads_are_sound(bands: int) -> bool:
    """Whether GDAL decodes a GeoTIFF of so many bands in threads without complaints (before 3.7: of one band)."""
    return bands == 1 or int(gdal.VersionInfo("VERSION_NUM")) >= 3070000


@contextmanager
def quiet_gdal() -> Iterator[None]:
    """Keeps GDAL's messages of this thread out of standard error; `gdal.GetLastErrorMsg` still has the last one."""
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    gdal.ErrorReset()
    try:
        yield
    finally:
        gdal.PopErrorHandler()


def call_gdal(what: str, error: type[EcoAssetsError], call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls GDAL and raises `error` with `what` and GDAL's reason when the call fails."""
    with quiet_gdal():
        try:
            result = call(*args, **kwargs)
        except RuntimeError as reason:
            raise error(f"{what}: {reason}") from None
        failed = result is None or gdal.GetLastErrorType() >= gdal.CE_Failure
        reason_text = gdal.GetLastErrorMsg()
    if failed:
        raise error(f"{what}: {reason_text or 'GDAL gave no reason'}")
    return result


def open_raster(path: str, label: str = "", threads: int = 1) -> gdal.Dataset:
    """Opens a raster for reading.

    Args:
        path: file name or GDAL name of the raster.
        label: what the user calls it, for messages.
        threads: decoding threads, used where the driver knows the option.

    Raises:
        InputError: the file is missing, unreadable, or no raster.
    """
    named = f"{label} ({path})" if label else path
    flags = gdal.OF_RASTER | gdal.OF_VERBOSE_ERROR  # without it GDAL gives no reason
    path = placed(path)
    dataset = call_gdal(f"Cannot open raster {named}", InputError, gdal.OpenEx, path, flags)
    if dataset.RasterCount == 0:
        raise InputError(f"{named} holds no raster band. Name one of its sub-datasets or choose another raster.")
    if threads > 1 and dataset.GetDriver().ShortName in DECODES_IN_THREADS and threads_are_sound(dataset.RasterCount):
        options = [f"NUM_THREADS={threads}"]
        dataset = call_gdal(f"Cannot open raster {named}", InputError, gdal.OpenEx, path, flags, open_options=options)
    return dataset


def short_name(path: str) -> str:
    """The file name that a user recognises, without folders."""
    return os.path.basename(path.rstrip("/\\")) or path


def is_made(dataset: gdal.Dataset) -> bool:
    """Whether this plugin has computed a raster; what it only copied (`ECOASSETS_SOURCE`) is the user's."""
    return bool(dataset.GetMetadataItem(METHOD)) and not dataset.GetMetadataItem("ECOASSETS_SOURCE")


def describe_as_made(path: str, crs: str, method: str) -> None:
    """Says of a raster that another program has computed for a run in which CRS it lies, and how it came about.

    GRASS writes the code of the CRS of an earlier raster where this one has none.

    Raises:
        InputError: the file cannot be written.
    """
    what = f"Cannot describe {path}"
    dataset = call_gdal(what, InputError, gdal.OpenEx, path, gdal.OF_RASTER | gdal.OF_UPDATE)
    dataset.SetProjection(crs)
    dataset.SetMetadataItem(METHOD, method)
    call_gdal(what, InputError, lambda: dataset.FlushCache() or gdal.CE_None)
