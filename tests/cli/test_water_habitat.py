"""Water, flood and habitat of a real region through the real `qgis_process`, each held against numpy.

The region has no evapotranspiration and no storms: six tenths of the rain and a design storm stand in for them. Its
texture classes were interpolated, so they are whole numbers only after rounding.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest
from osgeo import gdal

YEARS = (1990, 2005)
STORM_MM = 120.0
FOREST, SETTLEMENT = 1, 25
# Hydrologic groups of the texture classes of the USDA, clay first (TR-55, appendix A); silt goes with silt loam.
GROUPS = np.array([0, 4, 4, 4, 4, 4, 3, 2, 2, 1, 2, 1, 1], dtype="uint8")
CURVES = {FOREST: (30, 55, 70, 77), SETTLEMENT: (77, 85, 90, 92)}
REACH_KM, HALF_SATURATION, SENSITIVITY = 2.0, 0.05, 0.8


@pytest.fixture(scope="module")
def region(shared_data):
    return shared_data / "bungo"


def read(path, band=1):
    dataset = gdal.Open(str(path))
    found = dataset.GetRasterBand(band)
    values, nodata = found.ReadAsArray().astype(float), found.GetNoDataValue()
    return values if nodata is None else np.where(values == nodata, np.nan, values)


def write_like(path, model, values):
    """A byte raster on the grid of another; 255 is nodata."""
    source = gdal.Open(str(model))
    made = gdal.GetDriverByName("GTiff").Create(str(path), source.RasterXSize, source.RasterYSize, 1, gdal.GDT_Byte)
    made.SetGeoTransform(source.GetGeoTransform())
    made.SetProjection(source.GetProjection())
    made.GetRasterBand(1).SetNoDataValue(255)
    made.GetRasterBand(1).WriteArray(values.astype("uint8"))
    made = None
    return path


@pytest.fixture(scope="module")
def made(region, qgis_process, tmp_path_factory):
    """The folder of the results, and the outcome of each step."""
    folder = tmp_path_factory.mktemp("water_habitat")
    covers = [region / "lulc" / f"bungo_landcover_{year}r.tif" for year in YEARS]
    land = {
        "LAND_COVER": covers,
        "YEARS": ", ".join(map(str, YEARS)),
        "SCHEME": "custom",
        "CLASS_TABLE": region / "tables" / "classes_ecoassets.csv",
    }

    def call(name, **parameters):
        outcome = qgis_process(f"ecoassets:{name}", **land, **parameters)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return outcome

    rain = region / "climate" / "clim_precipitation_tot.tif"
    texture = region / "soil" / "bungo_texture_class_usda_250m_10cm.tif"
    codes = np.nan_to_num(read(texture)).round().astype(int)
    groups = write_like(folder / "groups.tif", texture, np.where(codes > 0, GROUPS[np.clip(codes, 0, 12)], 255))
    towns = write_like(folder / "towns.tif", covers[1], read(covers[1]) == SETTLEMENT)
    classes = sorted({int(row["code"]) for row in table(land["CLASS_TABLE"])})
    (folder / "curves.csv").write_text(
        "code,a,b,c,d\n" + "".join(f"{code},{','.join(map(str, row))}\n" for code, row in CURVES.items())
    )
    (folder / "threats.csv").write_text(f"threat,max_distance_km,weight,decay\ntown,{REACH_KM},1,linear\n")
    (folder / "sensitivity.csv").write_text(
        "code,habitat,town\n"
        + "".join(f"{code},{int(code != SETTLEMENT)},{SENSITIVITY if code == FOREST else 0.2}\n" for code in classes)
    )
    outcomes = {
        "water": call("waterretention", PRECIPITATION=rain, EVAPOTRANSPIRATION=rain, EVAPOTRANSPIRATION_SCALE=0.6,
                      OUTPUT=folder / "water.tif", OUTPUT_TABLE=folder / "water.csv"),
        "flood": call("floodmitigation", STORM_DEPTH=STORM_MM, SOIL_GROUP=groups,
                      CURVE_NUMBER_TABLE=folder / "curves.csv", SLOPE_ADJUSTMENT=True,
                      SLOPE=region / "terrain" / "bungo_slope.tif", SLOPE_UNIT="percent",
                      OUTPUT=folder / "flood.tif", OUTPUT_TABLE=folder / "flood.csv"),
        "natural": call("naturalhabitat", OUTPUT=folder / "natural.tif"),
        "quality": call("habitatquality", THREATS=towns, NAMES="town", THREAT_TABLE=folder / "threats.csv",
                        SENSITIVITY_TABLE=folder / "sensitivity.csv", HALF_SATURATION=HALF_SATURATION,
                        METHOD="accumulated", OUTPUT=folder / "quality.tif",
                        OUTPUT_DEGRADATION=folder / "degradation.tif"),
    }  # fmt: skip
    return folder, outcomes


def table(path):
    with open(path, encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines))


def pixel_m2(path):
    transform = gdal.Open(str(path)).GetGeoTransform()
    return abs(transform[1] * transform[5])


def test_water_of_a_forest_by_numpy(made, region):
    folder, _ = made
    found = read(folder / "water.tif", 2)
    forest = (read(region / "lulc" / "bungo_landcover_2005r.tif") == FOREST) & np.isfinite(found)
    rain = read(region / "climate" / "clim_precipitation_tot.tif")
    # deciduous broadleaf forest of Gong et al. 2017: 2.70 percent of the rain run off
    assert forest.sum() > 100_000
    assert found[forest] == pytest.approx(rain[forest] * (1 - 0.027 - 0.6), rel=1e-5)


@pytest.mark.parametrize("name", ["water", "flood"])
def test_totals_are_the_sum_of_the_map(made, name):
    folder, outcomes = made
    for band, total in ((1, "TOTAL_FIRST"), (2, "TOTAL")):
        volume = np.nansum(read(folder / f"{name}.tif", band)) / 1000 * pixel_m2(folder / f"{name}.tif")
        # UTM is off by up to a thousandth there, which the totals make good for and this sum does not
        assert outcomes[name].results[total] == pytest.approx(volume, rel=2e-3)
    rows = [row for row in table(folder / f"{name}.csv") if row["year"] == "2005"]
    volume = sum(float(row["volume_m3"]) for row in rows)
    assert outcomes[name].results["TOTAL"] == pytest.approx(volume, rel=1e-9)


@pytest.mark.parametrize("code", CURVES)
def test_a_storm_by_numpy(made, region, code):
    """TR-55 on slopes by Williams 1995: curve numbers by soil group, then by slope, then runoff."""
    folder, _ = made
    found = read(folder / "flood.tif", 2)
    here = (read(region / "lulc" / "bungo_landcover_2005r.tif") == code) & np.isfinite(found)
    curve = np.array((np.nan, *CURVES[code]))[np.nan_to_num(read(folder / "groups.tif"), nan=0).astype(int)][here]
    slope = read(region / "terrain" / "bungo_slope.tif")[here] / 100
    wet = curve * np.exp(0.00673 * (100 - curve))
    curve = np.minimum((wet - curve) / 3 * (1 - 2 * np.exp(-13.86 * slope)) + curve, 100)
    storage = 25_400 / curve - 254
    runoff = np.maximum(STORM_MM - 0.2 * storage, 0) ** 2 / (STORM_MM + 0.8 * storage)
    assert here.sum() > 1_000
    assert found[here] == pytest.approx(STORM_MM - runoff, rel=1e-4)  # slopes in single precision


def test_natural_habitat_is_what_the_class_table_says(made, region):
    folder, _ = made
    natural = {"forest", "shrub", "grassland", "wetland"}
    rows = table(region / "tables" / "classes_ecoassets.csv")
    codes = [int(row["code"]) for row in rows if row["ecosystem"] in natural]
    found = read(folder / "natural.tif", 2)
    here = np.isfinite(found)
    expected = np.isin(read(region / "lulc" / "bungo_landcover_2005r.tif"), codes)
    assert (found[here] == expected[here]).all()


def test_quality_about_towns_by_a_direct_sum(made, region):
    """The older guide of InVEST: the threat within two kilometres, weighted by 1 - d/dmax, weights adding up to one."""
    folder, _ = made
    cover = read(region / "lulc" / "bungo_landcover_2005r.tif")
    towns = np.nan_to_num(read(folder / "towns.tif"))
    degradation, quality = read(folder / "degradation.tif", 2), read(folder / "quality.tif", 2)
    width = gdal.Open(str(folder / "towns.tif")).GetGeoTransform()[1]
    reach = int(REACH_KM * 1000 // width)
    steps = np.arange(-reach, reach + 1) * width
    weights = np.maximum(1 - np.hypot(steps[:, np.newaxis], steps) / (REACH_KM * 1000), 0)
    weights /= weights.sum()
    padded = np.pad(towns, reach)
    touched = np.argwhere((cover == FOREST) & (degradation > 1e-4))
    assert len(touched) > 20
    for row, column in touched[:: len(touched) // 20]:
        threat = (padded[row : row + 2 * reach + 1, column : column + 2 * reach + 1] * weights).sum()
        expected = SENSITIVITY * threat
        assert degradation[row, column] == pytest.approx(expected, rel=1e-4, abs=1e-7)  # stored in single precision
        power = expected**2.5
        assert quality[row, column] == pytest.approx(1 - power / (power + HALF_SATURATION**2.5), rel=1e-4)
