"""What images of sensors are asked: level, offset, and what indicators can be."""

from __future__ import annotations

import pytest

from ecoassets.core.inputs.finding import Place
from ecoassets.core.inputs.images import (
    check_heat,
    check_indicators,
    check_level,
    check_level_numbers,
    check_share_left,
    offset_by_evidence,
)

IMAGE = Place("Image", "a.tif", year=2020)


@pytest.mark.parametrize(
    ("baseline", "darkest", "expected"),
    [
        (None, 210, (False, True)),  # dark leaves in the blue band
        (None, 1180, (True, True)),
        (5.0, 1180, (True, True)),
        (2.14, 210, (False, True)),
        (5.09, 210, (False, False)),  # harmonised: the baseline stays, the offset is gone
        (2.14, 1180, (False, False)),  # a desert, or a baseline that is wrong
    ],
)
def test_the_offset_is_found_from_baseline_and_numbers(baseline, darkest, expected):
    assert offset_by_evidence(baseline, darkest, since=4.0) == expected


@pytest.mark.parametrize(
    ("level", "high", "bits_8", "mend"),
    [
        ("level2", 0.4, False, "Choose LEVEL reflectance."),
        ("level2", 190, True, "Choose LEVEL level1 and give the MTL files."),
        ("level2", 4100, True, "Give SCALE 0.0001 and OFFSET 0."),
        ("level1", 18000, True, "Choose LEVEL level2."),
    ],
)
def test_numbers_of_another_level(level, high, bits_8, mend):
    (found,) = check_level_numbers(IMAGE, level, high, bits_8, first=7273)
    assert (found.severity, found.mend) == ("stop", mend)


@pytest.mark.parametrize(
    ("level", "high", "bits_8"), [("level2", 18000, True), ("level1", 190, True), ("level1", 18000, False)]
)
def test_numbers_of_the_level(level, high, bits_8):
    assert not list(check_level_numbers(IMAGE, level, high, bits_8, first=7273))


def test_metadata_of_another_level():
    (found,) = check_level(IMAGE, "level1", "level2", "L2SP")
    assert found.told() == (
        "Image 2020 (a.tif): L2SP says level2, but LEVEL is level1. Choose LEVEL level2, or give the files of level1."
    )
    assert not list(check_level(IMAGE, "reflectance", "level2", "L2SP"))


def test_indicators_that_cannot_be():
    assert not list(check_heat((IMAGE,), 285, 320, (240, 345)))
    assert [f.severity for f in check_heat((IMAGE,), 225, 320, (240, 345))] == ["warn"]
    assert not list(check_indicators(IMAGE, 0.0))
    assert "on 0.3 % of the land" in next(check_indicators(IMAGE, 0.3)).told()
    assert "only 4 % of the study area counts" in next(check_share_left(IMAGE, 4.0, "water")).told()
    assert not list(check_share_left(IMAGE, 40.0, "water"))
