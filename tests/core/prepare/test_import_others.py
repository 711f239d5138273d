"""Import of climate, classes, people and home-made grids, against plain numpy."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.prepare.importing.rules import Decisions
from ecoassets.tests.core.prepare.runs import PIXEL, SIZE, Told, run
from ecoassets.tests.downloads import SINUSOIDAL, modis_corner, write_netcdf, write_tif

# climate


def monthly_rain(years: int = 1) -> np.ndarray:
    months = (np.arange(12 * years)[:, None, None] * 10 + np.arange(SIZE * SIZE).reshape(SIZE, SIZE)).astype("i2")
    months[:, 0, 0] = -32768
    return months


def write_peng(path: Path, months: np.ndarray) -> None:
    write_netcdf(path, "pre", months, times=range(len(months)), units="months since 2021-01-15", top_left=(100, 30),
                 cell=1 / 120, nodata=-32768, attributes={"units": "0.1 mm"})  # fmt: skip


def test_twelve_months_of_tenths_of_millimetres_make_a_year(folder, degrees, tmp_path):
    write_peng(folder / "pre_2021.nc", monthly_rain())
    result, (made,), (days,) = run(folder, degrees, tmp_path)
    expected = monthly_rain().astype(float).sum(axis=0) * 0.1
    expected[0, 0] = np.nan
    np.testing.assert_allclose(made, expected, rtol=1e-5)
    assert days[1, 1] == 365 and result.unit == "mm/a"


def test_months_are_twelve_bands_and_the_mean_of_several_years(folder, degrees, tmp_path):
    write_peng(folder / "pre_2019_2021.nc", monthly_rain(3))
    result, made, _ = run(folder, degrees, tmp_path, step="month")
    expected = monthly_rain(3).astype(float).reshape(3, 12, SIZE, SIZE).mean(axis=0) * 0.1
    expected[:, 0, 0] = np.nan
    np.testing.assert_allclose(made, expected, rtol=1e-5)
    assert result.unit == "mm"
    assert [row[0] for row in result.table.rows] == [f"{month:02d}" for month in range(1, 13)]


def test_a_file_with_another_number_of_months_is_refused(folder, degrees, tmp_path):
    write_peng(folder / "pre_2021.nc", monthly_rain()[:11])
    with pytest.raises(InputError, match="has 11 bands, but its name says 12 steps"):
        run(folder, degrees, tmp_path)


@pytest.mark.parametrize(("name", "warned"), [("pre_2021.nc", False), ("pre_2020.nc", True)])
def test_a_name_that_contradicts_the_time_axis_is_told(folder, degrees, tmp_path, name, warned):
    write_peng(folder / name, monthly_rain())
    told = Told()
    result, _, _ = run(folder, degrees, tmp_path, told)
    assert result.years == (int(name[4:8]),)
    assert ["its time axis begins in 2021" in text for text in told.warnings] == [True] * warned


def test_rates_are_summed_over_the_days_of_their_months(folder, degrees, tmp_path):
    rain = np.full((12, SIZE, SIZE), 0.002, "f4")  # metres a day
    start = [(date(2020, month, 1) - date(1970, 1, 1)).days * 86400 for month in range(1, 13)]
    write_netcdf(
        folder / "data_stream-moda_stepType-avgad.nc", "tp", rain, times=start, units="seconds since 1970-01-01",
        top_left=(100, 30), cell=1 / 120, attributes={"units": "m"}, names=("valid_time", "latitude", "longitude"),
    )  # fmt: skip
    _, (made,), _ = run(folder, degrees, tmp_path, layer="tp")
    np.testing.assert_allclose(made, 2 * 366, rtol=1e-6)


def test_turned_rasters_of_millimetres_an_hour(folder, tmp_path):
    random = np.random.default_rng(1)
    rain = random.uniform(0.01, 0.4, (12, 6, 9)).astype("f4")
    for month in range(1, 13):
        name = f"3B-MO.MS.MRG.3IMERG.2021{month:02d}01-S000000-E235959.{month:02d}.V07B.HDF5"
        write_netcdf(
            folder / name, "precipitation", rain[month - 1 : month], times=[0], units="seconds since 1970-01-01",
            top_left=(100, 30), cell=0.1, nodata=-9999.9, group="Grid", turned=True,
        )  # fmt: skip
    study = write_tif(tmp_path / "study.tif", np.zeros((6, 9), "u1"), "EPSG:4326", (100, 30), 0.1, nodata=255)
    _, (made,), _ = run(folder, str(study), tmp_path)
    days = np.array([(date(2021 + m // 12, m % 12 + 1, 1) - date(2021, m, 1)).days for m in range(1, 13)])
    np.testing.assert_allclose(made, (rain * 24 * days[:, None, None]).sum(axis=0), rtol=1e-5)


# classes and counts


def test_classes_keep_their_codes_and_take_the_most_frequent_where_the_grid_is_coarser(folder, tmp_path):
    albers = "+proj=aea +lat_1=25 +lat_2=47 +lon_0=105 +datum=WGS84 +units=m +no_defs"
    codes = np.array([[1, 1, 2, 2], [1, 4, 0, 0], [8, 8, 5, 9], [8, 2, 5, 5]], "u1")
    write_tif(folder / "CLCD_v01_2020_albert.tif", codes, albers, (9e5, 4.3e6), 30)
    study = write_tif(tmp_path / "study.tif", np.zeros((2, 2), "u1"), albers, (9e5, 4.3e6), 60, nodata=255)
    _, (made,), _ = run(folder, str(study), tmp_path)
    assert made.tolist() == [[1, 2], [8, 5]]
    dataset = gdal.Open(str(tmp_path / "out.tif"))
    band = dataset.GetRasterBand(1)
    assert band.GetRasterColorTable() is not None  # asked first: GDAL 3.6 reads the side file on its way
    assert band.GetCategoryNames()[8] == "Impervious"


def test_a_year_whose_file_covers_a_part_of_the_study_is_told(folder, tmp_path):
    codes = np.full((10, 10), 2, "u1")
    write_tif(folder / "CLCD_v01_2015.tif", codes, "EPSG:4326", (100, 30), 0.001)
    write_tif(folder / "CLCD_v01_2020.tif", codes[:, :4], "EPSG:4326", (100, 30), 0.001)
    study = write_tif(tmp_path / "study.tif", np.zeros((10, 10), "u1"), "EPSG:4326", (100, 30), 0.001, nodata=255)
    told = Told()
    _, made, _ = run(folder, str(study), tmp_path, told)
    assert np.isfinite(made).mean(axis=(1, 2)).tolist() == [1, 0.4]
    (warning,) = told.warnings
    assert warning.startswith("2020: the files cover 40 % of the study area")


def test_a_code_that_the_scheme_lacks_is_refused_with_its_pixels(folder, tmp_path):
    codes = np.full((4, 4), 2, "u1")
    codes[0, :3] = 77
    write_tif(folder / "CLCD_v01_2020.tif", codes, "EPSG:4326", (100, 30), 0.001)
    study = write_tif(tmp_path / "study.tif", np.zeros((4, 4), "u1"), "EPSG:4326", (100, 30), 0.001, nodata=255)
    with pytest.raises(InputError, match=r"lacks: 77 \(3 px\)"):
        run(folder, str(study), tmp_path)


def test_people_are_neither_lost_nor_made_on_a_coarser_grid(folder, tmp_path):
    people = np.random.default_rng(3).uniform(0, 9, (24, 24)).astype("f4")
    people[:2] = -99999
    write_tif(folder / "chn_ppp_2020.tif", people, "EPSG:4326", (105.0, 30.0), 1 / 1200, nodata=-99999)
    study = write_tif(
        tmp_path / "study.tif", np.zeros((12, 12), "u1"), "EPSG:32648", (499500, 3320000), 400, nodata=255
    )
    _, (density,), _ = run(folder, str(study), tmp_path)
    total = np.nansum(density) * 0.4 * 0.4
    assert total == pytest.approx(people[2:].sum(), rel=1e-3)


def test_tiles_of_two_utm_zones_meet_on_the_grid(folder, tmp_path):
    for zone, left in ((48, 760_000), (49, 200_000)):
        codes = np.full((80, 80), zone - 38 if zone == 48 else 20, "u1")
        codes[:, :2] = 0  # slanted edges are filled with 0
        write_tif(folder / f"N{zone}_30_2020LC030.tif", codes, f"EPSG:326{zone}", (left, 3_330_000), 500)
    study = write_tif(tmp_path / "study.tif", np.zeros((20, 90), "u1"), "EPSG:4326", (107.8, 30.0), 0.005, nodata=255)
    _, (made,), _ = run(folder, str(study), tmp_path)
    assert set(np.unique(made[~np.isnan(made)])) == {10, 20}
    assert np.isnan(made).mean() < 0.2


def test_facts_without_a_source_are_asked(folder, tmp_path, degrees):
    npp = np.full((SIZE, SIZE), 4000, "i2")
    npp[0, 0] = -1
    write_tif(folder / "npp2010.tif", npp, "EPSG:4326", (100, 30), 1 / 120)
    with pytest.raises(InputError, match="its scale stands in no source.*SCALE"):
        run(folder, degrees, tmp_path, product="china_npp")
    decided = Decisions(scale=0.1, fills=(-1.0,))
    _, (made,), _ = run(folder, degrees, tmp_path, product="china_npp", decisions=decided)
    assert np.isnan(made[0, 0]) and made[1, 1] == pytest.approx(400)


def write_era5(path, variable, year, value):
    start = [(date(year, month, 1) - date(1970, 1, 1)).days * 86400 for month in range(1, 13)]
    write_netcdf(
        path, variable, np.full((12, SIZE, SIZE), value, "f4"), times=start, units="seconds since 1970-01-01",
        top_left=(100, 30), cell=1 / 120, names=("valid_time", "latitude", "longitude"),
    )  # fmt: skip
    return path


def test_files_whose_names_tell_no_time_are_all_read(folder, degrees, tmp_path):
    """Orders of two years, each a zip that holds a file of the same name, and rain beside temperature."""
    for year, value in ((2001, 0.001), (2002, 0.003)):
        inner = write_era5(tmp_path / f"{year}.nc", "tp", year, value)
        with zipfile.ZipFile(folder / f"{year}.zip", "w") as packed:
            packed.write(inner, "data_stream-moda.nc")
    write_era5(folder / "data_stream-moda_stepType-avgua.nc", "t2m", 2001, 290)
    _, made, _ = run(folder, degrees, tmp_path, layer="tp")
    np.testing.assert_allclose(made[:, 0, 0], [365, 3 * 365], rtol=1e-5)


def test_a_month_that_two_files_hold_is_told(folder, degrees, tmp_path):
    for name in ("data_stream-moda.nc", "data_stream-moda_stepType-avgad.nc"):
        write_era5(folder / name, "tp", 2001, 0.001)
    with pytest.raises(InputError, match="both hold 2001-01-01"):
        run(folder, degrees, tmp_path, layer="tp")


def test_a_year_without_any_file_is_told(folder, degrees, tmp_path):
    for year in (2019, 2021):
        write_peng(folder / f"pre_{year}.nc", monthly_rain())
    with pytest.raises(InputError, match="no file of 2020"):
        run(folder, degrees, tmp_path, years=(2019, 2020, 2021))


def test_a_month_without_any_band_is_told(folder, degrees, tmp_path):
    start = [(date(2001, month, 1) - date(1970, 1, 1)).days * 86400 for month in range(1, 13) if month != 6]
    write_netcdf(
        folder / "data_stream-moda.nc", "tp", np.full((11, SIZE, SIZE), 0.001, "f4"), times=start,
        units="seconds since 1970-01-01", top_left=(100, 30), cell=1 / 120,
        names=("valid_time", "latitude", "longitude"),
    )  # fmt: skip
    with pytest.raises(InputError, match="no file of 2001-06"):
        run(folder, degrees, tmp_path, layer="tp", step="month")


@pytest.mark.parametrize("high, year", [(120.0, 1440.0), (20.0, None)])
def test_floats_in_place_of_tenths_are_not_scaled_again(folder, degrees, tmp_path, high, year):
    """120 can be mm and no tenths; 20 is little either way, so the user is asked."""
    months = np.full((12, SIZE, SIZE), high, "f4")
    write_netcdf(folder / "pre_2021.nc", "pre", months, times=range(12), units="months since 2021-01-15",
                 top_left=(100, 30), cell=1 / 120, nodata=-32768, attributes={"units": "mm"})  # fmt: skip
    if year is None:
        with pytest.raises(InputError, match="Say STATE raw or scaled"):
            run(folder, degrees, tmp_path)
    else:
        np.testing.assert_allclose(run(folder, degrees, tmp_path)[1], year, rtol=1e-6)
    _, (made,), _ = run(folder, degrees, tmp_path, decisions=Decisions(state="scaled"))
    np.testing.assert_allclose(made, 12 * high, rtol=1e-6)


def test_steps_as_modistsp_writes_them(folder, study, tmp_path):
    """Its names tell year and day of year; its numbers are NDVI, not ten thousandths of it."""
    for day, value in ((1, 0.3), (17, 0.6), (33, 0.5)):
        path = folder / f"MOD13A1_NDVI_2021_{day:03d}.tif"
        write_tif(path, np.full((SIZE, SIZE), value, "f4"), SINUSOIDAL, modis_corner(28, 5), PIXEL, nodata=32767)
    told = Told()
    result, (made,), _ = run(folder, study, tmp_path, told)
    np.testing.assert_allclose(made, 0.6, rtol=1e-6)
    assert result.used == 3 and any("taken as scaled" in info for info in told.infos)
