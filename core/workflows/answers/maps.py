"""The maps of page one."""

from __future__ import annotations

from collections.abc import Sequence

from ...report import Map, MapPicture, Ramp
from ...report.maps import PathLike
from ...report.texts import load_texts


def value_map(path: PathLike, years: Sequence[int], language: str, title: str = "map_headline_assets") -> Map:
    """Values of the first and the last year side by side; of a raster with a band per year."""
    words = load_texts(language)
    bands = {years[0]: 1, years[-1]: len(years)}
    pictures = [MapPicture(path, str(year), band) for year, band in bands.items()]
    return Map(words[title], pictures, Ramp())


def change_map(path: PathLike, years: Sequence[int], language: str) -> Map:
    """The change over the whole period, which is the last band where there are several."""
    words = load_texts(language)
    pairs = len(years) - 1
    band = pairs + 1 if pairs > 1 else 1
    picture = MapPicture(path, f"{years[0]}–{years[-1]}", band)
    return Map(words["map_headline_esv"], [picture], Ramp(palette="diverging"))
