"""Names and colours of the clusters of local Moran, from `resources/legends/drivers.csv`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ..raster.output import ClassColour
from ..tables import read_table

_LEGEND = Path(__file__).parents[2] / "resources" / "legends" / "drivers.csv"


@cache
def cluster_legend(language: str = "en") -> tuple[ClassColour, ...]:
    """The clusters, coded by their position in `spatial.CLUSTERS`, named in a language (`en` or `zh`)."""
    column = "name_zh" if language == "zh" else "name"
    return tuple(
        ClassColour(int(str(row["code"])), str(row[column]), str(row["color"])) for row in read_table(_LEGEND).rows
    )
