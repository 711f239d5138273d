"""Which version of the plugin this is."""

from __future__ import annotations

from configparser import ConfigParser

from ..core.resources import RESOURCES


def plugin_version() -> str:
    """The version in metadata.txt."""
    metadata = ConfigParser(interpolation=None)
    metadata.read(RESOURCES.parent / "metadata.txt", encoding="utf-8")
    return metadata["general"]["version"]
