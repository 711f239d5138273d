"""What a run needs is told before it starts: by the dialog, and by a workflow for all its steps."""

from __future__ import annotations

import pytest

from ecoassets.tests.algorithms.helpers import write_text
from ecoassets.tests.algorithms.landcover import FOREST, PADDY, TOWN
from ecoassets.tests.rasters import WGS_84, write_raster


@pytest.fixture
def dialog():
    """`dialog(name, parameters)`: what a dialog says before Run; "" where it lets the run start."""
    from qgis.core import QgsApplication, QgsProcessingContext

    def ask(name, parameters):
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"ecoassets:{name}")
        made = {d.name(): "TEMPORARY_OUTPUT" for d in algorithm.parameterDefinitions() if d.isDestination()}
        fine, message = algorithm.checkParameterValues({**made, **parameters}, QgsProcessingContext())
        assert fine == (message == "")
        return message

    return ask


@pytest.fixture
def land(tmp_path):
    path = write_raster(tmp_path / "land.tif", [[FOREST, PADDY, TOWN]])
    return {"LAND_COVER": [path], "SCHEME": "cnlucc", "YEARS": "2000"}


@pytest.fixture
def plain(tmp_path):
    """`plain(name, value)`: a raster that holds one number."""
    return lambda name, value, **how: write_raster(tmp_path / f"{name}.tif", [[value] * 3], "float32", **how)


def test_lengths_need_metres(dialog, plain):
    degrees = plain("degrees", 10, epsg=WGS_84, pixel=0.001, top_left=(100, 30))
    assert "whose unit is the degree" in dialog("slopelength", {"DEM": degrees})
    assert dialog("slopelength", {"DEM": plain("metres", 10)}) == ""


def test_columns_of_tables(dialog, land, plain, tmp_path):
    water = {**land, "PRECIPITATION": [plain("p", 800)], "EVAPOTRANSPIRATION": [plain("e", 400)]}
    wrong = write_text(tmp_path / "wrong.csv", "code,pct\n21,3\n")
    assert "lacks the column runoff_pct" in dialog("waterretention", {**water, "COEFFICIENT_TABLE": wrong})
    right = write_text(tmp_path / "right.csv", "code,runoff_pct\n21,3\n")
    assert dialog("waterretention", {**water, "COEFFICIENT_TABLE": right}) == ""


def test_rasters_and_years(dialog, land):
    assert "one raster of 1 band" not in dialog("hemeroby", land)
    twice = {**land, "LAND_COVER": land["LAND_COVER"] * 2, "YEARS": "2000, 2005, 2010"}
    assert "2 rasters given for 3 year" in dialog("hemeroby", twice)


def test_a_workflow_asks_its_steps(dialog, land, plain, tmp_path):
    soil = {name: plain(name, 25) for name in ("SAND", "SILT", "CLAY", "ORGANIC_CARBON")}
    degrees = plain("dem", 10, epsg=WGS_84, pixel=0.001, top_left=(100, 30))
    table = write_text(tmp_path / "c.csv", "code,factor\n21,0.1\n")
    given = {**land, **soil, "R": [plain("r", 3000)], "DEM": degrees, "C_TABLE": table, "FOLDER": str(tmp_path / "out")}
    told = dialog("zoningworkflow", given)
    assert "Slope length and steepness (LS): " in told and "whose unit is the degree" in told
    assert "lacks the column c." in told  # everything at once
    assert not (tmp_path / "out").exists()


def test_needs_name_parameters_that_exist():
    from qgis.core import QgsApplication

    for algorithm in QgsApplication.processingRegistry().providerById("ecoassets").algorithms():
        declared = {d.name() for d in algorithm.parameterDefinitions()}
        for need in algorithm.NEEDS:
            optional = not getattr(algorithm, "ADJUSTED", True)  # prices of years go with adjusted values
            assert (getattr(need, "raster", "") or need.table) in declared or optional, (algorithm.NAME, need)
