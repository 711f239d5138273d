"""Prices of years: the level at which the value of one equivalent is expressed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ...errors import TableError
from ...inputs.tables import require_unit
from ...messages import say
from ...tables import Table


def price_level_of(table: Table) -> dict[int, float]:
    """Reads a price index: columns `year` and `index`, 100 being the price level of the standard value.

    Values of a year are multiplied by ``index / 100``. An index with the previous year at 100 must be chained first.

    Raises:
        TableError: a column is missing, a year repeats, or an index is not positive.
    """
    table.require("year", "index")
    years, levels = table.codes("year"), table.numbers("index")
    for row, (year, level) in enumerate(zip(years, levels), start=1):
        if level <= 0:
            raise TableError(
                say(
                    "Table {name}, row {row}: the index of {year} is {level:g}. It must be positive.",
                    name=table.name,
                    row=row,
                    year=year,
                    level=level,
                )
            )
    require_unit(table.name, "index", levels, "price_index")
    return {year: float(level) for year, level in zip(years, levels)}


def require_levels(levels: Collection[int], years: Sequence[int]) -> None:
    """Raises TableError where a year has no level; without any level prices are constant."""
    missing = [year for year in years if levels and year not in levels]
    if missing:
        raise TableError(
            say(
                "The price index has no row for {value}. Add a row per year of the land cover.",
                value=", ".join(map(str, missing)),
            )
        )
