"""A folder of downloads, years and a boundary on the command line: the report of a paper comes out."""

from __future__ import annotations

import csv

from ecoassets.core.tools.practice.region import build_region, write_region
from ecoassets.tests.region_downloads import RegionDownloads


def test_a_folder_of_downloads_becomes_zones(qgis_process, tmp_path):
    region = build_region(48, years=(2015, 2020), pixel_m=250.0)
    write_region(region, tmp_path / "region")
    downloads = RegionDownloads(region, tmp_path / "downloads")
    downloads.land_cover()
    downloads.climate()
    downloads.relief()
    downloads.soils()
    downloads.plants()
    given = {
        "DOWNLOADS": tmp_path / "downloads",
        "YEARS": "2015, 2020",
        "BOUNDARY": tmp_path / "region" / "boundary.gpkg",
        "FOLDER": tmp_path / "zones",
        "OUTPUT_TABLE": tmp_path / "headlines.csv",
    }
    done = qgis_process("ecoassets:zoningworkflow", **given)
    assert done.returncode == 0, done.stderr
    assert "is fed by SoilGrids 2.0" in done.stdout
    assert "Evapotranspiration (EVAPOTRANSPIRATION) is not among the downloads. Where to get it: MODIS" in done.stdout
    report = (tmp_path / "zones" / "report.html").read_text(encoding="utf-8")
    assert "Data: Land cover: CLCD" in report
    with open(tmp_path / "headlines.csv", encoding="utf-8") as lines:
        subjects = {row["subject"] for row in csv.DictReader(lines)}
    assert "soil_conservation" in subjects and "water_retention" not in subjects


def test_without_land_cover_it_says_where_to_get_it(qgis_process, tmp_path):
    region = build_region(48, years=(2015, 2020), pixel_m=250.0)
    write_region(region, tmp_path / "region")
    RegionDownloads(region, tmp_path / "downloads").climate()
    done = qgis_process(
        "ecoassets:assetsworkflow",
        DOWNLOADS=tmp_path / "downloads",
        YEARS="2015, 2020",
        BOUNDARY=tmp_path / "region" / "boundary.gpkg",
        FOLDER=tmp_path / "out",
    )
    assert done.returncode == 1
    assert "Land cover (LAND_COVER) is not among the downloads" in done.stdout + done.stderr
    assert "zenodo.org" in done.stdout + done.stderr
