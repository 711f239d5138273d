"""What values are divided by: means over area and years, of the first year, of each year, or numbers."""

from __future__ import annotations

import math

import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.raster.settings import RasterSettings

FOREST, LAKE, TOWN, NONE = 21, 42, 51, 255
NAN = math.nan
COVER = {2000: [[FOREST, FOREST]], 2005: [[FOREST, FOREST]]}
NPP = {2000: [[100, 300]], 2005: [[400, 800]]}  # means 200 and 600, together 400


@pytest.mark.parametrize(
    ("mode", "references"),
    [("all_years", (400, 400)), ("base_year", (200, 200)), ("per_year", (200, 600))],
)
def test_means(valued, mode, references):
    found = valued(COVER, NPP=NPP, mode=mode)
    assert found.result.references == {"NPP": references}
    # Forest: 15.22 equivalents follow NPP, 7.73 do not; two pixels.
    expected = [(15.22 * 2 * mean / by + 2 * 7.73) * 1000 for mean, by in zip((200, 600), references)]
    assert found.result.totals == pytest.approx(expected, rel=1e-14)


def test_a_reference_per_year_is_warned_of(valued):
    found = valued(COVER, NPP=NPP, mode="per_year")
    assert len(found.heard.warnings) == 1
    assert (
        "References are taken per year: what NPP, rain and soil retention change over time" in found.heard.warnings[0]
    )
    assert valued(COVER, NPP=NPP).heard.warnings == []
    assert valued({2000: [[FOREST]]}, NPP={2000: [[7]]}, mode="per_year").heard.warnings == []


def test_references_are_told(valued):
    facts = valued(COVER, NPP=NPP, PREC=[[400, 800]], references={"PREC": 650.5}).heard.facts
    land = "the mean of 2.00 ha that have a value of it and are valued in every year"
    assert f"Reference of Net primary production: 400, {land}." in facts
    assert "Reference of Precipitation: 650.5, as given." in facts


def test_only_land_that_is_valued_enters_the_mean_of_every_series(valued):
    # NPP is missing in the first pixel, so only the second and third are valued: rain of 400 and 600, not of 200.
    found = valued({2000: [[FOREST] * 3]}, NPP=[[NAN, 10, 30]], PREC=[[200, 400, 600]])
    assert found.result.references == {"NPP": (20,), "PREC": (500,)}


def test_water_that_counts_as_one_enters_no_mean_of_what_it_lacks(valued):
    lake = [[FOREST, LAKE]]
    found = valued({2000: lake}, NPP=[[10, NAN]], PREC=[[200, 400]])
    assert found.result.references == {"NPP": (10,), "PREC": (300,)}
    # Left out, it is not valued at all.
    found = valued({2000: lake}, NPP=[[10, NAN]], PREC=[[200, 400]], water="leave_out")
    assert found.result.references == {"NPP": (10,), "PREC": (200,)}


def test_a_given_number_wins(valued):
    found = valued(COVER, NPP=NPP, references={"NPP": 1000}, mode="per_year")
    assert found.result.references == {"NPP": (1000, 1000)}
    assert found.heard.warnings == []


def test_the_mean_is_weighted_by_area(valued):
    # Rows of one degree at 60 and at 0 degrees north are not neighbours, so the weights come from the result itself.
    grid = {"pixel": 1.0, "top_left": (10.0, 61.0), "epsg": 4326}
    found = valued({2000: [[FOREST], [FOREST]]}, NPP=[[1], [3]], grid=grid)
    both = found.result.area_ha.sum()
    north = valued({2000: [[FOREST], [NONE]]}, grid=grid).result.area_ha.sum()
    assert north < 0.495 * both
    assert found.result.references["NPP"][0] == pytest.approx((north * 1 + (both - north) * 3) / both, rel=1e-14)


def test_only_land_that_counts_enters_the_mean(valued):
    cover = {2000: [[FOREST, NONE, FOREST, TOWN]], 2005: [[FOREST, FOREST, NONE, TOWN]]}
    npp = {2000: [[10, 999, 70, 30]], 2005: [[20, 90, 999, 60]]}
    # Common: the first and the last pixel, (10 + 30 + 20 + 60) / 4; towns belong to the study area.
    assert valued(cover, NPP=npp).result.references["NPP"][0] == pytest.approx(30, rel=1e-14)
    # Yearly: 2000 has 10, 70, 30 and 2005 has 20, 90, 60: their sum 280 over 6 pixels.
    yearly = valued(cover, NPP=npp, settings=RasterSettings(mask="yearly"))
    assert yearly.result.references["NPP"][0] == pytest.approx(280 / 6, rel=1e-14)


def test_a_pixel_without_npp_in_one_year_counts_in_no_mean(valued):
    found = valued(COVER, NPP={2000: [[100, 300]], 2005: [[400, NAN]]})
    assert found.result.references["NPP"][0] == pytest.approx(250, rel=1e-14)


def test_the_signal_of_time_stays_with_one_reference_and_goes_with_one_per_year(valued):
    first, last = valued(COVER, NPP=NPP).result.totals
    assert last - first == pytest.approx(15.22 * 2 * (600 - 200) / 400 * 1000, rel=1e-13)
    first, last = valued(COVER, NPP=NPP, mode="per_year").result.totals
    assert last == pytest.approx(first, rel=1e-14)


@pytest.mark.parametrize("reference", [0, -3.5, NAN, math.inf])
def test_a_reference_must_be_a_positive_number(valued, reference):
    with pytest.raises(
        InputError,
        match=rf"The reference of Net primary production is {reference:g}, .* give a positive reference number",
    ):
        valued(COVER, NPP=NPP, references={"NPP": reference})


@pytest.mark.parametrize("npp", [[[0, 0]], [[-5, 2]]])
def test_a_mean_that_cannot_divide_is_refused(valued, npp):
    with pytest.raises(InputError, match="The reference of Net primary production"):
        valued({2000: [[FOREST, FOREST]]}, NPP=npp)


def test_a_series_without_any_value_is_refused(valued):
    with pytest.raises(
        InputError, match=r"The reference of Net primary production.* is nan, .* Check the raster's unit, nodata"
    ):
        valued({2000: [[FOREST, FOREST]]}, NPP=[[NAN, NAN]])
