"""The ESV paper in one run: land-cover change, value, RSEI, profit and loss, human activity, geographical detector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from qgis.core import QgsApplication

from ...core.inputs.needs import SeveralYears
from ...core.landuse.profit_loss.change_index import require_known_zones
from ...core.landuse.profit_loss.run import ONE_YEAR
from ...core.quality.rsei.sensors import LEVELS, SENSORS
from ...core.raster.files import together
from ...core.raster.statistics import stored_statistics
from ...core.raster.zones.polygons import zone_names
from ...core.report import Map
from ...core.workflows.answers.esv import esv_page
from ...core.workflows.answers.found import Found
from ...core.workflows.answers.maps import change_map
from ...core.workflows.answers.page import Page
from ...core.workflows.assets_headlines import value_headlines
from ...core.workflows.driver_headlines import parse_factor_groups
from ...core.workflows.esv_headlines import (
    detector_headlines,
    ecosystem_headlines,
    land_headlines,
    profit_headlines,
    rsei_headlines,
    span_headlines,
)
from ...core.workflows.headlines import Headline
from ...core.workflows.per_head import GDP_PER_HEAD, write_gdp_per_head
from ...core.workflows.pressure_headlines import pressure_headlines, zone_headlines
from ...core.years import parse_years
from ..assets.valuation import value_look
from ..assets.valuing import SERIES, ValuingAlgorithm
from ..given import Given
from ..looks.canvas import style_when_loaded
from ..settings import report_language
from .chain import Chain, Step
from .downloads import DownloadsParameters
from .driver_chain import DriverChain, DriverChainParameters
from .sampling import DRIVERS, DriverParameters, Sampling
from .workflow import FROM_DOWNLOADS, Workflow

PER_HEAD_FILE = "gdp_per_head.tif"
ESV, RSEI, ACTIVITY = "esv", "rsei", "human_activity"


class EsvWorkflow(Workflow, ValuingAlgorithm, DriverParameters, DriverChainParameters, DownloadsParameters):
    """How land changed hands, what that gained and lost, how well the land is, how hard people press, and why."""

    NAME = "esvworkflow"
    NEEDS = (*ValuingAlgorithm.NEEDS, *FROM_DOWNLOADS, SeveralYears(ONE_YEAR))
    MAIN_MAP = "value_change.tif"
    GROUP = "workflows"
    ADJUSTED = True
    COVER_OPTIONAL = True
    RESULTS: ClassVar[Mapping[str, tuple[int, ...]]] = {
        "transfermatrix": (0,),
        "ecologicalassets": (0, 2, 3),
        "ecosystemservicevalue": (0, 2, 3),
        "profitloss": (0, 2, 3),
        "rsei": (0,),
        "humanactivity:human_activity_zones": (0,),
        "geodetector": (0,),
    }
    FED = ("LAND_COVER", "NPP", "PRECIPITATION", "DEM", *DRIVERS, "IMAGES")
    YEARLY = (*(raster for raster, _ in SERIES.values()), *DRIVERS)

    def declare(self) -> None:
        self.add_downloads_as_inputs()
        self.add_valuation()
        self.add_zones(raster=False)
        self.add_table("GDP_TABLE")
        self._add_images()
        self.add_raster("DEM", quantity="elevation", optional=True)
        self.add_drivers()
        self.add_text("CLASSES", "3-8", advanced=True)
        self.add_driver_chain()
        self.add_workflow_outputs()

    def _add_images(self) -> None:
        self.add_rasters("IMAGES", quantity="reflectance", optional=True)
        self.add_text("IMAGE_YEARS", optional=True)
        self.add_choice("SENSOR", SENSORS, "landsat8")
        self.add_choice("LEVEL", LEVELS, "level2")
        self.add_text("BANDS", optional=True, advanced=True)
        self.add_rasters("THERMAL", quantity="surface_temperature", optional=True)

    def steps(self, given: Given) -> int:
        return (
            6
            + self.placing.steps
            + (1 if given.has("IMAGES") else 0)
            + (1 if given.has("ZONES") else 0)
            + len(given.choices("DRIVER_CHAIN"))
        )

    def page(self, found: Found) -> Page:
        return esv_page(found)

    def maps(self, given: Given, chain: Chain, language: str) -> list[Map]:
        return [change_map(chain.file(self.MAIN_MAP), given.years(), language)]

    def names(self, given: Given) -> dict[str, str]:
        return self.service_names(given, report_language())

    def asks(self, given: Given) -> list[tuple[str, dict[str, Any]]]:
        return [("profitloss", {})]

    def check(self, given: Given) -> None:
        from ...core.drivers.geodetector.run import parse_classes

        cover = given.rasters("LAND_COVER")[0]
        per_head = cover if given.has("GDP") and given.has("POPULATION") else None
        sampling = self._sampling(given, cover, cover, per_head)
        sampling.check(cover)
        DriverChain(given, sampling, ESV).check()
        parse_classes(given.text("CLASSES"))
        self._check_gdp(given)
        if given.has("IMAGES"):
            parse_years(given.text("IMAGE_YEARS") or given.text("YEARS"))

    @staticmethod
    def _check_gdp(given: Given) -> None:
        table, zones = given.table("GDP_TABLE"), given.zones()
        if table is not None:
            require_known_zones(table, zone_names(zones.path, zones.field) if zones else ())

    @staticmethod
    def _sampling(given: Given, value: str, activity: str, per_head: str | None = None) -> Sampling:
        sampling = Sampling(given)
        sampling.add(ESV, value)
        sampling.add_given("DEM", "elevation")
        sampling.add_given("PRECIPITATION")
        sampling.add(ACTIVITY, activity)
        sampling.add_drivers()
        if per_head:
            sampling.add(GDP_PER_HEAD, per_head)
        return sampling

    def follow(self, given: Given, chain: Chain) -> list[Headline]:
        currency = given.text("CURRENCY") or "CNY"
        transfer = chain.run(
            "transfermatrix",
            {
                "OUTPUT": "land_use_change.tif",
                "OUTPUT_TABLE": "transfer_matrix.csv",
                "OUTPUT_BALANCE": "class_balance.csv",
                "OUTPUT_DEGREES": "dynamic_degrees.csv",
            },
            shown=["OUTPUT"],
        )
        value = chain.run(
            self._valuation(given),
            {
                "OUTPUT": "ecosystem_service_value.tif",
                "OUTPUT_TABLE": "ecosystem_service_value.csv",
                "OUTPUT_CHANGE": "ecosystem_service_value_change.csv",
            },
            shown=["OUTPUT"],
        )
        title = QgsApplication.processingRegistry().algorithmById("ecoassets:ecosystemservicevalue").displayName()
        style_when_loaded(
            self._context, value.path(), value_look(title, given.years(), stored_statistics(value.path()))
        )
        profit = chain.run(
            "profitloss",
            {
                "OUTPUT": "value_change.tif",
                "OUTPUT_INDEX": "esv_change_index.tif",
                "OUTPUT_TABLE": "profit_and_loss.csv",
                "OUTPUT_SUMMARY": "profit_and_loss_summary.csv",
                "OUTPUT_CLASSES": "profit_and_loss_classes.csv",
            },
            shown=["OUTPUT", "OUTPUT_INDEX"],
        )
        self.placing.value("", value.path(), f"{currency}/a")
        self.placing.classify(chain.run)
        ecosystems = {code: one.ecosystem for code, one in given.scheme().classes.items()}
        values = value_headlines(value.table(), value.table("OUTPUT_CHANGE"), currency)
        headlines = [
            *ecosystem_headlines(transfer.table(), ecosystems),
            *land_headlines(transfer.table()),
            *values,
            *span_headlines([headline for headline in values if headline.figure == "assets_total"]),
            *profit_headlines(profit.table("OUTPUT_SUMMARY"), currency),
        ]
        quality = self._quality(given, chain) if given.has("IMAGES") else None
        if quality:
            headlines += rsei_headlines(quality.table())
        activity = self._activity(chain)
        headlines += pressure_headlines(ACTIVITY, activity.table())
        if given.has("ZONES"):
            headlines += zone_headlines(ACTIVITY, self._activity_of_zones(chain).table())
        return headlines + self._drivers(given, chain, value, activity)

    @staticmethod
    def _valuation(given: Given) -> str:
        adjusted = any(given.has(raster) for raster, _ in SERIES.values())
        return "ecologicalassets" if adjusted else "ecosystemservicevalue"

    @staticmethod
    def _quality(given: Given, chain: Chain) -> Step:
        return chain.run(
            "rsei",
            {
                "OUTPUT": "rsei.tif",
                "OUTPUT_CLASSES": "rsei_classes.tif",
                "OUTPUT_LOADINGS": "rsei_loadings.csv",
                "OUTPUT_TABLE": "rsei.csv",
            },
            shown=["OUTPUT", "OUTPUT_CLASSES"],
            YEARS=given.text("IMAGE_YEARS") or ", ".join(map(str, given.years())),
        )

    @staticmethod
    def _activity(chain: Chain) -> Step:
        """About each pixel, with and without zones: the detector explains by it."""
        files = {"OUTPUT": "human_activity.tif", "OUTPUT_TABLE": "human_activity.csv"}
        return chain.run("humanactivity", files, shown=["OUTPUT"], UNIT="window")

    @staticmethod
    def _activity_of_zones(chain: Chain) -> Step:
        """By zone, as the paper tells it."""
        files = {"OUTPUT": "human_activity_zones.tif", "OUTPUT_TABLE": "human_activity_zones.csv"}
        return chain.run("humanactivity", files, about="human_activity_zones", UNIT="zones")

    def _per_head(self, given: Given, chain: Chain) -> str | None:
        """GDP per head, where the densities of GDP and of population were given."""
        if not given.has("GDP") or not given.has("POPULATION"):
            return None
        path = chain.file(PER_HEAD_FILE)
        chain.require_free(path)
        densities = given.rasters("GDP"), given.rasters("POPULATION")
        with together():  # it is in place before the next step reads it
            write_gdp_per_head(*densities, given.years(), path, self.raster_settings(given))
        return path

    def _drivers(self, given: Given, chain: Chain, value: Step, activity: Step) -> list[Headline]:
        """The detector of the last year: natural drivers, human activity and what else was given."""
        sampling = self._sampling(given, value.path(), activity.path(), self._per_head(given, chain))
        sample = sampling.run(chain)
        detector = chain.run(
            "geodetector",
            {
                "OUTPUT_FACTORS": "detector_factors.csv",
                "OUTPUT_INTERACTIONS": "detector_interactions.csv",
                "OUTPUT_RISK": "detector_risk.csv",
                "OUTPUT_ECOLOGICAL": "detector_ecological.csv",
                "OUTPUT_BREAKS": "detector_breaks.csv",
            },
            INPUT=f'{sample.path()}|subset="year" = {given.years()[-1]}',
            Y=ESV,
            FACTORS=sampling.drivers,
        )
        drivers = DriverChain(given, sampling, ESV).run(chain, sample)
        groups = parse_factor_groups(given.text("FACTOR_GROUPS"), sampling.drivers)
        found = detector_headlines(detector.table("OUTPUT_FACTORS"), detector.table("OUTPUT_INTERACTIONS"), groups)
        return [*found, *drivers]
