"""Planning units: polygons with what they hold of each service, their cost, and the borders that they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from osgeo import ogr, osr

from ...errors import GridError, InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...raster.area import SQUARE_METRES_PER_HA
from ...raster.grid import transformation_between
from ...raster.zones.polygon_layer import open_polygons

AREAL = (ogr.wkbPolygon, ogr.wkbMultiPolygon, ogr.wkbCurvePolygon, ogr.wkbMultiSurface)
# An equal-area CRS of the whole earth.
EQUAL_AREA_EPSG = 6933
LOCK_OUT, FREE, LOCK_IN = -1, 0, 1


@dataclass(frozen=True, eq=False)
class Borders:
    """How long the borders of the units are, metres.

    Attributes:
        perimeters: of each unit, shape (units,).
        first, second: positions of the units that share a border, shape (pairs,).
        lengths: of the shared borders, shape (pairs,).
    """

    perimeters: np.ndarray
    first: np.ndarray
    second: np.ndarray
    lengths: np.ndarray

    def of_selection(self, chosen: np.ndarray) -> float:
        """Length of the border around the chosen units; what two of them share is not part of it."""
        shared = self.lengths[chosen[self.first] & chosen[self.second]]
        return float(self.perimeters[chosen].sum() - 2 * shared.sum())


@dataclass(frozen=True, eq=False)
class PlanningUnits:
    """Units in the order of the layer.

    Attributes:
        ids: feature ids.
        services: names of the service fields.
        amounts: shape (units, services), not negative.
        costs: shape (units,), not negative.
        locks: 1 always chosen, -1 never, 0 free; shape (units,).
        borders: None where they are not asked for.
        label: what messages call the layer.
    """

    ids: tuple[int, ...]
    services: tuple[str, ...]
    amounts: np.ndarray
    costs: np.ndarray
    locks: np.ndarray
    borders: Borders | None = None
    label: str = "Planning units"

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class UnitFields:
    """Which fields of a polygon layer mean what.

    Attributes:
        services: one field per service.
        cost: None takes the area in hectares.
        lock: a field of 1 (always chosen), -1 (never) and 0 or blank; None where all are free.
    """

    services: tuple[str, ...]
    cost: str | None = None
    lock: str | None = None

    @property
    def used(self) -> tuple[str, ...]:
        """All fields that are read."""
        return (*self.services, *(name for name in (self.cost, self.lock) if name))


def read_planning_units(
    path: str, fields: UnitFields, with_borders: bool = False, progress: Progress = QUIET
) -> PlanningUnits:
    """Reads planning units.

    Args:
        path: path of a polygon layer, with `|layername=x` where the file has several.
        fields: their meaning.
        with_borders: whether shared borders are measured; needs a projected CRS.
        progress: gets warnings.

    Raises:
        InputError: the layer cannot be read, lacks a field, holds no polygon, a service has no amount above 0, a cost
            is negative, or a value is no number.
        GridError: the layer has no CRS, or a geographic one where borders are asked for.
    """
    with units_layer(path) as (layer, label):
        _require_fields(layer, fields, label)
        features = [f for f in layer if _is_areal(f.GetGeometryRef())]
        if not features:
            raise InputError(say("{label} holds no polygon. Choose a polygon layer.", label=label))
        amounts = np.array([[_number(f, name, label) for name in fields.services] for f in features])
        negative = amounts < 0
        if negative.any():
            progress.warn(
                say("{label}: {value} negative amounts of services count as 0.", label=label, value=int(negative.sum()))
            )
        amounts = np.maximum(amounts, 0)
        for name, total in zip(fields.services, amounts.sum(axis=0)):
            if total <= 0:
                raise InputError(
                    say(
                        "{label}: the field {name} has no value above 0, so no target of it can be set.",
                        label=label,
                        name=name,
                    )
                )
        return PlanningUnits(
            tuple(f.GetFID() for f in features),
            fields.services,
            amounts,
            _costs(features, layer, fields, label),
            np.array([_lock(f, fields.lock, label) for f in features]),
            _borders([f.GetGeometryRef() for f in features], layer, label, progress) if with_borders else None,
            label,
        )


@contextmanager
def units_layer(path: str) -> Iterator[tuple[ogr.Layer, str]]:
    """Opens a polygon layer; gives it and what messages call it. Raises InputError."""
    opened = open_polygons(path, "Planning units")
    yield opened.layer, opened.named


def _require_fields(layer: ogr.Layer, fields: UnitFields, label: str) -> None:
    definition = layer.GetLayerDefn()
    present = [definition.GetFieldDefn(i).GetName() for i in range(definition.GetFieldCount())]
    missing = [name for name in fields.used if name not in present]
    if missing:
        raise InputError(
            say(
                "{label} has no field {missing}. It has {present}.",
                label=label,
                missing=missing[0],
                present=", ".join(present) or say("no field"),
            )
        )
    twice = [name for name, count in Counter(fields.services).items() if count > 1]
    if twice or not fields.services:
        raise InputError(
            say(
                "Name each service field once{twice}; at least one.",
                twice=say(", not {twice} twice", twice=twice[0]) if twice else "",
            )
        )


def _is_areal(geometry: ogr.Geometry | None) -> bool:
    return geometry is not None and ogr.GT_Flatten(geometry.GetGeometryType()) in AREAL


def _number(feature: ogr.Feature, name: str, label: str) -> float:
    value = feature.GetField(name)
    try:
        number = 0.0 if value is None else float(value)
    except ValueError:
        number = float("nan")
    if not np.isfinite(number):
        raise InputError(
            say(
                "{label}: unit {getfid} holds {value!r} in the field {name}. Write a number.",
                label=label,
                getfid=feature.GetFID(),
                value=value,
                name=name,
            )
        )
    return number


def _costs(features: Sequence[ogr.Feature], layer: ogr.Layer, fields: UnitFields, label: str) -> np.ndarray:
    if fields.cost is None:
        return _areas_ha([f.GetGeometryRef() for f in features], layer, label)
    costs = np.array([_number(f, fields.cost, label) for f in features])
    if costs.min() < 0:
        unit = features[int(costs.argmin())].GetFID()
        raise InputError(
            say(
                "{label}: unit {unit} has the cost {value:g}. Costs must be 0 or more.",
                label=label,
                unit=unit,
                value=costs.min(),
            )
        )
    return costs


def _lock(feature: ogr.Feature, name: str | None, label: str) -> int:
    if name is None:
        return FREE
    number = _number(feature, name, label)
    if number not in (LOCK_OUT, FREE, LOCK_IN):
        raise InputError(
            say(
                "{label}: unit {getfid} holds {number:g} in the field {name}. Write 1 to lock it in, -1 to "
                "lock it out, 0 to leave it free.",
                label=label,
                getfid=feature.GetFID(),
                number=number,
                name=name,
            )
        )
    return int(number)


def _reference(layer: ogr.Layer, label: str) -> osr.SpatialReference:
    reference = layer.GetSpatialRef()
    if reference is None:
        raise GridError(
            say("{label} has no coordinate reference system. Assign the right one and run again.", label=label)
        )
    return reference


def _areas_ha(geometries: Sequence[ogr.Geometry], layer: ogr.Layer, label: str) -> np.ndarray:
    """Planar areas in a projected CRS; in a geographic one those of an equal-area projection."""
    own = _reference(layer, label).Clone()
    if own.IsProjected():
        return np.array([g.Area() for g in geometries]) * own.GetLinearUnits() ** 2 / SQUARE_METRES_PER_HA
    own.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    equal_area = osr.SpatialReference()
    equal_area.ImportFromEPSG(EQUAL_AREA_EPSG)
    transformation = transformation_between(own, equal_area)
    moved = [g.Clone() for g in geometries]
    for geometry in moved:
        geometry.Transform(transformation)
    return np.array([g.Area() for g in moved]) / SQUARE_METRES_PER_HA


def _borders(geometries: Sequence[ogr.Geometry], layer: ogr.Layer, label: str, progress: Progress) -> Borders:
    """Shared borders by intersecting the outlines of units whose envelopes meet, found by a sweep from west to east."""
    reference = _reference(layer, label)
    if not reference.IsProjected():
        raise GridError(
            say(
                "{label} lies in degrees, in which borders have no length. Reproject it to a projected CRS.",
                label=label,
            )
        )
    metres = reference.GetLinearUnits()
    outlines = [geometry.Boundary() for geometry in geometries]
    boxes = np.array([geometry.GetEnvelope() for geometry in geometries])
    first, second, lengths = [], [], []
    order = np.argsort(boxes[:, 0], kind="stable")
    for position, unit in enumerate(order):
        progress.check()
        east, south, north = boxes[unit, 1:]
        later = order[position + 1 : np.searchsorted(boxes[order, 0], east, side="right")]
        meets = later[(boxes[later, 2] <= north) & (boxes[later, 3] >= south)]
        for other in meets:
            shared = outlines[unit].Intersection(outlines[other])
            # Units that meet in corners share points, which have no length.
            length = 0.0 if shared is None or shared.GetDimension() < 1 else shared.Length() * metres
            if length > 0:
                first.append(unit)
                second.append(other)
                lengths.append(length)
    perimeters = np.array([outline.Length() for outline in outlines]) * metres
    return Borders(perimeters, np.array(first, dtype=int), np.array(second, dtype=int), np.array(lengths, dtype=float))
