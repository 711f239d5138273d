"""Checks of values: nodata, fill codes, what is impossible, what is unusual, slips of the unit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..quantities import Measure, Quantity, Slip
from ..raster.reading.admission import Admission
from ..raster.work import Coverage
from .finding import Finding, Place
from .profile import RasterProfile

# A fill code that is possible is told where it stands apart from the other values by this share of their spread.
_APART = 0.25
_RANGE = "Where it stands for no data, declare it as nodata (gdal:translate), or give the valid range of this input."


def check_nodata(place: Place, profile: RasterProfile, limited: bool) -> Iterator[Finding]:
    """Whether the file says what is no value; NaN says it too, and so does a valid range."""
    if not profile.declares_nodata and not profile.gaps and not limited:
        yield Finding("nodata", "warn", (place,), "{where} declares no nodata value: every pixel is taken as a value.")


def slip_of(profile: RasterProfile, measure: Measure) -> Slip | None:
    """The slip of the unit that the numbers show, None where they are what they should be."""
    in_unit = {name: value * measure.factor + measure.offset for name, value in profile.statistics.items()}
    return measure.meant.slip(in_unit)


def in_numbers(measure: Measure, low: float, high: float) -> tuple[float, float]:
    """A range of a quantity as numbers of a raster that has it in the user's unit."""
    ends = sorted((end - measure.offset) / measure.factor for end in (low, high))
    return ends[0], ends[1]


def check_fills(place: Place, profile: RasterProfile, meaning: Quantity, admission: Admission) -> Iterator[Finding]:
    """Fill codes that nobody declared: left out where they are no possible value, told where they may be one."""
    for value, pixels in sorted(profile.fills.items()):
        fill = meaning.fill(profile.stored(value))
        if fill is None:
            continue
        values = {"value": _number(value), "fill": fill.means}
        if not admission.low <= value <= admission.high:
            if admission.is_fill(value):
                text = "{where} holds {value}, {fill}, which the file does not declare: these pixels are left out."
                yield Finding("fill", "left_out", (place,), text, "", values, value)
        elif stands_apart(value, profile):
            text = "{where} holds {value} ({pixels} px), {fill}, apart from all other values. It is taken as a value."
            yield Finding("fill", "warn", (place,), text, _RANGE, values, value, pixels)


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


def check_left_out(place: Place, value: float, counted: Coverage) -> Finding:
    """What a pass has left out because of a fill code, counted exactly."""
    text = "{where}: {pixels} px ({area} ha) hold {value}, which stands for no data, and are left out."
    values = {"value": _number(value), "area": f"{counted.area_ha:,.2f}"}
    return Finding("left_out", "note", (place,), text, "", values, value, counted.pixels)


def _number(value: float) -> str:
    return f"{value:.6g}"
