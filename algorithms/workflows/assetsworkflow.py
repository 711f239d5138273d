"""The assets paper in one run: adjusted ecological assets, terrain, hemeroby, panel and quantile regression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ...core.drivers.sampling.inputs import parse_numbers
from ...core.report import Map
from ...core.workflows.answers.assets import assets_page
from ...core.workflows.answers.found import Found
from ...core.workflows.answers.maps import value_map
from ...core.workflows.answers.page import Page
from ...core.workflows.assets_headlines import (
    effect_headlines,
    terrain_headlines,
    turning_headlines,
    value_headlines,
)
from ...core.workflows.headlines import Headline
from ...core.workflows.pressure_headlines import pressure_headlines
from ..assets.valuing import SERIES, ValuingAlgorithm
from ..given import Given
from ..settings import report_language
from .chain import Chain, Step
from .downloads import DownloadsParameters
from .driver_chain import DriverChain, DriverChainParameters
from .placing import TERRAIN_FILES
from .sampling import DRIVERS, DriverParameters, Sampling
from .workflow import FROM_DOWNLOADS, Workflow

VARIABLES = ("slope", "aspect", "landform")
ASSETS, HEMEROBY = "assets", "hemeroby"


class AssetsWorkflow(Workflow, ValuingAlgorithm, DriverParameters, DriverChainParameters, DownloadsParameters):
    """Assets by year, where they lie by slope, aspect and landform, and what drives them."""

    NAME = "assetsworkflow"
    NEEDS = (*ValuingAlgorithm.NEEDS, *FROM_DOWNLOADS)
    MAIN_MAP = "ecological_assets.tif"
    GROUP = "workflows"
    ADJUSTED = True
    COVER_OPTIONAL = True
    RESULTS: ClassVar[Mapping[str, tuple[int, ...]]] = {
        "ecologicalassets": (0, 2, 3),
        "zonesummary": (0,),
        "zonesummary:terrain_landform": (),
        "panelregression": (0,),
        "quantileregression": (0,),
    }
    FED = ("LAND_COVER", "NPP", "PRECIPITATION", "DEM", *DRIVERS)
    YEARLY = (*(raster for raster, _ in SERIES.values()), *DRIVERS)

    def declare(self) -> None:
        self.add_downloads_as_inputs()
        self.add_valuation()
        self.add_raster("DEM", quantity="elevation", optional=True, ranges=True)
        self.add_zones(raster=False)
        self.add_drivers()
        self.add_choice("EFFECTS", ("entity", "time", "twoway", "none"), "twoway", advanced=True)
        self.add_text("TERMS", "hemeroby^2", optional=True, advanced=True)
        self.add_text("QUANTILES", "0.10, 0.25, 0.50, 0.75, 0.90", advanced=True)
        self.add_driver_chain()
        self.add_workflow_outputs()

    def steps(self, given: Given) -> int:
        return (
            4
            + (4 if given.has("DEM") else 0)
            + (1 if len(given.years()) > 1 else 0)
            + (1 if self._bends(given) else 0)
            + len(given.choices("DRIVER_CHAIN"))
        )

    @staticmethod
    def _bends(given: Given) -> bool:
        """Whether curves of drivers are fitted, which takes several years."""
        return bool(given.text("TERMS")) and len(given.years()) > 1

    def page(self, found: Found) -> Page:
        return assets_page(found)

    def maps(self, given: Given, chain: Chain, language: str) -> list[Map]:
        return [value_map(chain.file(self.MAIN_MAP), given.years(), language)]

    def names(self, given: Given) -> dict[str, str]:
        return self.service_names(given, report_language())

    def check(self, given: Given) -> None:
        from ...core.drivers.panel.terms import check_terms
        from ...core.drivers.quantile.sample import check_quantiles

        cover = given.rasters("LAND_COVER")[0]
        sampling = self._sampling(given, cover, cover)
        sampling.check(cover)
        DriverChain(given, sampling, ASSETS).check()
        check_quantiles(parse_numbers(given.text("QUANTILES"), "QUANTILES"))
        if self._bends(given):
            check_terms(given.text("TERMS"), sampling.drivers)

    @staticmethod
    def _sampling(given: Given, assets: str, hemeroby: str) -> Sampling:
        sampling = Sampling(given)
        sampling.add(ASSETS, assets)
        sampling.add_given("PRECIPITATION")
        sampling.add(HEMEROBY, hemeroby)
        sampling.add_drivers()
        return sampling

    def follow(self, given: Given, chain: Chain) -> list[Headline]:
        currency = given.text("CURRENCY") or "CNY"
        assets = chain.run(
            "ecologicalassets",
            {
                "OUTPUT": "ecological_assets.tif",
                "OUTPUT_SERVICES": "ecosystem_services.tif",
                "OUTPUT_TABLE": "ecological_assets.csv",
                "OUTPUT_CHANGE": "ecological_assets_change.csv",
            },
            shown=["OUTPUT"],
        )
        self.placing.value("", assets.path(), f"{currency}/a")
        headlines = value_headlines(assets.table(), assets.table("OUTPUT_CHANGE"), currency)
        if given.has("DEM"):
            headlines += self._terrain(chain, assets, currency)
        hemeroby = chain.run("hemeroby", {"OUTPUT": "hemeroby.tif", "OUTPUT_TABLE": "hemeroby.csv"}, shown=["OUTPUT"])
        headlines += pressure_headlines("hemeroby", hemeroby.table())
        return headlines + self._effects(given, chain, assets, hemeroby)

    def _terrain(self, chain: Chain, assets: Step, currency: str) -> list[Headline]:
        files = [f"OUTPUT_{variable.upper()}" for variable in VARIABLES]
        classes = chain.run("terrainclasses", TERRAIN_FILES, shown=files)
        self.placing.landform = classes.path("OUTPUT_LANDFORM")
        headlines = []
        for variable, output in zip(VARIABLES, files):
            # The DEM may have a grid of its own: its classes are taken by the nearest neighbour.
            summary = chain.run(
                "zonesummary",
                {"OUTPUT_TABLE": f"assets_by_{variable}.csv"},
                about=f"terrain_{variable}",
                VALUES=[assets.path()],
                ZONES=None,
                ZONE_FIELD=None,
                ZONES_RASTER=classes.path(output),
                KIND="density",
                ALIGN_CLASSES=True,
            )
            headlines += terrain_headlines(variable, summary.table(), currency)
        return headlines

    def _effects(self, given: Given, chain: Chain, assets: Step, hemeroby: Step) -> list[Headline]:
        sampling = self._sampling(given, assets.path(), hemeroby.path())
        sample = sampling.run(chain)
        several = len(given.years()) > 1
        same: dict[str, Any] = {
            "INPUT": sample.path(),
            "Y": ASSETS,
            "X": sampling.drivers,
            "ENTITY": "cell_id",
            "TIME": "year",
        }
        panel = turning = None
        if several:
            outputs = {
                "OUTPUT_TABLE": "panel_regression.csv",
                "OUTPUT_TESTS": "panel_tests.csv",
                "OUTPUT_RESIDUALS": "panel_residuals.gpkg",
            }
            panel = chain.run("panelregression", outputs, shown=["OUTPUT_RESIDUALS"], TERMS=None, **same).table()
        if self._bends(given):
            outputs = {"OUTPUT_TABLE": "panel_curves.csv", "OUTPUT_TURNING": "turning_points.csv"}
            turning = chain.run("panelregression", outputs, about="curves", **same).table("OUTPUT_TURNING")
        outputs = {"OUTPUT_TABLE": "quantile_regression.csv", "OUTPUT_TESTS": "quantile_tests.csv"}
        quantiles = chain.run("quantileregression", outputs, YEAR_DUMMIES=several, **same).table()
        drivers = DriverChain(given, sampling, ASSETS).run(chain, sample)
        return [*effect_headlines(panel, quantiles, sampling.drivers), *turning_headlines(turning), *drivers]
