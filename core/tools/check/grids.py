"""Checks of where a raster lies: CRS, position, area, and whether it fits the reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from osgeo import gdal, osr

from ...errors import EcoAssetsError, GridError
from ...messages import listed, say
from ...progress import QUIET
from ...raster.area import AREA_WARNING_PCT, area_scale_error_pct, pixel_areas_ha
from ...raster.grid import Grid
from ...raster.reading.source import Source, fit_to_grid, footprint

Verdict = Literal["ok", "warning", "problem"]
# check, result, found, mend
Told = tuple[str, Verdict, str, str]

_ALIGN = say("Bring it on the grid of the first raster with ecoassets:aligntogrid (Align to grid)")
_WARP = say("Warp it to a north-up grid with Raster > Projections > Warp (gdal:warpreproject).")
_ASSIGN = say("Assign the right CRS with Raster > Projections > Assign projection (gdal:assignprojection).")


def check_position(dataset: gdal.Dataset, grid: Grid | None) -> Iterator[Told]:
    """Whether a raster has a CRS and a position, stands upright, and what its areas are worth."""
    crs = dataset.GetProjection()
    if not crs:
        yield "crs", "problem", say("none"), _ASSIGN
    transform = dataset.GetGeoTransform(can_return_null=True)
    if transform is None:
        yield "position", "problem", say("no geotransform"), say("Georeference it with Layer > Georeferencer.")
        return
    if transform[2] != 0 or transform[4] != 0:
        yield "position", "problem", say("rotated (geotransform {transform})", transform=tuple(transform)), _WARP
    elif transform[5] > 0:
        told = say("rows run from south to north: it cannot be the reference of other grids")
        yield "position", "warning", told, _WARP
    if grid is not None:
        yield from _check_area(grid)


def _check_area(grid: Grid) -> Iterator[Told]:
    try:
        area = float(pixel_areas_ha(grid)[grid.height // 2])
    except EcoAssetsError as reason:
        yield "crs", "problem", listed([reason], ""), say("Reproject it to a projected CRS (gdal:warpreproject).")
        return
    told = say("{crs}, a pixel has {area:.6g} ha", crs=grid.crs_name, area=area)
    if osr.SpatialReference.IsGeographic(grid.spatial_reference()):
        found = say("{told} in the middle row; areas are taken on the ellipsoid row by row", told=told)
        yield "crs", "ok", found, ""
        return
    error = area_scale_error_pct(grid)
    if error > AREA_WARNING_PCT:
        found = say("{told}, but the projection errs by up to {error:.2g} % of the area here", told=told, error=error)
        yield "crs", "warning", found, say("Reproject the rasters to an equal-area CRS (gdal:warpreproject).")
    else:
        yield "crs", "ok", say("{told} (area true within {error:.2g} %)", told=told, error=error), ""


def check_grid(raster: Source, grid: Grid, reference: Grid, reference_name: str) -> Iterator[Told]:
    """Whether a raster lies on the grid of the reference, or a run would bring it there, and whether it covers it."""
    difference = reference.difference(grid)
    if difference is None:
        yield "grid", "ok", say("the grid of {name}", name=reference_name), ""
        return
    share = _shared_pct(grid, reference)
    if share is not None and share <= 0:
        mend = say("Choose rasters of one region, and check that each has the right CRS.")
        yield "overlap", "problem", say("it does not overlap {name}", name=reference_name), mend
        return
    yield _fitted(raster, reference, difference)
    if share is not None and share < 99.5:
        mend = say("Nothing, when the rest is not needed: pixels without a value in every raster are left out.")
        found = say("its frame covers {share:.3g} % of {name}", share=share, name=reference_name)
        yield "overlap", "warning", found, mend


def _fitted(raster: Source, reference: Grid, difference: str) -> Told:
    """What a run does with a raster on another grid."""
    try:
        fitted = fit_to_grid(raster, reference, QUIET)
    except GridError:
        if not reference.north_up:
            told = say("{difference}, and the first raster runs from south to north", difference=difference)
            return "grid", "problem", told, _WARP
        mend = say("{align}, KIND classes; or tick ALIGN_CLASSES where it is used.", align=_ALIGN)
        return "grid", "problem", difference, mend
    if fitted.resampling == "near":
        told = say(
            "{difference}: the same pixels, of which a run takes those of the first raster", difference=difference
        )
        return "grid", "ok", told, ""
    mend = say("Nothing: it is interpolated on the fly. To look at the result first: {align}.", align=_ALIGN)
    return "grid", "warning", difference, mend


def _shared_pct(grid: Grid, reference: Grid) -> float | None:
    bounds = footprint(grid, reference)
    if bounds is None:
        return None
    left, bottom, right, top = reference.bounds
    width = min(right, bounds[2]) - max(left, bounds[0])
    height = min(top, bounds[3]) - max(bottom, bounds[1])
    return 100 * max(0.0, width) * max(0.0, height) / ((right - left) * (top - bottom))
