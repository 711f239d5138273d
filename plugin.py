"""The door of the plugin: registers the provider and a small menu, nothing else."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication

from .algorithms.provider import EcoAssetsProvider


class EcoAssetsPlugin:
    """What QGIS loads. `iface` is None under `qgis_process`."""

    def __init__(self, iface: Any) -> None:
        self._iface = iface
        self._provider: EcoAssetsProvider | None = None
        self._menu: Any = None

    def initProcessing(self) -> None:
        """Registers the provider; called by `qgis_process`, and by `initGui` on the desktop."""
        self._provider = EcoAssetsProvider()
        QgsApplication.processingRegistry().addProvider(self._provider)

    def initGui(self) -> None:
        self.initProcessing()
        from .algorithms.desktop.menu import PluginMenu

        self._menu = PluginMenu(self._iface)

    def unload(self) -> None:
        if self._menu is not None:
            self._menu.remove()
            self._menu = None
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(self._provider)
            self._provider = None
