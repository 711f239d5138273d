"""The GEP account through QGIS: the published account of Garze in one run, workbook, zones, refusals."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from osgeo import ogr, osr

from ecoassets.core.resources import RESOURCES
from ecoassets.core.tables import read_table
from ecoassets.tests.algorithms.helpers import read_csv, run, write_text

ACCOUNT = "ecoassets:gepaccount"
GARZE = str(RESOURCES / "tables" / "garze_account_2010.csv")
TABLES = ("ACCOUNT", "SUMMARY", "CHANGE", "SENSITIVITY", "PRICES", "BRIDGE")


@pytest.fixture(scope="module")
def garze(tmp_path_factory):
    """Folder and results of one run over the published table."""
    folder = tmp_path_factory.mktemp("garze")
    context = write_text(folder / "context.csv", "zone,population,gdp,area_km2\n,1060000,12370000000,149687.70\n")
    outputs = {f"OUTPUT_{name}": str(folder / f"{name}.csv") for name in TABLES}
    results = run(
        ACCOUNT,
        {
            "QUANTITIES": GARZE, "PRESET": "garze2010", "CONTEXT": context, **outputs,
            "OUTPUT_XLSX": str(folder / "gep.xlsx"), "OUTPUT_HTML": str(folder / "gep.html"),
        },
    )  # fmt: skip
    return folder, results


def test_garze_in_one_run(garze):
    folder, results = garze
    assert results["GEP_LAST"] / 1e8 == pytest.approx(7545.59, abs=0.01)
    assert results["GGI"] == pytest.approx(61.0, abs=0.05)
    shares = {r["name"]: float(r["share_pct"]) for r in read_csv(folder / "SUMMARY.csv") if r["by"] == "category"}
    assert shares == {
        "product": pytest.approx(8.38, abs=0.005),
        "regulating": pytest.approx(90.68, abs=0.005),
        "cultural": pytest.approx(0.94, abs=0.005),
    }


def test_every_table_adds_up(garze):
    folder, results = garze
    account = read_csv(folder / "ACCOUNT.csv")
    assert sum(float(r["value"]) for r in account) == pytest.approx(results["GEP_LAST"], rel=1e-12)
    bridge = [float(r["amount"]) for r in read_csv(folder / "BRIDGE.csv")]
    assert sum(bridge[:-1]) == pytest.approx(bridge[-1], rel=1e-12)
    deciding = [r["service"] for r in read_csv(folder / "SENSITIVITY.csv") if r["deciding"] == "1"]
    assert deciding == ["water_retention", "oxygen", "climate_transpiration"]
    assert read_csv(folder / "CHANGE.csv") == []  # one year


def test_every_price_tells_its_year_and_source(garze):
    folder, _ = garze
    prices = read_csv(folder / "PRICES.csv")
    assert len(prices) == 21
    assert {r["price_year"] for r in prices} == {"2003", "2010"}
    assert all("stxb201607011362" in r["source"] for r in prices)


def test_the_prices_of_the_workbook_can_be_given_again(garze, tmp_path):
    folder, results = garze
    sheet = f"{folder / 'gep.xlsx'}|layername=Prices 单价"
    assert len(read_table(sheet).rows) == 21
    rows = write_text(tmp_path / "q.csv", "year,service,quantity,unit\n2010,water_retention,32149000000,m3/a\n")
    assert run(ACCOUNT, {"QUANTITIES": rows, "PRICES": sheet})["GEP_LAST"] == pytest.approx(2269.7194e8)


def test_the_first_sheet_holds_the_account_in_both_languages(garze):
    folder, results = garze
    with zipfile.ZipFile(folder / "gep.xlsx") as archive:
        assert archive.testzip() is None
        text = archive.read("xl/worksheets/sheet1.xml").decode("utf-8")
    assert repr(results["GEP_LAST"] / 1e4) in text
    assert "水源涵养" in text and "Water retention" in text


def test_the_report_tells_what_is_doubtful(garze):
    page = (garze[0] / "gep.html").read_text(encoding="utf-8")
    for words in ("8.1 t of O2 per t of CO2", "more than the GDP", "Prices of 2003, 2010", "Bridge of 2010"):
        assert words in page


def test_with_drop_one_of_each_pair_is_gone(tmp_path):
    whole = run(ACCOUNT, {"QUANTITIES": GARZE, "PRESET": "garze2010"})["GEP_LAST"]
    dropped = run(
        ACCOUNT,
        {"QUANTITIES": GARZE, "PRESET": "garze2010", "OVERLAP": "drop", "OUTPUT_ACCOUNT": str(tmp_path / "a.csv")},
    )
    gone = [r for r in read_csv(tmp_path / "a.csv") if r["status"] == "dropped"]
    assert {r["service"] for r in gone} == {
        "water_supply", "hydropower", "water_nh3n", "oxygen", "air_dust", "pest_control"}  # fmt: skip
    assert dropped["GEP_LAST"] == pytest.approx(whole - sum(float(r["value"]) for r in gone), rel=1e-12)


def _districts(path: Path) -> str:
    """Two squares of 1 km2 called A and B."""
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    system = osr.SpatialReference()
    system.ImportFromEPSG(32650)
    layer = dataset.CreateLayer("districts", system, ogr.wkbPolygon)
    layer.CreateField(ogr.FieldDefn("name", ogr.OFTString))
    for n, name in enumerate("AB"):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("name", name)
        x = 500_000 + 1000 * n
        ring = f"{x} 4000000,{x + 1000} 4000000,{x + 1000} 4001000,{x} 4001000,{x} 4000000"
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON(({ring}))"))
        layer.CreateFeature(feature)
    return str(path)


QUANTITIES = """year,zone,ecosystem,service,quantity,unit
2010,A,forest,area,100,ha
2010,B,forest,area,1,km2
2010,A,forest,carbon,1000,t CO2/a
2010,B,forest,carbon,0.3,1e4 t CO2/a
"""


def test_a_map_by_zone(tmp_path):
    quantities = write_text(tmp_path / "q.csv", QUANTITIES)
    zones = _districts(tmp_path / "districts.gpkg")
    given = {"QUANTITIES": quantities, "PRESET": "garze2010", "ZONES": zones, "ZONE_FIELD": "name"}
    run(ACCOUNT, {**given, "OUTPUT_ZONES": str(tmp_path / "z.gpkg"), "OUTPUT_HTML": str(tmp_path / "z.html")})
    made = ogr.Open(str(tmp_path / "z.gpkg"))
    rows = [feature.items() for feature in made.GetLayer(0)]
    assert {r["zone"]: r["gep_per_km2"] for r in rows} == {"A": 380_000, "B": 1_140_000}
    assert "data:image/png" in (tmp_path / "z.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"PRESET": "garze2010", "AIR_TAX": 2}, "choose the preset tax_min"),
        ({"PRESET": "garze2010", "OVERLAP": "stop"}, "Services count the same"),
        ({"PRESET": "garze2010", "CURRENCY": "EUR"}, "The prices of the preset are in CNY, and CURRENCY is EUR"),
        ({"PRESET": "lyt1721", "CPI_CHINA": True, "PRICE_YEAR": 2016}, "cannot be moved to 2016"),
    ],
)
def test_refusals_make_nothing(tmp_path, given, words):
    from qgis.core import QgsProcessingException

    target = tmp_path / "account.csv"
    with pytest.raises(QgsProcessingException, match=words):
        run(ACCOUNT, {"QUANTITIES": GARZE, "OUTPUT_ACCOUNT": str(target), **given})
    assert not target.exists()
