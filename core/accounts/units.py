"""Units of quantities and prices: which are the same kind, and how many of one make another."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import InputError
from ..messages import say

# Kind of quantity, and how many of its base unit one of each is. Money has the user's currency as its base.
_KINDS: dict[str, dict[str, float]] = {
    "volume": {"m3": 1, "m³": 1, "km3": 1e9, "立方米": 1, "方": 1},
    "mass": {"t": 1, "kg": 1e-3, "g": 1e-6, "吨": 1, "千克": 1e-3, "公斤": 1e-3},
    "energy": {"kwh": 1, "mwh": 1e3, "gwh": 1e6, "mj": 1 / 3.6, "千瓦时": 1, "度": 1},
    "area": {"m2": 1e-4, "m²": 1e-4, "ha": 1, "hm2": 1, "hm²": 1, "km2": 100, "km²": 100, "公顷": 1, "亩": 1 / 15,
             "平方米": 1e-4, "平方公里": 100, "平方千米": 100},
    "length": {"km": 1, "m": 1e-3, "公里": 1, "千米": 1, "米": 1e-3},
    "time": {"h": 1, "hour": 1, "hours": 1, "小时": 1},
    "visits": {"visits": 1, "visit": 1, "persons": 1, "person": 1, "人次": 1},
    "money": {},
}  # fmt: skip
_WORDS = {word: (kind, factor) for kind, words in _KINDS.items() for word, factor in words.items()}
_MONEY = ("元", "yuan", "rmb", "cny")
_TIMES = re.compile(r"(?:1e|10\^|10\*\*)([0-9]+)|(千|万|亿|million\s|billion\s)")
_RAISED = {ord(raised): f"^{plain}" for raised, plain in zip("⁴⁶⁸⁹", "4689")}
_CHINESE = {"千": 1e3, "万": 1e4, "亿": 1e8, "million": 1e6, "billion": 1e9}
_PER_YEAR = re.compile(r"\s*/\s*(a|yr|year|年)$")


@dataclass(frozen=True)
class Unit:
    """A unit as somebody wrote it.

    Attributes:
        text: as written.
        kind: what it measures: volume, mass, energy, area, length, time, visits or money.
        factor: how many base units one of it is (m3, t, kWh, ha, km, h, visits, currency).
        substance: of which it is a mass, such as CO2 or C; "" where that is not said.
    """

    text: str
    kind: str
    factor: float
    substance: str = ""

    def fits(self, other: Unit) -> bool:
        """Whether both measure the same thing: a tonne of carbon is none of carbon dioxide."""
        return self.kind == other.kind and self.substance == other.substance


def parse_unit(text: str, currency: str = "CNY") -> Unit:
    """Reads a unit such as `m3/a`, `t CO2`, `1e4 t`, `亿m3`, `kWh/a` or `CNY/a`. Per year is understood.

    Raises:
        InputError: it is not known.
    """
    rest = _PER_YEAR.sub("", text.strip().casefold().translate(_RAISED))
    factor = 1.0
    times = _TIMES.match(rest)
    if times:
        power, word = times.groups()
        factor = _CHINESE[word.strip()] if word else 10.0 ** int(power)
        rest = rest[times.end() :].strip()
    if rest in (currency.casefold(), *_MONEY):
        return Unit(text, "money", factor)
    name, _, substance = rest.partition(" ")
    if name not in _WORDS:  # "tCO2" as well as "t CO2"
        glued = re.fullmatch(r"(kg|t|吨)(co2|c|o2|n|p|so2|nox)", rest)
        name, substance = glued.groups() if glued else (name, substance)
    if name not in _WORDS:
        raise InputError(
            say(
                "The unit {text!r} is not known. Write m3, t, t CO2, kg, kWh, ha, km2, km, h, visits or "
                "{currency}, with /a where it is per year and 1e4 or 1e8 before it where it is a multiple.",
                text=text,
                currency=currency,
            )
        )
    kind, base = _WORDS[name]
    return Unit(text, kind, factor * base, substance.strip().upper())


@dataclass(frozen=True)
class PriceUnit:
    """The unit of a price, such as `CNY/m3`: money per unit of a quantity."""

    text: str
    money: float
    per: Unit


def parse_price_unit(text: str, currency: str = "CNY") -> PriceUnit:
    """Reads the unit of a price. Raises InputError where it is not money per a unit of something."""
    money, slash, per = text.strip().partition("/")
    if not slash:
        raise InputError(
            say(
                "The unit of a price is {text!r}. Write money per unit of the quantity, such as {currency}/m3.",
                text=text,
                currency=currency,
            )
        )
    written = parse_unit(money, currency)
    if written.kind != "money":
        raise InputError(
            say("The unit of a price is {text!r}, which does not begin with {currency}.", text=text, currency=currency)
        )
    return PriceUnit(text, written.factor, parse_unit(per.strip("()（） "), currency))
