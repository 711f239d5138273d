"""Icons by toolbox group."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "icons"


def icon_path(name: str = "ecoassets") -> str:
    """The path of an icon; the plugin's own where a group has none."""
    path = FOLDER / f"{name}.svg"
    return str(path if path.is_file() else FOLDER / "ecoassets.svg")
