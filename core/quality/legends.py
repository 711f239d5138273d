"""Names and colours of the classes of this room, from `resources/legends/quality.csv`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ..raster.output import ClassColour
from ..tables import read_table

_LEGENDS = Path(__file__).parents[2] / "resources" / "legends" / "quality.csv"


@cache
def legend(name: str, language: str = "en") -> tuple[ClassColour, ...]:
    """The classes of a legend in the order of the file, named in a language (`en` or `zh`).

    Legends are `trend`, `rsei`, `rsei_change`, `quality`, `degradation` and `severity`.
    """
    column = "name_zh" if language == "zh" else "name"
    return tuple(
        ClassColour(int(str(row["code"])), str(row[column]), str(row["color"]))
        for row in read_table(_LEGENDS).rows
        if row["legend"] == name
    )
