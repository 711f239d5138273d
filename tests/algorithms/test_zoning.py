"""Zoning through QGIS: the paper's arithmetic on maps that a pencil can follow, legends, polygons, bad input."""

from __future__ import annotations

import pytest
from osgeo import ogr

from ecoassets.tests.algorithms.helpers import files_in, layers_of, load_maps, read_csv, run
from ecoassets.tests.algorithms.landcover import FOREST, PADDY, TOWN, write_columns
from ecoassets.tests.rasters import read_raster, write_raster

RESTORE, CONSERVE, PLAN, RANK, SELECT = (
    f"ecoassets:{name}"
    for name in ("restorationzones", "conservationzones", "zoningplan", "priorityranking", "targetselection")
)
# Ten hectares: eight of forest, a paddy, a town.
LAND = [[FOREST] * 5, [FOREST, FOREST, FOREST, PADDY, TOWN]]
WATER = [[50, 20, 10, 5, 5], [4, 3, 2, 1, 0]]  # of 100


@pytest.fixture
def maps(tmp_path):
    """`maps("water", rows)`: a raster of one-hectare pixels."""

    def write(name, rows, dtype="float32", nodata=-9999):
        return write_raster(tmp_path / f"{name}.tif", rows, dtype, nodata=nodata)

    return write


@pytest.fixture
def land(maps):
    return {"LAND_COVER": maps("land", LAND, "uint8", 255), "SCHEME": "cnlucc"}


def features(path):
    """Attributes of the features of a file."""
    dataset = ogr.Open(str(path))
    return [feature.items() for feature in dataset.GetLayer(0)]


def refused(identifier, parameters, words):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=words):
        run(identifier, parameters)


class TestRestoration:
    @pytest.fixture
    def given(self, maps, land, tmp_path):
        quality = [[1, 2, 3, 4, 5], [3, 3, 3, 1, 1]]
        degraded = [[-1, 0, 0, 1, 0], [-1, -1, 0, -1, -1]]
        erosion = [[4, 1, 1, 1, 1], [1, 5, 1, 1, 1]]
        return {
            "DEGRADED_WATER": maps("degraded", degraded, "int16"),
            "QUALITY_CLASSES": maps("quality", quality, "uint8", 0),
            "EROSION_CLASSES": maps("erosion", erosion, "uint8", 0),
            **land,
            "OUTPUT": str(tmp_path / "r.tif"),
            "OUTPUT_PRIORITY": str(tmp_path / "p.tif"),
        }

    def test_reasons_of_every_pixel(self, given, tmp_path):
        # quality counts on forest only: the paddy and the town are degraded, no more
        run(RESTORE, given)
        assert read_raster(tmp_path / "r.tif")[0].tolist() == [[1 + 16 + 32, 16, 0, 0, 0], [1, 1 + 32, 0, 1, 1]]
        assert read_raster(tmp_path / "p.tif")[0].tolist() == [[3, 1, 0, 0, 0], [1, 2, 0, 1, 1]]

    def test_parts_overlap_and_the_union_counts_once(self, given, tmp_path):
        found = run(
            RESTORE, {**given, "OUTPUT_TABLE": str(tmp_path / "t.csv"), "OUTPUT_CLEANUP": str(tmp_path / "c.csv")}
        )
        assert (found["AREA"], found["SHARE"]) == (6, pytest.approx(60))
        parts = {row["reason"]: float(row["before_ha"]) for row in read_csv(tmp_path / "c.csv")}
        assert (parts["degraded"], parts["low_quality"], parts["severe_erosion"]) == (5, 2, 2)
        assert parts["sum"] - parts["overlap"] == parts["union"] == 6
        forest = [r for r in read_csv(tmp_path / "t.csv") if (r["reason"], r["ecosystem"]) == ("union", "forest")]
        assert float(forest[0]["area_ha"]) == 4

    def test_combinations_add_up_to_the_union(self, given, tmp_path):
        found = run(RESTORE, {**given, "OUTPUT_COMBINATIONS": str(tmp_path / "c.csv")})
        assert sum(float(row["area_ha"]) for row in read_csv(tmp_path / "c.csv")) == found["AREA"]

    def test_towns_and_fields_may_be_excluded(self, given):
        assert run(RESTORE, {**given, "EXCLUDE": "urban, cropland"})["AREA"] == 4

    def test_weights_decide_the_priority(self, given, tmp_path):
        run(RESTORE, {**given, "REASON_WEIGHTS": "severe_erosion:2"})
        assert read_raster(tmp_path / "p.tif")[0, 1, 1] == 3

    def test_the_legend_names_the_combinations_that_occur(self, given, tmp_path):
        outputs = {name: given.pop(name) for name in ("OUTPUT", "OUTPUT_PRIORITY")}
        project = load_maps(RESTORE, given, outputs)
        entries = {e.value: e.label for e in layers_of(project)["Reasons to restore"].renderer().classes()}
        project.clear()
        assert sorted(entries) == [0, 1, 16, 33, 49]
        assert entries[33] == "water retention degraded + severe erosion"

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"QUALITY_CLASSES": [[9, 2, 3, 4, 5]] * 2}, "9"),
            ({"DEGRADED_WATER": [[2, 0, 0, 0, 0]] * 2}, "2"),
        ],
    )
    def test_codes_that_do_not_exist(self, given, maps, changes, words):
        written = {name: maps(f"wrong_{name}", rows, "int16") for name, rows in changes.items()}
        refused(RESTORE, {**given, **written}, words)

    def test_a_degradation_of_several_layers_gives_their_union_or_a_band(self, given, tmp_path):
        union, water = [[-1, -1, 0, 0, 0], [0] * 5], [[-1, 0, 0, 0, 0], [0] * 5]
        path = write_raster(tmp_path / "layers.tif", [union, water], "int16", nodata=-9)
        alone = {**given, "DEGRADED_WATER": path, "QUALITY_CLASSES": None, "EROSION_CLASSES": None}
        assert run(RESTORE, alone)["AREA"] == 2
        assert run(RESTORE, {**alone, "DEGRADED_WATER_BAND": 2})["AREA"] == 1

    def test_nothing_speaks_for_restoration(self, land, tmp_path):
        refused(RESTORE, {**land, "OUTPUT": str(tmp_path / "r.tif")}, "Nothing speaks for restoration")

    def test_a_reason_that_does_not_exist(self, given):
        refused(RESTORE, {**given, "REASON_WEIGHTS": "beauty:2"}, "beauty:2")


class TestConservation:
    @pytest.fixture
    def given(self, maps, land, tmp_path):
        return {
            "SERVICES": [maps("water", WATER)],
            "NAMES": "water",
            "KINDS": "quantity",
            **land,
            "OUTPUT": str(tmp_path / "c.tif"),
            "OUTPUT_IMPORTANCE": str(tmp_path / "i.tif"),
        }

    def test_classes_by_the_share_before_a_pixel(self, given, tmp_path):
        # shares before each pixel: 0, 50, 70, 80 (two of 5 share a class), 90, 94, 97, 99, and what holds nothing
        run(CONSERVE, given)
        assert read_raster(tmp_path / "i.tif")[0].tolist() == [[1, 2, 2, 3, 3], [4, 4, 4, 4, 4]]
        assert read_raster(tmp_path / "c.tif")[0].tolist() == [[1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]

    def test_efficiency_is_share_kept_over_share_of_area(self, given, tmp_path):
        found = run(CONSERVE, {**given, "KEEP": 2, "OUTPUT_EFFICIENCY": str(tmp_path / "e.csv")})
        (row,) = read_csv(tmp_path / "e.csv")
        assert (found["AREA"], found["SHARE"]) == (3, pytest.approx(30))
        assert float(row["kept_pct"]) == pytest.approx(80)
        assert float(row["ratio"]) == pytest.approx(80 / 30)

    def test_the_most_important_class_wins(self, given, maps, tmp_path):
        soil = maps("soil", [[0, 0, 0, 0, 0], [0, 0, 100, 0, 0]])
        run(CONSERVE, {**given, "SERVICES": [*given["SERVICES"], soil], "NAMES": "water, soil"})
        assert read_raster(tmp_path / "i.tif")[2].tolist() == [[1, 2, 2, 3, 3], [4, 4, 1, 4, 4]]

    def test_only_natural_land_is_conserved(self, given, maps):
        paddy = maps("paddy", [[0, 0, 0, 0, 0], [0, 0, 0, 100, 0]])
        with_paddy = {**given, "SERVICES": [paddy]}
        assert run(CONSERVE, with_paddy)["AREA"] == 0
        assert run(CONSERVE, {**with_paddy, "NATURAL": "forest, cropland"})["AREA"] == 1

    def test_locked_areas(self, given, tmp_path):
        locked = write_columns(tmp_path / "in.gpkg", {"reserve": (3, 4)})
        assert run(CONSERVE, {**given, "LOCKED_IN": locked})["AREA"] == 3
        out = write_columns(tmp_path / "out.gpkg", {"town": (0, 1)})
        assert run(CONSERVE, {**given, "LOCKED_OUT": out})["AREA"] == 0
        refused(CONSERVE, {**given, "LOCKED_IN": locked, "LOCKED_OUT": locked}, "[Ll]ocked")

    def test_a_layer_per_service_and_the_composite(self, given):
        outputs = {name: given.pop(name) for name in ("OUTPUT", "OUTPUT_IMPORTANCE")}
        project = load_maps(CONSERVE, given, outputs)
        layers = layers_of(project)
        labels = [entry.label for entry in layers["Importance"].renderer().classes()]
        project.clear()
        assert sorted(layers) == ["Conservation zones", "Importance", "water"]
        assert labels == ["extremely important", "important", "moderately important", "general"]

    def test_services_are_called_after_their_files_and_a_band_may_be_chosen(self, given, tmp_path):
        early, late = [[0, 0, 0, 0, 90], [0] * 5], WATER
        path = write_raster(tmp_path / "series.tif", [early, late], "float32", nodata=-9999)
        files = {"SERVICES": [path], "NAMES": None, "OUTPUT_EFFICIENCY": str(tmp_path / "e.csv")}
        run(CONSERVE, {**given, **files, "BANDS": "1"})
        assert read_csv(tmp_path / "e.csv")[0]["service"] == "series"
        assert read_raster(tmp_path / "c.tif")[0, 0].tolist() == [0, 0, 0, 0, 1]
        refused(CONSERVE, {**given, **files, "BANDS": "3"}, "band 3")
        refused(CONSERVE, {**given, **files, "BANDS": "1.5"}, "BANDS holds 1.5")

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"BREAKS": "75, 50, 90"}, "rise|rising"),
            ({"BREAKS": "half"}, "BREAKS is 'half'"),
            ({"NAMES": "water, soil"}, "2 names .*for 1 service"),
            ({"KINDS": "depths"}, "depths"),
            ({"KINDS": "depth, density"}, "2 words for 1 service"),
            ({"NATURAL": "wetland"}, "natural"),
        ],
    )
    def test_bad_input(self, given, changes, words, tmp_path):
        refused(CONSERVE, {**given, **changes}, words)
        assert "c.tif" not in files_in(tmp_path)

    def test_a_service_of_nothing(self, given, maps, tmp_path):
        refused(CONSERVE, {**given, "SERVICES": [maps("none", [[0] * 5, [-1] * 5])]}, "none.tif")
        assert "c.tif" not in files_in(tmp_path)


class TestPlan:
    @pytest.fixture
    def given(self, maps, land, tmp_path):
        return {
            "RESTORATION": maps("restoration", [[0, 1, 1, 0, 0], [0, 32, 0, 0, 16]], "uint8", 255),
            "CONSERVATION": maps("conservation", [[1, 1, 0, 0, 0], [1, 0, 0, 0, 0]], "uint8", 255),
            **land,
            "OUTPUT": str(tmp_path / "plan.tif"),
        }

    def test_codes_add_up(self, given, tmp_path):
        found = run(PLAN, given)
        assert read_raster(tmp_path / "plan.tif")[0].tolist() == [[1, 3, 2, 0, 0], [1, 2, 0, 0, 2]]
        assert found["CONSERVATION_AREA"] + found["BOTH_AREA"] == 3
        assert found["RESTORATION_AREA"] + found["BOTH_AREA"] == 4

    @pytest.mark.parametrize(("policy", "code"), [("conservation", 1), ("restoration", 2)])
    def test_a_policy_decides(self, given, tmp_path, policy, code):
        run(PLAN, {**given, "POLICY": policy})
        assert read_raster(tmp_path / "plan.tif")[0, 0, 1] == code

    def test_polygons_by_district_with_what_lies_in_them(self, given, maps, tmp_path):
        zones = write_columns(tmp_path / "zones.gpkg", {"west": (0, 2), "east": (2, 5)})
        services = {"SERVICES": [maps("water", WATER)], "NAMES": "water", "KINDS": "quantity"}
        run(
            PLAN, {**given, **services, "ZONES": zones, "ZONE_FIELD": "name", "OUTPUT_VECTOR": str(tmp_path / "p.gpkg")}
        )
        found = {
            (f["zone"], f["plan"]): (f["area_ha"], f["reasons"], f["kept_water_pct"])
            for f in features(tmp_path / "p.gpkg")
        }
        assert found["west", 1] == (2, "", pytest.approx(54))
        assert found["west", 3] == (1, "water retention degraded 1.0 ha", pytest.approx(20))
        assert found["east", 2][0] == 2
        assert sum(area for area, _, _ in found.values()) == 6

    def test_polygons_may_stay_in_memory(self, given):
        layer = run(PLAN, {**given, "OUTPUT_VECTOR": "TEMPORARY_OUTPUT"})["OUTPUT_VECTOR"]
        assert layer.crs().isValid() and "fid" not in [field.name() for field in layer.fields()]
        assert sorted(feature["plan_name"] for feature in layer.getFeatures()) == [
            "conservation",
            "conservation and restoration",
            "restoration",
        ]

    def test_the_report_has_a_page_with_a_map_for_each_district(self, given, tmp_path):
        zones = write_columns(tmp_path / "zones.gpkg", {"Westland": (0, 2), "Eastland": (2, 5)})
        run(PLAN, {**given, "ZONES": zones, "ZONE_FIELD": "name", "OUTPUT_HTML": str(tmp_path / "r.html")})
        page = (tmp_path / "r.html").read_text(encoding="utf-8")
        for district in ("Westland", "Eastland"):
            assert f'alt="Map of the plan: {district} "' in page
        assert "Why to restore" in page

    def test_polygons_are_coloured_by_plan(self, given, tmp_path):
        from qgis.core import QgsVectorLayer

        from ecoassets.algorithms.looks.vector_look import FeatureClass, FeatureLook, show_features

        run(PLAN, {**given, "OUTPUT_VECTOR": str(tmp_path / "p.gpkg")})
        layer = QgsVectorLayer(str(tmp_path / "p.gpkg"), "plan", "ogr")
        show_features(layer, FeatureLook("Plan", "plan", classes=(FeatureClass("1", "conservation", "#1a7837"),)))
        renderer = layer.renderer()
        feature = next(f for f in layer.getFeatures() if f["plan"] == 1)
        assert renderer.categories()[renderer.categoryIndexForValue(feature["plan"])].label() == "conservation"

    def test_the_comparison_needs_no_more_land_than_the_zones(self, given, maps, tmp_path):
        services = {"SERVICES": [maps("water", WATER)], "NAMES": "water", "KINDS": "quantity"}
        files = {"OUTPUT_COMPARISON": str(tmp_path / "c.csv"), "OUTPUT_DIFFERENCE": str(tmp_path / "d.tif"),
                 "OUTPUT_HTML": str(tmp_path / "r.html")}  # fmt: skip
        run(PLAN, {**given, **services, **files})
        rows = {row["method"]: row for row in read_csv(tmp_path / "c.csv")}
        # the zones hold 50 + 20 + 4 = 74 on 3 ha; the best pixels 50 + 20 + 10 on 3 ha, and no two hold 74
        assert float(rows["plan"]["kept_pct"]) == pytest.approx(74)
        assert float(rows["selection"]["area_ha"]) == float(rows["ranking"]["area_ha"]) == 3
        assert float(rows["selection"]["kept_pct"]) >= 74
        assert "74" in (tmp_path / "r.html").read_text(encoding="utf-8")

    def test_a_comparison_without_services(self, given, tmp_path):
        refused(PLAN, {**given, "OUTPUT_COMPARISON": str(tmp_path / "c.csv")}, "give SERVICES")


class TestRanking:
    def test_one_service_ranks_by_its_amount(self, maps, tmp_path):
        given = {"SERVICES": [maps("w", [[1, 5, 3], [2, 4, 6]])], "NAMES": "w", "KINDS": "quantity"}
        found = run(RANK, {**given, "OUTPUT": str(tmp_path / "r.tif"), "OUTPUT_CURVES": str(tmp_path / "c.csv")})
        assert (read_raster(tmp_path / "r.tif")[0] * 6).ravel().tolist() == pytest.approx([1, 5, 3, 2, 4, 6])
        assert found["CELLS"] == 6
        curve = {float(row["area_pct"]): float(row["kept_pct"]) for row in read_csv(tmp_path / "c.csv")}
        assert curve[100] == pytest.approx(100)

    def test_weights_that_do_not_fit(self, maps, tmp_path):
        given = {"SERVICES": [maps("w", [[1, 2]])], "NAMES": "w", "WEIGHTS": "1, 2", "OUTPUT": str(tmp_path / "r.tif")}
        refused(RANK, given, "2 weights are given for 1 service")


class TestSelection:
    @pytest.fixture
    def units(self, tmp_path):
        """Three units: two cheap ones hold 40 each, a dear one holds 20."""
        path = write_columns(tmp_path / "units.gpkg", {"a": (0, 1), "b": (1, 2), "c": (2, 3)})
        dataset = ogr.Open(path, 1)
        layer = dataset.GetLayer(0)
        for name in ("water", "cost"):
            layer.CreateField(ogr.FieldDefn(name, ogr.OFTReal))
        for feature, (water, cost) in zip(list(layer), ((40, 1), (40, 2), (20, 9))):
            feature["water"], feature["cost"] = water, cost
            layer.SetFeature(feature)
        del layer, dataset
        return path

    def test_the_cheapest_units_that_meet_the_target(self, units, tmp_path):
        given = {"INPUT": units, "SERVICES": ["water"], "COST": "cost", "TARGETS": "80"}
        found = run(SELECT, {**given, "OUTPUT": str(tmp_path / "s.gpkg"), "OUTPUT_TABLE": str(tmp_path / "t.csv")})
        assert (found["COST_TOTAL"], found["GAP"], found["SELECTED"]) == (3, 0, 2)
        assert [f["name"] for f in features(tmp_path / "s.gpkg")] == ["a", "b"]
        assert float(read_csv(tmp_path / "t.csv")[0]["held_pct"]) == pytest.approx(80)

    def test_units_keep_all_their_fields(self, units, tmp_path):
        from qgis.core import QgsVectorLayer

        dataset = ogr.Open(units, 1)
        layer = dataset.GetLayer(0)
        layer.CreateField(ogr.FieldDefn("seen", ogr.OFTDate))
        feature = layer.GetNextFeature()
        feature.SetField("seen", 2015, 6, 30, 0, 0, 0, 0)
        layer.SetFeature(feature)
        del feature, layer, dataset
        run(SELECT, {"INPUT": units, "SERVICES": ["water"], "TARGETS": "100", "OUTPUT": str(tmp_path / "s.gpkg")})
        chosen = next(QgsVectorLayer(str(tmp_path / "s.gpkg"), "s", "ogr").getFeatures())
        assert (chosen["name"], chosen["seen"].toString("yyyy-MM-dd")) == ("a", "2015-06-30")

    def test_targets_that_locked_units_make_impossible_are_named(self, units, tmp_path):
        dataset = ogr.Open(units, 1)
        layer = dataset.GetLayer(0)
        layer.CreateField(ogr.FieldDefn("locked", ogr.OFTInteger))
        feature = layer.GetNextFeature()
        feature["locked"] = -1
        layer.SetFeature(feature)
        del feature, layer, dataset
        given = {"INPUT": units, "SERVICES": ["water"], "LOCK": "locked", "TARGETS": "70"}
        refused(SELECT, {**given, "OUTPUT": str(tmp_path / "s.gpkg")}, "water: target 70 %, at most 60 %")

    @pytest.mark.parametrize(
        ("targets", "words"), [("120", "120 %"), ("50, 60", "2 targets are given for 1"), ("x", "TARGETS")]
    )
    def test_targets_that_cannot_be(self, units, tmp_path, targets, words):
        given = {"INPUT": units, "SERVICES": ["water"], "TARGETS": targets, "OUTPUT": str(tmp_path / "s.gpkg")}
        refused(SELECT, given, words)
        assert "s.gpkg" not in files_in(tmp_path)

    def test_one_unit_leaves_nothing_to_choose(self, tmp_path):
        path = write_columns(tmp_path / "unit.gpkg", {"a": (0, 2)})
        dataset = ogr.Open(path, 1)
        layer = dataset.GetLayer(0)
        layer.CreateField(ogr.FieldDefn("water", ogr.OFTReal))
        feature = layer.GetNextFeature()
        feature["water"] = 5
        layer.SetFeature(feature)
        del feature, layer, dataset
        given = {"INPUT": path, "SERVICES": ["water"], "TARGETS": "10", "OUTPUT": str(tmp_path / "s.gpkg")}
        refused(SELECT, given, "holds one polygon")
        assert "s.gpkg" not in files_in(tmp_path)
