"""The small menu of the plugin: where to start, practice region, check of inputs, plan map, saved runs, models."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsApplication, QgsProject
from qgis.PyQt.QtCore import QTimer, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import QAction, QFileDialog, QMenu

from ...core.errors import EcoAssetsError
from ...core.resources import RESOURCES
from ..command import last_run, write_run
from ..compat import user_language
from ..help_texts import help_page
from ..icons import icon_path
from ..looks import nodes
from ..looks.plan_layout import PlanPage, add_plan_layout
from ..translation import tr
from .plan_dialog import PlanDialog
from .saved_runs import read_runs, show_runs
from .start import Start, welcome
from .years import YearsPlayer

TITLE = "EcoAssets"
MODELS = RESOURCES / "models"


def copy_models(folder: Path) -> tuple[list[str], list[str]]:
    """Copies the plugin's models, in the language of QGIS, into a folder; a file of the same name there is left alone.

    Returns:
        The names of the files that were copied, and of those that were there already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copied, kept = [], []
    for model in sorted((MODELS / user_language()).glob("*.model3")):
        target = folder / model.name
        if target.exists():
            kept.append(model.name)
        else:
            shutil.copyfile(model, target)
            copied.append(model.name)
    return copied, kept


class PluginMenu:
    """The entries under Plugins > EcoAssets."""

    def __init__(self, iface: Any) -> None:
        self._menu = QMenu(TITLE, iface.mainWindow())
        self._menu.setIcon(QIcon(icon_path()))
        self._iface, self._start, self._years = iface, Start(iface), YearsPlayer(iface)
        self._add(tr("Start here"), self._start.begin)
        self._menu.addSeparator()
        self._add(tr("Make a practice region…"), self._practice)
        self._add(tr("Check inputs…"), self._check)
        self._add(tr("New plan map…"), self._plan_map)
        self._menu.addSeparator()
        self._add(tr("Save the last run…"), self._save_run)
        self._add(tr("Open saved runs…"), self._open_runs)
        self._add(tr("Copy the models to my models"), self._copy_models)
        self._menu.addSeparator()
        self._add(tr("Help"), self._help)
        iface.pluginMenu().addMenu(self._menu)
        QgsProject.instance().readProject.connect(self._opened)
        # once the window stands: a note that comes before it would be gone
        QTimer.singleShot(0, lambda: welcome(iface, self._start.begin, self._help))

    def _add(self, title: str, run: Callable[[], Any]) -> None:
        action = QAction(title, self._menu)
        action.triggered.connect(lambda _: run())
        self._menu.addAction(action)

    def remove(self) -> None:
        """Takes the entries away when the plugin is switched off."""
        QgsProject.instance().readProject.disconnect(self._opened)
        self._start.remove()
        self._years.remove()
        self._iface.pluginMenu().removeAction(self._menu.menuAction())
        self._menu.deleteLater()

    @staticmethod
    def _opened(_: Any) -> None:
        nodes.opened(QgsProject.instance().layerTreeRoot())

    def _practice(self) -> None:
        self._open_dialog("ecoassets:practiceregion")

    def _check(self) -> None:
        self._open_dialog("ecoassets:checkinputs")

    def _save_run(self) -> None:
        """The parameters of the run that ended last, as they lie beside a report too."""
        run = last_run()
        if run is None:
            self._say(tr("Nothing was run since QGIS started."), Qgis.MessageLevel.Warning)
            return
        name = f"{run['algorithm'].split(':')[1]}.parameters.json"
        folder = QgsProject.instance().homePath() or os.path.expanduser("~")
        kind = tr("Saved runs (*.json)")
        path, _ = QFileDialog.getSaveFileName(
            self._iface.mainWindow(), tr("Save the last run"), os.path.join(folder, name), kind
        )
        if path:
            self._guard(lambda: write_run(run, path))

    def _open_runs(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(
            self._iface.mainWindow(),
            tr("Open saved runs: one opens its dialog, several open a batch"),
            QgsProject.instance().homePath(),
            tr("Saved runs and tables of runs (*.json *.csv *.xlsx *.ods)"),
        )
        if paths:
            self._guard(lambda: show_runs(read_runs(paths), self._iface.mainWindow()))

    def _guard(self, act: Callable[[], Any]) -> None:
        try:
            act()
        except EcoAssetsError as error:
            self._say(error.told(user_language()), Qgis.MessageLevel.Warning)

    def _say(self, message: str, level: Any = Qgis.MessageLevel.Info) -> None:
        self._iface.messageBar().pushMessage(TITLE, message, level)

    def _copy_models(self) -> None:
        """QGIS edits only the models in the user's own folder."""
        from processing.modeler.ModelerUtils import ModelerUtils

        copied, kept = copy_models(Path(ModelerUtils.modelsFolders()[0]))
        QgsApplication.processingRegistry().providerById("model").refreshAlgorithms()
        message = tr("{count} models are now under Models > EcoAssets in the toolbox.", count=len(copied))
        if kept:
            message += " " + tr("Kept as they were, because you may have changed them: {names}.", names=", ".join(kept))
        self._say(message)

    def _plan_map(self) -> None:
        project = QgsProject.instance()
        if not self._iface.mapCanvas().layers() and not project.mapThemeCollection().mapThemes():
            told = tr("Nothing is on the map yet. Run a method, or tick a layer, and make the plan map then.")
            self._say(told, Qgis.MessageLevel.Warning)
            return

        def make(page: PlanPage) -> None:
            self._iface.openLayoutDesigner(add_plan_layout(project, self._iface.mapCanvas().mapSettings(), page))

        PlanDialog(project, make, self._iface.mainWindow()).open()

    def _help(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(help_page("index", user_language()))))

    @staticmethod
    def _open_dialog(algorithm: str) -> None:
        from processing import execAlgorithmDialog

        execAlgorithmDialog(algorithm, {})
