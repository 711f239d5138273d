"""Purification: the least of emission and capacity, by zone, and a map that adds up to the table."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.accounts.purification.run import PurificationInputs, PurificationOutputs, least, run_purification
from ecoassets.core.accounts.purification.tables import class_capacity, read_emissions
from ecoassets.core.errors import InputError, TableError
from ecoassets.core.raster.zones.zoning import ZoneLayer
from ecoassets.core.tables import Table, resource_table
from ecoassets.tests.rasters import read_raster

from .conftest import HJ

BROADLEAF, NEEDLELEAF, LAKE = 11, 12, 42


def emissions(*rows):
    columns = ("zone", "year", "pollutant", "emission")
    return Table.of_rows("emissions", [dict(zip(columns, row)) for row in rows])


@pytest.fixture
def forest(cover):
    """200 ha of needleleaf and 300 ha of broadleaf forest."""
    rows = np.full((5, 100), BROADLEAF)
    rows[:2] = NEEDLELEAF
    return cover(rows, scheme=HJ)


class TestLeast:
    @pytest.mark.parametrize(("emission", "taken", "limit"), [(1137, 69.715, "capacity"), (50, 50, "emissions")])
    def test_sulphur_dioxide_over_two_forests(self, forest, emission, taken, limit):
        told = emissions(("", 2014, "SO2", emission))
        found = run_purification(PurificationInputs(forest, (2014,), told, resource_table("air_capacity")))
        assert found.capacity["SO2"].sum() == pytest.approx(69.715)
        assert found.total("SO2", 0) == pytest.approx(taken)
        (row,) = found.table().rows
        assert row[2:6] == ("forest", "air_so2", "", pytest.approx(taken))
        assert row[10:] == (pytest.approx(emission), pytest.approx(69.715), limit)
        assert taken * 1200 == pytest.approx(83_658 if limit == "capacity" else 60_000)

    def test_a_capacity_without_emission_is_no_service(self):
        assert least(0, 100) == 0
        assert least(100, 0) == 0

    def test_all_that_is_emitted_or_could_be_taken_up(self, forest, log):
        told = emissions(("", 2014, "NOx", 2772))
        found = run_purification(PurificationInputs(forest, (2014,), told, None, method="emissions"), progress=log)
        (row,) = found.table().rows
        assert row[2:6] == ("", "air_nox", "", 2772)  # of no ecosystem, because no capacity is known
        assert any("All that is emitted counts" in warning for warning in log.warnings)
        capacity = PurificationInputs(forest, (2014,), None, resource_table("air_capacity"), method="capacity")
        assert run_purification(capacity).total("dust", 0) == pytest.approx(200 * 33.2 + 300 * 10.11)

    def test_zones_are_limited_each_by_itself(self, cover, districts, tmp_path):
        land = cover([[BROADLEAF, BROADLEAF, NEEDLELEAF, LAKE]] * 2, scheme=HJ)
        zones = ZoneLayer(districts({"west": (0, 2), "east": (2, 3)}), "name")
        told = emissions(("west", 2014, "SO2", 0.1), ("east", 2014, "SO2", 5))
        found = run_purification(
            PurificationInputs(land, (2014,), told, resource_table("air_capacity"), zones=zones),
            PurificationOutputs(str(tmp_path / "m.tif")),
        )
        assert dict(zip(found.zones, found.removed["SO2"][0])) == {
            "west": pytest.approx(0.1), "east": pytest.approx(0.4312), "outside": 0}  # fmt: skip
        shown = read_raster(tmp_path / "m.tif")[0]
        assert shown.sum() == pytest.approx(0.5312)  # a hectare a pixel
        assert shown[0] == pytest.approx([0.025, 0.025, 0.2156, 0])

    def test_ecosystems_add_up_to_their_zone(self, cover):
        land = cover([[BROADLEAF, 21, 51, LAKE]], scheme=HJ)
        told = emissions(("", 2014, "dust", 3))
        found = run_purification(PurificationInputs(land, (2014,), told, resource_table("air_capacity")))
        rows = {row[2]: row[5] for row in found.table().rows}
        assert sum(rows.values()) == pytest.approx(3)
        whole = 10.11 + 11.40 + 0.95
        assert rows == {"forest": pytest.approx(3 * 10.11 / whole), "shrub": pytest.approx(3 * 11.40 / whole),
                        "cropland": pytest.approx(3 * 0.95 / whole)}  # fmt: skip


class TestWater:
    def test_wetlands_with_the_capacity_of_the_user(self, cover):
        land = cover([[41] * 20], scheme=HJ)
        capacity = Table.of_rows(
            "capacity", [{"ecosystem": "wetland", "pollutant": "COD", "capacity": 50, "unit": "t/(km2 a)"}]
        )
        for emission, taken in ((8, 8), (30, 10)):
            told = emissions(("", 2015, "化学需氧量", emission))
            found = run_purification(PurificationInputs(land, (2015,), told, capacity, "water"))
            assert found.total("COD", 0) == pytest.approx(taken)

    def test_there_is_no_capacity_without_the_user(self, cover):
        told = emissions(("", 2015, "COD", 8))
        with pytest.raises(InputError, match="There is no capacity for COD"):
            run_purification(PurificationInputs(cover([[41]], scheme=HJ), (2015,), told, None, "water"))


class TestTables:
    def test_a_code_wins_over_its_ecosystem(self):
        rows = [
            {"code": 12, "ecosystem": "", "pollutant": "SO2", "capacity": 200, "unit": "kg/(ha a)"},
            {"code": "", "ecosystem": "forest", "pollutant": "SO2", "capacity": 0.1, "unit": "t/hm2"},
        ]
        found = dict(zip(HJ.codes, class_capacity(Table.of_rows("c", rows), HJ, "air")["SO2"]))
        assert (found[11], found[12], found[42]) == (pytest.approx(0.1), pytest.approx(0.2), 0)

    def test_units_of_emissions(self):
        told = Table.of_rows("e", [{"zone": "A", "year": 2010, "pollutant": "粉尘", "emission": 2, "unit": "万吨"}])
        assert read_emissions(told, "air") == {("A", 2010, "dust"): 20_000}

    @pytest.mark.parametrize(
        ("rows", "words"),
        [
            ([("A", 2010, "ozone", 1)], "'ozone' is no pollutant of the air"),
            ([("A", 2010, "SO2", -1)], "the emission is -1 t"),
            ([("A", 2010, "SO2", 1)] * 2, "tells the emission of SO2 in A, 2010 again"),
        ],
    )
    def test_what_cannot_be_meant(self, rows, words):
        with pytest.raises(TableError, match=words):
            read_emissions(emissions(*rows), "air")

    def test_a_zone_that_the_map_does_not_have(self, forest):
        told = emissions(("Mars", 2014, "SO2", 1))
        with pytest.raises(InputError, match="EMISSIONS tell of Mars, which the zones do not have: all"):
            run_purification(PurificationInputs(forest, (2014,), told, resource_table("air_capacity")))
