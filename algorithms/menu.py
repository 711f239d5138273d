"""The small menu of the plugin: practice region, check of inputs, models, a plan map for printing, help."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsApplication, QgsProject
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import QAction, QMenu

from ..core.resources import RESOURCES
from .compat import user_language
from .help_texts import help_page
from .icons import icon_path
from .looks.plan_layout import add_plan_layout
from .translation import tr

TITLE = "EcoAssets"
MODELS = RESOURCES / "models"


def copy_models(folder: Path) -> tuple[list[str], list[str]]:
    """Copies the plugin's models into a folder; a file of the same name there is left alone.

    Returns:
        The names of the files that were copied, and of those that were there already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copied, kept = [], []
    for model in sorted(MODELS.glob("*.model3")):
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
        self._iface = iface
        for title, run in (
            (tr("Make a practice region…"), self._practice),
            (tr("Check inputs…"), self._check),
            (tr("Copy the models to my models"), self._copy_models),
            (tr("New plan map…"), self._plan_map),
            (tr("Help"), self._help),
        ):
            action = QAction(title, self._menu)
            action.triggered.connect(run)
            self._menu.addAction(action)
        iface.pluginMenu().addMenu(self._menu)

    def remove(self) -> None:
        """Takes the entries away when the plugin is switched off."""
        self._iface.pluginMenu().removeAction(self._menu.menuAction())
        self._menu.deleteLater()

    def _practice(self) -> None:
        self._open_dialog("ecoassets:practiceregion")

    def _check(self) -> None:
        self._open_dialog("ecoassets:checkinputs")

    def _copy_models(self) -> None:
        """QGIS edits only the models in the user's own folder."""
        from processing.modeler.ModelerUtils import ModelerUtils

        copied, kept = copy_models(Path(ModelerUtils.modelsFolders()[0]))
        QgsApplication.processingRegistry().providerById("model").refreshAlgorithms()
        message = tr("{count} models are now under Models > EcoAssets in the toolbox.", count=len(copied))
        if kept:
            message += " " + tr("Kept as they were, because you may have changed them: {names}.", names=", ".join(kept))
        self._iface.messageBar().pushMessage(TITLE, message, Qgis.MessageLevel.Info)

    def _plan_map(self) -> None:
        layout = add_plan_layout(QgsProject.instance(), self._iface.mapCanvas().mapSettings())
        self._iface.openLayoutDesigner(layout)

    def _help(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(help_page("index", user_language()))))

    @staticmethod
    def _open_dialog(algorithm: str) -> None:
        from processing import execAlgorithmDialog

        execAlgorithmDialog(algorithm, {})
