"""Names and colours of the clusters of local statistics, from `resources/legends/drivers.csv`."""

from __future__ import annotations

from ...legends import load_legend
from ...raster.output import ClassColour

_LEGENDS = {"getis_ord": "hot_spot", "geary": "geary"}


def cluster_legend(language: str = "en", statistic: str = "moran") -> tuple[ClassColour, ...]:
    """The clusters of a statistic, coded by their position in its names, named in a language (`en` or `zh`)."""
    return load_legend("drivers", _LEGENDS.get(statistic, "cluster"), language)
