"""Years: what names, bands, tags and time axes tell, against the years for which rasters are given."""

from __future__ import annotations

import re

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.inputs.finding import Place, Refused
from ecoassets.core.inputs.gate import Gate
from ecoassets.core.inputs.record import recorded
from ecoassets.core.inputs.years import check_acquisition, evidence_of, told_years, years_in, years_of
from ecoassets.core.progress import QUIET
from ecoassets.core.raster.reading.series import yearly_sources
from ecoassets.tests.rasters import write_raster


@pytest.mark.parametrize(
    ("name", "years"),
    [
        ("land_2015", {2015}),
        ("CNLUCC2015_100m", {2015}),
        ("npp-2015-07-31", {2015}),
        ("rain_201507", {2015}),
        ("MOD13Q1.A2015193.h26v05.061.2021329.NDVI", {2015}),
        ("LC08_L2SP_122036_20150713_20200908_02_T1_SR_B4", {2015}),
        ("S2A_MSIL2A_20200713T024551_N0214_R132_T50SNJ_20220101T000000", {2020}),
        ("npp_CGCS2000_2015", {2015}),
        ("dem_2000m", set()),
        ("wgs1984_slope", set()),
        ("GlobeLand30_v2020", set()),
        ("change_2000_2015", {2000, 2015}),
        ("tile_120200", set()),
        ("soil", set()),
        ("lucc_Beijing_2010", {2010}),
        ("lucc_bj_2000", {2000}),
        ("Xian_2010", {2010}),
        ("中国_bj_2010", {2010}),
        ("canad_1983", {1983}),
        ("lucc_NAD_2010", {2010}),
        ("R_2010", {2010}),
        ("R 2010", {2010}),
        ("R2010", {2010}),
        ("lucc_v_2010", {2010}),
        ("R2990", set()),
        ("D_Beijing_1954_2010", {2010}),
        ("Beijing1954", set()),
        ("lucc_Xian_1980", set()),
        ("lucc_cgcs_2000", set()),
        ("WGS_1984_2010", {2010}),
        ("nad_1983", set()),
        ("ETRS1989_GDA2020_EPSG_2010", set()),
        ("chirps-v2.0.2010", {2010}),
        ("soil_v2020.1", set()),
        ("GHS_POP_E2000_GLOBE_R2023A_54009_100", {2000}),
        ("people_2010_r2015", {2010}),
    ],
)
def test_years_in_names(name, years):
    assert years_in(name) == years


def raster(path, description: str = "", tags: dict | None = None, **of_band) -> str:
    path.parent.mkdir(exist_ok=True)
    write_raster(path, np.random.default_rng(len(path.name)).integers(1, 5, (3, 3)))
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.GetRasterBand(1).SetDescription(description)
    dataset.GetRasterBand(1).SetMetadata(of_band)
    dataset.SetMetadata(tags or {})
    dataset = None
    return str(path)


def test_the_nearest_evidence_wins(tmp_path):
    folder = tmp_path / "2001"
    plain = raster(folder / "land.tif")
    assert (evidence_of(plain, 1).year, str(evidence_of(plain, 1).told_by)) == (2001, "folder name")
    named = raster(folder / "land_2002.tif")
    assert evidence_of(named, 1).year == 2002
    assert evidence_of(named, 1, "Land 2003").year == 2003
    tagged = raster(
        folder / "t_2002.tif", tags={"DATE_ACQUIRED": "2004-07-01", "TIFFTAG_DATETIME": "2020:01:01 10:00:00"}
    )
    assert evidence_of(tagged, 1).year == 2004
    timed = raster(
        folder / "n_2002.tif", tags={"time#units": "days since 1990-01-01 00:00:00"}, NETCDF_DIM_time=str(5 * 365 + 2)
    )
    assert evidence_of(timed, 1).year == 1995
    described = raster(folder / "d_2002.tif", "2006|water_supply", tags={"year": "2004"})
    assert str(evidence_of(described, 1).told_by) == "band description"
    assert evidence_of(described, 1).year == 2006
    two = raster(tmp_path / "change_2000_2015.tif")
    assert evidence_of(two, 1) is None


def pass_gate(paths, years, insist=False, label="Land cover") -> list[str]:
    gate = Gate(insist_on_years=insist)
    gate.admit(yearly_sources("land_cover", paths, years, label, kind="classes"))
    with recorded() as record:
        gate.close(QUIET)
    return [finding.told() for finding in record.findings if finding.check == "years"]


def test_crossed_years_stop_the_run_and_propose_the_order(tmp_path):
    files = [raster(tmp_path / f"land_{year}.tif") for year in (2005, 2010, 2000)]
    with pytest.raises(Refused) as refused:
        pass_gate(files, (2000, 2005, 2010))
    assert str(refused.value) == (
        "Land cover (land_2005.tif, land_2010.tif, land_2000.tif): the years are crossed, by the file name: "
        "land_2005.tif 2005 → 2000, land_2010.tif 2010 → 2005, land_2000.tif 2000 → 2010. Give the rasters in the "
        "order of YEARS: 2000 = land_2000.tif, 2005 = land_2005.tif, 2010 = land_2010.tif. If the names are wrong, "
        "tick INSIST_ON_YEARS."
    )
    assert len(pass_gate(files, (2000, 2005, 2010), insist=True)) == 1
    assert pass_gate(sorted(files), (2000, 2005, 2010)) == []


@pytest.mark.parametrize("name", ["lucc_Beijing", "lucc_bj", "Xian", "lucc_v", "R"])
def test_crossed_years_behind_a_word_of_datums_stop_the_run(tmp_path, name):
    files = [raster(tmp_path / f"{name}_{year}.tif") for year in (2010, 2000)]
    with pytest.raises(Refused, match="years are crossed"):
        pass_gate(files, (2000, 2010))
    assert pass_gate(files[::-1], (2000, 2010)) == []


def test_bands_of_one_raster_are_compared_too(tmp_path):
    path = write_raster(tmp_path / "land.tif", np.arange(18).reshape(2, 3, 3))
    dataset = gdal.Open(path, gdal.GA_Update)
    for band, year in ((1, "2015"), (2, "2000")):
        dataset.GetRasterBand(band).SetDescription(year)
    dataset = None
    with pytest.raises(Refused, match="by the band description.*2000 = land.tif band 2, 2015 = land.tif"):
        pass_gate([path], (2000, 2015))
    assert told_years([path]) == (2015, 2000)


def test_bands_that_fall_in_time_come_with_a_mend_that_works(tmp_path):
    path = write_raster(tmp_path / "ndvi.tif", np.arange(54).reshape(6, 3, 3))
    dataset = gdal.Open(path, gdal.GA_Update)
    for band in range(1, 7):
        dataset.GetRasterBand(band).SetDescription(f"NDVI {2007 - band}")
    dataset = None
    years = years_of([path])
    assert years == (2006, 2005, 2004, 2003, 2002, 2001)
    with pytest.raises(Refused, match="Bring the bands in the order of YEARS: 2001 = ndvi.tif band 6") as refused:
        pass_gate([path], tuple(sorted(years)))
    assert "Translate does it with -b 6 -b 5 -b 4 -b 3 -b 2 -b 1 as additional" in str(refused.value)
    options = re.search(r"with ((?:-b \d ?)+)as", str(refused.value))[1]
    mended = str(tmp_path / "mended.tif")
    gdal.Translate(mended, path, options=options)
    assert pass_gate([mended], years_of([mended])) == []


def test_a_raster_of_a_year_nearby_is_told_and_taken(tmp_path):
    files = [raster(tmp_path / f"people_{year}.tif") for year in (2000, 2014)]
    (line,) = pass_gate(files, (2000, 2015))
    assert "rasters are of other years than those for which they are given: people_2014.tif 2014 → 2015" in line


def test_one_raster_for_two_years_is_not_crossed(tmp_path):
    file = raster(tmp_path / "land_2000.tif")
    (line,) = pass_gate([file, file], (2000, 2005))
    assert "land_2000.tif 2000 → 2005" in line


def test_years_that_are_left_open_come_from_the_rasters(tmp_path):
    files = [raster(tmp_path / f"land_{year}.tif") for year in (2005, 2000)]
    assert years_of(files) == (2005, 2000)
    with pytest.raises(InputError, match="YEARS is empty, and nothing tells the year of land.tif"):
        years_of([*files, raster(tmp_path / "land.tif")])
    with pytest.raises(InputError, match="tell the same year twice: 2005, 2005"):
        years_of([files[0], raster(tmp_path / "second_2005.tif")])


def test_metadata_of_another_year_and_of_another_season():
    def told(*dates, insist=False) -> list[tuple[str, str]]:
        places = [(Place("Images", f"{year}.tif", year=year), date) for year, date in dates]
        return [(finding.check, finding.severity) for finding in check_acquisition(places, insist)]

    assert told((2014, "2014-07-09"), (2020, "2020-08-18")) == []
    assert told((2014, "2020-07-18"), (2020, "2014-07-09")) == [("years", "stop")] * 2
    assert told((2014, "2020-07-18"), insist=True) == [("years", "warn")]
    assert told((2014, "2014-03-09"), (2020, "2020-08-18")) == [("season", "warn")]
    assert told((2014, "2014-12-28"), (2020, "2020-01-05")) == [], "the turn of the year is no other season"


def test_the_same_raster_several_times_is_told_as_such(tmp_path):
    path = write_raster(tmp_path / "v.tif", np.ones((2, 2)))
    with pytest.raises(InputError, match=r"YEARS is empty, and v\.tif is given 4 times\. Choose each raster once"):
        years_of([path] * 4)


def test_bands_of_an_image_are_of_the_one_year_of_its_name_or_tag(tmp_path):
    """A raster of several bands is a series elsewhere; images of several bands have a date each."""
    names = ["composite_2020", "LC08_L2SP_123032_20100710_20200909_02_T1", "summer"]
    paths = [write_raster(tmp_path / f"{name}.tif", np.ones((3, 4, 4)), "float32") for name in names]
    tagged = gdal.Open(paths[2], gdal.GA_Update)
    tagged.SetMetadataItem("ECOASSETS_YEAR", "2015")
    tagged = None
    assert told_years(paths, images=True) == (2020, 2010, 2015)
    assert told_years(paths[:1], images=True) == (2020,) and told_years(paths[:1]) == (None, None, None)
    nameless = write_raster(tmp_path / "image.tif", np.ones((3, 4, 4)), "float32")
    with pytest.raises(InputError, match=r"nothing tells the year of image\.tif\."):
        years_of([paths[0], nameless], images=True)
