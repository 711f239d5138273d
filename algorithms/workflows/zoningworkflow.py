"""The zoning paper in one run: services, quality, degradation, restoration and conservation zones, the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ...core.errors import InputError
from ...core.report import Map, MapPicture
from ...core.report.texts import load_texts
from ...core.services.soil.erodibility import UNITS
from ...core.word_lists import split_words
from ...core.workflows.answers.found import Found
from ...core.workflows.answers.page import Page
from ...core.workflows.answers.zoning import zoning_page
from ...core.workflows.headlines import Headline
from ...core.workflows.zoning_headlines import (
    conservation_headlines,
    kept_headlines,
    plan_headlines,
    quality_headlines,
    restoration_headlines,
    service_headlines,
)
from ...core.zoning.legends import legend
from ...core.zoning.parts import masks_of, part_map
from ...core.zoning.plan.kernel import BOTH, CONSERVE, RESTORE
from ...core.zoning.reasons import PARTS
from ...core.zoning.report_parts import class_map
from ..given import Given
from ..services.soilconservation import FACTORS
from ..services.soilerodibility import SOIL as TEXTURE
from ..translation import tr
from .chain import Chain, Step
from .downloads import INDICATORS, DownloadsParameters
from .soil_steps import SoilSteps, has_soil, useful_sources
from .workflow import FROM_DOWNLOADS, Workflow, last_land_cover

WATER, SOIL, FLOOD, HABITAT, QUALITY = (
    "water_retention",
    "soil_conservation",
    "flood_mitigation",
    "natural_habitat",
    "quality",
)
# How each service's raster counts: depths in mm, densities per hectare.
KINDS = {WATER: "depth", SOIL: "density", FLOOD: "depth", HABITAT: "density"}
UNITS_OF_TOTALS = {WATER: "m3/a", SOIL: "t/a", FLOOD: "m3", HABITAT: "ha"}
REASONS = "restoration.tif"
COMPARISON = {"OUTPUT_DIFFERENCE": "plan_difference.tif", "OUTPUT_COMPARISON": "plan_comparison.csv"}
DEGRADED = {WATER: "DEGRADED_WATER", SOIL: "DEGRADED_SOIL", FLOOD: "DEGRADED_FLOOD", QUALITY: "DEGRADED_QUALITY"}


class ZoningWorkflow(Workflow, DownloadsParameters):
    """Restore here, conserve there: from rain, soil, relief and plants to a plan by district."""

    NAME = "zoningworkflow"
    NEEDS = FROM_DOWNLOADS
    MAIN_MAP = "plan.tif"
    RESULTS: ClassVar[Mapping[str, tuple[int, ...]]] = {
        "restorationzones": (0,),
        "conservationzones": (0,),
        "zoningplan": (0,),
        "ecosystemquality": (0,),
    }
    FED = (
        "LAND_COVER", "PRECIPITATION", "EVAPOTRANSPIRATION", *TEXTURE, "DEM", "NDVI", "SOIL_GROUP",
    )  # fmt: skip
    YEARLY = ("PRECIPITATION", "EVAPOTRANSPIRATION", "NDVI", "STORM_RAINFALL")

    def declare(self) -> None:
        self.add_downloads_as_inputs()
        self.add_land_cover(optional=True)
        for name in ("precipitation", "evapotranspiration"):
            self.add_series(name.upper(), quantity=name, optional=True)
        self._add_soil()
        self._add_flood()
        self.add_rasters("INDICATORS", quantity="any", optional=True)
        self.add_text("NAMES", optional=True)
        self.add_choice("QUALITY_METHOD", ("relative_biomass", "eqi"), "relative_biomass")
        self.add_zones(raster=False)
        self.add_polygons("LOCKED_IN")
        self.add_polygons("LOCKED_OUT")
        self.add_choice("CLIMATE", ("mean", "actual"), "mean")
        self.add_number("THRESHOLD", 10, 0, 100, advanced=True)
        self.add_number("SEVERE", 4, 2, 6, integer=True, advanced=True)
        self.add_text("RANKED", ", ".join((WATER, SOIL, FLOOD)), advanced=True)
        self.add_text("BREAKS", "50, 75, 90", advanced=True)
        self.add_number("KEEP", 1, 1, integer=True, advanced=True)
        self.add_number("MINIMUM_AREA", 0, 0, advanced=True)
        self.add_text("EXCLUDE", optional=True, advanced=True)
        self.add_flag("COMPARE", True, optional=True)
        self.add_number("TIME_LIMIT", 20, 1, advanced=True, optional=True)
        self.add_workflow_outputs()

    def _add_soil(self) -> None:
        for name, quantity in FACTORS.items():
            self.add_series(name, quantity=quantity, optional=True)
        for name in TEXTURE:
            self.add_raster(name, quantity=name.lower(), optional=True, ranges=True, unit_from="UNITS")
        self.add_raster("DEM", quantity="elevation", optional=True, ranges=True)
        self.add_raster("FLOW_ACCUMULATION", quantity="flow_accumulation", optional=True)
        self.add_choice("UNITS", tuple(UNITS), "percent", advanced=True)
        self.add_series("NDVI", quantity="ndvi", optional=True)
        self.add_table("C_TABLE", advanced=True)
        self.add_choice("SLOPE_LENGTH_METHOD", ("desmet_govers", "constant"), "desmet_govers", advanced=True)

    def _add_flood(self) -> None:
        self.add_series("STORM_RAINFALL", quantity="storm_rainfall", optional=True)
        self.add_text("STORM_DEPTH", optional=True)
        self.add_raster("SOIL_GROUP", quantity="soil_group", optional=True)
        self.add_choice("SOIL_GROUP_CODE", ("A", "B", "C", "D"), "B")
        self.add_polygons("WATER_BODIES")

    def fed(self, given: Given) -> tuple[str, ...]:
        """Texture is of no use where K is given, nor soil groups without storms; EQI takes leaf area and GPP, too."""
        spared = {*TEXTURE, "DEM", "NDVI"} - useful_sources(given)
        if not (given.has("STORM_RAINFALL") or given.has("STORM_DEPTH")):
            spared.add("SOIL_GROUP")
        graded = given.choice("QUALITY_METHOD") == "eqi" and not given.has("INDICATORS")
        return (*(name for name in self.FED if name not in spared), *(INDICATORS if graded else ()))

    def steps(self, given: Given) -> int:
        services = [*self._services(given), HABITAT]
        compared = [name for name in self._layers(given) if name in DEGRADED] if len(given.years()) > 1 else []
        soil = SoilSteps(given).count if SOIL in services else 0
        return len(services) + soil + self.placing.steps + (1 if given.has("INDICATORS") else 0) + len(compared) + 3

    def page(self, found: Found) -> Page:
        return zoning_page(found)

    def maps(self, given: Given, chain: Chain, language: str) -> list[Map]:
        words = load_texts(language)
        plan = class_map(
            words["map_headline_zoning"], [MapPicture(chain.file(self.MAIN_MAP))], legend("plan", language)
        )
        return [plan, part_map(words["map_reasons"], chain.file(REASONS), words["map_reasons_all"], language)]

    @staticmethod
    def _services(given: Given) -> list[str]:
        """The services for which there are inputs, besides habitat, which needs land cover alone."""
        found = []
        if given.has("PRECIPITATION") and given.has("EVAPOTRANSPIRATION"):
            found.append(WATER)
        if has_soil(given):
            found.append(SOIL)
        if given.has("STORM_RAINFALL") or given.has("STORM_DEPTH"):
            found.append(FLOOD)
        return found

    def _layers(self, given: Given) -> list[str]:
        return [*self._services(given), *([QUALITY] if given.has("INDICATORS") else [])]

    def asks(self, given: Given) -> list[tuple[str, dict[str, Any]]]:
        return SoilSteps(given).asks() if has_soil(given) else []

    def check(self, given: Given) -> None:
        if not self._layers(given):
            raise InputError(
                tr(
                    "There is nothing to zone by. Give PRECIPITATION and EVAPOTRANSPIRATION (water retention), R, K, "
                    "LS and C or what they are made of (soil conservation), STORM_DEPTH or STORM_RAINFALL (flood "
                    "mitigation), or INDICATORS (ecosystem quality)."
                )
            )
        self._ranked(given)
        if has_soil(given):
            SoilSteps(given).check()

    def follow(self, given: Given, chain: Chain) -> list[Headline]:
        services, headlines = self._map_services(given, chain)
        layers = dict(services)
        if given.has("INDICATORS"):
            layers[QUALITY] = self._map_quality(given, chain)
            headlines += quality_headlines(layers[QUALITY].table(), layers[QUALITY].table("OUTPUT_CHANGE"))
        restoration, found = self._restoration(given, chain, layers)
        headlines += found
        conservation, found = self._conservation(given, chain, services)
        headlines += found
        plan = chain.run(
            "zoningplan",
            {
                "OUTPUT": "plan.tif",
                "OUTPUT_VECTOR": "plan.gpkg",
                "OUTPUT_TABLE": "plan.csv",
                "OUTPUT_SERVICES": "plan_services.csv",
                **(COMPARISON if given.flag("COMPARE") else {}),
            },
            shown=["OUTPUT", "OUTPUT_VECTOR"],
            RESTORATION=restoration.path(),
            CONSERVATION=conservation.path(),
            LAND_COVER=last_land_cover(given),
            **self._as_services(services),
        )
        self._lay_out(restoration, plan, layers)
        self.placing.classify(chain.run)
        return headlines + plan_headlines(plan.table()) + kept_headlines(plan.table("OUTPUT_SERVICES"))

    def _lay_out(self, restoration: Step, plan: Step, layers: dict[str, Step]) -> None:
        """Parts of the plan and services by district and landform."""
        for part in PARTS:
            self.placing.part(part, restoration.path(), masks_of(part))
        self.placing.part("restoration", plan.path(), (RESTORE, BOTH))
        self.placing.part("conservation", plan.path(), (CONSERVE, BOTH))
        for name, step in layers.items():
            if name in UNITS_OF_TOTALS:
                self.placing.value(name, step.path(), UNITS_OF_TOTALS[name], KINDS[name] == "depth")

    @staticmethod
    def _ranked(given: Given) -> list[str]:
        """The services by which conservation zones are chosen. Raises InputError for other words."""
        names = split_words(given.text("RANKED"))
        unknown = [name for name in names if name not in KINDS]
        if unknown:
            raise InputError(
                tr(
                    "RANKED holds {word}. Write some of {known}, separated by commas.",
                    word=unknown[0],
                    known=", ".join(KINDS),
                )
            )
        return names

    def _map_services(self, given: Given, chain: Chain) -> tuple[dict[str, Step], list[Headline]]:
        wanted = self._services(given)
        steps: dict[str, Step] = {}
        headlines: list[Headline] = []
        if WATER in wanted:
            files = {"OUTPUT": "water_retention.tif", "OUTPUT_TABLE": "water_retention.csv"}
            steps[WATER] = chain.run("waterretention", files, shown=["OUTPUT"])
            headlines += service_headlines(WATER, steps[WATER].table(), "volume_m3", "m3/a")
        if SOIL in wanted:
            steps[SOIL] = SoilSteps(given).run(chain)
            headlines += service_headlines(SOIL, steps[SOIL].table(), "retention_t", "t/a")
        if FLOOD in wanted:
            files = {"OUTPUT": "flood_mitigation.tif", "OUTPUT_TABLE": "flood_mitigation.csv"}
            # The DEM is for slope length; curve numbers are those of the tables, whatever the slope.
            steps[FLOOD] = chain.run("floodmitigation", files, shown=["OUTPUT"], DEM=None)
            headlines += service_headlines(FLOOD, steps[FLOOD].table(), "volume_m3", "m3")
        files = {"OUTPUT": "natural_habitat.tif", "OUTPUT_TABLE": "natural_habitat.csv"}
        steps[HABITAT] = chain.run("naturalhabitat", files, shown=["OUTPUT"])
        return steps, headlines + service_headlines(HABITAT, steps[HABITAT].table(), "weighted_ha", "ha")

    @staticmethod
    def _map_quality(given: Given, chain: Chain) -> Step:
        files = {
            "OUTPUT": "ecosystem_quality.tif",
            "OUTPUT_CLASSES": "quality_classes.tif",
            "OUTPUT_REFERENCES": "quality_references.csv",
            "OUTPUT_TABLE": "ecosystem_quality.csv",
            "OUTPUT_CHANGE": "ecosystem_quality_change.csv",
        }
        return chain.run(
            "ecosystemquality", files, shown=["OUTPUT", "OUTPUT_CLASSES"], METHOD=given.choice("QUALITY_METHOD")
        )

    @staticmethod
    def _restoration(given: Given, chain: Chain, layers: dict[str, Step]) -> tuple[Step, list[Headline]]:
        """What was lost from the first to the last year, low quality and severe erosion."""
        last_cover = last_land_cover(given)
        reasons: dict[str, str] = {}
        if len(given.years()) > 1:
            for name, parameter in DEGRADED.items():
                if name in layers:
                    degraded = chain.run(
                        "degradation",
                        {"OUTPUT": f"degraded_{name}.tif", "OUTPUT_TABLE": f"degraded_{name}.csv"},
                        about=name,
                        BEFORE=[layers[name].path()],
                        AFTER=[layers[name].path()],
                        KIND="relative",
                        NAMES=None,  # those of the workflow name the indicators of quality
                        LAND_COVER=[last_cover],
                    )
                    reasons[parameter] = degraded.path()
        if QUALITY in layers:
            reasons["QUALITY_CLASSES"] = layers[QUALITY].path("OUTPUT_CLASSES")
        if SOIL in layers:
            reasons["EROSION_CLASSES"] = layers[SOIL].path("OUTPUT_CLASSES")
        files = {
            "OUTPUT": REASONS,
            "OUTPUT_PRIORITY": "restoration_priority.tif",
            "OUTPUT_TABLE": "restoration.csv",
        }
        step = chain.run("restorationzones", files, shown=["OUTPUT"], LAND_COVER=last_cover, **reasons)
        return step, restoration_headlines(step.table())

    def _conservation(self, given: Given, chain: Chain, services: dict[str, Step]) -> tuple[Step, list[Headline]]:
        files = {
            "OUTPUT": "conservation.tif",
            "OUTPUT_IMPORTANCE": "importance.tif",
            "OUTPUT_TABLE": "conservation.csv",
            "OUTPUT_EFFICIENCY": "conservation_efficiency.csv",
        }
        ranked = {name: step for name, step in services.items() if name in self._ranked(given)} or services
        step = chain.run(
            "conservationzones",
            files,
            shown=["OUTPUT"],
            LAND_COVER=last_land_cover(given),
            **self._as_services(ranked),
        )
        return step, conservation_headlines(step.table())

    @staticmethod
    def _as_services(services: dict[str, Step]) -> dict[str, Any]:
        return {
            "SERVICES": [step.path() for step in services.values()],
            "NAMES": ", ".join(services),
            "KINDS": ", ".join(KINDS[name] for name in services),
        }
