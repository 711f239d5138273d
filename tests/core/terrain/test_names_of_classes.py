"""Names of terrain classes in reports."""

from __future__ import annotations

from ecoassets.core.terrain.class_tables import terrain_names


def test_the_usual_schemes_name_the_classes():
    names = terrain_names("zh")
    assert (names["plain"], names["hill"], names["low mountain"], names["south"]) == ("平原", "丘陵", "低山", "南坡")


def test_english_names_stay():
    assert terrain_names("en") == {}
