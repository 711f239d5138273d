"""Scenes in folders, archives and products, by names and metadata alone."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ...progress import QUIET, Progress
from ..files.listing import file_name, list_files, why_closed
from .landsat import landsat_scenes
from .modis import modis_scenes
from .scene import Scene, Unread
from .sentinel2 import sentinel_scenes


def find_scenes(
    places: Sequence[str], folder: str, progress: Progress = QUIET, baseline: float | None = None
) -> list[Scene | Unread]:
    """Scenes of Landsat, Sentinel-2 and MODIS in any mixture, by date; no pixel is read.

    Args:
        places: folders, which are searched in depth; archives, .SAFE products, MTL files, single files.
        folder: a temporary one, for copies of what GDAL cannot read within archives (HDF).
        progress: polled for a cancel.
        baseline: processing baseline of Sentinel-2 bands that lie without their product file.

    Raises:
        InputError: a place does not exist.
        Cancelled: the user stopped.
    """
    paths: dict[str, None] = {}
    for place in places:
        paths.update(dict.fromkeys(_listed(place, progress)))
    progress.check()
    closed = {path: reason for path in paths if (reason := why_closed(path)) is not None}
    listed = [path for path in paths if path not in closed]
    found = [
        *(Unread(file_name(path), path, reason) for path, reason in closed.items()),
        *landsat_scenes(listed),
        *sentinel_scenes(listed, baseline),
        *modis_scenes(listed, folder, progress),
    ]
    scenes = sorted((one for one in found if isinstance(one, Scene)), key=lambda scene: scene.order)
    return [*scenes, *(one for one in found if isinstance(one, Unread))]


def _listed(place: str, progress: Progress) -> list[str]:
    """Files of a place; of a single metadata file those of its folder that belong to it."""
    name, folder = os.path.basename(place).upper(), os.path.dirname(os.path.abspath(place))
    if os.path.isfile(place) and name == "MTD_MSIL2A.XML":
        return list_files(folder, progress)
    if os.path.isfile(place) and "MTL." in name:
        product = name.partition("_MTL.")[0] if "_MTL." in name else ""
        beside = (os.path.join(folder, one) for one in sorted(os.listdir(folder)))
        return [path for path in beside if os.path.isfile(path) and os.path.basename(path).upper().startswith(product)]
    return list_files(place, progress)
