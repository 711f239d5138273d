"""Checks of years: what names, bands, tags and time axes tell of a raster, against the year for which it is given."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from osgeo import gdal

from ..errors import InputError
from ..messages import Message, say
from ..raster.dataset import open_raster, short_name
from .finding import Finding, Place, Severity

# A four-digit number that is part of a datum, a length, a release or a version is no year.
_NO_YEAR = re.compile(
    r"(?i)(?<![a-z])("
    r"cgcs[\s_-]?2000|wgs[\s_-]?19(84|72)|xi[_']?an[\s_-]?1980|(beijing|bj)[\s_-]?1954|nad[\s_-]?19(27|83)"
    r"|pulkovo[\s_-]?19(42|63|95)|etrs[\s_-]?1989|gda[\s_-]?(1994|2020)|jgd[\s_-]?20(00|11)|grs[\s_-]?19(67|80)"
    r"|itrf[\s_-]?(19(8[89]|9[0-7])|20(00|05|08|14|20))|datum[\s_-]?\d{4}|epsg[\s_:-]*\d{4,5}"
    r"|v\d+(\.\d{1,2})+|v(19|20)\d\d|r(19|20)\d\d[a-z]"
    r")(?!\d)"
    r"|(?<!\d)(19|20)\d\d\s?(m|km|cm|mm|ft|px|dpi)(?![a-z])"
)
# R2010 may be rainfall erosivity of 2010 or a release: it is a year where nothing else is.
_BARE_R = re.compile(r"(?i)(?<![a-z])r(19[5-9]\d|20[0-4]\d|2050)(?![a-z0-9])")
_DAY = r"(?<!\d)((?:19|20)\d\d)[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])(?!\d)"
_DAY_OF_YEAR = r"(?<![A-Za-z0-9])A?((?:19|20)\d\d)(?:00[1-9]|0[1-9]\d|[12]\d\d|3[0-5]\d|36[0-6])(?!\d)"
_MONTH = r"(?<!\d)((?:19|20)\d\d)[-_.]?(?:0[1-9]|1[0-2])(?!\d)"
_YEAR = r"(?<!\d)((?:19|20)\d\d)(?!\d)"
# Scenes name the day of the image before that of processing.
_SCENES = (
    re.compile(r"(?i)(?<![a-z0-9])L[a-z]\d\d_[a-z0-9]{4}_\d{6}_((?:19|20)\d\d)\d{4}(?!\d)"),
    re.compile(r"(?<![A-Za-z0-9])A((?:19|20)\d\d)\d{3}(?!\d)"),
    re.compile(r"(?i)S2[a-d]_MSIL\w{2}_((?:19|20)\d\d)\d{4}T"),
)
_TAGS = ("ecoassets_year", "year", "acquisition_date", "date_acquired", "time_coverage_start", "datetime", "date")
_UNITS = {"days": 86_400.0, "hours": 3_600.0, "minutes": 60.0, "seconds": 1.0}


@dataclass(frozen=True)
class Evidence:
    """The year that something tells of a band, and what tells it."""

    year: int
    told_by: Message


def years_in(text: str) -> set[int]:
    """The years that a name tells, of dates or alone; numbers of datums, lengths and versions are none.

    >>> sorted(years_in("npp_CGCS2000_2015_1000m.tif"))
    [2015]
    >>> sorted(years_in("lucc_Beijing_2010.tif"))
    [2010]
    """
    for scene in _SCENES:
        found = scene.search(text)
        if found:
            return {int(found[1])}
    named = _NO_YEAR.sub(" ", text)
    return _years_alone(_BARE_R.sub(" ", named)) or {int(year) for year in _BARE_R.findall(named)}


def _years_alone(text: str) -> set[int]:
    """Years of dates, then those that stand alone in what the dates leave."""
    rest, years = text, set()
    for pattern in (_DAY, _DAY_OF_YEAR, _MONTH, _YEAR):
        years |= {int(year) for year in re.findall(pattern, rest)}
        rest = re.sub(pattern, " ", rest)
    return years


def evidence_of(path: str, band: int, layer_name: str = "", *, image: bool = False) -> Evidence | None:
    """What tells the year of a band, the nearest first; two years in one name are no evidence.

    Args:
        path: of the raster.
        band: its number.
        layer_name: what the layer tree calls it; "" where there is no layer.
        image: whether all bands of the file are of one date, so that its name and its tags tell the year of each.

    Raises:
        InputError: the raster cannot be opened.
    """
    dataset = open_raster(path)
    described = dataset.GetRasterBand(band)
    alone = image or dataset.RasterCount == 1
    file = short_name(path)
    stem = file.rpartition(".")[0] or file
    folder = path.replace("\\", "/").rstrip("/").rpartition("/")[0].rpartition("/")[2]
    told = [
        (years_in(described.GetDescription()), say("band description")),
        (_of_tags(described.GetMetadata()), say("tag of the band")),
        (_of_time_axis(dataset, described), say("time axis")),
        (_of_tags(dataset.GetMetadata()) if alone else set(), say("tag of the file")),
        (years_in(layer_name) if alone and layer_name != stem else set(), say("layer name")),
        (years_in(stem) if alone else set(), say("file name")),
        (years_in(folder) if alone and re.fullmatch(_YEAR, folder) else set(), say("folder name")),
    ]
    return next((Evidence(years.pop(), told_by) for years, told_by in told if len(years) == 1), None)


def _of_tags(tags: Mapping[str, str]) -> set[int]:
    """Years of tags that tell when something was observed; those of writing the file tell nothing."""
    values = {key.rpartition("#")[2].lower(): value for key, value in tags.items()}
    found = [years_in(values[tag]) for tag in _TAGS if tag in values]
    return next((years for years in found if years), set())


def _of_time_axis(dataset: gdal.Dataset, band: gdal.Band) -> set[int]:
    """The year of the time of a band of a netCDF file."""
    time = band.GetMetadataItem("NETCDF_DIM_time")
    described = dataset.GetMetadataItem("time#units") or ""
    match = re.match(r"(\w+) since (\d{4}-\d{1,2}-\d{1,2})", described)
    if time is None or match is None or match[1] not in _UNITS:
        return set()
    try:
        start = datetime.strptime(match[2], "%Y-%m-%d")
        return {(start + timedelta(seconds=float(time) * _UNITS[match[1]])).year}
    except (ValueError, OverflowError):
        return set()


def told_years(
    paths: Sequence[str], layer_names: Mapping[str, str] | None = None, *, images: bool = False
) -> tuple[int | None, ...]:
    """The year that is told of each raster, or of each band of a single one; None where nothing tells it.

    Args:
        paths: of the rasters.
        layer_names: what the layer tree calls them.
        images: whether each raster is of one date, whatever the number of its bands.

    Raises:
        InputError: a raster cannot be opened.
    """
    names = layer_names or {}
    bands = [(path, band) for path in paths for band in range(1, open_raster(path).RasterCount + 1)]
    if len(paths) > 1 or images:
        bands = [(path, 1) for path in paths]
    found = [evidence_of(path, band, names.get(path, ""), image=images) for path, band in bands]
    return tuple(evidence.year if evidence else None for evidence in found)


def years_of(
    paths: Sequence[str], layer_names: Mapping[str, str] | None = None, *, images: bool = False
) -> tuple[int, ...]:
    """The years of rasters for which none were given, one each; rasters may stand in any order. Takes `told_years`'.

    Raises:
        InputError: nothing tells the year of a raster, or two are of one year.
    """
    told = told_years(paths, layer_names, images=images)
    twice = [path for path, count in Counter(paths).items() if count > 1]
    if twice:
        raise InputError(
            say(
                "YEARS is empty, and {files} is given {times} times. Choose each raster once, the raster of each year.",
                files=short_name(twice[0]),
                times=Counter(paths)[twice[0]],
            )
        )
    if not told or None in told:
        unknown = (
            [short_name(path) for path, year in zip(paths, told) if year is None] if len(told) == len(paths) else paths
        )
        raise InputError(
            say(
                "YEARS is empty, and nothing tells the year of {files}. Write the years of the rasters in order, such "
                "as 2000, 2005, 2010.",
                files=", ".join(map(short_name, unknown)),
            )
        )
    years = tuple(year for year in told if year is not None)
    if len(set(years)) < len(years):
        raise InputError(
            say(
                "YEARS is empty, and the rasters tell the same year twice: {years}. Write the years in order.",
                years=", ".join(map(str, years)),
            )
        )
    return years


def check_years(rasters: Sequence[tuple[Place, Evidence | None]], insist: bool) -> Iterator[Finding]:
    """Whether rasters are given for the years that they tell themselves.

    Args:
        rasters: each with the year for which it is given, and what tells its own.
        insist: whether the user's years hold all the same.
    """
    told = [(place, found) for place, found in rasters if found is not None]
    wrong = [(place, found) for place, found in told if found.year != place.year]
    if not wrong:
        return
    slots = {place.year: (place.path, place.band) for place, _ in rasters}
    # a raster that stands for its own year as well is given twice, not crossed
    crossed = [(p, found) for p, found in wrong if slots.get(found.year, (p.path, p.band)) != (p.path, p.band)]
    pairs = ", ".join(_told_as(place, found) for place, found in crossed or wrong)
    values = {"pairs": pairs, "by": wrong[0][1].told_by, "order": _order(told)}
    where = tuple(place for place, _ in crossed or wrong)
    if crossed:
        severity: Severity = "warn" if insist else "stop"
        text = "{where}: the years are crossed, by the {by}: {pairs}."
        mend = "Give the rasters in the order of YEARS: {order}. If the names are wrong, tick INSIST_ON_YEARS."
        if _are_bands(rasters, told):
            values["bands"] = _sorted_bands(told)
            mend = (
                "Bring the bands in the order of YEARS: {order}. Raster > Conversion > Translate does it with {bands} "
                "as additional command-line parameters. If the names are wrong, tick INSIST_ON_YEARS."
            )
        yield Finding("years", severity, where, text, mend, values)
    else:
        text = "{where}: by the {by}, rasters are of other years than those for which they are given: {pairs}."
        yield Finding("years", "warn", where, text, "Choose the raster of the year, or correct YEARS.", values)


def _are_bands(rasters: Sequence[tuple[Place, Evidence | None]], told: Sequence[tuple[Place, Evidence]]) -> bool:
    """Whether the years are bands of one raster that all tell theirs: they cannot be chosen in another order."""
    return len({place.path for place, _ in rasters}) == 1 < len(told) == len(rasters)


def _sorted_bands(told: Sequence[tuple[Place, Evidence]]) -> str:
    """What `gdal_translate` is told, so that bands rise in time."""
    return " ".join(f"-b {place.band or 1}" for place, _ in sorted(told, key=lambda pair: pair[1].year))


def _told_as(place: Place, found: Evidence) -> str:
    name = short_name(place.path) + (f" band {place.band}" if place.band else "")
    return f"{name} {found.year} → {place.year}"


def _order(told: Sequence[tuple[Place, Evidence]]) -> str:
    """The rasters as their own years would have them."""
    by_year = sorted(told, key=lambda pair: pair[1].year)
    return ", ".join(
        f"{found.year} = {short_name(place.path)}" + (f" band {place.band}" if place.band else "")
        for place, found in by_year
    )


def check_order(rasters: Sequence[tuple[Place, Evidence | None]]) -> Iterator[Finding]:
    """Whether rasters that are given from first to last, without years, rise in time."""
    told = [(place, found) for place, found in rasters if found is not None]
    years = [found.year for _, found in told]
    if len(told) == len(rasters) > 1 and len(set(years)) == len(years) and years != sorted(years):
        values = {"by": told[0][1].told_by, "order": _order(told), "given": ", ".join(map(str, years))}
        text = "{where}: the dates are crossed, by the {by}: they are given as {given}."
        mend = "Give them in the order of time: {order}."
        if _are_bands(rasters, told):
            values["bands"] = _sorted_bands(told)
            mend = (
                "Bring the bands in the order of time: {order}. Raster > Conversion > Translate does it with {bands} "
                "as additional command-line parameters."
            )
        yield Finding("years", "stop", tuple(place for place, _ in rasters), text, mend, values)


def check_acquisition(dates: Sequence[tuple[Place, str]], insist: bool) -> Iterator[Finding]:
    """Whether images were taken in the years for which they are given, and in one season.

    Args:
        dates: of acquisition (`YYYY-MM-DD`) from the metadata, each with the place of its image and its year.
        insist: whether the user's years hold all the same.
    """
    for place, date in dates:
        if date[:4].isdigit() and place.year is not None and int(date[:4]) != place.year:
            text = "{where} was taken on {date} by its metadata, and is given for {year}."
            mend = "Give the image and the metadata of one year. If the metadata are wrong, tick INSIST_ON_YEARS."
            values = {"date": date, "year": place.year}
            yield Finding("years", "warn" if insist else "stop", (place,), text, mend, values)
    days = {date: datetime.strptime(date, "%Y-%m-%d").timetuple().tm_yday for _, date in dates if _is_date(date)}
    apart = [(one, other) for one in days for other in days if _days_between(days[one], days[other]) > _SEASON_DAYS]
    if apart:
        one, other = sorted(apart[0])
        text = "{where}: images of different seasons are compared ({one} and {other}): plants differ by the season."
        values = {"one": one, "other": other}
        yield Finding("season", "warn", tuple(place for place, _ in dates), text, "Take images of one season.", values)


_SEASON_DAYS = 60


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        return False
    return True


def _days_between(first: int, second: int) -> int:
    """Days of the year between two of them, round the turn of the year."""
    apart = abs(first - second)
    return min(apart, 365 - apart)
