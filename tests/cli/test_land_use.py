"""Land-use change of real maps through the real `qgis_process`, against counts by numpy over whole arrays."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from osgeo import gdal

YEARS = (1990, 2000, 2005)
PAIRS = ((0, 1), (1, 2), (0, 2))
OUTSIDE = -1


def read(path):
    with open(path, encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def region(shared_data):
    return shared_data / "bungo"


@pytest.fixture(scope="module")
def covers(region, tmp_path_factory):
    """Links, because QGIS leaves statistics beside the rasters that it loads."""
    folder = tmp_path_factory.mktemp("maps")
    links = [folder / f"{year}.tif" for year in YEARS]
    for link, year in zip(links, YEARS):
        link.symlink_to(region / "lulc" / f"bungo_landcover_{year}r.tif")
    return [str(link) for link in links]


@pytest.fixture(scope="module")
def arrays(covers):
    """Codes by year and where all years have one."""
    maps = [gdal.Open(path) for path in covers]
    codes = np.stack([each.ReadAsArray() for each in maps]).astype(int)
    nodata = [each.GetRasterBand(1).GetNoDataValue() for each in maps]
    return codes, np.logical_and.reduce([cover != value for cover, value in zip(codes, nodata)])


@pytest.fixture(scope="module")
def units(region, covers):
    """The planning unit of every pixel, by GDAL alone."""
    memory = gdal.Translate("", covers[0], format="MEM", outputType=gdal.GDT_Int32)
    memory.GetRasterBand(1).DeleteNoDataValue()
    memory.GetRasterBand(1).Fill(OUTSIDE)
    polygons = gdal.VectorTranslate(
        "", str(region / "vector" / "planning_unit_bungo.shp"), format="Memory", dstSRS=memory.GetProjection()
    )
    gdal.RasterizeLayer(memory, [1], polygons.GetLayer(0), options=["ATTRIBUTE=IDS"])
    return memory.ReadAsArray()


@pytest.fixture(scope="module")
def run(region, covers, qgis_process, tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrix")
    outcome = qgis_process(
        "ecoassets:transfermatrix",
        LAND_COVER=covers,
        YEARS=", ".join(map(str, YEARS)),
        SCHEME="custom",
        CLASS_TABLE=region / "tables" / "classes_ecoassets.csv",
        ZONES=region / "vector" / "planning_unit_bungo.shp",
        ZONE_FIELD="IDS",
        OUTPUT=folder / "change.tif",
        OUTPUT_TABLE=folder / "matrix.csv",
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return folder


def zone_of(name):
    return OUTSIDE if name == "outside" else int(name)


def test_every_count_is_that_of_numpy(run, arrays, units):
    codes, valid = arrays
    expected = {}
    for i, j in PAIRS:
        triples = np.stack([units[valid], codes[i][valid], codes[j][valid]], axis=1)
        kinds, counts = np.unique(triples, axis=0, return_counts=True)
        expected.update({(YEARS[i], YEARS[j], *kind): n for kind, n in zip(map(tuple, kinds.tolist()), counts)})
    found = {
        (int(r["from_year"]), int(r["to_year"]), zone_of(r["zone"]), int(r["from_code"]), int(r["to_code"])): int(
            r["pixels"]
        )
        for r in read(run / "matrix.csv")
        if r["zone"] != "all"
    }
    assert found == expected


def test_a_pixel_is_a_little_less_than_a_hectare(run):
    rows = read(run / "matrix.csv")
    assert all(float(r["area_ha"]) == pytest.approx(int(r["pixels"]) * 0.9996033, rel=1e-6) for r in rows)


def test_the_map_holds_the_codes_of_both_years(run, arrays):
    codes, valid = arrays
    dataset = gdal.Open(str(run / "change.tif"))
    for band, (i, j) in enumerate(PAIRS, start=1):
        found = dataset.GetRasterBand(band)
        expected = np.where(valid, codes[i] * 1000 + codes[j], int(found.GetNoDataValue()))
        assert (found.ReadAsArray() == expected).all()


def test_profit_and_loss_add_up_to_the_change_by_numpy(region, covers, arrays, qgis_process, tmp_path):
    """A value per class that a pencil can follow: its code in equivalents of 1 CNY, of one service."""
    codes, valid = arrays
    classes = [int(row["code"]) for row in read(region / "tables" / "classes_ecoassets.csv")]
    columns = ",".join(f"c{code}" for code in classes)
    numbers = ",".join(map(str, classes))
    (tmp_path / "equivalents.csv").write_text(
        f"service_id,service,group,adjust_factor,{columns}\nfood,Food,provisioning,,{numbers}\n", encoding="utf-8"
    )
    lines = [f"{code},class {code},forest,c{code}:1" for code in classes]
    (tmp_path / "classes.csv").write_text("\n".join(["code,name,ecosystem,equivalents", *lines]) + "\n")
    outcome = qgis_process(
        "ecoassets:profitloss",
        LAND_COVER=covers,
        YEARS=", ".join(map(str, YEARS)),
        SCHEME="custom",
        CLASS_TABLE=tmp_path / "classes.csv",
        EQUIVALENTS="custom",
        EQUIVALENTS_TABLE=tmp_path / "equivalents.csv",
        STANDARD_VALUE=1,
        OUTPUT=tmp_path / "change.tif",
        OUTPUT_TABLE=tmp_path / "flows.csv",
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    change = (codes[-1] - codes[0])[valid]
    transform = gdal.Open(covers[0]).GetGeoTransform()
    pixel_ha = transform[1] * -transform[5] / 10_000
    gain, loss = (float(change[part].sum()) * pixel_ha for part in (change > 0, change < 0))
    assert outcome.results["GAIN"] == pytest.approx(gain, rel=1e-9)
    assert outcome.results["LOSS"] == pytest.approx(loss, rel=1e-9)
    assert outcome.results["NET"] == pytest.approx(gain + loss, rel=1e-9)
    flows = [r for r in read(tmp_path / "flows.csv") if r["service"] == "all" and r["from_year"] == "1990"]
    whole = math.fsum(float(r["value"]) for r in flows if r["to_year"] == "2005")
    assert whole == pytest.approx(gain + loss, rel=1e-9)
