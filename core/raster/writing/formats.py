"""Formats in which a raster can be written, and creation options that would change what is written."""

from __future__ import annotations

import os
from collections.abc import Sequence

from osgeo import gdal

from ...errors import OutputError
from ...messages import say

_CHANGING_FORMATS = ("JPEG", "WEBP", "JP2OpenJPEG", "JPEGXL", "GIF", "BSB")  # pictures, close to the values at best
_CHANGING_COMPRESSIONS = ("JPEG", "WEBP", "LERC_JPEG")
_LOSSLESS = "COMPRESS=DEFLATE"


def driver_for(path: str, data_type: int) -> gdal.Driver:
    """The driver that writes files of this extension.

    Args:
        path: of the raster.
        data_type: of its pixels, as GDAL counts them.

    Raises:
        OutputError: no driver of this GDAL writes it, or not with these values as they are.
    """
    extension = os.path.splitext(path)[1].lstrip(".").lower()
    if extension in ("tif", "tiff"):
        return gdal.GetDriverByName("GTiff")
    if extension == "vrt":
        told = say("Cannot write {path}: a virtual raster is made of the tiles of a cluster. Use .tif.", path=path)
        raise OutputError(told)
    for number in range(gdal.GetDriverCount()):
        driver = gdal.GetDriver(number)
        extensions = (driver.GetMetadataItem(gdal.DMD_EXTENSIONS) or "").lower().split()
        copies = driver.GetMetadataItem(gdal.DCAP_CREATECOPY) == "YES"
        if extension and extension in extensions and copies and driver.GetMetadataItem(gdal.DCAP_RASTER) == "YES":
            _require_values_kept(driver, path, data_type)
            return driver
    raise OutputError(
        say(
            "Cannot write {path}: no raster format with the extension '{extension}' can be written. Use .tif.",
            path=path,
            extension=extension,
        )
    )


def require_lossless(creation: Sequence[str]) -> None:
    """Checks that creation options leave values as they are: lossy compression makes classes that are not there.

    Args:
        creation: options of GDAL, `NAME=VALUE`.

    Raises:
        OutputError: one is not written so, or would change values.
    """
    for option in creation:
        if "=" not in option:
            wrong = say("The creation option {o!r} is not understood. Write NAME=VALUE, COMPRESS=LZW.", o=option)
            raise OutputError(wrong)
        name, value = (part.strip().upper() for part in option.split("=", 1))
        if (
            (name == "COMPRESS" and value in _CHANGING_COMPRESSIONS)
            or name == "NBITS"
            or (name in ("MAX_Z_ERROR", "DISCARD_LSB") and value.strip("0.,"))
            or (name == "JXL_LOSSLESS" and value in ("NO", "FALSE", "OFF", "0"))
        ):
            raise OutputError(
                say(
                    "The creation option {option} changes the values of pixels, or cuts them off. Write {mend}, or "
                    "leave CREATION_OPTIONS empty.",
                    option=option,
                    mend=_LOSSLESS,
                )
            )


def _require_values_kept(driver: gdal.Driver, path: str, data_type: int) -> None:
    """Where it could not be written so, GDAL would say it when all has been computed."""
    named = gdal.GetDataTypeName(data_type)
    known = (driver.GetMetadataItem(gdal.DMD_CREATIONDATATYPES) or named).split()
    if driver.ShortName in _CHANGING_FORMATS or named not in known:
        raise OutputError(
            say(
                "Cannot write {path}: the format {format} does not keep values of the type {type}. Use .tif.",
                path=path,
                format=driver.ShortName,
                type=named,
            )
        )
