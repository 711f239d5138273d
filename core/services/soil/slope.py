"""Slope as an input: an elevation model, or a slope raster whose unit is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...inputs.gate import admit_alone
from ...messages import listed
from ...quantities import Measure
from ...raster.passes.terrain import SLOPE, derive_terrain
from ...raster.reading.source import Source
from ..survey import Survey
from ..yearly_kernel import Pixels

_HELD = {"dem": "elevation", "degrees": "slope", "percent": "slope_percent"}


@dataclass(frozen=True)
class Terrain:
    """Where slopes come from.

    Attributes:
        path: an elevation model in metres, or a slope raster.
        holds: `dem`, or the unit of the slope raster, `degrees` or `percent`.
        minimum, maximum: valid range.
    """

    path: str
    holds: Literal["dem", "degrees", "percent"] = "dem"
    minimum: float | None = None
    maximum: float | None = None


def add_slope(survey: Survey, terrain: Terrain) -> None:
    """Adds the slope as the input `SLOPE`; slopes of a DEM are computed on its own grid, before any resampling.

    Raises:
        GridError: the DEM has no CRS or no position, or is rotated.
        InputError: the raster cannot be read.
    """
    measure = Measure(_HELD[terrain.holds])
    source = Source(
        SLOPE,
        terrain.path,
        label=listed([measure.meant.name], ""),
        minimum=terrain.minimum,
        maximum=terrain.maximum,
        measure=measure,
    )
    if terrain.holds == "dem":
        source = admit_alone(source, survey.progress)
        (source,) = derive_terrain(source, survey.folder, survey.progress, (SLOPE,))
    survey.add_sources(SLOPE, [source] * len(survey.dated))


def slope_degrees(pixels: Pixels, terrain: Terrain) -> np.ndarray:
    """Slope angles in degrees, float64.

    Raises:
        InputError: a slope said to be in degrees reaches 90, or one is negative.
    """
    slope = pixels.values[SLOPE].astype(np.float64)
    return np.degrees(np.arctan(slope / 100)) if terrain.holds == "percent" else slope
