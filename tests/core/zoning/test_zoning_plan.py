"""The zoning plan: codes that add up, districts, and polygons. A pixel is 1 ha."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import ogr

from ecoassets.core.errors import InputError, OutputError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.raster.zones.zoning import ZoneLayer
from ecoassets.core.zoning.plan.kernel import plan_codes
from ecoassets.core.zoning.plan.result import PlanInputs
from ecoassets.core.zoning.plan.run import PlanOutputs, run_zoning_plan
from ecoassets.core.zoning.plan.tables import plan_table, service_table
from ecoassets.core.zoning.services import Service

HJ1166 = load_scheme("hj1166")
FOREST, CROPLAND = 11, 51
NOTHING = -9999


@pytest.fixture
def given(raster):
    """Four pixels: conservation only, both, restoration only (two reasons), none."""
    return {
        "restoration": raster([[0, 16, 33, 0]], "restoration"),
        "conservation": raster([[1, 1, 0, 0]], "conservation"),
    }


def rows_of(table):
    return [dict(zip([column.name for column in table.columns], row)) for row in table.rows]


@pytest.mark.parametrize(
    ("policy", "codes"), [("both", [1, 3, 2, 0]), ("conservation", [1, 1, 2, 0]), ("restoration", [1, 2, 2, 0])]
)
def test_policy_decides_what_is_in_both(given, pixels, tmp_path, policy, codes):
    out = PlanOutputs(str(tmp_path / "plan.tif"))
    run_zoning_plan(PlanInputs(**given, policy=policy), out)
    assert pixels(out.plan) == [codes]


def test_codes_add_up_to_both_areas():
    random = np.random.default_rng(5)
    conserve, restore = random.random((2, 50, 50)) < 0.4
    codes = plan_codes(conserve, restore, "both")
    count = np.bincount(codes.ravel(), minlength=4)
    assert count[1] + count[3] == conserve.sum()
    assert count[2] + count[3] == restore.sum()
    for policy, area in (("conservation", conserve), ("restoration", restore)):
        code = 1 if policy == "conservation" else 2
        assert (plan_codes(conserve, restore, policy) == code).sum() == area.sum()


def test_only_where_neither_has_a_value_there_is_no_plan(raster, pixels, tmp_path):
    out = PlanOutputs(str(tmp_path / "plan.tif"))
    inputs = PlanInputs(raster([[NOTHING, 2, NOTHING]], "restoration"), raster([[1, NOTHING, NOTHING]], "conservation"))
    result = run_zoning_plan(inputs, out)
    assert pixels(out.plan) == [[1, 2, None]]
    assert [result.plan_ha(code) for code in range(4)] == [0, 1, 1, 0]


def test_table_by_district_plan_and_ecosystem(given, raster, polygons):
    inputs = PlanInputs(
        **given,
        land_cover=raster([[FOREST, FOREST, CROPLAND, NOTHING]], "cover"),
        scheme=HJ1166,
        districts=ZoneLayer(polygons([(0, 0, 2, 1, {"name": "north"}), (2, 0, 1, 1, {"name": "south"})]), "name"),
        services=(Service("water", raster([[10.0, 20.0, 30.0, 40.0]], "water"), "depth"),),
    )
    result = run_zoning_plan(inputs)
    assert [tuple(row.values()) for row in rows_of(plan_table(result))] == [
        ("all", 0, "unknown", 1, 25),
        ("all", 1, "forest", 1, 25),
        ("all", 2, "cropland", 1, 25),
        ("all", 3, "forest", 1, 25),
        ("north", 1, "forest", 1, 50),
        ("north", 3, "forest", 1, 50),
        ("south", 2, "cropland", 1, 100),
        ("outside", 0, "unknown", 1, 100),
    ]
    kept = {(row["zone"], row["plan"]): row for row in rows_of(service_table(result))}
    assert kept["north", 3]["kept"] == 200 and kept["north", 3]["kept_pct"] == 20  # 20 mm on 1 ha of 100 mm in all
    assert kept["all", 1]["area_pct"] == 25 and kept["all", 1]["ratio"] == pytest.approx(0.4)


def test_polygons_are_dissolved_by_district_and_plan(raster, polygons, tmp_path):
    inputs = PlanInputs(
        restoration=raster([[0, 16, 33, 48], [0, 0, 0, 0], [0, 16, 0, 0]], "restoration"),
        conservation=raster([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], "conservation"),
        land_cover=raster([[FOREST, FOREST, CROPLAND, FOREST]] * 3, "cover"),
        scheme=HJ1166,
        districts=ZoneLayer(polygons([(0, 0, 3, 3, {"name": "north"}), (3, 0, 1, 3, {"name": "south"})]), "name"),
        services=(Service("soil", raster([[10.0, 20.0, 30.0, 40.0], [0.0] * 4, [0.0] * 4], "soil")),),
    )
    path = str(tmp_path / "plan.gpkg")
    run_zoning_plan(inputs, PlanOutputs(polygons=path))
    dataset = ogr.Open(path)
    found = {(f.GetField("zone"), f.GetField("plan")): f for f in dataset.GetLayer(0)}
    assert set(found) == {("north", 1), ("north", 2), ("south", 2)}
    restored = found["north", 2]
    assert restored.GetField("area_ha") == 3 and restored.GetGeometryRef().Area() == pytest.approx(30_000)
    assert restored.GetGeometryRef().GetGeometryCount() == 2 and restored.GetGeometryRef().IsValid()
    assert restored.GetField("share_pct") == pytest.approx(100 / 3)
    assert restored.GetField("ecosystems") == "forest 66.7 %; cropland 33.3 %"
    assert restored.GetField("reasons") == (
        "low quality 2.0 ha; water retention degraded 1.0 ha; severe erosion 1.0 ha"
    )
    assert restored.GetField("kept_soil_pct") == 50
    assert found["north", 1].GetField("plan_name") == "conservation"


def test_what_cannot_be_used_is_told_and_leaves_nothing(given, raster, tmp_path):
    with pytest.raises(InputError, match="no policy nothing"):
        run_zoning_plan(PlanInputs(**given, policy="nothing"))
    with pytest.raises(InputError, match=r"Conservation \(cover.tif\) holds codes that do not exist there: 11"):
        run_zoning_plan(PlanInputs(given["restoration"], raster([[11, 1, 0, 0]], "cover")))
    plan = tmp_path / "plan.tif"
    with pytest.raises(OutputError, match="extension 'xyz'"):
        run_zoning_plan(PlanInputs(**given), PlanOutputs(str(plan), str(tmp_path / "plan.xyz")))
    assert not plan.exists()
