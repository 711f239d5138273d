"""The user's terrain classes laid over those of the plugin; names and units for zones."""

from __future__ import annotations

import pytest

from ecoassets.core.class_breaks import read_breaks
from ecoassets.core.errors import InputError, TableError
from ecoassets.core.raster.statistics import stored_statistics
from ecoassets.core.raster.zones.zoning import ZoneLayer
from ecoassets.core.report.numbers import density_unit
from ecoassets.core.tables import Table, resource_table
from ecoassets.core.terrain.class_tables import PRESETS, lay_over_presets
from ecoassets.core.terrain.zone_names import unit_of_totals, zone_names
from ecoassets.tests.rasters import write_raster

CHOSEN = {"slope": "slope_forest6", "aspect": "aspect_8+flat", "landform": "elev_haihe5"}
COLUMNS = ("scheme_id", "variable", "class_id", "name_en", "lower", "upper")


def table(*rows, columns=COLUMNS):
    return Table.of_rows("mine", [dict(zip(columns, row)) for row in rows], columns)


def test_presets_are_those_of_the_table():
    assert {name for names in PRESETS.values() for name in names} == set(
        resource_table("topo_classes").texts("scheme_id")
    )


def test_without_a_table_the_presets_hold():
    assert lay_over_presets(None, CHOSEN) == (resource_table("topo_classes"), CHOSEN)


def test_custom_takes_the_one_scheme_of_the_variable():
    mine = table(("hills", "Relief (range)", 1, "hill", 0, 9000), ("steps", "slope", 1, "any", 0, 90))
    merged, schemes = lay_over_presets(mine, {**CHOSEN, "landform": "custom"})
    assert schemes == {**CHOSEN, "landform": "hills"}
    assert len(read_breaks(merged, "slope_forest6", "scheme_id").classes) == 6


def test_a_scheme_of_the_same_name_replaces_the_preset_whatever_its_capitals():
    columns = tuple(name.upper() for name in COLUMNS)
    mine = table(("slope_forest6", "slope", 1, "any", 0, 90), columns=columns)
    merged, _ = lay_over_presets(mine, CHOSEN)
    assert [c.name for c in read_breaks(merged, "slope_forest6", "scheme_id").classes] == ["any"]


@pytest.mark.parametrize(
    ("mine", "error", "message"),
    [
        (None, InputError, "custom needs a table"),
        (table(("a", "aspect", 1, "any", 0, 360)), InputError, "It holds none"),
        (table(("a", "slope", 1, "any", 0, 90), ("b", "slope", 1, "any", 0, 90)), InputError, "It holds a, b"),
        (table(("a", 1), columns=("scheme_id", "class_id")), TableError, "lacks the column variable"),
    ],
)
def test_what_cannot_be_custom(mine, error, message):
    with pytest.raises(error, match=message):
        lay_over_presets(mine, {**CHOSEN, "slope": "custom"})


def test_names_of_zones(tmp_path):
    path = write_raster(tmp_path / "zones.tif", [[1, 2]])
    from osgeo import gdal

    dataset = gdal.Open(path, gdal.GA_Update)
    dataset.GetRasterBand(1).SetCategoryNames(["", "flat", "steep"])
    dataset = None
    zones = ZoneLayer(path, kind="raster")
    assert zone_names(zones, None) == {"1": "flat", "2": "steep"}
    renamed = Table.of_rows("names", [{"zone": 2, "name": "cliff"}])
    assert zone_names(zones, renamed) == {"1": "flat", "2": "cliff"}
    assert zone_names(None, None) == {}


@pytest.mark.parametrize(
    ("unit", "kind", "total"),
    [("CNY/(ha a)", "density", "CNY/a"), ("t/ha", "density", "t"), ("mm", "index", "mm"), ("", "density", "")],
)
def test_units_of_totals(tmp_path, unit, kind, total):
    from osgeo import gdal

    path = write_raster(tmp_path / "values.tif", [[1, 2]])
    dataset = gdal.Open(path, gdal.GA_Update)
    dataset.GetRasterBand(1).SetUnitType(unit)
    dataset = None
    assert unit_of_totals(path, kind) == total


def test_units_of_means():
    assert [density_unit(unit) for unit in ("CNY/a", "t", "")] == ["CNY/(ha a)", "t/ha", ""]


def test_statistics_come_from_the_file(tmp_path):
    from osgeo import gdal

    path = write_raster(tmp_path / "values.tif", [[[1, 2]], [[3, 3]]], "float32")
    dataset = gdal.Open(path, gdal.GA_Update)
    dataset.GetRasterBand(1).SetStatistics(1, 2, 1.5, 0.5)
    dataset = None
    first, second = stored_statistics(path)
    assert (first.minimum, first.maximum, first.mean, first.deviation) == (1, 2, 1.5, 0.5)
    assert second.count == 0
