"""The first minutes of a newcomer at the desk: Start here, a plan map, a run opened again. Steps of `desk.py`."""

from __future__ import annotations

from pathlib import Path

from clicks import FOLDER, SEEN, menu, picture, wait
from qgis.core import Qgis, QgsLayerTreeGroup, QgsProject
from qgis.PyQt.QtCore import QObject, QUrl, pyqtSlot
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface

PLAN_MAP = ("New plan map…", "新建分区方案图…")


def start() -> None:
    """The first entry of the menu, and nothing else: a region, its project, a workflow, its map and report."""
    SEEN["welcome"] = [item.text() for item in iface.messageBar().items() if item.title() == "EcoAssets"]
    opened: list[str] = []
    catcher = UrlCatcher(opened)
    QDesktopServices.setUrlHandler("file", catcher, "take")
    picture(iface.mainWindow(), "welcome")
    menu().actions()[0].trigger()
    wait(300, lambda: bool(opened))
    QDesktopServices.unsetUrlHandler("file")
    wait(3)
    root, canvas = QgsProject.instance().layerTreeRoot(), iface.mapCanvas()
    over, run, *below = root.children()
    SEEN["start"] = {
        "report": bool(opened) and Path(QUrl(opened[0]).toLocalFile()).is_file(),
        "project": QgsProject.instance().title(),
        "over": over.name(),
        "labels": over.layer().labelsEnabled(),
        "group": run.name(),
        "years": [
            [node.name() for node in child.children()]
            for child in run.children()
            if isinstance(child, QgsLayerTreeGroup)
        ],
        "members": [child.name() for child in run.children()],
        "unfolded": [child.name() for child in run.children() if child.isExpanded()],
        "tables": [n.name() for n in run.findLayers() if not n.layer().isSpatial()],
        "canvas": [layer.name() for layer in canvas.layers()],
        "region": [child.name() for child in below],
        "on the region": canvas.extent().intersects(canvas.layers()[0].extent()) and 1_000 < canvas.scale() < 500_000,
        "step": canvas.temporalController().frameDuration().years(),
        "told": [item.text() for item in iface.messageBar().items() if item.title() == "EcoAssets"],
    }
    picture(iface.mainWindow(), "start")
    layout("plan")
    saved_run(Path(QUrl(opened[0]).toLocalFile()).with_suffix(".parameters.json"))
    QgsProject.instance().setDirty(False)
    iface.newProject(False)


def nothing() -> None:
    """A plan map of an empty project."""
    next(entry for entry in menu().actions() if entry.text() in PLAN_MAP).trigger()
    wait(0.5)
    dialogs = [one for one in QApplication.topLevelWidgets() if type(one).__name__ == "PlanDialog" and one.isVisible()]
    told = [item for item in iface.messageBar().items() if item.title() == "EcoAssets"]
    SEEN["nothing"] = {"dialogs": len(dialogs), "told": [item.text() for item in told]}
    for item in told:
        if item.level() == Qgis.MessageLevel.Warning:
            iface.messageBar().popWidget(item)


class UrlCatcher(QObject):
    """Takes what would open in a browser."""

    def __init__(self, opened: list[str]) -> None:
        super().__init__()
        self._opened = opened

    @pyqtSlot(QUrl)
    def take(self, url: QUrl) -> None:
        self._opened.append(url.toString())


def names() -> None:
    """Product, layer and coordinate system of Import product: lists in the dialog, ids in the values."""
    import processing
    from qgis.core import QgsProcessingContext

    dialog = processing.createAlgorithmDialog("ecoassets:importproduct", {})
    dialog.show()
    wait(0.5)
    wrappers, context = dialog.mainWidget().wrappers, QgsProcessingContext()
    kept = {"before": [wrappers[name].parameterValue() for name in ("PRODUCT", "LAYER", "CRS")]}
    wrappers["PRODUCT"].setParameterValue("mod17a3hgf", context)
    layers = wrappers["LAYER"].wrappedWidget()
    kept["layers"] = [layers.itemData(row) for row in range(layers.count())]
    kept["shown"] = wrappers["PRODUCT"].wrappedWidget().currentText()
    wrappers["LAYER"].setParameterValue("npp", context)
    wrappers["CRS"].setParameterValue("EPSG:32650", context)
    kept["after"] = [wrappers[name].parameterValue() for name in ("PRODUCT", "LAYER", "CRS")]
    wrappers["PRODUCT"].setParameterValue("my_own_product", context)
    kept["own"] = wrappers["PRODUCT"].parameterValue()
    SEEN["names"] = kept
    picture(dialog, "names")
    dialog.close()


def saved_run(path: Path) -> None:
    """What lies beside the report fills the dialog again; three of it fill a batch."""
    from ecoassets.algorithms.desktop.saved_runs import read_runs, show_runs

    runs = read_runs([str(path)])
    dialog = show_runs(runs, iface.mainWindow())
    wait(1)
    given = dialog.mainWidget().createProcessingParameters()
    SEEN["opened run"] = {name: str(given.get(name)) for name in ("LAND_COVER", "YEARS", "MINIMUM_AREA", "FOLDER")}
    picture(dialog, "opened-run")
    dialog.close()
    dialog = show_runs(runs * 3, iface.mainWindow())
    wait(1)
    SEEN["opened batch"] = dialog.mainWidget().batchRowCount()
    picture(dialog, "opened-batch")
    dialog.close()


def layout(name: str = "layout") -> None:
    """The plan map of the menu, as its dialog offers it."""
    before = len(QgsProject.instance().layoutManager().printLayouts())
    next(entry for entry in menu().actions() if entry.text() in PLAN_MAP).trigger()
    wait(1)
    dialog = next(one for one in QApplication.topLevelWidgets() if type(one).__name__ == "PlanDialog")
    picture(dialog, f"{name}-dialog")
    dialog.accept()
    wait(3)
    layouts = QgsProject.instance().layoutManager().printLayouts()
    SEEN["layouts"] = len(layouts) - before
    from qgis.core import QgsLayoutExporter

    if layouts:
        SEEN[f"{name} layers"] = [layer.name() for layer in layouts[-1].itemById("map").layers()]
        settings = QgsLayoutExporter.ImageExportSettings()
        settings.dpi = 70
        QgsLayoutExporter(layouts[-1]).exportToImage(str(FOLDER / f"{name}.png"), settings)
    for window in QApplication.topLevelWidgets():
        if window.objectName() == "QgsLayoutDesignerBase":
            window.close()
