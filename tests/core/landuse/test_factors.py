"""How rasters, names and weights become factors."""

from __future__ import annotations

import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.landuse.pressure.factors import read_factors
from ecoassets.core.landuse.pressure.run import Factor


def test_without_names_each_raster_is_a_factor():
    assert read_factors(["data/light.tif", "data/people.tif"]) == (
        1.0,
        (Factor("light", ("data/light.tif",)), Factor("people", ("data/people.tif",))),
    )


def test_rasters_of_one_name_are_one_factor_over_the_years():
    found = read_factors(["l0.tif", "l5.tif", "p.tif"], "light, light; people", "0.5, 0.3, 0.2")
    assert found == (0.5, (Factor("light", ("l0.tif", "l5.tif"), 0.3), Factor("people", ("p.tif",), 0.2)))


def test_one_name_makes_one_factor():
    _, (factor,) = read_factors(["l0.tif", "l5.tif"], "light")
    assert factor == Factor("light", ("l0.tif", "l5.tif"))


def test_without_factors_land_cover_counts_alone():
    assert read_factors([]) == (1.0, ())


@pytest.mark.parametrize(
    ("paths", "names", "weights", "message"),
    [
        (["a.tif", "b.tif", "c.tif"], "x, y", "", "2 names for 3 rasters"),
        (["a.tif"], "", "1", r"1 numbers for 2 parts \(land cover, a\)"),
        (["a.tif"], "", "1, -1", "holds '-1'"),
        (["a.tif"], "", "1, nan", "holds 'nan'"),
        ([], "light", "", "no FACTORS"),
        ([], "", "1, 1", "no FACTORS"),
    ],
)
def test_what_does_not_fit(paths, names, weights, message):
    with pytest.raises(InputError, match=message):
        read_factors(paths, names, weights)
