"""Soils by hand: depths, tables of units, closed texture, groups, and the grid of a study."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecoassets.core.errors import InputError, TableError
from ecoassets.core.prepare.soil.depths import weights_of
from ecoassets.core.prepare.soil.run import SoilInputs, SoilOutputs, run_soil_properties
from ecoassets.core.prepare.soil.texture import close_texture, hydrologic_group, texture_classes
from ecoassets.core.prepare.soil.units import values_by_unit
from ecoassets.core.progress import Progress
from ecoassets.core.tables import Table, read_table
from ecoassets.tests.rasters import read_raster, write_raster


def test_shares_of_layers_by_their_thickness():
    depths = [(0, 5), (5, 15), (15, 30), (30, 60)]
    assert weights_of(depths, 0, 30, "clay") == {(0, 5): 5 / 30, (5, 15): 10 / 30, (15, 30): 15 / 30}
    assert weights_of(depths, 10, 20, "clay") == {(5, 15): 0.5, (15, 30): 0.5}


@pytest.mark.parametrize(("depths", "top", "bottom"), [([(0, 5), (15, 30)], 0, 30), ([(0, 30), (0, 30.5)], 0, 30)])
def test_a_gap_or_an_overlap_of_layers_is_told(depths, top, bottom):
    with pytest.raises(InputError, match="do not cover 0 to 30 cm once"):
        weights_of(depths, top, bottom, "clay")


def test_every_texture_has_one_class():
    """Over the whole triangle in steps of 1 %, classes neither overlap nor leave gaps."""
    sand, clay = (grid.ravel() for grid in np.meshgrid(np.arange(101.0), np.arange(101.0)))
    sand, clay = sand[sand + clay <= 100], clay[sand + clay <= 100]
    inside = np.array(list(texture_classes(sand, 100 - sand - clay, clay).values()))
    assert (inside.sum(axis=0) == 1).all()


def test_groups_of_well_known_textures():
    """A loam (40, 40, 20) is B, a sand A, a sandy clay loam (60, 15, 25) C, a clay D (TR-55)."""
    sand, silt, clay = np.array([[40, 40, 20], [92, 5, 3], [60, 15, 25], [20, 20, 60]], float).T
    assert hydrologic_group(sand, silt, clay).tolist() == [2, 1, 3, 4]


def test_texture_is_scaled_to_a_hundred():
    *closed, missed = close_texture(np.array([44.0]), np.array([44.0]), np.array([22.0]))
    assert np.array(closed).ravel() == pytest.approx([40, 40, 20]) and missed == pytest.approx([10])


def table(columns, *rows):
    names = columns.split()
    return Table.of_rows("soils", [dict(zip(names, map(str, row))) for row in rows])


HWSD2 = table(
    "HWSD2_SMU_ID SEQUENCE SHARE LAYER SAND SILT CLAY ORG_CARBON",
    (7, 1, 60, "D1", 40, 40, 20, 2.0),
    (7, 1, 60, "D2", 30, 40, 30, 1.0),
    (7, 2, 40, "D1", 80, 10, 10, 0.5),
    (7, 2, 40, "D2", 80, 10, 10, 0.5),
    (9, 1, 100, "D1", -9, -9, -9, -9),
    (9, 1, 100, "D2", -9, -9, -9, -9),
)


def test_the_dominant_soil_by_depth():
    """20 cm of D1 and 10 cm of D2."""
    found = values_by_unit(HWSD2, "", "dominant", 0, 30)
    assert found[7]["sand"] == pytest.approx((20 * 40 + 10 * 30) / 30)
    assert found[7]["carbon"] == pytest.approx((20 * 2 + 10 * 1) / 30)
    assert found[9] == {}, "water has no soil"


def test_all_soils_by_their_share():
    found = values_by_unit(HWSD2, "", "weighted", 0, 20)
    assert found[7]["sand"] == pytest.approx(0.6 * 40 + 0.4 * 80)


def test_hwsd1_has_top_and_subsoil():
    one = table("MU_GLOBAL SEQ SHARE T_SAND S_SAND", (5, 1, 70, 50, 20), (5, 2, 30, 10, 10))
    assert values_by_unit(one, "", "dominant", 0, 100)[5]["sand"] == pytest.approx(0.3 * 50 + 0.7 * 20)


def test_a_table_without_ids_or_soils_is_told():
    with pytest.raises(TableError, match="KEY"):
        values_by_unit(table("name SAND", ("a", 1)), "", "dominant", 0, 30)
    with pytest.raises(TableError, match="no column of sand"):
        values_by_unit(table("id name", (1, "a")), "", "dominant", 0, 30)


@pytest.fixture
def reference(tmp_path):
    return write_raster(tmp_path / "land.tif", np.ones((8, 8)))


def soilgrids(folder, values, depths=((0, 5), (5, 15), (15, 30)), size=4):
    """Files as ISRIC calls them: g/kg, and dg/kg of carbon; the deeper, the more."""
    folder.mkdir()
    for layer, value in values.items():
        for number, (top, bottom) in enumerate(depths):
            stored = np.full((size, size), value + number)
            stored[0, 0] = -32768
            write_raster(folder / f"{layer}_{top}-{bottom}cm_mean.tif", stored, "int16", pixel=200.0, nodata=-32768)
    return str(folder)


def test_soilgrids_become_percent_of_a_depth(tmp_path, reference):
    folder = soilgrids(tmp_path / "soil", {"sand": 400, "silt": 400, "clay": 200, "soc": 150, "bdod": 130})
    names = ("sand", "silt", "clay", "carbon", "density")
    paths = {name: str(tmp_path / f"{name}.tif") for name in names}
    result = run_soil_properties(SoilInputs([folder], reference), SoilOutputs(paths, str(tmp_path / "group.tif")))
    deeper = (0 * 5 + 1 * 10 + 2 * 15) / 30
    sand, silt, clay = ((value + deeper) / 10 for value in (400, 400, 200))
    whole = sand + silt + clay
    assert read_raster(paths["sand"])[0, 7, 7] == pytest.approx(100 * sand / whole, rel=1e-6)
    assert read_raster(paths["carbon"])[0, 7, 7] == pytest.approx((150 + deeper) / 100, rel=1e-6)
    assert read_raster(paths["density"])[0, 7, 7] == pytest.approx((130 + deeper) / 100, rel=1e-6)
    assert read_raster(str(tmp_path / "group.tif"))[0, 7, 7] == 2
    rows = {row.property: row.mean for row in result.rows}
    assert rows["texture_sum"] == pytest.approx(whole, rel=1e-6)
    assert np.isnan(read_raster(paths["sand"])[0, 0, 0]), "nodata stays nodata"


def test_a_depth_that_was_not_ordered_is_told(tmp_path, reference):
    folder = soilgrids(tmp_path / "soil", {"clay": 200}, depths=((0, 5), (15, 30)))
    with pytest.raises(InputError, match="SoilGrids clay: the layers 0-5, 15-30"):
        run_soil_properties(SoilInputs([folder], reference), SoilOutputs({"clay": str(tmp_path / "c.tif")}))
    assert not (tmp_path / "c.tif").exists()


def test_units_are_joined_before_they_are_averaged(tmp_path, reference):
    """Ids 2 and 4 side by side: their mean would be the id 3, a soil that is not there."""
    (tmp_path / "hwsd").mkdir()
    ids = np.tile([2, 4], (16, 8))
    write_raster(tmp_path / "hwsd" / "HWSD2.tif", ids, "uint16", pixel=50.0, nodata=None)
    soils = table("HWSD2_SMU_ID SAND SILT CLAY", (2, 40, 40, 20), (3, 0, 0, 100), (4, 60, 20, 20))
    inputs = SoilInputs([str(tmp_path / "hwsd")], reference, table=soils)
    paths = {name: str(tmp_path / f"{name}.tif") for name in ("sand", "silt", "clay")}
    result = run_soil_properties(inputs, SoilOutputs(paths))
    assert result.source == "units"
    assert read_raster(paths["sand"])[0] == pytest.approx(50)


def test_organic_matter_becomes_carbon(tmp_path, reference):
    write_raster(tmp_path / "HWSD2.tif", np.full((8, 8), 2), "uint16", nodata=None)
    soils = table("HWSD2_SMU_ID ORG_CARBON", (2, 3.448))
    inputs = SoilInputs([str(tmp_path / "HWSD2.tif")], reference, table=soils, carbon="matter")
    run_soil_properties(inputs, SoilOutputs({"carbon": str(tmp_path / "c.tif")}))
    assert read_raster(str(tmp_path / "c.tif"))[0] == pytest.approx(2.0, rel=1e-6)


class Heard(Progress):
    def __init__(self):
        self.warnings = []

    def warn(self, message):
        self.warnings.append(str(message))


def test_ids_that_the_table_lacks_are_told_with_their_share(tmp_path, reference):
    """Ids 2, 4 and 5 in 4, 3 and 1 of 8 columns; the table has 2 and 4, and 4 without a value, as water."""
    ids = np.tile([2, 2, 2, 2, 4, 4, 4, 5], (8, 1))
    write_raster(tmp_path / "HWSD2.tif", ids, "uint16", nodata=None)
    soils = table("HWSD2_SMU_ID ORG_CARBON", (2, 1), (4, -9))
    heard = Heard()
    inputs = SoilInputs([str(tmp_path / "HWSD2.tif")], reference, table=soils)
    run_soil_properties(inputs, SoilOutputs({"carbon": str(tmp_path / "c.tif")}), progress=heard)
    (told,) = [told for told in heard.warnings if "does not have" in told]
    assert "12.5 % of the pixels" in told and "(5)" in told


@pytest.mark.parametrize("rule", ["dominant", "weighted"])
def test_several_soils_of_a_unit_need_shares(rule):
    with pytest.raises(TableError, match="id 2 has several rows"):
        values_by_unit(table("id SAND", (1, 40), (2, 30), (2, 60)), "", rule, 0, 30)


def test_decimal_commas_are_numbers_where_semicolons_separate_cells(tmp_path):
    (tmp_path / "soils.csv").write_text("id;sand\n1;40,5\n")
    assert values_by_unit(read_table(tmp_path / "soils.csv"), "", "dominant", 0, 30) == {1: {"sand": 40.5}}
    with pytest.raises(TableError, match="row 1: SAND is 40,5. Write it with a decimal point"):
        values_by_unit(table("id SAND", (1, "40,5")), "", "dominant", 0, 30)


def test_a_column_of_organic_matter_is_named(tmp_path, reference):
    write_raster(tmp_path / "HWSD2.tif", np.full((8, 8), 2), "uint16", nodata=None)
    soils = table("HWSD2_SMU_ID organic_matter", (2, 3.448))
    inputs = SoilInputs([str(tmp_path / "HWSD2.tif")], reference, table=soils)
    outputs = SoilOutputs({"carbon": str(tmp_path / "c.tif")})
    with pytest.raises(InputError, match="organic_matter.*Choose matter as CARBON"):
        run_soil_properties(inputs, outputs)
    run_soil_properties(replace(inputs, carbon="matter"), outputs)
    assert read_raster(str(tmp_path / "c.tif"))[0] == pytest.approx(2.0, rel=1e-6)


def test_texture_of_zeros_stops(tmp_path, reference):
    folder = soilgrids(tmp_path / "soil", {"soc": 150})
    for layer in ("sand", "silt", "clay"):
        for depth in ("0-5", "5-15", "15-30"):
            name = tmp_path / "soil" / f"{layer}_{depth}cm_mean.tif"
            write_raster(name, np.zeros((4, 4)), "int16", pixel=200.0, nodata=-32768)
    paths = {name: str(tmp_path / f"{name}.tif") for name in ("sand", "carbon")}
    with pytest.raises(InputError, match="no texture can be told"):
        run_soil_properties(SoilInputs([folder], reference), SoilOutputs(paths))
    assert not (tmp_path / "carbon.tif").exists()


def test_dual_groups_are_d_where_the_soil_is_not_drained(tmp_path, reference):
    codes = np.tile([1, 2, 3, 4, 11, 12, 14, 255], (8, 1))
    write_raster(tmp_path / "HYSOGs250m.tif", codes, "uint8", nodata=255)
    out = str(tmp_path / "group.tif")
    run_soil_properties(SoilInputs([str(tmp_path / "HYSOGs250m.tif")], reference), SoilOutputs({}, out))
    found = read_raster(out)[0, 0]
    assert found[:7].tolist() == [1, 2, 3, 4, 4, 4, 4] and np.isnan(found[7])


def test_ids_without_a_table_are_told(tmp_path, reference):
    write_raster(tmp_path / "HWSD2.tif", np.full((8, 8), 2), "uint16", nodata=None)
    with pytest.raises(InputError, match="TABLE"):
        run_soil_properties(
            SoilInputs([str(tmp_path / "HWSD2.tif")], reference), SoilOutputs({"clay": str(tmp_path / "c.tif")})
        )


def test_two_files_of_one_depth_are_told(tmp_path, reference):
    """250 m and 1000 m of one layer, or two halves of a country: the last one would count without a word."""
    folder = soilgrids(tmp_path / "soil", {"clay": 200})
    write_raster(
        tmp_path / "soil" / "clay_0-5cm_mean_1000.tif", np.full((4, 4), 900), "int16", pixel=200.0, nodata=-32768
    )
    with pytest.raises(InputError, match="two files of one layer"):
        run_soil_properties(SoilInputs([folder], reference), SoilOutputs({"clay": str(tmp_path / "c.tif")}))
