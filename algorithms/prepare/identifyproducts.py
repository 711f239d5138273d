"""A dry run over a folder of downloads: what is here, what is missing, what it feeds."""

from __future__ import annotations

from ...core.inputs.needs import Filled
from ...core.prepare.identifying.report import identify_report
from ...core.prepare.identifying.run import run_identify_products
from ...core.progress import Progress
from ..base import EcoAlgorithm, Results
from ..compat import user_language
from ..given import Given
from ..translation import tr


class IdentifyProducts(EcoAlgorithm):
    """Names and headers alone, so that ten thousand files take seconds."""

    NAME = "identifyproducts"
    GROUP = "prepare"
    NEEDS = (Filled("DOWNLOADS"),)

    def declare(self) -> None:
        self.add_downloads()
        self.add_polygons("BOUNDARY")
        self.add_raster("REFERENCE", quantity="any", optional=True)
        self.add_paths("PRODUCT_FOLDER", "", advanced=True)
        self.add_table_output("OUTPUT_TABLE", "OUTPUT_SUMMARY", default=True)
        self.add_report_output()
        self.add_number_output("FILES", "RECOGNISED", "PROBLEMS")

    def compute(self, given: Given, progress: Progress) -> Results:
        result = run_identify_products(
            [given.text("DOWNLOADS")],
            given.polygons("BOUNDARY"),
            given.raster("REFERENCE"),
            given.text("PRODUCT_FOLDER"),
            progress,
            user_language(),
        )
        for row in result.summary:
            progress.info(
                tr(
                    "{product}, {layer}: {years}, {found} of {expected} steps; for {feeds}.",
                    product=row.product,
                    layer=row.layer,
                    years=row.years or "-",
                    found=row.steps_found,
                    expected=row.steps_expected,
                    feeds=row.ready_for or "-",
                )
            )
        wanted = list(dict.fromkeys(row.input for row in result.wanting))
        if wanted:
            listed = ", ".join(wanted)
            progress.info(tr("Nothing here feeds: {inputs}. The report tells where to get them.", inputs=listed))
        return {
            **self.publish_report(given, lambda language: identify_report(result, language)),
            **self.publish_table("OUTPUT_TABLE", result.file_table),
            **self.publish_table("OUTPUT_SUMMARY", result.summary_table),
            **self.publish_numbers(FILES=len(result.files), RECOGNISED=result.recognised, PROBLEMS=result.problems),
        }
