"""One reader for the columns of a table: what is a number, a label or a category is judged by the role that it has.

A column that is declared to be numbers is read as numbers, though some cells hold words; what stands for no value is
left out and told, another word is refused with its row. A column of labels is whole numbers where all of it plainly is,
and text else. Only a factor that is not declared is judged by itself, by most of its rows and never by the worst cell.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from ..errors import TableError
from ..messages import say
from ..quantities import ANY

_FAR = 10  # times the span of all other times
MISSING_WORDS = frozenset({
    "na", "n/a", "#n/a", "n.a.", "nan", "null", "<null>", "none", "nil", "missing", "nodata", "-", "--", "—", "——", ".",
    "?", "无", "无数据", "缺失", "缺测", "空", "空值",
})  # fmt: skip
"""Words in small letters that people and programs write where a number has no value."""
UNDECODED = "\ufffd"
MISSING = -1
"""Code of a label that is missing."""
_LONGEST_MISSING = max(map(len, MISSING_WORDS)) + 2  # with blanks around it
_LARGEST = 1e100
_APART = 0.25  # of the spread of the others, by which a fill code stands apart
_EXAMPLES = 3
# 0,6 and 1.234,5 as Europeans write them, 1,000 by thousands, 12 %
_WRITTEN = re.compile(
    r"[+-]?(\d+[,，]\d+|\d{1,3}([,，]\d{3})+(\.\d+)?|\d{1,3}(\.\d{3})+[,，]\d+|\d+([.,，]\d+)?\s?[%％])"
)


@dataclass(frozen=True)
class Labels:
    """A column of names or codes.

    Attributes:
        codes: (rows,) position of each row's label in `values`, `MISSING` where it has none.
        values: (labels,) distinct labels in ascending order: whole numbers, numbers or text.
    """

    codes: np.ndarray
    values: np.ndarray

    @property
    def missing(self) -> np.ndarray:
        return self.codes == MISSING

    def texts(self) -> list[str]:
        """The labels as text; whole numbers without a decimal point."""
        return [label_text(value) for value in self.values.tolist()]

    def numbers(self) -> list[float] | None:
        """The labels as numbers, None where one is none."""
        found = [parsed(text) for text in self.texts()]
        return None if None in found else [float(number) for number in found if number is not None]

    def of(self, rows: np.ndarray) -> Labels:
        """The labels of some rows, numbered without gaps; those rows miss none."""
        codes = self.codes[rows]
        occurring = np.bincount(codes, minlength=len(self.values)) > 0
        return Labels((np.cumsum(occurring) - 1)[codes], self.values[occurring])


class ColumnReader:
    """Reads columns of a table by role and keeps what the user should know about them.

    Attributes:
        warnings: what the user should look at.
        notes: what was decided.
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table
        self.warnings: list[str] = []
        self.notes: list[str] = []

    def numbers(self, name: str) -> np.ndarray:
        """A column of numbers, float64, NaN where there is no value; infinite values stay.

        Raises:
            TableError: there is no such column, or a cell holds a word that is no number and does not stand for none,
                or a number so large that its square is none.
        """
        column = self._column(name)
        numbers = _plain_numbers(column)
        if numbers is None:
            numbers = self._parsed(name, column)
        self._require_squares(name, numbers)
        self.warnings += fill_warnings(name, numbers)
        return numbers

    def labels(self, name: str) -> Labels:
        """A column of names or codes: entities, times, clusters, blocks, categories.

        Raises:
            TableError: there is no such column, or its text was not decoded.
        """
        column = self._column(name)
        if column.dtype.kind in "biu":
            values, codes = np.unique(column.astype(np.int64), return_inverse=True)
            return Labels(codes.reshape(-1), values)
        if column.dtype.kind == "f":
            return _of_floats(column)
        distinct, rows = _distinct(column)
        self._require_decoded(name, distinct, rows)
        self._tell_missing_words(name, distinct, rows)
        present = [value for value in distinct if not is_blank(value)]
        read = _whole if all(_whole(value) is not None for value in present) else label_text
        names: list[Any] = [None if is_blank(value) else read(value) for value in distinct]
        ascending = sorted({name for name in names if name is not None})
        place = {None: MISSING, **{value: code for code, value in enumerate(ascending)}}
        return Labels(np.fromiter(map(place.__getitem__, names), np.int64, len(names))[rows], np.array(ascending))

    def factor(self, name: str, categorical: bool) -> np.ndarray | Labels:
        """A factor: labels where it is declared categorical or plainly is text, else numbers.

        Raises:
            TableError: see `numbers` and `labels`; or most cells are numbers as `float` does not read them.
        """
        column = self._column(name)
        if categorical:
            return self.labels(name)
        if column.dtype.kind in "biuf":
            return self.numbers(name)
        distinct, rows = _distinct(column)
        counts = np.bincount(rows, minlength=len(distinct))
        kinds = np.array([_kind(value) for value in distinct])
        words, numbers = (int(counts[kinds == kind].sum()) for kind in ("word", "number"))
        codes = int(counts[kinds == "code"].sum())
        self._tell_written(name, distinct, rows, numbers, words + codes)
        if words + codes > numbers:
            found = self.labels(name)
            what = say("is text") if words else say("holds codes with leading zeros")
            self.notes.append(
                say(
                    "Factor '{name}' {what}: its {count} values are taken as categories.",
                    name=name,
                    what=what,
                    count=len(found.values),
                )
            )
            return found
        if any(isinstance(value, str) and kind == "number" for value, kind in zip(distinct, kinds)):
            self.warnings.append(
                say(
                    "{name!r} holds numbers stored as text; they are read as numbers. List it under CATEGORICAL if "
                    "they are codes.",
                    name=name,
                )
            )
        return self.numbers(name)

    def tell_far_times(self, name: str, found: Labels) -> None:
        """Warns of a first or last time that lies far from all others, as a year with a digit too many does."""
        times = [parsed(value) for value in found.values.tolist()]
        if len(times) < 3 or None in times:
            return
        numbers = np.array(times, dtype=np.float64)
        order = np.argsort(numbers)
        ordered = numbers[order]
        for end, gap, span, others in (
            (-1, ordered[-1] - ordered[-2], ordered[-2] - ordered[0], ordered[:-1]),
            (0, ordered[1] - ordered[0], ordered[-1] - ordered[1], ordered[1:]),
        ):
            if gap > _FAR * span:
                here = found.codes == order[end]
                self.warnings.append(
                    say(
                        "{name} holds {far:.10g} in {rows} rows, first in row {row}, far from all others "
                        "({first:.10g} to "
                        "{last:.10g}): it is taken as a time of its own. If it is a slip, mend those rows or leave "
                        "{name} blank there.",
                        name=name,
                        far=ordered[end],
                        rows=int(np.count_nonzero(here)),
                        row=int(np.argmax(here)) + 1,
                        first=others[0],
                        last=others[-1],
                    )
                )

    def _require_squares(self, name: str, numbers: np.ndarray) -> None:
        far = np.flatnonzero((np.abs(numbers) > _LARGEST) & np.isfinite(numbers))
        if len(far):
            raise TableError(
                say(
                    "{name!r} holds {value:g} in row {row} ({rows} rows beyond {most:g}), too large to be squared and "
                    "summed. If it marks nodata, make it NULL; else give {name!r} in a larger unit.",
                    name=name,
                    value=numbers[far[0]],
                    row=int(far[0]) + 1,
                    rows=len(far),
                    most=_LARGEST,
                )
            )

    def _column(self, name: str) -> np.ndarray:
        if name not in self._table:
            raise TableError(
                say(
                    "The table has no column {name!r}; it has {value}.",
                    name=name,
                    value=", ".join(map(str, self._table)),
                )
            )
        return flat(name, self._table[name])

    def _parsed(self, name: str, column: np.ndarray) -> np.ndarray:
        distinct, rows = _distinct(column)
        self._require_decoded(name, distinct, rows)
        numbers = [parsed(value) for value in distinct]
        words = [code for code, number in enumerate(numbers) if number is None]
        missing = [code for code in words if str(distinct[code]).strip().lower() in MISSING_WORDS]
        wrong = sorted(set(words) - set(missing))
        if wrong:
            found = np.flatnonzero(np.isin(rows, wrong))
            examples = ", ".join(repr(str(distinct[code]).strip()) for code in wrong[:_EXAMPLES])
            raise TableError(
                say(
                    "Column {name!r} holds values that are not numbers: {rows} rows, first {first!r} in row {row}. "
                    "{name!r} must be numbers; it holds {examples}. Choose a numeric column, or mend the cells and "
                    "leave those blank that have no value.",
                    name=name,
                    rows=len(found),
                    first=str(column[found[0]]).strip(),
                    row=found[0] + 1,
                    examples=examples + (", ..." if len(wrong) > _EXAMPLES else ""),
                )
            )
        for code in missing:
            found = np.flatnonzero(rows == code)
            self.warnings.append(
                say(
                    "{name!r} holds {word!r} in {rows} rows, first in row {row}: taken as no value.",
                    name=name,
                    word=str(distinct[code]).strip(),
                    rows=len(found),
                    row=found[0] + 1,
                )
            )
        values = np.array([np.nan if number is None else number for number in numbers], dtype=np.float64)
        return values[rows] if len(values) else np.empty(0)

    def _tell_written(self, name: str, distinct: Sequence[Any], rows: np.ndarray, numbers: int, others: int) -> None:
        """Numbers with decimal commas, commas of thousands or percent signs would pass for categories.

        Raises:
            TableError: with plain numbers they are most of the cells that hold something.
        """
        texts = [code for code, value in enumerate(distinct) if isinstance(value, str)]
        written = [code for code in texts if _WRITTEN.fullmatch(distinct[code].strip())]
        found = np.flatnonzero(np.isin(rows, written))
        if not len(found) or numbers > others:  # `numbers` refuses them by row
            return
        told = say(
            "{name!r} is text that looks like numbers with decimal commas, commas of thousands or percent signs: "
            "{rows} rows, first {first!r} in row {row}. Write them with a decimal point and without commas and signs, "
            "such as 0.6, 1000 or 12 (field calculator: a new decimal field). List {name!r} under CATEGORICAL if they "
            "are codes.",
            name=name,
            rows=len(found),
            first=distinct[rows[found[0]]].strip(),
            row=int(found[0]) + 1,
        )
        if 2 * (len(found) + numbers) > numbers + others:
            raise TableError(told)
        self.warnings.append(told)

    def _tell_missing_words(self, name: str, distinct: Sequence[Any], rows: np.ndarray) -> None:
        """Among labels such a word may be a name: it stays, and is told."""
        texts = [value for value in distinct if isinstance(value, str) and len(value) <= _LONGEST_MISSING]
        for value in texts:
            if value.strip().lower() in MISSING_WORDS:
                code = distinct.index(value)
                self.warnings.append(
                    say(
                        "{name!r} holds {word!r} in {rows} rows, taken as a name like any other. Leave the cells blank "
                        "if it stands for no value.",
                        name=name,
                        word=value.strip(),
                        rows=np.count_nonzero(rows == code),
                    )
                )

    @staticmethod
    def _require_decoded(name: str, distinct: Sequence[Any], rows: np.ndarray) -> None:
        undecoded = next((value for value in distinct if isinstance(value, str) and UNDECODED in value), None)
        if undecoded is not None:
            first = int(np.flatnonzero(rows == distinct.index(undecoded))[0]) + 1
            raise TableError(
                say(
                    "{name!r} holds text that could not be decoded, first in row {row} ({text!r}): the file has "
                    "another encoding than it is read in. Save it as CSV UTF-8, or set the encoding of the layer (GBK "
                    "or GB18030 for files of a Chinese Windows) in its properties under Source.",
                    name=name,
                    row=first,
                    text=undecoded,
                )
            )


def flat(name: str, values: Any) -> np.ndarray:
    """A column as an array of one value a row; masked items become None. Raises TableError for another shape."""
    if isinstance(values, np.ma.MaskedArray):
        column = np.ma.getdata(values).astype(object)
        column[np.ma.getmaskarray(values)] = None
    else:
        column = np.asarray(values)
        if column.dtype.kind in "USb":
            column = column.astype(object)
    if column.ndim != 1:
        raise TableError(
            say("Column {name!r} must be one value a row; it has shape {shape}.", name=name, shape=column.shape)
        )
    return column


def parsed(value: Any) -> float | None:
    """A number, NaN for a missing value, None for a word."""
    if is_blank(value):
        return float("nan")
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def is_blank(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, (str, bytes)) and not value.strip())


def label_text(value: Any) -> str:
    """Text of a label; whole numbers lose their decimal point: 1, not 1.0."""
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode(errors="replace").strip()
    return str(value).strip()


def fill_warnings(name: str, numbers: np.ndarray) -> list[str]:
    """Fill codes at either end of a column that stand apart from all other values; they are named, never changed."""
    known = numbers[np.isfinite(numbers)]
    if not len(known) or not (ANY.meant.fill(known.min()) or ANY.meant.fill(known.max())):
        return []
    values = np.unique(known)
    found: list[str] = []
    while len(values) > 1:
        for end, rest in ((0, values[1:]), (-1, values[:-1])):
            value = float(values[end])
            fill = ANY.meant.fill(value)
            gap = min(abs(value - rest[0]), abs(value - rest[-1]))
            if fill and gap > _APART * (rest[-1] - rest[0]) and gap > 0:
                found.append(
                    say(
                        "{name!r} holds {value:g} in {rows} rows, apart from all other values ({fill}), taken as a "
                        "value; if it marks nodata, make it NULL.",
                        name=name,
                        value=value,
                        rows=int(np.count_nonzero(numbers == value)),
                        fill=fill.means,
                    )
                )
                values = rest
                break
        else:
            break
    return found


def _plain_numbers(column: np.ndarray) -> np.ndarray | None:
    """A column of numbers with blanks, None where it holds words."""
    if column.dtype.kind in "biuf":
        return column.astype(np.float64, copy=False)
    blank = [isinstance(value, str) and not value.strip() for value in column.tolist()]
    if any(blank):
        column = column.copy()
        column[blank] = None
    try:
        return column.astype(np.float64)
    except (TypeError, ValueError):
        return None


def _of_floats(column: np.ndarray) -> Labels:
    known = ~np.isnan(column)
    values, codes = np.unique(column[known], return_inverse=True)
    if np.all(np.mod(values, 1) == 0):
        values = values.astype(np.int64)
    every = np.full(len(column), MISSING, dtype=np.int64)
    every[known] = codes.reshape(-1)
    return Labels(every, values)


def _distinct(column: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """The distinct values of a column of objects, far fewer than rows as a rule, and the position of each row's."""
    place: defaultdict[Any, int] = defaultdict(count().__next__)
    rows = np.fromiter(map(place.__getitem__, column.tolist()), np.int64, len(column))
    return list(place), rows


def _kind(value: Any) -> str:
    """`blank`, `number`, `code` (text of digits with leading zeros) or `word`."""
    number = parsed(value)
    if number is None:
        return "blank" if str(value).strip().lower() in MISSING_WORDS else "word"
    if number != number:
        return "blank"
    text = value.strip() if isinstance(value, str) else ""
    return "code" if len(text) > 1 and text[0] == "0" and text.isdigit() else "number"


def _whole(value: Any) -> int | None:
    """A whole number, or None. Text counts only as it would be written, for 0101 and 101 are two codes."""
    if isinstance(value, str):
        digits = value.strip()
        if not (digits.isascii() and digits.isdigit() and str(int(digits)) == digits):
            return None
        value = digits
    elif not isinstance(value, (int, float, np.number, np.bool_)) or int(value) != value:
        return None
    return int(value) if abs(int(value)) < 2**63 else None
