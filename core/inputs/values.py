"""Checks of values: nodata, fill codes, what is impossible, what is unusual, slips of the unit."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ..messages import say
from ..quantities import Measure, Quantity, Slip, Words
from ..raster.reading.admission import Admission
from ..raster.work import Coverage
from .finding import Finding, Place, Severity
from .profile import RasterProfile, fill_of

# A fill code that is possible is told where it stands apart from the other values by this share of their spread.
_APART = 0.25
_RANGE = "Where it stands for no data, declare it as nodata (gdal:translate), or give the valid range of this input."


def check_nodata(place: Place, profile: RasterProfile, limited: bool) -> Iterator[Finding]:
    """Whether the file says what is no value; NaN says it too, and so does a valid range."""
    if not (profile.declares_nodata or profile.gaps or limited or profile.made):
        text = "{where} declares no nodata value: every pixel is taken as a value."
        yield Finding("nodata", "warn", (place,), text, "Declare it (gdal:translate) where some stand for no data.")


def check_fills(place: Place, profile: RasterProfile, meaning: Quantity, admission: Admission) -> Iterator[Finding]:
    """Fill codes that nobody declared: left out where they are no possible value, told where they may be one."""
    for value, pixels in sorted(profile.fills.items()):
        fill = fill_of(profile.stored(value), meaning)
        if fill is None:
            raise TypeError("the profile counts only fill codes")
        values = {"value": _number(value), "fill": fill.means}
        if admission.is_nodata(value) or not admission.low <= value <= admission.high:
            if admission.is_nodata(value):
                text = "{where} holds {value}, {fill}, which the file does not declare: these pixels are left out."
                yield Finding("fill", "left_out", (place,), text, "", values, value)
        elif meaning.fill(profile.stored(value)) and stands_apart(value, profile):
            text = "{where} holds {value} ({pixels} px), {fill}, apart from all other values. It is taken as a value."
            yield Finding("fill", "warn", (place,), text, _RANGE, values, value, pixels)


def check_ends(place: Place, profile: RasterProfile) -> Iterator[Finding]:
    """A value at an end of the range that several pixels share, and that stands apart by more than the whole range.

    It may stand for no data, though no provider is known to use it.
    """
    if profile.made:
        return
    for end, other in ((profile.lowest, profile.highest), (profile.highest, profile.lowest)):
        if end is None or other is None or end.next is None or not 2 <= end.pixels <= profile.valid / 2:
            continue
        if abs(end.value - end.next) > abs(end.next - other.value) > 0:
            text = "{where} holds {value} ({pixels} px), which stands apart: the next value is {next}."
            values = {"value": _number(end.value), "next": _number(end.next)}
            yield Finding("apart", "warn", (place,), text, _RANGE, values, end.value, end.pixels)


def fills_apart(profiles: Sequence[RasterProfile], meaning: Quantity) -> tuple[float, ...]:
    """Fill codes that stand apart in all rasters of one input, of whose values nobody knows what is usual.

    They are left out: there is no range that could say that they are values.
    """
    if meaning.is_classes:
        return ()
    seen = {value for p in profiles for value in p.fills if meaning.fill(p.stored(value))}
    unbounded = [value for value in seen if math.isinf(meaning.usual.high if value > 0 else meaning.usual.low)]
    looked = [profile for profile in profiles if profile.sample.size]
    return tuple(value for value in sorted(unbounded) if all(stands_apart(value, profile) for profile in looked))


def stands_apart(value: float, profile: RasterProfile) -> bool:
    """Whether there is nothing between a value and the others, over a good part of their spread."""
    if profile.low is None or profile.high is None:
        return False
    gap = max(profile.low - value, value - profile.high)
    if gap < 0:  # among the others: how near are they?
        near = np.searchsorted(profile.sample, value)
        around = profile.sample[max(0, near - 1) : near + 1]
        gap = float(np.abs(around - value).min()) if around.size else 0.0
    return gap > _APART * (profile.high - profile.low)


def statistics_of(profiles: Sequence[RasterProfile]) -> dict[str, float]:
    """Of all rasters of one input together, as slips of quantities ask for them: a dry month is no other unit."""
    sample = np.concatenate([profile.sample for profile in profiles])
    if not sample.size:
        return {}
    least, most = (sample.min(), sample.max())
    median, p98 = np.percentile(sample, (50, 98))
    return {"least": float(least), "median": float(median), "p98": float(p98), "most": float(most)}


def slip_of(statistics: Mapping[str, float], measure: Measure) -> Slip | None:
    """The slip of the unit that the numbers show, None where they are what they should be.

    Where the numbers could be meant, a slip that would not make high values usual is none: a desert may be as dry.
    """
    meaning = measure.meant
    in_unit = {name: measure.in_unit(number) for name, number in statistics.items()}
    slip = meaning.slip(in_unit)
    if slip is None or slip.factor is None:
        return slip
    could_be = meaning.usual.holds(in_unit["median"]) and meaning.possible.holds(in_unit["most"])
    return slip if not could_be or meaning.usual.holds(in_unit["p98"] * slip.factor + slip.offset) else None


def check_possible(place: Place, profile: RasterProfile, measure: Measure, admission: Admission) -> Iterator[Finding]:
    """Values that the quantity cannot have, and that are no usual fill code."""
    if profile.low is None or profile.high is None:
        return
    beyond = [(profile.low, profile.low < admission.low), (profile.high, profile.high > admission.high)]
    for value in (value for value, is_beyond in beyond if is_beyond):
        outside = np.count_nonzero((profile.sample < admission.low) | (profile.sample > admission.high))
        low, high = measure.in_numbers(measure.meant.possible)
        values = {
            "value": _number(value),
            "share": f"{100 * max(1, outside) / max(1, profile.sample.size):.3g} %",
            "quantity": _label(measure),
            "range": f"{_number(low)} – {_number(high)}",
            "mend": _other_unit(profile.percentile(50), measure),
        }
        text = "{where} holds {value}, which cannot be ({quantity}: {range}); about {share} of the pixels lie beyond."
        mend = (
            "{mend}Declare what stands for no data as nodata (gdal:translate), or give the valid range of this input."
        )
        severity: Severity = "warn" if measure.guessed else "stop"
        yield Finding("possible", severity, (place,), text, mend, values, value)
        return


def check_unit(
    places: Sequence[Place], statistics: Mapping[str, float], measure: Measure, limited: bool
) -> Iterator[Finding]:
    """A known slip of the unit, or a typical value that the quantity seldom has.

    Args:
        places: of the rasters of one input.
        statistics: of all of them together.
        measure: what they hold, in which unit, and whether only ratios of the values enter.
        limited: whether the user gave both ends of the valid range, and so has looked at the values.
    """
    if not statistics:
        return
    meaning, slip, median = measure.meant, slip_of(statistics, measure), statistics["median"]
    usual, possible = measure.in_numbers(meaning.usual), measure.in_numbers(meaning.possible)
    values = {"quantity": _label(measure), "median": _number(median), "high": _number(statistics["p98"])}
    if slip is not None:
        values |= {"looks": slip.looks, "mend": _other_unit(median, measure, slip) or slip.mend}
        text = "{where}: {quantity} is {median} in a typical pixel, {high} in a high one. It looks like {looks}."
        mend = "{mend}" if not measure.ratio else "Only ratios enter here, so the run goes on."
        sure = slip.factor is not None or not usual.holds(median) or not possible.holds(statistics["most"])
        free = measure.ratio or measure.guessed or limited
        severity: Severity = "stop" if sure and not free else "warn"
        yield Finding("unit", severity, tuple(places), text, mend, values)
        return
    if not usual.holds(median):
        values |= {"range": f"{_number(usual.low)} – {_number(usual.high)}"}
        text = "{where}: {quantity} is {median} in a typical pixel; usual is {range}."
        yield Finding("usual", "warn", tuple(places), text, "Check the unit and the file.", values)


def check_second_scale(place: Place, profile: RasterProfile, measure: Measure) -> Iterator[Finding]:
    """Whether a scale that the file declares, which is applied when it is read, is given a second time."""
    if profile.scale != 1 and np.isclose(measure.factor, profile.scale, rtol=1e-6):
        values = {"scale": f"{profile.scale:g}", "choice": measure.choice or "the scale"}
        text = (
            "{where} declares the scale {scale} itself, which is applied when it is read, and {choice} gives it again."
        )
        mend = "The scale would be applied twice: leave {choice} at 1."
        yield Finding("scale", "stop", (place,), text, mend, values)


def check_declared_unit(place: Place, profile: RasterProfile, measure: Measure) -> Iterator[Finding]:
    """Whether numbers that are in the unit of the quantity, as file and size tell, would be converted again."""
    meant = measure.meant
    low, high = meant.usual
    if measure.plain or not measure.choice or low is None or high is None or not profile.sample.size:
        return
    median = float(np.median(profile.sample))
    if _bare_unit(profile.unit) == _bare_unit(meant.unit) != "" and low <= median <= high:
        text = (
            "{where} says that its unit is {unit}, its typical value {median} fits that, and {choice} would make it "
            "{converted} {meant}."
        )
        values = {"unit": profile.unit, "median": _number(median), "converted": _number(measure.in_unit(median))}
        values |= {"choice": measure.choice, "meant": meant.unit}
        mend = "Take the default of {choice}; where the file is wrong, mend or remove its unit with gdal_edit.py."
        yield Finding("scale", "stop", (place,), text, mend, values)


def _bare_unit(unit: str) -> str:
    """A unit without its year: ``mm/a``, ``mm yr-1`` and ``mm`` are one."""
    return re.sub(r"\s*(/\s*(a|yr|year)|\b(a|yr|year)\s*(-1|\^-1))$", "", unit.strip().casefold())


def check_left_out(place: Place, value: float, counted: Coverage) -> Finding:
    """What a pass has left out because of a fill code, counted exactly."""
    text = "{where}: {pixels} px ({area} ha) hold {value}, which stands for no data, and are left out."
    values = {"value": _number(value)}
    return Finding("left_out", "note", (place,), text, "", values, value, counted.pixels, counted.area_ha)


def check_coverage(covered: Sequence[tuple[Place, int]], pixels: int) -> Iterator[Finding]:
    """Whether most of the study area has no result, because some raster has no value there.

    Args:
        covered: each raster and its valid pixels in the study area.
        pixels: that have a result.
    """
    whole = max((valid for _, valid in covered), default=0)
    if pixels >= whole / 2:
        return
    scarce = tuple(place for place, valid in covered if valid < 0.6 * whole)
    if scarce:
        text = "{where}: there is no value in most of the study area, so that {share} of it has no result."
        values = {"share": f"{100 * (1 - pixels / whole):.3g} %"}
        yield Finding("coverage", "warn", scarce, text, "Check extent, nodata and valid range of it.", values)


def _other_unit(median: float, measure: Measure, slip: Slip | None = None) -> str:
    """Which of the units that a parameter offers would make a typical value usual, "" where none would.

    Where a slip tells the unit of numbers for which none was chosen, it is the one that is meant.
    """
    known = median * slip.factor + slip.offset if slip and slip.factor and measure.plain else None
    by_unit = [(unit, median * unit.factor + unit.offset) for unit in measure.units]
    fitting = [
        unit.word
        for unit, value in by_unit
        if (unit.factor, unit.offset) != (measure.factor, measure.offset)
        and (measure.meant.usual.holds(value) if known is None else math.isclose(value, known, rel_tol=0.01))
    ]
    if fitting:
        return say(
            "Choose the unit {units} ({choice}) if that is what it holds. ",
            units=", ".join(dict.fromkeys(fitting)),
            choice=measure.choice,
        )
    return ""


def _label(measure: Measure) -> Words:
    """The quantity, with its unit where the numbers have it."""
    meaning = measure.meant
    return Words(meaning.label("en"), meaning.label("zh")) if measure.plain else meaning.name


def _number(value: float) -> str:
    return f"{value:.6g}"
