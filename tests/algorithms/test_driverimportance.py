"""Driver importance: ranks, curves, thresholds and maps in QGIS; what is said where the package is missing."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.importance import engines
from ecoassets.tests.algorithms.helpers import read_csv, run
from ecoassets.tests.algorithms.panels import CELL_M, read_features, write_csv, write_layer

IMPORTANCE = "ecoassets:driverimportance"
SIDE = 16


def rows(years=(2005,)):
    """Cells whose value rises with rain up to 50 and stays, and is higher in woods."""
    rng = np.random.default_rng(2)
    made = []
    for year in years:
        for cell in range(SIDE * SIDE):
            rain, heat, wood = rng.uniform(0, 100), rng.uniform(0, 20), int(rng.integers(0, 2))
            value = 0.1 * min(rain, 50) + 2 * wood + 0.3 * rng.normal()
            place = {"x": 500_000 + CELL_M * (cell % SIDE), "y": 4_000_000 - CELL_M * (cell // SIDE)}
            drivers = {"rain": rain, "heat": heat, "cover": "wood" if wood else "grass"}
            made.append({"cell": cell, "year": year, **place, "value": value, **drivers})
    return made


@pytest.fixture
def explained(tmp_path):
    def found(layer, **changes):
        names = ("OUTPUT_TABLE", "OUTPUT_CURVES", "OUTPUT_THRESHOLDS", "OUTPUT_INTERACTIONS", "OUTPUT_TESTS")
        outputs = {name: str(tmp_path / f"{name}.csv") for name in names}
        chosen = {
            "INPUT": layer,
            "Y": "value",
            "X": ["rain", "heat", "cover"],
            "CATEGORICAL": ["cover"],
            "ENGINE": "lightgbm",
            "TREES": 120,
            "REPEATS": 8,
            "OUTPUT": str(tmp_path / "places.gpkg"),
            "OUTPUT_HTML": str(tmp_path / "report.html"),
        }
        results = run(IMPORTANCE, {**chosen, **outputs, **changes})
        tables = {name: read_csv(path) for name, path in outputs.items()}
        return results, tables, read_features(str(tmp_path / "places.gpkg"))

    return found


@pytest.fixture
def lightgbm():
    if not engines.has_engine("lightgbm"):
        pytest.skip("lightgbm is not installed")


@pytest.mark.usefixtures("lightgbm")
def test_a_driver_that_saturates(explained, tmp_path):
    results, tables, places = explained(write_layer(tmp_path / "cells.gpkg", rows()))
    drivers = {row["driver"]: row for row in tables["OUTPUT_TABLE"]}
    assert drivers["rain"]["rank"] == "1" and drivers["cover"]["rank"] == "2" and drivers["heat"]["rank"] == "3"
    assert float(drivers["rain"]["direction"]) > 0.7 and drivers["cover"]["direction"] == ""
    assert results["R2_BLOCKS"] > 0.8 and results["R2_RANDOM"] == pytest.approx(results["R2_BLOCKS"], abs=0.1)
    turns = [
        float(row["x"]) for row in tables["OUTPUT_THRESHOLDS"] if row["driver"] == "rain" and "break" in row["kind"]
    ]
    assert turns and all(35 < x < 65 for x in turns), "the rise ends at 50"
    assert not [row for row in tables["OUTPUT_THRESHOLDS"] if row["driver"] == "heat"]
    curve = [row for row in tables["OUTPUT_CURVES"] if row["driver"] == "rain"]
    assert float(curve[-1]["ale"]) - float(curve[0]["ale"]) == pytest.approx(5, abs=0.6)
    assert {row["validation"] for row in tables["OUTPUT_TESTS"]} == {"in_sample", "random", "blocks"}
    assert {place["top_driver"] for place in places} <= {"rain", "cover", "heat"} and len(places) == SIDE * SIDE
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "% of what the trees tell" in html and "SHAP values and their smooth" in html


@pytest.mark.usefixtures("lightgbm")
def test_years_are_left_out_one_by_one(explained, tmp_path):
    layer = write_layer(tmp_path / "panel.gpkg", rows((2000, 2005, 2010)))
    results, tables, places = explained(layer, TIME="year", ENTITY="cell", VALIDATION="years", REPEATS=0)
    years = [row["fold"] for row in tables["OUTPUT_TESTS"] if row["validation"] == "years"]
    assert years == ["all", "2000", "2005", "2010"]
    fold = {}
    for place in places:
        fold.setdefault(place["year"], set()).add(place["fold"])
    assert fold == {2000: {1}, 2005: {2}, 2010: {3}} and "R2_BLOCKS" in results


def test_the_missing_package_is_told_before_work(explained, tmp_path, monkeypatch):
    from qgis.core import QgsProcessingException

    monkeypatch.setattr(engines, "has_engine", lambda engine: False)
    with pytest.raises(QgsProcessingException, match="needs the Python package xgboost.* install .*xgboost"):
        explained(write_csv(tmp_path / "cells.csv", rows()), ENGINE="xgboost")
