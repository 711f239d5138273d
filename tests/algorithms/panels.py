"""Panels whose coefficients a pencil can follow, as tables and layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SLOPES = {"rain": 2.0, "heat": -0.5}
YEARS = (2000, 2005, 2010)
SIDE = 6  # cells along a side of the grid
CELL_M = 1000.0
CRS = "EPSG:32650"


def panel_rows(noise: float = 0.0, seed: int = 1) -> list[dict[str, float]]:
    """Rows with y = 2 rain - 0.5 heat + 10 cell + year - 2000 + noise, and a height that never changes."""
    rng = np.random.default_rng(seed)
    rows = []
    for cell in range(SIDE * SIDE):
        for year in YEARS:
            rain, heat = rng.uniform(0, 100), rng.uniform(0, 20)
            y = SLOPES["rain"] * rain + SLOPES["heat"] * heat + 10 * cell + year - 2000 + noise * rng.standard_normal()
            place = {"x": 500_000 + CELL_M * (cell % SIDE), "y": 4_000_000 - CELL_M * (cell // SIDE)}
            rows.append(
                {
                    "cell_id": cell + 1,
                    "year": year,
                    **place,
                    "value": y,
                    "rain": rain,
                    "heat": heat,
                    "height": 7.0 * cell,
                }
            )
    return rows


def write_csv(path: Path, rows: list[dict[str, object]]) -> str:
    """A plain CSV file, whose numbers QGIS may read as text."""
    lines = [",".join(rows[0]), *(",".join("" if v is None else _cell(v) for v in row.values()) for row in rows)]
    path.write_text("\n".join(line.replace("'", "") for line in lines) + "\n", encoding="utf-8")
    return str(path)


def _cell(value: object) -> str:
    """A number in all its digits; numpy 2 writes its type around it."""
    return repr(float(value) if isinstance(value, float) else value)


def write_layer(path: Path, rows: list[dict[str, object]], *, squares: bool = True) -> str:
    """A GeoPackage of square cells or points; None becomes NULL."""
    from osgeo import ogr, osr

    system = osr.SpatialReference()
    system.SetFromUserInput(CRS)
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    layer = dataset.CreateLayer("panel", system, ogr.wkbPolygon if squares else ogr.wkbPoint)
    for name, value in rows[0].items():
        kind = ogr.OFTString if isinstance(value, str) else ogr.OFTInteger if isinstance(value, int) else ogr.OFTReal
        layer.CreateField(ogr.FieldDefn(name, kind))
    layer.StartTransaction()
    half = CELL_M / 2
    for row in rows:
        feature = ogr.Feature(layer.GetLayerDefn())
        for name, value in row.items():
            if value is not None:
                feature.SetField(name, value)
        x, y = row["x"], row["y"]
        corners = [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]
        ring = ", ".join(f"{a} {b}" for a, b in [*corners, corners[0]])
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON (({ring}))" if squares else f"POINT ({x} {y})"))
        layer.CreateFeature(feature)
    layer.CommitTransaction()
    return str(path)


def read_features(path: str) -> list[dict[str, object]]:
    """Attributes of a layer, with its geometry as text under `wkt`."""
    from osgeo import ogr

    dataset = ogr.Open(path)
    return [{**f.items(), "wkt": f.GetGeometryRef() and f.GetGeometryRef().ExportToWkt()} for f in dataset.GetLayer(0)]
