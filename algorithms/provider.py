"""The provider `ecoassets`: the explicit list of algorithms."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .assets.ecologicalassets import EcologicalAssets
from .assets.ecosystemservicevalue import EcosystemServiceValue
from .assets.sensitivity import Sensitivity
from .assets.standardequivalent import StandardEquivalentAlgorithm
from .drivers.geodetector import Geodetector
from .drivers.panelregression import PanelRegression
from .drivers.quantileregression import QuantileRegression
from .drivers.samplegrid import SampleGridAlgorithm
from .drivers.scalecheck import ScaleCheck
from .drivers.spatialautocorrelation import SpatialAutocorrelation
from .icons import icon_path
from .landuse.hemeroby import Hemeroby
from .landuse.humanactivity import HumanActivity
from .landuse.profitloss import ProfitLoss
from .landuse.transfermatrix import TransferMatrix
from .quality.degradation import Degradation
from .quality.ecosystemquality import EcosystemQuality
from .quality.rsei import Rsei
from .quality.trend import Trend
from .services.carbonstorage import CarbonStorage
from .services.floodmitigation import FloodMitigation
from .services.habitatquality import HabitatQuality
from .services.naturalhabitat import NaturalHabitat
from .services.rainfallerosivity import RainfallErosivity
from .services.slopelength import SlopeLength
from .services.soilconservation import SoilConservation
from .services.soilerodibility import SoilErodibility
from .services.supportpractice import SupportPractice
from .services.vegetationcover import VegetationCover
from .services.waterretention import WaterRetention
from .settings import add_settings, remove_settings
from .terrain.terrainclasses import TerrainClasses
from .terrain.zonesummary import ZoneSummary
from .tools.aligntogrid import AlignToGrid
from .tools.checkinputs import CheckInputs
from .tools.practiceregion import PracticeRegion
from .tools.reportbundle import ReportBundle
from .translation import tr
from .version import plugin_version
from .workflows.assetsworkflow import AssetsWorkflow
from .workflows.esvworkflow import EsvWorkflow
from .workflows.zoningworkflow import ZoningWorkflow
from .zoning.conservationzones import ConservationZones
from .zoning.priorityranking import PriorityRanking
from .zoning.restorationzones import RestorationZones
from .zoning.targetselection import TargetSelection
from .zoning.zoningplan import ZoningPlan

ALGORITHMS = (
    AlignToGrid,
    CheckInputs,
    PracticeRegion,
    ReportBundle,
    EcosystemServiceValue,
    EcologicalAssets,
    StandardEquivalentAlgorithm,
    Sensitivity,
    TransferMatrix,
    ProfitLoss,
    HumanActivity,
    Hemeroby,
    TerrainClasses,
    ZoneSummary,
    Rsei,
    EcosystemQuality,
    Trend,
    Degradation,
    RainfallErosivity,
    SoilErodibility,
    SlopeLength,
    VegetationCover,
    SupportPractice,
    SoilConservation,
    WaterRetention,
    FloodMitigation,
    NaturalHabitat,
    HabitatQuality,
    CarbonStorage,
    SampleGridAlgorithm,
    PanelRegression,
    QuantileRegression,
    RestorationZones,
    ConservationZones,
    ZoningPlan,
    PriorityRanking,
    TargetSelection,
    Geodetector,
    ScaleCheck,
    SpatialAutocorrelation,
    AssetsWorkflow,
    EsvWorkflow,
    ZoningWorkflow,
)


class EcoAssetsProvider(QgsProcessingProvider):
    """Ecological assets, ecosystem services, quality, zones and drivers."""

    def id(self) -> str:
        return "ecoassets"

    def name(self) -> str:
        return "EcoAssets"

    def longName(self) -> str:
        return tr("EcoAssets: ecological assets, services, quality, zoning and drivers")

    def icon(self) -> QIcon:
        return QIcon(icon_path())

    def svgIconPath(self) -> str:
        return icon_path()

    def versionInfo(self) -> str:
        return plugin_version()

    def load(self) -> bool:
        add_settings()
        self.refreshAlgorithms()
        return True

    def unload(self) -> None:
        remove_settings()

    def loadAlgorithms(self) -> None:
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())
