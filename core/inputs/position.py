"""What the grid of a raster is asked: whether its coordinates can belong to its CRS, and in what unit heights are."""

from __future__ import annotations

from collections.abc import Iterator

from ..raster.grid import Grid
from ..raster.reading.stored import METRES
from .finding import Finding, Place
from .profile import RasterProfile

_ASSIGN = "Assign the right one (Raster > Projections > Assign projection) and run again."
# A pixel of a map in metres is hardly smaller; one in degrees hardly larger.
_SMALLEST_METRES = 0.2
_TURN, _POLE = 360.0, 90.0


def check_position(place: Place, grid: Grid) -> Iterator[Finding]:
    """Whether coordinates look like degrees under a CRS in metres, or like metres under one in degrees."""
    left, bottom, right, top = grid.bounds
    within = max(abs(left), abs(right)) <= _TURN and max(abs(bottom), abs(top)) <= _POLE
    pixel = max(grid.pixel_width, grid.pixel_height)
    values = {"crs": grid.crs_name, "x": f"{left:.6g} – {right:.6g}", "y": f"{bottom:.6g} – {top:.6g}"}
    if grid.spatial_reference().IsProjected() and within and pixel < _SMALLEST_METRES:
        text = "{where}: the coordinates look like degrees (x {x}, y {y}), but the CRS {crs} is in metres."
        yield Finding("position", "stop", (place,), text, _ASSIGN, values)
    beyond = max(abs(left), abs(right)) > _TURN + pixel or max(abs(bottom), abs(top)) > _POLE + pixel
    if grid.spatial_reference().IsGeographic() and beyond:
        text = "{where}: the CRS {crs} is in degrees, but the coordinates are x {x}, y {y}."
        yield Finding("position", "stop", (place,), text, _ASSIGN, values)


def check_length(place: Place, profile: RasterProfile) -> Iterator[Finding]:
    """Whether the file declares feet, which are read as metres."""
    unit = (profile.unit or "").strip()
    if unit.casefold() in METRES:
        text = "{where} declares the unit {unit}: its values are read in metres."
        yield Finding("length", "note", (place,), text, "", {"unit": unit})
