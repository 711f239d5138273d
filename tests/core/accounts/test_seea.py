"""SEEA accounts: the worked country of the UN, and accounts of maps whose every cell adds up."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from ecoassets.core.accounts.seea.assets import Flow, annuity, asset_account, effects_of_three, entry_of
from ecoassets.core.accounts.seea.condition import Condition, Variable, indicator, read_condition
from ecoassets.core.accounts.seea.extent import extent_lines, managed_transfers
from ecoassets.core.accounts.seea.run import SeeaInputs, run_seea_accounts
from ecoassets.core.accounts.seea.workbook import seea_sheets
from ecoassets.core.errors import InputError, TableError
from ecoassets.core.raster.zones.zoning import ZoneLayer
from ecoassets.core.tables import Table
from ecoassets.tests.rasters import write_raster

from .seealand import CONDITION, EXPECTED, EXTENT, SERVICES


@pytest.fixture(scope="module")
def seealand():
    inputs = SeeaInputs(
        extent=EXTENT, condition=CONDITION, services=SERVICES, expected=EXPECTED, currency="currency units"
    )
    return run_seea_accounts(inputs)


def cells(result, table, **wanted):
    """Values by row and column of a table of the whole area."""
    return {
        (cell.line, cell.column): cell.value
        for cell in result.cells()
        if cell.table == table and cell.zone == wanted.get("zone", "all") and cell.year == wanted.get("year", cell.year)
    }


class TestSeealand:
    def test_gross_ecosystem_product(self, seealand):
        (tables,) = seealand.supply
        assert tables.gep == 83_125
        given = dict(zip(seealand.types, map(tables.of_type, seealand.types)))
        assert given == {"Forest": 19_650, "Cropland": 11_250, "Lake": 26_050, "Urban area": 12_625, "Wetland": 1_200,
                         "Seagrass": 12_350}  # fmt: skip

    def test_users_take_what_is_supplied(self, seealand):
        (tables,) = seealand.supply
        taken = {
            user: tables.of_user(user)
            for user in ("forestry", "fisheries", "agriculture", "water", "government", "households")
        }
        assert list(taken.values()) == [8_400, 3_150, 11_250, 700, 10_625, 49_000]
        for row in (*tables.monetary, *tables.physical):
            assert row.total_use == pytest.approx(row.total_supply, rel=1e-12)
        assert sum(taken.values()) == 83_125

    def test_extent(self, seealand):
        found = cells(seealand, "4.1")
        assert (found["opening", "Forest"], found["closing", "Forest"]) == (40, 38)
        assert (found["opening", "Cropland"], found["closing", "Cropland"]) == (60, 62)
        assert found["opening", "total"] == found["closing", "total"] == 250
        assert found["net_change", "total"] == 0
        assert found["managed_reductions", "Forest"] == found["managed_expansion", "Cropland"] == 2
        assert cells(seealand, "4.2")["Forest", "Cropland"] == 2

    def test_condition_of_forest(self, seealand):
        opening, closing = seealand.condition.index("Forest")
        assert (opening, closing) == (pytest.approx(0.670741, abs=1e-6), pytest.approx(0.611759, abs=1e-6))
        lines = seealand.condition.lines("Forest")
        assert lines["opening"] + lines["net_change"] == pytest.approx(lines["closing"], abs=1e-12)

    def test_assets_of_forest(self, seealand):
        of_forest = {
            line: values[seealand.assets.types.index("Forest")] for line, values in seealand.assets.lines.items()
        }
        expected = {"opening": 905_065.38, "closing": 788_699.84, "conversions": -43_434.63, "degradation": -108_111.08,
                    "revaluations": 35_180.16, "net_change": -116_365.55, "enhancement": 0}  # fmt: skip
        assert {line: of_forest[line] for line in expected} == {
            k: pytest.approx(v, abs=0.01) for k, v in expected.items()
        }

    def test_assets_of_the_country(self, seealand):
        assert seealand.assets.total("opening") == pytest.approx(3_572_207, abs=0.5)
        assert seealand.assets.total("closing") == pytest.approx(3_623_451, abs=0.5)
        # condition rises by 0.0034, so that cropland is enhanced, where the printed workbook reappraises it
        assert seealand.assets.entries["Cropland"] == "enhancement"

    def test_rows_of_the_asset_account_add_up(self, seealand):
        lines = seealand.assets.lines
        parts = ("opening", "enhancement", "degradation", "conversions", "other_changes", "revaluations")
        for n in range(len(seealand.assets.types)):
            assert math.fsum(lines[part][n] for part in parts) == pytest.approx(lines["closing"][n], rel=1e-9)
            assert lines["additions"][n] + lines["reductions"][n] == lines["conversions"][n]

    def test_what_has_no_condition_is_told(self, seealand):
        (told,) = [n.text("en") for n in seealand.assets.notices]
        assert "No condition is told for Urban area, Wetland, Seagrass" in told


class TestAssets:
    def test_present_value_of_one_a_year(self):
        assert annuity(0.02, 100) == pytest.approx(43.098352, abs=1e-6)
        assert annuity(0.02, 100, "start") == pytest.approx(43.960319, abs=1e-6)
        assert annuity(0, 100) == 100

    def test_a_flow_of_the_third_year(self):
        # 12 m3 x 64 x 0.9412 of annex 10.1, which prints 723; 1.02^-3 gives 0.9423
        assert pytest.approx(722.8, abs=0.5) == 12 * 64 * 0.9412
        assert pytest.approx(0.9423, abs=5e-5) == 1.02**-3

    def test_three_factors_leave_no_rest(self):
        first, second = (2.0, 3.0, 5.0), (7.0, 1.5, 4.0)
        found = effects_of_three(first, second)
        assert math.fsum(found) == pytest.approx(math.prod(second) - math.prod(first), rel=1e-12)
        assert effects_of_three((1, 3, 5), (2, 3, 5)) == (15, 0, 0)

    @pytest.mark.parametrize(
        ("volume", "condition", "demand", "entry", "fits"),
        [
            (5, "up", "", "enhancement", True),
            (5, "down", "", "upward_reappraisal", True),
            (-5, "down", "up", "degradation", True),
            (-5, "up", "down", "downward_reappraisal", True),
            (5, "down", "down", "upward_reappraisal", False),
            (-5, "up", "up", "downward_reappraisal", False),
            (-5, "same", "", "downward_reappraisal", True),
            (5, "", "", "upward_reappraisal", True),
        ],
    )
    def test_what_a_change_of_volume_is(self, volume, condition, demand, entry, fits):
        assert entry_of(volume, condition, demand) == (entry, fits)

    def test_impossible_combinations_are_told(self):
        condition = Condition((Variable("Lake", "physical", "depth", "m", 5, 4, 0, 10),))
        flow = Flow("Lake", "fish", 10, 20, 1, 1, "down")
        account = asset_account([flow], {"Lake": (1, 1)}, condition, 0.02, 100)
        assert any("do not fit together" in notice.text("en") for notice in account.notices)
        assert "不成立" in account.notices[0].text("zh")

    def test_by_service_each_effect_is_recorded_alone(self):
        condition = Condition((Variable("Lake", "physical", "depth", "m", 4, 5, 0, 10),))
        flows = [Flow("Lake", "fish", 10, 20, 1, 1), Flow("Lake", "visits", 10, 7, 1, 1)]
        whole, split = (
            asset_account(flows, {"Lake": (1, 1)}, condition, 0.02, 100, classify=by) for by in ("type", "service")
        )
        factor = annuity(0.02, 100)
        assert whole.lines["enhancement"] == (pytest.approx(7 * factor),)
        assert split.lines["enhancement"] == (pytest.approx(10 * factor),)
        assert split.lines["reappraisals"] == (pytest.approx(-3 * factor),)

    @pytest.mark.parametrize("areas", [(0, 5), (5, 0), (0, 0)])
    def test_types_that_come_and_go_add_up(self, areas):
        flow = Flow("Pond", "fish", 3 if areas[0] else 0, 4 if areas[1] else 0, 2, 2)
        account = asset_account([flow], {"Pond": areas}, None, 0.02, 100)
        parts = ("opening", "conversions", "other_changes", "revaluations")
        assert math.fsum(account.total(p) for p in parts) == pytest.approx(account.total("closing"), abs=1e-9)
        if areas == (0, 5):
            assert account.total("additions") == pytest.approx(8 * annuity(0.02, 100))

    def test_a_tolerance_of_condition(self):
        condition = Condition((Variable("Lake", "physical", "depth", "m", 5, 5.01, 0, 10),))
        flow = Flow("Lake", "fish", 10, 20, 1, 1)
        for tolerance, entry in ((0, "enhancement"), (0.01, "upward_reappraisal")):
            account = asset_account([flow], {"Lake": (1, 1)}, condition, 0.02, 100, tolerance=tolerance)
            assert account.entries == {"Lake": entry}


class TestCondition:
    def test_less_may_be_better(self):
        assert indicator(1.1, 2, 0) == pytest.approx(0.45)
        assert (indicator(-3, 0, 10), indicator(30, 0, 10)) == (0, 1)

    def test_equal_levels_and_unknown_classes_are_told(self):
        row = {
            "ecosystem": "Lake",
            "class": "物理",
            "variable": "x",
            "opening": 1,
            "closing": 2,
            "lower": 0,
            "upper": 3,
        }
        assert read_condition(Table.of_rows("c", [row]), ["Lake"]).variables[0].ect_class == "physical"
        for change, words in (
            ({"upper": 0}, "lower and upper are both 0"),
            ({"class": "magic"}, "there is no class 'magic'"),
            ({"ecosystem": "Sea"}, "there is no ecosystem type 'Sea'"),
        ):
            with pytest.raises(TableError, match=words):
                read_condition(Table.of_rows("c", [{**row, **change}]), ["Lake"])


class TestExtent:
    def test_every_line_by_hand(self):
        # forest 10 -> 6 forest, 3 cropland, 1 grass; cropland 5 -> 4 cropland, 1 forest; grass stays 2
        area = np.array([[6, 3, 1], [1, 4, 0], [0, 0, 2]], dtype=float)
        types = ("forest", "cropland", "grassland")
        lines = extent_lines(area, managed_transfers(types, {}, None))
        assert lines["opening"].tolist() == [10, 5, 2]
        assert lines["managed_expansion"].tolist() == [0, 3, 0]
        assert lines["unmanaged_expansion"].tolist() == [1, 0, 1]
        assert lines["managed_reductions"].tolist() == [3, 0, 0]
        assert lines["unmanaged_reductions"].tolist() == [1, 1, 0]
        assert (lines["opening"] + lines["net_change"]).tolist() == lines["closing"].tolist() == [7, 7, 3]
        assert lines["net_change"].sum() == 0

    def test_a_table_of_managed_transfers(self):
        told = Table.of_rows("m", [{"from_ecosystem": "cropland", "to_ecosystem": "forest", "managed": 1},
                                   {"from_ecosystem": "", "to_ecosystem": "cropland", "managed": 0}])  # fmt: skip
        managed = managed_transfers(("forest", "cropland"), {}, told)
        assert managed.tolist() == [[False, False], [True, False]]


def services(*rows):
    columns = ("year", "ecosystem", "service", "quantity", "unit", "value")
    return Table.of_rows("services", [dict(zip(columns, row)) for row in rows])


class TestSupplyAndUse:
    def test_intermediate_services_and_imports(self):
        table = services((2015, "forest", "pest_control", 10, "ha", 100), (2015, "cropland", "crops", None, "", 1000))
        imports = Table.of_rows(
            "imports",
            [
                {"service": "crops", "kind": "final", "quantity": 0, "value": 50},
                {"service": "pest_control", "kind": "intermediate", "quantity": 2, "value": 20},
            ],
        )
        (tables,) = run_seea_accounts(SeeaInputs(services=table, imports=imports)).supply
        pests, crops = tables.monetary
        assert (pests.supply["total"], pests.use["ecosystem|forest"], pests.use["total"]) == (120, 120, 120)
        assert (crops.supply["total"], crops.use["agriculture"]) == (1050, 1050)
        # what ecosystems use is no final service, and imported intermediate services come off: 100 + 1000 - 120
        assert tables.gep == 980

    def test_shares_of_users(self):
        table = services((2015, "forest", "carbon", 10, "t CO2", 100))
        users = Table.of_rows("u", [{"service": "carbon", "user": "Manufacturing", "share": 0.6},
                                    {"service": "carbon", "user": "居民消费", "share": 0.4}])  # fmt: skip
        (tables,) = run_seea_accounts(SeeaInputs(services=table, users=users)).supply
        assert (tables.of_user("manufacturing"), tables.of_user("households")) == (60, 40)
        assert tables.notices == ()
        with pytest.raises(TableError, match="the shares of carbon add up to 0.6"):
            users = Table.of_rows("u", [{"service": "carbon", "user": "households", "share": 0.6}])
            run_seea_accounts(SeeaInputs(services=table, users=users))

    def test_what_the_seea_leaves_out(self, log):
        table = services((2015, "forest", "oxygen", 1, "t O2", 7), (2015, "forest", "carbon", 1, "t CO2", 3),
                         (2015, "wetland", "water_supply", 1, "m3", 2))  # fmt: skip
        (tables,) = run_seea_accounts(SeeaInputs(services=table), progress=log).supply
        assert tables.gep == 5  # supply of water stays, as a proxy
        assert any("Outside the SEEA and left out: Oxygen release" in warning for warning in log.warnings)

    def test_services_without_a_type_are_told(self, log):
        table = services((2015, "", "tourism", 1, "visits", 7), (2015, "forest", "carbon", 1, "t CO2", 3))
        (tables,) = run_seea_accounts(SeeaInputs(services=table), progress=log).supply
        assert tables.of_type("unallocated") == 7
        assert any("no ecosystem type" in warning for warning in log.warnings)

    def test_sums_of_others_are_refused(self):
        with pytest.raises(TableError, match="row 1 sums up others"):
            run_seea_accounts(SeeaInputs(services=services((2015, "total", "carbon", 1, "t CO2", 3))))


def test_nothing_to_account_is_told():
    with pytest.raises(InputError, match="There is nothing to account"):
        run_seea_accounts(SeeaInputs())


class TestOfMaps:
    """Two districts of 2 x 4 ha: forest loses two hectares to crops, one to the town; NDVI falls in the forest."""

    @pytest.fixture
    def accounts(self, cover, series, districts):
        land = cover([[21, 21, 31, 12], [21, 21, 42, 51]], [[21, 12, 31, 12], [51, 12, 42, 51]])
        ndvi = [[[0.8, 0.8, 0.5, 0.4], [0.6, 0.6, -0.1, 0.1]], [[0.6, 0.5, 0.6, 0.4], [0.1, 0.5, -0.1, 0.1]]]
        both = write_raster(Path(districts({"west": (0, 2), "east": (2, 4)})).with_name("ndvi.tif"), ndvi, "float32")
        variables = Table.of_rows(
            "v", [{"variable": "NDVI", "class": "functional", "lower": 0, "upper": 1, "ecosystem": "forest; grassland"}]
        )
        flows = services(
            (2000, "forest", "carbon", 40, "t CO2", 800), (2015, "forest", "carbon", 8, "t CO2", 240),
            (2000, "cropland", "crops", None, "", 500), (2015, "cropland", "crops", None, "", 1800),
        )  # fmt: skip
        zones = ZoneLayer(str(Path(both).with_name("districts.gpkg")), "name")
        inputs = SeeaInputs(
            land.paths, (2000, 2015), land.scheme, zones=zones, condition_rasters=(both,),
            condition_variables=variables, services=flows,
        )  # fmt: skip
        return run_seea_accounts(inputs)

    def test_zones_add_up_to_the_whole(self, accounts):
        whole = cells(accounts, "4.1")
        parts = [cells(accounts, "4.1", zone=zone) for zone in accounts.extent.zones]
        assert accounts.extent.zones == ("east", "west", "outside")
        for key, value in whole.items():
            assert math.fsum(part[key] for part in parts) == value
        assert (whole["opening", "forest"], whole["closing", "forest"]) == (4, 1)
        assert whole["closing", "total"] == 8

    def test_margins_of_the_matrix_are_the_extents(self, accounts):
        matrix, lines = cells(accounts, "4.2"), cells(accounts, "4.1")
        for kind in accounts.types:
            assert math.fsum(matrix[kind, other] for other in accounts.types) == lines["opening", kind]
            assert math.fsum(matrix[other, kind] for other in accounts.types) == lines["closing", kind]
            assert matrix["closing", kind] == lines["closing", kind]
            assert matrix[kind, "opening"] == lines["opening", kind]

    def test_condition_is_the_mean_over_the_type_of_the_year(self, accounts):
        assert accounts.condition.types == ("forest", "grassland")
        assert accounts.condition.index("forest") == (pytest.approx(0.7), pytest.approx(0.6))
        assert accounts.condition.index("grassland") == (pytest.approx(0.5), pytest.approx(0.6))

    def test_assets_add_up_and_forest_degrades(self, accounts):
        lines, factor = accounts.assets.lines, annuity(0.02, 100)
        for n in range(len(accounts.assets.types)):
            parts = ("opening", "enhancement", "degradation", "conversions", "other_changes", "revaluations")
            assert math.fsum(lines[part][n] for part in parts) == pytest.approx(lines["closing"][n], rel=1e-12)
        forest = accounts.assets.types.index("forest")
        assert lines["opening"][forest] == pytest.approx(800 * factor)
        # 10 t/ha at 20 on 4 ha, then 8 t/ha at 30 on 1 ha
        by_area, by_volume, by_price = effects_of_three((4, 10, 20), (1, 8, 30))
        assert lines["conversions"][forest] == pytest.approx(by_area * factor)
        assert lines["degradation"][forest] == pytest.approx(by_volume * factor)
        assert lines["revaluations"][forest] == pytest.approx(by_price * factor)

    def test_supply_is_use_in_every_row_and_the_table_holds_its_sums(self, accounts):
        for year in (2000, 2015):
            supply, use = (cells(accounts, table, year=year) for table in ("9.1a", "9.1b"))
            for line in ("carbon", "crops", "total"):
                assert supply[line, "total"] == use[line, "total"]
            assert supply["total", "total"] == {2000: 1300, 2015: 2040}[year]

    def test_the_workbook_holds_the_cells_in_official_order(self, accounts):
        sheets = {sheet.name: sheet for sheet in seea_sheets(accounts)}
        extent = sheets["4.1 生态系统范围账户"]
        assert [row[0].value for row in extent.rows[4:]] == [
            "Opening extent", "Additions to extent", "Managed expansion", "Unmanaged expansion", "Reductions in extent",
            "Managed reductions", "Unmanaged reductions", "Net change in extent", "Closing extent"]  # fmt: skip
        assert extent.rows[4][1].value == "期初面积"
        assert [cell.value for cell in extent.rows[3][2:4]] == ["Forest 森林", "Grassland 草地"]
        use = sheets["9.1b 2015 生态系统服务使用表（价值量）"]
        assert "Agriculture 农业" in [cell.value for cell in use.rows[3]]

    def test_overlapping_zones_are_refused(self, cover, districts):
        land = cover([[21, 21]], [[21, 12]])
        zones = ZoneLayer(districts({"province": (0, 2), "county": (0, 1)}, rows=1), "name")
        with pytest.raises(InputError, match="Zones overlap"):
            run_seea_accounts(SeeaInputs(land.paths, (2000, 2015), land.scheme, zones=zones))

    def test_types_of_the_user(self, cover):
        land = cover([[21, 31]], [[21, 12]])
        types = Table.of_rows("t", [{"code": 21, "type": "T2.2"}, {"code": 31, "type": "T4.5"}])
        found = run_seea_accounts(SeeaInputs(land.paths, (2000, 2015), land.scheme, types))
        assert found.types == ("cropland", "T2.2", "T4.5")
        assert cells(found, "4.1")["managed_expansion", "cropland"] == 1
        with pytest.raises(
            InputError, match="SERVICES tell of the ecosystem types forest, which the extent does not have"
        ):
            flows = services((2015, "forest", "carbon", 1, "t CO2", 1))
            run_seea_accounts(SeeaInputs(land.paths, (2000, 2015), land.scheme, types, services=flows))
