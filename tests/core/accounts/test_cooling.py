"""Climate regulation: electricity of plants and open water, by hand and as the published account has it."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.accounts.cooling import (
    CoolingInputs,
    CoolingOutputs,
    cooling_of_heat,
    cooling_of_open_water,
    cooling_of_water,
    run_climate_regulation,
)
from ecoassets.core.errors import InputError, TableError
from ecoassets.core.raster.zones.zoning import ZoneLayer
from ecoassets.core.tables import Table
from ecoassets.tests.rasters import WGS_84, read_raster

FOREST, GRASS, LAKE, TOWN = 21, 31, 42, 51


class TestByHand:
    def test_evapotranspiration_of_a_square_kilometre(self):
        assert 100 * cooling_of_water(100.0, 2450, 3) == pytest.approx(22_685_185, abs=1)

    @pytest.mark.parametrize(
        ("latent_heat", "cop", "kwh"), [(2450, 1, 805_555_556), (2450, 3, 351_851_852), (2260, 1, 752_777_778)]
    )
    def test_evaporation_of_a_million_cubic_metres(self, latent_heat, cop, kwh):
        # 1e6 m3 are 100 mm on 1000 ha
        assert 1000 * cooling_of_open_water(100.0, latent_heat, 125, cop) == pytest.approx(kwh, abs=1)

    def test_transpiration_of_garze(self):
        # table 4 of the account: value at 0.53 CNY/kWh over area, forest, shrub and grass together 2799.10e8 kWh
        per_ha = [cooling_of_heat(heat, 15, 3.0) for heat in (2837.27, 1300.95, 969.83)]
        assert per_ha == [pytest.approx(v) for v in (39406.53, 18068.75, 13469.86)]


class TestOverLand:
    @pytest.fixture
    def land(self, cover):
        return cover([[FOREST, GRASS], [LAKE, TOWN]])

    def test_heat_by_ecosystem_and_open_water(self, land, tmp_path):
        inputs = CoolingInputs(land, (2015,), days=15, water_evaporation=60)
        found = run_climate_regulation(inputs, CoolingOutputs(str(tmp_path / "c.tif")))
        lake = 600 * (2450 / 3.6 + 125)  # 60 mm on a hectare are 600 m3
        expected = [[39406.5278, 13469.861], [lake, 0]]
        assert read_raster(tmp_path / "c.tif")[0] == pytest.approx(np.array(expected), rel=1e-6)
        rows = {(row[2], row[3]): row[5] for row in found.table().rows}
        assert rows == {
            ("forest", "climate_transpiration"): pytest.approx(39406.5278),
            ("grassland", "climate_transpiration"): pytest.approx(13469.861),
            ("wetland", "climate_evaporation"): pytest.approx(lake),
        }

    def test_evapotranspiration_leaves_towns_and_gaps_out(self, land, series, log):
        inputs = CoolingInputs(
            land, (2015,), "evapotranspiration", evapotranspiration=series("et", [[100, -9999], [300, 50]])
        )
        found = run_climate_regulation(inputs, progress=log)
        assert [row[5] for row in found.table().rows] == [pytest.approx(226_851.85, abs=0.01)]
        assert any("1 pixels of plants or water have no value" in warning for warning in log.warnings)

    def test_only_where_people_are(self, land, series):
        people = series("people", [[0, 12], [5, 900]])
        found = run_climate_regulation(CoolingInputs(land, (2015,), days=15, people=people, people_min=10))
        assert [(row[2], row[5]) for row in found.table().rows] == [("grassland", pytest.approx(13469.861))]

    def test_zones_add_up_to_the_whole(self, cover, districts):
        land = cover([[FOREST, GRASS, FOREST], [LAKE, TOWN, FOREST]])
        zones = ZoneLayer(districts({"west": (0, 1), "middle": (1, 2)}), "name")
        split, whole = (
            run_climate_regulation(CoolingInputs(land, (2015,), zones=z, days=15, water_evaporation=60))
            for z in (zones, None)
        )
        assert split.sums.zones == ("middle", "west", "outside")
        assert split.total("transpiration", 0) == pytest.approx(whole.total("transpiration", 0), rel=1e-12)
        by_zone = {row[1]: 0.0 for row in split.table().rows}
        for row in split.table().rows:
            by_zone[row[1]] += row[5]
        assert by_zone["outside"] == pytest.approx(2 * 39406.5278)

    def test_degrees_on_pixels_that_are_not_square(self, cover):
        # a hectare holds what a hectare holds, whatever the grid: the total over the true area is the same
        land = cover([[FOREST, FOREST]], epsg=WGS_84, pixel=0.01, top_left=(100.0, 30.0))
        found = run_climate_regulation(CoolingInputs(land, (2015,), days=15))
        area = float(found.sums.area_ha.sum())
        assert area == pytest.approx(2 * 106.6, rel=0.01)
        assert found.total("transpiration", 0) == pytest.approx(39406.5278 * area, rel=1e-9)

    def test_days_of_the_year_as_a_map(self, land, series):
        found = run_climate_regulation(CoolingInputs(land, (2015,), days_raster=series("days", [[30, 15], [15, 15]])))
        assert [row[5] for row in found.table().rows] == [pytest.approx(v) for v in (2 * 39406.5278, 13469.861)]

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({}, "needs the days of air conditioning"),
            ({"days": 400}, "DAYS is 400"),
            ({"days": 15, "cop": 0.3}, "COP must be 1 or more"),
            ({"method": "evapotranspiration"}, "needs EVAPOTRANSPIRATION"),
            ({"method": "temperature"}, "There is no method temperature"),
        ],
    )
    def test_what_is_missing_is_told(self, land, wrong, words):
        with pytest.raises(InputError, match=words):
            run_climate_regulation(CoolingInputs(land, (2015,), **wrong))

    def test_a_table_of_heat_by_code(self, land):
        heat = Table.of_rows("heat", [{"code": GRASS, "heat_kj_m2_d": 1080}])
        found = run_climate_regulation(CoolingInputs(land, (2015,), heat=heat, days=10))
        assert [(row[2], row[5]) for row in found.table().rows] == [("grassland", pytest.approx(10_000))]
        with pytest.raises(TableError, match="no such ecosystem as 'woods'"):
            heat = Table.of_rows("heat", [{"ecosystem": "woods", "heat_kj_m2_d": 1080}])
            run_climate_regulation(CoolingInputs(land, (2015,), heat=heat, days=10))
