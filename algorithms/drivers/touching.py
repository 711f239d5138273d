"""Which polygons touch, where they are no cells of a regular grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from qgis.core import QgsFeature, QgsGeometry, QgsProcessingFeatureSource, QgsSpatialIndex, QgsWkbTypes

from ...core.drivers.feature_table import FeatureTable
from ...core.progress import Progress
from ..features import geometries

if TYPE_CHECKING:
    from ...core.drivers.autocorrelation.run import Weigh
    from ...core.drivers.place.neighbours import Weights

_SAME = 1e-3  # of a side: how far a square may differ from a cell of the grid


def touching_weights(
    source: QgsProcessingFeatureSource, table: FeatureTable, neighbours: str, progress: Progress
) -> Weigh:
    """Weights of polygons by what they share, unless they are the cells of a grid, which is quicker.

    Args:
        source: the layer.
        table: its columns and places.
        neighbours: `queen` or `rook`.
        progress: told how far the touching is.
    """
    from ...core.drivers.place.neighbours import pair_weights
    from ...core.drivers.place.regular_grid import regular_grid

    def weigh(rows: np.ndarray, coordinates: np.ndarray) -> Weights | None:
        # Geometries are read in the order of the layer, and given in that of the rows.
        order = np.argsort(rows)
        polygons = polygons_of(source, table, rows[order].tolist())
        grid = regular_grid(coordinates)
        if not polygons or (grid is not None and are_squares(polygons, grid.step)):
            return None
        pairs = order[touching_pairs(polygons, neighbours, progress)]
        return pair_weights(pairs, len(rows), f"{neighbours} neighbours of polygons")

    return weigh


def polygons_of(source: QgsProcessingFeatureSource, table: FeatureTable, rows: Sequence[int]) -> list[QgsGeometry]:
    """The polygons of some rows; none where the layer holds points or no places."""
    if QgsWkbTypes.geometryType(source.wkbType()) != QgsWkbTypes.GeometryType.PolygonGeometry:
        return []
    return [geometry for geometry in geometries(source, table, rows) if geometry is not None]


def are_squares(polygons: Sequence[QgsGeometry], step: tuple[float, float]) -> bool:
    """Whether polygons are the cells of a grid of that step, and not hexagons or districts whose middles line up."""
    for polygon in polygons:
        box = polygon.boundingBox()
        if abs(box.width() - step[0]) > _SAME * step[0] or abs(box.height() - step[1]) > _SAME * step[1]:
            return False
        if abs(polygon.area() - step[0] * step[1]) > _SAME * step[0] * step[1]:
            return False
    return True


def touching_pairs(polygons: Sequence[QgsGeometry], kind: str, progress: Progress) -> np.ndarray:
    """Pairs of positions (m, 2) of polygons that share a border (`rook`), or a border or a corner (`queen`)."""
    index = QgsSpatialIndex()
    for position, polygon in enumerate(polygons):
        feature = QgsFeature(position)
        feature.setGeometry(polygon)
        index.addFeature(feature)
    pairs = []
    for position, polygon in enumerate(polygons):
        if position % 100 == 0:
            progress.check()
            progress.set(100 * position / len(polygons))
        engine = QgsGeometry.createGeometryEngine(polygon.constGet())
        engine.prepareGeometry()
        for other in index.intersects(polygon.boundingBox()):
            touch = other > position and engine.intersects(polygons[other].constGet())
            if touch and (kind == "queen" or _share_a_border(polygon, polygons[other])):
                pairs.append((position, other))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _share_a_border(one: QgsGeometry, other: QgsGeometry) -> bool:
    return bool(one.intersection(other).length() > 0)
