"""Features to columns and back: what statistics read of a layer, and where each row of it lies."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingFeatureSource,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QVariant

from ..core.drivers.feature_table import PLACE, FeatureTable, place_fields
from ..core.errors import InputError
from ..core.progress import Progress
from .translation import tr

_CHECK_EVERY = 20_000


def read_features(
    source: QgsProcessingFeatureSource, names: Collection[str], progress: Progress, numbers: Collection[str] = ()
) -> FeatureTable:
    """The columns `names` of a layer or table, and the place of each row where it has one.

    Args:
        source: with its filter and selection.
        names: fields to read; fields `x` and `y` are read too where there are no geometries.
        progress: told how far the reading is.
        numbers: those of `names` that are numbers, though a CSV file may hold them as text.

    Raises:
        InputError: a field is missing.
        Cancelled: on request.
    """
    fields = source.fields()
    wanted = list(dict.fromkeys(names))
    missing = [name for name in wanted if fields.lookupField(name) < 0]
    if missing:
        held = ", ".join(field.name() for field in fields)
        raise InputError(
            tr("{layer} has no field {field!r}; it has {held}.", layer=source.sourceName(), field=missing[0], held=held)
        )
    located = has_geometry(source)
    if not located:
        wanted += [name for name in ("x", "y") if fields.lookupField(name) >= 0 and name not in wanted]
    indexes = [fields.lookupField(name) for name in wanted]
    values: list[list[Any]] = [[] for _ in wanted]
    places: list[tuple[float, float]] = []
    count = max(source.featureCount(), 1)
    for number, feature in enumerate(source.getFeatures(_request(indexes, located))):
        if number % _CHECK_EVERY == 0:
            progress.check()
            progress.set(100 * number / count)
        for column, index in zip(values, indexes):
            column.append(feature.attribute(index))
        if located:
            places.append(_place(feature.geometry()))
    untyped = all(field.typeName().lower() in ("string", "text") for field in fields)
    columns = {
        name: _column(column, fields.at(index).isNumeric(), untyped and name in numbers)
        for name, column, index in zip(wanted, values, indexes)
    }
    if located:
        coordinates = np.array(places, dtype=np.float64).reshape(-1, 2)
        columns |= dict(zip(PLACE, coordinates.T))
    system = source.sourceCrs()
    return FeatureTable(
        columns,
        PLACE if located else place_fields(columns),
        system.toWkt() if system.isValid() else "",
        system.isValid() and system.isGeographic(),
        source.sourceName(),
    )


def has_geometry(source: QgsProcessingFeatureSource) -> bool:
    return bool(source.wkbType() not in (QgsWkbTypes.Type.NoGeometry, QgsWkbTypes.Type.Unknown))


def output_type(source: QgsProcessingFeatureSource, table: FeatureTable) -> Any:
    """The geometry type of a layer that gives each row its place back: its own, points, or none."""
    if has_geometry(source):
        return source.wkbType()
    return QgsWkbTypes.Type.Point if table.place else QgsWkbTypes.Type.NoGeometry


def output_crs(source: QgsProcessingFeatureSource) -> QgsCoordinateReferenceSystem:
    return source.sourceCrs() if has_geometry(source) else QgsCoordinateReferenceSystem()


def geometries(
    source: QgsProcessingFeatureSource, table: FeatureTable, rows: Sequence[int]
) -> Iterator[QgsGeometry | None]:
    """The geometries of some rows, which rise, one after another, so that a million need no memory."""
    if not has_geometry(source):
        coordinates = table.coordinates()
        for row in rows:
            yield None if coordinates is None else point(*coordinates[row].tolist())
        return
    features = enumerate(source.getFeatures(_request([], True)))
    for row in rows:
        for number, feature in features:
            if number == row:
                yield feature.geometry()
                break


def point(x: float, y: float) -> QgsGeometry:
    return QgsGeometry.fromPointXY(QgsPointXY(x, y))


def new_feature(geometry: QgsGeometry | None, cells: Sequence[Any]) -> QgsFeature:
    feature = QgsFeature()
    if geometry is not None:
        feature.setGeometry(geometry)
    feature.setAttributes(list(cells))
    return feature


def _request(indexes: Sequence[int], located: bool) -> QgsFeatureRequest:
    request = QgsFeatureRequest().setSubsetOfAttributes(list(indexes))
    if not located:
        request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
    return request


def _place(geometry: QgsGeometry) -> tuple[float, float]:
    if geometry.isNull() or geometry.isEmpty():
        return float("nan"), float("nan")
    middle = geometry.centroid().asPoint()
    return middle.x(), middle.y()


def _column(values: list[Any], numeric: bool, coerced: bool) -> np.ndarray:
    if numeric:
        try:
            return np.array(values, dtype=np.float64)
        except TypeError:
            return np.array([None if _is_null(value) else value for value in values], dtype=np.float64)
    plain = [None if _is_null(value) else _plain(value) for value in values]
    if coerced:
        try:
            return np.array(
                [None if value is None or not value.strip() else float(value) for value in plain], np.float64
            )
        except ValueError:
            pass  # the statistics say which value is no number
    column = np.empty(len(plain), dtype=object)
    column[:] = plain
    return column


def _is_null(value: Any) -> bool:
    return value is None or isinstance(value, QVariant)


def _plain(value: Any) -> Any:
    """Dates as text that sorts in time."""
    return value.toString("yyyy-MM-dd") if hasattr(value, "toString") else value
