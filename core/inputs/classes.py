"""Checks of class rasters: codes that the scheme lacks, a legend that contradicts it, water that may be the sea."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from ..land_cover import CUSTOM, SCHEMES, LandCoverScheme, load_scheme
from ..raster.output import ClassColour
from ..resources import RESOURCES, read_yaml
from .finding import Finding, Place
from .profile import MOST_CLASSES, RasterProfile

_LISTED_CODES = 20
_LISTED_CLASSES = 5
# Names and colours of a raster contradict the scheme where so many of the classes that they tell do.
_CONTRADICTED = 0.5
_ALIKE = 24  # steps of 255 by which a channel of one colour may differ
_MUCH_WATER = 0.2


def check_codes(place: Place, counts: Mapping[int, int], scheme: LandCoverScheme) -> Iterator[Finding]:
    """Whether the scheme knows every code, and which scheme does where it does not.

    Args:
        place: of the raster.
        counts: pixels of every code that occurs, but for those that stand for no data.
        scheme: in use.
    """
    unknown = {code: pixels for code, pixels in counts.items() if pixels and not scheme.known(code)}
    if not unknown:
        return
    values = {"scheme": scheme.title, "codes": _listed(unknown)}
    text = "{where} holds codes that scheme {scheme} does not know: {codes}."
    fitting = schemes_of(counts)
    if fitting:
        values["fitting"] = ", ".join(fitting)
        mend = "These are codes of another scheme, which knows all of them: choose the scheme {fitting} (SCHEME)."
    else:
        mend = (
            "Add them to the class table with their ecosystem. A code that stands for no data is written into "
            "NODATA_CODES, or has the ecosystem nodata in the class table."
        )
    yield Finding("codes", "stop", (place,), text, mend, values)


def check_measure(place: Place, profile: RasterProfile, known: Callable[[int], bool]) -> Iterator[Finding]:
    """Whether a raster that is given for classes holds a measure, such as heights: too many different numbers.

    Args:
        place: of the raster.
        profile: of the raster.
        known: whether a code is that of a class.
    """
    codes = profile.codes
    if codes is not None and sum(not known(code) for code in codes) <= MOST_CLASSES:
        return
    if profile.low is None or profile.high is None:
        return
    values = {"low": f"{profile.low:g}", "high": f"{profile.high:g}"}
    text = (
        "{where} holds no class codes: too many different numbers, from {low} to {high}, as those of a measure such as "
        "elevation."
    )
    yield Finding("codes", "stop", (place,), text, "Choose the classified raster.", values)


def check_moved(place: Place, counts: Mapping[int, int], scheme: LandCoverScheme) -> Iterator[Finding]:
    """Whether classes that the class table has moved to another ecosystem still count as what they were.

    Args:
        place: of the raster.
        counts: pixels of every code that occurs.
        scheme: in use.
    """
    moved = [one for one in scheme.moved if one.kept]
    if any(one.code in counts for one in moved):
        text = "{where}: the class table moves {classes}. Where it is blank they keep what the scheme has: {columns}."
        mend = (
            "Write these columns for the new ecosystem into the class table (none for none), or take the ecosystem of "
            "the scheme."
        )
        listed = [f"{one.code} {one.before} → {one.after}" for one in moved[:_LISTED_CODES]]
        columns = dict.fromkeys(column for one in moved for column in one.kept)
        yield Finding(
            "moved", "warn", (place,), text, mend, {"classes": "; ".join(listed), "columns": ", ".join(columns)}
        )


def check_nodata_codes(
    place: Place, counts: Sequence[Mapping[int, int]], nodata_codes: Sequence[int]
) -> Iterator[Finding]:
    """Whether codes that the user named as no data occur in none of the rasters.

    Args:
        place: of the first raster.
        counts: pixels of every code of each raster.
        nodata_codes: that were named.
    """
    unused = [code for code in nodata_codes if not any(count.get(code) for count in counts)]
    if unused:
        text = "{where}: NODATA_CODES names codes that no raster holds: {codes}."
        values = {"codes": ", ".join(map(str, unused))}
        yield Finding("nodata_codes", "note", (place,), text, "Check them for a slip.", values)


def schemes_of(codes: Mapping[int, int]) -> tuple[str, ...]:
    """The schemes that know every code, the one with the fewest other codes first."""
    fitting = [scheme for scheme in _schemes() if all(scheme.known(code) for code in codes)]
    return tuple(scheme.name for scheme in sorted(fitting, key=lambda scheme: len(scheme.codes)))


@cache
def _schemes() -> tuple[LandCoverScheme, ...]:
    return tuple(load_scheme(name) for name in SCHEMES if name != CUSTOM)


def _listed(counts: Mapping[int, int]) -> str:
    by_count = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"{code} ({pixels:,} px)".replace(",", " ") for code, pixels in by_count[:_LISTED_CODES])
    return listed + (f" … (+{len(by_count) - _LISTED_CODES})" if len(by_count) > _LISTED_CODES else "")


def check_legend(
    place: Place, legend: Mapping[int, ClassColour], counts: Mapping[int, int], scheme: LandCoverScheme
) -> Iterator[Finding]:
    """Whether names and colours inside the file mean what the scheme says of its codes.

    Args:
        place: of the raster.
        legend: what the file says of its codes.
        counts: pixels of every code that occurs.
        scheme: in use.
    """
    known = [code for code in counts if scheme.known(code) and code in legend]
    named = {code: ecosystems_named(legend[code].name) for code in known}
    told = {code: ecosystems for code, ecosystems in named.items() if ecosystems}
    wrong = [code for code, ecosystems in told.items() if scheme.ecosystem_of(code) not in ecosystems]
    if wrong and len(wrong) >= _CONTRADICTED * len(told):
        listed = [f"{c} {legend[c].name} ≠ {scheme.classes[c].name}" for c in wrong[:_LISTED_CLASSES]]
        text = "{where}: names inside the file contradict scheme {scheme}: {classes}."
        values = {"scheme": scheme.title, "classes": "; ".join(listed)}
        yield Finding("legend", "warn", (place,), text, "Check SCHEME and the class table.", values)
        return
    other = _scheme_of_colours({code: legend[code].colour for code in known if legend[code].colour}, scheme)
    if other is not None:
        text = "{where}: colours inside the file are those of {other}, not of scheme {scheme}."
        values = {"scheme": scheme.title, "other": other.title}
        yield Finding("legend", "warn", (place,), text, "Check SCHEME and the class table.", values)


def ecosystems_named(name: str) -> set[str]:
    """The ecosystems that the name of a class speaks of, in English or Chinese; several of a mosaic."""
    return {ecosystem for ecosystem, pattern in _words().items() if pattern.search(name.casefold())}


@cache
def _words() -> dict[str, re.Pattern[str]]:
    given = read_yaml(RESOURCES / "ecosystem_words.yaml")
    return {ecosystem: re.compile(pattern) for ecosystem, pattern in given.items()}


def _scheme_of_colours(colours: Mapping[int, str], scheme: LandCoverScheme) -> LandCoverScheme | None:
    """Another scheme that has all these colours for these codes, of which the one in use has hardly any."""
    if len(colours) < 3 or _matching(colours, scheme) >= _CONTRADICTED:
        return None
    others = (other for other in _schemes() if other.name != scheme.name)
    return next((other for other in others if _matching(colours, other) == 1.0), None)


def _matching(colours: Mapping[int, str], scheme: LandCoverScheme) -> float:
    """The share of the codes that have in the scheme the colour that the file gives them."""
    alike = sum(scheme.known(code) and _are_alike(colour, scheme.colour_of(code)) for code, colour in colours.items())
    return alike / len(colours)


def _are_alike(first: str, second: str) -> bool:
    if not (first and second):
        return False
    channels = zip(*(bytes.fromhex(colour[1:]) for colour in (first, second)))
    return all(abs(a - b) <= _ALIKE for a, b in channels)


def check_water(place: Place, water_ha: float, whole_ha: float) -> Iterator[Finding]:
    """Whether much of the study area is open water, which is valued as lakes and rivers though it may be the sea."""
    if whole_ha and water_ha > _MUCH_WATER * whole_ha:
        text = "{where}: open water covers {share} of the study area and is valued as lakes and rivers."
        mend = "Where it is the sea, leave it out: cut the study area, or write its code into NODATA_CODES."
        values = {"share": f"{100 * water_ha / whole_ha:.3g} %"}
        yield Finding("water", "warn", (place,), text, mend, values)
