"""Links from a report to the rasters that its maps show; those that would be gone tomorrow are kept beside it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ..errors import OutputError
from ..messages import say
from ..raster.files import PendingFile
from ..raster.writing.waiting import placed
from .blocks import Chapter, Map

_LARGEST_COPY = 200_000_000  # bytes
_HIDDEN = f"{os.sep}.ecoassets"  # of a run, which takes it away at its end


@dataclass(frozen=True)
class RasterLink:
    """Where a raster lies as seen from the report, and what the link is called."""

    address: str
    text: str


def keep_rasters(chapters: Sequence[Chapter], report: str) -> dict[str, str]:
    """Copies GeoTIFFs of maps out of the system's temporary folder to beside a report that stays.

    Args:
        chapters: of the report.
        report: its file; ``zones.html`` keeps ``plan.tif`` as ``zones_maps/plan.tif``.

    Returns:
        Where each is kept.

    Raises:
        OutputError: a copy cannot be written.
    """
    if _is_temporary(report):
        return {}
    shown = (os.fspath(p.path) for c in chapters for b in c.blocks if isinstance(b, Map) for p in b.pictures)
    kept: dict[str, str] = {}
    for path in dict.fromkeys(map(os.path.abspath, shown)):
        if not (_is_temporary(path) and path.lower().endswith(".tif") and os.path.isfile(placed(path))):
            continue
        if os.path.getsize(placed(path)) > _LARGEST_COPY:
            continue
        folder = f"{os.path.splitext(os.path.abspath(report))[0]}_maps"
        target = os.path.join(folder, os.path.basename(path))
        with suppress(OSError):  # what refuses the folder refuses the file too
            os.makedirs(folder, exist_ok=True)
        with PendingFile(target) as pending:
            try:
                shutil.copyfile(placed(path), pending.path)
            except OSError as reason:
                raise OutputError(
                    say("Cannot write {target}: {strerror}.", target=target, strerror=reason.strerror or reason)
                ) from None
            pending.commit()
        kept[path] = target
    return kept


def raster_links(paths: Iterable[str], folder: str, kept: Mapping[str, str]) -> list[RasterLink]:
    """Links to the rasters that are still there when the report is read.

    A raster beside or below the report is named from there, so that a folder can be moved or sent as a whole. What lies
    in the system's temporary folder is left away, unless the report lies there too and goes with it.

    Args:
        paths: of rasters, of which those that are no files (services, archives, virtual ones) have no link.
        folder: of the report; empty for none, and no links.
        kept: as `keep_rasters` says.
    """
    whole = (os.path.abspath(path) for path in paths if folder)
    named = (kept.get(path, path) for path in whole)
    found = [path for path in named if os.path.isfile(placed(path)) and _HIDDEN not in path]
    lasting = [path for path in found if not _is_temporary(path) or _is_temporary(folder)]
    formats = {"TIF": "GeoTIFF", "TIFF": "GeoTIFF"}
    kinds = {path: Path(path).suffix.lstrip(".").upper() for path in lasting}
    one = len(lasting) == 1
    return [
        RasterLink(
            _address(path, folder), formats.get(kinds[path], kinds[path]) + ("" if one else f" {Path(path).stem}")
        )
        for path in lasting
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
