"""Which raster and band belongs to which year."""

from __future__ import annotations

import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.progress import Progress
from ecoassets.core.raster.reading.series import tell_pairing, yearly_sources
from ecoassets.tests.rasters import write_raster

YEARS = (2000, 2005, 2010)


@pytest.fixture
def rasters(tmp_path):
    """Makes a raster per number, with that many bands."""

    def make(*bands):
        return [write_raster(tmp_path / f"r{i}.tif", [[[1]]] * count) for i, count in enumerate(bands)]

    return make


def files_and_bands(sources):
    return [(source.name, source.path[-6:], source.band) for source in sources]


def test_a_raster_per_year(rasters):
    sources = yearly_sources("npp", rasters(1, 1, 1), YEARS, "NPP", minimum=0, maximum=65_000)
    assert files_and_bands(sources) == [("npp:2000", "r0.tif", 1), ("npp:2005", "r1.tif", 1), ("npp:2010", "r2.tif", 1)]
    assert [source.label for source in sources] == ["NPP 2000", "NPP 2005", "NPP 2010"]
    assert {(source.kind, source.minimum, source.maximum) for source in sources} == {("continuous", 0, 65_000)}


def test_a_band_per_year(rasters):
    sources = yearly_sources("cover", rasters(3), YEARS, "Land cover", kind="classes")
    assert files_and_bands(sources) == [(f"cover:{year}", "r0.tif", band) for band, year in enumerate(YEARS, start=1)]
    assert {source.kind for source in sources} == {"classes"}


def test_one_raster_for_all_years_only_where_that_makes_sense(rasters):
    sources = yearly_sources("rain", rasters(1), YEARS, "Rain", static=True)
    assert files_and_bands(sources) == [("rain", "r0.tif", 1)] * 3
    assert sources[0].label == "Rain"
    with pytest.raises(InputError, match=r"Land cover: one raster of 1 band\(s\) given for 3 year\(s\)"):
        yearly_sources("cover", rasters(1), YEARS, "Land cover")


def test_one_raster_of_one_year_belongs_to_that_year_even_where_it_could_be_static(rasters):
    (source,) = yearly_sources("rain", rasters(1), (2000,), "Rain", static=True)
    assert (source.name, source.label) == ("rain:2000", "Rain 2000")


@pytest.mark.parametrize(
    ("bands", "fault"),
    [
        ([1, 1], r"Land cover: 2 rasters given for 3 year\(s\) \(2000, 2005, 2010\)\. Give one single-band raster per"),
        ([1, 1, 1, 1], r"Land cover: 4 rasters given for 3 year\(s\)"),
        ([2], r"Land cover: one raster of 2 band\(s\) given for 3"),
        ([], r"Land cover: no raster given for 3"),
        ([1, 3, 1], r"Land cover: r1\.tif has 3 bands, but one raster per year was given, so each must have one band"),
    ],
)
def test_what_does_not_fit_is_told(rasters, bands, fault):
    with pytest.raises(InputError, match=fault):
        yearly_sources("cover", rasters(*bands), YEARS, "Land cover", kind="classes")


def test_a_static_series_says_that_one_raster_would_do(rasters):
    with pytest.raises(InputError, match=r", or one raster with one band for all years\.$"):
        yearly_sources("rain", rasters(1, 1), YEARS, "Rain", static=True)


def test_a_missing_raster_is_named(rasters, tmp_path):
    with pytest.raises(InputError, match=r"Cannot open raster Land cover \(.*gone\.tif\)"):
        yearly_sources("cover", [*rasters(1, 1), str(tmp_path / "gone.tif")], YEARS, "Land cover")


def test_the_pairing_is_told(rasters):
    class Log(Progress):
        def info(self, message):
            self.message = message

    log = Log()
    tell_pairing("Land cover", yearly_sources("cover", rasters(3), YEARS, "Land cover"), YEARS, log)
    assert log.message == "Land cover: 2000 = r0.tif band 1; 2005 = r0.tif band 2; 2010 = r0.tif band 3"
