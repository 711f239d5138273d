"""Terrain classes and values by zone: slopes by hand, own classes, names, totals, bad input."""

from __future__ import annotations

import math

import pytest

from ecoassets.tests.algorithms.helpers import layers_of, load_maps, read_csv, run, write_text
from ecoassets.tests.algorithms.landcover import write_columns
from ecoassets.tests.rasters import read_raster, write_raster

CLASSES, SUMMARY = "ecoassets:terrainclasses", "ecoassets:zonesummary"


def plane(rise, columns=9, rows=5):
    """A plane that rises by `rise` metres from pixel to pixel towards the east, so that it faces west."""
    return [[rise * column for column in range(columns)] for _ in range(rows)]


@pytest.fixture
def dem(tmp_path):
    def write(values, name="dem.tif"):
        return write_raster(tmp_path / name, values, "float32", nodata=-9999)

    return write


@pytest.fixture
def classify(tmp_path):
    def rows(dem, **changes):
        given = {"DEM": dem, "OUTPUT_SLOPE": str(tmp_path / "slope.tif"), "OUTPUT_TABLE": str(tmp_path / "t.csv")}
        run(CLASSES, {**given, **changes})
        return {(r["variable"], r["name"]): float(r["area_ha"]) for r in read_csv(tmp_path / "t.csv")}

    return rows


class TestTerrainClasses:
    def test_a_plane_of_ten_degrees_facing_west(self, dem, classify):
        found = classify(dem(plane(100 * math.tan(math.radians(10)))))  # pixels of 100 m
        assert found["slope", "gentle"] == 45
        assert found["aspect", "west"] == 45
        assert sum(area for (variable, _), area in found.items() if variable == "landform") == 45

    def test_flat_land_does_not_face_north(self, dem, classify):
        found = classify(dem(plane(0)))
        assert found["aspect", "flat"] == 45
        assert found["aspect", "north"] == 0

    def test_nearly_flat_land_may_count_as_flat(self, dem, classify):
        assert classify(dem(plane(1)), FLAT_SLOPE=1)["aspect", "flat"] == 45  # atan(1 / 100) is 0.57 degrees

    def test_other_schemes_have_other_classes(self, dem, classify):
        found = classify(dem(plane(0)), SLOPE_SCHEME="slope_igu7", LANDFORM_SCHEME="relief_1to1M")
        assert ("landform", "terrace") in found
        assert found["landform", "plain"] == 45

    def test_own_classes(self, dem, classify, tmp_path):
        own = write_text(
            tmp_path / "own.csv",
            "scheme_id,variable,class_id,name_en,lower,upper\nmine,slope,1,low,0,3\nmine,slope,2,high,3,90\n",
        )
        found = classify(dem(plane(100 * math.tan(math.radians(10)))), SLOPE_SCHEME="custom", CLASS_BREAKS=own)
        assert found["slope", "low"] == 0
        assert found["slope", "high"] == 45
        assert found["aspect", "west"] == 45  # of the plugin's own table

    def test_maps_have_names_and_colours(self, dem, tmp_path):
        outputs = {name: str(tmp_path / f"{name}.tif") for name in ("OUTPUT_SLOPE", "OUTPUT_ASPECT", "OUTPUT_LANDFORM")}
        project = load_maps(CLASSES, {"DEM": dem(plane(10))}, outputs)
        legends = {name: layer.renderer().classes() for name, layer in layers_of(project).items()}
        found = {name: [(entry.value, entry.label) for entry in entries] for name, entries in legends.items()}
        colours = [entry.color.name() for entry in legends["Aspect classes"]]
        project.clear()
        assert sorted(found) == ["Aspect classes", "Landform classes", "Slope classes"]
        assert found["Aspect classes"][:2] == [(0, "flat"), (1, "north")]
        assert found["Slope classes"][0] == (1, "flat")
        assert len(set(colours)) == 9

    def test_a_report(self, dem, classify, tmp_path):
        classify(dem(plane(10)), OUTPUT_HTML=str(tmp_path / "report.html"))
        assert "slope_forest6" in (tmp_path / "report.html").read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"SLOPE_SCHEME": "custom"}, "custom needs a table of classes"),
            ({"CLASS_BREAKS": "scheme_id,class_id\na,1\n"}, "lacks the column variable"),
            (
                {
                    "ASPECT_SCHEME": "custom",
                    "CLASS_BREAKS": "scheme_id,variable,class_id,name_en,lower,upper\nmine,slope,1,all,0,90\n",
                },
                "must hold one scheme of aspect. It holds none",
            ),
        ],
    )
    def test_bad_input(self, dem, tmp_path, changes, message):
        from qgis.core import QgsProcessingException

        if "CLASS_BREAKS" in changes:
            changes = {**changes, "CLASS_BREAKS": write_text(tmp_path / "own.csv", changes["CLASS_BREAKS"])}
        with pytest.raises(QgsProcessingException, match=message):
            run(CLASSES, {"DEM": dem(plane(10)), "OUTPUT_SLOPE": str(tmp_path / "slope.tif"), **changes})


class TestZoneSummary:
    @pytest.fixture
    def given(self, tmp_path):
        values = [
            write_raster(tmp_path / f"value{i}.tif", rows, "float32", nodata=-1)
            for i, rows in enumerate(([[1, 2, 3], [1, 2, 3]], [[2, 4, 3], [2, 4, 3]]))
        ]
        return {"VALUES": values, "YEARS": "2000, 2005", "OUTPUT_TABLE": str(tmp_path / "zones.csv")}

    @pytest.fixture
    def west(self, tmp_path):
        return {"ZONES": write_columns(tmp_path / "west.gpkg", {"west": (0, 2)}), "ZONE_FIELD": "name"}

    @staticmethod
    def rows(parameters):
        run(SUMMARY, parameters)
        return {(r["year"], r["zone"]): r for r in read_csv(parameters["OUTPUT_TABLE"])}

    def test_densities_by_hand(self, given, west):
        rows = self.rows({**given, **west})
        names = ("area_ha", "total", "mean", "share_pct")
        assert [float(rows["2000", "west"][n]) for n in names] == pytest.approx([4, 6, 1.5, 50])
        assert [float(rows["2000", "outside"][n]) for n in names] == pytest.approx([2, 6, 3, 50])
        assert rows["2000", "west"]["change_pct"] == ""
        assert float(rows["2005", "west"]["change_pct"]) == pytest.approx(100)
        assert float(rows["2005", "outside"]["change_pct"]) == 0

    def test_an_index_has_no_total(self, given, west):
        rows = self.rows({**given, **west, "KIND": "index"})
        assert rows["2005", "west"]["total"] == rows["2005", "west"]["share_pct"] == ""
        assert float(rows["2005", "west"]["mean"]) == pytest.approx(3)

    def test_a_zone_raster_names_its_classes(self, given, dem, tmp_path):
        slope = str(tmp_path / "slope.tif")
        run(CLASSES, {"DEM": dem(plane(0, 3, 2)), "OUTPUT_SLOPE": slope})
        assert self.rows({**given, "ZONES_RASTER": slope})["2000", "1"]["name"] == "flat"
        names = write_text(tmp_path / "names.csv", "zone,name\n1,plain\n")
        assert self.rows({**given, "ZONES_RASTER": slope, "ZONE_NAMES": names})["2000", "1"]["name"] == "plain"

    def test_without_zones(self, given):
        rows = self.rows(given)
        assert set(rows) == {("2000", "all"), ("2005", "all")}
        assert float(rows["2005", "all"]["total"]) == pytest.approx(18)

    def test_zones_add_up_to_the_value_of_the_land(self, given, tmp_path):
        land = write_raster(tmp_path / "land.tif", [[21, 11, 51], [21, 21, 11]])
        value = run("ecoassets:ecosystemservicevalue",
                    {"LAND_COVER": [land], "YEARS": "2000", "OUTPUT": str(tmp_path / "value.tif")})  # fmt: skip
        zones = write_raster(tmp_path / "zones.tif", [[1, 1, 2], [3, 3, 255]])
        rows = self.rows({**given, "VALUES": [value["OUTPUT"]], "YEARS": "2000", "ZONES_RASTER": zones})
        assert {zone for _, zone in rows} == {"1", "2", "3", "outside"}
        total = math.fsum(float(row["total"]) for row in rows.values())
        assert total == pytest.approx(value["TOTAL_FIRST"], rel=1e-6)

    def test_depths_are_summed_in_cubic_metres(self, given, west, tmp_path):
        html = tmp_path / "report.html"
        rows = self.rows({**given, **west, "KIND": "depth", "OUTPUT_HTML": str(html)})
        # 1, 2, 1 and 2 mm on a hectare each are 10, 20, 10 and 20 m3; their mean is 1.5 mm.
        names = ("area_ha", "total", "mean", "share_pct")
        assert [float(rows["2000", "west"][n]) for n in names] == pytest.approx([4, 60, 1.5, 50])
        assert [float(rows["2000", "outside"][n]) for n in names] == pytest.approx([2, 60, 3, 50])
        text = html.read_text(encoding="utf-8")
        assert "m3" in text and "mm" in text

    def test_a_report_tells_units(self, tmp_path):
        land = write_raster(tmp_path / "land.tif", [[21, 11, 51], [21, 21, 11]])
        value, html = str(tmp_path / "value.tif"), tmp_path / "report.html"
        run("ecoassets:ecosystemservicevalue", {"LAND_COVER": [land], "YEARS": "2000", "OUTPUT": value})
        run(SUMMARY, {"VALUES": [value], "YEARS": "2000", "OUTPUT_HTML": str(html)})
        text = html.read_text(encoding="utf-8")
        assert "CNY/(ha a)" in text and "CNY/a" in text and "CNY/a/ha" not in text

    def test_the_values_have_holes(self, given, tmp_path):
        holed = write_raster(tmp_path / "holed.tif", [[-1, 4, 3], [2, 4, 3]], "float32", nodata=-1)
        rows = self.rows({**given, "VALUES": [given["VALUES"][0], holed]})
        assert float(rows["2000", "all"]["area_ha"]) == 5
        assert read_raster(holed).size == 6

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"YEARS": "2000"}, "2 rasters given for 1 year"),
            ({"ZONE_NAMES": "zone,called\n1,a\n"}, "lacks the column name"),
            ({"ZONE_NAMES": "zone,name\n1,a\n1,b\n"}, "names the zone 1 again"),
        ],
    )
    def test_bad_input(self, given, tmp_path, changes, message):
        from qgis.core import QgsProcessingException

        if "ZONE_NAMES" in changes:
            changes = {"ZONE_NAMES": write_text(tmp_path / "names.csv", changes["ZONE_NAMES"])}
        with pytest.raises(QgsProcessingException, match=message):
            run(SUMMARY, {**given, **changes})
