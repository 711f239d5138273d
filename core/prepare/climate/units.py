"""Units of climate rasters: what turns a number into mm of its step, or into degrees Celsius."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import InputError
from ...messages import say

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
