"""Icons by toolbox group."""

from __future__ import annotations

from ..core.resources import RESOURCES

FOLDER = RESOURCES / "icons"


def icon_path(name: str = "ecoassets") -> str:
    """The path of an icon; the plugin's own where a group has none."""
    path = FOLDER / f"{name}.svg"
    return str(path if path.is_file() else FOLDER / "ecoassets.svg")
