"""Polygon layers: one way to open them, and their polygons as rasters can take them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from osgeo import gdal, ogr

from ...errors import InputError
from ...messages import say
from ..dataset import call_gdal, short_name

_AREAL = (ogr.wkbPolygon, ogr.wkbMultiPolygon)


@dataclass(frozen=True, eq=False)
class PolygonLayer:
    """An open layer.

    Attributes:
        dataset: keeps the layer alive.
        layer: of OGR.
        named: what messages call it: the label and the name of the layer or file.
    """

    dataset: gdal.Dataset
    layer: ogr.Layer
    named: str

    @property
    def fields(self) -> tuple[str, ...]:
        definition = self.layer.GetLayerDefn()
        return tuple(definition.GetFieldDefn(i).GetName() for i in range(definition.GetFieldCount()))

    def require_field(self, field: str) -> None:
        """Raises InputError, which names the fields that are there, where there is none of this name."""
        require_field(self.named, field, self.fields)

    def polygons(self) -> Iterator[tuple[ogr.Feature, Areal]]:
        """Features with an area, and their areas."""
        self.layer.ResetReading()
        for feature in self.layer:
            area = areal(feature.GetGeometryRef())
            if area is not None:
                yield feature, area


@dataclass(frozen=True, eq=False)
class Areal:
    """A polygon or multipolygon of straight lines in two dimensions; `mended` tells that its rings were invalid."""

    geometry: ogr.Geometry
    mended: bool


def require_field(named: str, field: str, fields: Sequence[str]) -> None:
    """Raises InputError, which names the fields that are there, where a layer has none of this name."""
    if field not in fields:
        held = ", ".join(fields)
        raise InputError(say("{named} has no field {field}. It has {held}.", named=named, field=field, held=held))


def require_crs(named: str, has_crs: bool) -> None:
    """Raises InputError where a layer of polygons has no CRS."""
    if not has_crs:
        raise InputError(say("{named} has no CRS: where it lies is not known. Assign the right one.", named=named))


def open_polygons(polygons: str, label: str) -> PolygonLayer:
    """Opens a layer of polygons.

    Args:
        polygons: path of a vector file, with `|layername=x` where it has several layers.
        label: what the user calls the polygons.

    Raises:
        InputError: the file cannot be read or has no such layer.
    """
    path, _, rest = polygons.partition("|")
    wanted = _layer_name(rest)
    named = f"{label} ({wanted or short_name(path)})"
    dataset = call_gdal(f"Cannot open {named}", InputError, gdal.OpenEx, path, gdal.OF_VECTOR | gdal.OF_VERBOSE_ERROR)
    layer = dataset.GetLayerByName(wanted) if wanted else dataset.GetLayer(0)
    if layer is None:
        raise InputError(say("{named} has no such layer.", named=named))
    return PolygonLayer(dataset, layer, named)


def _layer_name(rest: str) -> str:
    return next((part.partition("=")[2] for part in rest.split("|") if part.startswith("layername=")), "")


def areal(geometry: ogr.Geometry | None) -> Areal | None:
    """The area of a geometry, None where it has none: curves become lines, heights go, invalid rings are mended."""
    if geometry is None or geometry.IsEmpty():
        return None
    plain = geometry.GetLinearGeometry()
    plain.FlattenTo2D()
    if ogr.GT_Flatten(plain.GetGeometryType()) == ogr.wkbGeometryCollection:
        plain = _only_polygons(plain)
    if ogr.GT_Flatten(plain.GetGeometryType()) not in _AREAL or plain.IsEmpty():
        return None
    if plain.IsValid():
        return Areal(plain, False)
    mended = plain.MakeValid()
    if mended is None:  # GEOS gives up; the rings are burned as they are
        return Areal(plain, True)
    mended = _only_polygons(mended)
    return None if mended.IsEmpty() else Areal(mended, True)


def _only_polygons(geometry: ogr.Geometry) -> ogr.Geometry:
    """The polygons of a geometry, whatever it holds beside them."""
    if ogr.GT_Flatten(geometry.GetGeometryType()) in _AREAL:
        return geometry
    found = ogr.Geometry(ogr.wkbMultiPolygon)
    for part in geometry:
        kind = ogr.GT_Flatten(part.GetGeometryType())
        if kind == ogr.wkbPolygon:
            found.AddGeometry(part)
        elif kind == ogr.wkbMultiPolygon:
            for polygon in part:
                found.AddGeometry(polygon)
    return found
