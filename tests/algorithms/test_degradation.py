"""Degradation through the algorithm: layers and their union, HJ 1174, ecosystems, styles and bad input."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import layers_of, load_maps, read_csv, run
from ecoassets.tests.rasters import read_raster, write_raster

DEGRADATION = "ecoassets:degradation"
FOREST, MEADOW, SWAMP, ARABLE = 11, 31, 41, 51
EMPTY = -9999


@pytest.fixture
def raster(tmp_path):
    return lambda name, *bands: write_raster(tmp_path / f"{name}.tif", list(bands), "float32", nodata=EMPTY)


@pytest.fixture
def cover(tmp_path):
    return lambda name, codes: write_raster(tmp_path / f"{name}.tif", codes, "uint8", nodata=0)


@pytest.fixture
def parameters(tmp_path, raster):
    """Water retention falls, stays, rises; more erosion is worse."""
    return {
        "BEFORE": [raster("water1", [[100, 100, 100]]), raster("erosion1", [[10, 10, 10]])],
        "AFTER": [raster("water2", [[80, 95, 120]]), raster("erosion2", [[10, 5, 20]])],
        "NAMES": "water, erosion",
        "LOWER_IS_BETTER": "erosion",
        "SCHEME": "hj1166",
        "OUTPUT": str(tmp_path / "degradation.tif"),
        "OUTPUT_TABLE": str(tmp_path / "degradation.csv"),
    }


def test_the_union_of_two_layers_by_ecosystem(parameters, cover):
    found = run(DEGRADATION, {**parameters, "LAND_COVER": [cover("cover", [[FOREST, ARABLE, ARABLE]])]})
    together, water, erosion = read_raster(parameters["OUTPUT"])
    assert water[0].tolist() == [-1, 0, 1]
    assert erosion[0].tolist() == [0, 1, -1]
    assert together[0].tolist() == [-1, 1, -1]
    assert found["DEGRADED"] == pytest.approx(2 * found["IMPROVED"])
    assert found["DEGRADED_SHARE"] == pytest.approx(200 / 3)
    rows = {
        (r["layer"], r["ecosystem"], r["class"]): float(r["share_pct"]) for r in read_csv(parameters["OUTPUT_TABLE"])
    }
    assert rows["union", "forest", "degraded"] == 100
    assert rows["water", "cropland", "improved"] == 50
    assert rows["erosion", "all", "unchanged"] == pytest.approx(100 / 3)


def test_a_series_is_compared_from_its_first_to_its_last_band(parameters, raster):
    series = raster("series", [[100, 100]], [[100, 50]], [[70, 100]])
    given = {**parameters, "BEFORE": [series], "AFTER": None, "NAMES": "water", "LOWER_IS_BETTER": ""}
    run(DEGRADATION, given)
    assert read_raster(parameters["OUTPUT"])[0, 0].tolist() == [-1, 0]
    run(DEGRADATION, {**given, "AFTER_BAND": 2})
    assert read_raster(parameters["OUTPUT"])[0, 0].tolist() == [0, -1]


def test_absolute_change_takes_a_threshold(parameters, raster):
    given = {**parameters, "KIND": "absolute", "THRESHOLD": 3, "NAMES": "quality", "LOWER_IS_BETTER": ""}
    layers = {"BEFORE": [raster("eq1", [[60, 60, 60]])], "AFTER": [raster("eq2", [[57, 58, 63]])]}
    run(DEGRADATION, {**given, **layers})
    assert read_raster(parameters["OUTPUT"])[0, 0].tolist() == [-1, 0, 1]


def test_class_steps(parameters, cover):
    layers = {"BEFORE": [cover("grade1", [[5, 3, 1]])], "AFTER": [cover("grade2", [[4, 3, 3]])]}
    run(DEGRADATION, {**parameters, **layers, "KIND": "class", "NAMES": "quality", "LOWER_IS_BETTER": ""})
    assert read_raster(parameters["OUTPUT"])[0, 0].tolist() == [-1, 0, 1]
    run(DEGRADATION, {**parameters, **layers, "KIND": "class", "THRESHOLD": 2, "NAMES": "q", "LOWER_IS_BETTER": ""})
    assert read_raster(parameters["OUTPUT"])[0, 0].tolist() == [0, 0, 1]


@pytest.fixture
def standard(parameters, raster, cover, tmp_path):
    """Four pixels of forest whose undegraded biomass is 100, one of meadow, and a swamp that is drained by half."""
    forest, meadow = [FOREST] * 4, [MEADOW]
    return {
        **parameters,
        "KIND": "standard",
        "NAMES": "biomass",
        "LOWER_IS_BETTER": "",
        "REFERENCE_PERCENTILE": 100,
        "BEFORE": [raster("biomass1", [[100, 100, 100, 100, 5, 5, 5]])],
        "AFTER": [raster("biomass2", [[95, 80, 40, 10, 5, 5, 5]])],
        "LAND_COVER": [
            cover("cover1", [[*forest, *meadow, SWAMP, SWAMP]]),
            cover("cover2", [[*forest, *meadow, SWAMP, ARABLE]]),
        ],
        "OUTPUT_SEVERITY": str(tmp_path / "severity.tif"),
        "OUTPUT_SEVERITY_TABLE": str(tmp_path / "severity.csv"),
    }


def test_forest_and_wetland_by_hj_1174(standard):
    run(DEGRADATION, standard)
    severity = read_raster(standard["OUTPUT_SEVERITY"])[0, 0]
    assert severity[:4].tolist() == [0, 1, 3, 4]  # 95, 80, 40 and 10 percent
    assert np.isnan(severity[4:]).all()
    _, biomass, wetland = read_raster(standard["OUTPUT"])
    assert biomass[0, :4].tolist() == [0, -1, -1, -1]
    assert wetland[0, 5:].tolist() == [0, -1]
    rows = {
        (row["layer"], row["class"]): float(row["share_pct"]) for row in read_csv(standard["OUTPUT_SEVERITY_TABLE"])
    }
    assert rows["biomass", "severe"] == 25
    assert rows["wetland", "extreme"] == 50


def test_layers_are_styled_with_the_union_on_top(standard):
    outputs = {name: standard.pop(name) for name in ("OUTPUT", "OUTPUT_SEVERITY")}
    tables = {"OUTPUT_TABLE": None, "OUTPUT_SEVERITY_TABLE": None}
    project = load_maps(DEGRADATION, {**standard, **tables}, outputs)
    layers = layers_of(project)
    assert set(layers) == {
        "Degradation: Union of all layers", "Degradation: biomass", "Degradation: Wetland",
        "Severity by HJ 1174: biomass",
    }  # fmt: skip
    group = project.layerTreeRoot().findGroup("Degradation")
    assert group.children()[0].name() == "Union of all layers"
    assert [c.label for c in layers["Degradation: biomass"].renderer().classes()] == [
        "degraded",
        "unchanged",
        "improved",
    ]
    project.clear()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"KIND": "absolute"}, "KIND absolute needs a THRESHOLD"),
        ({"NAMES": "water"}, "NAMES holds 1 names for 2 layers"),
        ({"LOWER_IS_BETTER": "soil"}, "LOWER_IS_BETTER names soil, no layer. Layers are water, erosion"),
        ({"AFTER": None}, "BEFORE and AFTER are the same band"),
        ({"BEFORE": None, "AFTER": None, "NAMES": "", "LOWER_IS_BETTER": ""}, "There is nothing to compare"),
        ({"KIND": "standard"}, "KIND standard needs LAND_COVER"),
        ({"AFTER_BAND": 4}, "band 4"),
    ],
)
def test_bad_input_is_told(parameters, tmp_path, given, message):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=message):
        run(DEGRADATION, {**parameters, **given})
    assert not (tmp_path / "degradation.tif").exists()


def test_severity_is_for_the_standard_alone(parameters, tmp_path):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match="only KIND standard judges it"):
        run(DEGRADATION, {**parameters, "OUTPUT_SEVERITY": str(tmp_path / "severity.tif")})
