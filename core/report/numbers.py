"""Numbers as people read them: sensible digits, grouped thousands, amounts in the units of planners."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from numbers import Real  # numpy's numbers count as well
from typing import NamedTuple

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
        text = grouped(size, digits)
        if decimals is None and "." in text:
            text = text.rstrip("0").rstrip(".")
    return (MINUS if value < 0 else "") + text


def grouped(value: float, decimals: int = 0) -> str:
    """A number with so many digits after the point, thousands apart as in all of the report."""
    return f"{value:,.{decimals}f}".replace(",", THIN_SPACE).replace("-", MINUS)


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
    """A unit in powers of ten: ``10⁻⁶ m``."""
    return f"10{str(exponent).translate(_SUPERSCRIPTS)} {unit}".strip() if exponent else unit


# What planners count in: the exponent and its word, largest first.
_WORDS = {
    "en": ((12, "trillion"), (9, "billion"), (6, "million")),
    "zh": ((12, "万亿"), (8, "亿"), (4, "万")),
}
_IN_CHINESE = {"CNY": "元", "USD": "美元", "ha": "公顷", "a": "年", "t": "吨", "persons": "人", "person": "人"}
_SUBSTANCES = {"CO2": "二氧化碳", "O2": "氧气", "C": "碳"}  # tonnes of which
POINTS = "pp"  # differences of shares
_POWER_FIRST = re.compile(r"1e(\d+) (.+)")
_KM2_IN_CHINESE = "平方千米"
_HA_PER_KM2 = 100.0
_KM2_FROM_HA = 1e4  # a hundred square kilometres


def unit_text(unit: str, language: str = "en") -> str:
    """A unit as people write it.

    >>> unit_text("CNY/(ha a)", "zh"), unit_text("m3/a")
    ('元/(公顷·年)', 'm³/a')
    """
    if unit == POINTS:
        return "个百分点" if language == "zh" else "percentage points"
    text = re.sub(r"(?<=m)([23])(?![0-9])", lambda found: found[1].translate(_SUPERSCRIPTS), unit)
    if language != "zh":
        return text
    for substance, of in _SUBSTANCES.items():
        text = text.replace(f"t {substance}", f"t{of}")
    text = re.sub(r"[A-Za-z]+", lambda word: _IN_CHINESE.get(word[0], word[0]), text).replace("km²", _KM2_IN_CHINESE)
    return re.sub(r"(?<=[^ /(])(?<!e\d) (?=[^ (/])", "·", text)


def scaled(
    values: Sequence[float | None], unit: str, language: str = "en", above: float = 1e6
) -> tuple[list[float | None], str]:
    """Brings amounts into the unit that a planner reads: millions and billions, 万 and 亿, ha or km².

    Args:
        values: amounts; None, NaN and infinity come back as None.
        unit: of the amounts; ``1e4 CNY`` counts in ten thousands.
        language: ``en`` or ``zh``, whose readers count in ten thousands.
        above: the largest value from which words are used; in Chinese ten thousand is always enough.

    Returns:
        The divided values and the unit to write beside them: ``([1.2, 0.3], "billion CNY/a")``.
    """
    numbers = [None if v is None or is_missing(v) else float(v) for v in values]
    power = _POWER_FIRST.match(unit)
    if power:
        numbers, unit = _divided(numbers, 10.0 ** -int(power[1])), power[2]
    told = unit_text(unit, language)
    peak = max((abs(v) for v in numbers if v is not None), default=0.0)
    if unit == "ha" and peak >= _KM2_FROM_HA:
        return _divided(numbers, _HA_PER_KM2), unit_text("km2", language)
    if 0 < peak < 1e-3 and unit != "%":  # percents stay percents
        exponent = math.floor(math.log10(peak) / 3) * 3
        return _divided(numbers, 10.0**exponent), power_of_ten(exponent, told)
    if peak >= (min(above, 1e4) if language == "zh" else above):
        for exponent, word in _WORDS.get(language, _WORDS["en"]):
            if peak >= 10.0**exponent:
                gap = "" if language == "zh" or not told else " "
                return _divided(numbers, 10.0**exponent), f"{word}{gap}{told}"
    return numbers, told


def _divided(numbers: Sequence[float | None], divisor: float) -> list[float | None]:
    return [None if v is None else v / divisor for v in numbers]


def amount(value: float | None, unit: str, language: str = "en") -> str:
    """A number with its unit, as a sentence has it: ``7.75 billion CNY/a``, ``4.92 %``, ``109.46 km²``."""
    if value is None or is_missing(value):
        return DASH
    (number,), told = scaled([value], unit, language)
    text = format_number(number, unit_decimals(told))
    return f"{text}{'' if language == 'zh' or not told else ' '}{told}"


class Amount(NamedTuple):
    """An amount of money in a log, which Chinese readers want in 万元 or 亿元."""

    value: float
    currency: str

    def of(self, language: str) -> str:
        """In a language: ``1,234,567.80 CNY``, ``123.46万元``."""
        return amount(self.value, self.currency, language) if language == "zh" else f"{self.value:,.2f} {self.currency}"


def unit_decimals(unit: str) -> int | None:
    """Digits after the point that every number of a unit has: two for percent, points, millions and km².

    None for the other units, whose digits follow the size of the number.
    """
    in_words = any(unit.startswith(word) for words in _WORDS.values() for _, word in words)
    points = unit in (unit_text(POINTS), unit_text(POINTS, "zh"))
    return 2 if unit.startswith("%") or unit in ("km²", _KM2_IN_CHINESE) or in_words or points else None


def density_unit(unit: str) -> str:
    """The unit of a mean per hectare of what adds up in `unit`: of CNY/a it is CNY/(ha a).

    >>> density_unit("t/a")
    't/(ha a)'
    """
    if not unit:
        return ""
    amount, slash, per = unit.rpartition("/")
    return f"{amount}/(ha {per})" if slash and amount else f"{unit}/ha"
