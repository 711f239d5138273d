"""What a person does at the desk, done inside a real QGIS that `desktop.py` starts: clicks, looks, writes down.

Not a test itself. It writes `seen.json` and pictures into the folder that ECOASSETS_DESK names; the tests read them.
"""

from __future__ import annotations

import json
import os
import traceback
from functools import partial
from pathlib import Path
from typing import Any

from clicks import FOLDER, SEEN, picture, wait
from newcomer import layout, names, nothing, start
from qgis.core import (
    QgsApplication,
    QgsMapLayerType,
    QgsProcessingContext,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelParameter,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterString,
    QgsProject,
)
from qgis.PyQt.QtCore import QPoint, QSize, Qt, QTimer, QUrl
from qgis.PyQt.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QMessageBox,
    QScrollArea,
    QTextBrowser,
    QTreeView,
    QWidget,
)
from qgis.utils import iface, plugins

ZIP = os.environ["ECOASSETS_ZIP"]
STEPS = os.environ["ECOASSETS_STEPS"].split(",")
OF_OTHERS = {
    "start": start,
    "layout": layout,
    "names": names,
    "nothing": nothing,
}  # steps that stand in a file of their own
MODELS_IN = "zh" if QgsApplication.locale().startswith("zh") else "en"


def provider() -> Any:
    return QgsApplication.processingRegistry().providerById("ecoassets")


def install() -> None:
    """From the zip, as the plugin manager does it."""
    from pyplugin_installer import instance

    for _ in range(40):
        QTimer.singleShot(500, close_messages)
    instance().installFromZipFile(ZIP)
    wait(3, lambda: "ecoassets" in plugins)
    SEEN["installed"] = "ecoassets" in plugins
    SEEN["from"] = str(Path(__import__("ecoassets").__file__).resolve().parent)
    SEEN["menu"] = menu_entries()


def close_messages() -> None:
    for box in QApplication.topLevelWidgets():
        if isinstance(box, QMessageBox) and box.isVisible():
            SEEN["faults"].append(box.text())
            box.accept()


def menu_entries() -> list[str]:
    for action in iface.pluginMenu().actions():
        if action.text() == "EcoAssets" and action.menu() is not None:
            return [entry.text() for entry in action.menu().actions() if not entry.isSeparator()]
    return []


def toolbox() -> None:
    """Every group open, every algorithm with its icon."""
    dock = next(d for d in iface.mainWindow().findChildren(QDockWidget) if d.objectName() == "ProcessingToolbox")
    dock.setUserVisible(True)
    tree = dock.findChild(QTreeView)
    tree.collapseAll()
    model, groups = tree.model(), {}
    for row in range(model.rowCount()):
        index = model.index(row, 0)
        if model.data(index) == "EcoAssets":
            tree.expandRecursively(index)
            for number in range(model.rowCount(index)):
                group = model.index(number, 0, index)
                members = [model.index(i, 0, group) for i in range(model.rowCount(group))]
                groups[model.data(group)] = [
                    (model.data(m), not model.data(m, Qt.ItemDataRole.DecorationRole).isNull()) for m in members
                ]
            tree.scrollTo(index, QTreeView.ScrollHint.PositionAtTop)
    SEEN["toolbox"] = groups
    iface.mainWindow().resizeDocks([dock], [460], Qt.Orientation.Horizontal)
    picture(dock, "toolbox")


def dialogs() -> None:
    """Each dialog opens, shows help, has a widget for every parameter, and clips no label."""
    import processing

    SEEN["dialogs"] = {}
    for algorithm in provider().algorithms():
        dialog = processing.createAlgorithmDialog(algorithm.id(), {})
        dialog.show()
        wait(0.5)
        told = algorithm.shortDescription()[:20]
        browsers = [browser for browser in dialog.findChildren(QTextBrowser) if told in browser.toPlainText()]
        panel = dialog.mainWidget()
        wanted = [
            d.name()
            for d in algorithm.parameterDefinitions()
            if d.name() not in panel.wrappers
            and d.name() not in getattr(panel, "outputWidgets", {})
            and not d.flags() & QgsProcessingParameterDefinition.Flag.FlagHidden
        ]
        SEEN["dialogs"][algorithm.name()] = {
            "help": bool(browsers),
            "without widget": wanted,
            "clipped": clipped(panel),
            "title": dialog.windowTitle(),
        }
        picture(dialog, f"dialog-{algorithm.name()}")
        dialog.close()
        dialog.deleteLater()


def clipped(panel: QWidget) -> list[str]:
    """Labels and boxes that reach beyond the panel as it opens, and those with less room than their words need."""
    area = panel.findChild(QScrollArea)
    room = area.viewport().width()
    words = [w for w in panel.findChildren((QLabel, QCheckBox)) if w.isVisible() and w.text() and "<" not in w.text()]
    return [w.text() for w in words if w.sizeHint().width() > min(room, w.width() + 2) and not is_wrapped(w)]


def is_wrapped(widget: QWidget) -> bool:
    return isinstance(widget, QLabel) and widget.wordWrap()


def region() -> dict[str, str]:
    """Land cover of the practice region, by year."""
    import processing

    folder = FOLDER / "region"
    folder.mkdir(exist_ok=True)
    processing.run("ecoassets:practiceregion", {"FOLDER": str(folder), "SIZE": 100})
    return {year: str(folder / f"land_cover_{year}.tif") for year in ("2000", "2015")}


def layers_landed(count: int) -> bool:
    return len(QgsProject.instance().mapLayers()) >= count


def click_run(dialog: Any) -> None:
    dialog.runButton().click()


def run() -> None:
    """From the dialog: styled layers land in the project, in a group."""
    import processing

    maps = region()
    # The land cover comes as a layer of the project, as it does for most users.
    layers = [iface.addRasterLayer(path, f"land cover {year}") for year, path in maps.items()]
    before = set(QgsProject.instance().mapLayers())
    given = {
        "LAND_COVER": [layer.id() for layer in layers],
        "YEARS": "2000, 2015",
        "SCHEME": "cnlucc",
        "OUTPUT": "TEMPORARY_OUTPUT",
        "OUTPUT_TABLE": "TEMPORARY_OUTPUT",
        "OUTPUT_HTML": str(FOLDER / "report.html"),
    }
    for name in ("ecosystemservicevalue", "transfermatrix"):
        count = len(QgsProject.instance().mapLayers())
        dialog = processing.createAlgorithmDialog(f"ecoassets:{name}", given)
        dialog.show()
        wait(0.5)
        click_run(dialog)
        wait(120, partial(layers_landed, count + 2))
        wait(2)
        picture(dialog, f"log-{name}")
        dialog.close()
    made = [layer for key, layer in QgsProject.instance().mapLayers().items() if key not in before]
    SEEN["layers"] = {layer.name(): style_of(layer) for layer in made}
    SEEN["groups"] = [child.name() for child in QgsProject.instance().layerTreeRoot().children()]
    SEEN["years"] = sorted(
        {
            layer.temporalProperties().fixedTemporalRange().begin().date().year()
            for layer in made
            if layer.temporalProperties() is not None and layer.temporalProperties().isActive()
        }
    )
    SEEN["shown"] = iface.mapCanvas().layers()[0].name()
    tables = [layer for layer in made if layer.type() == QgsMapLayerType.VectorLayer]
    SEEN["fields"] = {layer.name(): heads_of(layer) for layer in tables}
    for number, layer in enumerate(tables):
        table = iface.showAttributeTable(layer)
        wait(1)
        picture(table, f"table-{number}")
        table.close()
    SEEN["folded"] = [child.isExpanded() for child in QgsProject.instance().layerTreeRoot().children()[:2]]
    for layer in layers:
        QgsProject.instance().layerTreeRoot().findLayer(layer.id()).setItemVisibilityChecked(False)
    iface.setActiveLayer(layers[0])
    iface.zoomToActiveLayer()
    wait(4)
    picture(iface.mainWindow(), "canvas")


def heads_of(layer: Any) -> dict[str, list[str]]:
    """Words and widget of each field."""
    return {field.name(): [field.alias(), field.editorWidgetSetup().type()] for field in layer.fields()}


def style_of(layer: Any) -> str:
    """The kind of renderer, "" for tables."""
    renderer = layer.renderer() if hasattr(layer, "renderer") else None
    return "" if renderer is None else str(renderer.type())


def batch() -> None:
    """Two rows of a batch, each with its own output."""
    from processing.gui.BatchAlgorithmDialog import BatchAlgorithmDialog

    algorithm = provider().algorithm("terrainclasses").create()
    dialog = BatchAlgorithmDialog(algorithm, iface.mainWindow())
    dialog.show()
    panel = dialog.mainWidget()
    panel.addRow(2 - panel.batchRowCount())
    targets = [FOLDER / f"slope-{row}.tif" for row in (1, 2)]
    context = QgsProcessingContext()
    for row, target in enumerate(targets):
        for name, value in (("DEM", str(FOLDER / "region" / "dem.tif")), ("OUTPUT_SLOPE", str(target))):
            column = panel.column_to_parameter_definition
            number = next(c for c, parameter in column.items() if parameter == name)
            wrapper = panel.wrappers[row][number]
            if wrapper is None:  # an output
                panel.tblParameters.cellWidget(row + 1, number).setValue(value)
            else:
                wrapper.setParameterValue(value, context)
    wait(0.5)
    picture(dialog, "batch")
    click_run(dialog)
    wait(120, lambda: all(target.exists() for target in targets))
    wait(2)
    SEEN["batch"] = [target.exists() for target in targets]
    dialog.close()


def modeler() -> None:
    """The model of a paper opens in the modeler, with all its steps known."""
    from processing.modeler.ModelerDialog import ModelerDialog

    SEEN["models"] = {}
    for path in sorted((Path(SEEN["from"]) / "resources" / "models" / MODELS_IN).glob("*.model3")):
        dialog = ModelerDialog.create()
        dialog.loadModel(str(path))
        dialog.showMaximized()
        wait(1)
        children = dialog.model().childAlgorithms().values()
        SEEN["models"][path.stem] = {
            "steps": len(children),
            "unknown": [child.algorithmId() for child in children if child.algorithm() is None],
        }
        picture(dialog, f"model-{path.stem}")
        dialog.setDirty(False)
        dialog.close()


def texts_of(widget: QWidget) -> list[str]:
    """What the drop-down of a choice shows."""
    boxes = [widget] if isinstance(widget, QComboBox) else widget.findChildren(QComboBox)
    return [box.itemText(row) for box in boxes if box.count() for row in range(box.count())]


def words() -> None:
    """Words in the drop-downs of dialog, batch and modeler, ids in their values; the line under the inputs; Help."""
    import processing
    from processing.gui.BatchAlgorithmDialog import BatchAlgorithmDialog
    from processing.modeler.ModelerParametersDialog import ModelerParametersDialog

    maps = region()
    dialog = processing.createAlgorithmDialog("ecoassets:transfermatrix", {})
    dialog.show()
    panel = dialog.mainWidget()
    wait(2, lambda: bool(panel.line.text()))
    told = {"empty": panel.line.text()}
    panel.wrappers["LAND_COVER"].setParameterValue([maps["2015"], maps["2000"]], QgsProcessingContext())
    wait(5, lambda: "✔" in panel.line.text())
    told["in any order"] = panel.line.text()
    years = panel.wrappers["YEARS"].wrappedWidget()
    told["years"] = (years if isinstance(years, QLineEdit) else years.findChild(QLineEdit)).placeholderText()
    panel.wrappers["YEARS"].setParameterValue("2000, 2015", QgsProcessingContext())
    wait(5, lambda: "✖" in panel.line.text())
    told["crossed"] = panel.line.text()
    SEEN["line"] = told
    SEEN["help page"] = Path(QUrl(dialog.algorithm().helpUrl()).toLocalFile()).is_file()
    SEEN["scheduler"] = "SCHEDULER" in panel.wrappers
    box = panel.wrappers["SCHEME"]
    box.setParameterValue("clcd", QgsProcessingContext())
    SEEN["dialog words"] = [texts_of(box.wrappedWidget()), box.parameterValue()]
    picture(dialog, "words-dialog")
    dialog.close()

    algorithm = provider().algorithm("geodetector")
    batch_dialog = BatchAlgorithmDialog(algorithm.create(), iface.mainWindow())
    rows = batch_dialog.mainWidget()
    cells = {name: rows.wrappers[0][number] for number, name in rows.column_to_parameter_definition.items()}
    cells["RULE"].setParameterValue("max", QgsProcessingContext())
    cells["DISCRETISE"].setParameterValue(["sd", "equal"], QgsProcessingContext())
    SEEN["batch words"] = [
        texts_of(cells["RULE"].wrappedWidget()),
        cells["RULE"].parameterValue(),
        cells["DISCRETISE"].parameterValue(),
    ]
    batch_dialog.close()

    model, child = QgsProcessingModelAlgorithm("m", "g"), QgsProcessingModelChildAlgorithm(algorithm.id())
    child.setChildId("step")
    source = QgsProcessingModelChildParameterSource
    model.addModelParameter(QgsProcessingParameterString("rule", "rule"), QgsProcessingModelParameter("rule"))
    given = {
        "RULE": source.fromModelParameter("rule"),
        "DISCRETISE": source.fromStaticValue(["sd", "equal"]),
        "VARIANCE": source.fromStaticValue("population"),
        "STRATA": source.fromExpression("'tree'"),
    }
    for name, value in given.items():
        child.addParameterSources(name, [value])
    model.addChildAlgorithm(child)
    dialog = ModelerParametersDialog(algorithm.create(), model, "step")
    dialog.show()
    wait(0.5)
    picture(dialog, "words-modeler")
    kept = dialog.createAlgorithm().parameterSources()
    SEEN["model keeps"] = [
        kept["RULE"][0].parameterName(),
        kept["DISCRETISE"][0].staticValue(),
        kept["VARIANCE"][0].staticValue(),
        kept["STRATA"][0].expression(),
        kept["SINGLETONS"][0].staticValue(),
    ]
    dialog.close()


def reload() -> None:
    """Off and on again: nothing stays behind, nothing comes twice."""
    from processing.core.ProcessingConfig import ProcessingConfig
    from qgis.utils import loadPlugin, startPlugin, unloadPlugin

    unloadPlugin("ecoassets")
    wait(1)
    SEEN["left behind"] = {
        "menu": menu_entries(),
        "provider": provider() is not None,
        "settings": [name for name in ProcessingConfig.settings if "ECOASSETS" in name],
        "group": "EcoAssets" in ProcessingConfig.settingIcons,
    }
    loadPlugin("ecoassets")
    startPlugin("ecoassets")
    wait(1)
    SEEN["again"] = {
        "menus": [action.text() for action in iface.pluginMenu().actions()].count("EcoAssets"),
        "algorithms": len(provider().algorithms()),
    }


def main() -> None:
    window = iface.mainWindow()
    window.resize(QSize(1500, 950))
    window.move(QPoint(0, 0))
    for step in STEPS:
        try:
            OF_OTHERS.get(step, globals().get(step))()
        except Exception:
            SEEN["faults"].append(f"{step}: {traceback.format_exc()}")
    (FOLDER / "seen.json").write_text(json.dumps(SEEN, ensure_ascii=False, indent=1), encoding="utf-8")
    os._exit(0)


QTimer.singleShot(3000, main)
