"""Land-cover schemes: what each class code means to the methods, and how a user's class table changes it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .errors import InputError, TableError
from .messages import say
from .raster.output import ClassColour
from .tables import Table, resource_table

ECOSYSTEMS = ("forest", "shrub", "grassland", "wetland", "cropland", "urban", "desert", "ice", "bare")
NODATA = ("nodata", "no data", "无数据")  # what a class table writes for an ecosystem that is none

CUSTOM = "custom"
SCHEMES = resource_table("land_cover_schemes").texts("scheme")  # in the order of choices, which only grows at its end
HIGHEST_CODE = 999_999
_NONE = "none"
_OPEN_WATER = 42
_DESCRIBES = ("scheme", "code", "name", "name_zh", "ecosystem", "color", "water", "note")  # of no weight in a method


@dataclass(frozen=True)
class LandCoverClass:
    """One class of a scheme.

    Attributes:
        code: the value in the raster.
        name: what tables and legends call it.
        ecosystem: one of `ECOSYSTEMS`.
        color: `#rrggbb`, or "" where none is given.
        water: whether it is open water.
        row: all columns of its row as texts, by lower-case name; "" means none.
    """

    code: int
    name: str
    ecosystem: str
    color: str
    water: bool
    row: dict[str, str]

    def text(self, column: str) -> str:
        """The cell of a column, "" where it holds nothing or there is no such column."""
        return self.row.get(column.casefold(), "")

    def named(self, language: str) -> str:
        """The name in a language (`en` or `zh`), the English one where there is no other."""
        return (self.text("name_zh") if language == "zh" else "") or self.name

    def states_equivalents(self, table: str) -> bool:
        """Whether the row says, be it "none", which equivalents of the table the class has."""
        return any(column in self.row for column in _equivalents_columns(table))

    def equivalents(self, table: str) -> dict[str, float]:
        """The weights of the class over the columns of an equivalents table, e.g. `{"paddy": 0.5, "wetland": 0.5}`.

        The column `equivalents` wins over `equivalents_<table>`. A class without equivalents has no weights.

        Raises:
            TableError: the cell is not written `column:weight;column:weight`, or the weights do not add up to 1.
        """
        column = next((column for column in _equivalents_columns(table) if column in self.row), None)
        if column is None or not self.row[column]:
            return {}
        return self._weights(column)

    def _weights(self, column: str) -> dict[str, float]:
        cell = self.row[column]
        where = say("Class {code} ({name}), column {column}", code=self.code, name=self.name, column=column)
        weights: dict[str, float] = {}
        for part in filter(None, map(str.strip, cell.split(";"))):
            name, _, written = (piece.strip() for piece in part.rpartition(":"))
            weight = _weight(written)
            if not name or weight is None or name in weights:
                raise TableError(
                    say(
                        "{where} holds {cell!r}, of which {part!r} is not understood. Write each column once, with "
                        "its weight: column:weight;column:weight.",
                        where=where,
                        cell=cell,
                        part=part,
                    )
                )
            weights[name] = weight
        total = math.fsum(weights.values())
        if abs(total - 1) > 1e-6:
            raise TableError(
                say(
                    "{where} holds {cell!r}: the weights add up to {total:g}. They must add up to 1.",
                    where=where,
                    cell=cell,
                    total=total,
                )
            )
        return weights


@dataclass(frozen=True)
class MovedClass:
    """A class that a class table gives another ecosystem than the scheme does.

    Attributes:
        code: of the class.
        before, after: the ecosystems.
        kept: columns that say what the class means to the methods and that the table leaves as they were.
    """

    code: int
    before: str
    after: str
    kept: tuple[str, ...]


@dataclass(frozen=True)
class LandCoverScheme:
    """The classes of a land-cover product, by code.

    Attributes:
        name: one of `SCHEMES`.
        classes: by code.
        nodata: codes that stand for no data.
        moved: classes whose ecosystem is not that of the scheme.
    """

    name: str
    classes: dict[int, LandCoverClass]
    nodata: tuple[int, ...] = ()
    moved: tuple[MovedClass, ...] = ()

    @property
    def title(self) -> str:
        """The name as the field writes it; the word itself where `land_cover_schemes` has none."""
        names = resource_table("land_cover_schemes")
        return dict(zip(names.texts("scheme"), names.texts("name"))).get(self.name, self.name)

    @property
    def codes(self) -> tuple[int, ...]:
        """The codes, ascending."""
        return tuple(self.classes)

    def __iter__(self) -> Iterator[LandCoverClass]:
        return iter(self.classes.values())

    def known(self, code: int) -> bool:
        """Whether the scheme has this code."""
        return code in self.classes

    def ecosystem_of(self, code: int) -> str:
        """The ecosystem of a known code."""
        return self.classes[code].ecosystem

    def colour_of(self, code: int) -> str:
        """The colour of a known code, `#rrggbb` or ""."""
        return self.classes[code].color


def load_scheme(
    name: str, class_table: Table | None = None, legend: Mapping[int, ClassColour] | None = None
) -> LandCoverScheme:
    """Loads a scheme and lays the user's class table over it.

    A row of the class table overrides the scheme's row of that code cell by cell; blank cells fall back to the
    scheme's row, and the word `none` means none. A code that the scheme does not have is a new class: its blank
    equivalents mean none, a blank name or colour is that of the legend, and its other blanks take the lowest HJ 1166
    code of its ecosystem (lake where `water` is 1). With the scheme `custom` every class is new. Rows whose
    column `scheme` names another scheme are left out. The ecosystem `nodata` makes pixels of a code no data.

    Args:
        name: one of `SCHEMES`.
        class_table: columns `code`, for new classes `ecosystem`, and any other column of land_cover_classes.csv.
        legend: names and colours that the raster itself gives its codes.

    Raises:
        InputError: the name is unknown, or `custom` came without a class table.
        TableError: the class table is empty, lacks a column, or holds a cell that cannot be used.
    """
    if name not in SCHEMES:
        raise InputError(
            say("There is no land-cover scheme {name}. Choose one of {schemes}.", name=name, schemes=", ".join(SCHEMES))
        )
    if class_table is None:
        if name == CUSTOM:
            raise InputError(say("The scheme custom needs a class table with the columns code, name and ecosystem."))
        return LandCoverScheme(name, {code: _class_of(code, row) for code, row in _scheme_rows(name).items()})
    rows = _scheme_rows(name)
    source = say("Table {name}", name=class_table.name)
    own = _user_rows(name, class_table)
    moved = tuple(_moved(code, rows[code], given) for code, given in own.items() if _moves(rows.get(code), given))
    nodata = tuple(code for code, row in own.items() if row.get("ecosystem", "").casefold() in NODATA)
    for code, given in own.items():
        if code in nodata:
            rows.pop(code, None)
            continue
        base = rows[code] if code in rows else _template(code, given, source) | _of_legend(code, legend or {})
        rows[code] = {**base, **{column: "" if _is_none(cell) else cell for column, cell in given.items()}}
    if not rows:
        raise TableError(
            say("{source} has no class but those that stand for no data. Add a row per class.", source=source)
        )
    return LandCoverScheme(name, {code: _class_of(code, rows[code], source) for code in sorted(rows)}, nodata, moved)


def require_known_codes(table: Table, scheme: LandCoverScheme) -> None:
    """Refuses a table whose codes the scheme lacks, all of them: no row would be used. Raises TableError."""
    codes = list(dict.fromkeys(map(int, table.numbers("code"))))  # a code may have rows by slope
    if codes and not any(map(scheme.known, codes)):
        raise TableError(
            say(
                "Table {name}: scheme {scheme} has none of its codes ({codes}). Write codes of the land cover into the "
                "column code ({known}), or choose the scheme of the table (SCHEME).",
                name=table.name,
                scheme=scheme.title,
                codes=_first(codes, 10),
                known=_first(scheme.codes, 40),
            )
        )


def _first(codes: Sequence[int], count: int) -> str:
    return ", ".join(map(str, codes[:count])) + (" …" if len(codes) > count else "")


def _moves(row: Mapping[str, str] | None, given: Mapping[str, str]) -> bool:
    """Whether a row of a class table gives a class of the scheme another ecosystem."""
    ecosystem = given.get("ecosystem", "").casefold()
    return row is not None and ecosystem not in ("", *NODATA) and ecosystem != row["ecosystem"]


def _moved(code: int, row: Mapping[str, str], given: Mapping[str, str]) -> MovedClass:
    told = {*given, *_DESCRIBES, *(c for c in row if c.startswith("equivalents") and "equivalents" in given)}
    kept = tuple(column for column, cell in row.items() if cell and column not in told)
    return MovedClass(code, row["ecosystem"], given["ecosystem"].casefold(), kept)


def _scheme_rows(name: str) -> dict[int, dict[str, str]]:
    """The rows of a scheme of the plugin by code; none for `custom`."""
    rows = resource_table("land_cover_classes").rows
    return {
        int(str(row["code"])): {column: str(cell) for column, cell in row.items()}
        for row in rows
        if row["scheme"] == name
    }


def _user_rows(name: str, table: Table) -> dict[int, dict[str, str]]:
    """The rows of a class table by code, without their blank cells."""
    table.require("code")
    if name != CUSTOM and table.has("scheme"):
        kept = tuple(row for row, scheme in zip(table.rows, table.texts("scheme")) if scheme.casefold() in ("", name))
        table = replace(table, rows=kept)
    if table.is_empty:
        raise TableError(
            say(
                "Table {name} has no row for the land-cover scheme {name2}. Add a row per class.",
                name=table.name,
                name2=name,
            )
        )
    codes = table.codes("code")
    too_high = [code for code in codes if code > HIGHEST_CODE]
    if too_high:
        raise TableError(
            say(
                "Table {name} holds the code {too_high}. Class codes go up to {highest_code}: reclassify the "
                "land cover.",
                name=table.name,
                too_high=too_high[0],
                highest_code=HIGHEST_CODE,
            )
        )
    usual = {own: known for known in ("name", "ecosystem", "color") if (own := table.column(known)) is not None}
    cells = {usual.get(column, column).casefold(): table.texts(column) for column in table.columns}
    cells["code"] = tuple(map(str, codes))
    return {code: {c: texts[i] for c, texts in cells.items() if texts[i]} for i, code in enumerate(codes)}


def _template(code: int, given: Mapping[str, str], source: str) -> dict[str, str]:
    """What the blanks of a new class stand for: the lowest HJ 1166 class of its ecosystem, but no equivalents."""
    ecosystem = given.get("ecosystem")
    if ecosystem is None:
        raise TableError(
            say(
                "{source}, code {code} has no ecosystem, and the scheme does not have this code. Write one "
                "of {ecosystems} in the column ecosystem.",
                source=source,
                code=code,
                ecosystems=", ".join(ECOSYSTEMS),
            )
        )
    ecosystem = _ecosystem(ecosystem, f"{source}, code {code}")
    water = _water(given.get("water", ""), f"{source}, code {code}")
    reference = _scheme_rows("hj1166")
    like = _OPEN_WATER if water else min(c for c, row in reference.items() if row["ecosystem"] == ecosystem)
    row = {column: cell for column, cell in reference[like].items() if column not in ("scheme", "name_zh", "note")}
    return {**row, **{column: "" for column in row if column.startswith("equivalents")}, "equivalents_custom": ""}


def _of_legend(code: int, legend: Mapping[int, ClassColour]) -> dict[str, str]:
    """The cells that a legend fills: a name, a colour, both or none."""
    found = legend.get(code)
    cells = {} if found is None else {"name": found.name, "color": found.colour}
    return {column: cell for column, cell in cells.items() if cell}


def _class_of(code: int, row: dict[str, str], source: str = "Table land_cover_classes") -> LandCoverClass:
    where = say("{source}, code {code}", source=source, code=code)
    ecosystem = _ecosystem(row["ecosystem"], where)
    water = _water(row["water"], where)
    if water and ecosystem != "wetland":
        raise TableError(
            say(
                "{where} has water 1 and ecosystem {ecosystem}. Water marks open water within wetland: write "
                "ecosystem wetland or water 0.",
                where=where,
                ecosystem=ecosystem,
            )
        )
    color = row["color"]
    if color and not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
        raise TableError(
            say("{where}, column color holds {color!r}. Write a colour as #rrggbb.", where=where, color=color)
        )
    return LandCoverClass(code, row["name"] or str(code), ecosystem, color, water, {**row, "ecosystem": ecosystem})


def _ecosystem(text: str, where: str) -> str:
    ecosystem = text.casefold()
    if ecosystem not in ECOSYSTEMS:
        raise TableError(
            say(
                "{where}, column ecosystem holds {text!r}. Write one of {ecosystems}.",
                where=where,
                text=text,
                ecosystems=", ".join(ECOSYSTEMS),
            )
        )
    return ecosystem


def _water(text: str, where: str) -> bool:
    if text not in ("", "0", "1", "0.0", "1.0"):
        raise TableError(
            say("{where}, column water holds {text!r}. Write 1 for open water, else 0.", where=where, text=text)
        )
    return text.startswith("1")


def _weight(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]+\.?[0-9]*|\.[0-9]+", text) else None


def _equivalents_columns(table: str) -> tuple[str, str]:
    return "equivalents", f"equivalents_{table}"


def _is_none(cell: str) -> bool:
    return cell.casefold() == _NONE
