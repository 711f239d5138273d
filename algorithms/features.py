"""Features to columns and back: what statistics read of a layer, and where each row of it lies."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureRequest,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingFeatureSource,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QVariant

from ..core.drivers.feature_table import PLACE, FeatureTable, place_fields
from ..core.errors import InputError
from ..core.handed_on import harmless
from ..core.progress import Progress
from .translation import tr

_UNDECODED = "\ufffd"  # what stands for bytes that are no text
_AT_ONCE = 5_000  # rows that are objects of QGIS at a time


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
        message = tr(
            "{layer} has no field {field!r}; it has {held}.", layer=source.sourceName(), field=missing[0], held=held
        )
        if _UNDECODED in held:
            message += " " + tr(
                "Its text is in another encoding than it is read in: save it as CSV UTF-8, or set the encoding of the "
                "layer (GBK or GB18030 for files of a Chinese Windows) in its properties under Source."
            )
        raise InputError(message)
    located = has_geometry(source)
    if not located:
        place = [name for name in ("x", "y") if fields.lookupField(name) >= 0]
        wanted, numbers = list(dict.fromkeys([*wanted, *place])), {*numbers, *place}
    indexes = [fields.lookupField(name) for name in wanted]
    untyped = all(field.typeName().lower() in ("string", "text") for field in fields)
    columns = [
        _Column(fields.at(index).isNumeric(), untyped and name in numbers) for name, index in zip(wanted, indexes)
    ]
    places = [_Column(numeric=True) for _ in PLACE] if located else []
    count, read = max(source.featureCount(), 1), 0
    features = source.getFeatures(_request(indexes, located))
    while rows := list(islice(features, _AT_ONCE)):
        progress.check()
        progress.set(100 * read / count)
        read += len(rows)
        for column, index in zip(columns, indexes):
            column.add([row.attribute(index) for row in rows])
        for column, coordinates in zip(places, zip(*(_place(row.geometry()) for row in rows)) if places else ()):
            column.add(coordinates)
    table = dict(zip([*wanted, *PLACE], (column.values() for column in [*columns, *places])))
    system = source.sourceCrs()
    return FeatureTable(
        table,
        PLACE if located else place_fields(table),
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


class _Column:
    """The values of a field as arrays of some thousand rows each, for objects take many times their memory.

    Args:
        numeric: whether the field holds numbers.
        coerced: whether text in it is to be read as numbers.
    """

    def __init__(self, numeric: bool, coerced: bool = False) -> None:
        self._numeric, self._coerced = numeric, coerced
        self._pieces: list[np.ndarray] = []
        self._texts: dict[Any, Any] = {}

    def add(self, values: Sequence[Any]) -> None:
        self._pieces.append(self._numbers(values) if self._numeric else self._objects(values))

    def values(self) -> np.ndarray:
        """The whole column: numbers with NaN, or objects with None, where there is no value."""
        pieces, self._pieces = self._pieces, []
        if not pieces:
            return np.empty(0, dtype=np.float64 if self._numeric else object)
        return np.concatenate(pieces)

    def _numbers(self, values: Sequence[Any]) -> np.ndarray:
        try:
            return np.array(values, dtype=np.float64)
        except TypeError:
            return np.array([None if _is_null(value) else value for value in values], dtype=np.float64)

    def _objects(self, values: Sequence[Any]) -> np.ndarray:
        plain = [None if _is_null(value) else _plain(value) for value in values]
        if self._coerced:
            try:
                return np.array([None if v is None or not v.strip() else float(v) for v in plain], dtype=np.float64)
            except ValueError:
                self._coerced = False  # the statistics say which value is no number
        piece = np.empty(len(plain), dtype=object)
        piece[:] = [self._texts.setdefault(value, value) for value in plain]  # each text once
        return piece


def _is_null(value: Any) -> bool:
    return value is None or isinstance(value, QVariant)


def _plain(value: Any) -> Any:
    """Dates as text that sorts in time, lists as text too."""
    if isinstance(value, (list, dict)):
        return str(value)
    return value.toString("yyyy-MM-dd") if hasattr(value, "toString") else value


def harmless_fields(fields: QgsFields) -> QgsFields:
    """Fields whose names no spreadsheet takes for formulas."""
    found = QgsFields()
    for field in fields:
        named = QgsField(field)
        named.setName(harmless(field.name()))
        found.append(named)
    return found


def harmless_feature(feature: QgsFeature) -> QgsFeature:
    """A feature whose texts no spreadsheet takes for formulas."""
    values = feature.attributes()
    safe = [harmless(value) if isinstance(value, str) else value for value in values]
    if safe == values:
        return feature
    changed = QgsFeature(feature)
    changed.setAttributes(safe)
    return changed
