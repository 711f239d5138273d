"""Spatial regression: a lag that is found, chosen and told; panels, polygons, islands and contradictions."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import read_csv, run
from ecoassets.tests.algorithms.panels import CELL_M, read_features, write_csv, write_layer

SPATIAL = "ecoassets:spatialregression"
SIDE = 12
RHO, SLOPE = 0.6, 1.5


def rows(years=(2005,), seed=8):
    """Cells in which y = 0.6 (mean of the neighbours' y) + 1.5 rain + noise."""
    rng = np.random.default_rng(seed)
    places = [(column, row) for row in range(SIDE) for column in range(SIDE)]
    at = np.array(places)
    near = (np.abs(at[:, None] - at[None]).max(axis=2) == 1).astype(float)
    inverse = np.linalg.inv(np.eye(len(at)) - RHO * near / near.sum(axis=1, keepdims=True))
    own = rng.normal(size=len(at))
    made = []
    for year in years:
        rain = rng.normal(size=len(at))
        value = inverse @ (own + SLOPE * rain + 0.3 * rng.normal(size=len(at)))
        for cell, (column, row) in enumerate(places):
            place = {"x": 500_000 + CELL_M * column, "y": 4_000_000 - CELL_M * row}
            made.append({"cell": cell, "year": year, **place, "value": float(value[cell]), "rain": float(rain[cell])})
    return made


@pytest.fixture
def fitted(tmp_path):
    def found(layer, **changes):
        names = ("OUTPUT_TABLE", "OUTPUT_EFFECTS", "OUTPUT_TESTS", "OUTPUT_MODELS")
        outputs = {name: str(tmp_path / f"{name}.csv") for name in names}
        places = {"OUTPUT": str(tmp_path / "places.gpkg"), "OUTPUT_HTML": str(tmp_path / "report.html")}
        results = run(SPATIAL, {"INPUT": layer, "Y": "value", "X": ["rain"], **outputs, **places, **changes})
        return results, {name: read_csv(path) for name, path in outputs.items()}, read_features(places["OUTPUT"])

    return found


def test_the_lag_is_found_and_chosen(fitted, tmp_path):
    results, tables, places = fitted(write_layer(tmp_path / "cells.gpkg", rows()))
    assert results["RHO"] == pytest.approx(RHO, abs=0.15) and results["N"] == SIDE * SIDE
    effects = {row["effect"]: float(row["estimate"]) for row in tables["OUTPUT_EFFECTS"]}
    assert effects["total"] == pytest.approx(effects["direct"] + effects["indirect"])
    assert effects["total"] == pytest.approx(SLOPE / (1 - RHO), rel=0.35)
    chosen = [row for row in tables["OUTPUT_MODELS"] if row["chosen"] == "1"]
    assert [row["model"] for row in chosen] == ["sar"]
    assert float(chosen[0]["log_likelihood"]) == pytest.approx(results["LOG_LIKELIHOOD"])
    tests = {row["test"]: row for row in tables["OUTPUT_TESTS"]}
    assert {"moran_ols", "lm_lag", "lm_robust_error", "lr_sdm_sar", "wald_sdm_sem", "moran_residuals"} <= set(tests)
    for place in places:
        assert place["observed"] == pytest.approx(place["fitted"] + place["spatial_residual"])
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "which points to the lag model" in html and "comes through neighbours" in html


def test_a_panel_within_its_cells(fitted, tmp_path):
    layer = write_csv(tmp_path / "panel.csv", rows((2000, 2005, 2010)))
    results, tables, _ = fitted(layer, ENTITY="cell", TIME="year", EFFECTS="twoway", MODEL="sar")
    assert results["RHO"] == pytest.approx(RHO, abs=0.15)
    names = {row["test"] for row in tables["OUTPUT_TESTS"]}
    assert {"lm_lag_pooled", "lm_lag", "moran_residuals 2000"} <= names
    assert [row["term"] for row in tables["OUTPUT_TABLE"]] == ["rho", "rain"]


def test_moments_and_knn(fitted, tmp_path):
    layer = write_layer(tmp_path / "points.gpkg", rows(), squares=False)
    results, tables, _ = fitted(layer, METHOD="gmm_het", MODEL="sdem", NEIGHBOURS="knn", K=6)
    assert "LAMBDA" in results and "LOG_LIKELIHOOD" not in results
    assert {row["term"] for row in tables["OUTPUT_TABLE"]} == {"lambda", "const", "rain", "W rain"}


def test_a_cell_that_lacks_a_year(fitted, tmp_path):
    from qgis.core import QgsProcessingException

    layer = write_csv(tmp_path / "gap.csv", rows((2000, 2005))[:-1])
    with pytest.raises(QgsProcessingException, match=r"1 of 144 cells lack a value in some year \(first: 143\)"):
        fitted(layer, ENTITY="cell", TIME="year", EFFECTS="entity")
    results, _, _ = fitted(layer, ENTITY="cell", TIME="year", EFFECTS="entity", COMPLETE=True, MODEL="sar")
    assert results["N"] == 2 * 143


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"EFFECTS": "entity"}, "needs ENTITY and TIME"),
        ({"TIME": "year"}, "Give ENTITY"),
        ({}, "lie where another lies"),
        ({"MODEL": "sac", "EFFECTS": "entity", "ENTITY": "cell", "TIME": "year"}, "without EFFECTS"),
        ({"YEAR": 2000, "TIME": "year", "NEIGHBOURS": "distance", "DISTANCE": 10}, "No place has a neighbour"),
    ],
)
def test_contradictions_are_said(fitted, tmp_path, changes, message):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=message):
        fitted(write_csv(tmp_path / "panel.csv", rows((2000, 2005))), **changes)
