import math
from dataclasses import replace

import numpy as np
import pytest
from osgeo import ogr, osr

from ecoassets.core.errors import InputError, TableError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.services.survey import Cover, Rasters
from ecoassets.core.services.water.bodies import lake_capacity_m3, lake_zones, reservoir_capacity_m3, swamp_capacity_m3
from ecoassets.core.services.water.curve_number import curve_numbers, for_moisture, for_slope, potential_storage, runoff
from ecoassets.core.services.water.flood_mitigation import FloodInputs, FloodOutputs, run_flood_mitigation
from ecoassets.core.services.water.swamp_soil import SwampSoil, soil_storage_m3
from ecoassets.core.tables import Table

from .conftest import UTM_50N, bands_of, read

HJ1166 = load_scheme("hj1166")
BROADLEAF, SWAMP, LAKE, ARABLE, SETTLEMENT, BARE = 11, 41, 42, 51, 61, 82
INCH = 25.4


class TestCurveNumber:
    def test_one_storm_by_hand(self):
        # CN 75: S = 25400/75 - 254 = 84.667; Ia 16.933; (100 - 16.933)² / (100 + 0.8 * 84.667) = 6900.1/167.73
        assert potential_storage(75) == pytest.approx(84.6667, abs=1e-4)
        assert runoff(100.0, 75) == pytest.approx(41.14, abs=0.01)

    @pytest.mark.parametrize(
        ("rain_in", "curve", "runoff_in"),
        [(1.0, 80, 0.08), (2.0, 80, 0.56), (4.0, 70, 1.33), (6.0, 60, 1.92), (8.0, 90, 6.81), (12.0, 75, 8.76)],
    )
    def test_table_2_1_of_tr_55(self, rain_in, curve, runoff_in):
        # printed in inches with two decimals
        assert runoff(rain_in * INCH, curve) / INCH == pytest.approx(runoff_in, abs=0.0061)

    def test_ends(self):
        assert runoff(16.0, 75) == 0  # less than the initial abstraction
        assert runoff(100.0, 100) == 100  # nothing is held
        assert runoff(0.0, 100) == 0

    def test_abstraction_of_5_percent_converts_the_storage(self):
        # S = 0.819 * 84.667^1.15 = 134.9; Ia 6.747; (93.253)² / (93.253 + 134.9)
        assert runoff(100.0, 75, 0.05) == pytest.approx(38.1, abs=0.05)

    def test_moisture_by_table_and_formula(self):
        assert for_moisture(np.array([100.0, 80, 70, 30]), "dry").tolist() == [100, 63, 51, 15]
        assert for_moisture(np.array([100.0, 80, 70, 30]), "wet").tolist() == [100, 91, 85, 50]
        assert for_moisture(np.array([75.0]), "dry") == pytest.approx(57)  # between 51 and 63
        # 4.2*80/(10 - 4.64) = 62.69; 23*80/(10 + 10.4) = 90.20
        assert for_moisture(np.array([80.0]), "dry", "formula") == pytest.approx(62.69, abs=0.01)
        assert for_moisture(np.array([80.0]), "wet", "formula") == pytest.approx(90.20, abs=0.01)

    def test_slope_is_neutral_at_5_percent(self):
        # 1 - 2 exp(-13.86 * 0.05) = 0.0002
        curve = np.array([60.0, 80.0])
        assert for_slope(curve, np.array([0.05, 0.05])) == pytest.approx(curve, abs=0.01)
        assert (for_slope(curve, np.array([0.3, 0.3])) > curve).all()
        assert (for_slope(curve, np.zeros(2)) < curve).all()

    def test_rows_of_tr_55(self):
        table = curve_numbers(HJ1166)
        assert table.values[HJ1166.codes.index(BROADLEAF)].tolist() == [30, 55, 70, 77]
        assert table.bare.tolist() == [77, 86, 91, 94]
        assert np.isnan(table.values[HJ1166.codes.index(LAKE)]).all()

    @pytest.mark.parametrize("wrong", [0.7, 29, 101])
    def test_curve_numbers_lie_between_30_and_100(self, wrong):
        own = Table.of_rows("cn.csv", [{"code": BROADLEAF, "a": 40, "b": wrong, "c": 60, "d": 70}])
        with pytest.raises(TableError, match=f"column B: the curve number is {wrong:g}"):
            curve_numbers(HJ1166, own)


class TestWaterBodies:
    def test_a_lake_of_the_tibetan_plateau_by_hand(self):
        # exp(6.636) * 100^0.678 = 762.0 * 22.70 = 17 297 of 1e4 m³
        zone = lake_zones()["qinghai-tibet plateau"]
        assert lake_capacity_m3(100, zone.intercept, zone.slope) == pytest.approx(1.7297e8, rel=1e-3)

    def test_two_lakes_hold_other_than_one_of_their_size(self):
        zone = lake_zones()["eastern plain"]
        two = 2 * lake_capacity_m3(10, zone.intercept, zone.slope)
        assert two != pytest.approx(lake_capacity_m3(20, zone.intercept, zone.slope), rel=0.05)

    def test_exchanges_of_the_guide(self):
        assert lake_zones()["eastern plain"].exchanges == 1
        assert lake_zones(guideline=True)["东部平原区"].exchanges == 3.19

    def test_reservoir_and_swamp(self):
        assert reservoir_capacity_m3(1e8) == pytest.approx(3.5e7)
        assert swamp_capacity_m3(100) == pytest.approx(3e5)  # 1 km² * 0.3 m


@pytest.fixture
def region(raster):
    cover = Cover((raster("lc", np.array([[BROADLEAF, ARABLE], [SETTLEMENT, LAKE]]), nodata=0),), HJ1166)
    return {"cover": cover, "soil_group": Rasters.of(raster("hsg", np.array([[2, 2], [4, 2]]), nodata=0))}


def held(rain, curve):
    return rain - float(runoff(rain, curve))


def test_map_and_table(region, out):
    found = run_flood_mitigation(FloodInputs(**region, storm_depth_mm=(80.0,)), FloodOutputs(out("h")))
    expected = np.array([[held(80.0, 55), held(80.0, 78)], [held(80.0, 95), 0]])
    assert read(out("h"))[0] == pytest.approx(expected, rel=1e-6)
    assert bands_of(out("h")) == [("held", "mm")]
    assert found.totals == pytest.approx([10 * expected.sum()], rel=1e-6)
    assert [c.name for c in found.table().columns][:5] == ["year", "ecosystem", "area_ha", "held_mm", "volume_m3"]
    assert {row[1] for row in found.table().rows} == {"forest", "cropland", "urban"}


def test_storms_are_added_one_by_one(region):
    def total(*depths):
        return run_flood_mitigation(FloodInputs(**region, storm_depth_mm=depths), FloodOutputs()).totals[0]

    assert total(80, 120) == pytest.approx(total(80) + total(120))
    assert total(80, 120) > total(200)  # runoff grows faster than rain


def test_against_bare_soil(region, out):
    inputs = FloodInputs(**region, storm_depth_mm=(80.0,), form="against_bare")
    run_flood_mitigation(inputs, FloodOutputs(out("h")))
    found = read(out("h"))[0]
    assert found[0, 0] == pytest.approx(runoff(80.0, 86) - runoff(80.0, 55), rel=1e-6)
    assert found[1, 0] < 0  # a town on clay sheds more than bare clay: 95 against 94


def test_wet_soils_hold_less(region):
    dry, average, wet = (
        run_flood_mitigation(FloodInputs(**region, storm_depth_mm=(80.0,), antecedent=state), FloodOutputs()).totals[0]
        for state in ("dry", "average", "wet")
    )
    assert dry > average > wet


def test_a_storm_raster_by_year(region, raster):
    storms = Rasters.of(raster("s0", np.full((2, 2), 80.0)), raster("s1", np.full((2, 2), 120.0)))
    cover = Cover(region["cover"].paths * 1, HJ1166)
    inputs = FloodInputs(cover, (2000, 2010), storm_rainfall=storms, soil_group=region["soil_group"])
    found = run_flood_mitigation(inputs, FloodOutputs())
    single = [
        run_flood_mitigation(FloodInputs(**region, storm_depth_mm=(depth,)), FloodOutputs()).totals[0]
        for depth in (80.0, 120.0)
    ]
    assert found.totals == pytest.approx(single, rel=1e-6)


def storms(raster, name, *depths):
    return raster(name, np.stack([np.full((2, 2), depth) for depth in depths]))


def test_storms_of_rasters_are_added_one_by_one(region, raster):
    by_depth = run_flood_mitigation(FloodInputs(**region, storm_depth_mm=(80.0, 120.0)), FloodOutputs()).totals
    two_rasters = Rasters.of(storms(raster, "a", 80.0), storms(raster, "b", 120.0))
    for rain in (two_rasters, Rasters.of(storms(raster, "ab", 80.0, 120.0))):
        found = run_flood_mitigation(FloodInputs(**region, storm_rainfall=rain), FloodOutputs())
        assert found.totals == pytest.approx(by_depth, rel=1e-6)


def test_each_year_has_its_own_storms(region, raster):
    rain = Rasters.of(storms(raster, "s0", 80.0, 120.0), storms(raster, "s1", 60.0, 0.0))
    inputs = FloodInputs(region["cover"], (2000, 2010), storm_rainfall=rain, soil_group=region["soil_group"])
    single = [
        run_flood_mitigation(FloodInputs(**region, storm_depth_mm=depths), FloodOutputs()).totals[0]
        for depths in ((80.0, 120.0), (60.0,))
    ]
    assert run_flood_mitigation(inputs, FloodOutputs()).totals == pytest.approx(single, rel=1e-6)
    with pytest.raises(InputError, match="no storm: give one storm per year"):
        run_flood_mitigation(replace(inputs, climate="mean"), FloodOutputs())
    uneven = Rasters.of(rain.paths[0], storms(raster, "s2", 60.0))
    with pytest.raises(InputError, match="from 1 to 2 storms.*fill up with bands of 0 mm"):
        run_flood_mitigation(replace(inputs, storm_rainfall=uneven), FloodOutputs())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"storm_depth_mm": ()}, "STORM_RAINFALL.*STORM_DEPTH"),
        ({"storm_depth_mm": (80.0, 8000.0)}, "8000 mm"),
        ({"soil_group": None}, "soil group is ''"),
        ({"soil_group": None, "soil_group_code": "E"}, "soil group is 'E'"),
        ({"abstraction": 0.1}, r"0\.1 of the storage"),
    ],
)
def test_bad_parameters(region, change, message):
    with pytest.raises(InputError, match=message):
        run_flood_mitigation(FloodInputs(**{**region, "storm_depth_mm": (80.0,), **change}), FloodOutputs())


def test_an_unknown_soil_group_is_told(region, raster):
    wrong = Rasters.of(raster("wrong", np.array([[2, 14], [4, 2]]), nodata=0))
    with pytest.raises(InputError, match="code 14.*4 = D"):
        run_flood_mitigation(FloodInputs(region["cover"], storm_depth_mm=(80.0,), soil_group=wrong), FloodOutputs())


SOIL_FIELDS = ("soil_depth_m", "bulk_density_t_m3", "saturated_pct", "natural_pct")


def polygons(path, features):
    """Squares of hectares: left and top column and row, width and height in pixels, kind, capacity, zone, soil."""
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(UTM_50N)
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    layer = dataset.CreateLayer("bodies", reference, ogr.wkbPolygon)
    for name, kind in (("kind", ogr.OFTString), ("capacity_m3", ogr.OFTReal), ("lake_zone", ogr.OFTString)):
        layer.CreateField(ogr.FieldDefn(name, kind))
    for name in SOIL_FIELDS:
        layer.CreateField(ogr.FieldDefn(name, ogr.OFTReal))
    for (column, row, width, height), kind, capacity, zone, *soil in features:
        x, y = 500_000 + 100 * column, 4_400_000 - 100 * row
        ring = f"{x} {y}, {x + 100 * width} {y}, {x + 100 * width} {y - 100 * height}, {x} {y - 100 * height}, {x} {y}"
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON(({ring}))"))
        feature["kind"], feature["lake_zone"] = kind, zone
        if capacity is not None:
            feature["capacity_m3"] = capacity
        for name, value in zip(SOIL_FIELDS, soil):
            if value is not None:
                feature[name] = value
        layer.CreateFeature(feature)
    del layer, dataset
    return str(path)


@pytest.fixture
def lakeland(raster):
    """400 ha: forest, and water in the two upper rows."""
    cover = np.full((20, 20), BROADLEAF)
    cover[:10] = LAKE
    return {
        "cover": Cover((raster("lakeland", cover, nodata=0),), HJ1166),
        "soil_group_code": "B",
        "storm_depth_mm": (80.0,),
    }


def test_water_bodies_are_added_by_object(lakeland, tmp_path, out):
    path = polygons(
        tmp_path / "bodies.gpkg",
        [
            ((0, 0, 10, 10), "lake", None, "Eastern plain"),
            ((10, 0, 5, 10), "reservoir", 1_000_000.0, ""),
            ((15, 0, 5, 10), "swamp", None, ""),
        ],
    )
    found = run_flood_mitigation(FloodInputs(**lakeland, water_bodies=path), FloodOutputs(out("h")))
    zone = lake_zones()["eastern plain"]
    expected = [lake_capacity_m3(1.0, zone.intercept, zone.slope), 350_000, 150_000]
    assert [body.capacity_m3 for body in found.bodies] == pytest.approx(expected)
    depth = read(out("h"))[0]
    # each object is spread over its pixels: m³ / (ha * 10) = mm
    assert depth[0, 0] == pytest.approx(expected[0] / 100 / 10, rel=1e-6)
    assert (depth[0, 10], depth[0, 15]) == pytest.approx((700, 300), rel=1e-6)
    land = 200 * 10 * held(80.0, 55)
    assert found.totals == pytest.approx([land + math.fsum(expected)], rel=1e-6)
    assert found.water_bodies_m3.sum() == pytest.approx(math.fsum(expected), rel=1e-6)
    # the legend tells land apart, which holds 77 mm, and not the 700 mm of the reservoir
    assert found.land_range_mm == (0, pytest.approx(1.25 * held(80.0, 55), rel=0.05))


def test_the_law_for_the_summed_area_is_a_choice(lakeland, tmp_path):
    lakes = [((0, 0, 10, 10), "lake", None, ""), ((10, 0, 10, 10), "lake", None, "")]
    path = polygons(tmp_path / "lakes.gpkg", lakes)
    zone = lake_zones()["eastern plain"]
    found = run_flood_mitigation(FloodInputs(**lakeland, water_bodies=path, lakes="total"), FloodOutputs())
    together = lake_capacity_m3(2.0, zone.intercept, zone.slope)
    assert [body.capacity_m3 for body in found.bodies] == pytest.approx([together / 2] * 2)


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (((0, 0, 5, 5), "pond", None, ""), "kind 'pond'"),
        (((0, 0, 5, 5), "reservoir", None, ""), "without capacity_m3"),
        (((0, 0, 5, 5), "lake", None, "Atlantis"), "lake zone 'Atlantis'"),
    ],
)
def test_bad_water_bodies(lakeland, tmp_path, feature, message):
    path = polygons(tmp_path / "bad.gpkg", [feature])
    with pytest.raises(TableError, match=message):
        run_flood_mitigation(FloodInputs(**lakeland, water_bodies=path), FloodOutputs())


PEAT = (1.5, 0.2, 400.0, 250.0)
SWAMP = (0, 0, 10, 10)  # 100 ha


class TestSwampSoil:
    def swamps(self, lakeland, path, features, **soil):
        inputs = FloodInputs(**lakeland, water_bodies=polygons(path, features), swamp_soil=SwampSoil(**soil))
        return run_flood_mitigation(inputs, FloodOutputs(str(path.with_suffix(".tif")))).bodies

    def test_by_hand(self):
        # 1 ha * 1.5 m of peat weighs 3000 t dry; it takes up 1.5 t of water per t: 4500 m³
        assert soil_storage_m3(1, 1.5, 0.2, 400, 250) == pytest.approx(4500)
        # mineral soil at its natural content, saturated as well: nothing
        assert soil_storage_m3(1, 1.5, 1.3, 35, 35) == 0

    def test_the_fields_of_a_swamp_add_its_soil_to_the_water_above(self, lakeland, tmp_path):
        (swamp,) = self.swamps(lakeland, tmp_path / "s.gpkg", [(SWAMP, "swamp", None, "", *PEAT)])
        assert swamp.soil_m3 == pytest.approx(100 * 4500)
        assert swamp.capacity_m3 == pytest.approx(100 * (3000 + 4500))
        assert read(str(tmp_path / "s.tif"))[0, 0, 0] == pytest.approx(300 + 450, rel=1e-6)  # mm

    def test_parameters_stand_in_for_empty_fields(self, lakeland, tmp_path):
        features = [(SWAMP, "swamp", None, "", *PEAT), ((10, 0, 10, 10), "swamp", None, "", 3.0)]
        shallow, deep = self.swamps(
            lakeland,
            tmp_path / "s.gpkg",
            features,
            soil_depth_m=9,
            bulk_density_t_m3=0.2,
            saturated_pct=400,
            natural_pct=250,
        )
        assert (shallow.soil_m3, deep.soil_m3) == pytest.approx((450_000, 900_000))

    def test_without_soil_a_swamp_holds_surface_water_alone(self, lakeland, tmp_path):
        (swamp,) = self.swamps(lakeland, tmp_path / "s.gpkg", [(SWAMP, "swamp", None, "")])
        assert (swamp.capacity_m3, swamp.soil_m3) == (300_000, 0)

    def test_a_known_capacity_is_the_whole(self, lakeland, tmp_path):
        (swamp,) = self.swamps(lakeland, tmp_path / "s.gpkg", [(SWAMP, "swamp", 1e6, "", *PEAT)])
        assert (swamp.capacity_m3, swamp.soil_m3) == (1e6, 0)

    def test_soil_where_no_swamp_is(self, lakeland, tmp_path, log):
        path = polygons(tmp_path / "s.gpkg", [(SWAMP, "lake", None, "")])
        inputs = FloodInputs(**lakeland, water_bodies=path, swamp_soil=SwampSoil(*PEAT))
        found = run_flood_mitigation(inputs, FloodOutputs(), progress=log)
        assert found.bodies[0].soil_m3 == 0
        assert any("none of the water bodies is a swamp" in warning for warning in log.warnings)

    @pytest.mark.parametrize(
        ("soil", "message"),
        [
            (
                (1.5, None, 400, None),
                r"Water body 1 \(swamp\): of its soil bulk_density_t_m3, natural_pct is not known",
            ),
            ((150, 0.2, 400, 250), "150 m deep. Write metres"),
            ((0, 0.2, 400, 250), "0 m deep"),
            ((1.5, 200, 400, 250), "divide kg/m3 by 1000"),
            ((1.5, 0.2, 250, 400), "400 % of water by nature and 250 % when saturated"),
            ((1.5, 0.2, 4, 2.5), "multiply fractions by 100"),
            ((1.5, 1.3, 90, 30), r"would hold 1\.17 m3 of water. Water contents are percent of the dry mass"),
            ((1.5, 0.2, 400, -5), "natural_pct '-5.0'. Write a number, 0 or more"),
        ],
    )
    def test_soil_that_cannot_be(self, lakeland, tmp_path, soil, message):
        with pytest.raises(TableError, match=message):
            self.swamps(lakeland, tmp_path / "s.gpkg", [(SWAMP, "swamp", None, "", *soil)])
