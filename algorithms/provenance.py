"""What goes into the metadata of output rasters: method, version, tables, parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import EcoAlgorithm
    from .given import Given


def provenance_metadata(algorithm: EcoAlgorithm, given: Given) -> dict[str, str]:
    """GeoTIFF metadata items that tell how a raster came about."""
    from .provider import plugin_version

    return {
        "TIFFTAG_SOFTWARE": f"EcoAssets {plugin_version()}",
        "ECOASSETS_METHOD": algorithm.id(),
        "ECOASSETS_VERSION": plugin_version(),
        "ECOASSETS_COMMAND": algorithm.command().replace(" \\\n ", ""),
    }
