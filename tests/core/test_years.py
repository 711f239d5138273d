"""Years as people write them, and the pairs that are compared."""

from __future__ import annotations

import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.years import parse_years, year_pairs


@pytest.mark.parametrize(
    "text",
    [
        "2000, 2005, 2010",
        "2000,2005,2010",
        "2000;2005;2010",
        " 2000 2005\t2010 ",
        "2000,\n2005,\n2010,",
        "２０００，２００５、2010；",
    ],
)
def test_separators(text):
    assert parse_years(text) == (2000, 2005, 2010)


def test_one_year_is_a_series_too():
    assert parse_years("2015") == (2015,)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "YEARS is empty. Give the years of the rasters in order"),
        (" , ;", "YEARS is empty"),
        ("2000, two", "YEARS holds 'two', which is no year of four digits"),
        ("2000, 05", "YEARS holds '05'"),
        ("2000-2005", "YEARS holds '2000-2005'"),
        ("2000.0", "YEARS holds '2000.0'"),
        ("20000", "YEARS holds '20000'"),
        ("-2000", "YEARS holds '-2000'"),
        ("2005, 2000", "YEARS must rise: 2000 follows 2005 in '2005, 2000'. Sort the years, and the rasters with them"),
        ("2000, 2005, 2005", "YEARS must rise: 2005 follows 2005"),
    ],
)
def test_faults_are_told(text, fault):
    with pytest.raises(InputError) as caught:
        parse_years(text)
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("years", "pairs"),
    [
        ((2000,), ()),
        ((2000, 2005), ((2000, 2005),)),
        ((2000, 2005, 2010), ((2000, 2005), (2005, 2010), (2000, 2010))),
        ((2000, 2005, 2010, 2015), ((2000, 2005), (2005, 2010), (2010, 2015), (2000, 2015))),
    ],
)
def test_pairs_are_consecutive_and_first_to_last(years, pairs):
    assert year_pairs(years) == pairs
