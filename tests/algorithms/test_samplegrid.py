"""Sampling grid: cells and points with their fields, the styled layer, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import ogr

from ecoassets.tests.algorithms.helpers import run
from ecoassets.tests.algorithms.panels import read_features
from ecoassets.tests.rasters import TOP_LEFT, WGS_84, write_raster

SAMPLE = "ecoassets:samplegrid"
LEFT, TOP = TOP_LEFT
VALUES = np.arange(16.0).reshape(4, 4)  # pixels of 100 m


@pytest.fixture
def parameters(tmp_path):
    rain = [write_raster(tmp_path / f"rain{year}.tif", VALUES + year, "float32", nodata=-1) for year in (0, 100)]
    slope = write_raster(tmp_path / "slope.tif", VALUES * 10, "float32", nodata=-1)
    return {
        "RASTERS": [*rain, slope],
        "NAMES": "rain, rain, slope",
        "YEARS": "2000, 2005",
        "CELL_SIZE": 200,
        "OUTPUT": str(tmp_path / "sample.gpkg"),
    }


def test_a_row_per_cell_and_year(parameters):
    found = run(SAMPLE, parameters)
    assert (found["CELLS"], found["N"]) == (4, 8)
    rows = read_features(parameters["OUTPUT"])
    assert [(row["cell_id"], row["year"]) for row in rows] == [(c, y) for c in (1, 2, 3, 4) for y in (2000, 2005)]
    # the north-west cell holds 0, 1, 4 and 5
    assert (rows[0]["rain"], rows[1]["rain"], rows[0]["slope"], rows[1]["slope"]) == (2.5, 102.5, 25, 25)
    assert (rows[0]["x"], rows[0]["y"], rows[0]["valid_pct"]) == (LEFT + 100, TOP - 100, 100)


def test_cells_are_squares_and_points_are_their_middle(parameters):
    from osgeo import ogr

    run(SAMPLE, parameters)
    west, east, south, north = ogr.CreateGeometryFromWkt(read_features(parameters["OUTPUT"])[0]["wkt"]).GetEnvelope()
    assert (west, east, south, north) == (LEFT, LEFT + 200, TOP - 200, TOP)
    run(SAMPLE, {**parameters, "SHAPE": "points"})
    assert read_features(parameters["OUTPUT"])[0]["wkt"] == f"POINT ({LEFT + 100:g} {TOP - 100:g})".replace(
        f"{LEFT + 100:g}", str(int(LEFT + 100))
    ).replace(f"{TOP - 100:g}", str(int(TOP - 100)))


def test_statistics_and_valid_ranges(parameters, tmp_path):
    cover = write_raster(tmp_path / "cover.tif", [[1, 1, 2, 2], [1, 2, 2, 2], [3, 3, 3, 3], [3, 3, 3, 3]], "uint8")
    changes = {
        "RASTERS": [*parameters["RASTERS"], cover, cover],
        "NAMES": "rain, rain, slope, class, part",
        "STATISTICS": "sum, mean, majority, share",
        "VALID_RANGES": "slope:10:",
    }
    run(SAMPLE, {**parameters, **changes})
    first = read_features(parameters["OUTPUT"])[0]
    assert (first["rain"], first["class"], first["part_1_pct"], first["part_2_pct"]) == (10, 1, 75, 25)
    assert (first["slope"], first["valid_pct"]) == (100 / 3, 75)  # slope 0 is out of its range


def test_the_layer_is_coloured_by_the_first_variable_and_has_time(parameters):
    from qgis.core import QgsVectorLayer

    from ecoassets.algorithms.looks.vector_look import FeatureLook, show_features

    run(SAMPLE, parameters)
    layer = QgsVectorLayer(parameters["OUTPUT"], "sample", "ogr")
    show_features(layer, FeatureLook("Sample: rain", "rain", 2.5, 112.5, year_field="year"))
    assert layer.name() == "Sample: rain"
    ranges = layer.renderer().ranges()
    # Features of all years lie at the same places: without a time the last is drawn.
    assert layer.renderer().classAttribute() == 'if(@map_start_time is not null or "year" = 2005, "rain", null)'
    assert ranges[0].lowerValue() == float("-inf") and ranges[-1].upperValue() == float("inf")
    assert layer.temporalProperties().isActive()


def test_the_layer_is_styled_when_it_is_loaded(parameters):
    from qgis.core import (
        QgsApplication,
        QgsProcessingContext,
        QgsProcessingFeedback,
        QgsProcessingOutputLayerDefinition,
        QgsProject,
        QgsVectorLayer,
    )

    project, context, feedback = QgsProject(), QgsProcessingContext(), QgsProcessingFeedback(False)
    context.setProject(project)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(SAMPLE)
    output = QgsProcessingOutputLayerDefinition(parameters["OUTPUT"], project)
    _, ok = algorithm.run({**parameters, "OUTPUT": output}, context, feedback)
    assert ok, feedback.textLog()
    ((source, details),) = context.layersToLoadOnCompletion().items()
    layer = QgsVectorLayer(parameters["OUTPUT"], "sample", "ogr")
    details.postProcessor().postProcessLayer(layer, context, feedback)
    assert layer.name() == "Sampling grid: rain"
    assert layer.renderer().type() == "graduatedSymbol"
    project.clear()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"NAMES": "rain, slope"}, "NAMES holds 2 names .* for 3 rasters"),
        ({"NAMES": "rain, rain, x"}, "cannot be a field"),
        ({"YEARS": ""}, "rain has 2 rasters, but YEARS is empty"),
        ({"YEARS": "2000, 2005, 2010"}, "rain"),
        ({"STATISTICS": "median"}, "STATISTICS holds 'median'"),
        ({"CELL_SIZE": 50}, "smaller than the pixels"),
        ({"ORIGIN": "12"}, "Write x, y"),
        ({"VALID_RANGES": "slope:a"}, "VALID_RANGES holds"),
    ],
)
def test_bad_input(parameters, tmp_path, changes, message):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=message):
        run(SAMPLE, {**parameters, **changes})
    assert not (tmp_path / "sample.gpkg").exists()


def test_cells_of_metres_lie_in_degrees_too(parameters, tmp_path):
    # Cells of 2 km at 30 N: 2 km of the meridian are 0.01804 degrees, of the parallel 0.02073.
    path = write_raster(
        tmp_path / "degrees.tif", np.ones((8, 8)), "float32", epsg=WGS_84, pixel=0.005, top_left=(100, 30)
    )
    run(SAMPLE, {**parameters, "RASTERS": [path], "NAMES": "a", "YEARS": "", "CELL_SIZE": 2000, "MINIMUM_VALID_PCT": 0})
    dataset = ogr.Open(parameters["OUTPUT"])
    layer = dataset.GetLayer()
    feature = layer.GetFeature(1)
    west, east, south, north = feature.GetGeometryRef().GetEnvelope()
    assert (east - west, north - south) == (pytest.approx(0.02073, rel=1e-3), pytest.approx(0.01804, rel=1e-3))
    assert layer.GetSpatialRef().IsGeographic()
