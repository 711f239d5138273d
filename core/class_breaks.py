"""Classes of a number: slope classes, aspects, landforms, levels of human pressure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .errors import TableError
from .messages import say
from .tables import Table

NO_CLASS = -1


@dataclass(frozen=True)
class BreakClass:
    """One class.

    Attributes:
        id: its number; two intervals may share one.
        name: in English (or as the user's table names it), `name_zh` in Chinese.
        lower: lower bound.
        upper: upper bound; below `lower` where the class wraps around north.
        lower_closed: whether the lower bound belongs to the class.
    """

    id: int
    name: str
    name_zh: str
    lower: float
    upper: float
    lower_closed: bool = True


@dataclass(frozen=True, eq=False)
class ClassBreaks:
    """A scheme of classes.

    A bound belongs to the class that says so (`lower_closed`), else to the class below; the ends of the scheme belong
    to it. A class whose lower bound lies above its upper bound wraps around: it holds what lies above the one or
    below the other (north: 337.5 to 22.5 degrees).

    Attributes:
        name: the scheme.
        classes: in the order of the table.
        period: where the scale closes, such as 360 degrees; None for an open scale.
    """

    name: str
    classes: tuple[BreakClass, ...]
    period: float | None = None
    _edges: np.ndarray = field(init=False, repr=False)
    _ids: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        edges, ids = _edges_and_ids(self)
        object.__setattr__(self, "_edges", edges)
        object.__setattr__(self, "_ids", ids)

    def classify(self, values: np.ndarray) -> np.ndarray:
        """Class numbers, int16, of any shape; `NO_CLASS` for NaN and for what lies in no class."""
        numbers = np.asarray(values, dtype=np.float64)
        found = self._ids[np.searchsorted(self._edges, numbers, side="right")]
        return np.where(np.isnan(numbers), np.int16(NO_CLASS), found)

    @property
    def by_id(self) -> dict[int, BreakClass]:
        """One class per number, rising."""
        first = {c.id: c for c in reversed(self.classes)}
        return {number: first[number] for number in sorted(first)}


def read_breaks(table: Table, scheme: str, scheme_column: str, *, period: float | None = None) -> ClassBreaks:
    """Reads the classes of one scheme; rows without bounds are left out (flat land, which is not a matter of aspect).

    Args:
        table: columns `scheme_column`, `class_id`, `name_en`, `name_zh` (optional), `lower`, `upper`, `lower_closed`
            (optional, default 1), `unit` (optional).
        scheme: which scheme of the table.
        scheme_column: the column that names the schemes.
        period: where the scale closes.

    Raises:
        TableError: the table lacks the scheme or a column, or classes overlap.
    """
    table.require(scheme_column, "class_id", "name_en", "lower", "upper")
    schemes = table.texts(scheme_column)
    if scheme not in schemes:
        known = ", ".join(dict.fromkeys(schemes))
        raise TableError(
            say("Table {name} has no scheme {scheme}. It has {known}.", name=table.name, scheme=scheme, known=known)
        )
    rows = tuple(row for row, name, lower in zip(table.rows, schemes, table.texts("lower")) if name == scheme and lower)
    part = Table(table.name, table.columns, rows, table.decimal_comma)
    blank = ("",) * len(rows)
    chinese = part.texts("name_zh") if part.has("name_zh") else blank
    closed = part.texts("lower_closed") if part.has("lower_closed") else blank
    lower, upper = part.numbers("lower", infinite=True), part.numbers("upper", infinite=True)
    ids = part.numbers("class_id")
    names = part.texts("name_en")
    classes = tuple(
        BreakClass(int(number), name or _range(low, high), zh, float(low), float(high), flag != "0")
        for number, name, zh, low, high, flag in zip(ids, names, chinese, lower, upper, closed)
    )
    return ClassBreaks(scheme, classes, period)


def _range(lower: float, upper: float) -> str:
    return f"{lower:g}-{upper:g}"


def _edges_and_ids(breaks: ClassBreaks) -> tuple[np.ndarray, np.ndarray]:
    """Rising edges, and the class between each two of them (one more than edges)."""
    intervals = []
    for c in breaks.classes:
        if c.lower < c.upper:
            intervals.append((c.lower, c.upper, c.lower_closed, c.id))
        elif breaks.period is not None:
            intervals += [(c.lower, breaks.period, c.lower_closed, c.id), (0.0, c.upper, True, c.id)]
        else:
            raise TableError(
                say(
                    "Scheme {name}, class {id} ({name2}) runs from {lower:g} to {upper:g}. Its lower bound must "
                    "lie below its upper bound.",
                    name=breaks.name,
                    id=c.id,
                    name2=c.name,
                    lower=c.lower,
                    upper=c.upper,
                )
            )
    intervals.sort()
    for (_, upper, _, a), (lower, _, _, b) in zip(intervals, intervals[1:]):
        if lower < upper:
            raise TableError(
                say(
                    "Scheme {name}: class {b} begins at {lower:g}, before class {a} ends at {upper:g}. Mend the "
                    "bounds in the table of classes.",
                    name=breaks.name,
                    b=b,
                    lower=lower,
                    a=a,
                    upper=upper,
                )
            )
    edges: list[float] = []
    ids = [NO_CLASS]
    for i, (lower, upper, closed, number) in enumerate(intervals):
        # an edge as searchsorted(side="right") wants it: the smallest number that belongs to what follows
        first = i == 0
        start = lower if closed or first else math.nextafter(lower, math.inf)
        if edges and edges[-1] in (lower, math.nextafter(lower, math.inf)):
            edges[-1], ids[-1] = start, number
        else:
            edges.append(start)
            ids.append(number)
        edges.append(math.nextafter(upper, math.inf))
        ids.append(NO_CLASS)
    return np.array(edges), np.array(ids, dtype=np.int16)
