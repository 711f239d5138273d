"""Takes single entries out of the YAML of a product, and says file, line and entry where one is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import TableError
from ...messages import say
from ...quantities import Range, Words
from .lines import Entry, load_lined
from .product import Fill

_NEEDED: Any = object()
SUPPLY = ("areas", "measures", "orders")
_TYPES = ("", "Byte", "Int8", "Int16", "UInt16", "Int32", "UInt32", "Float32", "Float64")


@dataclass(frozen=True)
class Shared:
    """What products share.

    Attributes:
        crs: definitions by short name.
        fills: meanings of codes by short name.
        fill_sets: codes with the short names of their meanings, by the name of the set.
        supply: words by short name, of `areas`, `measures` and `orders`.
    """

    crs: dict[str, str]
    fills: dict[str, Words]
    fill_sets: dict[str, dict[Any, str]]
    supply: dict[str, dict[str, Words]] = field(default_factory=dict)


def read_shared(path: Path) -> Shared:
    """Reads what products share. Raises TableError."""
    top = load_lined(path.read_text(encoding="utf-8"), path.name)
    read = Reader(path.name, Shared({}, {}, {}))
    read.keys(top, ("crs", "fills", "fill_sets", *SUPPLY))
    fills = {name: read.words(top["fills"], name) for name in top["fills"]}
    supply = {part: {name: read.words(top[part], name) for name in top[part]} for part in SUPPLY}
    return Shared(dict(top["crs"]), fills, {name: dict(codes) for name, codes in top["fill_sets"].items()}, supply)


@dataclass(frozen=True)
class Reader:
    """Reads entries of one file."""

    file: str
    shared: Shared

    def error(self, entry: Entry, key: str, what: str) -> TableError:
        return TableError(
            say("{file}, line {key}, {key2}: {what}.", file=self.file, key=entry.line_of(key), key2=key, what=what)
        )

    def keys(self, entry: Entry, needed: Sequence[str], optional: Sequence[str] = ()) -> None:
        """Refuses an entry that lacks a key or has one that nobody knows."""
        for key in entry:
            if key not in needed and key not in optional:
                raise self.error(entry, key, f"this key is not known; known are {', '.join((*needed, *optional))}")
        missing = [key for key in needed if key not in entry]
        if missing:
            raise TableError(
                say(
                    "{file}, line {line}: {missing} missing.",
                    file=self.file,
                    line=entry.line,
                    missing=", ".join(missing),
                )
            )

    def entries(self, entry: Entry, key: str, default: Any = _NEEDED) -> list[Entry]:
        given = entry.get(key, default)
        if given is _NEEDED or not isinstance(given, list) or not all(isinstance(one, Entry) for one in given):
            raise self.error(entry, key, "this is a list of mappings")
        if default is _NEEDED and not given:
            raise self.error(entry, key, "at least one is needed")
        return given

    def mapping(self, entry: Entry, key: str, what: str) -> Entry:
        given = entry.get(key)
        if not isinstance(given, Entry) or (key == "layers" and not all(isinstance(v, Entry) for v in given.values())):
            raise self.error(entry, key, f"this is a mapping of {what}")
        return given

    def text(self, entry: Entry, key: str, default: str | None = None) -> str:
        given = entry.get(key, default)
        if not isinstance(given, str) or (default is None and not given.strip()):
            raise self.error(entry, key, f"this is a text, and is {given!r}")
        return given

    def texts(self, entry: Entry, key: str) -> tuple[str, ...]:
        given = entry.get(key, [])
        if not isinstance(given, list) or not all(isinstance(one, str) and one for one in given):
            raise self.error(entry, key, "this is a list of texts")
        return tuple(given)

    def identifier(self, entry: Entry, key: str) -> str:
        given = self.text(entry, key)
        if not re.fullmatch(r"[a-z0-9_]+", given):
            raise self.error(entry, key, f"an id has small letters, digits and _, and is {given!r}")
        return given

    def words(self, entry: Entry, key: str) -> Words:
        given = entry.get(key)
        if not isinstance(given, dict) or set(given) != {"en", "zh"} or not all(given.values()):
            raise self.error(entry, key, "this needs a text in en and one in zh")
        return Words(str(given["en"]), str(given["zh"]))

    def shared_words(self, entry: Entry, key: str, part: str) -> Words:
        """Words that the file of what products share has under a short name."""
        known = self.shared.supply[part]
        return known[self.one_of(entry, key, tuple(known))]

    def one_of(self, entry: Entry, key: str, known: Sequence[str], default: str | None = None) -> str:
        given = entry.get(key, default)
        if given is None or (given != default and given not in known):
            raise self.error(entry, key, f"{given!r} is none of {', '.join(filter(None, known))}")
        return str(given)

    def some_of(self, entry: Entry, key: str, known: Sequence[str]) -> tuple[str, ...]:
        given = self.texts(entry, key)
        unknown = [one for one in given if one not in known]
        if unknown:
            raise self.error(entry, key, f"{', '.join(unknown)} is none of {', '.join(known)}")
        return given

    def number(self, entry: Entry, key: str, default: float) -> float:
        given = entry.get(key, default)
        if isinstance(given, bool) or not isinstance(given, (int, float)) or given != given:
            raise self.error(entry, key, f"this is a number, and is {given!r}")
        return float(given)

    def numbers(self, entry: Entry, key: str) -> list[float]:
        given = entry.get(key, [])
        good = isinstance(given, list) and all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in given)
        if not good:
            raise self.error(entry, key, f"this is a list of numbers, and is {given!r}")
        return [float(number) for number in given]

    def flag(self, entry: Entry, key: str) -> bool:
        given = entry.get(key, False)
        if not isinstance(given, bool):
            raise self.error(entry, key, f"this is true or false, and is {given!r}")
        return given

    def range(self, entry: Entry, key: str) -> Range | None:
        if key not in entry:
            return None
        ends = self.numbers(entry, key)
        if len(ends) != 2 or not ends[0] <= ends[1]:
            raise self.error(entry, key, f"this needs two rising numbers, and is {entry[key]!r}")
        return Range(ends[0], ends[1])

    def gdal_type(self, entry: Entry, key: str) -> str:
        return self.one_of(entry, key, _TYPES, "")

    def crs(self, entry: Entry, key: str) -> str:
        """A definition for PROJ, by its short name or as it stands; or `file`, where the file has the last word."""
        given = self.text(entry, key, "")
        found = self.shared.crs.get(given, given)
        if found and not re.match(r"(\+proj=|EPSG:\d+$|ESRI:\d+$|file$)", found):
            known = ", ".join(self.shared.crs)
            raise self.error(entry, key, f"{given!r} is no +proj text, no EPSG code and none of {known}")
        return found

    def pattern(self, entry: Entry, key: str, groups: Sequence[str] | None = None) -> re.Pattern[str]:
        written = self.text(entry, key)
        try:
            found = re.compile(written)
        except re.error as error:
            raise self.error(entry, key, f"this is no pattern ({error})") from None
        unknown = [name for name in found.groupindex if groups is not None and name not in groups]
        if unknown:
            raise self.error(entry, key, f"the groups {', '.join(unknown)} mean nothing; {', '.join(groups or ())} do")
        return found

    def fills(self, entry: Entry, key: str) -> tuple[Fill, ...]:
        """Codes with their meanings: the name of a set, or a mapping of codes and of `low..high` to meanings."""
        given = entry.get(key, {})
        if isinstance(given, str):
            if given not in self.shared.fill_sets:
                raise self.error(entry, key, f"{given!r} is none of {', '.join(self.shared.fill_sets)}")
            given = self.shared.fill_sets[given]
        if not isinstance(given, dict):
            raise self.error(entry, key, "fills are a mapping of codes to meanings, or the name of a set")
        return tuple(self._fill(entry, key, code, meaning) for code, meaning in given.items())

    def _fill(self, entry: Entry, key: str, code: Any, meaning: Any) -> Fill:
        if meaning not in self.shared.fills:
            raise self.error(entry, key, f"{meaning!r} is none of {', '.join(self.shared.fills)}")
        low, _, high = str(code).partition("..")
        try:
            codes = Range(float(low), float(high or low))
        except ValueError:
            raise self.error(entry, key, f"{code!r} is no code and no low..high") from None
        if not codes.low <= codes.high:
            raise self.error(entry, key, f"{code} falls")
        return Fill(codes, self.shared.fills[meaning])
