"""The small menu of the plugin: help, practice region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import QAction, QMenu

from .icons import icon_path
from .translation import tr

TITLE = "EcoAssets"


class PluginMenu:
    """The entries under Plugins > EcoAssets."""

    def __init__(self, iface: Any) -> None:
        self._menu = QMenu(TITLE, iface.mainWindow())
        self._menu.setIcon(QIcon(icon_path()))
        self._iface = iface
        for title, run in (
            (tr("Make a practice region…"), self._practice),
            (tr("Check inputs…"), self._check),
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

    def _help(self) -> None:
        page = Path(__file__).resolve().parent.parent / "README.md"
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(page)))

    @staticmethod
    def _open_dialog(algorithm: str) -> None:
        from processing import execAlgorithmDialog

        execAlgorithmDialog(algorithm, {})
