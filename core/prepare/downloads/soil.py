"""Whether SoilGrids of a folder cover the depth on which erodibility rests."""

from __future__ import annotations

from collections.abc import Sequence

from ...progress import Progress
from ...raster.files import workspace
from ...raster.grid import Grid
from ..catalogue.product import Layer
from ..catalogue.recognise import Recognised
from ..files.containers import open_layer
from ..soil.depths import weights_of

SOIL = ("sand", "silt", "clay", "organic_carbon", "soil_group")
TOP, BOTTOM = 0.0, 30.0  # cm, the topsoil, as the algorithm for soils takes it where nothing is said


def soil_check(layer: Layer, files: Sequence[Recognised], progress: Progress) -> tuple[list[Grid], int]:
    """The grids of the files of a layer, and how many files there are.

    Raises:
        InputError: they do not cover the topsoil once, or cannot be opened.
        GridError: one has no position.
    """
    own = [one for one in files if one.layer == layer.id and one.variant in ("", "mean")]
    if any(one.depth for one in own):
        depths = [one.depth for one in own if one.depth]
        weights_of({(float(top), float(bottom)) for top, bottom in depths}, TOP, BOTTOM, layer.title.en)
    with workspace() as scratch:
        return [open_layer(one, layer, scratch, progress).grid for one in own], len(own)
