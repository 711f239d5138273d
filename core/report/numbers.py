"""Numbers as people read them: sensible digits, grouped thousands, large amounts in powers of ten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real  # numpy's numbers count as well

THIN_SPACE = "\u202f"  # narrow and no-break, so that a number never wraps
MINUS = "\u2212"
DASH = "\u2013"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def is_missing(value: object) -> bool:
    """Whether there is no number to show: None, NaN or infinite."""
    return value is None or (isinstance(value, Real) and not math.isfinite(value))


def format_number(value: float | None, decimals: int | None = None) -> str:
    """Writes a number with thin-space thousands and about four significant digits.

    Args:
        value: None, NaN and infinity give a dash.
        decimals: digits after the point; chosen by the size of the value where not given. A value that this
            could round by more than a tenth of itself keeps two significant digits instead: 0.052 among
            hectares without decimals is 0.052, not 0.
    """
    if value is None or is_missing(value):
        return DASH
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-4 or size >= 1e15:
        mantissa, exponent = f"{size:.1e}".split("e")
        text = f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    else:
        digits = decimals_for(size) if decimals is None else decimals
        if size < 5 * 10.0**-digits and size != round(size, digits):
            digits = 1 - math.floor(math.log10(size))
        text = f"{size:,.{digits}f}"
        if decimals is None and "." in text:
            text = text.rstrip("0").rstrip(".")
        text = text.replace(",", THIN_SPACE)
    return (MINUS if value < 0 else "") + text


def decimals_for(size: float) -> int:
    """Digits after the point that show a positive number to four significant digits, none above 1000."""
    return 0 if size >= 1000 else 3 - max(math.floor(math.log10(size)), -3)


def column_decimals(values: Sequence[object]) -> int:
    """Digits after the point for a column of numbers: what its largest value needs, at most two above 1."""
    numbers = [abs(float(v)) for v in values if isinstance(v, Real) and not is_missing(v)]
    if all(v == int(v) for v in numbers):
        return 0
    largest = max(numbers)
    return min(decimals_for(largest), 2) if largest >= 1 else decimals_for(largest)


def power_of_ten(exponent: int, unit: str) -> str:
    """A unit in powers of ten: ``10⁶ CNY/a``."""
    return f"10{str(exponent).translate(_SUPERSCRIPTS)} {unit}".strip() if exponent else unit


def scaled(
    values: Sequence[float | None], unit: str, language: str = "en", above: float = 1e4
) -> tuple[list[float | None], str]:
    """Divides values by the power of ten that leaves the largest one easy to read.

    Powers go in steps of a thousand, in Chinese in steps of ten thousand (10⁴, 10⁸), as its readers count.

    Args:
        values: amounts; None, NaN and infinity come back as None.
        unit: of the amounts.
        language: ``en`` or ``zh``.
        above: the largest value from which scaling starts; below 0.001 it starts as well.

    Returns:
        The divided values and the unit to write beside them: ``([1.2, 0.3], "10⁹ CNY/a")``.
    """
    numbers = [None if v is None or is_missing(v) else float(v) for v in values]
    peak = max((abs(v) for v in numbers if v is not None), default=0.0)
    if peak == 0 or 1e-3 <= peak < above:
        return numbers, unit
    step = 4 if language == "zh" and peak > 1 else 3
    exponent = math.floor(math.log10(peak) / step) * step
    factor = 10.0**exponent
    return [None if v is None else v / factor for v in numbers], power_of_ten(exponent, unit)
