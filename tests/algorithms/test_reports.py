"""Reports are on by default: in the dialog, beside the results of a workflow, under their method's name."""

from __future__ import annotations

from ecoassets.core.tools.practice.region import build_region, write_region
from ecoassets.tests.algorithms.helpers import run


def test_the_dialog_makes_a_report_and_the_results_viewer_names_the_method(processing_ready):
    for algorithm in processing_ready.algorithms():
        report = algorithm.parameterDefinition("OUTPUT_HTML")
        if report is not None:
            assert report.createByDefault(), algorithm.name()
            assert algorithm.outputDefinition("OUTPUT_HTML").description().startswith(algorithm.displayName())
            assert algorithm.outputDefinition("OUTPUT_HTML").type() == "outputHtml"


def test_a_workflow_leaves_its_report_beside_its_results(tmp_path):
    files = write_region(build_region(64, years=(2000, 2005)), tmp_path / "region")
    folder = tmp_path / "results"
    results = run(
        "ecoassets:assetsworkflow",
        {"LAND_COVER": [files.raster("land_cover_2000").path], "YEARS": "2000", "SCHEME": "cnlucc", "CELL_SIZE": 120,
         "POPULATION": [files.raster("population_2000").path], "FOLDER": str(folder)},
    )  # fmt: skip
    assert results["OUTPUT_HTML"] == str(folder / "report.html")
    assert "What are the ecological assets worth" in (folder / "report.html").read_text(encoding="utf-8")
