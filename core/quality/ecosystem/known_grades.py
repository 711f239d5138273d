"""Grades that are known: of wetland by water quality or trophic state, of cropland by its national grade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ...errors import InputError, TableError
from ...land_cover import ECOSYSTEMS, LandCoverScheme
from ...messages import say
from ...raster.classes import ClassIndex
from ...raster.reading.source import Source
from ...raster.work import Block
from ...tables import Table, resource_table

# Columns of a table of grades, and the ecosystem that each tells of; `grade` tells of any.
COLUMNS: Mapping[str, str] = {
    "water_class": "wetland",
    "trophic_state": "wetland",
    "cropland_grade": "cropland",
    "grade": "",
}
NO_GRADE = 0


@dataclass(frozen=True, eq=False)
class KnownGrades:
    """What a table of grades says of every pixel.

    Attributes:
        values: uint8, shape (dates, zones + 1, classes + 1); zone 0 lies in no zone, the last class is what the scheme
            does not know, 0 is no grade.
        ecosystems: those that the table grades, in the order of the schemes.
        zones: source name of the zones; None where grades go by class alone.
        name: of the table.
    """

    values: np.ndarray
    ecosystems: tuple[str, ...]
    zones: str | None
    name: str

    def grades(self, block: Block, date: int, cover: str, index: ClassIndex) -> np.ndarray:
        """Grades 1 to 5, 0 where none is known, uint8, shape (height, width)."""
        classes = np.where(block.valid[cover], index(block.values[cover]), index.unknown)
        zone: np.ndarray | int = 0 if self.zones is None else block.values[self.zones].astype(np.intp)
        return self.values[date][zone, classes]


def read_known_grades(
    table: Table, scheme: LandCoverScheme, years: Sequence[int], zones: Sequence[str] = (), source: Source | None = None
) -> KnownGrades:
    """Reads a table of grades.

    Args:
        table: one of the columns `water_class` (I to V and inferior V), `trophic_state` (oligotrophic to
            hyper_eutrophic), `cropland_grade` (1 to 15) and `grade` (1 poor to 5 excellent, or the words); and what the
            row is about: `code` (a land-cover class), `ecosystem`, `zone`, `year`, blank for all. Later rows win.
        scheme: meaning of the land-cover codes.
        years: of the dates.
        zones: names of the polygons that the column `zone` names, such as lakes.
        source: of the zones.

    Raises:
        TableError: a column or a word is not understood, or a row does not say what land it is about.
    """
    values = np.zeros((len(years), len(zones) + 1, len(scheme.codes) + 1), dtype=np.uint8)
    cells = {name: _cells(table, name) for name in ("code", "ecosystem", "zone", "year", *COLUMNS)}
    if not any(any(cells[name]) for name in COLUMNS):
        raise TableError(
            say(
                "Table {name} holds no grade. Give one of the columns {columns}; it has {columns2}.",
                name=table.name,
                columns=", ".join(COLUMNS),
                columns2=", ".join(table.columns),
            )
        )
    for row in range(len(table.rows)):
        where = say("Table {name}, row {row}", name=table.name, row=row + 1)
        given = [name for name in COLUMNS if cells[name][row]]
        if len(given) != 1:
            raise TableError(
                say(
                    "{where} must hold one of {columns}; it holds {given}.",
                    where=where,
                    columns=", ".join(COLUMNS),
                    given=", ".join(given) or say("none"),
                )
            )
        grade = _grade(given[0], cells[given[0]][row], where)
        ecosystem = cells["ecosystem"][row] or COLUMNS[given[0]]
        members = _members(scheme, cells["code"][row], ecosystem, where)
        dates = _places(cells["year"][row], [str(year) for year in years], f"{where}, column year")
        places = _zones(cells["zone"][row], zones, where)
        values[np.ix_(dates, places, members)] = grade
    graded = (values[:, :, :-1] > NO_GRADE).any(axis=(0, 1))
    found = {scheme.ecosystem_of(code) for code, has_grade in zip(scheme.codes, graded) if has_grade}
    ordered = tuple(name for name in ECOSYSTEMS if name in found)
    return KnownGrades(values, ordered, source.name if source else None, table.name)


def _cells(table: Table, column: str) -> tuple[str, ...]:
    return table.texts(column) if table.has(column) else ("",) * len(table.rows)


@cache
def _words() -> dict[tuple[str, str], int]:
    """Grade by column and word, in small letters."""
    found = {}
    for row in resource_table("known_grades").rows:
        for word in (str(row["class"]), *str(row["also"]).split(";")):
            if word:
                found[str(row["scheme"]), word.casefold()] = int(str(row["grade"]))
    return found


def _grade(column: str, word: str, where: str) -> int:
    grade = _words().get((column, word.strip().casefold().removesuffix(".0")))
    if grade is None:
        known = ", ".join(str(row["class"]) for row in resource_table("known_grades").rows if row["scheme"] == column)
        raise TableError(
            say(
                "{where}, column {column} holds {word!r}. Write one of {known}.",
                where=where,
                column=column,
                word=word,
                known=known,
            )
        )
    return grade


def _members(scheme: LandCoverScheme, code: str, ecosystem: str, where: str) -> list[int]:
    """Class indices that a row is about."""
    if ecosystem and ecosystem not in ECOSYSTEMS:
        raise TableError(
            say(
                "{where}, column ecosystem holds {ecosystem!r}. Write one of {ecosystems}.",
                where=where,
                ecosystem=ecosystem,
                ecosystems=", ".join(ECOSYSTEMS),
            )
        )
    if code:
        number = code.removesuffix(".0")
        if not number.isdigit() or not scheme.known(int(number)):
            raise TableError(
                say(
                    "{where}, column code holds {code}, which the scheme {title} does not know.",
                    where=where,
                    code=code,
                    title=scheme.title,
                )
            )
        return [scheme.codes.index(int(number))]
    if not ecosystem:
        raise TableError(say("{where} does not say what land it is about. Fill in code or ecosystem.", where=where))
    return [k for k, known in enumerate(scheme.codes) if scheme.ecosystem_of(known) == ecosystem]


def _places(word: str, known: Sequence[str], where: str) -> list[int]:
    """Positions of a word, all of them where it is blank."""
    if not word:
        return list(range(len(known)))
    found = [place for place, other in enumerate(known) if other == word.removesuffix(".0")]
    if not found:
        raise TableError(
            say(
                "{where} holds {word}. Write one of {known}, or leave it blank for all.",
                where=where,
                word=word,
                known=", ".join(known),
            )
        )
    return found


def _zones(word: str, zones: Sequence[str], where: str) -> list[int]:
    """Zone numbers, 0 and all where the cell is blank."""
    if not word:
        return list(range(len(zones) + 1))
    if not zones:
        raise InputError(
            say("{where} names the zone {word}. Give the polygons of the zones (GRADE_ZONES).", where=where, word=word)
        )
    return [place + 1 for place in _places(word, zones, f"{where}, column zone")]
