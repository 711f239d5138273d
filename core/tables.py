"""Tables of coefficients: those of the plugin and those of the user, read and checked in one way."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from .errors import TableError
from .handed_on import as_written, without_secrets
from .inputs.encodings import decoded
from .messages import say
from .resources import RESOURCES, read_yaml

Value = Union[str, int, float, bool, None]

_FOLDER = RESOURCES / "tables"

_CSV_SUFFIXES = {".csv", ".txt", ".tsv"}
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INFINITE = re.compile(r"[+-]?inf", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*sep=(.)\s*", re.IGNORECASE)
_SHEETS = {".xlsx", ".xlsm", ".ods"}
# A column of at least so many letters is taken for a known one that is missing if one letter is wrong.
_LONG_NAME, _SHORT_NAME = 5, 4


@dataclass(frozen=True)
class Table:
    """Rows of raw values under named columns.

    Attributes:
        name: what messages call the table.
        columns: the column names as written, stripped.
        rows: one dict per row, keyed by `columns`; the first row is row 1 in messages.
        decimal_comma: whether "1,5" is a number (files whose cells are separated by semicolons).
        read: the columns that were asked for so far, by the names that the table has.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, Value], ...]
    decimal_comma: bool = False
    read: set[str] = field(default_factory=set, compare=False, repr=False)

    @classmethod
    def of_rows(
        cls,
        name: str,
        rows: Iterable[Mapping[str, Any]],
        columns: Sequence[str] | None = None,
        decimal_comma: bool = False,
    ) -> Table:
        """Makes a table of rows, for example of the attributes of a layer.

        Args:
            name: what messages call the table.
            rows: mappings from column to value; a column that a row lacks is blank there.
            columns: the columns, needed only where there may be no row; default: those of the rows.
            decimal_comma: whether "1,5" is a number.

        Raises:
            TableError: two columns bear the same name (capitals and outer spaces do not count).
        """
        given = [{_stripped(key): value for key, value in row.items()} for row in rows]
        names = list(dict.fromkeys(map(_stripped, columns) if columns else (key for row in given for key in row)))
        twice = [key for key, count in Counter(map(_key, columns or names)).items() if count > 1]
        if twice:
            raise TableError(
                say(
                    "Table {name} has more than one column called {columns}: a name may not stand twice. Rename or "
                    "remove one.",
                    name=name,
                    columns=_words(twice),
                )
            )
        return cls(name, tuple(names), tuple({c: row.get(c) for c in names} for row in given), decimal_comma)

    @property
    def is_empty(self) -> bool:
        """Whether the table has no row."""
        return not self.rows

    def has(self, column: str) -> bool:
        """Whether the table has this column, whatever its capitals, or under another of its usual names.

        Raises:
            TableError: it has not, but a column that differs by a letter: it would be ignored without a word.
        """
        if self.column(column) is not None:
            return True
        used = {*self.read, *map(self.column, _aliases())}
        near = [name for name in self.columns if name not in used and _misspelt(name, column)]
        if near:
            raise TableError(
                say(
                    "Table {name} has the column {near}, which nothing reads; is {column} meant? Rename it to "
                    "{column}, or give it a name of its own.",
                    name=self.name,
                    near=near[0],
                    column=column,
                )
            )
        return False

    def column(self, column: str, needed: bool = False) -> str | None:
        """What the table calls a column: by its own name, or by the first of its usual names that is there."""
        for wanted in (column, *_aliases().get(column, ()), *(_aliases(True).get(column, ()) if needed else ())):
            for name in self.columns:
                if _key(name) == _key(wanted):
                    return name
        return None

    def kept(self, keep: Sequence[bool]) -> Table:
        """The table with some of its rows."""
        return replace(self, rows=tuple(row for row, kept in zip(self.rows, keep) if kept))

    @property
    def unread(self) -> tuple[str, ...]:
        """Columns that nothing has asked for."""
        return tuple(name for name in self.columns if name not in self.read)

    def require(self, *columns: str) -> None:
        """Checks that the columns are there. Raises TableError that names the missing and the present ones."""
        missing = [column for column in columns if self.column(column, True) is None]
        if missing:
            kind = say("column") if len(missing) == 1 else say("columns")
            told = {"name": self.name, "kind": kind, "missing": _words(missing)}
            words = _words(self.columns) or say("no columns")
            mend = say("Add or rename the {kind}.", kind=kind)
            raise TableError(
                say("Table {name} lacks the {kind} {missing}. It has {words}. {mend}", **told, words=words, mend=mend)
            )
        self.read.update(filter(None, (self.column(column, True) for column in columns)))

    def values(self, column: str) -> tuple[Value, ...]:
        """The raw values of a column, blanks as None.

        Raises:
            TableError: there is no such column.
        """
        self.require(column)
        name = self.column(column, True)
        if name is None:
            raise TypeError("name is not as expected")
        return tuple(None if _is_blank(row[name]) else row[name] for row in self.rows)

    def texts(self, column: str) -> tuple[str, ...]:
        """A column as stripped texts: blanks are "", whole floats lose their ".0", true and false are 1 and 0."""
        return tuple(_text(value) for value in self.values(column))

    def numbers(self, column: str, blank: float | None = None, infinite: bool = False) -> NDArray[np.float64]:
        """A column as float64.

        Args:
            column: its name.
            blank: what a blank cell counts as; None makes a blank an error.
            infinite: whether "inf" and "-inf" are allowed, as for the open ends of classes.

        Raises:
            TableError: there is no such column, or a cell is text, blank or infinite without leave.
        """
        numbers = []
        for row, value in enumerate(self.values(column), start=1):
            if value is None:
                if blank is None:
                    raise self._cell_error(row, column, say("is blank"), say("Write a number."))
                numbers.append(blank)
                continue
            number = self.number(value)
            if number is None or (math.isinf(number) and not infinite):
                fault = say("holds {value!r}, which is not a number", value=value)
                raise self._cell_error(row, column, fault, self._mend(value))
            numbers.append(number)
        return np.array(numbers, dtype=np.float64)

    def codes(self, column: str) -> tuple[int, ...]:
        """A column as class codes: whole numbers from 0, each once. `1`, `1.0`, "1", "1.0" and True are all code 1.

        Raises:
            TableError: there is no such column, or a cell is blank, text, a fraction, negative or a code seen before.
        """
        codes: dict[int, int] = {}
        for row, value in enumerate(self.values(column), start=1):
            if value is None:
                raise self._cell_error(row, column, say("is blank"), say("Write a code, or remove the row."))
            number = self.number(value)
            if number is None or not math.isfinite(number) or number < 0 or number != int(number):
                fault = say("holds {value!r}, which is not a class code", value=value)
                raise self._cell_error(row, column, fault, say("Write a whole number from 0."))
            code = int(number)
            if code in codes:
                fault = say("repeats the code {code} of row {row}", code=code, row=codes[code])
                raise self._cell_error(row, column, fault, say("Each code may have one row only."))
            codes[code] = row
        return tuple(codes)

    def number(self, value: Value) -> float | None:
        """The number of a cell, by the decimal sign of the table; None where it holds none."""
        if isinstance(value, (bool, int, float, np.number, np.bool_)):
            return float(value)
        text = str(value).strip()
        if self.decimal_comma and text.count(",") == 1 and "." not in text:
            text = text.replace(",", ".")
        return float(text) if _NUMBER.fullmatch(text) or _INFINITE.fullmatch(text) else None

    def _mend(self, value: Value) -> str:
        """Tells how to write a number that looks like one with separators: to guess could be wrong a thousandfold."""
        if re.fullmatch(r"[+-]?[0-9]{1,3}([\s\u00a0\u202f',.][0-9]{3})+([.,][0-9]*)?", str(value).strip()):
            return say("Write it without separators of thousands and with a decimal point.")
        if re.fullmatch(r"[+-]?[0-9]*,[0-9]+", str(value).strip()):
            return say("Write it with a decimal point.")
        return say("Write a number.")

    def _cell_error(self, row: int, column: str, fault: str, mend: str) -> TableError:
        told = {"name": self.name, "row": row, "column": column, "fault": fault, "mend": mend}
        return TableError(say("Table {name}, row {row}, column {column} {fault}. {mend}", **told))


def read_table(path: str | os.PathLike[str]) -> Table:
    """Reads a table from a file: CSV by its own reader, spreadsheets, databases and layers by OGR.

    A CSV may begin with a byte order mark, be UTF-8, UTF-16 or GB 18030, and separate cells by comma, semicolon or
    tab. Of a file of several layers or sheets the first is read, or the one named by the suffix `|layername=x`.

    Raises:
        TableError: the file is missing, cannot be read, or its columns are not named.
    """
    source, layer = _split_layer(os.fspath(path))
    if Path(source).suffix.lower() in _CSV_SUFFIXES and not source.startswith("/vsi"):
        return _read_csv(source)
    return _read_ogr(source, layer)


@cache
def resource_table(name: str) -> Table:
    """A table of the plugin, by its file name without `.csv`. Raises TableError where there is none."""
    path = _FOLDER / f"{name}.csv"
    if not path.is_file():
        known = sorted(file.stem for file in _FOLDER.glob("*.csv"))
        raise TableError(say("The plugin has no table {name}. It has {known}.", name=name, known=_words(known)))
    table = _read_csv(str(path))
    return Table(name, table.columns, table.rows)


@dataclass(frozen=True)
class Provenance:
    """Where a formula or the numbers of a table come from, and how sure they are; `table` is one of the plugin."""

    title: str
    source: str
    year: str = ""
    unit: str = ""
    region: str = ""
    confidence: str = ""
    table: str = ""


def provenance(name: str) -> Provenance:
    """The provenance of a table of the plugin. Raises TableError where none is written down."""
    for row in resource_table("provenance").rows:
        if row["table"] == name:
            return Provenance(**{column: _text(value) for column, value in row.items()})
    raise TableError(say("No provenance is written down for the table {name}.", name=name))


def _read_csv(path: str) -> Table:
    name = os.path.basename(without_secrets(path))
    try:
        text = decoded(Path(path).read_bytes(), name)
    except OSError as error:
        raise TableError(
            say("Table {path} cannot be read: {strerror}. Check the path.", path=path, strerror=error.strerror)
        ) from error
    named = _SEPARATOR.match(text.partition("\n")[0])  # as Excel writes and reads it
    if named:
        text = text.partition("\n")[2]
    delimiter = named[1] if named else _delimiter([line for line in text.splitlines() if line.strip()])
    try:
        lines = [
            line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(map(str.strip, line))
        ]
    except csv.Error as error:
        raise TableError(say("Table {name} is not a CSV file: {error}.", name=name, error=error)) from error
    return _table_of_lines(name, lines, decimal_comma=delimiter == ";")


def _delimiter(lines: Sequence[str]) -> str:
    """The sign that separates cells: of the header, or of the line below it where a title stands first."""
    outside_quotes = [re.sub(r'"[^"]*"', "", line) for line in lines[:2]]
    first = outside_quotes[0] if outside_quotes else ""
    return max(",;\t", key=first.count if any(map(first.count, ",;\t")) else "".join(outside_quotes).count)


def _table_of_lines(name: str, lines: Sequence[Sequence[Value]], decimal_comma: bool = False) -> Table:
    """Makes a table of cells whose first line names the columns; a title above it does not count.

    Nameless columns may trail if they are blank.
    """
    filled = [sum(not _is_blank(cell) for cell in line) for line in lines]
    lines = [line for line, cells in zip(lines, filled) if cells]
    while len(lines) > 1 and len(_filled(lines[0])) == 1 and max(filled) > 1:
        lines = lines[1:]
    if not lines:
        raise TableError(say("Table {name} is empty: it has not even column names.", name=name))
    header = [_text(cell) for cell in lines[0]]
    for row, line in enumerate(lines[1:], start=1):
        for position, cell in enumerate(line):
            if not _is_blank(cell) and (position >= len(header) or not header[position]):
                raise TableError(
                    say(
                        "Table {name}, row {row} holds {cell!r} in cell {position}, which has no column name. Name "
                        "the column, or quote texts that hold the delimiter.",
                        **{"name": name, "row": row, "cell": cell, "position": position + 1},
                    )
                )
    named = [column for column in header if column]
    rows = ({column: cell for column, cell in zip(header, line) if column} for line in lines[1:])
    return Table.of_rows(name, rows, columns=named, decimal_comma=decimal_comma)


def _split_layer(path: str) -> tuple[str, str | None]:
    """Splits `file|layername=x` into file and layer; other parts of a QGIS source are left out."""
    if os.path.exists(path):
        return path, None
    source, *parts = path.split("|")
    layers = [part.split("=", 1)[1] for part in parts if part.lower().startswith("layername=")]
    return source, layers[0] if layers else None


def _read_ogr(path: str, layer_name: str | None) -> Table:
    from osgeo import gdal

    name = os.path.basename(without_secrets(path)) + (f", {layer_name}" if layer_name else "")
    sheet = Path(path).suffix.lower() in _SHEETS
    # OGR guesses whether the first row names the columns, and loses names where it guesses wrong: it is told not to.
    with ExitStack() as told:
        for option in ("OGR_XLSX_HEADERS", "OGR_ODS_HEADERS") if sheet else ():
            told.callback(gdal.SetThreadLocalConfigOption, option, gdal.GetThreadLocalConfigOption(option))
            gdal.SetThreadLocalConfigOption(option, "DISABLE")
        columns, lines = _ogr_lines(path, layer_name, name)
    if sheet:
        return _table_of_lines(name, lines)
    rows = [line for line in lines if not all(map(_is_blank, line))]
    return Table.of_rows(name, (dict(zip(columns, line)) for line in rows), columns=columns)


def _ogr_lines(path: str, layer_name: str | None, name: str) -> tuple[list[str], list[list[Value]]]:
    """Names of the columns, and the cells of every row."""
    from osgeo import gdal

    # The host decides whether GDAL raises or returns nothing: both are handled, neither is changed.
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        dataset = gdal.OpenEx(path, gdal.OF_VECTOR | gdal.OF_READONLY | gdal.OF_VERBOSE_ERROR)
        if dataset is None:
            raise RuntimeError(gdal.GetLastErrorMsg())
        layers = {layer.GetName(): layer for layer in (dataset.GetLayer(i) for i in range(dataset.GetLayerCount()))}
        if not layers:
            raise TableError(say("Table {name} holds no layer or sheet.", name=name))
        if layer_name is not None and layer_name not in layers:
            told = {"path": path, "layer": layer_name, "layers": _words(layers)}
            raise TableError(say("Table {path} has no layer {layer}. It has {layers}.", **told))
        layer = layers[layer_name] if layer_name else next(iter(layers.values()))
        definition = layer.GetLayerDefn()
        columns = [definition.GetFieldDefn(i).GetName() for i in range(definition.GetFieldCount())]
        lines = [
            [feature.GetField(i) if feature.IsFieldSetAndNotNull(i) else None for i in range(len(columns))]
            for feature in layer
        ]
    except RuntimeError as error:
        reason = str(error).strip() or say("the format is not known")
        raise TableError(
            say("Table {path} cannot be read: {reason}. Check the path and the format.", path=path, reason=reason)
        ) from error
    finally:
        gdal.PopErrorHandler()
    return columns, lines


def _is_blank(value: Value) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, (float, np.floating)) and math.isnan(value))


def _text(value: Value) -> str:
    if _is_blank(value):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return as_written(str(value).strip())


def _filled(line: Sequence[Value]) -> list[Value]:
    return [cell for cell in line if not _is_blank(cell)]


def _stripped(column: object) -> str:
    return as_written(str(column).strip())


def _key(column: object) -> str:
    return str(column).strip().casefold()


def usual_column(name: str, columns: Sequence[str]) -> str | None:
    """The one of several columns that is meant by a name, as it stands or under another usual name; None for none."""
    by_key = {_key(column): column for column in columns}
    meant = (column for column in columns if _key(name) in map(_key, _aliases().get(_key(column), ())))
    return by_key.get(_key(name)) or next(meant, None)


@cache
def _aliases(needed: bool = False) -> dict[str, tuple[str, ...]]:
    """Other usual names of columns, by the name that the plugin has for them; or those of columns that are needed."""
    given = read_yaml(RESOURCES / "column_aliases.yaml")
    of_needed = given.pop("needed")
    return {column: tuple(map(str, names)) for column, names in (of_needed if needed else given).items()}


def _misspelt(name: str, known: str) -> bool:
    """Whether a name is another by one letter too many, too few, wrong or exchanged; digits tell columns apart."""
    a, b = _key(name), _key(known)
    if re.sub(r"[0-9]", "", a) == re.sub(r"[0-9]", "", b) or min(len(a), len(b)) < _SHORT_NAME:
        return False
    if len(a) == len(b):
        wrong = [i for i, (x, y) in enumerate(zip(a, b)) if x != y]
        exchanged = len(wrong) == 2 and a[wrong[0]] + a[wrong[1]] == b[wrong[1]] + b[wrong[0]]
        return exchanged or (len(wrong) == 1 and len(a) >= _LONG_NAME)
    short, long = sorted((a, b), key=len)
    return len(long) == len(short) + 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


def _words(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))
