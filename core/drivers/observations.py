"""From the columns of a table to clean arrays: what is read, what is left out, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..errors import InputError, TableError
from ..messages import listed, say
from .columns import ColumnReader

TRANSFORMS = ("none", "log", "log1p", "asinh")

# Below its limit (not included) the transform has no value; asinh and none take every number.
_FUNCTIONS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "log": (np.log, 0.0),
    "log1p": (np.log1p, -1.0),
    "asinh": (np.arcsinh, -np.inf),
}


@dataclass(frozen=True)
class Dropped:
    """Something left out of a regression, rows or a driver, and why."""

    what: str
    count: int
    reason: str


@dataclass(frozen=True)
class Observations:
    """The rows that a regression can use, as arrays.

    Attributes:
        y: the explained variable, float64, shape (n,).
        x: the drivers, float64, shape (n, k), column-major.
        y_name: column of `y`.
        x_names: columns of `x`, k names.
        rows: position of each row in the table that was read, shape (n,).
        entity: codes 0 to N-1 into `entities`, shape (n,), or None.
        time: codes 0 to T-1 into `times` (ascending), shape (n,), or None.
        groups: cluster codes by column name; the entity and time columns are among them.
        coordinates: x and y of each row, shape (n, 2), or None.
        n_read: rows of the table.
        dropped: rows left out, by reason.
        warnings: what the user should look at in the columns.
    """

    y: np.ndarray
    x: np.ndarray
    y_name: str
    x_names: tuple[str, ...]
    rows: np.ndarray
    entity: np.ndarray | None = None
    entities: np.ndarray | None = None
    entity_name: str = ""
    time: np.ndarray | None = None
    times: np.ndarray | None = None
    time_name: str = ""
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    coordinates: np.ndarray | None = None
    n_read: int = 0
    dropped: tuple[Dropped, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        return len(self.y)

    def keep(self, mask: np.ndarray, dropped: Sequence[Dropped] = ()) -> Observations:
        """The rows where `mask` is true, codes numbered anew, with `dropped` added to the account."""
        if mask.all():
            return self
        entity, entities = _recode(self.entity, self.entities, mask)
        time, times = _recode(self.time, self.times, mask)
        groups = {name: _compact(codes[mask]) for name, codes in self.groups.items()}
        return replace(
            self,
            y=self.y[mask],
            x=np.asfortranarray(self.x[mask]),
            rows=self.rows[mask],
            entity=entity,
            entities=entities,
            time=time,
            times=times,
            groups=groups,
            coordinates=None if self.coordinates is None else self.coordinates[mask],
            dropped=self.dropped + tuple(dropped),
        )


def read_observations(
    table: Mapping[str, Any],
    y: str,
    x: Sequence[str],
    entity: str | None = None,
    time: str | None = None,
    cluster: Sequence[str] = (),
    coordinates: tuple[str, str] | None = None,
    transforms: Mapping[str, str] | None = None,
) -> Observations:
    """Reads the rows that have every value needed, and counts the others by reason.

    A missing value is None, NaN, a masked item, blank text or, among numbers, a word that stands for none; a row with
    one is left out of everything (listwise). Numbers written as text are read as numbers; see `columns`.

    Args:
        table: columns of equal length by name.
        y: column to explain.
        x: columns of the drivers, at least one.
        entity: column that says which cell or unit a row belongs to; numbers or text.
        time: column of the year; whole numbers, or text that sorts in time.
        cluster: further columns by which standard errors may be clustered.
        coordinates: columns of x and y.
        transforms: `none`, `log`, `log1p` or `asinh` by column of `y` or `x`.

    Raises:
        InputError: a column used twice or an unknown transform.
        TableError: a column is missing, holds words or infinite values, or has a logarithm of zero or less;
            an entity has two rows for one time; no row is complete.
    """
    _check_roles(y, x, entity, time)
    chosen = dict(transforms or {})
    unknown = {name: kind for name, kind in chosen.items() if kind not in TRANSFORMS or name not in (y, *x)}
    if unknown:
        name, kind = next(iter(unknown.items()))
        raise InputError(
            say(
                "Transform {kind!r} of {name!r} cannot be used: a transform is one of {transforms} and "
                "belongs to one of {y}.",
                kind=kind,
                name=name,
                transforms=", ".join(TRANSFORMS),
                y=", ".join((y, *x)),
            )
        )
    place = tuple(coordinates or ())
    reader = ColumnReader(table)
    numbers = {name: reader.numbers(name) for name in dict.fromkeys((y, *x, *place))}
    labels = {name: reader.labels(name) for name in dict.fromkeys(filter(None, (entity, time, *cluster)))}
    n_read = _common_length({**numbers, **{name: found.codes for name, found in labels.items()}})
    for name, values in numbers.items():
        _require_finite(name, values)
    if time:
        reader.tell_far_times(time, labels[time])

    complete = np.ones(n_read, dtype=bool)
    dropped = []
    absent = {name: found.missing for name, found in labels.items()}
    for name, missing in {**absent, **{name: np.isnan(values) for name, values in numbers.items()}}.items():
        lost = int(np.count_nonzero(missing & complete))
        if lost:
            dropped.append(Dropped(say("rows"), lost, say("no value in {name}", name=name)))
        complete &= ~missing
    if not complete.any():
        lost_by = [say("{count} rows with {reason}", count=item.count, reason=item.reason) for item in dropped]
        why = listed(lost_by, "; ") if lost_by else say("the table is empty")
        raise TableError(
            say("No row has every value that is needed ({why}). Choose columns that are filled together.", why=why)
        )

    used: Any = slice(None) if complete.all() else complete  # a slice copies nothing
    columns = {name: transform(values[used], chosen.get(name, "none"), name) for name, values in numbers.items()}
    kept = {name: found.of(used) for name, found in labels.items()}
    groups = {name: found.codes for name, found in kept.items()}
    values_of = {name: found.values for name, found in kept.items()}
    if entity and time:
        _check_duplicates(groups[entity], groups[time], values_of[entity], values_of[time], entity, time)
    matrix = np.empty((int(complete.sum()), len(x)), order="F")
    for j, name in enumerate(x):
        matrix[:, j] = columns[name]
    return Observations(
        y=columns[y],
        x=matrix,
        y_name=_transformed_name(y, chosen),
        x_names=tuple(_transformed_name(name, chosen) for name in x),
        rows=np.flatnonzero(complete),
        entity=groups[entity] if entity else None,
        entities=values_of[entity] if entity else None,
        entity_name=entity or "",
        time=groups[time] if time else None,
        times=values_of[time] if time else None,
        time_name=time or "",
        groups=groups,
        coordinates=np.column_stack([columns[name] for name in place]) if place else None,
        n_read=n_read,
        dropped=tuple(dropped),
        warnings=tuple(reader.warnings),
    )


def transform(values: np.ndarray, kind: str, name: str) -> np.ndarray:
    """`values` as they are (`none`) or their `log` (natural), `log1p` or `asinh`.

    Raises:
        TableError: a logarithm of a number that has none; never replaced in silence.
    """
    if kind == "none":
        return values
    function, limit = _FUNCTIONS[kind]
    outside = values <= limit
    if outside.any():
        others = "log1p or asinh" if kind == "log" else "asinh"
        raise TableError(
            say(
                "{kind} of column {name!r} cannot be taken: {value} of {size} values are {limit:g} or less "
                "(smallest {value2:g}). Use {others}, or leave those rows out.",
                kind=kind,
                name=name,
                value=int(outside.sum()),
                size=values.size,
                limit=limit,
                value2=values.min(),
                others=others,
            )
        )
    return function(values)


def _transformed_name(name: str, chosen: Mapping[str, str]) -> str:
    kind = chosen.get(name, "none")
    return name if kind == "none" else f"{kind}({name})"


def _check_roles(y: str, x: Sequence[str], entity: str | None, time: str | None) -> None:
    if not x:
        raise InputError(say("No driver is given: choose at least one column for X."))
    names = [y, *x, *filter(None, (entity, time))]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            say("Column {twice!r} is used twice among Y, X, ENTITY and TIME: choose each column once.", twice=twice[0])
        )


def _require_finite(name: str, numbers: np.ndarray) -> None:
    infinite = np.isinf(numbers)
    if infinite.any():
        first = int(np.flatnonzero(infinite)[0])
        raise TableError(
            say(
                "Column {name!r} holds infinite values: {value} rows, first in row {first}. Mend them or "
                "leave them blank.",
                name=name,
                value=int(infinite.sum()),
                first=first + 1,
            )
        )


def _common_length(columns: Mapping[str, np.ndarray]) -> int:
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise TableError(say("Columns differ in length: {found}.", found=found))
    return next(iter(lengths.values()))


def _check_duplicates(
    entity: np.ndarray, time: np.ndarray, entities: np.ndarray, times: np.ndarray, entity_name: str, time_name: str
) -> None:
    keys, counts = np.unique(entity.astype(np.int64) * len(times) + time, return_counts=True)
    twice = keys[counts > 1]
    if twice.size:
        examples = ", ".join(
            f"{entity_name} {entities[key // len(times)]} in {time_name} {times[key % len(times)]}" for key in twice[:3]
        )
        raise TableError(
            say(
                "{size} pairs of {entity_name} and {time_name} have more than one row (first: {examples}). A "
                "panel has one row for each; average or remove the repeated rows.",
                size=twice.size,
                entity_name=entity_name,
                time_name=time_name,
                examples=examples,
            )
        )


def _recode(
    codes: np.ndarray | None, values: np.ndarray | None, mask: np.ndarray
) -> tuple[np.ndarray | None, np.ndarray | None]:
    if codes is None or values is None:
        return None, None
    kept = np.bincount(codes[mask], minlength=len(values)) > 0
    return (np.cumsum(kept) - 1)[codes[mask]], values[kept]


def _compact(codes: np.ndarray) -> np.ndarray:
    present = np.bincount(codes) > 0
    return (np.cumsum(present) - 1)[codes]


def summarise(dropped: Iterable[Dropped]) -> str:
    """One sentence for a log: what was left out, and why."""
    items = [say("{count} {what} ({reason})", count=item.count, what=item.what, reason=item.reason) for item in dropped]
    return say("Left out: {items}.", items=listed(items, "; ")) if items else say("Nothing was left out.")
