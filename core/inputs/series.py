"""Checks of rasters side by side: a break of the scale between years, one raster under two years, inputs swapped."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations, product

import numpy as np

from ..quantities import quantity, quantity_of_file
from ..raster.dataset import stem_of
from .finding import Finding, Place
from .profile import RasterProfile

Looked = tuple[Place, RasterProfile]
# Between two years nothing that covers the land changes everywhere by as much.
_BREAK = 8.0
_QUANTILES = 25, 50, 75, 98
_FEWEST = 25  # values; a handful may well be alike, or grow tenfold
# A high value over a typical one: of flow accumulation, and of heights.
_UNEVEN, _EVEN = 10.0, 8.0
_PLAIN = ("elevation", "precipitation", "evapotranspiration", "temperature", "npp", "ndvi", "population")
# Inputs of one unit of which the first is nearly everywhere the larger one.
LARGER_OF_TWO = (("precipitation", "evapotranspiration"),)


def check_series(looked: Sequence[Looked], kind: str) -> Iterator[Finding]:
    """What the rasters of one input show beside one another."""
    yield from _twins(looked)
    if kind != "classes":
        yield from _break(looked)


def _twins(looked: Sequence[Looked]) -> Iterator[Finding]:
    """The same raster for several years: nothing would have changed."""
    if len({place.path for place, _ in looked}) == 1 and all(profile.made for _, profile in looked):
        return  # bands of one map of this plugin, which holds what has not changed, such as lakes, in every year
    files: dict[Hashable, list[Place]] = {}
    pixels: dict[Hashable, list[Place]] = {}
    for place, profile in looked:
        file = profile.path, profile.band
        if file not in files and profile.valid >= _FEWEST:
            pixels.setdefault((profile.size, profile.checksum), []).append(place)
        files.setdefault(file, []).append(place)
    text = "{where}: the same raster is given for {first} and for {second}. Nothing changes between them."
    yield from (_same(places, text) for places in files.values() if len(places) > 1)
    text = "{where}: the pixels of {first} and {second} are the same. Nothing changes between them."
    yield from (_same(places, text) for places in pixels.values() if len(places) > 1)


def _same(places: Sequence[Place], text: str) -> Finding:
    values = {"first": ", ".join(map(_when, places[:-1])), "second": _when(places[-1])}
    return Finding("twins", "warn", tuple(places), text, "Choose the raster of each year.", values)


def _break(looked: Sequence[Looked]) -> Iterator[Finding]:
    """All values of one year are many times those of another: the unit or the scale has changed."""
    levels = [
        (place, np.percentile(profile.sample, _QUANTILES))
        for place, profile in looked
        if profile.sample.size >= _FEWEST and profile.low is not None and profile.low >= 0
    ]
    found = []
    for (one, first), (two, second) in combinations(levels, 2):
        ratio = _times(first, second)
        if ratio is not None:
            found.append((abs(np.log(ratio)), ratio, one, two))
    if found:
        _, ratio, one, two = max(found, key=lambda pair: pair[0])
        small, large = (one, two) if ratio > 1 else (two, one)
        values = {"large": _when(large), "small": _when(small), "times": f"{max(ratio, 1 / ratio):.3g}"}
        text = "{where}: values of {large} are about {times} times those of {small}. The unit or the scale differs."
        mend = "Bring all rasters of this input to one unit (band scale, or the raster calculator)."
        yield Finding("break", "warn", (small, large), text, mend, values)


def _times(first: np.ndarray, second: np.ndarray) -> float | None:
    """By what the second values exceed the first at every level; None where they are alike or cross."""
    positive = (first > 0) & (second > 0)
    if not positive[-1]:
        return None
    ratios = second[positive] / first[positive]
    if ratios.min() >= _BREAK or ratios.max() <= 1 / _BREAK:
        return float(np.median(ratios))
    return None


def check_swapped(looked: Sequence[tuple[str, Place, RasterProfile]]) -> Iterator[Finding]:
    """Whether two inputs stand in each other's place, by their names or by their values."""
    crossed = list(_named_as_another(looked))
    yield from crossed
    told = {place for finding in crossed for place in finding.places}
    yield from _named_otherwise([one for one in looked if one[1] not in told])
    yield from _smaller_than_it_should_be(looked)
    yield from _terrain_as_flow(looked)


def _named_as_another(looked: Sequence[tuple[str, Place, RasterProfile]]) -> Iterator[Finding]:
    """Two inputs whose files are called by the quantity of the other."""
    told = [(name, place, quantity_of_file(stem_of(place.path))) for name, place, _ in looked]
    named = [(name, place, by_file.id) for name, place, by_file in told if by_file and by_file.id != name]
    for (name, place, by_file), (other_name, other, of_other) in combinations(named, 2):
        if (name, by_file) == (of_other, other_name) and place.year == other.year:
            values = {"first": quantity(name).name, "second": quantity(other_name).name}
            text = "{where}: by the names of the files, {first} and {second} are swapped."
            yield Finding("swapped", "warn", (place, other), text, "Check which raster is which.", values)


def _named_otherwise(looked: Sequence[tuple[str, Place, RasterProfile]]) -> Iterator[Finding]:
    """A file that is called by another quantity than the one that it is given for, where names are plain."""
    for name, place, profile in looked:
        stem = stem_of(place.path).lower()
        own, by_file = quantity(name), quantity_of_file(stem)
        if profile.made or own.files is None or own.files.search(stem) or by_file is None or by_file.id not in _PLAIN:
            continue
        text = "{where}: by its name the file holds {held}, and it is given for {meant}."
        values = {"held": by_file.name, "meant": own.name}
        yield Finding("named", "warn", (place,), text, "Check which raster it is.", values)


def _smaller_than_it_should_be(looked: Sequence[tuple[str, Place, RasterProfile]]) -> Iterator[Finding]:
    """An input that should be the larger one and is the smaller one nearly everywhere."""
    for larger, smaller in LARGER_OF_TWO:
        rich = [(place, profile) for name, place, profile in looked if name == larger]
        poor = [(place, profile) for name, place, profile in looked if name == smaller]
        for (place, profile), (other, of_other) in product(rich, poor):
            low, high = quantity(larger).usual
            is_usual = (low or 0) <= profile.percentile(50) <= (high or np.inf)  # else it is a matter of its unit
            if place.year == other.year and is_usual and profile.percentile(98) < of_other.percentile(50):
                values = {"first": quantity(larger).name, "second": quantity(smaller).name}
                text = "{where}: {second} exceeds {first} nearly everywhere. The two may be swapped."
                yield Finding("swapped", "warn", (place, other), text, "Check which raster is which.", values)


def _terrain_as_flow(looked: Sequence[tuple[str, Place, RasterProfile]]) -> Iterator[Finding]:
    """Heights that are as uneven as flow accumulation, beside flow accumulation that is as even as heights."""
    heights = [(place, profile) for name, place, profile in looked if name == "elevation"]
    flows = [(place, profile) for name, place, profile in looked if name == "flow_accumulation"]
    for (place, profile), (other, of_other) in product(heights, flows):
        if _unevenness(profile) > _UNEVEN and _unevenness(of_other) < _EVEN:
            values = {"first": quantity("elevation").name, "second": quantity("flow_accumulation").name}
            text = "{where}: by their values, {first} and {second} are swapped."
            yield Finding("swapped", "warn", (place, other), text, "Check which raster is which.", values)


def _unevenness(profile: RasterProfile) -> float:
    """How many times a typical value a high one is; flow gathers in few pixels."""
    if not profile.sample.size:
        return float("nan")
    median, high = np.percentile(np.abs(profile.sample), (50, 98))
    return float(high / median) if median > 0 else float("inf")


def _when(place: Place) -> str:
    """What tells a raster from its sisters."""
    return str(place.year) if place.year is not None else place.path.replace("\\", "/").rpartition("/")[2]
