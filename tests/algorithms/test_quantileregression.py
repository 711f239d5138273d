"""Quantile regression of layers and tables: known quantiles, every method and error, bad input."""

from __future__ import annotations

import math

import pytest

from ecoassets.tests.algorithms.helpers import read_csv, run
from ecoassets.tests.algorithms.panels import SLOPES, panel_rows, write_csv, write_layer

QUANTILE = "ecoassets:quantileregression"


@pytest.fixture
def parameters(tmp_path):
    return {
        "INPUT": write_layer(tmp_path / "panel.gpkg", panel_rows(noise=5)),
        "Y": "value",
        "X": ["rain", "heat"],
        "QUANTILES": "0.25, 0.5, 0.75",
        "REPLICATIONS": 20,
        "OUTPUT_TABLE": str(tmp_path / "coefficients.csv"),
        "OUTPUT_TESTS": str(tmp_path / "tests.csv"),
    }


@pytest.fixture
def regress(parameters):
    """Runs with changes; gives rows by quantile and term, the tests, and the results."""

    def found(**changes):
        results = run(QUANTILE, {**parameters, **changes})
        terms = {(float(row["quantile"]), row["term"]): row for row in read_csv(parameters["OUTPUT_TABLE"])}
        return terms, read_csv(parameters["OUTPUT_TESTS"]), results

    return found


def test_spread_that_grows_with_x_turns_the_slopes(regress, tmp_path):
    """At each x the values are 1 x, 2 x .. 9 x; a quarter of them lies below 3 x, half below 5 x."""
    rows = [{"x": float(x), "y": 0.0, "value": float(x * step)} for x in range(1, 30) for step in range(1, 10)]
    table = write_csv(tmp_path / "fan.csv", rows)
    terms, tests, results = regress(INPUT=table, X=["x"], QUANTILES="0.25, 0.5, 0.75", STD_ERROR="iid")
    assert [float(terms[tau, "x"]["estimate"]) for tau in (0.25, 0.5, 0.75)] == pytest.approx([3, 5, 7], rel=1e-9)
    assert results["N"] == 29 * 9
    gaps = [float(row["statistic"]) for row in tests if row["test"] == "duality_gap"]
    assert len(gaps) == 3 and max(gaps) < 1e-8


def test_years_get_a_column_unless_told_not_to(regress):
    terms, _, _ = regress(TIME="year")
    assert (0.5, "year_2005") in terms and (0.5, "year_2000") not in terms
    terms, _, _ = regress(TIME="year", YEAR_DUMMIES=False)
    assert (0.5, "year_2005") not in terms


@pytest.mark.parametrize("method", ["canay", "mmqr", "koenker"])
def test_panel_methods_see_past_the_cells(regress, method):
    """Cells differ by 10 each, which hides the slopes from pooled rows; effects of cells bring them back."""
    terms, _, _ = regress(METHOD=method, ENTITY="cell_id", TIME="year", PENALTY=0)
    for name, slope in SLOPES.items():
        assert float(terms[0.5, name]["estimate"]) == pytest.approx(slope, abs=0.25)
        assert float(terms[0.5, name]["std_error"]) > 0


@pytest.mark.parametrize(
    "changes",
    [{"STD_ERROR": "nid"}, {"STD_ERROR": "iid"}, {"STD_ERROR": "bootstrap"}, {"STD_ERROR": "rank"},
     {"STD_ERROR": "bootstrap", "CLUSTER": "cell_id"}, {"STD_ERROR": "bootstrap", "BLOCK_SIZE": 2000}],
)  # fmt: skip
def test_every_standard_error_runs(regress, changes):
    terms, _, _ = regress(**changes)
    assert all(float(row["std_error"]) > 0 for row in terms.values())


def test_the_same_seed_gives_the_same_errors(regress):
    draw = [regress(STD_ERROR="bootstrap", SEED=seed)[0][0.5, "rain"]["std_error"] for seed in (3, 3, 4)]
    assert draw[0] == draw[1] != draw[2]


def test_the_report_compares_with_the_mean(regress, tmp_path):
    html = tmp_path / "report.html"
    regress(OUTPUT_HTML=str(html), TIME="year")
    text = html.read_text(encoding="utf-8")
    assert "mean regression" in text and "effects time" in text and "Year effects: a column for every year" in text


def changed(**columns):
    """Rows whose columns are made anew, each from its row number and row."""
    rows = panel_rows()
    for number, row in enumerate(rows):
        row.update({name: make(number, row) for name, make in columns.items()})
    return rows


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (changed(rain=lambda i, r: "much"), {}, "Column 'rain' holds values that are not numbers"),
        (changed(value=lambda i, r: 3.0), {}, "y is 3 in every row"),
        (changed(rain=lambda i, r: math.inf if i == 5 else 1.0 * i), {}, "infinite values: 1 rows, first in row 6"),
        (panel_rows()[:3], {}, "3 rows are too few for 3 coefficients"),
        (changed(cell_id=lambda i, r: i), {"METHOD": "canay", "ENTITY": "cell_id"}, "Every cell has one row"),
        (changed(year=lambda i, r: 2000), {"ENTITY": "cell_id", "TIME": "year"}, "more than one row"),
        (changed(rain=lambda i, r: 2 * r["heat"]), {}, "collinear|made up|combination|depend"),
        (panel_rows(), {"METHOD": "mmqr"}, "needs the cell"),
        (panel_rows(), {"QUANTILES": "10, 50"}, "Write 10 % as 0.1"),
        (panel_rows(), {"QUANTILES": "half"}, "QUANTILES holds 'half'"),
        (panel_rows(), {"CLUSTER": "cell_id", "BLOCK_SIZE": 1000}, "both given"),
    ],
)
def test_bad_input(parameters, tmp_path, rows, changes, message):
    from qgis.core import QgsProcessingException

    layer = write_layer(tmp_path / "bad.gpkg", rows)
    with pytest.raises(QgsProcessingException, match=message):
        run(QUANTILE, {**parameters, "INPUT": layer, **changes})
    assert not (tmp_path / "coefficients.csv").exists()
