"""Years by the calendar: totals, rates, states, leap years, the wettest day, and times that do not fit."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from osgeo import gdal, ogr, osr

from ecoassets.core.errors import InputError
from ecoassets.core.prepare.climate.run import ClimateInputs, ClimateOutputs, run_annual_climate
from ecoassets.core.prepare.climate.units import UNITS, unit_of, units_declared
from ecoassets.core.progress import Progress
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.tests.downloads import write_netcdf
from ecoassets.tests.rasters import read_raster, write_raster

DAYS_2000 = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


class Heard(Progress):
    def __init__(self):
        self.told = []

    def info(self, message):
        self.told.append(str(message))

    warn = info


@pytest.fixture
def reference(tmp_path):
    return write_raster(tmp_path / "land.tif", np.ones((8, 8)))


def monthly(path, values, pixel=200.0):
    return write_raster(path, [np.full((4, 4), value) for value in values], "float32", pixel=pixel, nodata=-99)


def annual(reference, tmp_path, rasters, quantity, unit, progress=None, **how):
    outputs = ClimateOutputs(str(tmp_path / "annual.tif"), how.pop("months", ""), how.pop("wettest", ""))
    inputs = ClimateInputs(rasters, reference, quantity, unit, **how)
    result = run_annual_climate(inputs, outputs, progress=progress or Progress())
    return result, read_raster(outputs.annual)


def test_totals_of_months_add_up(tmp_path, reference):
    rain = monthly(tmp_path / "rain.tif", range(1, 25))
    result, found = annual(reference, tmp_path, [rain], "total", "tenth_mm", first="2000-01")
    assert found[:, 0, 0] == pytest.approx([7.8, 22.2])
    assert [(row.year, row.steps, row.days) for row in result.rows] == [(2000, 12, 366), (2001, 12, 365)]


def test_rates_count_the_days_of_each_month_of_a_leap_year(tmp_path, reference):
    """ERA5-Land: metres per day. A month read as a sum would be a thirtieth."""
    rate = np.arange(1, 13) / 1000
    path = monthly(tmp_path / "tp.tif", rate)
    _, found = annual(reference, tmp_path, [path], "rate", "metres_day", first="2000-01")
    assert found[0, 0, 0] == pytest.approx(float(np.dot(rate * 1000, DAYS_2000)), rel=1e-6)


def test_a_state_is_weighed_by_days_and_kelvin_becomes_celsius(tmp_path, reference):
    kelvin = 273.15 + np.arange(12)
    months = str(tmp_path / "months.tif")
    path = monthly(tmp_path / "t.tif", kelvin)
    result, found = annual(reference, tmp_path, [path], "state", "kelvin", first="2000-01", months=months)
    assert found[0, 0, 0] == pytest.approx(np.average(np.arange(12), weights=DAYS_2000), abs=1e-4)
    assert result.unit == "°C"
    assert read_raster(months)[:, 3, 3] == pytest.approx(np.arange(12), abs=1e-4)


def test_the_wettest_day_and_months_of_days(tmp_path, reference):
    rain = np.ones(365)
    rain[200] = 88
    wettest, months = str(tmp_path / "wet.tif"), str(tmp_path / "months.tif")
    path = monthly(tmp_path / "daily.tif", rain)
    _, found = annual(
        reference, tmp_path, [path], "total", "mm", first="2001-01-01", step="day", wettest=wettest, months=months
    )
    assert found[0, 0, 0] == pytest.approx(364 + 88)
    assert read_raster(wettest)[0, 0, 0] == 88
    assert read_raster(months)[:2, 0, 0] == pytest.approx([31, 28])
    assert read_raster(months)[date(2001, 7, 20).month - 1, 0, 0] == pytest.approx(30 + 88)


def test_the_last_of_eight_days_has_five(tmp_path, reference):
    path = monthly(tmp_path / "et.tif", np.ones(46))
    _, found = annual(reference, tmp_path, [path], "rate", "mm_day", first="2001-01-01", step="8day")
    assert found[0, 0, 0] == pytest.approx(365)


def test_a_month_without_value_leaves_the_year_without(tmp_path, reference):
    bands = [np.ones((4, 4)) for _ in range(12)]
    bands[6][0, 0] = -99
    path = write_raster(tmp_path / "rain.tif", bands, "float32", pixel=200.0, nodata=-99)
    _, found = annual(reference, tmp_path, [path], "total", "mm", first="2000-01")
    assert np.isnan(found[0, 0, 0]) and found[0, 7, 7] == 12


def test_a_year_that_is_not_whole_is_left_out_and_told(tmp_path, reference):
    heard = Heard()
    path = monthly(tmp_path / "rain.tif", np.ones(18))
    result, _ = annual(reference, tmp_path, [path], "total", "mm", heard, first="2000-01")
    assert [row.year for row in result.rows] == [2000]
    assert any("2001 is not whole: 6 of 12" in told and "left out" in told for told in heard.told)


def test_a_raster_much_coarser_than_the_study(tmp_path, reference):
    """A pixel of 20 km over a study of 800 m."""
    path = write_raster(
        tmp_path / "rain.tif", [np.full((3, 3), 10.0)] * 12, "float32", pixel=20_000.0, nodata=-99,
        top_left=(480_000, 4_020_000),
    )  # fmt: skip
    from osgeo import gdal

    left, _, _, top, _, _ = gdal.Open(reference).GetGeoTransform()
    path = write_raster(
        tmp_path / "rain.tif", [np.full((3, 3), 10.0)] * 12, "float32", pixel=20_000.0, nodata=-99,
        top_left=(left - 25_000, top + 25_000),
    )  # fmt: skip
    _, found = annual(reference, tmp_path, [path], "total", "mm", first="2000-01")
    assert found[0] == pytest.approx(120)


def months_of(folder, name, order=range(1, 13)):
    """A file of 10 x month mm for each month, in an order."""
    return [monthly(folder / name.format(month), [10.0 * month]) for month in order]


@pytest.mark.parametrize(
    ("name", "order", "first", "words"),
    [
        ("p_2000_{}.tif", [1, 10, 11, 12, *range(2, 10)], "2000-01", "p_2000_10.tif that of 2000-02-01"),
        ("p_2000{:02d}.tif", range(12, 0, -1), "2000-01", "order p_200001.tif, p_200002.tif"),
        ("p_2000-{:02d}-01.tif", range(1, 13), "2010-01", "FIRST is 2000-01"),
        ("p_{}.tif", [1, 10, 11, 12, *range(2, 10)], "2000-01", "Give them as p_1.tif, p_2.tif"),
    ],
)
def test_names_that_contradict_the_order_stop(tmp_path, reference, name, order, first, words):
    with pytest.raises(InputError, match=words):
        annual(reference, tmp_path, months_of(tmp_path, name, order), "total", "mm", first=first)
    assert not (tmp_path / "annual.tif").exists()


@pytest.mark.parametrize("name", ["p_2000_{}.tif", "p_2000{:02d}.tif", "p_{}.tif", "v2019_01_p_2000-{:02d}.tif"])
def test_names_that_agree_with_the_order_pass(tmp_path, reference, name):
    _, found = annual(reference, tmp_path, months_of(tmp_path, name), "total", "mm", first="2000-01")
    assert found[0, 0, 0] == pytest.approx(780)


def in_degrees(path, values, units="mm", times=range(12), since="months since 2021-01-15"):
    """CF without a grid mapping: 4 x 4 pixels of 0.1 degrees."""
    bands = np.array(values, "f4")[:, np.newaxis, np.newaxis] * np.ones((1, 4, 4), "f4")
    return str(
        write_netcdf(
            path, "pre", bands, times=list(times), units=since, top_left=(10, 30), cell=0.1,
            attributes={"units": units}, nodata=-9999,
        )
    )  # fmt: skip


@pytest.fixture
def land(tmp_path):
    return write_raster(tmp_path / "degrees.tif", np.ones((4, 4)), pixel=0.1, top_left=(10, 30), epsg=4326)


def test_latitudes_and_longitudes_without_a_crs_are_taken_as_wgs84(tmp_path, land):
    heard = Heard()
    _, found = annual(land, tmp_path, [in_degrees(tmp_path / "p.nc", [10] * 12)], "total", "mm", heard)
    assert found == pytest.approx(120)
    assert any("p.nc" in told and "EPSG:4326 is assumed" in told for told in heard.told)


@pytest.mark.parametrize(
    ("units", "quantity", "unit"),
    [("mm", "total", "tenth_mm"), ("m", "total", "mm"), ("0.1 mm", "total", "mm"), ("mm/day", "total", "mm"),
     ("kg m-2 s-1", "rate", "mm_day"), ("K", "state", "celsius"), ("inch", "total", "mm")],
)  # fmt: skip
def test_a_unit_that_contradicts_the_file_stops(tmp_path, land, units, quantity, unit):
    path = in_degrees(tmp_path / "p.nc", [10] * 12, units)
    with pytest.raises(InputError, match=f"declares the unit {units}, and UNIT is {unit}"):
        annual(land, tmp_path, [path], quantity, unit)


@pytest.mark.parametrize(
    ("declared", "step", "scaled", "units"),
    [
        ("kg m**-2 s**-1", "month", False, ("kg_m2_s",)),
        ("mm day^-1", "day", False, ("mm_day", "mm")),
        ("0.1 mm", "month", True, ("tenth_mm", "mm")),
        ("m", "month", False, ("metres", "metres_day")),
        ("furlong", "month", False, None),
    ],
)
def test_units_as_files_write_them(declared, step, scaled, units):
    assert units_declared(declared, step, scaled) == units


def test_totals_that_no_land_has_stop(tmp_path, reference):
    path = monthly(tmp_path / "rain.tif", [10] * 11 + [1e20])
    with pytest.raises(InputError, match="fill values"):
        annual(reference, tmp_path, [path], "total", "mm", first="2000-01")
    assert not (tmp_path / "annual.tif").exists()


def test_totals_that_are_unusual_are_told(tmp_path, reference):
    """780 mm given in tenths, and read as mm."""
    heard = Heard()
    path = monthly(tmp_path / "rain.tif", [650] * 12)
    annual(reference, tmp_path, [path], "total", "mm", heard, first="2000-01")
    assert any("the mean total is 7800 mm, and 10 to 3500 is usual" in told for told in heard.told)


def test_first_that_contradicts_the_time_axis_stops(tmp_path, land):
    path = in_degrees(tmp_path / "p.nc", [10] * 12)
    with pytest.raises(InputError, match="band 1 of p.nc that of 2001-01-01, and its time axis says 2021-01-01"):
        annual(land, tmp_path, [path], "total", "mm", first="2001-01")
    annual(land, tmp_path, [path], "total", "mm", first="2021-01")


def test_a_day_that_is_there_twice_is_told(tmp_path, land):
    path = in_degrees(tmp_path / "p.nc", [1] * 365, times=[*range(364), 363], since="days since 2021-01-01")
    with pytest.raises(InputError, match="No year is whole. 2021 is not whole: 364 of 365 .* twice 2021-12-30"):
        annual(land, tmp_path, [path], "total", "mm", step="day")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"first": ""}, "Give FIRST"),
        ({"first": "January"}, "FIRST is 'January'"),
        ({"first": "2000-01", "years": (2001,)}, "no bands of 2001"),
        ({"first": "2000-02", "years": (2000,)}, "2000 is not whole: 11 of 12"),
        ({"first": "2000-01", "wettest": "wet.tif"}, "STEP day"),
        ({"first": "2000-01", "unit": "metres_day"}, "QUANTITY is total"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path, reference, how, words):
    path = monthly(tmp_path / "rain.tif", np.ones(12))
    how = {key: str(tmp_path / value) if key == "wettest" else value for key, value in how.items()}
    with pytest.raises(InputError, match=words):
        annual(reference, tmp_path, [path], "total", how.pop("unit", "mm"), **how)
    assert not (tmp_path / "annual.tif").exists()


def test_units_by_hand():
    """1 kg/(m2 s) is 86 400 mm a day; 300 K is 26.85 °C."""
    assert unit_of("kg_m2_s", "rate").times == 86_400
    assert 300 * UNITS["kelvin"].times + UNITS["kelvin"].plus == pytest.approx(26.85)


def test_a_first_day_within_a_month_is_that_of_the_month(tmp_path, reference):
    path = monthly(tmp_path / "rain.tif", np.ones(12))
    result, found = annual(reference, tmp_path, [path], "rate", "mm_day", first="2001-01-15")
    assert found[0, 0, 0] == pytest.approx(365) and result.rows[0].days == 365


def test_a_year_begins_in_january_and_is_there_once(tmp_path, reference):
    path = monthly(tmp_path / "rain.tif", np.ones(2))
    result, found = annual(reference, tmp_path, [path], "rate", "mm_day", first="2001-07", step="year")
    assert [row.days for row in result.rows] == [365, 365] and found[0, 0, 0] == pytest.approx(365)


def test_a_boundary_masks_the_years_on_the_grid_of_the_study(tmp_path, reference):
    """The western half of the study; the rasters' own grid has four times larger pixels."""
    left, _, _, top, _, _ = gdal.Open(reference).GetGeoTransform()
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(32650)
    boundary = str(tmp_path / "west.gpkg")
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(boundary)
    layer = dataset.CreateLayer("west", crs, ogr.wkbPolygon)
    feature = ogr.Feature(layer.GetLayerDefn())
    ring = [(left, top), (left + 400, top), (left + 400, top - 800), (left, top - 800), (left, top)]
    feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON (({', '.join(f'{x} {y}' for x, y in ring)}))"))
    layer.CreateFeature(feature)
    del feature, layer, dataset
    inputs = ClimateInputs([monthly(tmp_path / "rain.tif", np.ones(12))], reference, "total", "mm", first="2001-01")
    outputs = ClimateOutputs(str(tmp_path / "annual.tif"))
    run_annual_climate(inputs, outputs, RasterSettings(boundary=boundary))
    (found,) = read_raster(outputs.annual)
    assert (found[:, :4] == 12).all() and np.isnan(found[:, 4:]).all()


def globe(path, width=36, left=0.0, scale=1.0):
    """Twelve months of the Earth, each column with its longitude from -180 as rain, 10 degrees a pixel and 5 high."""
    middles = (left + 10 * (np.arange(width) + 0.5) + 180) % 360 - 180
    months = np.broadcast_to((200 + middles) / scale, (12, 36, width))
    path = write_raster(path, months, "float32", epsg=4326, pixel=(10, 5), top_left=(left, 90), nodata=-9)
    dataset = gdal.OpenEx(path, gdal.OF_RASTER | gdal.OF_UPDATE)
    for month in range(1, 13):
        dataset.GetRasterBand(month).SetScale(scale)
    dataset.FlushCache()
    return path


@pytest.fixture
def land_from(tmp_path):
    """A study of 8 x 4 cells of 2.5 x 5 degrees from a longitude."""
    return lambda left: write_raster(
        tmp_path / f"land {left}.tif", np.ones((4, 8)), epsg=4326, pixel=(2.5, 5), top_left=(left, 20)
    )


@pytest.mark.parametrize("west", [-100.0, -10.0, 30.0, -180.0])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_longitudes_from_0_to_360_serve_both_sides_of_greenwich(tmp_path, land_from, west, scale):
    """Rain is 200 + longitude a month: between middles of pixels interpolation gives it at any longitude."""
    path = globe(tmp_path / "globe.tif", scale=scale)
    _, found = annual(land_from(west), tmp_path, [path], "total", "mm", first="2001-01")
    middles = west + 2.5 * (np.arange(8) + 0.5)
    inner = middles > -170  # nothing to interpolate with beyond the edge at 180
    assert found[0][:, inner] == pytest.approx(np.broadcast_to(12 * (200 + middles), (4, 8))[:, inner], rel=1e-5)
    assert np.isfinite(found).all()


def test_longitudes_beyond_180_alone_are_moved(tmp_path, land_from):
    path = globe(tmp_path / "west.tif", width=10, left=230.0)
    _, found = annual(land_from(-110.0), tmp_path, [path], "total", "mm", first="2001-01")
    assert found[0, 0] == pytest.approx(12 * (200 - 110 + 2.5 * (np.arange(8) + 0.5)), rel=1e-5)
