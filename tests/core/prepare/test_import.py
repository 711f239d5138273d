"""Import of a product, against plain numpy: every fill code, quality, days of steps, missing files, editions."""

from __future__ import annotations

import warnings
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.prepare.importing.rules import Decisions
from ecoassets.tests.core.prepare.runs import PIXEL, SIZE, Told, run
from ecoassets.tests.downloads import (
    SINUSOIDAL,
    modis_corner,
    write_hdf4,
    write_hdf5,
    write_tif,
)

CODES_16 = range(32761, 32768)
CODES_UNSIGNED = range(65529, 65536)
CODES_BYTE = range(249, 256)


def tile_name(product: str, first: date, tile: str = "h28v05", made: str = "2022020135800") -> str:
    return f"{product}.A{first.year}{first.timetuple().tm_yday:03d}.{tile}.061.{made}.hdf"


def npp_tile(
    folder: Path,
    year: int,
    npp: np.ndarray,
    percent: np.ndarray | None = None,
    scale: float = 0.0001,
    made="2022020135800",
) -> Path:
    layers = {"Npp_500m": npp.astype("i2"), "Gpp_500m": np.full(npp.shape, 12000, "u2")}
    layers["Gpp_500m"][0, :7] = CODES_UNSIGNED
    layers["Npp_QC_500m"] = np.zeros(npp.shape, "u1") if percent is None else percent.astype("u1")
    attributes = {
        "Npp_500m": {"_FillValue": 32767, "scale_factor": scale},
        "Gpp_500m": {"_FillValue": 65535, "scale_factor": 0.0001},
    }
    return write_hdf4(
        folder / tile_name("MOD17A3HGF", date(year, 1, 1), made=made), "MOD_Grid_MOD17A3H", 28, 5, layers, attributes
    )


def some_npp() -> np.ndarray:
    return (np.arange(SIZE * SIZE).reshape(SIZE, SIZE) * 40 + 500).astype("i2")


def test_annual_npp_without_its_seven_fill_codes(folder, study, tmp_path):
    npp = some_npp()
    npp[0, :7] = CODES_16
    npp_tile(folder, 2020, npp)
    result, (made,), (days,) = run(folder, study, tmp_path)
    expected = np.where(npp > 32700, np.nan, npp * 0.0001 * 1000)
    np.testing.assert_allclose(made, expected, rtol=1e-6)
    assert np.isnan(made).sum() == 7
    np.testing.assert_array_equal(days, np.where(npp > 32700, np.nan, 366))
    row = dict(zip((c.name for c in result.table.columns), result.table.rows[0]))
    assert (row["year"], row["files"], row["steps"], row["plausible"]) == ("2020", 1, 1, "yes")
    assert row["fill_pct"] == pytest.approx(100 * 7 / SIZE**2)
    assert result.unit == "g C/(m2 a)"


def test_annual_gpp_of_the_same_file_has_unsigned_codes(folder, study, tmp_path):
    npp_tile(folder, 2020, some_npp())
    _, (made,), _ = run(folder, study, tmp_path, layer="gpp")
    assert np.isnan(made[0, :7]).all() and np.isnan(made).sum() == 7
    assert np.nanmax(made) == np.nanmin(made) == pytest.approx(1200)


def test_one_pixel_of_fill_does_not_leak_into_averages(folder, tmp_path):
    npp = np.full((SIZE, SIZE), 5000, "i2")
    npp[5, 5] = 32766
    npp_tile(folder, 2020, npp)
    coarse = write_tif(
        tmp_path / "coarse.tif", np.zeros((4, 4), "u1"), SINUSOIDAL, modis_corner(28, 5), PIXEL * 3, nodata=255
    )
    _, (made,), _ = run(folder, str(coarse), tmp_path)
    np.testing.assert_allclose(made, 500, rtol=1e-6)


def test_strict_quality_leaves_out_gap_filled_seasons(folder, study, tmp_path):
    percent = np.arange(SIZE * SIZE).reshape(SIZE, SIZE) % 101
    npp_tile(folder, 2020, some_npp(), percent)
    for level, bad in (("none", percent < 0), ("standard", percent < 0), ("strict", percent > 50)):
        _, (made,), _ = run(folder, study, tmp_path, decisions=Decisions(quality=level))
        np.testing.assert_array_equal(np.isnan(made), bad)


def test_a_scale_that_is_not_the_products_stops_the_run(folder, study, tmp_path):
    npp_tile(folder, 2020, some_npp(), scale=10000.0)
    with pytest.raises(InputError, match="declares the scale 10000, but the product has 0.0001"):
        run(folder, study, tmp_path)
    assert not (tmp_path / "out.tif").exists()
    _, (made,), _ = run(folder, study, tmp_path, decisions=Decisions(scale=0.0001))
    np.testing.assert_allclose(made, some_npp() * 0.1, rtol=1e-6)


def test_of_two_processings_of_one_year_the_newer_is_taken_and_told(folder, study, tmp_path):
    npp_tile(folder, 2020, some_npp(), made="2021001000000")
    npp_tile(folder, 2020, some_npp() + 7, made="2022001000000")
    told = Told()
    result, (made,), _ = run(folder, study, tmp_path, told)
    np.testing.assert_allclose(made, (some_npp() + 7) * 0.1, rtol=1e-6)
    assert any("2021001000000" in text and "newer" in text for text in told.infos)
    assert (result.used, result.skipped) == (1, 1)


@pytest.mark.names_as_written
def test_two_editions_of_one_year_are_for_the_user_to_choose(folder, study, tmp_path):
    npp_tile(folder, 2020, some_npp())
    terra = next(folder.iterdir())
    aqua = folder / terra.name.replace("MOD17", "MYD17")
    aqua.write_bytes(terra.read_bytes())
    with pytest.raises(InputError, match="two editions of one time and place.*EDITION"):
        run(folder, study, tmp_path)
    result, _, _ = run(folder, study, tmp_path, edition="MYD17A3HGF")
    assert [row[0] for row in result.files.rows if row[8]] == [aqua.name]


@pytest.mark.names_as_written
def test_years_are_bands_and_the_layer_is_named_in_the_file(folder, study, tmp_path):
    for year in (2010, 2012):
        npp_tile(folder, year, some_npp() + year)
    result, made, _ = run(folder, study, tmp_path)
    assert result.years == (2010, 2012)
    dataset = gdal.Open(str(tmp_path / "out.tif"))
    assert [dataset.GetRasterBand(n).GetDescription() for n in (1, 2)] == ["2010", "2012"]
    assert dataset.GetRasterBand(1).GetUnitType() == "g C/(m2 a)"
    assert dataset.GetMetadataItem("ECOASSETS_FILES_2012") == tile_name("MOD17A3HGF", date(2012, 1, 1))
    np.testing.assert_allclose(made[1], (some_npp() + 2012) * 0.1, rtol=1e-6)
    with pytest.raises(InputError, match="2011. There are: 2010, 2012"):
        run(folder, study, tmp_path, years=(2011,))


# sums of 8 days


def firsts_of(year: int, every: int = 8) -> list[date]:
    days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    return [date(year, 1, 1) + timedelta(n) for n in range(0, days, every)]


def et_tiles(folder: Path, year: int, leave_out: set[int] = frozenset()) -> np.ndarray:
    stored = []
    for number, first in enumerate(firsts_of(year)):
        et = np.full((SIZE, SIZE), 100 + number, "i2")
        et[0, :7] = CODES_16
        et[1, 1] = 32761 if number < 6 else 200  # 48 of 365 days are missing: more than a tenth
        et[2, 2] = 32767 if number < 4 else 200  # 32 days: less than a tenth
        stored.append(et)
        if number not in leave_out:
            write_hdf4(
                folder / tile_name("MOD16A2GF", first), "MOD_Grid_MOD16A2", 28, 5,
                {"ET_500m": et, "ET_QC_500m": np.full(et.shape, number % 2, "u1")},
                {"ET_500m": {"_FillValue": 32767, "scale_factor": 0.1}},
            )  # fmt: skip
    return np.stack(stored)


@pytest.mark.parametrize("year, days", [(2021, 365), (2020, 366)])
def test_eight_day_sums_are_added_and_scaled_for_missing_days(folder, study, tmp_path, year, days):
    stored = et_tiles(folder, year)
    _, (made,), (valid_days,) = run(folder, study, tmp_path)
    lengths = np.full(46, 8)
    lengths[-1] = days - 45 * 8  # day 361 has 5 days, or 6
    good = stored <= 32700
    total = np.where(good, stored, 0).sum(axis=0) * 0.1
    covered = (good * lengths[:, None, None]).sum(axis=0)
    expected = np.where(covered >= 0.9 * days, total * days / np.maximum(covered, 1), np.nan)
    np.testing.assert_allclose(made, expected, rtol=1e-6)
    assert np.isnan(made[1, 1]) and made[2, 2] == pytest.approx(42 * 20 * days / (days - 32))
    assert valid_days[2, 2] == days - 32


def test_a_year_without_enough_steps_is_refused_with_the_missing_ones(folder, study, tmp_path):
    et_tiles(folder, 2021, leave_out={3, 4, 5, 6, 7})
    with pytest.raises(InputError, match="2021: 41 of 46 steps.*325 of 365 days, missing: 2021-01-25"):
        run(folder, study, tmp_path)
    _, (made,), (days,) = run(folder, study, tmp_path, decisions=Decisions(minimum_valid_pct=80))
    assert days[5, 5] == 325


def test_a_season_takes_the_steps_whose_middle_lies_in_it(folder, study, tmp_path):
    et_tiles(folder, 2021)
    _, (made,), (days,) = run(folder, study, tmp_path, season="06-01..06-30")
    inside = [n for n, first in enumerate(firsts_of(2021)) if (first + timedelta(3)).month == 6]
    assert days[5, 5] == 8 * len(inside)
    assert made[5, 5] == pytest.approx(0.1 * sum(100 + n for n in inside))


# indices


def ndvi_tiles(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    stored, ranks = [], []
    for first in firsts_of(2021, 16):
        ndvi = random.integers(-2000, 10001, (SIZE, SIZE)).astype("i2")
        ndvi[0, 0] = -3000
        rank = random.integers(-1, 4, (SIZE, SIZE)).astype("i1")
        rank[1, 1] = 3
        write_hdf4(
            folder / tile_name("MOD13A1", first), "MODIS_Grid_16DAY_500m_VI", 28, 5,
            {"500m 16 days NDVI": ndvi, "500m 16 days pixel reliability": rank},
            {"500m 16 days NDVI": {"_FillValue": -3000, "scale_factor": 10000.0}},
        )  # fmt: skip
        stored.append(ndvi)
        ranks.append(rank)
    return np.stack(stored), np.stack(ranks)


@pytest.mark.parametrize("level, kept", [("none", (-1, 0, 1, 2, 3)), ("standard", (0, 1)), ("strict", (0,))])
def test_the_highest_ndvi_of_the_year_by_reliability_whatever_scale_the_file_says(folder, study, tmp_path, level, kept):
    stored, ranks = ndvi_tiles(folder)
    told = Told()
    _, (made,), _ = run(folder, study, tmp_path, told, decisions=Decisions(quality=level))
    good = (stored >= -2000) & np.isin(ranks, kept)
    expected = np.where(good.any(axis=0), np.where(good, stored, -9999).max(axis=0) * 0.0001, np.nan)
    np.testing.assert_allclose(made, expected, rtol=1e-6)
    assert any("declares the scale 10000; that of the product is taken: 0.0001" in text for text in told.infos)


@pytest.mark.parametrize("rule", ["mean", "median"])
def test_mean_by_days_and_median(folder, study, tmp_path, rule):
    stored, ranks = ndvi_tiles(folder)
    _, (made,), _ = run(folder, study, tmp_path, decisions=Decisions(annual=rule))
    values = np.where((stored >= -2000) & np.isin(ranks, (0, 1)), stored * 0.0001, np.nan)
    lengths = np.array([16] * 22 + [13])[:, None, None]
    with np.errstate(invalid="ignore"):
        weights = np.where(np.isnan(values), 0, lengths)
        mean = np.nansum(values * weights, axis=0) / weights.sum(axis=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # numpy's word on a pixel without a value
            median = np.nanmedian(values, axis=0)
    expected = mean if rule == "mean" else median
    np.testing.assert_allclose(made, expected, rtol=2e-6, atol=1e-7)


def test_lai_by_the_bits_of_its_quality(folder, study, tmp_path):
    lai = np.full((SIZE, SIZE), 30, "u1")
    lai[0, :7] = CODES_BYTE
    quality = np.zeros((SIZE, SIZE), "u1")
    quality[1, :8] = np.arange(8) << 5  # bits 5 to 7: 4 was not produced
    quality[2, :4] = np.arange(4) << 3  # bits 3 and 4: cloud
    write_hdf4(
        folder / tile_name("MOD15A2H", date(2021, 6, 2)), "MOD_Grid_MOD15A2H", 28, 5,
        {"Lai_500m": lai, "FparLai_QC": quality}, {"Lai_500m": {"_FillValue": 255, "scale_factor": 0.1}},
    )  # fmt: skip
    _, (standard,), _ = run(folder, study, tmp_path)
    assert np.isnan(standard[0, :7]).all() and np.isnan(standard[1]).tolist() == [False] * 4 + [True] * 4 + [False] * 4
    assert np.nanmax(standard) == np.nanmin(standard) == pytest.approx(3)
    _, (strict,), _ = run(folder, study, tmp_path, decisions=Decisions(quality="strict"))
    assert np.isnan(strict[1, :8]).tolist() == [False] * 2 + [True] * 6
    assert np.isnan(strict[2, :4]).tolist() == [False, True, True, False]


# tiles and containers


def test_a_missing_tile_leaves_its_part_empty_and_the_other_in_place(folder, tmp_path):
    npp_tile(folder, 2020, some_npp())
    left, top = modis_corner(28, 5)
    wide = write_tif(
        tmp_path / "wide.tif",
        np.zeros((SIZE, 2 * SIZE), "u1"),
        SINUSOIDAL,
        (left - SIZE * PIXEL, top),
        PIXEL,
        nodata=255,
    )
    _, (made,), _ = run(folder, str(wide), tmp_path)
    assert np.isnan(made[:, :SIZE]).all()
    np.testing.assert_allclose(made[:, SIZE:], some_npp() * 0.1, rtol=1e-6)


def test_a_viirs_tile_gets_its_place_from_the_structure(folder, study, tmp_path):
    for first in firsts_of(2020):
        ndvi = np.full((SIZE, SIZE), 6000, "i2")
        ndvi[0, :2] = (-15000, -13000)
        name = f"VNP13A1.A2020{first.timetuple().tm_yday:03d}.h28v05.002.2023012345678.h5"
        write_hdf5(
            folder / name, "VIIRS_Grid_16Day_VI_500m", 28, 5, {"500 m 16 days NDVI": ndvi, "500 m 16 days EVI": ndvi}
        )
    _, (made,), _ = run(folder, study, tmp_path)
    assert np.isnan(made[0, :2]).all() and np.isnan(made).sum() == 2
    assert np.nanmax(made) == np.nanmin(made) == pytest.approx(0.6)


def test_an_appeears_raster_has_its_scale_where_gdal_does_not_look(folder, study, tmp_path):
    npp = some_npp()
    npp[0, :7] = CODES_16
    meta = {"scale_factor": "0.0001", "add_offset": "0", "units": "kg C/m^2"}
    write_tif(
        folder / "MOD17A3HGF.061_Npp_500m_doy2010001_aid0001.tif",
        npp,
        SINUSOIDAL,
        modis_corner(28, 5),
        PIXEL,
        32767,
        meta,
    )
    percent = np.where(some_npp() > 5000, 80, 0).astype("u1")
    write_tif(
        folder / "MOD17A3HGF.061_Npp_QC_500m_doy2010001_aid0001.tif",
        percent,
        SINUSOIDAL,
        modis_corner(28, 5),
        PIXEL,
        255,
    )
    _, (made,), _ = run(folder, study, tmp_path, decisions=Decisions(quality="strict"))
    expected = np.where((npp > 32700) | (percent > 50), np.nan, npp * 0.1)
    np.testing.assert_allclose(made, expected, rtol=1e-6)


@pytest.mark.parametrize("stored, state", [(some_npp(), "raw"), (some_npp() * np.float32(0.0001), "scaled")])
def test_an_earth_engine_export_is_told_by_its_numbers_and_asks_about_zero(folder, study, tmp_path, stored, state):
    values = stored.copy()
    values[3, 3] = 0
    write_tif(folder / "MOD17A3HGF_2010.tif", values, SINUSOIDAL, modis_corner(28, 5), PIXEL)
    with pytest.raises(InputError, match="0 for masked pixels.*FILLS"):
        run(folder, study, tmp_path, product="mod17a3hgf", layer="npp")
    told = Told()
    decided = Decisions(fills=(0.0,))
    _, (made,), _ = run(folder, study, tmp_path, told, product="mod17a3hgf", layer="npp", decisions=decided)
    assert np.isnan(made[3, 3]) and np.isnan(made).sum() == 1
    assert made[4, 4] == pytest.approx(some_npp()[4, 4] * 0.1, rel=1e-5)
    assert any(f"taken as {state}" in text for text in told.infos)


def test_impossible_values_stop_the_run_and_leave_no_file(folder, study, tmp_path):
    npp_tile(folder, 2020, some_npp())
    with pytest.raises(InputError, match="cannot be"):
        run(folder, study, tmp_path, decisions=Decisions(scale=0.1))
    assert not (tmp_path / "out.tif").exists()


def test_a_cut_without_its_quality_is_told_and_refused_where_it_must_be_strict(folder, study, tmp_path):
    write_hdf4(
        folder / "MOD13A1.A2021001.h28v05.061.2022020135800.hdf", "MODIS_Grid_16DAY_500m_VI", 28, 5,
        {"500m 16 days NDVI": np.full((SIZE, SIZE), 5000, "i2")}, {},
    )  # fmt: skip
    told = Told()
    _, made, _ = run(folder, study, tmp_path, told, layer="ndvi")
    np.testing.assert_allclose(made, 0.5, rtol=1e-6)
    assert any("1 steps have no layer of quality" in warning for warning in told.warnings)
    with pytest.raises(InputError, match="Order it, too, or choose QUALITY standard"):
        run(folder, study, tmp_path, layer="ndvi", decisions=Decisions(quality="strict"))
