"""The outline of a grid as polygons, for totals on other grids."""

from __future__ import annotations

import json
import os

from osgeo import ogr

from ...raster.grid import Grid

_STEPS = 64  # per side: outlines bend in other projections


def write_footprint(grid: Grid, folder: str) -> str:
    """Writes the outline of a grid in its own CRS and returns the path."""
    left, bottom, right, top = grid.bounds
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    ring = [
        [x0 + (x1 - x0) * step / _STEPS, y0 + (y1 - y0) * step / _STEPS]
        for (x0, y0), (x1, y1) in zip(corners, corners[1:])
        for step in range(_STEPS)
    ]
    ring.append(ring[0])
    path = os.path.join(folder, "footprint.gpkg")
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(path)
    layer = dataset.CreateLayer("footprint", grid.spatial_reference(), ogr.wkbPolygon)
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(ogr.CreateGeometryFromJson(json.dumps({"type": "Polygon", "coordinates": [ring]})))
    layer.CreateFeature(feature)
    del feature, layer, dataset
    return path
