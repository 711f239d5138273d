"""Trends through the algorithm: maps, classes, numbers and bad input."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import layers_of, load_maps, read_csv, run
from ecoassets.tests.rasters import read_raster, write_raster

TREND = "ecoassets:trend"
YEARS = (2000, 2001, 2002, 2003, 2005, 2010)
# A column each: rises by 2 a year, falls by 1 a year, stays, rises and falls.
SERIES = [[[2 * year, -year, 7, 5 + (-1) ** year]] for year in (0, 1, 2, 3, 5, 10)]


@pytest.fixture
def parameters(tmp_path):
    rasters = [write_raster(tmp_path / f"v{y}.tif", v, "float32", nodata=-9999) for y, v in zip(YEARS, SERIES)]
    return {
        "RASTERS": rasters,
        "YEARS": ", ".join(map(str, YEARS)),
        "OUTPUT": str(tmp_path / "trend.tif"),
        "OUTPUT_CLASSES": str(tmp_path / "classes.tif"),
        "OUTPUT_TABLE": str(tmp_path / "classes.csv"),
    }


def test_slopes_by_real_years_classes_and_areas(parameters):
    found = run(TREND, parameters)
    slope, z, p, tau = read_raster(parameters["OUTPUT"])
    assert slope[0].tolist() == [2, -1, 0, 0]
    assert tau[0, :3].tolist() == [1, -1, 0]
    assert z[0, 0] == pytest.approx(14 / np.sqrt(6 * 5 * 17 / 18))  # S = 15, no ties
    assert p[0, 0] < 0.01 and p[0, 2] == 1
    assert read_raster(parameters["OUTPUT_CLASSES"])[0, 0].tolist() == [5, 1, 3, 3]
    rows = {row["class"]: float(row["area_ha"]) for row in read_csv(parameters["OUTPUT_TABLE"])}
    assert rows["significant improvement"] == rows["significant degradation"] == found["IMPROVED"] == found["DEGRADED"]
    assert rows["stable"] == 2 * found["IMPROVED"]
    assert found["MEAN_SLOPE"] == pytest.approx(1 / 4)


def test_a_stable_slope_and_gaps(parameters, tmp_path):
    parameters["RASTERS"][5] = write_raster(tmp_path / "gap.tif", [[20, -9999, 7, 6]], "float32", nodata=-9999)
    run(TREND, {**parameters, "STABLE_SLOPE": 1.5, "MASK": "yearly"})
    assert read_raster(parameters["OUTPUT_CLASSES"])[0, 0].tolist() == [5, 3, 3, 3]
    run(TREND, parameters)
    assert np.isnan(read_raster(parameters["OUTPUT"])[0, 0]).tolist() == [False, True, False, False]


def test_the_variance_corrected_for_serial_correlation(parameters, tmp_path):
    # S = 3, Var S = 6 x 5 x 17 / 18; tests/core follows the factor 1 - 12.75/15.5 by hand
    alternating = [1, 6, 2, 5, 3, 4]
    rasters = [write_raster(tmp_path / f"a{n}.tif", [[v]], "float32", nodata=-9999) for n, v in enumerate(alternating)]
    given = {**parameters, "RASTERS": rasters, "YEARS": "2000, 2001, 2002, 2003, 2004, 2005"}
    for variance, factor in (("independent", 1), ("hamed_rao", 1 - 12.75 / 15.5)):
        run(TREND, {**given, "VARIANCE": variance})
        assert read_raster(parameters["OUTPUT"])[1, 0, 0] == pytest.approx(2 / np.sqrt(510 / 18 * factor), rel=1e-6)


def test_layers_are_styled_with_the_slope_on_top(parameters, tmp_path):
    outputs = {name: parameters.pop(name) for name in ("OUTPUT", "OUTPUT_CLASSES")}
    project = load_maps(TREND, {**parameters, "OUTPUT_TABLE": None}, outputs)
    layers = layers_of(project)
    assert set(layers) == {
        "Trend: Sen's slope per year", "Trend: z", "Trend: p", "Trend: tau", "Trend classes",
    }  # fmt: skip
    assert [c.label for c in layers["Trend classes"].renderer().classes()] == [
        "significant improvement", "slight improvement", "stable", "slight degradation", "significant degradation",
    ]  # fmt: skip
    shader = layers["Trend: Sen's slope per year"].renderer().shader().rasterShaderFunction()
    assert shader.minimumValue() == -shader.maximumValue()
    items = layers["Trend: p"].renderer().shader().rasterShaderFunction().colorRampItemList()
    assert [item.label for item in items] == ["p ≤ 0.01", "p ≤ 0.05", "p ≤ 0.1", "p > 0.1"]
    project.clear()


def test_two_dates_are_no_trend(parameters, tmp_path):
    from qgis.core import QgsProcessingException

    stack = {"RASTERS": parameters["RASTERS"][:2], "YEARS": "2000, 2010"}
    with pytest.raises(QgsProcessingException, match=r"at least 4 dates, 2 given .*ecoassets:degradation"):
        run(TREND, {**parameters, **stack})
    assert not (tmp_path / "trend.tif").exists()


def test_four_dates_cannot_be_significant(parameters, tmp_path):
    from qgis.core import QgsProcessingFeedback

    feedback = QgsProcessingFeedback(False)
    given = {"RASTERS": parameters["RASTERS"][:4], "YEARS": "2000, 2001, 2002, 2003"}
    run(TREND, {**parameters, **given}, feedback=feedback)
    assert "With 4 dates no trend can be significant" in feedback.textLog()
    assert read_raster(parameters["OUTPUT_CLASSES"])[0, 0].tolist() == [4, 2, 3, 2]  # 6, 4, 6, 4 falls by a third


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"PREWHITEN": True}, "Prewhitening needs equally spaced years"),
        ({"VARIANCE": "hamed_rao"}, "The variance hamed_rao needs equally spaced years"),
        ({"VARIANCE": "hamed_rao", "PREWHITEN": True}, "Switch PREWHITEN off, or set VARIANCE to independent"),
        ({"FEWEST_YEARS": 7}, "fewest valid years of a pixel are 7"),
        ({"YEARS": "2000, 2001, 2002, 2003, 2004"}, "6 rasters given for 5 year"),
    ],
)
def test_bad_input_is_told(parameters, given, message):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=message):
        run(TREND, {**parameters, **given})
