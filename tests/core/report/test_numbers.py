"""Numbers of reports: digits, separators, units of planners."""

from __future__ import annotations

import math

import pytest

from ecoassets.core.report import format_number, scaled
from ecoassets.core.report.numbers import amount, unit_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234567.89, "1\u202f234\u202f568"),
        (-1500, "\u22121\u202f500"),
        (12.3456, "12.35"),
        (2.50, "2.5"),
        (0.04, "0.04"),
        (0.000012, "1.2 × 10⁻⁵"),
        (math.nan, "–"),
        (None, "–"),
    ],
)
def test_numbers_are_written_for_reading(value, text):
    assert format_number(value) == text


def test_rounding_never_hides_a_small_value():
    assert format_number(0.052, decimals=0) == "0.052"
    assert format_number(7, decimals=0) == "7"
    assert format_number(52.4, decimals=0) == "52"


def test_large_amounts_are_told_in_the_units_of_planners():
    assert scaled([1.2e9, None, -3e8], "CNY/a") == ([1.2, None, -0.3], "billion CNY/a")
    assert scaled([1.2e9, 3e8], "CNY/a", "zh") == ([12, 3], "亿元/年")
    assert scaled([25_000.0], "CNY", "zh") == ([2.5], "万元")
    assert scaled([25_000.0], "CNY") == ([25_000.0], "CNY")
    assert scaled([250.0], "1e4 CNY/km2") == ([2.5], "million CNY/km²")
    assert scaled([0.0003], "%") == ([0.0003], "%"), "percents stay percents"
    assert scaled([123.0, 4.0], "ha") == ([123.0, 4.0], "ha")
    assert scaled([0.0, math.nan], "ha") == ([0.0, None], "ha")


def test_areas_are_hectares_or_square_kilometres_by_their_size():
    assert scaled([560_600.0, 50.0], "ha") == ([5606.0, 0.5], "km²")
    assert scaled([9_999.0], "ha", "zh") == ([9_999.0], "公顷")


@pytest.mark.parametrize(
    ("value", "unit", "language", "text"),
    [
        (4.9235, "%", "en", "4.92 %"),
        (4.9, "%", "zh", "4.90%"),
        (18.34e9, "CNY/a", "en", "18.34 billion CNY/a"),
        (18.34e9, "CNY/a", "zh", "183.40亿元/年"),
        (9_378_187.0, "m3/a", "en", "9.38 million m³/a"),
        (3192.57, "ha", "en", "3 193 ha"),
        (0.7466, "", "en", "0.7466"),
        (None, "ha", "en", "–"),
    ],
)
def test_an_amount_reads_the_same_wherever_it_stands(value, unit, language, text):
    assert amount(value, unit, language) == text


def test_units_in_both_languages():
    assert unit_text("CNY/(ha a)", "zh") == "元/(公顷·年)"
    assert unit_text("t/(ha a)") == "t/(ha a)"
    assert unit_text("10⁴ m3") == "10⁴ m³"
    assert unit_text("assets / gdp", "zh") == "assets / gdp"  # a slope, whose spaces are no products


def test_small_amounts_are_scaled_up():
    values, unit = scaled([2e-5], "")
    assert (pytest.approx(20), "10⁻⁶") == (values[0], unit)
