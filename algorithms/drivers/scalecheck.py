"""Do the drivers tell the same story at every cell size?"""

from __future__ import annotations

from ...core.progress import Progress
from ...core.raster.files import workspace
from ...core.results import row_table
from ..base import Results
from ..given import Given
from .sampling import SamplingAlgorithm


class ScaleCheck(SamplingAlgorithm):
    """Samples rasters at several cell sizes and compares q and slopes."""

    NAME = "scalecheck"

    def declare(self) -> None:
        self.add_variables()
        self.add_text("CELL_SIZES", "1000, 2000, 5000")
        self.add_text("Y")
        self.add_text("X")
        self.add_cells()
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()

    def compute(self, given: Given, progress: Progress) -> Results:
        from ...core.drivers.sampling.inputs import parse_numbers
        from ...core.drivers.scale_check import ScaleRow, run_scale_check
        from ...core.drivers.scale_report import scale_report
        from ...core.word_lists import split_words

        sizes = parse_numbers(given.text("CELL_SIZES"), "CELL_SIZES")
        inputs = self.sample_inputs(given, sizes[0])
        with workspace() as folder:
            result = run_scale_check(
                inputs,
                sizes,
                given.text("Y"),
                split_words(given.text("X")),
                self.raster_settings(given),
                folder,
                progress.part(0, 97),
            )
        results = self.publish_report(given, lambda language: scale_report(result, language))
        return results | self.publish_table("OUTPUT_TABLE", row_table(ScaleRow, result.rows))
