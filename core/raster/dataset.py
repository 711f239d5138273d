"""Calling GDAL whatever its host has set.

Inside QGIS the exceptions setting of GDAL's bindings belongs to everybody. It is left as it is: every call is checked
by its return value *and* for an exception, with a quiet error handler that is local to the thread.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Callable

from osgeo import gdal, ogr

from ..errors import EcoAssetsError, InputError
from ..handed_on import without_secrets
from ..messages import say
from .writing.waiting import placed

_MOST_EDGE, _MOST_PIXELS, _MOST_BANDS = 20_000_000, 10**13, 65_535  # the world in pixels of 10 m is 4e6 x 2e6
_MOST_BLOCK = 2**30  # bytes
MOST_CACHE = 2**30  # bytes; GDAL itself takes a twentieth of the memory
_cache_lock, _cache_before, _cache_limits = threading.Lock(), list[int](), list[list[int]]()
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


@contextmanager
def told_by_gdal() -> Iterator[list[str]]:
    """Collects what GDAL warns of in this thread; the last message alone is forgotten where exceptions are on."""
    told: list[str] = []

    def note(kind: int, number: int, message: str) -> None:
        if kind == gdal.CE_Warning:
            told.append(message)

    gdal.PushErrorHandler(note)
    try:
        yield told
    finally:
        gdal.PopErrorHandler()


def memory_polygons() -> ogr.DataSource:
    """An empty vector dataset in memory; its driver took the name of the one for rasters with GDAL 3.11."""
    name = "MEM" if int(gdal.VersionInfo("VERSION_NUM")) >= 3110000 else "Memory"
    return ogr.GetDriverByName(name).CreateDataSource("")


def call_gdal(what: str, error: type[EcoAssetsError], call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls GDAL and raises `error` with `what` and GDAL's reason when the call fails."""
    with quiet_gdal():
        try:
            result = call(*args, **kwargs)
        except RuntimeError as reason:
            raise error(without_secrets(f"{what}: {reason}")) from None
        failed = result is None or gdal.GetLastErrorType() >= gdal.CE_Failure
        reason_text = gdal.GetLastErrorMsg()
    if failed:
        raise error(without_secrets(f"{what}: {reason_text or 'GDAL gave no reason'}"))
    return result


@contextmanager
def bounded_cache() -> Iterator[None]:
    """Within a run GDAL's cache stays below `MOST_CACHE`, however large the machine; what the user has set holds."""
    with nullcontext() if gdal.GetConfigOption("GDAL_CACHEMAX") else cache_limit(MOST_CACHE):
        yield


@contextmanager
def cache_limit(most: int) -> Iterator[None]:
    """Within it GDAL's cache takes at most so many bytes.

    The cache belongs to the process: of limits that hold at the same time the lowest counts, whichever thread has set
    it, and the last to end gives the cache its own size back.
    """
    mine = [most]
    with _cache_lock:
        if not _cache_limits:
            _cache_before[:] = [gdal.GetCacheMax()]
        _cache_limits.append(mine)
        _set_cache()
    try:
        yield
    finally:
        with _cache_lock:
            _cache_limits[:] = [limit for limit in _cache_limits if limit is not mine]
            _set_cache()


def _set_cache() -> None:
    size = min([*_cache_before, *(limit[0] for limit in _cache_limits)])
    if size != gdal.GetCacheMax():
        gdal.SetCacheMax(size)


def open_raster(path: str, label: str = "", threads: int = 1) -> gdal.Dataset:
    """Opens a raster for reading.

    Args:
        path: file name or GDAL name of the raster.
        label: what the user calls it, for messages.
        threads: decoding threads, used where the driver knows the option.

    Raises:
        InputError: the file is missing, unreadable, or no raster.
    """
    shown = without_secrets(path)
    named = f"{label} ({shown})" if label else shown
    flags = gdal.OF_RASTER | gdal.OF_VERBOSE_ERROR  # without it GDAL gives no reason
    path = placed(path)
    dataset = call_gdal(f"Cannot open raster {named}", InputError, gdal.OpenEx, path, flags)
    if dataset.RasterCount == 0:
        raise InputError(
            say("{named} holds no raster band. Name one of its sub-datasets or choose another raster.", named=named)
        )
    _refuse_huge(dataset, named)
    if threads > 1 and dataset.GetDriver().ShortName in DECODES_IN_THREADS and threads_are_sound(dataset.RasterCount):
        options = [f"NUM_THREADS={threads}"]
        dataset = call_gdal(f"Cannot open raster {named}", InputError, gdal.OpenEx, path, flags, open_options=options)
    return dataset


def _refuse_huge(dataset: gdal.Dataset, named: str) -> None:
    """Counts what a header declares before memory is asked for: one wrong digit there would stop the machine."""
    width, height = dataset.RasterXSize, dataset.RasterYSize
    block = max(_block_bytes(dataset.GetRasterBand(number)) for number in range(1, min(dataset.RasterCount, 16) + 1))
    if max(width, height) > _MOST_EDGE or width * height > _MOST_PIXELS or dataset.RasterCount > _MOST_BANDS:
        raise InputError(
            say(
                "{named} declares a size of {width} x {height} pixels in {bands} bands, more than any map has. Check "
                "its header, or cut out the study area.",
                named=named,
                width=width,
                height=height,
                bands=dataset.RasterCount,
            )
        )
    if block > _MOST_BLOCK:
        raise InputError(
            say(
                "{named} is stored in blocks of {size:.0f} MB, which do not fit into memory. Store it in tiles "
                "(Raster > Conversion > Translate, with TILED=YES).",
                named=named,
                size=block / 1e6,
            )
        )


def _block_bytes(band: gdal.Band) -> int:
    width, height = band.GetBlockSize()
    return int(width * height * gdal.GetDataTypeSize(band.DataType) // 8)


def short_name(path: str) -> str:
    """The file name that a user recognises, without folders."""
    shown = without_secrets(path)  # first, for a signature may hold slashes
    return os.path.basename(shown.rstrip("/\\")) or shown


def stem_of(path: str) -> str:
    """The same without its ending: what a raster is called where it has no name of its own."""
    return os.path.splitext(short_name(path))[0]


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


def view_of_band(path: str, band: int, view: str) -> str:
    """Writes a virtual raster that shows one band of another, with its legend, for programs that take no band.

    Raises:
        InputError: the raster cannot be read.
    """
    dataset = open_raster(path)
    what = f"Cannot read band {band} of {short_name(path)}"
    call_gdal(what, InputError, gdal.Translate, view, dataset, format="VRT", bandList=[band]).FlushCache()
    return view
