"""The grid of a raster: size, position, coordinate reference system."""

from __future__ import annotations

import math
from dataclasses import dataclass

from osgeo import gdal, osr

from ..errors import GridError
from ..messages import say
from .dataset import quiet_gdal, short_name

# Half a thousandth of a pixel is far below what a resampled file is off by, and above the rounding of stored corners.
POSITION_TOLERANCE_PX = 1e-3
_LEAST_UNIT, _LARGEST_UNIT = 1e-6, 1e6  # of a CRS, in metres or radians: a header may hold 0


@dataclass(frozen=True)
class Grid:
    """Size, affine transform (GDAL order) and coordinate reference system (WKT) of a raster."""

    width: int
    height: int
    transform: tuple[float, float, float, float, float, float]
    crs: str

    @classmethod
    def of_dataset(cls, dataset: gdal.Dataset, label: str = "") -> Grid:
        """Reads the grid of an open raster.

        Raises:
            GridError: the raster has no coordinate reference system, no position, or is rotated.
        """
        named = label or short_name(dataset.GetDescription())
        crs = dataset.GetProjection()
        if not crs:
            raise GridError(
                say(
                    "{named} has no coordinate reference system, so areas cannot be computed. Assign the right "
                    "one (Raster > Projections > Assign projection) and run again.",
                    named=named,
                )
            )
        transform = dataset.GetGeoTransform(can_return_null=True)
        if transform is None:
            raise GridError(say("{named} has no position (geotransform). Georeference it and run again.", named=named))
        if not (all(map(math.isfinite, transform)) and transform[1] and (transform[5] or transform[4])):
            raise GridError(
                say(
                    "{named} has pixels without a size (geotransform {transform}). Georeference it anew.",
                    named=named,
                    transform=tuple(transform),
                )
            )
        if not (min(abs(transform[1]), abs(transform[5] or transform[4])) >= 1e-9 and max(map(abs, transform)) <= 1e12):
            raise GridError(
                say(
                    "{named} has pixels of {transform:.6g} x {transform2:.6g} units at {transform3:.6g}, "
                    "{transform4:.6g}, which lie on no map of the Earth. Georeference it anew.",
                    named=named,
                    transform=transform[1],
                    transform2=transform[5],
                    transform3=transform[0],
                    transform4=transform[3],
                )
            )
        if transform[2] != 0 or transform[4] != 0:
            raise GridError(
                say(
                    "{named} is rotated (geotransform {transform}). Warp it to a north-up grid (Raster > "
                    "Projections > Warp) and run again.",
                    named=named,
                    transform=tuple(transform),
                )
            )
        found = cls(dataset.RasterXSize, dataset.RasterYSize, tuple(transform), crs)
        reference = found.spatial_reference()
        unit = reference.GetAngularUnits() if reference.IsGeographic() else reference.GetLinearUnits()
        if not _LEAST_UNIT <= unit <= _LARGEST_UNIT:
            raise GridError(
                say(
                    "{named} has a coordinate reference system whose unit measures {unit:g} m or radians. Assign the "
                    "right one (Raster > Projections > Assign projection) and run again.",
                    named=named,
                    unit=unit,
                )
            )
        return found

    @property
    def pixel_width(self) -> float:
        return abs(self.transform[1])

    @property
    def pixel_height(self) -> float:
        return abs(self.transform[5])

    @property
    def north_up(self) -> bool:
        return self.transform[5] < 0

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Smallest x, smallest y, largest x, largest y in units of the CRS."""
        left, top = self.transform[0], self.transform[3]
        right = left + self.width * self.transform[1]
        bottom = top + self.height * self.transform[5]
        return min(left, right), min(top, bottom), max(left, right), max(top, bottom)

    def spatial_reference(self) -> osr.SpatialReference:
        """The CRS with x before y, as rasters store it."""
        reference = osr.SpatialReference()
        reference.ImportFromWkt(self.crs)
        reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        return reference

    @property
    def crs_name(self) -> str:
        reference = self.spatial_reference()
        code = reference.GetAuthorityCode(None)
        return f"{reference.GetAuthorityName(None)}:{code}" if code else crs_in_words(reference)

    def difference(self, other: Grid) -> str | None:
        """Names the first property in which `other` differs, with both values; None when the grids are the same."""
        if not same_crs(self, other):
            return say(
                "CRS {crs_name}, the reference has {crs_name2}", crs_name=other.crs_name, crs_name2=self.crs_name
            )
        if not self._same_pixels(other):
            return say(
                "pixel size {transform:.10g} x {transform2:.10g}, the reference has {transform3:.10g} x "
                "{transform4:.10g}",
                transform=other.transform[1],
                transform2=other.transform[5],
                transform3=self.transform[1],
                transform4=self.transform[5],
            )
        shift_x = (other.transform[0] - self.transform[0]) / self.transform[1]
        shift_y = (other.transform[3] - self.transform[3]) / self.transform[5]
        if max(abs(shift_x), abs(shift_y)) > POSITION_TOLERANCE_PX:
            return say(
                "origin {transform:.10g}, {transform2:.10g} ({shift_x:.6g} columns and {shift_y:.6g} rows "
                "off), the reference has {transform3:.10g}, {transform4:.10g}",
                transform=other.transform[0],
                transform2=other.transform[3],
                shift_x=shift_x,
                shift_y=shift_y,
                transform3=self.transform[0],
                transform4=self.transform[3],
            )
        if (self.width, self.height) != (other.width, other.height):
            return say(
                "size {width} x {height} pixels, the reference has {width2} x {height2}",
                width=other.width,
                height=other.height,
                width2=self.width,
                height2=self.height,
            )
        return None

    def shifted_by_pixels(self, other: Grid) -> bool:
        """Whether `other` has the same pixels, but begins or ends elsewhere: nothing needs to be resampled."""
        if not same_crs(self, other) or not self._same_pixels(other):
            return False
        shifts = (
            (other.transform[0] - self.transform[0]) / self.transform[1],
            (other.transform[3] - self.transform[3]) / self.transform[5],
        )
        return all(abs(shift - round(shift)) <= POSITION_TOLERANCE_PX for shift in shifts)

    def _same_pixels(self, other: Grid) -> bool:
        return math.isclose(self.transform[1], other.transform[1], rel_tol=POSITION_TOLERANCE_PX / self.width) and (
            math.isclose(self.transform[5], other.transform[5], rel_tol=POSITION_TOLERANCE_PX / self.height)
        )


def same_crs(a: Grid, b: Grid) -> bool:
    """Whether two grids lie in the same coordinate reference system, whatever its name is."""
    return a.crs == b.crs or bool(a.spatial_reference().IsSame(b.spatial_reference()))


def transformation_between(here: osr.SpatialReference, there: osr.SpatialReference) -> osr.CoordinateTransformation:
    """What turns places of one CRS into those of another.

    Raises:
        GridError: no way from one to the other is known, as from a local grid to the Earth.
    """
    with quiet_gdal():
        try:
            found = osr.CreateCoordinateTransformation(here, there)
        except RuntimeError:
            found = None
    if found is None:
        raise GridError(
            say(
                "No way is known from the coordinate reference system {here} to {there}. Assign the right ones (Raster "
                "> Projections > Assign projection; for vectors: Define layer projection) and run again.",
                here=crs_in_words(here),
                there=crs_in_words(there),
            )
        )
    return found


def crs_in_words(reference: osr.SpatialReference) -> str:
    """The name of a CRS; of one without a name its projection and central meridian."""
    name = str(reference.GetName() or "")
    if name and not name.lower().startswith(("unknown", "unnamed")):
        return name
    projection = reference.GetAttrValue("PROJECTION")
    if not projection:
        return name or "unnamed CRS"
    keys = ("central_meridian", "longitude_of_center", "longitude_of_origin")
    meridian = next(
        (reference.GetProjParm(key, math.nan) for key in keys if reference.GetProjParm(key, 1e9) != 1e9), None
    )
    return projection.replace("_", " ") + ("" if meridian is None else f" {meridian:g}°")
