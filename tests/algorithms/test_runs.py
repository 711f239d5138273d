"""What every run promises: plain numbers, only what was asked for, nothing left behind, chains in a model."""

from __future__ import annotations

import math
import os
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import ASSETS, VALUE, all_outputs, files_in, read_csv, run, write_text
from ecoassets.tests.rasters import read_raster, write_raster

FOREST, PADDY, TOWN = 21, 11, 51
PARAMETERS = "report.parameters.json"  # beside every report


@pytest.fixture
def maps(tmp_path):
    """Two years of four pixels, 1 ha each: the paddy becomes a town."""
    folder = tmp_path / "inputs"
    folder.mkdir()
    return [
        write_raster(folder / "2000.tif", [[FOREST, PADDY], [FOREST, FOREST]]),
        write_raster(folder / "2005.tif", [[FOREST, TOWN], [FOREST, FOREST]]),
    ]


@pytest.fixture
def outputs(tmp_path):
    folder = tmp_path / "outputs"
    folder.mkdir()
    return folder


class Log:
    """Makes a feedback that remembers what it was told."""

    def __new__(cls):
        from qgis.core import QgsProcessingFeedback

        class Remembering(QgsProcessingFeedback):
            def __init__(self):
                super().__init__(False)
                self.facts, self.warnings, self.percents = [], [], []
                self.progressChanged.connect(self.percents.append)

            def pushInfo(self, info):
                self.facts.append(info)

            def pushWarning(self, warning):
                self.warnings.append(warning)

        return Remembering()


def test_a_run_by_hand(maps, outputs):
    log = Log()
    results = run(
        VALUE, {"LAND_COVER": maps, "YEARS": "2000, 2005", "STANDARD_VALUE": 1000, **all_outputs(outputs)}, feedback=log
    )
    # Three forests of 22.95 equivalents and a paddy of 3.89.
    assert results["TOTAL_FIRST"] == pytest.approx(72_740, rel=1e-14)
    assert results["TOTAL_LAST"] == pytest.approx(68_850, rel=1e-14)
    assert read_raster(results["OUTPUT"])[:, 0, 1].tolist() == [pytest.approx(3_890, rel=1e-6), 0]
    rows = read_csv(results["OUTPUT_TABLE"])
    assert math.fsum(float(r["value"]) for r in rows if r["year"] == "2000") == pytest.approx(72_740, rel=1e-14)
    (change,) = [r for r in read_csv(results["OUTPUT_CHANGE"]) if (r["ecosystem"], r["service"]) == ("all", "all")]
    assert float(change["change_pct"]) == pytest.approx(-3_890 / 72_740 * 100, rel=1e-12)
    assert "2000: 72,740.00 CNY per year." in log.facts
    assert "Land cover: 2000 = 2000.tif band 1; 2005 = 2005.tif band 1" in log.facts
    assert log.percents == sorted(log.percents)
    assert log.percents[-1] == 100


def test_rasters_named_by_their_paths_are_not_opened_as_tables_first(maps, outputs):
    """QGIS would say in its log that OGR cannot open them."""
    from qgis.core import Qgis, QgsApplication

    logged = []
    received = QgsApplication.messageLog().messageReceived[str, str, Qgis.MessageLevel]
    received.connect(note := lambda message, tag, level: logged.append(message))
    try:
        run(VALUE, {"LAND_COVER": maps, "YEARS": "2000, 2005", "OUTPUT": str(outputs / "value.tif")})
    finally:
        received.disconnect(note)
    assert [message for message in logged if "open" in message] == []


def test_numbers_are_plain(maps, outputs):
    results = run(VALUE, {"LAND_COVER": maps, "YEARS": "2000, 2005", "OUTPUT": str(outputs / "value.tif")})
    assert {name: type(results[name]) for name in ("TOTAL_FIRST", "TOTAL_LAST")} == {
        "TOTAL_FIRST": float,
        "TOTAL_LAST": float,
    }


def test_outputs_that_were_not_asked_for_are_not_made(maps, outputs):
    results = run(VALUE, {"LAND_COVER": maps, "YEARS": "2000, 2005", "OUTPUT": str(outputs / "value.tif")})
    assert files_in(outputs) == ["value.tif"]
    assert set(results) == {"OUTPUT", "TOTAL_FIRST", "TOTAL_LAST"}


@pytest.mark.parametrize("wanted", ["OUTPUT_SERVICES", "OUTPUT_TABLE", "OUTPUT_CHANGE", "OUTPUT_HTML"])
def test_each_optional_output_alone(maps, outputs, wanted):
    paths = {name: path for name, path in all_outputs(outputs).items() if name in ("OUTPUT", wanted)}
    results = run(VALUE, {"LAND_COVER": maps, "YEARS": "2000, 2005", **paths})
    beside = [PARAMETERS] if wanted == "OUTPUT_HTML" else []
    assert files_in(outputs) == sorted([*(Path(path).name for path in paths.values()), *beside])
    assert results[wanted] == paths[wanted]


def test_maps_tell_unit_year_and_how_they_came_about(maps, outputs):
    from osgeo import gdal

    paths = all_outputs(outputs)
    run(VALUE, {"LAND_COVER": maps, "YEARS": "2000, 2005", "CURRENCY": "EUR", **paths})
    dataset = gdal.Open(paths["OUTPUT"])
    bands = [dataset.GetRasterBand(i) for i in (1, 2)]
    assert [(band.GetDescription(), band.GetUnitType()) for band in bands] == [
        ("2000", "EUR/(ha a)"),
        ("2005", "EUR/(ha a)"),
    ]
    assert dataset.GetMetadataItem("ECOASSETS_METHOD") == VALUE
    assert "CURRENCY=EUR" in dataset.GetMetadataItem("ECOASSETS_COMMAND")
    services = gdal.Open(paths["OUTPUT_SERVICES"])
    assert services.RasterCount == 22
    assert services.GetRasterBand(14).GetDescription() == "2005|water_supply"


def test_adjustments_reach_the_core(maps, outputs, tmp_path):
    npp = write_raster(tmp_path / "inputs" / "npp.tif", np.full((2, 2), 600), "float32", nodata=-1)
    prices = write_text(tmp_path / "inputs" / "prices.csv", "year,index\n2000,100\n2005,200\n")
    results = run(
        ASSETS,
        {
            "LAND_COVER": maps,
            "YEARS": "2000, 2005",
            "STANDARD_VALUE": 1000,
            "NPP": [npp],
            "NPP_REFERENCE": 400,
            "CAP": 1.25,
            "PRICE_INDEX": prices,
            "OUTPUT": str(outputs / "value.tif"),
        },
    )
    # 600 / 400 = 1.5 is capped at 1.25; 15.22 equivalents of forest follow NPP and 7.73 do not; prices double.
    assert results["TOTAL_LAST"] == pytest.approx(2 * 3 * (15.22 * 1.25 + 7.73) * 1000, rel=1e-12)


def test_a_table_layer_of_the_project_overrides_the_scheme(maps, outputs):
    from qgis.core import QgsFeature, QgsVectorLayer

    layer = QgsVectorLayer("None?field=code:integer&field=equivalents:string", "My classes", "memory")
    feature = QgsFeature(layer.fields())
    feature.setAttributes([FOREST, "shrub:1"])
    layer.dataProvider().addFeature(feature)
    results = run(
        VALUE,
        {
            "LAND_COVER": maps[:1],
            "YEARS": "2000",
            "CLASS_TABLE": layer,
            "STANDARD_VALUE": 1000,
            "OUTPUT": str(outputs / "value.tif"),
        },
    )
    assert results["TOTAL_FIRST"] == pytest.approx(3 * 15_220 + 3_890, rel=1e-14)


def test_the_boundary_keeps_pixels_whose_centre_is_inside(maps, outputs):
    from qgis.core import QgsFeature, QgsGeometry, QgsVectorLayer

    layer = QgsVectorLayer("Polygon?crs=EPSG:32650", "West", "memory")
    feature = QgsFeature()
    # 140 m of 200 m: the centres of the second column lie at 150 m.
    feature.setGeometry(QgsGeometry.fromWkt("POLYGON((499990 4399000, 500140 4399000, 500140 4401000, 499990 4401000, 499990 4399000))"))  # fmt: skip # noqa: E501
    layer.dataProvider().addFeature(feature)
    results = run(
        VALUE,
        {
            "LAND_COVER": maps,
            "YEARS": "2000, 2005",
            "BOUNDARY": layer,
            "STANDARD_VALUE": 1000,
            "OUTPUT": str(outputs / "value.tif"),
        },
    )
    assert results["TOTAL_FIRST"] == pytest.approx(2 * 22_950, rel=1e-14)
    assert np.isnan(read_raster(results["OUTPUT"])[0]).tolist() == [[False, True], [False, True]]


class TestModel:
    @pytest.fixture
    def model(self):
        """Crops -> value of one equivalent -> ecosystem service value."""
        from qgis.core import (
            QgsProcessing,
            QgsProcessingModelAlgorithm,
            QgsProcessingModelChildAlgorithm,
            QgsProcessingModelChildParameterSource,
            QgsProcessingModelOutput,
            QgsProcessingModelParameter,
            QgsProcessingParameterFeatureSource,
            QgsProcessingParameterMultipleLayers,
            QgsProcessingParameterString,
        )

        source = QgsProcessingModelChildParameterSource
        model = QgsProcessingModelAlgorithm("value of land", "tests")
        for parameter in (
            QgsProcessingParameterFeatureSource("CROPS", "Crops", [QgsProcessing.SourceType.TypeVector]),
            QgsProcessingParameterMultipleLayers("COVER", "Land cover", QgsProcessing.SourceType.TypeRaster),
            QgsProcessingParameterString("WHEN", "Years"),
        ):
            model.addModelParameter(parameter, QgsProcessingModelParameter(parameter.name()))
        crops = QgsProcessingModelChildAlgorithm("ecoassets:standardequivalent")
        crops.setChildId("crops")
        crops.addParameterSources("TABLE", [source.fromModelParameter("CROPS")])
        crops.addParameterSources("METHOD", [source.fromStaticValue("oneseventh")])
        model.addChildAlgorithm(crops)
        value = QgsProcessingModelChildAlgorithm(VALUE)
        value.setChildId("value")
        value.addParameterSources("LAND_COVER", [source.fromModelParameter("COVER")])
        value.addParameterSources("YEARS", [source.fromModelParameter("WHEN")])
        value.addParameterSources("STANDARD_VALUE", [source.fromChildOutput("crops", "VALUE")])
        output = QgsProcessingModelOutput("MAP")
        output.setChildId("value")
        output.setChildOutputName("OUTPUT")
        value.setModelOutputs({"MAP": output})
        model.addChildAlgorithm(value)
        return model

    def test_the_value_of_one_equivalent_flows_on(self, model, maps, outputs, tmp_path):
        from qgis.core import QgsProcessingContext, QgsProcessingFeedback

        # 7000 kg/ha at 2 CNY/kg: a seventh is 2000 CNY/ha.
        crops = write_text(tmp_path / "crops.csv", "crop,area_ha,yield_kg_ha,price_per_kg\nrice,5,7000,2\n")
        parameters = {"CROPS": crops, "COVER": maps, "WHEN": "2000, 2005", "value:MAP": str(outputs / "value.tif")}
        context = QgsProcessingContext()
        ok, message = model.checkParameterValues(parameters, context)
        assert ok, message
        results, ok = model.run(parameters, context, QgsProcessingFeedback(False))
        assert ok
        assert results["CHILD_RESULTS"]["crops"]["VALUE"] == pytest.approx(2_000)
        assert results["CHILD_RESULTS"]["value"]["TOTAL_FIRST"] == pytest.approx(2 * 72_740, rel=1e-12)
        assert read_raster(outputs / "value.tif")[0, 0, 0] == pytest.approx(45_900, rel=1e-6)

    def test_it_survives_being_saved(self, model, tmp_path):
        from qgis.core import QgsProcessingModelAlgorithm

        path = str(tmp_path / "value.model3")
        assert model.toFile(path)
        loaded = QgsProcessingModelAlgorithm()
        assert loaded.fromFile(path)
        assert loaded.childAlgorithm("value").parameterSources()["STANDARD_VALUE"][0].outputName() == "VALUE"


class TestCancel:
    @pytest.fixture
    def large(self, tmp_path):
        """A map that takes some seconds with all services."""
        codes = np.random.default_rng(3).choice([FOREST, PADDY, TOWN], (2500, 2500)).astype(np.uint8)
        return write_raster(tmp_path / "large.tif", codes)

    def test_a_run_that_is_cancelled_ends_soon_and_leaves_nothing(self, large, outputs):
        from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback

        feedback = QgsProcessingFeedback(False)
        cancelled_at = []

        def cancel():
            cancelled_at.append(time.monotonic())
            feedback.cancel()

        algorithm = QgsApplication.processingRegistry().createAlgorithmById(VALUE)
        parameters = {"LAND_COVER": [large], "YEARS": "2000", **all_outputs(outputs)}
        timer = threading.Timer(0.5, cancel)
        timer.start()
        results, _ = algorithm.run(parameters, QgsProcessingContext(), feedback)
        ended = time.monotonic()
        timer.join()
        assert results == {}
        assert cancelled_at, "the run ended before it could be cancelled"
        # Blocks that are at work end first; a whole run takes many times as long as one.
        assert ended - cancelled_at[0] < 5
        assert files_in(outputs) == []

    def test_a_run_that_was_cancelled_before_it_began(self, maps, outputs):
        from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback

        feedback = QgsProcessingFeedback(False)
        feedback.cancel()
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(VALUE)
        parameters = {"LAND_COVER": maps, "YEARS": "2000, 2005", **all_outputs(outputs)}
        assert algorithm.run(parameters, QgsProcessingContext(), feedback)[0] == {}
        assert files_in(outputs) == []


def test_repeated_runs_leave_no_temporary_files(maps, outputs, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    npp = write_raster(
        tmp_path / "inputs" / "npp.tif", [[300, 65_533]], "uint16", nodata=65_535, pixel=200
    )  # another grid and a fill value: copies are made on the way
    for number in range(3):
        outcome = outputs / str(number)
        outcome.mkdir()
        run(
            ASSETS, {"LAND_COVER": maps, "YEARS": "2000, 2005", "NPP": [npp], "NPP_MAX": 65_000, **all_outputs(outcome)}
        )
        assert files_in(outcome) == sorted([*(Path(path).name for path in all_outputs(outcome).values()), PARAMETERS])
    assert os.listdir(temporary) == []


def test_the_algorithms_also_run_on_another_thread(maps, outputs):
    from qgis.core import QgsApplication, QgsProcessingAlgRunnerTask, QgsProcessingContext, QgsProcessingFeedback
    from qgis.PyQt.QtCore import QCoreApplication

    context, feedback = QgsProcessingContext(), QgsProcessingFeedback(False)
    algorithm = QgsApplication.processingRegistry().algorithmById(VALUE)
    parameters = {"LAND_COVER": maps, "YEARS": "2000, 2005", "STANDARD_VALUE": 1000, **all_outputs(outputs)}
    task = QgsProcessingAlgRunnerTask(algorithm, parameters, context, feedback)
    ended = []
    task.executed.connect(lambda ok, results: ended.append((ok, results)))
    QgsApplication.taskManager().addTask(task)
    last = time.monotonic() + 30
    while not ended and time.monotonic() < last:
        QCoreApplication.processEvents()
        time.sleep(0.01)
    ((ok, results),) = ended
    assert ok
    assert results["TOTAL_FIRST"] == pytest.approx(72_740, rel=1e-14)
