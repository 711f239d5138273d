"""What stored numbers mean by what their band declares: scale, offset, and a unit of length other than the metre."""

from __future__ import annotations

from typing import NamedTuple

from osgeo import gdal

from ...errors import InputError
from ...messages import say
from ..dataset import short_name

# Metres in units of length as providers write them; a US survey foot differs from a foot by 2e-6.
METRES = {
    "ft": 0.3048, "feet": 0.3048, "foot": 0.3048, "international foot": 0.3048,
    "us-ft": 1200 / 3937, "us_ft": 1200 / 3937, "ftus": 1200 / 3937, "us survey foot": 1200 / 3937,
    "foot_us": 1200 / 3937, "us survey feet": 1200 / 3937,
}  # fmt: skip


_MOST = 1e30  # of a scale and an offset


class Linear(NamedTuple):
    """Value = stored number x scale + offset."""

    scale: float
    offset: float

    @property
    def changes(self) -> bool:
        return self.scale != 1 or self.offset != 0


def linear_of(band: gdal.Band) -> Linear:
    """Scale and offset of a band; lengths in feet become metres. Raises InputError where they make no numbers."""
    metres = METRES.get((band.GetUnitType() or "").strip().casefold(), 1.0)
    scale, offset = band.GetScale(), band.GetOffset()
    found = Linear((1.0 if scale is None else scale) * metres, (0.0 if offset is None else offset) * metres)
    if not (abs(found.scale) <= _MOST and abs(found.offset) <= _MOST):
        raise InputError(
            say(
                "{named} declares a scale of {scale:g} and an offset of {offset:g}, by which no value is a number. Set "
                "the right ones (Raster > Conversion > Translate, with -a_scale and -a_offset).",
                named=short_name(band.GetDataset().GetDescription()),
                scale=found.scale,
                offset=found.offset,
            )
        )
    return found
