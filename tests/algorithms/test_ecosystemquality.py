"""Ecosystem quality through the algorithm, by pencil: references, grades, summary index, styles, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import layers_of, load_maps, read_csv, run, write_text
from ecoassets.tests.algorithms.landcover import write_columns
from ecoassets.tests.rasters import read_raster, write_raster

QUALITY = "ecoassets:ecosystemquality"
FOREST, MEADOW, ARABLE = 11, 31, 51
COVER = [[FOREST, FOREST, FOREST, FOREST, MEADOW, ARABLE]]
BEFORE = [[100, 80, 40, 20, 5, 7]]
AFTER = [[100, 100, 50, 10, 4, 7]]


@pytest.fixture
def raster(tmp_path):
    return lambda name, values: write_raster(tmp_path / f"{name}.tif", values, "float32", nodata=-9999)


@pytest.fixture
def parameters(tmp_path, raster):
    return {
        "INDICATORS": [raster("biomass1", BEFORE), raster("biomass2", AFTER)],
        "NAMES": "biomass",
        "YEARS": "2000, 2010",
        "LAND_COVER": [write_raster(tmp_path / "cover.tif", COVER, "uint8", nodata=0)],
        "SCHEME": "hj1166",
        "METHOD": "relative_biomass",
        "PERCENTILE": 100,
        "OUTPUT": str(tmp_path / "quality.tif"),
        "OUTPUT_TABLE": str(tmp_path / "quality.csv"),
        "OUTPUT_REFERENCES": str(tmp_path / "references.csv"),
    }


def test_relative_biomass_by_hand(parameters, tmp_path):
    outputs = {"OUTPUT_CLASSES": str(tmp_path / "grades.tif"), "OUTPUT_CHANGE": str(tmp_path / "change.csv")}
    found = run(QUALITY, {**parameters, **outputs})
    index = read_raster(parameters["OUTPUT"])
    assert index[:, 0, :5] == pytest.approx(np.array([[100, 80, 40, 20, 100], [100, 100, 50, 10, 80]]))
    assert np.isnan(index[:, 0, 5]).all()  # cropland is not graded
    assert read_raster(outputs["OUTPUT_CLASSES"])[:, 0, :5].tolist() == [[5, 4, 2, 1, 5], [5, 5, 3, 1, 4]]
    assert found["MEAN_FIRST"] == pytest.approx(340 / 5)
    assert found["MEAN_LAST"] == pytest.approx(340 / 5)
    assert found["CHANGE_PCT"] == pytest.approx(0)
    assert found["SUMMARY_FIRST"] == pytest.approx((5 + 4 + 2 + 1 + 5) / 25 * 100)
    assert found["SUMMARY_LAST"] == pytest.approx((5 + 5 + 3 + 1 + 4) / 25 * 100)
    rows = {(r["year"], r["ecosystem"], r["class"]): r for r in read_csv(parameters["OUTPUT_TABLE"])}
    assert float(rows["2000", "forest", "all"]["summary_index"]) == pytest.approx(60)
    assert float(rows["2000", "forest", "all"]["low_pct"]) == 50
    assert float(rows["2010", "grassland", "good"]["share_pct"]) == 100
    changes = {row["ecosystem"]: float(row["change_pct"] or "nan") for row in read_csv(outputs["OUTPUT_CHANGE"])}
    assert changes["forest"] == pytest.approx(20 / 240 * 100)
    assert changes["grassland"] == pytest.approx(-20)


def test_hj_1172_grades_of_three_indicators(parameters, raster):
    """Forest of half the leaf area, all the cover and a quarter of the GPP of the best is 58: good."""
    given = {
        "LAND_COVER": parameters["LAND_COVER"],
        "INDICATORS": [
            raster("lai", [[4, 2, 4, 4, 1, 1]]),
            raster("fvc", [[0.8] * 6]),
            raster("gpp", [[8, 2, 8, 8, 1, 1]]),
        ],
        "NAMES": "lai, fvc, gpp",
        "YEARS": "2000",
        "METHOD": "eqi",
    }
    found = run(QUALITY, {**parameters, **given})
    assert read_raster(parameters["OUTPUT"])[0, 0, 1] == pytest.approx((0.5 + 1 + 0.25) / 3 * 100)
    grades = {
        r["class"]: float(r["area_ha"]) for r in read_csv(parameters["OUTPUT_TABLE"]) if r["ecosystem"] == "forest"
    }
    assert grades["good"] == pytest.approx(grades["excellent"] / 3)
    assert "CHANGE_PCT" not in found


def test_references_can_be_used_again(parameters, tmp_path):
    run(QUALITY, parameters)
    table = {row["ecosystem"]: row["reference"] for row in read_csv(parameters["OUTPUT_REFERENCES"])}
    assert {name: float(value) for name, value in table.items()} == {"forest": 100, "grassland": 5}
    later = {**parameters, "INDICATORS": parameters["INDICATORS"][1:], "YEARS": "2010"}
    kept = str(tmp_path / "kept.csv")
    run(QUALITY, {**later, "REFERENCE_TABLE": parameters["OUTPUT_REFERENCES"], "OUTPUT_REFERENCES": kept})
    assert read_raster(parameters["OUTPUT"])[0, 0, 4] == pytest.approx(80)
    run(QUALITY, later)
    assert read_raster(parameters["OUTPUT"])[0, 0, 4] == pytest.approx(100)  # its own best otherwise


def test_small_strata_fall_back_and_say_so(parameters, tmp_path):
    from qgis.core import QgsProcessingFeedback

    zones = write_columns(tmp_path / "zones.gpkg", {"west": (0, 2), "east": (2, 6)})
    feedback = QgsProcessingFeedback(False)
    given = {**parameters, "ECOREGIONS": zones, "ECOREGION_FIELD": "name", "FEWEST_PIXELS": 4}
    run(QUALITY, given, feedback=feedback)
    rows = {(row["ecosystem"], row["zone"]): row for row in read_csv(parameters["OUTPUT_REFERENCES"])}
    assert float(rows["forest", "east"]["reference"]) == 50  # four values of two pixels in two years are enough
    assert rows["grassland", "east"]["taken_from"] == "the ecosystem everywhere"
    assert (
        "grassland, east: only 2 pixels, so the reference of grassland in the whole area is used" in feedback.textLog()
    )
    assert read_raster(parameters["OUTPUT"])[0, 0, :4] == pytest.approx([100, 80, 80, 40])


def test_yearly_is_the_standard_by_the_letter(parameters):
    run(QUALITY, {**parameters, "METHOD": "eqi", "REFERENCE": "yearly", "PERCENTILE": None})
    # of 2010: relative densities 1, 1, 0.5, 0.1 of forest and 1 of meadow, stretched from 0.1..1 to 0..1
    expected = [100, 100, (0.5 - 0.1) / 0.9 * 100, 0, 100]
    assert read_raster(parameters["OUTPUT"])[1, 0, :5] == pytest.approx(expected, abs=1e-4)


def test_years_have_one_legend(parameters, tmp_path):
    outputs = {"OUTPUT": parameters.pop("OUTPUT"), "OUTPUT_CLASSES": str(tmp_path / "grades.tif")}
    tables = {"OUTPUT_TABLE": None, "OUTPUT_REFERENCES": None}
    project = load_maps(QUALITY, {**parameters, **tables}, outputs)
    layers = layers_of(project)
    assert set(layers) == {
        f"{name} {year}" for name in ("Ecosystem quality", "Quality grades") for year in (2000, 2010)
    }
    ramps = [layers[f"Ecosystem quality {year}"].renderer().shader().rasterShaderFunction() for year in (2000, 2010)]
    assert [(ramp.minimumValue(), ramp.maximumValue()) for ramp in ramps] == [(0, 100), (0, 100)]
    grades = [c.label for c in layers["Quality grades 2000"].renderer().classes()]
    assert grades == ["excellent", "good", "medium", "low", "poor"]
    project.clear()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"NAMES": "lai, fvc"}, "Relative biomass density takes one indicator, 2 given"),
        ({"NAMES": "lai, fvc, gpp"}, "NAMES holds 3 names for 2 rasters of INDICATORS"),
        ({"ECOSYSTEMS": "woods"}, "Ecosystems to be graded: woods"),
        (
            {"YEARS": "2000, 2005, 2010"},
            "one name, biomass, so that all 2 rasters .* YEARS holds 3.* such as biomass1, biomass2",
        ),
        ({"SCHEME": "igbp"}, "codes that scheme"),
        ({"INDICATORS_MIN": "low"}, "INDICATORS_MIN holds 'low'"),
        ({"INDICATORS_MAX": "-1"}, "No pixel has a value in every input"),
    ],
)
def test_bad_input_is_told(parameters, tmp_path, given, message):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=message):
        run(QUALITY, {**parameters, **given})
    assert not (tmp_path / "quality.tif").exists()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("biomass,forest,100", "has no reference of biomass for grassland"),
        ("lai,forest,4", "has no reference of biomass for forest, shrub, grassland"),
        ("biomass,forest,0", "the reference of biomass, forest, all is 0"),
    ],
)
def test_a_reference_table_that_does_not_fit(parameters, tmp_path, rows, message):
    from qgis.core import QgsProcessingException

    table = write_text(tmp_path / "table.csv", f"indicator,ecosystem,reference\n{rows}\n")
    with pytest.raises(QgsProcessingException, match=message):
        run(QUALITY, {**parameters, "REFERENCE_TABLE": table})
    assert not (tmp_path / "quality.tif").exists()
