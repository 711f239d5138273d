"""Panel regression of layers and tables: known slopes, residuals in their place, what is left out, bad input."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from ecoassets.tests.algorithms.helpers import read_csv, run
from ecoassets.tests.algorithms.panels import SLOPES, panel_rows, read_features, write_csv, write_layer

PANEL = "ecoassets:panelregression"


@pytest.fixture
def parameters(tmp_path):
    return {
        "INPUT": write_layer(tmp_path / "panel.gpkg", panel_rows()),
        "ENTITY": "cell_id",
        "TIME": "year",
        "Y": "value",
        "X": ["rain", "heat"],
        "OUTPUT_TABLE": str(tmp_path / "coefficients.csv"),
        "OUTPUT_TESTS": str(tmp_path / "tests.csv"),
    }


@pytest.fixture
def regress(parameters):
    """Runs with changes; gives coefficients by driver, tests by name, and the results."""

    def found(**changes):
        results = run(PANEL, {**parameters, **changes})
        terms = {row["term"]: row for row in read_csv(parameters["OUTPUT_TABLE"])}
        tests = {row["test"]: row for row in read_csv(parameters["OUTPUT_TESTS"])}
        return terms, tests, results

    return found


def test_known_slopes_are_found(regress):
    terms, _, results = regress()
    assert {name: float(row["estimate"]) for name, row in terms.items()} == pytest.approx(SLOPES, rel=1e-9)
    assert results["N"] == 108
    assert results["R2_WITHIN"] == pytest.approx(1, abs=1e-12)


def test_a_text_table_is_read_as_numbers(regress, tmp_path):
    terms, _, results = regress(INPUT=write_csv(tmp_path / "panel.csv", panel_rows()))
    assert float(terms["rain"]["estimate"]) == pytest.approx(2, rel=1e-9)
    assert results["N"] == 108


def test_noise_widens_the_intervals_that_hold_the_truth(regress, tmp_path):
    terms, tests, _ = regress(INPUT=write_layer(tmp_path / "noisy.gpkg", panel_rows(noise=5)))
    for name, slope in SLOPES.items():
        assert float(terms[name]["low"]) < slope < float(terms[name]["high"])
    assert float(terms["rain"]["vif"]) < 1.2
    expected = {"f_slopes", "f_effects", "hausman", "hausman_robust", "condition_number", "r2_within"}
    assert expected | {"moran_residuals 2000", "moran_residuals 2010"} <= set(tests)


def test_a_driver_that_never_changes_is_named_and_left_out(regress, tmp_path):
    html = tmp_path / "report.html"
    terms, _, _ = regress(X=["rain", "heat", "height"], OUTPUT_HTML=str(html))
    assert set(terms) == {"rain", "heat"}
    assert "does not change over time within any cell_id" in html.read_text(encoding="utf-8")


def test_missing_values_and_lonely_cells_are_left_out_and_counted(regress, tmp_path):
    rows = panel_rows()
    rows[0]["rain"] = None  # cell 1 keeps two years
    rows[4]["value"] = rows[5]["value"] = None  # cell 2 keeps one
    html = tmp_path / "report.html"
    terms, _, results = regress(INPUT=write_layer(tmp_path / "gaps.gpkg", rows), OUTPUT_HTML=str(html))
    assert results["N"] == 108 - 3 - 1
    assert float(terms["rain"]["estimate"]) == pytest.approx(2, rel=1e-9)
    text = html.read_text(encoding="utf-8")
    assert "no value in rain" in text and "no value in value" in text and "singletons" in text


@pytest.mark.parametrize("squares", [True, False])
def test_residuals_lie_where_their_rows_lie(regress, tmp_path, squares):
    rows = panel_rows(noise=5)
    rows[7]["heat"] = None
    layer = write_layer(tmp_path / "noisy.gpkg", rows, squares=squares)
    output = str(tmp_path / "residuals.gpkg")
    regress(INPUT=layer, OUTPUT_RESIDUALS=output)
    found = read_features(output)
    given = [row for number, row in enumerate(read_features(layer)) if number != 7]
    assert [(f["cell_id"], f["year"], f["wkt"]) for f in found] == [(g["cell_id"], g["year"], g["wkt"]) for g in given]
    assert all(f["observed"] == pytest.approx(f["fitted"] + f["residual"], rel=1e-12) for f in found)
    assert sum(f["residual"] for f in found) == pytest.approx(0, abs=1e-6)
    assert math.fsum(f["standardised"] ** 2 for f in found) / len(found) == pytest.approx(1)


def test_residuals_of_a_table_with_x_and_y_are_points(regress, tmp_path):
    output = str(tmp_path / "residuals.gpkg")
    regress(INPUT=write_csv(tmp_path / "panel.csv", panel_rows(noise=5)), OUTPUT_RESIDUALS=output)
    assert read_features(output)[0]["wkt"] == "POINT (500000 4000000)"


@pytest.mark.parametrize(
    ("covariance", "changes"),
    [
        ("robust", {}),
        ("iid", {}),
        ("driscoll_kraay", {"LAGS": 1}),
        ("conley", {"CUTOFF": 2500, "KERNEL": "uniform"}),
        ("cluster", {"BLOCK_SIZE": 2000}),
        ("cluster", {"CLUSTER": ["cell_id", "year"]}),
    ],
)
def test_every_standard_error_runs(regress, tmp_path, covariance, changes):
    noisy = write_layer(tmp_path / "noisy.gpkg", panel_rows(noise=5))
    terms, _, _ = regress(INPUT=noisy, COVARIANCE=covariance, **changes)
    assert all(0 < float(row["std_error"]) < 1 for row in terms.values())


@pytest.mark.parametrize("effects", ["entity", "time", "none"])
def test_every_kind_of_effects_runs(regress, effects):
    terms, _, _ = regress(EFFECTS=effects)
    assert ("const" in terms) == (effects == "none")


def test_transforms(regress, tmp_path):
    rows = panel_rows()
    for row in rows:
        row["value"] = math.exp(3 * math.log(row["rain"]) + row["cell_id"] / 10)
    terms, _, _ = regress(
        INPUT=write_layer(tmp_path / "log.gpkg", rows), TRANSFORM="log", TRANSFORM_X="rain:log", X=["rain"]
    )
    assert float(terms["log(rain)"]["estimate"]) == pytest.approx(3, rel=1e-9)


def changed(**columns):
    """Rows whose columns are made anew, each from its row number and row."""
    rows = panel_rows()
    for number, row in enumerate(rows):
        row.update({name: make(number, row) for name, make in columns.items()})
    return rows


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (
            changed(rain=lambda i, r: "much"),
            {},
            "Column 'rain' holds values that are not numbers: 108 rows, first 'much'",
        ),
        (changed(value=lambda i, r: 3.0), {}, "Y value does not vary"),
        (changed(rain=lambda i, r: math.inf if i == 5 else 1.0 * i), {}, "infinite values: 1 rows, first in row 6"),
        (panel_rows()[:3], {"EFFECTS": "none"}, "3 rows cannot estimate 3 coefficients"),
        ([row for row in panel_rows() if row["year"] == 2000], {}, "All rows are of one time"),
        (changed(cell_id=lambda i, r: i), {}, "Every row is alone in its cell_id"),
        (changed(year=lambda i, r: 2000), {}, "more than one row"),
        (changed(rain=lambda i, r: 0.0), {}, None),
        (changed(rain=lambda i, r: 2 * r["heat"] + 1), {}, None),
        (panel_rows(), {"X": ["height"]}, "No driver is left to estimate"),
        (panel_rows(), {"X": ["rain", "value"]}, "used twice"),
        (panel_rows(), {"TRANSFORM": "log", "Y": "height"}, "log of column 'height' cannot be taken: 3 of 108"),
        (panel_rows(), {"COVARIANCE": "conley"}, "needs CUTOFF"),
        (panel_rows(), {"TIME": None}, "needs the column TIME"),
        (panel_rows(), {"TRANSFORM_X": "cube"}, "TRANSFORM_X holds 'cube'"),
        (panel_rows(), {"X": ["snow"]}, "snow"),
    ],
)
def test_bad_input(regress, parameters, tmp_path, rows, changes, message):
    """Where there is no message, the driver that cannot be told from others is left out and the rest runs."""
    from qgis.core import QgsProcessingException

    layer = write_layer(tmp_path / "bad.gpkg", rows)
    if message is None:
        terms, _, _ = regress(INPUT=layer, **changes)
        assert len(terms) == 1
        return
    with pytest.raises(QgsProcessingException, match=message):
        run(PANEL, {**parameters, "INPUT": layer, **changes})
    assert not (tmp_path / "coefficients.csv").exists()


def test_curves_models_and_their_report(tmp_path):
    turning, models, html = (str(tmp_path / name) for name in ("turning.csv", "models.csv", "report.html"))
    table = str(tmp_path / "terms.csv")
    run(
        PANEL,
        {
            "INPUT": write_layer(tmp_path / "panel.gpkg", panel_rows(noise=1.0)),
            "ENTITY": "cell_id", "TIME": "year", "Y": "value", "X": ["rain"], "TERMS": "heat^2 + rain:heat",
            "EFFECTS": "entity",
            "OUTPUT_TABLE": table, "OUTPUT_TURNING": turning, "OUTPUT_MODELS": models, "OUTPUT_HTML": html,
        },
    )  # fmt: skip
    terms = read_csv(table)
    assert [row["term"] for row in terms] == ["rain", "heat", "heat^2", "rain:heat"]
    assert {row["model"] for row in terms} == {"fe"}
    rows = read_csv(turning)
    assert {row["term"] for row in rows} == {"heat"} and len(rows) == 4
    assert {row["model"] for row in read_csv(models)} == {"fe", "re", "pooled", "between"}
    text = Path(html).read_text(encoding="utf-8")
    assert "Turning points" in text and "Models side by side" in text


def test_residuals_of_neighbours_that_are_alike_say_what_to_run(parameters, tmp_path):
    from qgis.core import QgsProcessingFeedback

    rows = panel_rows()
    for row in rows:  # what is left out rises to the east, more so every year
        row["value"] += (row["x"] - 500_000) / 100 * (row["year"] - 2000)
    told = QgsProcessingFeedback(False)
    run(PANEL, {**parameters, "INPUT": write_layer(tmp_path / "east.gpkg", rows)}, feedback=told)
    assert "run Panel regression on this sample with blocks (BLOCK_SIZE)" in told.textLog()
