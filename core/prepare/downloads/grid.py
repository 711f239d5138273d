"""The grid of a study that nobody has given: that of its land cover over the boundary, in metres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...messages import say
from ...progress import Progress
from ...raster.dataset import open_raster
from ...raster.grid import Grid
from ..files.tiles import Place
from ..identifying.run import crs_named
from ..importing.study_grid import reference_over

MARGIN_CELLS = 16  # beyond the boundary, so that slopes and windows have neighbours there
_USUAL_CELLS = (10.0, 25.0, 30.0, 50.0, 90.0, 100.0, 250.0, 300.0, 500.0, 1000.0, 5000.0, 10000.0)
_METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True)
class GridWish:
    """What the user says of the grid; "" and 0 leave it to the land cover."""

    crs: str = ""
    cell: float = 0.0


def study_grid(
    boundary: str, native: Grid, wish: GridWish, places: Sequence[Place], folder: str, progress: Progress
) -> str:
    """An empty raster over a boundary with a margin.

    Land cover in metres keeps its pixels. In degrees, or in the sinusoidal projection of MODIS, in which areas are true
    and shapes are not, the grid is that of the UTM zone of the middle, with the usual pixel nearest to its own.

    Args:
        boundary: polygons.
        native: the grid of the land cover.
        wish: of the user, which wins.
        places: longitude and latitude of places within the boundary.
        folder: where the raster goes.
        progress: told what was chosen.

    Raises:
        InputError, GridError: as `reference_over`.
    """
    own = native.spatial_reference()
    keeps = bool(own.IsProjected()) and own.GetLinearUnits() == 1.0 and own.GetAttrValue("PROJECTION") != "Sinusoidal"
    square = math.isclose(native.pixel_width, native.pixel_height, rel_tol=1e-6)
    corner = (0.0, 0.0)
    if keeps and square and not wish.crs and wish.cell in (0.0, native.pixel_width):
        crs, cell = native.crs, native.pixel_width
        corner = (native.transform[0], native.transform[3])
    else:
        crs = wish.crs or (native.crs if keeps else f"EPSG:{_utm_zone(places)}")
        cell = wish.cell or _metric_cell(native)
    path = reference_over(boundary, crs, cell, folder, MARGIN_CELLS * cell, corner)
    made = open_raster(path)
    values = {"crs": crs_named(made.GetProjection()), "width": made.RasterXSize, "height": made.RasterYSize}
    progress.info(say("The grid of the study: {crs}, {width} x {height} pixels of {cell:g} m.", cell=cell, **values))
    return path


def _metric_cell(native: Grid) -> float:
    """The usual size of a pixel that is nearest to its own, metres."""
    metres = native.pixel_height * (_METRES_PER_DEGREE if native.spatial_reference().IsGeographic() else 1.0)
    return min(_USUAL_CELLS, key=lambda usual: abs(math.log(usual / metres)))


def _utm_zone(places: Sequence[Place]) -> int:
    """EPSG code of the UTM zone in which the middle of places lies."""
    longitudes, latitudes = zip(*places)
    longitude = (min(longitudes) + max(longitudes)) / 2
    latitude = (min(latitudes) + max(latitudes)) / 2
    zone = int((longitude + 180) // 6) % 60 + 1
    return (32600 if latitude >= 0 else 32700) + zone
