"""Slope and aspect of an elevation model, by GDAL's own algorithm, on the model's own grid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from osgeo import gdal

from ...errors import GridError, InputError
from ...progress import Progress
from ..dataset import call_gdal
from ..files import intermediate_path
from ..grid import Grid
from ..reading.fill_values import without_fill_values
from ..reading.source import Source, describe_source

LABELS = {"slope": "Slope", "aspect": "Aspect"}
CREATION = ["TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=3", "BIGTIFF=IF_SAFER"]


def require_metres(grid: Grid, named: str) -> float:
    """Metres per unit of a projected grid.

    Raises:
        GridError: the CRS is not projected: its degrees are no lengths.
    """
    reference = grid.spatial_reference()
    if not reference.IsProjected():
        raise GridError(
            f"{named} lies in {grid.crs_name}, whose unit is the degree: slopes and lengths need metres. "
            "Reproject it to a projected CRS such as the UTM zone of the region (Raster > Projections > Warp)."
        )
    return float(reference.GetLinearUnits())


def plain_elevation(dem: Source, folder: str) -> Source:
    """The elevation model as programs read it that take stored values as they are.

    Args:
        dem: elevation on its own grid.
        folder: for a copy without what lies outside the valid range, and with scale and offset applied.

    Raises:
        InputError: it cannot be read.
    """
    dataset, _ = describe_source(dem)
    band = dataset.GetRasterBand(dem.band)
    if not dem.limited and band.GetScale() in (None, 1.0) and band.GetOffset() in (None, 0.0):
        return dem
    limited = dem if dem.limited else replace(dem, minimum=float("-inf"))
    return replace(without_fill_values(replace(limited, resampling="near"), folder), resampling=None)


def derive_terrain(dem: Source, what: Literal["slope", "aspect"], folder: str, progress: Progress) -> Source:
    """Slope or aspect in degrees, Horn's formula over 3 x 3 pixels; aspect is clockwise from north, 0 where flat.

    At the edges of the raster the missing neighbours are extrapolated; the four corner pixels come out too gentle.

    Args:
        dem: elevation in metres, on its own grid.
        what: `slope` or `aspect`.
        folder: for the result.
        progress: asked whether to stop.

    Raises:
        GridError: the elevation model is not in a projected CRS.
        InputError: it cannot be read.

    Source: Horn 1981, Proceedings of the IEEE 69(1):14-47, as `gdaldem` does it.
    """
    _, grid = describe_source(dem)
    metres = require_metres(grid, dem.named)
    dem = plain_elevation(dem, folder)
    path = intermediate_path(folder, f"{dem.name} {what}")

    def tell(done: float, message: str, data: Any) -> int:
        return 0 if progress.cancelled() else 1

    options = {"slopeFormat": "degree", "scale": metres} if what == "slope" else {"zeroForFlat": True}
    try:
        result = call_gdal(
            f"Cannot compute the {what} of {dem.named}",
            InputError,
            gdal.DEMProcessing,
            path,
            dem.path,
            what,
            format="GTiff",
            band=dem.band,
            computeEdges=True,
            creationOptions=CREATION,
            callback=tell,
            **options,
        )
    except InputError:
        progress.check()
        raise
    result.FlushCache()
    return Source(f"{dem.name}:{what}", path, 1, "continuous", f"{LABELS[what]} of {dem.label or 'the DEM'}")
