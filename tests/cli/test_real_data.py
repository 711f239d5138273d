"""Real maps through the real `qgis_process`, against the same sums made with GDAL and numpy alone.

The maps are reached through links, because QGIS leaves statistics (.aux.xml) beside the rasters that it loads.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

RESOURCES = Path(__file__).resolve().parents[2] / "resources" / "tables"


def rows_of(path):
    with open(path, encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines))


def xie2015():
    """Equivalents by column and service, and the factor of each service, read from the table as it is."""
    services = [
        row for row in rows_of(RESOURCES / "equivalents_xie2015.csv") if not row["service_id"].startswith("TOTAL")
    ]
    factors = {row["service_id"]: row["adjust_factor"] for row in services}
    texts = ("service_id", "service", "service_zh", "group", "adjust_factor")
    columns = [column for column in services[0] if column not in texts]
    return {c: {row["service_id"]: float(row[c]) for row in services} for c in columns}, factors


def weights_of(cell):
    return {part.split(":")[0]: float(part.split(":")[1]) for part in cell.split(";") if part}


def equivalents_of_class(cell):
    """Equivalents of a class by service from `column:weight;column:weight`."""
    columns, factors = xie2015()
    return {s: math.fsum(w * columns[c][s] for c, w in weights_of(cell).items()) for s in factors}


def linked(folder, paths):
    """Links to files, so that nothing is written beside them."""
    folder.mkdir(exist_ok=True)
    links = [folder / path.name for path in paths]
    for link, path in zip(links, paths):
        link.symlink_to(path)
    return [str(link) for link in links]


def told(outcome):
    return outcome.stdout + outcome.stderr


class TestBungo:
    """Sumatra 1990 to 2005: 99.98 m pixels, nodata 128 or 255 by year, and other pixels valid in each year."""

    YEARS = (1990, 2000, 2005)
    NODATA = (128, 255, 128)
    STANDARD_VALUE = 3406.50

    @pytest.fixture(scope="class")
    def region(self, shared_data):
        return shared_data / "bungo"

    @pytest.fixture(scope="class")
    def codes(self, region):
        paths = [region / "lulc" / f"bungo_landcover_{year}r.tif" for year in self.YEARS]
        return np.stack([gdal.Open(str(path)).ReadAsArray() for path in paths])

    @pytest.fixture(scope="class")
    def run(self, region, qgis_process, tmp_path_factory):
        def value(mask):
            folder = tmp_path_factory.mktemp(mask)
            paths = [region / "lulc" / f"bungo_landcover_{year}r.tif" for year in self.YEARS]
            outcome = qgis_process(
                "ecoassets:ecosystemservicevalue",
                LAND_COVER=linked(folder / "maps", paths),
                YEARS="1990, 2000, 2005",
                SCHEME="custom",
                CLASS_TABLE=region / "tables" / "classes_ecoassets.csv",
                MASK=mask,
                OUTPUT=folder / "value.tif",
                OUTPUT_TABLE=folder / "value.csv",
            )
            assert outcome.returncode == 0, told(outcome)
            return outcome, folder

        return {mask: value(mask) for mask in ("common", "yearly")}

    @staticmethod
    def pixel_ha(region):
        transform = gdal.Open(str(region / "lulc" / "bungo_landcover_1990r.tif")).GetGeoTransform()
        return transform[1] * -transform[5] / 10_000

    def expected(self, region, codes, masks):
        """Value and area by year, and value by year, ecosystem and service."""
        classes = rows_of(region / "tables" / "classes_ecoassets.csv")
        equivalents = {int(row["code"]): equivalents_of_class(row["equivalents"]) for row in classes}
        ecosystem = {int(row["code"]): row["ecosystem"] for row in classes}
        cells = Counter()
        for year, cover, mask in zip(self.YEARS, codes, masks):
            for code, pixels in zip(*np.unique(cover[mask], return_counts=True)):
                area = int(pixels) * self.pixel_ha(region)
                for service, equivalent in equivalents[int(code)].items():
                    cells[year, ecosystem[int(code)], service] += area * equivalent * self.STANDARD_VALUE
        return cells

    def masks(self, codes, mask):
        valid = np.stack([cover != nodata for cover, nodata in zip(codes, self.NODATA)])
        return np.broadcast_to(valid.all(axis=0), valid.shape) if mask == "common" else valid

    def test_a_pixel_is_a_little_less_than_a_hectare(self, region):
        assert self.pixel_ha(region) == pytest.approx(0.99960, abs=5e-6)

    @pytest.mark.parametrize("mask", ["common", "yearly"])
    def test_values_are_those_of_numpy(self, region, codes, run, mask):
        outcome, folder = run[mask]
        cells = self.expected(region, codes, self.masks(codes, mask))
        table = rows_of(folder / "value.csv")
        assert {(int(r["year"]), r["ecosystem"], r["service"]) for r in table} == set(cells)
        found = Counter()
        for row in table:  # a row per class
            found[int(row["year"]), row["ecosystem"], row["service"]] += float(row["value"])
        # CSV files of QGIS hold 15 digits.
        assert found == pytest.approx(cells, rel=1e-12, abs=1e-6)
        totals = [math.fsum(value for (y, _, _), value in cells.items() if y == year) for year in self.YEARS]
        assert outcome.results["TOTAL_FIRST"] == pytest.approx(totals[0], rel=1e-9)
        assert outcome.results["TOTAL_LAST"] == pytest.approx(totals[-1], rel=1e-9)

    @pytest.mark.parametrize("mask", ["common", "yearly"])
    def test_areas_are_pixels_times_their_size(self, region, codes, run, mask):
        _, folder = run[mask]
        for year, counted in zip(self.YEARS, self.masks(codes, mask)):
            food = [r for r in rows_of(folder / "value.csv") if r["year"] == str(year) and r["service"] == "food"]
            area = math.fsum(float(row["area_ha"]) for row in food)
            assert area == pytest.approx(int(counted.sum()) * self.pixel_ha(region), rel=1e-12)

    def test_valid_pixels_are_those_of_the_readme(self, codes):
        # shared/data/README.md of the region: 438 829, 450 549 and 459 796 pixels.
        assert self.masks(codes, "yearly").sum(axis=(1, 2)).tolist() == [438_829, 450_549, 459_796]

    def test_what_the_common_mask_leaves_out_is_told(self, codes, run):
        log = told(run["common"][0])
        common = int(self.masks(codes, "common")[0].sum())
        for year, counted in zip(self.YEARS, self.masks(codes, "yearly")):
            left_out = int(counted.sum()) - common
            assert f"{year}: {left_out} pixels (" in log
        assert "are left out: no land cover in another year." in log
        assert "are left out" not in told(run["yearly"][0])

    def test_the_map_adds_up_to_the_table(self, region, run):
        outcome, folder = run["yearly"]
        dataset = gdal.Open(str(folder / "value.tif"))
        for band, total in ((1, outcome.results["TOTAL_FIRST"]), (3, outcome.results["TOTAL_LAST"])):
            stored = dataset.GetRasterBand(band).ReadAsArray().astype(float)
            per_ha = stored[stored != -9999]
            # Each pixel is a float32, rounded by at most 6e-8 of its value.
            assert per_ha.sum() * self.pixel_ha(region) == pytest.approx(total, rel=6e-8)

    def test_a_code_without_a_class_stops_the_run(self, region, qgis_process, tmp_path):
        paths = [region / "lulc" / f"bungo_landcover_{year}r.tif" for year in self.YEARS]
        outcome = qgis_process(
            "ecoassets:ecosystemservicevalue",
            LAND_COVER=linked(tmp_path / "maps", paths),
            YEARS="1990, 2000, 2005",
            SCHEME="cnlucc",
            OUTPUT=tmp_path / "value.tif",
        )
        assert outcome.returncode != 0
        assert "Land cover 1990 (bungo_landcover_1990r.tif) holds codes that scheme CNLUCC does not know: " in told(
            outcome
        )
        assert not (tmp_path / "value.tif").exists()


class TestAssaba:
    """Mauritania 2010 to 2016: MODIS sinusoidal land cover and GPP, rain in degrees, a fill value, signed bytes."""

    YEARS = tuple(range(2010, 2017))

    @pytest.fixture(scope="class")
    def files(self, shared_data):
        region = shared_data / "assaba"
        return {
            "LAND_COVER": [region / "Modis_Land_Cover_Data" / f"{year}LCT.tif" for year in self.YEARS],
            "NPP": [region / "MODIS_Gross_Primary_Production_GPP" / f"{year}_GP.tif" for year in self.YEARS],
            "PRECIPITATION": [region / "Climate_Precipitation_Data" / f"{year}R.tif" for year in self.YEARS],
        }

    @pytest.fixture(scope="class")
    def run(self, files, qgis_process, tmp_path_factory):
        folder = tmp_path_factory.mktemp("assaba")
        outcome = qgis_process(
            "ecoassets:ecologicalassets",
            **{name: linked(folder / name, paths) for name, paths in files.items()},
            YEARS=", ".join(map(str, self.YEARS)),
            SCHEME="igbp",
            NPP_MAX=65_000,
            OUTPUT=folder / "assets.tif",
            OUTPUT_TABLE=folder / "assets.csv",
        )
        assert outcome.returncode == 0, told(outcome)
        return outcome, folder

    @pytest.fixture(scope="class")
    def arrays(self, files):
        """Codes (0 is nodata), GPP and rain (NaN is nodata) of all years on the grid of the land cover."""
        codes = []
        for path in files["LAND_COVER"]:
            stored = gdal.Open(str(path)).ReadAsArray()
            # -128 of the signed map of 2010 reads as 128 where GDAL takes bytes as unsigned.
            codes.append(np.where(np.isin(stored, [-128, 128, 255]), 0, stored).astype(int))
        gpp = np.stack([gdal.Open(str(path)).ReadAsArray() for path in files["NPP"]]).astype(float)
        gpp[gpp > 65_000] = np.nan
        reference = gdal.Open(str(files["LAND_COVER"][0]))
        left, width, _, top, _, height = reference.GetGeoTransform()
        columns, rows = reference.RasterXSize, reference.RasterYSize
        rain = []
        for path in files["PRECIPITATION"]:
            warped = gdal.Warp(
                "",
                str(path),
                format="MEM",
                dstSRS=reference.GetProjection(),
                outputBounds=(left, top + rows * height, left + columns * width, top),
                width=columns,
                height=rows,
                resampleAlg="bilinear",
                errorThreshold=0,
                outputType=gdal.GDT_Float64,
                dstNodata=np.nan,
            )
            rain.append(warped.ReadAsArray())
        return np.stack(codes), gpp, np.stack(rain), -width * height / 10_000

    def test_totals_are_those_of_gdal_and_numpy(self, run, arrays):
        codes, gpp, rain, hectares = arrays
        _, factors = xie2015()
        classes = [row for row in rows_of(RESOURCES / "land_cover_classes.csv") if row["scheme"] == "igbp"]
        by_factor = {}
        for row in classes:
            of_class = equivalents_of_class(row["equivalents_xie2015"])
            by_factor[int(row["code"])] = {
                f: math.fsum(e for s, e in of_class.items() if factors[s] == f) for f in ("NPP", "PREC", "SOIL")
            }
        covered = (codes > 0).all(axis=0)
        # Towns (13) have no equivalents and need no value; there is no open water (17) here.
        town, complete = codes == 13, np.isfinite(gpp) & np.isfinite(rain)
        counted = covered & (town | complete).all(axis=0)
        gpp_reference, rain_reference = (np.nanmean(series[:, counted]) for series in (gpp, rain))
        totals = []
        for year in range(len(self.YEARS)):
            value = np.zeros(codes.shape[1:])
            for code, factor in by_factor.items():
                adjusted = (
                    factor["NPP"] * gpp[year] / gpp_reference
                    + factor["PREC"] * rain[year] / rain_reference
                    + factor["SOIL"]
                )
                of_class = counted & (codes[year] == code)
                value[of_class] = adjusted[of_class] if code != 13 else 0
            totals.append(value.sum() * 3406.50 * hectares)
        outcome, folder = run
        table = rows_of(folder / "assets.csv")
        for year, total in zip(self.YEARS, totals):
            found = math.fsum(float(row["value"]) for row in table if row["year"] == str(year))
            # Both warp in float64 with an exact transformer; what is left is the order of sums.
            assert found == pytest.approx(total, rel=1e-9)
        assert outcome.results["TOTAL_FIRST"] == pytest.approx(totals[0], rel=1e-9)
        assert f"Reference of Net primary production: {gpp_reference:.6g}" in told(outcome)
        assert f"Reference of Precipitation: {rain_reference:.6g}" in told(outcome)
        assert f"{covered.sum() - counted.sum()} pixels (" in told(outcome)

    def test_the_log_tells_what_was_warped_and_why(self, run):
        log = told(run[0])
        for year in self.YEARS:
            assert (
                f"Precipitation {year} ({year}R.tif) is brought on the reference grid (bilinear): CRS EPSG:4326" in log
            )
        # Land cover and GPP share a grid, though their projections bear other names.
        assert log.count("is brought on the reference grid") == len(self.YEARS)

    def test_signed_bytes_are_understood(self, run, arrays):
        """The map of 2010 declares -128: were it read as 128 the whole frame would be land of an unknown class."""
        codes, _, _, hectares = arrays
        assert set(np.unique(codes[0])) <= {0, 7, 10, 12, 13, 16}
        _, folder = run
        food = [r for r in rows_of(folder / "assets.csv") if (r["year"], r["service"]) == ("2010", "food")]
        area = math.fsum(float(row["area_ha"]) for row in food)
        assert area < (codes[0] > 0).sum() * hectares
        assert {row["ecosystem"] for row in food} == {"shrub", "grassland", "cropland", "urban", "bare"}
