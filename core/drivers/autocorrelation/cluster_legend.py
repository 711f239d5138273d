"""Names and colours of the clusters of local Moran, from `resources/legends/drivers.csv`."""

from __future__ import annotations

from ...legends import load_legend
from ...raster.output import ClassColour


def cluster_legend(language: str = "en") -> tuple[ClassColour, ...]:
    """The clusters, coded by their position in `spatial.CLUSTERS`, named in a language (`en` or `zh`)."""
    return load_legend("drivers", "cluster", language)
