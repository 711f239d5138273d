"""The GEP workflow on a small practice region: every cell of its accounts adds up, from maps to SEEA tables."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from osgeo import ogr

from ecoassets.core.tools.practice.region import build_region, write_region
from ecoassets.tests.algorithms.helpers import files_in, read_csv, run
from ecoassets.tests.rasters import read_raster, write_raster

YEARS = (2000, 2015)


@pytest.fixture(scope="module")
def gep(tmp_path_factory):
    """Folder of one run over two years of the practice region."""
    region = tmp_path_factory.mktemp("region")
    write_region(build_region(64, years=YEARS), region)
    folder = tmp_path_factory.mktemp("gep")

    def by_year(name):
        return [str(region / f"{name}_{year}.tif") for year in YEARS]

    def one(name):
        return str(region / name)

    given = {
        "LAND_COVER": by_year("land_cover"), "YEARS": "2000, 2015", "SCHEME": "cnlucc",
        "BOUNDARY": one("boundary.gpkg"), "ZONES": one("districts.gpkg"), "ZONE_FIELD": "name",
        "PRECIPITATION": by_year("precipitation"), "EVAPOTRANSPIRATION": by_year("evapotranspiration"),
        "SAND": one("sand.tif"), "SILT": one("silt.tif"), "CLAY": one("clay.tif"),
        "ORGANIC_CARBON": one("organic_carbon.tif"), "DEM": one("dem.tif"), "NDVI": by_year("ndvi"),
        "SLOPE_LENGTH_METHOD": "constant", "BULK_DENSITY": 1.3, "SOIL_N": 0.2, "SOIL_P": 0.06,
        "WATER_BODIES": one("water_bodies.gpkg"), "NPP": by_year("npp"), "NEP_RATIO": 0.25,
        "CARBON_TABLE": one("carbon.csv"), "DAYS": 40, "WATER_EVAPORATION": 160,
        "AIR_EMISSIONS": one("air_emissions.csv"), "AIR_CAPACITY": one("air_capacity.csv"),
        "WATER_EMISSIONS": one("water_emissions.csv"), "WATER_CAPACITY": one("water_capacity.csv"),
        "NATURAL_CLASSES": "21, 31", "STATISTICS": [one("gep_statistics.csv")],
        "PRICES": one("gep_prices.csv"), "PRESET": "garze2010", "PRICE_INDEX": one("gep_price_index.csv"),
        "CONTEXT": one("gep_context.csv"), "CONDITION_RASTERS": [*by_year("ndvi"), *by_year("fvc")],
        "CONDITION_VARIABLES": one("condition_variables.csv"),
    }  # fmt: skip
    outputs = {"FOLDER": str(folder), "OUTPUT_TABLE": str(folder / "headlines.csv"),
               "OUTPUT_HTML": str(folder / "report.html")}  # fmt: skip
    run("ecoassets:gepworkflow", {**given, **outputs})
    return folder


def summed(rows, value, *by):
    """Sums of a column by others."""
    found = defaultdict(list)
    for row in rows:
        if row[value]:
            found[tuple(row[name] for name in by)].append(float(row[value]))
    return {key: math.fsum(numbers) for key, numbers in found.items()}


def counted(rows):
    return [row for row in rows if row["status"] in ("valued", "given")]


def test_every_step_leaves_its_files(gep):
    for name in ("water_retention.tif", "soil_conservation.tif", "flood_water_bodies.tif", "co2_fixed.tif",
                 "cooling.tif",
                 "airpurification.csv", "waterpurification.csv", "gep_quantities.csv", "gep_account.csv", "gep.xlsx",
                 "gep_zones.gpkg", "seea_tables.csv", "seea.xlsx", "report.html"):  # fmt: skip
        assert name in files_in(gep)


def test_services_ecosystems_and_zones_add_up_to_gep(gep):
    account, summary = counted(read_csv(gep / "gep_account.csv")), read_csv(gep / "gep_summary.csv")
    totals = {row["year"]: float(row["value"]) for row in summary if row["by"] == "total"}
    whole = {(year,): pytest.approx(total, rel=1e-12) for year, total in totals.items()}
    assert summed(account, "value", "year") == whole
    for by in ("category", "ecosystem", "zone", "service"):
        parts = summed([row for row in summary if row["by"] == by], "value", "year")
        assert parts == whole, by
    assert {row["complete"] for row in summary if row["by"] == "total"} == {"1"}


def test_zones_of_a_service_are_those_of_its_map(gep):
    """What the districts hold of water is what the step that mapped it found over the whole region."""
    quantities = read_csv(gep / "gep_quantities.csv")
    of_zones = summed([r for r in quantities if r["service"] == "water_retention"], "quantity", "year")
    of_region = summed(read_csv(gep / "water_retention.csv"), "volume_m3", "year")
    assert of_zones == {year: pytest.approx(volume, rel=1e-6) for year, volume in of_region.items()}
    carbon = summed([r for r in quantities if r["service"] == "carbon"], "quantity", "year")
    fixed = summed(read_csv(gep / "carbon_flux.csv"), "co2_t", "year")
    assert carbon == {year: pytest.approx(tonnes, rel=1e-6) for year, tonnes in fixed.items()}


def test_statistics_are_whole_after_they_were_allocated(gep):
    quantities = read_csv(gep / "gep_quantities.csv")
    crops = [row for row in quantities if row["service"] == "crops"]
    assert {row["ecosystem"] for row in crops} == {"cropland"}
    assert {row["allocated"] for row in crops} == {"1"}


def test_effects_add_up_to_the_change(gep):
    account = counted(read_csv(gep / "gep_account.csv"))
    totals = summed(account, "value", "year")
    whole = next(r for r in read_csv(gep / "gep_change.csv") if (r["zone"], r["category"]) == ("all", "all"))
    change = totals[("2015",)] - totals[("2000",)]
    assert float(whole["change"]) == pytest.approx(change, rel=1e-12)
    assert float(whole["price_effect"]) + float(whole["quantity_effect"]) == pytest.approx(change, rel=1e-9)
    parts = [r for r in read_csv(gep / "gep_change.csv") if r["zone"] == "all" and r["service"] not in ("all", "")]
    assert math.fsum(float(r["change"]) for r in parts) == pytest.approx(change, rel=1e-9)


def test_nothing_is_removed_that_was_not_emitted(gep):
    for name in ("airpurification.csv", "waterpurification.csv"):
        rows = read_csv(gep / name)
        removed = summed(rows, "quantity", "year", "zone", "pollutant")
        for row in rows:
            key = (row["year"], row["zone"], row["pollutant"])
            emission, capacity = (float(row[column] or 0) for column in ("emission_t", "capacity_t"))
            assert removed[key] == pytest.approx(min(emission, capacity), rel=1e-9)
        assert {row["limit"] for row in rows} <= {"emissions", "capacity"}


@pytest.fixture(scope="module")
def seea(gep):
    """Values of the SEEA tables by table, year, zone, line and column."""
    rows = read_csv(gep / "seea_tables.csv")
    return {
        (r["table"], int(r["year"]), r["zone"], r["line"], r["column"]): float(r["value"]) for r in rows if r["value"]
    }


def lines(seea, table, year=2015, zone="all"):
    return {key[3:]: value for key, value in seea.items() if key[:3] == (table, year, zone)}


def test_closing_less_opening_is_the_net_change(seea):
    extent = lines(seea, "4.1")
    for kind in {column for _, column in extent}:
        assert extent["opening", kind] + extent["net_change", kind] == pytest.approx(extent["closing", kind], abs=1e-6)
        assert extent["net_change", kind] == pytest.approx(
            extent["additions", kind] - extent["reductions", kind], abs=1e-6
        )
    assert extent["net_change", "total"] == pytest.approx(0, abs=1e-6)


def test_zones_add_up_to_the_extent_of_the_whole(seea):
    whole = lines(seea, "4.1")
    zones = {key[2] for key in seea if key[0] == "4.1"} - {"all"}
    assert len(zones) == 7  # six districts and what lies outside them
    for key, value in whole.items():
        parts = math.fsum(seea.get(("4.1", 2015, zone, *key), 0.0) for zone in zones)
        assert parts == pytest.approx(value, abs=1e-6)


def test_use_is_supply_row_by_row_and_its_parts_add_up(seea):
    for year in YEARS:
        for number in ("7.1", "9.1"):
            supply, use = lines(seea, f"{number}a", year), lines(seea, f"{number}b", year)
            for line in {line for line, _ in supply}:
                assert use[line, "total"] == pytest.approx(supply[line, "total"], rel=1e-9)
                types = {column for of, column in supply if of == line} - {
                    "total_resident", "imports_final", "imports_intermediate", "total_ecosystems", "total"}  # fmt: skip
                given = math.fsum(supply[line, kind] for kind in types)
                assert given == pytest.approx(supply[line, "total_resident"], rel=1e-9)
        total = math.fsum(
            v for (line, column), v in lines(seea, "9.1a", year).items() if column == "total" and line != "total"
        )
        assert total == pytest.approx(seea["9.1a", year, "all", "total", "total"], rel=1e-9)


def test_rows_of_the_asset_account_are_its_change(seea):
    asset = lines(seea, "10.1")
    parts = ("opening", "enhancement", "degradation", "conversions", "other_changes", "revaluations")
    for kind in {column for _, column in asset}:
        closing = math.fsum(asset[part, kind] for part in parts)
        assert closing == pytest.approx(asset["closing", kind], rel=1e-9, abs=1e-3)
        assert asset["additions", kind] + asset["reductions", kind] == pytest.approx(asset["conversions", kind])
    assert asset["enhancement", "total"] or asset["degradation", "total"]  # condition was read from the maps


def test_the_bridge_ends_at_the_gross_product_of_the_seea(gep, seea):
    ends = {int(r["year"]): float(r["amount"]) for r in read_csv(gep / "gep_bridge.csv") if r["service"] == "gep_seea"}
    for year in YEARS:
        supply, use = lines(seea, "9.1a", year), lines(seea, "9.1b", year)
        product = supply["total", "total_resident"] - use["total", "total_resident_ecosystems"]
        assert product == pytest.approx(ends[year], rel=1e-9)


def test_the_map_of_districts_is_the_account_of_zones(gep):
    made = ogr.Open(str(gep / "gep_zones.gpkg"))
    of_map = {(r["year"], r["zone"]): r["gep"] for r in (feature.items() for feature in made.GetLayer(0))}
    of_account = summed(counted(read_csv(gep / "gep_account.csv")), "value", "year", "zone")
    assert len(of_map) == 12
    for (year, zone), value in of_map.items():
        assert value == pytest.approx(of_account[str(year), zone], rel=1e-9)


def test_the_map_of_pixels_adds_up_to_the_services_that_are_mapped(gep):
    mapped = ("water_", "soil_", "flood_", "carbon", "oxygen", "climate_")
    others = ("water_supply", "water_cod", "water_nh3n", "water_tp")
    rows = [
        row for row in counted(read_csv(gep / "gep_account.csv"))
        if row["service"].startswith(mapped) and row["service"] not in others
    ]  # fmt: skip
    of_account = summed(rows, "value", "year")
    bands = read_raster(gep / "gep_map.tif")
    for year, band in zip(YEARS, bands):
        assert np.nansum(band) * 0.09 == pytest.approx(of_account[str(year),], rel=1e-4)  # pixels of 30 m, Float32


def test_the_report_begins_with_the_account(gep):
    page = (gep / "report.html").read_text(encoding="utf-8")
    assert page.index("The total hangs most on the prices of") < page.index("Ecosystem extent account (4.1)")
    assert page.index("The total hangs most on the prices of") < page.index("Climate regulation</h2>")


def test_nothing_to_account_is_told_before_the_first_step(tmp_path):
    from qgis.core import QgsProcessingException

    given = {"LAND_COVER": [write_raster(tmp_path / "l.tif", [[21, 31]])], "YEARS": "2010", "SCHEME": "cnlucc"}
    with pytest.raises(QgsProcessingException, match="There is nothing to account"):
        run("ecoassets:gepworkflow", {**given, "FOLDER": str(tmp_path / "out")})
