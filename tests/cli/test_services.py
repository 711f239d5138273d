"""Soil conservation and carbon of a real region through the real `qgis_process`, from DEM, rain, soil and tables.

Slope there is in percent, P lies on a grid of its own, carbon is in dg/kg, and the masks of the years differ.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest
from osgeo import gdal

YEARS = (1990, 2005)


@pytest.fixture(scope="module")
def region(shared_data):
    return shared_data / "bungo"


@pytest.fixture(scope="module")
def made(region, qgis_process, tmp_path_factory):
    """Files by name, of one run of each step."""
    folder = tmp_path_factory.mktemp("services")
    land = {
        "LAND_COVER": [region / "lulc" / f"bungo_landcover_{year}r.tif" for year in YEARS],
        "YEARS": ", ".join(map(str, YEARS)),
        "SCHEME": "custom",
        "CLASS_TABLE": region / "tables" / "classes_ecoassets.csv",
    }
    with open(region / "tables" / "c_factor_bungo_usda1972.csv", encoding="utf-8-sig") as lines:
        c_rows = [f"{row['ID']},{row['C_factor']}" for row in csv.DictReader(lines)]
    with open(region / "tables" / "carbon_bungo.csv", encoding="utf-8-sig") as lines:
        carbon_rows = [f"{row['ID']},{row['CARBON']}" for row in csv.DictReader(lines)]
    (folder / "c.csv").write_text("\n".join(["code,c", *c_rows]) + "\n")
    (folder / "carbon.csv").write_text("\n".join(["code,carbon", *carbon_rows]) + "\n")

    def call(name, **parameters):
        outcome = qgis_process(f"ecoassets:{name}", **parameters)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return outcome

    dem = region / "terrain" / "bungo_elev_srtm.tif"
    soil = {part: region / "soil" / f"bungo_{part.lower()}_0-5cm_mean.tif" for part in ("SAND", "SILT", "CLAY")}
    call("rainfallerosivity", PRECIPITATION=region / "climate" / "clim_precipitation_tot.tif", METHOD="zhang_annual",
         OUTPUT=folder / "r.tif")  # fmt: skip
    call("soilerodibility", **soil, ORGANIC_CARBON=region / "soil" / "bungo_soc_0-5cm_mean.tif",
         UNITS="percent_soilgrids_carbon", OUTPUT=folder / "k.tif")  # fmt: skip
    length = call("slopelength", DEM=dem, OUTPUT=folder / "ls.tif")
    call("vegetationcover", **land, C_TABLE=folder / "c.csv", OUTPUT_C=folder / "c.tif")
    erosion = call(
        "soilconservation",
        R=folder / "r.tif", K=folder / "k.tif", LS=folder / "ls.tif", C=folder / "c.tif",
        P=region / "terrain" / "p_factor_bungo.tif", **land,
        OUTPUT=folder / "soil.tif", OUTPUT_EROSION=folder / "erosion.tif", OUTPUT_CLASSES=folder / "classes.tif",
        OUTPUT_TABLE=folder / "soil.csv",
    )  # fmt: skip
    carbon = call("carbonstorage", **land, CARBON_TABLE=folder / "carbon.csv", OUTPUT=folder / "carbon.tif")
    return folder, {"length": length, "erosion": erosion, "carbon": carbon}


def read(path, band=1):
    dataset = gdal.Open(str(path))
    values = dataset.GetRasterBand(band).ReadAsArray().astype(float)
    return np.where(values == dataset.GetRasterBand(band).GetNoDataValue(), np.nan, values)


def rows(path):
    with open(path, encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines))


def test_grass_routes_the_water_and_edges_are_told(made):
    _, outcomes = made
    told = outcomes["length"].stdout + outcomes["length"].stderr
    assert "r.watershed" in told
    assert "may get water from outside the map" in told


def test_loss_and_retention_are_the_product_of_the_factors(made):
    """Where P is 1 on its own grid all around, the warped P is 1 too."""
    folder, _ = made
    r, k, ls, kept, lost = (read(folder / f"{name}.tif") for name in ("r", "k", "ls", "soil", "erosion"))
    c = read(folder / "c.tif")
    potential = r * k * ls
    counted = np.isfinite(kept) & np.isfinite(lost) & (kept > 0)
    assert counted.sum() > 100_000
    assert np.nanmax(np.abs(kept + lost - potential)[counted] / potential[counted]) < 1e-5
    assert np.nanmax((lost - potential * c)[counted]) < 1e-3 * np.nanmax(potential[counted])  # P is at most 1


def test_tables_add_up_to_the_raster(made):
    folder, outcomes = made
    pixel_ha = 0.99980166**2  # of 99.980166 m
    kept = np.nansum(read(folder / "soil.tif", 2)) * pixel_ha
    assert outcomes["erosion"].results["TOTAL"] == pytest.approx(kept, rel=1e-5)
    by_class = sum(float(row["retention_t"]) for row in rows(folder / "soil.csv") if row["year"] == "2005")
    assert by_class == pytest.approx(outcomes["erosion"].results["TOTAL"], rel=1e-9)


def test_classes_follow_the_loss(made):
    folder, _ = made
    lost, classes = read(folder / "erosion.tif") * 100, read(folder / "classes.tif")
    limits = [500, 2500, 5000, 8000, 15000]
    both = np.isfinite(lost) & np.isfinite(classes)
    near = np.min([np.abs(lost - limit) / limit for limit in limits], axis=0) < 1e-6  # single precision of the map
    expected = 1 + np.searchsorted(limits, lost, side="right")
    assert (expected == classes)[both & ~near].all()


def test_carbon_equals_numpy(made, region):
    folder, outcomes = made
    densities = {int(row["ID"]): float(row["CARBON"]) for row in rows(region / "tables" / "carbon_bungo.csv")}
    carbon = read(folder / "carbon.tif", 2)
    cover = gdal.Open(str(region / "lulc" / "bungo_landcover_2005r.tif")).ReadAsArray()
    table = np.zeros(256)
    table[list(densities)] = list(densities.values())
    here = np.isfinite(carbon)
    assert carbon[here] == pytest.approx(table[cover][here], rel=1e-6)
    transform = gdal.Open(str(folder / "carbon.tif")).GetGeoTransform()
    pixel_ha = -transform[1] * transform[5] / 10_000
    assert outcomes["carbon"].results["TOTAL"] == pytest.approx(table[cover][here].sum() * pixel_ha, rel=1e-9)
