"""Names and colours of classes, from `resources/legends`: a file per room, a legend or several in each."""

from __future__ import annotations

from functools import cache

from .raster.output import ClassColour
from .resources import RESOURCES
from .tables import read_table

_FOLDER = RESOURCES / "legends"


@cache
def load_legend(room: str, name: str, language: str = "en") -> tuple[ClassColour, ...]:
    """The classes of a legend in the order of the file, none where the file has no such legend.

    Args:
        room: the file, without its extension.
        name: of the legend.
        language: of the names, `en` or `zh`.
    """
    column = "name_zh" if language == "zh" else "name"
    return tuple(
        ClassColour(int(str(row["code"])), str(row[column]), str(row["color"]))
        for row in read_table(_FOLDER / f"{room}.csv").rows
        if row["legend"] == name
    )
