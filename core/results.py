"""What a run returns beside rasters: tables with typed columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, Union

import numpy as np

if TYPE_CHECKING:
    from pandas import DataFrame

from .messages import say
from .progress import Progress

Cell = Union[str, int, float, None]


@dataclass(frozen=True)
class Column:
    """A column of a result table: `text`, `integer` or `number`; the unit is for people."""

    name: str
    kind: Literal["text", "integer", "number"] = "number"
    unit: str = ""


def texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "text") for name in names)


def integers(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "integer") for name in names)


def numbers(*names: str, unit: str = "") -> tuple[Column, ...]:
    return tuple(Column(name, unit=unit) for name in names)


@dataclass(frozen=True)
class ResultTable:
    """Rows of a result under typed columns. None is a value that does not exist."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def to_pandas(self) -> DataFrame:
        """The table for those who script: whole numbers as Int64, so that they may be missing, numbers as float64.

        Raises:
            ModuleNotFoundError: pandas is missing; nothing else needs it.
        """
        import pandas

        kinds = {"text": "object", "integer": "Int64", "number": "float64"}
        cells = zip(*self.rows) if self.rows else ((),) * len(self.columns)
        series = {c.name: pandas.Series(list(of_c), dtype=kinds[c.kind]) for c, of_c in zip(self.columns, cells)}
        return pandas.DataFrame(series)


@dataclass(frozen=True)
class LeftOut:
    """Land that a run looked at and that has no result.

    Attributes:
        year: None for a result without a year.
        reason: why, in a few words.
    """

    year: int | None
    reason: str
    pixels: int
    area_ha: float


def tell_left_out(left_out: Iterable[LeftOut], progress: Progress) -> None:
    """Warns of land without a result, once for all years that lack the same."""
    years: dict[tuple[str, int, float], list[str]] = {}
    for item in left_out:
        told = years.setdefault((item.reason, item.pixels, round(item.area_ha, 2)), [])
        told += [] if item.year is None else [str(item.year)]
    for (reason, pixels, area_ha), of_years in years.items():
        progress.warn(
            say(
                "{years}{pixels} pixels ({area} ha) are left out: {reason}.",
                years=f"{', '.join(of_years)}: " if of_years else "",
                pixels=pixels,
                area=f"{area_ha:,.2f}",
                reason=reason,
            )
        )


_AT_ONCE = 10_000  # rows that are plain objects at a time, which take ten times the memory of arrays


def row_columns(kind: type) -> tuple[Column, ...]:
    """The columns of a class of rows, a dataclass: `text`, `integer` and `number` by the types of its fields.

    A field whose name is a word of Python ends in ``_``, which its column lacks.
    """
    kinds: dict[str, Literal["text", "integer"]] = {"str": "text", "int": "integer", "bool": "integer"}
    return tuple(
        Column(field.name.rstrip("_"), kinds.get(str(field.type).split(" ")[0], "number")) for field in fields(kind)
    )


def row_table(kind: type, rows: Iterable[Any]) -> ResultTable:
    """A table of rows that are dataclasses of one class."""
    names = [field.name for field in fields(kind)]
    return ResultTable(row_columns(kind), tuple(tuple(getattr(row, name) for name in names) for row in rows))


def plain_rows(columns: Sequence[np.ndarray]) -> Iterator[tuple[Cell, ...]]:
    """The rows of equally long arrays as plain values; what is not finite is None."""
    for start in range(0, len(columns[0]), _AT_ONCE):
        yield from zip(*(_plain_column(column[start : start + _AT_ONCE]) for column in columns))


def _plain_column(column: np.ndarray) -> list[Cell]:
    values: list[Any] = column.tolist()
    if column.dtype.kind == "f" and not np.isfinite(column).all():
        return [value if math.isfinite(value) else None for value in values]
    return values
