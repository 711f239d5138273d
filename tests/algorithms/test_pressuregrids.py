"""Pressure grids from the toolbox."""

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import read_csv, run
from ecoassets.tests.core.prepare.test_pressure import write_lines
from ecoassets.tests.rasters import TOP_LEFT, read_raster, write_raster


def test_people_and_roads_of_a_region(tmp_path):
    left, top = TOP_LEFT
    people = [write_raster(tmp_path / f"people_{y}.tif", np.full((4, 4), 100), "float32", pixel=1000.0, nodata=-1)
              for y in (2010, 2020)]  # fmt: skip
    given = {
        "COUNTS": people,
        "YEARS": "2010, 2020",
        "REFERENCE": write_raster(tmp_path / "land.tif", np.ones((40, 40))),
        "ROADS": write_lines(tmp_path / "roads.gpkg", [f"LINESTRING ({left} {top - 50}, {left + 4000} {top - 50})"]),
        "ROAD_FIELD": "highway",
        "ROAD_CLASSES": "primary, secondary",
        "OUTPUT": str(tmp_path / "people.tif"),
        "OUTPUT_ROADS": str(tmp_path / "roads.tif"),
        "OUTPUT_DISTANCE": str(tmp_path / "distance.tif"),
        "OUTPUT_TABLE": str(tmp_path / "totals.csv"),
    }
    results = run("ecoassets:pressuregrids", given)
    assert results["ROAD_KM"] == pytest.approx(4)
    assert read_raster(given["OUTPUT"]).shape == (2, 40, 40)
    assert [row["year"] for row in read_csv(tmp_path / "totals.csv")] == ["2010", "2020"]
    assert [float(row["total_after"]) for row in read_csv(tmp_path / "totals.csv")] == pytest.approx([1600, 1600])


def test_roads_alone_make_no_map_of_people(tmp_path):
    left, top = TOP_LEFT
    given = {
        "REFERENCE": write_raster(tmp_path / "land.tif", np.ones((4, 4))),
        "ROADS": write_lines(tmp_path / "roads.gpkg", [f"LINESTRING ({left} {top - 50}, {left + 400} {top - 50})"]),
        "OUTPUT_DISTANCE": str(tmp_path / "distance.tif"),
    }
    results = run("ecoassets:pressuregrids", given)
    assert "OUTPUT" not in results and results["ROAD_KM"] == pytest.approx(0.4)


def test_years_that_are_left_empty_come_from_the_names(tmp_path):
    """Given in the wrong order: each total stands beside its own year, and the bands are named by it."""
    people = [
        write_raster(tmp_path / f"people_{year}.tif", np.full((4, 4), count), "float32", pixel=1000.0, nodata=-1)
        for year, count in ((2020, 200), (2010, 100))
    ]
    given = {
        "COUNTS": people,
        "REFERENCE": write_raster(tmp_path / "land.tif", np.ones((40, 40))),
        "OUTPUT": str(tmp_path / "people.tif"),
        "OUTPUT_TABLE": str(tmp_path / "totals.csv"),
    }
    run("ecoassets:pressuregrids", given)
    rows = read_csv(tmp_path / "totals.csv")
    assert [row["year"] for row in rows] == ["2010", "2020"]
    assert [float(row["total_after"]) for row in rows] == pytest.approx([1600, 3200])
