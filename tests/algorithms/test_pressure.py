"""Human activity and hemeroby: means by hand over zones, cells and windows, factors, levels, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import layers_of, load_maps, read_csv, run, write_text
from ecoassets.tests.algorithms.landcover import AFTER, BEFORE, write_columns, write_years
from ecoassets.tests.rasters import read_raster, write_raster

ACTIVITY, HEMEROBY = "ecoassets:humanactivity", "ecoassets:hemeroby"
# Coefficients of hai_zhao2017, and levels of hemeroby7 for CNLUCC: forest 2, paddy 5, town 7.
FOREST, PADDY, TOWN = 0.12, 0.61, 0.94


@pytest.fixture
def parameters(tmp_path):
    return {
        "LAND_COVER": write_years(tmp_path, BEFORE, AFTER),
        "YEARS": "2000, 2005",
        "OUTPUT": str(tmp_path / "pressure.tif"),
    }


@pytest.fixture
def table(tmp_path, parameters):
    def rows(identifier, **changes):
        path = str(tmp_path / "table.csv")
        run(identifier, {**parameters, "OUTPUT_TABLE": path, **changes})
        return read_csv(path)

    return rows


@pytest.fixture
def west(tmp_path):
    return {"UNIT": "zones", "ZONES": write_columns(tmp_path / "west.gpkg", {"west": (0, 2)}), "ZONE_FIELD": "name"}


def test_activity_of_zones(table, west):
    found = {(r["year"], r["zone"]): (float(r["value"]), r["level"]) for r in table(ACTIVITY, **west)}
    assert found["2000", "west"] == (pytest.approx((FOREST + PADDY) / 2), "2")  # 0.365
    assert found["2000", "outside"] == (pytest.approx((PADDY + TOWN) / 2), "4")  # 0.775
    assert found["2005", "outside"] == (pytest.approx(TOWN), "5")


def test_hemeroby_of_zones_in_both_forms(table, west):
    normalised = {(r["year"], r["zone"]): float(r["value"]) for r in table(HEMEROBY, **west)}
    raw = {(r["year"], r["zone"]): float(r["value"]) for r in table(HEMEROBY, FORM="raw", **west)}
    assert raw["2000", "west"] == pytest.approx((2 + 2 + 5 + 5) / 4)
    assert raw["2005", "outside"] == pytest.approx(7)
    assert normalised == pytest.approx({key: value * 100 / 7 for key, value in raw.items()})


def test_a_zone_is_painted_with_its_mean(parameters, west):
    run(ACTIVITY, {**parameters, **west})
    first = read_raster(parameters["OUTPUT"])[0]
    assert first == pytest.approx(np.array([[0.365, 0.365, 0.775]] * 2), rel=1e-6)  # float32


def test_a_fishnet_names_its_cells_by_row_and_column(table):
    rows = table(ACTIVITY, UNIT="grid", WINDOW=200)
    found = {(r["year"], r["zone"]): (float(r["value"]), float(r["area_ha"])) for r in rows}
    assert found["2000", "r1c1"] == (pytest.approx(0.365), 4)
    assert found["2000", "r1c2"] == (pytest.approx(0.775), 2)  # the cell at the edge is narrower


def test_a_window_takes_what_is_there_at_the_edge(parameters):
    run(ACTIVITY, {**parameters, "WINDOW": 300})
    first = read_raster(parameters["OUTPUT"])[0]
    assert first[0, 0] == pytest.approx((2 * FOREST + 2 * PADDY) / 4, rel=1e-6)
    assert first[1, 1] == pytest.approx((2 * FOREST + 3 * PADDY + TOWN) / 6, rel=1e-6)


def test_a_window_of_one_pixel_is_the_coefficient(parameters):
    run(HEMEROBY, {**parameters, "WINDOW": 100, "FORM": "raw"})
    assert read_raster(parameters["OUTPUT"])[1].tolist() == [[2, 5, 7], [5, 2, 7]]


def test_night_light_counts_beside_land_cover(parameters, tmp_path):
    lights = [
        write_raster(tmp_path / f"light{i}.tif", [[0, 0, 30], [0, 0, bright]], "float32", nodata=-1)
        for i, bright in enumerate((30, 60))
    ]
    given = {"FACTORS": lights, "NAMES": "night light", "WEIGHTS": "2, 1", "WINDOW": 100}
    run(ACTIVITY, {**parameters, **given})
    first, second = read_raster(parameters["OUTPUT"])
    # normalised between 0 and 60, the range of both years
    assert first[1, 2] == pytest.approx((2 * TOWN + 0.5) / 3, rel=1e-6)
    assert second[1, 2] == pytest.approx((2 * TOWN + 1) / 3, rel=1e-6)
    assert first[0, 0] == pytest.approx(2 * FOREST / 3, rel=1e-6)


def test_own_coefficients_override_the_preset(table, west, tmp_path):
    own = write_text(tmp_path / "own.csv", "code,coefficient\n51,1\n")
    found = {(r["year"], r["zone"]): float(r["value"]) for r in table(ACTIVITY, COEFFICIENT_TABLE=own, **west)}
    assert found["2005", "outside"] == pytest.approx(1)


def test_presets_that_disagree_on_ponds(table, tmp_path):
    pond = write_raster(tmp_path / "pond.tif", [[43]])
    given = {"LAND_COVER": [pond], "YEARS": "2000"}
    values = {
        preset: float(table(ACTIVITY, COEFFICIENTS=preset, **given)[0]["value"])
        for preset in ("cle_xiao2022", "hdi_li2021")
    }
    assert values == pytest.approx({"cle_xiao2022": 0.067, "hdi_li2021": 0.6})


def test_a_report(parameters, tmp_path):
    run(HEMEROBY, {**parameters, "OUTPUT_HTML": str(tmp_path / "report.html")})
    assert "metahemerobic" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_every_year_has_a_ramp_and_its_levels(parameters, tmp_path):
    project = load_maps(HEMEROBY, {**parameters, "WINDOW": 100}, {"OUTPUT": str(tmp_path / "hemeroby.tif")})
    layers = layers_of(project)
    names = sorted(layers)
    ramp = layers["Hemeroby 2005"].renderer()
    bounds = ramp.classificationMin(), ramp.classificationMax()
    steps = layers["Hemeroby 2005: Level"].renderer().shader().rasterShaderFunction().colorRampItemList()
    found = [(round(step.value, 4), step.label) for step in steps]
    project.clear()
    assert names == ["Hemeroby 2000", "Hemeroby 2000: Level", "Hemeroby 2005", "Hemeroby 2005: Level"]
    assert bounds == (14.3, 100)  # 100 / 7, as the legend rounds it
    assert len(found) == 7
    assert found[0] == (21.4286, "ahemerobic (almost none) (14.29–21.43)")  # up to level 1.5 of 7
    assert found[-1][0] == 100


@pytest.mark.parametrize(
    ("identifier", "changes", "message"),
    [
        (ACTIVITY, {"WEIGHTS": "1, 1"}, "no FACTORS"),
        (ACTIVITY, {"UNIT": "zones"}, "no zones are given"),
        (ACTIVITY, {"COEFFICIENTS": "custom"}, "need a table with the columns code and coefficient"),
        (ACTIVITY, {"SCHEME": "clcd", "COEFFICIENTS": "hdi_li2021"}, "for codes of cnlucc"),
        (HEMEROBY, {"LEVELS": 5}, "It is 7 with hemeroby7"),
        (HEMEROBY, {"WINDOW": 0}, "WINDOW|metres|positive"),
    ],
)
def test_bad_input(parameters, identifier, changes, message):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=message):
        run(identifier, {**parameters, **changes})


def test_weights_that_do_not_fit(parameters, tmp_path):
    from qgis.core import QgsProcessingException

    light = write_raster(tmp_path / "light.tif", [[0, 1, 2]] * 2, "float32", nodata=-1)
    for weights, message in (("1", "1 numbers for 2 parts"), ("1, x", "holds 'x'"), ("0, 0", "All weights are 0")):
        with pytest.raises(QgsProcessingException, match=message):
            run(ACTIVITY, {**parameters, "FACTORS": [light], "WEIGHTS": weights})
