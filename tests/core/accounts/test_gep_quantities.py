"""The physical account: one pass over maps and districts, soil as silt and nutrients, statistics joined in."""

from __future__ import annotations

import math

import pytest

from ecoassets.core.accounts.gep.account import GepInputs
from ecoassets.core.accounts.gep.price_table import preset_prices
from ecoassets.core.accounts.gep.run import run_gep_account
from ecoassets.core.accounts.quantities.run import QuantityInputs, run_gep_quantities
from ecoassets.core.accounts.quantities.soil import SoilFactors, nutrient, silt_volume
from ecoassets.core.errors import InputError
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.raster.zones.zoning import ZoneLayer
from ecoassets.core.services.water.bodies import lake_capacity_m3, reservoir_capacity_m3, swamp_capacity_m3
from ecoassets.core.tables import Table
from ecoassets.tests.rasters import WGS_84

FOREST, GRASS, LAKE, CROPS = 21, 31, 42, 12
GARZE = SoilFactors(0.24, density=0.93, nitrogen=0.37, phosphorus=0.108)


def amounts(result, **wanted):
    """Quantities by zone, ecosystem, service and item of the rows that hold what is wanted."""
    return {
        (q.zone, q.ecosystem, q.service, q.item): q.amount if q.amount is not None else q.value
        for q in result.quantities
        if all(getattr(q, name) == value for name, value in wanted.items())
    }


def statistics(*rows):
    return Table.of_rows("statistics", [{"year": 2010, "zone": "", "ecosystem": "", **row} for row in rows])


class TestPublishedQuantities:
    def test_soil_of_garze(self):
        soil = 38.86e8
        assert silt_volume(soil, 0.24, 0.93) == pytest.approx(10.03e8, abs=0.005e8)
        assert nutrient(soil, 0.37) == pytest.approx(1437.94e4, abs=0.2e4)
        assert nutrient(soil, 0.108) == pytest.approx(419.72e4, abs=0.06e4)

    def test_floods_of_garze(self):
        # a lake of the Tibetan plateau, in 1e4 m3; swamps of 2000 km2, in m3; a reservoir of 0.03e8 m3
        assert lake_capacity_m3(165.1, 6.636, 0.678) == pytest.approx(2.43e8, abs=0.001e8)
        assert swamp_capacity_m3(2000 * 100) == 6.00e8
        assert reservoir_capacity_m3(0.03e8) == pytest.approx(0.0105e8, rel=1e-15)


class TestOnePass:
    def test_maps_by_ecosystem(self, cover, series):
        inputs = QuantityInputs(
            cover([[FOREST, GRASS], [LAKE, CROPS]]),
            (2010,),
            {
                "water": series("w", [[100, 50], [0, 10]]),
                "flood_bodies": series("f", [[0, 0], [2000, 0]]),
                "soil": series("s", [[93, 0], [0, 9.3]]),
                "carbon": series("c", [[11, -2], [-9999, 1]]),
            },
            soil=GARZE,
        )
        found = amounts(run_gep_quantities(inputs))
        assert found["all", "forest", "area", ""] == 1
        assert found["all", "forest", "water_retention", ""] == 1000  # 100 mm on a hectare
        assert found["all", "wetland", "flood_mitigation", "water bodies"] == 20_000
        assert found["all", "forest", "soil_retention_silt", ""] == pytest.approx(24)
        assert found["all", "cropland", "soil_retention_n", ""] == pytest.approx(0.03441)
        assert found["all", "grassland", "carbon", ""] == -2
        assert ("all", "wetland", "carbon", "") not in found

    def test_land_without_a_value_is_told(self, cover, series, log):
        inputs = QuantityInputs(cover([[FOREST, LAKE]]), (2010,), {"carbon": series("c", [[11, -9999]])})
        result = run_gep_quantities(inputs, progress=log)
        assert result.lacking == {"carbon": (1,)}
        assert any("1 pixels have no value of carbon" in message for message in log.infos)

    def test_zones_add_up_to_the_whole(self, cover, series, districts):
        land = cover([[FOREST, GRASS, CROPS, FOREST]] * 2, [[FOREST, CROPS, CROPS, LAKE]] * 2)
        rasters = {"water": series("w", [[1, 2, 3, 4], [5, 6, 7, 8]], [[8, 7, 6, 5], [4, 3, 2, 1]])}
        zones = ZoneLayer(districts({"west": (0, 2), "east": (2, 3)}), "name")
        split, whole = (run_gep_quantities(QuantityInputs(land, (2010, 2015), rasters, zones=z)) for z in (zones, None))
        for year in (2010, 2015):
            assert split.total("water_retention", year) == pytest.approx(
                whole.total("water_retention", year), rel=1e-12
            )
            assert split.total("area", year) == whole.total("area", year) == 8
        assert {q.zone for q in split.quantities} == {"west", "east", "outside"}

    def test_true_areas_in_degrees(self, cover, series):
        how = {"epsg": WGS_84, "pixel": 0.01, "top_left": (100.0, 60.0)}
        result = run_gep_quantities(
            QuantityInputs(cover([[FOREST, GRASS]], **how), (2010,), {"water": series("w", [[100, 100]], **how)})
        )
        area = result.total("area", 2010)
        assert area == pytest.approx(2 * 62.3, rel=0.01)
        assert result.total("water_retention", 2010) == pytest.approx(1000 * area, rel=1e-9)

    def test_bulk_density_of_soilgrids(self, cover, series):
        inputs = QuantityInputs(
            cover([[FOREST, FOREST]]),
            (2010,),
            {"soil": series("s", [[130, 130]])},
            soil=SoilFactors(0.24, density_raster=series("bd", [[130, 65]]), density_factor=0.01),
        )
        assert run_gep_quantities(inputs).total("soil_retention_silt", 2010) == pytest.approx(24 + 48)

    def test_natural_land_keeps_pests_down(self, cover):
        inputs = QuantityInputs(cover([[FOREST, GRASS, 33, CROPS]]), (2010,), natural=(21, 31))
        found = amounts(run_gep_quantities(inputs), service="pest_control")
        assert found == {
            ("all", "forest", "pest_control", "forest"): 1,
            ("all", "grassland", "pest_control", "grassland"): 1,
        }
        with pytest.raises(InputError, match="names the code 12, which is cropland"):
            run_gep_quantities(QuantityInputs(cover([[FOREST]]), (2010,), natural=(12,)))

    def test_a_boundary_and_the_pixels_of_all_years(self, cover, series):
        land = cover([[FOREST, 255]], [[FOREST, FOREST]])
        inputs = QuantityInputs(land, (2010, 2015), {"water": series("w", [[1, 1]])})
        common, yearly = (run_gep_quantities(inputs, RasterSettings(mask=mask)) for mask in ("common", "yearly"))
        assert [common.total("area", year) for year in (2010, 2015)] == [1, 1]
        assert [yearly.total("area", year) for year in (2010, 2015)] == [1, 2]


class TestStatistics:
    LAND = ((FOREST, FOREST, FOREST, CROPS),)

    def result(self, cover, *rows, **how):
        inputs = QuantityInputs(cover(self.LAND), (2010,), statistics=(statistics(*rows),), **how)
        return amounts(run_gep_quantities(inputs))

    def test_what_has_no_map_stays_unallocated(self, cover):
        found = self.result(cover, {"service": "crops", "quantity": 100, "unit": "CNY"})
        assert found["all", "", "crops", ""] == 100

    def test_by_area(self, cover):
        found = self.result(cover, {"service": "tourism", "quantity": 100, "unit": "visits"}, allocation="area")
        assert (found["all", "forest", "tourism", ""], found["all", "cropland", "tourism", ""]) == (75, 25)

    def test_by_the_ecosystems_that_a_service_belongs_to(self, cover):
        found = self.result(
            cover,
            {"service": "tourism", "quantity": 100, "unit": "visits"},
            {"service": "crops", "quantity": 8, "unit": "1e4 CNY"},
            {"service": "livestock", "quantity": 5, "unit": "CNY"},
            allocation="named",
        )
        assert found["all", "forest", "tourism", ""] == 100
        assert found["all", "cropland", "crops", ""] == 80_000
        assert found["all", "", "livestock", ""] == 5  # there is no grassland

    def test_soil_of_statistics(self, cover):
        found = self.result(cover, {"service": "soil_retention", "quantity": 38.86e8, "unit": "t/a"}, soil=GARZE)
        assert found["all", "", "soil_retention_silt", ""] == pytest.approx(10.03e8, abs=0.005e8)
        assert found["all", "", "soil_retention_p", ""] == pytest.approx(419.72e4, abs=0.06e4)

    def test_zones_of_statistics_are_those_of_the_map(self, cover, districts):
        zones = ZoneLayer(districts({"west": (0, 4)}, rows=1), "name")
        found = self.result(
            cover,
            {"zone": "west", "service": "tourism", "quantity": 3, "unit": "visits"},
            {"zone": "", "service": "tourism", "quantity": 4, "unit": "visits"},
            zones=zones,
        )
        assert (found["west", "", "tourism", ""], found["", "", "tourism", ""]) == (3, 4)
        with pytest.raises(InputError, match="there is no zone 'south' on the map. It has west, outside"):
            self.result(cover, {"zone": "south", "service": "tourism", "quantity": 3, "unit": "visits"}, zones=zones)

    def test_a_service_from_map_and_statistics_is_refused(self, cover, series):
        inputs = QuantityInputs(
            cover(self.LAND),
            (2010,),
            {"water": series("w", [[1, 1, 1, 1]])},
            statistics=(
                statistics({"service": "water_retention", "ecosystem": "forest", "quantity": 1, "unit": "m3"}),
            ),
        )
        with pytest.raises(
            InputError, match="water_retention of all, forest, 2010 comes from map water and from statistics"
        ):
            run_gep_quantities(inputs)


class TestRefusals:
    def test_zones_that_overlap_would_count_land_twice(self, cover, districts):
        zones = ZoneLayer(districts({"province": (0, 4), "county": (1, 2)}), "name")
        inputs = QuantityInputs(cover([[FOREST] * 4] * 2), (2010,), natural=(FOREST,), zones=zones)
        with pytest.raises(InputError, match=r"Zones overlap: 2.00 ha of 8.00 ha lie in two of them \(.*county.*\)"):
            run_gep_quantities(inputs)

    def test_parts_of_one_zone_may_touch_and_overlap(self, cover, tmp_path):
        from ecoassets.tests.algorithms.landcover import write_columns

        path = write_columns(tmp_path / "z.gpkg", {"a": (0, 2)})
        inputs = QuantityInputs(cover([[FOREST] * 4] * 2), (2010,), natural=(FOREST,), zones=ZoneLayer(path, "name"))
        assert run_gep_quantities(inputs).total("area", 2010) == 8

    @pytest.mark.parametrize(
        ("soil", "words"),
        [
            (SoilFactors(), "SOIL needs what it is counted by"),
            (SoilFactors(density=93), "BULK_DENSITY is 93 t/m3"),
            (SoilFactors(nitrogen=37), "SOIL_N is 37"),
            (SoilFactors(1.5, density=1.3), "SILT_SHARE is 1.5"),
        ],
    )
    def test_soil_that_cannot_be(self, cover, series, soil, words):
        inputs = QuantityInputs(cover([[FOREST]]), (2010,), {"soil": series("s", [[1]])}, soil=soil)
        with pytest.raises(InputError, match=words):
            run_gep_quantities(inputs)

    def test_a_bulk_density_of_0_37_is_told(self, cover, series, log):
        inputs = QuantityInputs(
            cover([[FOREST]]), (2010,), {"soil": series("s", [[1]])}, soil=SoilFactors(density=0.37)
        )
        run_gep_quantities(inputs, progress=log)
        assert any("A bulk density of 0.37 t/m3 is unusual" in warning for warning in log.warnings)

    def test_there_must_be_something_to_account(self, cover):
        with pytest.raises(InputError, match="There is nothing to account"):
            run_gep_quantities(QuantityInputs(cover([[FOREST]]), (2010,)))


def test_quantities_become_an_account_whose_cells_add_up(cover, series, districts):
    inputs = QuantityInputs(
        cover([[FOREST, GRASS, CROPS, LAKE]] * 2, [[FOREST, CROPS, CROPS, LAKE]] * 2),
        (2010, 2015),
        {"water": series("w", [[5, 3, 1, 0]] * 2, [[6, 2, 1, 0]] * 2), "soil": series("s", [[9, 4, 2, 0]] * 2)},
        zones=ZoneLayer(districts({"west": (0, 2), "east": (2, 4)}), "name"),
        soil=GARZE,
        statistics=(statistics({"service": "crops", "zone": "east", "quantity": 1e4, "unit": "CNY"}),),
        allocation="named",
    )
    result = run_gep_quantities(inputs)
    table = result.table()
    rows = Table.of_rows("q", [dict(zip((c.name for c in table.columns), row)) for row in table.rows])
    account = run_gep_account(GepInputs(rows, preset_prices("garze2010")))
    by_hand = 2 * 10 * (5 + 3 + 1) * 7.06 + 2 * 15 * (0.24 / 0.93 * 15.58 + 0.0037 * 875 + 0.00108 * 2800) + 1e4
    assert account.total(2010) == pytest.approx(by_hand, rel=1e-6)
    assert account.areas_ha[2010, "west", "forest"] == 2
    zones = [
        math.fsum(r.value for r in account.of_year(2010) if r.quantity.zone == z) for z in ("west", "east", "outside")
    ]
    assert math.fsum(zones) == pytest.approx(account.total(2010), rel=1e-12)
