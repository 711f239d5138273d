"""Ecosystem services through QGIS: numbers by hand, units, water bodies, styles, bad input, a chain in a model."""

from __future__ import annotations

import math

import pytest

from ecoassets.tests.algorithms.helpers import layers_of, load_maps, read_csv, run, write_text
from ecoassets.tests.algorithms.landcover import FOREST, PADDY, TOWN, write_columns, write_years
from ecoassets.tests.rasters import read_raster, write_raster

R, K, COVER, PRACTICE, SOIL = (
    f"ecoassets:{name}"
    for name in ("rainfallerosivity", "soilerodibility", "vegetationcover", "supportpractice", "soilconservation")
)  # fmt: skip
WATER, FLOOD, HABITAT, QUALITY, CARBON = (
    f"ecoassets:{name}"
    for name in ("waterretention", "floodmitigation", "naturalhabitat", "habitatquality", "carbonstorage")
)


LAKE = 42


@pytest.fixture
def constant(tmp_path):
    """`constant("r", 3000)`: a raster of two by three hectares that holds one number, or a number per band."""

    def write(name, *values, rows=2, columns=3, **how):
        bands = [[[value] * columns for _ in range(rows)] for value in values]
        return write_raster(tmp_path / f"{name}.tif", bands, "float32", **{"nodata": -9999, **how})

    return write


@pytest.fixture
def land(tmp_path):
    """Two forests, a paddy; a paddy, a forest, a town: a hectare each, in 2000 and after the forest had grown."""
    before = [[FOREST, FOREST, PADDY], [PADDY, FOREST, TOWN]]
    after = [[FOREST, FOREST, FOREST], [PADDY, FOREST, TOWN]]
    return {"LAND_COVER": write_years(tmp_path, before, after), "YEARS": "2000, 2005", "SCHEME": "cnlucc"}


def refused(identifier, parameters, words):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=words):
        run(identifier, parameters)


class TestErosivity:
    def test_twelve_equal_months_by_hand(self, constant, tmp_path):
        # F = 12 x 50² / 600 = 50; R = 0.1833 x 50^1.9957
        found = run(R, {"PRECIPITATION": [constant("rain", *[50] * 12)], "OUTPUT": str(tmp_path / "r.tif")})
        assert found["MEAN"] == pytest.approx(0.1833 * 50**1.9957, rel=1e-6)

    def test_two_years_of_twelve_months_are_two_bands(self, constant, tmp_path):
        rain = [constant("a", *[50] * 12), constant("b", *[25] * 12)]
        run(R, {"PRECIPITATION": rain, "YEARS": "2000, 2005", "OUTPUT": str(tmp_path / "r.tif"),
                "OUTPUT_TABLE": str(tmp_path / "r.csv")})  # fmt: skip
        rows = read_csv(tmp_path / "r.csv")
        assert [float(row["mean_rain_mm"]) for row in rows] == [600, 300]
        assert float(rows[0]["mean"]) / float(rows[1]["mean"]) == pytest.approx(2**1.9957, rel=1e-6)

    def test_a_place_by_its_daily_rain(self, tmp_path):
        table = write_text(tmp_path / "rain.csv", "date,rain_mm\n2001-07-03,40\n2001-07-20,5\n2001-12-01,20\n")
        found = run(R, {"DAILY_TABLE": table, "METHOD": "xie_daily", "OUTPUT_HTML": str(tmp_path / "r.html")})
        assert found["MEAN"] == pytest.approx(0.3937 * 40**1.7265 + 0.3101 * 20**1.7265, rel=1e-9)

    def test_the_r_of_a_place_as_a_map(self, constant, tmp_path):
        table = write_text(tmp_path / "rain.csv", "date,rain_mm\n2001-07-03,40\n2001-12-01,20\n")
        given = {"DAILY_TABLE": table, "METHOD": "xie_daily", "OUTPUT": str(tmp_path / "r.tif")}
        found = run(R, {**given, "REFERENCE": constant("dem", 500)})
        assert read_raster(tmp_path / "r.tif")[0] == pytest.approx(found["MEAN"], rel=1e-6)  # float32

    def test_a_place_alone_makes_no_map(self, tmp_path):
        table = write_text(tmp_path / "rain.csv", "date,rain_mm\n2001-07-03,40\n")
        given = {"DAILY_TABLE": table, "METHOD": "xie_daily", "OUTPUT": str(tmp_path / "r.tif")}
        refused(R, given, "makes no map by itself. Give REFERENCE")

    def test_annual_rain_given_for_every_month(self, constant, tmp_path):
        given = {"PRECIPITATION": [constant("rain", *[3000] * 12)], "OUTPUT": str(tmp_path / "r.tif")}
        refused(R, given, "rain of a year given for every month")

    def test_a_mean_climate_is_one_map_of_all_years(self, constant, tmp_path):
        """F is 50 mm and 25 mm, 37.5 mm in the mean."""
        rain = [constant("a", *[50] * 12), constant("b", *[25] * 12)]
        given = {"PRECIPITATION": rain, "YEARS": "2000, 2005", "CLIMATE": "mean", "OUTPUT": str(tmp_path / "r.tif")}
        run(R, given)
        assert read_raster(tmp_path / "r.tif") == pytest.approx(0.1833 * 37.5**1.9957, rel=1e-6)

    @pytest.mark.parametrize("months", [11, 13])
    def test_months_are_twelve(self, constant, tmp_path, months):
        given = {"PRECIPITATION": [constant("rain", *[50] * months)], "OUTPUT": str(tmp_path / "r.tif")}
        refused(R, given, f"{months} raster.*needs 12 monthly")

    def test_a_daily_method_takes_no_raster(self, constant, tmp_path):
        given = {"PRECIPITATION": [constant("rain", 600)], "METHOD": "xie_daily", "OUTPUT": str(tmp_path / "r.tif")}
        refused(R, given, "take DAILY_TABLE and no raster")


class TestErodibility:
    def soil(self, constant, **changes):
        values = {"SAND": 40, "SILT": 40, "CLAY": 20, "ORGANIC_CARBON": 1.2, **changes}
        return {name: constant(name.lower(), value) for name, value in values.items()}

    def test_a_loam_by_hand(self, constant, tmp_path):
        # Kus = (0.2 + 0.3 e^(-0.0256 x 40 x 0.6)) (40/60)^0.3 (1 - 0.25 x 1.2/(1.2 + e^(3.72 - 3.54)))
        #       (1 - 0.7 x 0.6/(0.6 + e^(-5.51 + 13.74)))
        us = (0.2 + 0.3 * math.exp(-0.6144)) * (2 / 3) ** 0.3 * (1 - 0.3 / (1.2 + math.exp(0.18)))
        us *= 1 - 0.42 / (0.6 + math.exp(8.23))
        found = run(K, {**self.soil(constant), "METHOD": "epic", "OUTPUT": str(tmp_path / "k.tif")})
        assert found["MEAN"] == pytest.approx(0.1317 * us, rel=1e-6)
        china = run(K, {**self.soil(constant), "OUTPUT": str(tmp_path / "k2.tif")})
        assert china["MEAN"] == pytest.approx(0.1317 * (-0.01383 + 0.51575 * us), rel=1e-6)

    def test_soilgrids_units_are_the_same_soil(self, constant, tmp_path):
        percent = run(K, {**self.soil(constant), "OUTPUT": str(tmp_path / "a.tif")})
        soil = self.soil(constant, SAND=400, SILT=400, CLAY=200, ORGANIC_CARBON=120)
        grids = run(K, {**soil, "UNITS": "soilgrids", "OUTPUT": str(tmp_path / "b.tif")})
        assert grids["MEAN"] == pytest.approx(percent["MEAN"], rel=1e-6)

    def test_fractions_are_found_out(self, constant, tmp_path):
        soil = self.soil(constant, SAND=0.4, SILT=0.4, CLAY=0.2, ORGANIC_CARBON=0.012)
        refused(K, {**soil, "OUTPUT": str(tmp_path / "k.tif")}, "looks like fractions")

    def test_organic_matter_given_for_carbon_is_suspected(self, constant, tmp_path):
        from qgis.core import QgsProcessingFeedback

        feedback = QgsProcessingFeedback(False)
        soil = self.soil(constant, ORGANIC_CARBON=12)
        run(K, {**soil, "OUTPUT": str(tmp_path / "k.tif")}, feedback=feedback)
        assert "organic matter is 1.724 times the carbon" in feedback.textLog()

    def test_organic_matter_may_be_told(self, constant, tmp_path):
        carbon = run(K, {**self.soil(constant), "OUTPUT": str(tmp_path / "a.tif")})
        soil = self.soil(constant, ORGANIC_CARBON=1.2 * 1.724)
        matter = run(K, {**soil, "UNITS": "percent_organic_matter", "OUTPUT": str(tmp_path / "b.tif")})
        assert matter["MEAN"] == pytest.approx(carbon["MEAN"], rel=1e-6)

    def test_carbon_that_no_soil_holds(self, constant, tmp_path):
        soil = self.soil(constant, ORGANIC_CARBON=120)
        refused(K, {**soil, "OUTPUT": str(tmp_path / "k.tif")}, "Organic carbon")


class TestCover:
    def test_fixed_end_members_and_cai(self, constant, tmp_path):
        # f = (0.45 - 0.05) / (0.85 - 0.05) = 0.5; C = 0.6508 - 0.3436 lg 50
        given = {
            "NDVI": [constant("ndvi", 0.45)],
            "METHOD": "fixed",
            "SOIL": 0.05,
            "VEGETATION": 0.85,
            "C_METHOD": "cai",
        }
        found = run(COVER, {**given, "OUTPUT": str(tmp_path / "f.tif"), "OUTPUT_C": str(tmp_path / "c.tif")})
        assert found["MEAN"] == pytest.approx(0.5, rel=1e-6)
        assert found["MEAN_C"] == pytest.approx(0.6508 - 0.3436 * math.log10(50), rel=1e-6)

    def test_c_by_class_needs_no_ndvi(self, land, tmp_path):
        table = write_text(tmp_path / "c.csv", f"code,c\n{FOREST},0.01\n{PADDY},0.2\n{TOWN},0\n")
        run(COVER, {**land, "C_TABLE": table, "OUTPUT_C": str(tmp_path / "c.tif")})
        assert read_raster(tmp_path / "c.tif")[1, 1].tolist() == pytest.approx([0.2, 0.01, 0])

    NDVI = ([-0.4, -0.2, 0.1, 0.5, 0.9], [LAKE, LAKE, FOREST, FOREST, FOREST])

    def ends(self, tmp_path, **changes):
        """NDVI of bare soil and of full vegetation, the lowest and highest of two lakes and three forests."""
        ndvi, cover = self.NDVI
        given = {
            "NDVI": [write_raster(tmp_path / "ndvi.tif", [ndvi], "float32", nodata=-9999)],
            "LAND_COVER": [write_raster(tmp_path / "cover.tif", [cover], "uint8")],
            "SCHEME": "cnlucc", "LOW_PERCENTILE": 0, "HIGH_PERCENTILE": 100, "OUTPUT": str(tmp_path / "f.tif"),
        }  # fmt: skip
        found = run(COVER, {**given, **changes})
        return found["NDVI_SOIL"], found["NDVI_VEGETATION"]

    def test_a_lake_is_no_bare_soil(self, tmp_path):
        assert self.ends(tmp_path) == pytest.approx((0.1, 0.9), rel=1e-6)
        assert read_raster(tmp_path / "f.tif")[0, 0].tolist() == pytest.approx([0, 0, 0, 0.5, 1], rel=1e-6)

    def test_unless_the_whole_image_is_asked_for(self, tmp_path):
        from qgis.core import QgsProcessingFeedback

        assert self.ends(tmp_path, LEAVE_OUT_WATER=False) == pytest.approx((-0.4, 0.9), rel=1e-6)
        assert self.ends(tmp_path, LAND_COVER=None) == pytest.approx((-0.4, 0.9), rel=1e-6)
        feedback = QgsProcessingFeedback(False)
        given = {"NDVI": [str(tmp_path / "ndvi.tif")], "OUTPUT": str(tmp_path / "f.tif")}
        run(COVER, {**given, "LOW_PERCENTILE": 0}, feedback=feedback)
        assert "No soil is below 0" in feedback.textLog()

    @pytest.mark.parametrize("method", ["fixed", "percentile"])
    def test_scaled_ndvi(self, tmp_path, method):
        ndvi = write_raster(tmp_path / "ndvi.tif", [[500, 4500, 8000]], "int16", nodata=-3000)
        refused(COVER, {"NDVI": [ndvi], "METHOD": method, "OUTPUT": str(tmp_path / "f.tif")}, "an index times 10 000")

    def test_the_scale_of_ndvi_may_be_told(self, tmp_path):
        ndvi = write_raster(tmp_path / "ndvi.tif", [[500, 4500, 8000]], "int16", nodata=-3000)
        given = {
            "NDVI": [ndvi],
            "NDVI_SCALE": 0.0001,
            "METHOD": "fixed",
            "SOIL": 0.05,
            "VEGETATION": 0.85,
            "C_METHOD": "cai",
        }
        run(COVER, {**given, "OUTPUT": str(tmp_path / "f.tif")})
        assert read_raster(tmp_path / "f.tif")[0, 0].tolist() == pytest.approx([0, 0.5, 0.9375], abs=1e-6)

    def test_neither_ndvi_nor_classes(self, tmp_path):
        refused(COVER, {"OUTPUT": str(tmp_path / "f.tif")}, "There is no NDVI")


class TestSoil:
    def factors(self, constant, **changes):
        values = {"R": 3000, "K": 0.035, "LS": 10, "C": 0.02, "P": 1, **changes}
        return {name: [constant(name, value)] for name, value in values.items()}

    def test_one_pixel_by_hand(self, constant, tmp_path):
        # 3000 x 0.035 x 10 = 1050 t/ha, of which 2 percent are lost: 21 t/ha or 2100 t/km2, light erosion
        outputs = {"OUTPUT": str(tmp_path / "s.tif"), "OUTPUT_EROSION": str(tmp_path / "e.tif"),
                   "OUTPUT_CLASSES": str(tmp_path / "types.tif"), "OUTPUT_TABLE": str(tmp_path / "s.csv")}  # fmt: skip
        found = run(SOIL, {**self.factors(constant), **outputs})
        assert read_raster(tmp_path / "s.tif")[0] == pytest.approx(1029)
        assert read_raster(tmp_path / "e.tif")[0] == pytest.approx(21)
        assert (read_raster(tmp_path / "types.tif")[0] == 2).all()
        assert found["TOTAL"] == pytest.approx(6 * 1029)
        assert found["EROSION_TOTAL"] == pytest.approx(6 * 21)

    def test_ecosystems_and_years(self, constant, land, tmp_path):
        given = {**self.factors(constant), **land, "OUTPUT": str(tmp_path / "s.tif")}
        found = run(SOIL, {**given, "OUTPUT_TABLE": str(tmp_path / "s.csv")})
        kept = {}
        for row in read_csv(tmp_path / "s.csv"):
            kept[row["year"]] = kept.get(row["year"], 0) + float(row["retention_t"])
        assert kept["2005"] == pytest.approx(found["TOTAL"])
        assert kept["2000"] == pytest.approx(found["TOTAL_FIRST"])

    def test_classes_have_names_and_colours(self, constant, tmp_path):
        outputs = {name: str(tmp_path / f"{name}.tif") for name in ("OUTPUT", "OUTPUT_CLASSES")}
        project = load_maps(SOIL, self.factors(constant), outputs)
        layers = layers_of(project)
        labels = [entry.label for entry in layers["Erosion classes"].renderer().classes()]
        unit = layers["Soil retention"].renderer().shader().rasterShaderFunction().legendSettings().suffix()
        project.clear()
        assert labels[0].startswith("slight") and len(labels) == 6
        assert unit == " t/(ha a)"

    def test_a_tolerance_per_hectare(self, constant, tmp_path):
        given = {**self.factors(constant), "TOLERANCE": 5, "OUTPUT": str(tmp_path / "s.tif")}
        refused(SOIL, given, "5 t/\\(km2 a\\).*looks like t/\\(ha a\\)")

    def test_dem_and_slope_are_one_too_many(self, constant, land, tmp_path):
        both = {"DEM": constant("dem", 100), "SLOPE": constant("slope", 5)}
        refused(PRACTICE, {**land, **both, "OUTPUT": str(tmp_path / "p.tif")}, "DEM and SLOPE are both given")

    def test_practice_has_a_report(self, constant, land, tmp_path):
        given = {**land, "SLOPE": constant("slope", 5), "OUTPUT": str(tmp_path / "p.tif")}
        run(PRACTICE, {**given, "OUTPUT_HTML": str(tmp_path / "p.html")})
        assert "Support practice P" in (tmp_path / "p.html").read_text(encoding="utf-8")

    def test_slope_in_percent_said_to_be_degrees(self, constant, land, tmp_path):
        given = {**land, "SLOPE": constant("slope", 120), "OUTPUT": str(tmp_path / "p.tif")}
        table = write_text(tmp_path / "p.csv", f"code,p,slope_min,slope_max\n{PADDY},0.1,0,5\n{PADDY},0.5,5,90\n")
        refused(PRACTICE, {**given, "P_TABLE": table}, "looks like percent")

    def test_assets_take_the_retention_in_a_model(self, constant, land, tmp_path):
        """R, K, LS and C go in, ecological assets come out: the map of retention passes from child to child."""
        from qgis.core import (
            QgsProcessingContext,
            QgsProcessingFeedback,
            QgsProcessingModelAlgorithm,
            QgsProcessingModelChildAlgorithm,
            QgsProcessingModelChildParameterSource,
            QgsProcessingModelOutput,
        )

        def fixed(value):
            return [QgsProcessingModelChildParameterSource.fromStaticValue(value)]

        soil, assets = (QgsProcessingModelChildAlgorithm(name) for name in (SOIL, "ecoassets:ecologicalassets"))
        for child, name in ((soil, "soil"), (assets, "assets")):
            child.setChildId(name)
            for key, value in land.items():
                child.addParameterSources(key, fixed(value))
        for key, value in self.factors(constant).items():
            soil.addParameterSources(key, fixed(value))
        assets.addParameterSources(
            "SOIL_RETENTION", [QgsProcessingModelChildParameterSource.fromChildOutput("soil", "OUTPUT")]
        )
        output = QgsProcessingModelOutput("map", "map")
        output.setChildId("assets")
        output.setChildOutputName("OUTPUT")
        assets.setModelOutputs({"map": output})
        model = QgsProcessingModelAlgorithm("chain", "test")
        model.addChildAlgorithm(soil)
        model.addChildAlgorithm(assets)
        model.updateDestinationParameters()
        context, feedback = QgsProcessingContext(), QgsProcessingFeedback(False)
        results, ok = model.run({"assets:map": str(tmp_path / "assets.tif")}, context, feedback)
        assert ok, feedback.textLog()
        found = read_raster(tmp_path / "assets.tif")
        assert found.shape == (2, 2, 3)
        assert (found[:, 0, 0] > 0).all()


class TestWater:
    def test_balance_by_hand(self, constant, land, tmp_path):
        # forest of CNLUCC 21: the set's runoff share of 600 mm, and 300 mm evapotranspiration
        given = {**land, "PRECIPITATION": [constant("p", 600)], "EVAPOTRANSPIRATION": [constant("et", 300)]}
        table = write_text(tmp_path / "runoff.csv", f"code,runoff_pct\n{FOREST},10\n")
        found = run(WATER, {**given, "COEFFICIENT_TABLE": table, "OUTPUT": str(tmp_path / "w.tif"),
                            "OUTPUT_TABLE": str(tmp_path / "w.csv")})  # fmt: skip
        assert read_raster(tmp_path / "w.tif")[0, 0, 0] == pytest.approx(600 - 60 - 300)
        forest = {
            row["year"]: float(row["volume_m3"]) for row in read_csv(tmp_path / "w.csv") if row["ecosystem"] == "forest"
        }
        assert forest == {"2000": pytest.approx(3 * 240 * 10), "2005": pytest.approx(4 * 240 * 10)}
        assert found["TOTAL"] >= forest["2005"]

    def test_a_mean_climate_leaves_the_change_to_the_land(self, constant, land, tmp_path):
        given = {"LAND_COVER": land["LAND_COVER"][:1] * 2, "YEARS": "2000, 2005", "SCHEME": "cnlucc",
                 "PRECIPITATION": [constant("p", 600, 900)], "EVAPOTRANSPIRATION": [constant("et", 300)],
                 "OUTPUT": str(tmp_path / "w.tif")}  # fmt: skip
        actual = run(WATER, given)
        mean = run(WATER, {**given, "CLIMATE": "mean"})
        assert actual["TOTAL"] > actual["TOTAL_FIRST"]
        assert mean["TOTAL"] == pytest.approx(mean["TOTAL_FIRST"])

    def test_stored_evapotranspiration_of_modis(self, constant, land, tmp_path):
        given = {**land, "PRECIPITATION": [constant("p", 600)], "EVAPOTRANSPIRATION": [constant("et", 3000)]}
        refused(WATER, {**given, "OUTPUT": str(tmp_path / "w.tif")}, "MOD16")


class TestFlood:
    def test_a_storm_by_hand(self, land, tmp_path):
        # CN 70: S = 25400/70 - 254 = 108.857; Q of 100 mm = (100 - 21.771)² / (100 + 87.086) = 32.711
        table = write_text(tmp_path / "cn.csv", f"code,a,b,c,d\n{FOREST},40,70,80,85\n")
        given = {**land, "STORM_DEPTH": "100", "SOIL_GROUP_CODE": "B", "CURVE_NUMBER_TABLE": table}
        run(FLOOD, {**given, "OUTPUT": str(tmp_path / "f.tif")})
        storage = 25400 / 70 - 254
        runoff = (100 - 0.2 * storage) ** 2 / (100 + 0.8 * storage)
        assert read_raster(tmp_path / "f.tif")[0, 0, 0] == pytest.approx(100 - runoff, rel=1e-6)

    def test_storms_are_computed_one_by_one(self, land, tmp_path):
        totals = [
            run(FLOOD, {**land, "STORM_DEPTH": depth, "OUTPUT": str(tmp_path / f"{depth}.tif")})["TOTAL"]
            for depth in ("80", "120", "80, 120")
        ]
        assert totals[2] == pytest.approx(totals[0] + totals[1], rel=1e-6)

    def test_a_curve_number_as_a_fraction(self, land, tmp_path):
        table = write_text(tmp_path / "cn.csv", f"code,a,b,c,d\n{FOREST},0.4,0.7,0.8,0.85\n")
        given = {**land, "STORM_DEPTH": "100", "CURVE_NUMBER_TABLE": table, "OUTPUT": str(tmp_path / "f.tif")}
        refused(FLOOD, given, "between 30 and 100")

    def test_an_unknown_soil_group(self, land, tmp_path):
        group = write_raster(tmp_path / "group.tif", [[1, 2, 3], [4, 5, 1]], "uint8", nodata=255)
        given = {**land, "STORM_DEPTH": "100", "SOIL_GROUP": group, "OUTPUT": str(tmp_path / "f.tif")}
        refused(FLOOD, given, "5")

    def test_no_storm(self, land, tmp_path):
        refused(FLOOD, {**land, "OUTPUT": str(tmp_path / "f.tif")}, "STORM_RAINFALL.*STORM_DEPTH")

    def test_a_storm_that_is_no_number(self, land, tmp_path):
        given = {**land, "STORM_DEPTH": "80 mm", "OUTPUT": str(tmp_path / "f.tif")}
        refused(FLOOD, given, "STORM_DEPTH is '80 mm'")

    def test_a_reservoir_holds_its_share(self, land, tmp_path):
        bodies = write_columns(tmp_path / "bodies.gpkg", {"reservoir": (0, 1)})
        from osgeo import ogr

        dataset = ogr.Open(bodies, 1)
        layer = dataset.GetLayer(0)
        for name, kind in (("kind", ogr.OFTString), ("capacity_m3", ogr.OFTReal)):
            layer.CreateField(ogr.FieldDefn(name, kind))
        feature = layer.GetNextFeature()
        feature.SetField("kind", "reservoir")
        feature.SetField("capacity_m3", 1e6)
        layer.SetFeature(feature)
        layer = dataset = None
        given = {**land, "STORM_DEPTH": "100", "WATER_BODIES": bodies, "OUTPUT": str(tmp_path / "f.tif")}
        run(FLOOD, {**given, "OUTPUT_BODIES": str(tmp_path / "b.csv")})
        (row,) = read_csv(tmp_path / "b.csv")
        assert (float(row["area_ha"]), float(row["capacity_m3"])) == (2, 350_000)


class TestHabitat:
    def test_natural_land_counts(self, land, tmp_path):
        found = run(HABITAT, {**land, "OUTPUT": str(tmp_path / "h.tif")})
        assert (found["TOTAL_FIRST"], found["TOTAL"]) == (3, 4)

    def test_quality_weighs(self, land, tmp_path):
        grades = write_raster(tmp_path / "q.tif", [[5, 4, 5], [5, 1, 5]], "uint8", nodata=0)
        found = run(HABITAT, {**land, "QUALITY": [grades], "OUTPUT": str(tmp_path / "h.tif")})
        assert found["TOTAL_FIRST"] == pytest.approx(1 + 0.8 + 0.2)

    def test_a_threat_without_sensitivity(self, land, tmp_path, constant):
        threats = write_text(tmp_path / "t.csv", "threat,max_distance_km,weight,decay\nroad,1,1,linear\n")
        sensitivity = write_text(tmp_path / "s.csv", f"code,habitat\n{FOREST},1\n")
        given = {**land, "THREATS": [constant("road", 1)], "NAMES": "road", "THREAT_TABLE": threats}
        refused(QUALITY, {**given, "SENSITIVITY_TABLE": sensitivity, "OUTPUT": str(tmp_path / "h.tif")},
                "no sensitivity to the threat road")  # fmt: skip

    def test_no_threat_leaves_the_habitat_as_it_is(self, land, tmp_path, constant):
        threats = write_text(tmp_path / "t.csv", "threat,max_distance_km,weight,decay\nroad,1,1,linear\n")
        rows = "".join(f"{code},{habitat},0.5\n" for code, habitat in ((FOREST, 0.9), (PADDY, 0.4), (TOWN, 0)))
        sensitivity = write_text(tmp_path / "s.csv", f"code,habitat,road\n{rows}")
        given = {**land, "THREATS": [constant("road", 0)], "NAMES": "road", "THREAT_TABLE": threats}
        run(QUALITY, {**given, "SENSITIVITY_TABLE": sensitivity, "OUTPUT": str(tmp_path / "h.tif")})
        assert read_raster(tmp_path / "h.tif")[0, 0].tolist() == pytest.approx([0.9, 0.9, 0.4])

    def test_names_and_threats_fit(self, land, tmp_path, constant):
        threats = write_text(tmp_path / "t.csv", "threat,max_distance_km,weight,decay\nroad,1,1,linear\n")
        given = {**land, "THREATS": [constant("road", 1)], "NAMES": "road, town", "THREAT_TABLE": threats}
        sensitivity = write_text(tmp_path / "s.csv", f"code,habitat,road\n{FOREST},1,0.5\n")
        refused(
            QUALITY, {**given, "SENSITIVITY_TABLE": sensitivity, "OUTPUT": str(tmp_path / "h.tif")}, "2 names .*for 1"
        )

    def test_carbon_by_class(self, land, tmp_path):
        table = write_text(tmp_path / "c.csv", f"code,above,soil\n{FOREST},100,50\n{PADDY},5,60\n{TOWN},0,20\n")
        found = run(CARBON, {**land, "CARBON_TABLE": table, "OUTPUT": str(tmp_path / "c.tif")})
        assert found["TOTAL_FIRST"] == pytest.approx(3 * 150 + 2 * 65 + 20)
        assert found["TOTAL"] == pytest.approx(4 * 150 + 65 + 20)
