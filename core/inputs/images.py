"""What images of sensors are asked: which band is which, their level, their offset, what indicators can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..messages import say
from .finding import Finding, Place

# Less of a study area than this rests on so few pixels that the cause should be told.
FEWEST_PCT = 10.0
_DARKEST = 950  # of Sentinel-2 numbers with 1000 added: reflectance of dark land is hardly below -0.005
_LARGEST_FRACTION = 2.0
_LARGEST_BYTE = 255
_NAME_BANDS = "Correct SENSOR, or write the bands as BANDS=blue:1;green:2;red:3;nir:4;swir1:5;swir2:6."


def check_missing_bands(place: Place, understood: str, missing: str) -> Iterator[Finding]:
    """Whether the names of an image tell all bands that are needed: what is missing is no other band."""
    if understood and missing:
        text = "{where}: the names of the bands tell {understood}, but none tells {missing}."
        yield Finding("bands", "stop", (place,), text, _NAME_BANDS, {"understood": understood, "missing": missing})


def check_twice(place: Place, called: Mapping[str, Sequence[int]]) -> Iterator[Finding]:
    """Whether two bands are called the same."""
    for role, numbers in called.items():
        if len(numbers) > 1:
            text = "{where}: bands {numbers} are all called {role}."
            mend = "Write which one is meant in BANDS, such as {role}:{first}."
            values = {"numbers": ", ".join(map(str, numbers)), "role": role, "first": numbers[0]}
            yield Finding("bands", "stop", (place,), text, mend, values)


def check_one_meaning(place: Place, told: Sequence[tuple[int, str, str, str]]) -> Iterator[Finding]:
    """Whether the name of a band and its words or wavelength tell one role.

    Args:
        place: the image.
        told: number of the band, its text, its role by name, its role by words or wavelength.
    """
    for number, text_of_band, by_name, by_other in told:
        text = "{where}: band {number} ({text}) is {role} by its name, but {other} by its words or its wavelength."
        values = {"number": number, "text": text_of_band, "role": by_name, "other": by_other}
        yield Finding("bands", "stop", (place,), text, _NAME_BANDS, values)


def check_written(place: Place, crossed: Mapping[str, tuple[int, str]]) -> Iterator[Finding]:
    """Whether bands that the user wrote are called something else; what is written wins."""
    for role, (number, told) in crossed.items():
        text = "{where}: BANDS says {role}:{number}, but band {number} is called {told}. BANDS is taken."
        yield Finding("bands", "warn", (place,), text, "", {"role": role, "number": number, "told": told})


def check_sensor(place: Place, sensor: str, foreign: str, owners: str) -> Iterator[Finding]:
    """Whether an image has bands, or a product name, of another sensor."""
    if foreign:
        text = "{where}: {foreign} belongs to {owners}, but the sensor is {sensor}."
        yield Finding("sensor", "stop", (place,), text, _NAME_BANDS,
                      {"foreign": foreign, "owners": owners, "sensor": sensor})  # fmt: skip


def of_doubtful_order(place: Place, count: int, orders: Sequence[str]) -> Finding:
    """Bands without names that more than one order fits, or none."""
    text = "{where} has {count} bands without names, and their order is not certain. It may be: {orders}."
    mend = "Name the bands, or write them as BANDS=blue:1;green:2;red:3;nir:4;swir1:5;swir2:6."
    return Finding("bands", "stop", (place,), text, mend, {"count": count, "orders": " | ".join(orders)})


def of_order_by_numbers(place: Place, order: str) -> Finding:
    """Bands without names, of whose orders only one has a band of temperatures in its place."""
    text = "{where}: the bands have no names; by place and numbers they are taken as {order}."
    return Finding("bands", "warn", (place,), text, "Write BANDS where that is wrong.", {"order": order})


def check_level(place: Place, level: str, told: str, evidence: str) -> Iterator[Finding]:
    """Whether metadata or names tell another level than the one that was chosen; `reflectance` may be of either."""
    if told and level in ("level1", "level2") and told != level:
        text = "{where}: {evidence} says {told}, but LEVEL is {level}."
        mend = "Choose LEVEL {told}, or give the files of {level}."
        yield Finding("level", "stop", (place,), text, mend, {"evidence": evidence, "told": told, "level": level})


def check_level_numbers(place: Place, level: str, high: float, bits_8: bool, first: float) -> Iterator[Finding]:
    """Whether the numbers of an image can be those of its level.

    Args:
        place: the image.
        level: `level1` or `level2`.
        high: a high number of its near infrared, as the file has it.
        bits_8: whether level 1 of the sensor has numbers up to 255.
        first: lowest valid number of level 2.
    """
    values = {"high": f"{high:.6g}", "level": level}
    text = (
        "{where}: a high number of the near infrared is {high}, which cannot be LEVEL {level}. It looks like {looks}."
    )
    looks, mend = "", ""
    if high <= _LARGEST_FRACTION:
        looks, mend = say("reflectance from 0 to 1"), "Choose LEVEL reflectance."
    elif level == "level1" and bits_8 and high > _LARGEST_BYTE:
        looks, mend = say("level 2 (level 1 of this sensor ends at 255)"), "Choose LEVEL level2."
    elif level == "level2" and high < first:
        looks, mend = _below_level_2(bits_8 and high <= _LARGEST_BYTE)
    if looks:
        yield Finding("level", "stop", (place,), text, mend, {**values, "looks": looks})


def offset_by_evidence(baseline: float | None, darkest: float, since: float) -> tuple[bool, bool]:
    """Whether an image carries the offset of newer processing baselines, and whether baseline and numbers agree.

    Args:
        baseline: that the file names; None where it names none.
        darkest: a low number of its darkest band; the numbers win, as harmonised images keep their baseline.
        since: the first baseline with the offset.
    """
    by_numbers = darkest >= _DARKEST
    if baseline is None:
        return by_numbers, True
    by_baseline = baseline >= since
    return (by_numbers, False) if by_baseline and not by_numbers else (by_baseline, by_baseline == by_numbers)


def of_offset(place: Place, offset: float, taken: bool, baseline: float | None, darkest: float) -> Finding:
    """Which offset is taken, and why."""
    values = {"offset": f"{offset:g}", "darkest": f"{darkest:.6g}", "baseline": f"{baseline or 0:05.2f}"}
    if baseline is None:
        if taken:
            text = (
                "{where}: dark pixels have {darkest}, so 1000 was added (baseline 04.00 on): offset {offset} is taken."
            )
            return Finding("offset", "warn", (place,), text, "Give OFFSET 0 where that is wrong.", values)
        text = "{where}: dark pixels have {darkest}, so nothing was added to the numbers: no offset is taken."
        return Finding("offset", "note", (place,), text, "", values)
    if taken:
        text = "{where}: by processing baseline {baseline} the offset {offset} is taken."
        return Finding("offset", "note", (place,), text, "", values)
    text = "{where}: processing baseline {baseline}, dark pixels of {darkest}: no offset is taken."
    return Finding("offset", "note", (place,), text, "", values)


def of_crossed_offset(place: Place, baseline: float, darkest: float, offset: float) -> Finding:
    """The baseline tells another offset than the numbers."""
    text = "{where}: processing baseline {baseline} does not fit dark pixels of {darkest}: offset {offset} is taken."
    values = {"baseline": f"{baseline:05.2f}", "darkest": f"{darkest:.6g}", "offset": f"{offset:g}"}
    return Finding("offset", "warn", (place,), text, "Give OFFSET (0 for harmonised images).", values)


def check_heat(places: tuple[Place, ...], low: float, high: float, usual: tuple[float, float]) -> Iterator[Finding]:
    """Whether the coldest and hottest land that counts is as cold or hot as land is."""
    if low < usual[0] or high > usual[1]:
        text = "{where}: land surface temperature runs from {low} to {high} K, beyond {least} to {most} K."
        mend = "Look for clouds that no mask takes away, for another band than the thermal one, and at the unit."
        values = {"low": f"{low:.5g}", "high": f"{high:.5g}", "least": f"{usual[0]:g}", "most": f"{usual[1]:g}"}
        yield Finding("indicators", "warn", places, text, mend, values)


def check_indicators(place: Place, impossible_pct: float) -> Iterator[Finding]:
    """Whether indicators are what they can be: NDVI within 1, wetness within 1.5."""
    if impossible_pct > 0:
        text = "{where}: on {share} % of the land NDVI is beyond 1 or wetness beyond 1.5: these pixels are left out."
        mend = "Negative reflectance (atmospheric correction), a wrong scale or offset, or crossed bands do that."
        yield Finding("indicators", "warn", (place,), text, mend, {"share": f"{impossible_pct:.2g}"})


def check_share_left(place: Place, counted_pct: float, reason: str) -> Iterator[Finding]:
    """Whether enough of the study area counts in a year."""
    if counted_pct < FEWEST_PCT:
        text = "{where}: only {share} % of the study area counts. Most is left out by: {reason}."
        mend = (
            "Check LEVEL, SCALE and OFFSET, the cloud and water masks; MASK yearly keeps the clouds of other years out."
        )
        yield Finding("few_pixels", "warn", (place,), text, mend, {"share": f"{counted_pct:.2g}", "reason": reason})


def _below_level_2(bits_8: bool) -> tuple[str, str]:
    if bits_8:
        return say("level 1 with 8 bits"), "Choose LEVEL level1 and give the MTL files."
    return say("numbers times 10 000 (Landsat Collection 1)"), "Give SCALE 0.0001 and OFFSET 0."
