"""What the numbers of a raster or a table mean: quantities, told once in `resources/quantities.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from .errors import TableError
from .messages import say
from .resources import RESOURCES, read_yaml

QUANTITIES = RESOURCES / "quantities.yaml"
KINDS = (
    "density", "depth", "quantity", "count", "index", "factor", "class", "height", "distance", "angle", "temperature",
    "price",
)  # fmt: skip
STATISTICS = ("least", "median", "p98", "most")
_REQUIRED = frozenset({"name", "symbol", "unit", "kind", "possible", "usual"})
_OPTIONAL = frozenset({"about", "told", "fills", "files", "slips"})


class Words(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


class Range(NamedTuple):
    """From `low` to `high`, both within; infinite where it is open."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Fill:
    """Codes that providers write where they have no value, as they are stored, before a scale; and what they are."""

    id: str
    codes: Range
    means: Words


@dataclass(frozen=True)
class Slip:
    """Numbers of another unit, and how they are known.

    Attributes:
        factor, offset: number x factor + offset is the quantity in its unit; factor None where no line converts.
        statistic: of the numbers, one of `STATISTICS`.
        above, up_to: they are of that unit where the statistic is above the one and not above the other.
        looks: what they look like.
        mend: what to do.
    """

    factor: float | None
    offset: float
    statistic: str
    above: float
    up_to: float
    looks: Words
    mend: Words

    def fits(self, statistics: Mapping[str, float]) -> bool:
        value = statistics.get(self.statistic)
        return value is not None and self.above < value <= self.up_to


@dataclass(frozen=True)
class Quantity:
    """What numbers mean.

    Attributes:
        id: how parameters, series and products name it.
        name: without its unit.
        symbol: as formulas have it.
        unit: "" where it has none; `{currency}` stands for the currency of a run.
        kind: one of `KINDS`.
        possible: outside it is impossible: physics or storage excludes it.
        usual: the 2nd to the 98th percentile of real products lie in it; outside it is suspicious.
        fills: codes that providers use for no data.
        slips: known confusions of the unit.
        files: a pattern of the file names that tell it; None where no name does.
        about: what help says of rasters that hold it; None where name and unit say all.
        told: what labels say in place of the unit; None where they say the unit.
    """

    id: str
    name: Words
    symbol: str
    unit: str
    kind: str
    possible: Range
    usual: Range
    fills: tuple[Fill, ...]
    slips: tuple[Slip, ...]
    files: re.Pattern[str] | None
    about: Words | None = None
    told: Words | None = None

    @property
    def is_classes(self) -> bool:
        return self.kind == "class"

    def label(self, language: str = "en") -> str:
        """The name with the unit."""
        name = self.name.of(language)
        told = self.told.of(language) if self.told else self.unit
        if not told:
            return name
        return f"{name}（{told}）" if language == "zh" else f"{name} ({told})"

    def unit_in(self, currency: str) -> str:
        """The unit, with the currency of a run in its place."""
        return self.unit.replace("{currency}", currency)

    def fill(self, stored: float) -> Fill | None:
        """The fill code that a stored number is, None where it is none."""
        return next((fill for fill in self.fills if fill.codes.holds(stored)), None)

    def slip(self, statistics: Mapping[str, float]) -> Slip | None:
        """The first slip that fits.

        Args:
            statistics: of the values without fill codes, by `least`, `median`, `p98`, `most`; those that are there.
        """
        return next((slip for slip in self.slips if slip.fits(statistics)), None)


class UnitChoice(NamedTuple):
    """A unit that a parameter offers: number x factor + offset is the quantity in its own unit."""

    word: str
    factor: float
    offset: float = 0.0


@dataclass(frozen=True)
class Measure:
    """In what unit the numbers of a raster are.

    Attributes:
        quantity: id of what they mean.
        factor, offset: number x factor + offset is the quantity in its unit; other than 1 and 0 where the user chose
            another unit.
        ratio: whether only ratios of the numbers enter, so that any unit will do.
        choice: the parameter in which the user tells the unit or the scale; "" where there is none.
        units: what that parameter offers; empty for a number.
        guessed: whether only a name tells the quantity: nothing stops, and the unit is free.
    """

    quantity: str
    factor: float = 1.0
    offset: float = 0.0
    ratio: bool = False
    choice: str = ""
    units: tuple[UnitChoice, ...] = ()
    guessed: bool = False

    @property
    def meant(self) -> Quantity:
        return quantity(self.quantity)

    @property
    def plain(self) -> bool:
        """Whether the numbers have the unit of the quantity."""
        return (self.factor, self.offset) == (1.0, 0.0)

    def in_unit(self, number: float) -> float:
        """A number of the raster in the unit of the quantity."""
        return number * self.factor + self.offset

    def in_numbers(self, values: Range) -> Range:
        """A range of the quantity as numbers of the raster."""
        low, high = sorted((end - self.offset) / self.factor for end in values)
        return Range(low, high)


ANY = Measure("any")  # what only the user knows, and what the plugin itself has made


def quantity(identifier: str) -> Quantity:
    """A quantity by its id. Raises TableError for an unknown one."""
    try:
        return quantities()[identifier]
    except KeyError:
        raise TableError(
            say("There is no quantity {identifier} in {name}.", identifier=identifier, name=QUANTITIES.name)
        ) from None


def quantity_of_file(name: str) -> Quantity | None:
    """What a file or a band is likely to hold by its name, the first quantity whose pattern it has."""
    lowered = name.lower()
    return next((q for q in quantities().values() if q.files and q.files.search(lowered)), None)


def measure_of_name(name: str) -> Measure:
    """What a variable holds that the user calls by the id of a quantity, in whatever unit; else anything."""
    named = quantities().get(name.lower())
    known = named is not None and named.files is not None and named.files.search(named.id) is not None
    return Measure(named.id, guessed=True) if named and known else ANY


@cache
def quantities() -> dict[str, Quantity]:
    """All quantities by id, in the order of the file."""
    return load_quantities(QUANTITIES)


def load_quantities(path: Path) -> dict[str, Quantity]:
    """Reads and checks a file of quantities. Raises TableError with the file and the entry that is wrong."""
    given = read_yaml(path)
    return _Reader(path.name, given).quantities()


class _Reader:
    """Reads the file, and names it and the entry where something is wrong."""

    def __init__(self, file: str, given: Any) -> None:
        self._file, self._given = file, given

    def quantities(self) -> dict[str, Quantity]:
        for part in ("fills", "always", "quantities"):
            if not isinstance(self._given, dict) or part not in self._given:
                raise TableError(say("{file}: the part {part} is missing.", file=self._file, part=part))
        fills = {
            name: Fill(name, self._range(name, "codes", entry), self._words(name, "means", entry))
            for name, entry in self._given["fills"].items()
        }
        always = self._chosen("always", self._given["always"], fills)
        return {name: self._quantity(name, entry, fills, always) for name, entry in self._given["quantities"].items()}

    def _quantity(self, name: str, entry: dict[str, Any], fills: dict[str, Fill], always: tuple[Fill, ...]) -> Quantity:
        missing = _REQUIRED - set(entry)
        unknown = set(entry) - _REQUIRED - _OPTIONAL
        if missing or unknown:
            what = f"{', '.join(sorted(missing))} missing" if missing else f"{', '.join(sorted(unknown))} not known"
            raise self._error(name, what)
        if entry["kind"] not in KINDS:
            raise self._error(name, f"the kind {entry['kind']!r} is none of {', '.join(KINDS)}")
        possible, usual = self._range(name, "possible", entry), self._range(name, "usual", entry)
        if not possible.low <= usual.low <= usual.high <= possible.high:
            raise self._error(name, f"what is usual ({usual.low:g} to {usual.high:g}) lies outside what is possible")
        own = self._chosen(name, entry.get("fills", []), fills)
        return Quantity(
            id=name,
            name=self._words(name, "name", entry),
            symbol=str(entry["symbol"]),
            unit=str(entry["unit"]),
            kind=str(entry["kind"]),
            possible=possible,
            usual=usual,
            fills=(*own, *always),
            slips=tuple(self._slip(name, slip) for slip in entry.get("slips", [])),
            files=self._pattern(name, entry.get("files")),
            about=self._words(name, "about", entry) if "about" in entry else None,
            told=self._words(name, "told", entry) if "told" in entry else None,
        )

    def _slip(self, name: str, entry: dict[str, Any]) -> Slip:
        when = entry.get("when")
        if not isinstance(when, dict) or len(when) != 1 or next(iter(when)) not in STATISTICS:
            raise self._error(name, f"a slip is known by one of {', '.join(STATISTICS)}, and has {when!r}")
        ((statistic, limits),) = when.items()
        above, up_to = self._range(name, statistic, {statistic: limits})
        rescaled = "times" in entry or "plus" in entry
        if not rescaled and "mend" not in entry:
            raise self._error(name, "a slip without times and plus needs a mend")
        factor, offset = float(entry.get("times", 1)), float(entry.get("plus", 0))
        mend = self._words(name, "mend", entry) if "mend" in entry else _rescale(factor, offset)
        looks = self._words(name, "looks", entry)
        return Slip(factor if rescaled else None, offset, statistic, above, up_to, looks, mend)

    def _words(self, name: str, key: str, entry: dict[str, Any]) -> Words:
        given = entry.get(key)
        if not isinstance(given, dict) or set(given) != {"en", "zh"} or not all(given.values()):
            raise self._error(name, f"{key} needs a text in en and one in zh")
        return Words(str(given["en"]), str(given["zh"]))

    def _range(self, name: str, key: str, entry: dict[str, Any]) -> Range:
        given: Any = entry.get(key)
        numbers = isinstance(given, list) and all(isinstance(end, (int, float)) for end in given)
        if not numbers or len(given) != 2 or not given[0] <= given[1]:
            raise self._error(name, f"{key} needs two rising numbers, and is {given!r}")
        return Range(float(given[0]), float(given[1]))

    def _chosen(self, name: str, names: Sequence[str], fills: dict[str, Fill]) -> tuple[Fill, ...]:
        unknown = [one for one in names if one not in fills]
        if unknown:
            raise self._error(name, f"there are no fills called {', '.join(unknown)}")
        return tuple(fills[one] for one in names)

    def _pattern(self, name: str, written: str | None) -> re.Pattern[str] | None:
        try:
            return re.compile(written) if written else None
        except re.error as error:
            raise self._error(name, f"the pattern of files is wrong ({error})") from None

    def _error(self, name: str, what: str) -> TableError:
        return TableError(f"{self._file}, {name}: {what}.")


def _rescale(factor: float, offset: float) -> Words:
    """The mend of a slip that a scale and an offset of the band put right."""
    steps = [("-scale", "multiply by", "乘以", factor)] if factor != 1 else []
    steps += [("-offset", "add", "加", offset)] if offset else []
    options = " ".join(f"{option} {number:.9g}" for option, _, _, number in steps)
    english = " and ".join(f"{verb} {number:.9g}" for _, verb, _, number in steps)
    chinese = "，再".join(f"{verb} {number:.9g}" for _, _, verb, number in steps)
    return Words(
        f"Set it for the band (gdal_edit.py {options}), or {english} with the raster calculator.",
        f"为波段设置（gdal_edit.py {options}），或用栅格计算器{chinese}。",
    )
