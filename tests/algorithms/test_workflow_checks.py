"""What a late step of a workflow would refuse is refused before the first one."""

from __future__ import annotations

import pytest
from osgeo import gdal

from ecoassets.tests.algorithms.helpers import files_in, land_of, refused


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("esvworkflow", {"MORE_DRIVERS": ["dem"]}, "DRIVER_NAMES holds 0 names for 1 raster"),
        ("assetsworkflow", {"MORE_DRIVERS": ["dem"], "DRIVER_NAMES": "year"}, "'year', which cannot be a field"),
        ("assetsworkflow", {"CELL_SIZE": 1}, "smaller than the pixels"),
        ("assetsworkflow", {"QUANTILES": "0.1; x"}, "QUANTILES holds"),
        ("assetsworkflow", {"QUANTILES": "0, 1"}, "Quantiles must lie between 0 and 1"),
        ("assetsworkflow", {"TERMS": "hemerobi^2"}, "TERMS names 'hemerobi'.*hemeroby"),
        ("assetsworkflow", {"TERMS": "hemeroby^9"}, "TERMS holds"),
        ("esvworkflow", {"CLASSES": "many"}, "many"),
    ],
)
def test_what_a_late_step_would_refuse_is_refused_before_the_first(region, tmp_path, name, changes, words):
    drivers = {"MORE_DRIVERS": [region[driver] for driver in changes.get("MORE_DRIVERS", [])]}
    given = {**land_of(region), "CELL_SIZE": 120, **changes, **drivers, "FOLDER": str(tmp_path / "out")}
    refused(given, words, name)
    assert files_in(tmp_path / "out") == []


def test_gdp_of_other_zones_is_refused_before_the_first_step(region, tmp_path):
    table = tmp_path / "gdp.csv"
    table.write_text("zone,year,gdp\nAtlantis,2000,1\nAtlantis,2005,2\n")
    zones = {"ZONES": region["districts"], "ZONE_FIELD": "name", "GDP_TABLE": str(table)}
    given = {**land_of(region), **zones, "CELL_SIZE": 120, "FOLDER": str(tmp_path / "out")}
    refused(given, "the zones Atlantis, none of which is a zone here", "esvworkflow")
    assert files_in(tmp_path / "out") == []


def test_relief_in_degrees_is_refused_before_the_first_step(region, tmp_path):
    dem = str(tmp_path / "dem.tif")
    gdal.Warp(dem, region["dem"], dstSRS="EPSG:4326").FlushCache()
    soil = {name: region[name.lower()] for name in ("SAND", "SILT", "CLAY", "ORGANIC_CARBON")}
    given = {**land_of(region), **soil, "PRECIPITATION": region["precipitation"], "NDVI": region["ndvi"], "DEM": dem}
    refused({**given, "SLOPE_LENGTH_METHOD": "constant", "FOLDER": str(tmp_path / "out")}, "degree")
    assert files_in(tmp_path / "out") == []
