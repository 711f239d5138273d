"""The times of the bands of a netCDF file, by its time axis."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from osgeo import gdal

from ...errors import InputError
from ...messages import say

_SECONDS = {"second": 1, "sec": 1, "s": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "h": 3600, "day": 86400}
_NAMES = ("time", "valid_time", "Times", "date", "month")
_ISO = re.compile(r"^(\w+?)s? since (\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2}))?")


def band_days(dataset: gdal.Dataset) -> list[date]:
    """The day of each band.

    Raises:
        InputError: the file has no time axis that can be read; says its name and what stands there.
    """
    name, units = _axis(dataset)
    bands = [dataset.GetRasterBand(number) for number in range(1, dataset.RasterCount + 1)]
    values = [band.GetMetadataItem(f"NETCDF_DIM_{name}") for band in bands]
    if not units or any(value is None for value in values):
        described = dataset.GetDescription()
        raise InputError(say("{file} has no time axis that can be read ({units!r}).", file=described, units=units))
    return [day_of(float(value), units) for value in values]


def day_of(value: float, units: str) -> date:
    """The day that a number on an axis stands for, such as 31 of `days since 1900-01-01`.

    `months since` counts calendar months. Raises InputError.
    """
    match = _ISO.match(units.strip())
    if match is None:
        raise InputError(say("The time axis {units!r} is not understood.", units=units))
    unit = match[1].lower()
    start = datetime(max(1, int(match[2])), int(match[3]), int(match[4]), int(match[5] or 0), int(match[6] or 0))
    if unit in ("month", "months"):
        months = start.year * 12 + start.month - 1 + int(value)
        return date(months // 12, months % 12 + 1, 1)
    if unit not in _SECONDS:
        raise InputError(say("The time axis {units!r} is not understood.", units=units))
    return (start + timedelta(seconds=value * _SECONDS[unit])).date()


def _axis(dataset: gdal.Dataset) -> tuple[str, str]:
    tags = dataset.GetMetadata()
    for name in _NAMES:
        if f"{name}#units" in tags:
            return name, tags[f"{name}#units"]
    other = next((key for key in tags if key.endswith("#units") and " since " in tags[key]), "")
    return (other[: -len("#units")], tags[other]) if other else ("", "")
