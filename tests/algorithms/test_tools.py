"""The tools as algorithms: a practice region, aligned rasters, checked inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import ASSETS, VALUE, all_outputs, files_in, read_csv, run
from ecoassets.tests.rasters import read_raster, write_raster

FOREST, PADDY = 21, 11


class TestPracticeRegion:
    @pytest.fixture(scope="class")
    def region(self, tmp_path_factory, processing_ready):
        folder = tmp_path_factory.mktemp("region")
        run("ecoassets:practiceregion", {"SIZE": 48, "SEED": 1, "FOLDER": str(folder)})
        return folder

    def test_the_project_opens_with_all_its_layers(self, region):
        from qgis.core import QgsProject

        project = QgsProject()
        assert project.read(str(region / "practice_region.qgz"))
        layers = project.mapLayers().values()
        assert len(layers) > 5
        assert [layer.name() for layer in layers if not layer.isValid()] == []
        project.clear()

    def test_the_project_opens_on_the_region(self, region):
        """QGIS looks where the project says that the canvas looked."""
        import zipfile

        from qgis.core import QgsMapSettings, QgsProject, QgsRasterLayer
        from qgis.PyQt.QtXml import QDomDocument

        with zipfile.ZipFile(region / "practice_region.qgz") as file:
            text = file.read("practice_region.qgs").decode("utf-8")
        document = QDomDocument()
        document.setContent(text)
        view = QgsMapSettings()
        view.readXml(document.elementsByTagName("mapcanvas").at(0))
        assert view.extent().contains(QgsRasterLayer(str(region / "dem.tif")).extent())
        project = QgsProject()
        project.read(str(region / "practice_region.qgz"))
        assert project.title() == "Practice region"
        project.clear()

    def test_what_was_made_is_loaded_as_one_group_by_subject(self, tmp_path, processing_ready):
        from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback, QgsProject, QgsVectorLayer

        project, context, feedback = QgsProject(), QgsProcessingContext(), QgsProcessingFeedback(False)
        context.setProject(project)
        algorithm = QgsApplication.processingRegistry().createAlgorithmById("ecoassets:practiceregion")
        _, ok = algorithm.run({"SIZE": 48, "FOLDER": str(tmp_path)}, context, feedback)
        assert ok, feedback.textLog()
        ((source, details),) = context.layersToLoadOnCompletion().items()
        layer = QgsVectorLayer(source, details.name)
        project.addMapLayer(layer)
        details.postProcessor().postProcessLayer(layer, context, feedback)
        (group,) = project.layerTreeRoot().children()
        assert group.name() == "Practice region"
        assert [child.name() for child in group.children()][:3] == ["Districts", "Land", "Relief and soil"]
        assert [child.name() for child in group.children()[1].children()] == [
            "Study boundary", "Planning units", "Lake and reservoir", "Main roads", "Towns", "Land cover",
        ]  # fmt: skip
        shown = [node.layer().name() for node in group.findLayers() if node.isVisible()]
        assert shown == ["Districts", "Land cover 2015"]
        project.clear()

    @pytest.mark.parametrize(
        ("name", "renderer", "year"),
        [
            ("land_cover_2005", "paletted", 2005),
            ("soil_group", "paletted", None),
            ("dem", "singlebandpseudocolor", None),
            ("precipitation_monthly_2010", "singlebandpseudocolor", 2010),
            ("landsat_2015", "multibandcolor", 2015),
        ],
    )
    def test_a_raster_that_is_added_alone_lands_styled(self, region, name, renderer, year):
        from qgis.core import QgsRasterLayer

        layer = QgsRasterLayer(str(region / f"{name}.tif"), name)
        assert layer.loadDefaultStyle()[1]  # as QGIS does when the user adds it
        assert layer.renderer().type() == renderer
        time = layer.temporalProperties()
        assert (time.fixedTemporalRange().begin().date().year() if time.isActive() else None) == year

    @pytest.mark.parametrize(("name", "suffix"), [("dem", " m"), ("ndvi_2015", ""), ("fvc_2015", "")])
    def test_legends_tell_the_unit(self, region, name, suffix):
        from qgis.core import QgsRasterLayer

        layer = QgsRasterLayer(str(region / f"{name}.tif"), name)
        assert layer.renderer().shader().rasterShaderFunction().legendSettings().suffix() == suffix

    def test_every_raster_has_a_legend_for_all_that_it_holds(self, region):
        from qgis.core import QgsRasterLayer

        for path in sorted(region.glob("*.tif")):
            layer = QgsRasterLayer(str(path), path.stem)
            assert layer.renderer().type() != "singlebandgray", path
            if layer.renderer().type() == "paletted":
                named = {int(entry.value): entry.label for entry in layer.renderer().classes()}
                held = read_raster(path)
                codes = set(np.unique(held[np.isfinite(held)]).astype(int).tolist())
                assert codes <= set(named), path
                assert all(named[code] for code in codes)

    def test_it_is_what_the_assets_need(self, region, tmp_path):
        def years(pattern):
            found = sorted(map(str, region.rglob(pattern)))
            assert len(found) == 4, files_in(region)
            return found

        results = run(
            ASSETS,
            {
                "LAND_COVER": years("land_cover_*.tif"),
                "YEARS": "2000, 2005, 2010, 2015",
                "SCHEME": "cnlucc",
                "NPP": years("npp_*.tif"),
                **all_outputs(tmp_path),
            },
        )
        assert results["TOTAL_FIRST"] > 0
        assert {row["year"] for row in read_csv(results["OUTPUT_TABLE"])} == {"2000", "2005", "2010", "2015"}
        assert Path(results["OUTPUT_HTML"]).stat().st_size > 10_000


class TestAlignToGrid:
    def test_what_was_refused_is_accepted_after_aligning(self, tmp_path):
        from qgis.core import QgsProcessingException

        first = write_raster(tmp_path / "2000.tif", [[FOREST, PADDY]] * 2)
        shifted = write_raster(tmp_path / "2005.tif", [[FOREST, PADDY]] * 3, top_left=(500_010, 4_400_020))
        parameters = {"LAND_COVER": [first, shifted], "YEARS": "2000, 2005", "OUTPUT": str(tmp_path / "value.tif")}
        with pytest.raises(QgsProcessingException, match="ecoassets:aligntogrid"):
            run(VALUE, parameters)
        aligned = run(
            "ecoassets:aligntogrid",
            {"RASTERS": [shifted], "REFERENCE": first, "KIND": "classes", "FOLDER": str(tmp_path / "aligned")},
        )["ALIGNED"]
        # 10 m east and 20 m north of 100 m pixels: the nearest pixel is the one that it was.
        assert read_raster(aligned[0])[0].tolist() == [[FOREST, PADDY]] * 2
        assert run(VALUE, {**parameters, "LAND_COVER": [first, *aligned]})["TOTAL_LAST"] > 0


class TestCheckInputs:
    def test_a_missing_raster_and_a_strange_code_are_findings(self, tmp_path):
        good = write_raster(tmp_path / "2000.tif", [[FOREST, 99]])
        gone = str(tmp_path / "gone.tif")
        table = str(tmp_path / "checks.csv")
        results = run(
            "ecoassets:checkinputs",
            {"RASTERS": [good, gone], "YEARS": "2000, 2005", "SCHEME": "cnlucc", "OUTPUT_TABLE": table},
        )
        problems = [row for row in read_csv(table) if row["result"] == "problem"]
        assert results["PROBLEMS"] == len(problems) >= 2
        assert any("gone.tif" in row["raster"] for row in problems)
        assert any("99 (1 px)" in row["found"] for row in problems)
        assert all(row["mend"] for row in problems)

    def test_good_inputs_have_no_problems(self, tmp_path):
        maps = [write_raster(tmp_path / f"{year}.tif", [[FOREST, PADDY]]) for year in (2000, 2005)]
        results = run("ecoassets:checkinputs", {"RASTERS": maps, "YEARS": "2000, 2005", "SCHEME": "cnlucc"})
        assert results["PROBLEMS"] == 0
