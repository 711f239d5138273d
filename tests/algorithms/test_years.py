"""YEARS in the toolbox: crossed years stop a run, an advanced flag insists, and names tell years that are left open."""

from __future__ import annotations

import pytest

from ecoassets.tests.algorithms.helpers import ASSETS, VALUE, read_csv, run
from ecoassets.tests.rasters import write_raster

FOREST, TOWN = 21, 51
LOSS = "ecoassets:transfermatrix"


@pytest.fixture
def value(tmp_path):
    def run_value(given, identifier=VALUE):
        return run(identifier, {**given, "OUTPUT": str(tmp_path / "value.tif")})

    return run_value


@pytest.fixture
def maps(tmp_path):
    """A forest of two hectares in 2000, of which one is a town in 2015; 2015 comes first, as ticked in a dialog."""
    return [
        write_raster(tmp_path / "land_2015.tif", [[FOREST, TOWN]]),
        write_raster(tmp_path / "land_2000.tif", [[FOREST, FOREST]]),
    ]


def test_crossed_years_stop_a_run_before_it_works(value, maps):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=r"years are crossed.*2000 = land_2000.tif, 2015 = land_2015.tif"):
        value({"LAND_COVER": maps, "YEARS": "2000, 2015"})


def test_the_flag_insists(value, maps):
    found = value({"LAND_COVER": maps, "YEARS": "2000, 2015", "INSIST_ON_YEARS": True})
    assert found["TOTAL_LAST"] == pytest.approx(2 * found["TOTAL_FIRST"])


def test_names_tell_years_that_are_left_open_and_sort_the_rasters(value, maps, tmp_path):
    found = value({"LAND_COVER": maps, "OUTPUT_TABLE": str(tmp_path / "value.csv")})
    assert found["TOTAL_LAST"] == pytest.approx(found["TOTAL_FIRST"] / 2)
    assert sorted({row["year"] for row in read_csv(tmp_path / "value.csv")}) == ["2000", "2015"]


def test_every_list_is_sorted_by_its_own_names(value, maps, tmp_path):
    npp = [
        write_raster(tmp_path / f"npp_{y}.tif", [[v, v]], "float32", nodata=-1) for y, v in ((2000, 300), (2015, 900))
    ]
    found = value(
        {
            "LAND_COVER": maps,
            "NPP": npp,
            "NPP_REFERENCE": 300,
        },
        ASSETS,
    )
    assert found["TOTAL_LAST"] > found["TOTAL_FIRST"]


def test_layer_names_are_evidence(maps, tmp_path):
    from qgis.core import QgsProcessingException, QgsRasterLayer

    layers = [
        QgsRasterLayer(write_raster(tmp_path / f"{name}.tif", [[FOREST, code]]), f"Land {year}")
        for name, year, code in (("a", 2015, TOWN), ("b", 2000, FOREST))
    ]
    with pytest.raises(QgsProcessingException, match="by the layer name"):
        run(LOSS, {"LAND_COVER": layers, "YEARS": "2000, 2015", "OUTPUT": str(tmp_path / "loss.tif")})


def test_nothing_tells_the_year(value, tmp_path):
    from qgis.core import QgsProcessingException

    plain = write_raster(tmp_path / "land.tif", [[FOREST]])
    with pytest.raises(QgsProcessingException, match="YEARS is empty, and nothing tells the year of land.tif"):
        value({"LAND_COVER": [plain]})
