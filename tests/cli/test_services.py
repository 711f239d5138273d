"""Soil conservation and carbon of a real region through the real `qgis_process`, from DEM, rain, soil and tables.

Slope there is in percent, P lies on a grid of its own, carbon is in dg/kg, and the masks of the years differ.
"""

from __future__ import annotations

import csv
import shlex
import shutil
import subprocess

import numpy as np
import pytest
from osgeo import gdal
from scipy.ndimage import minimum_filter

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
    practice = call("supportpractice", **land, SLOPE=region / "terrain" / "bungo_slope.tif", SLOPE_UNIT="percent",
                    OUTPUT=folder / "p.tif")  # fmt: skip
    return folder, {"length": length, "erosion": erosion, "carbon": carbon, "practice": practice}


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


def test_lengths_and_slopes_by_numpy(made, region):
    """HJ 1173-2021 over the whole map, with the cells that GRASS lets drain through each cell in a run of its own."""
    if shutil.which("grass") is None:
        pytest.skip("GRASS is not on the path")
    folder, _ = made
    dem = str(region / "terrain" / "bungo_elev_srtm.tif")
    cells = folder / "cells.tif"
    steps = (
        f"r.in.gdal -o --quiet input={shlex.quote(dem)} output=dem && g.region raster=dem && "
        "r.watershed --quiet elevation=dem accumulation=cells && "
        f"r.out.gdal -c --quiet input=cells output={shlex.quote(str(cells))} type=Float64"
    )
    command = ["grass", "--tmp-location", "EPSG:32748", "--exec", "sh", "-c", steps]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    slope, aspect = (
        gdal.DEMProcessing("", dem, what, format="MEM", computeEdges=True, **how).ReadAsArray().astype(float)
        for what, how in (("slope", {}), ("aspect", {"zeroForFlat": True}))
    )
    sine, edge = np.sin(np.radians(slope)), 99.98016592873559
    beta = sine / 0.089 / (3 * np.abs(sine) ** 0.8 + 0.56)
    m = beta / (1 + beta)
    area = (np.abs(read(cells)) - 1) * edge**2
    crossing = np.abs(np.sin(np.radians(aspect))) + np.abs(np.cos(np.radians(aspect)))
    length = ((area + edge**2) ** (m + 1) - area ** (m + 1)) / (edge ** (m + 2) * crossing**m * 22.13**m)
    steepness = np.select(
        [slope < 5.14, slope < 10.20, slope < 28.81],
        [10.8 * sine + 0.03, 16.8 * sine - 0.5, 21.9 * sine - 0.96],
        9.5988,
    )
    expected = np.minimum(length, (300 / 22.13) ** m) * steepness
    found = read(folder / "ls.tif")
    # GDAL fills a missing neighbour at holes and edges; the gradient here leaves it out
    here = np.isfinite(found) & minimum_filter(np.isfinite(read(dem)) & (read(dem) > -9999), 3, mode="constant")
    assert here.sum() > 400_000
    assert found[here] == pytest.approx(expected[here], rel=2e-4)  # slopes in single precision


def test_practice_follows_the_slope_in_percent(made, region):
    """P of dry fields of the last year, by the Chinese table; other land does not ask for the slope."""
    folder, outcomes = made
    practice = read(folder / "p.tif", 2)
    assert set(np.unique(practice[np.isfinite(practice)]).round(3)) <= {
        0,
        0.01,
        0.1,
        0.221,
        0.305,
        0.575,
        0.705,
        0.8,
        1,
    }
    assert outcomes["practice"].results["MEAN"] == pytest.approx(np.nanmean(practice), rel=1e-6)


def test_slope_in_percent_taken_for_degrees_is_refused(region, qgis_process, tmp_path):
    outcome = qgis_process(
        "ecoassets:supportpractice",
        LAND_COVER=region / "lulc" / "bungo_landcover_2005r.tif",
        SCHEME="custom",
        CLASS_TABLE=region / "tables" / "classes_ecoassets.csv",
        SLOPE=region / "terrain" / "bungo_slope.tif",
        OUTPUT=tmp_path / "p.tif",
    )
    assert outcome.returncode != 0
    assert "It looks like percent" in outcome.stdout + outcome.stderr
    assert not (tmp_path / "p.tif").exists()


def test_without_grass_both_ways_out_are_named(region, call_qgis_process, tmp_path):
    """A profile in which the GRASS provider is switched off."""
    profile = tmp_path / "profile"
    call_qgis_process("plugins", profile=profile)
    call_qgis_process("plugins", "disable", "grassprovider", profile=profile)
    outcome = call_qgis_process(
        "run", "ecoassets:slopelength", "--", f"DEM={region / 'terrain' / 'bungo_elev_srtm.tif'}",
        f"OUTPUT={tmp_path / 'ls.tif'}", profile=profile,
    )  # fmt: skip
    told = outcome.stdout + outcome.stderr
    assert outcome.returncode != 0
    assert "Give a raster of it" in told
    assert "enable the GRASS provider" in told
    assert "choose the method constant" in told
    assert not (tmp_path / "ls.tif").exists()


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
    limits = [200, 2500, 5000, 8000, 15000]
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
