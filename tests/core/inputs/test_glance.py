"""A first look at inputs that are being chosen: what a run would say, without a run."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.inputs.glance import Shown, ShownRasters, glance

from ...rasters import write_raster

CNLUCC = [[11, 21], [31, 51]]
CLCD = [[1, 2], [4, 8]]


def _cover(folder, *years, codes=CNLUCC):
    paths = tuple(write_raster(folder / f"land_{year}.tif", codes) for year in years)
    return ShownRasters("Land cover", "land_cover", paths, series=True)


def _npp(folder, value):
    path = write_raster(folder / "npp_2000.tif", np.full((20, 20), value), "float32", nodata=-1)
    return ShownRasters("NPP", "npp", (path,), series=True)


def test_nothing_chosen_says_nothing():
    seen = glance(Shown())
    assert (seen.reasons, seen.findings, seen.years, seen.schemes) == ((), (), (), ())


def test_names_tell_the_years_whatever_the_order(tmp_path):
    seen = glance(Shown((_cover(tmp_path, 2010, 2000),), scheme="cnlucc"))
    assert seen.years == (2000, 2010)
    assert seen.reasons == () and [f for f in seen.findings if f.severity != "note"] == []


def test_crossed_years_are_told_before_a_run(tmp_path):
    seen = glance(Shown((_cover(tmp_path, 2010, 2000),), years="2000, 2010", scheme="cnlucc"))
    assert seen.findings[0].check == "years" and seen.findings[0].severity == "stop"


def test_the_scheme_that_knows_the_codes_is_proposed_where_the_chosen_one_does_not(tmp_path):
    assert glance(Shown((_cover(tmp_path, 2000),), scheme="cnlucc")).schemes == ()
    seen = glance(Shown((_cover(tmp_path, 2000, codes=CLCD),), scheme="cnlucc"))
    assert "clcd" in seen.schemes and "cnlucc" not in seen.schemes
    assert seen.findings[0].check == "codes"


def test_numbers_of_another_unit_are_told(tmp_path):
    seen = glance(Shown((_cover(tmp_path, 2000), _npp(tmp_path, 0.6)), scheme="cnlucc"))
    assert [finding.check for finding in seen.findings if finding.severity == "stop"] == ["unit"]
    assert not any(f.severity == "stop" for f in glance(Shown((_npp(tmp_path, 600.0),))).findings)


@pytest.mark.parametrize("years", ["2000", "2000, 2005, 2010", "next year"])
def test_years_that_do_not_fit_are_a_reason(tmp_path, years):
    seen = glance(Shown((_cover(tmp_path, 2000, 2010),), years=years, scheme="cnlucc"))
    assert len(seen.reasons) == 1


def test_images_may_have_years_of_their_own(tmp_path):
    cover = _cover(tmp_path, 2000, 2005, 2010)
    bands = [[[9000, 9100]], [[9500, 20000]]]
    paths = tuple(write_raster(tmp_path / f"image_{year}.tif", bands, "uint16") for year in (2000, 2010))

    def seen(years):
        images = ShownRasters("Images", "reflectance", paths, series=True, years=years)
        return glance(Shown((cover, images), years="2000, 2005, 2010", scheme="cnlucc"))

    assert seen("2000, 2010").reasons == ()
    assert "2 image(s) given for 3 year(s)" in str(seen("").reasons[0])
    assert "2 image(s) given for 1 year(s)" in str(seen("2000").reasons[0])


def test_a_file_that_is_none_is_a_reason_and_the_others_are_looked_at(tmp_path):
    (tmp_path / "npp_2000.tif").write_text("no raster")
    bad = ShownRasters("NPP", "npp", (str(tmp_path / "npp_2000.tif"),))
    seen = glance(Shown((_cover(tmp_path, 2000, codes=CLCD), bad), scheme="cnlucc"))
    assert len(seen.reasons) == 1 and seen.schemes


def test_a_look_ends_where_nobody_waits_for_it(tmp_path):
    asked = []
    glance(Shown((_cover(tmp_path, 2000, 2005, 2010),), scheme="cnlucc"), lambda: bool(asked.append(1)))
    assert len(asked) == 3
    assert glance(Shown((_cover(tmp_path, 2000, codes=CLCD),), scheme="cnlucc"), lambda: False).schemes == ()
