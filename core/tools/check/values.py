"""Checks of what the pixels of a band hold: nodata, fill values, codes, units."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
from osgeo import gdal

from ...land_cover import HIGHEST_CODE, LandCoverScheme, unknown_codes_message
from ...quantities import ANY, quantity_of_file
from ...raster.dataset import quiet_gdal
from .band_profile import BandProfile, End
from .grids import Told

_DECLARE = (
    "Declare the nodata value with Raster > Conversion > Translate (gdal:translate, option Assign a specified nodata "
    "value)."
)
_RANGE = "Set it as the nodata value (gdal:translate), or give a valid range where the raster is used."
# An end value is taken for a fill when it stands apart by more than the whole range of the others.
_GAP = 1.0


def check_nodata(band: gdal.Band, profile: BandProfile) -> Iterator[Told]:
    """Whether nodata is declared, can occur, and how much is valid."""
    nodata = band.GetNoDataValue()
    masked = not band.GetMaskFlags() & (gdal.GMF_ALL_VALID | gdal.GMF_NODATA)
    if nodata is None and not masked:
        corners = _corner_value(band)
        hint = f"; the four corners hold {corners:g}, which may stand for nodata" if corners is not None else ""
        if profile.nans:
            yield "nodata", "ok", "NaN counts as nodata", ""
        else:
            yield "nodata", "warning", f"none declared: every pixel is taken as a value{hint}", _DECLARE
    elif nodata is not None and not _can_occur(band, nodata):
        found = f"{nodata:g} is declared, which the type {gdal.GetDataTypeName(band.DataType)} cannot hold"
        yield "nodata", "warning", found, _DECLARE
    else:
        yield "nodata", "ok", "a mask band" if nodata is None else f"{nodata:.10g}", ""
    if _is_signed_byte(band):
        yield "type", "ok", "signed bytes (-128 to 127), understood as such", ""
    scale, offset = band.GetScale() or 1.0, band.GetOffset() or 0.0
    if (scale, offset) != (1.0, 0.0):
        yield "scale", "ok", f"values are the stored numbers x {scale:g} + {offset:g}", ""


def _is_signed_byte(band: gdal.Band) -> bool:
    old_style = band.GetMetadataItem("PIXELTYPE", "IMAGE_STRUCTURE") == "SIGNEDBYTE"
    return old_style or gdal.GetDataTypeName(band.DataType) == "Int8"


def _can_occur(band: gdal.Band, nodata: float) -> bool:
    if band.DataType in (gdal.GDT_Float32, gdal.GDT_Float64):
        return True
    if np.isnan(nodata) or nodata != int(nodata):
        return False
    signed = _is_signed_byte(band)
    limits = {
        gdal.GDT_Byte: (-128, 127) if signed else (0, 255),
        gdal.GDT_UInt16: (0, 65535),
        gdal.GDT_Int16: (-32768, 32767),
        gdal.GDT_UInt32: (0, 2**32 - 1),
        gdal.GDT_Int32: (-(2**31), 2**31 - 1),
    }
    low, high = limits.get(band.DataType, (-128, 127) if signed else (-np.inf, np.inf))
    return low <= nodata <= high


def _corner_value(band: gdal.Band) -> float | None:
    """The value that all four corners share, None where they differ or cannot be read."""
    values = set()
    with quiet_gdal():
        for column in (0, band.XSize - 1):
            for row in (0, band.YSize - 1):
                try:
                    corner = band.ReadAsArray(column, row, 1, 1)
                except RuntimeError:
                    return None
                values.add(None if corner is None else float(corner[0, 0]))
    return values.pop() if len(values) == 1 else None


def check_values(profile: BandProfile, classes: bool) -> Iterator[Told]:
    """How much is valid, whether anything varies, and whether an end of the range is a fill value."""
    if profile.low is None or profile.high is None:
        if profile.pixels:
            yield "values", "problem", "no pixel is valid", "Check the nodata value, or choose another raster."
        return
    found = f"{profile.low.value:.6g} to {profile.high.value:.6g}, {profile.valid_pct:.3g} % of the pixels valid"
    if profile.low.value == profile.high.value:
        word = "class" if classes else "value"
        mend = "Check that it is the right raster: nothing varies in it."
        yield "values", "warning", f"only one {word} occurs: {profile.low.value:.6g} ({profile.valid} px)", mend
    else:
        yield "values", "ok", found, ""
    if not classes:
        for end in (profile.low, profile.high):
            yield from _check_fill(end, profile)


def _check_fill(end: End, profile: BandProfile) -> Iterator[Told]:
    known = _known_fill(end.value)
    if known and end.next is not None:
        yield "fill value", "problem", f"{end.value:.10g} ({end.pixels} px) looks like {known}", _RANGE
    elif _stands_apart(end, profile):
        found = f"{end.value:.10g} ({end.pixels} px) stands apart: the next value is {end.next:.10g}"
        yield "fill value", "warning", found, f"Where it stands for nodata: {_RANGE[0].lower()}{_RANGE[1:]}"


def _known_fill(value: float) -> str | None:
    fill = ANY.meant.fill(value)
    return fill.means.en if fill else None


def _stands_apart(end: End, profile: BandProfile) -> bool:
    """Some pixels share the end value, and between it and the next there is more than the range of the others."""
    if end.next is None or not 2 <= end.pixels <= profile.valid / 2:
        return False
    other = profile.high if end is profile.low else profile.low
    return other is not None and abs(end.value - end.next) > _GAP * abs(end.next - other.value) > 0


def check_codes(band: gdal.Band, profile: BandProfile, scheme: LandCoverScheme | None, named: str) -> Iterator[Told]:
    """Whether a class raster holds whole codes that the scheme knows."""
    if scheme is None and not profile.looks_like_classes:
        return
    if profile.fractions:
        found = f"{profile.fractions} px hold fractions, though the others are few whole numbers"
        mend = "Choose the classified raster; it was interpolated: warp it again with the nearest neighbour."
        yield "codes", "problem", found, mend
    elif profile.codes is not None and band.DataType in (gdal.GDT_Float32, gdal.GDT_Float64):
        mend = "Nothing; a Byte raster is smaller and safer (gdal:translate, output data type)."
        yield "codes", "warning", "whole numbers in a floating-point raster", mend
    if scheme is None:
        return
    if profile.codes is None:
        mend = "Give the land cover first, then the other rasters; or leave SCHEME blank."
        yield "codes", "problem", "too many different values for land-cover classes", mend
        return
    too_high = [code for code in profile.codes if code > HIGHEST_CODE or code < 0]
    if too_high:
        found = f"codes outside 0 to {HIGHEST_CODE}: {', '.join(map(str, too_high[:10]))}"
        yield "codes", "problem", found, "Reclassify the land cover with native:reclassifybytable."
    unknown = {c: px for c, px in profile.codes.items() if not scheme.known(c) and c not in too_high}
    if unknown:
        mend = "Add the codes to the class table, or declare the one that stands for nodata (gdal:translate)."
        yield "codes", "problem", unknown_codes_message(named, scheme, unknown), mend
    elif not too_high and profile.codes and not profile.fractions:
        yield "codes", "ok", f"{len(profile.codes)} classes, all known in {scheme.title}", ""


def check_unit(path: str, band: gdal.Band, profile: BandProfile) -> Iterator[Told]:
    """What the range, together with the name of the raster, tells about its unit."""
    if profile.low is None or profile.high is None:
        return
    fills = frozenset(end.value for end in (profile.low, profile.high) if _known_fill(end.value))
    least, most = (
        end.next if end.value in fills and end.next is not None else end.value for end in (profile.low, profile.high)
    )
    folder, file = os.path.split(path)
    held = quantity_of_file(f"{os.path.basename(folder)}/{os.path.splitext(file)[0]} {band.GetDescription()}".strip())
    shown = {
        "least": least,
        "median": profile.percentile(50, fills),
        "p98": profile.percentile(98, fills),
        "most": most,
    }
    slip = held.slip(shown) if held else None
    if held and slip:
        found = f"as {held.label()}, {least:.6g} to {most:.6g} looks like {slip.looks.en}"
        yield "unit", "warning", found, slip.mend.en
