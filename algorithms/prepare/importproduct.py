"""Any product of the catalogue as one raster on the grid of the study, a band per year or month."""

from __future__ import annotations

from ...core.inputs.needs import Filled
from ...core.prepare.importing.laying import RESAMPLING
from ...core.prepare.importing.report import import_report
from ...core.prepare.importing.rules import Decisions, parse_fills, parse_scale
from ...core.prepare.importing.run import AUTO, STEPS, ImportInputs, ImportOutputs, run_import_product
from ...core.progress import Progress
from ...core.raster.output import WriteOptions
from ...core.raster.settings import RasterSettings
from ..base import EcoAlgorithm, Results
from ..compat import user_language
from ..given import Given

ANNUAL = (AUTO, "sum", "mean", "maximum", "median", "mode", "last")
NATIVE = "product"


class ImportProduct(EcoAlgorithm):
    """Fill codes and poor quality go first, steps become years on their own grid, and each year is warped once."""

    NAME = "importproduct"
    GROUP = "prepare"
    NEEDS = (Filled("DOWNLOADS"),)

    def declare(self) -> None:
        self.add_downloads()
        self.add_text("PRODUCT", AUTO, names="product")
        self.add_text("LAYER", AUTO, names="layer")
        self.add_text("YEARS", optional=True)
        self.add_choice("STEP", STEPS, "year")
        self.add_raster("REFERENCE", quantity="any", optional=True)
        self.add_polygons("BOUNDARY")
        self.add_text("CRS", "", optional=True, names="crs")
        self.add_number("CELL_SIZE", None, 0)
        self.add_text("EDITION", "", optional=True, advanced=True)
        self.add_text("SEASON", "", optional=True, advanced=True)
        self.add_choice("ANNUAL", ANNUAL, AUTO, advanced=True)
        self.add_choice("QUALITY", ("standard", "strict", "none"), "standard", advanced=True)
        self.add_number("MINIMUM_VALID_PCT", None, 0, 100, advanced=True)
        self.add_choice("UNIT", (AUTO, NATIVE), AUTO, advanced=True)
        self.add_choice("STATE", (AUTO, "raw", "scaled"), AUTO, advanced=True)
        self.add_text("SCALE", "", optional=True, advanced=True)
        self.add_text("FILLS", "", optional=True, advanced=True)
        self.add_choice("RESAMPLING", RESAMPLING, AUTO, advanced=True)
        self.add_paths("PRODUCT_FOLDER", "", advanced=True)
        self.add_text("CREATION_OPTIONS", "", optional=True, advanced=True)
        self.add_flag("OVERVIEWS", True)
        self.add_raster_output("OUTPUT", quantity="any", optional=False)
        self.add_raster_output("OUTPUT_COUNT", quantity="any")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_table_output("OUTPUT_FILES")
        self.add_report_output()
        self.add_number_output("YEARS", "FILES_USED", "FILES_SKIPPED")

    def compute(self, given: Given, progress: Progress) -> Results:
        outputs = ImportOutputs(given.required_output("OUTPUT"), given.output("OUTPUT_COUNT") or "")
        write = WriteOptions(given.creation_options(), given.flag("OVERVIEWS"))
        settings = RasterSettings(boundary=given.polygons("BOUNDARY"), write=write)
        result = run_import_product(self._inputs(given), outputs, settings, progress, user_language())
        for trap in result.traps:
            progress.info(trap)
        made = {"OUTPUT": outputs.raster, **({"OUTPUT_COUNT": outputs.days} if outputs.days else {})}
        return {
            **made,
            **self.publish_report(given, lambda language: import_report(result, language)),
            **self.publish_table("OUTPUT_TABLE", result.table),
            **self.publish_table("OUTPUT_FILES", result.files),
            **self.publish_numbers(YEARS=len(result.years), FILES_USED=result.used, FILES_SKIPPED=result.skipped),
        }

    def _inputs(self, given: Given) -> ImportInputs:
        scale, offset = parse_scale(given.text("SCALE"))
        decisions = Decisions(
            annual=given.choice("ANNUAL"),
            quality=given.choice("QUALITY"),
            minimum_valid_pct=given.number("MINIMUM_VALID_PCT"),
            state=given.choice("STATE"),
            scale=scale,
            offset=offset,
            fills=parse_fills(given.text("FILLS")),
            native_unit=given.choice("UNIT") == NATIVE,
        )
        return ImportInputs(
            files=[given.text("DOWNLOADS")],
            product=given.text("PRODUCT") or AUTO,
            layer=given.text("LAYER") or AUTO,
            edition=given.text("EDITION"),
            years=given.years() if given.has("YEARS") else (),
            season=given.text("SEASON"),
            step=given.choice("STEP"),
            decisions=decisions,
            resampling=given.choice("RESAMPLING"),
            reference=given.raster("REFERENCE") or "",
            crs=given.text("CRS"),
            cell=given.number("CELL_SIZE") or 0.0,
            product_folder=given.text("PRODUCT_FOLDER"),
        )
