"""SEEA accounts through QGIS: the UN's worked country from tables, and the account of GEP account handed on."""

from __future__ import annotations

import csv

import pytest
from osgeo import ogr

from ecoassets.core.tables import Table
from ecoassets.tests.algorithms.helpers import read_csv, run, write_text
from ecoassets.tests.core.accounts.seealand import CONDITION, EXPECTED, EXTENT, SERVICES
from ecoassets.tests.rasters import write_raster

SEEA, ACCOUNT = "ecoassets:seeaaccounts", "ecoassets:gepaccount"


def written(path, table: Table) -> str:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, table.columns)
        writer.writeheader()
        writer.writerows(table.rows)
    return str(path)


@pytest.fixture(scope="module")
def seealand(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seealand")
    tables = {"EXTENT": EXTENT, "CONDITION": CONDITION, "SERVICES": SERVICES, "EXPECTED": EXPECTED}
    given = {name: written(folder / f"{name}.csv", table) for name, table in tables.items()}
    outputs = {"OUTPUT_TABLE": "cells.csv", "OUTPUT_XLSX": "seea.xlsx", "OUTPUT_HTML": "seea.html"}
    results = run(SEEA, {**given, **{name: str(folder / file) for name, file in outputs.items()}})
    return folder, results


def test_the_headline_figures_are_those_of_the_un(seealand):
    _, results = seealand
    assert results["GEP_CLOSING"] == 83_125
    assert results["NPV_OPENING"] == pytest.approx(3_572_207, abs=0.5)
    assert results["NPV_CLOSING"] == pytest.approx(3_623_451, abs=0.5)


def test_one_table_holds_every_cell(seealand):
    folder, _ = seealand
    rows = read_csv(folder / "cells.csv")
    assert list(dict.fromkeys(row["table"] for row in rows)) == [
        "4.1", "4.2", "5.2", "5.3", "5.4", "5.6", "7.1a", "7.1b", "9.1a", "9.1b", "10.1"]  # fmt: skip
    forest = {r["line"]: float(r["value"]) for r in rows if (r["table"], r["column"]) == ("10.1", "Forest")}
    assert forest["degradation"] == pytest.approx(-108_111.08, abs=0.01)


def test_the_workbook_has_a_sheet_per_table(seealand):
    folder, _ = seealand
    book = ogr.Open(str(folder / "seea.xlsx"))
    names = [book.GetLayer(n).GetName() for n in range(book.GetLayerCount())]
    assert [name.split(" ")[0] for name in names] == [
        "4.1", "4.2", "5.2", "5.3", "5.4", "5.6", "7.1a", "7.1b", "9.1a", "9.1b", "10.1", "Notes"]  # fmt: skip


def test_the_account_of_gep_becomes_seea_tables(tmp_path):
    land = [write_raster(tmp_path / f"lc{n}.tif", rows) for n, rows in enumerate(([[21, 21, 12]], [[21, 12, 12]]))]
    quantities = write_text(
        tmp_path / "q.csv",
        "year,zone,ecosystem,service,quantity,unit\n2010,A,forest,carbon,20,t CO2\n2015,A,forest,carbon,9,t CO2\n"
        "2010,A,forest,oxygen,14,t O2\n2015,A,forest,oxygen,6,t O2\n2015,A,cropland,crops,4000,CNY\n",
    )
    account = str(tmp_path / "account.csv")
    bridge = str(tmp_path / "bridge.csv")
    run(ACCOUNT, {"QUANTITIES": quantities, "PRESET": "garze2010", "OUTPUT_ACCOUNT": account, "OUTPUT_BRIDGE": bridge})
    found = run(
        SEEA,
        {"LAND_COVER": land, "YEARS": "2010, 2015", "SCHEME": "cnlucc", "SERVICES": account,
         "OUTPUT_TABLE": str(tmp_path / "cells.csv")},
    )  # fmt: skip
    ends = {r["year"]: float(r["amount"]) for r in read_csv(bridge) if r["service"] == "gep_seea"}
    assert (found["GEP_OPENING"], found["GEP_CLOSING"]) == (pytest.approx(ends["2010"]), pytest.approx(ends["2015"]))
    assert ends == {"2010": pytest.approx(7600), "2015": pytest.approx(7420)}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "There is nothing to account"),
        ({"DISCOUNT_RATE": 2, "EXPECTED": "no such file.csv"}, "cannot be read"),
    ],
)
def test_what_is_missing_is_told(given, words, tmp_path):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=words):
        run(SEEA, {**given, "OUTPUT_TABLE": str(tmp_path / "t.csv")})
