"""SEEA EA accounts: extent, condition, supply and use, monetary assets."""

from __future__ import annotations

from ...core.accounts.seea.cells import cell_table
from ...core.accounts.seea.report import seea_report
from ...core.accounts.seea.run import SeeaInputs, run_seea_accounts
from ...core.accounts.seea.workbook import seea_sheets
from ...core.land_cover import SCHEMES
from ...core.progress import Progress
from ...core.report.away.workbook import write_workbook
from ..base import EcoAlgorithm, Results
from ..given import Given
from ..settings import default_scheme


class SeeaAccounts(EcoAlgorithm):
    """The tables of SEEA ecosystem accounting in their official order, out of maps and tables."""

    NAME = "seeaaccounts"
    GROUP = "accounts"

    def declare(self) -> None:
        self.add_rasters("LAND_COVER", quantity="land_cover", optional=True)
        self.add_years()
        self.add_choice("SCHEME", SCHEMES, default_scheme())
        self.add_table("CLASS_TABLE")
        self.add_table("TYPES")
        self.add_zones()
        self.add_table("EXTENT")
        self.add_table("MANAGED")
        self.add_table("CONDITION")
        self.add_rasters("CONDITION_RASTERS", quantity="any", optional=True)
        self.add_table("CONDITION_VARIABLES")
        self.add_table("SERVICES")
        self.add_table("USERS")
        self.add_table("IMPORTS", advanced=True)
        self.add_table("EXPECTED", advanced=True)
        self.add_number("DISCOUNT_RATE", 2.0, 0)
        self.add_number("LIFE", 100.0, 1)
        self.add_choice("TIMING", ("end", "start"), "end", advanced=True)
        self.add_choice("CLASSIFY", ("type", "service"), "type", advanced=True)
        self.add_number("CONDITION_TOLERANCE", 0.0, 0, advanced=True)
        self.add_text("CURRENCY", "CNY", optional=True, advanced=True)
        self.add_raster_settings(maps=False)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_workbook_output()
        self.add_report_output()
        self.add_number_output("GEP_OPENING", "GEP_CLOSING", "NPV_OPENING", "NPV_CLOSING")

    def compute(self, given: Given, progress: Progress) -> Results:
        cover = given.rasters("LAND_COVER")
        inputs = SeeaInputs(
            land_cover=cover,
            years=given.optional_years() if cover else (),
            scheme=given.scheme() if cover else None,
            types=given.table("TYPES"),
            zones=given.zones(),
            extent=given.table("EXTENT"),
            managed=given.table("MANAGED"),
            condition=given.table("CONDITION"),
            condition_rasters=given.rasters("CONDITION_RASTERS"),
            condition_variables=given.table("CONDITION_VARIABLES"),
            services=given.table("SERVICES"),
            users=given.table("USERS"),
            imports=given.table("IMPORTS"),
            expected=given.table("EXPECTED"),
            discount_rate=given.required_number("DISCOUNT_RATE") / 100,
            life=given.required_number("LIFE"),
            timing=given.choice("TIMING"),
            classify=given.choice("CLASSIFY"),
            tolerance=given.required_number("CONDITION_TOLERANCE"),
            currency=given.text("CURRENCY") or "CNY",
        )
        result = run_seea_accounts(inputs, self.raster_settings(given), progress.part(0, 90))
        results: Results = {}
        workbook = given.file_output("OUTPUT_XLSX")
        if workbook:
            write_workbook(seea_sheets(result), workbook)
            results["OUTPUT_XLSX"] = workbook
        results.update(self.publish_report(given, lambda language: seea_report(result, language)))
        results.update(self.publish_table("OUTPUT_TABLE", cell_table(result.cells())))
        return results | self.publish_numbers(**result.numbers())
