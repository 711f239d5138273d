"""Units of climate rasters: what turns a number into mm of its step, or into degrees Celsius."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import InputError
from ...messages import say
from ...raster.dataset import open_raster, short_name

TOTAL, RATE, STATE = "total", "rate", "state"
QUANTITIES = (TOTAL, RATE, STATE)


@dataclass(frozen=True)
class Unit:
    """``number * times + plus`` is mm, mm per day or °C; `quantity` is what such numbers can be."""

    times: float
    plus: float
    quantity: str


UNITS = {
    "mm": Unit(1, 0, TOTAL),
    "tenth_mm": Unit(0.1, 0, TOTAL),
    "metres": Unit(1000, 0, TOTAL),
    "mm_day": Unit(1, 0, RATE),
    "metres_day": Unit(1000, 0, RATE),
    "mm_hour": Unit(24, 0, RATE),
    "kg_m2_s": Unit(86_400, 0, RATE),
    "celsius": Unit(1, 0, STATE),
    "tenth_celsius": Unit(0.1, 0, STATE),
    "kelvin": Unit(1, -273.15, STATE),
}

# What files declare, without blanks and signs of powers, and the UNIT that it can be. ERA5-Land declares m, and its
# monthly means are metres per day; so do others with mm. A step of a day makes rates per day totals.
_DECLARED = {
    ("mm", "millimeter", "millimeters", "millimetre", "millimetres", "kgm-2", "kg/m2", "mmwe"): ("mm", "mm_day"),
    ("mm/month", "mmmonth-1", "mm/mon", "mm/8day", "mm/8days", "mm/year", "mm/yr", "mm/a"): ("mm",),
    ("0.1mm", "1e-1mm", "tenthmm", "0.1millimeter", "0.1millimetre", "mm/10", "0.1mm/month"): ("tenth_mm",),
    ("m", "meter", "meters", "metre", "metres", "mofwaterequivalent"): ("metres", "metres_day"),
    ("mm/day", "mmday-1", "mm/d", "mmd-1", "kgm-2day-1", "kgm-2d-1", "kg/m2/day"): ("mm_day",),
    ("m/day", "mday-1", "m/d", "md-1"): ("metres_day",),
    ("mm/h", "mmh-1", "mm/hr", "mmhr-1", "mm/hour"): ("mm_hour",),
    ("kgm-2s-1", "kg/m2/s", "kg/(m2s)", "kg/m2s", "mm/s", "mms-1"): ("kg_m2_s",),
    (
        "c",
        "degc",
        "degree_c",
        "degrees_c",
        "celsius",
        "degree_celsius",
        "degrees_celsius",
        "degreecelsius",
        "°c",
        "℃",
    ): ("celsius",),
    ("0.1c", "0.1degc", "0.1celsius", "0.1°c", "0.1℃", "0.1degree_celsius"): ("tenth_celsius",),
    ("k", "kelvin", "degk", "degrees_k"): ("kelvin",),
    ("cm", "inch", "inches", "in", "f", "degf", "fahrenheit", "degrees_fahrenheit", "m/s", "ms-1"): (),
}
_ALIKE = {"tenth_mm": "mm", "tenth_celsius": "celsius"}
_DAILY = {"mm_day": "mm", "metres_day": "metres"}


def units_declared(declared: str, step: str = "month", scaled: bool = False) -> tuple[str, ...] | None:
    """The units of `UNITS` that a text such as `kg m-2 s-1` can mean; None where it is not understood.

    Args:
        declared: the attribute of a file.
        step: a rate per day is a total where the step is a day.
        scaled: whether the file has a scale: tenths are then whole ones after it, or the text means them already.
    """
    text = re.sub(r"[\s*^{}]|\*\*", "", declared).casefold()
    known = next((units for names, units in _DECLARED.items() if text in names), None)
    if known is None:
        return None
    more = tuple(_ALIKE[unit] for unit in known if scaled and unit in _ALIKE)
    daily = tuple(_DAILY[unit] for unit in known if step == "day" and unit in _DAILY)
    return tuple(dict.fromkeys((*known, *more, *daily)))


def require_declared(paths: Sequence[str], unit: str, step: str) -> None:
    """Holds what the files themselves say of their unit against the one that the user has chosen.

    Raises:
        InputError: they contradict each other.
    """
    for path in dict.fromkeys(paths):
        dataset = open_raster(path)
        for number in range(1, dataset.RasterCount + 1):
            band = dataset.GetRasterBand(number)
            declared = band.GetUnitType() or band.GetMetadataItem("units") or ""
            known = units_declared(declared, step, (band.GetScale() or 1) != 1)
            if known is None or unit in known:
                continue
            raise InputError(
                say(
                    "{file} declares the unit {declared}, and UNIT is {unit}. Choose {known}; where the file is wrong, "
                    "correct its unit first.",
                    file=short_name(path),
                    declared=declared,
                    unit=unit,
                    known=" / ".join(known) if known else say("a raster in another unit"),
                )
            )


def unit_of(unit: str, quantity: str) -> Unit:
    """The unit, where such numbers can be what they are said to be.

    Raises:
        InputError: the two contradict each other, such as metres per day as totals.
    """
    found = UNITS[unit]
    if found.quantity != quantity:
        raise InputError(
            say(
                "UNIT {unit} is that of a {known}, and QUANTITY is {quantity}. Choose {known}, or another unit.",
                unit=unit,
                known=found.quantity,
                quantity=quantity,
            )
        )
    return found
