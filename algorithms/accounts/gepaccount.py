"""The account of gross ecosystem product: quantities times prices."""

from __future__ import annotations

from collections.abc import Iterator

from qgis.core import QgsFeature, QgsProcessingUtils, QgsVectorLayer, QgsWkbTypes

from ...core.accounts.gep.account import GepAccount, GepInputs
from ...core.accounts.gep.bridge import bridge_table
from ...core.accounts.gep.context import read_context
from ...core.accounts.gep.districts import ZONE_COLUMNS, district_raster, per_km2, zone_cells, zone_parts
from ...core.accounts.gep.price_index import PriceIndex, china_cpi, read_price_index
from ...core.accounts.gep.price_table import PRESETS, TAX, PriceBook, preset_prices, read_prices
from ...core.accounts.gep.pricing import PriceRules, read_shares
from ...core.accounts.gep.report import gep_report
from ...core.accounts.gep.run import run_gep_account
from ...core.accounts.gep.tables import (
    account_table,
    change_table,
    headline_numbers,
    price_rows,
    sensitivity_table,
    summary_table,
)
from ...core.accounts.gep.value_map import ServiceMap, run_value_map
from ...core.accounts.gep.workbook import account_sheets
from ...core.accounts.services import service_id
from ...core.errors import InputError
from ...core.inputs.needs import Need, Rows
from ...core.progress import Progress
from ...core.raster.statistics import stored_statistics
from ...core.report import MethodReport
from ...core.report.away.workbook import write_workbook
from ...core.services.survey import Rasters
from ...core.word_lists import split_words
from ..base import EcoAlgorithm, Results
from ..features import new_feature
from ..given import Given
from ..looks.canvas import BandLook, Look, common_range
from ..looks.vector_look import FeatureLook
from ..translation import tr


class PriceParameters(EcoAlgorithm):
    """Parameters of an account that the workflow has too."""

    NEEDS: tuple[Need, ...] = (
        Rows("PRICES", lambda table, asked: read_prices(table, asked.text("CURRENCY") or "CNY"), "services, units"),
        Rows("PRICE_INDEX", lambda table, _: read_price_index(table), "years once, levels above 0"),
        Rows("CONTEXT", lambda table, _: read_context(table), "years, zones, areas, persons"),
        Rows("NATURE_SHARE", lambda table, _: read_shares(table), "services, 0 to 1"),
    )

    def add_prices(self) -> None:
        self.add_table("PRICES")
        self.add_choice("PRESET", PRESETS, "none")
        self.add_table("PRICE_INDEX")
        self.add_flag("CPI_CHINA", False)
        self.add_number("PRICE_YEAR", integer=True, advanced=True)
        self.add_number("BASE_YEAR", integer=True)
        self.add_table("CONTEXT")
        self.add_choice("OVERLAP", ("warn", "drop", "stop"), "warn")
        self.add_choice("CAPITAL", ("as_is", "annualised"), "as_is")
        self.add_number("CAPITAL_RATE", 3.0, 0, advanced=True)
        self.add_number("CAPITAL_LIFE", 50.0, 1, advanced=True)
        self.add_table("NATURE_SHARE", advanced=True)
        self.add_text("SERVICES", "", optional=True, advanced=True)
        self.add_number("AIR_TAX", advanced=True)
        self.add_number("WATER_TAX", advanced=True)
        self.add_number("SAND_DENSITY", 1.28, 0, advanced=True)
        self.add_number("SAND_DEPTH", 0.1, 0, advanced=True)
        self.add_number("PRICE_LOW", 50.0, 0, 100, advanced=True)
        self.add_number("PRICE_HIGH", 150.0, 100, advanced=True)
        self.add_text("CURRENCY", "CNY", optional=True, advanced=True)


class GepAccountAlgorithm(PriceParameters):
    """Gross ecosystem product by year, zone, ecosystem and service, with what changed and which price it hangs on."""

    NAME = "gepaccount"
    GROUP = "accounts"

    def declare(self) -> None:
        self.add_table("QUANTITIES", optional=False)
        self.add_prices()
        self.add_zones(raster=False)
        self.add_rasters("MAPS", quantity="service", optional=True)
        self.add_text("MAP_SERVICES", "", optional=True)
        self.add_raster_settings(several_years=False, classes=False)
        self.add_table_output("OUTPUT_ACCOUNT", "OUTPUT_SUMMARY", default=True)
        self.add_table_output("OUTPUT_CHANGE", "OUTPUT_SENSITIVITY", "OUTPUT_PRICES", "OUTPUT_BRIDGE")
        self.add_features_output("OUTPUT_ZONES")
        self.add_raster_output("OUTPUT_MAP", quantity="gep_per_ha")
        self.add_workbook_output()
        self.add_report_output()
        self.add_number_output(
            "GEP_FIRST", "GEP_LAST", "CURRENT_CHANGE_PCT", "COMPARABLE_CHANGE_PCT", "GGI", "NOT_VALUED"
        )

    def compute(self, given: Given, progress: Progress) -> Results:
        account = run_gep_account(self._inputs(given), progress.part(0, 20))
        zones = given.polygons("ZONES")
        if given.has("OUTPUT_ZONES") and zones is None:
            raise InputError(tr("OUTPUT_ZONES is a map of the zones of the quantities: give their polygons (ZONES)."))
        results = self._map(given, account, progress.part(20, 90))
        workbook = given.file_output("OUTPUT_XLSX")
        if workbook:
            write_workbook(account_sheets(account), workbook)
            results["OUTPUT_XLSX"] = workbook

        def report(language: str) -> MethodReport:
            field = given.field("ZONE_FIELD")
            picture = QgsProcessingUtils.generateTempFilename("gep_zones.tif")
            shown = district_raster(zones, field, per_km2(account), picture) if zones else None
            return gep_report(account, language, shown, given.output("OUTPUT_MAP"))

        results.update(self.publish_report(given, report))
        tables = (
            ("OUTPUT_ACCOUNT", account_table), ("OUTPUT_SUMMARY", summary_table), ("OUTPUT_CHANGE", change_table),
            ("OUTPUT_SENSITIVITY", sensitivity_table), ("OUTPUT_PRICES", price_rows), ("OUTPUT_BRIDGE", bridge_table),
        )  # fmt: skip
        for name, table in tables:
            results.update(self.publish_table(name, table(account)))
        if zones:
            results.update(self._publish_zones(account, zones, given.field("ZONE_FIELD")))
        return results | self.publish_numbers(**headline_numbers(account))

    def _inputs(self, given: Given) -> GepInputs:
        currency = given.text("CURRENCY") or "CNY"
        return GepInputs(
            quantities=given.required_table("QUANTITIES"),
            prices=self._prices(given, currency),
            rules=PriceRules(
                index=self._index(given),
                price_year=given.optional_integer("PRICE_YEAR"),
                capital=given.choice("CAPITAL"),
                capital_rate=given.required_number("CAPITAL_RATE") / 100,
                capital_life=given.required_number("CAPITAL_LIFE"),
                sand_density=given.required_number("SAND_DENSITY"),
                sand_depth=given.required_number("SAND_DEPTH"),
                shares=read_shares(given.table("NATURE_SHARE")),
                currency=currency,
            ),
            base_year=given.optional_integer("BASE_YEAR"),
            context=given.table("CONTEXT"),
            overlap=given.choice("OVERLAP"),
            services=tuple(split_words(given.text("SERVICES"))),
            low_pct=given.required_number("PRICE_LOW"),
            high_pct=given.required_number("PRICE_HIGH"),
        )

    @staticmethod
    def _prices(given: Given, currency: str) -> PriceBook:
        """The prices of the user, and those of the preset for what these do not price."""
        preset = given.choice("PRESET")
        taxes = given.number("AIR_TAX"), given.number("WATER_TAX")
        if preset != TAX and any(tax is not None for tax in taxes):
            raise InputError(tr("AIR_TAX and WATER_TAX are rates of the pollution tax: choose the preset tax_min."))
        prices = preset_prices(preset, *taxes)
        own = given.table("PRICES")
        return read_prices(own, currency).over(prices) if own else prices

    @staticmethod
    def _index(given: Given) -> PriceIndex:
        table = given.table("PRICE_INDEX")
        if table and given.flag("CPI_CHINA"):
            raise InputError(tr("PRICE_INDEX and CPI_CHINA are both given. Keep one."))
        if table:
            return read_price_index(table)
        return china_cpi() if given.flag("CPI_CHINA") else PriceIndex()

    def _map(self, given: Given, account: GepAccount, progress: Progress) -> Results:
        """GEP by pixel, where the quantities are maps."""
        path, paths = given.output("OUTPUT_MAP"), given.rasters("MAPS")
        if not path:
            return {}
        words = split_words(given.text("MAP_SERVICES"))
        if not paths or len(words) != len(paths):
            raise InputError(
                tr(
                    "MAPS holds {rasters} rasters and MAP_SERVICES {names} names. Name the services of each raster, "
                    "such as carbon, or soil_retention_silt+soil_retention_n; repeat them for the years of one.",
                    rasters=len(paths),
                    names=len(words),
                )
            )
        named: dict[str, tuple[str, ...]] = {}
        for word, raster in zip(words, paths):
            named[word] = (*named.get(word, ()), raster)
        maps = [ServiceMap(tuple(map(service_id, word.split("+"))), Rasters(of)) for word, of in named.items()]
        found = run_value_map(account, maps, path, self.provenance(), self.raster_settings(given), progress)
        label = self.label("OUTPUT_MAP")
        low, high = common_range(stored_statistics(path))
        bands = tuple(BandLook(n, f"{label} {year}", year) for n, year in enumerate(found.years, start=1))
        return self.publish_raster("OUTPUT_MAP", path, Look(label, bands, low, high))

    def _publish_zones(self, account: GepAccount, path: str, field: str | None) -> Results:
        """The polygons of the zones, once per year, with GEP and its indicators."""
        layer, parts = QgsVectorLayer(path, "zones", "ogr"), zone_parts(account)
        unknown = [zone for zone in account.zones if zone and zone not in ("outside", *self._names(layer, field))]
        if unknown:
            raise InputError(
                tr("ZONES have no polygon for {zones}. Choose the field that names them (ZONE_FIELD).",
                   zones=", ".join(unknown))
            )  # fmt: skip

        def features() -> Iterator[QgsFeature]:
            for found in layer.getFeatures():
                for part in parts.get(self._name(found, field), ()):
                    geometry = found.geometry()
                    geometry.convertToMultiType()
                    yield new_feature(geometry, zone_cells(part))

        shown = [part.per_km2 for of in parts.values() for part in of if part.per_km2 is not None]
        label = self.label("OUTPUT_ZONES")
        unit = f"{account.currency}/km²"
        look = FeatureLook(
            label, "gep_per_km2", min(shown, default=0.0), max(shown, default=1.0), unit=unit, year_field="year",
            outlined=True,
        )  # fmt: skip
        kind = QgsWkbTypes.multiType(layer.wkbType())
        return self.publish_features("OUTPUT_ZONES", ZONE_COLUMNS, features(), kind, layer.crs(), look)

    def _names(self, layer: QgsVectorLayer, field: str | None) -> set[str]:
        return {self._name(feature, field) for feature in layer.getFeatures()}

    @staticmethod
    def _name(feature: QgsFeature, field: str | None) -> str:
        """The zone of a polygon, as the core names it."""
        if field is None:
            return str(feature.id())
        value = feature[field]
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
