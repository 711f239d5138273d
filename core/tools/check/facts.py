"""What is in order, told for the record, and what only the whole file shows: nodata, range, classes, years."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from osgeo import gdal

from ...errors import InputError
from ...inputs.profile import RasterProfile
from ...land_cover import LandCoverScheme
from ...messages import listed, say
from ...raster.dataset import quiet_gdal
from ...years import parse_years
from .grids import Told

_DECLARE = say(
    "Declare the nodata value with Raster > Conversion > Translate (gdal:translate, option Assign a specified nodata "
    "value)."
)
_LIMITS = {"UInt16": (0, 65535), "Int16": (-32768, 32767), "UInt32": (0, 2**32 - 1), "Int32": (-(2**31), 2**31 - 1)}


def nodata_facts(band: gdal.Band, profile: RasterProfile) -> Iterator[Told]:
    """How the file says what is no value, and how its numbers are stored."""
    nodata = profile.nodata
    if not profile.declares_nodata:
        corners = _corner_value(band)
        if profile.gaps:
            yield "nodata", "ok", say("NaN counts as nodata"), ""
        elif corners is not None:
            yield (
                "nodata",
                "warning",
                say("the four corners hold {corners:g}, which may stand for nodata", corners=corners),
                _DECLARE,
            )
    elif nodata is not None and not _can_occur(band, nodata):
        yield (
            "nodata",
            "warning",
            say("{nodata:g} is declared, which the type {dtype} cannot hold", nodata=nodata, dtype=profile.dtype),
            _DECLARE,
        )
    else:
        yield "nodata", "ok", say("a mask band") if nodata is None else f"{nodata:.10g}", ""
    if _is_signed_byte(band):
        yield "type", "ok", say("signed bytes (-128 to 127), understood as such"), ""
    if (profile.scale, profile.offset) != (1.0, 0.0):
        yield (
            "scale",
            "ok",
            say("values are the stored numbers x {scale:g} + {offset:g}", scale=profile.scale, offset=profile.offset),
            "",
        )


def _is_signed_byte(band: gdal.Band) -> bool:
    old_style = band.GetMetadataItem("PIXELTYPE", "IMAGE_STRUCTURE") == "SIGNEDBYTE"
    return old_style or gdal.GetDataTypeName(band.DataType) == "Int8"


def _can_occur(band: gdal.Band, nodata: float) -> bool:
    name = gdal.GetDataTypeName(band.DataType)
    if name in ("Float32", "Float64"):
        return True
    if np.isnan(nodata) or nodata != int(nodata):
        return False
    low, high = _LIMITS.get(name, (-128, 127) if _is_signed_byte(band) else (0, 255))
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


def value_facts(profile: RasterProfile, classes: bool) -> Iterator[Told]:
    """The range, how much is valid, and whether anything varies."""
    if profile.low is None or profile.high is None:
        if profile.pixels:
            yield (
                "values",
                "problem",
                say("no pixel is valid"),
                say("Check the nodata value, or choose another raster."),
            )
        return
    if profile.low == profile.high and not profile.fills:
        word = say("class") if classes else say("value")
        mend = say("Check that it is the right raster: nothing varies in it.")
        found = say("only one {word} occurs: {low:.6g} ({valid} px)", word=word, low=profile.low, valid=profile.valid)
        yield "values", "warning", found, mend
        return
    numbers = {"low": profile.low, "high": profile.high, "share": profile.valid_pct}
    yield "values", "ok", say("{low:.6g} to {high:.6g}, {share:.3g} % of the pixels valid", **numbers), ""


def class_facts(profile: RasterProfile, scheme: LandCoverScheme | None) -> Iterator[Told]:
    """Whether a class raster holds whole codes, and few of them."""
    if scheme is None and not profile.looks_like_classes:
        return
    if profile.fractions:
        found = say("{count} px hold fractions, though the others are few whole numbers", count=profile.fractions)
        mend = say("Choose the classified raster; it was interpolated: warp it again with the nearest neighbour.")
        yield "codes", "problem", found, mend
    elif profile.codes is not None and profile.dtype.startswith("Float"):
        mend = say("Nothing; a Byte raster is smaller and safer (gdal:translate, output data type).")
        yield "codes", "warning", say("whole numbers in a floating-point raster"), mend
    if scheme is None:
        return
    if profile.codes is None:
        mend = say("Give the land cover first, then the other rasters; or leave SCHEME blank.")
        yield "codes", "problem", say("too many different values for land-cover classes"), mend
    elif profile.codes and not profile.fractions and all(map(scheme.known, profile.codes)):
        told = say("{count} classes, all known in {scheme}", count=len(profile.codes), scheme=scheme.title)
        yield "codes", "ok", told, ""


def pair_years(
    text: str, names: Sequence[str], bands: Sequence[int], classes: Sequence[bool]
) -> tuple[list[tuple[int, int, int]], list[Told]]:
    """Which raster and band are for which year, as far as the numbers of rasters and bands tell.

    Args:
        text: as in `YEARS`.
        names: file names in order.
        bands: their numbers of bands.
        classes: whether each looks like a class raster; these are paired with the years where all rasters together
            are more than the years.

    Returns:
        Position of the raster, band and year of each pair, and what is to be told of the pairing.
    """
    try:
        years = parse_years(text)
    except InputError as reason:
        return [], [("years", "problem", listed([reason], ""), say("Write the years like 2000, 2005, 2010, rising."))]
    every, covers = list(range(len(names))), [i for i, is_class in enumerate(classes) if is_class]
    series = next((s for s in (every, covers) if len(s) == len(years)), None)
    told_years = ", ".join(map(str, years))
    if series is not None:
        told = "; ".join(f"{year} = {names[i]}" for i, year in zip(series, years))
        return [(i, 1, year) for i, year in zip(series, years)], [("years", "ok", told, "")]
    if len(years) in bands:
        raster = list(bands).index(len(years))
        pairs = [(raster, band + 1, year) for band, year in enumerate(years)]
        return pairs, [("years", "ok", say("{years}: one raster has a band per year", years=told_years), "")]
    found = say(
        "{count} years ({years}) for {rasters} rasters, of which {covers} look like classes",
        count=len(years), years=told_years, rasters=len(names), covers=len(covers),
    )  # fmt: skip
    mend = say("Give one single-band raster per year, or one raster with a band per year.")
    # Next to other rasters, a series cannot be told from the count alone
    mixed = len(years) < len(names) and 0 < len(covers) < len(names)
    return [], [("years", "warning" if mixed else "problem", found, mend)]
