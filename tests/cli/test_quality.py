"""Ecosystem quality of real places through the real `qgis_process`: an image of the Amazon, seven years of the
Sahel, and the practice region.

The rasters are reached through links and a stack, because QGIS leaves statistics beside the rasters that it loads.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest
from osgeo import gdal
from scipy.stats import theilslopes

from ecoassets.core.land_cover import load_scheme

HIGHEST_GPP = 65_532  # 65533 is a fill value that the files do not declare
YEARS = tuple(range(2010, 2017))


def rows_of(path):
    with open(path, encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines))


def bands_of(path):
    """All bands as float64, NaN where nodata."""
    dataset = gdal.Open(str(path))
    bands = [dataset.GetRasterBand(number + 1) for number in range(dataset.RasterCount)]
    values = np.stack([band.ReadAsArray().astype(float) for band in bands])
    values[values == bands[0].GetNoDataValue()] = np.nan
    return values


class TestAmazon:
    """Landsat 5 at the Tucurui reservoir, 14 August 1988: forest, clearings, much water; no thermal constants."""

    @pytest.fixture(scope="class")
    def folder(self, shared_data):
        return shared_data / "landsat5_amazon"

    @pytest.fixture(scope="class")
    def numbers(self, folder):
        """Digital numbers of the seven bands."""
        names = [str(folder / f"LT52240631988227CUB02_B{number}.TIF") for number in range(1, 8)]
        return names, np.stack([gdal.Open(name).ReadAsArray().astype(float) for name in names])

    @pytest.fixture(scope="class")
    def made(self, folder, numbers, qgis_process, tmp_path_factory):
        made = tmp_path_factory.mktemp("amazon")
        stack = str(made / "stack.vrt")
        gdal.BuildVRT(stack, numbers[0], separate=True).FlushCache()
        outcome = qgis_process(
            "ecoassets:rsei",
            IMAGES=stack,
            YEARS=1988,
            SENSOR="landsat5",
            LEVEL="level1",
            METADATA=folder / "LT52240631988227CUB02_MTL.txt",
            OUTPUT=made / "rsei.tif",
            OUTPUT_INDICATORS=made / "indicators.tif",
            OUTPUT_TABLE=made / "levels.csv",
            OUTPUT_LOADINGS=made / "loadings.csv",
            OUTPUT_STATISTICS=made / "statistics.csv",
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return made

    def test_forest_is_high_clearings_are_low_and_water_is_masked(self, made, numbers):
        _, _, red, nir, *_ = numbers[1]
        index = bands_of(made / "rsei.tif")[0]
        forest, clearing, water = (nir > 60) & (red < 17), (red > 30) & (nir > 40), nir < 15
        assert forest.sum() > 20_000 and clearing.sum() > 1000 and water.sum() > 10_000
        assert np.nanmean(index[forest]) > 0.8
        assert np.nanmean(index[clearing]) < 0.4
        assert np.isnan(index[water]).mean() > 0.99

    def test_loadings_have_the_right_signs(self, made):
        first = {row["indicator"]: float(row["pc1"]) for row in rows_of(made / "loadings.csv")}
        assert first["ndvi"] > 0 and first["wet"] > 0
        assert first["ndbsi"] < 0 and first["lst"] < 0
        assert first["contribution_pct"] > 75

    def test_components_are_those_of_the_whole_matrix(self, made):
        values = bands_of(made / "indicators.tif").reshape(4, -1)
        values = values[:, ~np.isnan(values[0])]
        limits = {row["indicator"]: (float(row["low"]), float(row["high"])) for row in rows_of(made / "statistics.csv")}
        low, high = np.array([limits[name] for name in ("ndvi", "wet", "ndbsi", "lst")]).T[:, :, np.newaxis]
        eigenvalues, vectors = np.linalg.eigh(np.cov(np.clip((values - low) / (high - low), 0, 1)))
        rows = {row["indicator"]: row for row in rows_of(made / "loadings.csv")}
        components = ("pc1", "pc2", "pc3", "pc4")
        found = [float(rows["eigenvalue"][name]) for name in components]
        assert found == pytest.approx(eigenvalues[::-1], abs=1e-9)
        loadings = [[abs(float(rows[name][pc])) for pc in components] for name in ("ndvi", "wet", "ndbsi", "lst")]
        assert np.array(loadings) == pytest.approx(np.abs(vectors[:, ::-1]), abs=1e-9)

    def test_indicators_of_a_pixel_by_hand(self, made, numbers):
        """Radiance by the ranges of the MTL file, reflectance by irradiance and sun, temperature by K1 and K2."""
        row, column = 40, 60
        blue, green, red, nir, swir1, thermal, swir2 = numbers[1][:, row, column]
        highest = (169.0, 333.0, 264.0, 221.0, 30.2, 16.5)
        lowest = (-1.52, -2.84, -1.17, -1.51, -0.37, -0.15)
        irradiance = (1983, 1796, 1536, 1031, 220.0, 83.44)
        distance = 1 - 0.01672 * np.cos(np.radians(0.9856 * (227 - 4)))
        sun = np.sin(np.radians(49.75588437))
        reflectance = [
            np.pi * distance**2 * (low + (high - low) / 254 * (dn - 1)) / (e * sun)
            for dn, low, high, e in zip((blue, green, red, nir, swir1, swir2), lowest, highest, irradiance)
        ]
        wet = np.dot([0.0315, 0.2021, 0.3102, 0.1594, -0.6806, -0.6109], reflectance)
        radiance = 1.238 + (15.303 - 1.238) / 254 * (thermal - 1)
        kelvin = 1260.56 / np.log(607.76 / radiance + 1)
        ndvi = (reflectance[3] - reflectance[2]) / (reflectance[3] + reflectance[2])
        emissivity = 0.004 * ((min(max(ndvi, 0.2), 0.5) - 0.2) / 0.3) ** 2 + 0.986
        lst = kelvin / (1 + 11.435e-6 * kelvin / 1.438e-2 * np.log(emissivity))
        found = bands_of(made / "indicators.tif")[:, row, column]
        assert found[[0, 1]] == pytest.approx([ndvi, wet], abs=1e-5)
        assert found[3] == pytest.approx(lst, abs=1e-3)


class TestAssaba:
    """GPP of seven years in Mauritania, uint16, sinusoidal."""

    @pytest.fixture(scope="class")
    def paths(self, shared_data, tmp_path_factory):
        folder = tmp_path_factory.mktemp("gpp")
        for year in YEARS:
            source = shared_data / "assaba/MODIS_Gross_Primary_Production_GPP" / f"{year}_GP.tif"
            (folder / f"{year}.tif").symlink_to(source)
        return [str(folder / f"{year}.tif") for year in YEARS]

    @pytest.fixture(scope="class")
    def values(self, paths):
        layers = np.stack([gdal.Open(path).ReadAsArray() for path in paths]).astype(np.float64)
        layers[layers > HIGHEST_GPP] = np.nan
        return layers

    def test_the_panel_through_trend(self, paths, values, qgis_process, tmp_path):
        outcome = qgis_process(
            "ecoassets:trend",
            RASTERS=paths,
            YEARS=", ".join(map(str, YEARS)),
            RASTERS_MAX=HIGHEST_GPP,
            OUTPUT=tmp_path / "trend.tif",
            OUTPUT_CLASSES=tmp_path / "classes.tif",
            OUTPUT_TABLE=tmp_path / "classes.csv",
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        slope, z, p, _ = bands_of(tmp_path / "trend.tif")
        everywhere = ~np.isnan(values).any(axis=0)
        assert np.array_equal(~np.isnan(slope), everywhere)
        for row, column in np.argwhere(everywhere)[::9000]:
            assert slope[row, column] == pytest.approx(theilslopes(values[:, row, column], YEARS)[0], rel=1e-6)
        classes = bands_of(tmp_path / "classes.tif")[0]
        significant = everywhere & (p <= 0.05) & (slope > 0)
        assert np.array_equal(classes == 5, significant)
        rows = {row["class"]: float(row["area_ha"]) for row in rows_of(tmp_path / "classes.csv")}
        pixel_ha = 463.3127165275**2 / 1e4
        assert rows["significant improvement"] == pytest.approx(significant.sum() * pixel_ha, rel=1e-6)
        assert outcome.results["IMPROVED"] == pytest.approx(rows["significant improvement"])
        assert outcome.results["MEAN_SLOPE"] == pytest.approx(slope[everywhere].mean(), rel=1e-6)

    def test_two_of_its_years_are_no_trend(self, paths, qgis_process, tmp_path):
        output = tmp_path / "trend.tif"
        outcome = qgis_process("ecoassets:trend", RASTERS=paths[:2], YEARS="2010, 2011", OUTPUT=output)
        assert outcome.returncode != 0
        assert "at least 4 dates, 2 given" in outcome.stdout + outcome.stderr
        assert not output.exists()


class TestPracticeRegion:
    """A made-up region of which everything is known, first and last year."""

    YEARS = (2000, 2015)
    NATURAL = ("forest", "shrub", "grassland")

    @pytest.fixture(scope="class")
    def region(self, qgis_process, tmp_path_factory):
        folder = tmp_path_factory.mktemp("region")
        outcome = qgis_process("ecoassets:practiceregion", FOLDER=folder, SIZE=150)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return folder

    @pytest.fixture(scope="class")
    def covers(self, region):
        return [bands_of(region / f"land_cover_{year}.tif")[0] for year in self.YEARS]

    @pytest.fixture(scope="class")
    def quality(self, region, qgis_process):
        names = ("lai", "fvc", "gpp")
        outcome = qgis_process(
            "ecoassets:ecosystemquality",
            INDICATORS=[region / f"{name}_{year}.tif" for name in names for year in self.YEARS],
            NAMES="lai, lai, fvc, fvc, gpp, gpp",
            YEARS="2000, 2015",
            LAND_COVER=[region / f"land_cover_{year}.tif" for year in self.YEARS],
            SCHEME="cnlucc",
            OUTPUT=region / "quality.tif",
            OUTPUT_CLASSES=region / "grades.tif",
            OUTPUT_TABLE=region / "quality.csv",
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return outcome.results

    def test_quality_is_that_of_whole_arrays(self, region, covers, quality):
        scheme = load_scheme("cnlucc")
        kinds = np.full(256, -1)
        for code in scheme.codes:
            if scheme.ecosystem_of(code) in self.NATURAL:
                kinds[code] = self.NATURAL.index(scheme.ecosystem_of(code))
        layers = {
            name: np.stack([bands_of(region / f"{name}_{year}.tif")[0] for year in self.YEARS])
            for name in ("lai", "fvc", "gpp")
        }
        known = ~np.isnan(np.stack([*layers.values()])).any(axis=(0, 1)) & ~np.isnan(covers).any(axis=0)
        kind = np.stack([kinds[np.nan_to_num(cover).astype(int)] for cover in covers])
        graded = known & (kind >= 0)
        index = np.zeros(graded.shape)
        for values in layers.values():
            for number in range(len(self.NATURAL)):
                mine = graded & (kind == number)
                index[mine] += np.minimum(values[mine] / np.quantile(values[mine], 0.99), 1) * 100 / 3
        found = bands_of(region / "quality.tif")
        assert np.array_equal(~np.isnan(found), graded)
        assert found[graded] == pytest.approx(index[graded], abs=1e-3)  # float32
        grades = np.searchsorted([20, 35, 55, 75], found[graded], side="right") + 1
        assert np.array_equal(bands_of(region / "grades.tif")[graded], grades)
        means = [index[date][graded[date]].mean() for date in (0, 1)]
        assert [quality["MEAN_FIRST"], quality["MEAN_LAST"]] == pytest.approx(means, abs=1e-4)
        last = np.bincount(grades[graded[0].sum() :], minlength=6)[1:]
        assert quality["SUMMARY_LAST"] == pytest.approx(last @ np.arange(1, 6) / (5 * last.sum()) * 100)
        both = graded.all(axis=0)
        change = index[1][both].sum() / index[0][both].sum() - 1
        assert quality["CHANGE_PCT"] == pytest.approx(change * 100, abs=1e-4)

    def test_the_index_follows_the_land_cover(self, region, covers, qgis_process):
        """Forest is good, towns are poor, new towns have lost, and clouds of either year are left out."""
        outcome = qgis_process(
            "ecoassets:rsei",
            IMAGES=[region / f"landsat_{year}.tif" for year in self.YEARS],
            YEARS="2000, 2015",
            SENSOR="landsat5",
            OUTPUT=region / "rsei.tif",
            OUTPUT_CHANGE=region / "rsei_change.tif",
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        assert outcome.results["CONTRIBUTION"] > 70
        index, change = bands_of(region / "rsei.tif"), bands_of(region / "rsei_change.tif")[0]
        forest, town = 21, 51
        for date, cover in enumerate(covers):
            assert np.nanmean(index[date][cover == forest]) > 0.6
            assert np.nanmean(index[date][cover == town]) < 0.15
            assert np.isnan(index[date][np.isin(cover, (42, 43))]).all()  # lake and reservoir
        new_town = (covers[0] != town) & (covers[1] == town)
        assert np.nanmean(change[new_town]) < -1
        assert np.isnan(index[0]).sum() == np.isnan(index[1]).sum()
        for year in self.YEARS:
            clouds = bands_of(region / f"landsat_{year}.tif")[7].astype(int) & 0b11000 != 0
            assert clouds.any() and np.isnan(index[:, clouds]).all()

    def test_degradation_of_quality_and_soil(self, region, quality, qgis_process):
        outcome = qgis_process(
            "ecoassets:degradation",
            BEFORE=[region / "soil_retention_2000.tif", region / "quality.tif"],
            AFTER=[region / "soil_retention_2015.tif", region / "quality.tif"],
            NAMES="soil, quality",
            MINIMUM_CHANGE=0,
            OUTPUT=region / "degradation.tif",
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        soil = np.stack([bands_of(region / f"soil_retention_{year}.tif")[0] for year in self.YEARS])
        together = bands_of(region / "degradation.tif")[0]
        before, after = np.stack([soil, bands_of(region / "quality.tif")], axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            percent = (after - before) / before * 100
        worse = (percent <= -10 * (1 - 1e-6)).any(axis=0)
        better = (percent >= 10 * (1 - 1e-6)).any(axis=0) & ~worse
        assert np.array_equal(together == -1, worse)
        assert np.array_equal(together == 1, better)
        pixel_ha = 30 * 30 / 1e4
        assert outcome.results["DEGRADED"] == pytest.approx(worse.sum() * pixel_ha, rel=1e-9)
        assert outcome.results["IMPROVED"] == pytest.approx(better.sum() * pixel_ha, rel=1e-9)
