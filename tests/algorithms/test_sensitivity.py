"""Sensitivity: shares by hand, the identity, draws, bad input."""

from __future__ import annotations

import pytest

from ecoassets.tests.algorithms.helpers import read_csv, run, write_text
from ecoassets.tests.algorithms.landcover import BEFORE, FOREST_VALUE, PADDY_VALUE, write_years

SENSITIVITY = "ecoassets:sensitivity"
TOTAL = 2 * FOREST_VALUE + 3 * PADDY_VALUE


@pytest.fixture
def parameters(tmp_path):
    return {
        "LAND_COVER": write_years(tmp_path, BEFORE),
        "YEARS": "2000",
        "OUTPUT_TABLE": str(tmp_path / "sensitivity.csv"),
    }


def rows(parameters):
    found = run(SENSITIVITY, parameters)
    return found, {r["ecosystem"]: r for r in read_csv(parameters["OUTPUT_TABLE"])}


@pytest.mark.parametrize("step", [50, -50, 10])
def test_the_coefficient_is_the_share_whatever_the_step(parameters, step):
    found, table = rows({**parameters, "CHANGE_PCT": step})
    assert found["TOTAL"] == pytest.approx(TOTAL)
    assert "TOTAL_P05" not in found
    assert float(table["forest"]["coefficient_of_sensitivity"]) == pytest.approx(2 * FOREST_VALUE / TOTAL)
    assert sum(float(r["coefficient_of_sensitivity"]) for r in table.values()) == pytest.approx(1)


def test_fifty_percent_up_and_down(parameters):
    _, table = rows(parameters)
    assert float(table["forest"]["total_plus"]) == pytest.approx(TOTAL + FOREST_VALUE)
    assert float(table["forest"]["total_minus"]) == pytest.approx(TOTAL - FOREST_VALUE)


def test_draws_lie_about_the_total_and_repeat_with_the_seed(parameters):
    once, _ = rows({**parameters, "DRAWS": 500, "SEED": 3})
    again, _ = rows({**parameters, "DRAWS": 500, "SEED": 3})
    other, _ = rows({**parameters, "DRAWS": 500, "SEED": 4})
    assert once["TOTAL_P05"] < TOTAL < once["TOTAL_P95"]
    assert once["TOTAL_P05"] == again["TOTAL_P05"] != other["TOTAL_P05"]


def test_without_uncertainty_all_draws_are_the_total(parameters):
    found, _ = rows({**parameters, "DRAWS": 10, "RELATIVE_SD": 0})
    assert (found["TOTAL_P05"], found["TOTAL_P95"]) == pytest.approx((TOTAL, TOTAL))


def test_a_table_of_uncertainty(parameters, tmp_path):
    certain_forest = write_text(tmp_path / "u.csv", "column,service_id,relative_sd\nbroadleaf_forest,,0\n")
    _, table = rows({**parameters, "DRAWS": 200, "UNCERTAINTY_TABLE": certain_forest})
    assert float(table["forest"]["value_p05"]) == pytest.approx(2 * FOREST_VALUE)
    assert float(table["cropland"]["value_p05"]) < 3 * PADDY_VALUE


def test_a_report(parameters, tmp_path):
    run(SENSITIVITY, {**parameters, "DRAWS": 100, "OUTPUT_HTML": str(tmp_path / "report.html")})
    assert "Coefficient of sensitivity" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"CHANGE_PCT": 0}, "CHANGE_PCT is 0"),
        ({"UNCERTAINTY_TABLE": "column,min,max\npaddy,5,6\n"}, "must hold either relative_sd"),
        ({"UNCERTAINTY_TABLE": "column,relative_sd\njungle,0.1\n"}, "holds 'jungle'"),
    ],
)
def test_bad_input(parameters, tmp_path, changes, message):
    from qgis.core import QgsProcessingException

    if "UNCERTAINTY_TABLE" in changes:
        changes = {"UNCERTAINTY_TABLE": write_text(tmp_path / "u.csv", changes["UNCERTAINTY_TABLE"])}
    with pytest.raises(QgsProcessingException, match=message):
        run(SENSITIVITY, {**parameters, **changes})


def test_several_years(parameters, tmp_path):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match="that of one year"):
        run(SENSITIVITY, {**parameters, "LAND_COVER": write_years(tmp_path, BEFORE, BEFORE), "YEARS": "2000, 2005"})
