"""What a run returns beside rasters: tables with typed columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union

Cell = Union[str, int, float, None]


@dataclass(frozen=True)
class Column:
    """A column of a result table: `text`, `integer` or `number`; the unit is for people."""

    name: str
    kind: Literal["text", "integer", "number"] = "number"
    unit: str = ""


@dataclass(frozen=True)
class ResultTable:
    """Rows of a result under typed columns. None is a value that does not exist."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
