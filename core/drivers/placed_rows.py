"""Rows that lie somewhere, for models in which it matters where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..errors import InputError
from ..messages import say
from .columns import label_text
from .feature_table import FeatureTable
from .observations import Dropped, Observations, read_observations


def read_placed_rows(
    table: FeatureTable,
    purpose: str,
    y: str,
    x: Sequence[str],
    entity: str | None = None,
    time: str | None = None,
    year: float | None = None,
    transforms: Mapping[str, str] | None = None,
) -> Observations:
    """The rows that have every value needed and a place, of one year where one is chosen.

    Args:
        table: the layer.
        purpose: what needs places, the beginning of messages.
        y, x, entity, time, transforms: see `read_observations`.
        year: the only one that is used; its column is `time`, which the rows then lack.

    Raises:
        InputError: rows have no places, or places in degrees; a year without its column, or one that no row has.
        TableError: see `read_observations`.
    """
    table = table.with_roles([name for name in (y, *x, entity, time) if name])
    table.plane_coordinates(purpose)
    if year is not None and time is None:
        raise InputError(say("YEAR is given without TIME. Choose the field of the year."))
    found = read_observations(table.columns, y, x, entity, time, coordinates=table.place, transforms=transforms)
    found = replace(found, warnings=(*found.warnings, *table.doubts()))
    if year is None:
        return found
    if found.time is None or found.times is None:
        raise TypeError("found.time, found.times is not as expected")
    of_year = np.array([label_text(label) == f"{year:g}" for label in found.times.tolist()])[found.time]
    if not of_year.any():
        known = ", ".join(str(label) for label in found.times.tolist()[:20])
        raise InputError(
            say("No row is of the year {year:g}. {time} holds {known}.", year=year, time=time, known=known)
        )
    other = Dropped(say("rows"), int(np.count_nonzero(~of_year)), say("not of {year:g}", year=year))
    return replace(found.keep(of_year, (other,) if other.count else ()), time=None, times=None, time_name="")


def year_numbers(observations: Observations) -> np.ndarray:
    """The year of each row as a number, shape (n,). Raises InputError where years are no numbers."""
    if observations.time is None or observations.times is None:
        raise TypeError("observations.time, observations.times is not as expected")
    try:
        return observations.times.astype(np.float64)[observations.time]
    except ValueError:
        raise InputError(
            say(
                "{time_name} holds {times!r}, which is no number of years. Give a field with years such as 2005.",
                time_name=observations.time_name,
                times=observations.times[0],
            )
        ) from None
