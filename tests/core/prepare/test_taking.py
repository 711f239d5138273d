"""Products in place of rasters: what is imported, what is read as it stands, and what is refused with a way out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.prepare.taking import Asked, bring, place_of_text, take
from ecoassets.tests.core.prepare.runs import Told
from ecoassets.tests.downloads import write_hdf4, write_netcdf, write_tif
from ecoassets.tests.rasters import read_raster

NPP = "MOD17A3HGF.A{year}001.h28v05.061.2022020135800.hdf"


@pytest.fixture
def rain(folder: Path) -> str:
    """Months of 1 mm, 2 mm, ... 12 mm, stored in tenths, with a hole."""
    months = np.repeat(np.arange(10, 130, 10, dtype="i2"), 16).reshape(12, 4, 4)
    months[:, 0, 0] = -32768
    return _months(folder / "pre_2020.nc", months)


def _months(path: Path, months: np.ndarray) -> str:
    write_netcdf(
        path, "pre", months, times=range(12), units="months since 2020-01-15", top_left=(100, 30), cell=1 / 120
    )
    return str(path)


@pytest.fixture
def npp(folder: Path) -> Path:
    for year, stored in ((2010, 4000), (2012, 5000)):
        values = np.full((3, 3), stored, "i2")
        values[0] = 32761, 32766, 32767
        layers = {"Npp_500m": values, "Npp_QC_500m": np.zeros((3, 3), "u1")}
        facts = {"Npp_500m": {"_FillValue": 32767, "scale_factor": 0.0001}}
        write_hdf4(folder / NPP.format(year=year), "MOD_Grid_MOD17A3H", 28, 5, layers, facts)
    return folder


def _brought(text: str, asked: Asked, tmp_path: Path, told: Told | None = None) -> np.ndarray:
    place = place_of_text(text)
    assert place is not None
    return read_raster(bring(take(place, asked), asked, str(tmp_path), told or Told()))


def test_rain_of_a_year_in_millimetres(rain, tmp_path):
    made = _brought(f"{rain}|pre", Asked("PRECIPITATION", "precipitation"), tmp_path)
    assert np.isnan(made[0, 0, 0])
    assert made[0, 1, 1] == pytest.approx(78)  # 1 + 2 + ... + 12


def test_rain_by_month_where_months_are_asked_for(rain, tmp_path):
    made = _brought(f"{rain}|pre", Asked("PRECIPITATION", "precipitation_month"), tmp_path)
    np.testing.assert_allclose(made[:, 1, 1], range(1, 13), rtol=1e-6)


def test_the_gdal_name_of_a_layer_is_imported_as_its_file(rain, tmp_path):
    made = _brought(f'NETCDF:"{rain}":pre', Asked("PRECIPITATION", "precipitation"), tmp_path)
    assert made[0, 1, 1] == pytest.approx(78)


def test_a_folder_of_one_product_is_its_years(npp, tmp_path):
    asked = Asked("NPP", "npp")
    path = bring(take(place_of_text(str(npp)), asked), asked, str(tmp_path), Told())
    dataset = gdal.Open(path)
    assert [dataset.GetRasterBand(n).GetDescription() for n in (1, 2)] == ["2010", "2012"]
    made = read_raster(path)
    assert np.isnan(made[:, 0]).all()  # cities, salt and fill
    np.testing.assert_allclose(made[:, 1, 1], [400, 500], rtol=1e-6)  # g C, not kg C


def test_of_a_folder_only_the_years_that_are_asked_for(npp, tmp_path):
    made = _brought(str(npp), Asked("NPP", "npp", years=(2012,)), tmp_path)
    assert made.shape == (1, 3, 3) and made[0, 1, 1] == pytest.approx(500)


def test_without_a_variable_the_layer_that_fits(npp, tmp_path):
    made = _brought(str(npp / NPP.format(year=2010)), Asked("NPP", "npp"), tmp_path)
    assert made[0, 2, 2] == pytest.approx(400)


def test_what_the_catalogue_does_not_know_is_read_as_it_stands(folder, tmp_path):
    path = _months(folder / "rain.nc", np.full((12, 2, 2), 7, "i2"))
    assert _brought(f"{path}|pre", Asked("PRECIPITATION", "precipitation"), tmp_path)[3, 1, 1] == 7


def test_a_layer_that_the_catalogue_lacks_is_told(npp, tmp_path):
    told = Told()
    _brought(f"{npp / NPP.format(year=2010)}|Npp_QC_500m", Asked("RASTERS"), tmp_path, told)
    assert any("does not have this layer" in warning for warning in told.warnings)


def test_longitudes_of_0_to_360_come_from_180_west(folder, tmp_path):
    around = np.tile(np.arange(36, dtype="i2") * 10, (12, 2, 1))
    write_netcdf(
        folder / "pre_2020.nc", "pre", around, times=range(12), units="months since 2020-01-15", top_left=(0, 30),
        cell=10,
    )  # fmt: skip
    asked = Asked("RASTERS")
    path = bring(take(place_of_text(f"{folder / 'pre_2020.nc'}|pre"), asked), asked, str(tmp_path), Told())
    assert gdal.Open(path).GetGeoTransform()[0] == pytest.approx(-180)
    # columns 18 to 35 lie west of Greenwich, then 0 to 17; a year is 12 months of tenths
    np.testing.assert_allclose(read_raster(path)[0, 0], np.r_[18:36, 0:18] * 12, rtol=1e-6)


@pytest.mark.parametrize(
    "variable, asked, told",
    [
        ("prx", Asked("PRECIPITATION", "precipitation"), "has no variable 'prx'. It has: pre"),
        ("", Asked("DEM", "elevation"), "holds Precipitation, and DEM takes: Elevation"),
        ("pre", Asked("STORM_RAINFALL", "storm_rainfall"), "holds Precipitation, and STORM_RAINFALL takes"),
    ],
)
def test_what_does_not_fit_is_refused(rain, variable, asked, told):
    with pytest.raises(InputError, match=told):
        take(place_of_text(f"{rain}|{variable}" if variable else rain), asked)


def test_a_folder_of_two_products_asks_which(npp, rain):
    with pytest.raises(InputError, match="which layer is meant for RASTERS"):
        take(place_of_text(str(npp)), Asked("RASTERS"))


def test_several_years_where_one_raster_is_asked_for(npp, tmp_path):
    with pytest.raises(InputError, match=r"2 bands \(2010, 2012\), and NPP takes one"):
        _brought(str(npp), Asked("NPP", "npp", several=False), tmp_path)


def test_months_that_are_missing_are_no_year(folder, tmp_path):
    write_netcdf(
        folder / "pre_2020.nc", "pre", np.ones((5, 2, 2), "i2"), times=range(5), units="months since 2020-01-15",
        top_left=(100, 30), cell=1 / 120,
    )  # fmt: skip
    with pytest.raises(InputError, match=r"pre_2020.nc\|pre: .* bring it in with importproduct"):
        _brought(f"{folder / 'pre_2020.nc'}|pre", Asked("PRECIPITATION", "precipitation"), tmp_path)


def test_plain_rasters_and_layers_are_left_to_others(folder):
    path = write_tif(folder / "npp.tif", np.ones((2, 2), "f4"), "EPSG:4326", (100, 30), 0.01)
    for text in (str(path), f"{folder}/none.nc|pre", f"{folder}/a.gpkg|layername=zones", "some layer"):
        assert place_of_text(text) is None


def test_scenes_are_not_taken_for_values(folder):
    (folder / "LC08_L2SP_123032_20200601_20200824_02_T1_MTL.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="scenecomposite"):
        take(place_of_text(str(folder / "LC08_L2SP_123032_20200601_20200824_02_T1_MTL.txt")), Asked("NDVI", "ndvi"))


def test_a_file_of_one_layer_has_no_other(folder, tmp_path):
    """GDAL opens it as a raster and does not say what it is called."""
    path = folder / NPP.format(year=2010)
    write_hdf4(path, "MOD_Grid_MOD17A3H", 28, 5, {"Npp_500m": np.full((3, 3), 4000, "i2")}, {})
    assert _brought(f"{path}|Npp_500m", Asked("NPP", "npp"), tmp_path)[0, 0, 0] == pytest.approx(400)
    with pytest.raises(InputError, match="has no layer .*Gpp.* It has: Npp_500m|has no variable"):
        take(place_of_text(f"{path}|Gpp_500m"), Asked("RASTERS"))
