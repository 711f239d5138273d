"""The report of a target selection: its map shows what became of every planning unit."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.report import Map
from ecoassets.core.zoning.selection.picture import (
    LOCKED_IN,
    LOCKED_OUT,
    NOT_SELECTED,
    NOTHING,
    SELECTED,
    selection_picture,
)
from ecoassets.core.zoning.selection.planning_units import UnitFields, read_planning_units
from ecoassets.core.zoning.selection.report import selection_report
from ecoassets.core.zoning.selection.run import select_units
from ecoassets.tests.core.zoning.conftest import LEFT, TOP


@pytest.fixture
def four(polygons):
    """A row of four units of 1 ha with a gap before the last: free and rich, free and poor, locked in, locked out."""
    rows = [(0, 60, 0), (1, 10, 0), (2, 5, 1), (4, 60, -1)]
    path = polygons([(column, 0, 1, 1, {"water": float(water), "fixed": float(lock)}) for column, water, lock in rows])
    units = read_planning_units(path, UnitFields(("water",), lock="fixed"))
    return path, select_units(units, [45])


def state_at(picture, column):
    """The code at the middle of the unit in this column."""
    dataset = gdal.Open(picture)
    left, side, _, top, _, _ = dataset.GetGeoTransform()
    place = (LEFT + (column + 0.5) * 100 - left) / side, (top - (TOP - 50)) / side
    return int(dataset.GetRasterBand(1).ReadAsArray(int(place[0]), int(place[1]), 1, 1)[0, 0])


def test_every_unit_is_drawn_by_what_became_of_it(four, tmp_path):
    picture = selection_picture(*four, str(tmp_path))
    assert [state_at(picture, c) for c in range(5)] == [SELECTED, NOT_SELECTED, LOCKED_IN, NOTHING, LOCKED_OUT]


def test_the_map_lies_where_the_units_lie_and_is_no_larger_than_reports_show_it(four, tmp_path):
    dataset = gdal.Open(selection_picture(*four, str(tmp_path)))
    left, side, _, top, _, _ = dataset.GetGeoTransform()
    assert dataset.RasterXSize == 700
    assert (left, left + 700 * side) == pytest.approx((LEFT - 10, LEFT + 510))  # a margin of 2 % of 500 m
    assert "32650" in dataset.GetProjection()
    assert top > TOP


def test_borders_are_drawn_where_there_is_room(polygons, tmp_path):
    def lines(side):
        """How many of the pixels of a square of units are borders."""
        path = polygons([(c, r, 1, 1, {"water": 1.0}) for c in range(side) for r in range(side)], f"units{side}")
        result = select_units(read_planning_units(path, UnitFields(("water",))), [100])
        values = gdal.Open(selection_picture(path, result, str(tmp_path))).ReadAsArray()
        return int((values[20:-20, 20:-20] == NOTHING).sum())

    assert lines(10) > 9 * 600  # nine lines each way
    assert lines(120) == 0  # less than six pixels a unit


@pytest.mark.parametrize(("language", "words"), [("en", "selected"), ("zh", "选中")])
def test_the_legend_names_what_occurs(four, tmp_path, language, words):
    path, result = four
    report = selection_report(result, path, language, str(tmp_path))
    (shown,) = [block for block in report.chapters[0].blocks if isinstance(block, Map)]
    assert [entry.code for entry in shown.legend.items] == [NOT_SELECTED, SELECTED, LOCKED_IN, LOCKED_OUT]
    assert shown.legend.items[1].name == words
    assert np.unique(gdal.Open(shown.pictures[0].path).ReadAsArray()).tolist() == [0, 1, 2, 3, NOTHING]
