"""EcoAssets: ecological assets, ecosystem services and zoning for the QGIS Processing toolbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .plugin import EcoAssetsPlugin


def classFactory(iface: object | None) -> EcoAssetsPlugin:
    """Makes the plugin. QGIS is imported only here, so that `ecoassets.core` can be used without it."""
    from .plugin import EcoAssetsPlugin

    return EcoAssetsPlugin(iface)
