"""The three workflows on a small practice region: every step runs, files and headlines agree, mistakes come early."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from osgeo import gdal

from ecoassets.tests.algorithms.helpers import YEARS, files_in, land_of, read_csv, refused, run
from ecoassets.tests.rasters import read_raster


def headlines_of(folder):
    """Values by figure, subject and year."""
    rows = read_csv(folder / "headlines.csv")
    return {(r["figure"], r["subject"], r["year"]): float(r["value"]) if r["value"] else None for r in rows}


def follow(name, folder, parameters):
    outputs = {"FOLDER": str(folder), "OUTPUT_TABLE": str(folder / "headlines.csv"),
               "OUTPUT_HTML": str(folder / "report.html")}  # fmt: skip
    run(f"ecoassets:{name}", {**parameters, **outputs})
    return headlines_of(folder)


@pytest.fixture(scope="module")
def assets(region, tmp_path_factory):
    folder = tmp_path_factory.mktemp("assets")
    given = {
        **land_of(region),
        "NPP": region["npp"],
        "PRECIPITATION": region["precipitation"],
        "SOIL_RETENTION": region["soil_retention"],
        "DEM": region["dem"],
        "TEMPERATURE": region["temperature"],
        "POPULATION": region["log_population"],
        "CELL_SIZE": 120,
    }
    return folder, follow("assetsworkflow", folder, given)


@pytest.fixture(scope="module")
def esv(region, tmp_path_factory):
    folder = tmp_path_factory.mktemp("esv")
    given = {
        **land_of(region),
        "IMAGES": region["landsat"],
        "SENSOR": "landsat5",
        "DEM": region["dem"],
        "GDP": region["gdp"],
        "POPULATION": region["population"],
        "NIGHT_LIGHT": region["night_light"],
        "ZONES": region["districts"],
        "ZONE_FIELD": "name",
        "GDP_TABLE": None,
        "CELL_SIZE": 120,
    }
    return folder, follow("esvworkflow", folder, given)


@pytest.fixture(scope="module")
def zoning(region, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoning")
    given = {
        **land_of(region),
        "PRECIPITATION": region["precipitation"],
        "EVAPOTRANSPIRATION": region["evapotranspiration"],
        **{name: region[name.lower()] for name in ("SAND", "SILT", "CLAY", "ORGANIC_CARBON", "DEM")},
        "NDVI": region["ndvi"],
        "SLOPE_LENGTH_METHOD": "constant",
        "STORM_DEPTH": "100",
        "SOIL_GROUP": region["soil_group"],
        "INDICATORS": region["biomass"],
        "NAMES": "biomass, biomass",
        "ZONES": region["districts"],
        "ZONE_FIELD": "name",
        "COMPARE": True,
        "TIME_LIMIT": 5,
    }
    return folder, follow("zoningworkflow", folder, given)


class TestAssets:
    def test_totals_are_those_of_the_table_and_the_map(self, assets):
        folder, found = assets
        rows = read_csv(folder / "ecological_assets.csv")
        for band, year in enumerate(YEARS):
            total = math.fsum(float(row["value"]) for row in rows if row["year"] == str(year))
            assert found["assets_total", "", str(year)] == pytest.approx(total, rel=1e-12)
            values = read_raster(folder / "ecological_assets.tif")[band]
            mapped = values[~(values != values)].sum() * 0.09  # 30 m pixels, single precision
            assert mapped == pytest.approx(total, rel=1e-6)

    def test_shares_add_up(self, assets):
        _, found = assets
        shares = [value for (figure, _, year), value in found.items() if (figure, year) == ("ecosystem_share", "2005")]
        assert math.fsum(shares) == pytest.approx(100)

    @pytest.mark.parametrize("variable", ["slope", "aspect", "landform"])
    def test_terrain_classes_share_out_assets_and_area(self, assets, variable):
        _, found = assets
        areas = [value for (figure, _, _), value in found.items() if figure == f"{variable}_area"]
        parts = [value for (figure, _, _), value in found.items() if figure == f"{variable}_assets"]
        mean = sum(found["assets_total", "", str(year)] for year in YEARS) / len(YEARS)
        assert math.fsum(areas) == pytest.approx(100, rel=1e-9)
        assert math.fsum(parts) == pytest.approx(mean, rel=1e-6)

    def test_every_driver_has_its_effects(self, assets):
        _, found = assets
        drivers = {"precipitation", "hemeroby", "temperature", "population"}
        assert {subject for figure, subject, _ in found if figure == "panel_effect"} == drivers
        assert {s.split(",")[0] for figure, s, _ in found if figure == "quantile_effect"} == drivers

    def test_the_curve_of_hemeroby_is_fitted_where_the_user_names_none(self, assets):
        folder, _ = assets
        assert "hemeroby^2" in {row["term"] for row in read_csv(folder / "panel_curves.csv")}
        assert [row["term"] for row in read_csv(folder / "turning_points.csv")] == ["hemeroby"]

    def test_one_report_tells_all_steps(self, assets):
        folder, _ = assets
        page = (folder / "report.html").read_text(encoding="utf-8")
        for title in ("Headline figures", "Ecological assets", "Values by zone: Slope", "Hemeroby", "Panel regression"):
            assert f"<h2>{title}</h2>" in page
        assert [name for name in files_in(folder) if name.endswith(".html")] == ["report.html"]


class TestEsv:
    def test_gdp_per_head_is_the_ratio_of_the_densities_and_a_factor(self, region, esv):
        folder, found = esv
        gdp, people = (read_raster(region[name][1])[0] for name in ("gdp", "population"))
        per_head = read_raster(folder / "gdp_per_head.tif")[1]
        there = (people > 0) & (per_head > 0)
        assert there.any()
        assert per_head[there] == pytest.approx((gdp[there] / people[there]).astype("float64"), rel=1e-5)
        assert ("factor_q", "gdp_per_head", "") in found

    def test_profit_and_loss_is_the_change_of_value(self, esv):
        _, found = esv
        gain, loss, net = (found[f"esv_{part}", "", "2005"] for part in ("gain", "loss", "net"))
        assert gain + loss == pytest.approx(net)
        assert found["assets_total", "", "2005"] - found["assets_total", "", "2000"] == pytest.approx(net, rel=1e-9)

    def test_land_lost_is_land_gained(self, esv):
        _, found = esv
        lost, gained = (
            math.fsum(value for (figure, _, _), value in found.items() if figure == name)
            for name in ("land_lost", "land_gained")
        )
        assert lost == pytest.approx(gained)

    def test_indices_lie_within_their_bounds(self, esv):
        _, found = esv
        for figure in ("rsei_mean", "human_activity_mean"):
            assert all(0 < found[figure, "", str(year)] < 1 for year in YEARS)

    def test_factors_come_by_strength(self, esv):
        _, found = esv
        powers = [value for (figure, _, _), value in found.items() if figure == "factor_q"]
        assert len(powers) == 6
        assert powers == sorted(powers, reverse=True)

    def test_the_detector_sees_the_last_year_alone(self, esv):
        folder, _ = esv
        cells = {row["n"] for row in read_csv(folder / "detector_factors.csv")}
        sampled = float(next(iter(cells)))
        assert sampled < 64 * 64 / 16  # cells of 4 x 4 pixels, of one of the two years


class TestZoning:
    def test_plan_codes_add_up_to_the_zones(self, zoning):
        folder, found = zoning
        areas = {}
        for row in read_csv(folder / "plan.csv"):
            if row["zone"] == "all":
                areas[row["plan"]] = areas.get(row["plan"], 0) + float(row["area_ha"])
        both = areas.get("3", 0)
        assert areas.get("1", 0) + both == pytest.approx(found["conservation_area", "", ""])
        assert areas.get("2", 0) + both == pytest.approx(found["restoration_area", "", ""])

    def test_services_kept_are_those_of_the_efficiency_table(self, zoning):
        """Two ways to the same shares: the plan's codes 1 and 3, and the conservation zones themselves."""
        folder, found = zoning
        for row in read_csv(folder / "conservation_efficiency.csv"):
            assert found["service_kept", row["service"], ""] == pytest.approx(float(row["kept_pct"]), rel=1e-6)
        assert 0 < found["service_kept", "natural_habitat", ""] < 100

    def test_a_mean_climate_leaves_natural_land_without_weather(self, zoning):
        _, found = zoning
        change = found["service_total", "natural_habitat", "2005"] - found["service_total", "natural_habitat", "2000"]
        assert found["service_change", "natural_habitat", "2005"] == pytest.approx(
            change / found["service_total", "natural_habitat", "2000"] * 100
        )

    def test_every_part_of_the_plan_is_written(self, zoning):
        folder, _ = zoning
        wanted = {
            "plan.tif",
            "plan.gpkg",
            "plan_difference.tif",
            "restoration.tif",
            "conservation.tif",
            "importance.tif",
        }
        assert wanted <= set(files_in(folder))


def test_a_raster_too_few_is_told_before_the_first_step(region, tmp_path):
    given = {**land_of(region), "NPP": region["npp"], "PRECIPITATION": [*region["precipitation"], region["dem"]]}
    refused({**given, "FOLDER": str(tmp_path / "out")}, "Precipitation.*3 rasters given for 2 year", "assetsworkflow")
    assert files_in(tmp_path) == []


def test_a_failing_step_is_named(region, tmp_path):
    given = {**land_of(region), "STORM_DEPTH": "-5", "FOLDER": str(tmp_path / "out")}
    refused(given, "Step 1 of .*Flood mitigation.*-5 mm")


def test_what_finished_before_a_failing_step_stays_and_is_told(region, tmp_path):
    from qgis.core import QgsProcessingException, QgsProcessingFeedback

    class Log(QgsProcessingFeedback):
        warnings = ()

        def pushWarning(self, warning):
            self.warnings = (*self.warnings, warning)

    out, log = tmp_path / "out", Log(False)
    water = {name: region[name.lower()] for name in ("PRECIPITATION", "EVAPOTRANSPIRATION")}
    given = {
        **land_of(region),
        **water,
        "STORM_DEPTH": "-5",
        "FOLDER": str(out),
        "OUTPUT_TABLE": str(tmp_path / "t.csv"),
    }
    with pytest.raises(QgsProcessingException, match="Step 2 of .*-5 mm"):
        run("ecoassets:zoningworkflow", given, feedback=log)
    assert files_in(out) == ["water_retention.csv", "water_retention.tif"]
    assert f"What the steps that had finished made stays in {out}." in log.warnings
    assert not (tmp_path / "t.csv").exists()


def test_a_step_does_not_write_over_what_another_reads(region, tmp_path):
    from qgis.core import QgsProcessingException

    light = tmp_path / "land_use_change.tif"
    light.write_bytes(Path(region["night_light"][-1]).read_bytes())
    before = light.read_bytes()
    with pytest.raises(QgsProcessingException, match=r"land_use_change\.tif is also an input"):
        follow("esvworkflow", tmp_path, {**land_of(region), "NIGHT_LIGHT": [region["night_light"][0], str(light)]})
    assert light.read_bytes() == before


def test_nothing_to_zone_by(region, tmp_path):
    refused({**land_of(region), "FOLDER": str(tmp_path / "out")}, "nothing to zone by")


def test_a_service_that_does_not_exist(region, tmp_path):
    given = {**land_of(region), "STORM_DEPTH": "100", "RANKED": "beauty", "FOLDER": str(tmp_path / "out")}
    refused(given, "RANKED holds beauty")


class TestOneStudyArea:
    """The land cover of the first year has a gap: it is no land of the workflow."""

    @pytest.fixture(scope="class")
    def gap(self, region, tmp_path_factory):
        folder = tmp_path_factory.mktemp("gap")
        path = str(folder / "land_cover_2000.tif")
        dataset = gdal.GetDriverByName("GTiff").CreateCopy(path, gdal.Open(region["land_cover"][0]))
        band = dataset.GetRasterBand(1)
        codes = band.ReadAsArray()
        codes[:, : codes.shape[1] // 3] = band.GetNoDataValue()
        band.WriteArray(codes)
        del band, dataset
        return [path, region["land_cover"][1]]

    def test_all_shares_are_of_it(self, region, gap, tmp_path):
        given = {
            **land_of(region),
            "LAND_COVER": gap,
            "PRECIPITATION": region["precipitation"],
            "EVAPOTRANSPIRATION": region["evapotranspiration"],
            "INDICATORS": region["biomass"],
            "NAMES": "biomass, biomass",
            "EXCLUDE": "urban",
            "TIME_LIMIT": 5,
        }
        found = follow("zoningworkflow", tmp_path, given)
        area = found["study_area", "", ""]
        mask = gdal.Open(str(tmp_path / "study_area.tif")).ReadAsArray()
        first, last = (gdal.Open(path) for path in gap)
        both = [d.ReadAsArray() != d.GetRasterBand(1).GetNoDataValue() for d in (first, last)]
        assert not mask[~(both[0] & both[1])].any()
        pixel = abs(last.GetGeoTransform()[1] * last.GetGeoTransform()[5]) / 1e4
        assert area == pytest.approx(mask.sum() * pixel)
        for zones in ("restoration", "conservation"):
            of_zones = found[f"{zones}_area", "", ""], found[f"{zones}_share", "", ""]
            assert of_zones[0] / of_zones[1] * 100 == pytest.approx(area)
        plan = read_csv(tmp_path / "plan_comparison.csv")[0]
        assert float(plan["area_ha"]) / float(plan["area_pct"]) * 100 == pytest.approx(area)
        parts = [found["plan_share", part, ""] for part in ("conservation_alone", "conservation_and_restoration")]
        assert sum(parts) == pytest.approx(found["conservation_share", "", ""])
        # What is degraded is the same share in the step that finds it and in the reasons to restore.
        reasons = read_csv(tmp_path / "restoration.csv")
        (water,) = [r for r in reasons if (r["reason"], r["ecosystem"]) == ("degraded_water", "all")]
        towns = [r for r in reasons if r["ecosystem"] == "urban"]
        degraded = read_csv(tmp_path / "degraded_water_retention.csv")
        (whole,) = [r for r in degraded if (r["ecosystem"], r["class"]) == ("all", "degraded")]
        (urban,) = [r for r in degraded if (r["ecosystem"], r["class"]) == ("urban", "degraded")]
        assert not towns  # excluded
        assert float(water["area_ha"]) == pytest.approx(float(whole["area_ha"]) - float(urban["area_ha"]))
        assert float(whole["area_ha"]) / float(whole["share_pct"]) * 100 == pytest.approx(area)

    def test_an_input_is_not_written_over(self, region, tmp_path):
        dem = str(tmp_path / "study_area.tif")
        gdal.Translate(dem, region["dem"]).FlushCache()
        given = {**land_of(region), "DEM": dem, "CELL_SIZE": 120, "FOLDER": str(tmp_path)}
        refused(given, "study_area.tif is an input", "assetsworkflow")


def test_zones_change_no_factor_of_the_detector(region, esv, tmp_path):
    given = {
        **land_of(region),
        "IMAGES": region["landsat"],
        "SENSOR": "landsat5",
        "DEM": region["dem"],
        "GDP": region["gdp"],
        "POPULATION": region["population"],
        "NIGHT_LIGHT": region["night_light"],
        "CELL_SIZE": 120,
    }
    follow("esvworkflow", tmp_path, given)
    assert (tmp_path / "detector_factors.csv").read_text() == (esv[0] / "detector_factors.csv").read_text()
    assert (esv[0] / "human_activity_zones.csv").exists() and not (tmp_path / "human_activity_zones.csv").exists()


def test_a_cancel_stops_between_the_steps(region, tmp_path):
    from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback

    class Impatient(QgsProcessingFeedback):
        def pushInfo(self, text):
            if "Step 2" in text:
                self.cancel()

    context, feedback = QgsProcessingContext(), Impatient(False)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("ecoassets:assetsworkflow")
    given = {**land_of(region), "FOLDER": str(tmp_path / "out"), "OUTPUT_TABLE": str(tmp_path / "headlines.csv")}
    results, _ = algorithm.run(given, context, feedback)
    assert "OUTPUT_TABLE" not in results
    assert "headlines.csv" not in files_in(tmp_path)
    assert "hemeroby.tif" not in files_in(tmp_path)


def test_the_chain_of_driver_methods_tells_who_leads_since_when_and_changes_nothing_else(region, esv, tmp_path):
    given = {
        **land_of(region),
        "IMAGES": region["landsat"],
        "SENSOR": "landsat5",
        "DEM": region["dem"],
        "GDP": region["gdp"],
        "POPULATION": region["population"],
        "NIGHT_LIGHT": region["night_light"],
        "CELL_SIZE": 120,
    }
    chosen = {"DRIVER_CHAIN": ["detector_by_year", "local_model"]}
    chain = follow("esvworkflow", tmp_path, {**given, **chosen})
    _, plain = esv
    same = {
        key: value
        for key, value in plain.items()
        if not key[0].startswith(("human_activity_zone", "esv_zone", "district_", "landform_"))  # named by side files
    }
    assert {key: chain.get(key) for key in same} == same
    (leader,) = (key for key in chain if key[0] == "leading_factor")
    by_year = {subject: q for (figure, subject, year), q in chain.items() if figure == "factor_q" and year == "2005"}
    assert max(by_year, key=by_year.get) == leader[1]
    shares = [value for key, value in chain.items() if key[0] == "group_q_share"]
    assert sum(shares) == pytest.approx(100)
    assert (tmp_path / "local_model.gpkg").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DRIVER_CHAIN": ["detector_by_year"], "FACTOR_GROUPS": "natural: snow"}, "snow"),
        ({"FACTOR_GROUPS": "elevation"}, "Write groups"),
    ],
)
def test_groups_of_drivers_are_checked_before_the_first_step(region, tmp_path, changes, words):
    given = {**land_of(region), "DEM": region["dem"], "CELL_SIZE": 120, **changes}
    with pytest.raises(Exception, match=words):
        follow("esvworkflow", tmp_path / "results", given)
    assert not list(tmp_path.rglob("*.tif"))
