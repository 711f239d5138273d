"""The practice region: a known world, so most of what it promises can be counted."""

from __future__ import annotations

import csv
import hashlib
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, ogr, osr

from ecoassets.core.errors import Cancelled, InputError, OutputError
from ecoassets.core.progress import Progress
from ecoassets.core.tools.practice.readme import readme
from ecoassets.core.tools.practice.region import build_region, make_region, write_region

YEARS = (2000, 2005, 2010, 2015)
SIZE = 96
CNLUCC = {11, 12, 21, 22, 23, 24, 31, 32, 33, 41, 42, 43, 44, 45, 46, 51, 52, 53, 61, 62, 63, 64, 65, 66, 67}


@pytest.fixture(scope="module")
def region():
    return build_region(SIZE, seed=1, years=YEARS)


@pytest.fixture(scope="module")
def files(region, tmp_path_factory):
    return write_region(region, tmp_path_factory.mktemp("practice"))


def cover(region, year):
    return region.layer(f"land_cover_{year}").array


def fingerprint(region):
    digest = hashlib.sha256()
    for layer in region.layers:
        digest.update(layer.name.encode())
        digest.update(layer.array.tobytes())
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_bits():
    first = fingerprint(build_region(48, seed=7, years=YEARS))
    assert first == fingerprint(build_region(48, seed=7, years=YEARS))
    assert first != fingerprint(build_region(48, seed=8, years=YEARS))


def test_a_frozen_region(region):
    # Pinned so that another way of making it, or another numpy or scipy that draws or rounds differently, is noticed.
    digest = hashlib.sha256(fingerprint(region).encode())
    for shapes in region.shapes:
        rows = [(feature.ring.tolist(), [str(value) for value in feature.values]) for feature in shapes.features]
        digest.update(repr((shapes.name, shapes.fields, rows)).encode())
    for table in region.tables:
        digest.update(repr((table.name, table.columns, [[str(cell) for cell in row] for row in table.rows])).encode())
    assert digest.hexdigest()[:16] == "372fcbc0c3a5731c"


@pytest.mark.parametrize(
    ("size", "seed", "years", "told"),
    [(20, 1, YEARS, "Size 20"), (64, -1, YEARS, "Seed -1"), (64, 1, (2005, 2000), "2005"), (64, 1, (2000,), "2000")],
)
def test_what_cannot_be_built_is_told(size, seed, years, told):
    with pytest.raises(InputError, match=told):
        build_region(size, seed, years)


def test_every_land_cover_code_is_one_of_cnlucc(region):
    for year in YEARS:
        assert set(np.unique(cover(region, year)).tolist()) <= CNLUCC | {255}


def test_three_to_eight_percent_change_in_every_period(region):
    for before, after in zip(YEARS, YEARS[1:]):
        a, b = cover(region, before), cover(region, after)
        both = (a != 255) & (b != 255)
        assert 0.03 < (a != b)[both].mean() < 0.08


def test_towns_grow_and_eat_cropland_and_the_woods_return_to_slopes(region):
    first, last = cover(region, 2000), cover(region, 2015)
    assert (last == 51).sum() > 1.3 * (first == 51).sum()
    for before, after in zip(YEARS, YEARS[1:]):
        a, b = cover(region, before), cover(region, after)
        both = (a != 255) & (b != 255)
        assert set(a[both & (b == 51)].tolist()) <= {51, 11, 12, 24, 33, 52}
        assert set(b[both & (a == 51)].tolist()) == {51}
    slope_of_new_wood = np.hypot(*np.gradient(region.layer("dem").values(), 30.0))[(first == 12) & (last == 21)]
    assert slope_of_new_wood.size and np.degrees(np.arctan(slope_of_new_wood)).min() > 6


def test_the_reservoir_rises(region):
    areas = [(cover(region, year) == 43).sum() for year in YEARS]
    assert 0 < areas[0] <= areas[1] <= areas[2] <= areas[3] and areas[3] > areas[0]


def test_mountains_lie_in_the_north_west(region):
    elevation = region.layer("dem").values()
    half = SIZE // 2
    assert elevation[:half, :half].mean() > elevation[half:, half:].mean() + 50


def test_sand_silt_and_clay_add_up(region):
    total = sum(region.layer(name).values() for name in ("sand", "silt", "clay"))
    # Three float32 numbers of at most 85.
    assert np.abs(total - 100).max() < 2e-5


def test_monthly_rain_adds_up_to_the_annual(region):
    monthly, annual = region.layer("precipitation_monthly_2010"), region.layer("precipitation_2010")
    assert np.abs(monthly.values().sum(axis=0) - annual.values()).max() < 1e-3
    assert monthly.band_names[6] == "2010-07"


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("npp", 50, 1000), ("precipitation", 400, 800), ("evapotranspiration", 150, 900), ("temperature", 5, 20),
     ("soil_retention", 0, 3000), ("fvc", 0, 1), ("ndvi", -0.2, 0.95), ("population", 0, 20000)],
)  # fmt: skip
def test_values_are_plausible(region, name, low, high):
    for year in YEARS:
        values = region.layer(f"{name}_{year}").values()
        assert low <= np.nanmin(values) and np.nanmax(values) <= high


def test_production_is_missing_on_still_water_only(region):
    for year in YEARS:
        covered = cover(region, year) != 255
        missing = np.isnan(region.layer(f"npp_{year}").values())
        still = np.isin(cover(region, year), (42, 43))
        assert np.array_equal(missing & covered, still) and still.any()
        assert (cover(region, year) == 41).any()  # rivers keep their value


def test_masks_differ_by_year(region):
    valid = {year: (cover(region, year) != 255).sum() for year in YEARS}
    assert valid[2005] < valid[2000] == valid[2010] == valid[2015] < SIZE**2


def test_soil_is_kept_on_steep_green_slopes_and_nowhere_in_town(region):
    kept = region.layer("soil_retention_2000").values()
    codes = cover(region, 2000)
    assert kept[codes == 21].mean() > 5 * kept[codes == 11].mean()
    assert (kept[np.isin(codes, (41, 42, 43, 51, 52, 53))] == 0).all()


def test_the_image_shows_the_land(region):
    image = region.layer("landsat_2000").array
    assert image.dtype == np.uint16 and image.shape == (8, SIZE, SIZE)
    reflectance = image[:6] * 2.75e-5 - 0.2
    kelvin = image[6] * 0.00341802 + 149.0
    red, near_infrared = reflectance[2], reflectance[3]
    ndvi = (near_infrared - red) / (near_infrared + red)
    quality, codes = image[7], cover(region, 2000)
    free = (quality & 0b11000) == 0
    assert ndvi[free & (codes == 21)].mean() > 0.6 > 0.3 > ndvi[free & (codes == 51)].mean()
    assert ndvi[free & (codes == 42)].mean() < 0
    assert kelvin[free & (codes == 51)].mean() > kelvin[free & (codes == 12)].mean() + 3
    cloud = (quality & 0b1000) > 0
    assert 0.002 < cloud.mean() < 0.05 and red[cloud].mean() > 0.4 and kelvin[cloud].mean() < 280
    assert ((quality & 0b10000) > 0).any()
    # The valid range of Collection 2 surface reflectance.
    assert image[:6].min() >= 7273 and image[:6].max() <= 43636


def test_known_coefficients_come_back(region):
    """Least squares on deviations from the mean of each pixel, exactly as the layers were made."""

    def within(name):
        stack = np.stack([region.layer(f"{name}_{year}").values() for year in YEARS])
        stack = stack[:, ~np.isnan(region.layer("response_2000").values())]
        return (stack - stack.mean(axis=0)).ravel()

    names = list(region.known_coefficients)
    x = np.column_stack([within(name) for name in names])
    y = within("response")
    estimate, *_ = np.linalg.lstsq(x, y, rcond=None)
    residual = y - x @ estimate
    free = y.size * (len(YEARS) - 1) / len(YEARS) - len(names)
    error = np.sqrt(residual @ residual / free * np.diag(np.linalg.inv(x.T @ x)))
    for name, found, standard_error in zip(names, estimate, error):
        known = region.known_coefficients[name]
        assert abs(found - known) < 4 * standard_error, name
        assert standard_error < 0.1 * abs(known), name
    assert np.sqrt(residual @ residual / free) == pytest.approx(120, rel=0.02)


def test_rasters_read_back_as_they_were_built(region, files):
    assert len(files.rasters) == len(region.layers)
    for name in ("dem", "land_cover_2005", "npp_2000", "precipitation_monthly_2015", "ndvi_2010", "landsat_2000"):
        layer, dataset = region.layer(name), gdal.Open(files.raster(name).path)
        assert np.array_equal(dataset.ReadAsArray(), layer.array)
        assert dataset.GetGeoTransform() == (420000, 30, 0, 4440000, 0, -30)
        assert osr.SpatialReference(dataset.GetProjection()).GetAuthorityCode(None) == "32650"
        bands = [dataset.GetRasterBand(number + 1) for number in range(dataset.RasterCount)]
        assert tuple(band.GetDescription() for band in bands) == layer.band_names
        assert {band.GetNoDataValue() for band in bands} == {layer.nodata}
        assert bands[0].GetUnitType() == layer.unit
        assert (bands[0].GetScale() or 1) == layer.scale
        assert bands[0].GetBlockSize() == [256, 256]
    assert files.raster("npp_2000").series == "npp" and files.raster("npp_2000").year == 2000


def test_made_piece_by_piece_it_is_the_same(files, tmp_path):
    made = make_region(tmp_path, SIZE, seed=1)
    assert [raster.name for raster in made.rasters] == [raster.name for raster in files.rasters]
    for one, other in zip(made.rasters, files.rasters):
        assert Path(one.path).read_bytes() == Path(other.path).read_bytes(), one.name
    assert Path(made.readme).read_text("utf-8") == Path(files.readme).read_text("utf-8")


def test_memory_lasts_for_larger_regions(tmp_path):
    """Bytes of arrays per pixel; the whole region in memory takes 700, and its years side by side 1,900."""
    size = 300
    tracemalloc.start()
    try:
        make_region(tmp_path, size, seed=1)
        assert tracemalloc.get_traced_memory()[1] / size**2 < 400
    finally:
        tracemalloc.stop()


def rasterise(files, name, condition, region):
    shapes = ogr.Open(str(Path(files.folder) / f"{name}.gpkg"))
    layer = shapes.GetLayer(0)
    layer.SetAttributeFilter(condition)
    grid = gdal.GetDriverByName("MEM").Create("", region.size, region.size, 1, gdal.GDT_Byte)
    grid.SetGeoTransform((420000, 30, 0, 4440000, 0, -30))
    grid.SetProjection(layer.GetSpatialRef().ExportToWkt())
    gdal.RasterizeLayer(grid, [1], layer, burn_values=[1])
    return grid.ReadAsArray() == 1


def test_land_cover_ends_at_the_boundary(region, files):
    inside = rasterise(files, "boundary", "", region)
    assert np.array_equal(inside, cover(region, 2000) != 255)
    assert 0.6 < inside.mean() < 0.95


def test_districts_share_out_the_boundary_and_their_people(region, files):
    people = region.layer("population_2015").values() * 0.0009
    shapes = ogr.Open(str(Path(files.folder) / "districts.gpkg"))
    districts = list(shapes.GetLayer(0))
    pixels = 0
    for district in districts:
        mask = rasterise(files, "districts", f"district_id = {district['district_id']}", region)
        pixels += mask.sum()
        # Borders are drawn with short straight pieces, so a few pixels fall on the other side.
        assert people[mask].sum() == pytest.approx(district["population_2015"], rel=0.03, abs=5)
    assert pixels == (cover(region, 2000) != 255).sum()
    with open(Path(files.folder) / "gdp_by_district.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {(int(row["zone"]), int(row["year"])) for row in rows} == {
        (district["district_id"], year) for district in districts for year in YEARS
    }
    assert float(rows[0]["gdp"]) == districts[0]["gdp_2000"]


def test_planning_units_cover_the_region_once(region, files):
    shapes = ogr.Open(str(Path(files.folder) / "planning_units.gpkg"))
    units = list(shapes.GetLayer(0))
    assert 200 <= len(units) <= 420
    assert all(unit["cost"] > 0 for unit in units)
    natural = np.isin(cover(region, 2015) // 10, (2, 3, 4)) | (cover(region, 2015) == 64)
    assert sum(unit["habitat_ha"] for unit in units) == pytest.approx(natural.sum() * 0.09, abs=0.01 * len(units))


def test_water_bodies_are_outlined(region, files):
    for kind, code in (("lake", 42), ("reservoir", 43)):
        drawn = rasterise(files, "water_bodies", f"kind = '{kind}'", region)
        assert np.array_equal(drawn, cover(region, 2015) == code)
    shapes = ogr.Open(str(Path(files.folder) / "water_bodies.gpkg"))
    by_kind = {feature["kind"]: feature for feature in shapes.GetLayer(0)}
    assert by_kind["reservoir"]["capacity_m3"] > 0 and by_kind["lake"]["lake_zone"] == "Eastern plain"


def test_every_code_has_its_sensitivity_and_every_threat_its_raster(region, files):
    with open(Path(files.folder) / "sensitivity.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    present = {code for year in YEARS for code in np.unique(cover(region, year)).tolist()} - {255}
    assert present <= {int(row["code"]) for row in rows}
    assert set(rows[0]) == {"code", "habitat", "road", "town"}
    assert region.layer("road_threat").array.max() == region.layer("town_threat").array.max() == 1


def test_every_code_has_its_carbon(region, files):
    with open(Path(files.folder) / "carbon.csv", encoding="utf-8") as file:
        carbon = {int(row.pop("code")): sum(map(float, row.values())) for row in csv.DictReader(file)}
    present = {code for year in YEARS for code in np.unique(cover(region, year)).tolist()} - {255}
    assert present <= set(carbon)
    assert carbon[21] > carbon[12] > carbon[51] > 0  # forest, field, town


def test_ten_years_of_rain_at_the_station(files):
    with open(Path(files.folder) / "daily_rain.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["date"] == "2006-01-01" and rows[-1]["date"] == "2015-12-31" and len(rows) == 3652
    total = sum(float(row["rain_mm"]) for row in rows)
    assert 450 < total / 10 < 750


def test_the_readme_names_every_series(files):
    text = Path(files.readme).read_text(encoding="utf-8")
    for raster in files.rasters:
        assert f"{raster.series}_YEAR.tif" in text or f"{raster.series}.tif" in text


def test_a_chinese_readme_tells_the_same_files_in_chinese(region, files):
    english, chinese = (readme(region, files, language).split("\n") for language in ("en", "zh"))
    told = [line for line in chinese if line.startswith("  ") and not line.startswith("   ")]
    assert len(told) == sum(line.startswith("  ") and not line.startswith("   ") for line in english)
    for line in told:
        assert re.search(r"[\u4e00-\u9fff]", line.split("：", 1)[1]), line
    assert "  ndvi_年份.tif［1］：生长季 NDVI，以缩放系数 0.0001 存储" in chinese


def test_gdal_is_left_as_found(region, tmp_path):
    if gdal.GetUseExceptions():
        pytest.skip("the tests run with the exceptions of GDAL on")
    gdal.UseExceptions()
    try:
        write_region(region, tmp_path)
        assert gdal.GetUseExceptions()
    finally:
        gdal.DontUseExceptions()
    write_region(region, tmp_path)
    assert not gdal.GetUseExceptions() and not ogr.GetUseExceptions()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_folder_that_is_a_file(region, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="taken"):
        write_region(region, tmp_path / "taken")


def test_cancel_leaves_no_half_file(region, tmp_path):
    class AfterThree(Progress):
        calls = 0

        def cancelled(self):
            self.calls += 1
            return self.calls > 3

    with pytest.raises(Cancelled):
        write_region(region, tmp_path, AfterThree())
    assert list(tmp_path.iterdir()) == []
