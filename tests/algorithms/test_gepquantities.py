"""Physical accounts through QGIS: climate regulation, purification and quantities, one table handed to the next."""

from __future__ import annotations

import pytest

from ecoassets.tests.algorithms.helpers import layers_of, load_maps, read_csv, run, write_text
from ecoassets.tests.algorithms.landcover import write_columns
from ecoassets.tests.rasters import read_raster, write_raster

CLIMATE, AIR, WATER, QUANTITIES, ACCOUNT = (
    f"ecoassets:{name}"
    for name in ("climateregulation", "airpurification", "waterpurification", "gepquantities", "gepaccount")
)
BROADLEAF, MEADOW, SWAMP, LAKE = 11, 31, 41, 42


@pytest.fixture
def land(tmp_path):
    """Two years, four hectares, two districts."""
    years = ([[BROADLEAF, MEADOW, SWAMP, LAKE]], [[BROADLEAF, BROADLEAF, SWAMP, LAKE]])
    covers = [write_raster(tmp_path / f"lc{n}.tif", rows) for n, rows in enumerate(years)]
    zones = write_columns(tmp_path / "zones.gpkg", {"west": (0, 2), "east": (2, 4)}, rows=1)
    named = {"ZONES": zones, "ZONE_FIELD": "name"}
    return {"LAND_COVER": covers, "YEARS": "2010, 2015", "SCHEME": "hj1166", **named}


def test_from_maps_and_statistics_to_the_account(land, tmp_path):
    climate = run(
        CLIMATE,
        {**land, "DAYS": 15, "WATER_EVAPORATION": 60, "OUTPUT": str(tmp_path / "c.tif"),
         "OUTPUT_TABLE": str(tmp_path / "c.csv"), "OUTPUT_HTML": str(tmp_path / "c.html")},
    )  # fmt: skip
    assert climate["TRANSPIRATION"] == pytest.approx(2 * 39406.5278)
    told = write_text(
        tmp_path / "e.csv",
        "zone,year,pollutant,emission\nwest,2010,SO2,1\nwest,2015,SO2,0.1\neast,2010,SO2,1\neast,2015,SO2,1\n",
    )
    run(AIR, {**land, "EMISSIONS": told, "OUTPUT_TABLE": str(tmp_path / "a.csv"), "OUTPUT": str(tmp_path / "a.tif"),
              "OUTPUT_HTML": str(tmp_path / "a.html")})  # fmt: skip
    assert read_raster(tmp_path / "a.tif")[:, 0, 0] == pytest.approx([0.08865, 0.05])
    told = write_text(tmp_path / "w.csv", "zone,year,pollutant,emission\neast,2010,COD,9\neast,2015,COD,0.2\n")
    capacity = write_text(tmp_path / "k.csv", "code,pollutant,capacity,unit\n41,COD,0.5,t/(ha a)\n")
    run(WATER, {**land, "EMISSIONS": told, "CAPACITY": capacity, "OUTPUT_TABLE": str(tmp_path / "w2.csv")})
    tables = [str(tmp_path / name) for name in ("c.csv", "a.csv", "w2.csv")]
    quantities = {
        **land, "WATER": [write_raster(tmp_path / f"w{n}.tif", [[10, 10, 5, 0]], "float32") for n in range(2)],
        "STATISTICS": tables, "OUTPUT_TABLE": str(tmp_path / "q.csv"), "OUTPUT_HTML": str(tmp_path / "q.html"),
    }  # fmt: skip
    run(QUANTITIES, quantities)
    rows = read_csv(tmp_path / "q.csv")
    water = [float(r["quantity"]) for r in rows if r["service"] == "water_retention" and r["year"] == "2015"]
    assert sum(water) == 250
    found = run(ACCOUNT, {"QUANTITIES": str(tmp_path / "q.csv"), "PRESET": "garze2010"})
    lake = 600 * (2450 / 3.6 + 125)
    expected = 250 * 7.06 + (2 * 39406.5278 + lake) * 0.53 + 0.1 * 1200 + 0.2 * 700
    assert found["GEP_LAST"] == pytest.approx(expected, rel=1e-6)


def test_maps_land_styled_in_the_canvas(land, tmp_path, request):
    given = {**land, "DAYS": 15}
    project = load_maps(CLIMATE, given, {"OUTPUT": str(tmp_path / "c.tif")})
    request.addfinalizer(project.clear)
    assert {"Electricity saved 2010", "Electricity saved 2015"} <= layers_of(project).keys()


@pytest.mark.parametrize(
    ("algorithm", "given", "words"),
    [
        (CLIMATE, {}, "needs the days of air conditioning"),
        (WATER, {}, "needs a table of EMISSIONS"),
        (QUANTITIES, {}, "There is nothing to account"),
        (QUANTITIES, {"MORE_SERVICES": "noise"}, "MORE holds 0 rasters and MORE_SERVICES names 1"),
    ],
)
def test_what_is_missing_is_told(land, tmp_path, algorithm, given, words):
    from qgis.core import QgsProcessingException

    outputs = {"OUTPUT": str(tmp_path / "o.tif")} if algorithm == CLIMATE else {"OUTPUT_TABLE": str(tmp_path / "o.csv")}
    with pytest.raises(QgsProcessingException, match=words):
        run(algorithm, {**land, **given, **outputs})
