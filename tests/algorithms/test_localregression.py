"""Local regression: a coefficient that turns its sign from west to east, on polygons, points and tables, by year."""

from __future__ import annotations

import numpy as np
import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsRectangle

from ecoassets.tests.algorithms.helpers import read_csv, run
from ecoassets.tests.algorithms.panels import CELL_M, read_features, write_csv, write_layer

LOCAL = "ecoassets:localregression"
SIDE = 14


def rows(years=(2005,), seed=4):
    """Cells in which y = (column - 6.5)/2 rain - 2 heat + noise: rain harms in the west and helps in the east."""
    rng = np.random.default_rng(seed)
    made = []
    for year in years:
        for row in range(SIDE):
            for column in range(SIDE):
                rain, heat = rng.normal(0, 1, 2)
                value = (column - 6.5) / 2 * rain - 2 * heat + 0.5 * rng.normal()
                place = {"x": 500_000 + CELL_M * column, "y": 4_000_000 - CELL_M * row}
                values = {"value": value, "rain": rain, "heat": heat}
                made.append({"cell": SIDE * row + column, "year": year, **place, **values})
    return made


@pytest.fixture
def fitted(tmp_path):
    def found(layer, **changes):
        outputs = {
            "OUTPUT": str(tmp_path / "places.gpkg"),
            "OUTPUT_TABLE": str(tmp_path / "terms.csv"),
            "OUTPUT_TESTS": str(tmp_path / "models.csv"),
            "OUTPUT_SEARCH": str(tmp_path / "search.csv"),
            "OUTPUT_HTML": str(tmp_path / "report.html"),
        }
        chosen = {"INPUT": layer, "Y": "value", "X": ["rain", "heat"], "YEAR": None, **outputs, **changes}
        results = run(LOCAL, chosen)
        return (
            results,
            read_features(outputs["OUTPUT"]),
            {row["term"]: row for row in read_csv(outputs["OUTPUT_TABLE"])},
        )

    return found


def test_a_coefficient_follows_its_place(fitted, tmp_path):
    results, places, terms = fitted(write_layer(tmp_path / "cells.gpkg", rows()))
    west, east = places[0], places[SIDE - 1]
    assert west["b_rain"] < -2 and east["b_rain"] > 2, "rain harms in the west and helps in the east"
    assert west["significant_rain"] == 1 and east["b_heat"] == pytest.approx(-2, abs=0.6)
    assert results["R2"] > 0.93 and results["BANDWIDTH"] == float(terms["rain"]["bandwidth"])
    assert 0.3 < float(terms["rain"]["share_positive"]) < 0.7 and float(terms["heat"]["share_positive"]) == 0
    assert float(terms["rain"]["iqr_to_2se"]) > 1
    models = read_csv(tmp_path / "models.csv")
    assert [row["model"] for row in models] == ["ols", "gwr"]
    assert float(models[1]["aicc"]) == pytest.approx(results["AICC"])
    assert results["AICC"] < float(models[0]["aicc"]) - 3
    assert len(read_csv(tmp_path / "search.csv")) > 10
    assert west["wkt"].startswith("POLYGON")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "significant and positive at" in html and "Coefficient of rain" in html
    assert "value / rain" in html and "Not significant" in html, "each variable has a legend with its unit"


def test_the_layer_greys_what_is_not_significant(tmp_path):
    from qgis.core import QgsRenderContext, QgsVectorLayer

    from ecoassets.algorithms.looks.vector_look import FeatureLook, show_features

    layer = QgsVectorLayer("Polygon?field=b_rain:double&field=significant_rain:integer", "places", "memory")
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(0, 0, 1, 1)))
    show_features(layer, FeatureLook("rain", "b_rain", -1, 1, "diverging", greyed="significant_rain", open_ends=True))
    labels = []
    for coefficient, significant in ((0.9, 1), (0.9, 0), (None, None)):
        feature.setAttributes([coefficient, significant])
        context = QgsRenderContext()
        context.expressionContext().setFeature(feature)
        renderer = layer.renderer().clone()
        renderer.startRender(context, layer.fields())
        keys = renderer.legendKeysForFeature(feature, context)
        labels += [item.label() for item in renderer.legendSymbolItems() if item.ruleKey() in keys] or [None]
        renderer.stopRender(context)
    assert labels == ["> 0.7778", "Not significant", None]


def test_each_driver_has_its_scale(fitted, tmp_path):
    _, places, terms = fitted(write_csv(tmp_path / "cells.csv", rows()), METHOD="mgwr")
    assert float(terms["heat"]["bandwidth"]) > 2 * float(terms["rain"]["bandwidth"])
    # The raw coefficients are in the variables' own units again.
    assert places[0]["raw_heat"] == pytest.approx(-2, abs=0.1)
    models = read_csv(tmp_path / "models.csv")
    assert [row["model"] for row in models] == ["ols", "gwr", "mgwr"]


def test_years_lie_apart(fitted, tmp_path):
    layer = write_layer(tmp_path / "panel.gpkg", rows((2000, 2010)), squares=False)
    _, places, _ = fitted(layer, METHOD="gtwr", TIME="year", ENTITY="cell", BANDWIDTH_KIND="fixed")
    assert {place["year"] for place in places} == {2000, 2010} and len(places) == 2 * SIDE * SIDE
    assert [row["model"] for row in read_csv(tmp_path / "models.csv")] == ["ols", "gwr", "gtwr"]
    given, _, _ = fitted(layer, METHOD="gtwr", TIME="year", BANDWIDTH_KIND="fixed", BANDWIDTH="4000", TIME_BANDWIDTH=20)
    assert given["BANDWIDTH"] == 4000


def test_one_year_of_a_panel(fitted, tmp_path):
    layer = write_layer(tmp_path / "panel.gpkg", rows((2000, 2010)))
    _, places, _ = fitted(layer, TIME="year", YEAR=2010, PERMUTATIONS=19)
    assert {place["year"] for place in places} == {2010} and len(places) == SIDE * SIDE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"METHOD": "gtwr"}, "needs TIME"),
        ({"BANDWIDTH": "40, 50"}, "takes one BANDWIDTH"),
        ({"BANDWIDTH": "forty"}, "Write numbers"),
        ({"YEAR": 2005}, "YEAR is given without TIME"),
        ({"TIME": "year", "YEAR": 1999}, "No row is of the year 1999"),
        ({"WITHIN": True}, "WITHIN needs ENTITY"),
        ({"PERMUTATIONS": 5}, "at least 19"),
    ],
)
def test_contradictions_are_said(fitted, tmp_path, changes, message):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=message):
        fitted(write_csv(tmp_path / "cells.csv", rows()), **changes)
