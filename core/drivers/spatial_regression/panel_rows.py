"""Rows in the order that spatial models need: year by year, the same places in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...messages import Message, say
from ..observations import Observations


@dataclass(frozen=True)
class PanelRows:
    """Rows year by year.

    Attributes:
        rows: of the table, shape (T N,).
        y, x: shapes (T N,), (T N, k).
        coordinates: of the N places.
        times: T.
        labels: of the years, an empty text for a single one.
        notes: what was left out.
    """

    rows: np.ndarray
    y: np.ndarray
    x: np.ndarray
    coordinates: np.ndarray
    times: int
    labels: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def places(self) -> int:
        return len(self.rows) // self.times


def panel_rows(found: Observations, *, complete: bool = False) -> PanelRows:
    """Sorts rows by year and place.

    Args:
        found: with entity and time where there are several years.
        complete: whether places that lack a year are left out.

    Raises:
        InputError: several years without their cells; places that lack a year; two rows at one place.
    """
    if found.coordinates is None:
        raise TypeError("found.coordinates is not as expected")
    if found.time is None or len(found.times if found.times is not None else ()) == 1:
        _require_one_row_a_place(found.coordinates)
        return PanelRows(found.rows, found.y, found.x, found.coordinates, 1, ("",))
    if found.times is None:
        raise TypeError("found.times is not as expected")
    if found.entity is None or found.entities is None:
        raise InputError(
            say(
                "{time_name} holds {count} years. Give ENTITY, the field of the cell, so that cells can be "
                "matched over the years, or choose one YEAR.",
                time_name=found.time_name,
                count=len(found.times),
            )
        )
    times = len(found.times)
    notes: tuple[str, ...] = ()
    count = np.bincount(found.entity, minlength=len(found.entities))
    short = np.flatnonzero(count < times)
    if short.size:
        named = ", ".join(str(found.entities[i]) for i in short[:10])
        if short.size == len(count):
            raise InputError(_no_cell_is_whole(found))
        if not complete:
            raise InputError(
                say(
                    "{size} of {count} cells lack a value in some year (first: {named}). Neighbours must be the "
                    "same in every year: tick COMPLETE to leave these cells out, or fill their gaps.",
                    size=short.size,
                    count=len(count),
                    named=named,
                )
            )
        notes = (
            say(
                "{size} of {count} cells lack a value in some year and are left out (first: {named}).",
                size=short.size,
                count=len(count),
                named=named,
            ),
        )
        found = found.keep(count[found.entity] == times)
        if not found.n:
            raise InputError(say("No cell has a value in every year."))
    if found.entity is None or found.time is None or found.times is None:
        raise TypeError("found.entity, found.time, found.times is not as expected")
    if found.coordinates is None:
        raise TypeError("found.coordinates is not as expected")
    order = np.lexsort((found.entity, found.time))
    places = len(order) // times
    first = found.coordinates[order[:places]]
    _require_one_row_a_place(first)
    return PanelRows(
        found.rows[order],
        found.y[order],
        found.x[order],
        first,
        times,
        tuple(str(label) for label in found.times.tolist()),
        notes,
    )


def _require_one_row_a_place(coordinates: np.ndarray) -> None:
    _, first, counts = np.unique(coordinates, axis=0, return_index=True, return_counts=True)
    if counts.max(initial=1) > 1:
        twice = coordinates[first[int(np.argmax(counts))]]
        raise InputError(
            say(
                "{counts} rows lie where another lies (first at {twice:.12g}, {twice2:.12g}). A table of "
                "several years needs TIME and ENTITY, or TIME and one YEAR; else average the rows of a place.",
                counts=int(np.sum(counts - 1)),
                twice=twice[0],
                twice2=twice[1],
            )
        )


def _no_cell_is_whole(found: Observations) -> Message:
    """The year that the fewest cells have, which a year with a slip of a digit is."""
    if found.times is None or found.time is None or found.entities is None:
        raise TypeError("found has no years or no cells")
    cells = np.bincount(found.time, minlength=len(found.times))
    fewest = int(np.argmin(cells))
    return say(
        "No cell has a value in all {times} years; the fewest cells, {few} of {count}, have one in {year}. If that "
        "year is a slip, mend it in those rows; else leave the rows of that year out, or choose one YEAR.",
        times=len(found.times),
        few=int(cells[fewest]),
        count=len(found.entities),
        year=found.times[fewest],
    )
