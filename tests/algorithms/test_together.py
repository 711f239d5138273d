"""A cancel or a failure at the very end, while tables or the report are written, leaves everything as it was before."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import VALUE, all_outputs, files_in, run
from ecoassets.tests.rasters import write_raster

SAMPLE = "ecoassets:samplegrid"
SHAPE = (1600, 40)  # 64,000 cells in several strips
FOREST, PADDY = 21, 11


def cancel_at(percent: float):
    """A feedback whose user cancels at this percentage; `cancelled_at` tells when that was."""
    from qgis.core import QgsProcessingFeedback

    class Cancelling(QgsProcessingFeedback):
        def __init__(self):
            super().__init__(False)
            self.cancelled_at = None
            self.progressChanged.connect(self._watch)

        def _watch(self, done):
            if done >= percent and self.cancelled_at is None:
                self.cancelled_at = time.monotonic()
                self.cancel()

    return Cancelling()


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in files_in(folder)}


@pytest.fixture
def grid(tmp_path):
    return write_raster(tmp_path / "values.tif", np.arange(64_000.0).reshape(SHAPE), "float32", nodata=-1)


@pytest.fixture
def outputs(tmp_path):
    folder = tmp_path / "outputs"
    folder.mkdir()
    return folder


def sample_and_cancel(raster: str, destination: str, cell_size: float) -> float:
    """Samples, cancels while rows are written, and returns the seconds from the cancel to the end."""
    from qgis.core import QgsApplication, QgsProcessingContext

    feedback = cancel_at(85)  # rows are written from 70 percent on
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(SAMPLE)
    parameters = {"RASTERS": [raster], "NAMES": "v", "CELL_SIZE": cell_size, "OUTPUT": destination}
    results, _ = algorithm.run(parameters, QgsProcessingContext(), feedback)
    ended = time.monotonic()
    assert results == {}
    assert feedback.cancelled_at is not None
    return ended - feedback.cancelled_at


@pytest.mark.parametrize("file", ["cells.csv", "cells.gpkg", "cells.shp"])
@pytest.mark.parametrize("older", [False, True])
def test_a_cancel_while_rows_are_written(grid, outputs, file, older):
    if older:
        run(SAMPLE, {"RASTERS": [grid], "NAMES": "v", "CELL_SIZE": 4000, "OUTPUT": str(outputs / file)})
    before = bytes_in(outputs)
    assert bool(before) is older
    assert sample_and_cancel(grid, str(outputs / file), 100) < 3  # a busy machine takes its time to close the file
    assert bytes_in(outputs) == before


def test_a_cancel_while_rows_of_a_table_of_a_database_are_written(grid, outputs):
    from osgeo import gdal

    def counts():
        data = gdal.OpenEx(str(outputs / "all.gpkg"), gdal.OF_VECTOR)
        layers = [data.GetLayer(number) for number in range(data.GetLayerCount())]
        return {layer.GetName(): layer.GetFeatureCount() for layer in layers}

    for table in ("cells", "other"):
        destination = f"ogr:dbname='{outputs / 'all.gpkg'}' table=\"{table}\" (geom)"
        run(SAMPLE, {"RASTERS": [grid], "NAMES": "v", "CELL_SIZE": 4000, "OUTPUT": destination})
    before = {"cells": 40, "other": 40}
    assert counts() == before
    sample_and_cancel(grid, f"ogr:dbname='{outputs / 'all.gpkg'}' table=\"cells\" (geom)", 100)
    assert counts() == before
    sample_and_cancel(grid, f"ogr:dbname='{outputs / 'all.gpkg'}' table=\"third\" (geom)", 100)
    assert counts() == before
    run(SAMPLE, {"RASTERS": [grid], "NAMES": "v", "CELL_SIZE": 2000, "OUTPUT": destination})
    assert counts() == {"cells": 40, "other": 160}


@pytest.mark.skipif(os.name != "posix", reason="a limit of the size of files stands for a full disk")
def test_a_table_that_a_full_disk_cuts_is_no_result(tmp_path, outputs):
    import resource

    from qgis.core import QgsProcessingException

    crops = tmp_path / "crops.csv"
    crops.write_text("crop,area_ha,yield_kg_ha,price_per_kg\nrice,5,7000,2\n", encoding="utf-8")
    parameters = {"TABLE": str(crops), "METHOD": "oneseventh", "OUTPUT_TABLE": str(outputs / "table.csv")}
    run("ecoassets:standardequivalent", parameters)
    before = bytes_in(outputs)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, hard))
    try:
        with pytest.raises(QgsProcessingException, match="the table is cut off. Is the disk full?"):
            run("ecoassets:standardequivalent", parameters)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert bytes_in(outputs) == before


class TestFailingReport:
    @pytest.fixture
    def parameters(self, tmp_path, outputs):
        cover = write_raster(tmp_path / "2000.tif", [[FOREST, PADDY], [FOREST, FOREST]])
        return {"LAND_COVER": [cover], "YEARS": "2000", **all_outputs(outputs)}

    @pytest.fixture
    def without_jinja2(self, monkeypatch):
        """As in a QGIS that lacks the package, which only reports need."""
        monkeypatch.setitem(sys.modules, "jinja2", None)

    def run_and_hear(self, parameters):
        """The results and the warnings of a run."""
        from qgis.core import QgsProcessingFeedback

        class Hearing(QgsProcessingFeedback):
            def __init__(self):
                super().__init__(False)
                self.warnings = ""

            def pushWarning(self, warning):
                self.warnings += warning

        feedback = Hearing()
        return run(VALUE, parameters, feedback=feedback), feedback.warnings

    def test_maps_and_tables_stay_and_the_user_learns_how_to_make_it_again(self, parameters, outputs, without_jinja2):
        results, warnings = self.run_and_hear(parameters)
        assert files_in(outputs) == ["change.csv", "report.parameters.json", "services.tif", "value.csv", "value.tif"]
        assert "OUTPUT_HTML" not in results
        assert "Report: it could not be made: Reports need the Python package jinja2." in warnings
        assert "report.parameters.json" not in warnings and ".parameters.json beside it" in warnings

    def test_an_older_report_stays(self, parameters, outputs, monkeypatch):
        run(VALUE, parameters)
        before = (outputs / "report.html").read_bytes()
        monkeypatch.setitem(sys.modules, "jinja2", None)
        self.run_and_hear({**parameters, "STANDARD_VALUE": 1})
        assert (outputs / "report.html").read_bytes() == before

    def test_parameters_that_cannot_be_saved_do_not_take_the_report(self, parameters, outputs):
        (outputs / "report.parameters.json").mkdir()
        results, warnings = self.run_and_hear(parameters)
        assert (outputs / "report.html").is_file() and results["OUTPUT_HTML"]
        assert "it is a folder" in warnings

    def test_a_folder_that_may_not_be_written_is_told_before_any_work(self, parameters, outputs, closed):
        from qgis.core import QgsProcessingException

        report = closed / "report.html"
        with pytest.raises(QgsProcessingException, match=f"cannot write {report}: .* in folder {closed}"):
            run(VALUE, {**parameters, "OUTPUT_HTML": str(report)})
        assert files_in(outputs) == []


@pytest.fixture
def closed(tmp_path):
    """A folder that may not be written to, not even by root."""
    if os.name == "posix" and os.geteuid() == 0:
        return Path("/proc")
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    return folder
