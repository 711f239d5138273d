"""Start here: makes the practice region, opens it, runs a workflow on it, shows its map and report."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import yaml
from qgis.core import (
    Qgis,
    QgsApplication,
    QgsMessageLog,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsSettings,
)
from qgis.PyQt.QtCore import QTimer, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QPushButton

from ...core.resources import RESOURCES
from ..looks.landing import OF_RUN
from ..tools.practiceregion import PROJECT, usual_folder
from ..translation import tr

TITLE = "EcoAssets"
WELCOMED = "EcoAssets/welcomed"
AFTER_QGIS = 500  # ms, in which QGIS itself tells that the task has ended
RESULTS, REPORT, TABLE = "results", "report.html", "headlines.csv"
_FILES = (".tif", ".gpkg", ".csv")


def practice_run(folder: str, project: QgsProject) -> tuple[str, dict[str, Any]]:
    """The algorithm that is run on the practice region in a folder, and its parameters; its maps go to a project."""
    told = yaml.safe_load((RESOURCES / "practice" / "start.yaml").read_text(encoding="utf-8"))

    def place(value: Any) -> Any:
        return os.path.join(folder, value) if isinstance(value, str) and value.endswith(_FILES) else value

    def several(value: Any) -> Any:
        if isinstance(value, str) and "{year}" in value:
            return [place(value.format(year=year)) for year in told["years"]]
        return place(value)

    algorithm = QgsApplication.processingRegistry().algorithmById(told["algorithm"])
    results = os.path.join(folder, RESULTS)
    table = QgsProcessingOutputLayerDefinition(os.path.join(results, TABLE), project)
    table.destinationName = algorithm.parameterDefinition("OUTPUT_TABLE").description()
    outputs = {
        "FOLDER": results,
        "OUTPUT_TABLE": table,
        "OUTPUT_HTML": os.path.join(results, REPORT),
    }
    return told["algorithm"], {name: several(value) for name, value in told["parameters"].items()} | outputs


class Start:
    """One click from an empty QGIS to a map and a report. Works in background tasks; QGIS stays usable.

    Args:
        iface: of QGIS.
        folder: of the practice region.
    """

    def __init__(self, iface: Any, folder: str | None = None) -> None:
        self._iface, self._folder = iface, folder or usual_folder()
        self._kept: list[Any] = []  # QGIS holds only pointers to what a task works with
        self._note: Any = None
        QgsProject.instance().layerTreeRoot().customPropertyChanged.connect(self._run_landed)

    def begin(self) -> None:
        """Asks only where an open project has unsaved changes."""
        if not self._iface.newProject(True):
            return
        self._iface.messageBar().clearWidgets()
        self._tell(tr("Making a practice region in {folder} …", folder=self._folder))
        self._run("ecoassets:practiceregion", {"FOLDER": self._folder, "LOAD": False}, self._open)

    def _open(self, context: QgsProcessingContext, results: Mapping[str, Any]) -> None:
        self._iface.addProject(os.path.join(self._folder, PROJECT))
        name, parameters = practice_run(self._folder, QgsProject.instance())
        title = QgsApplication.processingRegistry().algorithmById(name).displayName()
        self._tell(tr("Running {title} on it; the status bar shows how far it is …", title=title))
        self._run(name, parameters, self._show)

    def _show(self, context: QgsProcessingContext, results: Mapping[str, Any]) -> None:
        from processing.gui.Postprocessing import handleAlgorithmResults

        name, parameters = practice_run(self._folder, QgsProject.instance())
        algorithm = QgsApplication.processingRegistry().algorithmById(name)
        handleAlgorithmResults(algorithm, context, QgsProcessingFeedback(), parameters=parameters)
        report = QUrl.fromLocalFile(str(results["OUTPUT_HTML"]))
        told = tr("The plan is on the map, the report tells about it. Data and results: {folder}", folder=self._folder)
        buttons = {tr("Open the report"): lambda: QDesktopServices.openUrl(report)}
        QTimer.singleShot(AFTER_QGIS, lambda: self._tell(told, Qgis.MessageLevel.Success, buttons))
        QDesktopServices.openUrl(report)

    def _run(self, name: str, parameters: dict[str, Any], then: Callable[..., None]) -> None:
        context, feedback = QgsProcessingContext(), QgsProcessingFeedback(False)
        context.setProject(QgsProject.instance())
        algorithm = QgsApplication.processingRegistry().algorithmById(name)
        task = QgsProcessingAlgRunnerTask(algorithm, parameters, context, feedback)

        def ended(succeeded: bool, results: dict[str, Any]) -> None:
            if succeeded:
                then(context, results)
            elif not feedback.isCanceled():
                QgsMessageLog.logMessage(feedback.textLog(), TITLE, Qgis.MessageLevel.Warning)
                told = tr("{title} did not end well; Log Messages > EcoAssets tell why.", title=algorithm.displayName())
                self._tell(told, Qgis.MessageLevel.Warning)
            else:
                self._tell(tr("Stopped."))

        task.executed.connect(ended)
        self._kept += [context, feedback, task, ended]
        QgsApplication.taskManager().addTask(task)

    def remove(self) -> None:
        """Listens no more."""
        QgsProject.instance().layerTreeRoot().customPropertyChanged.disconnect(self._run_landed)

    def _run_landed(self, _: Any, key: str) -> None:
        """What is told of one run is over when another lands."""
        if key == OF_RUN:
            self._drop()

    def _drop(self) -> None:
        bar = self._iface.messageBar()
        if self._note is not None and self._note in bar.items():
            bar.popWidget(self._note)
        self._note = None

    def _tell(
        self,
        text: str,
        level: Any = Qgis.MessageLevel.Info,
        buttons: Mapping[str, Callable[[], Any]] | None = None,
    ) -> None:
        """A line above the map in place of the one before."""
        self._drop()
        self._note = add_note(self._iface.messageBar(), text, level, buttons or {})


def welcome(iface: Any, begin: Callable[[], Any], help_: Callable[[], Any]) -> None:
    """Tells a new user once where to begin; never in the way, and never again."""
    settings = QgsSettings()
    if settings.value(WELCOMED, False, type=bool):
        return
    settings.setValue(WELCOMED, True)
    text = tr("Welcome. Start here makes a practice region, runs a workflow, shows map and report: a minute.")
    add_note(iface.messageBar(), text, Qgis.MessageLevel.Info, {tr("Start here"): begin, tr("Help"): help_})


def add_note(bar: Any, text: str, level: Any, buttons: Mapping[str, Callable[[], Any]]) -> Any:
    """A line above the map that stays until it is closed; a button closes it too."""
    note = bar.createMessage(TITLE, text)
    for label, action in buttons.items():
        button = QPushButton(label, note)

        def press(_: bool = False, action: Callable[[], Any] = action) -> None:
            bar.popWidget(note)
            action()

        button.clicked.connect(press)
        note.layout().addWidget(button)
    return bar.pushWidget(note, level, 0)
