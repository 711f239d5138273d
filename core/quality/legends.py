"""Names and colours of the classes of this room, from `resources/legends/quality.csv`."""

from __future__ import annotations

from ..legends import load_legend
from ..raster.output import ClassColour


def legend(name: str, language: str = "en") -> tuple[ClassColour, ...]:
    """The classes of a legend in the order of the file, named in a language (`en` or `zh`).

    Legends are `trend`, `rsei`, `rsei_change`, `quality`, `degradation` and `severity`.
    """
    return load_legend("quality", name, language)
