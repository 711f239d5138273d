"""What tables are asked: numbers of another unit, and rows that sum up the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..quantities import quantity
from .finding import Finding, Place, Refused

_ROUNDED = 0.006  # a published sum of numbers of two decimals may differ by this in each of them
_FEWEST_MEMBERS = 2


def sum_rows(values: np.ndarray) -> tuple[int, ...]:
    """Rows whose every number is the sum of all the others, up to rounding.

    Args:
        values: shape (rows, columns).
    """
    rows = len(values)
    if rows <= _FEWEST_MEMBERS or not values.any():
        return ()
    rest = values.sum(axis=0) - values
    close = np.abs(values - rest) <= np.maximum(_ROUNDED * (rows - 1) / 2, 1e-9 * np.abs(rest))
    # rounding alone must not make a sum of numbers that are small themselves
    large = np.abs(values).max(axis=1) > 2 * _ROUNDED * rows
    return tuple(int(row) for row in np.flatnonzero(close.all(axis=1) & large))


def of_sum_row(table: str, row: str) -> Finding:
    """A row of a table that is left out, because it is the sum of the others."""
    text = "{where}: the row {row} is the sum of the other rows and is left out."
    mend = "Remove it, or change it where it is a member of its own."
    return Finding("sum_row", "warn", (Place(table),), text, mend, {"row": row})


def require_unit(table: str, column: str, numbers: Sequence[float] | np.ndarray, meaning: str) -> None:
    """Checks that a column is in the unit of its quantity.

    Args:
        table: what messages call the table.
        column: its name.
        numbers: of the column.
        meaning: id of the quantity.

    Raises:
        Refused: the numbers look like another unit, or cannot be the quantity.
    """
    values = np.asarray(numbers, dtype=np.float64)
    values = values[np.isfinite(values)]
    if not values.size:
        return
    meant = quantity(meaning)
    statistics = {"least": values.min(), "median": np.median(values), "most": values.max()}
    place = (Place(table),)
    slip = meant.slip({name: float(value) for name, value in statistics.items()})
    if slip is not None:
        text = "{where}, column {column}: {most} is no {name} in {unit}; it looks like {looks}. {mend}"
        given = {"column": column, "most": f"{values.max():.6g}", "name": meant.name, "unit": meant.unit,
                 "looks": slip.looks, "mend": slip.mend}  # fmt: skip
        raise Refused([Finding("unit", "stop", place, text, "", given, float(values.max()))])
    wrong = values[(values < meant.possible.low) | (values > meant.possible.high)]
    if wrong.size:
        text = "{where}, column {column} holds {value}, which {name} cannot be: it lies between {low} and {high}."
        given = {"column": column, "value": f"{wrong[0]:.6g}", "name": meant.name,
                 "low": f"{meant.possible.low:.6g}", "high": f"{meant.possible.high:.6g}"}  # fmt: skip
        raise Refused([Finding("unit", "stop", place, text, "Mend the cell.", given, float(wrong[0]))])
