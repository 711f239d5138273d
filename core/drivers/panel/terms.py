"""Curves, products and lags of drivers: from what the user writes to columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...errors import InputError
from ...messages import say
from ..observations import Dropped, Observations

HIGHEST_POWER = 3
_LAG = re.compile(r"lag\s*\(\s*(.+?)\s*(?:[,，]\s*(\d+)\s*)?\)")


@dataclass(frozen=True)
class Made:
    """A column that is made of others.

    Attributes:
        kind: ``power``, ``product`` or ``lag``.
        fields: of what; one, or the two of a product.
        number: the power, or by how many times the lag goes back.
    """

    kind: str
    fields: tuple[str, ...]
    number: int = 1

    def name(self, named: dict[str, str]) -> str:
        """How coefficients are named, with the fields as they are transformed."""
        parts = [named[field] for field in self.fields]
        if self.kind == "product":
            return ":".join(parts)
        return f"{parts[0]}^{self.number}" if self.kind == "power" else f"lag({parts[0]}, {self.number})"


def parse_terms(text: str, x: Sequence[str]) -> tuple[tuple[str, ...], tuple[Made, ...]]:
    """Reads terms such as `gdp^2 + gdp:rain + lag(rain)`.

    Args:
        text: terms separated by plus signs; empty for none.
        x: the drivers that are chosen beside.

    Returns:
        All drivers, those that terms are made of among them, and the columns to make. A field that is lagged alone is
        no driver itself.

    Raises:
        InputError: a part that is no term.
    """
    drivers, made = list(x), []
    for part in filter(None, (word.strip() for word in re.split(r"[+＋;；\n]", text))):
        term = _term(part)
        if term is None:
            drivers.append(part)
            continue
        made.append(term)
        if term.kind != "lag":  # a square or a product means nothing without its parts
            drivers += term.fields
    return tuple(dict.fromkeys(drivers)), tuple(dict.fromkeys(made))


def check_terms(text: str, drivers: Sequence[str]) -> None:
    """Raises InputError where a part is no term, or is made of a field that is not among the drivers."""
    named, made = parse_terms(text, drivers)
    fields = (*named, *(field for term in made for field in term.fields))
    unknown = [field for field in fields if field not in drivers]
    if unknown:
        raise InputError(
            say(
                "TERMS names {name!r}, which is not among the drivers ({drivers}).",
                name=unknown[0],
                drivers=", ".join(drivers),
            )
        )


def _term(part: str) -> Made | None:
    """None for a plain field."""
    lagged = _LAG.fullmatch(part)
    if lagged:
        steps = int(lagged[2] or 1)
        if steps < 1:
            raise InputError(say("TERMS holds {part!r}. A lag goes back by 1 or more times.", part=part))
        return Made("lag", (lagged[1],), steps)
    if "^" in part:
        name, _, power = part.rpartition("^")
        if power.strip() not in {str(k) for k in range(2, HIGHEST_POWER + 1)} or not name.strip():
            raise InputError(say("TERMS holds {part!r}. Write a field with ^2 or ^3, such as gdp^2.", part=part))
        return Made("power", (name.strip(),), int(power))
    if ":" in part.replace("：", ":"):
        fields = tuple(field.strip() for field in part.replace("：", ":").split(":"))
        if len(fields) != 2 or not all(fields):
            raise InputError(say("TERMS holds {part!r}. Write two fields, such as gdp:rain.", part=part))
        return Made("power", fields[:1], 2) if fields[0] == fields[1] else Made("product", fields)
    return None


def with_terms(
    observations: Observations, fields: Sequence[str], drivers: Sequence[str], made: Sequence[Made]
) -> Observations:
    """The observations with the drivers that are wanted and the columns that are made.

    Args:
        observations: with a column for each of `fields`.
        fields: as the table names them, in the order of the columns.
        drivers: those of them that are drivers.
        made: columns to make.

    Raises:
        InputError: a lag without cells and years, or without any row that has a year before.
    """
    place = {name: number for number, name in enumerate(fields)}
    named = dict(zip(fields, observations.x_names))
    columns = [observations.x[:, place[name]] for name in drivers]
    names = [named[name] for name in drivers]
    known = np.ones(observations.n, dtype=bool)
    for term in made:
        parts = [observations.x[:, place[field]] for field in term.fields]
        if term.kind == "lag":
            column = lagged_rows(observations, parts[0], term.number)
            known &= np.isfinite(column)
        else:
            column = parts[0] ** term.number if term.kind == "power" else parts[0] * parts[1]
        columns.append(column)
        names.append(term.name(named))
    whole = replace(observations, x=np.asfortranarray(np.column_stack(columns)), x_names=tuple(names))
    if not known.any():
        raise InputError(say("TERMS asks for lags, and no cell has a row so many times before another."))
    lost = int(np.count_nonzero(~known))
    return whole.keep(known, (Dropped(say("rows"), lost, say("no time before them for a lag")),) if lost else ())


def lagged_rows(observations: Observations, values: np.ndarray, steps: int) -> np.ndarray:
    """Values of the same entity so many times before, shape (n,), NaN where it has none.

    Times are those of the table in their order, so that a step goes back to the year before in the list of years.
    """
    previous = previous_rows(observations, steps)
    return np.where(previous >= 0, values[previous], np.nan)


def previous_rows(observations: Observations, steps: int = 1) -> np.ndarray:
    """The row of the same entity so many times before each row, -1 where it has none.

    Raises:
        InputError: there are no entities or no times.
    """
    if observations.entity is None or observations.time is None or observations.times is None:
        raise InputError(
            say("Lags and tests over time need ENTITY and TIME: choose the cell and the year of each row.")
        )
    size = len(observations.times)
    key = observations.entity.astype(np.int64) * (size + steps) + observations.time + steps
    order = np.argsort(key)
    at = np.searchsorted(key[order], key - steps)
    at = np.minimum(at, len(key) - 1)
    return np.where(key[order][at] == key - steps, order[at], -1)
