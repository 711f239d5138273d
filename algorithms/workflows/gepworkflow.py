"""Gross ecosystem product in one run: services mapped, quantities summed, prices put to them, SEEA tables made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ...core.accounts.quantities.soil import NITROGEN, PHOSPHORUS, SILT
from ...core.accounts.quantities.statistics import ALLOCATIONS
from ...core.errors import InputError
from ...core.report import Map
from ...core.report.texts import load_texts
from ...core.services.carbon.flux import NPP_UNITS, OXYGEN_METHODS
from ...core.services.carbon.flux import SOURCES as FLUX_METHODS
from ...core.services.soil.erodibility import UNITS
from ...core.workflows.answers.found import Found
from ...core.workflows.answers.gep import gep_page
from ...core.workflows.answers.maps import value_map
from ...core.workflows.answers.page import Page
from ...core.workflows.combined_report import PageOne, StepReport
from ...core.workflows.gep_headlines import account_headlines, seea_headlines
from ...core.workflows.headlines import Headline
from ...core.workflows.study_area import SharedArea
from ..accounts.gepaccount import PriceParameters
from ..base import Results
from ..given import Given
from ..services.soilconservation import FACTORS
from ..services.soilerodibility import SOIL as TEXTURE
from ..settings import report_language
from ..translation import tr
from .chain import Chain, Step
from .downloads import DownloadsParameters
from .soil_steps import SoilSteps, has_soil, useful_sources
from .workflow import FROM_DOWNLOADS, Workflow

ACCOUNT = "gepaccount"
PURIFIED = (("air", "airpurification", "AIR"), ("purification", "waterpurification", "WATER"))


class GepWorkflow(Workflow, PriceParameters, DownloadsParameters):
    """From maps, statistics and prices to the account of gross ecosystem product and the tables of the SEEA."""

    NAME = "gepworkflow"
    NEEDS = (*PriceParameters.NEEDS, *FROM_DOWNLOADS)
    MAIN_MAP = "gep_map.tif"
    RESULTS: ClassVar[Mapping[str, tuple[int, ...]]] = {ACCOUNT: (4, 5, 6, 7)}
    FED = ("LAND_COVER", "PRECIPITATION", "EVAPOTRANSPIRATION", *TEXTURE, "DEM", "NDVI", "NPP")
    YEARLY = ("PRECIPITATION", "EVAPOTRANSPIRATION", "NDVI", "NPP")

    def declare(self) -> None:
        self.add_downloads_as_inputs()
        self.add_land_cover(optional=True)
        self.add_zones(raster=False)
        for name in ("precipitation", "evapotranspiration"):
            self.add_series(name.upper(), quantity=name, optional=True)
        self._add_soil()
        self.add_polygons("WATER_BODIES")
        self._add_carbon()
        self.add_number("DAYS", minimum=0, maximum=366)
        self.add_number("WATER_EVAPORATION", minimum=0)
        for name in ("AIR_EMISSIONS", "AIR_CAPACITY", "WATER_EMISSIONS", "WATER_CAPACITY"):
            self.add_table(name)
        self.add_text("NATURAL_CLASSES", "", optional=True)
        self.add_tables("STATISTICS")
        self.add_choice("ALLOCATE", ALLOCATIONS, "named")
        self.add_prices()
        self.add_rasters("CONDITION_RASTERS", quantity="any", optional=True)
        self.add_table("CONDITION_VARIABLES")
        self.add_table("USERS")
        self.add_number("DISCOUNT_RATE", 2.0, 0, advanced=True)
        self.add_number("LIFE", 100.0, 1, advanced=True)
        self.add_workflow_outputs()

    def _add_soil(self) -> None:
        for name, quantity in FACTORS.items():
            self.add_series(name, quantity=quantity, optional=True)
        for name in TEXTURE:
            self.add_raster(name, quantity=name.lower(), optional=True, ranges=True, unit_from="UNITS")
        self.add_choice("UNITS", tuple(UNITS), "percent", advanced=True)
        self.add_raster("DEM", quantity="elevation", optional=True, ranges=True)
        self.add_raster("FLOW_ACCUMULATION", quantity="flow_accumulation", optional=True)
        self.add_series("NDVI", quantity="ndvi", optional=True)
        self.add_table("C_TABLE", advanced=True)
        self.add_choice("SLOPE_LENGTH_METHOD", ("desmet_govers", "constant"), "desmet_govers", advanced=True)
        for name in ("BULK_DENSITY", "SOIL_N", "SOIL_P"):
            self.add_number(name, minimum=0)

    def _add_carbon(self) -> None:
        self.add_series("NPP", quantity="npp", optional=True, unit_from="NPP_UNIT")
        self.add_choice("NPP_UNIT", NPP_UNITS, "gc_m2")
        self.add_table("CARBON_TABLE")
        self.add_choice("FLUX_METHOD", tuple(FLUX_METHODS), "nep")
        self.add_number("NEP_RATIO")
        self.add_choice("OXYGEN_METHOD", tuple(OXYGEN_METHODS), "flux_method", advanced=True)

    def fed(self, given: Given) -> tuple[str, ...]:
        """Soil is counted where something tells what it holds, carbon where there is a table of its stocks."""
        spared = {*TEXTURE, "DEM", "NDVI"}
        if self._counts_soil(given):
            spared -= useful_sources(given)
        if not given.has("CARBON_TABLE"):
            spared.add("NPP")
        return tuple(name for name in self.FED if name not in spared)

    def steps(self, given: Given) -> int:
        soil = SoilSteps(given).count if has_soil(given) and self._counts_soil(given) else 0
        return len(self._services(given)) + soil + 3

    @staticmethod
    def _counts_soil(given: Given) -> bool:
        return any(given.has(name) for name in ("BULK_DENSITY", "SOIL_N", "SOIL_P"))

    def page(self, found: Found) -> Page:
        return gep_page(found)

    def names(self, given: Given) -> dict[str, str]:
        words = load_texts(report_language())
        return {category: words[f"{category}_category"] for category in ("product", "regulating", "cultural")}

    def maps(self, given: Given, chain: Chain, language: str) -> list[Map]:
        path = chain.file(self.MAIN_MAP)
        if path not in chain.shown:
            return []
        return [value_map(path, given.years(), language, "map_headline_gep")]

    def _services(self, given: Given) -> list[str]:
        """The services for which there is what they need."""
        wanted = {
            "water": given.has("PRECIPITATION") and given.has("EVAPOTRANSPIRATION"),
            "soil": has_soil(given) and self._counts_soil(given),
            "flood": given.has("WATER_BODIES"),
            "carbon": given.has("NPP") and given.has("CARBON_TABLE"),
            "climate": given.has("DAYS"),
            "air": given.has("AIR_EMISSIONS"),
            "purification": given.has("WATER_EMISSIONS"),
        }
        return [name for name, there in wanted.items() if there]

    def asks(self, given: Given) -> list[tuple[str, dict[str, Any]]]:
        services = self._services(given)
        steps = [(ACCOUNT, {}), *(SoilSteps(given).asks() if "soil" in services else [])]
        if "carbon" in services:
            steps.append(("carbonstorage", {}))
        for service, name, of in PURIFIED:
            if service in services:
                steps.append((name, {kind: given.for_child(f"{of}_{kind}") for kind in ("EMISSIONS", "CAPACITY")}))
        return steps

    def check(self, given: Given) -> None:
        services = self._services(given)
        if not services and not given.has("STATISTICS") and not given.has("NATURAL_CLASSES"):
            raise InputError(
                tr(
                    "There is nothing to account. Give PRECIPITATION and EVAPOTRANSPIRATION (water retention), what "
                    "soil conservation needs with BULK_DENSITY, SOIL_N or SOIL_P, WATER_BODIES (floods), NPP and "
                    "CARBON_TABLE, DAYS (climate regulation), AIR_EMISSIONS, WATER_EMISSIONS, or STATISTICS."
                )
            )
        if "soil" in services:
            SoilSteps(given).check()

    def follow(self, given: Given, chain: Chain) -> list[Headline]:
        services = self._services(given)
        maps, tables = self._map_services(given, chain, services)
        own = given.for_child("STATISTICS") or []
        quantities = chain.run(
            "gepquantities",
            {"OUTPUT_TABLE": "gep_quantities.csv"},
            STATISTICS=[*(own if isinstance(own, (list, tuple)) else [own]), *tables] or None,
            ALLOCATE=given.choice("ALLOCATE"),
            SAND=None,  # that of the workflow is the texture of the soil
            **maps,
        )
        files = {f"OUTPUT_{name.upper()}": f"gep_{name}.csv" for name in
                 ("account", "summary", "change", "sensitivity", "prices", "bridge")}  # fmt: skip
        if given.has("ZONES"):
            files["OUTPUT_ZONES"] = "gep_zones.gpkg"
        if maps:
            files["OUTPUT_MAP"] = "gep_map.tif"
        account = chain.run(
            ACCOUNT,
            {**files, "OUTPUT_XLSX": "gep.xlsx"},
            shown=[name for name in ("OUTPUT_ZONES", "OUTPUT_MAP") if name in files],
            QUANTITIES=quantities.path("OUTPUT_TABLE"),
            **self._shown_by_pixel(given, maps, chain),
        )
        headlines = account_headlines(
            account.table("OUTPUT_SUMMARY"), account.table("OUTPUT_CHANGE"), self._currency(given)
        )
        return headlines + self._seea(given, chain, account)

    @staticmethod
    def _shown_by_pixel(given: Given, maps: dict[str, Any], chain: Chain) -> dict[str, Any]:
        """The maps that GEP by pixel is made of, and the services that follow each."""
        soil = {"BULK_DENSITY": SILT, "SOIL_N": NITROGEN, "SOIL_P": PHOSPHORUS}
        services = {
            "WATER": "water_retention", "FLOOD_BODIES": "flood_mitigation", "CARBON": "carbon", "OXYGEN": "oxygen",
            "SOIL": "+".join(service for name, service in soil.items() if given.has(name)),
        }  # fmt: skip
        shown = [(path, services[slot]) for slot, of in maps.items() for path in of]
        if given.has("DAYS"):
            cooling = ["climate_transpiration", *(["climate_evaporation"] if given.has("WATER_EVAPORATION") else [])]
            shown.append((chain.file("cooling.tif"), "+".join(cooling)))
        if not maps:
            return {}
        return {"MAPS": [path for path, _ in shown], "MAP_SERVICES": ", ".join(service for _, service in shown)}

    @staticmethod
    def _currency(given: Given) -> str:
        return given.text("CURRENCY") or "CNY"

    def _seea(self, given: Given, chain: Chain, account: Step) -> list[Headline]:
        """The tables of the SEEA; a single year has no extent account, but supply and use."""
        several = len(given.years()) > 1
        alone: dict[str, Any] = {} if several else {"LAND_COVER": None, "ZONES": None, "CONDITION_RASTERS": None}
        step = chain.run(
            "seeaaccounts",
            {"OUTPUT_TABLE": "seea_tables.csv", "OUTPUT_XLSX": "seea.xlsx"},
            SERVICES=account.path("OUTPUT_ACCOUNT"),
            **alone,
        )
        numbers = {name: step.number(name) for name in ("GEP_OPENING", "GEP_CLOSING", "NPV_OPENING", "NPV_CLOSING")}
        return seea_headlines(numbers, given.years(), self._currency(given))

    def _map_services(self, given: Given, chain: Chain, services: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """Maps by the slot of GEP quantities, and tables that it joins in."""
        maps: dict[str, Any] = {}
        tables: list[str] = []
        if "water" in services:
            files = {"OUTPUT": "water_retention.tif", "OUTPUT_TABLE": "water_retention.csv"}
            maps["WATER"] = [chain.run("waterretention", files, shown=["OUTPUT"]).path()]
        if "soil" in services:
            maps["SOIL"] = [SoilSteps(given).run(chain).path()]
        if "flood" in services:
            files = {"OUTPUT": "flood_held.tif", "OUTPUT_WATER": "flood_water_bodies.tif", "OUTPUT_TABLE": "flood.csv"}
            # of the storm only what water bodies hold is counted, as in the Garze account
            step = chain.run("floodmitigation", files, shown=["OUTPUT_WATER"], STORM_DEPTH="50", DEM=None)
            maps["FLOOD_BODIES"] = [step.path("OUTPUT_WATER")]
        if "carbon" in services:
            files = {
                "OUTPUT": "carbon_stock.tif",
                "OUTPUT_FLUX": "co2_fixed.tif",
                "OUTPUT_OXYGEN": "oxygen_released.tif",
                "OUTPUT_FLUX_TABLE": "carbon_flux.csv",
            }
            step = chain.run("carbonstorage", files, shown=["OUTPUT_FLUX"])
            maps |= {"CARBON": [step.path("OUTPUT_FLUX")], "OXYGEN": [step.path("OUTPUT_OXYGEN")]}
        if "climate" in services:
            files = {"OUTPUT": "cooling.tif", "OUTPUT_TABLE": "cooling.csv"}
            # evapotranspiration of the workflow is that of the whole year
            tables.append(
                chain.run("climateregulation", files, shown=["OUTPUT"], EVAPOTRANSPIRATION=None).path("OUTPUT_TABLE")
            )
        for service, name, of in PURIFIED:
            if service in services:
                files = {"OUTPUT_TABLE": f"{name}.csv", "OUTPUT": f"{name}.tif"}
                told = {kind: given.for_child(f"{of}_{kind}") for kind in ("EMISSIONS", "CAPACITY")}
                tables.append(chain.run(name, files, **told).path("OUTPUT_TABLE"))
        return maps, tables

    def _publish(
        self,
        given: Given,
        headlines: Sequence[Headline],
        reports: Sequence[StepReport],
        shared: SharedArea,
        page_one: PageOne,
    ) -> Results:
        """The account comes first: its first page answers what the reader asks."""
        title = self._title_of_account()
        ordered = sorted(reports, key=lambda report: report.title != title)
        return super()._publish(given, headlines, ordered, shared, page_one)

    @staticmethod
    def _title_of_account() -> str:
        from qgis.core import QgsApplication

        return str(QgsApplication.processingRegistry().algorithmById(f"ecoassets:{ACCOUNT}").displayName())
