"""Maps of a bundled report: rasters of any origin, grouped so that what compares shares one scale of colours."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from osgeo import gdal

from ...raster.dataset import open_raster
from ...report import ClassColour, Classes, Map, MapPicture, Ramp
from ...report.pictures.quicklook import MAX_LEGEND, PERCENTILES, read_sample
from ...report.texts import load_palettes
from .words import Words, readable

MOST_PICTURES = 12  # of one raster
_PROBE = 200  # longer side, in pixels, of what is read to choose a legend
_LOSS_SHARE = 0.05  # of the larger side, from which values below zero are losses and no blemish
_BULK = (10, 90)  # percentiles between which most values lie
_REACH = 3  # times the bulk, beyond which values are a few that stand out
_YEAR = re.compile(r"(?<![0-9])(?:1[89]|20)[0-9]{2}(?![0-9])")


@dataclass(frozen=True)
class BundledRaster:
    """A raster that a report shows.

    Attributes:
        path: of the file.
        title: what it is called.
        classes: the legend under which the user sees it; empty for that of the file, or a ramp.
    """

    path: str
    title: str
    classes: tuple[ClassColour, ...] = ()


@dataclass(frozen=True)
class _Picture:
    """A band and what decides with which others it compares."""

    subject: str
    place: str
    unit: str
    classes: tuple[ClassColour, ...]
    picture: MapPicture


def maps_of(rasters: Sequence[BundledRaster], words: Words) -> list[Map]:
    """A map per raster and quantity; the years of a quantity stand side by side under one legend.

    Years are those of bands (`2005`, `2005|water_supply`) or of the names of single bands in one folder
    (`npp_2000.tif`, `npp_2005.tif`). Of a raster with more bands than a page can hold the last one of each quantity
    is shown, and a note says so.

    Raises:
        InputError: a raster cannot be read.
    """
    maps = []
    notes: dict[str, str] = {}
    pictures: list[_Picture] = []
    for raster in rasters:
        found = _pictures(raster, words)
        shown = _fewer(found)
        if len(shown) < len(found):
            notes[shown[0].subject] = words["bundle_bands_cut"].format(shown=len(shown), count=len(found))
        pictures += shown
    for alike in _grouped(pictures):
        first, side_by_side = alike[0], [one.picture for one in alike]
        legend = _legend(alike) if first.classes else _ramp(side_by_side, first.unit)
        maps.append(Map(first.subject, side_by_side, legend, notes.get(first.subject, "")))
    return maps


def _grouped(pictures: Iterable[_Picture]) -> list[list[_Picture]]:
    """Pictures that compare, in the order in which the first of each group came."""
    groups: dict[tuple[str, str, str, bool], list[_Picture]] = {}
    for one in pictures:
        groups.setdefault((one.subject, one.place, one.unit, bool(one.classes)), []).append(one)
    return list(groups.values())


def _legend(pictures: Iterable[_Picture]) -> Classes:
    """One legend for all: a class of several pictures keeps its first name, one without a colour gets one."""
    known: dict[int, ClassColour] = {}
    for one in pictures:
        for entry in one.classes:
            known.setdefault(entry.code, entry)
    colours = load_palettes()
    return Classes(
        [
            ClassColour(entry.code, entry.name, entry.colour or colours.category(index))
            for index, (_, entry) in enumerate(sorted(known.items()))
        ]
    )


def _pictures(raster: BundledRaster, words: Words) -> list[_Picture]:
    dataset = open_raster(raster.path, raster.title)
    title = readable(raster.title)
    pictures = []
    for number in range(1, dataset.RasterCount + 1):
        band = dataset.GetRasterBand(number)
        when, _, what = band.GetDescription().partition("|")
        place = raster.path
        subject = title
        if dataset.RasterCount == 1:
            year = _YEAR.search(raster.title)
            if year:
                subject = readable(raster.title.replace(year.group(), "")) or title
                place = os.path.dirname(raster.path)
                when = year.group()
        elif not _YEAR.search(when):
            when, what = "", what or when or words["bundle_band"].format(number=number)
        if what:
            subject = f"{subject}: {words.get(what, readable(what))}"
        picture = MapPicture(raster.path, when if _YEAR.search(when) else "", number)
        classes = raster.classes or _classes(raster.path, band, number)
        pictures.append(_Picture(subject, place, band.GetUnitType(), classes, picture))
    return pictures


def _fewer(pictures: list[_Picture]) -> list[_Picture]:
    if len(pictures) <= MOST_PICTURES:
        return pictures
    last = {one.subject: one for one in pictures}
    return list(last.values())[:MOST_PICTURES]


def _classes(path: str, band: gdal.Band, number: int) -> tuple[ClassColour, ...]:
    """The classes of a band: those of the file, else its few whole numbers; empty for continuous values."""
    if band.DataType in (gdal.GDT_Float32, gdal.GDT_Float64):
        return ()
    names, table = band.GetCategoryNames() or [], band.GetRasterColorTable()
    if not names and (band.GetUnitType() or band.GetScale() not in (None, 1.0)):
        return ()
    values = read_sample(path, number, nearest=True, max_size=_PROBE).values
    codes = [int(code) for code in np.unique(values[np.isfinite(values)])]
    if names or table:
        codes = sorted({*codes, *(code for code, name in enumerate(names) if name)})
    elif len(codes) > MAX_LEGEND:
        return ()
    return tuple(ClassColour(code, _name(code, names), _colour(code, table)) for code in codes)


def _name(code: int, names: Sequence[str]) -> str:
    return (names[code] if 0 <= code < len(names) else "") or str(code)


def _colour(code: int, table: gdal.ColorTable | None) -> str:
    if table is None or not 0 <= code < table.GetCount():
        return ""
    return "#{:02x}{:02x}{:02x}".format(*table.GetColorEntry(code)[:3])


def _ramp(pictures: Sequence[MapPicture], unit: str) -> Ramp:
    """A ramp, with its middle at zero where values lie clearly on both sides of it.

    A few lakes that hold a hundred times what land holds take the end colour, rather than hide what tells land apart.
    """
    samples = [read_sample(one.path, one.band, nearest=False, max_size=_PROBE).values for one in pictures]
    values = np.concatenate([sample[np.isfinite(sample)] for sample in samples])
    if not values.size:
        return Ramp(unit)
    low, lower, upper, high = (
        float(value) for value in np.percentile(values, (PERCENTILES[0], *_BULK, PERCENTILES[1]))
    )
    if low < 0 < high and min(-low, high) > _LOSS_SHARE * max(-low, high):
        return Ramp(unit, "diverging")
    farthest = upper + _REACH * (upper - lower)
    return Ramp(unit, high=float(f"{farthest:.2g}")) if lower < upper and high > farthest else Ramp(unit)
