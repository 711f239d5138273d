"""Rasters that an earlier run left where a run puts what it imports."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ...raster.hidden import is_hidden


def rasters_below(folder: str) -> dict[str, tuple[int, int]]:
    """The rasters in a folder and below: by path within it, what tells one file from another that replaces it."""
    found = {}
    for place, _, names in os.walk(folder):
        for path in (os.path.join(place, name) for name in names if name.endswith(".tif")):
            inside = os.path.relpath(path, folder)
            if not is_hidden(inside):
                state = os.stat(path)
                found[inside] = state.st_mtime_ns, state.st_ino
    return found


def not_rewritten(folder: str, before: Mapping[str, tuple[int, int]]) -> list[str]:
    """Those of `rasters_below` that still are the same files, in order."""
    return sorted(name for name, state in rasters_below(folder).items() if before.get(name) == state)
