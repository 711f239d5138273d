"""The provider `ecoassets`: the explicit list of algorithms."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from importlib import import_module

from qgis.core import Qgis, QgsMessageLog, QgsProcessingAlgorithm, QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .icons import icon_path
from .settings import add_settings, remove_settings
from .translation import tr
from .version import plugin_version

# By name, so that a module that cannot be imported does not take the others with it.
ALGORITHMS = (
    "tools.aligntogrid.AlignToGrid",
    "tools.checkinputs.CheckInputs",
    "tools.practiceregion.PracticeRegion",
    "tools.reportbundle.ReportBundle",
    "prepare.identifyproducts.IdentifyProducts",
    "prepare.importproduct.ImportProduct",
    "prepare.scenecomposite.SceneComposite",
    "prepare.annualclimate.AnnualClimate",
    "prepare.soilproperties.SoilProperties",
    "prepare.pressuregrids.PressureGrids",
    "assets.ecosystemservicevalue.EcosystemServiceValue",
    "assets.ecologicalassets.EcologicalAssets",
    "assets.standardequivalent.StandardEquivalentAlgorithm",
    "assets.sensitivity.Sensitivity",
    "accounts.climateregulation.ClimateRegulation",
    "accounts.airpurification.AirPurification",
    "accounts.waterpurification.WaterPurification",
    "accounts.gepquantities.GepQuantities",
    "accounts.gepaccount.GepAccountAlgorithm",
    "accounts.seeaaccounts.SeeaAccounts",
    "landuse.transfermatrix.TransferMatrix",
    "landuse.profitloss.ProfitLoss",
    "landuse.humanactivity.HumanActivity",
    "landuse.hemeroby.Hemeroby",
    "terrain.terrainclasses.TerrainClasses",
    "terrain.zonesummary.ZoneSummary",
    "services.rainfallerosivity.RainfallErosivity",
    "services.soilerodibility.SoilErodibility",
    "services.slopelength.SlopeLength",
    "services.vegetationcover.VegetationCover",
    "services.supportpractice.SupportPractice",
    "services.soilconservation.SoilConservation",
    "services.waterretention.WaterRetention",
    "services.floodmitigation.FloodMitigation",
    "services.naturalhabitat.NaturalHabitat",
    "services.habitatquality.HabitatQuality",
    "services.carbonstorage.CarbonStorage",
    "quality.rsei.Rsei",
    "quality.ecosystemquality.EcosystemQuality",
    "quality.trend.Trend",
    "quality.degradation.Degradation",
    "zoning.restorationzones.RestorationZones",
    "zoning.conservationzones.ConservationZones",
    "zoning.zoningplan.ZoningPlan",
    "zoning.priorityranking.PriorityRanking",
    "zoning.targetselection.TargetSelection",
    "drivers.samplegrid.SampleGridAlgorithm",
    "drivers.correlationmatrix.CorrelationMatrix",
    "drivers.panelregression.PanelRegression",
    "drivers.quantileregression.QuantileRegression",
    "drivers.geodetector.Geodetector",
    "drivers.scalecheck.ScaleCheck",
    "drivers.spatialautocorrelation.SpatialAutocorrelation",
    "drivers.spatialregression.SpatialRegression",
    "drivers.localregression.LocalRegression",
    "drivers.driverimportance.DriverImportance",
    "workflows.assetsworkflow.AssetsWorkflow",
    "workflows.esvworkflow.EsvWorkflow",
    "workflows.zoningworkflow.ZoningWorkflow",
    "workflows.gepworkflow.GepWorkflow",
)


class EcoAssetsProvider(QgsProcessingProvider):
    """Ecological assets, ecosystem services, quality, zones and drivers.

    An algorithm that cannot be imported or declared is told in the log and left out; the others stay.

    Args:
        algorithms: room, module and class of each.
    """

    def __init__(self, algorithms: Iterable[str] = ALGORITHMS) -> None:
        super().__init__()
        self._algorithms = tuple(algorithms)

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
        for name in self._algorithms:
            try:
                # QGIS would keep one that fails while it declares, with half its parameters: so it declares here first.
                _algorithm(name).initAlgorithm()
                self.addAlgorithm(_algorithm(name))
            except Exception as error:
                left_out = tr("{name} is left out of the toolbox: {error}", name=name, error=repr(error))
                details = f"{left_out}\n{traceback.format_exc()}"
                QgsMessageLog.logMessage(details, self.name(), Qgis.MessageLevel.Critical)


def _algorithm(name: str) -> QgsProcessingAlgorithm:
    module, _, algorithm = name.rpartition(".")
    return getattr(import_module(f".{module}", __package__), algorithm)()
