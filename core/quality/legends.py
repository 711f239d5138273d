"""Names and colours of the classes of this room, from `resources/legends/quality.csv`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ..raster.output import ClassColour
from ..tables import read_table

_LEGENDS = Path(__file__).parents[2] / "resources" / "legends" / "quality.csv"


@cache
def legend(name: str) -> tuple[ClassColour, ...]:
    """The classes of a legend in the order of the file: `trend`, `rsei`, `rsei_change`, `quality`, `degradation`."""
    return tuple(
        ClassColour(int(str(row["code"])), str(row["name"]), str(row["color"]))
        for row in read_table(_LEGENDS).rows
        if row["legend"] == name
    )
