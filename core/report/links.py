"""Links from a report to the rasters that its maps show."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_HIDDEN = f"{os.sep}.ecoassets"  # of a run, which takes it away at its end


@dataclass(frozen=True)
class RasterLink:
    """Where a raster lies as seen from the report, and what the link is called."""

    address: str
    text: str


def raster_links(paths: Iterable[str], folder: str) -> list[RasterLink]:
    """Links to the rasters that are still there when the report is read.

    A raster beside or below the report is named from there, so that a folder can be moved or sent as a whole. What lies
    in the system's temporary folder is left away, unless the report lies there too and goes with it.

    Args:
        paths: of rasters, of which those that are no files (services, archives, virtual ones) have no link.
        folder: of the report; empty for none, and no links.
    """
    found = [os.path.abspath(path) for path in paths if folder and os.path.isfile(path) and _HIDDEN not in path]
    kept = [path for path in found if not _is_within(path, tempfile.gettempdir()) or _is_temporary(folder)]
    named = {path: _address(path, folder) for path in kept}
    formats = {"TIF": "GeoTIFF", "TIFF": "GeoTIFF"}
    kinds = {path: Path(path).suffix.lstrip(".").upper() for path in kept}
    one = len(kept) == 1
    return [
        RasterLink(address, formats.get(kinds[path], kinds[path]) + ("" if one else f" {Path(path).stem}"))
        for path, address in named.items()
    ]


def _address(path: str, folder: str) -> str:
    if _is_within(path, folder):
        return quote(Path(os.path.relpath(path, folder)).as_posix())
    return Path(path).as_uri()


def _is_temporary(folder: str) -> bool:
    return _is_within(os.path.abspath(folder), tempfile.gettempdir())


def _is_within(path: str, folder: str) -> bool:
    try:
        return os.path.commonpath([path, os.path.abspath(folder)]) == os.path.abspath(folder)
    except ValueError:  # on another drive
        return False
