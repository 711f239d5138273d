"""Water, flood and habitat through QGIS: what slips in units, tables and layers tell, and choices by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import files_in, layers_of, load_maps, read_csv, run, write_text
from ecoassets.tests.algorithms.landcover import FOREST, PADDY, TOWN, write_columns
from ecoassets.tests.rasters import WGS_84, read_raster, write_raster

WATER, FLOOD, HABITAT, QUALITY, CARBON = (
    f"ecoassets:{name}"
    for name in ("waterretention", "floodmitigation", "naturalhabitat", "habitatquality", "carbonstorage")
)
DRY, AVERAGE, WET = 51, 70, 85  # curve numbers I and III of 70, National Engineering Handbook


@pytest.fixture
def inputs(tmp_path):
    folder = tmp_path / "inputs"
    folder.mkdir()
    return folder


@pytest.fixture
def constant(inputs):
    """`constant("rain", 600)`: a raster over three hectares in a row that holds one number, or a number per band."""

    def write(name, *values, **how):
        return write_raster(
            inputs / f"{name}.tif", [[[value] * 3] for value in values], "float32", **{"nodata": -9999, **how}
        )

    return write


@pytest.fixture
def land(inputs):
    """A forest, a paddy and a town of a hectare each."""
    return {"LAND_COVER": [write_raster(inputs / "land.tif", [[FOREST, PADDY, TOWN]])], "SCHEME": "cnlucc"}


@pytest.fixture
def output(tmp_path):
    (tmp_path / "made").mkdir()
    return str(tmp_path / "made" / "map.tif")


@pytest.fixture
def refused(tmp_path):
    """Runs an algorithm that must fail with these words and leave nothing behind."""

    def check(identifier, parameters, words):
        from qgis.core import QgsProcessingException

        made = tmp_path / "made"
        made.mkdir()
        with pytest.raises(QgsProcessingException, match=words):
            run(identifier, {**parameters, "OUTPUT": str(made / "map.tif")})
        assert files_in(made) == []

    return check


def runoff(rain: float, curve: float, share: float = 0.2) -> float:
    """TR-55, equation 2-3, in mm."""
    storage = 25_400 / curve - 254
    return max(0, rain - share * storage) ** 2 / (rain + (1 - share) * storage)


@pytest.fixture
def curves(inputs):
    """Curve number 70 of the forest on every soil."""
    return {"CURVE_NUMBER_TABLE": write_text(inputs / "cn.csv", f"code,a,b,c,d\n{FOREST},70,70,70,70\n")}


def water_body(folder, **fields: str) -> str:
    """A layer of one polygon over the first hectare, with fields of text."""
    from osgeo import ogr

    path = write_columns(folder / "bodies.gpkg", {"one": (0, 1)}, rows=1)
    dataset = ogr.Open(path, 1)
    layer = dataset.GetLayer(0)
    for field in fields:
        layer.CreateField(ogr.FieldDefn(field, ogr.OFTString))
    feature = layer.GetNextFeature()
    for field, value in fields.items():
        feature.SetField(field, value)
    layer.SetFeature(feature)
    feature = layer = dataset = None
    return path


class TestWaterRetention:
    @pytest.fixture
    def balance(self, land, constant):
        return {**land, "PRECIPITATION": [constant("p", 600)], "EVAPOTRANSPIRATION": [constant("et", 300)]}

    @pytest.mark.parametrize(("coefficients", "percent"), [("gong2017", 2.70), ("redline2017", 1.33)])
    def test_a_deciduous_forest_by_either_set(self, balance, output, coefficients, percent):
        run(WATER, {**balance, "COEFFICIENTS": coefficients, "OUTPUT": output})
        assert read_raster(output)[0, 0, 0] == pytest.approx(600 * (1 - percent / 100) - 300, rel=1e-6)

    def test_mod16_in_tenths_equals_millimetres(self, balance, constant, output):
        millimetres = run(WATER, {**balance, "OUTPUT": output})["TOTAL"]
        stored = {"EVAPOTRANSPIRATION": [constant("mod16", 3000)], "EVAPOTRANSPIRATION_SCALE": 0.1}
        assert run(WATER, {**balance, **stored, "OUTPUT": output})["TOTAL"] == pytest.approx(millimetres, rel=1e-6)

    def test_a_deficit_counts_as_nothing_and_is_told(self, balance, constant, output):
        from qgis.core import QgsProcessingFeedback

        feedback = QgsProcessingFeedback(False)
        found = run(
            WATER, {**balance, "EVAPOTRANSPIRATION": [constant("more", 700)], "OUTPUT": output}, feedback=feedback
        )
        assert found["TOTAL"] == 0
        assert "in 1 pixels (100.0 %): they count as 0. With their deficits the total is -1," in feedback.textLog()

    def test_elsewhere_may_have_no_value(self, balance, output):
        run(WATER, {**balance, "ELSEWHERE": "nodata", "OUTPUT": output})
        assert np.isnan(read_raster(output)[0, 0]).tolist() == [False, True, True]

    def test_coefficients_as_fractions(self, balance, inputs, refused):
        table = write_text(inputs / "runoff.csv", f"code,runoff_pct\n{FOREST},0.027\n")
        refused(WATER, {**balance, "COEFFICIENT_TABLE": table}, "multiply fractions by 100")

    def test_negative_rain(self, balance, constant, refused):
        refused(WATER, {**balance, "PRECIPITATION": [constant("fill", -50)]}, "holds -50, which cannot be")

    def test_rain_of_fill_codes_alone(self, balance, constant, refused):
        refused(WATER, {**balance, "PRECIPITATION": [constant("fill", -99)]}, "no pixel has a value in the study area")

    def test_a_code_that_the_scheme_does_not_know(self, balance, inputs, refused):
        unknown = write_raster(inputs / "unknown.tif", [[FOREST, 99, 99]])
        refused(WATER, {**balance, "LAND_COVER": [unknown]}, r"99 \(2 px\)")


class TestFlood:
    @pytest.mark.parametrize(("state", "curve"), [("dry", DRY), ("average", AVERAGE), ("wet", WET)])
    def test_moisture_by_the_table(self, land, curves, output, state, curve):
        run(FLOOD, {**land, **curves, "STORM_DEPTH": "100", "ANTECEDENT": state, "OUTPUT": output})
        assert read_raster(output)[0, 0, 0] == pytest.approx(100 - runoff(100, curve), rel=1e-6)

    def test_moisture_by_the_formula(self, land, curves, output):
        given = {"STORM_DEPTH": "100", "ANTECEDENT": "dry", "ANTECEDENT_BY": "formula", "OUTPUT": output}
        run(FLOOD, {**land, **curves, **given})
        curve = 4.2 * 70 / (10 - 0.058 * 70)
        assert read_raster(output)[0, 0, 0] == pytest.approx(100 - runoff(100, curve), rel=1e-6)

    def test_against_bare_soil_of_the_same_group(self, land, curves, output):
        run(FLOOD, {**land, **curves, "STORM_DEPTH": "100", "SOIL_GROUP_CODE": "C", "FORM": "against_bare",
                    "OUTPUT": output})  # fmt: skip
        # bare soil of group C: 91 (TR-55, table 2-2)
        assert read_raster(output)[0, 0, 0] == pytest.approx(runoff(100, 91) - runoff(100, 70), rel=1e-5)

    def test_storms_of_rasters(self, land, curves, constant, output):
        run(FLOOD, {**land, **curves, "STORM_RAINFALL": [constant("storms", 80, 120)], "OUTPUT": output})
        held = 200 - runoff(80, 70) - runoff(120, 70)
        assert read_raster(output)[0, 0, 0] == pytest.approx(held, rel=1e-6)

    def test_slope_by_hand(self, land, curves, constant, output):
        # Williams: CN3 = 70 e^(0.00673 x 30); CN = (CN3 - 70)/3 (1 - 2 e^(-13.86 x 0.3)) + 70 at 30 %
        given = {"STORM_DEPTH": "100", "SLOPE_ADJUSTMENT": True, "SLOPE": constant("slope", 30), "OUTPUT": output}
        run(FLOOD, {**land, **curves, **given, "SLOPE_UNIT": "percent"})
        curve = 70 * (np.exp(0.00673 * 30) - 1) / 3 * (1 - 2 * np.exp(-13.86 * 0.3)) + 70
        assert read_raster(output)[0, 0, 0] == pytest.approx(100 - runoff(100, curve), rel=1e-6)

    def test_a_slope_that_is_not_used_is_told(self, land, constant, output):
        from qgis.core import QgsProcessingFeedback

        feedback = QgsProcessingFeedback(False)
        given = {**land, "STORM_DEPTH": "100", "SLOPE": constant("slope", 30), "OUTPUT": output}
        run(FLOOD, given, feedback=feedback)
        assert "SLOPE_ADJUSTMENT is off" in feedback.textLog()

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"SLOPE_ADJUSTMENT": True}, "neither DEM nor SLOPE"),
            ({"STORM_DEPTH": "8000"}, "storm depth is 8000 mm"),
            ({"STORM_DEPTH": "-5"}, "storm depth is -5 mm"),
        ],
    )
    def test_bad_numbers(self, land, refused, change, words):
        refused(FLOOD, {**land, "STORM_DEPTH": "100", **change}, words)

    def test_a_dem_in_degrees(self, land, curves, inputs, output):
        """A plane that falls 30 m per 100 m on the ground: at 39.749 degrees a degree of longitude has 85,708 m."""
        plane = 500 - 0.3 * 85_708 * 0.001 * np.tile(np.arange(20.0), (20, 1))
        dem = write_raster(
            inputs / "dem.tif", plane, "float32", epsg=WGS_84, pixel=0.001, top_left=(116.99, 39.76), nodata=-9999
        )
        given = {"STORM_DEPTH": "100", "SLOPE_ADJUSTMENT": True, "DEM": dem, "OUTPUT": output}
        run(FLOOD, {**land, **curves, **given})
        curve = 70 * (np.exp(0.00673 * 30) - 1) / 3 * (1 - 2 * np.exp(-13.86 * 0.3)) + 70
        assert read_raster(output)[0, 0, 0] == pytest.approx(100 - runoff(100, curve), rel=1e-4)

    def test_slope_in_percent_said_to_be_degrees(self, land, constant, refused):
        given = {**land, "STORM_DEPTH": "100", "SLOPE_ADJUSTMENT": True, "SLOPE": constant("slope", 120)}
        refused(FLOOD, given, "looks like percent")

    def test_rain_of_a_storm_in_tenths(self, land, constant, refused):
        refused(FLOOD, {**land, "STORM_RAINFALL": [constant("storm", 2500)]}, "tenths of a millimetre")

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({}, "no field kind"),
            ({"kind": "pond"}, "kind 'pond'. Write one of lake, reservoir, swamp"),
            ({"kind": "reservoir"}, "without capacity_m3"),
            ({"kind": "lake", "lake_zone": "Atlantis"}, "lake zone 'Atlantis'"),
            ({"kind": "lake", "capacity_m3": "much"}, "capacity 'much'"),
        ],
    )
    def test_bad_water_bodies(self, land, inputs, refused, fields, words):
        bodies = water_body(inputs, **fields)
        refused(FLOOD, {**land, "STORM_DEPTH": "100", "WATER_BODIES": bodies}, words)

    def test_a_swamp_holds_water_above_and_in_its_soil(self, land, inputs, output, tmp_path):
        # a hectare: 0.3 m above, and 1.5 m x 0.2 t/m3 x (400 - 250) % = 0.45 m in the peat; the depth is its own
        bodies = water_body(inputs, kind="swamp", soil_depth_m="1.5")
        soil = {"SWAMP_BULK_DENSITY": 0.2, "SWAMP_SATURATED": 400, "SWAMP_NATURAL": 250}
        table = tmp_path / "made" / "bodies.csv"
        given = {**land, "STORM_DEPTH": "100", "WATER_BODIES": bodies, "OUTPUT_BODIES": str(table)}
        run(FLOOD, {**given, **soil, "OUTPUT": output})
        assert read_raster(output)[0, 0, 0] == pytest.approx(750, rel=1e-6)
        (row,) = read_csv(table)
        assert (float(row["capacity_m3"]), float(row["soil_m3"])) == pytest.approx((7500, 4500))

    def test_soil_of_swamps_without_swamps(self, land, refused):
        refused(FLOOD, {**land, "STORM_DEPTH": "100", "SWAMP_SOIL_DEPTH": 1.5}, "SWAMP_SOIL_DEPTH: there are no WATER")

    def test_a_swamp_whose_soil_is_half_known(self, land, inputs, refused):
        bodies = {"WATER_BODIES": water_body(inputs, kind="swamp"), "SWAMP_SOIL_DEPTH": 1.5}
        refused(FLOOD, {**land, "STORM_DEPTH": "100", **bodies}, "SWAMP_NATURAL for all swamps, or leave all of them")


class TestHabitat:
    @pytest.fixture
    def threatened(self, land, inputs, constant):
        """A road over all pixels, to which forest and paddy are sensitive."""
        threats = write_text(inputs / "threats.csv", "threat,max_distance_km,weight,decay\nroad,0.05,1,linear\n")
        sensitivity = write_text(
            inputs / "sensitivity.csv", f"code,habitat,road\n{FOREST},1,0.5\n{PADDY},0.4,0.1\n{TOWN},0,0\n"
        )
        return {**land, "THREATS": [constant("road", 1)], "NAMES": "road", "THREAT_TABLE": threats,
                "SENSITIVITY_TABLE": sensitivity}  # fmt: skip

    def test_quality_by_hand(self, threatened, output):
        # the road reaches its own pixel only: D = 0.5 for forest, Q = 1 (1 - D^2.5 / (D^2.5 + k^2.5)) with k = 0.25
        found = run(QUALITY, {**threatened, "HALF_SATURATION": 0.25, "OUTPUT": output})
        forest = 1 - 0.5**2.5 / (0.5**2.5 + 0.25**2.5)
        paddy = 0.4 * (1 - 0.1**2.5 / (0.1**2.5 + 0.25**2.5))
        assert read_raster(output)[0, 0].tolist() == pytest.approx([forest, paddy, 0], rel=1e-6)
        assert found["MEAN"] == pytest.approx((forest + paddy) / 3, rel=1e-6)

    def test_both_maps_are_one_chapter_of_the_report(self, threatened, output, tmp_path):
        maps = {"OUTPUT": output, "OUTPUT_DEGRADATION": str(tmp_path / "made" / "d.tif")}
        report = tmp_path / "made" / "r.html"
        run(QUALITY, {**threatened, **maps, "OUTPUT_HTML": str(report)})
        page = report.read_text(encoding="utf-8")
        assert page.count(">Maps</h2>") == 1
        assert "Degradation of habitat" in page

    @pytest.mark.parametrize(
        ("table", "text", "words"),
        [
            ("THREAT_TABLE", "threat,max_distance_km,weight,decay\nroad,3000,1,linear\n", "kilometres.*not metres"),
            ("THREAT_TABLE", "threat,max_distance_km,weight,decay\nroad,1,1,convex\n", "linear or exponential"),
            ("THREAT_TABLE", "threat,max_distance_km,weight,decay\nmine,1,1,linear\n", "no row for the threat road"),
            ("SENSITIVITY_TABLE", f"code,habitat,road\n{FOREST},100,0.5\n", "Divide percent by 100"),
            ("SENSITIVITY_TABLE", f"code,habitat,road\n{FOREST},1,0.5\n", "Add a row for each"),
        ],
    )
    def test_bad_tables(self, threatened, inputs, refused, table, text, words):
        refused(QUALITY, {**threatened, table: write_text(inputs / "bad.csv", text)}, words)

    def test_a_threat_in_percent(self, threatened, constant, refused):
        refused(QUALITY, {**threatened, "THREATS": [constant("percent", 80)]}, "looks like percent")

    def test_land_cover_in_degrees(self, threatened, inputs, refused, tmp_path):
        output = str(tmp_path / "made" / "map.tif")
        degrees = write_raster(
            inputs / "degrees.tif", [[FOREST, PADDY, TOWN]], epsg=WGS_84, pixel=0.01, top_left=(117, 39.76)
        )
        wide = write_raster(inputs / "wide.tif", [[1, 1, 1]], epsg=WGS_84, pixel=0.01, top_left=(117, 39.76))
        given = {**threatened, "LAND_COVER": [degrees], "THREATS": [wide]}
        refused(QUALITY, {**given, "METHOD": "accumulated"}, "projected")
        found = run(QUALITY, {**given, "OUTPUT": str(inputs / "quality.tif"), "HALF_SATURATION": 0.25})
        assert found["MEAN"] == run(QUALITY, {**threatened, "OUTPUT": output, "HALF_SATURATION": 0.25})["MEAN"]

    def test_an_index_is_no_grade(self, land, constant, refused):
        refused(HABITAT, {**land, "QUALITY": [constant("index", 83)]}, "Give the quality classes, not the index")


class TestCarbon:
    def test_change_between_years_as_map_table_and_chapter(self, land, inputs, output, tmp_path):
        table = write_text(inputs / "carbon.csv", f"code,carbon\n{FOREST},150\n{PADDY},65\n{TOWN},20\n")
        later = write_raster(inputs / "later.tif", [[FOREST, FOREST, TOWN]])
        made = {
            name: str(tmp_path / "made" / file)
            for name, file in (("OUTPUT_CHANGE", "d.tif"), ("OUTPUT_HTML", "r.html"))
        }
        given = {
            **land,
            "CARBON_TABLE": table,
            "LAND_COVER": [*land["LAND_COVER"], later],
            "YEARS": "2000,2010",
            "OUTPUT": output,
        }
        rows = str(tmp_path / "made" / "change.csv")
        run(CARBON, {**given, **made, "OUTPUT_CHANGE_TABLE": rows})
        assert read_raster(made["OUTPUT_CHANGE"])[0, 0].tolist() == [0, 85, 0]  # paddy became forest
        assert "Emission and sequestration between years" in Path(made["OUTPUT_HTML"]).read_text(encoding="utf-8")
        header, first = Path(rows).read_text(encoding="utf-8").splitlines()
        assert header.startswith("from_year,to_year,zone,area_ha,emission_co2_t")
        assert first.split(",")[2:5] == ["all", "3", "0"]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (f"code,biomass\n{FOREST},100\n", "either the column carbon or columns of pools"),
            (f"code,carbon\n{FOREST},-1\n", "carbon is negative"),
            (f"code,carbon\n{FOREST},100\n", rf"the table of carbon does not have: {PADDY} \("),
        ],
    )
    def test_bad_tables(self, land, inputs, refused, text, words):
        refused(CARBON, {**land, "CARBON_TABLE": write_text(inputs / "carbon.csv", text)}, words)

    @pytest.fixture
    def stock(self, land, inputs):
        table = write_text(inputs / "carbon.csv", f"code,carbon\n{FOREST},150\n{PADDY},65\n{TOWN},20\n")
        return {**land, "CARBON_TABLE": table}

    def test_the_flux_of_a_year_beside_the_stock(self, stock, constant, output, tmp_path):
        # 600 gC/m2 = 6 t C/ha, a quarter of it stays: 1.5 t C, 5.5 t CO2 and 4 t O2 per hectare, on three hectares
        names = {"OUTPUT_FLUX": "flux.tif", "OUTPUT_FLUX_TABLE": "flux.csv", "OUTPUT_HTML": "report.html"}
        made = {name: str(tmp_path / "made" / file) for name, file in names.items()}
        found = run(CARBON, {**stock, "NPP": [constant("npp", 600)], "NEP_RATIO": 0.25, "OUTPUT": output, **made})
        assert found["TOTAL"] == 235
        assert (found["CO2_FIRST"], found["CO2"], found["OXYGEN"]) == pytest.approx((16.5, 16.5, 12), rel=1e-6)
        assert read_raster(made["OUTPUT_FLUX"])[0, 0].tolist() == pytest.approx([5.5] * 3, rel=1e-6)
        forest = read_csv(made["OUTPUT_FLUX_TABLE"])[0]
        assert [float(forest[name]) for name in ("npp_t", "nep_t", "co2_t", "co2_t_ha", "oxygen_t")] == pytest.approx(
            [6, 1.5, 5.5, 5.5, 4], rel=1e-6
        )
        page = (tmp_path / "made" / "report.html").read_text(encoding="utf-8")
        assert all(words in page for words in ("CO2 fixed", "Oxygen released", "t CO2/a"))

    def test_the_flux_of_plants_alone(self, stock, constant, output):
        # 4.5 t C/ha are 10 t of dry matter, which fix 16.3 t of CO2 and release 11.9 t of oxygen
        given = {"NPP": [constant("npp", 4.5)], "NPP_UNIT": "tc_ha", "FLUX_METHOD": "dry_matter"}
        found = run(CARBON, {**stock, **given, "OUTPUT": output})
        assert (found["CO2"], found["OXYGEN"]) == pytest.approx((3 * 16.3, 3 * 11.9), rel=1e-6)

    def test_gains_and_losses_are_told_apart_by_colour(self, stock, constant, output, tmp_path):
        given = {"NPP": [constant("npp", 400, 600)], "RESPIRATION": [constant("rh", 500)], "YEARS": "2000, 2005"}
        maps = {"OUTPUT": output, "OUTPUT_FLUX": str(tmp_path / "made" / "flux.tif")}
        project = load_maps(CARBON, {**stock, **given}, maps)
        layer = layers_of(project)["CO2 fixed in a year 2000"]
        shader = layer.renderer().shader().rasterShaderFunction()
        assert (shader.minimumValue(), shader.maximumValue()) == pytest.approx((-3.67, 3.67))
        assert shader.colorRampItemList()[0].label == "-3.67 t CO2/(ha a)"
        project.clear()

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({}, "NEP needs RESPIRATION .* or NEP_RATIO"),
            ({"NEP_RATIO": -0.2}, "NEP_RATIO is -0.2"),
            ({"NEP_RATIO": 0.2, "FLUX_METHOD": "dry_matter"}, "would count for nothing"),
            ({"NEP_RATIO": 0.2, "NPP_UNIT": "kgc_m2"}, "Choose the unit gc_m2"),
            ({"FLUX_METHOD": "dry_matter", "CARBON_FRACTION": 45}, "CARBON_FRACTION is 45"),
        ],
    )
    def test_a_flux_that_cannot_be(self, stock, constant, refused, given, words):
        refused(CARBON, {**stock, "NPP": [constant("npp", 600)], **given}, words)

    def test_respiration_and_a_ratio(self, stock, constant, refused):
        given = {"NPP": [constant("npp", 600)], "RESPIRATION": [constant("rh", 500)], "NEP_RATIO": 0.2}
        refused(CARBON, {**stock, **given}, "RESPIRATION and NEP_RATIO are both given")

    def test_a_ratio_of_nothing(self, stock, refused):
        refused(CARBON, {**stock, "NEP_RATIO": 0.2}, "NEP_RATIO: there is no NPP")
