"""Spatial autocorrelation: a checkerboard and two halves, polygons that touch, residuals, years, bad input."""

from __future__ import annotations

import pytest

from ecoassets.tests.algorithms.helpers import read_csv, run
from ecoassets.tests.algorithms.panels import CELL_M, CRS, panel_rows, read_features, write_csv, write_layer

MORAN = "ecoassets:spatialautocorrelation"
SIDE = 8


def board(value):
    """Cells of a square grid, each with the value of its column and row."""
    return [
        {"x": CELL_M * column, "y": -CELL_M * row, "value": float(value(column, row)), "rain": float(column)}
        for row in range(SIDE)
        for column in range(SIDE)
    ]


def checker(column, row):
    return (column + row) % 2


def halves(column, row):
    return column >= SIDE // 2


@pytest.fixture
def look(tmp_path):
    """Runs with changes; gives the results and the places by cluster."""

    def found(layer, **changes):
        output = str(tmp_path / "clusters.gpkg")
        results = run(MORAN, {"INPUT": layer, "FIELD": "value", "OUTPUT": output, **changes})
        return results, read_features(output)

    return found


def test_a_checkerboard_is_as_unlike_as_can_be(look, tmp_path):
    results, places = look(write_layer(tmp_path / "board.gpkg", board(checker)), NEIGHBOURS="rook")
    assert results["I"] == pytest.approx(-1, rel=1e-12)
    assert results["Z"] < -5 and results["P"] < 1e-6
    assert len(places) == SIDE * SIDE
    assert {place["cluster"] for place in places} <= {"high_low", "low_high", "not_significant"}


def test_two_halves_are_two_clusters(look, tmp_path):
    results, places = look(write_layer(tmp_path / "halves.gpkg", board(halves)), FALSE_DISCOVERY=False)
    # Of 8 x 8 cells in two halves only the pairs across the middle are unlike.
    assert results["I"] > 0.7
    west = {p["cluster"] for p, row in zip(places, board(halves)) if row["x"] < CELL_M * 3}
    east = {p["cluster"] for p, row in zip(places, board(halves)) if row["x"] > CELL_M * 4}
    assert "low_low" in west and "high_high" in east and not west & {"high_high"}


def test_points_and_tables_of_a_grid_are_its_cells(look, tmp_path):
    points, _ = look(write_layer(tmp_path / "points.gpkg", board(halves), squares=False))
    table, places = look(write_csv(tmp_path / "table.csv", board(halves)))
    cells, _ = look(write_layer(tmp_path / "cells.gpkg", board(halves)))
    assert points["I"] == table["I"] == cells["I"]
    assert places[0]["wkt"] == "POINT (0 0)"


@pytest.mark.parametrize("kind", ["rook", "queen"])
def test_polygons_of_any_shape_are_neighbours_where_they_touch(look, tmp_path, kind):
    """A row of three rectangles and a fourth that touches only a corner of the third."""
    from osgeo import ogr, osr

    system = osr.SpatialReference()
    system.SetFromUserInput(CRS)
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(tmp_path / "shapes.gpkg"))
    layer = dataset.CreateLayer("shapes", system, ogr.wkbPolygon)
    layer.CreateField(ogr.FieldDefn("value", ogr.OFTReal))
    boxes = [(0, 0, 1, 1), (1, 0, 3, 1), (3, 0, 4, 1), (4, 1, 6, 4), (6, 1, 7, 4)]
    for value, (west, south, east, north) in enumerate(boxes):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("value", value)
        ring = f"{west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}"
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON (({ring}))"))
        layer.CreateFeature(feature)
    layer = dataset = None
    results, _ = look(str(tmp_path / "shapes.gpkg"), NEIGHBOURS=kind)
    # z = -2 .. 2; the mean of the neighbours of each. Pairs are 0-1, 1-2, 3-4, and by corners 2-3.
    lag = [-1, (-2 + 0) / 2, -1, 2, 1] if kind == "rook" else [-1, (-2 + 0) / 2, (-1 + 1) / 2, (0 + 2) / 2, 1]
    z = [-2, -1, 0, 1, 2]
    assert results["I"] == pytest.approx(sum(a * b for a, b in zip(z, lag)) / sum(a * a for a in z), rel=1e-12)


def test_drivers_take_the_pattern_away(look, tmp_path):
    rows = board(lambda column, row: 5 * column + (3 * column + 5 * row) % 7)
    layer = write_layer(tmp_path / "slope.gpkg", rows)
    raw, _ = look(layer)
    rest, _ = look(layer, X=["rain"])
    assert raw["I"] > 0.6
    assert abs(rest["Z"]) < abs(raw["Z"]) / 3


def test_a_year_of_a_long_table(look, tmp_path):
    layer = write_layer(tmp_path / "panel.gpkg", panel_rows())
    _, places = look(layer, TIME="year", YEAR=2005)
    assert len(places) == 36


def test_the_report_has_a_map_of_clusters(look, tmp_path):
    html = tmp_path / "report.html"
    look(write_layer(tmp_path / "halves.gpkg", board(halves)), OUTPUT_HTML=str(html))
    text = html.read_text(encoding="utf-8")
    assert "Moran scatter plot" in text and "high among high" in text


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (panel_rows(), {}, "108 rows lie at 36 places.*choose TIME and YEAR"),
        (panel_rows(), {"TIME": "year", "YEAR": 1999}, "No row is of the year 1999. year holds 2000, 2005, 2010"),
        (board(lambda column, row: 1), {}, "All values are the same"),
        (board(halves)[:3], {}, "at least 4 places"),
        (board(halves), {"NEIGHBOURS": "distance"}, "distance of neighbours must be a positive number"),
        (board(halves), {"NEIGHBOURS": "knn", "K": 64}, "between 1 and 63"),
        ([{**row, "value": "high"} for row in board(halves)], {}, "not numbers"),
    ],
)
def test_bad_input(look, tmp_path, rows, changes, message):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=message):
        look(write_layer(tmp_path / "bad.gpkg", rows), **changes)
    assert not (tmp_path / "clusters.gpkg").exists()


def test_a_table_without_places_is_refused(look, tmp_path):
    from qgis.core import QgsProcessingException

    table = write_csv(tmp_path / "none.csv", [{"value": float(i), "rain": 1.0} for i in range(9)])
    with pytest.raises(QgsProcessingException, match="needs places"):
        look(table)


def test_hot_and_cold_halves(look, tmp_path):
    tests = str(tmp_path / "tests.csv")
    _, places = look(
        write_layer(tmp_path / "halves.gpkg", board(halves)), STATISTIC="getis_ord", OUTPUT_TESTS=tests,
        OUTPUT_HTML=str(tmp_path / "report.html"),
    )  # fmt: skip
    east = {p["cluster"] for p, row in zip(places, board(halves)) if row["x"] > CELL_M * 4}
    assert east & {"hot_95", "hot_99"} and not any(name.startswith("cold") for name in east)
    assert {place["class"] for place in places} <= set(range(-3, 4))
    assert [row["test"] for row in read_csv(tests)] == ["general_g", "moran"]


def test_two_fields(look, tmp_path):
    from qgis.core import QgsProcessingException

    layer = write_layer(tmp_path / "halves.gpkg", board(halves))
    _, places = look(layer, STATISTIC="bivariate", FIELD_2="rain", FALSE_DISCOVERY=False)
    assert {"high_high", "low_low"} <= {place["cluster"] for place in places}
    with pytest.raises(QgsProcessingException, match="needs FIELD_2"):
        look(layer, STATISTIC="bivariate")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_csv_file_of_any_usual_encoding_is_read(look, tmp_path, encoding):
    """Excel of a Chinese Windows writes GBK, or UTF-16 as Unicode text; QGIS guesses neither."""
    path = tmp_path / "样本.csv"
    rows = [f"{one['x']},{one['y']},{one['value']},林地" for one in board(checker)]
    path.write_bytes("\n".join(["x,y,产值,地类", *rows]).encode(encoding))
    results, places = look(str(path), FIELD="产值", NEIGHBOURS="knn", K=4)
    assert results["I"] < -0.7  # cells at the edge have diagonal neighbours too
    assert len(places) == SIDE * SIDE
